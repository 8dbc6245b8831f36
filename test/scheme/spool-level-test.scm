;;; spool-level-test.scm -- a spool that fills or does not get rid of its messages
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog spool-level)
             (sheepdog test))

(define now 1795335303000)
(define minute 60000)

(define (level waiting sent bad bytes age)
  (call-with-values
      (lambda ()
        (spool-level (vector waiting sent bad bytes (and age (- now age))) 1000 1000000 now))
    list))

(run-tests "spool-level"
  (test-equal "empty, or on its way, is ok"
    '((ok "nothing waits") (ok "nothing waits") (ok "1 message waits, the oldest since 14 min"))
    (list (level 0 0 0 0 #f)
          (level 0 499 0 499999 #f)
          (level 1 0 0 10 (* 14 minute))))
  (test-equal "age counts"
    '((warn "3 messages wait, the oldest since 15 min")
      (fail "3 messages wait, the oldest since 1 h"))
    (list (level 3 0 0 10 (* 15 minute))
          (level 3 0 0 10 (* 60 minute))))
  (test-equal "so does the number of messages, and of bytes"
    '((warn "400 messages wait, the oldest since 0 s, 50 % full")
      (fail "900 messages wait, the oldest since 0 s, 90 % full")
      (warn "nothing waits, 89 % full")
      (fail "nothing waits, 120 % full"))
    (list (level 400 100 0 10 0)
          (level 900 0 0 10 0)
          (level 0 1 0 899999 #f)
          (level 0 1 0 1200000 #f)))
  (test-equal "damaged messages are a warning"
    '((warn "nothing waits, 2 damaged, in bad/"))
    (list (level 0 0 2 0 #f)))
  (test-equal "it is said about the machine"
    '((v . 1) (time . 1795335303) (host . "h") (monitor . "message") (tag . "sheepdog spool")
      (state . ok) (summary . "nothing waits"))
    (spool-message "h" #(0 0 0 0 #f) 1000 1000000 now)))
