;;; week.scm -- windows by their names: of a configuration, as plain data, and asked
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog week)
  #:autoload (sheepdog config) (entry-value entry-ref)
  #:use-module (sheepdog window)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (entry->window-datum datum->window window-open? window-boundary))

(define (as-list value)
  (if (list? value) value (list value)))

(define (entry->window-datum entry)
  "Return ENTRY, a `(window NAME ...)', as a list that can be written and read: (NAME WEEKDAYS SPAN
ZONE DAYS), as `datum->window' takes it."
  (list (entry-value entry)
        (match (as-list (entry-ref entry 'days '()))
          (() #f)
          (days (concatenate days)))
        (entry-ref entry 'time '(0 . 1440))
        (entry-ref entry 'zone #f)
        (map (lambda (date) (apply date->days date))
             (as-list (entry-ref entry 'except '())))))

(define (datum->window datum)
  "Return what DATUM, of `entry->window-datum', stands for: (NAME . window)."
  (match datum
    ((name weekdays span zone days)
     (cons name
           (window #:weekdays weekdays #:span span
                   #:zone (if zone (find-zone zone) (local-zone))
                   #:except days)))))

(define (window-open? windows w ms)
  "Is W, a name in the alist WINDOWS or (not NAME), open at MS?"
  (match w
    (('not name) (not (window-open? windows name ms)))
    (name (inside? (assq-ref windows name) ms))))

(define (window-boundary windows w ms)
  "Return when W, as for `window-open?', next opens or closes after MS; #f: not within a year."
  (match w
    (('not name) (window-boundary windows name ms))
    (name (next-boundary (assq-ref windows name) ms))))
