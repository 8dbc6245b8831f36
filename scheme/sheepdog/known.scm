;;; known.scm -- what is remembered of facts from one batch to the next, and what is to be looked at anew
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Most facts say again what is known.  Here is what a fact means for the tables (`fit'), the newest row
;; of each key, what was claimed last of a host, and from when on something is to be made anew because
;; a claim came late.

(define-module (sheepdog known)
  #:use-module (sheepdog argument)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog declare)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog relations)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (facts facts-db facts-count facts-hosts facts-added
            fit name-problem find-shelf shelves-of
            newest know! forget!
            claimed-by-messages claimed-by-receivers note-claimed! late? late! late-facts? take-late!
            note-added!))

(define %most-arguments 4)                        ;behind the host
(define %most-names 1000)                         ;of which is known whether they are declared

;; Good as long as nobody else writes facts, and only if what was done with it was committed.
(define-record-type <facts>
  (make-facts db newest claimed shelves hosts added late)
  facts?
  (db facts-db)
  (newest facts-newest)                           ;hash table: key, as text -> <row> | #f
  (claimed facts-claimed)                         ;hash table: "HOST[ RELATION]" -> <origin> | #f
  (shelves facts-shelves)                         ;hash table: name -> <shelf> | #f: undeclared
  (hosts facts-hosts)                             ;hash table: host -> ms since when it is known
  (added facts-added)                             ;hash table: relation (symbol) -> rows added
  (late facts-late set-facts-late!))              ;alist: (HOST RELATION) -> ms, see `late!'

(define (facts db)
  "Return the facts of DB, of which nothing was read yet."
  (make-facts db (make-hash-table 1031) (make-hash-table 127) (make-hash-table 31)
              (make-hash-table 127) (make-hash-table 31) '()))

(define (facts-count facts)
  "Return of how many keys of FACTS the newest row is remembered."
  (hash-count (const #t) (facts-newest facts)))


;;; From arguments to a key and values.

(define (declare-registered! db name)
  "Declare the relation NAME in DB, if a plugin that was loaded since declares it; return it, or #f."
  (match (registered-relation name)
    ((relation . place)
     (declare-relation! db relation place)
     (declared-relation db name))
    (#f #f)))

(define (find-shelf facts name)
  "Return the shelf of the relation NAME, a string, that somebody declared, or #f."
  (match (hash-get-handle (facts-shelves facts) name)
    ((_ . shelf) shelf)
    (#f
     (let* ((relation (or (declared-relation (facts-db facts) (string->symbol name))
                          (declare-registered! (facts-db facts) (string->symbol name))))
            (shelf (and relation (relation->shelf relation))))
       (when (< (hash-count (const #t) (facts-shelves facts)) %most-names)
         (hash-set! (facts-shelves facts) name shelf))
       shelf))))

(define (name-problem name)
  "Return why there can be no facts of the relation NAME, a string, or #f."
  (cond ((not (relation-name? name))
         "a relation is named a-z, 0-9 and -, beginning with a letter, 40 characters at most")
        ((own-relation? (string->symbol name))
         "sheepdog itself fills this relation")
        (else #f)))

(define (fit-undeclared name host arguments)
  (if (> (length arguments) %most-arguments)
      (format #f "~a arguments; a relation that nobody declared takes ~a at most"
              (length arguments) %most-arguments)
      (match (plain-arguments arguments)
        ((? unfit? no) (unfit-reason no))
        (plain (match (undeclared-key host plain)
                 ((key . values)
                  (list (undeclared-shelf name (length arguments)) key values)))))))

(define (undeclared-key host arguments)
  "Return (KEY . VALUES) in table _fact."
  (match arguments
    (() (cons (list host "" "" "") '("")))
    ((v) (cons (list host "" "" "") (list v)))
    ((a v) (cons (list host a "" "") (list v)))
    ((a b v) (cons (list host a b "") (list v)))
    ((a b c v) (cons (list host a b c) (list v)))))

(define (host-first? relation)
  (eq? 'host (column-name (first (relation-columns relation)))))

(define* (fit facts name host arguments #:key seconds?)
  "Return (SHELF KEY VALUES) for the fact NAME (a string) of HOST and ARGUMENTS, or why it is refused, a
string.  With SECONDS? times are told in seconds."
  (define (declared shelf)
    (let ((relation (shelf-relation shelf)))
      (if (host-first? relation)
          (match (fit-arguments relation arguments #:seconds? seconds?)
            ((? unfit? no) (unfit-reason no))
            (fitting
             (call-with-values (lambda () (split-at (cons host fitting) (relation-keys relation)))
               (lambda (key values) (list shelf key values)))))
          "its first argument is no host, so no machine can tell of it")))
  (or (name-problem name)
      (match (find-shelf facts name)
        (#f (fit-undeclared name host arguments))
        (shelf (declared shelf)))))

(define (shelves-of facts name host)
  "Return the shelves in which the relation NAME (a string) of HOST may have rows."
  (match (find-shelf facts name)
    (#f (map (match-lambda (#(arity) (undeclared-shelf name arity)))
             (sql (facts-db facts) "SELECT DISTINCT arity FROM _fact WHERE host = " host
                  " AND relation = " name)))
    (shelf (list shelf))))


;;; What is remembered of rows.

(define (newest facts shelf key text)
  "Return the newest row of KEY, which is TEXT, or #f."
  (match (hash-get-handle (facts-newest facts) text)
    ((_ . row) row)
    (#f
     (let ((row (newest-row (facts-db facts) shelf key)))
       (hash-set! (facts-newest facts) text row)
       row))))

(define (know! facts text row)
  "Let ROW be the newest of the key that is TEXT."
  (hash-set! (facts-newest facts) text row))

(define (forget! facts text)
  "Let the newest row of the key that is TEXT be read anew."
  (hash-remove! (facts-newest facts) text))

(define (note-added! facts shelf)
  "Note that a row was added to SHELF."
  (let ((relation (shelf-relation shelf)))
    (when relation
      (let ((name (relation-name relation)))
        (hashq-set! (facts-added facts) name
                    (+ 1 (hashq-ref (facts-added facts) name 0)))))))


;;; What was claimed last.

(define (rows->newest rows)
  "Return the origin that comes last of ROWS, #(T EVENT SENDER SEQ), or #f."
  (fold (match-lambda*
          ((#(t event sender seq) last)
           (let ((one (origin t event sender seq)))
             (if (and last (origin<? one last)) last one))))
        #f rows))

(define (newest-message db host)
  (rows->newest
   (sql db "SELECT e.facts, e.id, coalesce(s.name, ''), coalesce(m.seq, 0) FROM event e
 LEFT JOIN message m ON m.id = e.id LEFT JOIN sender s ON s.id = m.sender
 WHERE e.host = " host " AND e.facts =
 (SELECT max(facts) FROM event WHERE host = " host " AND facts IS NOT NULL)")))

(define (newest-told db host relation)
  (rows->newest
   (sql db "SELECT f.t, f.ev, coalesce(s.name, ''), coalesce(m.seq, 0) FROM _told f
 LEFT JOIN message m ON m.id = f.ev LEFT JOIN sender s ON s.id = m.sender
 WHERE f.host = " host " AND f.relation = " relation " AND f.t =
 (SELECT max(t) FROM _told WHERE host = " host " AND relation = " relation ")")))

(define (claimed facts name read)
  "Return the origin of what was claimed last under NAME, as (READ) finds it the first time."
  (match (hash-get-handle (facts-claimed facts) name)
    ((_ . last) last)
    (#f (let ((last (read)))
          (hash-set! (facts-claimed facts) name last)
          last))))

(define (claimed-by-messages facts host)
  (claimed facts host (lambda () (newest-message (facts-db facts) host))))

(define (claimed-by-receivers facts host relation)
  (claimed facts (string-append host " " relation)
           (lambda () (newest-told (facts-db facts) host relation))))

(define (note-claimed! facts name last origin)
  (when (or (not last) (origin<? last origin))
    (hash-set! (facts-claimed facts) name origin)))

(define (kept-from facts)
  "Return the origin from which on all is kept that was claimed, or #f: all of it is."
  (claimed facts " "
           (lambda ()
             (and=> (mark (facts-db facts) "facts-from")
                    (lambda (t) (origin t 0))))))

(define (late? facts origin host relation)
  "Was something claimed of RELATION of HOST that comes after ORIGIN, or is that not known any more?"
  (define (after? last)
    (and last (origin<? origin last)))
  (or (after? (claimed-by-messages facts host))
      (after? (claimed-by-receivers facts host relation))
      (after? (kept-from facts))))

(define (late! facts host relation t)
  "Note that what is known of RELATION of HOST from T on is to be made anew."
  (let ((known (assoc-ref (facts-late facts) (list host relation))))
    (set-facts-late! facts (if known
                               (assoc-set! (facts-late facts) (list host relation) (min t known))
                               (acons (list host relation) t (facts-late facts))))))

(define (late-facts? facts)
  "Is anything to be made anew?"
  (pair? (facts-late facts)))

(define (take-late! facts)
  "Return what is to be made anew, an alist ((HOST RELATION) . T), and forget it."
  (let ((late (facts-late facts)))
    (set-facts-late! facts '())
    late))
