;;; daemon-test.scm -- the heartbeat of sheepdog-daemon, and where daemons log
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog beat)
             (sheepdog command daemon)
             (sheepdog config)
             (sheepdog core)
             (sheepdog log)
             (sheepdog message)
             (sheepdog test)
             (ice-9 receive)
             (rnrs bytevectors))

(define (call-with-config text proc)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/c.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (proc (read-config file)))))

(define* (target text #:key where (verbose 0) terminal?)
  (call-with-config text
    (lambda (config)
      (receive (where level)
          (log-target config #:where where #:verbose verbose #:terminal? terminal?)
        (list where level)))))

(run-tests "daemon"
  (test-equal "while a backlog moves it goes on at once"
    1000
    (next-drain 1000 200 #t 0.5))
  (test-equal "a queue that is away is tried again within six seconds, each machine at its own time"
    '(4000 5500 7000)
    (map (lambda (random) (next-drain 1000 #f #t random)) '(0 1/2 1)))
  (test-equal "so is a server that takes nothing"
    5500
    (next-drain 1000 0 #t 1/2))
  (test-equal "with nothing to send it is quiet for a minute"
    '(61000 61000)
    (list (next-drain 1000 0 #f 0.5) (next-drain 1000 #f #f 0.5)))
  (test-equal "but looks whether somebody left something"
    '(6000 59999 61000 61000)
    (map (lambda (clock) (look-at clock 61000)) '(1000 54999 55000 60000)))

  (test-equal "a heartbeat is ok, and declares its own expectation"
    '("h" "PING" ping ok 900000 86400)
    (let ((message (bytes->message
                    (string->utf8
                     (%json-write (heartbeat-message "h" 300000 86400000 1795335303000)))
                    1 1795335303000 #f)))
      (list (message-host message) (message-tag message) (message-kind message)
            (message-state message) (message-every message)
            (message-field message 'uptime))))

  (test-equal "labels are facts, and the whole truth"
    '((v . 1) (time . 1) (host . "h") (monitor . "message") (tag . "sheepdog labels") (kind . log)
      (summary . "rack B2, production")
      (facts . #(#("label" "rack" "B2") #("label" "production" "")))
      (replaces . #("label")))
    (label-message "h" '(("rack" "B2") ("production" "")) 1000))
  (test-equal "to have none is a truth, too"
    '((replaces . #("label")))
    (filter (lambda (pair) (memq (car pair) '(facts replaces))) (label-message "h" '() 1000)))

  (test-equal "the log of a daemon goes to syslog, on a terminal to stderr"
    '(("syslog" notice) ("stderr" notice))
    (list (target "(config)") (target "(config)" #:terminal? #t)))
  (test-equal "or where the configuration says, or the command line"
    '(("/var/log/x" warning) ("stderr" notice) ("./y" warning))
    (list (target "(config (log \"/var/log/x\" (level warning)))")
          (target "(config (log stderr))")
          (target "(config (log \"/var/log/x\" (level warning)))" #:where "./y")))
  (test-equal "-v tells more, -vv all"
    '(("syslog" info) ("syslog" debug) ("syslog" debug))
    (list (target "(config)" #:verbose 1)
          (target "(config)" #:verbose 2)
          (target "(config (log syslog (level debug)))" #:verbose 1))))
