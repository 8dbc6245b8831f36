;;; swap.scm -- how full the swap space is, and how busy
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors swap)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor swap
  "Bark when swap space fills up, or when pages go to and fro all the time."
  (options
   (warn percent-limit? 60 "Warn above this use.")
   (fail percent-limit? 90 "Fail above it.")
   (slack percent? 5 "Leave a state only when better by so much.")
   (pages-warn limit? 1000 "Warn above so many pages a second, in and out.")
   (pages-fail limit? 20000 "Fail above so many.")
   (proc string? "/proc" "Where the kernel tells of itself."))
  (fields
   (used percent? "Its use.")
   (total number? "MiB there are.")
   (pages number? "Pages a second, in and out."))
  (every "1m")
  (sample
   (let* ((meminfo (file-text (string-append proc "/meminfo")))
          (total (number-of meminfo "SwapTotal: +"))
          (free (number-of meminfo "SwapFree: +"))
          (used (if (zero? total) 0 (round-to 1 (/ (* 100 (- total free)) total))))
          (vmstat (file-text (string-append proc "/vmstat")))
          (pages (round-to 1 (or (rate "pages" (+ (number-of vmstat "pswpin ")
                                                  (number-of vmstat "pswpout ")))
                                 0))))
     (report #:state (worst (grade used warn fail #:slack slack #:as "used")
                            (grade pages pages-warn pages-fail #:slack (/ pages 10)
                                   #:as "pages"))
             #:summary (if (zero? total)
                           "no swap space"
                           (string-append (number->string used) " % of "
                                          (number->string (quotient total 1024)) " MiB used, "
                                          (number->string pages) " pages/s"))
             #:fields `((used . ,used) (total . ,(quotient total 1024)) (pages . ,pages)))))
  (receive (message)
    (if used
        `((store (swap-use ,(message-host message) ,(round-to 5 used))))
        '())))

(define (number-of text label)
  "Return the number behind LABEL, a regular expression, at the beginning of a line of TEXT."
  (let ((found (string-match (string-append "(^|\n)" label "([0-9]+)") text)))
    (if found
        (string->number (match:substring found 2))
        (cannot-watch "no " (string-trim-right label (char-set #\: #\space #\+)) " to be found"))))
