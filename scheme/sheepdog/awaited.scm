;;; awaited.scm -- what is awaited of the subjects of a batch: what came, what did not, of whom it is
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What (sheepdog expect) says is carried out here: each message moves the expectation of its subject, the
;; clock passes its limits, and when demands change, those who are under them do.

(define-module (sheepdog awaited)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog core)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog due)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog expectation)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog keeping)
  #:use-module (sheepdog life)
  #:use-module (sheepdog message)
  #:use-module (sheepdog name)
  #:use-module (sheepdog outage)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog quiet)
  #:use-module (sheepdog run)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (judged await! pass-due! lose-run! walk-members! plan-members! renew-members!))


;;; Which demand.

(define (remembered batch key make)
  "Return what MAKE returned the first time for KEY in BATCH."
  (let ((memory (batch-memory batch)))
    (or (hash-ref memory key)
        (let ((made (make)))
          (hash-set! memory key made)
          made))))

(define (indexes batch)
  (list (policy-rules (batch-policy batch))
        (remembered batch 'asked
                    (lambda () (rules->index (asked-rules (batch-db batch)))))))

(define (find-demand batch host tag every forgotten?)
  "Return the demand on HOST/TAG, or #f; a subject that is FORGOTTEN? is under none but by its name."
  (demand-for (indexes batch) host tag every
              (lambda () (or forgotten? (exempt? (batch-db batch) host tag)))))

(define (forgotten? batch matter)
  "Was the subject of MATTER forgotten, and not heard since?"
  (let ((at (sql-value (batch-db batch) "SELECT forgotten FROM subject WHERE id = "
                       (matter-id matter))))
    (and at (<= (subject-heard (matter-subject matter)) at))))

(define (demand-of batch matter)
  "Return the demand on the subject of MATTER, or #f; found once, unless its messages demand
something else."
  (let* ((subject (matter-subject matter))
         (every (subject-every subject)))
    (match (matter-demand matter)
      (((? (lambda (known) (eqv? known every))) . demand) demand)
      (_ (let* ((forgotten? (forgotten? batch matter))
                (demand (find-demand batch (subject-host subject) (subject-tag subject) every
                                     forgotten?)))
           (set-matter-demand! matter (and (not forgotten?) (cons every demand)))
           demand)))))

(define (runs-of batch demand host tag)
  "Return the open runs of HOST/TAG as far as DEMAND asks for them."
  (if (demand-finish-within demand)
      (open-runs (batch-db batch) host tag)
      '()))


;;; A result that comes too often, or too quick.

(define (too-often batch demand message)
  "Return in words that MESSAGE comes too often under DEMAND, or #f."
  (match (demand-at-most demand)
    (#f #f)
    ((most . span)
     (write-events! batch)
     (let* ((at (message-at message))
            (before (sql-value (batch-db batch) "SELECT count(*) FROM (SELECT 1 FROM said WHERE host = "
                               (message-host message) " AND tag = " (message-tag message)
                               " AND t > " (- at span) " AND t <= " at
                               " AND state <> '' LIMIT " most ")")))
       (and (>= before most)
            (format #f "too often: ~a in ~a" (+ 1 before) (duration->text span)))))))

(define (too-quick demand message)
  "Return in words that MESSAGE, which is ok, comes too soon after its run began, or #f."
  (let* ((least (demand-not-quicker demand))
         (began (and least (eq? 'ok (message-state message)) (run-began message)))
         (took (and began (- (message-at message) began))))
    (and took
         (< took least)
         (string-append "too quick: " (duration->text took)))))

(define (judged batch matter message)
  "Return MESSAGE about MATTER, its state as bad as the demand makes it."
  (let* ((demand (and (message-state message)
                      (demand-of batch matter)))
         (words (and demand
                     (or (too-quick demand message)
                         (too-often batch demand message)))))
    (if (and words (memq (message-state message) '(ok warn)))
        (message-judged message 'warn words)
        message)))


;;; What came.

(define (last-satisfied batch subject demand)
  "Return (AT . START) of what SUBJECT did last that DEMAND asks for, or (#f . #f)."
  (if (eq? 'any (demand-by demand))
      (match (subject-heard subject)
        (0 '(#f . #f))
        (at (cons at at)))
      (match (batch-last-ok batch subject)
        (#f '(#f . #f))
        ((at . elapsed) (cons at (- at (or elapsed 0)))))))

(define (join batch demand base started)
  (begin-expectation demand (batch-now batch) #:base base #:started started))

(define (satisfies? demand message)
  (match (demand-by demand)
    ('any (not (too-quick demand message)))
    ('success (eq? 'ok (message-state message)))))

(define (idle? batch matter)
  "Is no run of MATTER open?  That none is stays known until one begins."
  (let ((subject (matter-subject matter)))
    (or (matter-idle? matter)
        (let ((idle? (null? (open-runs (batch-db batch) (subject-host subject)
                                       (subject-tag subject)))))
          (set-matter-idle! matter idle?)
          idle?))))

(define (live-run! batch matter message)
  "Enter what MESSAGE says of a run of MATTER; return when that began, or #f."
  (let ((starts? (eq? 'start (message-kind message))))
    (when starts?
      (set-matter-idle! matter #f))
    (enter-run! (batch-db batch) message
                #:open? (or starts? (not (idle? batch matter)))
                #:over! (lambda (row) (add-run! batch row)))))

(define (await! batch matter message at)
  "Enter what MESSAGE, which counts as of AT, says of runs, and what it does to what is expected of
MATTER."
  (let ((db (batch-db batch))
        (id (matter-id matter))
        (began (live-run! batch matter message))
        (demand (demand-of batch matter)))
    (cut-off-runs! batch message)
    (when demand
      (let* ((known (find-expectation db id demand))
             (before (or known
                         (match (last-satisfied batch (matter-subject matter) demand)
                           ((base . started) (join batch demand base started)))))
             (begun (if began (begin-run before began) before))
             (after (if (satisfies? demand message)
                        (satisfy begun at (min at (or began at)))
                        begun)))
        (unless (eq? after known)
          (write-expectation! db id after))
        (unless known
          (note-expected! batch (matter-subject matter) demand))
        (unless (and (eq? after known) (not began))
          (schedule! db id after
                     (runs-of batch demand (message-host message) (message-tag message))
                     #f))))))


;;; What did not come.

(define %slack 60000)                             ;ms by which a start may look earlier than it was

(define (heard subject)
  (match (subject-heard subject)
    (0 #f)                                        ;it is only expected yet
    (at at)))

(define (flip! batch matter deadline reason base)
  "Let MATTER be late since DEADLINE because of REASON, or since its newest result, if that came later
and satisfied nothing: such as the end of a run of the day before."
  (let ((newest (or (subject-at (matter-subject matter)) 0)))
    (live-late! batch matter
                (if (<= newest (batch-now batch))
                    (max deadline (+ newest 1))
                    deadline)
                reason #:base (or base 0)))
  (decide-again! batch (matter-id matter) (batch-now batch)))

(define (note-unmet! batch matter missed)
  (%log 'info (format #f "~a/~a failed, and still does: ~a in a row" (subject-host (matter-subject matter))
                      (subject-tag (matter-subject matter)) missed))
  (decide-again! batch (matter-id matter) (batch-now batch)))

(define (pass! batch matter expectation drained)
  "Pass the limits of EXPECTATION, of MATTER, and say what that means."
  (let* ((db (batch-db batch))
         (id (matter-id matter))
         (subject (matter-subject matter))
         (host (subject-host subject))
         (tag (subject-tag subject))
         (runs (runs-of batch (expectation-demand expectation) host tag)))
    (receive (after runs flip)
        (pass-limits expectation runs (batch-now batch) (subject-hard subject) (heard subject)
                     drained)
      (mark-overdue! db host tag runs)
      (unless (eq? after expectation)
        (write-expectation! db id after))
      (match flip
        ((deadline . reason)
         (flip! batch matter deadline reason (expectation-base expectation)))
        (#f (when (and (not (eq? after expectation)) (eq? 'fail (subject-hard subject)))
              (note-unmet! batch matter (expectation-missed after)))))
      (schedule! db id after runs drained))))

(define (pass-due! batch at id)
  "Look at what is expected of the subject ID, which passes a limit AT."
  (let* ((db (batch-db batch))
         (now (batch-now batch))
         (matter (matter-by-id batch id))
         (demand (and matter (demand-of batch matter))))
    (if (not demand)
        (leave! batch id)
        (receive (drained hold) (deafness db now)
          (let ((patience (or hold
                              (catching-up-until db (subject-host (matter-subject matter)) now)))
                (expectation (find-expectation db id demand)))
            (cond ((not expectation) (begin! batch matter demand))
                  ((and patience (> patience now)) (due! db patience 'deadline id))
                  (else (pass! batch matter expectation drained))))))))

(define (cut-off-runs! batch message)
  "Close the runs that the start of its machine has ended, if MESSAGE is a ping that says how long ago
that was."
  (let ((uptime (and (eq? 'ping (message-kind message))
                     (message-field message 'uptime))))
    (when (and (real? uptime) (exact? uptime) (<= 0 uptime))
      (let ((db (batch-db batch))
            (host (message-host message))
            (boot (- (message-at message) (* 1000 uptime))))
        (for-each (match-lambda
                    ((row tag)
                     (cut-off! db row boot)
                     (note-cut-off! db (batch-policy batch) host tag boot (batch-now batch))))
                  (runs-before-boot db host (- boot %slack)))))))

(define (lose-run! batch at row)
  "Close the run ROW, which nobody ended for a month."
  (end-lost! (batch-db batch) row (batch-now batch)))


;;; Who is under a demand.

(define (note-expected! batch subject demand)
  "Let the relation `expectation' say that DEMAND is made of SUBJECT."
  (begin-span! (batch-db batch) 'expectation
               (list (subject-host subject) (subject-tag subject))
               (list (or (demand-every demand) 0))
               (batch-now batch)))

(define (begin! batch matter demand)
  "Let the expectation of MATTER begin under DEMAND."
  (let ((subject (matter-subject matter)))
    (match (last-satisfied batch subject demand)
      ((base . started)
       (let ((expectation (join batch demand base started)))
         (write-expectation! (batch-db batch) (matter-id matter) expectation)
         (note-expected! batch subject demand)
         (schedule! (batch-db batch) (matter-id matter) expectation
                    (runs-of batch demand (subject-host subject) (subject-tag subject))
                    #f))))))

(define (leave! batch id)
  "Let nothing be expected of the subject ID any more."
  (when (drop-expectation! (batch-db batch) id)
    (let ((matter (matter-by-id batch id)))
      (when matter
        (end-span! (batch-db batch) 'expectation
                   (list (subject-host (matter-subject matter))
                         (subject-tag (matter-subject matter)))
                   (batch-now batch)))
      (when (and matter (eq? 'late (subject-hard (matter-subject matter))))
        (live-closed! batch matter)
        (decide-again! batch id (batch-now batch))))))

(define (expect-plain! db index now)
  "Let there be the subjects that INDEX names, heard of or not."
  (let* ((names (filter (match-lambda
                          ((host . tag)
                           (not (sql-row db "SELECT 1 FROM subject WHERE host = " host
                                         " AND tag = " tag))))
                        (index-names index)))
         (first (next-subject-id db)))
    (for-each (lambda (name) (name-host! db (car name) now)) names)
    (insert-subjects! db (map (lambda (id name)
                                (cons id (fresh-subject (car name) (cdr name) "message" 0)))
                              (iota (length names) first)
                              names))))

(define (renew-members! db index now)
  "Let there be the subjects that INDEX names, and let the clock find out who is under which demand.
Takes part in the caller's transaction."
  (expect-plain! db index now)
  (when (sql-row db "SELECT 1 FROM subject LIMIT 1")
    (due! db now 'members 0)))

(define (plan-members! db config now)
  "Find out who is under the demands of CONFIG, if they are not those of before."
  (let* ((index (policy-rules (policy config)))
         (key (index-key index)))
    (unless (equal? key (mark db "demands"))
      (renew-members! db index now)
      (set-mark! db "demands" key))))

(define %walk 500)                                ;subjects that are looked at in a row

(define (walk-members! batch at id)
  "Look at the subjects after ID, a few, whether what is expected of them has changed."
  (let* ((db (batch-db batch))
         (rows (sql db "SELECT s.id, s.host, s.tag, s.every, d.key,
  s.forgotten IS NOT NULL AND s.heard <= s.forgotten FROM subject s
 LEFT JOIN expectation e ON e.subject = s.id LEFT JOIN demand d ON d.id = e.demand
 WHERE s.id > " id " ORDER BY s.id LIMIT " %walk)))
    (for-each
     (match-lambda
       (#(id host tag every key forgotten)
        (let ((demand (find-demand batch host tag every (= 1 forgotten))))
          (cond ((not demand) (when key (leave! batch id)))
                ((equal? key (demand-key demand)) #t)
                (else
                 (let ((matter (matter-by-id batch id)))
                   (when matter
                     (begin! batch matter demand))))))))
     rows)
    (when (= %walk (length rows))
      (due! db (batch-now batch) 'members (vector-ref (last rows) 0)))))
