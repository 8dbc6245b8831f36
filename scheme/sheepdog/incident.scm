;;; incident.scm -- the life of a subject: what a result does to its state
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure: from a subject, a result and a time to the subject afterwards and what to write about the
;; span in which it was not ok.  All times are epoch milliseconds.

(define-module (sheepdog incident)
  #:use-module (srfi srfi-9)
  #:export (make-subject subject?
            subject-id subject-host subject-tag subject-monitor subject-heard subject-every
            subject-state subject-hard subject-since subject-bad-since subject-worst
            subject-failures subject-at subject-received subject-sender subject-seq
            subject-event subject-summary subject-ok-event subject-version

            make-result result? result-state result-at result-received result-sender
            result-seq result-event result-summary

            %open-end state-rank bad? soft?
            fresh-subject hear result-in-order subject-after))

(define %open-end 9223372036854775807)

(define-record-type <subject>
  (make-subject id host tag monitor heard every state hard since bad-since worst failures
                at received sender seq event summary ok-event version)
  subject?
  (id subject-id)                                 ;integer, its row | #f: not stored yet
  (host subject-host)                             ;string
  (tag subject-tag)                               ;string
  (monitor subject-monitor)                       ;string: of the newest message
  (heard subject-heard)                           ;ms: greatest time of its messages
  (every subject-every)                           ;ms: declared by itself | #f
  (state subject-state)                           ;symbol: of the newest result | #f: none yet
  (hard subject-hard)                             ;symbol: what notifications see | #f
  (since subject-since)                           ;ms: when STATE began | #f
  (bad-since subject-bad-since)                   ;ms: of the row of not-ok results | #f: ok
  (worst subject-worst)                           ;symbol: the worst of that row | #f
  (failures subject-failures)                     ;integer: its length
  (at subject-at)                                 ;ms: of the newest result | #f
  (received subject-received)                     ;ms: likewise, our clock | #f
  (sender subject-sender)                         ;integer: likewise; 0: none of its own | #f
  (seq subject-seq)                               ;integer: likewise | #f
  (event subject-event)                           ;integer: likewise, its message | #f
  (summary subject-summary)                       ;string: likewise
  (ok-event subject-ok-event)                     ;integer: message of the newest ok | #f
  (version subject-version))                      ;integer: of the row

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

(define (hear subject monitor at every)
  "Return SUBJECT after a message of MONITOR at AT, which declares the expectation EVERY
(ms, or #f: it says nothing of it)."
  (let ((heard (max at (subject-heard subject)))
        (every (or every (subject-every subject))))
    (if (and (= heard (subject-heard subject))
             (eqv? every (subject-every subject))
             (string=? monitor (subject-monitor subject)))
        subject
        (make-subject (subject-id subject) (subject-host subject) (subject-tag subject)
                      monitor heard every
                      (subject-state subject) (subject-hard subject)
                      (subject-since subject) (subject-bad-since subject)
                      (subject-worst subject) (subject-failures subject)
                      (subject-at subject) (subject-received subject)
                      (subject-sender subject) (subject-seq subject)
                      (subject-event subject) (subject-summary subject)
                      (subject-ok-event subject) (subject-version subject)))))


;;; Order: whether a result is newer than what is known.

(define %ahead 60000)                             ;ms that a result may lie in our future

(define (same-sender? subject result)
  (let ((sender (result-sender result)))
    (and (not (zero? sender))
         (eqv? sender (subject-sender subject)))))

(define (newer? subject result now)
  (cond ((not (subject-at subject)) #t)
        ((same-sender? subject result)
         (> (result-seq result) (subject-seq subject)))
        ((> (subject-at subject) (+ now %ahead)) #t) ;our clock was set back
        ((= (result-at result) (subject-at subject))
         (>= (result-received result) (subject-received subject)))
        (else
         (> (result-at result) (subject-at subject)))))

(define (result-in-order subject result now)
  "Return RESULT as it follows on the newest of SUBJECT at NOW, or #f if it is older.  Within
one sender the greater number is newer, and its time is raised to that of the one before; else
the later time, then the later receipt."
  (cond ((not (newer? subject result now)) #f)
        ((and (same-sender? subject result)
              (< (result-at result) (subject-at subject)))
         (make-result (result-state result) (subject-at subject) (result-received result)
                      (result-sender result) (result-seq result) (result-event result)
                      (result-summary result)))
        (else result)))


;;; State and interruption.

(define (hard-after subject state failures after)
  "Return the hard state once SUBJECT had STATE and FAILURES results in a row were not ok, of
which AFTER make it count."
  (cond ((eq? state 'ok) 'ok)
        ((or (bad? (subject-hard subject)) (>= failures after)) state)
        (else (subject-hard subject))))

(define (reason result)
  "Return in words why the span that RESULT begins is one."
  (if (string-null? (result-summary result))
      (symbol->string (result-state result))
      (result-summary result)))

(define (span-changes subject result hard worst)
  "Return what RESULT does to the open span of SUBJECT, given the new HARD and WORST state: a
list of

  (begin T0 WORST REASON HARD-AT EVENT)   HARD-AT is the open end: not yet
  (change T0 WORST HARD-AT)               HARD-AT is #f: as it was
  (end T0 T1 FAILURES EVENT)"
  (let* ((bad-since (subject-bad-since subject))
         (at (result-at result))
         (hardens? (and (bad? hard) (not (bad? (subject-hard subject))))))
    (cond ((and (eq? (result-state result) 'ok) bad-since)
           `((end ,bad-since ,at ,(subject-failures subject) ,(result-event result))))
          ((eq? (result-state result) 'ok) '())
          ((not bad-since)
           `((begin ,at ,worst ,(reason result) ,(if hardens? at %open-end)
                    ,(result-event result))))
          ((or hardens? (not (eq? worst (subject-worst subject))))
           `((change ,bad-since ,worst ,(and hardens? at))))
          (else '()))))

(define* (subject-after subject result #:key (after 1))
  "Return two values: SUBJECT after RESULT, which is newer than what is known of it (see
`result-in-order'), and the changes of its span, as `span-changes' tells them.  AFTER is how
many results in a row make a bad state hard."
  (let* ((state (result-state result))
         (at (result-at result))
         (ok? (eq? state 'ok))
         (failures (if ok? 0 (+ 1 (subject-failures subject))))
         (hard (hard-after subject state failures after))
         (worst (and (not ok?) (worse state (subject-worst subject)))))
    (values
     (make-subject (subject-id subject) (subject-host subject) (subject-tag subject)
                   (subject-monitor subject) (subject-heard subject) (subject-every subject)
                   state hard
                   (if (eq? state (subject-state subject)) (subject-since subject) at)
                   (and (not ok?) (or (subject-bad-since subject) at))
                   worst failures
                   at (result-received result) (result-sender result) (result-seq result)
                   (result-event result) (result-summary result)
                   (if ok? (result-event result) (subject-ok-event subject))
                   (subject-version subject))
     (span-changes subject result hard worst))))
