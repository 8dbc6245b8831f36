;;; flap-test.scm -- changes that are too many to be told one by one
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog flap)
             (sheepdog terms)
             (sheepdog test)
             (srfi srfi-1))

(define three (terms #:flap 3 #:within 100))

(define (after . times)
  (fold (lambda (at changes) (changes-after changes at three)) '() times))

(run-tests "flap"
  (test-equal "only the last changes are kept, the newest first"
    '(40 30 20)
    (after 10 20 30 40))
  (test-equal "one that is heard of later stands where it belongs"
    '(40 30 20)
    (after 10 40 20 30))
  (test-equal "so many within the time flap; what is exactly so old is not within"
    '(#f #t #f #t)
    (list (flaps? (after 10 20) 20 three)
          (flaps? (after 10 20 109) 109 three)
          (flaps? (after 10 20 110) 110 three)
          (flaps? (after 5 10 20 109) 109 three)))
  (test-equal "it ends when half of them, rounded down, are left"
    '(130 140 #f)
    (list (calms-at (after 10 20 30 40) three)
          (calms-at (after 10 20 30 40) (terms #:flap 2 #:within 110))
          (calms-at (after 10) three)))
  (test-equal "fewer changes than half: it never flapped under these terms"
    #f
    (calms-at (after 10) (terms #:flap 5 #:within 100))))
