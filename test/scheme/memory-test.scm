;;; memory-test.scm -- what one sample remembers the next one knows
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog memory)
             (sheepdog test)
             (ice-9 binary-ports)
             (ice-9 receive))

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
    (define first
      (cadr (after '() %now (lambda () (rate "eth0" 1000)))))
    (test-false "there is none at first" (rate-after '() %now 1000))
    (test-equal "growth a second" 25.0 (rate-after first (+ %now 4000) 1100))
    (test-false "none for a counter that was begun anew" (rate-after first (+ %now 4000) 900))
    (test-false "none when a clock went back" (rate-after first (- %now 4000) 1100))
    (test-false "counters have names" (car (after first (+ %now 1000)
                                                  (lambda () (rate "eth1" 2000)))))))
