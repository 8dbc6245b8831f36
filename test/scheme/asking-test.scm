;;; asking-test.scm -- questions written as Scheme: what they expand to, and what is answered
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog asking)
             (sheepdog core)
             (sheepdog rule)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match))

(define %open 9223372036854775807)

(define (fill! file)
  (let ((db (open-store file 'create)))
    (for-each (match-lambda
                ((host name version)
                 (%db-run db "INSERT INTO package VALUES (?, ?, ?, 0, ?, 1)"
                          (list host name version %open))))
              '(("tux01" "nginx" "1.9.0") ("tux02" "nginx" "1.10.0") ("tux02" "borg" "1.2")))
    (%db-close! db)))

(run-tests "asking"
  (define wanted "nginx")
  (define (my-version) "1.9.0")

  (test-equal "identifiers that are bound are variables, all else is Scheme"
    '((?host (count ?v) (as newest (max ?v)))
      (package ?host "nginx" ?v) (fresh (?x) (service ?host ?x)) (/= ?v "1.9.0")
      (during (last "30d") (not (run ?host "borg" _ 0)) (span ?from _ (host ?host)))
      (or (at (ago "1d") (host ?host)) (= ?v (+ 1 2)))
      (latest (?host) (state ?host "x" fail))
      (conde ((host ?host)) ((host ?v)))
      (having (> (count) 3)) (order-by (desc 1)) (limit 5))
    (query (host (count v) (as newest (max v)))
           (package host wanted v) (fresh (x) (service host x)) (/= v (my-version))
           (during (last "30d") (not (run host "borg" _ 0)) (span ?from _ (host host)))
           (or (at (ago "1d") (host host)) (= v (+ 1 2)))
           (latest (host) (state host "x" 'fail))
           (conde ((host host)) ((host v)))
           (having (> (count) 3)) (order-by (desc 1)) (limit 5)))

  (test-raises "without a database" 'usage "there is no database to ask here"
    (run* (host) (package host wanted _)))

  (with-temporary-directory (directory)
    (define file (string-append directory "/t.db"))
    (fill! file)
    (questions-go-to! file)
    (test-equal "run* gives all answers"
      '(("tux01" "1.9.0") ("tux02" "1.10.0"))
      (run* (host version) (package host wanted version)))
    (test-equal "run some of them, in the order that is asked for"
      '(("1.10.0"))
      (run 1 (version) (package _ wanted version) (order-by (desc version))))
    (test-equal "a rule is one with its body"
      '(("tux02"))
      (begin
        (define-relation (newer host than)
          "Machines with a newer nginx."
          (fresh (v) (package host "nginx" v) (> v than)))
        (run* (host) (newer host (my-version)))))
    (test-equal "defined again it is another one"
      '(("tux01"))
      (begin
        (define-relation (newer host than)
          (fresh (v) (package host "nginx" v) (<= v than)))
        (run* (host) (newer host (my-version)))))
    (test-equal "a question that is data, or text"
      '((("borg") ("nginx")) (("borg") ("nginx")))
      (list (ask '((?name) (package _ ?name)))
            (ask "(?name) (package _ ?name)")))
    (test-raises "what is wrong with it is told" 'bad-question
      "question: error: no relation 'pakage'\nhint: did you mean 'package'?"
      (ask '((?h) (pakage ?h))))
    (test-equal "how it is answered is printed"
      "Order, about how many rows each time, and by which index:"
      (car (string-split (with-output-to-string
                           (lambda () (explain '((?h) (package ?h "nginx")))))
                         #\newline)))
    (test-equal "why an answer is one is printed, without any other"
      '("borg" "1 answer.")
      (let ((lines (string-split (string-trim-right
                                  (with-output-to-string
                                    (lambda () (why '((?name) (package _ ?name)) '("borg")))))
                                 #\newline)))
        (list (car lines) (car (reverse lines)))))
    (forget-rule! 'newer)))
