;;; uptime-test.scm -- the monitor uptime: a start that follows another is told for a while
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "uptime"
  (with-temporary-directory (proc)
    (define (runs seconds boot)
      (write-tree! proc `(("uptime" . ,(string-append (number->string seconds) " 9.9\n"))
                          ("sys/kernel/random/boot_id" . ,(string-append boot "\n")))))
    (define options `((proc . ,proc)))

    (runs 60.5 "aaa")
    (test-equal "a start that is the first one known is no news"
      '((#f ok "runs since 60 s" ((uptime . 60) (boot . "aaa"))))
      (sample-of "uptime" options))
    (test-equal "another one is, for a quarter of an hour"
      '(((#f ok "runs since 100 s" ((uptime . 100) (boot . "aaa"))))
        ((#f warn "started anew 30 s ago" ((uptime . 30) (boot . "bbb"))))
        ((#f warn "started anew 90 s ago" ((uptime . 90) (boot . "bbb"))))
        ((#f ok "started anew 15 min ago" ((uptime . 900) (boot . "bbb")))))
      (samples-of "uptime" options
                  (lambda () (runs 100 "aaa"))
                  (lambda () (runs 30 "bbb"))
                  (lambda () (runs 90 "bbb"))
                  (lambda () (runs 900.1 "bbb"))))
    (test-equal "a kernel of last year" '((warn))
      (begin
        (runs 36000000 "aaa")
        (states-of "uptime" options (const #t))))
    (test-equal "a file that says something else" '((#f unknown "not understood: moo" ()))
      (begin
        (write-tree! proc '(("uptime" . "moo")))
        (sample-of "uptime" options))))

  (test-equal "this machine's kernel has a name for its start" #t
    (string? (assq-ref (list-ref (car (sample-of "uptime")) 3) 'boot)))
  (test-equal "each start is a fact" '((store ("boot" "tux01" "bbb")))
    (received "uptime" "uptime" '((boot . "bbb")))))
