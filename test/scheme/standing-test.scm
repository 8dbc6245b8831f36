;;; standing-test.scm -- questions that are asked by themselves: what they say, when, and how often
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))

(define (said world)
  "Return what the server said of answers: lists (TIME HOST TAG STATE SUMMARY)."
  (map (match-lambda
         (#(t host tag state summary)
          (list (ms->time t) host tag (string->symbol state) summary)))
       (sql (world-db world) "SELECT e.t, e.host, e.tag, i.state, e.summary FROM event e
 JOIN event_index i ON i.event = e.id
 WHERE e.tag GLOB 'q*' OR e.tag GLOB 'sheepdog question*' ORDER BY e.id")))

(define (telling facts)
  `((facts . ,(list->vector (map list->vector facts)))))

(define (house . questions)
  (string-append "(config (name \"house\") (notify (to log) (on fail warn recovery) (group \"0s\" \"0s\"))\n"
                 (string-join questions "\n") ")"))

(define %leaks
  "(question q \"A leaking nginx.\" ((?host ?v) (package ?host \"nginx\" ?v) (/= ?v \"2\")) (alert any warn))")

(define %leaking (telling '(("package" "nginx" "1"))))
(define %sound (telling '(("package" "nginx" "2"))))

(run-tests "standing"
  (test-equal "each answer is a subject: it fails once, and is ok when the answer has gone"
    '(("00:01:00" "a" "q 1" warn "A leaking nginx.")
      ("00:03:00" "b" "q 1" warn "A leaking nginx.")
      ("00:04:00" "a" "q 1" ok "no longer: A leaking nginx."))
    (call-with-world (house %leaks)
      (lambda (world)
        (until! world "00:00")
        (messages! world
          `("00:01" "ok" #:subject "a/t" #:more ,%leaking)
          `("00:02" "ok" #:subject "a/t"
            #:more ,(telling '(("package" "nginx" "1") ("package" "x" "1"))))
          `("00:03" "ok" #:subject "b/t" #:more ,%leaking)
          `("00:04" "ok" #:subject "a/t" #:more ,%sound)
          `("00:05" "ok" #:subject "a/t" #:more ,%sound))
        (said world))))

  (test-equal "it is told as any subject is"
    '(("00:01:00" "log" problem) ("00:04:00" "log" recovery))
    (call-with-world (house "(question q \"Leaks.\" ((?host) (package ?host \"nginx\" \"1\")) (alert any))")
      (lambda (world)
        (until! world "00:00")
        (messages! world
          `("00:01" "ok" #:subject "a/t" #:more ,%leaking)
          `("00:02" "ok" #:subject "a/t" #:more ,%leaking)
          `("00:04" "ok" #:subject "a/t" #:more ,%sound))
        (mails world))))

  (test-equal "without any answer: one subject of ours, while there is none"
    '(("00:00:00" "house" "q" fail "Nobody has the sound nginx.")
      ("00:02:00" "house" "q" ok "there is an answer: Nobody has the sound nginx.")
      ("00:04:00" "house" "q" fail "Nobody has the sound nginx."))
    (call-with-world (house "(question q \"Nobody has the sound nginx.\" ((?host) (package ?host \"nginx\" \"2\")) (alert none))")
      (lambda (world)
        (until! world "00:00")
        (messages! world
          `("00:01" "ok" #:subject "a/t" #:more ,%leaking)
          `("00:02" "ok" #:subject "a/t" #:more ,%sound)
          `("00:03" "ok" #:subject "b/t" #:more ,%sound)
          `("00:03:30" "ok" #:subject "b/t" #:more ,%leaking)
          `("00:04" "ok" #:subject "a/t" #:more ,%leaking))
        (said world))))

  (test-equal "what is not heard is noticed when its time has passed, and what comes again ends it"
    '(("02:00:00" "a" "q" fail "No package for two hours.")
      ("03:00:00" "a" "q" ok "no longer: No package for two hours."))
    (call-with-world
        (house "(question q \"No package for two hours.\" ((?host) (label ?host \"watched\") (not (during (last \"2h\") (event ?host \"t\")))) (alert any))")
      (lambda (world)
        (until! world "00:00")
        (messages! world `("00:00" "ok" #:subject "a/t" #:more ,(telling '(("label" "watched" "")))))
        (until! world "02:30")
        (messages! world `("03:00" "ok" #:subject "a/t"))
        (said world))))

  (test-equal "a question does not hear itself"
    '(("00:01:00" "a" "q t" fail "Fails."))
    (call-with-world (house "(question q \"Fails.\" ((?host ?tag) (state ?host ?tag \"fail\")) (alert any))")
      (lambda (world)
        (until! world "00:00")
        (messages! world '("00:01" "fail" #:subject "a/t"))
        (until! world "00:40")
        (said world))))

  (test-equal "what goes in a circle is named, and rests"
    '("sheepdog question q1")
    (call-with-world
        (house "(question q1 \"One.\" ((?host) (host ?host) (= ?host \"a\") (not (state ?host \"q2\" \"fail\"))) (alert any))"
               "(question q2 \"Two.\" ((?host) (state ?host \"q1\" \"fail\")) (alert any))")
      (lambda (world)
        (until! world "00:00")
        (messages! world '("00:01" "ok" #:subject "a/t"))
        (until! world "00:02")
        (delete-duplicates
         (filter (lambda (tag) (string-prefix? "sheepdog" tag)) (map third (said world)))))))

  (test-equal "what no question reads asks nothing"
    '(0 1)
    (call-with-world (house %leaks)
      (lambda (world)
        (define (touched)
          (sql-value (world-db world) "SELECT count(*) FROM _touched"))
        (define (put! table . values)
          (%db-run (world-db world)
                   (string-append "INSERT INTO " table " VALUES ("
                                  (string-join (map (const "?") values) ", ") ")")
                   values))
        (until! world "00:00")
        (put! "ram" "a" 1 0 9223372036854775807 1)
        (put! "package" "a" "vim" "1" 0 9223372036854775807 1)
        (let ((others (touched)))
          (put! "package" "a" "nginx" "1" 0 9223372036854775807 1)
          (list others (touched))))))

  (test-equal "what cannot stand is said, and the others do"
    '(("00:00:00" "house" "sheepdog question q1" warn)
      ("00:01:00" "a" "q2" fail))
    (call-with-world
        (house "(question q1 \"Some.\" ((?host) (host ?host) (limit 3)) (alert any))"
               "(question q2 \"Leaks.\" ((?host) (package ?host \"nginx\" \"1\")) (alert any))")
      (lambda (world)
        (until! world "00:00")
        (messages! world `("00:01" "ok" #:subject "a/t" #:more ,%leaking))
        (map (lambda (line) (take line 4)) (said world)))))

  (test-equal "a question that stands no longer ends what it told"
    '(("00:01:00" "a" "q 1" warn "A leaking nginx.")
      ("00:02:00" "a" "q 1" ok "the question stands no longer"))
    (call-with-world (house %leaks)
      (lambda (world)
        (until! world "00:00")
        (messages! world `("00:01" "ok" #:subject "a/t" #:more ,%leaking))
        (go-to! world (time->ms "00:02"))
        (with-temporary-directory (directory)
          (let ((file (string-append directory "/other.conf")))
            (call-with-output-file file (lambda (port) (display (house) port)))
            (chmod file #o600)
            (run-due! (world-db world) (read-config file) (world-now world))
            (settle-round! world)))
        (filter (lambda (line) (< (time->ms (first line)) (time->ms "00:03"))) (take (said world) 2))))))
