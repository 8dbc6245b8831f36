;;; queue.scm -- where messages are on their way, and what was kept aside
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view queue)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view detail)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (depths
            depth-lines
            depth-object
            aside-lines
            aside-object))

(define-record-type <depths>
  (make-depths place spool queue trouble waiting held postponed outbox aside)
  depths?
  (place depths-place)                           ;(SPOOL . QUEUE), two strings
  (spool depths-spool)                           ;vector of %spool-depth | string: trouble
  (queue depths-queue)                           ;vector of %queue-depth | #f
  (trouble depths-trouble)                       ;string: why QUEUE is #f
  (waiting depths-waiting)                       ;messages not handled | #f: no database
  (held depths-held)                             ;messages held back behind a hole | #f
  (postponed depths-postponed)                   ;messages a plugin still has to see | #f
  (outbox depths-outbox)                         ;notices to be sent | #f
  (aside depths-aside))                          ;messages aside | #f

(define* (depths #:key place spool queue trouble waiting held postponed outbox aside)
  (make-depths place spool queue trouble waiting held postponed outbox aside))

(define (since oldest now)
  (if oldest
      (string-append ", the oldest since " (duration->text (max 0 (- now oldest))))
      ""))

(define (spool-text spool place now)
  (match spool
    ((? string? trouble) (printable trouble))
    (#(0 0 0 _ _) (string-append "empty, in " (printable place)))
    (#(waiting sent bad bytes oldest)
     (string-append
      (number->string waiting) " waiting" (since oldest now)
      (if (zero? sent) "" (string-append ", " (number->string sent) " not confirmed"))
      (if (zero? bad) "" (string-append ", " (number->string bad) " damaged, in bad/"))
      ", " (size->text bytes) ", in " (printable place)))))

(define (queue-text queue trouble place now)
  (match queue
    (#f (printable trouble))
    (#(0 0 _) (string-append "empty, at " (printable place)))
    (#(waiting claimed oldest)
     (string-append (number->string waiting) " waiting"
                    (if (zero? claimed)
                        ""
                        (string-append ", " (number->string claimed) " being stored"))
                    (since oldest now)
                    ", at " (printable place)))))

(define (database-text waiting held postponed)
  (string-append (number->string waiting) " not handled"
                 (if (zero? held)
                     ""
                     (string-append ", " (number->string held) " held back behind a hole"))
                 (if (zero? postponed)
                     ""
                     (string-append ", " (number->string postponed)
                                    " postponed for a plugin"))))

(define (depth-lines depths now)
  "Return the lines of `sheepdog queue' for DEPTHS at NOW: a station each, from the
spool to the mail."
  (match depths
    (($ <depths> (spool-place . queue-place) spool queue trouble waiting held postponed
        outbox aside)
     (columns->lines
      `(("spool" ,(spool-text spool spool-place now))
        ("queue" ,(queue-text queue trouble queue-place now))
        ,@(if waiting
              `(("database" ,(database-text waiting held postponed))
                ("outbox" ,(string-append (plural outbox "notice") " to be sent"))
                ("aside" ,(if (zero? aside)
                              "nothing"
                              (string-append (plural aside "message")
                                             "; 'sheepdog queue aside' tells why"))))
              '()))
      #:shrink '(1)))))

(define (depth-object depths)
  "Return the entries of a document for DEPTHS."
  (match depths
    (($ <depths> (spool-place . queue-place) spool queue trouble waiting held postponed
        outbox aside)
     `((spool . ,(match spool
                   ((? string? trouble) `((place . ,spool-place) (error . ,trouble)))
                   (#(waiting sent bad bytes oldest)
                    `((place . ,spool-place) (waiting . ,waiting) (sent . ,sent)
                      (bad . ,bad) (bytes . ,bytes) (oldest . ,(instant oldest))))))
       (queue . ,(match queue
                   (#f `((place . ,queue-place) (error . ,trouble)))
                   (#(waiting claimed oldest)
                    `((place . ,queue-place) (waiting . ,waiting) (claimed . ,claimed)
                      (oldest . ,(instant oldest))))))
       (waiting . ,(absent waiting))
       (held . ,(absent held))
       (postponed . ,(absent postponed))
       (outbox . ,(absent outbox))
       (aside . ,(absent aside))))))

;;; Aside

(define (aside-lines messages now)
  "Return the lines of `sheepdog queue aside' for MESSAGES, a list of <stored>."
  (if (null? messages)
      '("nothing is aside")
      (append
       (columns->lines
        (map (lambda (stored)
               (list (number->string (stored-id stored))
                     (time->words (stored-aside-at stored) now)
                     (short-id (stored-sender stored) (stored-seq stored))
                     (size->text (stored-length stored))
                     (printable (stored-aside stored))))
             messages)
        #:shrink '(2 4))
       '("hint: 'sheepdog queue aside show|retry|drop ID'"))))

(define (aside-object stored)
  "Return STORED, a message aside, as an object of a document."
  `((id . ,(stored-id stored))
    (sender . ,(stored-sender stored))
    (seq . ,(stored-seq stored))
    (received . ,(instant (stored-received stored)))
    (aside . ,(instant (stored-aside-at stored)))
    (bytes . ,(stored-length stored))
    (reason . ,(stored-aside stored))))
