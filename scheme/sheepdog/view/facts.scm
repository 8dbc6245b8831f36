;;; facts.scm -- rows of relations, and the relations there are, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view facts)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (facts-lines facts-document facts-sexp facts-org
            schema-lines schema-document schema-org))

(define %open-end 9223372036854775807)


;;; Rows: an alist from relations to lists (SINCE VALUE ...).

(define (time-title relation)
  (if (eq? 'event (relation-kind relation)) "at" "since"))

(define (number->short n)
  (number->string (if (and (inexact? n) (integer? n)) (inexact->exact n) n)))

(define (value->text value type)
  (cond ((string? value) (printable value))
        (else
         (match type
           ('time (if (= value %open-end) "never" (time->stamp value)))
           ('duration (duration->text value))
           (('size unit) (string-append (number->short value) " " (symbol->string unit)))
           (_ (number->short value))))))

(define (row->texts relation row)
  (match row
    ((since . values)
     (append (map (lambda (value column) (value->text value (column-type column)))
                  values (relation-columns relation))
             (list (time->stamp since))))))

(define (titles relation)
  (append (map (lambda (column) (symbol->string (column-name column)))
               (relation-columns relation))
          (list (time-title relation))))

(define (columns->table relation rows)
  (columns->lines (cons (map (lambda (title) (styled 'faint title)) (titles relation))
                        (map (lambda (row) (row->texts relation row)) rows))
                  #:room 1000000))

(define (total found)
  (fold (lambda (entry sum) (+ sum (length (cdr entry)))) 0 found))

(define (facts-lines found)
  "Return the lines that show FOUND, an alist from relations to their rows (SINCE VALUE ...)."
  (append
   (append-map (match-lambda
                 ((relation) '())
                 ((relation . rows)
                  `(,(symbol->string (relation-name relation))
                    ,@(columns->table relation rows)
                    "")))
               found)
   (list (match (total found)
           (0 "No fact.")
           (count (string-append (plural count "fact") "."))))))

(define (value->document value type)
  (match type
    ('time (if (= value %open-end) 'null (instant value)))
    ('duration (seconds value))
    (_ value)))

(define (row->object relation row)
  (match row
    ((since . values)
     `((relation . ,(symbol->string (relation-name relation)))
       ,@(map (lambda (value column)
                (cons (column-name column) (value->document value (column-type column))))
              values (relation-columns relation))
       (,(string->symbol (time-title relation)) . ,(instant since))))))

(define (facts-document found now)
  "Return the document of FOUND, for JSON: an object each."
  `((version . 0)
    (time . ,(instant now))
    (facts . ,(list->vector (append-map (match-lambda
                                          ((relation . rows)
                                           (map (lambda (row) (row->object relation row)) rows)))
                                        found)))
    (count . ,(total found))))

(define (facts-sexp found now)
  "Return the lines of the list (sheepdog-facts ...) of FOUND: (fact RELATION VALUE ... (since T))."
  (define (plain value)
    (cond ((instant? value) (seconds (instant-ms value)))
          ((eq? value 'null) '())
          (else value)))
  (define (line relation row)
    (match row
      ((since . values)
       (string-append " " (sexp->string
                           `(fact ,(relation-name relation)
                                  ,@(map (lambda (value column)
                                           (plain (value->document value (column-type column))))
                                         values (relation-columns relation))
                                  (,(string->symbol (time-title relation)) ,(seconds since))))))))
  (append
   (list (string-append "(sheepdog-facts " (sexp->string '(version 0)) " "
                        (sexp->string (list 'time (seconds now)))))
   (append-map (match-lambda
                 ((relation . rows) (map (lambda (row) (line relation row)) rows)))
               found)
   (list (string-append " " (sexp->string (list 'count (total found))) ")"))))

(define (facts-org found)
  "Return the lines of an Org table for each relation of FOUND."
  (append-map (match-lambda
                ((relation) '())
                ((relation . rows)
                 (let ((keys (map string->symbol (titles relation))))
                   `(,(string-append "* " (symbol->string (relation-name relation)))
                     ,@(org-table keys (map (lambda (row) (map cons keys (row->texts relation row)))
                                            rows))))))
              found))


;;; Relations: lists (RELATION FORM COUNT PLACE).

(define (head->text form)
  "Return what FORM, a declaration, declares: (package host name -> (version version))."
  (sexp->words (second form)))

(define (sexp->words datum)
  (object->string datum))

(define (schema-lines relations)
  "Return the lines that tell of RELATIONS, lists (RELATION FORM COUNT PLACE); PLACE is #f where nobody
declared it."
  (call-with-values (lambda () (partition fourth relations))
    (lambda (declared undeclared)
      (append
       (append-map
        (match-lambda
          ((relation form count place)
           `(,(string-append (head->text form) "  "
                             (if (eq? 'event (relation-kind relation)) "event, " "")
                             (number->string count)
                             (if (string=? place "built in")
                                 ""
                                 (string-append ", " (printable place))))
             ,@(if (string-null? (relation-doc relation))
                   '()
                   (list (string-append "  " (printable (relation-doc relation))))))))
        declared)
       (if (null? undeclared)
           '()
           (cons* "" "Nobody declared these; to copy into (logic ...) of the configuration:"
                  (map (match-lambda
                         ((relation form count place)
                          (string-append "  " (sexp->words form) "  ; " (number->string count))))
                       undeclared)))))))

(define (type->text type)
  (if (symbol? type) (symbol->string type) (object->string type)))

(define (schema-document relations now)
  "Return the document of RELATIONS, as for `schema-lines'."
  `((version . 0)
    (time . ,(instant now))
    (relations
     . ,(list->vector
         (map (match-lambda
                ((relation form count place)
                 `((name . ,(symbol->string (relation-name relation)))
                   (kind . ,(symbol->string (relation-kind relation)))
                   (sentence . ,(relation-doc relation))
                   (rows . ,count)
                   (place . ,(absent place))
                   (declaration . ,(sexp->words form))
                   (columns
                    . ,(list->vector
                        (map (lambda (column n)
                               `((name . ,(symbol->string (column-name column)))
                                 (type . ,(type->text (column-type column)))
                                 (key . ,(< n (relation-keys relation)))))
                             (relation-columns relation)
                             (iota (relation-arity relation))))))))
              relations)))
    (count . ,(length relations))))

(define (schema-org relations)
  "Return the lines of an Org table of RELATIONS."
  (org-table '(relation rows place sentence)
             (map (match-lambda
                    ((relation form count place)
                     `((relation . ,(head->text form))
                       (rows . ,count)
                       (place . ,(or place "nobody"))
                       (sentence . ,(relation-doc relation)))))
                  relations)))
