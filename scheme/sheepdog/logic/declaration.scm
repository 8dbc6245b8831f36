;;; declaration.scm -- how a relation is declared, whoever does it: we, a configuration, a monitor
;;; SPDX-License-Identifier: GPL-3.0-or-later

;;   (define-state (raid host disk -> status) "State of an md array.")
;;   (define-state (depends host tag on-host on-tag) (index on-host on-tag))
;;   (define-event (login host user -> from) (keep "30d"))
;;
;; A column is NAME or (NAME TYPE).  Options: (index COLUMN ...), (keep DURATION), (step NUMBER),
;; (planned).

(define-module (sheepdog logic declaration)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:export (read-declaration relation->declaration))

(define %words                                    ;of questions: no relation may be called so
  '(and or fresh conde not during at span lasting latest glob of-version known-not count sum mean
    min max list argmax argmin as abs round subject order-by having limit desc asc query now ago
    today yesterday last since between always on changed))

(define %own-columns '(t t0 t1 ev))

(define (raise-complaint datum text hint)
  (raise-error 'bad-relation
               (if (zero? (datum-line datum))
                   text
                   (string-append (datum-place datum) ":"
                                  (number->string (datum-column datum)) ": error: " text))
               (or hint "")))

(define %types '(text integer number version time duration any))
(define %units '(B kB KB MB GB TB KiB MiB GiB TiB))

(define (symbol-datum? datum)
  (eq? 'symbol (datum-kind datum)))

(define (arrow? datum)
  (and (symbol-datum? datum) (eq? '-> (datum-value datum))))

(define (read-type datum complain)
  "Return the type that DATUM names, or #f."
  (match (datum->plain datum)
    ((? symbol? type)
     (cond ((memq type %types) type)
           (else
            (complain datum (string-append "no type '" (datum-word datum) "'")
                      (or (did-you-mean (datum-word datum)
                                        (cons "size" (map symbol->string %types)))
                          "text integer number version time duration (size UNIT) any"))
            #f)))
    (('size (? symbol? unit))
     (cond ((memq unit %units) (list 'size unit))
           (else
            (complain datum (string-append "no unit '" (symbol->string unit) "'")
                      (string-append "units are "
                                     (string-join (map symbol->string %units))))
            #f)))
    (_ (complain datum (string-append "expected a type, got " (datum->string datum))
                 "text integer number version time duration (size UNIT) any")
       #f)))

(define (read-name datum what complain)
  "Return the name, a symbol, that DATUM is, or #f; WHAT is said of it."
  (cond ((and (symbol-datum? datum) (relation-name? (datum-word datum)))
         (datum-value datum))
        (else
         (complain datum
                   (string-append (datum->string datum) " is no name of a " what)
                   "a-z, 0-9 and -, beginning with a letter, 40 characters at most")
         #f)))

(define (read-column datum complain)
  "Return the column that DATUM, NAME or (NAME TYPE), declares, or #f."
  (match (if (datum-list? datum) (datum-items datum) (list datum))
    ((name . type)
     (let ((word (read-name name "column" complain)))
       (match type
         (() (and word (check-column name word complain) (make-column word 'text)))
         ((type)
          (let ((type (read-type type complain)))
            (and word type (check-column name word complain) (make-column word type))))
         (_ (complain datum "expected NAME or (NAME TYPE)" #f) #f))))
    (() (complain datum "expected NAME or (NAME TYPE)" #f) #f)))

(define (check-column datum name complain)
  (or (not (memq name %own-columns))
      (begin
        (complain datum (format #f "no column can be called '~a': every table has one" name) #f)
        #f)))

(define (read-columns data complain)
  "Return the columns that DATA declare, or #f when one of them is wrong."
  (let ((columns (map (lambda (datum) (read-column datum complain)) data)))
    (let loop ((data data) (columns columns) (seen '()) (good? #t))
      (match columns
        (() good?)
        ((#f . columns) (loop (cdr data) columns seen #f))
        ((column . columns)
         (let ((twice? (memq (column-name column) seen)))
           (when twice?
             (complain (car data) (format #f "column '~a' given twice" (column-name column)) #f))
           (loop (cdr data) columns (cons (column-name column) seen)
                 (and good? (not twice?)))))))
    (and (every identity columns)
         (= (length columns)
            (length (delete-duplicates (map column-name columns))))
         columns)))

(define (read-head head complain)
  "Return (NAME COLUMNS KEYS) of HEAD, a datum (NAME COLUMN ... [-> COLUMN ...]), or #f."
  (match (datum-items head)
    ((name . rest)
     (receive-split
      rest
      (lambda (keys values arrow)
        (let* ((word (read-name name "relation" complain))
               (word (and word (check-name name word complain) word))
               (columns (read-columns (append keys values) complain)))
          (cond ((null? keys)
                 (complain (or arrow head) "a relation wants a column that is its key" #f)
                 #f)
                ((find arrow? values)
                 => (lambda (second)
                      (complain second "'->' given twice" #f)
                      #f))
                ((and arrow (null? values))
                 (complain arrow "nothing follows '->'"
                           "without it a row's presence is the fact")
                 #f)
                (else (and word columns (list word columns (length keys)))))))))
    (() (complain head "expected (NAME COLUMN ...)" #f) #f)))

(define (receive-split data proc)
  "Call PROC with what of DATA stands before `->', behind it, and its datum or #f."
  (call-with-values (lambda () (break arrow? data))
    (lambda (keys rest)
      (match rest
        (() (proc keys '() #f))
        ((arrow . values) (proc keys values arrow))))))

(define (check-name datum name complain)
  (or (not (memq name %words))
      (begin
        (complain datum (format #f "'~a' is a word of questions, no name of a relation" name) #f)
        #f)))

(define (read-duration datum complain)
  (let ((ms (and (eq? 'string (datum-kind datum)) (parse-duration (datum-value datum)))))
    (unless ms
      (complain datum (string-append "expected a duration, got " (datum->string datum))
                "such as \"30d\""))
    ms))

(define (read-index data columns complain)
  "Return the names that DATA, those of an index over COLUMNS, are, or #f."
  (let* ((known (map column-name columns))
         (names (map (lambda (datum)
                       (cond ((and (symbol-datum? datum) (memq (datum-value datum) known))
                              (datum-value datum))
                             (else
                              (complain datum
                                        (string-append "no column " (datum->string datum))
                                        (did-you-mean (or (datum-word datum) "")
                                                      (map symbol->string known)))
                              #f)))
                     data)))
    (and (every identity names) names)))

(define (read-step datum columns keys complain)
  (let ((numeric? (match (drop columns keys)
                    (((= column-type (or 'integer 'number 'duration ('size _)))) #t)
                    (_ #f)))
        (step (datum-value datum)))
    (cond ((not (and (real? step) (positive? step)))
           (complain datum (string-append "expected a positive number, got "
                                          (datum->string datum)) #f)
           #f)
          ((not numeric?)
           (complain datum "'step' wants one value that is a number" #f)
           #f)
          (else step))))

(define %options '("index" "keep" "step" "planned"))

(define (read-option datum kind columns keys complain)
  "Return what the option DATUM says, (KEYWORD . VALUE), or #f."
  (define (said keyword value)
    (and value (cons keyword value)))
  (define (of-states proc)
    (cond ((eq? kind 'state) (proc))
          (else (complain datum (format #f "'~a' is for states" (datum-head datum)) #f) #f)))
  (match (and (datum-head datum) (datum-items datum))
    (((= datum-value 'index) . data)
     (said 'index (read-index data columns complain)))
    (((= datum-value 'keep) duration) (said 'keep (read-duration duration complain)))
    (((= datum-value 'step) number)
     (of-states (lambda () (said 'step (read-step number columns keys complain)))))
    (((= datum-value 'planned)) (of-states (lambda () (cons 'planned #t))))
    (_
     (let ((word (and (datum-head datum) (symbol->string (datum-head datum)))))
       (if (and word (member word %options))
           (complain datum (string-append "'" word "' wants "
                                          (assoc-ref '(("keep" . "a duration")
                                                       ("step" . "a number")
                                                       ("planned" . "nothing more"))
                                                     word))
                     #f)
           (complain datum (string-append "unknown option " (datum->string datum))
                     (or (and word (did-you-mean word %options))
                         "(index COLUMN ...) (keep DURATION) (step NUMBER) (planned)")))
       #f))))

(define* (read-declaration given #:optional (complain raise-complaint))
  "Return the relation that GIVEN, a <datum> or plain data such as
(define-state (raid host disk -> status) \"State of an md array.\"), declares.  What is wrong is
told by COMPLAIN, (datum text hint-or-#f), all of it; #f is returned then.  Usually the first
complaint is raised, `bad-relation'."
  (let* ((datum (if (datum? given) given (literal->datum given)))
         (wrong? #f)
         (complain (lambda (datum text hint)
                     (set! wrong? #t)
                     (complain datum text hint))))
    (define (declared kind head rest)
      (let-values (((docs options) (partition (lambda (datum) (eq? 'string (datum-kind datum)))
                                              rest)))
        (match (read-head head complain)
          ((name columns keys)
           (let ((options (map (lambda (datum) (read-option datum kind columns keys complain))
                               options)))
             (define (option keyword)
               (assq-ref (filter pair? options) keyword))
             (when (and (pair? docs) (pair? (cdr docs)))
               (complain (second docs) "a second sentence" #f))
             (and (not wrong?)
                  (make-relation name kind columns keys
                                 #:doc (if (pair? docs) (datum-value (car docs)) "")
                                 #:indexes (filter-map (match-lambda
                                                         (('index . columns) columns)
                                                         (_ #f))
                                                       options)
                                 #:keep (option 'keep)
                                 #:step (option 'step)
                                 #:planned? (option 'planned)))))
          (#f #f))))
    (match (datum-items datum)
      (((= datum-value (and word (or 'define-state 'define-event))) head . rest)
       (declared (if (eq? word 'define-state) 'state 'event) head rest))
      (_ (complain datum
                   (string-append "expected (define-state (NAME COLUMN ...) ...), got "
                                  (datum->text datum))
                   "or define-event")
         #f))))

(define (duration->declared ms)
  "Return MS as `parse-duration' reads it."
  (string-append (number->string (exact->inexact (/ ms 1000))) "s"))

(define (relation->declaration relation)
  "Return the form that declares RELATION, plain data for `read-declaration'."
  (define (column->declared column)
    (match column
      ((and (= column-name name) (= column-type 'text)) name)
      ((and (= column-name name) (= column-type type)) (list name type))))
  (define (option keyword value)
    (if value (list (list keyword value)) '()))
  `(,(if (eq? 'event (relation-kind relation)) 'define-event 'define-state)
    (,(relation-name relation)
     ,@(map column->declared (key-columns relation))
     ,@(match (value-columns relation)
         (() '())
         (columns (cons '-> (map column->declared columns)))))
    ,@(if (string-null? (relation-doc relation)) '() (list (relation-doc relation)))
    ,@(map (lambda (columns) (cons 'index columns)) (relation-declared-indexes relation))
    ,@(option 'keep (and=> (relation-keep relation) duration->declared))
    ,@(option 'step (relation-step relation))
    ,@(if (relation-planned? relation) '((planned)) '())))
