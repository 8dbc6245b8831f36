;;; relations.scm -- the relations that are there from the start, as anybody would declare them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What messages, the clock, people and the configuration bring, in the forms of (sheepdog logic
;; declaration).  Most have a table of their own, made in sql/N.sql just as a declaration makes it
;; (see (sheepdog table)).  The others are held by tables that serve other purposes, too.

(define-module (sheepdog relations)
  #:use-module (sheepdog logic declaration)
  #:use-module (sheepdog logic relation)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (built-in-relations built-in-relation own-relation? undeclared-relation))

(define %declarations
  '(;; What there is, and what became of it.
    (define-state (host name) "A machine that spoke, or is expected to.")
    (define-event (event host tag -> kind state summary) "A message of a subject.")
    (define-state (state host tag -> state) "The state of a subject: ok warn fail unknown late.")
    (define-state (interruption host tag -> worst reason (hard time) (planned integer) end)
      "A subject was not ok, through whatever states; planned: 1 inside of planned work, else 0."
      (index))
    (define-state (run host tag id -> (status integer))
      "A run of a command; 128+n: signal n, 124: timed out, -1: running, -2: cut off or lost."
      (index tag status))
    (define-state (silent host) "Nothing was heard of a machine for longer than allowed."
      (index))
    (define-state (expectation host tag -> (every duration))
      "A success of the subject is wanted so often; 0: by the calendar.")
    (define-state (silence pattern -> reason) "Nobody is told of these subjects." (planned))
    (define-state (complete host relation)
      "The machine has told the whole truth about a relation.")
    (define-event (refused host relation -> reason) "A fact that fits no declaration.")
    (define-state (diary (date time) name -> text)
      "Something to be remembered of, from when it was written down until then."
      (planned))
    (define-state (depends host tag on-host on-tag)
      "A subject, or with tag \"\" a machine, needs another."
      (index on-host on-tag))
    ;; What machines and programs tell of themselves.
    (define-state (label host name -> value) "A label of a machine's configuration."
      (index name value))
    (define-state (package host name -> (version version)) "An installed package."
      (index name version))
    (define-state (service host name -> manager) "A service, and who keeps it running."
      (index name))
    (define-state (ram host -> (total (size MiB))) "The memory of a machine.")
    (define-state (cpu host -> model (cores integer)) "The processor of a machine.")
    (define-state (os host -> name (release version)) "The system of a machine.")
    (define-state (kernel host -> (release version)) "The kernel that a machine runs.")
    (define-state (perf host tag label -> (value number) uom)
      "Performance data of a plugin: a number and its unit.")))

;; Those that a table holds which has other columns, too: its name, and how its rows are found.
(define %held
  '((event "event_said" #t (#f host tag t) (#f host t))
    (run "run_index" #f (#f host tag t0) ("run_1" tag status t1 t0))
    (interruption "interruption" #f (#f host tag t0) ("interruption_1" t1 t0)
                  ("interruption_h" host t0))
    (expectation "expected" #f (#f host tag t0) ("expected_h" host t0))
    (silence "silenced" #t (#f t1 t0))
    (complete "complete" #f (#f host relation t0))
    (refused "refused" #f ("refused_h" host t))
    (diary "appointment" #f (#f date name t0) ("appointment_1" t1 t0))))

(define (declared->built-in declaration)
  (let ((relation (read-declaration declaration)))
    (match (assq (relation-name relation) %held)
      ((_ table view? . paths)
       (relation-held-by relation table #:paths paths #:view? view?))
      (#f relation))))

(define built-in-relations (map declared->built-in %declarations))

(define %by-name
  (let ((table (make-hash-table)))
    (for-each (lambda (relation) (hashq-set! table (relation-name relation) relation))
              built-in-relations)
    table))

(define (built-in-relation name)
  "Return the built-in relation NAME, a symbol, or #f."
  (hashq-ref %by-name name))


(define %told                                     ;what messages may tell of
  '(depends label package service ram cpu os kernel perf))

(define (own-relation? name)
  "Is NAME, a symbol, a built-in relation that we fill ourselves, so that nobody tells of it?"
  (and (not (memq name %told))
       (or (eq? name 'changed)
           (and (built-in-relation name) #t))))


;;; What nobody declared, in table _fact.

(define (undeclared-relation name arity)
  "Return the relation NAME, a symbol, of ARITY arguments, the host among them, that nobody declared:
the last argument is the value, those between are the key."
  (define keys (max 1 (- arity 1)))
  (define columns
    (cons (make-column 'host 'text)
          (append (map (lambda (name) (make-column name 'any)) (take '(k1 k2 k3) (- keys 1)))
                  (if (> arity 1) (list (make-column 'value 'any)) '()))))
  (define selected
    (string-join (map (lambda (column) (symbol->string (column-name column))) columns) ", "))
  (make-relation name 'state columns keys
                 ;; The name has no quote in it, see `relation-name?'.
                 #:table (string-append "(SELECT " selected ", t0, t1, ev FROM _fact WHERE relation = '"
                                        (symbol->string name) "' AND arity = "
                                        (number->string (- arity 1)) ")")
                 #:view? #t
                 #:paths `((#f ,@(map column-name (take columns keys)) t0)
                           (#f host t1)
                           ,@(if (> arity 1) '((#f value t1)) '()))))
