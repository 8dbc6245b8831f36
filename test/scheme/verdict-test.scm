;;; verdict-test.scm -- rows W1 to W9: what a finished command means
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog monitor)
             (sheepdog plugin)
             (sheepdog plugins)
             (sheepdog test)
             (sheepdog verdict)
             (ice-9 match)
             (ice-9 receive))

(define-monitor quiet
  "Anything on stderr is a failure."
  (fields (lines integer? "How many lines."))
  (judge (outcome)
    (let ((stderr (outcome-ref outcome 'stderr)))
      (report #:tag "one"
              #:state (if (string-null? stderr) 'ok 'warn)
              #:summary stderr
              #:fields `((lines . ,(length (string-split stderr #\newline))))))))

(define-monitor pair
  "Two subjects."
  (judge (outcome)
    (list (report #:tag "a" #:state 'ok #:summary "A")
          (report #:tag "b" #:state 'unknown #:summary "B"))))

(define-monitor broken
  "Raises."
  (judge (outcome)
    (+ 1 (car (outcome-ref outcome 'status)))))

(define-monitor liar
  "Gives a field that it does not declare so."
  (fields (lines integer? "How many lines."))
  (judge (outcome)
    (report #:state 'ok #:fields '((lines . "many")))))

(define-monitor unspeakable
  "Gives what JSON cannot say."
  (judge (outcome)
    (report #:state 'ok #:fields `((proc . ,car)))))

(define-monitor sampler
  "Judges nothing."
  (every "5m")
  (sample (report #:state 'ok)))

(define* (said name outcome #:optional (options '()))
  "Return the (STATE SUMMARY) of each report, after them what was wrong with the monitor."
  (receive (reports problem) (judge name outcome options)
    (append (map (lambda (report) (list (report-state report) (report-summary report)))
                 reports)
            (if problem
                (list (match (string-split problem #\newline)
                        ((first . _) (string-drop first
                                                  (or (string-contains first "error: ")
                                                      0)))))
                '()))))

(define (answer request)
  (car (%json-read (judge-json (%json-write request)))))

(run-tests "verdict"
  (define-syntax-rule (test-verdict sentence expected argument ...)
    (test-equal sentence 'expected (said argument ...)))

  (test-group "W1"
    (test-verdict "status 0 is ok" ((ok "exit status 0")) "error" '((status . 0)))
    (test-verdict "another is a failure" ((fail "exit status 2")) "error" '((status . 2)))
    (test-verdict "unless it is in ok-status" ((ok "exit status 24")) "error"
                  '((status . 24)) '((ok_status . #(0 24))))
    (test-verdict "or in warn-status" ((warn "exit status 1")) "error"
                  '((status . 1)) '((warn_status . #(1)) (ok_status . #(1))))
    (test-verdict "the monitor's judge speaks in its place" ((ok "")) "quiet"
                  '((status . 2) (stderr . "")))
    (test-verdict "a leading monitor- is dropped" ((warn "oops")) "monitor-quiet"
                  '((status . 0) (stderr . "oops"))))

  (test-group "W2 to W4"
    (test-verdict "killed by a signal" ((fail "killed by signal 9 (KILL)")) "error"
                  '((signal . 9)))
    (test-verdict "no judge betters that" ((fail "killed by signal 11 (SEGV)")) "quiet"
                  '((signal . 11) (stderr . "")))
    (test-verdict "timed out" ((fail "timed out after 12 h")) "error"
                  '((signal . 15) (timed_out . #t) (elapsed . 43200000)))
    (test-verdict "timed out, and ended well all the same" ((fail "timed out after 2 s"))
                  "error" '((status . 0) (timed_out . #t) (elapsed . 2000)))
    (test-verdict "not started" ((fail "not started: Permission denied")) "error"
                  '((start_error . "Permission denied"))))

  (test-group "W6, W7"
    (test-verdict "a fail pattern" ((fail "found: ERROR 17")) "error"
                  '((status . 0)) '((fail_found . " ERROR 17\n")))
    (test-verdict "a warn pattern" ((warn "found: total size is 0")) "error"
                  '((status . 0)) '((warn_found . "total size is 0")))
    (test-verdict "both: the worse" ((fail "found: b")) "error"
                  '((status . 0)) '((warn_found . "a") (fail_found . "b")))
    (test-verdict "a needed pattern that is missing" ((fail "missing: ^done")) "error"
                  '((status . 0)) '((need_missing . "^done")))
    (test-verdict "too quick" ((warn "too quick")) "error"
                  '((status . 0) (elapsed . 2000)) '((not_quicker . 10000)))
    (test-verdict "as slow as wanted" ((ok "exit status 0")) "error"
                  '((status . 0) (elapsed . 10000)) '((not_quicker . 10000)))
    (test-verdict "what is bad already keeps its words" ((fail "exit status 2")) "error"
                  '((status . 2) (elapsed . 1)) '((fail_found . "a") (not_quicker . 10000)))
    (test-verdict "each report is made worse, none better" ((warn "found: x") (unknown "B"))
                  "pair" '((status . 0)) '((warn_found . "x")))
    (test-equal "tag and fields stay" '("one" fail ((lines . 1)))
      (let ((report (car (judge "quiet" '((status . 0) (stderr . "")) '((fail_found . "x"))))))
        (list (report-tag report) (report-state report) (report-fields report)))))

  (test-group "W9"
    (test-verdict "a judge that raises"
                  ((fail "exit status 3")
                   "error: In procedure car: Wrong type argument in position 1 (expecting pair): 3")
                  "broken" '((status . 3)))
    (test-verdict "a field that is not as declared"
                  ((fail "exit status 3")
                   "error: 'lines' of monitor 'liar' wants a whole number, got \"many\"")
                  "liar" '((status . 3)))
    (test-verdict "a field that cannot be sent"
                  ((fail "exit status 3") "error: JSON cannot say this kind of Scheme data")
                  "unspeakable" '((status . 3)))
    (test-verdict "a monitor without judge"
                  ((ok "exit status 0") "error: it has no 'judge': it judges no commands")
                  "sampler" '((status . 0)))
    (test-verdict "a monitor that is not there"
                  ((ok "exit status 0") "no monitor 'eror'")
                  "eror" '((status . 0)))
    (test-equal "it is told where the judge raised" "verdict-test.scm"
      (receive (reports problem) (judge "broken" '((status . 3)) '())
        (match (string-split problem #\:)
          ((file line column . _) (basename file)))))
    (test-equal "a monitor file with an error: its place, and the hint"
      '(((fail "exit status 3")) ":3:26: error: unknown clause 'jugde' of define-monitor"
        "hint: did you mean 'judge'?")
      (with-temporary-directory (directory)
        (let ((file (string-append directory "/bad.scm")))
          (call-with-output-file file
            (lambda (port)
              (display "(define-module (monitors bad) #:use-module (sheepdog plugin))

(define-monitor bad \"B.\" (jugde (outcome) 5))\n" port)))
          (parameterize ((%plugin-path `(("monitors" ,directory))))
            (receive (reports problem) (judge "bad" '((status . 3)) '())
              (match (string-split problem #\newline)
                ((first hint)
                 (list (map (lambda (report)
                              (list (report-state report) (report-summary report)))
                            reports)
                       (string-drop first (string-length file))
                       hint)))))))))

  (test-group "JSON"
    (test-equal "a request is answered"
      '((reports . #(((state . "fail") (summary . "exit status 2"))))
        (config_problems . #()) (monitor_problem . null))
      (answer '((config . null) (check . #f) (monitor . "error")
                (options . ((ok_status . #()) (warn_status . #()) (not_quicker . null)
                            (fail_found . null) (warn_found . null) (need_missing . null)))
                (outcome . ((status . 2) (elapsed . 0.4) (signal . null)))
                (tag . "borg"))))
    (test-equal "seconds are told in words" "timed out after 12 h"
      (match (answer '((monitor . "error") (outcome . ((signal . 15) (timed_out . #t)
                                                       (elapsed . 43200.0)))))
        ((('reports . #((_ ('summary . summary)))) . _) summary)))
    (test-equal "a report has what it has"
      '((tag . "one") (state . "ok") (summary . "") (fields . ((lines . 1))))
      (match (answer '((monitor . "quiet") (outcome . ((status . 0) (stderr . "")))))
        ((('reports . #(report)) . _) report)))
    (test-equal "a bad configuration: its errors, and the monitor error judges"
      '(":2:3: error: unknown key 'hots'\nhint: did you mean 'host'?" "exit status 0" null)
      (with-temporary-directory (directory)
        (let ((file (string-append directory "/herd.conf")))
          (call-with-output-file file
            (lambda (port) (display "(config\n (hots \"a\"))\n" port)))
          (chmod file #o600)
          (match (answer `((config . ,file) (check . #t) (monitor . "quiet")
                           (outcome . ((status . 0) (stderr . "")))))
            ((('reports . #((_ ('summary . summary)))) ('config_problems . #(text))
              ('monitor_problem . problem))
             (list (string-drop text (string-length file)) summary problem))))))))
