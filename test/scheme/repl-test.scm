;;; repl-test.scm -- where a REPL is, and what a program at its other end gets
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog error)
             (sheepdog repl)
             (sheepdog test))

(define (place text program)
  "Return where PROGRAM has its REPL under the configuration TEXT."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/test.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (repl-place (read-config file) program))))

(define (answered text)
  "Return what `answer' prints for TEXT, evaluated in a module that nobody else has."
  (save-module-excursion
   (lambda ()
     (set-current-module (make-fresh-user-module))
     (with-output-to-string
       (lambda ()
         (display "> ")                           ;a prompt is in the way
         (answer "T" text))))))

(define (in-run name)
  (string-append (assq-ref (%paths) 'run) "/" name))

(run-tests "repl"
  (test-group "where it is"
    (test-false "nowhere unless it is wished"
      (place "(config)" "sheepdog-queue-daemon"))
    (test-false "nor if it is not"
      (place "(config (repl no))" "sheepdog-queue-daemon"))
    (test-equal "each daemon has its own"
      (list (in-run "queue-daemon.repl") (in-run "daemon.repl"))
      (map (lambda (program) (place "(config (repl yes))" program))
           '("sheepdog-queue-daemon" "sheepdog-daemon")))
    (test-equal "or where the configuration says" "/run/mine/socket"
      (place "(config (repl \"/run/mine/socket\"))" "sheepdog-daemon")))

  (test-group "what a program gets"
    (test-equal "the values of the last expression" "> \nT begin\n\"wau\"\n2\nT end\n"
      (answered "1 (values \"wau\" 2)"))
    (test-equal "what was printed comes first, on lines of its own" "> \nT begin\nx\n1\nT end\n"
      (answered "(display \"x\") 1"))
    (test-equal "also without a value" "> \nT begin\nx\nT end\n"
      (answered "(display \"x\")"))
    (test-equal "nothing for nothing" "> \nT begin\nT end\n" (answered ""))
    (test-equal "definitions hold for what follows" "> \nT begin\n3\nT end\n"
      (answered "(define x 3) x"))
    (test-equal "an error in one line" "> \nT begin\nT error the sky falls\nT end\n"
      (answered "(use-modules (sheepdog error)) (raise-error 'broken \"the sky falls\")"))
    (test-equal "behind what was printed" "> \nT begin\nx\nT error it called (exit)\nT end\n"
      (answered "(display \"x\") (exit 3)")))

  (test-group "errors of ours"
    (test-equal "are printed as sentences, with their hint" "no monitor 'dsk'\nhint: did you mean 'disk'?\n"
      (call-with-output-string
        (lambda (port)
          (catch #t
            (lambda () (raise-error 'bad-plugin "no monitor 'dsk'" "did you mean 'disk'?"))
            (lambda (key . arguments) (print-exception port #f key arguments))))))))
