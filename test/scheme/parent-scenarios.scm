;;; parent-scenarios.scm -- what is late, and what explains that, in stories
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog history) (sheepdog hush) ((sheepdog view status) #:select (status-exit)))

(define (every-five subject grace)
  "Return the entry that expects SUBJECT each five minutes."
  (format #f "(expect ~s (every \"5m\") (grace ~s))" subject grace))

(define (pings subject from until)
  "Return the pings of SUBJECT each five minutes FROM UNTIL."
  (let ((from (time->ms from)))
    (map (lambda (n) (list (ms->time (+ from (* 300000 n))) "ok" #:subject subject))
         (iota (+ 1 (quotient (- (time->ms until) from) 300000))))))

(define (in-time messages)
  (stable-sort messages (lambda (a b) (< (time->ms (first a)) (time->ms (first b))))))

(define (told-in-short world)
  "Return what a@x was told, (TIME TITLE), without reasons and lengths of time."
  (map (match-lambda
         ((time title)
          (list time (substring title 0 (or (string-contains title ": ")
                                            (string-contains title " after ")
                                            (string-length title))))))
       (told-a world)))

(define (waited world subject)
  "Return why a@x was not told of SUBJECT, but that it was fine."
  (filter (match-lambda ((word reason count) (not (string=? "fine" reason))))
          (decided world subject)))

(define switch "(depends \"tux*/*\" (on \"sw/PING\"))")

(scenario "N12: a dead switch is one bark; afterwards only what is still wrong is told"
  '((("10:00:30" "LATE sw/PING") ("11:00:30" "ok sw/PING") ("11:05:30" "LATE tux02/PING"))
    ((hold "parent sw/PING" 1) (hold "settle sw/PING" 1) (no "never-told" 1))
    ((hold "parent sw/PING" 1) (hold "settle sw/PING" 1) (hold "grouped" 1)))
  (play (string-append switch (every-five "sw/PING" "1m") (every-five "tux01/PING" "2m")
                       (every-five "tux02/PING" "3m"))
        (in-time (append (pings "sw/PING" "11:00" "11:15") (pings "tux01/PING" "11:01" "11:16")))
        #:first '(("09:54" "ok" #:subject "sw/PING")
                  ("09:55" "ok" #:subject "tux01/PING")
                  ("09:56" "ok" #:subject "tux02/PING"))
        #:until "11:18"
        #:result (lambda (world)
                   (list (told-in-short world)
                         (waited world "tux01/PING") (waited world "tux02/PING")))))

(define n13 (string-append switch (every-five "sw/PING" "1m") (every-five "tux01/PING" "1m")))
(define n13-first '(("09:56" "ok" #:subject "tux01/PING") ("09:58" "ok" #:subject "sw/PING")))
(scenario "N13: who is late first waits for what it depends on"
  '((("10:04:30" "LATE sw/PING"))
    ((hold "parent-wait sw/PING" 1) (hold "parent sw/PING" 1)))
  (play n13 '() #:first n13-first #:until "10:30"
        #:result (lambda (world) (list (told-in-short world) (waited world "tux01/PING")))))
(scenario "N13 (b): until that is heard"
  '((("10:03:30" "LATE tux01/PING"))
    ((hold "parent-wait sw/PING" 1) (hold "grouped" 1)))
  (play n13 (pings "sw/PING" "10:03" "10:28") #:first n13-first #:until "10:30"
        #:result (lambda (world) (list (told-in-short world) (waited world "tux01/PING")))))

(scenario "N15: a machine that is switched off is one bark"
  '((("10:30:30" "LATE h/PING"))
    ((hold "parent-wait h/PING" 1) (hold "parent h/PING" 1))
    ((hold "parent-wait h/PING" 1) (hold "parent h/PING" 1)))
  (play "(expect \"h/load\" (every \"10m\") (grace \"10m\")) (expect \"h/disk\" (every \"10m\") (grace \"10m\"))
 (expect \"h/PING\" (every \"15m\") (grace \"15m\"))"
        '()
        #:first '(("10:00" "ok" #:subject "h/load") ("10:00" "ok" #:subject "h/PING")
                  ("10:05" "ok" #:subject "h/disk"))
        #:until "10:50"
        #:result (lambda (world)
                   (list (told-in-short world) (waited world "h/load") (waited world "h/disk")))))

(scenario "N15: what is held because of another says so, and counts all the same"
  '((("h/PING" ()) ("h/disk" ((held "h/PING" #f))) ("h/load" ((held "h/PING" #f)))) 1)
  (play "(expect \"h/load\" (every \"10m\") (grace \"10m\")) (expect \"h/disk\" (every \"10m\") (grace \"10m\"))
 (expect \"h/PING\" (every \"15m\") (grace \"15m\"))"
        '()
        #:first '(("10:00" "ok" #:subject "h/load") ("10:00" "ok" #:subject "h/PING")
                  ("10:05" "ok" #:subject "h/disk"))
        #:until "10:50"
        #:result (lambda (world)
                   (let ((standings (hush (world-db world) (world-config world)
                                          (subjects (world-db world)) (world-now world))))
                     (list (map (lambda (standing)
                                  (list (string-append (standing-host standing) "/"
                                                       (standing-tag standing))
                                        (map (lambda (quiet)
                                               (list (quiet-kind quiet) (quiet-name quiet)
                                                     (quiet-until quiet)))
                                             (standing-quiet standing))))
                                standings)
                           (status-exit standings))))))

(scenario "N21: each state is told once in an incident"
  '((("10:00:30" "LATE h/t") ("11:00:30" "FAIL h/t") ("13:00:30" "ok h/t"))
    (no "same")
    (("10:00:00" "13:00:00" fail "10:00:00")))
  (play "(expect \"h/t\" (every \"1h\") (grace \"0s\"))"
        '(("11:00" "fail") ("13:00" "ok")) #:until "13:30"
        #:result (lambda (world)
                   (list (told-in-short world)
                         (any (match-lambda
                                ((word "same" count) (list word "same"))
                                (_ #f))
                              (decided world))
                         (spans world)))))
