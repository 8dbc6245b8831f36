;;; monitor-test.scm -- define-monitor: what is declared, what is wrong, what is replaced
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog message)
             (sheepdog monitor)
             (sheepdog plugin)
             (sheepdog test)
             (ice-9 match))

(define %now 1795335303000)

(define (helper used)
  (* 2 used))

(define-monitor cow
  "Bark when a cow gives little milk."
  (options
   (name string? "Berta" "Which cow.")
   (least percent? 50 "Fail below this."))
  (fields
   (milk percent? "How much.")
   (name string? "Which cow."))
  (every "5m")
  (sample
    (report #:tag name
            #:state (grade 40 80 least)
            #:summary (number->string (helper 21))
            #:fields `((milk . 40) (name . ,name))))
  (receive (message)
    `((store (milk ,(message-host message) ,name ,milk)))))

(define-monitor strict
  "Bark when anything is written to stderr."
  (options (mercy integer? 0 "So many bytes are forgiven."))
  (judge (outcome)
    (list (report #:state (if (> (string-length (outcome-ref outcome 'stderr)) mercy)
                              'fail
                              'ok)))))

(define (message-of fields)
  (alist->message `((monitor . "cow") (host . "tux01") (fields . ,fields)) 1 %now #f))

(define (syntax-error-of form)
  "Return (TEXT LINE COLUMN) of the syntax error in FORM, a string; line and column from 0."
  (catch 'syntax-error
    (lambda ()
      (call-with-input-string form
        (lambda (port)
          (set-port-filename! port "x.scm")
          (eval (read-syntax port) (current-module))
          'none)))
    (match-lambda*
      ((key who text where . _)
       (list text (assq-ref where 'line) (assq-ref where 'column))))))

(define (report->list report)
  (list (report-tag report) (report-state report) (report-summary report)
        (report-fields report)))

(run-tests "monitor"
  (define monitor (monitor-ref "cow"))

  (test-group "declaration"
    (test-equal "what was declared is there"
      '(cow "Bark when a cow gives little milk." 300000 (name least) (milk name))
      (list (monitor-name monitor) (monitor-doc monitor) (monitor-every monitor)
            (map declared-name (monitor-options monitor))
            (map declared-name (monitor-fields monitor))))
    (test-equal "an option tells its default, what it wants, and its sentence"
      '(50 "percent" "Fail below this.")
      (let ((least (declared-ref (monitor-options monitor) 'least)))
        (list (declared-default least) (declared-wants least) (declared-sentence least))))
    (test-equal "a value that does not fit is named with its option and monitor"
      "'least' of monitor 'cow' wants percent, got 120"
      (let ((least (declared-ref (monitor-options monitor) 'least)))
        (and (not (declared-fits? least 120))
             (declared-complaint least monitor "120"))))
    (test-assert "one that fits, fits"
      (declared-fits? (declared-ref (monitor-options monitor) 'least) 20))
    (test-false "one whose predicate raises does not"
      (declared-fits? (declared-ref (monitor-options (monitor-ref 'strict)) 'mercy)
                      "many"))
    (test-equal "the file and place of the form are kept" '("monitor-test.scm" 15 1)
      (match (monitor-place monitor)
        ((file line column) (list (basename file) line column))))
    (test-false "nobody is called horse" (monitor-ref 'horse))
    (test-raises "a default that does not fit" 'bad-plugin
                 "the default of 'a' wants percent, got 120"
                 (eval '(define-monitor bad "B." (options (a percent? 120 "A.")))
                       (current-module))))

  (test-group "calls"
    (test-equal "options have their defaults in sample"
      '(("Berta" fail "42" ((milk . 40) (name . "Berta"))))
      (map report->list (call-sample monitor '())))
    (test-equal "or what the configuration says"
      '(("Olga" warn "42" ((milk . 40) (name . "Olga"))))
      (map report->list (call-sample monitor '((least . 30) (name . "Olga")))))
    (test-equal "options are variables in judge" '((#f ok "" ()))
      (map report->list
           (call-judge (monitor-ref 'strict) '((stderr . "oops")) '((mercy . 4)))))
    (test-equal "fields are variables in receive" '((store (milk "tux01" "Olga" 40)))
      (call-receive monitor (message-of '((milk . 40) (name . "Olga")))))
    (test-equal "a field that was left out is #f" '((store (milk "tux01" #f #f)))
      (call-receive monitor (message-of '((name . null)))))
    (test-assert "fields that fit, and more of them, are fine"
      (begin (check-fields monitor (message-of '((milk . 40) (colour . "red")))) #t))
    (test-raises "a field that does not is named" 'bad-message
                 "'milk' of monitor 'cow' wants percent, got \"much\""
                 (check-fields monitor (message-of '((milk . "much")))))
    (test-raises "a sample gives a report" 'bad-plugin
                 "monitor 'odd' wants to give a report or a list of them, gave 5"
                 (begin
                   (eval '(define-monitor odd "O." (every "5m") (sample 5)) (current-module))
                   (call-sample (monitor-ref 'odd) '())))
    (test-equal "a sample tells what could not be watched, as a whole or in part"
      '(((#f unknown "no tool" ())) (("a" unknown "no a" ()) ("b" ok "" ())))
      (begin
        (eval '(define-monitor lame "L."
                 (options (whole? boolean? #t "Whole?"))
                 (every "5m")
                 (limit "1m")
                 (sample
                   (if whole?
                       (cannot-watch "no tool")
                       (list (watching "a" (cannot-watch "no " "a"))
                             (watching "b" (report #:tag "b" #:state 'ok))))))
              (current-module))
        (map (lambda (whole?)
               (map report->list (call-sample (monitor-ref 'lame) `((whole? . ,whole?)))))
             '(#t #f))))
    (test-equal "and for how long it may run" 60000 (monitor-limit (monitor-ref 'lame)))
    (test-equal "what it remembers is its second value" '(1 2 ((count . 3)))
      (begin
        (eval '(define-monitor counting "C." (every "5m")
                 (sample
                   (remember! 'count (+ 1 (recall 'count 0)))
                   (report #:state 'ok #:summary (number->string (sample-time)))))
              (current-module))
        (call-with-values
            (lambda ()
              (call-sample (monitor-ref 'counting) '() #:memory '((count . 2)) #:now 12))
          (lambda (reports memory)
            (list (length reports) (string-length (report-summary (car reports))) memory)))))
    (test-raises "a report has a state" 'bad-plugin
                 "a report wants #:state ok, warn, fail or unknown, got late"
                 (report #:state 'late)))

  (test-group "live"
    (test-equal "a helper defined anew is used at the next call" "441"
      (begin
        (eval '(define (helper used) (* used used)) (current-module))
        (report-summary (car (call-sample monitor '())))))
    (test-equal "a monitor defined anew replaces the one of its name" '(ok 1)
      (begin
        (eval '(define-monitor strict "S." (judge (outcome) (report #:state 'ok)))
              (current-module))
        (list (report-state (car (call-judge (monitor-ref 'strict) '((stderr . "x")) '())))
              (length (filter (lambda (name) (eq? name 'strict)) (monitor-names)))))))

  (test-group "syntax"
    (define-syntax-rule (test-syntax sentence expected form)
      (test-equal sentence expected (syntax-error-of form)))
    (test-syntax "a misspelt clause is pointed at, with the nearest"
                 '("unknown clause 'smaple' of define-monitor\nhint: did you mean 'sample'?" 2 1)
                 "(define-monitor cow\n \"C.\"\n (smaple 5))")
    (test-syntax "one like none of them"
                 '("unknown clause 'moo' of define-monitor
hint: it has options, fields, every, limit, sample, judge, receive, timeout" 0 25)
                 "(define-monitor cow \"C.\" (moo 5))")
    (test-syntax "a clause given twice"
                 '("clause 'every' given twice" 1 1)
                 "(define-monitor cow \"C.\" (every \"5m\")\n (every \"6m\") (sample 5))")
    (test-syntax "a time limit of nothing"
                 '("'timeout' wants 'receive'" 0 0)
                 "(define-monitor cow \"C.\" (timeout \"5s\"))")
    (test-syntax "a time limit that is no duration"
                 '("'timeout' wants a duration, as \"5m\"" 0 0)
                 "(define-monitor cow \"C.\"\n (timeout 5) (receive (message) '()))")
    (test-syntax "no docstring"
                 '("expected (define-monitor NAME \"What it is for.\" CLAUSE ...)" 0 0)
                 "(define-monitor cow (sample 5))")
    (test-syntax "an option without a sentence"
                 '("expected (NAME PREDICATE DEFAULT SENTENCE)" 1 1)
                 "(define-monitor cow \"C.\" (options (a string? \"x\" \"A.\")\n (b string? \"x\")))")
    (test-syntax "a period that is none"
                 '("'every' wants a duration, as \"5m\"" 0 0)
                 "(define-monitor cow \"C.\" (every 5) (sample 5))")
    (test-syntax "a sample without a period"
                 '("'sample' wants (every \"5m\")" 0 0)
                 "(define-monitor cow \"C.\" (sample 5))")
    (test-syntax "both ways of watching"
                 '("'sample' and 'judge' exclude each other" 0 0)
                 "(define-monitor cow \"C.\" (sample 5) (judge (o) 5))")
    (test-syntax "a judge that takes nothing"
                 '("expected one name in parentheses, then a body" 0 0)
                 "(define-monitor cow \"C.\" (judge 5))")))
