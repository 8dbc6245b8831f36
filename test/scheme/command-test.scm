;;; command-test.scm -- from the word after `sheepdog' to an action
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command)
             (sheepdog command options)
             (sheepdog test)
             (srfi srfi-1))

(run-tests "command"
  (test-raises "an action that there is not" 'usage
    "no such action: statsu" (dispatch "statsu"))
  (test-equal "the nearest one is the hint"
    "did you mean 'status'?"
    (catch 'sheepdog-error
      (lambda () (dispatch "statsu"))
      (lambda (key who format arguments data) (cadr data))))
  (test-raises "one of a later version" 'usage
    "'order' is not in this version" (dispatch "order"))
  (test-raises "a name is shown escaped" 'usage
    "no such action: \\x1b;c" (dispatch "\x1bc"))
  (test-assert "each action has its procedure"
    (every (lambda (name) (procedure? (dispatch name))) action-names))
  (test-assert "and a sentence"
    (every (lambda (pair) (string-suffix? "." (cdr pair))) (action-sentences)))
  (test-equal "no line of any action's help is wider than 79 columns"
    '()
    (append-map
     (lambda (name)
       (filter (lambda (line) (> (string-length line) 79))
               (append-map
                (lambda (option)
                  (string-split
                   (with-output-to-string
                     (lambda () (run-action name (list option) '())))
                   #\newline))
                '("--help" "--usage"))))
     action-names))
  (test-equal "no help disowns what has an effect"
    '()
    (filter (lambda (name)
              (string-contains (string-join
                                (string-tokenize
                                 (with-output-to-string
                                   (lambda () (run-action name '("--help") '())))))
                               "no effect yet"))
            action-names))
  (test-equal "arguments and options may come as JSON has them"
    0
    (let ((status #f))
      (with-output-to-string
        (lambda ()
          (set! status (run-action "status" #("--help")
                                   '((config . null) (format . "text") (verbose . 0)
                                     (color . "auto"))))))
      status)))
