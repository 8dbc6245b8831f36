;;; nagios.scm -- what a plugin of Nagios says: a state, a line for people, performance data
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  After the Monitoring Plugins Development Guidelines (monitoring-plugins.org), "Plugin
;; Output": LINE | PERFDATA, then more lines, again up to a `|', behind which all is performance data.
;; That is 'LABEL'=VALUE[UOM];[WARN];[CRIT];[MIN];[MAX], blanks between; quotes only where needed, a
;; quote in a label is doubled.

(define-module (sheepdog nagios)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:export (status->state output-line output-text perfdata))

(define (status->state status)
  "Return the state that the exit STATUS of a plugin means; #f is one that did not exit."
  (match status
    (0 'ok)
    (1 'warn)
    (2 'fail)
    (_ 'unknown)))

(define (halves text)
  "Return TEXT up to its first `|', and behind it, as a pair of strings."
  (match (string-index text #\|)
    (#f (cons text ""))
    (at (cons (string-take text at) (string-drop text (+ at 1))))))

(define (lines text)
  (string-split text #\newline))

(define (output-line output)
  "Return the line for people in OUTPUT, a string; \"\" if there is none."
  (string-trim-both (car (halves (car (lines output))))))

(define (output-text output)
  "Return what OUTPUT tells behind its first line, without performance data."
  (string-trim-right (car (halves (string-join (cdr (lines output)) "\n")))))

(define (all-perfdata output)
  (match (lines output)
    ((first . more)
     (string-append (cdr (halves first)) " " (cdr (halves (string-join more "\n")))))))

(define %datum
  (make-regexp "([^'= \t\r\n][^=\r\n]*|'([^'\r\n]|'')*')=([-+]?[0-9]*[.,]?[0-9]+([eE][-+]?[0-9]+)?)([^0-9;.,[:space:]][^;[:space:]]*)?"))

(define (unquoted label)
  "Return LABEL, as it is written, without its quotes."
  (if (string-prefix? "'" label)
      (regexp-substitute/global #f "''" (substring label 1 (- (string-length label) 1))
                                'pre "'" 'post)
      label))

(define (number text)
  "Return TEXT as a number; some locales write a comma for the point."
  (string->number (string-map (lambda (c) (if (char=? c #\,) #\. c)) text) 10))

(define (trimmed-label text)
  "Return the label of TEXT, which may have begun with what another datum left: it is the last word."
  (if (string-prefix? "'" text) text (last (string-tokenize text))))

(define (perfdata output)
  "Return the performance data of OUTPUT, a list of (LABEL VALUE UOM): strings but for VALUE.  What
is not understood, such as a value that the plugin does not know (U), is passed over."
  (filter-map
   (lambda (found)
     (let ((value (number (match:substring found 3)))
           (label (unquoted (trimmed-label (match:substring found 1)))))
       (and value
            (not (string-null? label))
            (list label value (or (match:substring found 5) "")))))
   (list-matches %datum (all-perfdata output))))
