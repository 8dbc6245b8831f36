;;; process-test.scm -- the monitor process: from a /proc of the test's own to a report
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(run-tests "process"
  (with-temporary-directory (proc)
    (define* (run! pid name start #:key (state "S") (pages 256) (command name))
      (write-tree! proc
                   `((,(string-append pid "/stat")
                      . ,(string-append pid " (" name ") " state
                                        " 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 "
                                        (number->string start) " 1000 " (number->string pages)
                                        " 1844 1 1 0 0 0 0 0\n"))
                     (,(string-append pid "/cmdline")
                      . ,(string-map (lambda (c) (if (char=? c #\space) #\nul c)) command)))))
    (define options `((proc . ,proc)))
    (define (verdict . more)
      (sample-of "process" (append more options)))

    (test-equal "an empty tree" `((#f unknown ,(string-append "no processes in " proc) ()))
      (sample-of "process" options))
    (run! "17" "nginx" 100 #:command "nginx: master process /usr/sbin/nginx")
    (run! "18" "nginx" 110 #:command "nginx: worker process" #:pages 512)
    (run! "19" "tricky) R (name" 90)
    (run! "20" "zombie" 95 #:state "Z" #:pages 0)
    (write-tree! proc '(("21/odd" . "") ("uptime" . "5")))

    (test-equal "those of a name"
      '(("process nginx" ok "2 processes, 3 MiB"
         ((count . 2) (memory . 3) (restarts . 0) (zombies . 0))))
      (verdict '(name . "nginx")))
    (test-equal "of a command line" '(("process master.*nginx" ok "1 process, 1 MiB"
                                      ((count . 1) (memory . 1) (restarts . 0) (zombies . 0))))
      (verdict '(command-line . "master.*nginx")))
    (test-equal "a name with parentheses" '(ok)
      (map cadr (verdict '(name . "tricky) R (name"))))
    (test-equal "none, too many, too large" '(fail fail warn)
      (map cadr (append (verdict '(name . "apache2"))
                        (verdict '(name . "nginx") '(count . "0:1"))
                        (verdict '(name . "nginx") '(memory-warn . "2MiB")))))
    (test-equal "all of them, and the zombies"
      '(("process" warn "3 processes, 4 MiB, 1 zombie"
         ((count . 3) (memory . 4) (restarts . 0) (zombies . 1))))
      (verdict '(zombies . 0)))
    (test-equal "a user that is none" '((#f unknown "no user nobody-of-us" ()))
      (verdict '(user . "nobody-of-us")))
    (test-equal "a worker that is new is no restart; all of them new are, three in an hour too many"
      '(((ok) (ok) (ok) (ok) (warn)) 3)
      (let* ((again! (lambda (start)
                       (lambda ()
                         (run! "17" "nginx" start) (run! "18" "nginx" (+ start 1)))))
             (steps (list (const #t) (lambda () (run! "18" "nginx" 500))
                          (again! 600) (again! 700) (again! 800)))
             (nginx `((name . "nginx") ,@options)))
        (list (apply states-of "process" nginx steps)
              (assq-ref (list-ref (car (list-ref (apply samples-of "process" nginx
                                                        (cons (again! 100) (cdr steps)))
                                                 4))
                                  3)
                        'restarts)))))

  (test-equal "this process is there" '(ok)
    (map cadr (sample-of "process" '((name . "sheepdog-guile")))))
  (test-equal "how many is a fact" '((store ("processes" "tux01" "process nginx" 2)))
    (received "process" "process nginx" '((count . 2)))))
