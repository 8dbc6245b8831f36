;;; notify-test.scm -- the decision, case by case and gate by gate
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog ledger)
             (sheepdog notify)
             (sheepdog pattern)
             (sheepdog route)
             (sheepdog terms)
             (sheepdog test)
             (ice-9 match)
             (ice-9 receive))

(define %all '(warn fail late unknown recovery))

(define* (subject state #:key (hard state) (failures 1))
  (make-subject 1 "h" "t" "error" 0 #f state hard 0 0 state failures 0 0 1 1 1 "" #f 0))

(define (told . states)
  "Return the ledger of one who was told STATES."
  (and (pair? states)
       (make-ledger (delq 'flapping states) (and (memq 'flapping states) #t) 0 0 "<first>" 0 3)))

(define now 100000)

(define* (decided state ledger #:key (on %all) (hard state) (failures 1) (after 1) repeat
                  #:allow-other-keys #:rest rest)
  "Return the verdict, (WORD REASON), or (WORD REASON UNTIL) of a hold, on a subject in STATE for one
who was told LEDGER; what else is given are facts."
  (let* ((others (let loop ((rest rest))
                   (match rest
                     ((key value . rest)
                      (if (memq key '(#:on #:hard #:failures #:after #:repeat))
                          (loop rest)
                          (cons* key value (loop rest))))
                     (() '()))))
         (verdict (decide (apply facts (subject state #:hard hard #:failures failures) now
                                 #:clause (clause #:to '("a@x") #:on on #:repeat repeat
                                                  #:terms (terms #:after after))
                                 #:ledger ledger
                                 others))))
    `(,(verdict-word verdict) ,(verdict-reason verdict)
      ,@(if (verdict-until verdict) (list (verdict-until verdict)) '()))))

(define default-on '(fail late unknown recovery))

(define (play states on)
  "Return the verdicts on STATES, one after the other, for one who wants ON."
  (let loop ((states states) (ledger #f) (verdicts '()))
    (match states
      (() (reverse verdicts))
      ((state . rest)
       (let* ((c (clause #:to '("a@x") #:on on))
              (verdict (decide (facts (subject state) now #:clause c #:ledger ledger))))
         (loop rest
               (cond ((equal? "not-wanted" (verdict-reason verdict)) #f)
                     ((tell? verdict)
                      (ledger-after ledger (verdict-kind verdict)
                                    (wanted (subject state) on)
                                    #:now 0 #:since 0 #:id "<id>"))
                     (else ledger))
               (cons (string->symbol (verdict-reason verdict)) verdicts)))))))

(run-tests "notify"
  (test-group "what is true against what was told"
    (test-equal "bad, nothing told: a problem"
      '(tell "problem") (decided 'fail #f))
    (test-equal "bad, told of it: the same"
      '(no "same") (decided 'fail (told 'fail)))
    (test-equal "worse than all that was told: a change"
      '(tell "change") (decided 'fail (told 'warn)))
    (test-equal "as bad as what was told: a change"
      '(tell "change") (decided 'fail (told 'late)))
    (test-equal "milder than what was told"
      '(no "milder") (decided 'warn (told 'fail)))
    (test-equal "told of it before, worse since"
      '(no "milder") (decided 'warn (told 'warn 'fail)))
    (test-equal "N21: told of both: each state once an incident"
      '(no "same") (decided 'late (told 'late 'fail)))
    (test-equal "ok, told: a recovery"
      '(tell "recovery") (decided 'ok (told 'fail)))
    (test-equal "ok, nothing told: fine"
      '(no "fine") (decided 'ok #f))
    (test-equal "a state that nobody asks for is fine"
      '(no "fine") (decided 'warn #f #:on default-on))
    (test-equal "bad, but no longer as asked for: the recovery `now warn'"
      '(tell "recovery") (decided 'warn (told 'fail) #:on default-on))
    (test-equal "recovery not asked for: unsaid"
      '(no "not-wanted") (decided 'ok (told 'fail) #:on '(fail))))

  (test-group "gates"
    (test-equal "they have an order"
      '(route change repeat soft catch-up flapping dependency silence reach group limit ledger)
      (map gate-name (%gates)))
    (test-equal "route: an opening to one who is not named"
      '(no "not-routed") (decided 'fail #f #:routed? #f))
    (test-equal "route: a change, too"
      '(no "not-routed") (decided 'fail (told 'warn) #:routed? #f))
    (test-equal "route: who was told of the problem is told of its end"
      '(tell "recovery") (decided 'ok (told 'fail) #:routed? #f))
    (test-equal "route: fine, and not named"
      '(no "not-routed") (decided 'ok #f #:routed? #f))
    (test-equal "soft: not bad for long enough"
      '(no "soft 2/3") (decided 'fail #f #:hard 'ok #:failures 2 #:after 3))
    (test-equal "soft: bad at last"
      '(tell "problem") (decided 'fail #f #:failures 3 #:after 3))
    (test-equal "soft: never stops an end"
      '(tell "recovery") (decided 'fail (told 'fail) #:hard 'ok #:after 3))
    (test-equal "route: escalation names him later"
      '((hold "not-yet" 100001) (no "not-routed") (no "not-routed"))
      (list (decided 'fail #f #:routed? #f #:not-yet 100001)
            (decided 'ok #f #:routed? #f #:not-yet 100001)
            (decided 'fail #f #:routed? #f)))
    (test-equal "repeat: a reminder when it is time, several missed are one"
      '((no "same") (tell "reminder") (tell "reminder") (no "milder"))
      (list (decided 'fail (told 'fail) #:repeat 100001)
            (decided 'fail (told 'fail) #:repeat 100000)
            (decided 'fail (told 'fail) #:repeat 30000)
            (decided 'warn (told 'fail))))
    (test-equal "catching up: nothing at all, ends neither"
      '((hold "catching-up" 100001) (hold "catching-up" 100001) (tell "problem"))
      (list (decided 'fail #f #:catch-up 100001)
            (decided 'ok (told 'fail) #:catch-up (delay 100001))
            (decided 'fail #f #:catch-up 100000)))
    (test-equal "flapping: told once, then its end alone"
      '((tell "flapping") (tell "flapping") (hold "flapping") (tell "flapping-over")
        (tell "flapping-over") (no "not-wanted"))
      (list (decided 'fail #f #:flapping? #t)
            (decided 'ok (told 'fail) #:flapping? #t)
            (decided 'ok (told 'fail 'flapping) #:flapping? #t)
            (decided 'ok (told 'flapping))
            (decided 'fail (told 'fail 'flapping))
            (decided 'ok (told 'flapping) #:on '(fail))))
    (test-equal "dependency and silence stop openings, never ends"
      '((hold "parent sw/PING") (tell "recovery") (hold "silenced #3" 7) (hold "silenced #3" 7)
        (tell "recovery") (tell "flapping-over") (hold "silenced #3" 7))
      (let ((parent (verdict 'hold "parent sw/PING" #f "sw/PING"))
            (silence (verdict 'hold "silenced #3" 7 "#3")))
        (list (decided 'fail #f #:parent parent)
              (decided 'ok (told 'fail) #:parent parent)
              (decided 'fail #f #:silence silence)
              (decided 'fail (told 'fail) #:repeat 1 #:silence (delay silence))
              (decided 'ok (told 'fail) #:silence silence)
              (decided 'ok (told 'flapping) #:silence silence)
              (decided 'fail (told 'flapping) #:silence silence))))
    (test-equal "that nobody can be reached is not sent to him, nor its end"
      '((no "unreachable") (no "unreachable"))
      (list (decided 'fail #f #:reachable? #f)
            (decided 'ok (told 'fail) #:reachable? #f)))
    (test-equal "group: all waits for the digest or for more, but for reminders"
      '((hold "digest" 200000) (hold "grouped" 100001) (hold "grouped" 100001) (tell "problem")
        (tell "reminder"))
      (list (decided 'fail #f #:digest 200000 #:flush 100001)
            (decided 'fail #f #:flush 100001)
            (decided 'ok (told 'fail) #:flush 100001)
            (decided 'fail #f #:flush 100000)
            (decided 'fail (told 'fail) #:repeat 1 #:flush 100001)))
    (test-equal "limit: all"
      '((hold "limited" 100001) (hold "limited" 100001))
      (list (decided 'fail #f #:limit 100001)
            (decided 'ok (told 'fail) #:limit 100001)))
    (test-equal "ledger: somebody else was faster"
      '(no "claimed") (decided 'fail #f #:claimed? #f)))

  (test-group "what was never told, and what is told no more"
    (test-equal "over while it waited, or while it was on hold"
      '((no "recovered-before-told") (no "never-told") (no "fine"))
      (list (decided 'ok #f #:waiting 'grouped)
            (decided 'ok #f #:waiting 'silenced)
            (decided 'ok #f)))
    (test-equal "of the past, all over: one line"
      '((tell "history") (tell "problem"))
      (list (decided 'ok #f #:past 2) (decided 'fail #f #:past 2)))
    (test-equal "who is not told any more is told so, once"
      '((tell "closed") (tell "recovery") (tell "closed") (no "fine"))
      (list (decided 'fail (told 'fail) #:routed? #f #:routable? #f)
            (decided 'ok (told 'fail) #:routed? #f #:routable? #f)
            (decided 'ok (told 'fail) #:closed? #t)
            (decided 'ok #f #:closed? #t))))

  (test-group "stories"
    (test-equal "N1: the same job failing is one problem and one recovery"
      '(problem same same same same same same same same same recovery)
      (play '(fail fail fail fail fail fail fail fail fail fail ok) default-on))
    (test-equal "N1 (c): new and ok"
      '(fine) (play '(ok) default-on))
    (test-equal "N9: warn, fail, ok"
      '(problem change recovery) (play '(warn fail ok) %all))
    (test-equal "N20: warn, fail, warn, ok"
      '(fine problem recovery fine) (play '(warn fail warn ok) default-on))
    (test-equal "N20 (b): with warn"
      '(problem change milder recovery) (play '(warn fail warn ok) %all))
    (test-equal "without recovery each incident begins anew"
      '(problem not-wanted problem) (play '(fail ok fail) '(fail))))

  (test-group "the ledger"
    (define* (after ledger kind state #:key (now 9) (reminders 0))
      (let ((ledger (ledger-after ledger kind state #:now now #:since 2 #:id "<2>"
                                  #:reminders reminders)))
        (and ledger
             (list (ledger-told ledger) (ledger-flap? ledger) (ledger-first ledger)
                   (ledger-since ledger) (ledger-thread ledger) (ledger-reminders ledger)
                   (ledger-version ledger)))))
    (test-equal "a problem begins it, a change goes on in its thread"
      '(((fail) #f 9 2 "<2>" 0 0) ((warn fail) #f 0 0 "<first>" 0 4))
      (list (after #f 'problem 'fail) (after (told 'warn) 'change 'fail)))
    (test-equal "flapping begins it, or goes on; its end leaves what is wrong then"
      '((() #t 9 2 "<2>" 0 0) ((fail) #t 0 0 "<first>" 0 4) ((fail) #f 0 0 "<first>" 0 4) #f)
      (list (after #f 'flapping 'fail) (after (told 'fail) 'flapping #f)
            (after (told 'flapping) 'flapping-over 'fail)
            (after (told 'flapping) 'flapping-over #f)))
    (test-equal "a reminder is counted, and those that were missed"
      '((fail) #f 0 0 "<first>" 3 4) (after (told 'fail) 'reminder 'fail #:reminders 3))
    (test-equal "an end empties it, the past does not touch it"
      '(#f #f #f)
      (list (after (told 'fail) 'recovery #f) (after (told 'fail) 'closed 'fail)
            (after #f 'history #f))))

  (test-group "clauses"
    (define disks (clause #:patterns (list (pattern "*/disk *")) #:to '("d@x")))
    (define all (clause #:to '("a@x")))
    (test-equal "the first that fits counts"
      '(("d@x") ("a@x"))
      (map (lambda (tag) (clause-to (clause-for (list disks all) "h" tag)))
           '("disk /" "load")))
    (test-false "none fits"
      (clause-for (list disks) "h" "load"))
    (test-equal "the first that counts now says who is told, the first that fits how patient one is"
      '((("d@x") ("a@x")) ("d@x") ("a@x") ("d@x"))
      (let* ((by-day (clause #:to '("d@x") #:during (lambda (ms) (< ms 1000))))
             (fitting (clauses-for (list by-day all disks) "h" "disk /")))
        (list (map clause-to fitting)
              (clause-to (clause-at fitting 999))
              (clause-to (clause-at fitting 1000))
              (clause-to (clause-for (list by-day all) "h" "disk /")))))
    (test-equal "the sender's wish takes the place of `sender', nobody twice"
      '("a@x" "b@x" (exec "/p" "-v") log)
      (recipients '("a@x" sender (exec "/p" "-v") log) '("b@x" "a@x")))
    (test-equal "recipients have names"
      '("a@x" "log" "(exec \"/p\" \"-v\")")
      (map destination->text '("a@x" log (exec "/p" "-v")))))

  (test-group "notes"
    (define (noted told? . more)
      (let ((verdict (decide-note (apply facts (subject 'ok) now #:clause (clause #:to '("a@x"))
                                         more)
                                  told?)))
        (list (verdict-word verdict) (verdict-reason verdict))))
    (test-equal "once, to whom they are routed, when it is time"
      '((tell "note") (no "same") (no "not-routed") (hold "grouped") (hold "limited"))
      (list (noted #f) (noted #t) (noted #f #:routed? #f) (noted #f #:flush 200000)
            (noted #f #:limit 200000))))

  (test-group "what only compares stands, whatever the time is"
    (define* (stands? state ledger #:key repeat (hard state) waiting (on %all))
      (let ((facts (facts (subject state #:hard hard) now
                          #:clause (clause #:to '("a@x") #:on on #:repeat repeat
                                           #:terms (terms #:after 3))
                          #:ledger ledger #:waiting waiting)))
        (timeless? (decide facts) facts)))
    (test-equal "the same, milder, nothing wrong"
      '(#t #t #t)
      (list (stands? 'fail (told 'fail)) (stands? 'warn (told 'fail)) (stands? 'ok #f)))
    (test-equal "not what is told, soft, a reminder some day, the end of a hold or of the ledger"
      '(#f #f #f #f #f #f)
      (list (stands? 'fail #f)
            (stands? 'fail #f #:hard 'ok)
            (stands? 'fail (told 'fail) #:repeat 1000000)
            (stands? 'warn (told 'fail) #:repeat 1000000)
            (stands? 'ok #f #:waiting 'grouped)
            (stands? 'ok (told 'fail) #:on '(fail)))))

  (test-equal "reasons have words"
    '("same state, no reminder is due" "not bad for long enough: 1/3" "silenced by #3" "hold")
    (map reason->text '("same" "soft 1/3" "silenced #3" "hold"))))
