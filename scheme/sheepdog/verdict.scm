;;; verdict.scm -- what a finished command means: the wrapper's half that is policy
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The monitor's judge speaks first; what the wrapper was told to look for can only make it worse.
;; A monitor or a configuration that is broken is told of, and the monitor `error' judges instead.

(define-module (sheepdog verdict)
  #:autoload (sheepdog config) (read-config config-errors config-plugin-path problem->text)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog outcome)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (fold))
  #:export (judge-json judge-request judge worsen))

(define %most-found 200)                          ;columns of a line found that are told


;;; Rows that can only make it worse.

(define (rank state)
  (match state
    ('ok 0)
    ('warn 1)
    ('unknown 2)
    ('fail 3)))

(define (found text)
  (string-append "found: " (fit (printable (string-trim-both text)) %most-found)))

(define (verdicts outcome options)
  "Return what OUTCOME means under OPTIONS, a list of (STATE . SUMMARY), the
worse ones first."
  (define (when-told key state make-summary)
    (match (assq-ref options key)
      ((? string? text) (list (cons state (make-summary text))))
      (_ '())))
  (append (if (or (assq-ref outcome 'start_error)
                  (assq-ref outcome 'timed_out)
                  (assq-ref outcome 'signal))
              (list (cons 'fail (outcome->text outcome)))
              '())
          (when-told 'fail_found 'fail found)
          (when-told 'need_missing 'fail
                     (lambda (text) (string-append "missing: " (printable text))))
          (when-told 'warn_found 'warn found)
          (let ((least (assq-ref options 'not_quicker))
                (elapsed (assq-ref outcome 'elapsed)))
            (if (and (number? least) (number? elapsed) (< elapsed least))
                (list (cons 'warn "too quick"))
                '()))))

(define (worsen verdicts a-report)
  "Return A-REPORT with the worst state and summary of VERDICTS, a list of (STATE . SUMMARY),
where one is worse than its own; of several as bad the first."
  (fold (match-lambda*
          (((state . summary) best)
           (if (> (rank state) (rank (report-state best)))
               (report #:tag (report-tag best)
                       #:state state
                       #:summary summary
                       #:fields (report-fields best)
                       #:facts (report-facts best)
                       #:replaces (report-replaces best))
               best)))
        a-report
        verdicts))


;;; The judge.

(define (judge-options options)
  "Return those of OPTIONS, as the wrapper names them, that a judge may declare as its own."
  (map (match-lambda
         ((theirs . ours)
          (cons ours (match (assq-ref options theirs)
                       ((? vector? statuses) (vector->list statuses))
                       (_ '())))))
       '((ok_status . ok-status) (warn_status . warn-status))))

(define (built-in-reports outcome options)
  "Return the one report of the rule that always holds: that of the monitor `error'."
  (let ((status (assq-ref outcome 'status)))
    (list (report #:state (cond ((not status) (or (outcome-state outcome) 'unknown))
                                ((memv status (assq-ref options 'warn-status)) 'warn)
                                ((or (zero? status)
                                     (memv status (assq-ref options 'ok-status)))
                                 'ok)
                                (else 'fail))
                  #:summary (outcome->text outcome)))))

(define (writable fields facts)
  "Raise an error if FIELDS or FACTS hold what JSON cannot say."
  (%json-write fields)
  (%json-write (list->vector (map list->vector facts))))

(define (check-report monitor a-report)
  "Raise an error if what A-REPORT carries is not what MONITOR declares, or cannot be sent."
  (let ((complaint (misfit monitor (report-fields a-report))))
    (when complaint
      (raise-error 'bad-plugin complaint))
    (writable (report-fields a-report) (report-facts a-report))))

(define (problem text hint frames)
  "Return TEXT, FRAMES and HINT as lines."
  (string-join (append (list text)
                       frames
                       (if hint (list (string-append "hint: " hint)) '()))
               "\n"))

(define (ask-judge monitor outcome options)
  "Return the reports of MONITOR on OUTCOME, or the text of what went wrong with it."
  (call-guarded (or (monitor-file monitor) (symbol->string (monitor-name monitor)))
    (lambda ()
      (unless (monitor-judge monitor)
        (raise-error 'bad-plugin "it has no 'judge': it judges no commands"))
      (let ((reports (call-judge monitor outcome options)))
        (for-each (lambda (a-report) (check-report monitor a-report)) reports)
        reports))
    problem
    #:place (lambda ()
              (match (monitor-place monitor)
                ((_ line column) (list line column))
                (#f #f)))))

(define (reports-of name outcome options)
  "Return the reports of the monitor NAME on OUTCOME, or the text of what went wrong."
  (with-error-handler
   (lambda (code text hint) (problem text hint '()))
   (lambda () (ask-judge (load-monitor name) outcome options))))

(define (judge name outcome options)
  "Return two values: what the command that left OUTCOME means, a list of reports, and the text
of what was wrong with the monitor NAME, #f if nothing was.  OUTCOME is an alist of (sheepdog
outcome), OPTIONS one of ok_status, warn_status (vectors), not_quicker (ms), fail_found,
warn_found, need_missing (strings), as far as given."
  (let* ((of-judge (judge-options options))
         (worse (verdicts outcome options))
         (finish (lambda (reports)
                   (map (lambda (a-report) (worsen worse a-report)) reports)))
         (first (reports-of name outcome of-judge)))
    (if (list? first)
        (values (finish first) #f)
        (let ((second (reports-of "error" outcome of-judge)))
          (values (finish (if (list? second) second (built-in-reports outcome of-judge)))
                  first)))))


;;; For the wrapper, which speaks JSON.

(define (report->json a-report)
  "Return A-REPORT as an object: state, summary, and what else it has."
  (define (entry key value)
    (if value (list (cons key value)) '()))
  (append (entry 'tag (report-tag a-report))
          `((state . ,(report-state a-report))
            (summary . ,(report-summary a-report)))
          (entry 'fields (and (pair? (report-fields a-report)) (report-fields a-report)))
          (entry 'facts (and (pair? (report-facts a-report))
                             (list->vector (map list->vector (report-facts a-report)))))
          (entry 'replaces (and (pair? (report-replaces a-report))
                                (list->vector (report-replaces a-report))))))

(define (present alist)
  "Return ALIST without its nulls."
  (filter (lambda (pair) (not (eq? 'null (cdr pair)))) alist))

(define (consult-configuration file check? name)
  "Let the plugins of the configuration FILE (#f: the usual one) be found, if NAME, the monitor
to be asked, wants that.  Return, if CHECK? is true, its errors, texts of one or two lines."
  (if (or check? (not (string=? name "error")))
      (let ((config (read-config file #:check? check?)))
        (%plugin-path (config-plugin-path config))
        (if check?
            (map problem->text (config-errors config))
            '()))
      '()))

(define (judge-request request)
  "Return the answer, an alist for %json-write, to REQUEST, an object as %json-read gives it."
  (let* ((request (present request))
         (name (or (assq-ref request 'monitor) "error"))
         (problems (consult-configuration (assq-ref request 'config)
                                          (assq-ref request 'check) name))
         (outcome (or (json->outcome (assq 'outcome request)) '()))
         (options (present (or (assq-ref request 'options) '())))
         (name (if (null? problems) name "error")))
    (call-with-values (lambda () (judge name outcome options))
      (lambda (reports problem)
        `((reports . ,(list->vector (map report->json reports)))
          (config_problems . ,(list->vector problems))
          (monitor_problem . ,(or problem 'null)))))))

(define (judge-json request)
  "Answer REQUEST, a string with one JSON object: config (FILE or null), check (whether the
configuration is to be validated), monitor, options, outcome (as in a message; its times in
seconds) and tag.  The answer, a string: reports (tag, state, summary, fields, facts,
replaces), config_problems (texts) and monitor_problem (text or null)."
  (%json-write (judge-request (car (%json-read request)))))
