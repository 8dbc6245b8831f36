;;; survey-test.scm -- facts are told whole at first and once in a while, else what changed of them
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog memory)
             (sheepdog survey)
             (sheepdog test)
             (ice-9 match))

(define (told . samples)
  "Return what is told by each of SAMPLES, (TIME SURVEY), one after the other; all of it each 100 ms."
  (let loop ((samples samples) (memory '()))
    (match samples
      (() '())
      (((time survey) . rest)
       (call-with-values
           (lambda () (call-with-memory memory time (lambda () (untold-facts survey 100))))
         (lambda (result memory) (cons result (loop rest memory))))))))

(define a '(("ram" (4096)) ("package" ("bash" "5.1") ("nginx" "1.22"))))
(define b '(("ram" (8192)) ("package" ("nginx" "1.22") ("zsh" "5.9"))))

(run-tests "survey"
  (test-equal "all, nothing, what changed, all again"
    '((((("ram" 4096) ("package" "bash" "5.1") ("package" "nginx" "1.22")) ("ram" "package") ()))
      ()
      (((("ram" 8192) ("package" "zsh" "5.9")) () (("package" "bash" "5.1"))))
      (((("ram" 8192) ("package" "nginx" "1.22") ("package" "zsh" "5.9")) ("ram" "package") ())))
    (told `(1000 ,a) `(1010 ,a) `(1020 ,b) `(1100 ,b)))
  (test-equal "a relation of which nothing is left is still told" '(((() ("package") ())))
    (told '(1000 (("package")))))
  (test-equal "what is too much for a message is told in parts, the first of which replaces"
    '((3000 ("package")) (1 ()))
    (match (told `(1000 (("package" ,@(map (lambda (i) (list (number->string i) "1"))
                                           (iota 3001))))))
      ((reports) (map (match-lambda ((facts replaces _) (list (length facts) replaces)))
                      reports)))))
