;;; ask-test.scm -- questions and their whole answers, over a small herd that is written down here
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog error)
             (sheepdog logic compile)
             (sheepdog question)
             (sheepdog rule)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define %now 1767225600000)                       ;2026-01-01T00:00:00Z
(define %minute 60000)
(define %hour (* 60 %minute))
(define %day (* 24 %hour))
(define %open 9223372036854775807)

(define (ago . spans) (apply - %now spans))

;; TABLE (VALUE ...): spans last from so long ago to so long ago, or on.
(define (since span) (list (ago span) %open 1))
(define (from-to from to) (list (ago from) (ago to) 1))

(define %rows
  `(("host" ("tux01" ,@(since (* 90 %day))) ("tux02" ,@(since (* 90 %day)))
     ("tux03" ,@(since (* 90 %day))) ("tux04" ,@(since (* 90 %day))))
    ("silent" ("tux02" ,@(since (* 3 %hour))) ("tux03" ,@(from-to (* 9 %day) (* 8 %day))))
    ("ram" ("tux01" 1024 ,@(since (* 90 %day))) ("tux02" 1024 ,@(since (* 90 %day)))
     ("tux03" 65536 ,@(since (* 90 %day))) ("tux04" 512 ,@(since (* 2 %day))))
    ("package"
     ("tux01" "nginx" "1.22.1" ,@(since (* 40 %day)))
     ("tux02" "nginx" "1.22.1" ,@(from-to (* 60 %day) (* 20 %day)))
     ("tux02" "nginx" "1.24.0" ,@(since (* 20 %day)))
     ("tux03" "nginx" "1.18.0" ,@(from-to (* 80 %day) (* 9 %day)))
     ("tux03" "nginx" "1.22.1" ,@(since (* 9 %day)))
     ("tux04" "nginx" "1.22.1" ,@(from-to (* 20 %day) (* 10 %day)))
     ("tux01" "openssl" "3.0.9" ,@(since (* 40 %day)))
     ("tux02" "openssl" "3.0.11" ,@(since (* 40 %day)))
     ("tux03" "openssl" "3.0.2" ,@(since (* 40 %day)))
     ("tux03" "fail2ban" "1.0" ,@(since (* 40 %day))))
    ("complete" ("tux01" "package" 0 ,@(since (* 40 %day)))
     ("tux02" "package" 0 ,@(since (* 40 %day))) ("tux03" "package" 0 ,@(since (* 40 %day))))
    ("label" ("tux01" "production" "" ,@(since (* 90 %day)))
     ("tux02" "production" "" ,@(since (* 90 %day))) ("tux03" "production" "" ,@(since (* 90 %day)))
     ("tux04" "production" "" ,@(since (* 90 %day))))
    ("service" ,@(append-map (lambda (host)
                               (map (lambda (name) `(,host ,name "shepherd" ,@(since (* 90 %day))))
                                    '("nginx" "sshd")))
                             '("tux01" "tux02" "tux03" "tux04")))
    ("state"
     ("tux01" "sshd" "ok" ,@(from-to (* 90 %day) (* 40 %day)))
     ("tux01" "sshd" "fail" ,@(from-to (* 40 %day) (* 39 %day)))
     ("tux01" "sshd" "ok" ,@(from-to (* 39 %day) (* 30 %minute)))
     ("tux01" "sshd" "fail" ,@(from-to (* 30 %minute) (* 20 %minute)))
     ("tux01" "sshd" "ok" ,@(since (* 20 %minute)))
     ("tux02" "nginx" "ok" ,@(since (* 90 %day)))
     ("tux03" "disk" "fail" ,@(since (* 2 %hour)))
     ("tux04" "web" "warn" ,@(since (* 5 %minute))))
    ("kernel" ("tux01" "6.1.0-17" ,@(from-to (* 90 %day) (* 50 %minute)))
     ("tux01" "6.1.0-18" ,@(since (* 50 %minute))))
    ("depends" ("tux01" "web" "tux02" "db" ,@(since (* 90 %day)))
     ("tux02" "db" "tux03" "disk" ,@(since (* 90 %day)))
     ("tux04" "web" "tux01" "web" ,@(since (* 90 %day)))
     ("tux04" "mail" "tux02" "nginx" ,@(since (* 90 %day))))))

;; interruption: host tag worst reason hard planned end failures, span, ev, last
(define %interruptions
  `(("tux01" "nginx" ,@(from-to (* 3 %day) (- (* 3 %day) %hour)))
    ("tux01" "sshd" ,@(from-to (* 20 %hour) (* 19 %hour)))
    ("tux02" "nginx" ,@(from-to (* 40 %day) (* 39 %day)))   ;before the window
    ("tux02" "sshd" ,@(from-to (* 25 %hour) (* 22 %hour)))
    ("tux03" "nginx" ,@(from-to (* 2 %day) %day))           ;not a small machine
    ("tux03" "sshd" ,@(since %hour))
    ("tux04" "nginx" ,@(from-to (* 15 %day) (* 14 %day))))) ;small only later

(define %runs                                     ;host tag id status, span
  `(("tux01" "borg-export" "a" 0 ,@(from-to (* 10 %day) (- (* 10 %day) (* 10 %minute))))
    ("tux01" "borg-export" "b" 0 ,@(from-to %day (- %day (* 10 %minute))))
    ("tux02" "borg-export" "c" 2 ,@(from-to %day (- %day %minute)))
    ("tux03" "borg-export" "d" 0 ,@(from-to (* 3 %day) (- (* 3 %day) %minute)))
    ("tux03" "borg-export" "e" -1 ,@(since (* 3 %minute)))))

(define (insert! db table values)
  (%db-run db (string-append "INSERT INTO \"" table "\" VALUES ("
                             (string-join (map (const "?") values) ", ") ")")
           values))

(define (call-with-herd proc)
  (with-temporary-directory (directory)
    (let ((db (prepare-for-questions!
               (open-store (string-append directory "/t.db") 'create))))
      (for-each (match-lambda
                  ((table . rows)
                   (for-each (lambda (row) (insert! db table row)) rows)))
                %rows)
      (for-each (match-lambda
                  ((host tag t0 t1 ev)
                   (insert! db "interruption"
                            (list host tag "fail" "" %open 0 "" 1 t0 t1 ev #f 0))))
                %interruptions)
      (for-each (lambda (row n)
                  (match row
                    ((host tag id status t0 t1 ev)
                     (insert! db "run_index" (list host tag t0 n id status t1 ev)))))
                %runs (iota (length %runs)))
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(define* (answers db text #:key at limit (now %now))
  (answers-rows (ask-question db (text->data text) #:now now #:at at #:limit limit
                              #:source text)))

(define (complaint db text)
  "Return the lines that tell what is wrong with TEXT."
  (with-error-handler
   (lambda (code words hint) words)
   (lambda () (answers db text) #f)))

(setenv "TZ" "UTC")

(run-tests "ask"
  (define-rule! '(define-relation (low-ram ?host)
                   "A machine with less than 2 GiB of memory."
                   (fresh (?total) (ram ?host ?total) (< ?total "2GiB"))))
  (define-rule! '(define-relation (usual ?host ?tag (mean ?d))
                   (during (last "90d") (lasting ?d (run ?host ?tag _ 0)))))

  (call-with-herd
   (lambda (db)
     (define (ask text . options) (apply answers db text options))

     (test-group "worked questions"
       (test-equal "1: what was interrupted on small machines while they ran an nginx"
         '(("nginx" "tux01") ("sshd" "tux01"))
         (ask "(?service ?host) (during (last \"30d\") (interruption ?host ?service) (service ?host ?service) (low-ram ?host) (package ?host \"nginx\" \"1.22.1\"))"))
       (test-equal "2: expected hosts without a good backup for two days"
         '(("tux02") ("tux03") ("tux04"))
         (ask "(?host) (host ?host) (not (during (last \"2d\") (run ?host \"borg-export\" _ 0)))"))
       (test-equal "3: what changed in the hour before sshd last failed"
         `(("kernel" "" "6.1.0-17" "6.1.0-18" ,(ago (* 50 %minute)))
           ("state" "sshd" "ok" "fail" ,(ago (* 30 %minute))))
         (ask "(?relation ?key ?old ?new ?t) (during always (latest () (span ?f _ (state \"tux01\" \"sshd\" \"fail\")))) (changed \"tux01\" ?relation ?key ?old ?new ?t) (<= (- ?f \"1h\") ?t ?f)"))
       (test-equal "4: what stands, directly or not, on something that fails now"
         '(("tux01" "web" "tux03") ("tux02" "db" "tux03") ("tux04" "web" "tux03"))
         (ask "(?host ?tag ?on) (state ?on ?what \"fail\") (depends* ?host ?tag ?on ?what)"))
       (test-equal "5: each service's longest interruption in a day, and where"
         `(("sshd" ,(* 2 %hour) "tux02"))
         (ask "(?service (max ?d) (argmax ?d ?host)) (order-by (desc 2)) (during (last \"1d\") (service ?host ?service) (lasting ?d (interruption ?host ?service)))"))
       (test-equal "6: who ran nginx 1.18.0 ten days ago"
         '(("tux03"))
         (ask "(?host) (at (ago \"10d\") (package ?host \"nginx\" \"1.18.0\"))"))
       (test-equal "7: what is not ok, and since when"
         `(("tux03" "disk" "fail" ,(ago (* 2 %hour))) ("tux04" "web" "warn" ,(ago (* 5 %minute))))
         (ask "(?host ?tag ?state ?since) (span ?since _ (state ?host ?tag ?state)) (/= ?state \"ok\")"))
       (test-equal "8: what we only believe: the subjects of silent hosts"
         `(("tux02" "nginx" "ok" ,(ago (* 3 %hour))))
         (ask "(?host ?tag ?state ?since) (span ?since _ (silent ?host)) (state ?host ?tag ?state)"))
       (test-equal "10: production machines with an old openssl"
         '(("tux01" "3.0.9") ("tux03" "3.0.2"))
         (ask "(?host ?v) (label ?host \"production\") (package ?host \"openssl\" ?v) (< ?v \"3.0.11\")"))
       (test-equal "11: known to lack it: no silent, no never inventoried ones"
         '(("tux01"))
         (ask "(?host) (label ?host \"production\") (known-not (package ?host \"fail2ban\"))"))
       (test-equal "12: runs twice as long as usual, running ones too"
         `(("tux03" "borg-export" ,(* 3 %minute)))
         (ask "(?host ?tag ?d) (during (last \"1d\") (lasting ?d (run ?host ?tag _))) (usual ?host ?tag ?u) (> ?d (* 2 ?u))")))

     (test-group "the order of goals does not matter"
       (define goals
         '("(interruption ?host ?service)" "(service ?host ?service)" "(low-ram ?host)"
           "(package ?host \"nginx\" \"1.22.1\")"))
       (define (sql goals)
         (compiled-sql
          (compile-question (database-world db)
                            (text->data (string-append "(?service ?host) (during (last \"30d\") "
                                                       (string-join goals) ")"))
                            %now)))
       (test-equal "the statement is the same, first to last or last to first"
         (sql goals) (sql (reverse goals))))

     (test-group "time"
       (test-equal "as if now were ten days ago"
         '(("tux02"  "1.24.0") ("tux01" "1.22.1") ("tux04" "1.22.1") ("tux03" "1.18.0"))
         (ask "(?h ?v) (package ?h nginx ?v) (order-by (desc ?v))" #:at (ago (* 10 %day) %hour)))
       (test-equal "what ended since then still held then"
         `(("tux01" ,(ago (* 40 %day)) open) ("tux04" ,(ago (* 20 %day)) open))
         (ask "(?h ?f ?t) (span ?f ?t (package ?h nginx \"1.22.1\"))"
              #:at (ago (* 10 %day) %hour))))

     (test-group "errors"
       (test-equal "an unknown relation, with the nearest name"
         "ask:1:7: error: no relation 'pakage'
  (?h) (pakage ?h nginx)
        ^^^^^^
hint: did you mean 'package'?"
         (complaint db "(?h) (pakage ?h nginx)"))))))
