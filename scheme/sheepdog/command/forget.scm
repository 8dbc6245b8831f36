;;; forget.scm -- `sheepdog forget': watch these no longer
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command forget)
  #:use-module (sheepdog awaited)
  #:use-module (sheepdog command configured)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command quiet)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog error)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog expectation)
  #:use-module (sheepdog forget)
  #:use-module (sheepdog history)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "forget" "PATTERN"
   "Watch these subjects no longer: nothing is expected of them, whoever was told that one is not ok is told that it is watched no more. What is known of them stays; a new message starts them anew."
   '()
   #:least 1 #:most 1
   #:notes '("What the configuration expects of a subject by its name is expected still."
             "Example: sheepdog forget 'tux04/*'")))

(define (warn-of-expected rules standing)
  "Say so when RULES, the configuration's, name the subject of STANDING: it will be late."
  (let ((rule (plain-rule rules (standing-host standing) (standing-tag standing))))
    (when rule
      (%complain (format #f "~a is expected still" (printable (standing-name standing)))
                 (take-out (demand-place (rule-demand rule)))
                 'warning))))

(define (forget-standings! db standings now)
  "Forget STANDINGS at NOW, and what was asked for by command of each by its name."
  (with-transaction db
    (for-each (lambda (standing) (forget-later! db (standing-id standing) now)) standings)
    (when (any identity (map (lambda (standing) (unask! db (standing-name standing))) standings))
      (renew-members! db (rules->index (asked-rules db)) now))))

(define (forget-all db place pattern)
  (match (subjects db pattern)
    (()
     (let ((near (nearest-pattern pattern (subjects db))))
       (raise-error 'usage (format #f "nothing heard of '~a'" (printable (pattern-text pattern)))
                    (if near (format #f "did you mean '~a'?" (printable near)) ""))))
    (standings
     (forget-standings! db standings (%now))
     (tell-server! place)
     (remark (format #f "~a forgotten" (plural (length standings) "subject")))
     (let ((rules (configured-rules place)))
       (for-each (lambda (standing) (warn-of-expected rules standing)) standings))
     0)))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let ((pattern (pattern-word words)))
       (call-with-database "forget" common
                           (lambda (db place) (forget-all db place pattern))
                           #:mode 'read-write)))))
