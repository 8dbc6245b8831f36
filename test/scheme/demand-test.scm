;;; demand-test.scm -- which demand counts for a subject
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog demand)
             (sheepdog expect)
             (sheepdog expectation)
             (sheepdog pattern)
             (sheepdog policy)
             (sheepdog quantity))

(define minute 60000)

(define (rules . patterns-and-periods)
  "Return the index of rules (PATTERN MINUTES), in their order."
  (rules->index (map (match-lambda
                       ((text minutes) (demand-rule (pattern text) (demand #:every (* minute minutes)))))
                     patterns-and-periods)))

(define* (minutes indexes host tag #:optional every (exempt? #f))
  "Return after how many minutes HOST/TAG is due, or #f."
  (let ((demand (demand-for indexes host tag every (const exempt?))))
    (and demand (/ (demand-every demand) minute))))

(define configured
  (rules '("*/PING" 15) '("tux01/*" 20) '("t*/b?rg" 25) '("tux01/dump" 30) '("tux01/dump" 31)
         '("*/borg" 35) '("TUX02/raid" 40)))
(define asked-for (rules '("tux09/PING" 50) '("tux01/dump" 51) '("*/load" 52)))
(define both (list configured asked-for))

(define (under text . subjects)
  "Return the words of the demand on each of SUBJECTS, (HOST TAG), under the configuration TEXT."
  (call-with-world (string-append "(config " text ")")
    (lambda (world)
      (map (match-lambda
             ((host tag)
              (and=> (demand-for (list (policy-rules (policy (world-config world)))) host tag #f)
                     (lambda (demand)
                       (list (demand->text demand)
                             (match (string-split (demand-place demand) #\:)
                               ((file line) (string->number line))))))))
           subjects))))

(run-tests "demand"
  (test-equal "a plain name before a pattern, whoever says it; else the first that is written"
    '(30 50 20 25 35 20 15)
    (list (minutes both "tux01" "dump") (minutes both "tux09" "PING") (minutes both "tux01" "x")
          (minutes both "tux02" "borg") (minutes both "web" "borg") (minutes both "tux01" "borg")
          (minutes both "web" "PING")))
  (test-equal "hosts are compared in lower case"
    40
    (minutes both "tux02" "raid"))
  (test-equal "what the messages of a subject declare counts last; who is exempt is so but by name"
    '(52 60 15 #f #f 30 #f)
    (list (minutes both "web" "load" (* 60 minute)) (minutes both "web" "disk" (* 60 minute))
          (minutes both "web" "PING" (* 60 minute))
          (minutes both "web" "PING" (* 60 minute) #t)
          (minutes both "web" "disk" (* 60 minute) #t)
          (minutes both "tux01" "dump" #f #t)
          (minutes both "web" "disk")))
  (test-equal "what the configuration says, with its line"
    '(("every 15 min, grace 15 min" 1)
      ("daily at 05:00, Europe/Berlin, grace 2 h, ended within 3 h, during not office" 2)
      ("at \"0 */2 * * *\", grace 1 h, at most 2 in 20 h, by any message" 4)
      #f)
    (under "(expect \"*/PING\" (every \"15m\") (grace \"15m\"))
(expect \"a/dump\" \"b/dump\" (cron \"0 5 * * *\") (zone \"Europe/Berlin\") (grace \"2h\")
  (finish-within \"3h\") (during (not office)))
(expect \"*/sync\" (cron \"0 */2 * * *\") (at-most 2 \"20h\") (by any))
(window office (days mon-fri) (time \"08:00-18:00\"))"
           '("tux01" "PING") '("b" "dump") '("b" "sync") '("c" "dump")))
  (test-equal "another window, or another demand, is another index; a comment is not"
    '(1 2 3 1)
    (let ((keys (map (lambda (text)
                       (call-with-world (string-append "(config " text ")")
                         (lambda (world) (index-key (policy-rules (policy (world-config world)))))))
                     '("(window w (days mon)) (expect \"*/a\" (every \"1d\") (during w))"
                       "(window w (days tue)) (expect \"*/a\" (every \"1d\") (during w))"
                       "(window w (days mon)) (expect \"*/a\" (every \"2d\") (during w))"
                       ";as it was\n(window w (days mon)) (expect \"*/a\" (every \"1d\") (during w))"))))
      (map (lambda (key) (+ 1 (list-index (lambda (other) (= key other)) keys))) keys)))
  (test-equal "what people ask for by command is kept, the newest for a pattern"
    '((("*/a" "every 2 h, grace 5 min" "ann" 1) ("h/b" "daily at 05:00, grace 1 h, ended within 2 h" "bob" 2))
      #t #f (("h" "t" "ann" 3)) (#t #f))
    (call-with-world "(config)"
      (lambda (world)
        (let ((db (world-db world)))
          (ask! db "*/a" "bob" 0 #:cron "0 5 * * *")
          (ask! db "*/a" "ann" 1 #:every (* 120 minute) #:grace (* 5 minute))
          (ask! db "h/b" "bob" 2 #:cron "0 5 * * *" #:finish-within (* 120 minute))
          (exempt! db "h" "t" "ann" 3)
          (exempt! db "h" "t" "bob" 4)
          (let ((all (map (match-lambda
                            ((rule who at)
                             (list (pattern-text (rule-pattern rule))
                                   (demand->text (rule-demand rule)) who at)))
                          (asked db))))
            (list all (unask! db "*/a") (unask! db "*/a") (exemptions db)
                  (list (exempt? db "h" "t") (exempt? db "h" "u")))))))))
