;;; action.scm -- actions: what a receiver returns, checked, as Scheme data and as JSON
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Normal forms, which are what `check-action' returns and handlers get:
;;
;;   (store (RELATION HOST ARGUMENT ...))        a fact holds, from the message on
;;   (store (not (RELATION HOST ARGUMENT ...)))  it holds no longer
;;   (notify TEXT)  (notify TEXT #:key KEY)
;;   (log LEVEL TEXT)                            LEVEL: error warning notice info debug
;;   (exec PROGRAM ARGUMENT ...)
;;   (KIND ARGUMENT ...)                         of a handler that declares its arguments
;;
;; RELATION, HOST, TEXT, KEY, PROGRAM and arguments of exec are strings; arguments of facts are
;; strings and numbers.

(define-module (sheepdog action)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog message)
  #:use-module (sheepdog name)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:export (check-action check-actions json->action))

(define %levels '("error" "warning" "notice" "info" "debug"))

(define %known '("store" "notify" "log" "exec"))

(define* (refuse text #:optional (hint ""))
  (raise-error 'bad-action text hint))

(define (wants what shape action)
  (refuse (string-append "'" what "' wants " shape ", got " (datum->text action))))


;;; Facts.

(define (relation-name relation)
  "Return RELATION, a symbol or string, as a string, or #f."
  (cond ((symbol? relation) (symbol->string relation))
        ((string? relation) relation)
        (else #f)))

(define (finite-number? value)
  (and (real? value)
       (not (inf? value))
       (not (nan? value))))

(define (fact-argument value)
  "Return VALUE as it is kept in a fact: text or a number.  JSON's true and false, and symbols,
are text."
  (cond ((string? value) value)
        ((finite-number? value) value)
        ((eq? value #t) "true")
        ((eq? value #f) "false")
        ((and (symbol? value) (not (eq? value 'null))) (symbol->string value))
        (else (refuse (string-append "a fact wants text and numbers, got "
                                     (datum->text value))))))

(define (fact-host value)
  (or (and (string? value) (host-name value))
      (refuse (string-append "a fact begins with its host, got " (datum->text value)))))

(define (check-fact fact)
  (match fact
    (((= relation-name (? string? relation)) host arguments ...)
     (cons* relation (fact-host host) (map fact-argument arguments)))
    (_ (wants "store" "(RELATION HOST ARGUMENT ...)" fact))))

(define (check-store action)
  (match action
    (('store ('not fact)) `(store (not ,(check-fact fact))))
    (('store fact) `(store ,(check-fact fact)))
    (_ (wants "store" "one fact" action))))


;;; The others.

(define (check-notify action)
  (match action
    (('notify (? string? text)) action)
    (('notify (? string? text) #:key (? string? key)) action)
    (_ (wants "notify" "(notify TEXT [#:key TEXT])" action))))

(define (check-log action)
  (match action
    (('log (= relation-name (? string? level)) (? string? text))
     (if (member level %levels)
         (list 'log (string->symbol level) text)
         (wants "log" (enumeration %levels) level)))
    (_ (wants "log" "(log LEVEL TEXT)" action))))

(define (program-argument value)
  (cond ((string? value) value)
        ((finite-number? value) (number->string value))
        (else (wants "exec" "text for its arguments" value))))

(define (check-exec action)
  (match action
    (('exec (? string? program) arguments ...)
     (cons* 'exec program (map program-argument arguments)))
    (_ (wants "exec" "(exec PROGRAM ARGUMENT ...)" action))))

(define (check-order action)
  (refuse "orders are not in this version"))

(define (handler-for kind)
  "Return the handler of the actions KIND (a symbol); an error if there is none."
  (let ((name (symbol->string kind)))
    (if (or (handler-ref kind) (assoc name (available-handlers)))
        (load-handler kind)
        (refuse (string-append "no action " (datum->text kind))
                (let ((near (nearest name (append %known (map car (available-handlers))))))
                  (if near (string-append "did you mean '" near "'?") ""))))))

(define (shape handler)
  "Return how an action of HANDLER is written."
  (string-append "(" (string-join
                      (cons (symbol->string (handler-name handler))
                            (map (lambda (argument)
                                   (string-upcase (symbol->string (argument-name argument))))
                                 (handler-arguments handler))))
                 ")"))

(define (check-declared action)
  "Check ACTION against what its handler declares."
  (let* ((kind (car action))
         (handler (handler-for kind))
         (declared (handler-arguments handler)))
    (unless declared
      (refuse (string-append "handler '" (symbol->string kind) "' declares no arguments")))
    (unless (= (length declared) (length (cdr action)))
      (wants (symbol->string kind) (shape handler) action))
    (for-each (lambda (argument value)
                (unless (argument-fits? argument value)
                  (refuse (string-append "'" (symbol->string (argument-name argument))
                                         "' of action '" (symbol->string kind) "' wants "
                                         (argument-wants argument) ", got "
                                         (datum->text value)))))
              declared (cdr action))
    action))

(define (check-action action)
  "Return the normal form of ACTION, whatever it is; raise `bad-action', saying what it wants,
if it is none."
  (match action
    (((? symbol? kind) _ ...)
     (case kind
       ((store) (check-store action))
       ((notify) (check-notify action))
       ((log) (check-log action))
       ((exec) (check-exec action))
       ((order) (check-order action))
       (else (check-declared action))))
    (_ (refuse (string-append "an action is a list such as (log info \"text\"), got "
                              (datum->text action))))))

(define (check-actions actions)
  "Return the list ACTIONS, each in its normal form; raise `bad-action'."
  (if (list? actions)
      (map check-action actions)
      (refuse (string-append "a receiver returns a list of actions, got "
                             (datum->text actions)))))


;;; From a program, as JSON.

(define (json->fact fact message)
  "Return the fact in the vector FACT, in which the host is implied: that of MESSAGE."
  (match (vector->list fact)
    (("not" (? vector? fact)) `(not ,(json->fact fact message)))
    ((relation arguments ...) (cons* relation (message-host message) arguments))
    (_ (wants "store" "[\"relation\", argument...]" '()))))

(define (json->action json message)
  "Return JSON, an array as %json-read gives it, such as #(\"store\" #(\"raid\" \"md0\")), as an
action about MESSAGE in its normal form; raise `bad-action'."
  (match json
    (#("store" (? vector? fact)) (check-action `(store ,(json->fact fact message))))
    (#("notify" text (('key . key))) (check-action `(notify ,text #:key ,key)))
    (#((? string? kind) arguments ...) (check-action (cons (string->symbol kind) arguments)))
    (_ (refuse (string-append "an action is an array such as [\"log\",\"info\",\"text\"], got "
                              (datum->text json))))))
