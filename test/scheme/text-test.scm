;;; text-test.scm -- words and columns
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog test)
             (sheepdog text))

(run-tests "text"
  (test-equal "what controls a terminal is escaped"
    "a\\x1b;[31mb\\x0a;"
    (printable "a\x1b[31mb\n"))
  (test-equal "newlines stay in a text of lines"
    "a\nb\\x07;"
    (printable "a\nb\a" #:lines? #t))
  (test-equal "long text is cut with an ellipsis"
    '("disk /export" "disk /exp…" "…" "日本…")
    (list (fit "disk /export" 12) (fit "disk /export" 10) (fit "abc" 1) (fit "日本語です" 6)))
  (test-equal "text is filled with blanks, never cut"
    '("ab  " "  ab" "abcdef" "日本 ")
    (list (pad "ab" 4) (pad "ab" 4 'right) (pad "abcdef" 4) (pad "日本" 5)))
  (test-equal "text is wrapped at words, a long word is not"
    '(("one two" "three") ("abcdefgh" "i") ())
    (list (wrap "one two  three" 8) (wrap "abcdefgh i" 4) (wrap "" 4)))
  (test-equal "a word of a shell is in quotes where it must be"
    '("tux01/raid" "'base/disk /y'" "'it'\\''s'" "'$(x)'" "''")
    (map shell-word '("tux01/raid" "base/disk /y" "it's" "$(x)" "")))
  (test-equal "the nearest name is found"
    '("status" "port" "host")
    (list (nearest "statsu" '("show" "status" "log"))
          (nearest "prot" '("host" "port"))
          (nearest "hots" '("port" "host"))))
  (test-false "a name too far away is none"
    (nearest "repeat" '("status" "silence")))
  (test-false "a short name is not every other"
    (nearest "ab" '("cd" "xy")))
  (test-equal "a nearest name makes a hint"
    '("did you mean 'disk'?" #f)
    (list (did-you-mean "dsk" '("disk" "load")) (did-you-mean "zzzzz" '("disk"))))
  (test-equal "one is not many"
    '("1 message" "3 messages" "0 entries")
    (list (plural 1 "message") (plural 3 "message") (plural 0 "entry" "entries")))
  (test-equal "words are joined as in a sentence"
    '("" "a" "a or b" "a, b and c")
    (list (enumeration '()) (enumeration '("a")) (enumeration '("a" "b"))
          (enumeration '("a" "b" "c") "and"))))
