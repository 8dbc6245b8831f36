;;; forget-test.scm -- what is watched no longer ends once, and a new message starts it anew
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog forget)
             (sheepdog history))

(define %config "(config (name \"boss\") (mailto \"a@x\"))")

(define (forget-at! world when subject)
  "Let SUBJECT be forgotten in WORLD at WHEN."
  (until! world when)
  (let ((db (world-db world)))
    (with-transaction db
      (forget-later! db (sql-value db "SELECT id FROM subject WHERE host || '/' || tag = " subject)
                     (world-now world))))
  (settle-round! world))

(define (shown world)
  (map (lambda (standing) (string-append (standing-host standing) "/" (standing-tag standing)))
       (subjects (world-db world))))

(define (kinds world)
  (map vector->list
       (sql (world-db world) "SELECT o.recipient, a.kind FROM outbox o JOIN about a ON a.outbox = o.id
 ORDER BY o.id")))

(run-tests "forget"
  (test-equal "who was told of the beginning is told of the end, once; the span is closed"
    '((("a@x" "problem") ("a@x" "closed")) (("10:00:00" "11:00:00" fail "10:00:00")) ())
    (call-with-world %config
      (lambda (world)
        (message! world "10:00" "fail")
        (until! world "10:30")
        (forget-at! world "11:00" "h/t")
        (until! world "12:00")
        (forget-at! world "12:30" "h/t")
        (until! world "13:00")
        (list (kinds world) (spans world) (shown world)))))
  (test-equal "nothing is expected of it any more, unless by its name, until it is heard again"
    '((("d0" "k/named")) (("d0" "k/named") ("d0" "h/t")))
    (call-with-world "(config (name \"boss\") (mailto \"a@x\")
 (expect \"k/named\" (every \"1h\") (grace \"1m\")) (expect \"*/t\" (every \"1h\") (grace \"1m\")))"
      (lambda (world)
        (define (late)
          (map (match-lambda (#(host tag) (list "d0" (string-append host "/" tag))))
               (sql (world-db world) "SELECT host, tag FROM late ORDER BY t, host")))
        (until! world "00:00")
        (message! world "10:00" "ok")
        (message! world "10:00" "ok" #:subject "k/named")
        (forget-at! world "10:30" "h/t")
        (forget-at! world "10:30" "k/named")
        (until! world "12:30")
        (let ((first (delete-duplicates (late))))
          (message! world "13:00" "ok")
          (until! world "14:30")
          (list first (delete-duplicates (late)))))))
  (test-equal "of what nobody was told nobody is told that it ended"
    '(() ())
    (call-with-world %config
      (lambda (world)
        (message! world "10:00" "ok")
        (forget-at! world "11:00" "h/t")
        (until! world "12:00")
        (list (kinds world) (shown world)))))
  (test-equal "a new message starts it anew, one that tells no state, too"
    '((("a@x" "problem") ("a@x" "closed") ("a@x" "problem")) ("h/t") ("h/t"))
    (call-with-world %config
      (lambda (world)
        (message! world "10:00" "fail")
        (until! world "10:30")
        (forget-at! world "11:00" "h/t")
        (until! world "11:30")
        (message! world "12:00" "fail")
        (until! world "12:30")
        (let ((told (kinds world)) (there (shown world)))
          (forget-at! world "13:00" "h/t")
          (message! world "14:00" #f #:more '((kind . "start") (run . "1")))
          (list told there (shown world)))))))
