;;; duty.scm -- how far the daemon of a machine has come with its plan
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; All that one worker hands on to the next; what must survive the daemon, the memories of samples, is
;; in a file besides.

(define-module (sheepdog duty)
  #:use-module (sheepdog core)
  #:use-module (sheepdog memories)
  #:use-module (sheepdog plan)
  #:use-module (sheepdog rota)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-9 gnu) #:select (set-field))
  #:export (begin-duty renew-duty duty-plan duty-rota duty-troubles duty-beat-at duty-drain-at
            duty-labels-at duty-at duty-began with-rota with-troubles with-beat with-drain
            with-labels with-at
            hand-on-duty! handed-on-duty
            memory-file))

(define-record-type <duty>
  (make-duty plan rota troubles beat-at drain-at labels-at at began)
  duty?
  (plan duty-plan)                                ;<plan>
  (rota duty-rota)                                ;see (sheepdog rota)
  (troubles duty-troubles)                        ;alist: key of a watch -> its name: was told of
  (beat-at duty-beat-at)                          ;monotonic ms | #f: never
  (drain-at duty-drain-at)                        ;monotonic ms
  (labels-at duty-labels-at)                      ;monotonic ms
  (at duty-at)                                    ;key of the watch that is being sampled | #f
  (began duty-began))                             ;monotonic ms

(define (begin-duty plan clock random)
  "Return the duty of a daemon that begins at CLOCK, monotonic ms, with PLAN; RANDOM, from 0 to 1,
says when in their spread its watches begin."
  (make-duty plan
             (begin-rota (plan-watches plan) clock (plan-jitter plan) random)
             '()
             (and (plan-heartbeat plan) clock)
             clock clock #f clock))

(define (renew-duty duty plan clock random)
  "Return DUTY with another PLAN from CLOCK on: what both watch goes on."
  (let ((new (begin-duty plan clock random)))
    (set-field (set-field new (duty-rota)
                          (begin-rota (plan-watches plan) clock (plan-jitter plan) random
                                      (duty-rota duty)))
               (duty-troubles) (duty-troubles duty))))

(define (with-rota duty rota) (set-field duty (duty-rota) rota))
(define (with-troubles duty troubles) (set-field duty (duty-troubles) troubles))
(define (with-beat duty at) (set-field duty (duty-beat-at) at))
(define (with-drain duty at) (set-field duty (duty-drain-at) at))
(define (with-labels duty at) (set-field duty (duty-labels-at) at))
(define (with-at duty key) (set-field duty (duty-at) key))

(define (hand-on-duty! duty)
  "Let the next worker go on with DUTY."
  (%hand-on!
   (object->string
    (list 1 (plan->datum (duty-plan duty)) (duty-rota duty) (duty-troubles duty)
          (duty-beat-at duty) (duty-drain-at duty) (duty-labels-at duty) (duty-at duty)
          (duty-began duty)))))

(define (handed-on-duty)
  "Return the duty that a worker before has handed on, or #f."
  (match (read-datum (%handed-on))
    ((1 plan . rest) (apply make-duty (datum->plan plan) rest))
    (_ #f)))

(define (memory-file plan)
  "Return the file for the memories of PLAN's watches: each machine has its own, should several share
a directory of state."
  (string-append (plan-state plan) "/watches/" (plan-host plan)))
