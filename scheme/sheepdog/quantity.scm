;;; quantity.scm -- durations, sizes and instants, as text and as numbers
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Instants and durations are integers in milliseconds (instants since the epoch), sizes are
;; integers in bytes.  No regular expression here: a time is read for every message.

(define-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:export (parse-duration
            duration->text
            milliseconds->json
            period->text
            parse-size
            size->text
            parse-percentage
            parse-whole
            parse-time
            parse-appointment
            parse-date
            rfc3339->ms
            parse-instant
            time->rfc3339
            time->stamp
            time->words
            time->local))

(define %second 1000)
(define %minute (* 60 %second))
(define %hour (* 60 %minute))
(define %day (* 24 %hour))

(define %duration-units
  `(("s" . ,%second) ("m" . ,%minute) ("h" . ,%hour) ("d" . ,%day) ("w" . ,(* 7 %day))))

(define %longest (* 1000 366 %day))               ;a duration over 1000 years is a mistake

(define %size-units
  '(("" . 1) ("B" . 1)
    ("kB" . 1000) ("KB" . 1000) ("MB" . 1000000) ("GB" . 1000000000) ("TB" . 1000000000000)
    ("KiB" . 1024) ("MiB" . 1048576) ("GiB" . 1073741824) ("TiB" . 1099511627776)))

(define %decimal (string->char-set "0123456789."))

(define (parse-quantity text units)
  "Return TEXT, a plain decimal number and the name of a unit at once behind it, as an exact
integer in the measure of UNITS, an alist from names to factors; #f if it is none."
  (let* ((end (or (string-skip text %decimal) (string-length text)))
         (number (and (< 0 end 20)
                      (char-numeric? (string-ref text 0))
                      (char-numeric? (string-ref text (- end 1)))
                      (string->number (string-append "#e" (string-take text end)))))
         (unit (assoc-ref units (string-drop text end))))
    (and number unit (round (* number unit)))))

(define (parse-duration text)
  "Return the milliseconds of TEXT such as \"90s\" \"5m\" \"36h\" \"2d\" \"1w\" \"0.5s\", or #f."
  (let ((ms (parse-quantity text %duration-units)))
    (and ms (<= ms %longest) ms)))

(define (parse-size text)
  "Return the bytes of TEXT such as \"512\" \"64KiB\" \"10MB\", or #f."
  (parse-quantity text %size-units))

(define (parse-percentage text)
  "Return the number, 0 to 100, of TEXT such as \"10%\", or #f."
  (let ((percent (parse-quantity text '(("%" . 1)))))
    (and percent (<= percent 100) percent)))

(define (parse-whole text)
  "Return the number of TEXT, 1 to 15 digits, or #f.  `string->number' reads far more, as
\"#e1e999999999\", which takes all memory."
  (and (<= 1 (string-length text) 15)
       (digits text 0 (string-length text))))

(define (tenths n)
  "Return N, a rational number, with one decimal: \"0.4\"; \"2\", not \"2.0\"."
  (let* ((rounded (round (* 10 (inexact->exact n))))
         (tenth (remainder rounded 10)))
    (string-append (number->string (quotient rounded 10))
                   (if (zero? tenth) "" (string-append "." (number->string tenth))))))

(define (duration->text ms)
  "Return MS, milliseconds, for people, rounded down as people do: \"0.4 s\" \"12 s\" \"14 min\"
\"3 h 19 min\" \"11 h\" \"2 days\"."
  (define (whole unit) (number->string (quotient ms unit)))
  (cond ((negative? ms) (string-append "-" (duration->text (- ms))))
        ((< ms (* 10 %second)) (string-append (tenths (/ ms %second)) " s"))
        ((< ms (* 2 %minute)) (string-append (whole %second) " s"))
        ((< ms %hour) (string-append (whole %minute) " min"))
        ((< ms (* 10 %hour))
         (let ((minutes (quotient (remainder ms %hour) %minute)))
           (string-append (whole %hour) " h"
                          (if (zero? minutes)
                              ""
                              (string-append " " (number->string minutes) " min")))))
        ((< ms (* 2 %day)) (string-append (whole %hour) " h"))
        (else (string-append (whole %day) " days"))))

(define (period->text ms)
  "Return MS, which somebody asked for, for people and exact: \"90 s\" \"2 min 30 s\" \"36 h\"
\"2 days 2 h\"."
  (define (parts ms units)
    (match units
      (() '())
      (((size . name) . rest)
       (let ((n (quotient ms size)))
         (append (if (zero? n) '() (list (format #f "~a ~a" n name)))
                 (parts (remainder ms size) rest))))))
  (define units
    `((,%day . "days") (,%hour . "h") (,%minute . "min") (,%second . "s")))
  (if (or (zero? ms) (not (zero? (remainder ms %second))))
      (duration->text ms)
      (string-join (parts ms (cond ((< ms (* 2 %minute)) (cdddr units))
                                   ((< ms (* 2 %day)) (cdr units))
                                   (else units)))
                   " ")))

(define (size->text bytes)
  "Return BYTES for people: \"512 B\" \"64 KiB\" \"1.5 MiB\"."
  (let scale ((n bytes) (units '("B" "KiB" "MiB" "GiB" "TiB")))
    (if (and (>= n 1024) (pair? (cdr units)))
        (scale (/ n 1024) (cdr units))
        (string-append (tenths n) " " (car units)))))

;;; Reading instants.

(define (digits text start end)
  "Return the number that the ASCII digits of TEXT from START to END say, or #f."
  (and (<= end (string-length text))
       (let sum ((i start) (n 0))
         (if (= i end)
             n
             (let ((digit (- (char->integer (string-ref text i)) (char->integer #\0))))
               (and (<= 0 digit 9) (sum (+ i 1) (+ (* 10 n) digit))))))))

(define (character-at? text index . characters)
  (and (< index (string-length text)) (memv (string-ref text index) characters) #t))

(define (days-of-month year month)
  (case month
    ((4 6 9 11) 30)
    ((2) (if (and (zero? (modulo year 4))
                  (or (positive? (modulo year 100)) (zero? (modulo year 400))))
             29
             28))
    (else 31)))

(define (parse-date text)
  "Return the (YEAR MONTH DAY) that TEXT begins with, written \"2026-11-22\", or #f when there
is no such day."
  (let ((year (digits text 0 4)) (month (digits text 5 7)) (day (digits text 8 10)))
    (and year month day
         (character-at? text 4 #\-) (character-at? text 7 #\-)
         (<= 1 month 12) (<= 1 day (days-of-month year month))
         (list year month day))))

(define (date->days year month day)
  "Return the days from 1970-01-01 to the day (Gregorian calendar; the year is counted from
March, so that the leap day is its last: Howard Hinnant, `days_from_civil')."
  (let* ((y (if (<= month 2) (- year 1) year))
         (m (modulo (+ month 9) 12))
         (of-year (+ (quotient (+ (* 153 m) 2) 5) (- day 1))))
    (+ (* 365 y) (floor-quotient y 4) (- (floor-quotient y 100)) (floor-quotient y 400)
       of-year -719468)))

(define (fraction text start)
  "Return (MS . END) for the optional `.123' of TEXT at START."
  (if (character-at? text start #\.)
      (let* ((end (or (string-skip text char-set:digit (+ start 1)) (string-length text)))
             (last (min end (+ start 4))))
        (cons (* (or (digits text (+ start 1) last) 0)
                 (expt 10 (- 4 (- last start))))
              end))
      (cons 0 start)))

(define (offset text start)
  "Return the milliseconds that the zone at the end of TEXT, from START on, is ahead of UTC;
#f if it is none.  It is written Z, +01:00 or, as the ancestor did, ` +0100'."
  (define (signed hours minutes)
    (and hours minutes (<= hours 23) (<= minutes 59)
         (* (if (character-at? text start #\-) -1 1)
            (+ (* hours %hour) (* minutes %minute)))))
  (define left (- (string-length text) start))
  (cond ((character-at? text start #\space) (offset text (+ start 1)))
        ((character-at? text start #\Z #\z) (and (= left 1) 0))
        ((not (character-at? text start #\+ #\-)) #f)
        ((and (= left 6) (character-at? text (+ start 3) #\:))
         (signed (digits text (+ start 1) (+ start 3)) (digits text (+ start 4) (+ start 6))))
        ((= left 5)
         (signed (digits text (+ start 1) (+ start 3)) (digits text (+ start 3) (+ start 5))))
        (else #f)))

(define (rfc3339->ms text)
  "Return the instant that TEXT names (RFC 3339, section 5.6; also the ancestor's \"2025-09-12
07:51:52 +0000\"), or #f.  A leap second is the second after it."
  (let ((hour (digits text 11 13)) (minute (digits text 14 16)) (second (digits text 17 19)))
    (and hour minute second
         (<= hour 23) (<= minute 59) (<= second 60)
         (character-at? text 10 #\T #\t #\space)
         (character-at? text 13 #\:) (character-at? text 16 #\:)
         (match (parse-date text)
           ((year month day)
            (match (fraction text 19)
              ((ms . end)
               (let ((ahead (offset text end)))
                 (and ahead
                      (- (+ (* (date->days year month day) %day)
                            (* hour %hour) (* minute %minute) (* second %second) ms)
                         ahead))))))
           (#f #f)))))

(define %months '("Jan" "Feb" "Mar" "Apr" "May" "Jun" "Jul" "Aug" "Sep" "Oct" "Nov" "Dec"))

(define (parse-instant text)
  "Return the instant that TEXT names, or #f: as for `rfc3339->ms', or as openssl and curl tell of
certificates, \"Dec 12 18:42:01 2026 GMT\"."
  (match (string-tokenize text)
    ((month day time year "GMT")
     (let ((number (place-among month %months)))
       (and number
            (rfc3339->ms (string-append year "-" (two-digits (number->string number)) "-"
                                        (two-digits day) "T" time "Z")))))
    (_ (rfc3339->ms text))))

(define (two-digits text)
  (if (= 1 (string-length text)) (string-append "0" text) text))

(define (place-among word words)
  "Return the place of WORD among WORDS, from 1, or #f."
  (let ((rest (member word words)))
    (and rest (+ 1 (- (length words) (length rest))))))

(define (local->ms year month day hour minute)
  "Return the instant of the wall clock of our zone."
  (let ((tm (localtime 0)))
    (set-tm:year tm (- year 1900))
    (set-tm:mon tm (- month 1))
    (set-tm:mday tm day)
    (set-tm:hour tm hour)
    (set-tm:min tm minute)
    (set-tm:sec tm 0)
    (set-tm:isdst tm -1)                          ;mktime finds out
    (* %second (car (mktime tm)))))

(define (parse-local text)
  "Return the instant of TEXT, \"2026-11-22\" or \"2026-11-22 08:15\" on our clocks, or #f."
  (match (parse-date text)
    ((year month day)
     (let ((hour (digits text 11 13)) (minute (digits text 14 16)))
       (cond ((= (string-length text) 10) (local->ms year month day 0 0))
             ((and hour minute (= (string-length text) 16)
                   (<= hour 23) (<= minute 59)
                   (character-at? text 10 #\space #\T) (character-at? text 13 #\:))
              (local->ms year month day hour minute))
             (else #f))))
    (#f #f)))

(define (midnight ms days)
  "Return when the day of MS began on our clocks, DAYS later."
  (let ((tm (localtime (floor-quotient ms %second))))
    (local->ms (+ 1900 (tm:year tm)) (+ 1 (tm:mon tm)) (+ (tm:mday tm) days) 0 0)))

(define* (parse-time text now #:key (relative? #t))
  "Return the instant that TEXT names, or #f: RFC 3339, `YYYY-MM-DD[ HH:MM]' on our clocks, and
when RELATIVE?, seen from NOW, `today', `yesterday' and a duration ago."
  (cond ((rfc3339->ms text))
        ((parse-local text))
        ((not relative?) #f)
        ((string=? text "now") now)
        ((string=? text "today") (midnight now 0))
        ((string=? text "yesterday") (midnight now -1))
        ((parse-duration text) => (lambda (duration) (- now duration)))
        (else #f)))

(define (parse-appointment text)
  "Return the instant that TEXT names, as `parse-time' does, or #f; a date alone means 07:00."
  (parse-time (if (and (= 10 (string-length text)) (parse-date text))
                  (string-append text " 07:00")
                  text)
              0 #:relative? #f))

;;; Writing instants.

(define (time->local format ms)
  "Return MS on our clocks, in FORMAT of strftime(3): (time->local \"%d %b %H:%M\" MS)."
  (strftime format (localtime (floor-quotient ms %second))))

(define (time->stamp ms)
  "Return \"2026-11-22 06:00:12\", MS on our clocks."
  (time->local "%Y-%m-%d %H:%M:%S" ms))

(define (time->rfc3339 ms)
  "Return \"2026-11-22T08:15:03Z\", the second of MS in UTC."
  (strftime "%Y-%m-%dT%H:%M:%SZ" (gmtime (floor-quotient ms %second))))

(define (time->words ms now)
  "Return MS for people at NOW: \"12 s ago\" \"today 06:00\" \"yesterday 22:04\"
\"Fri 20 Nov 06:00\" \"Fri 20 Nov 2025\"."
  (define (year instant) (time->local "%Y" instant))
  (cond ((<= 0 (- now ms) (- %minute 1))
         (string-append (number->string (quotient (- now ms) %second)) " s ago"))
        ((<= (midnight now 0) ms (- (midnight now 1) 1)) (time->local "today %H:%M" ms))
        ((<= (midnight now -1) ms (midnight now 0)) (time->local "yesterday %H:%M" ms))
        ((string=? (year ms) (year now)) (time->local "%a %-d %b %H:%M" ms))
        (else (time->local "%a %-d %b %Y" ms))))

(define (milliseconds->json ms)
  "Return the exact number MS of milliseconds in seconds: exact when they are whole."
  (if (zero? (remainder ms 1000))
      (quotient ms 1000)
      (/ ms 1000.0)))
