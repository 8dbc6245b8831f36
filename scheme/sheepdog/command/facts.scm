;;; facts.scm -- `sheepdog facts': what is known and holds now, and which relations there are
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command facts)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog listing)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog name)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view facts)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "facts" "[RELATION]"
   "Show the facts that hold now: of a relation, of a host, or how many there are of each."
   (list (option "host" "Only those of HOST." #:argument "HOST"
                 #:convert host-name #:wants "the name of a host")
         (option "schema" "Show the relations with their columns, and what nobody declared."))
   #:most 1
   #:notes '("The exit status is 0 with a fact, 1 without one, 2 when that cannot be told."
             "Example: sheepdog facts package --host tux01")))

(define (relations-wanted db words)
  "Return the relations that WORDS, one name at most, mean; raise `usage' where there is none."
  (match words
    (() (all-relations db))
    ((name)
     (match (relations-named db name)
       (()
        (raise-error 'usage (string-append "no relation '" (printable name) "'")
                     (or (did-you-mean name (map (compose symbol->string relation-name)
                                                 (all-relations db)))
                         "'sheepdog facts --schema' lists them")))
       (relations relations)))))

(define (show-schema relations db now common)
  (let ((rows (map (lambda (relation)
                     (list relation (declared-form db relation)
                           (count-holding db relation now)
                           (relation-place db relation)))
                   relations)))
    (match (assq-ref common 'format)
      ('json (print-json (schema-document rows now)))
      ('sexp (print-sexp 'sheepdog-relations (schema-document rows now)))
      ('org (print-lines (schema-org rows)))
      (_ (with-color common (lambda () (print-lines (schema-lines rows))))))
    (if (null? rows) 1 0)))

(define (show-facts relations host db now common)
  (let ((found (map (lambda (relation) (cons relation (rows-holding db relation now host)))
                    relations)))
    (match (assq-ref common 'format)
      ('json (print-json (facts-document found now)))
      ('sexp (print-lines (facts-sexp found now)))
      ('org (print-lines (facts-org found)))
      (_ (with-color common (lambda () (print-lines (facts-lines found))))))
    (if (every (match-lambda ((relation . rows) (null? rows))) found) 1 0)))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (call-with-database "facts" common
       (lambda (db place)
         (let ((host (option-ref options 'host))
               (now (%now))
               (relations (relations-wanted db words)))
           (if (or (option-ref options 'schema)
                   (and (null? words) (not host)))
               (show-schema relations db now common)
               (show-facts relations host db now common))))))))
