;;; memory.scm -- what a watch remembers from one sample to the next
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The memory is an alist of plain data: whoever runs samples keeps it, on disk too, and hands it in
;; at the next one.  While a sample runs it is here, one at a time.  Without any, as in a test or at
;; the first sample, nothing is remembered yet.

(define-module (sheepdog memory)
  #:use-module (sheepdog core)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (call-with-memory sample-time recall remember! rate))

(define %memory (make-parameter '()))             ;alist, the key's order is of no matter
(define %time (make-parameter #f))                ;epoch ms of the sample | #f: it is now

(define (call-with-memory memory time thunk)
  "Call THUNK, a sample at TIME (epoch ms), that remembers MEMORY, an alist of plain data.  Return
two values: what it returns, and what is remembered then; the same object if nothing changed."
  (parameterize ((%memory memory) (%time time))
    (let ((result (thunk)))
      (values result (%memory)))))

(define (sample-time)
  "Return the epoch milliseconds of this sample."
  (or (%time) (%now)))

(define* (recall key #:optional default)
  "Return what an earlier sample of this watch remembered under KEY, else DEFAULT."
  (match (assoc key (%memory))
    ((_ . value) value)
    (#f default)))

(define (plain? value)
  (cond ((pair? value) (and (plain? (car value)) (plain? (cdr value))))
        ((number? value) (real? value))
        (else (or (null? value) (string? value) (symbol? value) (boolean? value)))))

(define (remember! key value)
  "Let the next samples of this watch `recall' VALUE under KEY; #f forgets it.  Both are plain
data: numbers, text, names, booleans, and lists or pairs of these."
  (unless (and (plain? key) (plain? value))
    (raise-error 'bad-plugin (string-append "only plain data is remembered, not "
                                            (datum->text (if (plain? key) value key)))))
  (unless (equal? value (recall key))
    (let ((others (remove (match-lambda ((name . _) (equal? name key))) (%memory))))
      (%memory (if value (acons key value others) others)))))

(define (rate key count)
  "Return by how many a second COUNT, a number that only grows, has grown since the last sample;
KEY tells it from others.  #f at the first sample, when it was begun anew, and when no time has
passed."
  (let ((last (recall `(rate . ,key))) (time (sample-time)))
    (remember! `(rate . ,key) (cons count time))
    (match last
      ((before . then)
       (and (> time then)
            (>= count before)
            (/ (* 1000.0 (- count before)) (- time then))))
      (#f #f))))
