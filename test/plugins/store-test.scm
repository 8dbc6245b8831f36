;;; store-test.scm -- the handler store: a fact begins or ends
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog handler)
             (sheepdog plugins)
             (sheepdog test))

(define (decide action)
  ((handler-decide (load-handler 'store)) action '()))

(run-tests "store"
  (test-equal "a fact"
    '((fact "raid" "h" "md0" "degraded"))
    (decide '(store ("raid" "h" "md0" "degraded"))))
  (test-equal "the end of a fact"
    '((end-fact "package" "h" "nginx" "1.22"))
    (decide '(store (not ("package" "h" "nginx" "1.22")))))
  (test-false "nothing of it leaves the process"
    (handler-perform (load-handler 'store))))
