;;; audience.scm -- whom a decision on a subject concerns: who is to be told, who was, who waits
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog audience)
  #:use-module ((sheepdog archive) #:select (event-message))
  #:use-module (sheepdog batch)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog diary)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog message)
  #:use-module (sheepdog note)
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog route)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (listeners note-listeners find-listener clause-of routed-to? wish
            listener-pair listener-clause listener-routed? listener-noted? listener-routable?
            listener-not-yet))

(define-record-type <listener>
  (make-listener pair clause routed? noted? routable? not-yet)
  listener?
  (pair listener-pair)
  (clause listener-clause)                        ;the clause that counts
  (routed? listener-routed?)                      ;does it name him now?
  (noted? listener-noted?)                        ;do notes about it go to him now?
  (routable? listener-routable?)                  ;would it, or another, at some time?
  (not-yet listener-not-yet))                     ;ms: when escalation names him | #f

(define (news-time subject now)
  "Return when what is true of SUBJECT at NOW was news: who was told of it then is told now."
  (min now
       (cond ((subject-flapping subject))
             ((not (bad? (subject-hard subject))) now)
             (else (match (subject-changes subject)
                     ((newest . _) newest)
                     (() (subject-since subject)))))))

(define (clause-of matter now)
  "Return the clause that says who is told of MATTER at NOW."
  (match (matter-clauses matter)
    ((clause) clause)
    (clauses (or (clause-at clauses (news-time (matter-subject matter) now))
                 (last clauses)))))

(define (wish batch matter message)
  "Return the addresses that the newest message about MATTER wishes for: MESSAGE, or, if that is #f,
the one that is stored."
  (let ((message (or message
                     (event-message (batch-db batch) (subject-event (matter-subject matter))))))
    (if message (message-mailto message) '())))

(define (asks-sender? clause)
  (memq 'sender (clause-to clause)))

(define (destinations batch matter message to)
  "Return the DESTs that TO, of the configuration, means for MATTER; MESSAGE as in `wish'."
  (recipients to (if (memq 'sender to) (wish batch matter message) '())))

(define (names clause)
  (map destination->text (clause-to clause)))


;;; Who is told.

(define (routed-listeners batch matter clause message)
  "Return the listeners that CLAUSE names; MESSAGE as in `wish'."
  (map (lambda (destination)
         (make-listener (find-pair! batch matter (destination->text destination))
                        clause #t #t #t #f))
       (destinations batch matter message (clause-to clause))))

(define (escalated batch matter clause message known)
  "Return the listeners that escalations of MATTER name, and that are none of KNOWN."
  (let* ((subject (matter-subject matter))
         (now (batch-now batch))
         (since (subject-bad-since subject)))
    (define (listener destination after)
      (let ((due (and since (+ since after)))
            (pair (find-pair! batch matter (destination->text destination))))
        (let ((now? (and due (<= due now))))
        (make-listener pair clause now? now? #t (and due (> due now) due)))))
    (define (concerned? destination)
      (let ((name (destination->text destination)))
        (and (not (any (lambda (other) (string=? name (pair-recipient (listener-pair other))))
                       known))
             ;; Of an ok subject only who was told, or waits.
             (or since
                 (any (lambda (pair)
                        (and (string=? name (pair-recipient pair))
                             (or (pair-ledger pair) (pair-hold pair))))
                      (matter-pairs-read! batch matter))))))
    (append-map
     (lambda (escalation)
       (filter-map (lambda (destination)
                     (and (concerned? destination)
                          (listener destination (escalation-after escalation))))
                   (destinations batch matter message (escalation-to escalation))))
     (escalations-for (policy-escalations (batch-policy batch))
                      (subject-host subject) (subject-tag subject)))))

(define (earliest listeners)
  "Return LISTENERS without those of a recipient whom an earlier escalation names."
  (delete-duplicates
   (sort listeners (lambda (a b)
                     (< (or (listener-not-yet a) 0) (or (listener-not-yet b) 0))))
   (lambda (a b) (eq? (listener-pair a) (listener-pair b)))))

(define (others batch matter clause known)
  "Return the listeners of MATTER that are none of KNOWN, but were told something, or wait."
  (filter-map
   (lambda (pair)
     (and (or (pair-ledger pair) (pair-hold pair))
          (not (any (lambda (listener) (eq? pair (listener-pair listener))) known))
          (make-listener pair clause #f #f
                         (any (lambda (clause)
                                (or (asks-sender? clause)
                                    (member (pair-recipient pair) (names clause))))
                              (matter-clauses matter))
                         #f)))
   (matter-pairs-read! batch matter)))

(define (steady? batch matter)
  "Is whom MATTER is routed to always the same?"
  (and (match (matter-clauses matter)
         ((clause) (not (asks-sender? clause)))
         (_ #f))
       (null? (policy-escalations (batch-policy batch)))))

(define (routed! batch matter clause message)
  "Return the listeners to whom MATTER is routed; found once where that is always the same."
  (cond ((matter-audience matter))
        ((steady? batch matter)
         (let ((routed (routed-listeners batch matter clause message)))
           (set-matter-audience! matter routed)
           routed))
        (else
         (let ((routed (routed-listeners batch matter clause message)))
           (append routed (earliest (escalated batch matter clause message routed)))))))

(define (listeners batch matter message)
  "Return whom a decision on MATTER concerns, a list of <listener>: those to whom it is routed, now
or later, those who were told of the present incident, and those who wait.  MESSAGE is the newest, or
#f: as it is stored.  Nobody at all is one, too, with the recipient \"\"."
  (let* ((clause (clause-of matter (batch-now batch)))
         (routed (routed! batch matter clause message))
         (others (others batch matter clause routed)))
    (match (if (null? others) routed (append routed others))
      (() (list (make-listener (find-pair! batch matter "") clause #f #f #t #f)))
      (all all))))

(define (named name listeners)
  (find (lambda (listener) (string=? name (pair-recipient (listener-pair listener)))) listeners))

(define (addressed batch matter name)
  "Return the listener NAME, whom a clause need not name: nothing of MATTER but notes goes to him, and
no digest is sent to him."
  (make-listener (find-pair! batch matter name)
                 (clause-without-digest (clause-of matter (batch-now batch)))
                 #f #t #f #f))

(define (addressees batch message)
  "Return the names of those whom the appointment of the diary that MESSAGE tells of is for, if it says."
  (let ((name (and (string=? "diary" (message-monitor message))
                   (string=? (policy-name (batch-policy batch)) (message-host message))
                   (message-field message 'name))))
    (match (find (lambda (appointment) (equal? name (appointment-name appointment)))
                 (policy-appointments (batch-policy batch)))
      (#f '())
      (appointment (map destination->text (appointment-to appointment))))))

(define (note-listeners batch matter message)
  "Return whom a note of MESSAGE about MATTER is for, or might be, as `listeners'."
  (let ((listeners (listeners batch matter message)))
    (match (addressees batch message)
      (() listeners)
      (names (map (lambda (name)
                    (match (named name listeners)
                      ((? (lambda (found) (and found (listener-noted? found))) listener) listener)
                      (_ (addressed batch matter name))))
                  names)))))

(define (find-listener batch matter recipient)
  "Return the listener RECIPIENT of MATTER, or #f: there is none any more."
  (or (named recipient (listeners batch matter #f))
      (and (pair? (waiting-notes (batch-db batch) (matter-id matter) recipient))
           (addressed batch matter recipient))))

(define (routed-to? matter recipient now)
  "Is MATTER routed to RECIPIENT?"
  (let ((clause (clause-of matter now)))
    (or (asks-sender? clause)
        (member recipient (names clause)))))
