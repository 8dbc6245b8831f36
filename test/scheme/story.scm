;;; story.scm -- how stories of notifications are told: what happens, and who is told what, to the second
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The stories are in *-scenarios.scm; `scenarios' is a list of (NAME EXPECTED THUNK).
;; A thunk plays the story in a world of its own and returns what came of it.  Unless a story says otherwise h/t is ok at 09:00 and a@x is told.

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog join)
             (sheepdog outbox)
             (sheepdog silence)
             (srfi srfi-1))

(define scenarios '())

(define-syntax-rule (scenario name expected body ...)
  (set! scenarios
        (append scenarios (list (list name expected (lambda () body ...))))))


;;; What happens.

(define* (play text messages #:key (until "d1 00:00") (subject "h/t") (first '(("09:00" "ok")))
               (result told))
  "Return RESULT of the world with the configuration entries TEXT after FIRST and MESSAGES, lists of the
arguments of `message!' or procedures of the world, and all that is due until UNTIL."
  (call-with-world (string-append "(config (name \"server\") (mailto \"a@x\") " text ")")
    (lambda (world)
      (for-each (match-lambda
                  ((? procedure? act) (act world))
                  (message (apply message! world message)))
                (append first messages))
      (until! world until)
      (result world))))

(define (told world)
  "Return what was told: a list of (TIME RECIPIENT KIND TITLE)."
  (map (match-lambda
         (#(at recipient kind title)
          (list (ms->time at) recipient (string->symbol kind)
                (if (string-prefix? "[sheepdog] " title) (string-drop title 11) title))))
       (sql (world-db world) "SELECT at, recipient, kind, json_extract(action, '$[1].title')
 FROM outbox WHERE kind <> '' ORDER BY id")))

(define (told-a world)
  "Likewise, of a@x only: (TIME TITLE)."
  (filter-map (match-lambda
                ((time "a@x" kind title) (list time title))
                (_ #f))
              (told world)))

(define* (told-and-decided world #:key (subject "h/t") (recipient "a@x"))
  "Return what a@x was told, and all verdicts but those that told, `(reason count)'."
  (list (told-a world)
        (decided world subject recipient)))

(define* (decided world #:optional (subject "h/t") (recipient "a@x"))
  (filter-map (match-lambda
                (('tell . _) #f)
                ((word reason count) (list word reason count)))
              (verdicts world #:subject subject #:recipient recipient)))

(define (at time act)
  "Return what does ACT, a procedure of the world, at TIME."
  (lambda (world)
    (until! world time)
    (act world)))

(define (insert-silence! world kind pattern rank until)
  (let ((db (world-db world)) (now (world-now world)))
    (with-transaction db
      (sql db "INSERT INTO silence (kind, pattern, rank, t0, t1, who, at, reason) VALUES (" kind
           ", " pattern ", " rank ", " now ", " until ", 'me', " now ", '')")
      (silences-changed! db now))))

(define (silence-at time pattern until)
  (at time (lambda (world) (insert-silence! world "silence" pattern 0 (time->ms until)))))

(define* (ack-at time #:key (subject "h/t") (rank 3))
  (at time (lambda (world) (insert-silence! world "ack" subject rank 9223372036854775807))))

(define (acks-open world)
  (sql-value (world-db world) "SELECT count(*) FROM silence WHERE kind = 'ack' AND t1 > "
             (world-now world)))
