;;; notify.scm -- a notification reaches its recipient: by mail, in the log, through a program
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (handlers notify)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

;; The outbox has (notify NOTICE), an alist of strings, numbers and vectors: to (an address,
;; "log", or a vector "exec" PROGRAM ARG ...), kind, state, host, tag, title, text, id,
;; references (a vector), event, at (ms), and news: a vector of what it tells, an alist of kind, state,
;; host, tag, event, line ... for each subject.  Of several there is no host, tag and event.

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
  "Write NOTICE into the log, a line a subject; FAIL and LATE are louder."
  (define (tell-line title told)
    (log-line (match (assq-ref told 'state)
                ((or "fail" "late") 'error)
                ((or "warn" "unknown") 'warning)
                (_ 'notice))
              (match (assq-ref told 'event)
                (0 title)
                (event (string-append title " (message " (number->string event) ")")))))
  (match (assq-ref notice 'news)
    ((? vector? (= vector->list (several ... one another)))
     (for-each (lambda (told)
                 (tell-line (string-append "[sheepdog] " (assq-ref told 'line)) told))
               (append several (list one another))))
    (_ (tell-line (assq-ref notice 'title) notice))))

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
