;;; notify.scm -- a notification reaches its recipient: by mail, in the log, through a program
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (handlers notify)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

;; The outbox has (notify NOTICE), an alist of strings, numbers and vectors: to (an address,
;; "log", or a vector "exec" PROGRAM ARG ...), kind, state, host, tag, title, text, id,
;; references (a vector), event, at (ms).

(define-handler notify
  "Tell people: (notify TEXT [#:key KEY]).  TEXT goes into the notification that its message
causes; when it causes none it is told by itself, once for each KEY."
  (decide (action context)
    (match action
      (('notify text #:key key) `((note ,key ,text)))
      (('notify text) `((note ,text ,text)))))
  (perform (action context)
    (match action
      (('notify notice)
       (match (assq-ref notice 'to)
         ("log" (tell-log notice))
         ((? string? address) (tell-by-mail address notice context))
         (#("exec" argv ...)
          (run-program argv #:input (json-text notice))))))))

(define (tell-log notice)
  "Write the title of NOTICE into the log; FAIL and LATE are louder."
  (log-line (match (assq-ref notice 'state)
              ((or "fail" "late") 'error)
              ((or "warn" "unknown") 'warning)
              (_ 'notice))
            (string-append (assq-ref notice 'title)
                           " (message " (number->string (assq-ref notice 'event)) ")")))

(define (tell-by-mail address notice context)
  (send-mail #:mailer (assq-ref context 'mailer)
             #:from (assq-ref context 'mailfrom)
             #:to address
             #:subject (assq-ref notice 'title)
             #:text (assq-ref notice 'text)
             #:id (assq-ref notice 'id)
             #:references (vector->list (assq-ref notice 'references))
             #:state (string->symbol (assq-ref notice 'state))
             #:time (assq-ref notice 'at)))
