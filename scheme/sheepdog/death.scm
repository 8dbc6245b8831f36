;;; death.scm -- what the worker before this one died of, charged to a message and to a plugin
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Attempts are counted for a whole batch before it is tried.  Whoever knows at which message the
;; worker died takes them back for all others, which are tried as if nothing had happened.

(define-module (sheepdog death)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog message)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog suspect)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:export (heed-death! note-alive!))

(define %most-attempts 3)

(define (plugin-of-message db id)
  "Return the plugin whose part the message ID is, or #f."
  (match (sql-row db "SELECT body, received, sent FROM message WHERE id = " id)
    (#f #f)
    (#(body received sent)
     (with-error-handler
      (const #f)
      (lambda ()
        (monitor-plugin (message-monitor (bytes->message body id received sent))))))))

(define (plugin-of-words what)
  "Return the plugin that WHAT, `monitor disk: its receiver', names."
  (car (string-split what #\:)))

(define (charge-waiting! db id plugin)
  "Note that the worker died at the message ID, which waits, of PLUGIN, or #f.  A plugin is
suspected from now on, so its message needs no care of its own."
  (let ((attempts (sql-value db "SELECT attempts FROM waiting WHERE message = " id)))
    (uncount-others! db (if plugin 0 id))
    (when (and plugin attempts)
      (postpone! db id plugin attempts))))

(define (charge-message! db id plugin text now)
  "Note that the worker died at the message ID, of PLUGIN, or #f; in words, TEXT."
  (receive (postponed attempts) (postponed-attempts db id)
    (if attempts
        (uncount-others-postponed! db id)
        (charge-waiting! db id plugin))
    (when (and attempts (>= attempts %most-attempts))
      (settle-postponed! db id)
      (put-aside! db id now text))))

(define (charge-plugin! db policy plugin text now)
  (note-death! db policy plugin text (add-death! db plugin text now) now))

(define (heed-death! db policy death now)
  "Draw the conclusions from DEATH, what `%last-death' returns: #(WHAT HOW MESSAGE) of the worker
before this one, or #f; at NOW under POLICY; once."
  (match death
    (#f #f)
    (#(what how id)
     (let ((text (string-append (if (string-null? what) "the process" what) " " how))
           (plugin (and (not (string-null? what))
                        (or (plugin-of-message db id)
                            (plugin-of-words what)))))
       (with-transaction db
         (unless (zero? id)
           (charge-message! db id plugin text now))
         (when plugin
           (charge-plugin! db policy plugin text now))))
     (%heed-death!))))

(define (note-alive! db policy plugin now)
  "Note that PLUGIN, no monitor's, has worked at NOW."
  (when (member plugin (suspects db))
    (with-transaction db
      (clear-suspect! db plugin)
      (note-recovery! db policy plugin now))))
