;;; world.scm -- what a question may ask of: relations, rules, and what is known of their size
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic world)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog logic relation)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-world world? find-relation find-rule all-names all-relations world-statistics told?
            make-rule rule? rule-name rule-arguments rule-doc rule-goals rule-arity))

(define-record-type <world>
  (%make-world relation relations rule names statistics told)
  world?
  (relation world-relation)                       ;(name arity) -> <relation> | #f
  (relations world-relations)                     ;() -> list of <relation>, what is declared
  (rule world-rule)                               ;(name) -> <rule> | #f
  (names world-names)                             ;() -> list of symbols
  (statistics statistics-of)                      ;(relation) -> <statistics>
  (told world-told))                              ;(relation) -> boolean

(define* (make-world relation #:key (relations (const '())) (rule (const #f)) (names (const '()))
                     (statistics (const #f)) (told (const #f)))
  "Return what questions are compiled against.  RELATION gives a <relation> for a name (symbol)
and a number of arguments, or #f; RELATIONS all that are declared; RULE a <rule> for a name, or
#f; NAMES all names, for who mistypes one; STATISTICS the <statistics> of a relation, or #f."
  (%make-world relation relations rule names statistics told))

(define (find-relation world name arity) ((world-relation world) name arity))
(define (all-relations world) ((world-relations world)))
(define (find-rule world name) ((world-rule world) name))
(define (all-names world) ((world-names world)))
(define (told? world relation) ((world-told world) relation))

(define %unknown (make-statistics 1000 500 10 '() '()))

(define (world-statistics world relation)
  "Return the <statistics> of RELATION in WORLD, made up where nobody kept any."
  (or ((statistics-of world) relation) %unknown))

;; A rule is kept as it was written, since the relations it speaks of may be declared anew.
(define-record-type <rule>
  (make-rule name arguments doc goals)
  rule?
  (name rule-name)                                ;symbol
  (arguments rule-arguments)                      ;list of <datum>: variables and aggregates
  (doc rule-doc)                                  ;string | ""
  (goals rule-goals))                             ;list of <datum>

(define (rule-arity rule)
  (length (rule-arguments rule)))
