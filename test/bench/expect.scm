;;; expect.scm -- what a round costs when much is expected and nothing is due
;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; sheepdog-guile test/bench/expect.scm N...
;;;
;;; Prints for each N, subjects of which each is expected every day: N, the median of a round with
;;; nothing due, in ms, and how long it took to find out who is under the demand, in s.

(use-modules (sheepdog chronicle)
             (sheepdog clock)
             (sheepdog config)
             (sheepdog core)
             (sheepdog due)
             (sheepdog incident)
             (sheepdog outage)
             (sheepdog policy)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define %rounds 101)

(define (milliseconds thunk)
  (let ((start (get-internal-real-time)))
    (thunk)
    (/ (- (get-internal-real-time) start) (/ internal-time-units-per-second 1000.0))))

(define (median numbers)
  (list-ref (sort numbers <) (quotient (length numbers) 2)))

(define (fill! db n now)
  (with-transaction db
    (insert-subjects! db (map (lambda (i)
                                (cons i (fresh-subject (format #f "host-~a" (quotient i 10))
                                                       (format #f "job-~a" (modulo i 10))
                                                       "message" now)))
                              (iota n 1)))))

(define (round! db config hearing now)
  "Go once through what a round of the server does where nothing waits and nothing is due."
  (handle-waiting! db config now)
  (heed! hearing db (policy config) now now #:idle? #t)
  (run-due! db config now))

(define (measure n)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")) (now 1795338900000))
      (call-with-output-file file
        (lambda (port) (display "(config (expect \"*/job-*\" (every \"1d\")))" port)))
      (let ((db (open-store (string-append directory "/sheepdog.db") 'create))
            (config (read-config file #:check? #f))
            (hearing (make-hearing)))
        (fill! db n now)
        (let* ((walk (milliseconds (lambda ()
                                     (let loop ()
                                       (when (positive? (run-due! db config now))
                                         (loop))))))
               (rounds (map (lambda (i)
                              (milliseconds (lambda () (round! db config hearing (+ now i)))))
                            (iota %rounds 1))))
          (unless (= n (sql-value db "SELECT count(*) FROM due WHERE kind = 'deadline'"))
            (error "not each subject is expected"))
          (format #t "~a ~,3f ~,1f~%" n (median rounds) (/ walk 1000)))
        (%db-close! db)))))

(match (command-line)
  ((_ . numbers) (for-each measure (map string->number numbers))))
