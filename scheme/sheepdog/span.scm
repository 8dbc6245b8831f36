;;; span.scm -- the spans in which a subject was not ok, as they follow from what was said of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  The life of a subject is lived again from results in their true order; what came too late
;; stands in its place then.

(define-module (sheepdog span)
  #:use-module (sheepdog incident)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:export (span-from span-until span-worst span-reason span-hard span-failures span-begun
            span-ended span-planned? span-end span-open?
            change-spans replay))

(define-record-type <span>
  (make-span from until worst reason hard failures begun ended planned? end)
  span?
  (from span-from)                                ;ms
  (until span-until)                              ;ms; the open end
  (worst span-worst)                              ;symbol
  (reason span-reason)                            ;string
  (hard span-hard)                                ;ms: when it became hard; the open end: never
  (failures span-failures)                        ;integer: not ok results in it; 0 while open
  (begun span-begun)                              ;integer: the event that began it; 0: the clock did
  (ended span-ended)                              ;integer: the event that ended it | #f
  (planned? span-planned?)
  (end span-end))                                 ;string: ok closed; "": open

(define (span-open? span)
  (string-null? (span-end span)))

(define (change-spans spans change)
  "Return SPANS, the newest first, after CHANGE, one of those that `subject-after' returns."
  (define (change-one from proc)
    (map (lambda (span) (if (= from (span-from span)) (proc span) span)) spans))
  (match change
    (('begin from worst reason hard event planned?)
     (cons (make-span from %open-end worst reason hard 0 event #f planned? "")
           (remove (lambda (span) (= from (span-from span))) spans)))
    (('change from worst hard)
     (change-one from (lambda (span)
                        (set-fields span
                          ((span-worst) worst)
                          ((span-hard) (or hard (span-hard span)))))))
    (('end from until failures event planned?)
     (change-one from (lambda (span)
                        (set-fields span
                          ((span-until) until)
                          ((span-failures) failures)
                          ((span-ended) event)
                          ((span-planned?) (and (span-planned? span) planned?))
                          ((span-end) "ok")))))
    (('move from earlier)
     (change-one from (lambda (span) (set-fields span ((span-from) earlier)))))
    (('drop from)
     (remove (lambda (span) (= from (span-from span))) spans))
    (('close from until)
     (change-one from (lambda (span)
                        (set-fields span ((span-until) until) ((span-end) "closed")))))
    (('undo at) spans)))

(define (live subject entry last-ok terms planned?)
  "Return SUBJECT after ENTRY, see `replay', and the changes of its span."
  (match entry
    ((? result? result) (subject-after subject result terms planned?))
    (('late deadline base reason)
     (if (> last-ok base)
         (values subject '())                     ;it was ok in time, as we know now
         (subject-late subject deadline reason terms planned?)))
    (('closed at) (subject-closed subject at))))

(define (replay subject entries terms planned? until)
  "Let SUBJECT live through ENTRIES and, by the clock, up to UNTIL (ms).  Return two values: what
it is then, and its spans, the oldest first.  ENTRIES are in their true order:

  RESULT                        what was said
  (late DEADLINE BASE REASON)   the clock found it late, unless it was ok between BASE and then
  (closed AT)                   nobody waited for its end any more

TERMS and PLANNED? are those of `subject-after'."
  (let loop ((entries entries) (subject subject) (spans '()) (last-ok -1))
    (match entries
      (()
       (receive (subject changes) (subject-by subject terms until)
         (values subject (reverse (fold (lambda (change spans) (change-spans spans change))
                                        spans changes)))))
      ((entry . rest)
       (receive (subject changes) (live subject entry last-ok terms planned?)
         (loop rest subject
               (fold (lambda (change spans) (change-spans spans change)) spans changes)
               (if (and (result? entry) (eq? 'ok (result-state entry)))
                   (result-at entry)
                   last-ok)))))))
