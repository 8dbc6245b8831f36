;;; incident.scm -- the life of a subject: what a result, or the clock, does to its state
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure: from a subject, a result and a time to the subject afterwards and what to write about the
;; span in which it was not ok.  All times are epoch milliseconds.
;;
;; The state is that of the newest result; the hard state, which notifications see, follows it as
;; patiently as the terms say.  An incident lasts until the hard state is ok again, a span until the
;; next ok: with `ok-after' an incident may have several.

(define-module (sheepdog incident)
  #:use-module (sheepdog flap)
  #:use-module (sheepdog subject)
  #:use-module (sheepdog terms)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9 gnu)
  #:export (soft-count subject-after subject-by subject-turn subject-late subject-closed
            subject-with-span)
  #:re-export (make-subject subject?
            subject-id subject-host subject-tag subject-monitor subject-heard subject-every
            subject-state subject-hard subject-since subject-bad-since subject-worst
            subject-failures subject-at subject-received subject-sender subject-seq
            subject-event subject-summary subject-ok-event subject-version
            subject-span subject-past subject-recent subject-changes subject-flapping

            make-result result? result-state result-at result-received result-sender
            result-seq result-event result-summary

            %open-end state-rank bad? soft? worse
            fresh-subject same-life? hear result-in-order time-when-older))


;;; Patience: which states count.

(define (shift recent bit terms)
  "Return RECENT with one BIT more, as many as TERMS ask for."
  (logand (logior (ash recent 1) bit)
          (- (ash 1 (max (or (terms-of terms) 1) (+ 1 (terms-ok-after terms)))) 1)))

(define (good-ones recent)
  "Return how many results in a row were ok, by RECENT."
  (if (zero? recent)
      60
      (- (integer-length (logand recent (- recent))) 1)))

(define (bad-ones subject terms)
  (let ((of (terms-of terms)))
    (if of
        (logcount (logand (subject-recent subject) (- (ash 1 of) 1)))
        (subject-failures subject))))

(define (soft-count subject terms)
  "Return how many results of SUBJECT, which is soft, count towards how many: (K . N)."
  (cons (min (bad-ones subject terms) (terms-after terms))
        (terms-after terms)))

(define (enough? subject terms)
  (>= (bad-ones subject terms) (terms-after terms)))

(define (with-hard subject hard at terms)
  "Return SUBJECT with the hard state HARD from AT on.  That a first state is ok is no change."
  (cond ((eq? hard (subject-hard subject)) subject)
        ((and (eq? hard 'ok) (not (subject-hard subject)))
         (set-fields subject ((subject-hard) hard)))
        (else
         (let ((changes (changes-after (subject-changes subject) at terms)))
           (set-fields subject
             ((subject-hard) hard)
             ((subject-changes) changes)
             ((subject-flapping) (or (subject-flapping subject)
                                     (and (flaps? changes at terms) at))))))))


;;; What the clock does by itself.

(define (hardens-at subject terms)
  "Return when SUBJECT becomes hard if it stays as it is, or #f."
  (and (soft? subject)
       (enough? subject terms)
       (+ (subject-bad-since subject) (terms-for terms))))

(define (calms-at* subject terms)
  (and (subject-flapping subject)
       (or (calms-at (subject-changes subject) terms)
           (subject-flapping subject))))

(define (subject-turn subject terms)
  "Return when the clock changes SUBJECT if nothing else does, in ms, or #f: never."
  (let ((hardens (hardens-at subject terms))
        (calms (calms-at* subject terms)))
    (if (and hardens calms) (min hardens calms) (or hardens calms))))

(define (subject-by subject terms until)
  "Return two values: SUBJECT as the clock made it by UNTIL, and the changes of its span."
  (let loop ((subject subject) (changes '()))
    (let ((turn (subject-turn subject terms)))
      (cond ((not (and turn (<= turn until))) (values subject (reverse changes)))
            ((eqv? turn (hardens-at subject terms))
             (loop (with-hard subject (subject-state subject) turn terms)
                   (cons `(change ,(subject-span subject) ,(subject-worst subject) ,turn)
                         changes)))
            (else (loop (set-fields subject ((subject-flapping) #f)) changes))))))


;;; What a result does.

(define (with-result subject result)
  "Return SUBJECT with RESULT as its newest."
  (set-fields subject
    ((subject-state) (result-state result))
    ((subject-since) (if (eq? (result-state result) (subject-state subject))
                         (subject-since subject)
                         (result-at result)))
    ((subject-at) (result-at result))
    ((subject-received) (result-received result))
    ((subject-sender) (result-sender result))
    ((subject-seq) (result-seq result))
    ((subject-event) (result-event result))
    ((subject-summary) (result-summary result))
    ((subject-ok-event) (if (eq? 'ok (result-state result))
                            (result-event result)
                            (subject-ok-event subject)))))

(define (reason result)
  "Return in words why the span that RESULT begins is one."
  (if (string-null? (result-summary result))
      (symbol->string (result-state result))
      (result-summary result)))

(define (refutes? subject result)
  "Is RESULT from before the deadline because of which SUBJECT is late?"
  (and (eq? 'late (subject-state subject))
       (< (result-at result) (subject-since subject))))

(define (without-late subject)
  "Return SUBJECT as it was before the clock found it late, but for what RESULT will say."
  (let ((deadline (subject-since subject)))
    (define (unless-by-clock ms)
      (and (not (eqv? ms deadline)) ms))
    (set-fields subject
      ((subject-hard) (if (eqv? deadline (subject-bad-since subject)) 'ok (subject-hard subject)))
      ((subject-bad-since) (unless-by-clock (subject-bad-since subject)))
      ((subject-span) (unless-by-clock (subject-span subject)))
      ((subject-recent) (ash (subject-recent subject) -1))
      ((subject-changes) (delete deadline (subject-changes subject))))))

(define (after-ok subject result terms planned?)
  "Return SUBJECT and the changes of its span after RESULT, which is ok."
  (let* ((at (result-at result))
         (span (subject-span subject))
         (hard? (bad? (subject-hard subject)))
         (recent (shift (subject-recent subject) 0 terms))
         (over? (or (not hard?) (>= (good-ones recent) (terms-ok-after terms)))))
    (values
     (with-hard (set-fields (with-result subject result)
                  ((subject-bad-since) (and (not over?) (subject-bad-since subject)))
                  ((subject-failures) (if over? 0 (subject-failures subject)))
                  ((subject-past) (if over? 0 (subject-failures subject)))
                  ((subject-recent) (if (and hard? over?) 0 recent))
                  ((subject-span) #f)
                  ((subject-worst) #f))
                (if over? 'ok (subject-hard subject))
                at terms)
     (if span
         ;; Our clock may have been set back since it began.
         `((end ,span ,(max span at) ,(- (subject-failures subject) (subject-past subject))
                ,(result-event result) ,(planned? at)))
         '()))))

(define (bad-span-changes before after result planned?)
  "Return what RESULT, which is not ok, does to the span: of BEFORE to AFTER."
  (let* ((span (subject-span before))
         (at (result-at result))
         (hardens? (and (bad? (subject-hard after))
                        (not (and span (bad? (subject-hard before))))))
         (worst (subject-worst after)))
    (cond ((not span)
           `((begin ,at ,worst ,(reason result) ,(if hardens? at %open-end)
                    ,(result-event result) ,(planned? at))))
          ((or hardens? (not (eq? worst (subject-worst before))))
           `((change ,span ,worst ,(and hardens? at))))
          (else '()))))

(define (after-bad subject result terms planned?)
  "Return SUBJECT and the changes of its span after RESULT, which is not ok."
  (let* ((at (result-at result))
         (counted (set-fields (with-result subject result)
                    ((subject-bad-since) (or (subject-bad-since subject) at))
                    ((subject-failures) (+ 1 (subject-failures subject)))
                    ((subject-recent) (shift (subject-recent subject) 1 terms))
                    ((subject-span) (or (subject-span subject) at))
                    ((subject-worst) (worse (result-state result) (subject-worst subject)))))
         (hard? (or (bad? (subject-hard subject))
                    (and (enough? counted terms)
                         (>= (- at (subject-bad-since counted)) (terms-for terms)))))
         (after (if hard?
                    (with-hard counted (result-state result) at terms)
                    counted)))
    (values after (bad-span-changes subject after result planned?))))

(define (after-refuting subject result terms planned?)
  "Return SUBJECT, which is late, and the changes of its span after RESULT from before the
deadline: what the clock said was not true."
  (let ((at (result-at result))
        (span (subject-span subject))
        (undone `(undo ,(result-at result))))
    (if (eq? 'ok (result-state result))
        (call-with-values (lambda () (after-ok (without-late subject) result terms planned?))
          (lambda (after changes)
            (values after
                    (if (eqv? span (subject-since subject))
                        `((drop ,span) ,undone ,@changes)
                        `(,undone ,@changes)))))
        ;; It was bad all the same, and earlier than we knew.
        (let ((earlier (set-fields subject
                         ((subject-bad-since) (min at (subject-bad-since subject)))
                         ((subject-span) (min at span)))))
          (call-with-values (lambda () (after-bad earlier result terms planned?))
            (lambda (after changes)
              (values after
                      (if (< at span)
                          `((move ,span ,at) ,undone ,@changes)
                          `(,undone ,@changes)))))))))

(define (at-rest? subject)
  (and (eq? 'ok (subject-state subject))
       (eq? 'ok (subject-hard subject))
       (eqv? 0 (subject-recent subject))
       (not (subject-flapping subject))))

(define* (subject-after subject result #:optional (terms (terms)) (planned? (const #f)))
  "Return two values: SUBJECT after RESULT, which is newer than what is known of it (see
`result-in-order'), under TERMS; and the changes of its span, a list of

  (begin T0 WORST REASON HARD-AT EVENT PLANNED?)  HARD-AT is the open end: not yet
  (change T0 WORST HARD-AT)                       HARD-AT is #f: as it was
  (end T0 T1 FAILURES EVENT PLANNED?)             planned if it was at its beginning, too
  (drop T0)                                       there was none
  (move T0 EARLIER)                               it began earlier
  (undo T)                                        it was not late after T
  (close T0 T1)                                   nobody waits for its end

PLANNED? says whether an instant is inside of planned work."
  (cond ((and (eq? 'ok (result-state result)) (at-rest? subject))
         (values (with-result subject result) '()))
        ((refutes? subject result)
         (after-refuting subject result terms planned?))
        (else
         (call-with-values (lambda () (subject-by subject terms (result-at result)))
           (lambda (subject by-clock)
             (call-with-values
                 (lambda ()
                   ((if (eq? 'ok (result-state result)) after-ok after-bad)
                    subject result terms planned?))
               (lambda (subject changes)
                 (values subject (append by-clock changes)))))))))


;;; What is found missing, or is waited for no longer.

(define* (subject-late subject deadline reason #:optional (terms (terms)) (planned? (const #f)))
  "Return two values: SUBJECT once it is found that DEADLINE passed, because of REASON (words,
`not heard since ...'), and the changes of its span, as for `subject-after'.  Late is hard at
once: grace was the patience."
  (let ((span (subject-span subject)))
    (if (or (eq? 'late (subject-state subject))
            (and (subject-at subject) (>= (subject-at subject) deadline)))
        (values subject '())
        (let* ((worst (worse 'late (subject-worst subject)))
               (late (set-fields subject
                       ((subject-state) 'late)
                       ((subject-since) deadline)
                       ((subject-bad-since) (or (subject-bad-since subject) deadline))
                       ((subject-recent) (shift (subject-recent subject) 1 terms))
                       ((subject-span) (or span deadline))
                       ((subject-worst) worst))))
          (values (with-hard late 'late deadline terms)
                  (cond ((not span)
                         `((begin ,deadline ,worst ,(string-append "late: " reason) ,deadline
                                  0 ,(planned? deadline))))
                        ((bad? (subject-hard subject))
                         `((change ,span ,worst #f)))
                        (else
                         `((change ,span ,worst ,deadline)))))))))

(define (subject-closed subject at)
  "Return two values: SUBJECT when from AT on nobody waits for its end any more, and the changes
of its span.  Its next result is its first."
  (values (set-fields subject
            ((subject-state) #f)
            ((subject-hard) #f)
            ((subject-since) #f)
            ((subject-bad-since) #f)
            ((subject-worst) #f)
            ((subject-failures) 0)
            ((subject-span) #f)
            ((subject-past) 0)
            ((subject-recent) 0)
            ((subject-changes) '())
            ((subject-flapping) #f))
          (if (subject-span subject)
              `((close ,(subject-span subject) ,(max at (subject-span subject))))
              '())))

(define (subject-with-span subject span worst)
  "Return SUBJECT when its open span is found to have begun at SPAN and to have been WORST; the
incident did, too, if it began with it."
  (set-fields subject
    ((subject-bad-since) (if (eqv? (subject-bad-since subject) (subject-span subject))
                             span
                             (subject-bad-since subject)))
    ((subject-span) span)
    ((subject-worst) worst)))
