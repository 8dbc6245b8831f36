;;; station.scm -- a part of a daemon's loop that may fail: tried again after a while, by itself
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What one station lacks stops no other: mail goes out while the queue is down, the queue is read
;; while mail fails.  A trouble that lasts is one line in the log, and one when it is over.

(define-module (sheepdog station)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (make-stations attempt trouble next-try retry-pause
            trouble-code trouble-text trouble-since))

(define %longest-pause 5000)                      ;ms

(define-record-type <trouble>
  (make-trouble code text since tries until)
  trouble?
  (code trouble-code)                             ;symbol, of an error of ours | #f
  (text trouble-text)                             ;string: of the last try
  (since trouble-since)                           ;monotonic ms of the first failure
  (tries trouble-tries)                           ;integer: failures in a row
  (until trouble-until))                          ;monotonic ms of the next try

(define (make-stations)
  "Return stations that are all well: a table from names to troubles."
  (make-hash-table))

(define (trouble stations name)
  "Return what lasts at the station NAME, or #f."
  (hashq-ref stations name))

(define (next-try stations)
  "Return when, in monotonic ms, the first of the stations that fail is tried again; #f: all are
well."
  (hash-fold (lambda (name trouble first)
               (if first (min first (trouble-until trouble)) (trouble-until trouble)))
             #f stations))

(define (retry-pause tries)
  "Return after how many ms to try again what failed TRIES times: 0.5, 1, 2, 4, 5, 5 ... s."
  (min %longest-pause (* 250 (expt 2 (min tries 10)))))

(define (exception->code key arguments)
  (match (cons key arguments)
    (('sheepdog-error _ _ _ (code _)) code)
    (_ #f)))

(define (note-failure! stations name clock key arguments)
  (let* ((before (trouble stations name))
         (tries (+ 1 (if before (trouble-tries before) 0)))
         (text (exception->text key arguments))
         (hint (exception->hint key arguments)))
    (unless (and before (string=? text (trouble-text before)))
      (%log 'error (if hint (string-append text "; " hint) text)))
    (hashq-set! stations name
                (make-trouble (exception->code key arguments) text
                              (if before (trouble-since before) clock)
                              tries
                              (+ clock (retry-pause tries))))))

(define (note-success! stations name clock)
  (let ((before (trouble stations name)))
    (when before
      (hashq-remove! stations name)
      (%log 'notice (format #f "~a works again after ~a" name
                            (duration->text (max 0 (- clock (trouble-since before)))))))))

(define* (attempt stations name clock thunk #:key (fail (const #t)) (wait? #t))
  "Return what THUNK, the work of the station NAME, returns.  After an exception return #f and call
FAIL; then THUNK is left alone, and #f returned, until some seconds are over, unless WAIT? is
false.  CLOCK is the monotonic time."
  (let ((before (trouble stations name)))
    (if (and wait? before (< clock (trouble-until before)))
        #f
        (catch #t
          (lambda ()
            (let ((result (thunk)))
              (note-success! stations name clock)
              result))
          (lambda (key . arguments)
            (when (eq? key 'quit)
              (apply throw key arguments))
            (note-failure! stations name clock key arguments)
            (fail)
            #f)))))
