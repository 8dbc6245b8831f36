;;; perform.scm -- the rows of the outbox are performed: at once, or by programs beside our own work
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The performer never waits unless it is told to: it begins what is due, and comes back for what
;; has ended.  One recipient has one try at a time, and a few programs run at once.

(define-module (sheepdog perform)
  #:use-module (sheepdog core)
  #:use-module (sheepdog death)
  #:use-module (sheepdog effect)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog join)
  #:use-module (sheepdog limit)
  #:use-module (sheepdog message)
  #:use-module (sheepdog outbox)
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog suspect)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (open-performer stop-performer! release-performer!
            perform-outbox! performing? performer-patience))

(define %at-once 8)                               ;programs

;; What has ended is kept until the database knows it: an error there makes nobody send a mail twice.
(define-record-type <performer>
  (make-performer lock errands running ended due)
  performer?
  (lock performer-lock)                           ;string: file that is locked while it performs
  (errands performer-errands set-performer-errands!) ;handle | #f: it does not perform (yet)
  (running performer-running set-performer-running!) ;list of (<row> . <errand>)
  (ended performer-ended set-performer-ended!)    ;list of (<row> . <failure> | #f)
  (due performer-due set-performer-due!))         ;epoch ms, as of the last look | #f: none waits

(define (open-performer file)
  "Return a performer of the outbox in the database FILE.  It does nothing while another process
performs there."
  (make-performer (string-append file ".outbox") #f '() '() #f))

(define (own! performer db now)
  "Make PERFORMER the one that performs; return whether it is."
  (or (performer-errands performer)
      (and (eq? #t (%lock! (performer-lock performer) 0))
           (begin
             (set-performer-errands! performer (%errands-open))
             (release-rows! db now)
             #t))))


;;; One try.

(define (message-text db event)
  "Return the message EVENT as JSON with its defaults, for programs; \"\" if it is gone."
  (match (sql-row db "SELECT body, received, sent FROM message WHERE id = " event)
    (#f "")
    (#(body received sent)
     (%json-write (message->json (bytes->message body event received sent))))))

(define (context db policy row now)
  "Return what the handler of ROW may want to know, an alist."
  `((mailer . ,(policy-mailer policy))
    (mailfrom . ,(policy-mailfrom policy))
    (now . ,now)
    (try . ,(row-tries row))
    (event . ,(row-event row))
    (message . ,(lambda () (message-text db (row-event row))))))

(define (perform-action action plugin context)
  "Return what the handler of ACTION, PLUGIN, returns for it."
  (let ((handler (load-handler (car action))))
    (with-limit (string-append plugin ": its action") %usual-limit
      (lambda () ((handler-perform handler) action context)))))

(define (attempt db policy row now)
  "Perform ROW.  Return the <errand> that its handler wants, a <failure>, or #f: all is well."
  (catch #t
    (lambda ()
      (let* ((action (row-action row))
             (plugin (handler-plugin (car action))))
        (when (rests? db plugin now)
          (try-later (string-append plugin " rests: the server died of it")))
        (let ((result (perform-action action plugin (context db policy row now))))
          (note-alive! db policy plugin now)
          (and (errand? result) result))))
    (lambda (key . arguments)
      (exception->failure key arguments))))

(define (settle! db row failure now)
  "Note how the try of ROW ended: with FAILURE, or well if it is #f."
  (if failure
      (let ((over? (mark-failed! db row (failure-text failure) (failure-final? failure) now)))
        (%log (if over? 'error 'warning)
              (format #f "outbox row ~a, to ~a: ~a~a" (row-id row) (row-recipient row)
                      (failure-text failure) (if over? "; given up" "; tried again later"))))
      (mark-done! db row now)))


;;; Programs.

(define (end! performer row failure)
  "Keep how the try of ROW ended, with FAILURE or #f, until it is settled."
  (set-performer-ended! performer (acons row failure (performer-ended performer))))

(define (start! performer row errand)
  (%errand-start! (performer-errands performer) (row-id row) (errand-argv errand)
                  (errand-input errand) (/ (errand-timeout errand) 1000.0) 0)
  (set-performer-running! performer
                          (alist-cons row errand (performer-running performer))))

(define (collect! performer patience)
  "Take note of what has ended; with programs running wait PATIENCE seconds for the first.  Return
how many that were."
  (let ((endings (%errands-collect! (performer-errands performer) patience)))
    (for-each
     (match-lambda
       ((id . ending)
        (let ((entry (find (match-lambda ((row . errand) (= id (row-id row))))
                           (performer-running performer))))
          (set-performer-running! performer (delq entry (performer-running performer)))
          (match entry
            ((row . errand) (end! performer row (ending->failure errand ending)))))))
     endings)
    (length endings)))


;;; The outbox.

(define (idle-heads performer db)
  "Return the heads of which no try runs."
  (remove (lambda (head)
            (any (match-lambda ((row . errand) (= (head-id head) (row-id row))))
                 (performer-running performer)))
          (outbox-heads db)))

(define (startable performer heads most)
  "Return those of HEADS, which are due, that can be tried now, at most MOST.  The log needs no
program, so it does not wait for one of them to end."
  (let loop ((heads heads) (room (- %at-once (length (performer-running performer))))
             (most most) (found '()))
    (match heads
      (((? (lambda (head) (positive? most)) head) . rest)
       (cond ((string=? "log" (head-recipient head))
              (loop rest room (- most 1) (cons head found)))
             ((positive? room)
              (loop rest (- room 1) (- most 1) (cons head found)))
             (else
              (loop rest room most found))))
      (_ (reverse found)))))

(define (find-due! performer db now most)
  "Return what can be tried at NOW, at most MOST heads; note when something more will be due."
  (call-with-values
      (lambda ()
        (partition (lambda (head) (<= (head-due head now) now))
                   (idle-heads performer db)))
    (lambda (due later)
      (set-performer-due! performer
                          (match later
                            (() #f)
                            (_ (apply min (map (lambda (head) (head-due head now)) later)))))
      (startable performer due most))))

(define (settle-ended! performer db now)
  (for-each (match-lambda ((row . failure) (settle! db row failure now)))
            (reverse (performer-ended performer))))

(define (settle-and-take! performer db now most)
  "Note what has ended and take what is due at NOW, at most MOST rows, in one transaction; return
these.  With nothing to do it only reads."
  (let ((due (and (null? (performer-ended performer))
                  (find-due! performer db now most))))
    (if (null? due)
        '()
        (let ((rows (with-transaction db
                      (settle-ended! performer db now)
                      (filter-map (lambda (head)
                                    (join-waiting! db head)
                                    (take-row! db head now))
                                  (or due (find-due! performer db now most))))))
          (set-performer-ended! performer '())
          rows))))

(define (begin! performer db policy row now)
  "Perform ROW, which is taken, or begin to."
  (match (attempt db policy row now)
    ((? errand? errand) (start! performer row errand))
    (failure (end! performer row failure))))

(define* (perform-outbox! performer db config now #:key (limit 100) (patience 0))
  "Note what has ended and begin what is due at NOW (ms), at most LIMIT rows.  Does not wait for
programs, or PATIENCE seconds for the first of them to end.  Return how many tries began or ended."
  (if (own! performer db now)
      (let loop ((count (collect! performer patience)) (room limit))
        (match (settle-and-take! performer db now room)
          (() count)
          (rows
           (for-each (lambda (row) (begin! performer db (policy config) row now)) rows)
           (loop (+ count (length rows)) (- room (length rows))))))
      0))

(define (performing? performer)
  "Do programs run for PERFORMER?"
  (pair? (performer-running performer)))

(define (performer-patience performer now)
  "Return for how many seconds from NOW (ms) `perform-outbox!' has nothing to do; #f: until a row
is put in."
  (let ((due (and (performer-due performer)
                  (max 0.0 (/ (- (performer-due performer) now) 1000.0))))
        (pause (and (performing? performer)
                    (%errands-pause (performer-errands performer)))))
    (if (and due pause) (min due pause) (or due pause))))


;;; The end.

(define (release-performer! performer)
  "End the programs that run for PERFORMER, and let another process perform."
  (when (performer-errands performer)
    (%errands-close! (performer-errands performer))
    (set-performer-errands! performer #f)
    (set-performer-running! performer '())
    (set-performer-ended! performer '())
    (%unlock! (performer-lock performer))))

(define* (stop-performer! performer db now #:key (patience 5))
  "Give the programs that run for PERFORMER time to end, until none did for PATIENCE seconds, and
release it.  Rows whose try is cut off then may be tried again at once, by whoever performs next."
  (let loop ((patience patience))
    (when (and (performing? performer) (positive? patience))
      (loop (if (positive? (collect! performer 1.0)) patience (- patience 1)))))
  (when (or (performing? performer) (pair? (performer-ended performer)))
    (with-transaction db
      (settle-ended! performer db now)
      (for-each (match-lambda ((row . errand) (mark-interrupted! db row now)))
                (performer-running performer))))
  (release-performer! performer))
