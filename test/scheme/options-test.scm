;;; options-test.scm -- what may stand after an action's name
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command options)
             (sheepdog test)
             (ice-9 receive))

(run-tests "options"
  (define syntax
    (action-syntax
     "status" "[PATTERN]" "Show what is not ok."
     (list (option "bad" "Only what is not ok.")
           (option "number" "At most N." #:short #\n #:argument "N" #:default 20
                   #:convert string->count #:wants "a number")
           (option "wait" "Wait for it." #:short #\w #:argument "D" #:optional? #t)
           (option "fact" "A fact." #:many? #t #:argument "FACT"))
     #:most 2 #:notes '("Example: sheepdog status 'tux*' --bad")))

  (define %common '((config . #f) (format . text) (verbose . 1) (color . auto)))

  (define (parsed . arguments)
    (receive (words given) (parse-options syntax arguments)
      (cons words given)))

  (define (called . arguments)
    "What the action gets: words, its options in their order, the common ones."
    (let ((result #f))
      (call-with-options syntax arguments %common
        (lambda (words options common)
          (set! result
                (list words
                      (map (lambda (name) (option-ref options name))
                           '(bad number wait fact))
                      (map (lambda (key) (assq-ref common key))
                           '(config format verbose color))))
          0))
      result))

  (test-group "parsing"
    (test-equal "options and words come in any order"
      '(("a" "b") (bad . #t))
      (parsed "a" "--bad" "b"))
    (test-equal "behind -- there are words only"
      '(("a" "b" "--bad" "-n"))
      (parsed "a" "b" "--" "--bad" "-n"))
    (test-equal "a single - is a word"
      '(("-"))
      (parsed "-"))
    (test-equal "a value stands behind =, in the next argument, or joined to its letter"
      '((() (number . 3)) (() (number . 3)) (() (number . 3)) (() (number . 3)))
      (list (parsed "--number=3") (parsed "--number" "3") (parsed "-n3")
            (parsed "-n" "3")))
    (test-equal "a name may be cut short"
      '(() (number . 3))
      (parsed "--nu=3"))
    (test-equal "letters may be joined, the last one with a value"
      '(() (number . 3) (verbose . 2))
      (parsed "-vvn3"))
    (test-equal "an optional value is only what is joined"
      '((("5") (wait . #t)) (() (wait . "5")) (() (wait . "5")))
      (list (parsed "--wait" "5") (parsed "--wait=5") (parsed "-w5")))
    (test-equal "an option that may be repeated is a list"
      '(() (fact . ("a" "b")))
      (parsed "--fact=a" "--fact" "b"))
    (test-equal "an empty value is a value"
      '(() (fact . ("")))
      (parsed "--fact=")))

  (test-group "what the action gets"
    (test-equal "defaults stand for what was not given"
      '(("x") (#f 20 #f ()) (#f text 1 auto))
      (called "x"))
    (test-equal "the common options behind the action count, -v adds up"
      '(() (#t 20 #f ()) ("F" json 3 never))
      (called "--bad" "-c" "F" "-fjson" "-vv" "--color=never")))

  (test-group "errors"
    (test-raises "an unknown option" 'usage
      "unknown option '--bda' of 'status'" (parsed "--bda"))
    (test-raises "an unknown letter" 'usage
      "unknown option '-z' of 'status'" (parsed "-z"))
    (test-raises "a name cut too short" 'usage
      "option '--c' of 'status' is ambiguous" (parsed "--c"))
    (test-raises "a value too many" 'usage
      "option '--bad' of 'status' takes no value" (parsed "--bad=1"))
    (test-raises "a value missing" 'usage
      "option '--number' of 'status' wants a value: N" (parsed "-n"))
    (test-raises "a value of the wrong kind" 'usage
      "'--number' of 'status' wants a number, got \"x\"" (parsed "-nx"))
    (test-raises "a format that there is not" 'usage
      "'--format' of 'status' wants text, json, sexp or org, got \"xml\""
      (parsed "-f" "xml"))
    (test-raises "a word too many" 'usage
      "one argument too many for 'status': c" (called "a" "b" "c"))
    (test-raises "no such part of an action" 'usage
      "no such thing as 'sheepdog status chekc'"
      (choose-word syntax "chekc" '("check" "show"))))

  (test-group "help"
    (test-equal "the help is made of the declaration"
      "Usage: sheepdog status [OPTION...] [PATTERN]
Show what is not ok.

      --bad                  Only what is not ok.
  -n, --number=N             At most N.
  -w, --wait[=D]             Wait for it.
      --fact=FACT            A fact.
  -c, --config=FILE          Read FILE instead of the usual configuration.
  -f, --format=FORMAT        Print text, json, sexp or org.
  -v, --verbose              Tell more; twice: still more.
      --color=WHEN           Colour: always, never, or auto: on a terminal.
  -h, -?, --help             Print this help.
      --usage                Print how it is called, short.

Example: sheepdog status 'tux*' --bad
"
      (help-text syntax))
    (test-equal "the usage fits too"
      "Usage: sheepdog status [--bad] [--number=N] [--wait[=D]] [--fact=FACT]
                       [--config=FILE] [--format=FORMAT] [--verbose]
                       [--color=WHEN] [--help] [--usage] [PATTERN]
"
      (usage-text syntax))
    (test-equal "--help prints it and the action does not run"
      (string-append (help-text syntax) "#f")
      (with-output-to-string
        (lambda () (display (called "--help")))))
    (test-equal "so does -?"
      (string-append (help-text syntax) "#f")
      (with-output-to-string
        (lambda () (display (called "-?")))))))
