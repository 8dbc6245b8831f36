;;; notify-test.scm -- the handler notify: by mail, in the log, through a program
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test)
             (ice-9 match)
             (ice-9 textual-ports))

(define* (notice to #:key (state "fail") (references #()))
  `((to . ,to) (kind . "problem") (state . ,state) (host . "h") (tag . "t")
    (title . "[sheepdog] FAIL h/t: exit status 2") (text . "h/t failed.\n")
    (id . "<1@h>") (references . ,references) (event . 7) (at . 1795335303000)))

(define (call-with-program text proc)
  "Call PROC with an executable file with TEXT, which finds its own directory in $0."
  (with-temporary-directory (directory)
    (let ((program (string-append directory "/program")))
      (call-with-output-file program (lambda (port) (display text port)))
      (chmod program #o700)
      (proc program (lambda (name)
                      (call-with-input-file (string-append directory "/" name)
                        get-string-all))))))

(define* (perform notice #:optional (program "/nowhere/sendmail"))
  ((handler-perform (load-handler 'notify))
   `(notify ,notice)
   `((mailer . ,(string-append "sendmail://" program)) (mailfrom . "dog@h"))))

(define (decide action)
  ((handler-decide (load-handler 'notify)) action '()))

(define keeping "#!/bin/sh\ncd \"${0%/*}\"; echo \"$@\" > arguments; cat > input\n")
(define (ending status)
  (string-append "#!/bin/sh\ncat > /dev/null\necho no such user >&2\nexit "
                 (number->string status) "\n"))

(define (logged notice)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/log")))
      (%open-log "dog" file 'debug)
      (perform notice)
      (let ((text (call-with-input-file file get-string-all)))
        (%open-log "dog" "stderr" 'notice)
        text))))

(run-tests "notify"
  (test-equal "what a receiver says becomes a note, under its key or its text"
    '(((note "md0" "degraded")) ((note "degraded" "degraded")))
    (list (decide '(notify "degraded" #:key "md0"))
          (decide '(notify "degraded"))))

  (test-group "mail"
    (test-equal "goes through sendmail, without a shell"
      '("-oi -f dog@h -- a@x\n"
        "From: dog@h
To: a@x
Subject: [sheepdog] FAIL h/t: exit status 2
Date: Sun, 22 Nov 2026 08:15:03 +0000
Message-ID: <1@h>
In-Reply-To: <0@h>
References: <0@h>
Auto-Submitted: auto-generated
X-Sheepdog-State: fail
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

h/t failed.
")
      (call-with-program keeping
        (lambda (program output)
          (perform (notice "a@x" #:references #("<0@h>")) program)
          (list (output "arguments") (output "input")))))
    (test-equal "exit statuses that pass, and those that do not"
      '(try-later try-later try-later gave-up gave-up gave-up)
      (map (lambda (status)
             (call-with-program (ending status)
               (lambda (program output)
                 (catch 'sheepdog-error
                   (lambda () (perform (notice "a@x") program) 'sent)
                   (lambda (key who template arguments data)
                     (car data))))))
           '(75 1 77 65 67 64)))
    (test-raises "the reason has the mailer's own words" 'gave-up
                 (lambda (text) (string-suffix? "exit status 67: no such user" text))
      (call-with-program (ending 67)
        (lambda (program output) (perform (notice "a@x") program))))
    (test-raises "a mailer that is not there may come" 'try-later
                 "/nowhere/sendmail: cannot be run: No such file or directory"
      (perform (notice "a@x")))
    (test-raises "an address that is none is given up" 'gave-up "no mail address: -oQ/tmp"
      (perform (notice "-oQ/tmp"))))

  (test-equal "the log gets the title, failures as errors"
    '(#t #t)
    (list (string-suffix? "error: [sheepdog] FAIL h/t: exit status 2 (message 7)\n"
                          (logged (notice "log")))
          (string-suffix? "dog: [sheepdog] FAIL h/t: exit status 2 (message 7)\n"
                          (logged (notice "log" #:state "ok")))))

  (test-group "a program"
    (test-equal "gets everything as JSON"
      '("-v\n" "fail" "h/t failed.\n" 7)
      (call-with-program keeping
        (lambda (program output)
          (perform (notice (vector "exec" program "-v")))
          (let ((json (car (%json-read (output "input")))))
            (list (output "arguments") (assq-ref json 'state) (assq-ref json 'text)
                  (assq-ref json 'event))))))
    (test-raises "is tried again unless it ends with status 0" 'try-later
                 (lambda (text) (string-suffix? "exit status 67: no such user" text))
      (call-with-program (ending 67)
        (lambda (program output)
          (perform (notice (vector "exec" program))))))))
