;;; request.scm -- silences and acknowledgements that people ask for: made, ended, listed
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Rows of the table silence.  What they do to notifications is decided by (sheepdog silence); the
;; configuration's silences are not here.  Each procedure takes part in the caller's transaction.

(define-module (sheepdog request)
  #:use-module (sheepdog core)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (request request-id request-kind request-pattern request-rank request-from
            request-until request-who request-at request-reason
            request! withdraw! requests))

(define %open-end 9223372036854775807)

(define-record-type <request>
  (request id kind pattern rank from until who at reason)
  request?
  (id request-id)                                 ;integer; people write #3
  (kind request-kind)                             ;symbol: silence ack
  (pattern request-pattern)                       ;string HOST/TAG; of an ack the subject itself
  (rank request-rank)                             ;integer: of the state acknowledged; else 0
  (from request-from)                             ;ms
  (until request-until)                           ;ms | #f: until the subject is ok
  (who request-who)                               ;string
  (at request-at)                                 ;ms: when it was asked for
  (reason request-reason))                        ;string, "" when nobody said

(define row->request
  (match-lambda
    (#(id kind pattern rank from until who at reason)
     (request id (string->symbol kind) pattern rank from
              (and (< until %open-end) until) who at reason))))

(define (requests db now)
  "Return the requests of DB that count at NOW (ms) or later, as a list of <request>, the oldest
first."
  (map row->request
       (sql db "SELECT id, kind, pattern, rank, t0, t1, who, at, reason FROM silence
 WHERE t1 > " now " ORDER BY id")))

(define (withdraw! db kind which now)
  "End the requests of KIND (silence, ack) that WHICH names, an id or the pattern as it was asked for,
at NOW (ms).  Return how many those were."
  (if (integer? which)
      (sql-changes db "UPDATE silence SET t1 = max(t0, " now ") WHERE id = " which
                   " AND kind = " kind " AND t1 > " now)
      (sql-changes db "UPDATE silence SET t1 = max(t0, " now ") WHERE pattern = " which
                   " AND kind = " kind " AND t1 > " now)))

(define* (request! db kind pattern now #:key until (rank 0) (who "") (reason ""))
  "Ask for a KIND, silence or ack, of PATTERN (a string) from NOW till UNTIL (ms, #f: until it is
ok), in place of the one that there is.  Return its id."
  (withdraw! db kind pattern now)
  (sql db "INSERT INTO silence (kind, pattern, rank, t0, t1, who, at, reason) VALUES (" kind
       ", " pattern ", " rank ", " now ", " (or until %open-end) ", " who ", " now ", "
       reason ")")
  (%db-last-id db))
