;;; evaluator-test.scm -- the oracle is believed because these answers were found by hand
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/load.scm"))
(load-oracle! "value" "world" "alternatives" "grouping" "solution" "evaluator")
(use-modules (oracle evaluator)
             (oracle value)
             (oracle world)
             (sheepdog test)
             (srfi srfi-1))

(setenv "TZ" "Europe/Berlin")
(tzset)

(define now 1767225600000)                        ;2026-01-01 01:00 in Berlin
(define (days n) (- now (* n 86400000)))
(define (hours n) (- now (* n 3600000)))
(define open %open)

(define relations
  (append
   (map declaration->relation
        '((define-state (service host name -> manager))
          (define-state (package host name -> (version version)))
          (define-state (ram host -> (total (size MiB))))
          (define-state (depends host tag on-host on-tag))
          (define-state (thing host part -> (value any)))
          (define-state (booked host slot -> who) (planned))
          (define-event (login host user -> source))))
   (map (lambda (declaration) (declaration->relation declaration #:told? #f))
        '((define-state (host name))
          (define-state (state host tag -> state))
          (define-state (interruption host tag -> worst))
          (define-state (run host tag id -> (status integer)))
          (define-state (silent host))
          (define-state (complete host relation))))))

(define rules
  '(((low-ram ?h) (ram ?h ?t) (< ?t "2GiB"))
    ((sound ?h ?n) (service ?h ?n) (not (state ?h ?n "fail")))
    ((seen ?h ?n) (service ?h ?n))
    ((seen ?h ?n) (package ?h ?n))
    ((depends* ?h ?t ?x ?y) (depends ?h ?t ?x ?y))
    ((depends* ?h ?t ?x ?y) (depends ?h ?t ?a ?b) (depends* ?a ?b ?x ?y))
    ((usual ?h ?n (mean ?d)) (during (last "30d") (lasting ?d (run ?h ?n _ 0))))))

(define (world . facts)
  (make-world relations facts rules now #f))

(define herd
  (world (fact 'host (days 90) open "a")
         (fact 'host (days 90) open "b")
         (fact 'host (days 90) open "c")
         (fact 'service (days 60) open "a" "nginx" "shepherd")
         (fact 'service (days 60) (days 10) "b" "nginx" "systemd")
         (fact 'service (days 60) open "c" "sshd" "shepherd")
         (fact 'package (days 60) (days 5) "a" "nginx" "1.22.1")
         (fact 'package (days 5) open "a" "nginx" "1.24.0")
         (fact 'package (days 60) open "b" "nginx" "1.22.1")
         (fact 'package (days 60) open "c" "openssl" "3.0.9")
         (fact 'ram (days 60) open "a" 1024)
         (fact 'ram (days 60) (days 20) "b" 1024)
         (fact 'ram (days 20) open "b" 4096)
         (fact 'ram (days 60) open "c" 2048)
         (fact 'interruption (days 6) (- (days 6) (* -1 600000)) "a" "nginx" "fail")
         (fact 'interruption (days 5) (+ (days 5) 60000) "a" "nginx" "warn")
         (fact 'interruption (days 15) (+ (days 15) 60000) "b" "nginx" "fail")
         (fact 'interruption (hours 2) open "c" "sshd" "fail")
         (fact 'state (days 60) open "a" "nginx" "ok")
         (fact 'state (days 60) (hours 2) "c" "sshd" "ok")
         (fact 'state (hours 2) open "c" "sshd" "fail")
         (fact 'run (days 3) (+ (days 3) 3600000) "a" "borg" "1" 0)
         (fact 'run (hours 5) (hours 4) "a" "borg" "2" 2)
         (fact 'run (hours 1) open "b" "borg" "3" -1)
         (fact 'run (days 1) (+ (days 1) 600000) "b" "borg" "2" 0)
         (fact 'silent (hours 30) open "b")
         (fact 'complete (days 60) open "a" "package")
         (fact 'complete (days 60) open "b" "package")
         (fact 'depends (days 60) open "a" "nginx" "c" "sshd")
         (fact 'depends (days 60) open "b" "nginx" "a" "nginx")
         (fact 'depends (days 60) (days 1) "c" "sshd" "b" "nginx")
         (fact 'thing (days 9) open "a" "cpu" "2048")
         (fact 'thing (days 9) open "b" "cpu" 2048)
         (fact 'booked (hours 1) (+ now 3600000) "a" "noon" "me")
         (fact 'booked (+ now 3600000) (+ now 7200000) "a" "tea" "you")
         (fact 'login (hours 3) (+ (hours 3) 1) "a" "root" "b")
         (fact 'login (days 40) (+ (days 40) 1) "c" "root" "b")))

(define-syntax-rule (asked sentence query expected)
  (test-equal sentence 'expected (answers herd 'query)))

(define-syntax-rule (asked-of sentence query expected)
  (test-equal sentence expected (answers herd 'query)))

(run-tests "oracle/evaluator"

  (test-group "now, at and during"
    (asked "now only what is open holds"
           ((?h ?v) (package ?h nginx ?v)) (("a" "1.24.0") ("b" "1.22.1")))
    (asked "an instant shows what held then"
           ((?h ?v) (at (ago "6d") (package ?h "nginx" ?v))) (("a" "1.22.1") ("b" "1.22.1")))
    (asked "a span begins with its begin and ends before its end"
           ((?v) (at (ago "5d") (package a nginx ?v))) (("1.24.0")))
    (asked "a window sees all that held in a part of it"
           ((?v) (during (last "5d") (package a nginx ?v))) (("1.24.0")))
    (asked "a millisecond is enough"
           ((?v) (during (last "432001s") (package a nginx ?v))) (("1.22.1") ("1.24.0")))
    (asked "a window's end is not in it"
           ((?v) (during (between (ago "9d") (ago "5d")) (package a nginx ?v))) (("1.22.1")))
    (asked "goals of one window share an instant: the second interruption met 1.24.0 only"
           ((?w ?v) (during (last "30d") (interruption a nginx ?w) (package a nginx ?v)))
           (("fail" "1.22.1") ("warn" "1.24.0")))
    (asked "two windows need share none"
           ((?w ?v) (during (last "30d") (interruption a nginx ?w)) (during always (package a nginx ?v)))
           (("fail" "1.22.1") ("fail" "1.24.0") ("warn" "1.22.1") ("warn" "1.24.0")))
    (asked "three spans that meet pairwise share an instant, two that only touch do not"
           ((?h) (during (last "30d") (package ?h nginx "1.22.1") (package ?h nginx "1.24.0"))) ())
    (asked "the flagship: b had little memory only before the window's interruption"
           ((?s ?h) (during (last "30d") (interruption ?h ?s) (service ?h ?s) (low-ram ?h)
                            (package ?h "nginx" "1.22.1")))
           (("nginx" "a")))
    (asked "the innermost context wins"
           ((?h) (during (last "30d") (host ?h) (at (ago "50d") (package ?h nginx "1.22.1"))))
           (("a") ("b")))
    (asked "what is planned holds until its end, now and ahead"
           ((?w) (booked a _ ?w)) (("me")))
    (asked "a window ahead sees what is planned"
           ((?w) (during (between now "2026-01-02") (booked a _ ?w))) (("me") ("you")))
    (asked "but nothing else"
           ((?h) (during (between now "2026-01-02") (host ?h))) ())
    (asked "an event is of any time, outside of contexts"
           ((?h) (login ?h root)) (("a") ("c")))
    (asked "in a window it counts as a millisecond"
           ((?h) (during (last "3h") (login ?h root) (host ?h))) (("a")))
    (asked "the local day is the zone's: root came before midnight in Berlin"
           ((?h) (during (on yesterday) (login ?h root))) (("a")))
    (test-equal "as if now were five days ago"
      '(("a" "1.24.0") ("b" "1.22.1"))
      (answers (make-world relations (world-facts herd) rules (days 5) #t)
               '((?h ?v) (package ?h nginx ?v)))))

  (test-group "span, lasting, latest"
    (asked-of "a span's ends, the open one too"
              ((?f ?t) (span ?f ?t (package a _)))
              (list (list (days 5) open)))
    (asked-of "an event's are both its time"
              ((?f ?t) (during (last "1d") (span ?f ?t (login ?h))))
              (list (list (hours 3) (hours 3))))
    (asked-of "a rule's is what its body shares"
              ((?f ?t) (during always (span ?f ?t (low-ram b))))
              (list (list (days 60) (days 20))))
    (asked-of "how long, inside of the window"
              ((?h ?d) (during (last "1h") (lasting ?d (interruption ?h sshd))))
              '(("c" 3600000)))
    (asked-of "how long so far"
              ((?d) (lasting ?d (interruption c sshd)))
              '((7200000)))
    (asked "the newest of each"
           ((?h ?v) (during always (latest (?h) (package ?h nginx ?v)))) (("a" "1.24.0") ("b" "1.22.1")))
    (asked "the newest of all, whatever others want"
           ((?v) (during always (latest () (package ?h nginx ?v))) (host ?h) (= ?h b)) ())
    (asked-of "when it last began"
              ((?f) (during always (latest () (span ?f _ (interruption a nginx)))))
              (list (list (days 5)))))

  (test-group "not"
    (asked "nothing known"
           ((?h) (host ?h) (not (package ?h nginx))) (("c")))
    (asked "of several goals: not all of them together"
           ((?h) (host ?h) (not (package ?h nginx) (ram ?h 1024))) (("b") ("c")))
    (asked "no good backup for two days"
           ((?h) (host ?h) (not (during (last "2d") (run ?h "borg" _ 0)))) (("a") ("c")))
    (asked "inside of a window: at no instant of what the others share"
           ((?w) (during (last "30d") (interruption a nginx ?w) (not (package a nginx "1.22.1"))))
           (("warn")))
    (asked "in a rule likewise: sshd failed in a part only"
           ((?h ?n) (during (last "1h") (sound ?h ?n))) (("a" "nginx")))
    (asked "another goal narrows what is shared"
           ((?h ?n) (during (between (ago "9h") (ago "3h")) (sound ?h ?n) (host ?h)))
           (("a" "nginx") ("c" "sshd")))
    (asked "known not: b is silent, nobody told the whole truth of c"
           ((?h) (host ?h) (known-not (package ?h "fail2ban"))) (("a")))
    (asked "known not a while ago, when b was heard"
           ((?h) (at (ago "5d") (host ?h) (known-not (package ?h "fail2ban")))) (("a") ("b")))
    (asked "through the whole span"
           ((?h) (during (last "5d") (host ?h) (known-not (package ?h "fail2ban")))) (("a")))
    (asked "what messages tell needs no completeness"
           ((?h) (host ?h) (known-not (state ?h _ "fail"))) (("a"))))

  (test-group "or, rules, recursion"
    (asked "or"
           ((?h) (or (package ?h openssl) (ram ?h 1024))) (("a") ("c")))
    (asked "conde"
           ((?h) (conde ((host ?h) (= ?h c)) ((ram ?h 1024)))) (("a") ("c")))
    (asked "fresh is another variable"
           ((?h ?n) (service ?h ?n) (fresh (?n) (package ?h ?n "1.24.0"))) (("a" "nginx")))
    (asked "a rule of two clauses"
           ((?h ?n) (seen ?h ?n)) (("a" "nginx") ("b" "nginx") ("c" "openssl") ("c" "sshd")))
    (asked "what stands on c"
           ((?h) (depends* ?h _ c _)) (("a") ("b")))
    (asked "a circle ends, in a window that saw all of it"
           ((?h ?x) (during (between (ago "3d") (ago "2d")) (depends* ?h _ ?x _)))
           (("a" "a") ("a" "b") ("a" "c") ("b" "a") ("b" "b") ("b" "c")
            ("c" "a") ("c" "b") ("c" "c")))
    (asked "query 4: what stands on what fails now"
           ((?host ?tag ?on) (state ?on ?what "fail") (depends* ?host ?tag ?on ?what))
           (("a" "nginx" "c") ("b" "nginx" "c"))))

  (test-group "values"
    (asked "sizes" ((?h) (ram ?h ?t) (>= ?t "2GiB")) (("b") ("c")))
    (asked "a size as an argument" ((?h) (ram ?h "2GiB")) (("c")))
    (asked "versions" ((?h) (package ?h _ ?v) (< ?v "3.0.11") (> ?v "1.9")) (("a") ("b") ("c")))
    (asked "text and number are never equal" ((?h) (thing ?h _ 2048)) (("b")))
    (asked "nor in order" ((?h) (thing ?h _ ?v) (> ?v 1000)) (("b")))
    (asked "but different" ((?h) (thing ?h _ ?v) (/= ?v 2048)) (("a")))
    (asked "a constant means what the variable that is equal to it is"
           ((?t) (= ?t "2GiB") (ram ?h ?t)) ((2048)))
    (asked "glob" ((?n) (package _ ?n) (glob ?n "[!o]g*")) (("nginx")))
    (asked "of-version" ((?h) (package ?h _ ?v) (of-version ?v "1.22")) (("b")))
    (asked "arithmetic on times"
           ((?h) (during always (span ?f ?t (interruption ?h)) (> (- ?t ?f) "5m"))) (("a") ("c")))
    (asked "subject" ((?s) (interruption ?h ?t) (= ?s (subject ?h ?t))) (("c/sshd")))
    (test-assert "1.9.0 < 1.10.0" (version<? "1.9.0" "1.10.0"))
    (test-assert "1.0~rc1 < 1.0" (version<? "1.0~rc1" "1.0"))
    (test-assert "1.22-3 < 1.22+b1: the revision is looked at last" (version<? "1.22-3" "1.22+b1"))
    (test-assert "an epoch counts first" (version<? "9.0" "1:0.1"))
    (test-false "1.0 and 1.00 are neither" (or (version<? "1.0" "1.00") (version<? "1.00" "1.0"))))

  (test-group "heads"
    (asked "without one: the variables in their order"
           ((service ?h ?n shepherd)) (("a" "nginx") ("c" "sshd")))
    (asked "groups" ((?m (count)) (service _ _ ?m)) (("shepherd" 2)))
    (asked "each combination once" (((count)) (during always (service ?h) (package ?h))) ((4)))
    (asked "count and list take what is distinct"
           (((count ?n) (list ?n)) (package _ ?n)) ((2 ("nginx" "openssl"))))
    (asked "nothing is counted, too" (((count)) (package _ "emacs")) ((0)))
    (asked "but has no greatest" (((max ?v)) (package _ "emacs" ?v)) ())
    (asked "the greatest version" (((max ?v)) (package _ _ ?v)) (("3.0.9")))
    (asked "query 5: each service's longest, and where"
           ((?s (max ?d) (argmax ?d ?h)) (order-by (desc 2))
            (during (last "30d") (service ?h ?s) (lasting ?d (interruption ?h ?s))))
           (("sshd" 7200000 "c") ("nginx" 600000 "a")))
    (asked "mean" (((mean ?t)) (ram _ ?t)) ((7168/3)))
    (asked "having" ((?m) (service _ _ ?m) (having (> (count) 1))) (("shepherd")))
    (asked "limit" ((?h) (host ?h) (order-by (desc ?h)) (limit 2)) (("c") ("b")))
    (asked "as" ((?h (as much (/ ?t 1000))) (ram ?h ?t) (order-by (desc much)) (limit 1))
           (("b" 4096/1000)))
    (asked "query 12: longer than twice as usual"
           ((?h ?n ?d) (during (last "1d") (lasting ?d (run ?h ?n _))) (usual ?h ?n ?u) (> ?d (* 2 ?u)))
           (("b" "borg" 3600000)))))
