;;; sql.scm -- SQL written as SQL, the values between its pieces
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog sql)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:export (sql sql-row sql-value sql-changes
            call-with-transaction with-transaction))

(eval-when (expand load eval)
  (define (pieces->text form pieces)
    "Return the SQL of PIECES, a list of syntax objects: literal strings and values in turn,
each value a `?'."
    (let loop ((pieces pieces) (texts '()) (text? #t))
      (cond ((null? pieces)
             (string-concatenate (reverse texts)))
            ((not text?)
             (loop (cdr pieces) (cons "?" texts) #t))
            ((string? (syntax->datum (car pieces)))
             (loop (cdr pieces) (cons (syntax->datum (car pieces)) texts) #f))
            (else
             (syntax-violation 'sql "a literal string is wanted here: text and values in turn"
                               form (car pieces))))))

  (define (pieces->values pieces)
    "Return every second of PIECES."
    (cond ((or (null? pieces) (null? (cdr pieces))) '())
          (else (cons (cadr pieces) (pieces->values (cddr pieces)))))))

(define-syntax sql
  (lambda (form)
    "(sql DB \"SELECT a FROM t WHERE x = \" X \" AND y = \" Y) runs one statement and returns
its rows, a list of vectors: TEXT is a string, BLOB a bytevector, NULL #f.  Literals and values
come in turn; a value never becomes SQL.  Errors: `database-failed'."
    (syntax-case form ()
      ((_ db piece ...)
       (with-syntax ((text (pieces->text form #'(piece ...)))
                     ((value ...) (pieces->values #'(piece ...))))
         #'(%db-run db text (list value ...)))))))

(define-syntax-rule (sql-row db piece ...)
  "Like `sql'; return the first row, or #f if there is none."
  (let ((rows (sql db piece ...)))
    (and (pair? rows) (car rows))))

(define-syntax-rule (sql-value db piece ...)
  "Like `sql'; return the first column of the first row, or #f if there is none."
  (let ((row (sql-row db piece ...)))
    (and row (vector-ref row 0))))

(define-syntax-rule (sql-changes db piece ...)
  "Like `sql'; return how many rows the statement changed."
  (begin
    (sql db piece ...)
    (%db-changes db)))

(define (roll-back! db)
  "Roll back.  SQLite has done it already after some errors, and then refuses."
  (with-error-handler
   (lambda (code text hint) #f)
   (lambda () (sql db "ROLLBACK"))))

(define (call-with-transaction db thunk)
  "Call THUNK inside of BEGIN IMMEDIATE and COMMIT and return what it returns.  Every other
exit, an exception or a continuation, rolls back."
  (sql db "BEGIN IMMEDIATE")
  (let ((open? #t))
    (dynamic-wind
      (lambda ()
        (unless open?
          (raise-error 'broken "a transaction that has ended cannot be entered again")))
      (lambda ()
        (call-with-values thunk
          (lambda results
            (sql db "COMMIT")
            (set! open? #f)
            (apply values results))))
      (lambda ()
        (when open?
          (set! open? #f)
          (roll-back! db))))))

(define-syntax-rule (with-transaction db body ...)
  "Run BODY as one transaction of DB."
  (call-with-transaction db (lambda () body ...)))
