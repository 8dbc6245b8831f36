;;; round-test.scm -- waiting messages become events, states, facts, decisions, outbox rows
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog monitor)
             (sheepdog plugin)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (rnrs bytevectors)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define now 1795335303000)
(define open 9223372036854775807)

(define (call-with-server text proc)
  "Call PROC with a store and the configuration TEXT."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
             (result (proc db (read-config file))))
        (%db-close! db)
        result))))

(define* (arrive! db body #:key (sender 0) (seq #f) (received now))
  "Let BODY, a string or an alist, wait; return its id."
  (let ((id (+ 1 (or (sql-value db "SELECT max(id) FROM message") 0))))
    (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (" id ", "
         sender ", " (or seq id) ", " received ", "
         (string->utf8 (if (string? body) body (%json-write body))) ", 1)")
    (sql db "INSERT INTO waiting (message) VALUES (" id ")")
    id))

(define* (bark state #:key (host "h") (tag "t") (time #f) (more '()))
  `((host . ,host) (tag . ,tag) (state . ,state) ,@(if time `((time . ,time)) '()) ,@more))

(define (handle-all! db config)
  (let loop ((rounds 0))
    (if (or (zero? (handle-waiting! db config now)) (> rounds 20))
        rounds
        (loop (+ rounds 1)))))

(define (told db)
  (map (match-lambda (#(kind recipient event) (list (string->symbol kind) recipient event)))
       (sql db "SELECT kind, recipient, event FROM outbox ORDER BY id")))

(define (decisions db)
  (map (match-lambda
         (#(verdict reason count) (list (string->symbol verdict) reason count)))
       (sql db "SELECT verdict, reason, count FROM decision ORDER BY id")))

(define (spans db)
  (map (match-lambda
         (#(host tag t0 t1 worst failures)
          (list (string-append host "/" tag) (- t0 now) (if (= t1 open) '- (- t1 now))
                (string->symbol worst) failures)))
       (sql db "SELECT host, tag, t0, t1, worst, failures FROM interruption
 ORDER BY host, tag, t0")))

(define (state db host tag)
  (match (sql-row db "SELECT state, hard, failures FROM subject WHERE host = " host
                  " AND tag = " tag)
    (#(state hard failures) (list (string->symbol state) (string->symbol hard) failures))
    (#f #f)))

(define (aside db)
  (map (match-lambda (#(id reason) (list id reason)))
       (sql db "SELECT message, reason FROM aside ORDER BY message")))

(define mail "(config (mailto \"a@x\"))")

(define (run config . bodies)
  "Let BODIES wait, handle them in one batch and return (TOLD DECISIONS)."
  (call-with-server config
    (lambda (db config)
      (for-each (lambda (body) (arrive! db body)) bodies)
      (handle-all! db config)
      (list (told db) (decisions db)))))

(define (run-singly config . bodies)
  "Likewise, each in a batch of its own."
  (call-with-server config
    (lambda (db config)
      (for-each (lambda (body)
                  (arrive! db body)
                  (handle-waiting! db config now))
                bodies)
      (list (told db) (decisions db)))))

(define ten-failures (make-list 10 (bark "fail")))

;; Monitors of the test.
(define-monitor raising
  "Its receiver raises."
  (receive (message) (error "no luck")))
(define attempts 0)
(define-monitor second-time
  "Its receiver works the second time."
  (receive (message)
    (set! attempts (+ attempts 1))
    (if (= attempts 2)
        `((store (raid ,(message-host message) "md0" "good")))
        (error "not yet"))))
(define-monitor raid
  "Its receiver does all there is."
  (fields (degraded integer? "How many."))
  (receive (message)
    `((store (raid ,(message-host message) "md0" ,(or degraded 0)))
      (notify "md0 is degraded")
      (log info "seen")
      (exec "/bin/true" "x"))))

(run-tests "round"
  (test-group "one notice"
    (test-equal "the same job failing ten times is one mail"
      '(((problem "a@x" 1)) ((tell "problem" 1) (no "same" 9)))
      (apply run mail ten-failures))
    (test-equal "in ten batches as in one"
      '(((problem "a@x" 1)) ((tell "problem" 1) (no "same" 9)))
      (apply run-singly mail ten-failures))
    (test-equal "its success afterwards is one more"
      '(((problem "a@x" 1) (recovery "a@x" 11))
        ((tell "problem" 1) (no "same" 9) (tell "recovery" 1)))
      (apply run mail (append ten-failures (list (bark "ok")))))
    (test-equal "and so it is in batches of their own"
      '(((problem "a@x" 1) (recovery "a@x" 11))
        ((tell "problem" 1) (no "same" 9) (tell "recovery" 1)))
      (apply run-singly mail (append ten-failures (list (bark "ok")))))
    (test-equal "N9: a change for the worse is told, in one thread"
      '(((problem "a@x" 1) (change "a@x" 2) (recovery "a@x" 3))
        ((tell "problem" 1) (tell "change" 1) (tell "recovery" 1)))
      (run "(config (mailto \"a@x\") (notify (on warn fail recovery)))"
           (bark "warn") (bark "fail") (bark "ok")))
    (test-equal "in batches of their own, too"
      '(((problem "a@x" 1) (change "a@x" 2) (recovery "a@x" 3))
        ((tell "problem" 1) (tell "change" 1) (tell "recovery" 1)))
      (run-singly "(config (mailto \"a@x\") (notify (on warn fail recovery)))"
                  (bark "warn") (bark "fail") (bark "ok")))
    (test-equal "what another connection has handled meanwhile is seen"
      '((ok ok 0) ((problem "a@x" 1) (recovery "a@x" 2)))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "fail"))
          (handle-all! db config)
          (let ((other (%db-open (sql-value db "SELECT file FROM pragma_database_list
 WHERE name = 'main'") 'read-write)))
            (arrive! other (bark "ok"))
            (handle-all! other config)
            (%db-close! other))
          (arrive! db (bark "ok"))
          (handle-all! db config)
          (list (state db "h" "t") (told db)))))
    (test-equal "new and ok is fine"
      '(() ((no "fine" 2)))
      (run mail (bark "ok") (bark "ok")))
    (test-equal "without mailto the log is told"
      '(((problem "log" 1)) ((tell "problem" 1)))
      (run "(config)" (bark "fail")))
    (test-equal "each recipient has decisions of its own"
      '(((problem "a@x" 1) (problem "b@x" 1)) ((tell "problem" 1) (tell "problem" 1)))
      (run "(config (mailto \"a@x\" \"b@x\"))" (bark "fail")))
    (test-equal "to nobody: decided, nothing told"
      '(() ((no "not-routed" 2)))
      (run "(config (mailto \"a@x\") (notify (to)))" (bark "fail") (bark "ok")))
    (test-equal "the sender's wish is heeded where the configuration says so"
      '(((problem "c@x" 1)) ((tell "problem" 1)))
      (run "(config (notify (to sender)))"
           (bark "fail" #:more '((mailto . "c@x")))))
    (test-equal "clauses choose by subject"
      '(((problem "d@x" 1) (problem "a@x" 2)) ((tell "problem" 1) (tell "problem" 1)))
      (run "(config (mailto \"a@x\") (notify (subject \"*/disk *\") (to \"d@x\")))"
           (bark "fail" #:tag "disk /") (bark "fail")))
    (test-equal "who was told of the problem is told of its end, though no clause names him now"
      '((problem "a@x" 1) (recovery "a@x" 2))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "fail"))
          (handle-all! db config)
          (arrive! db (bark "ok"))
          (call-with-server "(config (mailto \"b@x\"))"
            (lambda (other config) (handle-all! db config)))
          (told db)))))

  (test-group "the mail"
    (define (notices . bodies)
      (call-with-server "(config (name \"server\") (mailto \"a@x\"))"
        (lambda (db config)
          (for-each (lambda (body) (arrive! db body)) bodies)
          (handle-all! db config)
          (map (match-lambda
                 (#(action) (vector-ref (car (%json-read action)) 1)))
               (sql db "SELECT action FROM outbox ORDER BY id")))))
    (test-equal "the end replies to the beginning"
      #t
      (match (notices (bark "fail") (bark "ok"))
        ((problem recovery)
         (and (equal? #() (assq-ref problem 'references))
              (equal? (vector (assq-ref problem 'id)) (assq-ref recovery 'references))
              (string-prefix? "<1.problem." (assq-ref problem 'id))
              (string-suffix? "@server>" (assq-ref problem 'id))))))
    (test-equal "it tells of the command and of the last ok"
      '("[sheepdog] FAIL h/t: exit status 2" #t #t)
      (match (notices (bark "ok" #:time 1795335103)
                      (bark "fail" #:time 1795335203
                            #:more '((outcome . ((command . "false") (status . 2)
                                                 (elapsed . 0.4))))))
        ((notice)
         (let ((text (assq-ref notice 'text)))
           (list (assq-ref notice 'title)
                 (and (string-contains text "  outcome   exit status 2 after 0.4 s\n") #t)
                 (and (string-contains text "  last ok   Sun 22 Nov at 08:11\n") #t)))))))

  (test-group "states"
    (test-equal "spans, failures and worst state are kept"
      '(("h/t" -300 -100 fail 3))
      (call-with-server mail
        (lambda (db config)
          (for-each (lambda (state ago)
                      (arrive! db (bark state #:time (/ (- now ago) 1000.0))))
                    '("ok" "warn" "fail" "warn" "ok") '(400 300 250 200 100))
          (handle-all! db config)
          (spans db))))
    (test-equal "N25: an older result never touches the state"
      '((ok ok 0) ((no "fine" 1) (no "older-result" 1)))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "ok" #:time (/ (- now 5000) 1000)))
          (arrive! db (bark "fail" #:time (/ (- now 10000) 1000)))
          (handle-all! db config)
          (list (state db "h" "t") (decisions db)))))
    (test-equal "of one sender the greater number counts, whatever its clock says"
      '(ok ok 0)
      (call-with-server mail
        (lambda (db config)
          (let ((of (lambda (seq) `((sender . ,(make-string 32 #\a)) (seq . ,seq)))))
            (arrive! db (bark "fail" #:time (/ (- now 1000) 1000) #:more (of 1))
                     #:sender 5 #:seq 1)
            (arrive! db (bark "ok" #:time (/ (- now 9000) 1000) #:more (of 2))
                     #:sender 5 #:seq 2))
          (handle-all! db config)
          (state db "h" "t"))))
    (test-equal "a ping is ok, a start tells nothing, a log makes no subject"
      '((ok ok 0) (#{}# #{}# 0) #f 3)
      (call-with-server mail
        (lambda (db config)
          (arrive! db '((host . "h") (tag . "PING") (kind . "ping")))
          (arrive! db '((host . "h") (tag . "job") (kind . "start")))
          (arrive! db '((host . "h") (tag . "doctor") (kind . "log")))
          (handle-all! db config)
          (list (state db "h" "PING") (state db "h" "job") (state db "h" "doctor")
                (sql-value db "SELECT count(*) FROM event"))))))

  (test-group "facts"
    (define (facts db)
      (sql db "SELECT relation, host, k1, value FROM _fact WHERE t1 = 9223372036854775807
UNION ALL SELECT 'package', host, name, version FROM package WHERE t1 = 9223372036854775807
UNION ALL SELECT 'ram', host, '', total FROM ram WHERE t1 = 9223372036854775807
 ORDER BY 1, 3"))
    (test-equal "of a message and of its receiver"
      '(#("package" "h" "nginx" "1.22.1") #("raid" "h" "md0" 1) #("ram" "h" "" 4096))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "ok" #:more `((monitor . "raid")
                                          (fields . ((degraded . 1)))
                                          (facts . #(#("package" "nginx" "1.22.1")
                                                     #("ram" 4096))))))
          (handle-all! db config)
          (facts db)))))

  (test-group "actions"
    (test-equal "a receiver's text is the text of the notification, log and exec are put out"
      '((problem "a@x" 1) (#{}# "log" 1) (#{}# "(exec \"/bin/true\" \"x\")" 1))
      (first (run mail (bark "fail" #:more '((monitor . "raid"))))))
    (test-equal "where none is due it is a note, told once"
      '(((note "a@x" 1) (#{}# "log" 1) (#{}# "(exec \"/bin/true\" \"x\")" 1)
         (#{}# "log" 2) (#{}# "(exec \"/bin/true\" \"x\")" 2))
        ((no "fine" 1) (tell "note" 1) (no "fine" 1)))
      (run mail (bark "ok" #:more '((monitor . "raid")))
           (bark "ok" #:more '((monitor . "raid"))))))

  (test-group "aside"
    (test-equal "what cannot be decoded, with a position, a field or a rule"
      #t
      (call-with-server mail
        (lambda (db config)
          (for-each (lambda (body) (arrive! db body))
                    '("" "[]" "{\"tag\":\"a\"" "{}" "{\"tag\":5}" "{\"tag\":\"a\",\"v\":3}"))
          (arrive! db (bark "ok"))
          (handle-all! db config)
          (match (aside db)
            (((1 empty) (2 array) (3 unclosed) (4 neither) (5 wrong) (6 newer))
             (and (string=? neither "neither 'tag' nor 'monitor'")
                  (string=? newer "version 3, I speak 1")
                  (string-prefix? "'tag' wants" wrong)
                  (string-prefix? "1:" unclosed)
                  (equal? '(ok ok 0) (state db "h" "t"))))))))
    (test-equal "what the transport doubts"
      '((1 "no field 'message'"))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "ok"))
          (sql db "UPDATE waiting SET trouble = 'no field ''message'''")
          (handle-all! db config)
          (aside db))))
    (test-equal "a receiver that fails three times costs only its own actions"
      '(#t (fail fail 1) ((problem "a@x" 1)) 2 (warn warn 1))
      (call-with-server "(config (name \"server\") (mailto \"a@x\"))"
        (lambda (db config)
          (arrive! db (bark "fail" #:more '((monitor . "raising"))))
          (arrive! db (bark "ok" #:host "other"))
          (handle-all! db config)
          (list (match (aside db)
                  (((1 reason))
                   (and (string-prefix? "its receiver failed 3 times: " reason)
                        (string-contains reason "round-test.scm")
                        (string-contains reason "no luck")
                        #t)))
                (state db "h" "t")
                (told db)
                (sql-value db "SELECT count(*) FROM event WHERE host <> 'server'")
                (state db "server" "sheepdog monitor raising")))))
    (test-equal "one that works at last has its facts, and the server says that it does"
      '(() (#("raid" "md0" "good")) (ok ok 0) 1)
      (call-with-server "(config (name \"server\"))"
        (lambda (db config)
          (arrive! db (bark "ok" #:more '((monitor . "second-time"))))
          (handle-all! db config)
          (list (aside db)
                (sql db "SELECT relation, k1, value FROM _fact")
                (state db "server" "sheepdog monitor second-time")
                (sql-value db "SELECT count(*) FROM event WHERE host = 'h'")))))
    (test-equal "a field that does not fit is the message's fault: at once, nobody is blamed"
      '((1 "'degraded' of monitor 'raid' wants a whole number, got \"many\"") (ok ok 0) #f)
      (call-with-server "(config (name \"server\"))"
        (lambda (db config)
          (arrive! db (bark "ok" #:more '((monitor . "raid")
                                          (fields . ((degraded . "many"))))))
          (handle-waiting! db config now)
          (list (first (aside db)) (state db "h" "t")
                (state db "server" "sheepdog monitor raid")))))
    (test-equal "an unknown monitor is no error"
      '(() (ok ok 0))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "ok" #:more '((monitor . "nobody-has-it"))))
          (handle-all! db config)
          (list (aside db) (state db "h" "t"))))))

  (test-group "after a death"
    (test-equal "what was under way is tried alone, in its order"
      '(3 (fail fail 3) 0)
      (call-with-server mail
        (lambda (db config)
          (for-each (lambda (i) (arrive! db (bark "fail"))) (iota 3))
          (sql db "UPDATE waiting SET attempts = 1")
          (let ((count (handle-waiting! db config now)))
            (list count (state db "h" "t")
                  (sql-value db "SELECT count(*) FROM waiting"))))))
    (test-equal "what the process died of three times goes aside; its state is entered"
      '(((1 "the process died of it")) (fail fail 1) 0)
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "fail" #:more '((monitor . "raising"))))
          (sql db "UPDATE waiting SET attempts = 4")
          (handle-all! db config)
          (list (aside db) (state db "h" "t")
                (sql-value db "SELECT count(*) FROM waiting")))))
    (test-equal "an error of the database counts nobody's attempt"
      '(#t (#(1 0)))
      (call-with-server mail
        (lambda (db config)
          (arrive! db (bark "fail"))
          (sql db "ALTER TABLE decision RENAME TO gone")
          (let ((raised (catch 'sheepdog-error
                          (lambda () (handle-waiting! db config now) #f)
                          (const #t))))
            (list raised (sql db "SELECT message, attempts FROM waiting")))))))

  (test-equal "a plan changes nothing"
    '(((1 "h/t" ((store ("raid" "h" "md0" 0)) (notify "md0 is degraded") (log info "seen")
                 (exec "/bin/true" "x"))
          #f)
       (2 #f () "neither 'tag' nor 'monitor'"))
      2)
    (call-with-server mail
      (lambda (db config)
        (arrive! db (bark "ok" #:more '((monitor . "raid"))))
        (arrive! db "{}")
        (let ((plan (plan-waiting db config)))
          (list plan (sql-value db "SELECT count(*) FROM waiting WHERE attempts = 0")))))))
