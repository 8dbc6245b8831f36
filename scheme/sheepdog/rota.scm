;;; rota.scm -- when each watch is due
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  Times are ms of a monotonic clock.  The machines of a herd shall not all speak at once: each
;; interval is spread by the jitter, a share of it.  One machine shall wake seldom: when one watch is
;; due, all go that could have been due by then.  What hung or killed its worker comes last in its
;; round, and ever more seldom, since each try may leave something behind that hangs as well.

(define-module (sheepdog rota)
  #:use-module (sheepdog watch)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (begin-rota rota-due rota-next put-off wait-until spread))

;; A rota is an alist: key of a watch -> (DUE . MISSES), when it is due, and how often in a row it has
;; hung or killed.

(define %longest-gap (* 60 60000))                ;ms till what hangs is tried again

(define (spread ms jitter random)
  "Return MS shifted by up to JITTER, a share from 0 to 1, of it, as RANDOM, from 0 to 1, says."
  (let ((most (* ms jitter)))
    (inexact->exact (round (+ (- ms most) (* 2 most random))))))

(define (entry rota watch)
  (or (assoc-ref rota (watch-key watch)) '(0 . 0)))

(define %begin (* 5 1000))                        ;ms at most till a watch goes for the first time

(define* (begin-rota watches clock jitter random #:optional (old '()))
  "Return the rota of WATCHES at CLOCK: what OLD has keeps its time, all else is due within the
JITTER of its interval and 5 s, as RANDOM says: who starts a daemon wants to see something."
  (map (lambda (watch)
         (or (assoc (watch-key watch) old)
             (cons* (watch-key watch)
                    (+ clock (inexact->exact
                              (round (* (min %begin (* (watch-every watch) jitter)) random))))
                    0)))
       watches))

(define (rota-due watches rota clock jitter)
  "Return those of WATCHES that go at CLOCK by ROTA: none, unless one is due; those that missed come
last."
  (define (due watch) (car (entry rota watch)))
  (if (any (lambda (watch) (<= (due watch) clock)) watches)
      (stable-sort (filter (lambda (watch)
                             (<= (due watch) (+ clock (* jitter (watch-every watch)))))
                           watches)
                   (lambda (a b) (< (cdr (entry rota a)) (cdr (entry rota b)))))
      '()))

(define (rota-next rota)
  "Return when the first of ROTA is due, or #f."
  (and (pair? rota) (apply min (map cadr rota))))

(define (replace rota watch due misses)
  (cons (cons* (watch-key watch) due misses)
        (alist-delete (watch-key watch) rota string=?)))

(define* (put-off rota watch clock jitter random #:key missed?)
  "Return ROTA with WATCH, which went at CLOCK, due again after its interval, spread by JITTER as
RANDOM says; doubled for each time in a row that it MISSED?, to an hour."
  (let* ((misses (if missed? (+ 1 (cdr (entry rota watch))) 0))
         (every (watch-every watch))
         (gap (max every (min %longest-gap (* every (expt 2 (min 20 misses)))))))
    (replace rota watch (+ clock (spread gap jitter random)) misses)))

(define (wait-until rota watch due)
  "Return ROTA with WATCH, which did not go, due at DUE."
  (replace rota watch due (cdr (entry rota watch))))
