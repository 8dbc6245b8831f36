;;; disk.scm -- how full a file system is
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors disk)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-monitor disk
  "Bark when a file system is fuller than it should be."
  (options
   (mount string? "/" "The file system to watch.")
   (warn percent? 85 "Warn above this use.")
   (fail percent? 95 "Fail above this use."))
  (fields
   (mount string? "The file system.")
   (used percent? "Its use."))
  (every "5m")
  (sample
   (let ((used (percent-used (command-text "df" "-P" "-k" "--" mount))))
     (report #:tag (string-append "disk " mount)
             #:state (grade used warn fail)
             #:summary (string-append mount " " (number->string used) " % full")
             #:fields `((mount . ,mount) (used . ,used)))))
  (receive (message)
    (if used
        `((store (disk-use ,(message-host message) ,(or mount "/") ,used)))
        '())))

(define (percent-used df)
  "Return the use, from 0 to 100, of the file system in DF, what `df -P -k' says of one:
blocks used of those that its users may have, rounded up (POSIX.1-2017, df).  Names of devices
and directories may hold blanks: the numbers stand before the word with the `%'."
  (let before ((words (reverse (string-tokenize (last-line df)))))
    (match words
      (((? capacity?) (= string->number (? number? free)) (= string->number (? number? used))
        _ ...)
       (share used free))
      ((_ words ...) (before words))
      (() (cannot-watch "not understood from df: " df)))))

(define (last-line text)
  (let ((text (string-trim-right text)))
    (substring text (+ 1 (or (string-rindex text #\newline) -1)))))

(define (capacity? word)
  "Is WORD a percentage, or the `-' of a file system without blocks?"
  (or (string=? word "-")
      (and (string-suffix? "%" word)
           (string->number (string-drop-right word 1)))))

(define (share used free)
  "Return how much USED is of USED and FREE together, in percent, rounded up."
  (if (zero? (+ used free))
      0
      (min 100 (ceiling (/ (* 100 used) (+ used free))))))
