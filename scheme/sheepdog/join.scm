;;; join.scm -- what waits for a recipient who could not be reached goes as one notification
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Only a try that is known to have failed is followed by a notification that says more under the same
;; Message-ID: of one that was cut off a copy may have arrived.

(define-module (sheepdog join)
  #:use-module (sheepdog bulletin)
  #:use-module (sheepdog core)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (join-waiting! join-notices))

(define (ref notice key)
  (assq-ref notice key))

(define (all-of key notices)
  (append-map (lambda (notice) (vector->list (or (ref notice key) #()))) notices))

(define (join-notices notices)
  "Return one notice, as the outbox keeps them, for NOTICES, the oldest first.  It has the Message-ID
of the oldest, and refers to the others' as well as to what they refer to: so it is in the thread of
whatever refers to them later."
  (let* ((items (all-of 'news notices))
         (oldest (first notices))
         (id (ref oldest 'id))
         (references (delete id
                             (delete-duplicates
                              (append (all-of 'references notices)
                                      (map (lambda (notice) (ref notice 'id)) notices))))))
    `((to . ,(ref oldest 'to))
      (kind . "group")
      (state . ,(bulletin-state items))
      (host . "")
      (tag . "")
      (title . ,(bulletin-title items))
      (text . ,(bulletin-text items))
      (id . ,id)
      (references . ,(list->vector references))
      (event . 0)
      (at . ,(ref oldest 'at))
      (news . ,(list->vector items)))))

(define (json->notice json)
  "Return the notice of JSON, an action of the outbox, if it can be joined, else #f."
  (match (vector->list (car (%json-read json)))
    (("notify" notice)
     (let ((news (ref notice 'news)))
       (and (vector? news)
            (positive? (vector-length news))
            (not (member (ref notice 'kind) '("digest" "report")))
            notice)))
    (_ #f)))

(define (join-rows! db id joined notices)
  "Let the row ID say what NOTICES say: its own and those of the rows JOINED, which go."
  (sql db "UPDATE outbox SET action = "
       (%json-write (vector "notify" (join-notices notices)))
       ", kind = 'group', subject = NULL, event = NULL WHERE id = " id)
  (for-each (lambda (other)
              (sql db "UPDATE OR IGNORE about SET outbox = " id " WHERE outbox = " other)
              (sql db "DELETE FROM about WHERE outbox = " other)
              (sql db "DELETE FROM outbox WHERE id = " other))
            joined))

(define (join-waiting! db head)
  "If the last try of HEAD failed let it say, too, what waits behind it, up to the first that cannot be
joined.  Takes part in the caller's transaction."
  (when (and (positive? (head-tries head))
             (sql-row db "SELECT 1 FROM outbox WHERE id = " (head-id head)
                      " AND error IS NOT NULL"))
    (let ((rows (take-while second
                            (map (match-lambda (#(id json) (list id (json->notice json))))
                                 (sql db "SELECT id, action FROM outbox WHERE recipient = "
                                      (head-recipient head)
                                      " AND next IS NOT NULL ORDER BY id LIMIT 1000")))))
      (match rows
        (((id notice) (joined notices) ..1)
         (when (= id (head-id head))
           (join-rows! db id joined (cons notice notices))))
        (_ #t)))))
