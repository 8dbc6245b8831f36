;;; silence.scm -- what people do not want to hear of: silences and acknowledgements
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A silence of the configuration ends at a time, or comes again with a window; others are rows of a
;; table, made by hand.  An acknowledgement is a silence of one bad subject that ends when that is
;; ok, and of which worse states are told.

(define-module (sheepdog silence)
  #:use-module (sheepdog due)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (silence silence? silence-name silence-pattern silence-from silence-rank silence-planned?
            silence-reason silence-who silence-ack? silence-until
            silence-active? silence-boundary
            silences-at find-silence find-ack planned?
            silence->verdict
            end-acks! silences-changed!))

(define %open-end 9223372036854775807)

(define-record-type <silence>
  (make-silence name pattern ack? rank from until during next reason who)
  silence?
  (name silence-name)                             ;string: "#3", or "FILE:LINE"
  (pattern silence-pattern)
  (ack? silence-ack?)
  (rank silence-rank)                             ;integer: of an ack, worse states are told
  (from silence-from)                             ;ms
  (until silence-end)                             ;ms; the open end
  (during silence-during)                         ;(ms) -> end of the window | #f: it is closed | #f
  (next silence-next)                             ;(ms) -> when the window begins or ends | #f
  (reason silence-reason)                         ;string
  (who silence-who))                              ;string

(define* (silence name pattern #:key ack? (rank 3) (from 0) (until %open-end) during next
                  (reason "") (who ""))
  "Return the silence NAME of what PATTERN fits, FROM and UNTIL ms, or whenever (DURING ms) is
true: it returns the end of a window that is open then.  (NEXT ms) is when it next begins or ends."
  (make-silence name pattern ack? rank from until during next reason who))

(define (silence-planned? silence)
  (and (silence-during silence) #t))

(define (silence-until silence now)
  "Return when SILENCE, which counts at NOW, ends by itself, in ms; #f: it does not."
  (let ((until (match (silence-during silence)
                 (#f (silence-end silence))
                 (during (during now)))))
    (and (not (eqv? until %open-end)) until)))

(define (silence-boundary silence now)
  "Return when SILENCE next begins or ends after NOW by its window or its end, or #f: never."
  (match (silence-next silence)
    (#f (let ((until (silence-until silence now)))
          (and until (> until now) until)))
    (next (next now))))

(define (silence-active? silence now)
  (and (<= (silence-from silence) now)
       (< now (silence-end silence))
       (or (not (silence-during silence))
           ((silence-during silence) now))
       #t))

(define (fits? silence subject)
  (pattern-matches? (silence-pattern silence) (subject-host subject) (subject-tag subject)))


;;; Which silence counts.

(define (row->silence kind)
  (match-lambda
    (#(id text rank from until who reason)
     (let ((pattern (pattern text)))
       (and pattern
            (silence (string-append "#" (number->string id)) pattern
                     #:ack? (string=? kind "ack") #:rank rank #:from from #:until until
                     #:reason reason #:who who))))))

(define (stored db kind now)
  (filter-map (row->silence kind)
              (sql db "SELECT id, pattern, rank, t0, t1, who, reason FROM silence
 WHERE kind = " kind " AND t1 > " now " AND t0 <= " now " ORDER BY id")))

(define (silences-at db configured now)
  "Return the silences that count at NOW: those of CONFIGURED, a list of <silence>, and those of DB."
  (append (filter (lambda (silence) (silence-active? silence now)) configured)
          (stored db "silence" now)))

(define (find-silence silences subject)
  "Return the one of SILENCES, which all count now, of SUBJECT that lasts longest, or #f."
  (define (lasts silence)
    (if (silence-during silence) 0 (silence-end silence)))
  (fold (lambda (silence best)
          (if (and (fits? silence subject)
                   (or (not best) (> (lasts silence) (lasts best))))
              silence
              best))
        #f silences))

(define (find-ack db subject now)
  "Return the acknowledgement of SUBJECT that counts at NOW, or #f."
  (let ((name (subject-name (subject-host subject) (subject-tag subject))))
    (match (sql db "SELECT id, pattern, rank, t0, t1, who, reason FROM silence
 WHERE kind = 'ack' AND pattern = " name " AND t1 > " now " AND t0 <= " now
 " ORDER BY rank DESC, id DESC LIMIT 1")
      (() #f)
      ((#(id text rank from until who reason))
       (silence (string-append "#" (number->string id)) #f #:ack? #t #:rank rank
                #:from from #:until until #:reason reason #:who who)))))

(define (planned? configured subject now)
  "Does a silence during a window, one of CONFIGURED, count for SUBJECT at NOW?"
  (any (lambda (silence)
         (and (silence-planned? silence)
              (silence-active? silence now)
              (fits? silence subject)))
       configured))

(define (silence->verdict silence ack subject now)
  "Return the verdict, a hold, that SILENCE or ACK (#f: there is none) is to what is to be told of
SUBJECT at NOW, or #f."
  (define (hold word silence)
    (verdict 'hold (string-append word " " (silence-name silence))
             (silence-until silence now) (silence-name silence)))
  (cond (silence (hold "silenced" silence))
        ((and ack (<= (state-rank (subject-hard subject)) (silence-rank ack)))
         (hold "acked" ack))
        (else #f)))


;;; Changes.

(define (end-acks! db subject now)
  "End what was acknowledged of SUBJECT, which is ok."
  (sql db "UPDATE silence SET t1 = " now " WHERE kind = 'ack' AND pattern = "
       (subject-name (subject-host subject) (subject-tag subject)) " AND t1 > " now))

(define (silences-changed! db now)
  "Let all that silences and acknowledgements of DB hold be decided again at NOW: one has been made
or ended by hand.  What is about to be told is decided again in any case.  Takes part in the
caller's transaction."
  (for-each (match-lambda (#(subject) (due-by! db now 'look subject)))
            (sql db "SELECT DISTINCT subject FROM hold WHERE reason IN ('silenced', 'acked')")))
