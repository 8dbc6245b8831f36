;;; network-test.scm -- the monitor network: from a /sys of the test's own, and ip's words
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(define %addresses "[{\"ifname\":\"lo\",\"addr_info\":[{\"local\":\"127.0.0.1\",\"scope\":\"host\"}]},
 {\"ifname\":\"eth0\",\"addr_info\":[{\"local\":\"192.0.2.7\",\"scope\":\"global\"}]},{\"ifname\":\"x\"}]")

(run-tests "network"
  (with-temporary-directory (sys)
    (define* (interface! name state #:key (errors 0) (bytes 0))
      (let ((file (lambda (path) (string-append "class/net/" name "/" path))))
        (write-tree! sys `((,(file "operstate") . ,(string-append state "\n"))
                           (,(file "statistics/rx_errors") . ,(number->string errors))
                           (,(file "statistics/tx_errors") . "0\n")
                           (,(file "statistics/rx_bytes") . ,(number->string bytes))
                           (,(file "statistics/tx_bytes") . "0\n")))))
    (define (device! name)
      (write-tree! sys `((,(string-append "class/net/" name "/device/vendor") . "0x8086\n"))))
    (define options `((sys . ,sys)))
    (define (told name state summary link . in)
      `(,(string-append "network " name) ,state ,summary
        ((interface . ,name) (link . ,link) (errors . ,(if (null? in) 0.0 (cadr in)))
         (in . ,(if (null? in) 0 (car in))) (out . 0))))

    (interface! "eth0" "up")
    (device! "eth0")
    (interface! "eth1" "down")
    (device! "eth1")
    (interface! "docker0" "up")
    (test-equal "devices that are up; neither a bridge nor a card without a cable"
      (list (told "eth0" 'ok "eth0 is up" "up"))
      (sample-of "network" options))
    (test-equal "one that is named is to be there"
      (list (told "eth1" 'fail "eth1 is down" "down") (told "eth9" 'fail "eth9 is gone" "gone"))
      (append (sample-of "network" `((interface . "eth1") ,@options))
              (sample-of "network" `((interface . "eth9") ,@options))))
    (test-equal "traffic, errors, a cable pulled"
      `((,(told "eth0" 'ok "eth0 is up" "up"))
        (,(told "eth0" 'warn "eth0 is up, 2.0 errors/s" "up" 100 2.0))
        (,(told "eth0" 'fail "eth0 is down" "down" 0 0.0)))
      (samples-of "network" options
                  (const #t)
                  (lambda () (interface! "eth0" "up" #:errors 120 #:bytes 6000))
                  (lambda () (interface! "eth0" "down" #:errors 120 #:bytes 6000))))
    (interface! "eth0" "up")
    (test-equal "addresses that it has, and lacks"
      (list (told "eth0" 'ok "eth0 is up" "up")
            (told "eth0" 'fail "eth0 is up, without 192.0.2.8" "up"))
      (with-programs `(("ip" . ,%addresses))
        (append (sample-of "network" `((addresses "192.0.2.7") ,@options))
                (sample-of "network" `((addresses "192.0.2.7" "192.0.2.8") ,@options)))))
    (test-equal "without ip" '((#f unknown "ip is not installed" ()))
      (with-programs '() (sample-of "network" `((addresses "192.0.2.7") ,@options)))))

  (test-equal "its link is a fact" '((store ("link" "tux01" "eth0" "up")))
    (received "network" "network eth0" '((interface . "eth0") (link . "up")))))
