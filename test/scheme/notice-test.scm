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

(define* (subject state #:key since bad-since (failures 0) (at #f) (summary ""))
  (make-subject 1 "penguin2" "BORG-ETC" "error" 0 #f state state since bad-since state
                failures at at 1 1 1790 summary 1 0))

(define outcome
  `((command . "borg create --stats /export/backup/borg::stamp /etc")
    (status . 2) (elapsed . 400) (user . "ibackup")
    (stderr . "Repository /export/backup/borg does not exist.\n")))

(define begin-at (at "2026-11-20 06:00"))
(define ok (subject 'ok #:since (at "2026-11-12 06:00")))
(define failing
  (subject 'fail #:since begin-at #:bad-since begin-at #:failures 1 #:at begin-at
           #:summary "exit status 2"))

(define problem
  (notice #:kind 'problem #:subject failing #:before ok #:monitor "error" #:event 1790
          #:outcome outcome #:last-ok (cons (at "2026-11-19 06:14") 840000)))

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
because: ok -> fail; not told of it before
  sheepdog show 1790
"
    (notice-text problem))

  (test-equal "stdout stands in where stderr is empty"
    '("stdout, 1 line:" "  the disk is full")
    (let ((lines (string-split
                  (notice-text
                   (notice #:kind 'problem #:subject failing #:before ok #:monitor "error"
                           #:event 1790
                           #:outcome '((status . 1) (stdout . "the disk is full\n")
                                       (stderr . "\n"))
                           #:last-ok #f))
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
                      #:before (subject 'fail #:since begin-at #:bad-since begin-at
                                        #:failures 3)
                      #:monitor "error" #:event 1900
                      #:outcome '((status . 0) (elapsed . 840000))
                      #:told-first begin-at)))
      (list (notice-title n) (notice-text n))))

  (test-equal "a change tells since when it is not ok"
    '("[sheepdog] FAIL penguin2/BORG-ETC: full"
      "penguin2/BORG-ETC failed on Fri 20 Nov at 06:30; it is not ok since Fri 20 Nov at 06:00.")
    (let* ((later (at "2026-11-20 06:30"))
           (n (notice #:kind 'change
                      #:subject (subject 'fail #:since later #:bad-since begin-at
                                         #:failures 2 #:summary "full")
                      #:before (subject 'warn #:since begin-at #:bad-since begin-at
                                        #:failures 1)
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
    (let ((n (notice #:kind 'note #:subject ok #:before ok #:monitor "raid" #:event 7
                     #:words "md0 is degraded\n\x1b[2J")))
      (list (notice-title n) (notice-text n))))

  (test-equal "of stderr the last twenty lines"
    '("stderr, the last 20 of 30 lines:" "  line 11")
    (let* ((text (string-concatenate
                  (map (lambda (i) (format #f "line ~a\n" i)) (iota 30 1))))
           (n (notice #:kind 'problem #:subject failing #:before ok #:monitor "error"
                      #:event 1 #:outcome `((status . 1) (stderr . ,text))))
           (lines (string-split (notice-text n) #\newline)))
      (let ((tail (find-tail (lambda (line) (string-prefix? "stderr" line)) lines)))
        (take tail 2))))

  (test-equal "foreign text is shown, not obeyed"
    '("[sheepdog] FAIL penguin2/BORG-ETC: \\x1b;]52;" #t)
    (let* ((n (notice #:kind 'problem
                      #:subject (subject 'fail #:since begin-at #:bad-since begin-at
                                         #:failures 1 #:summary "\x1b]52;\r\nBcc: x")
                      #:before ok #:monitor "error" #:event 1)))
      (list (substring (notice-title n) 0 44)
            (not (string-any (char-set-delete char-set:iso-control #\newline)
                             (notice-text n)))))))
