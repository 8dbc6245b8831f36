;;; hush.scm -- which standings nobody is told of just now, and why
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Reading only, to be shown; what it does to notifications is decided by (sheepdog silence).

(define-module (sheepdog hush)
  #:use-module (sheepdog history)
  #:use-module ((sheepdog incident) #:select (state-rank))
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog request)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (hush))

(define (silenced standing silences now)
  "Return the quiet that one of SILENCES is to STANDING, a list of at most one."
  (define (fits? silence)
    (pattern-matches? (silence-pattern silence) (standing-host standing) (standing-tag standing)))
  (let ((silence (find fits? silences)))
    (if silence
        (list (quiet 'silenced (silence-name silence) (silence-until silence now)
                     (silence-who silence) (silence-reason silence)))
        '())))

(define (acked standing acks)
  "Return the quiet that one of ACKS, requests, is to STANDING, a list of at most one."
  (let* ((name (string-append (standing-host standing) "/" (standing-tag standing)))
         (ack (find (lambda (ack)
                      (and (string=? name (request-pattern ack))
                           (<= (state-rank (standing-state standing)) (request-rank ack))))
                    acks)))
    (if ack
        (list (quiet 'acked (string-append "#" (number->string (request-id ack))) #f
                     (request-who ack) (request-reason ack)))
        '())))

(define (holds db)
  "Return what is held because of what it depends on: a table from ids of subjects to <quiet>."
  (let ((table (make-hash-table)))
    (for-each (match-lambda
                (#(subject key until)
                 (hashv-set! table subject (quiet 'held key until "" ""))))
              (sql db "SELECT subject, key, min(until) FROM hold
 WHERE reason IN ('parent', 'parent-wait', 'settle') GROUP BY subject, key"))
    table))

(define (held standing holds)
  (match (hashv-ref holds (standing-id standing))
    (#f '())
    (quiet (list quiet))))

(define (hush db config standings now)
  "Return STANDINGS with what keeps them quiet at NOW: by command, by CONFIG, by what they depend on."
  (let ((silences (silences-at db (policy-silences (policy config)) now))
        (acks (filter (lambda (request) (eq? 'ack (request-kind request)))
                      (requests db now)))
        (holds (holds db)))
    (if (and (null? silences) (null? acks) (zero? (hash-count (const #t) holds)))
        standings
        (map (lambda (standing)
               (quieten standing (append (silenced standing silences now)
                                         (acked standing acks)
                                         (held standing holds))))
             standings))))
