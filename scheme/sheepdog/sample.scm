;;; sample.scm -- a monitor asked once, and what is to be said of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog sample)
  #:use-module (sheepdog bark)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog limit)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog watch)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-9)
  #:export (sample sample-what report-message own-message
            <sampled> sampled sampled? sampled-messages sampled-memory sampled-trouble
            sampled-frames))

(define %most-reports 1000)

(define-record-type <sampled>
  (sampled messages memory trouble frames)
  sampled?
  (messages sampled-messages)                     ;list of alists, as of `make-bark'
  (memory sampled-memory)                         ;alist for the next sample | #f: what it was
  (trouble sampled-trouble)                       ;string: what is wrong with the monitor | #f
  (frames sampled-frames))                        ;list of strings: the way there

(define (own-message host name trouble now)
  "Return what HOST says at NOW of the monitor NAME, a string: TROUBLE, or with #f that it works."
  (make-bark #:host host
             #:tag (string-append "sheepdog monitor " name)
             #:monitor "message"
             #:state (if trouble 'warn 'ok)
             #:summary (or trouble "works again")
             #:time now))

(define* (report-message monitor report host now #:optional tag)
  "Return REPORT of MONITOR as the message that HOST sends of it at NOW; TAG, or #f, is in place of
the one it says."
  (make-bark #:host host
             #:monitor (symbol->string (monitor-name monitor))
             #:tag (or tag (report-tag report) (symbol->string (monitor-name monitor)))
             #:state (report-state report)
             #:summary (report-summary report)
             #:fields (report-fields report)
             #:facts (report-facts report)
             #:replaces (report-replaces report)
             #:time now))

(define (tag-of watch report several?)
  "Return the tag of REPORT, one of SEVERAL?, where WATCH names one, else #f."
  (let ((tag (watch-tag watch)))
    (if (and tag several? (report-tag report))
        (string-append tag " " (report-tag report))
        tag)))

(define (sample-what watch)
  "Return what the supervisor is told that runs while WATCH is sampled."
  (string-append "monitor " (watch-name watch) ": its sample"))

(define (call-quietly thunk)
  "Return what THUNK returns; what it prints goes nowhere: a monitor reports."
  (parameterize ((current-output-port (%make-void-port "w")))
    (thunk)))

(define (ask monitor watch memory now)
  "Return (REPORTS MEMORY), what MONITOR says under WATCH."
  (with-limit (sample-what watch) (watch-limit watch)
    (lambda ()
      (receive (reports memory)
          (call-quietly
           (lambda ()
             (call-sample monitor (watch-what watch) #:memory memory #:now now
                          #:limit (watch-limit watch))))
        (list reports memory)))))

(define (reports->sampled monitor watch reports memory host now)
  (if (> (length reports) %most-reports)
      (sampled '() #f
               (format #f "gave ~a reports; ~a are the most" (length reports) %most-reports) '())
      (let ((several? (match reports ((_ _ . _) #t) (_ #f))))
        (sampled (map (lambda (report)
                        (report-message monitor report host now
                                        (tag-of watch report several?)))
                      reports)
                 memory #f '()))))

(define (sample watch memory host now)
  "Return the <sampled> of WATCH, of a monitor, at NOW on HOST.  MEMORY is what the sample before
left, an alist.  Past its limit the process is ended: see (sheepdog limit)."
  (with-error-handler
   (lambda (code text hint) (sampled '() #f text '()))
   (lambda ()
     (let ((monitor (load-monitor (watch-name watch))))
       (call-watching-traces                      ;of what raises, too
        (lambda ()
          (call-guarded (or (monitor-file monitor) (watch-name watch))
            (lambda ()
              (match (ask monitor watch memory now)
                ((reports memory)
                 (reports->sampled monitor watch reports memory host now))))
            (lambda (text hint frames)
              (sampled '() #f text frames)))))))))
