;;; suspicion.scm -- the server looks at itself: what it finds are states of ordinary subjects
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; SERVER/sheepdog queue, mail, aside, database: `find-facts' reads what there is to know, with a
;; few looks into indexes, `findings' says which states that means, and `look!' barks what changed
;; since the last time, kept in the database.  A queue that looks late at one look only is not
;; late: our clock may just have been set.

(define-module (sheepdog suspicion)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog hole)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog retention)
  #:use-module (sheepdog route)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog station)
  #:use-module (sheepdog store)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-suspicion look!
            facts findings))

(define %second 1000)
(define %minute (* 60 %second))
(define %hour (* 60 %minute))
(define %day (* 24 %hour))

(define %pause (* 10 %second))                    ;between two looks
(define %sign (* 30 %second))                     ;between two signs of life in the database


;;; What there is to know.

(define-record-type <facts>
  (make-facts lag down down-text aside newest-aside outbox failed size most)
  facts?
  (lag facts-lag)                                 ;ms that the oldest message waits | #f: none
  (down facts-down)                               ;ms that the queue cannot be read | #f
  (down-text facts-down-text)                     ;string: why
  (aside facts-aside)                             ;integer, 1000 at most
  (newest-aside facts-newest-aside)               ;string: why the newest is | #f
  (outbox facts-outbox)                           ;ms that the oldest row waits | #f: none
  (failed facts-failed)                           ;list of (RECIPIENT . ERROR), given up
  (size facts-size)                               ;bytes of the database in use
  (most facts-most))                              ;bytes that it should have at most

(define* (facts #:key lag down (down-text "") (aside 0) newest-aside outbox (failed '())
                (size 0) (most 1))
  "Return what `findings' judges by; see there."
  (make-facts lag down down-text aside newest-aside outbox failed size most))

(define (oldest-unhandled db)
  "Return when the message that waits longest in DB was received, or #f."
  (sql-value db "SELECT m.received FROM waiting w JOIN message m ON m.id = w.message
 ORDER BY w.message LIMIT 1"))

(define (given-up db policy now)
  "Return the recipients whom nothing reaches, with the error.  One of whom the configuration knows
nothing is forgotten after a day."
  (filter-map
   (match-lambda
     ((recipient at error)
      (and (or (< (- now at) %day)
               (member recipient (map destination->text (policy-destinations policy))))
           (cons recipient error))))
   (unreachable db)))

(define (find-facts db policy queued-since trouble now clock)
  "Return the facts at NOW and CLOCK (monotonic).  QUEUED-SINCE is when the oldest entry of the
queue came (ms, or #f), TROUBLE what keeps us from reading it (or #f)."
  (let ((oldest (filter identity (list queued-since (oldest-unhandled db))))
        (outbox (sql-value db "SELECT at FROM outbox WHERE id =
 (SELECT min(id) FROM outbox WHERE next IS NOT NULL)")))
    (facts #:lag (and (pair? oldest) (max 0 (- now (apply min oldest))))
           #:down (and trouble (max 0 (- clock (trouble-since trouble))))
           #:down-text (if trouble (trouble-text trouble) "")
           #:aside (sql-value db "SELECT count(*) FROM (SELECT 1 FROM aside LIMIT 1000)")
           #:newest-aside (match (sql-row db "SELECT a.message, a.reason, m.sender FROM aside a
 LEFT JOIN message m ON m.id = a.message ORDER BY a.message DESC LIMIT 1")
                            (#f #f)
                            (#(id reason sender)
                             (format #f "message ~a of ~a: ~a" id (sender-words db sender)
                                     reason)))
           #:outbox (and outbox (max 0 (- now outbox)))
           #:failed (given-up db policy now)
           #:size (used-bytes db)
           #:most (retention-most (config-retention (policy-config policy))))))


;;; What it means.

(define (queue-finding facts)
  (let ((lag (facts-lag facts))
        (down (facts-down facts)))
    (define (waits state)
      (list "queue" state (string-append "the oldest message waits since "
                                         (duration->text lag))))
    (cond ((and down (>= down (* 2 %minute)))
           (list "queue" 'fail (format #f "unreadable since ~a: ~a" (duration->text down)
                                       (facts-down-text facts))))
          (down #f)
          ((and lag (>= lag (* 10 %minute))) (waits 'fail))
          ((and lag (>= lag %minute)) (waits 'warn))
          (else '("queue" ok "no message waits long")))))

(define (mail-finding facts)
  (let ((waits (facts-outbox facts)))
    (define (since state)
      (list "mail" state (string-append "the oldest notice waits since "
                                        (duration->text waits))))
    (match (facts-failed facts)
      (((recipient . error) . more)
       (list "mail" 'fail
             (format #f "given up for ~a~a: ~a" recipient
                     (if (null? more) "" (format #f " and ~a more" (length more)))
                     error)))
      (()
       (cond ((and waits (>= waits %hour)) (since 'fail))
             ((and waits (>= waits (* 15 %minute))) (since 'warn))
             (else '("mail" ok "all notices go out")))))))

(define (aside-finding facts)
  (match (facts-aside facts)
    (0 '("aside" ok "nothing is aside"))
    (1 (list "aside" 'fail (facts-newest-aside facts)))
    (n (list "aside" 'fail (format #f "~a messages, the newest ~a"
                                   (if (< n 1000) n "1000 and more")
                                   (facts-newest-aside facts))))))

(define (database-finding facts)
  (if (> (facts-size facts) (facts-most facts))
      (list "database" 'warn
            (format #f "it has ~a, over ~a: what is old is dropped earlier"
                    (size->text (facts-size facts)) (size->text (facts-most facts))))
      '("database" ok "there is room in it")))

(define (findings facts)
  "Return what FACTS mean: a list of (NAME STATE SUMMARY), of which the subject is SERVER/sheepdog
NAME.  Of what cannot be told nothing is said."
  (filter identity
          (list (queue-finding facts) (mail-finding facts) (aside-finding facts)
                (database-finding facts))))


;;; A look.

(define-record-type <suspicion>
  (new-suspicion next lag sign broken)
  suspicion?
  (next next-look set-next-look!)                 ;monotonic ms
  (lag lag-before set-lag-before!)                ;ms, of the look before | #f
  (sign next-sign set-next-sign!)                 ;monotonic ms
  (broken broken set-broken!))                    ;trouble of the database | #f

(define (make-suspicion)
  (new-suspicion 0 #f 0 #f))

(define (steady suspicion facts)
  "Return FACTS with the lag that lasts since the look before."
  (let ((before (lag-before suspicion))
        (lag (facts-lag facts)))
    (set-lag-before! suspicion lag)
    (make-facts (and before lag (min before lag))
                (facts-down facts) (facts-down-text facts)
                (facts-aside facts) (facts-newest-aside facts)
                (facts-outbox facts) (facts-failed facts)
                (facts-size facts) (facts-most facts))))

(define %database-stations '(take-in handle perform look))

(define (database-trouble stations)
  (find (lambda (trouble)
          (and trouble (eq? 'database-failed (trouble-code trouble))))
        (map (lambda (name) (trouble stations name)) %database-stations)))

(define (note-database! suspicion db policy now clock)
  "Say that the database could not be written for some time, which could not be said then."
  (let ((was (broken suspicion)))
    (when (and was (>= (- clock (trouble-since was)) %minute))
      (note-outage! db policy "database" (trouble-text was)
                    (- now (- clock (trouble-since was))) now))
    (set-broken! suspicion #f)))

(define (look! suspicion db policy stations queued-since now clock)
  "When it is time, at CLOCK (monotonic ms), look at the server itself at NOW and bark what
changed.  STATIONS are those of its loop; QUEUED-SINCE is called for when the oldest entry of the
queue came (ms, or #f)."
  (let ((trouble-now (database-trouble stations)))
    (when (and trouble-now (not (broken suspicion)))
      (set-broken! suspicion trouble-now))
    (when (and (>= clock (next-look suspicion)) (not trouble-now))
      (set-next-look! suspicion (+ clock %pause))
      (let* ((down (trouble stations 'take-in))
             (found (steady suspicion
                            (find-facts db policy (if down #f (queued-since)) down now clock))))
        (with-transaction db
          (note-database! suspicion db policy now clock)
          (note-findings! db policy (findings found) now)
          (note-missing! db policy (take-missing! db clock) now)
          (note-clones! db policy (take-clones! db) now)
          (when (>= clock (next-sign suspicion))
            (set-next-sign! suspicion (+ clock %sign))
            (leave-sign! db now)))))))
