;;; time-test.scm -- the monitor time: from the words of four clocks' keepers to a report
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(define (chrony offset leap)
  (string-append "C0A80001,192.0.2.1,3,1795335303.1," offset
                 ",0.000001,0.00002,-7.1,0.0,0.02,0.01,0.001,64.2," leap "\n"))

(run-tests "time"
  (define (sampled . programs)
    (with-programs programs (sample-of "time")))

  (test-equal "chrony: well"
    '((#f ok "synchronised, off by 0.0123 s, says chronyc"
          ((by . "chronyc") (synchronised . #t) (offset . 0.0123))))
    (sampled `("chronyc" . ,(chrony "0.012345678" "Normal"))))
  (test-equal "chrony: off, far off the other way, lost" '(warn fail fail)
    (map (lambda (offset leap)
           (cadr (car (sampled `("chronyc" . ,(chrony offset leap))))))
         '("0.2" "-2.5" "0.0") '("Normal" "Normal" "Not synchronised")))
  (test-equal "ntpd: milliseconds, and an alarm"
    '((#f ok "synchronised, off by -0.0031 s, says ntpq"
          ((by . "ntpq") (synchronised . #t) (offset . -0.0031)))
      (#f fail "NOT synchronised, off by 0.0 s, says ntpq"
          ((by . "ntpq") (synchronised . #f) (offset . 0.0))))
    (append (sampled '("ntpq" . "leap=00, offset=-3.125\n"))
            (sampled '("ntpq" . "leap=11, offset=+0.000\n"))))
  (test-equal "OpenNTPD"
    '((#f ok "synchronised, says ntpctl" ((by . "ntpctl") (synchronised . #t)))
      (#f fail "NOT synchronised, off by 0.1 s, says ntpctl"
          ((by . "ntpctl") (synchronised . #f) (offset . 0.1))))
    (append (sampled '("ntpctl" . "4/4 peers valid, clock synced, stratum 3\n"))
            (sampled '("ntpctl" . "4/4 peers valid, clock unsynced, clock offset is 100.000ms\n"))))
  (test-equal "systemd, where the first is silent"
    '((#f ok "synchronised, says timedatectl" ((by . "timedatectl") (synchronised . #t))))
    (sampled '("chronyc" . (1 "" "506 Cannot talk to daemon\n"))
             '("timedatectl" . "NTPSynchronized=yes\n")))
  (test-equal "nobody answers, nobody is there"
    '((#f unknown "chronyc: 506 Cannot talk to daemon" ())
      (#f unknown "neither chronyc nor ntpq nor ntpctl nor timedatectl is here" ()))
    (append (sampled '("chronyc" . (1 "" "506 Cannot talk to daemon\n"))) (sampled)))
  (test-equal "other words" '((#f unknown "not understood from chronyc: moo" ()))
    (sampled '("chronyc" . "moo")))
  (test-equal "who keeps the clock is a fact" '((store ("clock" "tux01" "chronyc")))
    (received "time" "time" '((by . "chronyc")))))
