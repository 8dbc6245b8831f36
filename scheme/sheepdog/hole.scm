;;; hole.scm -- numbers that are missing: how long they are waited for, and that they are reported
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Messages of one sender are handled in the order of their numbers.  What stands above a hole is
;; stored and held back (core/numbering.cc) until the hole is filled, for a minute at most: then an
;; alarm matters more than its place, and what fills the hole later is history.  Times of waiting
;; are those of the machine's monotonic clock: steps of the wall clock change none.

(define-module (sheepdog hole)
  #:use-module (sheepdog core)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (let-go! take-missing! take-clones! ranges->text))

(define %patience 60000)                          ;ms that a hole holds others back
(define %resends (* 20 60000))                    ;ms: its sender has sent it again twice by then
(define %most-let-go 2000)                        ;messages in one transaction
(define %most-ranges 10)                          ;in one report


;;; What is held back.

(define (date-holes! db clock)
  "Count the time of holes from CLOCK (monotonic ms) on that are older than this boot of the
machine."
  (sql db "UPDATE hole SET since = " clock
       " WHERE told = 0 AND (since IS NULL OR since > " clock ")"))

(define (free-senders db)
  "Return the senders of held messages and where their lowest hole still waited for begins, #f
if there is none: a list of vectors #(SENDER FIRST)."
  (sql db "SELECT id, (SELECT h.first FROM hole h WHERE h.sender = s.id AND h.waited = 1
 ORDER BY h.first LIMIT 1) FROM sender s WHERE id IN (SELECT DISTINCT sender FROM held)"))

(define (let-go-below! db sender first limit)
  "Let the messages of SENDER that are held below the number FIRST (#f: all) wait like others, at
most LIMIT; return how many.  They get new ids, since messages are handled in the order of those."
  (let ((held (sql db "SELECT seq, variant, message FROM held WHERE sender = " sender
                   " AND (" first " IS NULL OR seq < " first ") ORDER BY seq, variant LIMIT "
                   limit))
        (next (+ 1 (sql-value db "SELECT max(id) FROM message"))))
    (%db-run-many! db "UPDATE message SET id = ? WHERE id = ?"
                   (map (lambda (row id) (list id (vector-ref row 2)))
                        held (iota (length held) next)))
    (%db-run-many! db "INSERT INTO waiting (message) VALUES (?)"
                   (map list (iota (length held) next)))
    (%db-run-many! db "DELETE FROM held WHERE sender = ? AND seq = ? AND variant = ?"
                   (map (match-lambda (#(seq variant message) (list sender seq variant)))
                        held))
    (unless (sql-row db "SELECT 1 FROM held WHERE sender = " sender " LIMIT 1")
      (sql db "UPDATE sender SET holding = 0 WHERE id = " sender))
    (length held)))

(define (let-go! db clock)
  "Let what is held back for nothing any more wait to be handled: its hole is filled, or was
waited for until CLOCK (monotonic ms).  Return how many messages that were."
  (if (sql-row db "SELECT 1 FROM held LIMIT 1")
      (with-transaction db
        (date-holes! db clock)
        (sql db "UPDATE hole SET waited = 0 WHERE waited = 1 AND since <= " (- clock %patience))
        (fold (lambda (row count)
                (match row
                  (#(sender first)
                   (+ count (let-go-below! db sender first (- %most-let-go count))))))
              0 (free-senders db)))
      0))


;;; What is to be told.

(define (ranges->text ranges)
  "Return RANGES, a list of (FIRST . LAST), as people read them: \"41-42, 45\"; of many the first."
  (let* ((more (- (length ranges) %most-ranges))
         (shown (if (positive? more) (take ranges %most-ranges) ranges)))
    (string-append
     (string-join (map (match-lambda
                         ((first . last)
                          (if (= first last)
                              (number->string first)
                              (format #f "~a-~a" first last))))
                       shown)
                  ", ")
     (if (positive? more)
         (format #f " and ~a gaps more" more)
         ""))))

(define (sender-place db sender)
  "Return two values: the host that the messages of the id SENDER come from, #f if none is known;
and the sender's name."
  (values (sender-host db sender)
          (sql-value db "SELECT name FROM sender WHERE id = " sender)))

(define (take-missing! db clock)
  "Return the numbers that are missing since so long before CLOCK (monotonic ms) that nobody will
send them any more, each once: a list of (HOST|#f SENDER COUNT RANGES), RANGES as a text.  Takes
part in the caller's transaction."
  (date-holes! db clock)
  (let ((rows (sql db "SELECT sender, first, last FROM hole WHERE told = 0 AND since <= "
                   (- clock %resends) " ORDER BY sender, first")))
    (sql db "UPDATE hole SET told = 1 WHERE told = 0 AND since <= " (- clock %resends))
    (map (lambda (sender)
           (let ((ranges (filter-map (match-lambda
                                       (#(of first last)
                                        (and (= of sender) (cons first last))))
                                     rows)))
             (call-with-values (lambda () (sender-place db sender))
               (lambda (host name)
                 (list host name
                       (apply + (map (match-lambda ((first . last) (+ 1 (- last first))))
                                     ranges))
                       (ranges->text ranges))))))
         (delete-duplicates (map (lambda (row) (vector-ref row 0)) rows) =))))

(define (take-clones! db)
  "Return the senders that two machines seem to share, each once: a list of (HOST|#f SENDER).
Takes part in the caller's transaction."
  (let ((senders (map (match-lambda (#(sender) sender))
                      (sql db "SELECT sender FROM clone WHERE told = 0"))))
    (sql db "UPDATE clone SET told = 1 WHERE told = 0")
    (map (lambda (sender)
           (call-with-values (lambda () (sender-place db sender)) list))
         senders)))
