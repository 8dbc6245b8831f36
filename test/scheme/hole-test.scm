;;; hole-test.scm -- what is missing is waited for, then let go, then reported, by a clock moved by hand
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog hole)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define minute 60000)

(define (call-with-store proc)
  (with-temporary-directory (directory)
    (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
           (result (proc db)))
      (%db-close! db)
      result)))

(define* (store! db sender seq #:key (variant 0) (held? #f))
  "Store a message as core/intake.cc does; return its id."
  (sql db "INSERT INTO message (sender, seq, variant, received, body, length) VALUES ("
       sender ", " seq ", " variant ", 5, x'7b7d', 2)")
  (let ((id (%db-last-id db)))
    (if held?
        (begin
          (sql db "INSERT INTO held (sender, seq, variant, message) VALUES (" sender ", " seq
               ", " variant ", " id ")")
          (sql db "UPDATE sender SET holding = 1 WHERE id = " sender))
        (sql db "INSERT INTO waiting (message) VALUES (" id ")"))
    id))

(define* (miss! db sender first last since #:key (waited 1))
  (sql db "INSERT INTO hole (sender, first, last, since, waited, settled) VALUES (" sender
       ", " first ", " last ", " since ", " waited ", 0)"))

(define (add-sender! db id name)
  (sql db "INSERT INTO sender (id, name) VALUES (" id ", " name ")"))

(define (waiting db)
  "Return what waits, in the order of being handled, as (SENDER SEQ VARIANT)."
  (map vector->list
       (sql db "SELECT m.sender, m.seq, m.variant FROM waiting w JOIN message m
 ON m.id = w.message ORDER BY w.message")))

(define (call-with-hole proc)
  "Call PROC with a store where of a sender 1 waits, 2 and 3 are missing since the clock showed
1000, and 4 to 6 are held back, in no order."
  (call-with-store
   (lambda (db)
     (add-sender! db 1 "aa")
     (store! db 1 1)
     (miss! db 1 2 3 1000)
     (for-each (lambda (seq) (store! db 1 seq #:held? #t)) '(6 4 5))
     (proc db))))

(run-tests "hole"
  (test-equal "where nothing is held nothing happens"
    0
    (call-with-store (lambda (db) (let-go! db 0))))

  (test-group "a hole"
    (test-equal "holds back for a minute what stands above it"
      '(0 ((1 1 0)) 1)
      (call-with-hole
       (lambda (db)
         (let ((count (let-go! db (+ 1000 minute -1))))
           (list count (waiting db) (sql-value db "SELECT holding FROM sender"))))))
    (test-equal "and no longer: then they go, in their order"
      '(3 ((1 1 0) (1 4 0) (1 5 0) (1 6 0)) 0 (#(0)))
      (call-with-hole
       (lambda (db)
         (let ((count (let-go! db (+ 1000 minute))))
           (list count (waiting db) (sql-value db "SELECT holding FROM sender")
                 (sql db "SELECT waited FROM hole"))))))
    (test-equal "that is filled lets them go at once, behind what filled it"
      '(3 ((1 1 0) (1 2 0) (1 3 0) (1 4 0) (1 5 0) (1 6 0)))
      (call-with-hole
       (lambda (db)
         (store! db 1 2)
         (store! db 1 3)
         (sql db "DELETE FROM hole")
         (let ((count (let-go! db 1001)))
           (list count (waiting db))))))
    (test-equal "lets go up to the next one"
      '(1 ((1 1 0) (1 4 0)) 1)
      (call-with-hole
       (lambda (db)
         (sql db "DELETE FROM hole")
         (miss! db 1 5 5 1000)
         (let ((count (let-go! db 1001)))
           (list count (waiting db) (sql-value db "SELECT holding FROM sender"))))))
    (test-equal "of one sender holds back no other's"
      '(1 ((1 1 0) (2 9 0)))
      (call-with-hole
       (lambda (db)
         (add-sender! db 2 "bb")
         (store! db 2 9 #:held? #t)
         (let ((count (let-go! db 1001)))
           (list count (waiting db))))))
    (test-equal "keeps all bodies of a number together"
      '((1 1 0) (1 4 0) (1 4 1) (1 5 0) (1 6 0))
      (call-with-hole
       (lambda (db)
         (store! db 1 4 #:variant 1 #:held? #t)
         (let-go! db (+ 1000 minute))
         (waiting db))))
    (test-equal "that is older than the machine's start is waited for anew"
      '(0 (#(500)) 0 3)
      (call-with-hole
       (lambda (db)
         (let* ((first (let-go! db 500))
                (since (sql db "SELECT since FROM hole"))
                (second (let-go! db (+ 500 minute -1))))
           (list first since second (let-go! db (+ 500 minute))))))))

  (test-group "a report"
    (define hour (* 60 minute))

    (test-equal "comes 20 minutes after the first sign, once"
      '(() ((#f "aa" 2 "2-3")) ())
      (call-with-hole
       (lambda (db)
         (list (take-missing! db (+ 1000 (* 20 minute) -1))
               (take-missing! db (+ 1000 (* 20 minute)))
               (take-missing! db (+ 1000 hour))))))
    (test-equal "names the host that the sender's messages come from"
      '(("tux01" "aa" 2 "2-3"))
      (call-with-hole
       (lambda (db)
         (sql db "INSERT INTO event VALUES (1, 0, 0, 'tux01', 't', 'm', 'bark', '', '', NULL, NULL)")
         (take-missing! db hour))))
    (test-equal "sums up what is missing of each sender"
      '((#f "aa" 4 "2-3, 7, 9") (#f "bb" 1000000000 "1-1000000000"))
      (call-with-hole
       (lambda (db)
         (miss! db 1 7 7 1000)
         (miss! db 1 9 9 1000)
         (add-sender! db 2 "bb")
         (miss! db 2 1 1000000000 1000)
         (take-missing! db hour))))
    (test-equal "stays short"
      "1, 3-4, 10, 11, 12, 13, 14, 15, 16, 17 and 2 gaps more"
      (ranges->text (append '((1 . 1) (3 . 4))
                            (map (lambda (n) (cons n n)) (iota 10 10)))))
    (test-equal "tells of two that share an id, once"
      '(((#f "aa")) ())
      (call-with-hole
       (lambda (db)
         (sql db "INSERT INTO clone (sender, message) VALUES (1, 1)")
         (let* ((first (take-clones! db)))
           (list first (take-clones! db))))))))
