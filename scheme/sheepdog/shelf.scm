;;; shelf.scm -- the rows of one relation, read and written by their key
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One for each relation; each number of arguments of a name that nobody declared is one, too, all of
;; these in table _fact.  Rows are looked for and written thousands of times in a row, so their SQL is
;; made once.  Keys and values are lists as the table keeps them; a key begins with its host.

(define-module (sheepdog shelf)
  #:use-module (sheepdog core)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog table)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (relation->shelf undeclared-shelf
            shelf-relation shelf-name shelf-event? key->text
            row row? row-values row-t0 row-t1 row-ev row-open? %open-end
            newest-row row-covering rows-from open-keys keys-from count-open
            insert-row! end-row! delete-row! replace-rows! insert-event-row!))

(define %open-end 9223372036854775807)

(define-record-type <row>
  (row values t0 t1 ev)
  row?
  (values row-values)                             ;list
  (t0 row-t0)                                     ;ms
  (t1 row-t1)                                     ;ms
  (ev row-ev))                                    ;integer: the event that began it

(define (row-open? row)
  (= %open-end (row-t1 row)))

(define-record-type <shelf>
  (make-shelf name relation prefix keys values statements)
  shelf?
  (name shelf-name)                               ;string: of the relation
  (relation shelf-relation)                       ;relation | #f: nobody declared it
  (prefix shelf-prefix)                           ;list: what stands before each key
  (keys shelf-keys)                               ;integer
  (values shelf-values)                           ;integer
  (statements shelf-statements))                  ;vector of strings

(define (shelf-event? shelf)
  (let ((relation (shelf-relation shelf)))
    (and relation (eq? 'event (relation-kind relation)))))

(define (commas names)
  (string-join names ", "))

(define (equals names)
  (string-join (map (lambda (name) (string-append name " = ?")) names) " AND "))

(define (state-statements table prefix keys values)
  "Return the SQL for the rows of TABLE, in the order of the procedures below."
  (define key (append prefix keys))
  (define columns (commas (append values '("t0" "t1" "ev"))))
  (define select (string-append "SELECT " columns " FROM " table " WHERE " (equals key)))
  (define of-host (equals (append prefix (list (first keys)))))
  (define key-columns (commas keys))
  (vector
   (string-append select " ORDER BY t0 DESC LIMIT 1")
   (string-append select " AND t0 < ? ORDER BY t0 DESC LIMIT 1")
   (string-append select " AND t0 >= ? ORDER BY t0")
   (string-append "SELECT " key-columns " FROM " table " WHERE " of-host " AND t1 = ?")
   (string-append "SELECT DISTINCT " key-columns " FROM " table " WHERE " of-host " AND t1 >= ?")
   (string-append "SELECT count(*) FROM (SELECT 1 FROM " table " WHERE " of-host
                  " AND t1 = ? LIMIT ?)")
   (string-append "INSERT INTO " table " (" (commas (append key values '("t0" "t1" "ev")))
                  ") VALUES ("
                  (commas (make-list (+ (length key) (length values) 3) "?")) ")")
   (string-append "UPDATE " table " SET t1 = ? WHERE " (equals key) " AND t0 = ?")
   (string-append "DELETE FROM " table " WHERE " (equals key) " AND t0 = ?")))

(define (event-statements table columns)
  (vector
   (string-append "INSERT OR IGNORE INTO " table " (" (commas (append columns '("t" "ev")))
                  ") VALUES (" (commas (make-list (+ (length columns) 2) "?")) ")")))

(define (relation->shelf relation)
  "Return the shelf of RELATION, which has a table of its own."
  (let* ((names (lambda (columns)
                  (map (lambda (column) (quoted (sql-name (column-name column)))) columns)))
         (keys (names (key-columns relation)))
         (values (names (value-columns relation)))
         (table (quoted (relation-table relation))))
    (make-shelf (symbol->string (relation-name relation)) relation '()
                (length keys) (length values)
                (if (eq? 'event (relation-kind relation))
                    (event-statements table (append keys values))
                    (state-statements table '() keys values)))))

(define %undeclared
  (state-statements "_fact" '("relation" "arity") '("host" "k1" "k2" "k3") '("value")))

(define (undeclared-shelf name arity)
  "Return the shelf of the relation NAME (a string) of ARITY arguments behind the host, that nobody
declared: its key has three of them, its value is one; \"\" stands for what there is not."
  (make-shelf name #f (list name arity) 4 1 %undeclared))


(define (key->text shelf key)
  "Return KEY as a string, which is hashed and compared several times as fast as a list of strings."
  (string-concatenate
   (cons* (shelf-name shelf)
          (match (shelf-prefix shelf)
            (() " ")
            ((_ arity) (string-append " " (number->string arity) " ")))
          (map (lambda (k)
                 (if (string? k)
                     (string-append (number->string (string-length k)) "s" k)
                     (string-append (number->string k) "n")))
               key))))


;;; Reading.

(define (run db shelf index key . more)
  (%db-run db (vector-ref (shelf-statements shelf) index)
           (append (shelf-prefix shelf) key more)))

(define (vector->row shelf vector)
  (match (vector->list vector)
    ((values ... t0 t1 ev) (row values t0 t1 ev))))

(define (first-row shelf rows)
  (match rows
    (() #f)
    ((vector . _) (vector->row shelf vector))))

(define (newest-row db shelf key)
  "Return the row of KEY that began last, or #f."
  (first-row shelf (run db shelf 0 key)))

(define (row-covering db shelf key t)
  "Return the row of KEY that began last before T, ended or not, or #f."
  (first-row shelf (run db shelf 1 key t)))

(define (rows-from db shelf key t)
  "Return the rows of KEY that began from T on, in order."
  (map (lambda (vector) (vector->row shelf vector)) (run db shelf 2 key t)))

(define (open-keys db shelf host)
  "Return the keys of HOST that hold now."
  (map vector->list (run db shelf 3 (list host) %open-end)))

(define (keys-from db shelf host t)
  "Return the keys of HOST of which rows ended from T on, or have not."
  (map vector->list (run db shelf 4 (list host) t)))

(define (count-open db shelf host most)
  "Return how many facts hold for HOST, at most MOST."
  (match (run db shelf 5 (list host) %open-end most)
    ((#(count)) count)))


;;; Writing.

(define (insert-row! db shelf key row)
  (apply run db shelf 6 key
         (append (row-values row) (list (row-t0 row) (row-t1 row) (row-ev row)))))

(define (end-row! db shelf key t0 t1)
  "Let the row of KEY that began at T0 end at T1; one without length goes."
  (if (= t0 t1)
      (delete-row! db shelf key t0)
      (%db-run db (vector-ref (shelf-statements shelf) 7)
               (cons t1 (append (shelf-prefix shelf) key (list t0))))))

(define (delete-row! db shelf key t0)
  (run db shelf 8 key t0))

(define (replace-rows! db shelf key old new)
  "Let the rows of KEY be NEW where they were OLD."
  (for-each (lambda (row)
              (unless (member row new)
                (delete-row! db shelf key (row-t0 row))))
            old)
  (for-each (lambda (row)
              (unless (member row old)
                (insert-row! db shelf key row)))
            new))

(define (insert-event-row! db shelf arguments t ev)
  "Enter the event of ARGUMENTS at T; said again it is there once."
  (run db shelf 0 arguments t ev))
