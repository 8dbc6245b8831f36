;;; show.scm -- all that is known about a subject, or about a message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view show)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog core)
  #:use-module (sheepdog history)
  #:use-module (sheepdog message)
  #:use-module (sheepdog outlook)
  #:use-module ((sheepdog notify) #:select (reason->text))
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view detail)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view log)
  #:use-module (sheepdog view org)
  #:use-module ((sheepdog view silence) #:select (until-words))
  #:use-module (sheepdog view status)
  #:use-module (sheepdog view words)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (dossier
            dossier-standing
            subject-lines
            message-lines
            dossier-document
            dossier-org))

(define-record-type <dossier>
  (make-dossier standing outlook entry stored message tellings verdicts refusals)
  dossier?
  (standing dossier-standing)                    ;<standing> | #f
  (outlook dossier-outlook)                      ;<outlook> | #f: nothing is expected of it
  (entry dossier-entry)                          ;<entry> | #f: not handled
  (stored dossier-stored)                        ;<stored> | #f: no longer kept
  (message dossier-message)                      ;<message> | #f: cannot be read
  (tellings dossier-tellings)                    ;list of <telling>
  (verdicts dossier-verdicts)                    ;list of <verdict>
  (refusals dossier-refusals))                   ;list of (RELATION . REASON)

(define* (dossier #:key standing outlook entry stored message
                  (tellings '()) (verdicts '()) (refusals '()))
  "Put together what is known of one message and of its subject."
  (make-dossier standing outlook entry stored message tellings verdicts refusals))

;;; Parts

(define (failures standing)
  (let ((n (standing-failures standing)))
    (cond ((zero? n) "")
          ((memq (standing-state standing) '(fail late))
           (string-append ", " (plural n "failure")))
          ((> n 1) (string-append ", " (plural n "time")))
          (else ""))))

(define (since-words ms now)
  "MS for people behind the word since: never \"12 s ago\"."
  (time->words ms (max now (+ ms 60000))))

(define (last-ok standing now)
  (match (standing-ok-at standing)
    (#f "never")
    (at (string-append (time->words at now)
                       (match (standing-ok-elapsed standing)
                         (#f "")
                         (elapsed (string-append ", took " (duration->text elapsed))))))))

(define (expected outlook state)
  "Return the entries that say what is expected of a subject in STATE, and which of its runs last."
  (if outlook
      (cons (cons "expected" (outlook->text outlook (eq? 'late state)))
            (map (lambda (run label) (cons label (printable (run->text run))))
                 (outlook-runs outlook)
                 (if (null? (outlook-runs outlook))
                     '()
                     (cons "running" (make-list (- (length (outlook-runs outlook)) 1) "")))))
      '()))

(define (origin stored message now)
  "Where the message came from, and when."
  (string-append
   (number->string (stored-id stored)) " from "
   (short-id (stored-sender stored) (stored-seq stored))
   (match (stored-sent stored)
     (#f "")
     (sent (string-append ", sent " (clock-time sent now))))
   ", received " (clock-time (stored-received stored) now)
   (if message
       (string-append ", monitor-" (printable (message-monitor message)))
       "")))

(define (recipient->text recipient)
  (cond ((string=? recipient "log") "the log")
        ((string-index recipient #\@) (string-append "mail to " (printable recipient)))
        (else (printable recipient))))

(define (telling->text telling now)
  (let ((to (recipient->text (telling-recipient telling)))
        (for (if (telling-event telling)
                 (format #f " for message ~a" (telling-event telling))
                 ""))
        (trouble (if (telling-error telling)
                     (string-append ": " (printable (telling-error telling)))
                     "")))
    (cond ((telling-done telling)
           => (lambda (at)
                (string-append to " on " (time->local "%-d %b %H:%M:%S" at) for)))
          ((not (telling-next telling))
           (string-append to " given up" for trouble))
          ((zero? (telling-tries telling))
           (string-append to " waits to be sent" for))
          (else
           (string-append to " tried " (plural (telling-tries telling) "time") for
                          ", next " (time->words (telling-next telling) now) trouble)))))

(define (fine? verdict)
  "Does VERDICT say that its recipient does not ask for the state that there is?"
  (string=? "fine" (verdict-reason verdict)))

(define (verdict->text verdict several? now)
  (format #f "~a~a for ~a~a: ~a~a"
          (if (eq? 'hold (verdict-verdict verdict)) "not yet" "not")
          (if several?
              (string-append " to " (printable (verdict-recipient verdict)))
              "")
          (verdict-event verdict)
          (if (or (= 1 (verdict-count verdict)) (fine? verdict)) ;that counts what was ok, too
              ""
              (format #f " and ~a before" (- (verdict-count verdict) 1)))
          (printable (reason->text (verdict-reason verdict)))
          (match (verdict-until verdict)
            (#f "")
            (until (string-append ", until " (clock-time until now))))))

(define (quiet-entries standing now)
  "Return the entries that say why nobody is told of STANDING."
  (map (lambda (quiet)
         (cons (symbol->string (quiet-kind quiet))
               (string-append
                (match (quiet-until quiet)
                  (#f (match (quiet-kind quiet)
                        ('acked "until it is ok")
                        ('held "while that is down")
                        (_ "until further notice")))
                  (until (string-append "until " (until-words until now))))
                (match (quiet-who quiet)
                  ("" "")
                  (who (string-append " by " (printable who))))
                (match (quiet-reason quiet)
                  ("" "")
                  (reason (string-append ": " (printable reason))))
                " (" (quiet-name quiet) ")")))
       (standing-quiet standing)))

(define (notified dossier now)
  "The entries that say who was told, and why somebody was not."
  (let* ((verdicts (dossier-verdicts dossier))
         (standing (dossier-standing dossier))
         (bad? (and standing (bad? (standing-state standing))))
         (several? (> (length verdicts) 1))
         (texts (append
                 (map (lambda (telling) (telling->text telling now))
                      (dossier-tellings dossier))
                 (filter-map (lambda (verdict)
                               (and (not (eq? 'tell (verdict-verdict verdict)))
                                    (or bad? (not (fine? verdict)))
                                    (verdict->text verdict several? now)))
                             verdicts))))
    (if (null? texts)
        '()
        (map cons (cons "notified" (make-list (- (length texts) 1) "")) texts))))

(define (refused dossier)
  (map (match-lambda
         ((relation . reason)
          (cons "refused" (printable (string-append relation ": " reason)))))
       (dossier-refusals dossier)))

(define (doubts stored now)
  (match (and stored (stored-aside stored))
    (#f (if (and stored (stored-waiting? stored))
            '(("waits" . "not handled yet"))
            '()))
    (reason `(("aside" . ,(string-append "since " (since-words (stored-aside-at stored) now)
                                         ": " (printable reason)))))))

(define (repaired bytes)
  "BYTES, foreign ones, as text."
  (car (%repair bytes)))

(define (lines-of head entries dossier whole? wide?)
  (let* ((message (dossier-message dossier))
         (outcome (and message (message-outcome message))))
    `(,head
      ,@(labelled-lines entries #:wide? wide?)
      ,@(output-lines outcome whole?))))

;;; Text

(define* (subject-lines dossier now #:key (whole? #f) (wide? #f))
  "Return the lines of `sheepdog show SUBJECT' for DOSSIER, which has a standing: its
newest message, what came before, who was told.  WHOLE? shows all output that was
kept and cuts nothing, WIDE? no line."
  (match dossier
    (($ <dossier> standing outlook entry stored message)
     (let ((state (standing-state standing)))
       (lines-of
        (string-append
         (printable (string-append (standing-host standing) "/" (standing-tag standing)))
         "  "
         (if state
             (string-append (paint state (state-word state)) " since "
                            (since-words (standing-since standing) now)
                            (failures standing))
             "no state yet"))
        `(,@(if message (message-details message) '())
          ,@(refused dossier)
          ("last ok" . ,(last-ok standing now))
          ,@(expected outlook state)
          ,@(if stored `(("message" . ,(origin stored message now))) '())
          ,@(doubts stored now)
          ,@(quiet-entries standing now)
          ,@(notified dossier now))
        dossier whole? (or whole? wide?))))))

(define* (message-lines dossier now #:key (whole? #f) (wide? #f))
  "Return the lines of `sheepdog show ID' for DOSSIER, which has a stored message; one
that could not be read is shown as it came."
  (match dossier
    (($ <dossier> _ _ entry stored message)
     (let ((head (string-append "message " (number->string (stored-id stored))))
           (ending `(("message" . ,(origin stored message now))
                     ,@(doubts stored now)
                     ,@(notified dossier now))))
       (cond (message
              (let ((state (message-state message)))
                (lines-of
                 (string-append head ": " (printable (message-subject message)) "  "
                                (if state
                                    (paint state (state-word state))
                                    (symbol->string (message-kind message)))
                                " at " (time->stamp (message-at message)))
                 (append (message-details message) (refused dossier) ending)
                 dossier whole? (or whole? wide?))))
             (else
              `(,(string-append head ", " (size->text (stored-length stored)))
                ,@(labelled-lines ending #:wide? (or whole? wide?))
                ,@(stream-lines "as it came" (repaired (stored-body stored))
                                #:whole? whole?))))))))

;;; Programs

(define (telling-object telling)
  `((recipient . ,(telling-recipient telling))
    (message . ,(absent (telling-event telling)))
    (decided . ,(instant (telling-at telling)))
    (done . ,(instant (telling-done telling)))
    (next . ,(instant (telling-next telling)))
    (tries . ,(telling-tries telling))
    (error . ,(absent (telling-error telling)))))

(define (verdict-object verdict)
  `((recipient . ,(verdict-recipient verdict))
    (message . ,(verdict-event verdict))
    (verdict . ,(verdict-verdict verdict))
    (reason . ,(verdict-reason verdict))
    (until . ,(instant (verdict-until verdict)))
    (count . ,(verdict-count verdict))))

(define (dossier-document dossier now)
  "Return DOSSIER as a document: `subject' as in status, `message' as in log, and the
arrays `tellings' and `decisions'."
  (match dossier
    (($ <dossier> standing outlook entry stored message tellings verdicts)
     (document 'show now
               `(subject . ,(if standing (standing-object standing outlook) 'null))
               `(message . ,(if entry (log-message entry message) 'null))
               `(aside . ,(absent (and stored (stored-aside stored))))
               `(tellings . ,(list->vector (map telling-object tellings)))
               `(decisions . ,(list->vector (map verdict-object verdicts)))))))

(define (dossier-org dossier)
  "Return the lines of DOSSIER as an Org heading, output as example blocks."
  (match dossier
    (($ <dossier> standing outlook entry stored message)
     (let* ((outcome (and message (message-outcome message)))
            (block (lambda (key)
                     (match (and outcome (assq-ref outcome key))
                       ((or #f "") '())
                       (text (cons (string-append "- " (symbol->string key))
                                   (org-example text)))))))
       `(,@(if standing
               (org-standing standing outlook)
               (org-heading (format #f "message ~a" (stored-id stored))
                            `((aside . ,(absent (stored-aside stored)))
                              (received . ,(instant (stored-received stored))))))
         ,@(block 'stdout)
         ,@(block 'stderr))))))
