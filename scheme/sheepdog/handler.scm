;;; handler.scm -- the handler: performs one kind of action, found by its name
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A handler of log lines, handlers/log.scm, whole:
;;
;;   (define-module (handlers log)
;;     #:use-module (sheepdog plugin)
;;     #:use-module (ice-9 match)
;;     #:declarative? #f)
;;
;;   (define-handler log
;;     "Write a line into the program's own log."
;;     (perform (action context)
;;       (match action
;;         (('log level text) ...))))
;;
;; `perform' is for what leaves the process.  It does what is quick, and returns; or it returns what
;; program shall be run, (run-program ...) or (send-mail ...), and the program's ending counts.  It is
;; called again, 1, 2, 4 ... 60 minutes later for five days, after an exception or such an ending; not
;; after `give-up', or an exit status that run-program calls permanent.  `decide' is for what belongs
;; to the transaction of the message: it is pure.  The kinds that (sheepdog action) knows are checked
;; there; another declares its `arguments'.

(define-module (sheepdog handler)
  #:use-module (sheepdog clause)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (define-handler
            handler? handler-name handler-doc handler-arguments handler-perform
            handler-decide handler-place handler-file
            handler-ref handler-names register-handler! forget-handler!
            call-recording-handlers
            argument-name argument-wants argument-sentence argument-fits?))

(define-record-type <argument>
  (make-argument name predicate wants sentence)
  argument?
  (name argument-name)                            ;symbol
  (predicate argument-predicate)                  ;(value) -> boolean
  (wants argument-wants)                          ;string: what PREDICATE accepts, in words
  (sentence argument-sentence))                   ;string

(define-record-type <handler>
  (make-handler name doc arguments perform decide place)
  handler?
  (name handler-name)                             ;symbol: the first word of its actions
  (doc handler-doc)                               ;string
  (arguments handler-arguments)                   ;list of <argument> | #f: not declared
  (perform handler-perform)                       ;(action context) -> <errand> | any; #f
  (decide handler-decide)                         ;(action context) -> data | #f
  (place handler-place))                          ;(FILE LINE COLUMN) of the form | #f

(define (handler-file handler)
  "Return the file that defined HANDLER, or #f."
  (match (handler-place handler)
    ((file . _) file)
    (#f #f)))

(define (argument-fits? argument value)
  "Is VALUE what ARGUMENT wants?  A predicate that raises says no."
  (catch #t
    (lambda () (and ((argument-predicate argument) value) #t))
    (const #f)))

(define %handlers (make-hash-table))              ;symbol -> <handler>

(define %record (make-parameter #f))              ;procedure of a <handler> | #f

(define (register-handler! handler)
  "Make HANDLER the one of its name, in place of any other."
  (hashq-set! %handlers (handler-name handler) handler))

(define (define! handler)
  "Register HANDLER, or hand it to `call-recording-handlers', which may refuse it."
  ((or (%record) register-handler!) handler)
  *unspecified*)                                  ;for whoever defines it in a REPL

(define (call-recording-handlers thunk)
  "Call THUNK and return the handlers that it defined, in their order; none of them is
registered."
  (let ((defined '()))
    (parameterize ((%record (lambda (handler) (set! defined (cons handler defined)))))
      (thunk))
    (reverse defined)))

(define (handler-ref name)
  "Return the handler called NAME, a symbol or string, or #f if none is loaded."
  (hashq-ref %handlers (if (string? name) (string->symbol name) name)))

(define (forget-handler! name)
  "Forget the handler NAME, a symbol."
  (hashq-remove! %handlers name))

(define (handler-names)
  "Return the names of the handlers that are loaded, a sorted list of symbols."
  (sort (hash-map->list (lambda (name handler) name) %handlers)
        (lambda (a b) (string<? (symbol->string a) (symbol->string b)))))

(define* (define-handler* name doc #:key arguments perform decide place)
  "Define the handler NAME, a symbol, with the docstring DOC; what `define-handler' expands
to.  ARGUMENTS are lists (name predicate wants sentence), or #f."
  (define!
    (make-handler name doc
                  (and arguments
                       (map (match-lambda
                              ((name predicate wants sentence)
                               (make-argument name predicate wants sentence)))
                            arguments))
                  perform decide (real-place place))))

(define %clauses '(arguments perform decide))

(define (body form clause)
  "Return the syntax of the procedure that CLAUSE of FORM is, #f if there is none."
  (and clause
       (syntax-case clause ()
         (((action context) statement . statements)
          (and (identifier? #'action) (identifier? #'context))
          #'(lambda (action context) statement . statements))
         (_ (violate 'define-handler "expected (action context), then a body" form
                     clause)))))

(define (argument parts)
  "Return the syntax of what `define-handler*' takes for PARTS, one argument."
  (syntax-case parts ()
    ((name predicate sentence)
     (with-syntax ((wants (let ((word (syntax->datum #'predicate)))
                            (if (symbol? word) (name-phrase word) "another value"))))
       #'(list 'name predicate wants sentence)))))

(define-syntax define-handler
  (lambda (form)
    "(define-handler NAME DOC CLAUSE ...): define, or define anew, the handler of the actions
(NAME ARGUMENT ...).  Clauses: (arguments (NAME PREDICATE SENTENCE) ...), (perform (ACTION
CONTEXT) BODY ...), (decide (ACTION CONTEXT) BODY ...)."
    (syntax-case form ()
      ((_ name doc clause ...)
       (and (identifier? #'name) (string? (syntax->datum #'doc)))
       (let* ((clauses (clauses-of 'define-handler form #'(clause ...) %clauses))
              (arguments (assq-ref clauses 'arguments)))
         (unless (or (assq-ref clauses 'perform) (assq-ref clauses 'decide))
           (violate 'define-handler "neither 'perform' nor 'decide'" form))
         (with-syntax
             ((arguments
               (and arguments
                    (with-syntax (((item ...)
                                   (map argument
                                        (clause-items 'define-handler form arguments
                                                      "(NAME PREDICATE SENTENCE)" 3))))
                      #'(list item ...))))
              (perform (body form (assq-ref clauses 'perform)))
              (decide (body form (assq-ref clauses 'decide)))
              (place (datum->syntax #'here (place-of-syntax form))))
           #'(define-handler* 'name doc #:arguments arguments
               #:perform perform #:decide decide #:place 'place))))
      (_ (violate 'define-handler
                  "expected (define-handler NAME \"What it does.\" CLAUSE ...)" form)))))
