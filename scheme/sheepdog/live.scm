;;; live.scm -- relations that are asked now: a procedure answers SQL, in bounded time
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; While one statement runs, an <inquiry> remembers what was answered: nobody is asked twice, who
;; does not answer in time is one of whom nothing is known, and an error of the procedure is kept
;; until SQLite has been left.  A procedure is called in a thread of its own, as it may wait for a
;; machine that is gone, and gives a list of rows, each with the values behind the key, or with all
;; columns; #f means that there was no answer.

(define-module (sheepdog live)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic relation)
  #:use-module (ice-9 match)
  #:use-module (ice-9 threads)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (call-with-inquiry inquiry-complete?))

(define-record-type <inquiry>
  (make-inquiry relations end known complete? trouble)
  inquiry?
  (relations inquiry-relations)                   ;alist: table -> <relation>
  (end inquiry-end)                               ;ms of the monotonic clock
  (known inquiry-known)                           ;hash table: (table input ...) -> rows
  (complete? inquiry-complete? set-complete?!)    ;did all answer?
  (trouble inquiry-trouble set-trouble!))         ;(key . arguments) of an exception | #f

(define %inquiry (make-parameter #f))

(define (in-time thunk patience)
  "Return what THUNK returns, or #f where it takes more than PATIENCE, ms; an exception of it is the
pair of the symbol `raised' and (KEY . ARGUMENTS)."
  (let ((thread (call-with-new-thread
                 (lambda ()
                   (catch #t
                     thunk
                     (lambda (key . arguments)
                       (cons* 'raised key arguments))))))
        (end (+ (gettimeofday-seconds) (/ patience 1000.0))))
    (let ((result (join-thread thread end 'late)))
      (cond ((eq? result 'late)
             (cancel-thread thread)
             #f)
            (else result)))))

(define (gettimeofday-seconds)
  (match (gettimeofday)
    ((seconds . microseconds) (+ seconds (/ microseconds 1000000.0)))))

(define (whole-rows relation inputs rows)
  "Return ROWS, each with a value for every column of RELATION; raise `bad-answer'."
  (define (wrong)
    (raise-error 'bad-answer
                 (format #f "'~a' is to give a list of rows, each with ~a"
                         (relation-name relation)
                         (string-join (map (lambda (column)
                                             (symbol->string (column-name column)))
                                           (value-columns relation))
                                      ", "))))
  (define (cell value)
    (cond ((or (string? value) (real? value)) value)
          ((symbol? value) (symbol->string value))
          (else (wrong))))
  (unless (list? rows) (wrong))
  (map (lambda (row)
         (let ((row (if (list? row) row (list row))))
           (map cell
                (cond ((= (length row) (relation-arity relation)) row)
                      ((= (+ (length inputs) (length row)) (relation-arity relation))
                       (append inputs row))
                      (else (wrong))))))
       rows))

(define (inquire inquiry table inputs)
  "Return the rows of the relation TABLE for INPUTS, a list."
  (define relation (assoc-ref (inquiry-relations inquiry) table))
  (define patience
    (min (or (relation-timeout relation) +inf.0)
         (- (inquiry-end inquiry) (%monotonic))))
  (match (and (> patience 0)
              (in-time (lambda ()
                         (let ((rows (apply (relation-procedure relation) inputs)))
                           (and rows (whole-rows relation inputs rows))))
                       patience))
    (#f (set-complete?! inquiry #f) '())
    (('raised . exception) (set-trouble! inquiry exception) #f)
    (rows rows)))

(define (answer table . inputs)
  "Answer SQL: the rows of TABLE for INPUTS, or #f after an error."
  (let* ((inquiry (%inquiry)) (key (cons table inputs)))
    (match (hash-get-handle (inquiry-known inquiry) key)
      ((_ . rows) rows)
      (#f (let ((rows (inquire inquiry table inputs)))
            (hash-set! (inquiry-known inquiry) key rows)
            rows)))))

(define (call-with-inquiry db relations patience proc)
  "Return what (PROC INQUIRY) does while statements of DB may speak of RELATIONS, live ones, which
may take PATIENCE, ms, in all.  An error of one of their procedures is raised."
  (define inquiry
    (make-inquiry (map (lambda (relation) (cons (relation-table relation) relation)) relations)
                  (+ (%monotonic) patience) (make-hash-table) #t #f))
  (unless (null? relations)
    (%live-answerer! answer))
  (for-each (lambda (relation)
              (%db-add-live! db (relation-table relation)
                             (map (lambda (column) (sql-name (column-name column)))
                                  (relation-columns relation))
                             (relation-keys relation)))
            relations)
  (catch #t
    (lambda ()
      (parameterize ((%inquiry inquiry))
        (proc inquiry)))
    (lambda exception
      (apply throw (or (inquiry-trouble inquiry) exception)))))
