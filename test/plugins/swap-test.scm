;;; swap-test.scm -- the monitor swap: how full, how busy
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "swap"
  (with-temporary-directory (proc)
    (define* (swap-is total free pages #:optional (out 10))
      (write-tree! proc `(("meminfo" . ,(format #f "MemTotal: 5 kB\nSwapTotal:   ~a kB\nSwapFree:    ~a kB\n"
                                                total free))
                          ("vmstat" . ,(format #f "nr_free_pages 7\npswpin ~a\npswpout ~a\n"
                                                pages out)))))
    (define options `((proc . ,proc)))

    (swap-is 0 0 0)
    (test-equal "none at all is fine"
      '((#f ok "no swap space" ((used . 0) (total . 0) (pages . 0))))
      (sample-of "swap" options))
    (swap-is 1024000 204800 0)
    (test-equal "fuller than 60 %"
      '((#f warn "80 % of 1000 MiB used, 0 pages/s" ((used . 80) (total . 1000) (pages . 0))))
      (sample-of "swap" options))
    (test-equal "pages go to and fro" '((ok) (warn) (fail) (ok) (warn))
      (states-of "swap" options
                 (lambda () (swap-is 1024000 1024000 5))
                 (lambda () (swap-is 1024000 1024000 120005))
                 (lambda () (swap-is 1024000 1024000 1920005))
                 (const #t)
                 (lambda () (swap-is 1024000 1024000 1920005 120010))))
    (test-equal "a kernel without it" '((#f unknown "no pswpin to be found" ()))
      (begin
        (write-tree! proc '(("vmstat" . "")))
        (sample-of "swap" options))))

  (test-equal "a coarse fact" '((store ("swap-use" "tux01" 80)))
    (received "swap" "swap" '((used . 81)))))
