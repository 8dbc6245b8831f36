;;; notify-test.scm -- the handler notify: by mail, in the log, through a program
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog effect)
             (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test)
             (ice-9 textual-ports))

(define* (notice to #:key (state "fail") (references #()))
  `((to . ,to) (kind . "problem") (state . ,state) (host . "h") (tag . "t")
    (title . "[sheepdog] FAIL h/t: exit status 2") (text . "h/t failed.\n")
    (id . "<1@h>") (references . ,references) (event . 7) (at . 1795335303000)))

(define* (perform notice #:optional (mailer "sendmail:///usr/sbin/sendmail"))
  ((handler-perform (load-handler 'notify))
   `(notify ,notice)
   `((mailer . ,mailer) (mailfrom . "dog@h"))))

(define (decide action)
  ((handler-decide (load-handler 'notify)) action '()))

(define (logged notice)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/log")))
      (%open-log "dog" file 'debug)
      (perform notice)
      (let ((text (call-with-input-file file get-string-all)))
        (%open-log "dog" "stderr" 'notice)
        text))))

(define (item host state event)
  `((kind . "problem") (state . ,state) (host . ,host) (tag . "t") (event . ,event)
    (line . ,(string-append (string-upcase state) " " host "/t"))))

(run-tests "notify"
  (test-equal "what a receiver says becomes a note, under its key or its text"
    '(((note "md0" "degraded")) ((note "degraded" "degraded")))
    (list (decide '(notify "degraded" #:key "md0"))
          (decide '(notify "degraded"))))

  (test-equal "what tells of several is a line each in the log"
    '("[sheepdog] FAIL a/t (message 7)" "[sheepdog] OK b/t")
    (map (lambda (line) (substring line (string-contains line "[sheepdog]")))
         (string-split (string-trim-right
                        (logged `(,@(notice "log") (news . ,(vector (item "a" "fail" 7)
                                                                     (item "b" "ok" 0))))))
                       #\newline)))

  (test-group "mail"
    (test-equal "goes through sendmail, without a shell; what is wrong with it stays wrong"
      (run-program '("/usr/sbin/sendmail" "-oi" "-f" "dog@h" "--" "a@x")
                   #:permanent '(64 65 66 67)
                   #:input "From: dog@h
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
      (perform (notice "a@x" #:references #("<0@h>"))))
    (test-raises "an address that is none is given up" 'gave-up "no mail address: -oQ/tmp"
      (perform (notice "-oQ/tmp")))
    (test-raises "a way to mail that is none may be mended" 'try-later
                 "no way to mail: smtp:h"
      (perform (notice "a@x") "smtp:h")))

  (test-equal "the log gets the title, failures as errors"
    '(#t #t)
    (list (string-suffix? "error: [sheepdog] FAIL h/t: exit status 2 (message 7)\n"
                          (logged (notice "log")))
          (string-suffix? "dog: [sheepdog] FAIL h/t: exit status 2 (message 7)\n"
                          (logged (notice "log" #:state "ok")))))

  (test-equal "a program gets everything as JSON"
    '(("/bin/page" "-v") "fail" "h/t failed.\n" 7)
    (let* ((errand (perform (notice #("exec" "/bin/page" "-v"))))
           (json (car (%json-read (errand-input errand)))))
      (list (errand-argv errand) (assq-ref json 'state) (assq-ref json 'text)
            (assq-ref json 'event)))))
