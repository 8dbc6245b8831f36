;;; why-test.scm -- what answers rest on, whole, over a herd that is written down here
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog question)
             (sheepdog rule)
             (sheepdog store)
             (sheepdog test)
             (sheepdog view document)
             (sheepdog view proof)
             (ice-9 match)
             (srfi srfi-1))

(define %now 1767225600000)                       ;2026-01-01T00:00:00Z
(define %minute 60000)
(define %hour (* 60 %minute))
(define %day (* 24 %hour))
(define %open 9223372036854775807)

(define (since span ev) (list (- %now span) %open ev))
(define (from-to from to ev) (list (- %now from) (- %now to) ev))

(define %rows
  `(("host" ("tux01" ,@(since (* 90 %day) 1)) ("tux02" ,@(since (* 90 %day) 2)))
    ("ram" ("tux01" 1024 ,@(since (* 50 %day) 12)))
    ("package" ("tux01" "nginx" "1.22.1" ,@(since (* 40 %day) 31))
     ("tux02" "apache" "2.4" ,@(since (* 40 %day) 32)))
    ("complete" ("tux02" "package" 0 ,@(since (* 40 %day) 33)))
    ("service" ("tux01" "nginx" "shepherd" ,@(since (* 90 %day) 11)))
    ("interruption"
     ("tux01" "nginx" "fail" "" ,%open 0 "" 1
      ,@(from-to (* 3 %day) (- (* 3 %day) (* 17 %minute)) 4711) #f 0))
    ("state" ("db" "disk" "fail" ,@(since (* 2 %hour) 70)))
    ("depends"
     ("web" "http" "app" "run" ,@(since (* 9 %day) 0))
     ("app" "run" "db" "disk" ,@(since (* 8 %day) 81))
     ("web" "http" "a" "x" ,@(since (* 9 %day) 82))       ;a longer way
     ("a" "x" "b" "x" ,@(since (* 9 %day) 83))
     ("b" "x" "db" "disk" ,@(since (* 9 %day) 84))
     ("db" "disk" "web" "http" ,@(since (* 9 %day) 85)))  ;in a circle
    ("run_index"
     ("tux01" "copy" ,(- %now (* 2 %day)) 91 "a" 0 ,(- %now (* 2 %day) (- %minute)) 91)
     ("tux01" "copy" ,(- %now %day) 92 "b" 0 ,(- %now %day (* -3 %minute)) 92))))

(define (call-with-herd proc)
  (with-temporary-directory (directory)
    (let ((db (prepare-for-questions!
               (open-store (string-append directory "/t.db") 'create))))
      (for-each (match-lambda
                  ((table . rows)
                   (for-each (lambda (row)
                               (%db-run db (string-append "INSERT INTO \"" table "\" VALUES ("
                                                          (string-join (map (const "?") row) ", ")
                                                          ")")
                                        row))
                             rows)))
                %rows)
      (%db-run db "INSERT INTO subject (host, tag, monitor, heard, state, hard, worst, failures,
 summary, version)
 VALUES ('tux02', 'ssh', '', ?, 'ok', 'ok', '', 0, '', 1)" (list (- %now 12000)))
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(setenv "TZ" "UTC")

(run-tests "why"
  (define-rule! '(define-relation (low-ram ?host)
                   (fresh (?total) (ram ?host ?total) (< ?total "2GiB"))))
  (define-rule! '(define-relation (usual ?host ?tag (mean ?d))
                   (during (last "90d") (lasting ?d (run ?host ?tag _ 0)))))

  (call-with-herd
   (lambda (db)
     (define* (shown text show #:key at)
       (let* ((data (text->data text))
              (answers (ask-question db data #:now %now #:at at #:source text)))
         (show answers (prove-answers db data answers #:at at))))
     (define* (why text #:key at)
       (shown text (lambda (answers proofs) (proofs-lines answers '() proofs)) #:at at))

     (test-equal "the flagship: each fact with its span and message, a rule by what it follows of"
       '("nginx  tux01"
         "  interruption tux01 nginx fail          2025-12-29 00:00:00 .. 00:17:00    message 4711"
         "  service tux01 nginx shepherd           since 2025-10-03 00:00:00          message 11"
         "  low-ram tux01 <- ram tux01 1024 MiB    since 2025-11-12 00:00:00          message 12"
         "  package tux01 nginx 1.22.1             since 2025-11-22 00:00:00          message 31"
         "1 answer.")
       (why "(?service ?host) (during (last \"30d\") (interruption ?host ?service) (service ?host ?service) (low-ram ?host) (package ?host \"nginx\" \"1.22.1\"))"))

     (test-equal "what is not there, and when its host was heard"
       '("tux02"
         "  host tux02    since 2025-10-03 00:00:00    message 2"
         "  nothing in (run tux02 copy _ 0) for 2d; tux02 last heard 12 s ago"
         "1 answer.")
       (why "(?host) (host ?host) (not (during (last \"2d\") (run ?host \"copy\" _ 0)))"))

     (test-equal "what is known not to be there"
       '("tux02"
         "  host tux02    since 2025-10-03 00:00:00    message 2"
         "  nothing in (package tux02 nginx _); tux02 last heard 12 s ago"
         "1 answer.")
       (why "(?host) (host ?host) (known-not (package ?host \"nginx\"))"))

     (test-equal "a rule that calls itself: the shortest way, though there is a circle; what we did has no message"
       '("web  http"
         "  state db disk fail                                       since 2025-12-31 22:00:00    message 70"
         "  depends* web http db disk"
         "    depends web http app run                               since 2025-12-23 00:00:00"
         "    depends* app run db disk <- depends app run db disk    since 2025-12-24 00:00:00    message 81"
         "1 answer.")
       (why "(?host ?tag) (state ?on ?what \"fail\") (= ?host \"web\") (depends* ?host ?tag ?on ?what)"))

     (test-equal "of a group its facts; of a rule with aggregates those of its group"
       '("tux01  2 min  2"
         "  run tux01 copy a 0      2025-12-30 00:00:00 .. 00:01:00    message 91"
         "  usual tux01 copy 2 min"
         "    run tux01 copy a 0    2025-12-30 00:00:00 .. 00:01:00    message 91"
         "    run tux01 copy b 0    2025-12-31 00:00:00 .. 00:03:00    message 92"
         "  run tux01 copy b 0      2025-12-31 00:00:00 .. 00:03:00    message 92"
         "1 answer.")
       (why "(?host ?u (count ?id)) (during (last \"3d\") (run ?host \"copy\" ?id _)) (usual ?host \"copy\" ?u)"))

     (test-equal "of alternatives the one that holds"
       '("tux01"
         "  host tux01                    since 2025-10-03 00:00:00    message 1"
         "  package tux01 nginx 1.22.1    since 2025-11-22 00:00:00    message 31"
         "tux02"
         "  host tux02                  since 2025-10-03 00:00:00    message 2"
         "  package tux02 apache 2.4    since 2025-11-22 00:00:00    message 32"
         "2 answers.")
       (why "(?host) (host ?host) (or (package ?host nginx) (package ?host apache))"))

     (test-equal "a question without variables, and at another time"
       '(("It is so"
          "  host tux01    since 2025-10-03 00:00:00    message 1"
          "1 answer.")
         ("1.22.1"
          "  package tux01 nginx 1.22.1    since 2025-11-22 00:00:00    message 31"
          "1 answer.")
         ("No answer."))
       (list (why "(host tux01)")
             (why "(package tux01 nginx ?v)" #:at (- %now %day))
             (why "(package tux01 nginx ?v)" #:at (- %now (* 41 %day)))))

     (test-equal "in the notations that programs read"
       '("(sheepdog-answers (version 0) (time 1767225600) (columns host)"
         " (answer \"tux02\")"
         "  (step (kind fact) (name \"host\") (arguments \"tux02\") (from 1759449600) (message 2))"
         "  (step (kind absent) (goal \"(run tux02 copy _ _) for 1w\") (host (host \"tux02\") (heard 1767225588)))"
         " (silent) (complete yes))")
       (shown "(?host) (host ?host) (not (during (last \"1w\") (run ?host copy _ _)))"
              (lambda (answers proofs) (proofs-sexp answers '() proofs))))

     (test-equal "as JSON"
       #(#(((kind . rule) (name . "low-ram") (arguments . #("tux01"))
            (steps . #(((kind . fact) (name . "ram") (arguments . #("tux01" 1024))
                        (from . "2025-11-12T00:00:00Z") (from_epoch . 1762905600)
                        (to . null) (message . 12)))))))
       (shown "(low-ram ?host)"
              (lambda (answers proofs)
                (assq-ref (document->json (proofs-json answers '() proofs)) 'why))))

     (test-equal "as an Org list"
       '("- tux01"
         "  - low-ram tux01 <- ram tux01 1024 MiB, since 2025-11-12 00:00:00, message 12"
         "" "1 answer.")
       (shown "(low-ram ?host)"
              (lambda (answers proofs) (proofs-org answers '() proofs)))))))
