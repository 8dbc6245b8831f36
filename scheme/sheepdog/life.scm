;;; life.scm -- what happens to the subjects of a batch: by results, by the clock, by what came too late
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What (sheepdog incident) says of a subject is entered here; whom to tell of it is for others.

(define-module (sheepdog life)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog condition)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog due)
  #:use-module (sheepdog expectation)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog rebuild)
  #:use-module ((sheepdog silence) #:prefix silence:)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (live-result! live-late! live-closed!
            note-older! rebuild-older!
            take-turn! give-up! end-catch-up!))

(define %patience (* 30 24 3600 1000))            ;ms that the end of a span is waited for unheard

(define (planned? batch matter)
  "Return the procedure that says whether an instant is planned work on the subject of MATTER."
  (let ((silences (filter silence:silence-planned? (policy-silences (batch-policy batch)))))
    (if (null? silences)
        (const #f)
        (lambda (at) (silence:planned? silences (matter-subject matter) at)))))

(define (enter-state! batch matter subject changes)
  "Let the state of MATTER, as a span, be that of SUBJECT."
  (let* ((before (matter-subject matter))
         (state (subject-state subject))
         (since (if state (subject-since subject) (batch-now batch))))
    (unless (and (eq? state (subject-state before))
                 (eqv? since (subject-since before)))
      (when (or (assq 'undo changes)
                (not (enter-condition! (batch-db batch) (subject-host subject)
                                       (subject-tag subject) state since
                                       (and (not (eq? 'late state)) (subject-event subject)))))
        (conditions-older! batch matter since)))))

(define (enter! batch matter subject changes)
  "Let the subject of MATTER be SUBJECT, its spans changed by CHANGES."
  (let ((db (batch-db batch))
        (now (batch-now batch))
        (host (subject-host subject))
        (tag (subject-tag subject)))
    (enter-state! batch matter subject changes)
    (set-matter-subject! matter subject)
    (for-each (lambda (change)
                (change-span! db host tag change now)
                (match change
                  (('begin . _)
                   (due-by! db (+ now %patience) 'give-up (matter-id matter)))
                  (('end from until . _)
                   (undue! db 'give-up (matter-id matter))
                   (when (old? until now)
                     (note-bygone! db (matter-id matter) host tag from)))
                  (_ #t)))
              changes)))

(define (note-age! batch host at)
  "Note that a message of HOST that happened AT came in; if it is old, HOST catches up."
  (when (old? at (batch-now batch))
    (let ((noted (batch-memory batch)))
      (unless (hash-ref noted host)
        (hash-set! noted host #t)
        (note-old! (batch-db batch) host (batch-now batch))))))

(define (live-result! batch matter result)
  "Let the subject of MATTER live through RESULT, which is newer than what is known of it."
  (let ((subject (matter-subject matter)))
    (note-age! batch (subject-host subject) (result-at result))
    (receive (subject changes)
        (subject-after subject result (matter-terms matter) (planned? batch matter))
      (enter! batch matter subject changes))))


;;; The clock.

(define* (live-late! batch matter deadline reason #:key base)
  "Let the subject of MATTER be late since DEADLINE, for REASON (words: `not heard since ...').  An ok
after BASE (else: after its last ok) and before DEADLINE that is heard of later refutes it."
  (let* ((db (batch-db batch))
         (before (matter-subject matter))
         (base (or base (match (batch-last-ok batch before) ((at . _) at) (#f 0)))))
    (receive (subject changes)
        (subject-late before deadline reason (matter-terms matter) (planned? batch matter))
      (unless (eq? subject before)
        (note-late! db (subject-host subject) (subject-tag subject) deadline base reason)
        (enter! batch matter subject changes)))))

(define (live-closed! batch matter)
  "Let the span of MATTER be over, as nobody waits for its end any more."
  (receive (subject changes) (subject-closed (matter-subject matter) (batch-now batch))
    (enter! batch matter subject changes)))

(define (take-turn! batch at id)
  "Let the clock have its turn with the subject ID at AT: what is bad for long enough becomes hard,
flapping ends."
  (let ((matter (matter-by-id batch id)))
    (when matter
      (let ((before (matter-subject matter))
            (terms (matter-terms matter)))
        (receive (subject changes) (subject-by before terms at)
          (enter! batch matter subject changes)
          (let ((turn (subject-turn subject terms)))
            (when turn                            ;under other terms than when this was set
              (due! (batch-db batch) turn 'turn id)))
          (unless (eq? before subject)
            (decide-again! batch id at)))))))

(define (give-up! batch at id)
  "Close the open span of the subject ID if nothing was heard of it, and nothing expected, for 30
days up to AT."
  (let ((matter (matter-by-id batch id)))
    (when (and matter (subject-span (matter-subject matter)))
      (let ((subject (matter-subject matter)))
        (define (wait-from ms)
          (due! (batch-db batch) (+ ms %patience) 'give-up id))
        (cond ((> (+ (subject-heard subject) %patience) at) (wait-from (subject-heard subject)))
              ((expected? (batch-db batch) id) (wait-from at))
              (else
               (live-closed! batch matter)
               (decide-again! batch id at)))))))

(define (end-catch-up! batch at host)
  "Let what counts after all that HOST sent of its past be told at AT."
  (for-each (lambda (id) (decide-again! batch id at))
            (bygone-subjects (batch-db batch) host)))


;;; What came too late.

(define (conditions-older! batch matter at)
  "Note that the states of MATTER as spans are to be made anew from AT on."
  (let* ((memory (batch-memory batch))
         (known (hash-ref memory 'conditions '()))
         (before (assq-ref known matter)))
    (hash-set! memory 'conditions (assq-set! known matter (if before (min at before) at)))))

(define (rebuild-conditions-older! batch)
  "Make those anew."
  (let ((older (hash-ref (batch-memory batch) 'conditions '())))
    (unless (null? older)
      (hash-remove! (batch-memory batch) 'conditions)
      (write-events! batch)
      (for-each (match-lambda
                  ((matter . at)
                   (let ((subject (matter-subject matter)))
                     (rebuild-conditions! (batch-db batch) (subject-host subject)
                                          (subject-tag subject) at))))
                older))))

(define (note-older! batch matter at)
  "Note that a result of the subject of MATTER, older than the newest, happened AT."
  (note-age! batch (subject-host (matter-subject matter)) at)
  (conditions-older! batch matter at)
  (let ((older (hash-ref (batch-memory batch) 'older '())))
    (match (assq matter older)
      (#f (hash-set! (batch-memory batch) 'older (acons matter (cons at at) older)))
      ((and entry (_ . (first . last)))
       (set-cdr! entry (cons (min at first) (max at last)))))))

(define (rebuild-older! batch)
  "Make the spans around all older results of BATCH anew, once a subject."
  (rebuild-conditions-older! batch)
  (let ((older (hash-ref (batch-memory batch) 'older '())))
    (unless (null? older)
      (write-events! batch)
      (for-each
       (match-lambda
         ((matter . (first . last))
          (set-matter-subject! matter
                               (rebuild! (batch-db batch) (matter-id matter)
                                         (matter-subject matter) first last
                                         (matter-terms matter) (planned? batch matter)
                                         (batch-now batch)))))
       older))))
