;;; gates-test.scm -- each gate is needed: without it some story ends otherwise
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define (load-here file)
  (primitive-load (string-append (dirname (current-filename)) "/" file)))
(for-each load-here '("story.scm" "notify-scenarios.scm" "parent-scenarios.scm"
                      "mail-scenarios.scm"))
(use-modules (sheepdog notify))

(define (ends-as-told? expected play)
  (catch #t
    (lambda () (equal? expected (play)))
    (const #f)))

(define (first-other-end)
  "Return the name of the first story that does not end as it should, or #f."
  (any (match-lambda
         ((name expected play) (and (not (ends-as-told? expected play)) name)))
       scenarios))

(run-tests "gates"
  (for-each (lambda (gate)
              (test-assert (format #f "the gate '~a' is missed" (gate-name gate))
                (parameterize ((%gates (delq gate (%gates))))
                  (first-other-end))))
            (%gates)))
