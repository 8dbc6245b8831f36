;;; show-test.scm -- a subject, a message, all of it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog archive)
             (sheepdog history)
             (sheepdog outlook)
             (sheepdog message)
             (sheepdog quantity)
             (sheepdog test)
             (sheepdog view detail)
             (sheepdog view document)
             (sheepdog view show)
             (rnrs bytevectors)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define (at text)
  (or (parse-time text 0) (error "no time" text)))

(define %now (at "2026-11-22 09:15"))
(define %received (+ 12000 (at "2026-11-22 06:00")))
(define %sender "3f9c2ab100000000000000000000000f")

(define (bytes text) (string->utf8 text))

(define* (kept body #:key aside (id 1841) (seq 44) waiting?)
  (stored id %sender seq %received %received (bytes body) (string-length body)
          aside (and aside %received) waiting?))

(define (message body)
  (bytes->message (bytes body) 1841 %received %received))

(define %borg
  "{\"host\":\"penguin2\",\"tag\":\"BORG-ETC\",\"monitor\":\"error\",\"summary\":
 \"borg exited with status 2 after 0.4 s\",\"outcome\":{\"command\":
 \"borg create --stats /export/backup/borg::stamp /etc\",\"status\":2,\"elapsed\":0.4,
 \"user\":\"ibackup\",\"cwd\":\"/home/ibackup\",\"stdout\":\"working\\n\",\"stderr\":
 \"Repository /export/backup/borg does not exist.\\n\"}}")

(define* (standing* state #:key (failures 0) bad-since ok-at ok-elapsed every)
  (standing 7 "penguin2" "BORG-ETC" "error" state state
            (or bad-since (at "2026-11-12 06:00")) bad-since failures %received 1841
            ok-at ok-elapsed "" 400 every))

(define %dossier
  (dossier
   #:standing (standing* 'fail #:failures 3 #:bad-since (at "2026-11-20 06:00")
                         #:ok-at (at "2026-11-19 06:14") #:ok-elapsed (* 14 60000)
                         #:every (* 24 3600000))
   #:outlook (outlook "daily at 06:00, grace 2 h" (at "2026-11-23 06:00") (at "2026-11-23 08:00")
                      0 (list (list "A" (at "2026-11-22 06:00") #t)
                              (list "" (at "2026-11-22 09:00") #f)))
   #:entry (entry 1841 %received %received "penguin2" "BORG-ETC" "error" 'bark 'fail
                  'fail 3 "borg exited with status 2 after 0.4 s" 400 '() #f)
   #:stored (kept %borg)
   #:message (message %borg)
   #:tellings (list (telling "admin@myhost.eu" "[]" 1790 0 1 #f
                             (+ 42000 (at "2026-11-20 06:00")) #f))
   #:verdicts (list (verdict "admin@myhost.eu" 1841 'no "same" 1))))

(define (of body . rest)
  "The dossier of a message BODY that was handled, with more in REST."
  (apply dossier #:stored (kept body) #:message (message body) rest))

(run-tests "show"
  (test-equal "a subject, as in the manual"
    '("penguin2/BORG-ETC  FAIL since Fri 20 Nov 06:00, 3 failures"
      "  command   borg create --stats /export/backup/borg::stamp /etc"
      "  outcome   exit status 2 after 0.4 s, user ibackup, in /home/ibackup"
      "  last ok   Thu 19 Nov 06:14, took 14 min"
      "  expected  daily at 06:00, grace 2 h; late after Mon 23 Nov 08:00"
      "  running   since Sun 22 Nov 06:00, run A, overdue"
      "            since Sun 22 Nov 09:00"
      "  message   1841 from 3f9c:44, sent 06:00:12, received 06:00:12, monitor-error"
      "  notified  mail to admin@myhost.eu on 20 Nov 06:00:42 for message 1790"
      "            not for 1841: same state, no reminder is due"
      "stderr, 1 line:"
      "  Repository /export/backup/borg does not exist."
      "stdout, 1 line: --output shows it")
    (subject-lines %dossier %now))

  (test-equal "--output shows both streams"
    '("stdout, 1 line:" "  working"
      "stderr, 1 line:" "  Repository /export/backup/borg does not exist.")
    (take-right (subject-lines %dossier %now #:whole? #t) 4))

  (test-equal "a message"
    '("message 1841: penguin2/BORG-ETC  FAIL at 2026-11-22 06:00:12"
      "  command  borg create --stats /export/backup/borg::stamp /etc"
      "  outcome  exit status 2 after 0.4 s, user ibackup, in /home/ibackup"
      "  message  1841 from 3f9c:44, sent 06:00:12, received 06:00:12, monitor-error"
      "stderr, 1 line:"
      "  Repository /export/backup/borg does not exist."
      "stdout, 1 line: --output shows it")
    (message-lines (of %borg) %now))

  (test-equal "fields, facts, what was refused of them, what is odd"
    '("message 1841: tux01/disk /  warn at 2026-11-22 06:00:12"
      "  summary   91 %"
      "  fields    used 91, mount /"
      "  facts     (package nginx 1.22.1)"
      "            (ram 4096)"
      "  replaces  package"
      "  note      its time cannot be believed; the time of receipt counts"
      "  refused   ram: wrong type"
      "  message   1841 from 3f9c:44, sent 06:00:12, received 06:00:12, monitor-disk")
    (message-lines
     (of "{\"host\":\"tux01\",\"monitor\":\"disk\",\"tag\":\"disk /\",\"state\":\"warn\",
 \"summary\":\"91 %\",\"time\":\"yesterday\",\"fields\":{\"used\":91,\"mount\":\"/\"},
 \"facts\":[[\"package\",\"nginx\",\"1.22.1\"],[\"ram\",4096]],\"replaces\":[\"package\"]}"
         #:refusals '(("ram" . "wrong type")))
     %now))

  (test-equal "a message that could not be read is shown as it came"
    '("message 1841, 6 B"
      "  message  1841 from 3f9c:44, sent 06:00:12, received 06:00:12"
      "  aside    since today 06:00: 1:6: the object is never closed"
      "as it came, 1 line:"
      "  {\"a\\x1b;\":")
    (message-lines
     (dossier #:stored (kept "{\"a\x1b\":" #:aside "1:6: the object is never closed"))
     %now))

  (test-equal "what waits says so"
    '("message 1841, 2 B"
      "  message  1841 from 3f9c:44, sent 06:00:12, received 06:00:12"
      "  waits    not handled yet"
      "as it came, 1 line:"
      "  {}")
    (message-lines (dossier #:stored (kept "{}" #:waiting? #t)) %now))

  (test-equal "who was told how"
    '("  notified  mail to a@x tried 2 times for message 5, next today 10:00: exit status 75"
      "            mail to b@x given up for message 5: 550"
      "            mail to c@x waits to be sent for message 5"
      "            the log on 22 Nov 09:00:00 for message 5"
      "            not to a@x for 7 and 2 before: milder than what was told"
      "            not to b@x for 7: not bad for long enough: 1/3"
      "            not to c@x for 7: (on ...) does not ask for this state"
      "            not yet to d@x for 7: just back is what it depends on: sw/PING, until 09:20:00")
    (filter (lambda (line)
              (or (string-prefix? "  notified" line)
                  (string-prefix? (make-string 12 #\space) line)))
            (subject-lines
             (dossier #:standing (standing* 'warn)
                      #:tellings
                      (list (telling "a@x" "" 5 0 2 (at "2026-11-22 10:00") #f
                                     "exit status 75")
                            (telling "b@x" "" 5 0 9 #f #f "550")
                            (telling "c@x" "" 5 0 0 %now #f #f)
                            (telling "log" "" 5 0 1 #f (at "2026-11-22 09:00") #f))
                      #:verdicts
                      (list (verdict "a@x" 7 'no "milder" 3)
                            (verdict "b@x" 7 'no "soft 1/3" 1)
                            (verdict "c@x" 7 'no "fine" 4)
                            (verdict "d@x" 7 'hold "settle sw/PING" 1 (at "2026-11-22 09:20"))
                            (verdict "log" 7 'tell "problem" 1)))
             %now #:wide? #t)))

  (test-equal "until when nobody is told, and who asked for that"
    '("  silenced  until Tue 24 Nov 00:00: new disk (a.conf:3)"
      "  acked     until it is ok by me (#4)"
      "  held      while that is down (sw/PING)"
      "  held      until today 09:20 (sw/PING)")
    (filter (lambda (line) (any (lambda (word) (string-contains line word)) '(" until " " held ")))
            (subject-lines
             (dossier #:standing
                      (quieten (standing* 'warn)
                               (list (quiet 'silenced "a.conf:3" (at "2026-11-24") "" "new disk")
                                     (quiet 'acked "#4" #f "me" "")
                                     (quiet 'held "sw/PING" #f "" "")
                                     (quiet 'held "sw/PING" (at "2026-11-22 09:20") "" ""))))
             %now)))

  (test-equal "what was never ok, and of which no command is known"
    '("penguin2/BORG-ETC  ok since Thu 12 Nov 06:00"
      "  last ok  never")
    (subject-lines (dossier #:standing (standing* 'ok)) %now))

  (test-equal "only the end of a long output is shown, and its lines are cut"
    (list "stderr, 30 lines, the last 20:" 20
          "  11" (string-append "  " (make-string 76 #\x) "…"))
    (let ((lines (stream-lines
                  "stderr"
                  (string-append (string-concatenate
                                  (map (lambda (n) (format #f "~a\n" n)) (iota 29 1)))
                                 (make-string 100 #\x) "\n"))))
      (list (car lines) (length (cdr lines)) (cadr lines) (last lines))))

  (test-equal "words of a command that need quotes have them"
    "ls 'a b' 'it'\\''s' -l ''"
    (command-text '((argv . #("ls" "a b" "it's" "-l" "")))))

  (test-equal "a sender that is no spool is named whole"
    "redis:localhost:7777/0:12"
    (short-id "redis:localhost:7777/0" 12))

  (test-equal "JSON has the subject, the message, what was decided and told"
    '((sheepdog . show) (version . 0)
      (time . "2026-11-22T09:15:00Z") (time_epoch . 1795338900)
      (subject . "penguin2") (message . 1841) (aside . null)
      (tellings . #(((recipient . "admin@myhost.eu") (message . 1790)
                     (decided . "1970-01-01T00:00:00Z") (decided_epoch . 0)
                     (done . "2026-11-20T06:00:42Z") (done_epoch . 1795154442)
                     (next . null) (tries . 1) (error . null))))
      (decisions . #(((recipient . "admin@myhost.eu") (message . 1841) (verdict . no)
                      (reason . "same") (until . null) (count . 1)))))
    (let ((json (document->json (dossier-document %dossier %now))))
      ;; Both objects have tests of their own: status-test, log-test.
      (map (lambda (pair)
             (case (car pair)
               ((subject) `(subject . ,(assq-ref (cdr pair) 'host)))
               ((message) `(message . ,(assq-ref (cdr pair) 'id)))
               (else pair)))
           json)))

  (test-equal "Org keeps the output in example blocks"
    '("- stdout" "#+begin_example" "working" "#+end_example"
      "- stderr" "#+begin_example" "Repository /export/backup/borg does not exist."
      "#+end_example")
    (take-right (dossier-org %dossier) 8)))
