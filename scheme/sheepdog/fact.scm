;;; fact.scm -- facts that messages and receivers tell, entered into the tables of their relations
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A relation that nobody declared is taken at once: its last argument is the value, those before it
;; are the key.  What comes in its order is entered at once; what is older than what was claimed of the
;; same before is noted, and (sheepdog revision) makes those rows anew at the end of the batch.  Each
;; procedure takes part in the caller's transaction.

(define-module (sheepdog fact)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog core)
  #:use-module (sheepdog known)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:re-export (facts facts-count)
  #:export (take-facts! store-fact! end-fact! refuse!))

(define %most-relations 200)
(define %most-open 10000)                         ;facts of one relation and host


;;; To enter a fact.

(define (relations db)
  "Return how many relations there are that nobody declared, at most the most that may be."
  (sql-value db "WITH RECURSIVE r(name, n) AS (
 SELECT min(relation), 1 FROM _fact
 UNION ALL
 SELECT (SELECT min(relation) FROM _fact WHERE relation > r.name), n + 1 FROM r
 WHERE r.name IS NOT NULL AND n <= " %most-relations ")
 SELECT count(*) FROM r WHERE name IS NOT NULL"))

(define (known-relation? db name)
  (sql-value db "SELECT 1 FROM _fact WHERE relation = " name " LIMIT 1"))

(define (crowd-problem db shelf host counts)
  "Return why there is no room for a new key of HOST, or #f.  COUNTS, a hash table or #f, remembers how
many facts hold, by relation, while one message is handled."
  (let* ((name (shelf-name shelf))
         (count (or (and counts (hash-ref counts name))
                    (count-open db shelf host %most-open))))
    (when counts
      (hash-set! counts name (+ count 1)))
    (cond ((>= count %most-open)
           (format #f "~a facts of it hold already" %most-open))
          ((and (zero? count)
                (not (shelf-relation shelf))
                (not (known-relation? db name))
                (>= (relations db) %most-relations))
           (format #f "there are ~a relations already that nobody declared" %most-relations))
          (else #f))))

(define (step shelf)
  (and=> (shelf-relation shelf) relation-step))

(define (open-row! facts shelf key text values origin)
  (let ((made (row values (origin-t origin) %open-end (origin-event origin))))
    (insert-row! (facts-db facts) shelf key made)
    (note-added! facts shelf)
    (know! facts text made)))

(define (enter! facts shelf key text values origin counts)
  "Let KEY, which is TEXT, have VALUES from ORIGIN on, which comes after all that was claimed of it.
Return why that is refused, or #f."
  (let* ((db (facts-db facts))
         (t (origin-t origin))
         (last (newest facts shelf key text)))
    (cond ((not (and last (row-open? last)))
           (cond ((and last (= t (row-t1 last)) (equal? values (row-values last)))
                  (end-row! db shelf key (row-t0 last) %open-end)
                  (know! facts text (row values (row-t0 last) %open-end (row-ev last)))
                  #f)
                 ((crowd-problem db shelf (first key) counts))
                 (else (open-row! facts shelf key text values origin) #f)))
          ((same-values? values (row-values last) (step shelf)) #f)
          ((= t (row-t0 last))                    ;what it replaces may have ended its like
           (late! facts (first key) (shelf-name shelf) t)
           #f)
          (else
           (end-row! db shelf key (row-t0 last) t)
           (open-row! facts shelf key text values origin)
           #f))))

(define (leave! facts shelf key text values origin)
  "Let KEY, which is TEXT, have VALUES, or with #f whatever messages told of it, no longer from ORIGIN
on."
  (let ((last (newest facts shelf key text))
        (t (origin-t origin)))
    (when (and last (row-open? last)
               (if values
                   (equal? values (row-values last))
                   (positive? (row-ev last))))
      (forget! facts text)
      (end-row! (facts-db facts) shelf key (row-t0 last) t))))

(define (refuse! facts host relation reason origin)
  (sql (facts-db facts) "INSERT INTO refused (host, relation, reason, t, ev) VALUES (" host ", "
       relation ", " reason ", " (origin-t origin) ", " (origin-event origin) ")"))

(define (covered? facts shelf key values t)
  "Does KEY have VALUES just before T, and still at it?  Then it changes nothing to say so."
  (let ((before (row-covering (facts-db facts) shelf key t)))
    (and before
         (< t (row-t1 before))
         (same-values? values (row-values before) (step shelf)))))

;; A fact as it fits its table.
(define-record-type <fitted>
  (make-fitted name shelf key text values)
  fitted?
  (name fitted-name)                              ;string: the relation
  (shelf fitted-shelf)
  (key fitted-key)                                ;list
  (text fitted-text)                              ;string: the same
  (values fitted-values))                         ;list

(define* (fit-fact facts name host arguments #:key seconds?)
  "Return the <fitted> of the fact NAME (a string) of HOST and ARGUMENTS, or why it is refused."
  (match (fit facts name host arguments #:seconds? seconds?)
    ((shelf key values) (make-fitted name shelf key (key->text shelf key) values))
    (reason reason)))

(define (enter-fact! facts fitted origin late? counts)
  "Enter that FITTED holds; return why it is refused, or #f."
  (match fitted
    (($ <fitted> name shelf key text values)
     (cond ((shelf-event? shelf)
            (insert-event-row! (facts-db facts) shelf (append key values) (origin-t origin)
                               (origin-event origin))
            (note-added! facts shelf)
            #f)
           ((not late?) (enter! facts shelf key text values origin counts))
           ((covered? facts shelf key values (origin-t origin)) #f)
           (else (late! facts (first key) name (origin-t origin)) #f)))))


;;; What receivers say.

(define (journal! facts relation host arguments origin place ends?)
  "Keep what a receiver claims: what comes late is entered by going through all claims again."
  (sql (facts-db facts) "INSERT OR REPLACE INTO _told (host, relation, t, ev, n, ends, arguments)
 VALUES (" host ", " relation ", " (origin-t origin) ", " (origin-event origin) ", " place ", "
 (if ends? 1 0) ", " (%json-write (list->vector arguments)) ")"))

(define (claim-by-receiver! facts relation host arguments origin place ends? proc)
  "Call PROC, (fitted late?) -> reason or #f, for what a receiver claims, and note the claim; return
whether it was taken."
  (define (refused reason)
    (refuse! facts host relation reason origin)
    #f)
  (match (fit-fact facts relation host arguments)
    ((? string? reason) (refused reason))
    (fitted
     (let* ((last (claimed-by-receivers facts host relation))
            (reason (proc fitted (late? facts origin host relation))))
       (cond (reason (refused reason))
             (else
              (unless (shelf-event? (fitted-shelf fitted))
                (journal! facts relation host arguments origin place ends?)
                (note-claimed! facts (string-append host " " relation) last origin))
              #t))))))

(define* (store-fact! facts relation host arguments origin #:optional (place 0))
  "Let RELATION of HOST and ARGUMENTS hold from ORIGIN on, as a receiver says at PLACE (an integer) of
its actions: a new value of its key ends the old one, the same value changes nothing.  A fact that
cannot be taken goes to `refused' with its reason.  Return whether it was taken."
  (claim-by-receiver! facts relation host arguments origin place #f
    (lambda (fitted late?)
      (enter-fact! facts fitted origin late? #f))))

(define* (end-fact! facts relation host arguments origin #:optional (place 0))
  "Let RELATION of HOST and ARGUMENTS hold no longer from ORIGIN on, if it held with that value."
  (claim-by-receiver! facts relation host arguments origin place #t
    (lambda (fitted late?)
      (match fitted
        (($ <fitted> name shelf key text values)
         (cond ((shelf-event? shelf) "what happened cannot end")
               (late? (late! facts host relation (origin-t origin)) #f)
               (else (leave! facts shelf key text values origin) #f)))))))


;;; What messages say.

(define (note-complete! facts relation host origin)
  (let ((t (origin-t origin)) (db (facts-db facts)))
    (when (zero? (sql-changes db "UPDATE complete SET at = max(at, " t "), t0 = min(t0, " t
                              ") WHERE host = " host " AND relation = " relation))
      (sql db "INSERT INTO complete (host, relation, at, t0, t1, ev) VALUES (" host ", " relation
           ", " t ", " t ", 9223372036854775807, " (origin-event origin) ")"))))

(define (replace! facts relation host told origin late?)
  "The <fitted> TOLD are the whole truth about RELATION of HOST from ORIGIN on."
  (if late?
      (late! facts host relation (origin-t origin))
      (let ((said (make-hash-table)))
        (for-each (lambda (fitted)
                    (when (string=? relation (fitted-name fitted))
                      (hash-set! said (fitted-text fitted) #t)))
                  told)
        (for-each (lambda (shelf)
                    (for-each (lambda (key)
                                (let ((text (key->text shelf key)))
                                  (unless (hash-ref said text)
                                    (leave! facts shelf key text #f origin))))
                              (open-keys (facts-db facts) shelf host)))
                  (shelves-of facts relation host))))
  (note-complete! facts relation host origin))

(define (replace-problem facts relation)
  "Return why nothing can be the whole truth of RELATION, or #f."
  (or (name-problem relation)
      (match (find-shelf facts relation)
        ((? (lambda (shelf) (and shelf (shelf-event? shelf))))
         "what happened is not replaced")
        (_ #f))))

(define (last-of-each told)
  "Return the <fitted> TOLD without those whose key a later one has, too."
  (match told
    ((or () (_)) told)
    (_ (let ((seen (make-hash-table)))
         (fold (lambda (fitted kept)
                 (cond ((shelf-event? (fitted-shelf fitted)) (cons fitted kept))
                       ((hash-ref seen (fitted-text fitted)) kept)
                       (else
                        (hash-set! seen (fitted-text fitted) #t)
                        (cons fitted kept))))
               '()
               (reverse told))))))

(define (late-relations facts host origin)
  "Return a procedure that says whether what ORIGIN claims of a relation of HOST is late."
  (let ((known (make-hash-table 7)))
    (lambda (relation)
      (match (hash-get-handle known relation)
        ((_ . late?) late?)
        (#f (let ((late? (late? facts origin host relation)))
              (hash-set! known relation late?)
              late?))))))

(define (take-facts! facts host tuples replaces origin)
  "Take TUPLES of a message of HOST, lists (RELATION ARGUMENT...), as true from ORIGIN on; of one key
the last counts.  REPLACES names the relations of which they are the whole truth: what else held of
these ends.  What cannot be taken goes to `refused' with its reason."
  (define last (claimed-by-messages facts host))
  (define late? (late-relations facts host origin))
  (define counts (make-hash-table))
  (define (refuse-because relation reason)
    (refuse! facts host relation reason origin))
  (define told
    (last-of-each
     (filter-map (match-lambda
                   ((name . arguments)
                    (match (fit-fact facts name host arguments #:seconds? #t)
                      ((? string? reason) (refuse-because name reason) #f)
                      (fitted fitted))))
                 tuples)))
  (for-each (lambda (fitted)
              (and=> (enter-fact! facts fitted origin (late? (fitted-name fitted)) counts)
                     (lambda (reason) (refuse-because (fitted-name fitted) reason))))
            told)
  (for-each (lambda (relation)
              (match (replace-problem facts relation)
                (#f (replace! facts relation host told origin (late? relation)))
                (reason (refuse-because relation reason))))
            replaces)
  (note-claimed! facts host last origin))
