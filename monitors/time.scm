;;; time.scm -- whether the clock is right
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors time)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor time
  "Bark when the clock is not synchronised, or goes wrong; as chrony, ntpd or systemd says."
  (options
   (warn number? 0.1 "Warn when it is off by more seconds.")
   (fail number? 2 "Fail then."))
  (fields
   (by string? "Who says so.")
   (synchronised boolean? "Is it synchronised?")
   (offset number? "By how many seconds it is off."))
  (every "5m")
  (sample
   (match (clock)
     ((by synchronised? offset)
      (report #:state (worst (if synchronised? 'ok 'fail)
                             (grade (abs (or offset 0)) warn fail #:slack (/ warn 4)
                                    #:as "offset"))
              #:summary (string-append (if synchronised? "synchronised" "NOT synchronised")
                                       (if offset
                                           (string-append ", off by " (number->string offset)
                                                          " s")
                                           "")
                                       ", says " by)
              #:fields `((by . ,by) (synchronised . ,synchronised?)
                         ,@(if offset `((offset . ,offset)) '()))))))
  (receive (message)
    (if by
        `((store (clock ,(message-host message) ,by)))
        '())))

(define %tellers                                  ;who tells, how it is asked, what its answer means
  `(("chronyc" ("-c" "tracking") ,(lambda (text) (chrony text)))
    ("ntpq" ("-c" "rv 0 leap,offset") ,(lambda (text) (ntpq text)))
    ("ntpctl" ("-s" "status") ,(lambda (text) (openntpd text)))
    ("timedatectl" ("show" "--property=NTPSynchronized") ,(lambda (text) (systemd text)))))

(define (clock)
  "Return (BY SYNCHRONISED? OFFSET) as the first says who is installed and answers; OFFSET is in
seconds, or #f."
  (let ask ((tellers %tellers) (silent '()))
    (match tellers
      (() (cannot-watch (if (null? silent)
                            "neither chronyc nor ntpq nor ntpctl nor timedatectl is here"
                            (string-join (reverse silent) "; "))))
      (((program arguments understand) . rest)
       (if (find-program program)
           (let ((outcome (command-outcome (cons program arguments))))
             (if (eqv? 0 (assq-ref outcome 'status))
                 (cons program (understand (assq-ref outcome 'stdout)))
                 (ask rest (cons (string-append program ": "
                                                (first-line (assq-ref outcome 'stderr)))
                                 silent))))
           (ask rest silent))))))

(define (chrony text)
  "TEXT has commas: the fifth field is the offset, the last the leap status (chronyc(1),
`tracking')."
  (match (string-split (string-trim-right text) #\,)
    ((_ _ _ _ (= string->number (? real? offset)) _ ... leap)
     (list (not (string=? leap "Not synchronised")) (round-to 0.0001 offset)))
    (_ (cannot-watch "not understood from chronyc: " text))))

(define (ntpq text)
  "TEXT is as `leap=00, offset=-0.123', in ms; 11, 3 in binary, is the alarm (RFC 5905, 7.3)."
  (list (not (string-match "leap=(11|3)" text)) (thousandth "offset=([-+0-9.]+)" text)))

(define (openntpd text)
  "TEXT ends as `clock synced, stratum 2', or `clock unsynced, clock offset is 5.1ms' (ntpctl(8))."
  (list (and (string-match "clock synced" text) #t)
        (thousandth "offset is ([-+0-9.]+)ms" text)))

(define (systemd text)
  (list (and (string-match "NTPSynchronized=yes" text) #t) #f))

(define (thousandth pattern text)
  (let ((found (string-match pattern text)))
    (match (and found (string->number (match:substring found 1)))
      (#f #f)
      (value (round-to 0.0001 (/ value 1000))))))
