;;; monitors-test.scm -- monitors listed, described, tried, begun
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command monitors)
             (sheepdog monitor)
             (sheepdog plugins)
             ((sheepdog sample) #:select (report-message))
             (sheepdog test)
             (sheepdog view document)
             (sheepdog view monitors)
             (ice-9 textual-ports))

(define-monitor sample
  "Bark when a file system is fuller than it should be."
  (options
   (mount string? "/" "The file system to watch.")
   (warn integer? 85 "Warn above this use."))
  (fields
   (used integer? "Its use."))
  (every "5m")
  (sample
   (report #:tag (string-append "disk " mount) #:state 'warn
           #:summary (string-append mount " \x1b")
           #:fields `((used . ,(+ 1 warn)))
           #:facts '(("ram" 4096)))))

(define-monitor judging "Judge." (judge (outcome) (report #:state 'ok)))

(define %sample (monitor-ref 'sample))

(run-tests "monitors"
  (test-equal "the list: what each does, and those that are broken"
    '("judging  judges commands      Judge."
      "sample   sampled every 5 min  Bark when a file system is fuller than it should…"
      "worse    broken               worse.scm:1:1: error: no define-monitor")
    (list-lines (list (monitor-row "judging" (monitor-ref 'judging) #f)
                      (monitor-row "sample" %sample #f)
                      (monitor-row "worse" #f "worse.scm:1:1: error: no define-monitor"))))

  (test-equal "a description: options, fields, an entry to copy"
    '("sample: sampled every 5 min"
      "  Bark when a file system is fuller than it should be."
      "options, their defaults, what they want"
      "  mount  \"/\"  a string        The file system to watch."
      "  warn   85   a whole number  Warn above this use."
      "fields of its messages"
      "  used  a whole number  Its use."
      "in the configuration"
      "  (watch sample (mount \"/\") (warn 85))")
    (list-head (describe-lines %sample) 9))

  (test-equal "the same for programs"
    '((name . judging) (doc . "Judge.") (does . "judges commands") (every . null)
      (options . #()) (fields . #()))
    (let ((object (document->json (monitor-object (monitor-ref 'judging)))))
      (list-head object 6)))

  (test-group "try"
    (test-equal "a value is what the option wants"
      '((mount . "/x") (warn . 90) (mount . "90"))
      (map (lambda (text) (option-value %sample text)) '("mount=/x" "warn=90" "mount=90")))
    (test-equal "yes and no, and lists, where those are wanted"
      '((trust . #f) (follow . #t) (running "nginx" "sshd") (word . "no"))
      (list (option-value (load-monitor "web") "trust=no")
            (option-value (load-monitor "web") "follow=yes")
            (option-value (load-monitor "service") "running=nginx,sshd")
            (option-value (load-monitor "web") "word=no")))
    (test-raises "no value" 'usage "'mount' is no OPTION=VALUE"
      (option-value %sample "mount"))
    (test-raises "no such option" 'usage "unknown option 'wran' of monitor 'sample'"
      (option-value %sample "wran=1"))
    (test-raises "a value of the wrong kind" 'usage
      "'warn' of monitor 'sample' wants a whole number, got \"high\""
      (option-value %sample "warn=high"))
    (test-equal "what it says"
      '("^ disk /x  warn  /x \\x1b;"
        "  used  91"
        "  fact  (\"ram\" 4096)")
      (message-lines (map (lambda (report) (report-message %sample report "web1" 5000))
                          (call-sample %sample '((mount . "/x") (warn . 90))))))
    (test-equal "what a program says in JSON, and what it left"
      '("! a  FAIL  x"
        "  fact    (\"ram\" 4096)"
        "  status  2"
        "  stdout  one\\x0a;two"
        "  stderr  why")
      (message-lines '(((tag . "a") (state . "fail") (summary . "x") (facts . #(#("ram" 4096)))
                        (outcome . ((status . 2) (stdout . "one\ntwo\n") (stderr . "why")))))))
    (test-equal "and what it would send"
      '(((v . 1) (time . 5) (host . "web1") (monitor . "sample") (tag . "disk /")
         (state . warn) (summary . "/ \x1b") (fields . ((used . 86)))
         (facts . #(#("ram" 4096)))))
      (map (lambda (report) (report-message %sample report "web1" 5000))
           (call-sample %sample '()))))

  (test-group "new"
    (with-temporary-directory (directory)
      (write-new! (string-append directory "/monitors/fresh.scm")
                  (monitor-template "fresh"))
      (test-equal "what is begun can be loaded and sampled at once"
        '(fresh (ok))
        (parameterize ((%plugin-path
                        `(("monitors" ,(string-append directory "/monitors")))))
          (let ((monitor (load-monitor "fresh")))
            (list (monitor-name monitor)
                  (map report-state
                       (call-sample monitor `((directory . ,directory))))))))
      (test-raises "what is there already is left alone" 'usage
        (lambda (text) (string-suffix? "fresh.scm is there already" text))
        (write-new! (string-append directory "/monitors/fresh.scm") "x")))
    (test-assert "its test can be read"
      (call-with-input-string (test-template "fresh")
        (lambda (port)
          (let loop ((forms 0))
            (if (eof-object? (read port)) (= forms 2) (loop (+ forms 1)))))))))
