;;; memory-test.scm -- the monitor memory: what is left, and the waiting for it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "memory"
  (with-temporary-directory (proc)
    (define (memory-is available . stall)
      (write-tree! proc `(("meminfo" . ,(string-append
                                         "MemTotal:       2048000 kB\nMemFree:          12000 kB\n"
                                         "MemAvailable: " (number->string available) " kB\n"))))
      (for-each (lambda (percent)
                  (write-tree! proc `(("pressure/memory"
                                       . ,(string-append "some avg10=0.00 avg60=" percent
                                                         " avg300=0.00 total=0\n"
                                                         "full avg10=0.00 avg60=0.00\n")))))
                stall))
    (define options `((proc . ,proc)))

    (memory-is 1024000)
    (test-equal "half of it is left; an old kernel knows no pressure"
      '((#f ok "1000 MiB of 2000 left" ((used . 50) (available . 1000) (total . 2000))))
      (sample-of "memory" options))
    (memory-is 1024000 "35.50")
    (test-equal "processes stand still"
      '((#f warn "1000 MiB of 2000 left, 35.5 % of the time waited for"
            ((used . 50) (available . 1000) (total . 2000) (stall . 35.5))))
      (sample-of "memory" options))
    (test-equal "full, fuller, and not empty enough to be well"
      '((warn) (fail) (warn) (ok))
      (states-of "memory" options
                 (lambda () (memory-is 184320 "0.00"))
                 (lambda () (memory-is 20480))
                 (lambda () (memory-is 225280))
                 (lambda () (memory-is 307200))))
    (test-equal "a kernel that does not say" '((#f unknown "no MemAvailable in meminfo" ()))
      (begin
        (write-tree! proc '(("meminfo" . "MemTotal: 1000 kB\n")))
        (sample-of "memory" options))))

  (test-equal "a coarse fact" '((store ("memory-use" "tux01" 45)))
    (received "memory" "memory" '((used . 47)))))
