;;; uptime.scm -- since when the machine that we run on is up
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog uptime)
  #:use-module (ice-9 match)
  #:use-module (ice-9 rdelim)
  #:export (uptime parse-uptime))

(define (parse-uptime text)
  "Return the ms since a machine's start, times of sleep counted, that TEXT, of /proc/uptime, says
(proc(5)), or #f."
  (match (string-tokenize text)
    ((seconds . _)
     (let ((seconds (and (string-every (lambda (c) (or (char-numeric? c) (char=? c #\.))) seconds)
                         (<= (string-length seconds) 20)
                         (string->number seconds))))
       (and seconds (inexact->exact (floor (* 1000 seconds))))))
    (_ #f)))

(define* (uptime #:optional (file "/proc/uptime"))
  "Return for how many ms this machine has been up, or #f: it does not tell."
  (catch 'system-error
    (lambda ()
      (match (call-with-input-file file read-line)
        ((? string? line) (parse-uptime line))
        (_ #f)))
    (const #f)))
