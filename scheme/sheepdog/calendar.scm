;;; calendar.scm -- the diary kept: by the configuration, by hand, and told when a moment has come
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What is told is a message of the server's own, monitor and tag `diary': its receiver makes a note
;; of it.  What is to come is the relation `diary'.  The clock's kind of work is `diary', its key the name of the appointment.  Each
;; procedure takes part in the caller's transaction.

(define-module (sheepdog calendar)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog core)
  #:use-module (sheepdog diary)
  #:use-module (sheepdog due)
  #:use-module (sheepdog keeping)
  #:use-module (sheepdog message)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (entered entered? entered-id entered-appointment entered-who entered-at
            entered-appointments enter-appointment! strike-appointment!
            plan-diary! tell-appointment!))


;;; Entered by hand.

(define-record-type <entered>
  (entered id appointment who at)
  entered?
  (id entered-id)                                 ;integer; its appointment's name is #ID
  (appointment entered-appointment)
  (who entered-who)                               ;string
  (at entered-at))                                ;ms: when it was entered

(define (id->name id)
  (string-append "#" (number->string id)))

(define row->entered
  (match-lambda
    (#(id text on cron remind who at)
     (entered id
              (appointment (id->name id) text
                           #:on on
                           #:cron (and cron (parse-cron cron))
                           #:remind (map string->number (string-tokenize remind)))
              who at))))

(define (entered-appointments db)
  "Return what was entered by hand and not struck out, a list of <entered>, the oldest first."
  (map row->entered
       (sql db "SELECT id, text, \"on\", cron, remind, who, at FROM diary
 WHERE struck IS NULL ORDER BY id")))

(define (find-entered db name)
  "Return the appointment NAME, \"#3\", that was entered by hand, or #f."
  (and (string-prefix? "#" name)
       (match (sql-row db "SELECT id, text, \"on\", cron, remind, who, at FROM diary
 WHERE struck IS NULL AND id = " (string->number (string-drop name 1)))
         (#f #f)
         (row (entered-appointment (row->entered row))))))

(define* (enter-appointment! db text now #:key on cron (remind '()) (who ""))
  "Enter an appointment at NOW, see `appointment'; CRON is text.  Return its id, or #f: it has no
moment that is to come."
  (sql db "INSERT INTO diary (text, \"on\", cron, remind, who, at) VALUES (" text ", " on ", " cron
       ", " (string-join (map number->string remind)) ", " who ", " now ")")
  (let* ((id (%db-last-id db))
         (appointment (find-entered db (id->name id)))
         (next (next-moment appointment now)))
    (note-appointment! db (id->name id) appointment now)
    (cond (next
           (due! db (moment-at next) 'diary (id->name id))
           id)
          (else #f))))

(define (note-appointment! db name appointment now)
  "Let the relation `diary' have under NAME the next date of APPOINTMENT, #f: it has none."
  (let ((next (and appointment (next-date appointment now))))
    (keep-spans! db 'diary
                 (map (match-lambda
                        (#(date text until) (list (list date name) (list text) until)))
                      (sql db "SELECT date, text, t1 FROM appointment WHERE name = " name
                           " AND t1 > " now))
                 (if next
                     (list (list (list next name) (list (appointment-text appointment)) next))
                     '())
                 now)))

(define (strike-appointment! db id now)
  "Strike out the appointment ID, which was entered by hand; return whether it was there."
  (undue! db 'diary (id->name id))
  (note-appointment! db (id->name id) #f now)
  (positive? (sql-changes db "UPDATE diary SET struck = " now " WHERE struck IS NULL AND id = " id)))


;;; The clock.

(define (plan-diary! db config now)
  "Let the clock know the appointments of CONFIG, which counts from NOW on.  What was to be told
before and was not is told yet; of an appointment that is new only what is to come."
  (let* ((appointments (policy-appointments (policy config)))
         (names (map appointment-name appointments)))
    (for-each (match-lambda
                (#(name)
                 (unless (or (member name names) (string-prefix? "#" name))
                   (undue! db 'diary name))))
              (sql db "SELECT key FROM due WHERE kind = 'diary'"))
    (for-each (match-lambda
                (#(name)
                 (unless (or (member name names) (string-prefix? "#" name))
                   (note-appointment! db name #f now))))
              (sql db "SELECT DISTINCT name FROM appointment WHERE t1 > " now))
    (for-each (lambda (appointment)
                (note-appointment! db (appointment-name appointment) appointment now)
                (let* ((name (appointment-name appointment))
                       (next (next-moment appointment now))
                       (planned (due-at db 'diary name)))
                  (cond ((and planned (<= planned now)) #t)
                        (next (due! db (moment-at next) 'diary name))
                        (else (undue! db 'diary name)))))
              appointments)))

(define (appointment-message policy appointment moment now)
  "Return the message that tells of MOMENT, as JSON text."
  (%json-write
   (make-bark #:host (policy-name policy)
              #:monitor "diary"
              #:tag "diary"
              #:kind 'log
              #:summary (moment-words appointment moment now)
              #:fields `((name . ,(appointment-name appointment))
                         (date . ,(time->local "%F" (moment-date moment)))
                         (text . ,(appointment-text appointment))
                         (key . ,(moment-key appointment moment)))
              #:time now)))

(define (tell-appointment! batch at name)
  "Tell what the diary has under NAME for AT, and plan its next moment."
  (let* ((db (batch-db batch))
         (policy (batch-policy batch))
         (now (batch-now batch))
         (appointment (or (find-entered db name)
                          (find (lambda (appointment)
                                  (string=? name (appointment-name appointment)))
                                (policy-appointments policy)))))
    (when appointment
      (let ((moment (find-moment appointment at))
            (next (next-after appointment at now)))
        (when (and moment (not (moment-over? appointment moment now)))
          (add-own-message! db (appointment-message policy appointment moment now) now))
        (note-appointment! db name appointment now)
        (when next
          (due! db next 'diary name))))))
