;;; replay-test.scm -- history once more: nothing is otherwise under the same rules, under others what they change
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog forget)
             (sheepdog pattern)
             (sheepdog plugins)
             (sheepdog replay))

(define (config-of text)
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (read-config file))))

(define (lived world)
  "Let three subjects have a day of ups and downs."
  (for-each (match-lambda
              ((when state subject) (message! world when state #:subject subject)))
            '(("01:00" "ok" "h/t") ("02:00" "fail" "h/t") ("02:30" "warn" "h/u")
              ("03:00" "fail" "h/t") ("04:00" "ok" "h/t") ("05:00" "ok" "h/u")
              ("06:00" "warn" "k/v") ("07:00" "fail" "k/v") ("08:00" "fail" "h/t")
              ("12:00" "ok" "h/t") ("13:00" "ok" "k/v")))
  (until! world "20:00"))

(define* (otherwise text #:key (then "(config (name \"boss\") (mailto \"a@x\"))") pattern
                    (since "00:00") (change (const #t)))
  "Return what would be otherwise under the configuration TEXT: (COUNT (SIGN WHAT TIME SUBJECT TEXT) ...)."
  (call-with-world then
    (lambda (world)
      (lived world)
      (change world)
      (let ((before (mails world)))
        (call-with-values
            (lambda ()
              (replay (world-db world) (config-of text) (world-now world)
                      #:pattern (and pattern (make-pattern pattern))
                      #:since (time->ms since) #:awake? #t))
          (lambda (count differences)
            (unless (equal? before (mails world))
              (error "a replay has told something"))
            (cons count
                  (map (lambda (d)
                         (list (difference-sign d) (difference-what d) (ms->time (difference-at d))
                               (difference-subject d) (difference-text d)))
                       differences))))))))

(define make-pattern (@ (sheepdog pattern) pattern))

(run-tests "replay"
  (test-equal "the same rules say the same"
    '(11)
    (otherwise "(config (name \"boss\") (mailto \"a@x\"))"))
  (test-equal "from the middle of an incident on, too"
    '(7)
    (otherwise "(config (name \"boss\") (mailto \"a@x\"))" #:since "10:00"))
  (test-equal "what people forgot is forgotten again"
    '((13) (4))
    (let ((forgotten
           (lambda (world)
             (define (forget! when subject)
               (until! world when)
               (with-transaction (world-db world)
                 (forget-later! (world-db world)
                                (sql-value (world-db world) "SELECT id FROM subject
 WHERE host || '/' || tag = " subject)
                                (world-now world)))
               (settle-round! world))
             (message! world "21:00" "fail" #:subject "h/t")
             (forget! "22:00" "h/t")
             (forget! "22:00" "h/u")
             (message! world "23:00" "fail" #:subject "h/t")
             (until! world "23:30")
             (forget! "23:40" "h/t")
             (until! world "d1 20:00")))
          (config "(config (name \"boss\") (mailto \"a@x\") (expect \"h/*\" (every \"3h\") (grace \"1h\")))"))
      (list (otherwise config #:then config #:change forgotten)
            (otherwise config #:then config #:change forgotten #:since "22:30"))))
  (test-equal "standing questions say the same again"
    '(12)
    (let ((config "(config (name \"boss\") (mailto \"a@x\")
 (question q \"Fails.\" ((?host ?tag) (state ?host ?tag fail)) (alert any)))"))
      (otherwise config #:then config
                 #:change (lambda (world)
                            (message! world "21:00" "fail" #:subject "h/t")
                            (until! world "22:00")))))
  (test-equal "rules that want more would have told more"
    '(11 (+ told "02:30:30" "h/u" "problem to a@x")
         (+ told "05:00:30" "h/u" "recovery to a@x")
         (+ told "06:00:30" "k/v" "problem to a@x")
         (- told "07:00:30" "k/v" "problem to a@x")
         (+ told "07:00:30" "k/v" "change to a@x"))
    (otherwise "(config (name \"boss\") (mailto \"a@x\") (notify (on warn fail recovery)))"))
  (test-equal "others would have been told"
    '(2 (- told "07:00:30" "k/v" "problem to a@x")
        (+ told "07:00:30" "k/v" "problem to b@x")
        (- told "13:00:30" "k/v" "recovery to a@x")
        (+ told "13:00:30" "k/v" "recovery to b@x"))
    (match (otherwise "(config (name \"boss\") (mailto \"b@x\"))" #:pattern "k/*")
      ((count . differences) (cons (- count 1) differences))))
  (test-equal "what would be told later is no difference, what would not be told is one"
    '(11 (- told "02:00:30" "h/t" "problem to a@x") (- told "04:00:30" "h/t" "recovery to a@x"))
    (otherwise "(config (name \"boss\") (mailto \"a@x\") (notify (subject \"h/*\") (for \"150m\")) (notify))"))
  (test-equal "facts that a receiver finds today, and did not then"
    '(2 (+ fact "15:00:00" "h/disk /" "(disk-use \"h\" \"/\" 91)"))
    (otherwise "(config (name \"boss\") (mailto \"a@x\"))" #:since "14:00" #:pattern "*/disk*"
               #:change (lambda (world)
                          (define (disk! when used)
                            (message! world when "ok" #:subject "h/disk /"
                                      #:more `((monitor . "disk") (fields . ((mount . "/") (used . ,used))))))
                          (set-world-now! world (time->ms "14:00"))
                          (disk! "14:00" 90)
                          (disk! "15:00" 91)
                          (until! world "20:00")
                          (sql (world-db world) "DELETE FROM _fact WHERE value = 91")
                          (sql (world-db world) "UPDATE _fact SET t1 = 9223372036854775807")))))
