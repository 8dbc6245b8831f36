;;; rebuild.scm -- the spans around results that came too late, made anew from what was said
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; From before those results on, where the counters are known to be empty, up to where they are
;; empty again: what was said there is lived again.  The state stays as it is; of the subject only the
;; beginning of its open span may turn out to be earlier, or later.

(define-module (sheepdog rebuild)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog span)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog terms)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (rebuild!))

(define %page 500)                                ;events read at once
(define %most-events 50000)                       ;beyond, spans stay as they are


;;; What was said, from the index: rows #(T EVENT STATE).

(define (page-before db host tag at event)
  (sql db "SELECT t, event, state FROM event_index WHERE host = " host " AND tag = " tag
       " AND (t, event) < (" at ", " event ") AND state <> ''
 ORDER BY t DESC, event DESC LIMIT " %page))

(define (page-after db host tag at event until)
  (sql db "SELECT t, event, state FROM event_index WHERE host = " host " AND tag = " tag
       " AND (t, event) > (" at ", " event ") AND t <= " until " AND state <> ''
 ORDER BY t, event LIMIT " %page))

(define row-at (match-lambda (#(at event state) at)))
(define row-event (match-lambda (#(at event state) event)))
(define (row-ok? row) (match row (#(at event state) (string=? state "ok"))))

(define (read-until-good next-page at event good counts?)
  "Read pages by (NEXT-PAGE AT EVENT) until GOOD rows in a row, all of which COUNTS? is true of, are
ok.  Return the rows, the last first, and whether there are so many; or #f, #f: there are too many
rows."
  (let loop ((page (next-page at event)) (rows '()) (length 0) (row-of-good 0))
    (match page
      (()
       (match (if (and (pair? rows) (zero? (modulo length %page)))
                  (next-page (row-at (first rows)) (row-event (first rows)))
                  '())
         (() (values rows #f))
         (page (if (> length %most-events)
                   (values #f #f)
                   (loop page rows length row-of-good)))))
      ((row . rest)
       (let ((row-of-good (if (and (row-ok? row) (counts? row)) (+ 1 row-of-good) 0)))
         (if (= row-of-good good)
             (values (cons row rows) #t)
             (loop rest (cons row rows) (+ 1 length) row-of-good)))))))

(define (read-around db host tag first last until good)
  "Return three values: the rows around FIRST to LAST (ms), those up to UNTIL, in their order, or
#f: they are too many; whether they begin, and whether they end, with GOOD rows that are ok."
  (receive (before begun?)
      (read-until-good (lambda (at event) (page-before db host tag at event))
                       first 0 good (const #t))
    (receive (after ended?)
        (read-until-good (lambda (at event) (page-after db host tag at event until))
                         first -1 good
                         (lambda (row) (> (row-at row) last)))
      (values (and before after (append before (reverse after)))
              begun? ended?))))


;;; To live it again.

(define row->entry
  (match-lambda
    (#(at event state)
     (cons at (make-result (string->symbol state) at at 0 event event "")))))

(define (other-entries db host tag from until)
  "Return what the clock, and people, said of HOST/TAG between FROM and UNTIL: (AT . ENTRY)."
  (append
   (map (match-lambda (#(at base reason) (cons at (list 'late at base reason))))
        (sql db "SELECT t, base, reason FROM late WHERE host = " host " AND tag = " tag
             " AND t BETWEEN " from " AND " until " ORDER BY t"))
   (map (match-lambda (#(at) (cons at (list 'closed at))))
        (sql db "SELECT t1 FROM interruption WHERE host = " host " AND tag = " tag
             " AND t1 BETWEEN " from " AND " until " AND \"end\" = 'closed' ORDER BY t1"))))

(define (stored-spans db host tag from until)
  "Return what is stored of the spans of HOST/TAG that began from FROM to UNTIL: an alist from
beginnings to #(T1 KNOWN HARD REASON)."
  (map (match-lambda (#(from until known hard reason) (cons from (vector until known hard reason))))
       (sql db "SELECT t0, t1, known, hard, reason FROM interruption WHERE host = " host
            " AND tag = " tag " AND t0 BETWEEN " from " AND " until)))

(define (reason-of db span)
  "Return in words why SPAN is one."
  (match (and (positive? (span-begun span))
              (sql-value db "SELECT summary FROM event WHERE id = " (span-begun span)))
    ((or #f "") (span-reason span))
    (summary summary)))

(define (hard-of span subject stored)
  "Return when SPAN became hard.  If it is open SUBJECT knows whether it did."
  (cond ((not (span-open? span)) (span-hard span))
        ((not (bad? (subject-hard subject))) %open-end)
        ((< (span-hard span) %open-end) (span-hard span))
        (else (match stored
                (#(until known hard reason) hard)
                (#f (span-from span))))))

(define (write-span! db id host tag subject span stored now)
  "Write SPAN, of which STORED was known."
  (let ((known (match stored (#(until known hard reason) known) (#f now))))
    (sql db "INSERT OR REPLACE INTO interruption (host, tag, worst, reason, hard, planned, \"end\", failures,
 t0, t1, ev, last, known) VALUES (" host ", " tag ", " (span-worst span) ", "
 (reason-of db span) ", " (hard-of span subject stored) ", " (if (span-planned? span) 1 0)
 ", " (span-end span) ", " (span-failures span) ", " (span-from span) ", " (span-until span)
 ", " (span-begun span) ", " (span-ended span) ", " known ")")
    (unless (or (span-open? span)
                (not (old? (span-until span) now))
                (match stored
                  (#(until known hard reason) (= until (span-until span)))
                  (#f #f)))
      (note-bygone! db id host tag (span-from span)))))

(define (replace-spans! db id subject spans from until now)
  "Let SPANS be all that began from FROM to UNTIL."
  (let* ((host (subject-host subject))
         (tag (subject-tag subject))
         (stored (stored-spans db host tag from until)))
    (sql db "DELETE FROM interruption WHERE host = " host " AND tag = " tag
         " AND t0 BETWEEN " from " AND " until)
    (for-each (lambda (span)
                (write-span! db id host tag subject span (assv-ref stored (span-from span)) now))
              spans)))

(define (agrees? subject spans ended?)
  "Do SPANS leave SUBJECT as open, or not, as it is?  After their end, ENDED?, nothing is open."
  (let ((open? (and (pair? spans) (span-open? (last spans)))))
    (if ended?
        (not open?)
        (eq? open? (and (subject-span subject) #t)))))

(define (covered? db host tag at)
  "Does a span of HOST/TAG, of which the events are not kept, lead up to AT?"
  (and (sql-value db "SELECT 1 FROM interruption WHERE host = " host " AND tag = " tag
                  " AND t0 < " at " AND t1 > " at)
       #t))

(define (live-again db host tag rows from until terms planned?)
  "Return the spans in which HOST/TAG was not ok, by ROWS from FROM to UNTIL."
  (receive (subject spans)
      (replay (fresh-subject host tag "" 0)
              (map cdr (stable-sort (append (map row->entry rows)
                                            (other-entries db host tag from until))
                                    (lambda (a b) (< (car a) (car b)))))
              terms planned? 0)
    spans))

(define (with-open-span subject spans)
  (if (subject-span subject)
      (let ((open (last spans)))
        (subject-with-span subject (span-from open) (span-worst open)))
      subject))

(define (rebuild! db id subject first last terms planned? now)
  "Make the spans of SUBJECT, stored under ID, around results from FIRST to LAST (ms) anew, and
return what it is then.  All events are in the index.  TERMS and PLANNED? are those of
`subject-after'."
  (let ((host (subject-host subject))
        (tag (subject-tag subject))
        (good (max (terms-ok-after terms) (or (terms-of terms) 1)))
        (newest (max (subject-at subject) (or (subject-since subject) 0))))
    (receive (rows begun? ended?) (read-around db host tag first last newest good)
      (if (or (not rows) (null? rows)
              (and (not begun?) (covered? db host tag (row-at (car rows)))))
          subject
          (let* ((from (row-at (car rows)))
                 (until (if ended? (row-at (list-ref rows (- (length rows) 1))) newest))
                 (spans (live-again db host tag rows from until terms planned?)))
            (cond ((not (agrees? subject spans ended?)) subject)
                  (else
                   ;; What began, and ended, with the first or last ok is not of these rows.
                   (replace-spans! db id subject spans
                                   (if begun? (+ from 1) from) (if ended? (- until 1) until)
                                   now)
                   (if ended? subject (with-open-span subject spans)))))))))
