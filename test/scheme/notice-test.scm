;;; notice-test.scm -- what a notification says
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog notice)
             (sheepdog test)
             (srfi srfi-1))

(setenv "TZ" "UTC")
(tzset)

(define (at text)
  "Return the ms of TEXT, \"2026-11-20 06:00\", here."
  (* 1000 (car (mktime (car (strptime "%Y-%m-%d %H:%M" text))))))

(define* (subject state #:key since bad-since (failures 0) (at #f) (summary "") (ok-event 1)
                  (received at))
  (make-subject 1 "penguin2" "BORG-ETC" "error" 0 #f state state since bad-since state
                failures at received 1 1 1790 summary ok-event 0))

(define outcome
  `((command . "borg create --stats /export/backup/borg::stamp /etc")
    (status . 2) (elapsed . 400) (user . "ibackup")
    (stderr . "Repository /export/backup/borg does not exist.\n")))

(define begin-at (at "2026-11-20 06:00"))
(define ok (subject 'ok #:since (at "2026-11-12 06:00")))
(define failing
  (subject 'fail #:since begin-at #:bad-since begin-at #:failures 1 #:at begin-at
           #:summary "exit status 2"))

(define* (problem-of subject #:key (event 1790) outcome words)
  (notice #:kind 'problem #:subject subject #:monitor "error" #:event event #:words words
          #:outcome outcome #:last-ok (cons (at "2026-11-19 06:14") 840000)
          #:ok-since (at "2026-11-12 06:00") #:since (subject-bad-since subject) #:failures 1))

(define problem (problem-of failing #:outcome outcome))

(define (line text prefix)
  (find (lambda (line) (string-prefix? prefix line)) (string-split text #\newline)))

(run-tests "notice"
  (test-equal "the title of a problem"
    "[sheepdog] FAIL penguin2/BORG-ETC: exit status 2"
    (notice-title problem))

  (test-equal "the text of a problem"
    "penguin2/BORG-ETC failed on Fri 20 Nov at 06:00; it was ok since 12 Nov.
  command   borg create --stats /export/backup/borg::stamp /etc
  outcome   exit status 2 after 0.4 s, user ibackup
  last ok   Thu 19 Nov at 06:14, took 14 min
stderr, 1 line:
  Repository /export/backup/borg does not exist.
because: ok -> fail; not silenced; nothing it depends on is down
  sheepdog show 1790; sheepdog ack penguin2/BORG-ETC
"
    (notice-text problem))

  (test-equal "a name that a shell would take for more is in quotes where it is to be typed"
    '("FAIL base/disk /y; x: full" "  sheepdog show 1790; sheepdog ack 'base/disk /y; x'")
    (let ((n (problem-of (make-subject 1 "base" "disk /y; x" "disk" 0 #f 'fail 'fail begin-at
                                       begin-at 'fail 1 begin-at begin-at 1 1 1790 "full" 1 0))))
      (list (string-drop (notice-title n) (string-length "[sheepdog] "))
            (line (notice-text n) "  sheepdog show"))))

  (test-equal "stdout stands in where stderr is empty"
    '("stdout, 1 line:" "  the disk is full")
    (let ((lines (string-split
                  (notice-text
                   (problem-of failing #:outcome '((status . 1) (stdout . "the disk is full\n")
                                                   (stderr . "\n"))))
                  #\newline)))
      (take (member "stdout, 1 line:" lines) 2)))

  (test-equal "a recovery tells how long it took"
    '("[sheepdog] ok penguin2/BORG-ETC after 2 days, 3 failures"
      "penguin2/BORG-ETC is ok again since Sun 22 Nov at 06:10, after 2 days, 3 failures.
  outcome   exit status 0 after 14 min
because: fail -> ok; first told on Fri 20 Nov at 06:00
  sheepdog show 1900
")
    (let* ((end (at "2026-11-22 06:10"))
           (n (notice #:kind 'recovery
                      #:subject (subject 'ok #:since end #:at end)
                      #:told '(fail) #:since begin-at #:failures 3
                      #:monitor "error" #:event 1900
                      #:outcome '((status . 0) (elapsed . 840000))
                      #:first begin-at)))
      (list (notice-title n) (notice-text n))))

  (test-equal "a change tells since when it is not ok"
    '("[sheepdog] FAIL penguin2/BORG-ETC: full"
      "penguin2/BORG-ETC failed on Fri 20 Nov at 06:30; it is not ok since Fri 20 Nov at 06:00.")
    (let* ((later (at "2026-11-20 06:30"))
           (n (notice #:kind 'change
                      #:subject (subject 'fail #:since later #:bad-since begin-at
                                         #:failures 2 #:summary "full")
                      #:told '(warn) #:first begin-at #:since begin-at
                      #:monitor "error" #:event 5)))
      (list (notice-title n) (line (notice-text n) "penguin2"))))

  (test-equal "a note says what the receiver says"
    '("[sheepdog] penguin2/BORG-ETC: md0 is degraded"
      "The monitor raid says of penguin2/BORG-ETC:
md0 is degraded
\\x1b;[2J
because: its receiver asks for it in message 7
  sheepdog show 7
")
    (let ((n (notice #:kind 'note #:subject ok #:monitor "raid" #:event 7
                     #:words "md0 is degraded\n\x1b[2J")))
      (list (notice-title n) (notice-text n))))

  (test-equal "other kinds say what they are"
    '("[sheepdog] still FAIL penguin2/BORG-ETC: full"
      "penguin2/BORG-ETC is still fail, since Fri 20 Nov at 06:00; 7 results kept quiet."
      "[sheepdog] flapping penguin2/BORG-ETC: now FAIL"
      "penguin2/BORG-ETC changes too often; what it does is not told until that is over."
      "[sheepdog] FAIL penguin2/BORG-ETC, flapping no more"
      "penguin2/BORG-ETC changes no longer too often; penguin2/BORG-ETC is now fail, since Fri 20 Nov at 06:00."
      "[sheepdog] penguin2/BORG-ETC is watched no more, it was FAIL"
      "Of penguin2/BORG-ETC nothing more is told here; it was fail since Fri 20 Nov at 06:00."
      "[sheepdog] 2 failures of penguin2/BORG-ETC while it was cut off, both over"
      "2 failures of penguin2/BORG-ETC while it was cut off, both over.")
    (append-map (lambda (kind)
                  (let ((n (notice #:kind kind
                                   #:subject (subject 'fail #:since begin-at #:bad-since begin-at
                                                      #:failures 3 #:at begin-at #:summary "full")
                                   #:told '(fail) #:first begin-at #:since begin-at #:failures 3
                                   #:kept 7 #:past 2 #:event 5)))
                    (list (notice-title n)
                          (first (string-split (notice-text n) #\newline)))))
                '(reminder flapping flapping-over closed history)))

  (test-equal "what warns after it failed is no end"
    "[sheepdog] now warn penguin2/BORG-ETC after 30 min, 3 failures"
    (notice-title (notice #:kind 'recovery #:event 5 #:told '(fail) #:first begin-at
                          #:since begin-at #:failures 3
                          #:subject (subject 'warn #:since (+ begin-at 1800000)
                                             #:bad-since begin-at #:at (+ begin-at 1800000)))))

  (test-equal "what was heard long after it happened says so; what is late has no outcome"
    '("penguin2/BORG-ETC failed on Fri 20 Nov at 06:00; it was ok since 12 Nov. It was heard on Fri 20 Nov at 08:00."
      ("  last ok   Thu 19 Nov at 06:14, took 14 min"))
    (list (first (string-split
                  (notice-text
                   (problem-of (subject 'fail #:since begin-at #:bad-since begin-at #:at begin-at
                                        #:received (at "2026-11-20 08:00"))))
                  #\newline))
          (filter (lambda (line) (string-prefix? "  l" line))
                  (string-split (notice-text
                                 (problem-of (subject 'late #:since begin-at #:bad-since begin-at
                                                      #:summary "fine")))
                                #\newline))))

  (test-equal "what ran before it was late, and was heard afterwards, says so"
    '("[sheepdog] ok penguin2/BORG-ETC, ran in time, heard 1 h 19 min late"
      "penguin2/BORG-ETC ran in time, on Fri 20 Nov at 05:41, heard 1 h 19 min late; it was told to be late since Fri 20 Nov at 06:00."
      "[sheepdog] ok penguin2/BORG-ETC after 30 min, 0 failures")
    (let* ((recovery (lambda (at)
                       (notice #:kind 'recovery #:event 5 #:told '(late) #:first begin-at
                               #:since begin-at
                               #:subject (subject 'ok #:since at #:at at
                                                  #:received (+ at 4740000)))))
           (early (recovery (- begin-at 1140000))))
      (list (notice-title early)
            (first (string-split (notice-text early) #\newline))
            (notice-title (recovery (+ begin-at 1800000))))))
  (test-equal "among others a failure has its details and the last lines of its output"
    '("  command   borg create --stats /export/backup/borg::stamp /etc"
      "  outcome   exit status 2 after 0.4 s, user ibackup"
      "  last ok   Thu 19 Nov at 06:14, took 14 min"
      "  stderr, the last 5 of 7 lines:" "    3" "    4" "    5" "    6" "    7")
    (notice-details
     (problem-of failing
                 #:outcome (acons 'stderr "1\n2\n3\n4\n5\n6\n7\n" outcome))))

  (test-equal "of stderr the last twenty lines"
    '("stderr, the last 20 of 30 lines:" "  line 11")
    (let* ((text (string-concatenate
                  (map (lambda (i) (format #f "line ~a\n" i)) (iota 30 1))))
           (n (problem-of failing #:outcome `((status . 1) (stderr . ,text))))
           (lines (string-split (notice-text n) #\newline)))
      (let ((tail (find-tail (lambda (line) (string-prefix? "stderr" line)) lines)))
        (take tail 2))))

  (test-equal "foreign text is shown, not obeyed"
    '("[sheepdog] FAIL penguin2/BORG-ETC: \\x1b;]52;" #t)
    (let* ((n (problem-of (subject 'fail #:since begin-at #:bad-since begin-at
                                   #:failures 1 #:summary "\x1b]52;\r\nBcc: x"))))
      (list (substring (notice-title n) 0 44)
            (not (string-any (char-set-delete char-set:iso-control #\newline)
                             (notice-text n)))))))
