;;; ask-test.scm -- thousands of queries by chance: the compiler's answers are those of the oracle
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Usage: ask-test.scm [--worlds=N] [--queries=N] [--seed=N]
;;
;; Each world has a seed of its own, from --seed on, and --queries of them are asked of it.  What
;; differs is made as short as it can be and printed with its seed: --worlds=1 --seed=N asks the
;; same again.

(primitive-load (string-append (dirname (current-filename)) "/load.scm"))
(load-oracle! "value" "world" "alternatives" "grouping" "solution" "evaluator" "random-world"
              "random-query" "database" "comparison" "asking")
(use-modules (oracle asking)
             (oracle comparison)
             (oracle database)
             (oracle evaluator)
             (oracle random-query)
             (oracle random-world)
             (oracle world)
             (sheepdog core)
             (sheepdog error)
             (sheepdog question)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define (option name default)
  "Return the number of --NAME=N, or DEFAULT."
  (define prefix (string-append "--" name "="))
  (match (find (lambda (word) (string-prefix? prefix word)) (command-line))
    (#f default)
    (word (string->number (string-drop word (string-length prefix))))))

(define %worlds (option "worlds" 40))
(define %queries (option "queries" 50))
(define %seed (option "seed" 1))

(setenv "TZ" "Europe/Berlin")
(tzset)

(define (answered db query world)
  "Return the rows that DB answers to QUERY, or the text of its error."
  (catch #t
    (lambda ()
      (with-error-handler
       (lambda (code text hint) (string-append (symbol->string code) ": " text))
       (lambda () (compiled-answers db query world))))
    (lambda (key . args) (string-append "raised " (object->string (cons key args))))))

(define (wrong db query world)
  "Return what is wrong with DB's answer to QUERY: (EXPECTED GOT), or #f."
  (match (answered db query world)
    ((? string? text) (list (answers world query) text))
    (rows (difference world query rows))))

(define (like? first)
  "Return whether an answer is wrong as FIRST, (EXPECTED GOT), is: by an error or by its rows."
  (define (error? found) (string? (second found)))
  (lambda (found)
    (and found
         (if (error? first)
             (and (error? found)
                  (string=? (second first) (second found)))
             (not (error? found))))))

(define (explained db query world seed)
  "Return lines about QUERY, whose answer is wrong, and the shortest one whose answer is, too."
  (define first (wrong db query world))
  (define same-fault? (like? first))
  (define short
    (shortest query
              (lambda (candidate)
                (catch #t
                  (lambda () (same-fault? (wrong db candidate world)))
                  (const #f)))))                  ;no query at all
  (match (wrong db short world)
    ((expected got)
     (format #f "world ~a: ~s~%  shortest: ~s~%  expected: ~s~%  got:      ~s"
             seed query short expected got))))

(define (random-time random world)
  "Return WORLD, now and then as it was asked of with another time."
  (if (chance? random 10)
      (make-world (world-relations world) (world-facts world) (world-rules world)
                  (- %world-now (* 6 %hour (+ 1 (random 30)))) #t)
      world))

(define (found-wrong writer reader seed)
  "Return what is wrong with the answers in the world SEED, a list of strings, and how many queries
had an answer at all."
  (let* ((random (seeded seed))
         (world (random-world random)))
    (fill! writer world)
    (let loop ((left %queries) (answered 0) (complaints '()))
      (if (zero? left)
          (values (reverse complaints) answered)
          (let* ((query (random-query random))
                 (then (random-time random world)))
            (loop (- left 1)
                  (if (null? (answers then query)) answered (+ answered 1))
                  (if (wrong reader query then)
                      (cons (explained reader query then seed) complaints)
                      complaints)))))))

(run-tests "oracle/ask"
  (with-temporary-directory (directory)
    (let* ((file (string-append directory "/oracle.db"))
           (writer (world-database file))
           (reader (prepare-for-questions! (open-store file 'read-only)))
           (some 0))
      (define-rules! (random-world (seeded 1)))
      (for-each
       (lambda (seed)
         (test-equal (format #f "world ~a: ~a queries have the oracle's answers" seed %queries)
           '()
           (call-with-values (lambda () (found-wrong writer reader seed))
             (lambda (complaints answered)
               (set! some (+ some answered))
               (for-each (lambda (text) (display text) (newline)) complaints)
               complaints))))
       (iota %worlds %seed))
      (test-assert "a third of the queries have an answer that is not empty"
        (> (* 3 some) (* %worlds %queries)))
      (%db-close! reader)
      (%db-close! writer))))
