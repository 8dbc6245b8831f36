;;; ask-test.scm -- questions and their whole answers, over a small herd that is written down here
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog catalogue)
             (sheepdog core)
             (sheepdog error)
             (sheepdog logic compile)
             (sheepdog logic relation)
             (sheepdog question)
             (sheepdog rule)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (ice-9 threads)
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

     (test-group "live relations"
       (define asked '())
       (define (disk-free host)
         (set! asked (cons host asked))
         (match host
           ("tux01" '(("/" 100) ("/srv" 5000)))
           ("tux02" #f)
           ("tux03" '())))
       (define (register! procedure timeout)
         (register-live!
          (make-relation 'disk-free 'live
                         (list (make-column 'host 'text) (make-column 'mount 'text)
                               (make-column 'free '(size MiB)))
                         1 #:procedure procedure #:timeout timeout)))
       (define question
         "(?host ?mount ?free) (package ?host \"nginx\") (disk-free ?host ?mount ?free) (< ?free \"1GiB\")")
       (define* (whole text)
         (let ((found (ask-question db (text->data text) #:now %now #:source text)))
           (list (answers-rows found) (answers-complete? found))))
       (register! disk-free 2000)
       (test-equal "9: nginx machines with a disk that is nearly full, of those that answer"
         '((("tux01" "/" 100)) #f)
         (whole question))
       (test-equal "each machine was asked once"
         '("tux01" "tux02" "tux03") (sort asked string<?))
       (test-equal "all answer"
         '((("tux01" "/srv" 5000)) #t)
         (whole "(?h ?m ?f) (= ?h \"tux01\") (disk-free ?h ?m ?f) (> ?f \"1GiB\")"))
       (test-equal "an input that nothing gives"
         "ask:1:1: error: disk-free wants a known host: no other goal gives ?h
  (disk-free ?h ?m ?f)
  ^^^^^^^^^^^^^^^^^^^^"
         (complaint db "(disk-free ?h ?m ?f)"))
       (test-equal "at another time"
         "ask:1:31: error: 'disk-free' asks machines now: it knows no other time
  (host ?h) (during (last \"1d\") (disk-free ?h ?m ?f))
                                ^^^^^^^^^^^^^^^^^^^^
hint: write it outside of 'during' and 'at'"
         (complaint db "(host ?h) (during (last \"1d\") (disk-free ?h ?m ?f))"))
       (register! (lambda (host) (error "no route to" host)) 2000)
       (test-raises "an error of the procedure is the question's" 'misc-error
         (lambda (text) (string-contains text "no route to"))
         (whole question))
       (register! (lambda (host) '((1 2 3 4))) 2000)
       (test-raises "rows of another shape are an error" 'bad-answer
         "'disk-free' is to give a list of rows, each with mount, free"
         (whole question))
       (let ((mutex (make-mutex)))
         (lock-mutex mutex)
         (register! (lambda (host) (with-mutex mutex '())) 20)
         (test-equal "who does not answer in time is left out"
           '(() #f)
           (whole question)))
       (forget-live! 'disk-free))

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

     (test-group "or"
       (test-equal "one that only tests, and one that binds"
         '((("tux01") ("tux03")) (("tux01" "3.0.9") ("tux03" "1.0")))
         (list (ask "(?h) (host ?h) (or (package ?h openssl \"3.0.9\") (package ?h fail2ban))")
               (ask "(?h ?v) (or (package ?h fail2ban ?v) (and (package ?h openssl ?v) (= ?v \"3.0.9\")))")))
       (test-equal "two that bind the same"
         '(("tux02"))
         (ask "(?h) (or (package ?h nginx \"1.24.0\") (package ?h fail2ban)) (or (silent ?h) (run ?h _ _ 7))"))
       (test-equal "in one window all share an instant"
         '(("tux03" "disk"))
         (ask "(?h ?t) (during (last \"3h\") (state ?h ?t fail) (or (package ?h fail2ban) (silent ?h)) (or (label ?h production) (host ?h)))"))
       (test-equal "its groups count what each gives"
         '(("tux01" 1) ("tux03" 2))
         (ask "(?h (count)) (or (package ?h fail2ban) (package ?h openssl \"3.0.9\") (package ?h openssl \"3.0.2\"))"))
       (test-equal "a group may be chosen by what only its alternatives bind"
         '(("tux03"))
         (ask "(?h) (or (package ?h _ ?v) (label ?h production ?v)) (having (> (count ?v) 3))")))

     (test-group "recursion"
       (define-rule! '(define-relation (stands-on ?a ?b)
                        (or (depends ?a _ ?b _)
                            (fresh (?c) (stands-on ?a ?c) (stands-on ?c ?b)))))
       (define-rule! '(define-relation (odd-step ?a ?b)
                        (or (depends ?a _ ?b _)
                            (fresh (?c) (depends ?a _ ?c _) (even-step ?c ?b)))))
       (define-rule! '(define-relation (even-step ?a ?b)
                        (fresh (?c) (depends ?a _ ?c _) (odd-step ?c ?b))))
       (define-rule! '(define-relation (contrary ?a) (host ?a) (not (contrary ?a))))
       (define-rule! '(define-relation (more ?a (count)) (more ?a ?n)))
       (test-equal "both ends are open, one is known, or the other"
         '((("tux01" "tux02") ("tux01" "tux03") ("tux02" "tux03")
            ("tux04" "tux01") ("tux04" "tux02") ("tux04" "tux03"))
           (("tux01") ("tux02"))
           (("tux01") ("tux02") ("tux03")))
         (list (ask "(?a ?b) (depends* ?a _ ?b _)")
               (ask "(?a) (depends* ?a _ tux03 disk) (/= ?a tux04)")
               (ask "(?b) (depends* tux04 _ ?b _)")))
       (test-equal "a rule that calls itself twice gives the same"
         (ask "(?a ?b) (depends* ?a _ ?b _)")
         (ask "(stands-on ?a ?b)"))
       (test-equal "it can be asked again, and of another time"
         '(() (("tux01") ("tux02") ("tux03")))
         (list (ask "(?b) (at (ago \"100d\") (stands-on tux04 ?b))")
               (ask "(?b) (during (last \"1d\") (stands-on tux04 ?b))")))
       (test-equal "rules that call each other"
         '(("tux01" "tux03") ("tux04" "tux02") ("tux04" "tux03"))
         (ask "(even-step ?a ?b)"))
       (test-equal "negation and aggregates cannot go through it"
         '("'contrary' calls itself inside of 'not', or of another time"
           "'more' reckons with what it is to tell itself")
         (map (lambda (text)
                (string-drop (car (string-split (complaint db text) #\newline))
                             (string-length "ask:1:1: error: ")))
              '("(contrary ?a)" "(more ?a ?n)")))
       (for-each forget-rule! '(stands-on odd-step even-step contrary more)))

     (test-group "errors"
       (define (first-line text)
         (car (string-split (complaint db text) #\newline)))
       (test-equal "an unknown relation, with the nearest name"
         "ask:1:7: error: no relation 'pakage'
  (?h) (pakage ?h nginx)
        ^^^^^^
hint: did you mean 'package'?"
         (complaint db "(?h) (pakage ?h nginx)"))
       (test-equal "all in one pass, in their order"
         "ask:1:5: error: ?y is bound only inside 'not', and used outside
  (?h ?y) (host ?h)
      ^^
hint: a relation gives it, such as (host ?host)
ask:2:9: error: expected a size, got \"much\"
  (ram ?h \"much\") (not (package ?h ?y))
          ^^^^^^
hint: such as \"4GiB\" \"500MB\"
ask:3:9: error: no window can be read from (lst \"3d\")
  (during (lst \"3d\") (host ?h)) (ram ?h 1 2 3)
          ^^^^^^^^^^
hint: (last \"30d\"), (since T), (between T T), (on \"2026-10\") or always
ask:3:31: error: 'ram' takes 1 to 2 arguments, got 4
  (during (lst \"3d\") (host ?h)) (ram ?h 1 2 3)
                                ^^^^^^^^^^^^^^
hint: they are: host total"
         (complaint db "(?h ?y) (host ?h)
(ram ?h \"much\") (not (package ?h ?y))
(during (lst \"3d\") (host ?h)) (ram ?h 1 2 3)"))
       (test-equal "a variable that nothing binds"
         "ask:1:5: error: no goal binds ?z"
         (first-line "(?h ?z) (host ?h)"))
       (test-equal "text against a number"
         "ask:1:39: error: a number is compared with text"
         (first-line "(?h ?s ?n) (run ?h _ _ ?s) (os ?h ?n) (< ?s ?n)"))
       (test-equal "one variable, two types"
         "ask:1:25: error: ?x is a size here, and text elsewhere"
         (first-line "(?x) (os _ ?x) (ram \"a\" ?x)"))
       (test-equal "an unreadable time"
         "ask:1:5: error: no time can be read from \"the other day\""
         (first-line "(at \"the other day\" (host ?h))"))
       (test-equal "a list that is not closed, and one that was not open"
         '("ask:1:6: error: this list is never closed" "ask:1:10: error: unexpected ')'")
         (map first-line '("(?h) (host ?h" "(host ?h))")))
       (test-equal "no more than 64 KiB, and 100 deep"
         '("ask:1:1: error: a question has at most 65536 characters, this one 65537"
           "ask:1:101: error: nested deeper than 100")
         (map first-line (list (make-string 65537 #\a) (make-string 200 #\())))
       (test-equal "an aggregate among the goals"
         "ask:1:24: error: 'max' of one value stands only in heads, having and order-by"
         (first-line "(?h) (ram ?h ?m) (= ?m (max ?m))"))
       (test-raises "an end to what takes too long" 'too-long "no answer within 0.001 s"
         (ask-question db (text->data "((count)) (host ?a) (host ?b) (host ?c) (host ?d) (host ?e) (host ?f) (host ?g) (host ?h) (host ?i) (host ?j)")
                       #:now %now #:patience 1))))))
