;;; memory.scm -- how much memory is left, and how long processes wait for it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors memory)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor memory
  "Bark when memory runs out, or when processes stand still since it is short."
  (options
   (warn percent-limit? 90 "Warn above this use; what the kernel can free at once is not used.")
   (fail percent-limit? 97 "Fail above it.")
   (slack percent? 2 "Leave a state only when better by so much.")
   (stall-warn percent-limit? 20 "Warn when some process waits for memory this part of a minute.")
   (stall-fail percent-limit? 60 "Fail then.")
   (proc string? "/proc" "Where the kernel tells of itself."))
  (fields
   (used percent? "Its use.")
   (available number? "MiB that are left.")
   (total number? "MiB there are.")
   (stall percent? "The part of a minute that some process waited."))
  (every "1m")
  (sample
   (let* ((meminfo (file-text (string-append proc "/meminfo")))
          (total (mebibytes meminfo "MemTotal"))
          (available (mebibytes meminfo "MemAvailable"))
          (used (round-to 1 (- 100 (/ (* 100 available) (max 1 total)))))
          (stall (stalled (existing-file (string-append proc "/pressure/memory")))))
     (report #:state (worst (grade used warn fail #:slack slack #:as "used")
                            (grade (or stall 0) stall-warn stall-fail #:slack slack
                                   #:as "stall"))
             #:summary (string-append (number->string available) " MiB of "
                                      (number->string total) " left"
                                      (if (and stall (>= stall 1))
                                          (string-append ", " (number->string stall)
                                                         " % of the time waited for")
                                          ""))
             #:fields `((used . ,used) (available . ,available) (total . ,total)
                        ,@(if stall `((stall . ,stall)) '())))))
  (receive (message)
    (if used
        `((store (memory-use ,(message-host message) ,(round-to 5 used))))
        '())))

(define (mebibytes meminfo name)
  "Return the MiB that MEMINFO, the text of /proc/meminfo (proc(5)), has under NAME."
  (let ((found (string-match (string-append "(^|\n)" name ": +([0-9]+) kB") meminfo)))
    (if found
        (quotient (string->number (match:substring found 2)) 1024)
        (cannot-watch "no " name " in meminfo"))))

(define (stalled file)
  "Return the percentage of the last minute that some process waited, as FILE, pressure stall
information, says (Documentation/accounting/psi.rst in Linux); #f if there is none."
  ;; With psi=0 the file is there, and reading it fails.
  (let ((found (and file
                    (string-match "some avg10=[0-9.]+ avg60=([0-9.]+)"
                                  (catch 'sheepdog-error
                                    (lambda () (file-text file))
                                    (const ""))))))
    (and found (string->number (match:substring found 1)))))
