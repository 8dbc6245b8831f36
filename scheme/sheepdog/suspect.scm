;;; suspect.scm -- plugins of which a worker died: tried alone, and sent to rest when it happens again
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A worker that dies takes its whole batch with it, so the messages of a plugin that did that are
;; entered without it, and its part of them is done one by one, until it works again.

(define-module (sheepdog suspect)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (monitor-plugin handler-plugin suspects rests? add-death! clear-suspect!
            postpone! postponed-attempts next-postponed count-postponed! uncount-postponed!
            settle-postponed!))

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

(define (first-of db plugin)
  "Return (ATTEMPTS ID) of the message whose part of PLUGIN is to be done first, or #f: one that
was not tried yet goes before one that was, and none before it was entered."
  (match (sql-row db "SELECT attempts, message FROM postponed WHERE plugin = " plugin
                  " AND message NOT IN (SELECT message FROM waiting)
 ORDER BY attempts, message LIMIT 1")
    (#(attempts id) (list attempts id))
    (#f #f)))

(define (sooner a b)
  (match (list a b)
    (((attempts-a id-a) (attempts-b id-b))
     (if (or (< attempts-a attempts-b)
             (and (= attempts-a attempts-b) (< id-a id-b)))
         a
         b))))

(define (next-postponed db now)
  "Return the message of which a plugin's part is to be done first at NOW, as `waiting-messages'
has them, or #f: there is none, or its plugin rests."
  (match (filter (lambda (plugin)
                   (not (rests? db plugin now)))
                 (postponed-plugins db))
    (() #f)
    (plugins
     (match (reduce sooner #f (filter-map (lambda (plugin) (first-of db plugin)) plugins))
       (#f #f)
       ((attempts id)
        (sql-row db "SELECT id, " attempts ", NULL, sender, seq, received, sent, body, length, 1
 FROM message WHERE id = " id))))))

(define (count-postponed! db id)
  "Count, and commit, one more attempt for the message ID."
  (sql db "UPDATE postponed SET attempts = attempts + 1 WHERE message = " id))

(define (uncount-postponed! db id)
  "Take the last attempt for the message ID back: it was not its fault."
  (sql db "UPDATE postponed SET attempts = attempts - 1 WHERE attempts > 0 AND message = " id))

(define (settle-postponed! db id)
  "Nothing is left to be done for the message ID."
  (sql db "DELETE FROM postponed WHERE message = " id))
