;;; condition.scm -- the states of subjects as spans: relation `state'
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A result or the clock begins one.  What comes late makes those around it anew: they are a function of
;; what was said and of what the clock found late, in its order.  Each procedure takes part in the
;; caller's transaction.

(define-module (sheepdog condition)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog keeping)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (enter-condition! rebuild-conditions!))

(define (enter-condition! db host tag state t event)
  "Let HOST/TAG have STATE (a symbol, #f: none any more) from T (ms) on, because of EVENT (an id, #f:
none); return #f, and change nothing, when something is known of it that began then or later."
  (let* ((key (list host tag))
         (last (newest-row db (own-shelf 'state) key)))
    (cond ((and last (>= (row-t0 last) t)) #f)
          (state
           (begin-span! db 'state key (list (symbol->string state)) t #:ev (or event 0))
           #t)
          (else
           (end-span! db 'state key t)
           #t))))


;;; Made anew.

(define (results db host tag from)
  "Return what was said of the state of HOST/TAG from FROM on, as claims."
  (map (match-lambda
         (#(t event state sender seq)
          (holds (origin t event sender seq) 0 'state (list state))))
       (sql db "SELECT i.t, i.event, i.state, coalesce(s.name, ''), coalesce(m.seq, 0)
 FROM event_index i LEFT JOIN message m ON m.id = i.event LEFT JOIN sender s ON s.id = m.sender
 WHERE i.host = " host " AND i.tag = " tag " AND i.t >= " from " AND i.state <> ''")))

(define (refuted? db host tag base t)
  "Was HOST/TAG ok after BASE and before T?"
  (sql-value db "SELECT 1 FROM event_index WHERE host = " host " AND tag = " tag
             " AND t > " base " AND t < " t " AND state = 'ok' LIMIT 1"))

(define (found-late db host tag from)
  (filter-map (match-lambda
                (#(t base)
                 (and (not (refuted? db host tag base t))
                      (holds (origin t 0) 0 'state '("late")))))
              (sql db "SELECT t, base FROM late WHERE host = " host " AND tag = " tag
                   " AND t >= " from)))

(define (closed db host tag from)
  "Return when people or the clock gave HOST/TAG up, as claims that it has no state."
  (define nothing (make-hash-table))
  (map (match-lambda (#(t) (whole (origin t 0) 1 nothing)))
       (sql db "SELECT t1 FROM interruption WHERE host = " host " AND tag = " tag " AND t1 >= " from
            " AND \"end\" = 'closed'
 UNION SELECT forgotten FROM subject WHERE host = " host " AND tag = " tag
 " AND forgotten >= " from)))

(define (rebuild-conditions! db host tag from)
  "Make the states of HOST/TAG anew from FROM (ms) on.  All that was said is in the index."
  (let* ((shelf (own-shelf 'state))
         (key (list host tag))
         (start (row-covering db shelf key from))
         (old (append (if start (list start) '()) (rows-from db shelf key from)))
         (claims (append (results db host tag from)
                         (found-late db host tag from)
                         (closed db host tag from)))
         (new (spans-after start 'state (sort claims claim<?) #f from #:all? #t)))
    (replace-rows! db shelf key old new)))
