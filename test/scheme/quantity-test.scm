;;; quantity-test.scm -- durations, sizes and instants, as text and as numbers
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog quantity)
             (sheepdog test))

(define (in-zone zone thunk)
  "Return what THUNK returns while our clocks are those of ZONE."
  (let ((before (getenv "TZ")))
    (dynamic-wind (lambda () (setenv "TZ" zone) (tzset))
                  thunk
                  (lambda () (if before (setenv "TZ" before) (unsetenv "TZ")) (tzset)))))

(define %now 1795335303000)                       ;2026-11-22T08:15:03Z, a Sunday

(run-tests "quantity"
  (test-equal "durations are understood"
    '(90000 300000 129600000 172800000 604800000 500 0)
    (map parse-duration '("90s" "5m" "36h" "2d" "1w" "0.5s" "0s")))
  (test-equal "what is no duration is none"
    '(#f #f #f #f #f #f #f #f #f #f)
    (map parse-duration
         '("" "5" "5 min" "1e99s" "-5m" ".5s" "5.m" "1.2.3s" "99999999w" "5ms")))
  (test-equal "durations are told rounded down, to two units at most"
    '("0 s" "0.4 s" "2 s" "12 s" "90 s" "2 min" "14 min" "3 h 19 min" "9 h" "11 h" "36 h"
      "3 days")
    (map duration->text
         '(0 412 2000 12900 90000 120000 899000 11940000 32400000 41000000 129600000
           259200000)))
  (test-equal "what somebody asked for is told exactly"
    '("0 s" "0.4 s" "90 s" "2 min" "2 min 30 s" "2 h 1 s" "36 h" "2 days 2 h 30 min" "7 days")
    (map period->text
         '(0 412 90000 120000 150000 7201000 129600000 181800000 604800000)))
  (test-equal "sizes are understood"
    '(512 512 65536 10000000 8589934592 1572864)
    (map parse-size '("512" "512B" "64KiB" "10MB" "8GiB" "1.5MiB")))
  (test-equal "what is no size is none"
    '(#f #f #f #f)
    (map parse-size '("" "big" "4 GiB" "-1")))
  (test-equal "sizes are told in binary units"
    '("512 B" "64 KiB" "1.5 MiB" "4 GiB" "2048 TiB")
    (map size->text (list 512 65536 1572864 4294967296 (expt 2 51))))

  (test-equal "RFC 3339 and the ancestor's times are understood"
    '(1795335303000 1795335303000 1795335303250 1757663512000 1795335303000 951782400000
      -1000)
    (map rfc3339->ms
         '("2026-11-22T08:15:03Z" "2026-11-22t09:15:03+01:00" "2026-11-22T08:15:03.25Z"
           "2025-09-12 07:51:52 +0000" "2026-11-22 02:15:03-06:00" "2000-02-29T00:00:00Z"
           "1969-12-31T23:59:59Z")))
  (test-equal "what is no time is none"
    '(#f #f #f #f #f #f #f #f #f)
    (map rfc3339->ms
         '("yesterday" "" "2026-02-29T00:00:00Z" "2026-13-01T00:00:00Z"
           "2026-11-22T24:00:00Z" "2026-11-22T08:15:03" "2026-11-22T08:15:03Zulu"
           "2026-11-22T08:15:03+25:00" "2026-1-22T08:15:03Z")))
  (test-equal "a time comes back as it was written"
    "2026-11-22T08:15:03Z"
    (time->rfc3339 (rfc3339->ms "2026-11-22T08:15:03Z")))

  (test-equal "dates and minutes are those of our zone"
    '("2026-11-22T05:00:00Z" "2026-11-22T13:15:00Z" "2026-07-01T04:00:00Z")
    (in-zone "America/New_York"
             (lambda ()
               (map (lambda (text) (time->rfc3339 (parse-time text %now)))
                    '("2026-11-22" "2026-11-22 08:15" "2026-07-01")))))
  (test-equal "today, yesterday and a duration ago are seen from now"
    '("2026-11-22T00:00:00Z" "2026-11-21T00:00:00Z" "2026-11-22T07:45:03Z"
      "2026-10-23T08:15:03Z")
    (in-zone "UTC"
             (lambda ()
               (map (lambda (text) (time->rfc3339 (parse-time text %now)))
                    '("today" "yesterday" "30m" "30d")))))
  (test-equal "yesterday began 25 hours before today when the clocks went back"
    (* 25 3600 1000)
    (in-zone "Europe/Berlin"
             (lambda ()
               (let ((now (rfc3339->ms "2026-10-26T12:00:00Z")))
                 (- (parse-time "today" now) (parse-time "yesterday" now))))))
  (test-false "a configuration does not speak of today"
    (parse-time "today" %now #:relative? #f))
  (test-false "a day that is none is no time"
    (parse-time "2026-02-30" %now))

  (test-equal "a stamp is what our clocks show"
    "2026-11-22 09:15:03"
    (in-zone "Europe/Berlin" (lambda () (time->stamp %now))))
  (test-equal "times are told as people tell them"
    '("12 s ago" "today 06:00" "yesterday 22:04" "Fri 20 Nov 06:00" "Thu 20 Nov 2025"
      "today 12:00" "Mon 23 Nov 08:00")
    (in-zone "UTC"
             (lambda ()
               (map (lambda (text) (time->words (rfc3339->ms text) %now))
                    '("2026-11-22T08:14:51Z" "2026-11-22T06:00:12Z" "2026-11-21T22:04:00Z"
                      "2026-11-20T06:00:00Z" "2025-11-20T06:00:00Z" "2026-11-22T12:00:00Z"
                      "2026-11-23T08:00:00Z")))))

  (test-equal "certificates have times of their own"
    (list (rfc3339->ms "2026-12-02T18:42:01Z") (rfc3339->ms "2026-12-12T18:42:01Z") #f #f)
    (map parse-instant '("Dec  2 18:42:01 2026 GMT" "2026-12-12 18:42:01Z"
                         "Dez 12 18:42:01 2026 GMT" "moo"))))
