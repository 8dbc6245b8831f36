;;; threshold.scm -- limits for values: from a number to a state, without flutter
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog threshold)
  #:use-module (sheepdog memory)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (limit? percent-limit? parse-range grade worst round-to))

(define (parse-range text)
  "Return (LOW HIGH INSIDE?) of TEXT, a range of Nagios plugins, or #f: a value below LOW or above
HIGH is bad, or with INSIDE?, written `@', one that is not.  \"10\" is 0 to 10, \"10:\" from 10 on,
\"~:10\" up to 10, \"5:10\", \"@5:10\" (Monitoring Plugins Development Guidelines)."
  (define (edge text default)
    (if (string-null? text) default (string->number text 10)))
  (let* ((inside? (string-prefix? "@" text))
         (range (match (string-split (if inside? (string-drop text 1) text) #\:)
                  ((high) (list 0 (string->number high 10) inside?))
                  (("~" high) (list -inf.0 (edge high +inf.0) inside?))
                  ((low high) (list (edge low 0) (edge high +inf.0) inside?))
                  (_ '(#f #f #f)))))
    (match range
      (((? real? low) (? real? high) _) (and (<= low high) range))
      (_ #f))))

(define (round-to step value)
  "Return VALUE rounded to the nearest multiple of STEP, a whole number or a part of one such as 0.1."
  (let ((count (inexact->exact (round (/ value step)))))
    (if (exact? step)
        (* step count)
        (/ count (round (/ 1.0 step))))))         ;3 / 10, since 3 * 0.1 is not 0.3

(define (limit? value)
  "Is VALUE a limit: a number, or a range of Nagios plugins as text?"
  (or (real? value)
      (and (string? value) (parse-range value) #t)))

(define (percent-limit? value)
  "Is VALUE a limit for what goes from 0 to 100?"
  (if (real? value) (<= 0 value 100) (limit? value)))

(define (outside? value range)
  (match (parse-range range)
    ((low high inside?)
     (if inside? (<= low value high) (not (<= low value high))))))

(define (raw-grade value warn fail)
  (define less-is-worse?
    (and (real? warn) (real? fail) (< fail warn)))
  (define (beyond? limit)
    (cond ((not limit) #f)
          ((string? limit) (outside? value limit))
          (less-is-worse? (< value limit))
          (else (> value limit))))
  (cond ((beyond? fail) 'fail)
        ((beyond? warn) 'warn)
        (else 'ok)))

(define %severity '(ok unknown warn fail))

(define (severity state)
  (list-index (lambda (other) (eq? state other)) %severity))

(define (worst . states)
  "Return the worst of STATES: fail, warn, unknown, ok."
  (fold (lambda (state so-far) (if (> (severity state) (severity so-far)) state so-far))
        'ok states))

(define (milder a b)
  (if (< (severity a) (severity b)) a b))

(define* (grade value warn fail #:key (slack 0) as)
  "Return the state of VALUE: `fail' beyond FAIL, `warn' beyond WARN, else `ok'.  Each of the two is
a number, a range as `parse-range' takes, or #f: no limit.  Beyond a number is above it; where FAIL
is the smaller one of two, less is worse: below.  With AS, plain data that names the value among
those of its watch, a state is left for a milder one only when VALUE is better by SLACK than it need
be: what wobbles around a limit does not bark each time."
  (let* ((state (raw-grade value warn fail))
         (before (and as (recall `(grade . ,as))))
         (settled (if (and before (> (severity before) (severity state)))
                      (milder before (worst (raw-grade (- value slack) warn fail)
                                            (raw-grade (+ value slack) warn fail)))
                      state)))
    (when as
      (remember! `(grade . ,as) (and (not (eq? settled 'ok)) settled)))
    settled))
