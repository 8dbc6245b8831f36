;;; fact-test.scm -- facts begin, end, replace each other, and are refused
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog claim)
             (sheepdog core)
             (sheepdog fact)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define open 9223372036854775807)

(define (call-with-facts proc)
  "Call PROC with a store and return (SPANS REFUSED): spans are (RELATION KEY... VALUE T0 T1)."
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/sheepdog.db") 'create)))
      (proc db)
      (let ((result (list (spans db) (refusals db))))
        (%db-close! db)
        result))))

(define (spans db)
  (append
   (map (match-lambda
          (#(relation arity k1 k2 k3 value t0 t1)
           (append (list relation)
                   (take (list k1 k2 k3) (max 0 (- arity 1)))
                   (if (zero? arity) '() (list value))
                   (span t0 t1))))
        (sql db "SELECT relation, arity, k1, k2, k3, value, t0, t1 FROM _fact
 ORDER BY relation, arity, k1, k2, k3, t0"))
   (map (match-lambda (#(name version t0 t1) (cons* "package" name version (span t0 t1))))
        (sql db "SELECT name, version, t0, t1 FROM package ORDER BY name, t0"))
   (map (match-lambda (#(total t0 t1) (cons* "ram" total (span t0 t1))))
        (sql db "SELECT total, t0, t1 FROM ram ORDER BY t0"))
   (map (match-lambda (#(tag label value uom t0 t1) (cons* "perf" tag label value uom (span t0 t1))))
        (sql db "SELECT tag, label, value, uom, t0, t1 FROM perf ORDER BY tag, label, t0"))))

(define (span t0 t1)
  (list t0 (if (= t1 open) '- t1)))

(define (refusals db)
  (map (match-lambda (#(relation reason) (list relation reason)))
       (sql db "SELECT relation, reason FROM refused ORDER BY rowid")))

(define (play . steps)
  "Take STEPS, lists (T FACT ...), of the host h."
  (call-with-facts
   (lambda (db)
     (let ((known (facts db)))
       (for-each (match-lambda
                   ((t . tuples) (take-facts! known "h" tuples '() (origin t t))))
                 steps)))))

(define (whole . steps)
  "Likewise; each message tells the whole truth about packages."
  (call-with-facts
   (lambda (db)
     (let ((known (facts db)))
       (for-each (match-lambda
                   ((t . tuples) (take-facts! known "h" tuples '("package") (origin t t))))
                 steps)))))

(run-tests "fact"
  (test-equal "the last argument is the value, those before it are the key"
    '((("a" 1 -) ("a" "x" 1 -) ("a" "k" "x" 1 -) ("a" "k" "l" "x" 1 -)
       ("a" "k" "l" "m" "x" 1 -))
      ())
    (play '(1 ("a") ("a" "x") ("a" "k" "x") ("a" "k" "l" "x") ("a" "k" "l" "m" "x"))
          ))

  (test-equal "of performance data the number is the value, before its unit"
    '((("perf" "disk" "/" 5.0 "MB" 1 2) ("perf" "disk" "/" 6.0 "MB" 2 -)) ())
    (play '(1 ("perf" "disk" "/" 5 "MB")) '(2 ("perf" "disk" "/" 6 "MB"))))
  (test-equal "the same again changes nothing"
    '((("ram" 4096 1 -)) ())
    (play '(1 ("ram" 4096)) '(2 ("ram" 4096)) '(3 ("ram" 4096))))

  (test-equal "another value ends the one before"
    '((("package" "nginx" "1.18" 1 5) ("package" "nginx" "1.22" 5 -)) ())
    (play '(1 ("package" "nginx" "1.18")) '(5 ("package" "nginx" "1.22"))))

  (test-equal "in the same millisecond the later wins"
    '((("ram" 8192 1 -)) ())
    (play '(1 ("ram" 4096) ("ram" 8192))))

  (test-equal "number and text are different values"
    '((("a" 1 1 2) ("a" "1" 2 3) ("a" 1.5 3 -)) ())
    (play '(1 ("a" 1)) '(2 ("a" "1")) '(3 ("a" 1.5))))

  (test-equal "truth becomes text"
    '((("a" "k" "true" 1 -) ("a" "l" "false" 1 -)) ())
    (play '(1 ("a" "k" #t) ("a" "l" #f))))

  (test-group "replaces"
    (test-equal "what is not repeated ends"
      '((("package" "a" "1" 1 -) ("package" "b" "1" 1 5) ("package" "c" "1" 5 -)) ())
      (whole '(1 ("package" "a" "1") ("package" "b" "1"))
             '(5 ("package" "a" "1") ("package" "c" "1"))))
    (test-equal "nothing at all is a whole truth"
      '((("package" "a" "1" 1 5)) ())
      (whole '(1 ("package" "a" "1")) '(5)))
    (test-equal "what comes back begins anew"
      '((("package" "a" "1" 1 5) ("package" "a" "1" 9 -)) ())
      (whole '(1 ("package" "a" "1")) '(5) '(9 ("package" "a" "1"))))
    (test-equal "what comes back at once has not ended"
      '((("package" "a" "1" 1 -)) ())
      (whole '(1 ("package" "a" "1")) '(5) '(5 ("package" "a" "1"))))
    (test-equal "other relations stay"
      '((("package" "a" "1" 1 5) ("ram" 1 1 -)) ())
      (whole '(1 ("package" "a" "1") ("ram" 1)) '(5)))
    (test-equal "since when it is the whole truth is known"
      '(#("h" "package" 1 9))
      (with-temporary-directory (directory)
        (let ((db (open-store (string-append directory "/s.db") 'create)))
          (let ((known (facts db)))
            (for-each (lambda (t) (take-facts! known "h" '() '("package") (origin t t)))
                      '(1 9)))
          (let ((rows (sql db "SELECT host, relation, t0, at FROM complete")))
            (%db-close! db)
            rows)))))

  (test-group "ends"
    (define (ended t . arguments)
      (first (call-with-facts
              (lambda (db)
                (let ((known (facts db)))
                  (store-fact! known "package" "h" '("nginx" "1.18") (origin 1 1))
                  (end-fact! known "package" "h" arguments (origin t 2)))))))
    (test-equal "a fact ends"
      '(("package" "nginx" "1.18" 1 5))
      (ended 5 "nginx" "1.18"))
    (test-equal "but not with another value"
      '(("package" "nginx" "1.18" 1 -))
      (ended 5 "nginx" "1.22"))
    (test-equal "what ends when it begins never was"
      '()
      (ended 1 "nginx" "1.18")))

  (test-group "refused"
    (define (reason . fact)
      (match (play (list 1 fact))
        ((() ((relation reason))) reason)
        (other other)))
    (test-equal "a bad name"
      "a relation is named a-z, 0-9 and -, beginning with a letter, 40 characters at most"
      (reason "Package" 1))
    (test-equal "too many arguments"
      "5 arguments; a relation that nobody declared takes 4 at most"
      (reason "a" 1 2 3 4 5))
    (test-equal "null, arrays, objects"
      '("null is no value" "an array is no value" "an object is no value")
      (list (reason "a" 'null) (reason "a" #(1)) (reason "a" '((b . 1)))))
    (test-equal "a number that no column holds"
      "a number that is too large"
      (reason "a" (expt 2 63)))
    (test-equal "another number of arguments than declared"
      "package wants 2 arguments behind the host, got 1"
      (reason "package" "nginx"))
    (test-equal "text that is no size"
      "'total' wants a number of MiB or a size such as \"4GiB\", got \"lots\""
      (reason "ram" "lots"))
    (test-equal "what sheepdog fills itself"
      "sheepdog itself fills this relation"
      (reason "state" "t" "ok"))
    (test-equal "text that is no number"
      "'value' wants a number, got \"#e1e9\""
      (reason "perf" "t" "l" "#e1e9" "s"))
    (test-equal "but a number is text where text is declared"
      '((("package" "nginx" "1.22" 1 -)) ())
      (play '(1 ("package" "nginx" 1.22))))
    (test-equal "and sizes, numbers in text and numbers that are whole are converted"
      '((("ram" 4096 1 2) ("ram" 2048 2 3) ("ram" 512 3 4) ("ram" 1 4 -)) ())
      (play '(1 ("ram" "4GiB")) '(2 ("ram" "2048")) '(3 ("ram" 512.4)) '(4 ("ram" "1000000B"))))
    (test-equal "the others of the message are taken"
      '((("b" 1 1 -)) (("A" "a relation is named a-z, 0-9 and -, beginning with a letter, 40 characters at most")))
      (play '(1 ("A" 1) ("b" 1))))
    (test-equal "more relations than anybody can overlook"
      '(200 "there are 200 relations already that nobody declared")
      (match (play (cons 1 (map (lambda (i) (list (format #f "r~a" i) i)) (iota 201))))
        ((spans ((relation reason))) (list (length spans) reason))))))
