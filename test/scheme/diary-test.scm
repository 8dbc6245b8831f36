;;; diary-test.scm -- what people want to be reminded of, told once, afterwards if it was missed
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog calendar)
             (sheepdog diary)
             (sheepdog quantity)
             (sheepdog schedule))

(define domain
  (appointment "domain" "Renew myhost.eu." #:on (parse-appointment "2026-12-01")
               #:remind (list (* 7 %day) %day)))
(define tapes
  (appointment "tapes" "Change tapes." #:cron (parse-cron "0 8 * * fri") #:remind (list %day)))

(define (moments appointment from count)
  "Return the first COUNT moments of APPOINTMENT after FROM: lists (AT WORDS)."
  (let loop ((at (time->ms from)) (left count))
    (match (and (positive? left) (next-moment appointment at))
      (#f '())
      (moment (cons (list (time->stamp (moment-at moment))
                          (moment-words appointment moment (moment-at moment)))
                    (loop (moment-at moment) (- left 1)))))))

(define (words appointment at now)
  (moment-words appointment (find-moment appointment (time->ms at)) (time->ms now)))

(define (told world)
  "Return the notes told: lists (TIME TITLE)."
  (map (match-lambda
         (#(at action)
          (list (ms->time at)
                (assq-ref (vector-ref (car (%json-read action)) 1) 'title))))
       (sql (world-db world) "SELECT at, action FROM outbox WHERE kind = 'note' ORDER BY id")))

(define (facts world)
  (map vector->list
       (sql (world-db world) "SELECT strftime('%Y-%m-%d', date / 1000, 'unixepoch'), name, text,
 t1 = date FROM appointment ORDER BY 1, 2")))

(define (titles world)
  (map (match-lambda ((time title) (list time (substring title (string-length "[sheepdog] boss/diary: ")))))
       (told world)))

(define %config "(config (name \"boss\") (mailto \"a@x\") (notify (group \"0s\" \"0s\"))
 (diary domain (on \"2026-12-01\") (text \"Renew myhost.eu.\") (remind \"7d\" \"1d\"))
 (diary tapes (cron \"0 8 * * fri\") (text \"Change tapes.\")))")

(run-tests "diary"
  (test-equal "a date alone is 07:00; reminders come before it"
    '(("2026-11-24 07:00:00" "in 7 days: Renew myhost.eu.")
      ("2026-11-30 07:00:00" "in 1 day: Renew myhost.eu.")
      ("2026-12-01 07:00:00" "Renew myhost.eu."))
    (moments domain "00:00" 9))
  (test-equal "a cron line has no end"
    '(("2026-11-26 08:00:00" "in 1 day: Change tapes.")
      ("2026-11-27 08:00:00" "Change tapes.")
      ("2026-12-03 08:00:00" "in 1 day: Change tapes."))
    (moments tapes "00:00" 3))
  (test-equal "what is told late says so"
    '("Renew myhost.eu." "was due at 07:00: Renew myhost.eu." "was due 1 December: Renew myhost.eu."
      "in 5 days: Renew myhost.eu." "in 1 day: Change tapes.")
    (list (words domain "2026-12-01 07:00" "2026-12-01 07:59")
          (words domain "2026-12-01 07:00" "2026-12-01 09:00")
          (words domain "2026-12-01 07:00" "2026-12-04 09:00")
          (words domain "2026-11-24 07:00" "2026-11-26 06:00")
          (words tapes "2026-11-26 08:00" "2026-11-26 08:00")))

  (test-equal "the server tells it in its time, once; the next date of each is a fact until then"
    '((("d2 07:00:00" "in 7 days: Renew myhost.eu.")
       ("d5 08:00:00" "Change tapes.")
       ("d8 07:00:00" "in 1 day: Renew myhost.eu.")
       ("d9 07:00:00" "Renew myhost.eu.")
       ("d12 08:00:00" "Change tapes."))
      (("2026-11-27" "tapes" "Change tapes." 1)
       ("2026-12-01" "domain" "Renew myhost.eu." 1)
       ("2026-12-04" "tapes" "Change tapes." 1)
       ("2026-12-11" "tapes" "Change tapes." 1)))
    (call-with-world %config
      (lambda (world)
        (until! world "00:00")
        (until! world "d13 00:00")
        (list (titles world) (facts world)))))
  (test-equal "a server that was away tells afterwards, of several that it missed the last"
    '(("d2 07:00:00" "in 7 days: Renew myhost.eu.")
      ("d20 12:00:00" "was due 1 December: Renew myhost.eu.")
      ("d20 12:00:00" "was due 11 December: Change tapes."))
    (call-with-world %config
      (lambda (world)
        (until! world "00:00")
        (until! world "d2 08:00")
        (set-world-now! world (time->ms "d20 12:00"))
        (settle-round! world)
        (titles world))))
  (test-equal "whom it names is told at once, in his group, the others are not"
    '(("d5 08:00:30" "(exec \"/p\")" "Change tapes.")
      ("d5 08:00:30" "me@x" "Change tapes.")
      ("d6 07:00:00" "a@x" "digest: notes and diary"))
    (call-with-world "(config (name \"boss\") (mailto \"a@x\") (notify (digest \"07:00\"))
 (diary tapes (cron \"0 8 * * fri\") (text \"Change tapes.\") (to \"me@x\" (exec \"/p\"))))"
      (lambda (world)
        (until! world "00:00")
        (until! world "d7 00:00")
        (map (match-lambda
               (#(at recipient title)
                (list (ms->time at) recipient
                      (last (string-split (string-drop title 11) #\/)))))
             (sql (world-db world) "SELECT at, recipient,
 replace(json_extract(action, '$[1].title'), 'boss/diary: ', '/') FROM outbox ORDER BY id")))))
  (test-equal "what was over before the configuration had it is not told"
    '(("d5 08:00:00" "Change tapes."))
    (call-with-world "(config (name \"boss\") (mailto \"a@x\") (notify (group \"0s\" \"0s\"))
 (diary domain (on \"2026-11-01\") (text \"Renew myhost.eu.\"))
 (diary tapes (cron \"0 8 * * fri\") (text \"Change tapes.\")))"
      (lambda (world)
        (until! world "00:00")
        (until! world "d6 00:00")
        (titles world))))

  (test-equal "what is entered by hand is told, what is struck out is not"
    '((1 2 #f) #t #f (("09:00:00" "lunch is late")) (1))
    (call-with-world "(config (name \"boss\") (mailto \"a@x\") (notify (group \"0s\" \"0s\")))"
      (lambda (world)
        (let* ((db (world-db world))
               (now (time->ms "08:00"))
               (ids (with-transaction db
                      (list (enter-appointment! db "lunch is late" now #:on (time->ms "09:00"))
                            (enter-appointment! db "not this" now #:cron "0 9 * * *"
                                                #:remind (list 60000))
                            (enter-appointment! db "over" now #:on (time->ms "07:00")))))
               (struck (with-transaction db (strike-appointment! db 2 now)))
               (again (with-transaction db (strike-appointment! db 2 now))))
          (sql db "DELETE FROM diary WHERE id = 3")
          (set-world-now! world now)
          (until! world "12:00")
          (list ids struck again (titles world)
                (map entered-id (entered-appointments db))))))))
