;;; trouble.scm -- what the server says of itself and of senders: each trouble once, and its end
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A message of the server's own waits like any other, so that a broken plugin is a subject with
;; a state, a history and notifications: SERVER/sheepdog monitor NAME.  A mark remembers what was
;; said, so that it is said once.

(define-module (sheepdog trouble)
  #:use-module (sheepdog core)
  #:use-module (sheepdog message)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (note-receivers! note-death! note-recovery! note-configuration! note-plugins!
            note-findings! note-clock! note-outage! note-missing! note-clones! note-clocks! note-cut-off!
            note-relations! note-answer! note-none! note-question!))

(define* (bark! db policy tag state summary now #:key host (monitor "message") (time now))
  "Let the server say that the subject TAG of HOST (#f: its own) has STATE, or, if that is #f,
what MONITOR makes of it."
  (add-own-message! db
                    (%json-write
                     (make-bark #:host (or host (policy-name policy))
                                #:monitor monitor
                                #:tag tag
                                #:state state
                                #:summary summary
                                #:time time))
                    now))

(define* (bark-once! db policy trouble tag state summary now #:key host)
  "Let the server say that TAG has STATE, unless that is what it said last of TROUBLE (a name);
nothing is said of what was always well."
  (let* ((name (string-append "trouble " trouble))
         (text (symbol->string state)))
    (unless (equal? text (or (mark db name) "ok"))
      (bark! db policy tag state summary now #:host host)
      (if (eq? state 'ok)
          (sql db "DELETE FROM mark WHERE name = " name)
          (set-mark! db name text)))))

(define (note! db policy host summary now)
  "Let SUMMARY, which is no state, be told once of the spool of HOST (#f: unknown)."
  (bark! db policy "sheepdog spool" #f summary now #:host (or host "unknown") #:monitor "note"))

(define (monitor-tag name)
  (string-append "sheepdog monitor " name))


;;; Receivers.

(define (troubled db kind)
  "Return the names of those of KIND, a string, of which a trouble was said."
  (let ((prefix (string-append "trouble " kind " ")))
    (map (match-lambda (#(name) (string-drop name (string-length prefix))))
         (sql db "SELECT name FROM mark WHERE name >= " prefix " AND name < "
              (string-append "trouble " kind "!")))))

(define (note-receivers! db policy outcomes now)
  "Say so when a receiver fails that did not, and when it works again.  OUTCOMES are lists
(MONITOR ID TROUBLE) of the messages just received, TROUBLE a string or #f.  Takes part in the
caller's transaction."
  (let* ((known (troubled db "receiver"))
         (failing (delete-duplicates (filter third outcomes)
                                     (lambda (a b) (string=? (first a) (first b))))))
    (define (say! monitor state summary)
      (bark-once! db policy (string-append "receiver " monitor) (monitor-tag monitor)
                  state summary now))
    (for-each
     (match-lambda
       ((monitor id trouble)
        (unless (member monitor known)
          (%log 'warning (format #f "receiver of monitor ~a failed on message ~a: ~a"
                                 monitor id trouble))
          (say! monitor 'warn
                (format #f "its receiver failed on message ~a: ~a" id trouble)))))
     failing)
    (for-each
     (lambda (monitor)
       (when (and (assoc monitor outcomes)
                  (not (assoc monitor failing)))
         (say! monitor 'ok "its receiver works again")))
     known)))


;;; Plugins of which a worker died.

(define (plugin-trouble plugin)
  (match (string-split plugin #\space)
    (("monitor" name) (string-append "receiver " name))
    (_ plugin)))

(define (note-recovery! db policy plugin now)
  "Say that PLUGIN, of which a worker died, works again.  Takes part in the caller's transaction."
  (bark-once! db policy (plugin-trouble plugin) (string-append "sheepdog " plugin)
              'ok "it works again" now))

(define (note-death! db policy plugin text rest now)
  "Say that a worker died of PLUGIN, `monitor disk', how it did being TEXT, and that it rests for
REST ms, unless that is #f.  Takes part in the caller's transaction."
  (let ((tag (string-append "sheepdog " plugin))
        (trouble (plugin-trouble plugin)))
    (cond (rest
           (bark! db policy tag 'fail
                  (string-append text "; it rests for " (duration->text rest)) now)
           (set-mark! db (string-append "trouble " trouble) now))
          (else
           (bark-once! db policy trouble tag 'warn text now)))))


;;; What is read again while the server runs.

(define (note-configuration! db policy good? now)
  "Say so when the configuration that was read again is not GOOD?, and when it is."
  (with-transaction db
    (bark-once! db policy "configuration" "sheepdog config"
                (if good? 'ok 'warn)
                (if good?
                    "the configuration is good"
                    "the new configuration has errors: the old one stays")
                now)))

(define (note-plugins! db policy outcomes now)
  "Say so when a plugin that was loaded again is broken, and when it is not.  OUTCOMES is an
alist from names to the reason, a string, or #f: it is good."
  (with-transaction db
    (for-each (match-lambda
                ((name . reason)
                 (bark-once! db policy (string-append "plugin " name) (monitor-tag name)
                             (if reason 'warn 'ok)
                             (if reason
                                 (string-append reason "; the old one stays")
                                 "it is loaded again")
                             now)))
              outcomes)))


(define (note-relations! db policy wrong now)
  "Say so when relations cannot be what is declared, and when they can.  WRONG is a list of strings.  Takes
part in the caller's transaction."
  (bark-once! db policy "relations" "sheepdog relations"
              (if (null? wrong) 'ok 'warn)
              (if (null? wrong)
                  "all relations are as they are declared"
                  (string-join wrong "; "))
              now))


;;; What the server finds when it looks at itself, and at the numbers of senders.  Each takes part
;;; in the caller's transaction.

(define (note-findings! db policy findings now)
  "Say what changed of FINDINGS, a list of (NAME STATE SUMMARY)."
  (for-each (match-lambda
              ((name state summary)
               (bark-once! db policy name (string-append "sheepdog " name) state summary now)))
            findings))

(define (note-clock! db policy text now)
  "Say that what is due cannot be done because of TEXT, or, if that is #f, that it can again."
  (bark-once! db policy "clock" "sheepdog expect" (if text 'warn 'ok)
              (if text
                  (string-append "what was due failed and is tried again later: " text)
                  "all that was due is done")
              now))

(define (note-outage! db policy name summary since now)
  "Say that what NAME stands for failed because of SUMMARY from SINCE to NOW, when it could not
be said."
  (let ((tag (string-append "sheepdog " name)))
    (bark! db policy tag 'fail summary now #:time since)
    (bark! db policy tag 'ok "it works again" now)))

(define (note-missing! db policy missing now)
  "Report MISSING, as `take-missing!' tells it."
  (for-each (match-lambda
              ((host sender count ranges)
               (note! db policy host
                      (format #f "~a message~a missing from ~a: ~a" count
                              (if (= count 1) "" "s") (or host sender) ranges)
                      now)))
            missing))

(define (note-clones! db policy clones now)
  "Report CLONES, as `take-clones!' tells them."
  (for-each (match-lambda
              ((host sender)
               (note! db policy host
                      (format #f "two machines share sender id ~a (cloned spool?)" sender)
                      now)))
            clones))

(define (note-cut-off! db policy host tag boot now)
  "Say that a run of HOST/TAG was cut off when its machine was started at BOOT (ms)."
  (bark! db policy tag 'fail "cut off by a reboot" now #:host host #:time boot))


;;; What is asked by itself.  Each takes part in the caller's transaction.

(define (note-answer! db policy host tag state summary now)
  "Say that TAG of HOST (#f: our own), the answer to a question, has STATE."
  (bark! db policy tag state summary now #:host host))

(define (note-none! db policy question state summary now)
  "Say what STATE the subject QUESTION has, that fails while there is no answer, if it is another one."
  (bark-once! db policy (string-append "none " question) question state summary now))

(define (note-question! db policy question text now)
  "Say that QUESTION is not asked because of TEXT, or, if that is #f, that it is again."
  (bark-once! db policy (string-append "question " question)
              (string-append "sheepdog question " question)
              (if text 'warn 'ok) (or text "it is asked again") now))


;;; The clocks of machines.

(define (clock-words difference)
  "Return what is said of a clock that is DIFFERENCE ms ahead of ours."
  (format #f "its clock is ~a ~a" (duration->text (abs difference))
          (if (negative? difference) "behind" "ahead")))

(define (note-clocks! db policy messages now)
  "Say so when the clock of a host that MESSAGES came from is not ours, and when it is again.
Takes part in the caller's transaction."
  (let ((known (troubled db "clock"))
        (seen (make-hash-table)))
    (define (skewed? message)
      (memq 'skew (message-flags message)))
    (for-each (lambda (message)
                (when (or (skewed? message)
                          (and (pair? known) (message-sent message)
                               (member (message-host message) known)))
                  (hash-set! seen (message-host message) message)))
              messages)
    (hash-for-each
     (lambda (host message)
       (bark-once! db policy (string-append "clock " host) "sheepdog clock"
                   (if (skewed? message) 'warn 'ok)
                   (if (skewed? message)
                       (clock-words (- (message-sent message) (message-received message)))
                       "its clock is right")
                   now #:host host))
     seen)))
