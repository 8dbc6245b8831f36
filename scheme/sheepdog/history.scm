;;; history.scm -- how the subjects stand and what was said of them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Reading only.  What writes is (sheepdog store) and (sheepdog round).

(define-module (sheepdog history)
  #:use-module (sheepdog name)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:export (standing
            standing?
            standing-id standing-host standing-tag standing-monitor standing-state
            standing-hard standing-since standing-bad-since standing-failures
            standing-heard standing-event standing-ok-at standing-ok-elapsed
            standing-summary standing-elapsed standing-every standing-quiet quieten
            quiet quiet-kind quiet-name quiet-until quiet-who quiet-reason
            subjects
            find-subject
            run-times

            entry
            entry?
            entry-id entry-at entry-received entry-host entry-tag entry-monitor
            entry-kind entry-state entry-before entry-nth entry-summary entry-elapsed
            entry-told entry-held?
            state-before
            bad-in-a-row
            newest-entries
            entries-after
            sort-entries
            newest-id
            find-entry
            event-time))


;;; Subjects

(define-immutable-record-type <standing>
  (make-standing id host tag monitor state hard since bad-since failures heard event
                 ok-at ok-elapsed summary elapsed every quiet)
  standing?
  (id standing-id)
  (host standing-host)
  (tag standing-tag)
  (monitor standing-monitor)
  (state standing-state)                         ;symbol | #f: none was told
  (hard standing-hard)                           ;symbol | #f
  (since standing-since)                         ;epoch ms
  (bad-since standing-bad-since)                 ;epoch ms | #f
  (failures standing-failures)                   ;not ok in a row
  (heard standing-heard)                         ;epoch ms
  (event standing-event)                         ;id of the newest result
  (ok-at standing-ok-at)                         ;epoch ms | #f: never
  (ok-elapsed standing-ok-elapsed)               ;ms | #f: no command
  (summary standing-summary)
  (elapsed standing-elapsed)                     ;ms of the newest result | #f
  (every standing-every)                         ;ms | #f: not declared
  (quiet standing-quiet set-standing-quiet))     ;list of <quiet>: why nobody is told

(define (standing . values)
  "Return the standing of VALUES, all but its quiet."
  (apply make-standing (append values '(()))))

(define-record-type <quiet>
  (quiet kind name until who reason)
  quiet?
  (kind quiet-kind)                              ;symbol: silenced acked held
  (name quiet-name)                              ;string: #3, FILE:LINE, or what it depends on
  (until quiet-until)                            ;epoch ms | #f: until it is ok, or no time
  (who quiet-who)                                ;string, "": the configuration
  (reason quiet-reason))                         ;string

(define (quieten standing quiet)
  "Return STANDING with QUIET, a list of <quiet>."
  (set-standing-quiet standing quiet))

(define (state text)
  (and (not (string-null? text)) (string->symbol text)))

(define row->standing
  (match-lambda
    (#(id host tag monitor now hard since bad-since failures heard event
       ok-at ok-elapsed summary elapsed every)
     (standing id host tag monitor (state now) (state hard) since bad-since failures
               heard event ok-at ok-elapsed summary elapsed every))))

(define* (subjects db #:optional pattern)
  "Return the subjects of DB that fit PATTERN, all without one: a list of
<standing>, sorted by host and tag."
  (let ((all (map row->standing
                  (sql db "SELECT s.id, s.host, s.tag, s.monitor, s.state, s.hard,
 s.since, s.bad_since, s.failures, s.heard, s.event, o.t, o.elapsed, s.summary,
 e.elapsed, s.every
 FROM subject s LEFT JOIN event o ON o.id = s.ok_event
 LEFT JOIN event e ON e.id = s.event
 WHERE s.forgotten IS NULL OR s.state <> '' OR s.heard > s.forgotten ORDER BY s.host, s.tag"))))
    (if pattern
        (filter (lambda (s)
                  (pattern-matches? pattern (standing-host s) (standing-tag s)))
                all)
        all)))

(define (find-subject db host tag)
  "Return the <standing> of HOST/TAG in DB, or #f."
  (match (sql-row db "SELECT s.id, s.host, s.tag, s.monitor, s.state, s.hard,
 s.since, s.bad_since, s.failures, s.heard, s.event, o.t, o.elapsed, s.summary,
 e.elapsed, s.every
 FROM subject s LEFT JOIN event o ON o.id = s.ok_event
 LEFT JOIN event e ON e.id = s.event
 WHERE s.host = " host " AND s.tag = " tag)
    (#f #f)
    (row (row->standing row))))

(define %most-runs 8)

(define (newer-run? a b)
  (match (list a b)
    ((#(t event _) #(other-t other-event _))
     (or (> t other-t)
         (and (= t other-t) (> event other-event))))))

(define (unindexed-runs db)
  "Return the runs that the index of events has not got yet, a hash table from names of subjects to
lists of #(T EVENT ELAPSED), the newest first."
  (let ((runs (make-hash-table)))
    (for-each (match-lambda
                (#(host tag t event elapsed)
                 (let ((name (subject-name host tag)))
                   (hash-set! runs name
                              (cons (vector t event elapsed) (hash-ref runs name '()))))))
              (sql db "SELECT host, tag, t, id, elapsed FROM event
 WHERE id > (SELECT value FROM mark WHERE name = 'indexed') AND elapsed IS NOT NULL
 ORDER BY t, id"))
    runs))

(define (indexed-runs db subject)
  "Return the newest of the other runs of SUBJECT, as `unindexed-runs' does."
  ;; The inner limit: a subject may have no end of messages without a run.
  (sql db "SELECT s.t, s.event, e.elapsed FROM (SELECT t, event FROM event_index WHERE host = "
       (standing-host subject) " AND tag = " (standing-tag subject)
       " ORDER BY t DESC, event DESC LIMIT 40) s JOIN event e ON e.id = s.event
 WHERE e.elapsed IS NOT NULL ORDER BY s.t DESC, s.event DESC LIMIT " %most-runs))

(define (run-times db)
  "Return a procedure that tells how long the last eight runs of a <standing> of DB took: a list of
ms, the oldest first; '() where no command runs."
  ;; Behind a flood the index lags by thousands of events: they are read once, not once a subject.
  (define unindexed (delay (unindexed-runs db)))
  (lambda (subject)
    (if (standing-elapsed subject)
        (let ((runs (merge (hash-ref (force unindexed)
                                     (subject-name (standing-host subject) (standing-tag subject))
                                     '())
                           (indexed-runs db subject)
                           newer-run?)))
          (reverse (map (match-lambda (#(t event elapsed) elapsed))
                        (take runs (min %most-runs (length runs))))))
        '())))

;;; What was said

(define-record-type <entry>
  (entry id at received host tag monitor kind state before nth summary elapsed told held?)
  entry?
  (id entry-id)                                  ;of the message and its event | #f: see annals
  (at entry-at)                                  ;epoch ms
  (received entry-received)                      ;epoch ms
  (host entry-host)
  (tag entry-tag)
  (monitor entry-monitor)
  (kind entry-kind)                              ;symbol
  (state entry-state)                            ;symbol | #f: tells none
  (before entry-before)                          ;symbol, of the result before | #f
  (nth entry-nth)                                ;how many results in a row not ok
  (summary entry-summary)
  (elapsed entry-elapsed)                        ;ms | #f
  (told entry-told)                              ;list of recipients told of it
  (held? entry-held?))                           ;may somebody still be told of it?

(define (state-before db host tag at id)
  "The state of the result before that of ID at AT, a symbol, or #f: there is none."
  (state
   (or (sql-value db "SELECT state, t, event FROM said WHERE host = " host " AND tag = " tag
                 " AND (t, event) < (" at ", " id ") AND state <> ''
 ORDER BY t DESC, event DESC LIMIT 1")
       "")))

(define (bad-in-a-row db host tag at id)
  "How many results of HOST/TAG in a row, up to that of ID at AT, were not ok;
a thousand and more are a thousand."
  (let ((ok (match (sql-row db "SELECT t, event FROM said WHERE host = " host
                            " AND tag = " tag " AND (t, event) <= (" at ", " id ")
 AND state = 'ok' ORDER BY t DESC, event DESC LIMIT 1")
              (#f '(-1 . -1))
              (#(t id) (cons t id)))))
    (sql-value db "SELECT count(*) FROM (SELECT 1 FROM said WHERE host = " host
               " AND tag = " tag " AND (t, event) <= (" at ", " id ") AND (t, event) > ("
               (car ok) ", " (cdr ok) ") AND state <> '' LIMIT 1000)")))

(define (told-of db id)
  (map (match-lambda (#(recipient) recipient))
       (sql db "SELECT DISTINCT o.recipient FROM event e
 JOIN subject s ON s.host = e.host AND s.tag = e.tag
 JOIN about a ON a.subject = s.id AND a.event = e.id
 JOIN outbox o ON o.id = a.outbox
 WHERE e.id = " id " ORDER BY 1")))

(define (held? db id)
  "Is telling somebody of the event ID, of an incident that is not over, only put off?"
  (= 1 (sql-value db "SELECT EXISTS (SELECT 1 FROM event e
 JOIN subject s ON s.host = e.host AND s.tag = e.tag
 JOIN decision d ON d.subject = s.id
 WHERE e.id = " id " AND e.t >= s.bad_since AND d.verdict = 'hold'
 AND NOT EXISTS (SELECT 1 FROM decision n WHERE n.subject = d.subject
  AND n.recipient = d.recipient AND (n.id > d.id OR (n.verdict <> 'hold' AND n.event >= e.id))))")))

(define (find-entry db id)
  "Return the <entry> of the message ID, or #f: not handled, or unknown."
  (match (sql-row db "SELECT t, rx, host, tag, monitor, kind, state, summary, elapsed
 FROM event WHERE id = " id)
    (#f #f)
    (#(at received host tag monitor kind now summary elapsed)
     (let* ((now (state now))
            (bad? (and now (not (eq? now 'ok)))))
       (entry id at received host tag monitor (string->symbol kind) now
              (and now (state-before db host tag at id))
              (if bad? (bad-in-a-row db host tag at id) 0)
              summary elapsed
              (told-of db id)
              (and bad? (held? db id)))))))

(define (names db pattern)
  "The (host, tag) that fit PATTERN of all that anything was ever said of, as the
JSON array that json_each takes; #f without a PATTERN."
  (and pattern
       (string-append
        "["
        (string-join
         (filter-map
          (match-lambda
            (#(host tag pair) (and (pattern-matches? pattern host tag) pair)))
          ;; One look or two into the index a name, however many events there are: SQLite takes
          ;; (host, tag) > (?, ?) for host > ? here, and goes over all events of the host.
          (sql db "WITH RECURSIVE n(host, tag) AS (
 SELECT * FROM (SELECT host, tag FROM event_index ORDER BY host, tag LIMIT 1)
 UNION ALL
 SELECT e.host, e.tag FROM n JOIN event e ON e.id = coalesce(
  (SELECT event FROM event_index WHERE host = n.host AND tag > n.tag ORDER BY tag LIMIT 1),
  (SELECT event FROM event_index WHERE host > n.host ORDER BY host, tag LIMIT 1)))
 SELECT host, tag, json_array(host, tag) FROM n
 UNION
 SELECT host, tag, json_array(host, tag) FROM event
 WHERE id > (SELECT value FROM mark WHERE name = 'indexed')"))
         ",")
        "]")))

(define* (newest-entries db pattern #:key limit since until (states '()))
  "Return what was said of the subjects that fit PATTERN (#f: of all), a list of
<entry> by time, the newest last: at most LIMIT of the newest, of SINCE and later
and before UNTIL (epoch ms, #f: any), of STATES (symbols, none: any)."
  (let ((limit (or limit -1))
        (since (or since -9223372036854775808))
        (until (or until 9223372036854775807))
        (states (states->json states))
        (names (names db pattern)))
    (sort-entries
     (map (match-lambda (#(id t) (find-entry db id)))
          (if names
              (sql db "SELECT event, t FROM said
 WHERE (host, tag) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
 FROM json_each(" names ")) AND t >= " since " AND t < " until " AND (" states " = '[]'
 OR state IN (SELECT value FROM json_each(" states "))) ORDER BY t DESC, event DESC LIMIT " limit)
              (sql db "SELECT id, t FROM event WHERE t >= " since " AND t < " until
                   " AND (" states " = '[]' OR state IN
 (SELECT value FROM json_each(" states "))) ORDER BY id DESC LIMIT " limit))))))

(define (states->json states)
  (string-append "[" (string-join (map (lambda (state) (format #f "\"~a\"" state))
                                       states)
                                  ",")
                 "]"))

(define (sort-entries entries)
  (sort entries (lambda (a b)
                  (or (< (entry-at a) (entry-at b))
                      (and (= (entry-at a) (entry-at b))
                           (< (entry-id a) (entry-id b)))))))

(define* (entries-after db id pattern #:key (states '()))
  "Return two values: what came after the event ID and fits PATTERN and STATES, as
`newest-entries' does, in the order in which it came, a thousand at most; and the id
to go on from."
  (let ((ids (map (match-lambda (#(id) id))
                  (sql db "SELECT id FROM event WHERE id > " id " ORDER BY id LIMIT 1000"))))
    (values
     (filter (lambda (entry)
               (and (or (not pattern)
                        (pattern-matches? pattern (entry-host entry) (entry-tag entry)))
                    (or (null? states) (memq (entry-state entry) states))))
             (map (lambda (id) (find-entry db id)) ids))
     (if (null? ids) id (last ids)))))

(define (newest-id db)
  "Return the id of the newest event of DB, 0 when there is none."
  (or (sql-value db "SELECT max(id) FROM event") 0))

(define (event-time db id)
  "Return when what the event ID tells of happened, in ms, or #f: there is none."
  (sql-value db "SELECT t FROM event WHERE id = " id))
