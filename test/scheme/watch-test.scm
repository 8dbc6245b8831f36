;;; watch-test.scm -- what a configuration has watched, and the plan that is handed on
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog duty)
             (sheepdog memories)
             (sheepdog plan)
             (sheepdog test)
             (sheepdog watch)
             (ice-9 match)
             (ice-9 textual-ports)
             (srfi srfi-1))

(define (call-with-config text proc)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/c.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (proc (read-config file) directory))))

(define (watches text)
  (call-with-config text
    (lambda (config directory)
      (map watch->datum (config->watches config)))))

(define (errors text)
  (call-with-config text
    (lambda (config directory)
      (map (lambda (problem) (list (problem-text problem) (problem-hint problem)))
           (config-problems config)))))

(run-tests "watch"
  (test-equal "a monitor with options, and what holds of every watch"
    '(("disk ((mount . \"/tmp\") (warn . 80)) as t" monitor "disk" ((mount . "/tmp") (warn . 80))
       900000 2000 "t" office))
    (watches "(config (window office (days mon-fri)) (watch disk (mount \"/tmp\") (warn 80)
 (every \"15m\") (timeout \"2s\") (tag \"t\") (during office)))"))
  (test-equal "programs, each in its manner"
    '(("raid (\"/bin/true\" \"x\")" command "raid" ("/bin/true" "x") 300000 10000 #f #f)
      ("web (\"check_http\")" nagios "web" ("check_http") 60000 10000 #f #f))
    (watches "(config (watch raid (command \"/bin/true\" \"x\"))
 (watch web (nagios \"check_http\") (every \"1m\")))"))
  (test-equal "an interval for all; what has one of its own keeps it"
    '(30000 60000)
    (map (match-lambda ((_ _ _ _ every . _) every))
         (watches "(config (every \"30s\") (watch disk) (watch web (nagios \"x\") (every \"1m\")))")))
  (test-equal "nothing said: the standard; and it may be said how often"
    '((#t 300000) (#t 1000))
    (map (lambda (text)
           (match (assoc "disk" (watches text))
             ((key kind name options every . _) (list #t every))))
         '("(config)" "(config (watch standard (every \"1s\")))")))
  (test-equal "none: nothing"
    '()
    (watches "(config (watch none))"))
  (test-equal "what is said twice is watched once"
    '("disk" "disk ((mount . \"/tmp\"))")
    (map car (watches "(config (watch disk) (watch disk (mount \"/tmp\")) (watch disk))")))

  (test-equal "who judges commands cannot watch"
    '(("monitor 'error' cannot be watched with: it is not sampled"
       "it judges commands: sheepdog -m error -e COMMAND"))
    (errors "(config (watch error))"))
  (test-equal "an option of one monitor is none of the standard"
    '(("unknown option 'mount' of 'watch standard'" #f))
    (errors "(config (watch standard (mount \"/\")))"))

  (test-equal "a plan and how far one has come are handed on as they are"
    #t
    (call-with-config "(config (name \"tux01\") (label \"rack\" \"B2\") (label \"prod\") (heartbeat \"1m\")
 (window night (time \"22:00-06:00\") (zone \"Europe/Berlin\") (except \"2026-12-25\"))
 (watch disk (during (not night))) (watch raid (command \"/bin/true\")))"
      (lambda (config directory)
        (let* ((settings (%settings->alist (%settings (config-file config))))
               (datum (plan->datum (config->plan config settings '("stderr" notice) "/run/x"))))
          (equal? datum
                  (plan->datum (datum->plan (call-with-input-string (object->string datum)
                                              read))))))))

  (test-group "what samples remember"
    (with-temporary-directory (directory)
      (let ((file (string-append directory "/watches/tux01")))
        (test-equal "nothing at first"
          '()
          (read-memories file))
        (test-equal "what was written, of those who are still watched"
          '(("disk (mount \"/a\")" (place . "/a\nb") (used . 5)) ("load"))
          (let ((keys '("disk (mount \"/a\")" "load")))
            (write-memories! file
                             (fold (match-lambda*
                                     (((key . memory) memories) (with-memory memories key memory)))
                                   '()
                                   '(("disk (mount \"/a\")" (place . "/a\nb") (used . 5))
                                     ("gone" (x . 1))))
                             keys)
            (map (lambda (key) (cons key (memory-of (read-memories file) key))) keys)))
        (test-assert "what is remembered as before changes nothing"
          (let ((memories (read-memories file)))
            (and (eq? memories (with-memory memories "load" '()))
                 (eq? memories (with-memory memories "disk (mount \"/a\")"
                                            '((place . "/a\nb") (used . 5)))))))
        (test-equal "nothing, where it was damaged"
          '(() () () () ())
          (let ((good (call-with-input-file file get-string-all)))
            (map (lambda (text)
                   (call-with-output-file file (lambda (port) (display text port)))
                   (memory-of (read-memories file) "disk (mount \"/a\")"))
                 (list "" "(watches 1 ((\"disk\"" "#<x>" (string-drop-right good 5)
                       (string-drop good 3)))))))))
