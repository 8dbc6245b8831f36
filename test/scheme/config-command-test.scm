;;; config-command-test.scm -- `sheepdog config': what it prints and how it ends
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command config)
             (sheepdog config)
             (sheepdog config check)
             (sheepdog config import)
             (sheepdog config sample)
             (sheepdog config show)
             (sheepdog config spec)
             (sheepdog config types)
             (sheepdog test)
             (ice-9 match)
             (ice-9 regex)
             (srfi srfi-1))

(define %common '((config . #f) (format . text) (verbose . 0) (color . never)))

(define* (answer arguments #:optional (common %common))
  "Return (STATUS LINE...) of `sheepdog config' with ARGUMENTS."
  (let* ((status #f)
         (text (with-output-to-string
                 (lambda ()
                   (with-error-to-port (current-output-port)
                     (lambda () (set! status (run arguments common))))))))
    (cons status (string-split (string-trim-right text #\newline) #\newline))))

(define (call-with-file content proc)
  "Call PROC with the name of a file, mode 600, that has CONTENT."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/test.conf")))
      (call-with-output-file file (lambda (port) (display content port)))
      (chmod file #o600)
      (proc file directory))))

(define* (answer-on content arguments #:optional (common %common))
  "Return the same of ARGUMENTS and a file with CONTENT behind them; its directory is left out."
  (call-with-file content
    (lambda (file directory)
      (map (lambda (part)
             (if (string? part)
                 (regexp-substitute/global #f (string-append (regexp-quote directory) "/")
                                           part 'pre 'post)
                 part))
           (answer (append arguments (list file)) common)))))

(define (misfit-in? value)
  (if (list? value) (any misfit? value) (misfit? value)))

(define (import-text json)
  (call-with-values (lambda () (import-ancestor json)) list))

(run-tests "config command"
  (test-group "check"
    (test-equal "a good file"
      '(0 "0 errors, 0 warnings")
      (answer-on "(config (host \"a\"))" '("check")))
    (test-equal "a file with warnings only"
      '(1 "test.conf:1:9: warning: 'require-signature' is checked but has no effect in this version"
          "0 errors, 1 warning")
      (answer-on "(config (require-signature yes))" '("check")))
    (test-equal "the sample of the manual"
      '(2 "test.conf:3:3: error: unknown key 'hots'" "hint: did you mean 'host'?"
          "test.conf:4:8: error: 'port' wants a number from 1 to 65535, got \"7777\""
          "hint: write it without quotes: (port 7777)"
          "2 errors, 0 warnings")
      (answer-on "(config\n\n (hots \"a\")\n (port \"7777\"))" '("check")))
    (test-assert "as JSON"
      (match (answer-on "(config (prot 1))" '("check") (acons 'format 'json %common))
        ((2 line)
         (and (string-prefix? "{\"sheepdog\":\"config-check\",\"version\":0," line)
              (string-contains line "\"line\":1,\"column\":10,\"severity\":\"error\",\"text\":\"unknown key 'prot'\",\"hint\":\"did you mean 'port'?\""))))))

  (test-group "new"
    (for-each
     (match-lambda
       ((kind . text)
        (test-equal (string-append "the configuration of a " kind " is good as it is")
          '(0 "0 errors, 0 warnings")
          (answer-on text '("check")))
        (test-equal (string-append "a " kind " is printed whole")
          (cons 0 (string-split (string-trim-right text #\newline) #\newline))
          (answer (list "new" kind)))))
     samples)
    (test-equal "a client is meant where nothing is said"
      (answer '("new" "client")) (answer '("new"))))

  (test-group "show"
    (test-equal "what is written comes first, without its secrets"
      '(0
        "(config"
        " (redis (host \"a\") (password \"***\"))             ;test.conf:1"
        " (mailto \"a@b\")                                  ;test.conf:2")
      (match (answer-on "(config (redis (host \"a\") (password . \"geheim\"))\n (mailto . \"a@b\"))"
                        '("show"))
        ((status . lines)
         (cons status (take (member "(config" lines) 3)))))
    (test-assert "then what holds by default"
      (member " (heartbeat \"5m\")                                ;by default"
              (answer-on "(config)" '("show"))))
    (test-equal "what is shown is a configuration again"
      '(0 "0 errors, 0 warnings")
      (match (answer-on "(config (host \"a\") (log syslog (level debug)))" '("show"))
        ((0 . lines)
         (match (answer-on (string-join (remove (lambda (line)
                                                  (string-contains line ";by default"))
                                                lines)
                                        "\n")
                           '("check"))
           (result result))))))

  (test-group "keys"
    (test-equal "every key has a line of 80 columns at most"
      '()
      (filter (lambda (line) (> (string-length line) 80)) (keys->lines)))
    (test-equal "all of one key"
      '(0 "(spool FILE? OPTION...)"
          "The directory where messages wait for the queue."
          "  (max-size SIZE)             Its size at most; then the least important go."
          "                              [\"64MiB\"]"
          "  (max-messages N)            How many messages at most. [100000]"
          "  (resend DURATION)           Send again what the server has not committed by"
          "                              then. [\"10m\"]")
      (answer '("keys" "spool")))
    (test-raises "a key that is none"
      'usage "unknown key 'hots'"
      (answer '("keys" "hots")))
    (test-equal "every default is a value of its key"
      '()
      (let check ((specs config-keys))
        (append-map (lambda (spec)
                      (append (if (misfit-in? (default-value spec))
                                  (list (spec-name spec))
                                  '())
                              (check (spec-options spec))))
                    specs))))

  (test-group "import"
    (test-equal "the ancestor's object of hosts"
      '("(config\n (redis (host \"tux02\") (password \"x\"))\n )\n" ())
      (import-text '((tux02 . ((password . "x"))))))
    (test-equal "further hosts are comments"
      '("(config\n (redis (host \"a\") (password \"x\"))\n ;(redis (host \"b\") (password \"y\"))\n )\n"
        ())
      (import-text '((a . ((password . "x"))) (b . ((password . "y"))))))
    (test-equal "redis with host, port and password"
      '("(config\n (redis (host \"h\") (port 7777) (password \"x\"))\n )\n" ("verbose"))
      (import-text '((redis . ((host . "h") (port . 7777) (password . "x"))) (verbose . #t))))
    (test-equal "a file of the ancestor"
      '(0 "(config" " (redis (host \"localhost\") (port 6377))" " )")
      (answer-on "{\"redis\": {\"host\": \"localhost\", \"port\": 6377}}" '("import")))
    (test-raises "a file that is not there"
      'usage "cannot read /none/x: No such file or directory"
      (answer '("import" "/none/x")))
    (test-raises "a file that is no JSON"
      'usage (lambda (text) (string-contains text "test.conf:1:"))
      (answer-on "(config)" '("import")))))
