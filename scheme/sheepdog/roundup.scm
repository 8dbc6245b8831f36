;;; roundup.scm -- digests and reports: what is not ok, what was and is over, in one notification
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A digest is the telling of what its clause sends there, and lists all else that its recipient is
;; told of; a report tells nothing, it lists.  The clock's kind of work is `digest', its key says whom,
;; when, and which of both.  Nothing is said when there is nothing to say.

(define-module (sheepdog roundup)
  #:use-module (sheepdog audience)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog chronicle)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog digest)
  #:use-module (sheepdog due)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog notice)
  #:use-module (sheepdog pair)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog route)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog store)
  #:use-module (sheepdog tell)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (plan-digests! tell-roundup!))

(define %open-end 9223372036854775807)
(define %most-lines 100)                          ;of each part


;;; What the configuration asks for.

(define-record-type <roundup>
  (roundup kind recipient digest)
  roundup?
  (kind roundup-kind)                             ;string: digest report
  (recipient roundup-recipient)                   ;string
  (digest roundup-digest))                        ;see (sheepdog digest)

(define (key-of roundup)
  (roundup-key (roundup-kind roundup) (roundup-digest roundup) (roundup-recipient roundup)))

(define (clause-roundups clause)
  "Return the roundups that CLAUSE asks for."
  (define (all kind digest to)
    (filter-map (lambda (destination)
                  (and (not (eq? 'sender destination))
                       (roundup kind (destination->text destination) digest)))
                to))
  (append (if (clause-digest clause)
              (all "digest" (clause-digest clause) (clause-to clause))
              '())
          (match (clause-report clause)
            (#f '())
            ((digest . to) (all "report" digest to)))))

(define (policy-roundups policy)
  (delete-duplicates (append-map clause-roundups (policy-clauses policy))
                     (lambda (a b) (string=? (key-of a) (key-of b)))))

(define (asks-sender? clause)
  (memq 'sender (clause-to clause)))

(define (sender-roundup policy key)
  "Return the digest KEY of somebody for whom messages wish, or #f: POLICY has none of that time."
  (match (string-split key #\newline)
    (("digest" time recipient)
     (let ((digest (find (lambda (digest) (string=? time (digest-key digest)))
                         (filter-map clause-digest
                                     (filter asks-sender? (policy-clauses policy))))))
       (and digest (roundup "digest" recipient digest))))
    (_ #f)))

(define (plan-digests! db config now)
  "Let the digests and reports that CONFIG asks for be due from NOW on."
  (for-each (lambda (roundup)
              (unless (due-at db 'digest (key-of roundup))
                (due! db (digest-next (roundup-digest roundup) now)
                      'digest (key-of roundup))))
            (policy-roundups (policy config))))

(define (wished-for? batch host tag recipient)
  "Does the newest message about the subject HOST/TAG wish for RECIPIENT?"
  (let ((matter (known-matter batch host tag)))
    (and matter (member recipient (wish batch matter #f)))))

(define (asks-for? batch clause wanted host tag)
  "Does CLAUSE tell the recipient of the roundup WANTED of the subject HOST/TAG, or ask for that report?"
  (if (string=? "report" (roundup-kind wanted))
      (any (lambda (roundup) (string=? (key-of roundup) (key-of wanted)))
           (clause-roundups clause))
      (or (member (roundup-recipient wanted) (map destination->text (clause-to clause)))
          (and (asks-sender? clause)
               (wished-for? batch host tag (roundup-recipient wanted))))))


;;; What there is to say.

(define-record-type <line>
  (make-line host tag worst reason from until failures)
  line?
  (host line-host)
  (tag line-tag)
  (worst line-worst)                              ;symbol
  (reason line-reason)
  (from line-from)                                ;ms
  (until line-until)                              ;ms; the open end
  (failures line-failures))                       ;integer

(define (open? line)
  (= %open-end (line-until line)))

(define (spans-since batch wanted since)
  "Return the spans, open or ended after SINCE, of the subjects that the roundup WANTED is about."
  (let ((clauses (policy-clauses (batch-policy batch))))
    (filter-map
     (match-lambda
       (#(host tag worst reason from until failures)
        (and (any (lambda (clause) (asks-for? batch clause wanted host tag))
                  (clauses-for clauses host tag))
             (make-line host tag (string->symbol worst) reason from until failures))))
     (sql (batch-db batch) "SELECT host, tag, worst, reason, t0, t1, failures FROM interruption
 WHERE t1 > " since " ORDER BY t0, host, tag"))))

(define (diary-since batch since)
  "Return what the diary said after SINCE, a list of strings."
  (map (match-lambda (#(summary) summary))
       (sql (batch-db batch) "SELECT e.summary FROM said s JOIN event e ON e.id = s.event
 WHERE s.host = " (policy-name (batch-policy batch)) " AND s.tag = 'diary' AND s.t > " since
 " ORDER BY s.t")))

(define (moment ms)
  (time->local "%a %-d %b at %H:%M" ms))

(define (end-of-span from until)
  "Return UNTIL for people, short if it is of the day of FROM."
  (time->local (if (string=? (time->local "%F" from) (time->local "%F" until))
                   "%H:%M"
                   "%a %-d %b at %H:%M")
               until))

(define (line-text batch silences line)
  (let ((name (printable (subject-name (line-host line) (line-tag line))))
        (reason (string-append ": " (printable (line-reason line)))))
    (if (open? line)
        (let* ((subject (known-subject batch (line-host line) (line-tag line)))
               (silence (and subject (find-silence silences subject))))
          (string-append (shown-state (if subject (subject-state subject) (line-worst line))) " "
                         name " since " (moment (line-from line)) reason
                         (if silence
                             (string-append " (silenced by " (silence-name silence) ")")
                             "")))
        (string-append (shown-state (line-worst line)) " " name " "
                       (moment (line-from line)) "-"
                       (end-of-span (line-from line) (line-until line)) reason))))

(define (part title lines)
  "Return the lines of a part of a roundup, none without LINES."
  (let ((more (- (length lines) %most-lines)))
    (if (null? lines)
        '()
        (append (list (string-append title ":"))
                (map (lambda (line) (string-append "  " line))
                     (if (positive? more) (take lines %most-lines) lines))
                (if (positive? more) (list (format #f "  and ~a more" more)) '())))))

(define (title-of kind open over)
  (string-append "[sheepdog] " kind ": "
                 (if (and (null? open) (null? over))
                     "notes and diary"
                     (format #f "~a not ok, ~a over" (length open) (length over)))))

(define (note-lines news)
  "Return the notes of receivers in NEWS."
  (append-map (lambda (news)
                (let ((subject (matter-subject (news-matter news))))
                  (map (match-lambda
                         ((key text event)
                          (string-append (printable (subject-name (subject-host subject)
                                                                  (subject-tag subject)))
                                         ": " (printable text))))
                       (news-notes news))))
              news))

(define (past-lines news)
  "Return the names of what came and went unheard, of NEWS."
  (filter-map (lambda (news)
                (and (eq? 'history (news-kind news))
                     (let ((subject (matter-subject (news-matter news))))
                       (string-append (printable (subject-name (subject-host subject)
                                                               (subject-tag subject)))
                                      " failed while it was cut off, and is over"))))
              news))


;;; Telling.

(define (last-time batch roundup now)
  "Return when ROUNDUP was told last before NOW, or would have been."
  (or (mark (batch-db batch) (string-append "told " (key-of roundup)))
      (digest-previous (roundup-digest roundup) now)
      0))

(define (tell! batch roundup at)
  "Tell ROUNDUP, which was due AT, if there is something."
  (let* ((since (last-time batch roundup at))
         (spans (spans-since batch roundup since))
         (silences (silences-at (batch-db batch) (policy-silences (batch-policy batch))
                                (batch-now batch)))
         (news (if (string=? "digest" (roundup-kind roundup))
                   (digest-news batch (roundup-recipient roundup)
                                (digest-key (roundup-digest roundup)))
                   '()))
         (text (lambda (line) (line-text batch silences line)))
         (open (filter open? spans))
         (over (remove open? spans))
         (diary (diary-since batch since))
         (lines (append (part "Not ok" (map text open))
                        (part "Over" (append (map text over) (past-lines news)))
                        (part "Notes" (note-lines news))
                        (part "Diary" (map printable diary)))))
    (set-mark! (batch-db batch) (string-append "told " (key-of roundup)) at)
    (unless (null? lines)
      (tell-digest! batch (roundup-recipient roundup) (roundup-kind roundup) news
                    (title-of (roundup-kind roundup) open over)
                    (string-join (append lines (list "  sheepdog status --bad"))
                                 "\n" 'suffix)))))

(define (release! batch recipient)
  "Let what waits for a digest that is no more asked for be decided again."
  (for-each (lambda (id) (decide-again! batch id (batch-now batch)))
            (held-for (batch-db batch) recipient '("digest"))))

(define (tell-roundup! batch at key)
  "Tell the digest or report KEY, which was due AT.  One for whom messages wish has his next when
something waits for it."
  (let* ((policy (batch-policy batch))
         (planned (find (lambda (roundup) (string=? key (key-of roundup)))
                        (policy-roundups policy))))
    (match (or planned (sender-roundup policy key))
      (#f (release! batch (last (string-split key #\newline))))
      (roundup
       (tell! batch roundup at)
       (when planned
         (due! (batch-db batch) (digest-next (roundup-digest roundup) (batch-now batch))
               'digest key))))))
