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
  #:export (call-with-memory sample-time recall remember! rate growth tally))

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
  (unless (equal? value (recall key))
    (unless (and (plain? key) (plain? value))
      (raise-error 'bad-plugin (string-append "only plain data is remembered, not "
                                              (datum->text (if (plain? key) value key)))))
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

(define %hour (* 60 60 1000))                     ;ms
(define %day (* 24 %hour))
(define %most-points 56)                          ;a week, one each three hours

(define (growth key value)
  "Return by how much VALUE grows in a day, as the line through the samples of the last week that
fits best (least squares) says; KEY tells it from others.  #f before there is a day to be seen."
  (let* ((now (sample-time))
         (points (recall `(growth . ,key) '()))
         (points (match points
                   ((((? (lambda (last) (< (- now last) (* 3 %hour)))) _) . _) points)
                   (_ (cons (list now value) points))))
         (points (take points (min %most-points (length points)))))
    (remember! `(growth . ,key) points)
    (and (>= (- now (first (last points))) %day)
         (slope (map (match-lambda
                       ((time value) (list (/ (- time now) %day) value)))
                     points)))))

(define (slope points)
  "Return the slope of the line that fits POINTS, lists (X Y), best."
  (define (mean values) (/ (apply + values) (length values)))
  (let* ((x (map first points)) (y (map second points))
         (x0 (mean x)) (y0 (mean y))
         (spread (apply + (map (lambda (x) (expt (- x x0) 2)) x))))
    (if (zero? spread)
        0
        (/ (apply + (map (lambda (x y) (* (- x x0) (- y y0))) x y)) spread))))

(define %most-names 1000)

(define (tally key names within)
  "Return an alist from names to how often each was among NAMES, strings, in the samples of the last
WITHIN ms, this one too; the most frequent first.  KEY tells it from others."
  (let* ((now (sample-time))
         (counts (make-hash-table))
         (total (lambda (moments) (apply + (map cdr moments)))))
    (for-each (match-lambda
                ((name . moments)
                 (match (filter (match-lambda ((time . _) (< (- now time) within))) moments)
                   (() #f)
                   (recent (hash-set! counts name recent)))))
              (recall `(tally . ,key) '()))
    (for-each (lambda (name)
                (hash-set! counts name
                           (match (hash-ref counts name '())
                             (((time . count) . before)
                              (if (= time now)
                                  (cons (cons now (+ count 1)) before)
                                  (cons* (cons now 1) (cons time count) before)))
                             (() (list (cons now 1))))))
              names)
    (let* ((all (sort (hash-map->list cons counts)
                      (match-lambda*
                        (((a . many) (b . few))
                         (let ((m (total many)) (n (total few)))
                           (or (> m n) (and (= m n) (string<? a b))))))))
           (kept (take all (min %most-names (length all)))))
      (remember! `(tally . ,key) (and (pair? kept) kept))
      (map (match-lambda ((name . moments) (cons name (total moments)))) kept))))
