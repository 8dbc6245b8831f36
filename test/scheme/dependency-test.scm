;;; dependency-test.scm -- what explains that a subject is bad
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog dependency)
             (sheepdog incident)
             (sheepdog notify)
             (sheepdog pattern)
             (sheepdog test)
             (ice-9 match))

(define minute 60000)
(define now (* 100 minute))
(define bad-since (* 90 minute))

(define web (dependency (pattern "web/*") '(("r1" . "PING") ("r2" . "PING"))))
(define tux (dependency (pattern "tux*/*") '(("sw" . "PING"))))

(define* (child #:key (bad-since bad-since) (at bad-since))
  (make-subject 1 "web" "www" "error" 0 #f 'fail 'fail bad-since bad-since 'fail 1
                at at 1 1 1 "" #f 0))

(define* (up #:key (since 0) (at 0) deadline)
  (parent 'ok 'ok since at deadline))
(define down (parent 'fail 'fail (* 80 minute) (* 80 minute) #f))
(define late (parent 'late 'late (* 80 minute) 0 #f))
(define never-heard (parent #f #f #f #f #f))

(define* (verdict-of parents #:optional (child (child)))
  "Return the verdict of `web', (REASON UNTIL KEY) with UNTIL in minutes, or #f."
  (match (decide-dependency web parents child now)
    (#f #f)
    (verdict (list (verdict-reason verdict)
                   (and=> (verdict-until verdict) (lambda (until) (/ until minute)))
                   (verdict-key verdict)))))

(define key "r1/PING r2/PING")

(run-tests "dependency"
  (test-equal "held while all are down, failed or late"
    `(("parent r1/PING r2/PING" #f ,key) ("parent r1/PING r2/PING" #f ,key) #f #f)
    (map verdict-of (list (list down down) (list down late) (list down (up))
                          (list (up) (up)))))
  (test-equal "a parent that may not have been heard of yet is waited for, till its deadline"
    `(("parent-wait r1/PING r2/PING" 105 ,key) ("parent-wait r1/PING r2/PING" 104 ,key)
      #f #f #f)
    (map verdict-of
         (list (list down (up #:at (* 85 minute) #:deadline (* 105 minute)))
               (list (up #:deadline (* 104 minute)) (up #:deadline (* 106 minute)))
               (list down (up #:at (* 95 minute) #:deadline (* 105 minute)))
               (list down (up #:deadline (* 99 minute)))
               (list down never-heard))))
  (test-equal "but for an hour at most"
    `("parent-wait r1/PING r2/PING" 150 ,key)
    (verdict-of (list down (up #:deadline (* 500 minute)))))
  (test-equal "a soft parent counts as up: the child waits to hear it be ok"
    `("parent-wait r1/PING r2/PING" 105 ,key)
    (verdict-of (list down (parent 'fail 'ok (* 95 minute) (* 95 minute) (* 105 minute)))))
  (test-equal "what was bad before its parent is back waits for its own next result, five minutes"
    `(("settle r1/PING r2/PING" 103 ,key) ("settle r1/PING r2/PING" 102 ,key) #f #f #f #f)
    (let ((back (up #:since (* 98 minute) #:at (* 98 minute)))
          (earlier (up #:since (* 97 minute) #:at (* 97 minute))))
      (list (verdict-of (list down back))
            (verdict-of (list back earlier))
            (verdict-of (list down back) (child #:at (* 99 minute)))
            (verdict-of (list down back) (child #:bad-since (* 99 minute)))
            (verdict-of (list down (up #:since (* 95 minute) #:at (* 95 minute))))
            (verdict-of (list (up) back)))))

  (test-equal "which concern a subject: never itself; a late one its host, too"
    '(("sw/PING") () () ("sw/PING" "tux01/PING") ())
    (let ((keys (lambda (host tag late?)
                  (map dependency-key (dependencies-of (list tux web) host tag late?)))))
      (list (keys "tux01" "dump" #f)
            (keys "sw" "PING" #f)
            (map dependency-key
                 (dependencies-of (list (dependency (pattern "sw/*") '(("sw" . "PING"))))
                                  "sw" "PING" #f))
            (keys "tux01" "dump" #t)
            (keys "sw" "PING" #t))))
  (test-equal "what hangs on a subject"
    '(("sw/PING" "sw/PING") ("r1/PING r2/PING" "r1/PING") ("tux01/PING") ())
    (map (match-lambda ((host . tag) (dependencies-on (list tux web) host tag)))
         '(("sw" . "PING") ("r1" . "PING") ("tux01" . "PING") ("web" . "www")))))
