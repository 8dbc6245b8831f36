;;; revision.scm -- rows of facts made anew from all that was claimed, since some of it came late
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Of a relation and a host, from the moment of the late claim on: what messages say is read from them
;; again, what receivers said stands in table _told.  So the rows are the same in whatever order all of
;; it came.  Where messages are kept no longer, mark `facts-from', the rows stay as they are.

(define-module (sheepdog revision)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog fact)
  #:use-module (sheepdog known)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog message)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (revise!))

(define %most-messages 50000)                     ;beyond, rows stay as they are


;;; What was claimed.

(define (messages db host from)
  "Return the messages of HOST with facts as of FROM or later: #(ID BODY RECEIVED SENT SENDER SEQ)."
  (sql db "SELECT m.id, m.body, m.received, m.sent, coalesce(s.name, ''), m.seq FROM event e
 JOIN message m ON m.id = e.id LEFT JOIN sender s ON s.id = m.sender
 WHERE e.host = " host " AND e.facts >= " from " ORDER BY e.facts LIMIT " (+ 1 %most-messages)))

(define (decoded row)
  "Return the message of ROW and its origin, or #f."
  (match row
    (#(id body received sent sender seq)
     (with-error-handler
      (const #f)
      (lambda ()
        (let ((message (bytes->message body id received sent)))
          (cons message (origin (message-at message) id sender seq))))))))

(define %after-facts 1000000)                     ;place of `replaces', then those of receivers

(define (message-claims facts relation host row)
  "Return what the message ROW claims of RELATION of HOST, a list of (SHELF KEY CLAIM), those of the
whole without a shelf."
  (match (decoded row)
    (#f '())
    ((message . origin)
     (let* ((told (filter-map
                   (lambda (tuple place)
                     (match tuple
                       ((name . arguments)
                        (and (string=? name relation)
                             (match (fit facts name host arguments #:seconds? #t)
                               ((shelf key values)
                                (let ((text (key->text shelf key)))
                                  (list shelf key (holds origin place text values))))
                               (_ #f))))))
                   (message-facts message)
                   (iota (length (message-facts message)))))
            (said (make-hash-table)))
       (if (member relation (message-replaces message))
           (begin
             (for-each (match-lambda
                         ((_ _ claim) (hash-set! said (claim-key claim) #t)))
                       told)
             (cons (list #f #f (whole origin %after-facts said)) told))
           told)))))

(define (receiver-claims facts relation host from)
  (filter-map
   (match-lambda
     (#(t event sender seq n ends? arguments)
      (match (fit facts relation host (vector->list (car (%json-read arguments))))
        ((shelf key values)
         (let ((origin (origin t event sender seq))
               (place (+ %after-facts 1 n))
               (text (key->text shelf key)))
           (list shelf key (if (= 1 ends?)
                               (ends origin place text values)
                               (holds origin place text values)))))
        (_ #f))))
   (sql (facts-db facts) "SELECT f.t, f.ev, coalesce(s.name, ''), coalesce(m.seq, 0), f.n, f.ends,
 f.arguments FROM _told f LEFT JOIN message m ON m.id = f.ev LEFT JOIN sender s ON s.id = m.sender
 WHERE f.host = " host " AND f.relation = " relation " AND f.t >= " from)))


;;; To live it again.

(define (by-key found facts relation host from)
  "Return two values: a hash table from keys, as text, to (SHELF KEY CLAIM ...) for FOUND, lists
(SHELF KEY CLAIM); and the claims of the whole.  These concern all that there is."
  (let ((table (make-hash-table)))
    (define (add! shelf key text . claims)
      (match (hash-ref table text)
        (#f (hash-set! table text (cons* shelf key claims)))
        ((_ _ . before) (hash-set! table text (cons* shelf key (append claims before))))))
    (let ((wholes (filter-map (match-lambda
                                ((#f _ claim) claim)
                                ((shelf key claim)
                                 (add! shelf key (claim-key claim) claim)
                                 #f))
                              found)))
      (unless (null? wholes)
        (for-each (lambda (shelf)
                    (for-each (lambda (key)
                                (add! shelf key (key->text shelf key)))
                              (keys-from (facts-db facts) shelf host from)))
                  (shelves-of facts relation host)))
      (values table wholes))))

(define (revise-key! facts shelf key text claims from)
  (let* ((db (facts-db facts))
         (start (row-covering db shelf key from))
         (old (append (if start (list start) '()) (rows-from db shelf key from)))
         (step (and=> (shelf-relation shelf) relation-step)))
    (replace-rows! db shelf key old
                   (spans-after start text (sort claims claim<?) step from))
    (forget! facts text)))

(define (revise-from! facts relation host from)
  "Make the rows of RELATION of HOST that are not over at FROM anew; return whether that could be done."
  (let ((messages (messages (facts-db facts) host from)))
    (and (<= (length messages) %most-messages)
         (call-with-values
             (lambda ()
               (by-key (append (append-map (lambda (row)
                                             (message-claims facts relation host row))
                                           messages)
                               (receiver-claims facts relation host from))
                       facts relation host from))
           (lambda (table wholes)
             (hash-for-each
              (lambda (text found)
                (match found
                  ((shelf key . claims)
                   (unless (shelf-event? shelf)
                     (revise-key! facts shelf key text (append wholes claims) from)))))
              table)
             #t)))))

(define (revise! facts)
  "Make anew what was found late since the last time.  All events are written."
  (let ((kept (or (mark (facts-db facts) "facts-from") 0)))
    (for-each
     (match-lambda
       (((host relation) . t)
        (unless (and (revise-from! facts relation host (max t kept))
                     (>= t kept))
          (refuse! facts host relation "older than what is kept" (origin t 0)))))
     (take-late! facts))))
