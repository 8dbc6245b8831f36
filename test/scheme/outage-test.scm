;;; outage-test.scm -- when the server could not hear, and what that means
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog outage)
             (sheepdog policy)
             (ice-9 receive))

(define* (round! world hearing when #:key (clock when) trouble (idle? #t))
  "Let there be a round at WHEN, the monotonic clock showing CLOCK."
  (heed! hearing (world-db world) (policy (world-config world)) (time->ms when) (time->ms clock)
         #:trouble (and trouble (cons (time->ms trouble) "Connection refused"))
         #:idle? idle?))

(define (deaf world when)
  "Return (DRAINED HOLD) at WHEN."
  (receive (drained hold) (deafness (world-db world) (time->ms when))
    (map (lambda (ms) (and ms (ms->time ms))) (list drained hold))))

(define (said world)
  "Return what the server barked of itself: lists (TAG STATE SUMMARY TIME)."
  (map (match-lambda
         (#(body)
          (let ((message (car (%json-read body))))
            (list (assq-ref message 'tag) (assq-ref message 'state) (assq-ref message 'summary)
                  (ms->time (* 1000 (assq-ref message 'time)))))))
       (sql (world-db world) "SELECT body FROM message ORDER BY id")))

(define-syntax-rule (in-a-world (world hearing) body ...)
  (call-with-world "(config (name \"s\"))"
    (lambda (world)
      (let ((hearing (make-hearing))) body ...))))

(run-tests "outage"
  (test-equal "rounds that follow each other, and a first one, are no outage"
    '((#f #f) ())
    (in-a-world (world hearing)
      (round! world hearing "10:00")
      (round! world hearing "10:01:59")
      (list (deaf world "10:02") (said world))))
  (test-equal "a server that did not run is deaf until nothing waits any more; one note of it"
    '(("08:00:10" #f) ("08:00:20" #f)
      (("sheepdog expect" "fail" "it did not run" "02:00:00")
       ("sheepdog expect" "ok" "it works again" "08:00:20"))
      "The server heard nothing from Sun 22 Nov 02:00 to Sun 22 Nov 08:00: it did not run." #f #f)
    (in-a-world (world hearing)
      (leave-sign! (world-db world) (time->ms "02:00"))
      (round! world hearing "08:00" #:clock "00:00:01" #:idle? #f)
      (let ((meanwhile (deaf world "08:00:10")))
        (round! world hearing "08:00:20" #:clock "00:00:21")
        (cons* meanwhile (deaf world "09:00") (said world)
               (map (lambda (since) (outage-words (world-db world) (time->ms since)))
                    '("03:30" "01:59:59" "08:00:20"))))))
  (test-equal "a restart within two minutes is none; nor is one that was killed while deaf forgotten"
    '((#f #f) ("09:00:00" #f))
    (in-a-world (world hearing)
      (leave-sign! (world-db world) (time->ms "02:00"))
      (round! world hearing "02:01:59")
      (let ((short (deaf world "02:01:59")))
        (leave-sign! (world-db world) (time->ms "03:00"))
        (round! world (make-hearing) "08:00" #:idle? #f)
        (leave-sign! (world-db world) (time->ms "08:00"))
        (round! world (make-hearing) "08:00:10" #:idle? #f)
        (list short (deaf world "09:00")))))
  (test-equal "a queue that cannot be read: after two minutes it is an outage, before that one waits"
    '((#f "02:02:00") ("02:02:00" #f) ("02:40:05" #f) "02:00:00")
    (in-a-world (world hearing)
      (round! world hearing "01:59:59")
      (round! world hearing "02:00" #:trouble "02:00" #:idle? #f)
      (let ((early (deaf world "02:01")) (later (deaf world "02:02")))
        (let loop ((minute 1))
          (when (< minute 40)
            (let ((now (format #f "02:~2,'0d" minute)))
              (round! world hearing now #:trouble "02:00" #:idle? #f)
              (loop (+ minute 1)))))
        (round! world hearing "02:40" #:idle? #f)
        (round! world hearing "02:40:05")
        (list early later (deaf world "03:00") (fourth (first (said world)))))))
  (test-equal "a short trouble with the queue leaves nothing behind"
    '((#f #f) ())
    (in-a-world (world hearing)
      (round! world hearing "02:00" #:trouble "02:00" #:idle? #f)
      (round! world hearing "02:01:30")
      (list (deaf world "02:01:30") (said world))))
  (test-equal "our clock is set forward, or back; or we stood still"
    '(("10:00:01" #f) "its clock went on by 3 h at once" ("07:00:02" #f)
      "its clock was set back by 3 h" ("10:06:03" #f) "it stood still")
    (append-map
     (match-lambda
       ((now clock)
        (in-a-world (world hearing)
          (round! world hearing (match now ("10:00:01" "07:00") (_ "10:00")) #:clock "01:00")
          (round! world hearing now #:clock clock)
          (list (deaf world now) (third (first (said world)))))))
     '(("10:00:01" "01:00:01") ("07:00:02" "01:00:02") ("10:06:03" "01:06:03"))))
  (test-equal "a machine that is its own server was deaf while it was off, not while it had nothing to do"
    '((#f #f) ("12:00:00" #f) ("12:00:05" #f))
    (in-a-world (world hearing)
      (define db (world-db world))
      (leave-sign! db (time->ms "02:00"))
      (begin-call! db (time->ms "12:00") (* 3600000 11))
      (let ((before (deaf world "12:00")))
        (begin-call! db (time->ms "12:00") (* 3600000 9))
        (let ((deaf-now (deaf world "12:00")))
          (idle-call! db (policy (world-config world)) (time->ms "12:00:05"))
          (list before deaf-now (deaf world "13:00")))))))
