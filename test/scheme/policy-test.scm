;;; policy-test.scm -- windows and terms of the configuration
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog policy)
             (sheepdog route)
             (sheepdog terms))

(define config "(config (window office (days mon-wed fri) (time \"08:00-18:00\") (zone \"Europe/Berlin\")
                                 (except \"2026-11-24\")))")

(define (asked ask . times)
  (call-with-world config
    (lambda (world)
      (map (lambda (time) (ask (policy (world-config world)) (time->ms time))) times))))

(define (terms-under text)
  "Return the terms of h/t under the entry TEXT."
  (call-with-world (string-append "(config " text ")")
    (lambda (world)
      (let ((terms (clause-terms (clause-for (policy-clauses (policy (world-config world)))
                                             "h" "t"))))
        (list (terms-after terms) (terms-of terms) (terms-for terms) (terms-ok-after terms)
              (terms-flap terms) (terms-within terms))))))

(run-tests "policy"
  (test-equal "days, hours, zone and exceptions of a window; the end is outside"
    '(#f #f #t #t #f #f #f #t)
    (asked (lambda (policy ms) (during? policy 'office ms))
           "12:00" "d1 06:59" "d1 07:00" "d1 16:59" "d1 17:00" "d2 12:00" "d4 12:00" "d5 12:00"))
  (test-equal "(not office) is all the rest"
    '(#t #f)
    (asked (lambda (policy ms) (during? policy '(not office) ms)) "12:00" "d1 12:00"))
  (test-equal "the next boundary is the same for both"
    '("d1 07:00:00" "d1 17:00:00" "d3 07:00:00")
    (map ms->time
         (append (asked (lambda (policy ms) (during-boundary policy 'office ms)) "12:00")
                 (asked (lambda (policy ms) (during-boundary policy '(not office) ms))
                        "d1 12:00" "d1 17:00"))))
  (test-equal "the terms of a subject are those of the first entry for it"
    '((1 #f 0 1 5 3600000) (3 #f 0 1 5 3600000) (3 5 600000 2 4 1800000))
    (map terms-under
         '("(notify (subject \"x/*\") (after 7))"
           "(notify (after 3)) (notify (after 2))"
           "(notify (after 3 5) (for \"10m\") (ok-after 2) (flap 4 \"30m\"))"))))
