;;; store-test.scm -- the database is opened with care, and messages wait, go aside, come back
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (ice-9 textual-ports)
             (rnrs bytevectors)
             (srfi srfi-1)
             (srfi srfi-26))

(define (call-with-store proc)
  (with-temporary-directory (directory)
    (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
           (result (proc db)))
      (%db-close! db)
      result)))

(define (add-message! db id)
  (sql db "INSERT INTO message (id, sender, seq, received, body, length) VALUES (" id ", 1, "
       id ", 1000, " (string->utf8 "{}") ", 2)")
  (sql db "INSERT INTO waiting (message) VALUES (" id ")"))

(define (waiting db)
  (map (lambda (row) (list (vector-ref row 0) (vector-ref row 1) (vector-ref row 9)))
       (waiting-messages db 100)))

(run-tests "store"
  (test-equal "of large messages fewer are taken at once"
    '(100 32)
    (call-with-store
     (lambda (db)
       (for-each (lambda (id) (add-message! db id)) (iota 100 1))
       (let ((small (length (waiting-messages db 2000))))
         (sql db "UPDATE message SET body = zeroblob(262144), length = 262144 WHERE id <= 40")
         (list small (length (waiting-messages db 2000)))))))

  (with-temporary-directory (directory)
    (define file (string-append directory "/sheepdog.db"))

    (test-raises "a database to be read must be there" 'database-failed string?
      (open-store file 'read-only))
    (test-equal "it is made with its schema, and its identity"
      (list %schema #x53686570 8)
      (let* ((db (open-store file 'create))
             (made (list (sql-value db "PRAGMA user_version")
                         (sql-value db "PRAGMA application_id")
                         (string-length (store-identity db)))))
        (%db-close! db)
        made))
    (test-equal "it is opened again as it was, by readers too"
      '(#t "x")
      (let* ((db (open-store file 'create))
             (identity (store-identity db)))
        (set-mark! db "a" "y")
        (set-mark! db "a" "x")
        (%db-close! db)
        (let* ((db (open-store file 'read-only))
               (found (list (string=? identity (store-identity db)) (mark db "a"))))
          (%db-close! db)
          found)))
    (test-raises "a newer schema is refused with its number" 'database-failed
                 (string-append file " has schema 99, this sheepdog knows 4")
      (begin
        (let ((db (%db-open file 'read-write)))
          (sql db "PRAGMA user_version = 99")
          (%db-close! db))
        (open-store file 'read-only)))
    (test-raises "it never starts empty where one was" 'database-failed
                 (string-append file " is gone or empty, but there was a database")
      (begin
        (for-each (lambda (end)
                    (when (file-exists? (string-append file end))
                      (delete-file (string-append file end))))
                  '("" "-wal" "-shm"))
        (open-store file 'create)))
    (test-raises "nor with an empty file in its place" 'database-failed
                 (lambda (text) (string-suffix? "but there was a database" text))
      (begin
        (call-with-output-file file (const #t))
        (open-store file 'create))))

  (test-group "an older schema"
    (define (schema-1 file)
      "Make the database that the first sheepdog would have left in FILE."
      (let ((db (%db-open file 'create)))
        (%db-run-script! db (call-with-input-file
                                (string-append (assq-ref (%paths) 'data)
                                               "/scheme/sheepdog/sql/1.sql")
                              get-string-all))
        (set-mark! db "identity" "0a1b2c3d")
        (%db-run-script! db "PRAGMA application_id = 0x53686570; PRAGMA user_version = 1;
INSERT INTO sender VALUES (1, 'aa', 2), (2, 'bb', 0), (3, 'redis:localhost:6379/0:sheepdog', 0);
INSERT INTO message (id, sender, seq, variant, received, body, length) VALUES
 (1, 1, 1, 0, 5, x'7b7d', 2), (2, 1, 2, 0, 5, x'7b7d', 2), (3, 1, 2, 1, 5, x'7b', 1),
 (4, 1, 5, 0, 5, x'7b7d', 2), (5, 1, 6, 0, 5, x'7b7d', 2), (6, 1, 9, 0, 5, x'7b7d', 2),
 (7, 2, 3, 0, 5, x'7b7d', 2), (8, 3, 100, 0, 5, x'7b7d', 2), (9, 3, 200, 0, 5, x'7b7d', 2);
INSERT INTO waiting (message) SELECT id FROM message")
        (%db-close! db)))

    (test-raises "is not read" 'database-failed (cut string-suffix? "has an older schema" <>)
      (with-temporary-directory (directory)
        (let ((file (string-append directory "/sheepdog.db")))
          (schema-1 file)
          (open-store file 'read-only))))
    (test-equal "is brought up to date: what was missing is known, all that waited waits"
      `((#(1 2 9) #(2 0 3) #(3 0 0))
        (#(1 3 4 #f 0 0 0) #(1 7 8 #f 0 0 0) #(2 1 2 #f 0 0 0))
        (#(1 3))
        9 "0a1b2c3d" ,%schema)
      (with-temporary-directory (directory)
        (let ((file (string-append directory "/sheepdog.db")))
          (schema-1 file)
          (let* ((db (open-store file 'read-write))
                 (found (list (sql db "SELECT id, contiguous, highest FROM sender ORDER BY id")
                              (sql db "SELECT sender, first, last, since, waited, settled, told
 FROM hole ORDER BY sender, first")
                              (sql db "SELECT sender, message FROM clone")
                              (sql-value db "SELECT count(*) FROM waiting")
                              (store-identity db)
                              (sql-value db "PRAGMA user_version"))))
            (%db-close! db)
            found)))))

  (test-raises "the database of another program is refused" 'database-failed
               (lambda (text) (string-suffix? "is a database of another program" text))
    (with-temporary-directory (directory)
      (let* ((file (string-append directory "/other.db"))
             (db (%db-open file 'create)))
        (sql db "CREATE TABLE t (a)")
        (%db-close! db)
        (open-store file 'create))))

  (test-raises "a file that is no database is refused" 'database-failed string?
    (with-temporary-directory (directory)
      (let ((file (string-append directory "/text.db")))
        (call-with-output-file file
          (lambda (port) (display (make-string 5000 #\x) port)))
        (open-store file 'create))))

  (test-group "messages"
    (test-equal "wait in the order of their arrival, attempts are counted"
      '((1 0 0) (2 1 0) (3 1 0))
      (call-with-store
       (lambda (db)
         (for-each (lambda (id) (add-message! db id)) '(2 1 3))
         (count-attempts! db '(2 3))
         (waiting db))))
    (test-equal "an attempt is taken back"
      '((1 0 0))
      (call-with-store
       (lambda (db)
         (add-message! db 1)
         (count-attempts! db '(1))
         (uncount-attempts! db '(1 1))
         (waiting db))))
    (test-equal "what is handled waits no more"
      '((1 3) ((1 0 0) (3 0 0)))
      (call-with-store
       (lambda (db)
         (for-each (lambda (id) (add-message! db id)) '(1 2 3))
         (handled! db '(2))
         (list (still-waiting db 1 3) (waiting db)))))
    (test-equal "what is aside waits no more, has a reason, and comes back"
      '(() (#(1 5 "why")) #t ((1 0 0)) #f)
      (call-with-store
       (lambda (db)
         (add-message! db 1)
         (put-aside! db 1 5 "why")
         (let* ((before (waiting db))
                (aside (sql db "SELECT message, at, reason FROM aside"))
                (back (retry-aside! db 1)))
           (list before aside back (waiting db) (retry-aside! db 1))))))
    (test-equal "of what was entered only the receiver is tried again"
      '(() (#(1 "monitor m" 0)))
      (call-with-store
       (lambda (db)
         (add-message! db 1)
         (sql db "INSERT INTO event VALUES (1, 0, 0, 'h', 't', 'm', 'bark', '', '', NULL, NULL)")
         (put-aside! db 1 5 "why")
         (retry-aside! db 1)
         (list (waiting db) (sql db "SELECT message, plugin, attempts FROM postponed")))))
    (test-equal "what is dropped is not aside any more"
      '(#t #f)
      (call-with-store
       (lambda (db)
         (add-message! db 1)
         (put-aside! db 1 5 "why")
         (let* ((first (drop-aside! db 1))
                (second (drop-aside! db 1)))
           (list first second)))))
    (test-equal "the server's own messages are numbered"
      '(#("{\"a\":1}" 1 7) #("{\"a\":2}" 2 8))
      (call-with-store
       (lambda (db)
         (add-own-message! db "{\"a\":1}" 7)
         (add-own-message! db "{\"a\":2}" 8)
         (map (match-lambda
                (#(body seq received) (vector (utf8->string body) seq received)))
              (sql db "SELECT body, seq, received FROM message ORDER BY id")))))))
