;;; sql-test.scm -- SQL with the values between the pieces, and transactions that roll back
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog sql)
             (sheepdog test)
             (ice-9 control)
             (ice-9 match))

(define (call-with-table proc)
  (with-temporary-directory (directory)
    (let ((db (%db-open (string-append directory "/t.db") 'create)))
      (sql db "CREATE TABLE t (a, b)")
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(define (rows db)
  (sql db "SELECT a, b FROM t ORDER BY a"))

(run-tests "sql"
  (test-equal "values of all types go in and come out"
    '(#(1 "x") #(2 2.5) #(3 #f))
    (call-with-table
     (lambda (db)
       (for-each (match-lambda
                   ((a b) (sql db "INSERT INTO t VALUES (" a ", " b ")")))
                 '((1 "x") (2 2.5) (3 #f)))
       (rows db))))

  (test-equal "a value is never SQL"
    '(#("'); DROP TABLE t; --" "?"))
    (call-with-table
     (lambda (db)
       (sql db "INSERT INTO t VALUES (" "'); DROP TABLE t; --" ", " "?" ")")
       (rows db))))

  (test-equal "the first row, the first value, and none"
    '(#(1 2) 1 #f #f)
    (call-with-table
     (lambda (db)
       (sql db "INSERT INTO t VALUES (1, 2)")
       (list (sql-row db "SELECT a, b FROM t")
             (sql-value db "SELECT a FROM t")
             (sql-row db "SELECT a FROM t WHERE a = " 5)
             (sql-value db "SELECT a FROM t WHERE a = " 5)))))

  (test-equal "a change is counted"
    '(1 0)
    (call-with-table
     (lambda (db)
       (sql db "INSERT INTO t VALUES (1, 2)")
       (list (sql-changes db "UPDATE t SET b = " 3 " WHERE a = " 1)
             (sql-changes db "UPDATE t SET b = " 3 " WHERE a = " 9)))))

  (test-equal "a transaction gives what its body gives"
    '(5 (#(1 2)))
    (call-with-table
     (lambda (db)
       (let ((result (with-transaction db
                       (sql db "INSERT INTO t VALUES (1, 2)")
                       5)))
         (list result (rows db))))))

  (test-equal "an exception rolls back, and is the caller's as it was"
    '((oops 1 2) ())
    (call-with-table
     (lambda (db)
       (let ((caught (catch 'oops
                       (lambda ()
                         (with-transaction db
                           (sql db "INSERT INTO t VALUES (1, 2)")
                           (throw 'oops 1 2)))
                       list)))
         (list caught (rows db))))))

  (test-equal "a way out by continuation rolls back"
    '(gone ())
    (call-with-table
     (lambda (db)
       (list (call/ec
              (lambda (leave)
                (with-transaction db
                  (sql db "INSERT INTO t VALUES (1, 2)")
                  (leave 'gone))))
             (rows db)))))

  (test-equal "after an error in SQL the next transaction works"
    '(#(1 2))
    (call-with-table
     (lambda (db)
       (catch 'sheepdog-error
         (lambda () (with-transaction db (sql db "INSERT INTO nothing VALUES (1)")))
         (const #f))
       (with-transaction db (sql db "INSERT INTO t VALUES (1, 2)"))
       (rows db))))

  (test-raises "two pieces of SQL in a row are a syntax error" 'syntax-error
               (lambda (text) (string-contains text "text and values in turn"))
    (macroexpand '(sql db "SELECT 1" x y))))
