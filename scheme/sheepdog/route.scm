;;; route.scm -- whom news of a subject goes to: the clauses `(notify OPTION...)' of the configuration
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  The first clause whose subject fits says when a subject counts as bad; the first whose
;; subject and window fit says who is told of what is new at that time.

(define-module (sheepdog route)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog terms)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module ((srfi srfi-9 gnu) #:select (set-field))
  #:export (clause clause?
            clause-patterns clause-to clause-on clause-terms clause-repeat clause-digest
            clause-report clause-group clause-limit clause-place
            clauses-for clause-for clause-at clause-without-digest
            recipients destination->text
            escalation escalation-after escalation-to escalations-for))

(define %minute 60000)

(define-record-type <clause>
  (make-clause patterns to on terms repeat during digest report group limit place)
  clause?
  (patterns clause-patterns)                      ;list of patterns; () fits all
  (to clause-to)                                  ;list of DEST
  (on clause-on)                                  ;list of states and `recovery'
  (terms clause-terms)                            ;see (sheepdog terms)
  (repeat clause-repeat)                          ;ms between reminders | #f: never
  (during clause-during)                          ;(ms) -> boolean | #f: always
  (digest clause-digest)                          ;see (sheepdog digest) | #f: at once
  (report clause-report)                          ;the same | #f: none
  (group clause-group)                            ;(ms . ms): wait, interval
  (limit clause-limit)                            ;(integer . ms): mails in a span
  (place clause-place))                           ;string "FILE:LINE" | #f: the default

(define* (clause #:key (patterns '()) to (on '(fail late unknown recovery)) (terms (terms))
                 repeat during digest report (group (cons 30000 (* 5 %minute)))
                 (limit (cons 20 (* 60 %minute))) place)
  "Return the clause that tells TO of the states ON of the subjects that one of PATTERNS fits
(() fits all), while (DURING ms) is true.  TO is a list of DEST: an address, a string; the symbol
`sender' or `log'; or (exec \"PROGRAM\" ARG...).  The others are as in the record."
  (make-clause patterns to on terms repeat during digest report group limit place))

(define (clause-without-digest clause)
  "Return CLAUSE as it is for somebody to whom it sends no digest."
  (set-field clause (clause-digest) #f))

(define (fits? clause host tag)
  (or (null? (clause-patterns clause))
      (any (lambda (pattern) (pattern-matches? pattern host tag))
           (clause-patterns clause))))

(define (clauses-for clauses host tag)
  "Return those of CLAUSES that fit the subject HOST/TAG, up to the first that always counts."
  (let loop ((clauses (filter (lambda (clause) (fits? clause host tag)) clauses)))
    (match clauses
      (() '())
      ((clause . rest)
       (cons clause (if (clause-during clause) (loop rest) '()))))))

(define (clause-for clauses host tag)
  "Return the first of CLAUSES that fits the subject HOST/TAG, or #f."
  (find (lambda (clause) (fits? clause host tag)) clauses))

(define (clause-at clauses ms)
  "Return the first of CLAUSES that counts at MS, or #f."
  (find (lambda (clause)
          (or (not (clause-during clause)) ((clause-during clause) ms)))
        clauses))

(define (destination->text destination)
  "Return the name of DESTINATION, a DEST, by which it is stored as a recipient."
  (match destination
    ((? string?) destination)
    ((? symbol?) (symbol->string destination))
    (_ (object->string destination))))

(define (recipients to mailto)
  "Return the DESTs of TO, `sender' replaced by MAILTO, the addresses that the message wishes for;
none twice."
  (delete-duplicates
   (append-map (lambda (destination)
                 (if (eq? destination 'sender)
                     mailto
                     (list destination)))
               to)))


;;; Escalations: `(escalate PATTERN (after D) (to DEST...))'.

(define-record-type <escalation>
  (escalation pattern after to)
  escalation?
  (pattern escalation-pattern)
  (after escalation-after)                        ;ms since it is not ok
  (to escalation-to))                             ;list of DEST

(define (escalations-for escalations host tag)
  "Return those of ESCALATIONS that fit the subject HOST/TAG."
  (filter (lambda (escalation) (pattern-matches? (escalation-pattern escalation) host tag))
          escalations))
