;;; port.scm -- whether somebody answers at a TCP port
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors port)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor port
  "Bark when nobody answers at a TCP port, answers slowly, or says something else."
  (options
   (host string? "localhost" "The host.")
   (port integer? #f "The port.")
   (send string? "" "What to say first.")
   (expect regex? #f "A regular expression that the answer is to fit.")
   (warn limit? 1 "Warn above so many seconds.")
   (fail limit? 5 "Fail above so many."))
  (fields
   (seconds number? "How long it took.")
   (banner string? "What was answered."))
  (every "1m")
  (limit "15s")
  (sample
   (unless port (cannot-watch "no (port ...) is said"))
   (let* ((tag (string-append "port " host ":" (number->string port)))
          (answer (call-peer host port (lambda (peer) (converse peer send expect)))))
     (watching tag
       (match answer
         (('refused why) (report #:tag tag #:state 'fail #:summary why))
         ((seconds banner)
          (let ((fits? (or (not expect) (string-match expect banner))))
            (report #:tag tag
                    #:state (if fits? (grade seconds warn fail) 'fail)
                    #:summary (string-append
                               (cond (fits? "answers in ")
                                     ((string-null? banner) "says nothing, after ")
                                     (else (string-append "says " (object->string banner)
                                                          ", after ")))
                               (number->string seconds) " s")
                    #:fields `((seconds . ,seconds) (banner . ,banner)))))))))
  (receive (message)
    (if (and banner (not (string-null? banner)))
        `((store (banner ,(message-host message) ,(message-tag message) ,banner)))
        '())))

(define (converse peer send expect)
  "SEND to PEER, a socket that is connected; return the first line of the answer if any is
EXPECTed."
  (peer-say peer send)
  (if expect
      (first-line (peer-text peer (lambda (text) (string-index text #\newline)) #:most 4096))
      ""))
