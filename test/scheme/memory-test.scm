;;; memory-test.scm -- what one sample remembers the next one knows
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog memory)
             (sheepdog test)
             (ice-9 binary-ports)
             (ice-9 match)
             (ice-9 receive)
             (srfi srfi-1))

(define %now 1795335303000)

(define* (after memory time thunk)
  "Return (RESULT MEMORY) of THUNK, a sample at TIME that remembers MEMORY."
  (receive (result memory) (call-with-memory memory time thunk)
    (list result memory)))

(run-tests "memory"
  (test-equal "at first nothing is remembered" '((#f 7) ())
    (after '() %now (lambda () (list (recall 'a) (recall 'a 7)))))
  (test-equal "then what was said last" '((1 (2 "x")) ((("b" c) . (2 "x")) (a . 3)))
    (after '((a . 1) (("b" c) . 0)) %now
           (lambda ()
             (let ((before (recall 'a)))
               (remember! 'a 3)
               (remember! '("b" c) '(2 "x"))
               (list before (recall '("b" c)))))))
  (test-equal "#f forgets" '(#f ((b . 2)))
    (after '((a . 1) (b . 2)) %now (lambda () (remember! 'a #f) (recall 'a))))
  (test-assert "the same object is left where nothing changed"
    (let ((memory (list (cons 'a (list 1 2)))))
      (eq? memory (cadr (after memory %now (lambda () (remember! 'a (list 1 2))))))))
  (test-raises "only what can be written down and read again is remembered" 'bad-plugin
               "only plain data is remembered, not (1 b the end of a file)"
               (after '() %now (lambda () (remember! 'a (list 1 (quote b) (eof-object))))))
  (test-equal "the time of a sample is that of its caller" `(,%now ())
    (after '() %now sample-time))

  (test-group "rate"
    (define (rate-after memory time count)
      (car (after memory time (lambda () (rate "eth0" count)))))
    (define begun
      (cadr (after '() %now (lambda () (rate "eth0" 1000)))))
    (test-false "there is none at first" (rate-after '() %now 1000))
    (test-equal "growth a second" 25.0 (rate-after begun (+ %now 4000) 1100))
    (test-false "none for a counter that was begun anew" (rate-after begun (+ %now 4000) 900))
    (test-false "none when a clock went back" (rate-after begun (- %now 4000) 1100))
    (test-false "counters have names" (car (after begun (+ %now 1000)
                                                  (lambda () (rate "eth1" 2000))))))

  (define (in-turn proc . samples)
    "Return what PROC makes of the argument in each of SAMPLES, (TIME ARGUMENT), one after the other."
    (let loop ((samples samples) (memory '()))
      (match samples
        (() '())
        (((time argument) . rest)
         (match (after memory (+ %now time) (lambda () (proc argument)))
           ((result memory) (cons result (loop rest memory))))))))
  (define hour 3600000)

  (test-group "growth"
    (define (growths . samples)
      (apply in-turn (lambda (value) (growth "used" value)) samples))
    (test-equal "there is none before a day has passed; then that of a day" '(#f #f 20 20)
      (growths '(0 10) `(,(* 12 hour) 20) `(,(* 24 hour) 30) `(,(* 48 hour) 50)))
    (test-equal "what wobbles has its mean" '(#f #f #f -2/5)
      (growths '(0 50) `(,(* 6 hour) 52) `(,(* 18 hour) 49) `(,(* 24 hour) 51)))
    (test-equal "only a week counts" 0
      (last (apply growths (map (lambda (i) (list (* i 3 hour) (if (< i 60) i 60)))
                                (iota 120))))))

  (test-group "tally"
    (define (tallies within . samples)
      (apply in-turn (lambda (names) (tally "x" names within)) samples))
    (test-equal "the most frequent first, and only those of the last while"
      '((("a" . 2) ("b" . 1)) (("b" . 3) ("a" . 2)) (("b" . 2)) ())
      (tallies 1000 '(0 ("a" "b" "a")) '(500 ("b" "b")) '(1200 ()) '(2000 ())))
    (test-equal "a thousand names and no more" 1000
      (length (car (tallies 1000 `(0 ,(map number->string (iota 1200)))))))))
