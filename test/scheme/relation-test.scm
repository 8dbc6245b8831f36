;;; relation-test.scm -- relations are declared; wrong declarations point at what is wrong
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog catalogue)
             (sheepdog core)
             (sheepdog error)
             (sheepdog logic declaration)
             (sheepdog logic relation)
             (sheepdog relations)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog table)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define (parts declaration)
  (let ((relation (read-declaration declaration)))
    (list (relation-name relation) (relation-kind relation)
          (map column-name (key-columns relation))
          (map (lambda (column) (list (column-name column) (column-type column)))
               (value-columns relation))
          (relation-indexes relation))))

(define (complaint declaration)
  "Return the text and the hint of what is wrong with DECLARATION."
  (with-error-handler
   (lambda (code text hint) (list code text hint))
   (lambda () (read-declaration declaration))))

(define (complaints declaration)
  "Return the texts of all that is wrong with DECLARATION."
  (let ((texts '()))
    (read-declaration declaration (lambda (datum text hint) (set! texts (cons text texts))))
    (reverse texts)))

(define (columns-of db table)
  (map (match-lambda (#(name type) (cons name type)))
       (%db-run db "SELECT name, type FROM pragma_table_xinfo(?) ORDER BY cid" (list table))))

(define (script->statements script)
  (filter (lambda (text) (not (string-null? (string-trim-both text))))
          (string-split script #\;)))

(define (with-store proc)
  (with-temporary-directory (directory)
    (let* ((db (open-store (string-append directory "/s.db") 'create))
           (result (proc db)))
      (%db-close! db)
      result)))

(define (sql-of db table)
  "Return the SQL of TABLE and its indexes, blanks and comments apart."
  (map (match-lambda (#(text) (normal text)))
       (sql db "SELECT sql FROM sqlite_schema WHERE tbl_name = " table " AND sql IS NOT NULL
 ORDER BY type DESC, name")))

(define (normal text)
  (string-join
   (string-tokenize
    (string-concatenate
     (map (lambda (line)
            (let ((comment (string-contains line "--")))
              (string-append (if comment (string-take line comment) line) " ")))
          (string-split (string-delete #\" text) #\newline))))))

(run-tests "relation"
  (test-equal "a state has a key, values and indexes"
    '(raid state (host disk) ((status text))
           ((#f host disk t0) ("raid_h" host t0) ("raid_v" status t1 t0)))
    (parts '(define-state (raid host disk -> status) "State of an md array.")))
  (test-equal "without -> all columns are the key"
    '(needs state (host on-host) ()
            ((#f host on-host t0) ("needs_h" host t0) ("needs_1" on-host t1 t0)))
    (parts '(define-state (needs host on-host) (index on-host))))
  (test-equal "where the host is the key there is no index of it"
    '(ram state (host) ((total (size MiB))) ((#f host t0) ("ram_v" total t1 t0)))
    (parts '(define-state (ram host -> (total (size MiB))))))
  (test-equal "an event has one time"
    '(login event (host user) ((from text)) ((#f host user t from) ("login_h" host t)))
    (parts '(define-event (login host user -> from))))
  (test-equal "an index without columns is of time alone"
    '(quiet state (host) () ((#f host t0) ("quiet_1" t1 t0)))
    (parts '(define-state (quiet host) (index))))
  (test-equal "options"
    '("How warm." 2592000000 5 #t)
    (let ((relation (read-declaration '(define-state (warm host -> (degrees number)) "How warm."
                                         (keep "30d") (step 5) (planned)))))
      (list (relation-doc relation) (relation-keep relation) (relation-step relation)
            (relation-planned? relation))))
  (test-equal "a declaration is written as it was read"
    #t
    (every (lambda (form)
             (let ((relation (read-declaration form)))
               (equal? relation (read-declaration (relation->declaration relation)))))
           '((define-state (raid host disk -> status) "State of an md array.")
             (define-state (warm host -> (degrees number)) (keep "30d") (step 5) (planned))
             (define-event (login host user -> (from any) (at-time time)) (index from) (index)))))

  (test-group "what is wrong is said"
    (test-equal "a name that is taken"
      '(bad-relation "'at' is a word of questions, no name of a relation" #f)
      (complaint '(define-state (at host))))
    (test-equal "a type"
      '(bad-relation "no type 'nubmer'" "did you mean 'number'?")
      (complaint '(define-state (a host -> (b nubmer)))))
    (test-equal "a unit"
      '(bad-relation "no unit 'MIB'" "units are B kB KB MB GB TB KiB MiB GiB TiB")
      (complaint '(define-state (a host -> (b (size MIB))))))
    (test-equal "an option"
      '(bad-relation "unknown option (kepe \"3d\")" "did you mean 'keep'?")
      (complaint '(define-state (a host) (kepe "3d"))))
    (test-equal "an index"
      '(bad-relation "no column hots" "did you mean 'host'?")
      (complaint '(define-state (a host) (index hots))))
    (test-equal "a column twice"
      '(bad-relation "column 'host' given twice" #f)
      (complaint '(define-state (a host host))))
    (test-equal "a column of ours"
      '(bad-relation "no column can be called 't0': every table has one" #f)
      (complaint '(define-state (a host t0))))
    (test-equal "nothing behind the arrow"
      '(bad-relation "nothing follows '->'" "without it a row's presence is the fact")
      (complaint '(define-state (a host ->))))
    (test-equal "no key"
      '(bad-relation "a relation wants a column that is its key" #f)
      (complaint '(define-state (a -> b))))
    (test-equal "a step of text"
      '(bad-relation "'step' wants one value that is a number" #f)
      (complaint '(define-state (a host -> b) (step 5))))
    (test-equal "a planned event"
      '(bad-relation "'planned' is for states" #f)
      (complaint '(define-event (a host) (planned))))
    (test-equal "no declaration"
      '(bad-relation "expected (define-state (NAME COLUMN ...) ...), got (a host)"
                               "or define-event")
      (complaint '(a host)))
    (test-equal "all of it"
      '("Raid is no name of a relation" "no type 'txt'")
      (complaints '(define-state (Raid host -> (b txt))))))

  (test-group "the catalogue"
    (test-equal "built-in relations with tables of their own have those that a declaration makes"
      '()
      (with-store
       (lambda (db)
         (filter-map
          (lambda (relation)
            (and (string=? (relation-table relation) (sql-name (relation-name relation)))
                 (not (memq (relation-name relation) '(interruption complete refused)))
                 (let ((made (map normal (script->statements (table-script relation))))
                       (there (sql-of db (relation-table relation))))
                   (and (not (lset= string=? made there))
                        (list (relation-name relation) made there)))))
          built-in-relations))))
    (test-equal "tables have the columns of all built-in relations"
      '()
      (with-store
       (lambda (db)
         (filter-map
          (lambda (relation)
            (let ((there (map car (columns-of db (relation-table relation))))
                  (wanted (append (map (lambda (column) (sql-name (column-name column)))
                                       (relation-columns relation))
                                  (if (eq? 'event (relation-kind relation))
                                      '("t" "ev")
                                      '("t0" "t1" "ev")))))
              (and (not (lset<= string=? wanted there))
                   (list (relation-name relation) wanted there))))
          built-in-relations))))
    (test-equal "indexes that can be named are there"
      '()
      (with-store
       (lambda (db)
         (filter-map
          (match-lambda
            ((relation (#f . _)) #f)
            ((relation (name . columns))
             (let ((there (map (match-lambda (#(column) column))
                               (%db-run db "SELECT name FROM pragma_index_info(?) ORDER BY seqno"
                                        (list name)))))
               (and (not (equal? there (map sql-name columns)))
                    (list name there)))))
          (append-map (lambda (relation)
                        (map (lambda (index) (list relation index)) (relation-indexes relation)))
                      built-in-relations)))))
    (test-equal "what nobody declared is found by its number of arguments"
      '((host k1 value) #f #t)
      (with-store
       (lambda (db)
         (sql db "INSERT INTO _fact VALUES ('shoe', 2, 'h', 'left', '', '', 43, 1, 2, 3)")
         (call-with-values (lambda () (catalogue db))
           (lambda (find-relation names)
             (list (map column-name (relation-columns (find-relation 'shoe 3)))
                   (find-relation 'shoe 2)
                   (and (memq 'shoe (names)) (memq 'package (names)) #t)))))))
    (test-equal "and what it selects can be asked for"
      '(#("h" "left" 43 1 2 3))
      (with-store
       (lambda (db)
         (sql db "INSERT INTO _fact VALUES ('shoe', 2, 'h', 'left', '', '', 43, 1, 2, 3)")
         (call-with-values (lambda () (catalogue db))
           (lambda (find-relation names)
             (%db-run db (string-append "SELECT host, k1, value, t0, t1, ev FROM "
                                        (relation-from (find-relation 'shoe 3)))
                      '()))))))
    (test-equal "statistics are read"
      '(10 5 2.5 3 (("1.22" . 6) ("1.24" . 2)) () #f)
      (with-store
       (lambda (db)
         (for-each
          (lambda (row)
            (%db-run db "INSERT INTO _stat VALUES ('package', ?, ?, ?, ?, ?, ?, ?)" row))
          '(("" 0 "" 10 5 2.5 0) ("version" 0 "" 10 5 0.0 3)
            ("version" 2 "1.24" 2 0 0.0 0) ("version" 1 "1.22" 6 0 0.0 0)))
         (let ((found (relation-statistics db (built-in-relation 'package))))
           (list (statistics-rows found) (statistics-open found) (statistics-daily found)
                 (statistics-distinct found 'version) (statistics-common found 'version)
                 (statistics-common found 'host) (statistics-distinct found 'host))))))))
