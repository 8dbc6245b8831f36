;;; rule.scm -- the rules that questions may use: ours, and those that are defined by name
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog rule)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic query)
  #:use-module (sheepdog logic read)
  #:use-module (sheepdog logic world)
  #:use-module (srfi srfi-1)
  #:export (define-rule! forget-rule! defined-rule rule-names rules-version))

(define %rules (make-hash-table))                 ;symbol -> <rule>
(define %version 0)                               ;counts definitions

(define (rules-version)
  "Return a number that is another one whenever a rule was defined or forgotten."
  %version)

(define (put! name proc)
  (proc)
  (set! %version (+ %version 1)))

(define* (define-rule! given #:optional complain)
  "Define the rule that GIVEN, a <datum> or plain data, (define-relation (NAME ?V ...) [\"DOC\"]
GOAL ...), is; one of that name before is replaced.  Return its name, or #f.  What is wrong is told
by COMPLAIN, (datum text hint-or-#f), else raised, `bad-question'."
  (let ((rule (read-rule (if (datum? given) given (data->datum given))
                         (or complain
                             (lambda (datum text hint)
                               (raise-error 'bad-question
                                            (if (zero? (datum-line datum))
                                                text
                                                (problem->text (problem-at datum text #f)))
                                            (or hint "")))))))
    (and rule
         (begin
           (put! (rule-name rule)
                 (lambda () (hashq-set! %rules (rule-name rule) rule)))
           (rule-name rule)))))

(define (forget-rule! name)
  "Forget the rule NAME, a symbol, if there is one."
  (put! name (lambda () (hashq-remove! %rules name))))

(define (defined-rule name)
  "Return the <rule> NAME, a symbol, or #f."
  (hashq-ref %rules name))

(define (rule-names)
  "Return the names of all rules, symbols."
  (hash-map->list (lambda (name rule) name) %rules))

(for-each define-rule!
          '((define-relation (depends* ?host ?tag ?on-host ?on-tag)
              "A subject stands on another, directly or through others."
              (or (depends ?host ?tag ?on-host ?on-tag)
                  (fresh (?h ?t)
                    (depends ?host ?tag ?h ?t)
                    (depends* ?h ?t ?on-host ?on-tag))))))
