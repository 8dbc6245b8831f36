;;; declare-test.scm -- relations that somebody declares: their tables, facts that came before, other columns
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))

(use-modules (sheepdog catalogue)
             (sheepdog declare)
             (sheepdog error)
             (sheepdog logic declaration)
             (sheepdog logic relation))

(define %open 9223372036854775807)

(define (declare! world form)
  (with-transaction (world-db world)
    (declare-relation! (world-db world) (read-declaration form) "here")))

(define (problem thunk)
  (with-error-handler
   (lambda (code text hint) (list text hint))
   (lambda () (thunk) #f)))

(define (rows world text)
  (map vector->list (%db-run (world-db world) text '())))

(define (tell! world . facts)
  "Let a message with FACTS, vectors, arrive now."
  (queue! world "ok" #:more `((facts . ,(list->vector facts))))
  (settle-round! world))

(define-syntax-rule (in-world (world text) body ...)
  (call-with-world text (lambda (world) (settle-round! world) body ...) #:start "10:00"))

(define (ms text) (time->ms text))

(run-tests "declare"
  (test-equal "what came before moves into the table, what does not fit stays and is told"
    (list `(("h" "md0" "ok" ,(ms "10:00") ,(ms "10:10"))
            ("h" "md0" "degraded" ,(ms "10:10") ,%open))
          '(("raid" 3))
          '(("raid" "raid wants 2 arguments behind the host, got 3"))
          '("raid" "raid_h" "raid_v"))
    (in-world (world "(config)")
      (tell! world #("raid" "md0" "ok") #("raid" "a" "b" "c"))
      (until! world "10:10")
      (tell! world #("raid" "md0" "degraded"))
      (declare! world '(define-state (raid host disk -> status) "State of an md array."))
      (list (rows world "SELECT host, disk, status, t0, t1 FROM raid ORDER BY t0")
            (rows world "SELECT relation, arity FROM _fact")
            (rows world "SELECT relation, reason FROM refused")
            (map car (rows world "SELECT name FROM sqlite_schema WHERE tbl_name = 'raid' ORDER BY 1")))))
  (test-equal "from then on facts go there, in the same batch and later"
    `(("h" "md0" "ok" ,(ms "10:00") ,(ms "10:05")) ("h" "md0" "bad" ,(ms "10:05") ,%open))
    (in-world (world "(config)")
      (tell! world #("shoe" 1))
      (declare! world '(define-state (raid host disk -> status)))
      (tell! world #("raid" "md0" "ok"))
      (until! world "10:05")
      (tell! world #("raid" "md0" "bad"))
      (rows world "SELECT host, disk, status, t0, t1 FROM raid ORDER BY t0")))
  (test-equal "declared as a set, a key has many rows; of one key they never overlap"
    `(("h" "a" ,(ms "10:00") ,(ms "10:05")) ("h" "b" ,(ms "10:05") ,%open))
    (in-world (world "(config)")
      (tell! world #("needs" "a"))
      (until! world "10:05")
      (tell! world #("needs" "b"))
      (declare! world '(define-state (needs host other)))
      (rows world "SELECT host, other, t0, t1 FROM needs ORDER BY t0")))
  (test-equal "an event is there once, however often it is told"
    `(("h" "bob" "here" ,(ms "10:00")))
    (in-world (world "(config)")
      (declare! world '(define-event (login host user -> from)))
      (tell! world #("login" "bob" "here"))
      (tell! world #("login" "bob" "here"))
      (rows world "SELECT host, \"user\", \"from\", t FROM login")))
  (test-equal "a number that moves less than a step begins no span"
    `((20.0 ,(ms "10:00") ,(ms "10:10")) (26.0 ,(ms "10:10") ,%open))
    (in-world (world "(config)")
      (declare! world '(define-state (warm host -> (degrees number)) (step 5)))
      (for-each (lambda (minute degrees)
                  (until! world (format #f "10:~2,'0d" minute))
                  (tell! world (vector "warm" degrees)))
                '(0 5 10 15) '(20 24 26 22))
      (rows world "SELECT degrees, t0, t1 FROM warm ORDER BY t0")))
  (test-equal "the same again changes nothing, other options change indexes"
    '(#t #f #t ("raid_1" "raid_h" "raid_k" "raid_v"))
    (in-world (world "(config)")
      (list (declare! world '(define-state (raid host disk -> status)))
            (declare! world '(define-state (raid host disk -> status)))
            (declare! world '(define-state (raid host disk -> status) (index disk) (keep "30d")))
            (map car (rows world "SELECT name FROM sqlite_schema WHERE type = 'index'
 AND tbl_name = 'raid' AND sql IS NOT NULL ORDER BY 1")))))
  (test-equal "other columns are an error, until it is migrated"
    '(("relation 'raid' has other columns: (raid host disk -> status)"
       "(migrate 'raid) in the REPL changes it")
      "_old_raid"
      (("h" "md0" "ok" 0))
      (("h" "md0" "ok")))
    (in-world (world "(config)")
      (declare! world '(define-state (raid host disk -> status)))
      (tell! world #("raid" "md0" "ok"))
      (let* ((new '(define-state (raid host disk -> status (spare integer))))
             (wrong (problem (lambda () (declare! world new))))
             (kept (with-transaction (world-db world)
                     (migrate-relation! (world-db world) (read-declaration new) "here"))))
        (list wrong kept
              (rows world "SELECT host, disk, status, spare FROM raid")
              (rows world "SELECT host, disk, status FROM _old_raid")))))
  (test-equal "a built-in one cannot be another"
    '("relation 'ram' has other columns: (ram host -> (total (size MiB)))" "it is built in")
    (in-world (world "(config)")
      (problem (lambda () (declare! world '(define-state (ram host -> total)))))))
  (test-equal "a table of ours keeps its name, that of the relation is another"
    '("message_" (("h" "hello")))
    (in-world (world "(config)")
      (declare! world '(define-state (message host -> text)))
      (tell! world #("message" "hello"))
      (list (relation-table (declared-relation (world-db world) 'message))
            (rows world "SELECT host, \"text\" FROM message_"))))

  (test-group "the configuration"
    (test-equal "declares relations and rules, at once"
      '((("raid" "(define-state (raid host disk -> status) \"Of md.\")"))
        ("worn" "(define-relation (worn ?host) (raid ?host _ \"degraded\"))")
        (("h" "md0" "ok")))
      (in-world (world "(config (logic (define-state (raid host disk -> status) \"Of md.\")
 (define-relation (worn ?host) (raid ?host _ \"degraded\"))))")
        (tell! world #("raid" "md0" "ok"))
        (list (rows world "SELECT name, form FROM _relation")
              (assoc "worn" (rows world "SELECT name, form FROM _rule"))
              (rows world "SELECT host, disk, status FROM raid"))))
    (test-equal "what is wrong with it is told at its place"
      '("2:33: error: no type 'txt'\nhint: did you mean 'text'?"
        "3:17: error: 'ram' is a built-in relation\nhint: another name"
        "4:2: error: no form 'define-stat' here\nhint: did you mean 'define-state'?")
      (with-temporary-directory (directory)
        (let ((file (string-append directory "/c.conf")))
          (call-with-output-file file
            (lambda (port) (display "(config (logic
 (define-state (raid host -> (s txt)))
 (define-state (ram host))
 (define-stat (a host))))" port)))
          (map (lambda (problem)
                 (string-drop (problem->text problem) (+ 1 (string-length file))))
               (config-problems (read-config file))))))))
