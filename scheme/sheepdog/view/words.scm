;;; words.scm -- how a result is said in a few words
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view words)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:export (bad?
            ending
            result-words
            row-words
            day-number))

(define (bad? state)
  "Is STATE, a symbol or #f, one that wants attention?"
  (and state (not (eq? state 'ok))))

(define (ending outcome)
  "How the command of OUTCOME failed, shorter than `outcome->text': \"exit 2\"; #f
when it did not, or OUTCOME is #f."
  (and outcome
       (eq? 'fail (outcome-state outcome))
       (let ((text (outcome->text outcome)) (long "exit status "))
         (if (string-prefix? long text)
             (string-append "exit " (string-drop text (string-length long)))
             (printable text)))))

(define (result-words state summary elapsed outcome)
  "What is to be said of a result: how long it took when that is all; how its
command failed; else its SUMMARY.  ELAPSED (ms) and OUTCOME may be #f."
  (cond ((and (eq? state 'ok) elapsed) (duration->text elapsed))
        ((and (eq? state 'fail) (ending outcome)))
        (else (printable summary))))

(define (day-number ms)
  "The day of MS, epoch milliseconds, in local time: a number that goes up by one
each midnight."
  (let ((local (localtime (quotient ms 1000))))
    (quotient (- (quotient ms 1000) (tm:gmtoff local)) 86400)))

(define (row-words first last count)
  "Which of a row of COUNT bad results is the last one, when that began at FIRST and
goes on at LAST (epoch ms): \"3rd day\", \"3rd time\"; #f for a row of one."
  (let ((days (+ 1 (- (day-number last) (day-number first)))))
    (cond ((< count 2) #f)
          ((> days 1) (string-append (ordinal days) " day"))
          (else (string-append (ordinal count) " time")))))
