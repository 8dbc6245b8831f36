;;; round.scm -- how fast stored messages are handled: decoded, received, entered, decided on
;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; sheepdog-guile test/bench/round.scm [MESSAGES [SUBJECTS [BATCH]]]
;;;
;;; Fills message and waiting with messages of 500 bytes, then times handle-waiting! until nothing
;;; waits.  The database is durable as always (WAL, synchronous=FULL).

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (rnrs bytevectors))

(define %size 500)

(define (body i subjects)
  "Return the Ith message, of %SIZE bytes."
  (let ((make (lambda (padding)
                (string->utf8
                 (%json-write
                  `((v . 1)
                    (sender . "0123456789abcdef0123456789abcdef")
                    (seq . ,(+ i 1))
                    (time . ,(+ 1795335303 (/ i 1000.0)))
                    (host . ,(format #f "host-~a" (modulo i subjects)))
                    (monitor . "error")
                    (tag . "backup")
                    (state . "ok")
                    (outcome . ((command . "backup --all") (status . 0) (elapsed . 12.5)
                                (user . "root") (stdout . ,padding) (stderr . "")))))))))
    (make (make-string (max 0 (- %size (bytevector-length (make "")))) #\x))))

(define (fill! db messages subjects now)
  (sql db "INSERT INTO sender (id, name) VALUES (1, '0123456789abcdef0123456789abcdef')")
  (with-transaction db
    (let loop ((i 0))
      (when (< i messages)
        (sql db "INSERT INTO message (id, sender, seq, received, sent, body, length) VALUES ("
             (+ i 1) ", 1, " (+ i 1) ", " now ", " now ", " (body i subjects) ", 500)")
        (sql db "INSERT INTO waiting (message) VALUES (" (+ i 1) ")")
        (loop (+ i 1))))))

(define (seconds time)
  (/ time 1.0 internal-time-units-per-second))

(define (measure messages subjects batch)
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/sheepdog.db") 'create))
          (config (read-config "/dev/null"))
          (now (+ 60000 (* 1000 1795335303))))
      (fill! db messages subjects now)
      (let ((start (get-internal-real-time))
            (used (get-internal-run-time)))
        (let loop ()
          (when (positive? (handle-waiting! db config now #:limit batch))
            (loop)))
        (let ((took (seconds (- (get-internal-real-time) start)))
              (used (seconds (- (get-internal-run-time) used))))
          (format #t "round: ~a messages of ~a subjects in batches of ~a: ~a/s, ~a µs of processor time each~%"
                  messages subjects batch (inexact->exact (round (/ messages took)))
                  (inexact->exact (round (/ (* 1e6 used) messages)))))
        (%db-close! db)))))

(apply measure
       (match (map string->number (cdr (command-line)))
         (() '(20000 1000 1000))
         ((messages) (list messages 1000 1000))
         ((messages subjects) (list messages subjects 1000))
         (all all)))
