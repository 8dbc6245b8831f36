;;; run.scm -- runs of commands: opened by a `start', closed by their end
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each procedure takes part in the caller's transaction.  An end whose start was not told of is a run,
;; too, closed at once.

(define-module (sheepdog run)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog message)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:export (enter-run! insert-runs! index-runs! index-rest-of-runs! open-runs mark-overdue!
            end-lost! runs-before-boot cut-off! run-began))

(define %longest (* 30 24 3600 1000))             ;ms, then it is lost
(define %running -1)
(define %no-end -2)

(define (outcome-status outcome state)
  "Return the status of a run by its OUTCOME (an alist, #f: none) and the STATE of its message."
  (define (ref key)
    (and outcome (assq-ref outcome key)))
  (cond ((ref 'timed_out) 124)
        ((ref 'signal) => (lambda (signal) (+ 128 signal)))
        ((ref 'status))
        ((ref 'start_error) 126)
        (outcome %no-end)
        ((eq? state 'ok) 0)
        (else 1)))

(define (end? message)
  "Does MESSAGE tell of the end of a run?"
  (and (memq (message-kind message) '(bark result))
       (message-state message)
       (or (message-run message) (message-outcome message))
       #t))

(define (run-began message)
  "Return when the run began of which MESSAGE tells the end, in ms of our clock, or #f: it does not
say.  Only differences of the sender's clock count."
  (let* ((outcome (message-outcome message))
         (at (message-at message))
         (started (and outcome (assq-ref outcome 'started)))
         (elapsed (and outcome (assq-ref outcome 'elapsed)))
         (time (message-time message)))
    (cond ((and started time) (- at (max 0 (- time started))))
          (elapsed (- at elapsed))
          (else #f))))

(define (open-run-row db message)
  "Return #(ROWID T0) of the run of MESSAGE that is open, or #f."
  (sql-row db "SELECT rowid, t0 FROM run WHERE host = " (message-host message)
           " AND tag = " (message-tag message) " AND id = " (or (message-run message) "")
           " AND t1 = 9223372036854775807"))

(define (insert-runs! db rows)
  "Write ROWS, lists (HOST TAG ID STATUS T0 T1 EVENT), as runs."
  (%db-run-many! db "INSERT INTO run (host, tag, id, status, t0, t1, ev) VALUES (?,?,?,?,?,?,?)"
                 rows))

(define (run-row message status t0 t1)
  (list (message-host message) (message-tag message) (or (message-run message) "")
        status t0 t1 (message-id message)))

(define (close! db row status t1)
  "Let the run ROW have ended at T1 with STATUS; return its (HOST . TAG), or #f: it was over."
  (match (sql-row db "UPDATE run SET status = " status ", t1 = " t1 " WHERE rowid = " row
                  " AND t1 = 9223372036854775807 RETURNING host, tag, t0")
    (#(host tag t0)
     (sql db "UPDATE run_index SET status = " status ", t1 = " t1 " WHERE host = " host
          " AND tag = " tag " AND t0 = " t0 " AND run = " row)
     (cons host tag))
    (#f #f)))

(define (begin! db message)
  (unless (open-run-row db message)
    (insert-runs! db (list (run-row message %running (message-at message) 9223372036854775807)))
    (due! db (+ (message-at message) %longest) 'lost
          (sql-value db "SELECT last_insert_rowid()")))
  (message-at message))

(define (end! db message open? over!)
  (let* ((open (and open? (open-run-row db message)))
         (began (or (run-began message)
                    (and open (vector-ref open 1))
                    (message-at message)))
         (status (outcome-status (message-outcome message) (message-state message))))
    (match open
      (#(row t0)
       (undue! db 'lost row)
       (close! db row status (max t0 (message-at message))))
      (#f (over! (run-row message status began (message-at message)))))
    began))

(define* (enter-run! db message #:key (open? #t)
                     (over! (lambda (row) (insert-runs! db (list row)))))
  "Enter what MESSAGE tells of a run, if it does; return when that began, or #f.  OPEN? is false when
it is known that no run of its subject is open.  The row of a run that is told of when it is over,
as `insert-runs!' takes it, is handed to OVER!."
  (cond ((eq? 'start (message-kind message)) (begin! db message))
        ((end? message) (end! db message open? over!))
        (else #f)))

(define (open-runs db host tag)
  "Return the runs of HOST/TAG that are open, a list of <open-run>."
  (map (match-lambda
         (#(id t0 overdue) (open-run id t0 (= 1 overdue))))
       (sql db "SELECT id, t0, overdue FROM run WHERE host = " host " AND tag = " tag
            " AND t1 = 9223372036854775807 ORDER BY t0")))

(define (mark-overdue! db host tag runs)
  "Note which of RUNS, open ones of HOST/TAG, are overdue."
  (for-each (lambda (run)
              (when (open-run-overdue? run)
                (sql db "UPDATE run SET overdue = 1 WHERE host = " host " AND tag = " tag
                     " AND id = " (open-run-id run) " AND t1 = 9223372036854775807")))
            runs))


;;; For questions: table run_index.

(define %small-batch 200)                         ;runs that are indexed with their batch
(define %most-unindexed 16384)                    ;runs, else

(define (indexed db)
  "Return the rowid up to which all runs are in the index."
  (or (mark db "runs") 0))

(define (newest-run db)
  (or (sql-value db "SELECT max(rowid) FROM run") 0))

(define (index-from! db indexed newest)
  (sql db "INSERT INTO run_index (host, tag, t0, run, id, status, t1, ev)
 SELECT host, tag, t0, rowid, id, status, t1, ev FROM run WHERE rowid > " indexed
 " ORDER BY host, tag, t0, rowid")
  (set-mark! db "runs" newest))

(define (index-runs! db)
  "Let the index follow the runs just entered.  It lags behind while many come; then it is made for all
at once, in order."
  (let ((indexed (indexed db)) (newest (newest-run db)))
    (when (and (> newest indexed)
               (or (<= (- newest indexed) %small-batch)
                   (> (- newest indexed) %most-unindexed)))
      (index-from! db indexed newest))))

(define (index-rest-of-runs! db)
  "Index what a flood has left out, in a transaction of its own."
  (when (> (newest-run db) (indexed db))
    (with-transaction db
      (index-from! db (indexed db) (newest-run db)))))


;;; Ends of which nobody tells.

(define (end-lost! db row at)
  "Close the run ROW, which is open since too long, at AT (ms); return its (HOST . TAG), or #f."
  (close! db row %no-end at))

(define (runs-before-boot db host boot)
  "Return the open runs of HOST that began before it was started at BOOT (ms): a list of (ROW TAG)."
  (map vector->list
       (sql db "SELECT rowid, tag FROM run WHERE host = " host
            " AND t1 = 9223372036854775807 AND t0 < " boot)))

(define (cut-off! db row boot)
  "Close the run ROW, which the machine's start at BOOT (ms) has ended."
  (undue! db 'lost row)
  (close! db row %no-end boot))
