;;; mailer-test.scm -- the ways that mail leaves
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog mailer)
             (sheepdog test))

(define (command url . files)
  "Return the command of URL, #f when it is none."
  (let ((mailer (apply mailer url files)))
    (and mailer (mailer-command mailer "/libexec" "dog@h" "a@x"))))

(run-tests "mailer"
  (test-equal "a program is sendmail"
    '("/usr/sbin/sendmail" "-oi" "-f" "dog@h" "--" "a@x")
    (command "sendmail:///usr/sbin/sendmail"))
  (test-equal "a server is talked to by a program of ours, which reads the password itself"
    '("/libexec/sheepdog-mail" "--host=smtp.example.org" "--port=587" "--starttls"
      "--user=me" "--password-file=/etc/secret" "--from=dog@h" "--" "a@x")
    (command "smtp+starttls://me@smtp.example.org:587" #:password-file "/etc/secret"))
  (test-equal "TLS from the first byte on, with certificates of one's own"
    '("/libexec/sheepdog-mail" "--host=h" "--tls" "--ca-file=/etc/ca.pem" "--from=dog@h" "--" "a@x")
    (command "smtps://h" #:ca-file "/etc/ca.pem"))
  (test-equal "an address of IPv6"
    '("/libexec/sheepdog-mail" "--host=::1" "--port=2525" "--from=dog@h" "--" "a@x")
    (command "smtp://[::1]:2525"))
  (test-equal "users that are mail addresses, or not in ASCII"
    '("me@example.org" "me@example.org" "jürgen" "a+b")
    (map (lambda (url) (mailer-user (mailer url)))
         '("smtps://me@example.org@h" "smtps://me%40example.org@h" "smtps://j%c3%bcrgen@h"
           "smtps://a+b@h")))
  (test-equal "what is none"
    '(#f #f #f #f #f #f #f #f #f)
    (map command
         '("sendmail" "sendmail://bin" "smtp:h" "smtp://" "smtp://h:0" "smtp://h:70000"
           "smtp://h/x" "smtp://me%ff@h" "smtp://-oQ@@h\nx")))
  (test-equal "a password in the clear, but not to ourselves"
    '(#t #f #f #f #f)
    (map (lambda (url) (and (mailer-plain? (mailer url)) #t))
         '("smtp://me@h" "smtp://h" "smtp://me@[::1]" "smtps://me@h" "smtp+starttls://me@h"))))
