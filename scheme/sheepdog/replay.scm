;;; replay.scm -- stored history once more, under today's receivers and rules: what would be otherwise
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The messages go through a database of their own, each at the time at which it came, what is due in
;; between at its time.  Nothing leaves: its outbox is only read.  It begins before the time asked for,
;; where no incident was open, so that it knows what was known then.  What the server said of itself is
;; left out: it has a part of its own in that.

(define-module (sheepdog replay)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog calendar)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog clock)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog forget)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog recount)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog retention)
  #:use-module (sheepdog round)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog table)
  #:use-module (sheepdog temporary)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (replay
            difference difference? difference-sign difference-what difference-at difference-subject
            difference-event difference-text))

(define %day (* 24 60 60 1000))
(define %before (* 30 %day))                      ;how long before an incident may have begun
(define %open-end 9223372036854775807)
(define %own-sender "the server")

(define-record-type <difference>
  (difference sign what at subject event text)
  difference?
  (sign difference-sign)                          ;symbol: + now, and not then; - then, and not now
  (what difference-what)                          ;symbol: told fact aside
  (at difference-at)                              ;ms
  (subject difference-subject)                    ;string HOST/TAG
  (event difference-event)                        ;integer: the message
  (text difference-text))                         ;string


;;; What goes through.

(define (fits pattern)
  "Return the predicate of HOST and TAG whether PATTERN (#f: any) fits."
  (lambda (host tag)
    (or (not pattern) (pattern-matches? pattern host tag))))

(define (beginning db fits? since)
  "Return from when on to replay, in ms, to know what was known at SINCE."
  (fold (lambda (row from)
          (match row
            (#(host tag t0) (if (fits? host tag) (min t0 from) from))))
        since
        (sql db "SELECT host, tag, t0 FROM interruption WHERE t0 < " since " AND t1 > " since
             " AND t0 >= " (- since %before))))

(define (last-before db fits? from)
  "Return the newest result of each subject before FROM: a list of ids."
  (filter-map
   (match-lambda
     (#(host tag)
      (and (fits? host tag)
           (sql-value db "SELECT event, t FROM said WHERE host = " host " AND tag = " tag
                      " AND t < " from " AND state <> '' ORDER BY t DESC, event DESC LIMIT 1"))))
   (sql db "SELECT host, tag FROM subject")))

(define (messages-from db fits? from)
  "Return what is to be replayed: ids, in the order of their arrival."
  (delete-duplicates
   (sort (append (last-before db fits? from)
                 (filter-map (match-lambda
                               (#(id host tag) (and (fits? host tag) id)))
                             (sql db "SELECT e.id, e.host, e.tag FROM event e
 JOIN message m ON m.id = e.id LEFT JOIN sender s ON s.id = m.sender
 WHERE s.name IS NOT " %own-sender " AND e.rx >= " from)))
         <)
   =))


;;; The other database.

(define %people-said '("silence" "asked" "exempt")) ;tables of what was asked for by hand

(define (copy-senders! db copy)
  (%db-run-many! copy "INSERT INTO sender (id, name) VALUES (?, ?)"
                 (map vector->list (sql db "SELECT id, name FROM sender WHERE name <> " %own-sender))))

(define (copy-table! db copy table)
  "Copy all rows of TABLE, the name of one of `%people-said'."
  (match (%db-run db (string-append "SELECT * FROM " table) '())
    (() #t)
    ((and rows (row . _))
     (%db-run-many! copy
                    (string-append "INSERT INTO " table " VALUES ("
                                   (string-join (make-list (vector-length row) "?") ", ") ")")
                    (map vector->list rows)))))

(define (call-with-copy db proc)
  "Call PROC with an empty database that knows the senders of DB and what people asked for in it."
  (with-temporary-directory (directory)
    (let ((copy (open-store (string-append directory "/sheepdog.db") 'create)))
      (dynamic-wind
        (const #t)
        (lambda ()
          (%db-run copy "PRAGMA synchronous = OFF" '())
          (with-transaction copy
            (copy-senders! db copy)
            (for-each (lambda (table) (copy-table! db copy table)) %people-said))
          (proc copy))
        (lambda () (%db-close! copy))))))

(define %most-rounds 1000)                        ;at one moment

(define (settle! copy config now)
  "Do in COPY all there is to do at NOW."
  (let loop ((left %most-rounds))
    (when (and (positive? left)
               (positive? (+ (handle-waiting! copy config now)
                             (run-due! copy config now))))
      (loop (- left 1)))))

(define (go-on! copy config now until)
  "Do in COPY what is due between NOW and UNTIL, each at its time; return the time then."
  (let ((next (next-due copy)))
    (if (and next (<= next until))
        (let ((now (max next now)))
          (settle! copy config now)
          (if (eqv? next (next-due copy))         ;it does not come to rest
              (max now until)
              (go-on! copy config now until)))
        (max now until))))

(define (enter-message! db copy id now)
  "Let the message ID of DB arrive in COPY."
  (match (sql-row db "SELECT sender, seq, variant, sent, body, length FROM message WHERE id = " id)
    (#(sender seq variant sent body length)
     (with-transaction copy
       (sql copy "INSERT INTO message (id, sender, seq, variant, received, sent, body, length) VALUES ("
            id ", " sender ", " seq ", " variant ", " now ", " sent ", " body ", " length ")")
       (sql copy "INSERT INTO waiting (message) VALUES (" id ")")))
    (#f #f)))

(define (forget-there! copy host tag now)
  "Let the subject HOST/TAG be forgotten in COPY, if it is known there."
  (let ((id (sql-value copy "SELECT id FROM subject WHERE host = " host " AND tag = " tag)))
    (when id
      (with-transaction copy (forget-later! copy id now)))))

(define (steps db fits? ids)
  "Return what is to be done again, in its order: lists (AT ACT) with (ACT COPY NOW), for each of the
messages IDS of DB and for what people forgot since the first of them."
  (let* ((messages (map (lambda (id)
                          (list (received db id)
                                (lambda (copy now) (enter-message! db copy id now))))
                        ids))
         (from (match messages (() %open-end) (((at _) . _) at))))
    (stable-sort
     (append messages
             (filter-map (match-lambda
                           ((at host tag)
                            (and (fits? host tag)
                                 (list at (lambda (copy now) (forget-there! copy host tag now))))))
                         (forgettings db from)))
     (lambda (a b) (< (first a) (first b))))))

(define (replay-steps! copy config steps now)
  "Do STEPS in COPY under CONFIG, what is due between them at its time, and let the time go on till NOW."
  (settle! copy config (match steps (() now) (((at _) . _) at)))
  (let loop ((steps steps) (at 0))
    (match steps
      (() (go-on! copy config at now))
      (((when act) . rest)
       (let ((at (go-on! copy config at (max at when))))
         (act copy at)
         (settle! copy config at)
         (loop rest at))))))

(define (received db id)
  (or (sql-value db "SELECT received FROM message WHERE id = " id) 0))


;;; What is otherwise.

(define (counted items key)
  "Return a table from (KEY item) to the list of ITEMS that have it."
  (let ((table (make-hash-table)))
    (for-each (lambda (item)
                (hash-set! table (key item) (cons item (hash-ref table (key item) '()))))
              items)
    table))

(define (without items others key)
  "Return those of ITEMS that have no partner with the same (KEY item) among OTHERS."
  (let ((table (counted others key)))
    (filter (lambda (item)
              (match (hash-ref table (key item) '())
                (() #t)
                ((_ . rest) (hash-set! table (key item) rest) #f)))
            items)))

(define (own? policy host tag)
  "Is HOST/TAG what the server says of itself?"
  (and (string=? host (policy-name policy))
       (or (string=? tag "diary") (string-prefix? "sheepdog " tag))))

(define (told db policy fits? since)
  "Return what was told in DB: lists (AT RECIPIENT KIND HOST TAG EVENT)."
  (filter-map
   (match-lambda
     (#(at recipient kind host tag event)
      (and (fits? host tag)
           (not (own? policy host tag))
           (list at recipient kind host tag event))))
   (sql db "SELECT o.at, o.recipient, a.kind, s.host, s.tag, a.event FROM outbox o
 JOIN about a ON a.outbox = o.id JOIN subject s ON s.id = a.subject WHERE o.at >= " since
 " ORDER BY o.id, s.host, s.tag")))

(define (told-difference sign)
  (match-lambda
    ((at recipient kind host tag event)
     (difference sign 'told at (string-append host "/" tag) event
                 (string-append kind " to " recipient)))))

(define (columns-of relation)
  (map (lambda (column) (quoted (sql-name (column-name column)))) (relation-columns relation)))

(define (begin-column relation)
  (if (eq? 'event (relation-kind relation)) "t" "t0"))

(define (fact-holds db relation)
  "Return a procedure of a time and values that says whether RELATION holds so in DB."
  (let ((text (string-append "SELECT 1 FROM " (relation-from relation) " WHERE "
                             (string-join (map (lambda (name) (string-append name " = ?"))
                                               (columns-of relation))
                                          " AND ")
                             (if (eq? 'event (relation-kind relation))
                                 " AND t = ?"
                                 " AND t0 <= ? AND t1 > ?"))))
    (lambda (at values)
      (pair? (%db-run db text (append values
                                      (if (eq? 'event (relation-kind relation))
                                          (list at)
                                          (list at at))))))))

(define (facts-told db)
  "Return all relations of DB of which messages tell, declared or not."
  (append (told-relations db)
          (map (match-lambda
                 (#(name arity) (undeclared-relation (string->symbol name) (+ 1 arity))))
               (sql db "SELECT DISTINCT relation, arity FROM _fact"))))

(define (facts db policy fits? since)
  "Return the facts that began in DB with messages since SINCE: lists (RELATION AT VALUES SUBJECT EVENT),
of one message by name."
  (append-map
   (lambda (relation)
     (filter-map
      (lambda (row)
        (match (vector->list row)
          ((at event host tag . values)
           (and (fits? host tag)
                (not (own? policy host tag))
                (list relation at values (string-append host "/" tag) event)))))
      (%db-run db (string-append "SELECT f." (begin-column relation) ", f.ev, e.host, e.tag, f."
                                 (string-join (columns-of relation) ", f.")
                                 " FROM " (relation-from relation)
                                 " f JOIN event e ON e.id = f.ev WHERE e.rx >= ? ORDER BY f.ev")
               (list since))))
   (sort (facts-told db)
         (lambda (a b) (string<? (symbol->string (relation-name a))
                                 (symbol->string (relation-name b)))))))

(define (missing facts db)
  "Return those of FACTS that do not hold in DB at their time."
  (define holds
    (let ((known (make-hash-table)))
      (lambda (relation)
        (let ((name (cons (relation-name relation) (relation-arity relation))))
          (or (hash-ref known name)
              (let ((holds (fact-holds db relation)))
                (hash-set! known name holds)
                holds))))))
  (define (there? relation)
    (or (string-prefix? "(" (relation-table relation))
        (sql-value db "SELECT 1 FROM sqlite_schema WHERE name = " (relation-table relation))))
  (remove (match-lambda
            ((relation at values . _)
             (and (there? relation) ((holds relation) at values))))
          facts))

(define (fact-difference sign)
  (match-lambda
    ((relation at values subject event)
     (difference sign 'fact at subject event
                 (object->string (cons (relation-name relation) values))))))

(define (failed db ids)
  "Return those of the messages IDS whose receiver failed in DB, or that are aside: lists (ID REASON)."
  (filter-map (lambda (id)
                (let ((reason (or (sql-value db "SELECT reason FROM aside WHERE message = " id)
                                  (sql-value db "SELECT plugin || ' failed' FROM postponed
 WHERE message = " id))))
                  (and reason (list id reason))))
              ids))

(define (failure-difference db sign)
  (match-lambda
    ((id reason)
     (match (sql-row db "SELECT host || '/' || tag, t FROM event WHERE id = " id)
       (#(subject at) (difference sign 'aside at subject id reason))
       (#f (difference sign 'aside 0 "?" id reason))))))

(define (differences db copy policy fits? ids since)
  "Return what is otherwise in COPY than it was in DB since SINCE, by time."
  (let ((then (told db policy fits? since)) (now (told copy policy fits? since))
        (failed-then (failed db ids)) (failed-now (failed copy ids)))
    (stable-sort
     (append
      (map (told-difference '-) (without then now cdr))
      (map (told-difference '+) (without now then cdr))
      (map (fact-difference '-) (missing (facts db policy fits? since) copy))
      (map (fact-difference '+) (missing (facts copy policy fits? since) db))
      (map (failure-difference db '-) (without failed-then failed-now first))
      (map (failure-difference db '+) (without failed-now failed-then first)))
     (lambda (a b) (< (difference-at a) (difference-at b))))))

(define* (replay db config now #:key pattern since awake?)
  "Let what DB was told since SINCE (ms) of the subjects that PATTERN (#f: all) fits be said once more
under CONFIG, as far as NOW, and perform nothing.  AWAKE? says that a server stays awake there, which
groups what it tells.  Return two values: how many messages that were, and what would have been
otherwise, a list of <difference>."
  (let* ((fits? (fits pattern))
         (ids (messages-from db fits? (beginning db fits? since))))
    (call-with-copy db
      (lambda (copy)
        (parameterize ((%awake? awake?)
                       (%plans (lset-difference eq? (%plans)
                                                (list plan-diary! plan-recounts! plan-retention!))))
          (replay-steps! copy config (steps db fits? ids) now))
        (values (length ids)
                (differences db copy (policy config) fits?
                             (filter (lambda (id) (>= (received db id) since)) ids)
                             since))))))
