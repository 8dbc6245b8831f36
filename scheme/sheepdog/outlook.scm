;;; outlook.scm -- what is expected of subjects, as it is shown: when they are due, and late
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Reading only.  What writes is (sheepdog awaited).

(define-module (sheepdog outlook)
  #:use-module ((sheepdog history) #:select (standing-id))
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (outlook outlook?
            outlook-words outlook-due outlook-deadline outlook-missed outlook-runs
            outlooks find-outlook outlook-of
            due-words outlook->text run->text))

(define-record-type <outlook>
  (outlook words due deadline missed runs)
  outlook?
  (words outlook-words)                           ;string: "daily at 06:00, grace 2 h"
  (due outlook-due)                               ;ms | #f: never
  (deadline outlook-deadline)                     ;ms: when it is late next | #f: never
  (missed outlook-missed)                         ;integer: in a row, by now
  (runs outlook-runs))                            ;list of (ID START OVERDUE?): open ones

(define row->outlook
  (match-lambda
    (#(subject words due deadline missed)
     (cons subject (outlook words due deadline missed '())))))

(define (outlooks db)
  "Return the procedure that returns the <outlook> of a subject's id, without its runs, or #f."
  (let ((table (make-hash-table)))
    (for-each (lambda (row)
                (match (row->outlook row)
                  ((id . outlook) (hashv-set! table id outlook))))
              (sql db "SELECT e.subject, d.words, e.due, u.at, e.missed FROM expectation e
 JOIN demand d ON d.id = e.demand
 LEFT JOIN due u ON u.kind = 'deadline' AND u.key = e.subject"))
    (lambda (id) (hashv-ref table id))))

(define (outlook-of db)
  "Return the procedure that returns the <outlook> of a <standing>, as views ask for it; DB may be #f."
  (if db
      (let ((find (outlooks db)))
        (lambda (standing) (find (standing-id standing))))
      (const #f)))

(define (find-outlook db id host tag)
  "Return the <outlook> of the subject ID, which is HOST/TAG, or #f: nothing is expected of it."
  (match (sql-row db "SELECT d.words, e.due, u.at, e.missed FROM expectation e
 JOIN demand d ON d.id = e.demand
 LEFT JOIN due u ON u.kind = 'deadline' AND u.key = e.subject WHERE e.subject = " id)
    (#f #f)
    (#(words due deadline missed)
     (outlook words due deadline missed
              (map (match-lambda (#(id t0 overdue) (list id t0 (= 1 overdue))))
                   (sql db "SELECT id, t0, overdue FROM run WHERE host = " host " AND tag = " tag
                        " AND t1 = 9223372036854775807 ORDER BY t0"))))))


;;; In words.

(define (due-words outlook)
  "Return \"due every 15 min\" of OUTLOOK."
  (match (string-split (outlook-words outlook) #\,)
    ((period . _) (string-append "due " period))))

(define (outlook->text outlook late?)
  "Return \"daily at 06:00, grace 2 h; late after Mon 23 Nov 08:00\" of OUTLOOK; of what is LATE? how
much was missed."
  (string-append (outlook-words outlook)
                 (cond ((positive? (outlook-missed outlook))
                        (format #f "; ~a missed" (outlook-missed outlook)))
                       (late? "; it is late")
                       ((outlook-deadline outlook)
                        => (lambda (at)
                             (string-append "; late after "
                                            (time->local "%a %-d %b %H:%M" at))))
                       (else ""))))

(define (run->text run)
  "Return \"since Mon 23 Nov 05:02, run A, overdue\" of RUN, one of `outlook-runs'."
  (match run
    ((id start overdue?)
     (string-append "since " (time->local "%a %-d %b %H:%M" start)
                    (if (string-null? id) "" (string-append ", run " id))
                    (if overdue? ", overdue" "")))))
