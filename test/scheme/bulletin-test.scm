;;; bulletin-test.scm -- what one notification says of many subjects
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog bulletin)
             (sheepdog incident)
             (sheepdog notice)
             (sheepdog test)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define* (item host state #:key (tag "t") (kind "problem") (since 36000000) (at since)
               (line (string-append (string-upcase state) " " host "/" tag)) (details '()))
  "Return the item of HOST/TAG in STATE; SINCE and AT are ms after midnight."
  `((kind . ,kind) (state . ,state) (host . ,host) (tag . ,tag) (event . 1)
    (since . ,since) (at . ,at) (line . ,line)
    (details . ,(list->vector details))))

(define many
  (append (map (lambda (n) (item (format #f "web~a" n) "fail" #:tag "www")) (iota 15 1))
          (map (lambda (n) (item "db" "late" #:tag (format #f "job ~a" n))) (iota 10 1))))

(run-tests "bulletin"
  (test-equal "the title counts states, the worst first, and names hosts"
    '("[sheepdog] 1 FAIL, 3 LATE on tux01, tux02"
      "[sheepdog] 1 FAIL, 1 warn, 1 ok, 1 note on a, b, c, d"
      "[sheepdog] 5 FAIL on a, b, c, d and 1 more")
    (map bulletin-title
         (list (list (item "tux01" "fail") (item "tux01" "late" #:tag "1")
                     (item "tux02" "late" #:tag "2") (item "tux02" "late" #:tag "3"))
               (list (item "a" "ok" #:kind "recovery") (item "b" "fail") (item "c" "warn")
                     (item "d" "fail" #:kind "note"))
               (map (lambda (host) (item host "fail")) '("a" "b" "c" "d" "e")))))

  (test-equal "a line a subject, the worst first"
    "FAIL b/t
WARN c/t
OK a/t
  sheepdog status --bad
"
    (bulletin-text (list (item "a" "ok" #:kind "recovery") (item "b" "fail")
                         (item "c" "warn"))))

  (test-equal "details stand below the line of their subject"
    '("FAIL b/t" "  command   false" "WARN a/t" "  last ok   never" "  sheepdog status --bad" "")
    (string-split (bulletin-text (list (item "a" "warn" #:details '("  last ok   never"))
                                       (item "b" "fail" #:details '("  command   false"))))
                  #\newline))
  (test-equal "only the twenty worst are kept with details"
    '(20 "fail")
    (let* ((notice (lambda (n)
                     (let ((state (if (= n 24) 'fail 'warn)))
                       (notice #:kind 'problem #:event n #:since 0
                               #:subject (make-subject n "h" "t" "error" 0 #f state state 0 0 state
                                                       1 0 0 1 1 n "" #f 0)))))
           (detailed (filter (lambda (item) (assq-ref item 'details))
                             (notices->items (map notice (iota 25))))))
      (list (length detailed) (assq-ref (last detailed) 'state))))

  (test-equal "its state is the worst"
    '("late" "ok")
    (map bulletin-state
         (list (list (item "a" "warn") (item "b" "late") (item "c" "ok"))
               (list (item "a" "ok") (item "b" "fail" #:kind "note")))))

  (test-equal "what a subject did while the mail could not go is one line"
    '("[sheepdog] FAIL 10:00-10:02, ok now: h/t"
      "[sheepdog] FAIL 10:00-10:02, ok, LATE now: h/t"
      "FAIL 10:00-10:02, ok now: h/t\n  outcome   exit status 1\n  sheepdog status --bad\n")
    (let ((failed (item "h" "fail" #:details '("  outcome   exit status 1")))
          (ok (item "h" "ok" #:kind "recovery" #:at 36120000)))
      (list (bulletin-title (list failed ok))
            (bulletin-title (list failed ok (item "h" "late" #:since 36300000)))
            (bulletin-text (list failed ok)))))

  (test-equal "a note stays by itself"
    '("FAIL h/t" "md0 is degraded" "  sheepdog status --bad" "")
    (string-split (bulletin-text (list (item "h" "fail" #:kind "note" #:line "md0 is degraded")
                                       (item "h" "fail")))
                  #\newline))

  (test-equal "a storm: numbers for each host, the twenty worst, the names of the others"
    '("[sheepdog] 15 FAIL, 10 LATE on web1, web2, web3, web4 and 12 more"
      16 "  web1                 1 FAIL" "  db                   10 LATE"
      20 "FAIL web1/www"
      ("The others:" "  db/job 6, db/job 7, db/job 8, db/job 9, db/job 10" "  sheepdog status --bad" ""))
    (let* ((lines (string-split (bulletin-text many) #\newline))
           (worst (member "The 20 worst:" lines))
           (others (member "The others:" lines)))
      (list (bulletin-title many)
            (list-index (lambda (line) (string=? line "The 20 worst:")) lines)
            (first lines)
            (list-ref lines 15)
            (- (length worst) (length others) 1)
            (second worst)
            others))))
