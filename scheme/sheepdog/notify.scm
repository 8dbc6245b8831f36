;;; notify.scm -- who is told what: what is true, against what was told
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One pure decision for each pair of subject and recipient.  It compares the hard state with the
;; ledger, what that recipient was told of the present incident, and sends the kind of news that
;; comes of it through the gates, in their order; the first that stops gives the reason.
;; Every verdict is stored.

(define-module (sheepdog notify)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog terms)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (clause clause? clause-to clause-on clause-terms clause-place
            clause-for recipients destination->text

            make-ledger ledger? ledger-told ledger-first ledger-thread ledger-version
            ledger-after

            verdict verdict? verdict-word verdict-reason tell?
            decide decide-note %older-result
            gate-names reason->text))


;;; Clauses: `(notify OPTION...)' of the configuration.

(define-record-type <clause>
  (make-clause patterns to on terms place)
  clause?
  (patterns clause-patterns)                      ;list of patterns; () fits all
  (to clause-to)                                  ;list of DEST
  (on clause-on)                                  ;list of states and `recovery'
  (terms clause-terms)                            ;see (sheepdog terms)
  (place clause-place))                           ;string "FILE:LINE" | #f: the default

(define* (clause #:key (patterns '()) to (on '(fail late unknown recovery))
                 (terms (terms)) place)
  "Return the clause that tells TO of the states ON of the subjects that one of PATTERNS fits
(() fits all).  TO is a list of DEST: an address, a string; the symbol `sender' or `log'; or
(exec \"PROGRAM\" ARG...).  TERMS say when a state counts."
  (make-clause patterns to on terms place))

(define (clause-for clauses host tag)
  "Return the first of CLAUSES that fits the subject HOST/TAG, or #f."
  (find (lambda (clause)
          (or (null? (clause-patterns clause))
              (any (lambda (pattern) (pattern-matches? pattern host tag))
                   (clause-patterns clause))))
        clauses))

(define (destination->text destination)
  "Return the name of DESTINATION, a DEST, by which it is stored as a recipient."
  (match destination
    ((? string?) destination)
    ((? symbol?) (symbol->string destination))
    (_ (object->string destination))))

(define (recipients clause mailto)
  "Return the DESTs that CLAUSE tells, `sender' replaced by MAILTO, the addresses that the
message wishes for; none twice."
  (delete-duplicates
   (append-map (lambda (destination)
                 (if (eq? destination 'sender)
                     mailto
                     (list destination)))
               (if clause (clause-to clause) '()))))


;;; Verdicts.

(define-record-type <verdict>
  (verdict word reason)
  verdict?
  (word verdict-word)                             ;symbol: tell hold no
  (reason verdict-reason))                        ;string: of `tell' the kind

(define (tell? verdict)
  (eq? 'tell (verdict-word verdict)))

(define %older-result (verdict 'no "older-result"))


;;; The ledger: what a recipient was told of a subject's present incident.  #f: nothing.

(define-record-type <ledger>
  (make-ledger told first thread version)
  ledger?
  (told ledger-told)                              ;list of states, first told first
  (first ledger-first)                            ;ms: when the first was told
  (thread ledger-thread)                          ;string: Message-ID of the first
  (version ledger-version))                       ;integer: of the row

(define (ledger-after ledger verdict state now id)
  "Return LEDGER after VERDICT, of which the recipient was told at NOW under the Message-ID ID;
#f when its row is to be empty."
  (match (verdict-reason verdict)
    ("problem" (make-ledger (list state) now id 0))
    ("change" (make-ledger (append (ledger-told ledger) (list state))
                           (ledger-first ledger) (ledger-thread ledger)
                           (+ 1 (ledger-version ledger))))
    ((or "recovery" "not-wanted") #f)
    (_ ledger)))


;;; The comparison: what kind of news the truth is to this recipient.

(define (wanted subject on)
  "Return the state that a recipient who wants ON should know of SUBJECT, or #f: nothing.  A
soft state is wanted too: it is for a gate to stop it."
  (let ((state (if (soft? subject)
                   (subject-state subject)
                   (subject-hard subject))))
    (and (bad? state) (memq state on) state)))

(define (compare subject on ledger)
  "Return two values: the kind of the news that the hard state of SUBJECT is to one who wants ON
and was told LEDGER, a symbol or #f; and, if it is none, the reason."
  (let ((state (wanted subject on))
        (told (if ledger (ledger-told ledger) '())))
    (cond ((and state (not ledger)) (values 'problem #f))
          ((and state (not (soft? subject)))
           (cond ((any (lambda (other) (< (state-rank state) (state-rank other))) told)
                  (values #f "milder"))
                 ((memq state told) (values #f "same"))
                 (else (values 'change #f))))
          ((not ledger) (values #f "fine"))
          ((memq 'recovery on) (values 'recovery #f))
          (else (values #f "not-wanted")))))

(define (opening? kind)
  (memq kind '(problem change)))


;;; The gates, in their order.

(define-record-type <gate>
  (gate name stop)
  gate?
  (name gate-name)                                ;symbol
  (stop gate-stop))                               ;(news) -> verdict | #f: it may pass

(define-record-type <news>
  (make-news subject clause routed? reachable? kind reason claimed?)
  news?
  (subject news-subject)                          ;subject, after the result
  (clause news-clause)                            ;clause | #f: none fits
  (routed? news-routed?)                          ;does it name this recipient?
  (reachable? news-reachable?)                    ;could it reach this recipient?
  (kind news-kind)                                ;symbol, see `compare' | #f
  (reason news-reason)                            ;string, see `compare' | #f
  (claimed? news-claimed?))                       ;is the ledger's row still ours?

(define (stop-route news)
  "Stop news that no clause sends to this recipient.  An end goes by the ledger instead: who was
told of the problem is told of its end."
  (and (not (news-routed? news))
       (or (opening? (news-kind news))
           (equal? "fine" (news-reason news)))
       (verdict 'no "not-routed")))

(define (stop-change news)
  "Stop where truth and ledger agree."
  (and (not (news-kind news))
       (verdict 'no (news-reason news))))

(define (stop-soft news)
  "Stop the beginning of what is not bad for long enough to count."
  (let ((subject (news-subject news)))
    (and (opening? (news-kind news))
         (soft? subject)
         (verdict 'no
                  (string-append "soft " (number->string (subject-failures subject))
                                 "/" (number->string (terms-after (clause-terms (news-clause news)))))))))

(define (stop-reach news)
  "Stop the news that somebody cannot be reached on its way to just him."
  (and (not (news-reachable? news))
       (verdict 'no "unreachable")))

(define (stop-ledger news)
  "Stop when somebody else has told in between."
  (and (not (news-claimed? news))
       (verdict 'no "claimed")))

(define %gates
  (list (gate 'route stop-route)
        (gate 'change stop-change)
        (gate 'soft stop-soft)
        (gate 'reach stop-reach)
        (gate 'ledger stop-ledger)))

(define (gate-names)
  "Return the names of the gates, in their order."
  (map gate-name %gates))

(define %default-on (clause-on (clause)))

(define* (decide subject clause ledger #:key (routed? #t) (reachable? #t) (claimed? #t))
  "Return the verdict on telling a recipient, who was told LEDGER (#f: nothing), of SUBJECT.
CLAUSE is the one that fits the subject, or #f; ROUTED? says whether it names the recipient.
REACHABLE? is #f when SUBJECT is that nothing can be delivered to this recipient.  CLAIMED? is #f when the ledger's row changed while this was decided."
  (receive (kind reason)
      (compare subject (if clause (clause-on clause) %default-on) ledger)
    (let ((news (make-news subject clause (and clause routed?) reachable? kind reason
                           claimed?)))
      (or (any (lambda (gate) ((gate-stop gate) news)) %gates)
          (verdict 'tell (symbol->string kind))))))

(define (decide-note told? routed?)
  "Return the verdict on a note of a receiver, which goes to a recipient once for each key: TOLD?
says whether it did, ROUTED? as in `decide'."
  (cond ((not routed?) (verdict 'no "not-routed"))
        (told? (verdict 'no "same"))
        (else (verdict 'tell "note"))))

(define %sentences
  '(("same" . "same state, (repeat never)")
    ("milder" . "milder than what was told")
    ("fine" . "nothing is wrong that is asked for in (on ...)")
    ("not-wanted" . "(on ...) does not ask for recovery")
    ("not-routed" . "no (notify ...) sends it there")
    ("unreachable" . "what was sent there was given up")
    ("older-result" . "older than what was known")
    ("claimed" . "told meanwhile by another")))

(define (reason->text reason)
  "Return the REASON of a verdict other than `tell' for people."
  (or (assoc-ref %sentences reason)
      (if (string-prefix? "soft " reason)
          (string-append "not bad for long enough: " (string-drop reason 5))
          reason)))
