;;; notify-test.scm -- the decision, case by case and gate by gate
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog notify)
             (sheepdog pattern)
             (sheepdog terms)
             (sheepdog test)
             (ice-9 match)
             (ice-9 receive))

(define %all '(warn fail late unknown recovery))

(define* (subject state #:key (hard state) (failures 1))
  (make-subject 1 "h" "t" "error" 0 #f state hard 0 0 state failures 0 0 1 1 1 "" #f 0))

(define (told . states)
  "Return the ledger of one who was told STATES."
  (and (pair? states) (make-ledger states 7 "<first>" 3)))

(define* (decided state ledger #:key (on %all) (hard state) (routed? #t) (reachable? #t)
                  (claimed? #t) (failures 1) (after 1))
  (let ((verdict (decide (subject state #:hard hard #:failures failures)
                         (clause #:to '("a@x") #:on on #:terms (terms #:after after))
                         ledger #:routed? routed? #:reachable? reachable? #:claimed? claimed?)))
    (list (verdict-word verdict) (verdict-reason verdict))))

(define default-on '(fail late unknown recovery))

(define (play states on)
  "Return the verdicts on STATES, one after the other, for one who wants ON."
  (let loop ((states states) (ledger #f) (verdicts '()))
    (match states
      (() (reverse verdicts))
      ((state . rest)
       (let* ((c (clause #:to '("a@x") #:on on))
              (verdict (decide (subject state) c ledger)))
         (loop rest
               (if (or (tell? verdict) (equal? "not-wanted" (verdict-reason verdict)))
                   (ledger-after ledger verdict state 0 "<id>")
                   ledger)
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
      '(route change soft reach ledger) (gate-names))
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
    (test-equal "that nobody can be reached is not sent to him, nor its end"
      '((no "unreachable") (no "unreachable"))
      (list (decided 'fail #f #:reachable? #f)
            (decided 'ok (told 'fail) #:reachable? #f)))
    (test-equal "ledger: somebody else was faster"
      '(no "claimed") (decided 'fail #f #:claimed? #f)))

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
    (test-equal "a problem begins it, a change goes on in its thread"
      '((warn fail) 5 "<1>" 1)
      (let* ((one (ledger-after #f (verdict 'tell "problem") 'warn 5 "<1>"))
             (two (ledger-after one (verdict 'tell "change") 'fail 9 "<2>")))
        (list (ledger-told two) (ledger-first two) (ledger-thread two)
              (ledger-version two))))
    (test-false "a recovery empties it"
      (ledger-after (told 'fail) (verdict 'tell "recovery") 'ok 9 "<2>")))

  (test-group "clauses"
    (define disks (clause #:patterns (list (pattern "*/disk *")) #:to '("d@x")))
    (define all (clause #:to '("a@x")))
    (test-equal "the first that fits counts"
      '(("d@x") ("a@x"))
      (map (lambda (tag) (clause-to (clause-for (list disks all) "h" tag)))
           '("disk /" "load")))
    (test-false "none fits"
      (clause-for (list disks) "h" "load"))
    (test-equal "the sender's wish takes the place of `sender', nobody twice"
      '("a@x" "b@x" (exec "/p" "-v") log)
      (recipients (clause #:to '("a@x" sender (exec "/p" "-v") log)) '("b@x" "a@x")))
    (test-equal "recipients have names"
      '("a@x" "log" "(exec \"/p\" \"-v\")")
      (map destination->text '("a@x" log (exec "/p" "-v")))))

  (test-group "notes"
    (test-equal "once, to whom they are routed"
      '((tell "note") (no "same") (no "not-routed"))
      (map (lambda (verdict) (list (verdict-word verdict) (verdict-reason verdict)))
           (list (decide-note #f #t) (decide-note #t #t) (decide-note #f #f)))))

  (test-equal "reasons have words"
    '("same state, (repeat never)" "not bad for long enough: 1/3" "hold")
    (map reason->text '("same" "soft 1/3" "hold"))))
