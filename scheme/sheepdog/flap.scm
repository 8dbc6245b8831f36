;;; flap.scm -- changes that are too many to be told one by one
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  CHANGES are the times of the last changes of a hard state, in ms, the newest first, as
;; many as the terms ask for.

(define-module (sheepdog flap)
  #:use-module (sheepdog terms)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (changes-after flaps? calms-at))

(define (changes-after changes at terms)
  "Return CHANGES after one more at AT."
  (receive (later earlier) (span (lambda (change) (> change at)) changes)
    (let ((all (append later (list at) earlier)))
      (take all (min (length all) (terms-flap terms))))))

(define (nth-newest changes n)
  (and (< n (length changes)) (list-ref changes n)))

(define (flaps? changes at terms)
  "Is the number of CHANGES within the time before AT that TERMS say so great that flapping begins?"
  (let ((oldest (nth-newest changes (- (terms-flap terms) 1))))
    (and oldest (> oldest (- at (terms-within terms))))))

(define (calms-at changes terms)
  "Return when half as many CHANGES are left, and flapping ends, unless there are more until then;
#f: there are so few."
  (let ((last (nth-newest changes (quotient (terms-flap terms) 2))))
    (and last (+ last (terms-within terms)))))
