;;; uptime.scm -- since when the machine runs, and that it was started anew
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors uptime)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-monitor uptime
  "Bark when the machine was started anew, for a while, or has run for too long."
  (options
   (calm duration? "15m" "Warn for so long after a start that followed another.")
   (longest duration? "400d" "Warn when it runs for longer: its kernel is an old one.")
   (proc string? "/proc" "Where the kernel tells of itself."))
  (fields
   (uptime number? "Seconds since its start.")
   (boot string? "The kernel's name for this start."))
  (every "1m")
  (sample
   (let* ((uptime (seconds (file-text (string-append proc "/uptime"))))
          (boot (string-trim-both
                 (file-text (string-append proc "/sys/kernel/random/boot_id"))))
          (again? (started-again? boot)))
     (report #:state (if (or (and again? (< (* 1000 uptime) (parse-duration calm)))
                             (> (* 1000 uptime) (parse-duration longest)))
                         'warn
                         'ok)
             #:summary (string-append (if again? "started anew " "runs since ")
                                      (duration->text (* 1000 uptime))
                                      (if again? " ago" ""))
             #:fields `((uptime . ,uptime) (boot . ,boot)))))
  (receive (message)
    (if boot `((store (boot ,(message-host message) ,boot))) '())))

(define (seconds uptime)
  "Return the whole seconds that UPTIME, the text of /proc/uptime (proc(5)), begins with."
  (match (string-tokenize uptime)
    (((= string->number (? real? seconds)) _ ...) (inexact->exact (floor seconds)))
    (_ (cannot-watch "not understood: " uptime))))

(define (started-again? boot)
  "Has this watch seen the machine before the start BOOT?"
  (let ((before (recall 'boot)))
    (unless (equal? boot before)
      (remember! 'again? (and before #t))
      (remember! 'boot boot))
    (recall 'again?)))
