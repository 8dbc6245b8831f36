;;; pattern-test.scm -- HOST/TAG with shell wildcards
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog pattern)
             (sheepdog test)
             (ice-9 match))

(define (fitting text . subjects)
  "Return those of SUBJECTS, (HOST TAG) lists, that the pattern TEXT fits."
  (let ((compiled (pattern text)))
    (filter (match-lambda ((host tag) (pattern-matches? compiled host tag))) subjects)))

(run-tests "pattern"
  (test-equal "a star in the tag matches further slashes"
    '(("tux01" "disk /export/home"))
    (fitting "tux01/disk *" '("tux01" "disk /export/home") '("tux02" "disk /")))
  (test-equal "the first slash divides"
    '(("tux01" "disk /export"))
    (fitting "*/disk /export" '("tux01" "disk /export") '("tux01/disk " "export")))
  (test-equal "question marks and sets match one character"
    '(("tux01" "a") ("tux02" "a"))
    (fitting "tux0[1-2]/?" '("tux01" "a") '("tux02" "a") '("tux03" "a") '("tux01" "ab")))
  (test-equal "a set may be negated, and contain its own bracket first"
    '(("a" "]") ("a" "x"))
    (fitting "a/[!b-d]" '("a" "]") '("a" "x") '("a" "c")))
  (test-equal "a closing bracket first in a set stands for itself"
    '(("a" "]"))
    (fitting "a/[]]" '("a" "]") '("a" "x")))
  (test-equal "a bracket that is never closed is a character"
    '(("a" "[b"))
    (fitting "a/[b" '("a" "[b") '("a" "b")))
  (test-equal "a backslash takes the meaning away"
    '(("a" "*"))
    (fitting "a/\\*" '("a" "*") '("a" "b")))
  (test-equal "hosts are compared in lower case, tags as they are"
    '(("tux01" "PING"))
    (fitting "TUX01/PING" '("tux01" "PING") '("tux01" "ping")))
  (test-equal "stars may be many"
    '(("a" "xaybzc"))
    (fitting "*/*a*b*c" '("a" "xaybzc") '("a" "xaybz")))
  (test-false "without a slash it is no pattern"
    (pattern "tux02"))
  (test-equal "where an action asks it means all of that host"
    "tux02/*"
    (pattern-text (pattern "tux02" #:bare? #t)))
  (test-equal "without host or tag it is no pattern"
    '(#f #f #f)
    (list (pattern "/a") (pattern "a/") (pattern "" #:bare? #t)))
  (test-equal "one subject is told from many"
    '(#t #f #f)
    (map (lambda (text) (pattern-plain? (pattern text))) '("a/b" "a*/b" "a/[bc]")))
  (test-false "many stars on a long tag take no time that is noticed"
    (pattern-matches? (pattern (string-append "h/" (string-concatenate (make-list 60 "*a")) "b"))
                      "h" (make-string 256 #\a)))

  (test-equal "a name of a file fits as a whole" '(#t #f #t #f)
    (list (glob? "*.gz" "a.gz") (glob? "*.gz" "a.gz.old") (glob? "[ab]?" "b1") (glob? "" "a"))))
