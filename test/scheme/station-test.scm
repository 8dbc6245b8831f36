;;; station-test.scm -- what fails is left alone for a while, and said once
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog error)
             (sheepdog station)
             (sheepdog test)
             (ice-9 textual-ports))

(define (fail) (raise-error 'database-failed "no room" "make some"))

(define (logged thunk)
  "Return what is logged while THUNK runs."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/log")))
      (%open-log "test" file 'debug)
      (thunk)
      (%open-log "test" "stderr" 'notice)
      (map (lambda (line) (substring line (string-contains line "test")))
           (string-split (string-trim-right (call-with-input-file file get-string-all))
                         #\newline)))))

(run-tests "station"
  (test-equal "the pauses grow up to five seconds"
    '(500 1000 2000 4000 5000 5000)
    (map retry-pause '(1 2 3 4 5 100)))

  (test-equal "one station that fails is left alone until its pause is over, the others work"
    '(#f #f 7 #f 8 #f)
    (let ((stations (make-stations)) (calls 0))
      (define (count) (set! calls (+ calls 1)) 8)
      (let* ((first (attempt stations 'a 1000 fail))
             (within (attempt stations 'a 1499 count))
             (other (attempt stations 'b 1499 (lambda () 7)))
             (again (attempt stations 'a 1500 fail))
             (well (attempt stations 'a 2500 count)))
        (list first within other again well (trouble stations 'a)))))
  (test-equal "a trouble tells since when, and why now"
    '(database-failed "no room" 1000 2000)
    (let ((stations (make-stations)))
      (attempt stations 'a 1000 (lambda () (error "another")))
      (attempt stations 'a 1600 (lambda () (error "another")) #:wait? #f)
      (attempt stations 'a 1700 fail #:wait? #f)
      (let ((found (trouble stations 'a)))
        (list (trouble-code found) (trouble-text found) (trouble-since found)
              (- (next-try stations) 1700)))))
  (test-equal "what is to be done after a failure is done"
    '(failed)
    (let ((done '()))
      (attempt (make-stations) 'a 0 fail #:fail (lambda () (set! done (cons 'failed done))))
      done))
  (test-raises "who wants to end the program may" 'quit string?
    (attempt (make-stations) 'a 0 (lambda () (throw 'quit 3))))
  (test-equal "what lasts is one line, its end another"
    '("test: error: no room; make some" "test: a works again after 10 min")
    (map (lambda (line) (string-append "test" (substring line (string-index line #\:))))
         (logged (lambda ()
                   (let ((stations (make-stations)))
                     (for-each (lambda (clock) (attempt stations 'a clock fail))
                               '(0 60000 120000))
                     (attempt stations 'a 600000 (const 1))
                     (attempt stations 'a 600001 (const 1))))))))
