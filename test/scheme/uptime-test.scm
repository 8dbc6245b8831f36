;;; uptime-test.scm -- since when a machine is up
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog uptime))

(run-tests "uptime"
  (test-equal "the first number of /proc/uptime, in ms; what is none is not believed"
    '(350735470 12000 #f #f #f)
    (map parse-uptime '("350735.47 234388.90" "12 3" "" "up 3 days" "1e999999 2")))
  (test-equal "a machine that does not tell"
    #f
    (uptime "/nonexistent/uptime")))
