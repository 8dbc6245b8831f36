;;; world.scm -- what a world is to the oracle: relations, facts with their spans, rules, and a now
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A fact holds from T0 until before T1 (ms; the open end: %open).  An event at T is the span
;; [T,T+1).  A relation of kind `timeless' holds always, whatever the context is.

(define-module (oracle world)
  #:use-module (oracle value)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (declaration->relation
            relation-name relation-kind relation-columns relation-types relation-keys
            relation-planned? relation-told? relation-declaration
            fact make-fact fact-relation fact-values fact-t0 fact-t1
            make-world world-relations world-facts world-rules world-now world-past?
            world-relation world-facts-of rule-clauses
            timeless))

(define-record-type <relation>
  (make-relation name kind columns types keys planned? told? declaration)
  relation?
  (name relation-name)                            ;symbol
  (kind relation-kind)                            ;state event timeless
  (columns relation-columns)                      ;list of symbols, keys first
  (types relation-types)                          ;list of types, see value.scm
  (keys relation-keys)                            ;integer: how many columns are the key
  (planned? relation-planned?)                    ;may ends lie ahead of now?
  (told? relation-told?)                          ;do facts of machines fill it?
  (declaration relation-declaration))             ;the datum

(define-record-type <fact>
  (make-fact relation values t0 t1)
  fact?
  (relation fact-relation)                        ;symbol
  (values fact-values)                            ;list of strings and numbers, by column
  (t0 fact-t0)                                    ;ms
  (t1 fact-t1))                                   ;ms

(define-record-type <world>
  (make-world relations facts rules now past?)
  world?
  (relations world-relations)                     ;list of relations
  (facts world-facts)                             ;list of facts
  (rules world-rules)                             ;list of ((NAME PARAMETER ...) GOAL ...)
  (now world-now)                                 ;ms
  (past? world-past?))                            ;was a time asked for (--at)?

(define* (declaration->relation datum #:key (told? #t))
  "Return the relation of DATUM, as (define-state (raid host disk -> status) OPTION ...)."
  (define (name-of column) (match column ((name _) name) (name name)))
  (define (column-type column) (match column ((_ type) type) (_ 'text)))
  (match datum
    ((form (name . columns) . options)
     (let ((plain (delq '-> columns))
           (keys (list-index (lambda (c) (eq? '-> c)) columns)))
       (make-relation name (if (eq? form 'define-event) 'event 'state)
                      (map name-of plain) (map column-type plain) (or keys (length plain))
                      (and (member '(planned) options) #t) told? datum)))))

(define (timeless name columns)
  "Return the relation NAME with COLUMNS of any type, to which no context applies."
  (make-relation name 'timeless columns (map (const 'any) columns) (length columns) #f #f #f))

(define (fact relation t0 t1 . values)
  (make-fact relation values t0 t1))

(define (world-relation world name)
  "Return the relation NAME of WORLD, or #f."
  (find (lambda (r) (eq? name (relation-name r))) (world-relations world)))

(define (world-facts-of world name)
  (filter (lambda (f) (eq? name (fact-relation f))) (world-facts world)))

(define (rule-clauses world name)
  "Return the clauses of the rule NAME, lists (PARAMETERS GOAL ...)."
  (filter-map (match-lambda
                (((head . parameters) . goals)
                 (and (eq? head name) (cons parameters goals))))
              (world-rules world)))
