;;; monitor.scm -- the monitor: what its author declares, checked and found by name
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog monitor)
  #:use-module (sheepdog clause)
  #:use-module (sheepdog core)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:use-module (sheepdog memory)
  #:autoload (sheepdog message) (message-field message-fields)
  #:use-module (sheepdog probe)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 control)
  #:use-module (ice-9 exceptions)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (define-monitor
            monitor? monitor-name monitor-doc monitor-options monitor-fields monitor-every
            monitor-sample monitor-judge monitor-receive monitor-timeout monitor-limit
            monitor-place monitor-file
            monitor-ref monitor-names register-monitor! forget-monitor! call-recording
            declared-name declared-wants declared-default declared-sentence
            declared-ref declared-fits? declared-complaint
            misfit check-fields call-sample call-judge call-receive
            watching call-watching
            report report? report-tag report-state report-summary report-fields
            report-facts report-replaces))


;;; What is declared: an option of the configuration, or a field of the message.

(define-record-type <declared>
  (make-declared name predicate wants default sentence)
  declared?
  (name declared-name)                            ;symbol
  (predicate declared-predicate)                  ;(value) -> boolean
  (wants declared-wants)                          ;string: what PREDICATE accepts, in words
  (default declared-default)                      ;of an option | #f
  (sentence declared-sentence))                   ;string

(define (declared-fits? declared value)
  "Is VALUE what DECLARED, an option or a field, wants?  A predicate that raises says no."
  (catch #t
    (lambda () (and ((declared-predicate declared) value) #t))
    (const #f)))

(define (declared-ref list name)
  "Return what LIST, the options or fields of a monitor, has under NAME (a symbol), or #f."
  (let loop ((rest list))
    (match rest
      (() #f)
      ((declared . rest)
       (if (eq? name (declared-name declared)) declared (loop rest))))))


;;; The monitor.

(define-record-type <monitor>
  (make-monitor name doc options fields every sample judge receive timeout limit place)
  monitor?
  (name monitor-name)                             ;symbol
  (doc monitor-doc)                               ;string
  (options monitor-options)                       ;list of <declared>
  (fields monitor-fields)                         ;list of <declared>
  (every monitor-every)                           ;ms between two samples | #f
  (sample monitor-sample)                         ;(option ...) -> report(s) | #f
  (judge monitor-judge)                           ;(outcome option ...) -> report(s) | #f
  (receive monitor-receive)                       ;(message field ...) -> actions | #f
  (timeout monitor-timeout)                       ;ms that `receive' may run | #f: as usual
  (limit monitor-limit)                           ;ms that `sample' may run | #f: as usual
  (place monitor-place))                          ;(FILE LINE COLUMN) of the form | #f

(define (monitor-file monitor)
  "Return the file that defined MONITOR, or #f."
  (match (monitor-place monitor)
    ((file . _) file)
    (#f #f)))

(define (declared-complaint declared monitor text)
  "Return what is to be said of a value that does not fit DECLARED of MONITOR: TEXT is the
value in words."
  (string-append "'" (symbol->string (declared-name declared)) "' of monitor '"
                 (symbol->string (monitor-name monitor)) "' wants "
                 (declared-wants declared) ", got " text))

(define %monitors (make-hash-table))              ;string, as in messages -> <monitor>

(define (key name)
  (if (symbol? name) (symbol->string name) name))

(define %record (make-parameter #f))              ;procedure of a <monitor> | #f

(define (register-monitor! monitor)
  "Make MONITOR the one of its name, in place of any other."
  (hash-set! %monitors (key (monitor-name monitor)) monitor))

(define (define! monitor)
  "Register MONITOR, or hand it to `call-recording', which may refuse it."
  ((or (%record) register-monitor!) monitor)
  *unspecified*)                                  ;for whoever defines it in a REPL

(define (call-recording thunk)
  "Call THUNK and return the monitors that it defined, in their order; none of them is
registered."
  (let ((defined '()))
    (parameterize ((%record (lambda (monitor) (set! defined (cons monitor defined)))))
      (thunk))
    (reverse defined)))

(define (forget-monitor! name)
  "Forget the monitor NAME, a symbol."
  (hash-remove! %monitors (key name)))

(define (monitor-ref name)
  "Return the monitor called NAME, a symbol or string, or #f if none is loaded."
  (hash-ref %monitors (key name)))

(define (monitor-names)
  "Return the names of the monitors that are loaded, a sorted list of symbols."
  (sort (hash-map->list (lambda (name monitor) (monitor-name monitor)) %monitors)
        (lambda (a b) (string<? (symbol->string a) (symbol->string b)))))

(define (check-default declared)
  (let ((default (declared-default declared)))
    (unless (or (not default) (declared-fits? declared default))
      (raise-error 'bad-plugin
                   (string-append "the default of '"
                                  (symbol->string (declared-name declared)) "' wants "
                                  (declared-wants declared) ", got "
                                  (datum->text default))))))

(define* (define-monitor* name doc #:key (options '()) (fields '()) every sample judge
           receive timeout limit place)
  "Define the monitor NAME, a symbol, with the docstring DOC; what `define-monitor' expands
to.  OPTIONS are lists (name predicate wants default sentence), FIELDS the same without
default.  EVERY, TIMEOUT and LIMIT are in ms, PLACE a list (FILE LINE COLUMN) or #f."
  (let ((options (map (match-lambda
                        ((name predicate wants default sentence)
                         (make-declared name predicate wants default sentence)))
                      options))
        (fields (map (match-lambda
                       ((name predicate wants sentence)
                        (make-declared name predicate wants #f sentence)))
                     fields)))
    (for-each check-default options)
    (define! (make-monitor name doc options fields every sample judge receive timeout limit
                           (real-place place)))))


;;; The form.

(define %clauses '(options fields every limit sample judge receive timeout))

(define (check-clauses form clauses)
  "Raise a syntax error unless the CLAUSES of FORM go together."
  (define (have? keyword) (assq-ref clauses keyword))
  (when (and (have? 'sample) (have? 'judge))
    (violate 'define-monitor "'sample' and 'judge' exclude each other" form))
  (when (and (have? 'every) (not (have? 'sample)))
    (violate 'define-monitor "'every' wants 'sample'" form))
  (when (and (have? 'sample) (not (have? 'every)))
    (violate 'define-monitor "'sample' wants (every \"5m\")" form))
  (when (and (have? 'limit) (not (have? 'sample)))
    (violate 'define-monitor "'limit' wants 'sample'" form))
  (when (and (have? 'timeout) (not (have? 'receive)))
    (violate 'define-monitor "'timeout' wants 'receive'" form)))

(define (duration form keyword clause)
  "Return the ms of CLAUSE, what follows KEYWORD, such as `every', in FORM; #f if there is
none."
  (define (complain)
    (violate 'define-monitor
             (string-append "'" (symbol->string keyword) "' wants a duration, as \"5m\"")
             form clause))
  (and clause
       (syntax-case clause ()
         ((text)
          (let ((text (syntax->datum #'text)))
            (or (and (string? text) (parse-duration text))
                (complain))))
         (_ (complain)))))

(define (body form clause variables)
  "Return the syntax of the procedure that CLAUSE, the body of a `sample', is: its arguments
are VARIABLES.  #f if there is no clause."
  (and clause
       (syntax-case clause ()
         (() (violate 'define-monitor "a body is missing" form))
         (statements
          (with-syntax ((variables variables))
            #'(lambda variables . statements))))))

(define (body-of-one form clause variables)
  "Likewise for the clauses that bind one variable of their own: (judge (outcome) ...)."
  (and clause
       (syntax-case clause ()
         (((variable) statement . statements)
          (identifier? #'variable)
          (with-syntax ((variables variables))
            #'(lambda (variable . variables) statement . statements)))
         (_ (violate 'define-monitor "expected one name in parentheses, then a body" form
                     clause)))))

(define-syntax define-monitor
  (lambda (form)
    "(define-monitor NAME DOC CLAUSE ...): define, or define anew, the monitor NAME.  Clauses:
(options (NAME PREDICATE DEFAULT SENTENCE) ...), (fields (NAME PREDICATE SENTENCE) ...),
(every DURATION), (sample BODY ...), (judge (OUTCOME) BODY ...), (receive (MESSAGE) BODY ...).
(limit DURATION), for how long `sample' may run, (timeout DURATION), for how long `receive' may,
usually 5 s each.  Options are variables in `sample'
and `judge', fields in `receive'."
    (syntax-case form ()
      ((_ name doc clause ...)
       (and (identifier? #'name) (string? (syntax->datum #'doc)))
       (let* ((clauses (clauses-of 'define-monitor form #'(clause ...) %clauses))
              (items (lambda (keyword shape count)
                       (clause-items 'define-monitor form
                                     (or (assq-ref clauses keyword) #'()) shape count)))
              (options (items 'options "(NAME PREDICATE DEFAULT SENTENCE)" 4))
              (fields (items 'fields "(NAME PREDICATE SENTENCE)" 3)))
         (check-clauses form clauses)
         (with-syntax
             ((options (map declaration options))
              (fields (map declaration fields))
              (every (duration form 'every (assq-ref clauses 'every)))
              (timeout (duration form 'timeout (assq-ref clauses 'timeout)))
              (limit (duration form 'limit (assq-ref clauses 'limit)))
              (sample (body form (assq-ref clauses 'sample) (map car options)))
              (judge (body-of-one form (assq-ref clauses 'judge) (map car options)))
              (receive (body-of-one form (assq-ref clauses 'receive) (map car fields)))
              (place (datum->syntax #'here (place-of-syntax form))))
           #'(define-monitor* 'name doc
               #:options (list . options) #:fields (list . fields) #:every every
               #:sample sample #:judge judge #:receive receive #:timeout timeout
               #:limit limit #:place 'place))))
      (_ (violate 'define-monitor
                  "expected (define-monitor NAME \"What it is for.\" CLAUSE ...)" form)))))

(define (declaration parts)
  "Return the syntax of what `define-monitor*' takes for PARTS, the items of a declaration."
  (syntax-case parts ()
    ((name predicate rest ...)
     (with-syntax ((wants (let ((word (syntax->datum #'predicate)))
                            (if (symbol? word) (name-phrase word) "another value"))))
       #'(list 'name predicate wants rest ...)))))


;;; What it gives.

(define-record-type <report>
  (make-report tag state summary fields facts replaces)
  report?
  (tag report-tag)                                ;string | #f: the monitor's name
  (state report-state)                            ;symbol: ok warn fail unknown
  (summary report-summary)                        ;string
  (fields report-fields)                          ;alist symbol -> value
  (facts report-facts)                            ;list of (relation argument ...)
  (replaces report-replaces))                     ;list of relations, strings

(define* (report #:key tag state (summary "") (fields '()) (facts '()) (replaces '()))
  "Return what a monitor has seen: STATE is ok, warn, fail or unknown, SUMMARY one line for
people, TAG the thing watched if there are several, FIELDS an alist of what is declared."
  (unless (memq state '(ok warn fail unknown))
    (raise-error 'bad-plugin
                 (string-append "a report wants #:state ok, warn, fail or unknown, got "
                                (datum->text state))))
  (unless (string? summary)
    (raise-error 'bad-plugin (string-append "a report wants text for #:summary, got "
                                            (datum->text summary))))
  (make-report tag state summary fields facts replaces))

(define (reports monitor given)
  "Return GIVEN, what MONITOR gave, as a list of reports; raise `bad-plugin' if it is none."
  (cond ((report? given) (list given))
        ((and (list? given) (and-map report? given)) given)
        (else
         (raise-error 'bad-plugin
                      (string-append "monitor '" (symbol->string (monitor-name monitor))
                                     "' wants to give a report or a list of them, gave "
                                     (datum->text given))))))

(define (option-values monitor given)
  "Return the values of the options of MONITOR: those of the alist GIVEN, else defaults."
  (map (lambda (option)
         (match (assq (declared-name option) given)
           ((_ . value) value)
           (#f (declared-default option))))
       (monitor-options monitor)))

(define (call-watching tag thunk)
  "Return what THUNK returns; where it says `cannot-watch', a report of TAG, `unknown' and why."
  (let/ec return
    ;; What is another error passes with all its frames.
    (with-exception-handler
     (lambda (exception)
       (let ((key (exception-kind exception)) (arguments (exception-args exception)))
         (when (error-code? 'cannot-watch key arguments)
           (return (report #:tag tag #:state 'unknown
                           #:summary (exception->text key arguments))))
         (raise-continuable exception)))
     thunk)))

(define-syntax-rule (watching tag body ...)
  "Return what BODY returns, a report of TAG; one of state `unknown' where BODY says that it cannot
watch: a file is missing, a program hangs."
  (call-watching tag (lambda () body ...)))

(define %usual-limit 5000)                        ;ms

(define* (call-sample monitor options #:key (memory '()) (now (%now))
                      (limit (or (monitor-limit monitor) %usual-limit)))
  "Return two values: the reports that MONITOR gives at NOW (epoch ms) under OPTIONS, an alist, and
its memory, an alist of plain data to be handed in as MEMORY the next time.  The programs that it
runs have nine tenths of LIMIT, in ms, so that it can tell if one of them hangs."
  (call-with-memory memory now
    (lambda ()
      (call-with-deadline (* 9/10 limit)
        (lambda ()
          (reports monitor
                   (call-watching #f
                     (lambda ()
                       (apply (monitor-sample monitor)
                              (option-values monitor options))))))))))

(define (call-judge monitor outcome options)
  "Return the reports of MONITOR on OUTCOME, an alist of (sheepdog outcome), under OPTIONS."
  (reports monitor (apply (monitor-judge monitor) outcome
                          (option-values monitor options))))

(define (misfit monitor fields)
  "Return what is wrong with the alist FIELDS of a message of MONITOR: the complaint about the
first value that is not what MONITOR declares; #f if all is well."
  (let loop ((rest (monitor-fields monitor)))
    (match rest
      (() #f)
      ((field . rest)
       (let ((value (assq-ref fields (declared-name field))))
         (if (or (not value)
                 (eq? value 'null)
                 (declared-fits? field value))
             (loop rest)
             (declared-complaint field monitor (datum->text value))))))))

(define (check-fields monitor message)
  "Raise `bad-message' if a field of MESSAGE is not what MONITOR declares."
  (let ((complaint (misfit monitor (message-fields message))))
    (when complaint
      (raise-error 'bad-message complaint))))

(define (call-receive monitor message)
  "Return what the receiver of MONITOR makes of MESSAGE, unchecked.  A field that was left out
is #f in it."
  (apply (monitor-receive monitor) message
         (map (lambda (field)
                (let ((value (message-field message (declared-name field))))
                  (and (not (eq? value 'null)) value)))
              (monitor-fields monitor))))
