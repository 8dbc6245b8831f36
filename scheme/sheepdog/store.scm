;;; store.scm -- the database of the server: opened with care, and the messages in it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One SQLite file; its schema is sql/N.sql.  Subjects and what was told of them are written by
;; (sheepdog chronicle), facts by (sheepdog fact), effects by (sheepdog outbox); what is only read
;; to be shown stands in (sheepdog history) and (sheepdog archive).

(define-module (sheepdog store)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (ice-9 textual-ports)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (open-store %schema
            mark set-mark! store-identity
            leave-sign! note-round! last-sign last-round dead-since remove-sign! %longest-silence

            waiting-messages count-attempts! uncount-attempts! uncount-others!
            still-waiting handled! put-aside! retry-aside!
            retry-newer! drop-aside! add-own-message! sender-host sender-words))


;;; Opening.

(define %application #x53686570)                  ;"Shep", PRAGMA application_id
(define %schema 4)                                ;the newest sql/N.sql

(define (mark-file file)
  (string-append file ".mark"))

(define (pragma db name)
  "Return the integer PRAGMA NAME of DB."
  (match (%db-run db (string-append "PRAGMA " name) '())
    ((#(value) . _) value)))

(define (schema-step n)
  "Return the text of sql/N.sql."
  (call-with-input-file (string-append (assq-ref (%paths) 'data) "/scheme/sheepdog/sql/"
                                       (number->string n) ".sql")
    get-string-all))

(define (empty-file? file)
  (or (not (file-exists? file))
      (zero? (stat:size (stat file)))))

(define (check-not-lost file)
  "Raise if FILE is empty, but a database was there."
  (when (and (empty-file? file)
             (file-exists? (mark-file file)))
    (raise-error 'database-failed
                 (string-append file " is gone or empty, but there was a database")
                 (string-append "restore it from a backup; to begin anew remove "
                                (mark-file file)))))

(define (check-ours db file)
  "Raise unless DB is empty or a database of ours that we understand."
  (let ((application (pragma db "application_id"))
        (version (pragma db "user_version")))
    (cond ((and (zero? application) (zero? version)
                (zero? (sql-value db "SELECT count(*) FROM sqlite_schema")))
           #t)
          ((not (= application %application))
           (raise-error 'database-failed
                        (string-append file " is a database of another program")))
          ((> version %schema)
           (raise-error 'database-failed
                        (format #f "~a has schema ~a, this sheepdog knows ~a"
                                file version %schema)
                        "use the newer sheepdog that made it")))))

(define (upgrade! db)
  "Run what is missing of the schema's steps, all or none."
  (with-transaction db
    (let ((version (pragma db "user_version"))) ;again: another process may have been faster
      (when (< version %schema)
        (for-each (lambda (n)
                    (%db-run-script! db (schema-step n)))
                  (iota (- %schema version) (+ version 1)))
        (when (zero? version)
          (set-mark! db "identity" (%random-hex 4)))
        (%db-run-script! db (format #f "PRAGMA application_id = ~a; PRAGMA user_version = ~a"
                                    %application %schema))))))

(define (leave-mark! file)
  "Note beside FILE that a database is there."
  (unless (file-exists? (mark-file file))
    (call-with-output-file (mark-file file)
      (lambda (port)
        (display "A database of sheepdog belongs here; without it nothing starts.\n" port)))))

(define (open-store file mode)
  "Return the database in FILE, opened for MODE: `read-only', `read-write', or `create', which
makes it unless it exists.  Raise `database-failed' when it is not ours, newer than we know,
lost, or, with `read-only', older than we know."
  (unless (eq? mode 'read-only)
    (check-not-lost file))
  (let ((db (%db-open file mode)))
    (catch #t
      (lambda ()
        (check-ours db file)
        (cond ((= %schema (pragma db "user_version")) #t)
              ((eq? mode 'read-only)
               (raise-error 'database-failed
                            (string-append file " has an older schema")
                            "the server upgrades it at its next start"))
              (else (upgrade! db)))
        (unless (eq? mode 'read-only)
          (leave-mark! file))
        db)
      (lambda (key . arguments)
        (%db-close! db)
        (apply throw key arguments)))))


;;; Marks.

(define (mark db name)
  "Return what the server noted under NAME, or #f."
  (sql-value db "SELECT value FROM mark WHERE name = " name))

(define (set-mark! db name value)
  (sql db "INSERT INTO mark (name, value) VALUES (" name ", " value ")
 ON CONFLICT (name) DO UPDATE SET value = excluded.value"))

(define (store-identity db)
  "Return the name of this database among all others, 8 hex digits."
  (mark db "identity"))


;; Where a server works it leaves a sign of life here every half minute; one that is stopped takes
;; it away, one that died does not.

(define %longest-silence (* 2 60 1000))           ;ms, after which a server must have died

(define (leave-sign! db now)
  (set-mark! db "sign" now)
  (note-round! db now))

(define (note-round! db now)
  (set-mark! db "round" now))

(define (last-round db)
  "Return when a server worked on DB last, be it stopped since (ms), or #f: none ever did."
  (mark db "round"))

(define (last-sign db)
  "Return when the server that works on DB gave its last sign of life (ms), or #f: none works."
  (mark db "sign"))

(define (dead-since db now)
  "Return when the server that worked on DB gave its last sign of life, if it has died; else #f."
  (let ((sign (last-sign db)))
    (and sign
         (> (- now sign) %longest-silence)
         sign)))

(define (remove-sign! db)
  (sql db "DELETE FROM mark WHERE name = 'sign'"))


;;; Messages: waiting, handled, aside.

(define %most-bytes (* 8 1024 1024))              ;of the bodies of one batch, about

(define (batch-limit db limit)
  "Return LIMIT, or fewer where the bodies of so many waiting messages would fill the memory."
  (let ((bytes (sql-value db "SELECT sum(size) FROM (SELECT min(m.length, 262144) AS size FROM waiting w
 JOIN message m ON m.id = w.message ORDER BY w.message LIMIT " limit ")")))
    (if (and bytes (> bytes %most-bytes))
        (min limit (quotient %most-bytes (* 256 1024)))
        limit)))

(define (waiting-messages db limit)
  "Return the first LIMIT messages that wait, fewer where they are large, in the order of their
arrival: vectors
#(ID ATTEMPTS TROUBLE SENDER SEQ RECEIVED SENT BODY LENGTH HANDLED?)."
  (sql db "SELECT m.id, w.attempts, w.trouble, m.sender, m.seq, m.received, m.sent, m.body,
 m.length, 0
 FROM waiting w JOIN message m ON m.id = w.message ORDER BY w.message LIMIT "
       (batch-limit db limit)))

(define (without-gaps? ids)
  "Are IDS, in order and not empty, all there are between the first and the last?  Then one
statement does for a whole batch."
  (= (length ids) (+ 1 (- (last ids) (first ids)))))

(define (count-attempts! db ids)
  "Count, and commit, one more attempt for the messages IDS, in order."
  (with-transaction db
    (if (without-gaps? ids)
        (sql db "UPDATE waiting SET attempts = attempts + 1 WHERE message BETWEEN "
             (first ids) " AND " (last ids))
        (%db-run-many! db "UPDATE waiting SET attempts = attempts + 1 WHERE message = ?"
                       (map list ids)))))

(define (uncount-attempts! db ids)
  "Take the last attempt for the messages IDS back: it was not their fault."
  (with-transaction db
    (%db-run-many! db "UPDATE waiting SET attempts = attempts - 1
 WHERE message = ? AND attempts > 0"
                   (map list ids))))

(define (uncount-others! db id)
  "Take the last attempt for all messages but ID back: it was the fault of that one."
  (sql db "UPDATE waiting SET attempts = attempts - 1 WHERE attempts > 0 AND message <> " id))

(define (still-waiting db first last)
  "Return the ids from FIRST to LAST that wait still, in order."
  (map (match-lambda (#(id) id))
       (sql db "SELECT message FROM waiting WHERE message BETWEEN " first " AND " last
            " ORDER BY message")))

(define (handled! db ids)
  "Take the messages IDS, in order, from those that wait."
  (cond ((null? ids) #t)
        ((without-gaps? ids)
         (sql db "DELETE FROM waiting WHERE message BETWEEN " (first ids) " AND " (last ids)))
        (else
         (%db-run-many! db "DELETE FROM waiting WHERE message = ?" (map list ids)))))

(define (put-aside! db id now reason)
  "Keep the message ID aside because of REASON."
  (handled! db (list id))
  (sql db "INSERT INTO aside (message, at, reason) VALUES (" id ", " now ", " reason ")
 ON CONFLICT (message) DO UPDATE SET at = excluded.at, reason = excluded.reason"))

(define (retry-aside! db id)
  "Let the message ID, which is aside, wait again; return whether it was aside."
  (with-transaction db
    (and (positive? (sql-changes db "DELETE FROM aside WHERE message = " id))
         (begin
           ;; An event says that only the receiver is still to run.
           (when (zero? (sql-changes db "INSERT INTO postponed (message, plugin, attempts)
 SELECT id, 'monitor ' || monitor, 0 FROM event WHERE id = " id))
             (sql db "INSERT INTO waiting (message) VALUES (" id ")"))
           #t))))

(define (retry-newer! db speaks)
  "Let the messages that are aside because of their newer version wait again, once we speak
another one, SPEAKS, than when this was done last."
  (unless (eqv? speaks (mark db "speaks"))
    (for-each (match-lambda (#(id) (retry-aside! db id)))
              (sql db "SELECT message FROM aside WHERE reason LIKE 'version %'"))
    (set-mark! db "speaks" speaks)))

(define (drop-aside! db id)
  "Forget that the message ID is aside; its bytes stay.  Return whether it was."
  (positive? (sql-changes db "DELETE FROM aside WHERE message = " id)))

(define (sender-host db sender)
  "Return the host that the newest messages of SENDER (an id) came from, or #f if none of them is
handled."
  (sql-value db "SELECT e.host FROM (SELECT id, seq FROM message WHERE sender = " sender
             " ORDER BY seq DESC LIMIT 100) m JOIN event e ON e.id = m.id
 ORDER BY m.seq DESC LIMIT 1"))

(define (sender-words db sender)
  "Return what people call SENDER (an id): the host of a spool, or the beginning of its id where
that is not known; the whole name of a queue, or of a sender with a name of its own."
  (let ((name (or (sql-value db "SELECT name FROM sender WHERE id = " sender) "nobody")))
    (if (= 32 (string-length name))
        (or (sender-host db sender) (string-take name 4))
        name)))

(define (add-own-message! db body now)
  "Let BODY, the JSON of a message of the server itself, wait like any other; return its id."
  (sql db "INSERT INTO sender (name) VALUES ('the server') ON CONFLICT DO NOTHING")
  (let* ((sender (sql-value db "SELECT id FROM sender WHERE name = 'the server'"))
         (seq (+ 1 (sql-value db "SELECT contiguous FROM sender WHERE id = " sender)))
         (bytes (string->utf8 body)))
    (sql db "INSERT INTO message (sender, seq, received, body, length) VALUES (" sender
         ", " seq ", " now ", " bytes ", " (bytevector-length bytes) ")")
    (let ((id (%db-last-id db)))
      (sql db "UPDATE sender SET contiguous = " seq " WHERE id = " sender)
      (sql db "INSERT INTO waiting (message) VALUES (" id ")")
      id)))
