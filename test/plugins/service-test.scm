;;; service-test.scm -- the monitor service: systemd's words, and a Shepherd of the test's own
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test)
             (ice-9 match)
             (ice-9 threads))

(define* (unit name active sub #:key (id "1") (restarts 0) (result "success") (load "loaded"))
  (string-append "Id=" name ".service\nLoadState=" load "\nActiveState=" active "\nSubState=" sub
                 "\nResult=" result "\nNRestarts=" (number->string restarts)
                 "\nMainPID=17\nInvocationID=" id "\n"))

(define* (shepherd-service name status #:key (enabled? #t) (changes '()) (failures '()))
  `(service (version 0) (provides (,name)) (requires ()) (respawn? #t) (docstring "D.")
            (enabled? ,enabled?) (running ,(if (eq? status 'running) 17 #f)) (conflicts ())
            (last-respawns ()) (status-changes ,changes) (startup-failures ,failures)
            (status ,status)))

(define (call-with-shepherd answer proc)
  "Call PROC with the socket of a Shepherd that gives ANSWER to each question, and keeps connections."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/socket"))
          (server (socket PF_UNIX SOCK_STREAM 0)))
      (bind server (make-socket-address AF_UNIX file))
      (listen server 5)
      (let ((thread (call-with-new-thread
                     (lambda ()
                       (let loop ((clients '()))
                         (match (accept server)
                           ((client . _)
                            (match (read client)
                              (('shepherd-command ('version 0) ('action 'status) ('service 'root)
                                                  ('arguments ()) ('directory "/"))
                               (write (answer) client)
                               (force-output client)
                               (loop (cons client clients)))))))))))
        (dynamic-wind
          (const #t)
          (lambda () (proc file))
          (lambda ()
            (cancel-thread thread)
            (close-port server)))))))

(run-tests "service"
  (with-temporary-directory (directory)
    (define file (string-append directory "/units"))
    (define (units . texts)
      (write-tree! directory `(("units" . ,(string-join texts "\n")))))
    (define options `((systemd . ,directory) (shepherd . "/none")))
    (define-syntax-rule (with-systemd body ...)
      (with-programs `(("systemctl" . (run ,(string-append "exec /bin/cat " file)))) body ...))
    (define (told name state summary detail starts)
      `(,name ,state ,summary ((manager . "systemd") (detail . ,detail) (starts . ,starts))))

    (units (unit "nginx" "active" "running") (unit "old" "inactive" "dead")
           (unit "borg" "failed" "failed" #:result "exit-code")
           (unit "none" "inactive" "dead" #:load "not-found"))
    (test-equal "what failed is told of"
      (list (told "borg" 'fail "failed, failed, exit-code" "failed, failed, exit-code" 0))
      (with-systemd (sample-of "service" options)))
    (test-equal "and what is to run, does it or not"
      (list (told "nginx" 'ok "active, running" "active, running" 0)
            (told "old" 'fail "inactive, dead" "inactive, dead" 0)
            (told "borg" 'fail "failed, failed, exit-code" "failed, failed, exit-code" 0)
            '("sshd" fail "no such service" ()))
      (with-systemd (sample-of "service" `((running "nginx" "old" "sshd") ,@options))))
    (test-equal "but not what is of no interest" '()
      (with-systemd (sample-of "service" `((ignore "b*") ,@options))))
    (test-equal "a start is told of, too, and ends what somebody else has barked; flapping warns"
      `(() (,(told "nginx" 'ok "active, running, 1 start within an hour" "active, running" 1))
        () (,(told "nginx" 'fail "failed, failed, signal, 1 start within an hour"
                     "failed, failed, signal" 1))
        (,(told "nginx" 'ok "active, running, 2 starts within an hour" "active, running" 2))
        (,(told "nginx" 'ok "active, running, 3 starts within an hour" "active, running" 3))
        (,(told "nginx" 'warn "active, running, 4 starts within an hour" "active, running" 4))
        (,(told "nginx" 'ok "active, running" "active, running" 0)))
      (let ((runs (lambda* (id #:optional (restarts 0))
                    (lambda () (units (unit "nginx" "active" "running" #:id id
                                            #:restarts restarts))))))
        (with-systemd
          (samples-of "service" options
                      (runs "1") (runs "2") (runs "2")
                      (lambda () (units (unit "nginx" "failed" "failed" #:id "2"
                                              #:result "signal")))
                      (runs "3") (runs "3" 1) (runs "3" 2) 9000000))))
    (test-equal "systemd that does not answer"
      '((#f unknown "systemctl: exit status 1: Failed to connect to bus" ()))
      (with-programs '(("systemctl" . (1 "" "Failed to connect to bus\n")))
        (sample-of "service" options))))

  (test-group "Shepherd"
    (define (told name state summary detail starts)
      `(,name ,state ,summary ((manager . "shepherd") (detail . ,detail) (starts . ,starts))))
    (define answer #f)
    (define (say . services)
      (lambda ()
        (set! answer `(reply (version 0) (result (,services)) (error #f) (messages ())))))
    (call-with-shepherd (lambda () answer)
      (lambda (socket)
        (define options `((systemd . "/none") (shepherd . ,socket)))
        (test-equal "what was respawned too often, what did not start; and what starts again"
          `((,(told "nginx" 'fail "stopped, disabled" "stopped, disabled" 0)
             ,(told "ntpd" 'fail "stopped, did not start" "stopped, did not start" 0))
            (,(told "nginx" 'ok "running, 1 start within an hour" "running" 1)
             ,(told "ntpd" 'fail "stopped, did not start" "stopped, did not start" 0)))
          (samples-of "service" options
                      (say (shepherd-service 'nginx 'stopped #:enabled? #f)
                           (shepherd-service 'root 'running)
                           (shepherd-service 'ntpd 'stopped #:failures '(1795335000))
                           (shepherd-service 'cups 'stopped))
                      (say (shepherd-service 'nginx 'running
                                             #:changes '((running . 1795335350)))
                           (shepherd-service 'root 'running)
                           (shepherd-service 'ntpd 'stopped #:failures '(1795335000))
                           (shepherd-service 'cups 'stopped))))
        (test-equal "another answer" '((#f unknown "not understood from the Shepherd: (moo)" ()))
          (begin
            (set! answer '(moo))
            (sample-of "service" options))))))

  (test-equal "a machine with neither has nothing to tell, unless something is to run"
    '(() ((#f unknown "neither systemd nor the Shepherd is here" ())))
    (list (sample-of "service" '((systemd . "/none") (shepherd . "/none")))
          (sample-of "service" '((systemd . "/none") (shepherd . "/none") (running "nginx"))))))
