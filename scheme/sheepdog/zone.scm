;;; zone.scm -- time zones: what a clock on the wall shows, and when it shows it
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The system's own tables are read: files as RFC 8536 describes them, whose footer, a rule as in
;; POSIX's TZ, says what comes after the last entry.  All times are epoch milliseconds; a local time
;; is the same number for what the clock on the wall shows, as if that were UTC.

(define-module (sheepdog zone)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (find-zone local-zone zone-directory zone? zone-name
            zone-offset next-transition
            instant->local local->instant
            days->date date->days weekday-of %day))

(define %day 86400000)                            ;ms

(define-record-type <zone>
  (make-zone name instants offsets before rule)
  zone?
  (name zone-name)                                ;string
  (instants zone-instants)                        ;vector of ms, ascending: its transitions
  (offsets zone-offsets)                          ;vector of ms east of UTC, from each on
  (before zone-before)                            ;ms: the offset before the first
  (rule zone-rule))                               ;<rule>: what holds after the last | #f

;; Where the clock changes twice a year, START and END are local times of the year, each as the
;; offset that ends there has it.
(define-record-type <rule>
  (make-rule standard summer start end)
  rule?
  (standard rule-standard)                        ;ms east of UTC
  (summer rule-summer)                            ;ms east of UTC | #f: there is none
  (start rule-start)                              ;procedure: year -> ms, local | #f
  (end rule-end))                                 ;the same


;;; Dates.

(define (date->days year month day)
  "Return the days from 1970-01-01 to the date; a MONTH from 1 to 12.  DAY may lie outside of the
month."
  (let* ((year (if (<= month 2) (- year 1) year)) ;Howard Hinnant, days_from_civil
         (era (floor-quotient year 400))
         (of-era (- year (* era 400)))
         (of-year (+ (floor-quotient (+ (* 153 (modulo (+ month 9) 12)) 2) 5) (- day 1))))
    (+ (* era 146097) (* of-era 365) (floor-quotient of-era 4) (- (floor-quotient of-era 100))
       of-year -719468)))

(define (days->date days)
  "Return the list (YEAR MONTH DAY) of the day DAYS after 1970-01-01."
  (let* ((days (+ days 719468))                   ;Howard Hinnant, civil_from_days
         (era (floor-quotient days 146097))
         (of-era (- days (* era 146097)))
         (year-of-era (floor-quotient (- of-era (floor-quotient of-era 1460)
                                         (- (floor-quotient of-era 36524))
                                         (floor-quotient of-era 146096))
                                      365))
         (of-year (- of-era (- (+ (* 365 year-of-era) (floor-quotient year-of-era 4))
                               (floor-quotient year-of-era 100))))
         (month (floor-quotient (+ (* 5 of-year) 2) 153))
         (day (+ 1 (- of-year (floor-quotient (+ (* 153 month) 2) 5))))
         (month (if (< month 10) (+ month 3) (- month 9))))
    (list (+ year-of-era (* era 400) (if (<= month 2) 1 0)) month day)))

(define (weekday-of days)
  "Return the weekday, from 0, Sunday, of the day DAYS after 1970-01-01."
  (modulo (+ days 4) 7))

(define (leap? year)
  (and (zero? (modulo year 4))
       (or (not (zero? (modulo year 100))) (zero? (modulo year 400)))))


;;; Rules: POSIX's TZ, as `CET-1CEST,M3.5.0,M10.5.0/3'.

(define %name "([A-Za-z]{3,}|<[^>]+>)")
(define %time "([+-]?[0-9]{1,3}(:[0-9]{2}){0,2})")
(define %date "([JM]?[0-9.]+)")
(define %rule
  (make-regexp (string-append "^" %name %time "(" %name %time "?"
                              "(," %date "(/" %time ")?," %date "(/" %time ")?)?)?$")))

(define (parse-time text)
  "Return the ms of TEXT, \"[+-]HH[:MM[:SS]]\"."
  (let* ((negative? (string-prefix? "-" text))
         (parts (map string->number
                     (string-split (string-trim text (char-set #\+ #\-)) #\:)))
         (seconds (fold (lambda (part unit sum) (+ sum (* part unit))) 0
                        parts (take '(3600 60 1) (length parts)))))
    (* 1000 (if negative? (- seconds) seconds))))

(define (parse-date text)
  "Return the procedure that gives the day, from 1970-01-01, that TEXT means in a year."
  (match (cons (string-ref text 0) (map string->number
                                        (string-split (string-trim text (char-set #\J #\M)) #\.)))
    ((#\M month week weekday)
     (lambda (year)
       (let* ((first (date->days year month 1))
              (next (date->days (if (= month 12) (+ year 1) year)
                                (if (= month 12) 1 (+ month 1)) 1))
              (day (+ first (modulo (- weekday (weekday-of first)) 7) (* 7 (- week 1)))))
         (if (< day next) day (- day 7)))))       ;week 5 is the last
    ((#\J day)                                    ;29 February has no number
     (lambda (year)
       (+ (date->days year 1 day) (if (and (leap? year) (>= day 60)) 1 0))))
    ((_ day) (lambda (year) (+ (date->days year 1 1) day)))))

(define (parse-change date time)
  (let ((date (parse-date date))
        (time (if time (parse-time time) (parse-time "2"))))
    (lambda (year) (+ (* %day (date year)) time))))

(define (parse-rule text)
  "Return the <rule> of TEXT, or #f when that is none."
  (let ((found (regexp-exec %rule text)))
    (and found
         (let* ((part (lambda (n) (match:substring found n)))
                (standard (- (parse-time (part 2)))))
           (if (part 4)
               (make-rule standard
                          (if (part 6) (- (parse-time (part 6))) (+ standard 3600000))
                          (parse-change (or (part 9) "M3.2.0") (part 11))
                          (parse-change (or (part 13) "M11.1.0") (part 15)))
               (make-rule standard #f #f #f))))))

(define (rule-changes rule year)
  "Return the transitions of RULE in YEAR, a list of (MS . OFFSET) in their order."
  (if (rule-summer rule)
      (sort (list (cons (- ((rule-start rule) year) (rule-standard rule)) (rule-summer rule))
                  (cons (- ((rule-end rule) year) (rule-summer rule)) (rule-standard rule)))
            (lambda (a b) (< (car a) (car b))))
      '()))

(define (year-of ms)
  (first (days->date (floor-quotient ms %day))))

(define (rule-offset rule ms)
  (let* ((year (year-of (+ ms (rule-standard rule))))
         (before (filter (lambda (change) (<= (car change) ms))
                         (append (rule-changes rule (- year 1)) (rule-changes rule year)))))
    (if (null? before)
        (rule-standard rule)
        (cdr (last before)))))

(define (next-change rule ms)
  (let ((year (year-of ms)))
    (find (lambda (at) (> at ms))
          (map car (append-map (lambda (year) (rule-changes rule year))
                               (list (- year 1) year (+ year 1)))))))


;;; Files.

(define %header 44)                               ;bytes

(define (counts bytes at)
  "Return the six counts of the header AT: those of UT and standard indicators, leap seconds,
transitions, types, and characters of names."
  (map (lambda (n) (bytevector-u32-ref bytes (+ at 20 (* 4 n)) (endianness big))) (iota 6)))

(define (bytes->zone name bytes)
  "Return the zone in BYTES, the content of its file, version 2 or later."
  (define second-header
    (match (counts bytes 0)
      ((ut standard leaps times types characters)
       (+ %header (* 5 times) (* 6 types) characters (* 8 leaps) standard ut))))
  (match (counts bytes second-header)
    ((ut standard leaps times types characters)
     (let* ((instants (+ second-header %header))
            (indices (+ instants (* 8 times)))
            (descriptions (+ indices times))
            (footer (+ descriptions (* 6 types) characters (* 12 leaps) standard ut 1))
            (offset (lambda (type)
                      (* 1000 (bytevector-s32-ref bytes (+ descriptions (* 6 type))
                                                  (endianness big)))))
            (rule (make-bytevector (- (bytevector-length bytes) footer 1))))
       (bytevector-copy! bytes footer rule 0 (bytevector-length rule))
       (make-zone name
                  (list->vector
                   (map (lambda (n)
                          (* 1000 (bytevector-s64-ref bytes (+ instants (* 8 n))
                                                      (endianness big))))
                        (iota times)))
                  (list->vector
                   (map (lambda (n) (offset (bytevector-u8-ref bytes (+ indices n))))
                        (iota times)))
                  (offset 0)
                  (parse-rule (utf8->string rule)))))))

(define (read-zone name file)
  "Return the zone in FILE, or #f when that is none."
  (false-if-exception
   (let ((bytes (call-with-input-file file get-bytevector-all #:binary #t)))
     (and (string=? "TZif" (utf8->string (u8-list->bytevector
                                          (take (bytevector->u8-list bytes) 4))))
          (bytes->zone name bytes)))))

(define (zone-directory)
  "Return where the tables of the system lie."
  (or (getenv "TZDIR") "/usr/share/zoneinfo"))

(define %zones (make-hash-table))                 ;name -> zone

(define (find-zone name)
  "Return the zone NAME, such as \"Europe/Berlin\", or #f when this system does not know it."
  (or (hash-ref %zones name)
      (and (not (string-null? name))
           (not (string-prefix? "/" name))
           (not (string-contains name ".."))
           (let ((zone (read-zone name (string-append (zone-directory) "/" name))))
             (when zone (hash-set! %zones name zone))
             zone))))

(define %utc (make-zone "UTC" #() #() 0 #f))

(define (local-zone)
  "Return the zone of this process: that of $TZ, else the machine's, else UTC."
  (define (read)
    (match (getenv "TZ")
      ((or #f "") (read-zone "local" "/etc/localtime"))
      (text
       (let ((name (string-trim text #\:)))
         (or (find-zone name)
             (read-zone name name)
             (let ((rule (parse-rule name)))
               (and rule (make-zone name #() #() (rule-standard rule) rule))))))))
  (let ((key (cons 'local (getenv "TZ"))))
    (or (hash-ref %zones key)
        (let ((zone (or (read) %utc)))
          (hash-set! %zones key zone)
          zone))))


;;; The clock on the wall.

(define (last-at-most vector ms)
  "Return the index of the last element of VECTOR, ascending, that is at most MS; -1: none."
  (let loop ((low -1) (high (vector-length vector)))
    (if (= 1 (- high low))
        low
        (let ((middle (quotient (+ low high) 2)))
          (if (<= (vector-ref vector middle) ms)
              (loop middle high)
              (loop low middle))))))

(define (zone-offset zone ms)
  "Return by how many ms the clocks of ZONE are ahead of UTC at MS."
  (let* ((instants (zone-instants zone))
         (index (last-at-most instants ms))
         (last? (= (+ index 1) (vector-length instants))))
    (cond ((and last? (zone-rule zone)) (rule-offset (zone-rule zone) ms))
          ((= -1 index) (zone-before zone))
          (else (vector-ref (zone-offsets zone) index)))))

(define (next-transition zone ms)
  "Return when the clocks of ZONE change next after MS, or #f: never."
  (let* ((instants (zone-instants zone))
         (next (+ 1 (last-at-most instants ms))))
    (cond ((< next (vector-length instants)) (vector-ref instants next))
          ((zone-rule zone) => (lambda (rule) (next-change rule ms)))
          (else #f))))

(define (instant->local zone ms)
  "Return what a clock of ZONE shows at MS."
  (+ ms (zone-offset zone ms)))

(define (local->instant zone local)
  "Return when a clock of ZONE shows LOCAL: the first time where it does so twice, the end of the
gap where it never does."
  (let* ((offsets (map (lambda (shift) (zone-offset zone (+ local shift)))
                       (list (- %day) %day)))
         (shown (filter (lambda (ms) (= local (instant->local zone ms)))
                        (map (lambda (offset) (- local offset)) offsets))))
    (if (pair? shown)
        (apply min shown)
        (next-transition zone (- local (apply max offsets))))))
