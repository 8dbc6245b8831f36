;;; logs-test.scm -- the monitor logs: real files that grow, turn, shrink; journalctl's words
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test)
             (ice-9 match))

(run-tests "logs"
  (define (lines-of reports)
    (match reports
      (((_ state _ fields)) (cons* state (assq-ref fields 'lines) (assq-ref fields 'kinds)))))

  (with-temporary-directory (directory)
    (define (in name) (string-append directory "/" name))
    (define file (in "app.log"))
    (define (add! name . lines)
      (let ((port (open-file (in name) "a")))
        (for-each (lambda (line) (display line port)) lines)
        (close-port port)))
    (define options `((file . ,file) (pattern . "error|user ([a-z]+)")))
    (test-equal "a file that is not there"
      `((,(string-append "logs " file) unknown
         ,(string-append "cannot read " file ": No such file or directory") ()))
      (sample-of "logs" options))
    (add! "app.log" "an error of yesterday\n")
    (test-equal "what is old does not count; what comes does, for a while"
      `(((,(string-append "logs " file) ok "no such line" ((lines . 0) (kinds) (last . ""))))
        ((,(string-append "logs " file) warn "2 lines: an Error b"
          ((lines . 2) (kinds (#{}# . 2)) (last . "an Error b"))))
        ((,(string-append "logs " file) ok "no such line"
          ((lines . 0) (kinds) (last . "an Error b")))))
      (samples-of "logs" options
                  0
                  (lambda () (add! "app.log" "an error a\nfine\nan Error b\nunfinished err"))
                  (* 11 60000)))
    (test-equal "a line counts when it is whole; rotated, rotated with a rest, truncated, binary"
      '((ok 0) (warn 1 (#{}# . 1)) (warn 2 (#{}# . 2)) (warn 4 (#{}# . 4)) (warn 4 (#{}# . 4))
        (warn 5 (#{}# . 5)) (warn 6 (#{}# . 6)))
      (map lines-of
           (samples-of "logs" options
                       (const #t)
                       (lambda () (add! "app.log" "or finished\n"))
                       (lambda ()
                         (rename-file file (in "app.log.1"))
                         (add! "app.log" "error in the new one\n"))
                       (lambda ()
                         (add! "app.log" "error at its end\n")
                         (rename-file file (in "app.log.2"))
                         (add! "app.log" "error in the next\n"))
                       (lambda () (rename-file file (in "app.log.3")))
                       (lambda () (add! "app.log" "error\n"))
                       (lambda ()
                         (truncate-file file 0)
                         (add! "app.log" "er\x00ror \x00\x01error\n")))))
    (test-equal "kinds are counted alone, some lines not at all"
      '(fail 4 (olga . 3) (ida . 1))
      (let ((steps (list (const #t)
                         (lambda ()
                           (add! "app.log" "user olga\nuser ida\nuser olga\nuser olga\n"
                                 "user olga, for a test\n")))))
        (lines-of (list-ref (apply samples-of "logs"
                                   `((key . 1) (warn . 1) (fail . 2) (ignore . "test") ,@options)
                                   steps)
                            1))))
    (test-equal "several files, one that is new among them" '((ok 0) (warn 1 (#{}# . 1)))
      (map lines-of
           (samples-of "logs" `((file . ,(in "*.log")) (pattern . "error"))
                       (const #t)
                       (lambda ()
                         (add! "app.log" "error\n")
                         (add! "other.log" "error of old\n"))))))

  (with-temporary-directory (directory)
    (define calls (string-append directory "/calls"))
    (define (journalctl . cases)
      `(("journalctl" . (run ,(string-append "echo \"$*\" >> " calls "; case \"$*\" in "
                                             (string-concatenate cases) " esac")))))
    (define (called)
      "The arguments of each call since the last time."
      (let ((text (call-with-input-file calls (@ (ice-9 textual-ports) get-string-all))))
        (delete-file calls)
        (map (lambda (line) (string-drop line (string-length "--quiet --no-pager --show-cursor --output=cat ")))
             (string-split (string-trim-right text) #\newline))))
    (define (sampled . steps)
      (map lines-of (apply samples-of "logs" '((journal "--unit=x") (pattern . "error")) steps)))
    (define next (const #t))

    (test-equal "the journal, by its cursor"
      '(((ok 0) (warn 2 (#{}# . 2)) (warn 2 (#{}# . 2)))
        ("--lines 0 --unit=x" "--lines 20000 --after-cursor=s=1 --unit=x"
         "--lines 20000 --after-cursor=s=2 --unit=x"))
      (with-programs
          (journalctl "*--after-cursor=s=1*) echo an error; echo fine; echo another error; echo;"
                      " echo -- cursor: s=2 ;; *s=2*) echo -- cursor: s=2 ;;"
                      " *) echo -- cursor: s=1 ;;")
        (let ((found (sampled next next next)))
          (list found (called)))))
    (test-equal "one without an entry yet, for which journalctl has no cursor and ends with 1"
      '(((ok 0) (ok 0) (warn 1 (#{}# . 1)))
        ("--lines 0 --unit=x" "--lines 20000 --since=@1795335363 --unit=x"
         "--lines 20000 --since=@1795335363 --unit=x"))
      (with-programs
          (journalctl "*--since*) if [ -e " directory "/some ]; then echo an error;"
                      " echo -- cursor: s=1; else exit 1; fi ;; *) exit 1 ;;")
        (let ((found (sampled next next
                              (lambda () (write-tree! directory '(("some" . "")))))))
          (list found (called)))))
    (test-equal "one that cannot be read"
      '(("logs journal --unit=x" unknown "journalctl: No journal files were opened" ()))
      (with-programs '(("journalctl" . (1 "" "No journal files were opened\n")))
        (sample-of "logs" '((journal "--unit=x"))))))
  (test-equal "its lines are a fact" '((store ("log-lines" "tux01" "logs /x" 2)))
    (received "logs" "logs /x" '((lines . 2)))))
