;;; subject.scm -- a subject and a result of it as records, and which result is newer
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  All times are epoch milliseconds.

(define-module (sheepdog subject)
  #:use-module (srfi srfi-9)
  #:use-module (srfi srfi-9 gnu)
  #:export (make-subject subject?
            subject-id subject-host subject-tag subject-monitor subject-heard subject-every
            subject-state subject-hard subject-since subject-bad-since subject-worst
            subject-failures subject-at subject-received subject-sender subject-seq
            subject-event subject-summary subject-ok-event subject-version
            subject-span subject-past subject-recent subject-changes subject-flapping

            make-result result? result-state result-at result-received result-sender
            result-seq result-event result-summary

            %open-end state-rank bad? soft? worse
            fresh-subject same-life? hear result-in-order time-when-older))

(define %open-end 9223372036854775807)

(define-record-type <subject>
  (raw-subject id host tag monitor heard every state hard since bad-since worst failures
               at received sender seq event summary ok-event version
               span past recent changes flapping)
  subject?
  (id subject-id)                                 ;integer, its row | #f: not stored yet
  (host subject-host)                             ;string
  (tag subject-tag)                               ;string
  (monitor subject-monitor)                       ;string: of the newest message
  (heard subject-heard)                           ;ms: greatest time of its messages
  (every subject-every)                           ;ms: declared by itself | #f
  (state subject-state)                           ;symbol: of the newest result, or late | #f: none yet
  (hard subject-hard)                             ;symbol: what notifications see | #f
  (since subject-since)                           ;ms: when STATE began | #f
  (bad-since subject-bad-since)                   ;ms: when the incident began | #f: there is none
  (worst subject-worst)                           ;symbol: the worst of the open span | #f
  (failures subject-failures)                     ;integer: not ok results of the incident
  (at subject-at)                                 ;ms: of the newest result | #f
  (received subject-received)                     ;ms: likewise, our clock | #f
  (sender subject-sender)                         ;integer: likewise; 0: none of its own | #f
  (seq subject-seq)                               ;integer: likewise | #f
  (event subject-event)                           ;integer: likewise, its message | #f
  (summary subject-summary)                       ;string: likewise
  (ok-event subject-ok-event)                     ;integer: message of the newest ok | #f
  (version subject-version)                       ;integer: of the row
  (span subject-span)                             ;ms: beginning of the open span | #f: none
  (past subject-past)                             ;integer: failures in former spans of the incident
  (recent subject-recent)                         ;integer: a bit a result, 1: not ok; the newest lowest
  (changes subject-changes)                       ;list of ms: changes of HARD, the newest first
  (flapping subject-flapping))                    ;ms: since when it flaps | #f

(define* (make-subject id host tag monitor heard every state hard since bad-since worst
                       failures at received sender seq event summary ok-event version
                       #:key (span bad-since) (past 0) (recent 0) (changes '()) flapping)
  "Return the subject with these fields."
  (raw-subject id host tag monitor heard every state hard since bad-since worst failures
               at received sender seq event summary ok-event version
               span past recent changes flapping))

(define-record-type <result>
  (make-result state at received sender seq event summary)
  result?
  (state result-state)                            ;symbol: ok warn fail unknown
  (at result-at)                                  ;ms: when it happened
  (received result-received)                      ;ms: when our queue took it
  (sender result-sender)                          ;integer; 0: it has none of its own
  (seq result-seq)                                ;integer
  (event result-event)                            ;integer: the message's id
  (summary result-summary))                       ;string

(define (state-rank state)
  "Return how bad STATE is: ok 0, warn 1, unknown 2, late and fail 3; -1 for #f, none."
  (case state
    ((ok) 0)
    ((warn) 1)
    ((unknown) 2)
    ((late fail) 3)
    (else -1)))

(define (bad? state)
  "Is STATE, a symbol or #f, worse than ok?"
  (and state (not (eq? state 'ok))))

(define (soft? subject)
  "Does SUBJECT look bad, but not for long enough to count?"
  (and (bad? (subject-state subject))
       (not (bad? (subject-hard subject)))))

(define (worse state other)
  "Return the worse of two states; `fail' over `late'."
  (cond ((> (state-rank state) (state-rank other)) state)
        ((< (state-rank state) (state-rank other)) other)
        ((eq? state 'fail) state)
        (else other)))

(define (fresh-subject host tag monitor heard)
  "Return the subject HOST/TAG, of which nothing is known but a message at HEARD."
  (make-subject #f host tag monitor heard #f
                #f #f #f #f #f 0
                #f #f #f #f #f "" #f 0))

(define (same-life? subject other)
  "Do SUBJECT and OTHER, the same at two times, differ at most in their newest message, and in how many
were like it?"
  (and (eq? (subject-state subject) (subject-state other))
       (eq? (subject-hard subject) (subject-hard other))
       (eqv? (subject-since subject) (subject-since other))
       (eqv? (subject-bad-since subject) (subject-bad-since other))
       (eq? (subject-worst subject) (subject-worst other))
       (eqv? (subject-span subject) (subject-span other))
       (eqv? (subject-past subject) (subject-past other))
       (eq? (subject-changes subject) (subject-changes other))
       (eqv? (subject-flapping subject) (subject-flapping other))))

(define (hear subject monitor at every)
  "Return SUBJECT after a message of MONITOR at AT, which declares the expectation EVERY
(ms, or #f: it says nothing of it)."
  (let ((heard (max at (subject-heard subject)))
        (every (or every (subject-every subject))))
    (if (and (= heard (subject-heard subject))
             (eqv? every (subject-every subject))
             (string=? monitor (subject-monitor subject)))
        subject
        (set-fields subject
          ((subject-monitor) monitor)
          ((subject-heard) heard)
          ((subject-every) every)))))


;;; Order: whether a result is newer than what is known.

(define %ahead 60000)                             ;ms that a result may lie in our future

(define (same-sender? subject result)
  (let ((sender (result-sender result)))
    (and (not (zero? sender))
         (eqv? sender (subject-sender subject)))))

(define (in-our-future? subject now)
  "Is the newest result of SUBJECT from when our clock was not yet set back?"
  (> (subject-at subject) (+ now %ahead)))

(define (newer? subject result now)
  (cond ((not (subject-at subject)) #t)
        ((same-sender? subject result)
         (> (result-seq result) (subject-seq subject)))
        ((in-our-future? subject now) #t)
        ((= (result-at result) (subject-at subject))
         (>= (result-received result) (subject-received subject)))
        (else
         (> (result-at result) (subject-at subject)))))

(define (result-in-order subject result now)
  "Return RESULT as it follows on the newest of SUBJECT at NOW, or #f if it is older.  Within
one sender the greater number is newer, and its time is raised to that of the one before; else
the later time, then the later receipt.  What lies in our future yields to any."
  (cond ((not (newer? subject result now)) #f)
        ((and (same-sender? subject result)
              (< (result-at result) (subject-at subject))
              (not (in-our-future? subject now)))
         (set-fields result ((result-at) (subject-at subject))))
        (else result)))

(define (time-when-older subject at)
  "Return when a result at AT that is older than the newest of SUBJECT counts as having happened:
before that one."
  (min at (- (subject-at subject) 1)))
