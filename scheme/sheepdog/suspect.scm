;;; suspect.scm -- plugins of which a worker died: tried alone, and sent to rest when it happens again
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A worker that dies takes its whole batch with it, so the messages of a plugin that did that are
;; entered without it, and its part of them is done one by one, until it works again; then what it
;; has to do still is done together, before what comes.

(define-module (sheepdog suspect)
  #:use-module (sheepdog core)
  #:use-module (sheepdog sql)
  #:use-module ((sheepdog store) #:select (mark set-mark!))
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (monitor-plugin handler-plugin suspects rests? add-death! clear-suspect!
            postpone! postponed-attempts postponed-plugins next-postponed
            count-postponed! uncount-postponed! uncount-others-postponed! settle-postponed!))

(define %minute 60000)
(define %most-deaths 3)                           ;in a row, then it rests
(define %longest-rest (* 60 %minute))

(define (rest-length rests)
  "Return how long the rest number RESTS, from 1, lasts: 10, 20, 40, then 60 min."
  (min %longest-rest (* 10 %minute (expt 2 (min 3 (- rests 1))))))

(define (resting? until now)
  "Does what rests UNTIL (ms) rest at NOW?  Farther off than any rest is a clock that was wrong."
  (< now until (+ now %longest-rest 1)))

(define (monitor-plugin name)
  "Return what the monitor NAME is called here."
  (string-append "monitor " name))

(define (handler-plugin name)
  "Likewise of the handler NAME, a symbol."
  (string-append "handler " (symbol->string name)))

(define (rests? db plugin now)
  "Does PLUGIN rest at NOW?"
  (resting? (or (sql-value db "SELECT until FROM suspect WHERE plugin = " plugin) 0)
            now))

(define (suspects db)
  "Return the names of the plugins, `monitor disk', of which a worker died and that have not worked
since."
  (map (match-lambda (#(plugin) plugin))
       (sql db "SELECT plugin FROM suspect")))

(define (add-death! db plugin how now)
  "Note that a worker died of PLUGIN at NOW, HOW in words.  Return for how many ms it rests
therefore, or #f: it may be tried again.  Takes part in the caller's transaction."
  (sql db "INSERT INTO suspect (plugin, deaths, how) VALUES (" plugin ", 1, " how ")
 ON CONFLICT (plugin) DO UPDATE SET deaths = deaths + 1, how = excluded.how")
  (match (sql-row db "SELECT deaths, rests FROM suspect WHERE plugin = " plugin)
    (#(deaths rests)
     (and (>= deaths %most-deaths)
          (let ((rest (rest-length (+ 1 rests))))
            (sql db "UPDATE suspect SET rests = rests + 1, until = " (+ now rest)
                 " WHERE plugin = " plugin)
            rest)))))

(define (clear-suspect! db plugin)
  "Let PLUGIN, which has worked, be like any other."
  (sql db "DELETE FROM suspect WHERE plugin = " plugin))


;;; Messages that are entered, and of which only a plugin's part is still to be done.

(define (postpone! db id plugin attempts)
  "Let the part of PLUGIN in the message ID be done later; it was tried ATTEMPTS times."
  (sql db "INSERT INTO postponed (message, plugin, attempts) VALUES (" id ", " plugin ", "
       attempts ") ON CONFLICT (message) DO UPDATE
 SET attempts = max(attempts, excluded.attempts)"))

(define (postponed-attempts db id)
  "Return two values: the plugin and the attempts of the message ID if it is postponed, else #f,
#f."
  (match (sql-row db "SELECT plugin, attempts FROM postponed WHERE message = " id)
    (#f (values #f #f))
    (#(plugin attempts) (values plugin attempts))))

(define (postponed-plugins db)
  "Return the plugins that have a part to do, in O(plugins)."
  (map (match-lambda (#(plugin) plugin))
       (sql db "WITH RECURSIVE p (plugin) AS (SELECT min(plugin) FROM postponed UNION ALL
 SELECT (SELECT min(plugin) FROM postponed WHERE plugin > p.plugin) FROM p
 WHERE p.plugin IS NOT NULL) SELECT plugin FROM p WHERE plugin IS NOT NULL")))

;; A sender's messages come in their order here, too: what was tried once, perhaps without a fault of
;; its own, comes before its sender's later ones, though after what others have to be tried for the
;; first time.  What failed again loses its place: a poison must not send its plugin to rest.
(define (first-postponed db plugin limit)
  "Return at most LIMIT of the messages whose part of PLUGIN may be done now, those tried least
first, none before it was entered: a list of (ATTEMPTS ID)."
  (map (match-lambda (#(attempts id) (list attempts id)))
       (sql db "WITH tried AS (SELECT m.sender AS sender, min(p.message) AS message FROM postponed p
 JOIN message m ON m.id = p.message WHERE p.plugin = " plugin " AND p.attempts = 1
 GROUP BY m.sender)
SELECT p.attempts, p.message FROM postponed p JOIN message m ON m.id = p.message
 LEFT JOIN tried t ON t.sender = m.sender
 WHERE p.plugin = " plugin " AND p.message NOT IN (SELECT message FROM waiting)
 AND (t.message IS NULL OR p.message <= t.message)
 ORDER BY p.attempts, p.message LIMIT " limit)))

(define (sooner a b)
  (match (list a b)
    (((_ (attempts-a id-a)) (_ (attempts-b id-b)))
     (if (or (< attempts-a attempts-b)
             (and (= attempts-a attempts-b) (< id-a id-b)))
         a
         b))))

(define (next-plugin db now)
  "Return the plugin whose part in a message is to be done first at NOW, or #f."
  (match (filter-map (lambda (plugin)
                       (and (not (rests? db plugin now))
                            (match (first-postponed db plugin 1)
                              ((first) (list plugin first))
                              (() #f))))
                     (postponed-plugins db))
    (() #f)
    (firsts (car (reduce sooner #f firsts)))))

(define (next-postponed db now limit)
  "Return the messages of which a plugin's part is to be done first at NOW, in order, as
`waiting-messages' has them: at most LIMIT that were not tried yet, or one that was, or one of a
plugin that is suspected; none: there are none, or their plugins rest."
  (match (next-plugin db now)
    (#f '())
    (plugin
     (let* ((found (first-postponed db plugin (if (member plugin (suspects db)) 1 limit)))
            (untried (take-while (match-lambda ((attempts id) (zero? attempts))) found)))
       (map (match-lambda
              ((attempts id)
               (sql-row db "SELECT id, " attempts ", NULL, sender, seq, received, sent, body,
 length, 1 FROM message WHERE id = " id)))
            (if (null? untried)
                (list (first found))
                untried))))))

(define (count-postponed! db ids)
  "Count, and commit, one more attempt for the messages IDS, which are tried together."
  (with-transaction db
    (set-mark! db "tried" (string-join (map number->string ids)))
    (%db-run-many! db "UPDATE postponed SET attempts = attempts + 1 WHERE message = ?"
                   (map list ids))))

(define (uncount! db ids)
  (%db-run-many! db "UPDATE postponed SET attempts = attempts - 1
 WHERE attempts > 0 AND message = ?"
                 (map list ids)))

(define (uncount-postponed! db ids)
  "Take the last attempt for the messages IDS back: it was not their fault."
  (with-transaction db
    (uncount! db ids)))

(define (tried-with db id)
  "Return the messages that were tried together with ID, the last time that any were."
  (let ((ids (map string->number (string-tokenize (or (mark db "tried") "")))))
    (if (memv id ids)
        (delete id ids)
        '())))

(define (uncount-others-postponed! db id)
  "Take the last attempt for the messages that were tried together with ID back: it was the fault
of that one.  Takes part in the caller's transaction."
  (uncount! db (tried-with db id)))

(define (settle-postponed! db id)
  "Nothing is left to be done for the message ID."
  (sql db "DELETE FROM postponed WHERE message = " id))
