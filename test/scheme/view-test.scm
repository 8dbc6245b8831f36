;;; view-test.scm -- columns, colour, notations
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog view)
             (sheepdog view document)
             (sheepdog view org))

(setenv "TZ" "UTC")
(tzset)

(define (printed thunk)
  (with-output-to-string thunk))

(run-tests "view"
  (test-equal "a sentence is wrapped beside what it is about, or below where that is wide"
    (list (list "  a   x  fifteen words"
                (string-append "         " (make-string 65 #\y)))
          '("  bb  y  short"))
    (rows->wrapped-lines (list (list "a" "x" (string-append "fifteen words " (make-string 65 #\y)))
                               (list "bb" "y" "short"))
                         #:margin "  "))
  (test-equal "below"
    (list (list (make-string 50 #\a) "      what it is"))
    (rows->wrapped-lines (list (list (make-string 50 #\a) "what it is"))))

  (test-group "columns"
    (test-equal "columns are as wide as their widest cell"
      '("a    bb  c"
        "äöü  b   cc")
      (columns->lines '(("a" "bb" "c") ("äöü" "b" "cc"))))
    (test-equal "wide characters take two columns"
      '("日本  x" "ab    y")
      (columns->lines '(("日本" "x") ("ab" "y"))))
    (test-equal "nothing stands behind the last cell that says something"
      '("a" "bb  c")
      (columns->lines '(("a" "" "") ("bb" "c" ""))))
    (test-equal "a line that is too wide loses in the column that may shrink"
      '("a  0123456789…  z")
      (columns->lines '(("a" "0123456789abcdef" "z")) #:shrink '(1) #:room 17))
    (test-equal "gaps and margin"
      '("  + a  b")
      (columns->lines '(("+" "a" "b")) #:gaps '(1) #:margin "  "))
    (test-equal "no rows, no lines" '() (columns->lines '())))

  (test-group "colour"
    (test-equal "off, text is as it is"
      "FAIL" (paint 'fail "FAIL"))
    (test-equal "on, a state has its colour, padding has none"
      '("\x1b[1;31mFAIL\x1b[0m  x" "\x1b[32mok\x1b[0m    y")
      (with-color '((color . always))
        (lambda ()
          (columns->lines (list (list (styled 'fail "FAIL") "x")
                                (list (styled 'ok "ok") "y"))))))
    (test-equal "never is never"
      "FAIL"
      (with-color '((color . never)) (lambda () (paint 'fail "FAIL")))))

  (test-group "small things"
    (test-equal "a sparkline is scaled from zero to its greatest"
      "▁▄█▁" (sparkline '(0 50 100 1)))
    (test-equal "a sparkline of nothing but zeros" "▁▁" (sparkline '(0 0)))
    (test-equal "a sparkline of nothing" "" (sparkline '()))
    (test-equal "ordinals"
      '("1st" "2nd" "3rd" "4th" "11th" "12th" "13th" "21st" "111th")
      (map ordinal '(1 2 3 4 11 12 13 21 111))))

  (test-group "documents"
    (define answer
      (document 'status 1795335303000
                `(subjects . #(((host . "penguin2") (state . fail)
                                (since . ,(instant 1795150812500))
                                (due . null) (silenced . #f) (known . #t)
                                (tags . #("a" "b")))))))
    (test-equal "JSON tells a time as text and in seconds"
      '((sheepdog . status) (version . 0)
        (time . "2026-11-22T08:15:03Z") (time_epoch . 1795335303)
        (subjects . #(((host . "penguin2") (state . fail)
                       (since . "2026-11-20T05:00:12Z") (since_epoch . 1795150812.5)
                       (due . null) (silenced . #f) (known . #t)
                       (tags . #("a" "b"))))))
      (document->json answer))
    (test-equal "JSON is one line"
      "{\"a\":\"x\",\"b\":[1,null]}\n"
      (printed (lambda () (print-json '((a . "x") (b . #(1 null)))))))
    (test-equal "an S-expression has no booleans and leaves out what is absent"
      '(sheepdog-status
        (version 0) (time 1795335303)
        (subject (host "penguin2") (state fail) (since 1795150812.5) (silenced no)
                 (known yes) (tags "a" "b")))
      (document->sexp 'sheepdog-status answer))
    (test-equal "each object has its line"
      "(sheepdog-status (version 0) (time 1795335303)
 (subject (host \"penguin2\") (state fail) (since 1795150812.5) (silenced no) (known yes) (tags \"a\" \"b\")))
"
      (printed (lambda () (print-sexp 'sheepdog-status answer))))
    (test-equal "without objects all is one line"
      "(sheepdog-status (version 0) (time 1795335303))\n"
      (printed (lambda ()
                 (print-sexp 'sheepdog-status
                             (document 'status 1795335303000 '(subjects . #()))))))
    (test-equal "strings are such that Emacs and Guile read them"
      "(a \"q\\\"b\\\\c\\nd\\u001be\\u202ef\" \"é\" 1 \"#odd name\")"
      (sexp->string '(a "q\"b\\c\nd\x1be\u202ef" "é" 1 #{#odd name}#)))
    (test-equal "Guile reads back what was written"
      "q\"b\\c\nd\x1be\u202ef"
      (call-with-input-string (sexp->string "q\"b\\c\nd\x1be\u202ef") read)))

  (test-group "Org"
    (test-equal "a bad subject is a TODO with its properties"
      '("* TODO [FAIL] penguin2/BORG-ETC"
        ":PROPERTIES:"
        ":HOST: penguin2"
        ":STATE: fail"
        ":SINCE: [2026-11-20 Fri 05:00]"
        ":SILENCED: no"
        ":END:")
      (org-subject 'fail "penguin2/BORG-ETC"
                   `((host . "penguin2") (state . fail) (since . ,(instant 1795150812500))
                     (due . null) (silenced . #f))))
    (test-equal "a good one is DONE"
      "* DONE [ok] a/b" (car (org-subject 'ok "a/b" '())))
    (test-equal "a table; a bar inside of a cell stays inside"
      '("| id | tag           |"
        "|----+---------------|"
        "| 1  | a\\vert{}b     |"
        "| 22 | c\\x0a;\\vert{} |")
      (org-table '(id tag) '(((id . 1) (tag . "a|b")) ((tag . "c\n|") (id . 22)))))
    (test-equal "an example block is closed by nothing inside of it"
      '("#+begin_example" ",#+end_example" ",* x" "y\\x1b;" "#+end_example")
      (org-example "#+end_example\n* x\ny\x1b\n"))))
