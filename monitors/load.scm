;;; load.scm -- how many processes want to run, for each core
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors load)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor load
  "Bark when more processes want to run than the cores of this machine can serve."
  (options
   (warn limit? 2 "Warn above this load of each core, the mean of five minutes.")
   (fail limit? 5 "Fail above it.")
   (slack number? 0.25 "Leave a state only when better by so much.")
   (proc string? "/proc" "Where the kernel tells of itself."))
  (fields
   (load number? "The mean of five minutes.")
   (cores integer? "How many cores there are.")
   (per-core number? "The load of each core."))
  (every "1m")
  (sample
   (let* ((load (five-minutes (file-text (string-append proc "/loadavg"))))
          (cores (count core? (file-lines (string-append proc "/stat"))))
          (per-core (/ load (max 1 cores))))
     (report #:state (grade per-core warn fail #:slack slack #:as "load")
             #:summary (string-append "load " (number->string load) " on "
                                      (plural cores "core"))
             #:fields `((load . ,load) (cores . ,cores)
                        (per-core . ,(round-to 0.01 per-core))))))
  (receive (message)
    (if per-core
        `((store (load-per-core ,(message-host message) ,(round-to 0.5 per-core))))
        '())))

(define (five-minutes loadavg)
  "Return the second number of LOADAVG, the text of /proc/loadavg (proc(5))."
  (match (string-tokenize loadavg)
    ((one (= string->number (? real? five)) _ ...) five)
    (_ (cannot-watch "not understood: " loadavg))))

(define (core? line)
  "Is LINE of /proc/stat about one core, as `cpu0 ...'?"
  (and (string-prefix? "cpu" line)
       (> (string-length line) 3)
       (char-numeric? (string-ref line 3))))
