;;; notify.scm -- who is told what: what is true, against what was told
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One pure decision for each pair of subject and recipient, over a record of facts.  It compares
;; the truth with the ledger, what that recipient was told of the present incident, and sends the
;; kind of news that comes of it through the gates, in their order; the first that stops gives the
;; reason.  Every verdict is stored.

(define-module (sheepdog notify)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog ledger)
  #:use-module (sheepdog route)
  #:use-module (sheepdog terms)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (verdict verdict? verdict-word verdict-reason verdict-until verdict-key
            tell? hold? verdict-kind equal-verdicts? %older-result

            facts wanted reminders-due
            decide decide-note timeless?
            %gates gate-name
            reason->text))


;;; Verdicts.

(define-record-type <verdict>
  (make-verdict word reason until key)
  verdict?
  (word verdict-word)                             ;symbol: tell hold no
  (reason verdict-reason)                         ;string: of `tell' the kind
  (until verdict-until)                           ;ms: when a hold is over, or looked at again | #f
  (key verdict-key))                              ;string: what a hold hangs on; "": time alone

(define* (verdict word reason #:optional until (key ""))
  (make-verdict word reason until key))

(define (tell? verdict)
  (eq? 'tell (verdict-word verdict)))

(define (hold? verdict)
  (eq? 'hold (verdict-word verdict)))

(define (verdict-kind verdict)
  "Return the kind of news that VERDICT tells."
  (string->symbol (verdict-reason verdict)))

(define (equal-verdicts? a b)
  (and (eq? (verdict-word a) (verdict-word b))
       (string=? (verdict-reason a) (verdict-reason b))))

(define %older-result (verdict 'no "older-result"))


;;; Facts.

;; What costs a look into the database may be a promise.
(define-record-type <facts>
  (make-facts subject now flapping? closed? clause ledger waiting past routed? routable? not-yet
              reachable? catch-up parent silence digest flush limit claimed?)
  facts?
  (subject fact-subject)                          ;subject
  (now fact-now)                                  ;ms
  (flapping? fact-flapping?)                      ;does it flap?
  (closed? fact-closed?)                          ;is it watched no longer?
  (clause fact-clause)                            ;the clause that counts | #f: none
  (ledger fact-ledger)                            ;ledger | #f: nothing was told
  (waiting fact-waiting)                          ;symbol: why the pair is on hold | #f: it is not
  (past fact-past)                                ;spans of the past that are over, untold: integer
  (routed? fact-routed?)                          ;does the clause name this recipient?
  (routable? fact-routable?)                      ;does some clause, at some time?
  (not-yet fact-not-yet)                          ;ms: when escalation names him | #f
  (reachable? fact-reachable?)                    ;could it reach him?
  (catch-up fact-catch-up)                        ;ms: till when its host catches up | #f
  (parent fact-parent)                            ;verdict of its dependencies | #f
  (silence fact-silence)                          ;verdict of silences and acks | #f
  (digest fact-digest)                            ;ms: when the digest is | #f: none, or it is now
  (flush fact-flush)                              ;ms: when his group goes | #f: now
  (limit fact-limit)                              ;ms: till when he got too many | #f
  (claimed? fact-claimed?))                       ;is the ledger's row still ours?

(define* (facts subject now #:key flapping? closed? clause ledger waiting (past 0) (routed? #t)
                (routable? #t) not-yet (reachable? #t) catch-up parent silence digest flush
                limit (claimed? #t))
  "Return what `decide' judges by: of SUBJECT at NOW, the others as in the record."
  (make-facts subject now flapping? closed? clause ledger waiting past routed? routable?
              not-yet reachable? catch-up parent silence digest flush limit claimed?))

(define (known fact)
  (if (promise? fact) (force fact) fact))

(define %default-on (clause-on (clause)))

(define (asked-for facts)
  (if (fact-clause facts)
      (clause-on (fact-clause facts))
      %default-on))

(define (wanted subject on)
  "Return the state that a recipient who wants ON should know of SUBJECT, or #f: nothing.  A soft
state is wanted too: it is for a gate to stop it."
  (let ((state (if (soft? subject)
                   (subject-state subject)
                   (subject-hard subject))))
    (and (bad? state) (memq state on) state)))

(define (reminders-due ledger repeat now)
  "Return how many reminders of LEDGER, one each REPEAT ms (#f: none), were due until NOW."
  (if repeat
      (quotient (max 0 (- now (ledger-first ledger))) repeat)
      0))


;;; The comparison: what kind of news the truth is to this recipient.

(define (compare-bad state told)
  (cond ((any (lambda (other) (< (state-rank state) (state-rank other))) told)
         (values 'reminder "milder"))
        ((memq state told) (values 'reminder "same"))
        (else (values 'change #f))))

(define (nothing-wanted facts)
  "Return the two values of `compare' where nothing is wanted and nothing was told."
  (cond ((positive? (known (fact-past facts))) (values 'history #f))
        (else
         (values #f (match (fact-waiting facts)
                      (#f "fine")
                      ((or 'grouped 'digest 'limited) "recovered-before-told")
                      (_ "never-told"))))))

(define (end-or-silence kind on)
  (if (memq 'recovery on)
      (values kind #f)
      (values #f "not-wanted")))

(define (compare facts)
  "Return two values: the kind of the news that the truth is to one who knows what the ledger of
FACTS says, a symbol or #f; and, if it is none or but a reminder, the reason."
  (let* ((subject (fact-subject facts))
         (on (asked-for facts))
         (ledger (fact-ledger facts))
         (state (wanted subject on)))
    (cond ((and ledger (fact-closed? facts)) (values 'closed #f))
          ((and ledger state (not (soft? subject)) (not (fact-routable? facts)))
           (values 'closed #f))
          ((fact-flapping? facts) (values 'flapping #f))
          ((and ledger (ledger-flap? ledger))
           (if state
               (values 'flapping-over #f)
               (end-or-silence 'flapping-over on)))
          ((and state (not ledger)) (values 'problem #f))
          ((and state (not (soft? subject))) (compare-bad state (ledger-told ledger)))
          (ledger (end-or-silence 'recovery on))
          (else (nothing-wanted facts)))))


;;; The gates, in their order.

(define-record-type <news>
  (make-news facts kind reason)
  news?
  (facts news-facts)
  (kind news-kind)                                ;symbol, see `compare' | #f
  (reason news-reason))                           ;string, see `compare' | #f

(define-record-type <gate>
  (gate name stop)
  gate?
  (name gate-name)                                ;symbol
  (stop gate-stop))                               ;(news facts) -> verdict | #f: it may pass

(define (state-of facts)
  (wanted (fact-subject facts) (asked-for facts)))

(define (opening? news facts)
  "Is NEWS the beginning of something, or more of it?"
  (or (memq (news-kind news) '(problem change flapping reminder))
      (and (eq? 'flapping-over (news-kind news)) (state-of facts))))

(define (new? news)
  "Is NEWS what a clause is asked for?  Ends and reminders go by the ledger instead."
  (or (memq (news-kind news) '(problem change flapping history))
      (member (news-reason news) '("fine"))))

(define (stop-route news facts)
  "Stop what is new when no clause sends it to this recipient, or does not do so yet."
  (and (not (fact-routed? facts))
       (new? news)
       (if (and (fact-not-yet facts) (news-kind news))
           (verdict 'hold "not-yet" (fact-not-yet facts))
           (verdict 'no "not-routed"))))

(define (stop-change news facts)
  "Stop where truth and ledger agree."
  (and (not (news-kind news))
       (verdict 'no (news-reason news))))

(define (stop-repeat news facts)
  "Stop a reminder that nobody wants, or not yet."
  (let ((ledger (fact-ledger facts)) (clause (fact-clause facts)))
    (and (eq? 'reminder (news-kind news))
         (<= (reminders-due ledger (and clause (clause-repeat clause)) (fact-now facts))
             (ledger-reminders ledger))
         (verdict 'no (news-reason news)))))

(define (stop-soft news facts)
  "Stop the beginning of what is not bad for long enough to count."
  (let ((subject (fact-subject facts)))
    (and (opening? news facts)
         (soft? subject)
         (match (soft-count subject (clause-terms (fact-clause facts)))
           ((bad . needed)
            (verdict 'no (string-append "soft " (number->string bad)
                                        "/" (number->string needed))))))))

(define (stop-catch-up news facts)
  "Stop all while old messages of the host come in: only what is true afterwards counts."
  (let ((until (known (fact-catch-up facts))))
    (and until
         (> until (fact-now facts))
         (verdict 'hold "catching-up" until))))

(define (stop-flapping news facts)
  "Stop all but the end of flapping for who was told of it."
  (and (eq? 'flapping (news-kind news))
       (fact-ledger facts)
       (ledger-flap? (fact-ledger facts))
       (verdict 'hold "flapping")))

(define (stop-dependency news facts)
  "Stop openings that something else explains, or may explain soon."
  (and (opening? news facts)
       (known (fact-parent facts))))

(define (stop-silence news facts)
  "Stop openings that somebody does not want to hear of for a time."
  (and (opening? news facts)
       (known (fact-silence facts))))

(define (stop-reach news facts)
  "Stop the news that somebody cannot be reached on its way to just him."
  (and (not (known (fact-reachable? facts)))
       (verdict 'no "unreachable")))

(define (stop-group news facts)
  "Let all wait for the digest, or for more to tell with it; a reminder has waited already."
  (let ((digest (known (fact-digest facts)))
        (flush (and (not (eq? 'reminder (news-kind news)))
                    (known (fact-flush facts)))))
    (cond (digest (verdict 'hold "digest" digest))
          ((and flush (> flush (fact-now facts))) (verdict 'hold "grouped" flush))
          (else #f))))

(define (stop-limit news facts)
  "Stop what would be too much for a mailbox."
  (let ((until (known (fact-limit facts))))
    (and until
         (> until (fact-now facts))
         (verdict 'hold "limited" until))))

(define (stop-ledger news facts)
  "Stop when somebody else has told in between."
  (and (not (fact-claimed? facts))
       (verdict 'no "claimed")))

;; A parameter, so that a test may leave one out and see what goes wrong.
(define %gates
  (make-parameter
   (list (gate 'route stop-route)
         (gate 'change stop-change)
         (gate 'repeat stop-repeat)
         (gate 'soft stop-soft)
         (gate 'catch-up stop-catch-up)
         (gate 'flapping stop-flapping)
         (gate 'dependency stop-dependency)
         (gate 'silence stop-silence)
         (gate 'reach stop-reach)
         (gate 'group stop-group)
         (gate 'limit stop-limit)
         (gate 'ledger stop-ledger))))

(define (through-gates news facts)
  (or (any (lambda (gate) ((gate-stop gate) news facts)) (%gates))
      (verdict 'tell (symbol->string (or (news-kind news) 'note)))))

(define (decide facts)
  "Return the verdict on telling a recipient of a subject, given FACTS."
  (receive (kind reason) (compare facts)
    (through-gates (make-news facts kind reason) facts)))

(define (timeless? verdict facts)
  "Does VERDICT on FACTS stand, whatever the time is, as long as its subject lives on as it does and the
same was told?  Then it came of the comparison alone."
  (and (eq? 'no (verdict-word verdict))
       (not (fact-waiting facts))
       (not (and (fact-clause facts) (clause-repeat (fact-clause facts))))
       (member (verdict-reason verdict) '("same" "fine" "milder"))
       #t))

(define (decide-note facts told?)
  "Return the verdict on a note of a receiver, given FACTS of its subject; TOLD? says whether the
recipient was told of its key before."
  (cond (told? (verdict 'no "same"))
        ((not (fact-routed? facts)) (verdict 'no "not-routed"))
        (else (through-gates (make-news facts 'note #f) facts))))


;;; Reasons in words.

(define %sentences
  '(("same" . "same state, no reminder is due")
    ("milder" . "milder than what was told")
    ("fine" . "(on ...) does not ask for this state")
    ("not-wanted" . "(on ...) does not ask for recovery")
    ("not-routed" . "no (notify ...) sends it there")
    ("not-yet" . "it does not last long enough to be escalated")
    ("unreachable" . "what was sent there was given up")
    ("older-result" . "older than what was known")
    ("never-told" . "not so any more before it could be told")
    ("recovered-before-told" . "not so any more before it was told")
    ("catching-up" . "old messages of its host come in")
    ("flapping" . "was told that it flaps")
    ("digest" . "waits for the digest")
    ("grouped" . "waits for more to tell with it")
    ("limited" . "too many mails went there")
    ("claimed" . "told meanwhile by another")))

(define %beginnings
  '(("soft " . "not bad for long enough: ")
    ("parent " . "down is what it depends on: ")
    ("parent-wait " . "waits to hear of what it depends on: ")
    ("settle " . "just back is what it depends on: ")
    ("silenced " . "silenced by ")
    ("acked " . "acknowledged by ")))

(define (reason->text reason)
  "Return the REASON of a verdict other than `tell' for people."
  (or (assoc-ref %sentences reason)
      (any (match-lambda
             ((beginning . words)
              (and (string-prefix? beginning reason)
                   (string-append words
                                  (string-drop reason (string-length beginning))))))
           %beginnings)
      reason))
