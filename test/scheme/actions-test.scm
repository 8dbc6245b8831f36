;;; actions-test.scm -- the actions, run on a machine of its own
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command)
             (sheepdog command place)
             (sheepdog core)
             (sheepdog sql)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define (settle-in directory)
  "Let all that is read and written lie below DIRECTORY."
  (for-each (match-lambda
              ((variable . place)
               (let ((place (string-append directory "/" place)))
                 (unless (file-exists? place) (mkdir place))
                 (setenv variable place))))
            '(("HOME" . "home") ("XDG_STATE_HOME" . "state")
              ("XDG_CONFIG_HOME" . "config") ("XDG_RUNTIME_DIR" . "run")))
  (unsetenv "SHEEPDOG_CONF"))

(define (write-file file text)
  (call-with-output-file file (lambda (port) (display text port)))
  file)

(run-tests "actions"
  (with-temporary-directory (directory)
    (settle-in directory)
    (define %good (write-file (string-append directory "/good")
                              "(config (name \"web1\") (log \"/dev/null\"))"))
    (define %elsewhere (write-file (string-append directory "/elsewhere")
                                   "(config (name \"db1\") (log \"/dev/null\"))"))
    (define %misspelt (write-file (string-append directory "/misspelt")
                                  "(config (name \"web1\") (hots \"a\"))"))
    (define %remote (write-file (string-append directory "/remote")
                                "(config (queue \"unix:/nonexistent/redis.sock\"))"))

    (define* (run config format input name . arguments)
      "The exit status and the lines that `sheepdog NAME ARGUMENTS' prints."
      (let* ((status #f)
             (text (with-output-to-string
                     (lambda ()
                       (set! status
                             (with-input-from-string input
                               (lambda ()
                                 (run-action name arguments
                                             `((config . ,config) (format . ,format)
                                               (verbose . 0) (color . auto))))))))))
        (cons status (string-split (string-trim-right text #\newline) #\newline))))

    (define (run-here . arguments) (apply run %good 'text "" arguments))

    (define (heads answer)
      "The status and the first word of each line of ANSWER."
      (cons (car answer)
            (map (lambda (line)
                   (match (string-tokenize line) (() "") ((word . _) word)))
                 (cdr answer))))

    (test-group "before anything was said"
      (test-equal "status is good" 0 (car (run-here "status")))
      (test-equal "log finds nothing" '(1 "") (run-here "log"))
      (test-equal "show finds nothing" '(1 "") (run-here "show" "web1/raid"))
      (test-equal "nothing is aside" '(0 "nothing is aside") (run-here "queue" "aside")))

    (test-group "after that"
      (test-equal "bark and ping are done when they return"
        '((0 "") (0 "") (0 ""))
        (list (run-here "ping" "--every=15m")
              (run-here "bark" "-t" "raid" "-s" "fail" "-S" "md0 degraded" "disks=1"
                        "--fact=package nginx 1.22.1")
              (run %good 'text "{\"tag\":\"df\",\"state\":\"ok\"}\n" "bark" "--json")))
      (test-equal "status tells, and is 1"
        '(1 "- 1 FAIL" "+ web1  PING  ok" "!       raid  FAIL" "Quiet: web1/df.")
        (match (run-here "status")
          ((status head ping raid quiet)
           (list status
                 (string-append "- " (if (string-contains head "1 FAIL") "1 FAIL" head))
                 (string-take ping 16) (string-take raid 18) (string-take quiet 15)))))
      (test-equal "of a pattern only what fits"
        0 (car (run-here "status" "*/df")))
      (test-equal "a pattern that nothing fits cannot be told of"
        2 (car (run-here "status" "web2")))
      (test-equal "log has a line each"
        '(0 3) (let ((answer (run-here "log"))) (list (car answer) (length (cdr answer)))))
      (test-equal "as many as wanted, of the states that are wanted"
        '((0 1) (1 1))
        (map (lambda (answer) (list (car answer) (length (cdr answer))))
             (list (run-here "log" "-n1") (run-here "log" "--state=warn,late"))))
      (test-equal "show tells of the subject"
        '(0 "web1/raid" "summary" "fields" "facts" "last" "message" "notified")
        (heads (run-here "show" "web1/raid")))
      (test-equal "of a message, and of a host"
        '((0 "message") (0 "web1/raid"))
        (list (take (heads (run-here "show" "2")) 2)
              (take (heads (run-here "show" "WEB1/raid")) 2)))
      (test-equal "a tag alone is of this machine, or of the only one that has it"
        '((0 "web1/raid") (0 "web1/raid") (0 "web2/nfs"))
        (begin
          (run %good 'text (string-append "{\"host\":\"web2\",\"tag\":\"nfs\",\"state\":\"ok\"}\n"
                                          "{\"host\":\"web2\",\"tag\":\"raid\",\"state\":\"ok\"}\n"
                                          "{\"host\":\"web3\",\"tag\":\"raid\",\"state\":\"ok\"}\n")
               "bark" "--json")
          (map (lambda (answer) (take (heads answer) 2))
               (list (run-here "show" "raid")
                     (run %elsewhere 'text "" "show" "web1/raid")
                     (run %elsewhere 'text "" "show" "nfs")))))
      (test-equal "of several no one knows which"
        '(2 "") (run %elsewhere 'text "" "show" "raid"))
      (test-equal "a host alone shows its rows"
        '(0 3) (let ((answer (run-here "show" "web2"))) (list (car answer) (length (cdr answer)))))
      (test-equal "a subject that there is not" '(1 "") (run-here "show" "web1/riad"))
      (test-equal "every format is there"
        '((0 "[{\"time\"") (0 "(sheepdog-log") (0 "|"))
        (map (lambda (format)
               (let ((answer (run %good format "" "log")))
                 (list (car answer)
                       (car (string-split (car (string-tokenize (cadr answer))) #\:)))))
             '(json sexp org)))
      (test-equal "the queue is empty"
        '(0 "spool" "queue" "database" "outbox" "aside") (heads (run-here "queue")))
      (test-equal "what is held back or postponed is counted"
        '("database  0 not handled, 1 held back behind a hole, 2 postponed for a plugin"
          "\"waiting\":0,\"held\":1,\"postponed\":2,")
        (let ((change! (lambda (proc)
                         (call-with-place-database (place `((config . ,%good))) 'read-write
                                                   proc))))
          (dynamic-wind
            (lambda ()
              (change! (lambda (db)
                         (sql db "INSERT INTO held VALUES (1, 9, 0, 9)")
                         (sql db "INSERT INTO postponed VALUES (7, 'monitor a', 1),
 (8, 'monitor a', 1)"))))
            (lambda ()
              (list (list-ref (run-here "queue") 3)
                    (let ((json (string-concatenate (cdr (run %good 'json "" "queue")))))
                      (substring json (string-contains json "\"waiting\":0,\"held")
                                 (string-contains json "\"outbox\"")))))
            (lambda ()
              (change! (lambda (db)
                         (sql db "DELETE FROM held")
                         (sql db "DELETE FROM postponed")))))))
      (test-equal "flush is done" '(0 "") (run-here "queue" "flush"))
      (test-equal "the doctor finds all well"
        '(0 "ok" "ok" "ok" "ok" "ok" "ok" "ok" "ok" "ok" "ok")
        (heads (remove (lambda (line) (and (string? line) (string-prefix? "     " line))) ;the rest of one
                       (run-here "doctor")))))

    (test-group "lines that are no message"
      (test-equal "are told of; the others are sent"
        '((2 "") 1)
        (list (run %good 'text "nonsense\n{\"tag\":\"late\",\"state\":\"ok\"}\n"
                   "bark" "--json")
              (length (cdr (run-here "log" "*/late"))))))

    (test-group "what is aside"
      (call-with-place-database
       (place `((config . ,%good))) 'read-write
       (lambda (db)
         (sql db "INSERT INTO aside (message, at, reason) VALUES (1, " (%now)
              ", 'its receiver failed 3 times: x')")))
      (test-equal "is listed" '(0 "1" "hint:") (heads (run-here "queue" "aside")))
      (test-equal "is shown" '(0 "message") (take (heads (run-here "queue" "aside" "show" "1")) 2))
      (test-equal "another is not" 2 (car (run-here "queue" "aside" "drop" "1" "2")))
      (test-equal "is tried again" '(0 "") (run-here "queue" "aside" "retry" "1"))
      (test-equal "and then handled" '(0 "nothing is aside") (run-here "queue" "aside")))

    (test-group "a misspelt key makes no machine standalone"
      (test-equal "bark is durable all the same"
        '(0 "") (run %misspelt 'text "" "bark" "-t" "waits" "-s" "ok"))
      (test-equal "but waits for a good configuration"
        "1 waiting"
        (let ((line (cadr (run-here "queue"))))
          (string-take (string-drop line 10) 9)))
      (test-equal "questions are not answered" 2 (car (run %misspelt 'text "" "status"))))

    (test-group "a machine whose queue is elsewhere"
      (test-equal "has no database, although there is one of other times"
        2 (car (run %remote 'text "" "status")))
      (test-equal "keeps what it has to say"
        0 (car (run %remote 'text "" "ping"))))

    (test-equal "wrong use is 2" 2 (car (run-here "status" "--bda")))
    (test-equal "so is an action that there is not" 2 (car (run-here "statsu")))))
