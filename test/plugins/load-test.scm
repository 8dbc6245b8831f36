;;; load-test.scm -- the monitor load: from /proc to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "load"
  (with-temporary-directory (proc)
    (define (load-is text)
      (write-tree! proc `(("loadavg" . ,text)
                          ("stat" . "cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n"))))
    (define options `((proc . ,proc)))

    (load-is "3.00 2.51 1.00 2/300 4711\n")
    (test-equal "the load of each core"
      '((#f ok "load 2.51 on 2 cores" ((load . 2.51) (cores . 2) (per-core . 1.25))))
      (sample-of "load" options))
    (test-equal "it wobbles without barking, and ends only when better by the slack"
      '((ok) (warn) (warn) (ok) (fail))
      (states-of "load" options
                 (const #t)
                 (lambda () (load-is "9 4.1 9 1/2 3"))
                 (lambda () (load-is "9 3.9 9 1/2 3"))
                 (lambda () (load-is "9 3.4 9 1/2 3"))
                 (lambda () (load-is "9 10.1 9 1/2 3"))))
    (test-equal "a file that says something else" '((#f unknown "not understood: moo" ()))
      (begin
        (load-is "moo")
        (sample-of "load" options)))
    (test-equal "none" `((#f unknown ,(string-append "cannot read " proc
                                                     "/loadavg: No such file or directory")
                             ()))
      (begin
        (delete-file (string-append proc "/loadavg"))
        (sample-of "load" options))))

  (test-equal "a coarse fact" '((store ("load-per-core" "tux01" 1.5)))
    (received "load" "load" '((per-core . 1.3))))
  (test-equal "of a stranger's message there is none" '() (received "load" "load" '())))
