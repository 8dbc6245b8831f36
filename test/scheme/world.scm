;;; world.scm -- a server of the tests, its clock moved by hand: messages at their times, rounds where something is due
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A test file loads this, see clock-test.scm.  Its day 0 is Sunday, 22 November 2026, in UTC.
;; Times are written "10:05", "10:05:30", "d1 05:10" (the day after) or "2026-03-29 01:00".

(use-modules (sheepdog batch)
             (sheepdog clock)
             (sheepdog config)
             (sheepdog core)
             (sheepdog due)
             (sheepdog round)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (sheepdog zone)
             (ice-9 match)
             (rnrs bytevectors)
             (srfi srfi-1)
             (srfi srfi-9))

(setenv "TZ" "UTC")
(tzset)

(define day-0 (* %day (date->days 2026 11 22)))

(define (clock-time->ms text)
  (match (map string->number (string-split text #\:))
    ((hour minute) (* 60000 (+ (* 60 hour) minute)))
    ((hour minute second) (* 1000 (+ (* 3600 hour) (* 60 minute) second)))))

(define (time->ms text)
  "Return the instant TEXT, see above, in ms."
  (match (string-split text #\space)
    ((clock) (+ day-0 (clock-time->ms clock)))
    (((? (lambda (word) (string-prefix? "d" word)) day) clock)
     (+ day-0 (* %day (string->number (string-drop day 1))) (clock-time->ms clock)))
    ((date clock)
     (+ (* %day (apply date->days (map string->number (string-split date #\-))))
        (clock-time->ms clock)))))

(define (ms->time ms)
  "Return MS as `time->ms' reads it: \"10:05:30\", \"d1 05:10:00\"."
  (let ((days (floor-quotient (- ms day-0) %day)))
    (string-append (if (zero? days) "" (format #f "d~a " days))
                   (strftime "%H:%M:%S" (gmtime (floor-quotient ms 1000))))))

(define-record-type <world>
  (make-world db config now)
  world?
  (db world-db)
  (config world-config)
  (now world-now set-world-now!))                 ;ms

(define* (call-with-world text proc #:key (start "00:00"))
  "Call PROC with the world of a server with the configuration TEXT, at START, and return what it
returns."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (let* ((db (open-store (string-append directory "/sheepdog.db") 'create))
             (config (read-config file)))
        (unless (config-good? config)
          (error "the configuration is bad" (map problem->text (config-problems config))))
        (let ((result (proc (make-world db config (time->ms start)))))
          (%db-close! db)
          result)))))

(define (settle-round! world)
  "Do all there is to do at this moment of WORLD."
  (let loop ((left 100))
    (when (zero? left)
      (error "the clock of this world does not come to rest at" (ms->time (world-now world))))
    (when (parameterize ((%awake? #t))
            (positive? (+ (handle-waiting! (world-db world) (world-config world)
                                           (world-now world))
                          (run-due! (world-db world) (world-config world)
                                    (world-now world)))))
      (loop (- left 1)))))

(define (go-to! world ms)
  "Let it become MS in WORLD; what is due until then is done at its time."
  (let ((next (next-due (world-db world))))
    (cond ((and next (<= next ms))
           (set-world-now! world (max next (world-now world)))
           (settle-round! world)
           (go-to! world ms))
          (else (set-world-now! world (max ms (world-now world)))))))

(define (until! world text)
  "Let it become TEXT in WORLD."
  (go-to! world (time->ms text))
  (settle-round! world))

(define* (queue! world state #:key (subject "h/t") (time (ms->time (world-now world))) sender seq sent
                 (more '()))
  "Let a message that SUBJECT has STATE (a string; #f: none) arrive now, and wait.  It says that it
happened at TIME; SENT is the sender's clock at the hand-over (#f: it does not say)."
  (let* ((db (world-db world))
         (slash (string-index subject #\/))
         (id (+ 1 (or (sql-value db "SELECT max(id) FROM message") 0)))
         (body (%json-write `((host . ,(substring subject 0 slash))
                              (tag . ,(substring subject (+ slash 1)))
                              (time . ,(/ (time->ms time) 1000))
                              ,@(if state `((state . ,state)) '())
                              ,@more))))
    (sql db "INSERT INTO message (id, sender, seq, received, sent, body, length) VALUES (" id ", "
         (or sender 0) ", " (or seq id) ", " (world-now world) ", "
         (and sent (time->ms sent)) ", " (string->utf8 body) ", 1)")
    (sql db "INSERT INTO waiting (message) VALUES (" id ")")))

(define* (message! world when state #:rest more)
  "Let a message with STATE arrive at WHEN, as `queue!' has it, and be handled."
  (go-to! world (time->ms when))
  (apply queue! world state more)
  (settle-round! world))

(define (messages! world . messages)
  "Let MESSAGES, lists of the arguments of `message!' behind the world, arrive in their order."
  (for-each (lambda (message) (apply message! world message)) messages))


;;; What came of it.

(define (mails world)
  "Return what went into the outbox: lists (TIME RECIPIENT KIND)."
  (map (match-lambda
         (#(at recipient kind) (list (ms->time at) recipient (string->symbol kind))))
       (sql (world-db world) "SELECT at, recipient, kind FROM outbox ORDER BY id")))

(define* (verdicts world #:key (subject "h/t") recipient)
  "Return the decisions on SUBJECT, those for RECIPIENT if it is given: lists (VERDICT REASON
COUNT)."
  (map (match-lambda
         (#(verdict reason count) (list (string->symbol verdict) reason count)))
       (sql (world-db world) "SELECT d.verdict, d.reason, d.count FROM decision d
 JOIN subject s ON s.id = d.subject WHERE s.host || '/' || s.tag = " subject
 " AND d.recipient = coalesce(" recipient ", d.recipient) ORDER BY d.id")))

(define* (spans world #:key (subject "h/t"))
  "Return the interruptions of SUBJECT: lists (FROM UNTIL WORST HARD), - for what is open or never
was."
  (define (end ms)
    (if (= ms 9223372036854775807) '- (ms->time ms)))
  (map (match-lambda
         (#(t0 t1 worst hard)
          (list (ms->time t0) (end t1) (string->symbol worst) (end hard))))
       (sql (world-db world) "SELECT t0, t1, worst, hard FROM interruption
 WHERE host || '/' || tag = " subject " ORDER BY t0")))

(define* (state world #:key (subject "h/t"))
  "Return the (STATE HARD) of SUBJECT, each #f while it has none, or #f: nothing is known of it."
  (define (text->state text)
    (and (not (string-null? text)) (string->symbol text)))
  (match (sql-row (world-db world) "SELECT state, hard FROM subject
 WHERE host || '/' || tag = " subject)
    (#(state hard) (list (text->state state) (text->state hard)))
    (#f #f)))
