;;; log-test.scm -- the handler log: one printable line in the program's own log
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test)
             (ice-9 textual-ports))

(define (logged action)
  "Return what performing ACTION adds to a log that takes everything."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/log")))
      (%open-log "dog" file 'debug)
      ((handler-perform (load-handler 'log)) action '())
      (let ((text (call-with-input-file file get-string-all)))
        (%open-log "dog" "stderr" 'notice)
        text))))

(define (ends-with? text ending)
  (string-suffix? ending text))

(run-tests "log"
  (test-assert "a line, with its level"
    (ends-with? (logged '(log warning "md0 is degraded")) "warning: md0 is degraded\n"))
  (test-assert "the outbox has the level as a string"
    (ends-with? (logged '(log "error" "x")) "error: x\n"))
  (test-assert "it stays one line, and nothing in it is obeyed"
    (let ((text (logged '(log info "a\nb\x1b[2J"))))
      (and (= 1 (string-count text #\newline))
           (ends-with? text "a b\\x1b;[2J\n")))))
