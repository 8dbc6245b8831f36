;;; fact.scm -- relation tuples with the time in which they held
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Facts of relations that nobody declared, table _fact: the host, then up to three
;; arguments that are the key, then the value; with no argument the row's presence is the fact.
;; Another number of arguments is another relation.  Each procedure takes part in the caller's
;; transaction.  Most facts say again what is known: what was read is remembered, see <facts>.

(define-module (sheepdog fact)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (fact-problem
            facts facts-count
            take-facts! store-fact! end-fact!))

(define %most-arguments 4)                        ;behind the host
(define %most-relations 200)
(define %most-open 10000)                         ;facts of one relation and host

(define-record-type <fact>
  (make-fact relation host arity k1 k2 k3 value)
  fact?
  (relation fact-relation)                        ;string
  (host fact-host)                                ;string
  (arity fact-arity)                              ;integer: arguments behind the host
  (k1 fact-k1)                                    ;string or number; "": unused
  (k2 fact-k2)
  (k3 fact-k3)
  (value fact-value))


;; Good as long as nobody else writes facts, and only if what was done with it was committed.
(define-record-type <facts>
  (make-facts db newest)
  facts?
  (db facts-db)
  (newest facts-newest))                          ;hash table: key -> row of `newest-row' | #f

(define (facts db)
  "Return the facts of DB, of which nothing was read yet."
  (make-facts db (make-hash-table 1031)))

(define (facts-count facts)
  "Return of how many keys of FACTS the newest row is remembered."
  (hash-count (const #t) (facts-newest facts)))


;;; From arguments to a fact.

(define (relation-name? text)
  "Is TEXT a name: [a-z][a-z0-9-]{0,39}?"
  (and (<= 1 (string-length text) 40)
       (char<=? #\a (string-ref text 0) #\z)
       (string-every (lambda (c)
                       (or (char<=? #\a c #\z) (char<=? #\0 c #\9) (char=? c #\-)))
                     text)))

(define (number-fits? number)
  (if (exact-integer? number)
      (<= -9223372036854775808 number 9223372036854775807)
      (and (real? number)
           (not (nan? number))
           (not (inf? number)))))

(define (argument-problem argument)
  "Return why ARGUMENT cannot be stored, or #f."
  (match argument
    ('null "null is no value")
    ((? vector?) "an array is no value")
    ((or () ((_ . _) . _)) "an object is no value")
    ((? number?) (and (not (number-fits? argument)) "a number that is too large"))
    ((or (? string?) (? symbol?) (? boolean?)) #f)
    (_ "neither text nor a number")))

(define (storable argument)
  (cond ((symbol? argument) (symbol->string argument))
        ((boolean? argument) (if argument "true" "false"))
        ((exact-integer? argument) argument)
        ((number? argument) (exact->inexact argument))
        (else argument)))

(define (fact-problem relation arguments)
  "Return why RELATION (a string) of ARGUMENTS (those behind the host, as JSON or a receiver
gives them) is refused, or #f."
  (cond ((not (relation-name? relation))
         "a relation is named a-z, 0-9 and -, beginning with a letter, 40 characters at most")
        ((> (length arguments) %most-arguments)
         (format #f "~a arguments; a relation that nobody declared takes ~a at most"
                 (length arguments) %most-arguments))
        (else (any argument-problem arguments))))

;; Those whose value is not the last argument.
(define %value-last
  (list (cons "perf" (match-lambda              ;label and unit are the key, the number is the value
                       ((tag label value unit) (list tag label unit value))
                       (arguments arguments)))))

(define (in-order relation arguments)
  "Return ARGUMENTS of RELATION with the value at the end."
  (match (assoc-ref %value-last relation)
    (#f arguments)
    (order (order arguments))))

(define (fact relation host arguments)
  "Return the fact RELATION of HOST and ARGUMENTS, which have no problem."
  (define (built k1 k2 k3 value)
    (make-fact relation host (length arguments) k1 k2 k3 value))
  (match (in-order relation (map storable arguments))
    (() (built "" "" "" ""))
    ((v) (built "" "" "" v))
    ((a v) (built a "" "" v))
    ((a b v) (built a b "" v))
    ((a b c v) (built a b c v))))


;;; Rows.

(define (newest-row db f)
  "Return the newest row of F's key as #(VALUE T0 T1), or #f."
  (sql-row db "SELECT value, t0, t1 FROM _fact WHERE relation = " (fact-relation f)
           " AND arity = " (fact-arity f) " AND host = " (fact-host f) " AND k1 = " (fact-k1 f)
           " AND k2 = " (fact-k2 f) " AND k3 = " (fact-k3 f) " ORDER BY t0 DESC LIMIT 1"))

(define (fact-key f)
  "Return the key of F as a string, which is hashed and compared several times as fast as a vector of
strings.  Neither relation nor host have blanks."
  (define (part k)
    (if (string? k)
        (string-append (number->string (string-length k)) "s" k)
        (string-append (number->string k) "n")))
  (define-syntax-rule (key arity k ...)
    (string-append (fact-relation f) arity (fact-host f) " " (part (k f)) ...))
  (case (fact-arity f)
    ((0) (key " 0 "))
    ((1) (key " 1 "))
    ((2) (key " 2 " fact-k1))
    ((3) (key " 3 " fact-k1 fact-k2))
    (else (key " 4 " fact-k1 fact-k2 fact-k3))))

(define (newest facts f key)
  "Return the newest row of F, whose key is KEY, as `newest-row' does."
  (match (hash-get-handle (facts-newest facts) key)
    ((_ . row) row)
    (#f
     (let ((row (newest-row (facts-db facts) f)))
       (hash-set! (facts-newest facts) key row)
       row))))

(define (know! facts f key t0)
  "Let F, whose key is KEY, be its newest row, which began at T0 and is open."
  (hash-set! (facts-newest facts) key (vector (fact-value f) t0 %open-end)))

(define (forget! facts key)
  "Let the newest row of KEY be read anew."
  (hash-remove! (facts-newest facts) key))

(define (insert-row! db f t0 t1 event)
  (sql db "INSERT INTO _fact (relation, arity, host, k1, k2, k3, value, t0, t1, ev) VALUES ("
       (fact-relation f) ", " (fact-arity f) ", " (fact-host f) ", " (fact-k1 f) ", "
       (fact-k2 f) ", " (fact-k3 f) ", " (fact-value f) ", " t0 ", " t1 ", " event ")"))

(define (set-end! db f t0 t1)
  "Let the row of F's key that began at T0 end at T1; a row without length goes."
  (if (= t0 t1)
      (sql db "DELETE FROM _fact WHERE relation = " (fact-relation f) " AND arity = "
           (fact-arity f) " AND host = " (fact-host f) " AND k1 = " (fact-k1 f) " AND k2 = "
           (fact-k2 f) " AND k3 = " (fact-k3 f) " AND t0 = " t0)
      (sql db "UPDATE _fact SET t1 = " t1 " WHERE relation = " (fact-relation f) " AND arity = "
           (fact-arity f) " AND host = " (fact-host f) " AND k1 = " (fact-k1 f) " AND k2 = "
           (fact-k2 f) " AND k3 = " (fact-k3 f) " AND t0 = " t0)))

(define %open-end 9223372036854775807)

(define (open-facts db relation host)
  "Return how many facts of RELATION hold for HOST, at most the most that may."
  (sql-value db "SELECT count(*) FROM (SELECT 1 FROM _fact WHERE host = " host
             " AND relation = " relation " AND t1 = 9223372036854775807 LIMIT " %most-open ")"))

(define (relations db)
  "Return how many relations there are, at most the most that may."
  (sql-value db "WITH RECURSIVE r(name, n) AS (
 SELECT min(relation), 1 FROM _fact
 UNION ALL
 SELECT (SELECT min(relation) FROM _fact WHERE relation > r.name), n + 1 FROM r
 WHERE r.name IS NOT NULL AND n <= " %most-relations ")
 SELECT count(*) FROM r WHERE name IS NOT NULL"))

(define (known-relation? db relation)
  (sql-value db "SELECT 1 FROM _fact WHERE relation = " relation " LIMIT 1"))

(define (crowd-problem db f counts)
  "Return why there is no room for the new key of F, or #f.  COUNTS, a hash table or #f,
remembers how many facts hold, by relation, while one message is handled."
  (let* ((relation (fact-relation f))
         (count (or (and counts (hash-ref counts relation))
                    (open-facts db relation (fact-host f)))))
    (when counts
      (hash-set! counts relation (+ count 1)))
    (cond ((>= count %most-open)
           (format #f "~a facts of it hold already" %most-open))
          ((and (zero? count)
                (not (known-relation? db relation))
                (>= (relations db) %most-relations))
           (format #f "there are ~a relations already that nobody declared" %most-relations))
          (else #f))))

(define (enter-late! db f t event)
  "Enter F at T, before what is known of its key: only where nothing is known.  Return why it is
refused, or #f."
  (match (sql-row db "SELECT value, t0, t1 FROM _fact WHERE relation = " (fact-relation f)
                  " AND arity = " (fact-arity f) " AND host = " (fact-host f) " AND k1 = "
                  (fact-k1 f) " AND k2 = " (fact-k2 f) " AND k3 = " (fact-k3 f)
                  " AND t1 > " t " ORDER BY t0 LIMIT 1")
    (#(value t0 t1)
     (cond ((< t t0) (insert-row! db f t t0 event) #f)
           ((equal? value (fact-value f)) #f)
           (else "older than what is known")))))

(define (upsert! facts f t event counts)
  "Let F hold from T on, as EVENT says.  Return why it is refused, or #f."
  (let ((db (facts-db facts))
        (key (fact-key f)))
    (match (newest facts f key)
      (#f
       (or (crowd-problem db f counts)
           (begin
             (insert-row! db f t %open-end event)
             (know! facts f key t)
             #f)))
      (#(value t0 t1)
       (let ((open? (= t1 %open-end))
             (same? (equal? value (fact-value f))))
         (cond ((or (< t t0) (and (not open?) (< t t1)))
                (enter-late! db f t event))
               ((and open? same?) #f)
               ((and same? (= t t1))
                (set-end! db f t0 %open-end)
                (know! facts f key t0)
                #f)
               (else
                (when open? (set-end! db f t0 t))
                (insert-row! db f t %open-end event)
                (know! facts f key t)
                #f)))))))


;;; What others call.

(define (refuse! db host relation reason t event)
  (sql db "INSERT INTO refused (host, relation, reason, t, ev) VALUES (" host ", " relation
       ", " reason ", " t ", " event ")"))

(define* (store-fact! facts relation host arguments t event #:optional counts)
  "Let RELATION of HOST and ARGUMENTS hold from T (ms) on, as EVENT (an id) says: a new value
of its key ends the old one, the same value changes nothing, what is older than what is known
fills gaps only.  A fact that cannot be taken goes to `refused' with its reason.  Return whether
it was taken.  COUNTS: see `crowd-problem'."
  (let ((reason (or (fact-problem relation arguments)
                    (upsert! facts (fact relation host arguments) t event counts))))
    (when reason
      (refuse! (facts-db facts) host relation reason t event))
    (not reason)))

(define (end-fact! facts relation host arguments t event)
  "Let RELATION of HOST and ARGUMENTS hold no longer from T on, if it held with that value."
  (let ((reason (fact-problem relation arguments)))
    (if reason
        (refuse! (facts-db facts) host relation reason t event)
        (let* ((f (fact relation host arguments))
               (key (fact-key f)))
          (match (newest facts f key)
            (#(value t0 t1)
             (when (and (= t1 %open-end) (>= t t0) (equal? value (fact-value f)))
               (forget! facts key)
               (set-end! (facts-db facts) f t0 t)))
            (#f #f))))))

(define (key f)
  (list (fact-arity f) (fact-k1 f) (fact-k2 f) (fact-k3 f)))

(define (end-unsaid! facts relation host said t)
  "End what holds of RELATION for HOST and whose key is not in the hash table SAID."
  (for-each
   (match-lambda
     (#(arity k1 k2 k3 value t0)
      (unless (or (hash-ref said (list arity k1 k2 k3))
                  (< t t0))                       ;began after the message was made
        (let ((f (make-fact relation host arity k1 k2 k3 value)))
          (forget! facts (fact-key f))
          (set-end! (facts-db facts) f t0 t)))))
   (sql (facts-db facts) "SELECT arity, k1, k2, k3, value, t0 FROM _fact WHERE host = " host
        " AND relation = " relation " AND t1 = 9223372036854775807")))

(define (replace! facts relation host tuples t event)
  "TUPLES, lists (RELATION ARGUMENT...), are the whole truth about RELATION of HOST from T on,
unless a later message has told it."
  (let* ((db (facts-db facts))
         (told (sql-value db "SELECT at FROM complete WHERE host = " host " AND relation = "
                         relation " ORDER BY t0 DESC LIMIT 1")))
    (unless (and told (< t told))
      (let ((said (make-hash-table)))
        (for-each (match-lambda
                    ((name . arguments)
                     (when (and (string=? name relation)
                                (not (fact-problem name arguments)))
                       (hash-set! said (key (fact name host arguments)) #t))))
                  tuples)
        (end-unsaid! facts relation host said t))
      (if told
          (sql db "UPDATE complete SET at = " t " WHERE host = " host " AND relation = "
               relation)
          (sql db "INSERT INTO complete (host, relation, at, t0, t1, ev) VALUES (" host ", "
               relation ", " t ", " t ", 9223372036854775807, " event ")")))))

(define (take-facts! facts host tuples replaces t event)
  "Take TUPLES of a message of HOST, lists (RELATION ARGUMENT...), as true from T (ms) on.
REPLACES names the relations of which they are the whole truth: what else held of these ends.
Return how many were refused."
  (let* ((counts (make-hash-table))
         (refused (count (match-lambda
                           ((relation . arguments)
                            (not (store-fact! facts relation host arguments t event counts))))
                         tuples)))
    (for-each (lambda (relation)
                (if (relation-name? relation)
                    (replace! facts relation host tuples t event)
                    (refuse! (facts-db facts) host relation (fact-problem relation '()) t event)))
              replaces)
    refused))
