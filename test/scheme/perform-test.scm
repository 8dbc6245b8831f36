;;; perform-test.scm -- the outbox is performed without waiting; one who hangs delays nobody else
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog outbox)
             (sheepdog perform)
             (sheepdog plugin)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (ice-9 popen)
             (ice-9 textual-ports)
             (srfi srfi-1))

(define minute 60000)
(define now 1795335303000)

(define (at minutes)
  (+ now (* minutes minute)))

(define performed '())                            ;what the handler below did, last first
(define endings '())                              ;how its next tries end

(define-handler ring
  "Ring a bell, or fail as it is told."
  (arguments (name string? "Which."))
  (perform (action context)
    (set! performed (cons (cadr action) performed))
    (match endings
      (() #t)
      ((ending . rest)
       (set! endings rest)
       (match ending
         ('ok #t)
         ('later (try-later "not now"))
         ('never (give-up "no such bell"))
         ('broken (error "oops")))))))

(define-handler shell
  "Let a shell do something."
  (arguments (line string? "What.")
             (milliseconds integer? "For how long at most."))
  (perform (action context)
    (match action
      (('shell line milliseconds)
       (run-program (list "/bin/sh" "-c" line) #:timeout milliseconds #:permanent '(67)
                    #:input ((assq-ref context 'message)))))))

(define (call-with-outbox actions proc)
  "Put ACTIONS out, lists (RECIPIENT ACTION), and return (PROC DB PERFORM! STOP! DIRECTORY): PERFORM!
performs what is due so many minutes after NOW and STOP! releases the performer."
  (set! performed '())
  (set! endings '())
  (with-temporary-directory (directory)
    (let* ((file (string-append directory "/sheepdog.db"))
           (db (open-store file 'create))
           (config (read-config "/dev/null"))
           (performer (open-performer file)))
      (for-each (match-lambda
                  ((recipient action)
                   (put-out! db action #:recipient recipient #:now now)))
                actions)
      (let ((result (proc db performer config directory)))
        (release-performer! performer)
        (%db-close! db)
        result))))

(define (rows db)
  "Return (TRIES NEXT DONE ERROR) of each row, times in minutes from NOW."
  (map (match-lambda
         (#(tries next done error)
          (list tries (and next (/ (- next now) minute)) (and done (/ (- done now) minute))
                error)))
       (sql db "SELECT tries, next, done, error FROM outbox ORDER BY id")))

(define* (perform! db performer config minutes)
  "Perform what is due MINUTES after NOW, until nothing is left and no program runs."
  (let loop ()
    (when (or (positive? (perform-outbox! performer db config (at minutes) #:patience 1.0))
              (performing? performer))
      (loop))))

(define (perform-until db performer config done?)
  "Perform what is due at NOW until DONE? or half a minute has passed; return whether it was."
  (let loop ((looks 300))
    (perform-outbox! performer db config now #:patience 0.1)
    (or (done?)
        (and (positive? looks)
             (begin
               (unless (performing? performer)
                 (select '() '() '() 0.1))
               (loop (- looks 1)))))))

(define (rung minutes how . rings)
  "Perform RINGS, lists (RECIPIENT NAME), at each of MINUTES, their tries ending HOW; return the rows
after each, and what was done."
  (call-with-outbox (map (match-lambda ((recipient name) (list recipient `(ring ,name)))) rings)
    (lambda (db performer config directory)
      (set! endings how)
      (let ((after (map-in-order (lambda (minutes)
                                   (perform! db performer config minutes)
                                   (rows db))
                                 minutes)))
        (list after (reverse performed))))))

(define (shell line . milliseconds)
  `(shell ,line ,(if (null? milliseconds) 20000 (car milliseconds))))

(define (lines file)
  (string-split (string-trim-right (call-with-input-file file get-string-all)) #\newline))

(run-tests "perform"
  (test-group "what is quick"
    (test-equal "is done once"
      '((((1 #f 0 #f)) ((1 #f 0 #f))) ("a"))
      (rung '(0 5) '(ok) '("r" "a")))
    (test-equal "is tried again after 1, 2, 4 minutes when it fails"
      '((((1 1 #f "not now")) ((1 1 #f "not now")) ((2 3 #f "not now")) ((3 #f 3 #f)))
        ("a" "a" "a"))
      (rung '(0 1/2 1 3) '(later later ok) '("r" "a")))
    (test-equal "may pass whatever it raised"
      '((((1 1 #f "oops"))) ("a"))
      (rung '(0) '(broken) '("r" "a")))
    (test-equal "is given up when it says so"
      '((((1 #f #f "no such bell")) ((1 #f #f "no such bell"))) ("a"))
      (rung '(0 100) '(never) '("r" "a")))
    (test-equal "goes in its order for one recipient, another's does not wait"
      '((((1 1 #f "not now") (0 0 #f #f) (1 #f 0 #f))
         ((2 #f 1 #f) (1 #f 1 #f) (1 #f 0 #f)))
        ("a" "c" "a" "b"))
      (rung '(0 1) '(later) '("r" "a") '("r" "b") '("s" "c"))))

  (test-equal "no more is begun than the limit says"
    '((2 1 0) ("a" "b" "c"))
    (call-with-outbox '(("r" (ring "a")) ("r" (ring "b")) ("r" (ring "c")))
      (lambda (db performer config directory)
        (let ((counts (map-in-order (lambda (_)
                                      (perform-outbox! performer db config now #:limit 2))
                                    '(1 2 3))))
          (list counts (reverse performed))))))

  (test-equal "a handler that is not there may come, an action that is none is no end of the rest"
    '(#t 1 #t (1 #f 0 #f))
    (call-with-outbox '(("r" (no-such-handler "x")) ("s" (ring "y")) ("t" (ring "z")))
      (lambda (db performer config directory)
        (sql db "UPDATE outbox SET action = '{}' WHERE id = 2")
        (perform! db performer config 0)
        (match (rows db)
          (((1 next #f error) (1 1 #f bad) last)
           (list (string-prefix? "no handler 'no-such-handler'" error) next (string? bad)
                 last))))))

  (test-group "a program"
    (test-equal "that ends well is done, with 67 it is given up, else tried again"
      '((1 #f 0 #f) (1 #f #f "/bin/sh: exit status 67: who?")
        (1 1 #f "/bin/sh: exit status 75: busy; come back")
        (1 1 #f "/bin/sh: killed by signal 9"))
      (call-with-outbox `(("r" ,(shell "exit 0"))
                          ("s" ,(shell "echo who? >&2; exit 67"))
                          ("t" ,(shell "echo busy; echo; echo come back >&2; exit 75"))
                          ("u" ,(shell "kill -9 $$")))
        (lambda (db performer config directory)
          (perform! db performer config 0)
          (rows db))))
    (test-equal "that takes too long is ended and tried again"
      '((1 1 #f "/bin/sh: took too long: waiting"))
      (call-with-outbox `(("r" ,(shell "echo waiting; exec sleep 60" 300)))
        (lambda (db performer config directory)
          (perform! db performer config 0)
          (rows db))))
    (test-equal "is not waited for"
      '(2 #t ((1 1 #f #f) (1 1 #f #f)))
      (call-with-outbox `(("r" ,(shell "sleep 60")) ("s" ,(shell "sleep 60")))
        (lambda (db performer config directory)
          (let ((begun (perform-outbox! performer db config now)))
            (list begun (performing? performer) (rows db))))))
    (test-equal "of one recipient runs at a time, in their order"
      '("1 begins" "1 ends" "2 begins" "2 ends" "3 begins" "3 ends")
      (with-temporary-directory (elsewhere)
        (let ((file (string-append elsewhere "/order")))
          (call-with-outbox
              (map (lambda (i)
                     (list "r" (shell (format #f "echo ~a begins >> ~a; sleep 0.05; echo ~a ends >> ~a"
                                              i file i file))))
                   '(1 2 3))
            (lambda (db performer config directory)
              (perform! db performer config 0)
              (lines file))))))
    (test-equal "that hangs delays no other recipient, while it has not all the places"
      '(#t (#f #t #t #t #t #t #t #t #t #t))
      (call-with-outbox
          (map (lambda (i)
                 (list (number->string i) (shell (if (= i 0) "exec sleep 60" "exit 0"))))
               (iota 10))
        (lambda (db performer config directory)
          (define (done)
            (map (match-lambda (#(done) (and done #t)))
                 (sql db "SELECT done FROM outbox ORDER BY id")))
          (let ((all? (perform-until db performer config
                                     (lambda () (= 9 (count identity (done)))))))
            (list all? (done))))))
    (test-equal "runs beside at most seven others, and the log does not wait for them"
      '(9 8 ("log" "0" "1" "2" "3" "4" "5" "6" "7"))
      (call-with-outbox
          `(,@(map (lambda (i) (list (number->string i) (shell "exec sleep 60"))) (iota 10))
            ("log" (ring "a")))
        (lambda (db performer config directory)
          (let ((begun (perform-outbox! performer db config now)))
            (list begun
                  (sql-value db "SELECT count(*) FROM outbox WHERE tries = 1 AND done IS NULL")
                  (map (match-lambda (#(recipient) recipient))
                       (sql db "SELECT recipient FROM outbox WHERE tries = 1 ORDER BY done IS NULL, id")))))))
    (test-equal "is given the message, as JSON"
      '("h" "fail")
      (with-temporary-directory (elsewhere)
        (let ((file (string-append elsewhere "/input")))
          (call-with-outbox '()
            (lambda (db performer config directory)
              (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (7, 1, 1, "
                   now ", CAST('{\"host\":\"h\",\"tag\":\"t\",\"state\":\"fail\"}' AS BLOB), 1)")
              (put-out! db (shell (string-append "cat > " file)) #:recipient "r" #:now now #:event 7)
              (perform! db performer config 0)
              (let ((message (car (%json-read (car (lines file))))))
                (list (assq-ref message 'host) (assq-ref message 'state)))))))))

  (test-group "when to come back"
    (test-equal "nothing waits"
      #f
      (call-with-outbox '()
        (lambda (db performer config directory)
          (perform-outbox! performer db config now)
          (performer-patience performer now))))
    (test-equal "a try is due, then overdue; what waits behind it is no hurry"
      '(60.0 30.0 0.0)
      (call-with-outbox '(("r" (ring "a")) ("r" (ring "b")))
        (lambda (db performer config directory)
          (set! endings '(later))
          (perform-outbox! performer db config now)
          (map (lambda (minutes) (performer-patience performer (at minutes))) '(0 1/2 2)))))
    (test-assert "a program runs: soon; what finds no place is no hurry"
      (call-with-outbox (map (lambda (i) (list (number->string i) (shell "exec sleep 60")))
                             (iota 10))
        (lambda (db performer config directory)
          (perform-outbox! performer db config now)
          (< 0 (performer-patience performer now) 30)))))

  (test-equal "a second performer waits for the end of the first"
    '(0 1 1)
    (call-with-outbox '(("r" (ring "a")) ("s" (ring "b")))
      (lambda (db performer config directory)
        (let* ((lock (string-append directory "/sheepdog.db.outbox"))
               (other (open-pipe* OPEN_BOTH "flock" lock "cat")))
          (display "locked?\n" other)
          (force-output other)
          (get-line other)
          (let ((meanwhile (perform-outbox! performer db config now)))
            (close-pipe other)
            (let* ((afterwards (perform-outbox! performer db config now #:limit 1)))
              (list meanwhile afterwards
                    (perform-outbox! performer db config now))))))))

  (test-group "an error of the database"
    (test-equal "makes nobody do again what was done"
      '(raised ((1 #f 0 #f)) ("begun"))
      (with-temporary-directory (elsewhere)
        (let ((file (string-append elsewhere "/done")))
          (call-with-outbox `(("r" ,(shell (string-append "echo begun >> " file))))
            (lambda (db performer config directory)
              (perform-outbox! performer db config now)
              (sql db "CREATE TRIGGER full BEFORE UPDATE ON outbox
 BEGIN SELECT raise(ABORT, 'disk full'); END")
              (let ((outcome (catch 'sheepdog-error
                               (lambda () (perform! db performer config 0) 'well)
                               (const 'raised))))
                (sql db "DROP TRIGGER full")
                (perform! db performer config 0)
                (list outcome (rows db) (lines file)))))))))

  (test-group "at the end"
    (test-equal "who is quick may end, who hangs is cut off and begun again by the next"
      '(((1 #f 0 #f) (1 0 #f #f)) 1)
      (call-with-outbox `(("r" ,(shell "sleep 0.2")) ("s" ,(shell "exec sleep 60")))
        (lambda (db performer config directory)
          (perform-outbox! performer db config now)
          (stop-performer! performer db now #:patience 1)
          (let* ((left (rows db))
                 (next (open-performer (string-append directory "/sheepdog.db")))
                 (begun (perform-outbox! next db config now)))
            (release-performer! next)
            (list left begun)))))
    (test-equal "of a performer that performed nothing there is nothing to do"
      '((0 0 #f #f))
      (call-with-outbox '(("r" (ring "a")))
        (lambda (db performer config directory)
          (stop-performer! performer db now)
          (rows db))))))
