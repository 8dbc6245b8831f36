;;; queue-test.scm -- what is under way and what is aside, whole answers
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog archive)
             (sheepdog test)
             (sheepdog view document)
             (sheepdog view queue))

(setenv "TZ" "UTC")
(tzset)

(define %now 1795338900000)                      ;2026-11-22 09:15
(define %hour 3600000)

(define %place '("/var/spool/sheepdog" . "localhost:7777"))

(define %aside
  (list (stored 17 "3f9c2ab100000000000000000000000f" 44 %now %now #vu8() 300000
                "1:9: number of 212 digits" (- %now (* 3 %hour)) #f)
        (stored 1801 "redis:localhost:7777/0" 3 %now #f #vu8() 12
                "its receiver failed 3 times: \x1b" (- %now 12000) #f)))

(run-tests "queue"
  (test-equal "nothing under way, no database here"
    '("spool  empty, in /var/spool/sheepdog"
      "queue  empty, at localhost:7777")
    (depth-lines (depths #:place %place #:spool #(0 0 0 0 #f) #:queue #(0 0 #f)) %now))

  (test-equal "each station tells how many, since when, how much"
    '("spool     3 waiting, the oldest since 2 h, 2 not confirmed, 1 damaged, in bad/…"
      "queue     5 waiting, 2 being stored, the oldest since 12 s, at localhost:7777"
      "database  4 not handled, 3 held back behind a hole, 7 postponed for a plugin"
      "outbox    1 notice to be sent"
      "aside     2 messages; 'sheepdog queue aside' tells why")
    (depth-lines (depths #:place %place
                         #:spool (vector 3 2 1 1500 (- %now (* 2 %hour)))
                         #:queue (vector 5 2 (- %now 12000))
                         #:waiting 4 #:held 3 #:postponed 7 #:outbox 1 #:aside 2)
                 %now))

  (test-equal "of what is held back or postponed nothing is said where there is none"
    "database  0 not handled"
    (list-ref (depth-lines (depths #:place %place #:spool #(0 0 0 0 #f) #:queue #(0 0 #f)
                                   #:waiting 0 #:held 0 #:postponed 0 #:outbox 0 #:aside 0)
                           %now)
              2))

  (test-equal "what cannot be reached says why"
    '("spool  cannot be opened"
      "queue  cannot reach redis at localhost:7777: Connection refused")
    (depth-lines (depths #:place %place #:spool "cannot be opened"
                         #:queue #f
                         #:trouble "cannot reach redis at localhost:7777: Connection refused")
                 %now))

  (test-equal "the same for programs"
    '((spool . ((place . "/var/spool/sheepdog") (waiting . 3) (sent . 2) (bad . 1)
                (bytes . 1500)
                (oldest . "2026-11-22T09:15:00Z") (oldest_epoch . 1795338900)))
      (queue . ((place . "localhost:7777") (error . "refused")))
      (waiting . null) (held . 3) (postponed . null) (outbox . null) (aside . 2))
    (document->json
     (depth-object (depths #:place %place #:spool (vector 3 2 1 1500 %now)
                           #:queue #f #:trouble "refused" #:held 3 #:aside 2))))

  (test-equal "what is aside, and why"
    '("17    today 06:15  3f9c:44          293 KiB  1:9: number of 212 digits"
      "1801  12 s ago     redis:localhos…  12 B     its receiver failed 3 times: \\x1b;"
      "hint: 'sheepdog queue aside show|retry|drop ID'")
    (aside-lines %aside %now))

  (test-equal "nothing is aside"
    '("nothing is aside") (aside-lines '() %now))

  (test-equal "an object for programs"
    '((id . 17) (sender . "3f9c2ab100000000000000000000000f") (seq . 44)
      (received . "2026-11-22T09:15:00Z") (received_epoch . 1795338900)
      (aside . "2026-11-22T06:15:00Z") (aside_epoch . 1795328100)
      (bytes . 300000) (reason . "1:9: number of 212 digits"))
    (document->json (aside-object (car %aside)))))
