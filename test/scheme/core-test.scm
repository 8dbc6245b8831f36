;;; core-test.scm -- the boundary: values and errors between C++ and Scheme
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog error)
             (sheepdog test)
             (rnrs bytevectors))

(define (resident-pages)
  "Return the pages of memory that this process holds, an integer."
  (gc)
  (call-with-input-file "/proc/self/statm"
    (lambda (port) (read port) (read port))))

(define document
  "{\"a\":[1,2.5,null,true,false,\"wöf\\u0000!\"],\"b\":{},\"c\":{\"d\":-7}}")

(define data
  '((a . #(1 2.5 null #t #f "wöf\x00!")) (b) (c . ((d . -7)))))

(define (failing-statement db)
  (with-error-handler (lambda (code text hint) code)
                      (lambda () (%db-run db "SELECT nothing" '()))))

(run-tests "core"

  (test-equal "JSON becomes alists, vectors and atoms" (cons data #f)
    (%json-read document))
  (test-equal "bytes are read like text" (cons data #f)
    (%json-read (string->utf8 document)))
  (test-equal "what was read is written the same" document
    (%json-write (car (%json-read document))))
  (test-equal "bad bytes are replaced and told" '(((a . "\ufffd")) . #t)
    (%json-read #vu8(123 34 97 34 58 34 255 34 125)))
  (test-raises "a bad document names its place" 'bad-message
               (lambda (text) (string-prefix? "1:" text))
    (%json-read "{\"a\":1"))
  (test-raises "JSON has no procedures" 'broken
               "JSON cannot say this kind of Scheme data"
    (%json-write car))
  (test-raises "JSON has no circles" 'broken
               "JSON cannot say an improper or circular list"
    (%json-write (let ((circle (list '(a . 1)))) (set-cdr! circle circle) circle)))

  (test-raises "a wrong type names its place" 'wrong-type-arg
               (lambda (text) (string-contains text "position 2 (expecting boolean)"))
    (%printable "x" 42))
  (test-raises "a number too wide for C++" 'wrong-type-arg
               (lambda (text) (string-contains text "position 1"))
    (%random-hex (expt 2 70)))
  (test-raises "a handle of another kind" 'wrong-type-arg
               (lambda (text) (string-contains text "expecting handle"))
    (%db-run 'db "SELECT 1" '()))

  (with-temporary-directory (directory)
    (define db (%db-open (string-append directory "/x.db") 'create))
    (test-equal "values go into SQLite and come back"
      '(#(7 2.5 "wöf" #vu8(0 255) #f "ok"))
      (%db-run db "SELECT ?, ?, ?, ?, ?, ?" '(7 2.5 "wöf" #vu8(0 255) #f ok)))
    (%db-run-script! db "CREATE TABLE t(a, b); CREATE INDEX ta ON t(a);")
    (%db-run-many! db "INSERT INTO t VALUES (?, ?)" '((1 "x") (2 "y")))
    (test-equal "many rows by one statement" '(#(1 "x") #(2 "y"))
      (%db-run db "SELECT a, b FROM t ORDER BY a" '()))
    (test-raises "too few values" 'usage "an SQL statement wants 2 values, got 1"
      (%db-run db "INSERT INTO t VALUES (?, ?)" '(1)))
    (test-equal "a statement that fails" 'database-failed (failing-statement db))
    (test-assert "thousands of errors leak nothing"
      (let ((before (begin (do ((i 0 (1+ i))) ((= i 2000)) (failing-statement db))
                           (resident-pages))))
        (do ((i 0 (1+ i))) ((= i 20000)) (failing-statement db))
        (< (- (resident-pages) before) 500)))
    (%db-close! db)
    (%db-close! db)
    (test-raises "use after close" 'closed "database is closed"
      (%db-run db "SELECT 1" '())))

  (test-equal "a program's end is told"
    '((status . 3) (signal . #f) (errno . #f) (timed-out . #f) (stdout . "hör\n") (stderr . "2\n"))
    (let ((outcome (%run '("sh" "-c" "cat; echo $A >&2; exit 3") "hör\n" 10 '(("A" . "2")) 1000)))
      (map (lambda (key) (assq key outcome)) '(status signal errno timed-out stdout stderr))))
  (test-equal "of much that it writes the middle is left out, and that is told"
    '("ab\n[... 6 bytes left out ...]\nkl\n" #t)
    (let ((outcome (%run '("printf" "ab\ncd\nef\nkl\n") "" 10 '() 6)))
      (list (assq-ref outcome 'stdout) (assq-ref outcome 'cut))))
  (test-equal "so is one that does not start" "No such file or directory"
    (assq-ref (%run '("/no/such/program") "" 10 '() 1000) 'errno)))
