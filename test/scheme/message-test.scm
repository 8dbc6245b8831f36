;;; message-test.scm -- what a message may say, what is refused, when it happened
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog message)
             (sheepdog test))

(define %now 1795335303000)

(define* (read-fields alist #:key (sent #f))
  (alist->message alist 17 %now sent))

(define-syntax-rule (test-refused sentence text alist)
  (test-raises sentence 'bad-message text (read-fields alist)))

(run-tests "message"
  (test-group "defaults"
    (define message (read-fields '((tag . "raid"))))
    (test-equal "everything has its default"
      `(17 #f #f ,%now ,%now #f #f "unknown" "message" "raid" bark #f "" #f #f () () () #f () ())
      (map (lambda (get) (get message))
           (list message-id message-sender message-seq message-at message-received
                 message-sent message-time message-host message-monitor message-tag
                 message-kind message-state message-summary message-run message-outcome
                 message-fields message-facts message-replaces message-every
                 message-mailto message-flags)))
    (test-equal "the tag of a message with a monitor alone is the monitor's name" "raid"
      (message-tag (read-fields '((monitor . "monitor-raid")))))
    (test-equal "a leading monitor- is dropped" "raid"
      (message-monitor (read-fields '((monitor . "monitor-raid")))))
    (test-equal "null is as good as nothing" "unknown"
      (message-host (read-fields '((tag . "a") (host . null) (outcome . null)))))
    (test-equal "what is unknown is kept" '((tag . "a") (colour . "red"))
      (message-raw (read-fields '((tag . "a") (colour . "red"))))))

  (test-group "whole"
    (define message
      (read-fields '((v . 1) (sender . "3f9c") (seq . 44) (time . "2026-11-22T08:15:00Z")
                     (host . "TUX01.") (monitor . "disk") (tag . "disk /") (kind . "bark")
                     (state . "warn") (summary . "/ 91 % full") (run . "r1")
                     (fields . ((mount . "/") (used . 91)))
                     (facts . #(#("package" "nginx" "1.22.1") #("ram" 4096)))
                     (replaces . #("package")) (every . "15m")
                     (mailto . "a@x.eu, b@x.eu"))))
    (test-equal "every field arrives"
      '("3f9c" 44 1795335300000 "tux01" "disk" "disk /" bark warn "/ 91 % full" "r1"
        (("package" "nginx" "1.22.1") ("ram" 4096)) ("package") 900000 ("a@x.eu" "b@x.eu") ())
      (map (lambda (get) (get message))
           (list message-sender message-seq message-time message-host message-monitor
                 message-tag message-kind message-state message-summary message-run
                 message-facts message-replaces message-every message-mailto
                 message-flags)))
    (test-equal "a field is found by name" 91 (message-field message 'used))
    (test-false "one that is not there is #f" (message-field message 'free))
    (test-equal "its subject" "tux01/disk /" (message-subject message))
    (test-equal "as JSON it says the same, with its times in seconds"
      '((id . 17) (received . 1795335303) (sender . "3f9c") (seq . 44) (v . 1)
        (time . 1795335300) (host . "tux01") (monitor . "disk") (tag . "disk /")
        (kind . bark) (state . warn) (summary . "/ 91 % full") (run . "r1")
        (fields . ((mount . "/") (used . 91)))
        (facts . #(#("package" "nginx" "1.22.1") #("ram" 4096)))
        (replaces . #("package")) (every . "900s") (mailto . "a@x.eu,b@x.eu"))
      (message->json message)))

  (test-group "state"
    (define (state-of . fields) (message-state (read-fields (acons 'tag "a" fields))))
    (test-equal "status 0 is ok" 'ok (state-of '(outcome . ((status . 0)))))
    (test-equal "another is a failure" 'fail (state-of '(outcome . ((status . 24)))))
    (test-equal "so is a signal" 'fail (state-of '(outcome . ((signal . 9)))))
    (test-equal "so is a time-out that ended well" 'fail
      (state-of '(outcome . ((status . 0) (timed_out . #t)))))
    (test-equal "the state said wins" 'warn
      (state-of '(state . "warn") '(outcome . ((status . 2)))))
    (test-false "output alone tells none" (state-of '(outcome . ((stdout . "91 %")))))
    (test-equal "a ping is ok" 'ok (state-of '(kind . "ping")))
    (test-equal "unless it says otherwise" 'warn (state-of '(kind . "ping") '(state . "warn")))
    (test-false "a start tells none" (state-of '(kind . "start") '(state . "ok")))
    (test-false "a log tells none" (state-of '(kind . "log") '(state . "fail")))
    (test-equal "a result is like a bark" 'fail
      (state-of '(kind . "result") '(outcome . ((status . 1))))))

  (test-group "outcome"
    (define message
      (read-fields '((tag . "borg")
                     (outcome . ((command . "borg create") (status . 2) (elapsed . 0.4)
                                 (started . 1795335302.5) (stderr . "no repository")
                                 (cwd . null))))))
    (test-equal "its times are milliseconds here"
      '((command . "borg create") (status . 2) (elapsed . 400) (started . 1795335302500)
        (stderr . "no repository"))
      (message-outcome message))
    (test-equal "it tells what a message without summary does not" "exit status 2"
      (message-summary message))
    (test-equal "in JSON they are seconds again"
      '((command . "borg create") (status . 2) (elapsed . 0.4) (started . 1795335302.5)
        (stderr . "no repository"))
      (assq-ref (message->json message) 'outcome))
    (test-equal "an unbelievable start is left out" '((status . 0))
      (message-outcome
       (read-fields '((tag . "a") (outcome . ((status . 0) (started . "yesterday"))))))))

  (test-group "refused"
    (test-refused "neither tag nor monitor" "neither 'tag' nor 'monitor'" '((host . "a")))
    (test-refused "an empty object" "neither 'tag' nor 'monitor'" '())
    (test-refused "a newer version" "version 3, I speak 1" '((v . 3) (tag . "a")))
    (test-refused "a newer version that puts other things into the fields"
                  "version 2, I speak 1" '((v . 2) (tag . #("a"))))
    (test-refused "a version that is none" "'v' wants a whole number from 1, got \"1\""
                  '((v . "1") (tag . "a")))
    (test-refused "seq 1.5" "'seq' wants a whole number from 1 to 2^63-1, got 1.5"
                  '((seq . 1.5) (tag . "a")))
    (test-refused "seq -1" "'seq' wants a whole number from 1 to 2^63-1, got -1"
                  '((seq . -1) (tag . "a")))
    (test-refused "seq 2^63"
                  "'seq' wants a whole number from 1 to 2^63-1, got 9223372036854775808"
                  '((seq . 9223372036854775808) (tag . "a")))
    (test-refused "a state of one's own"
                  "'state' wants ok, warn, fail or unknown, got \"late\""
                  '((tag . "a") (state . "late")))
    (test-refused "a kind of one's own"
                  "'kind' wants bark, start, ping, log or result, got \"moo\""
                  '((tag . "a") (kind . "moo")))
    (test-refused "a tag that is a number"
                  "'tag' wants 1 to 256 printable characters, got 5" '((tag . 5)))
    (test-refused "a summary that is an array" "'summary' wants text, got an array"
                  '((tag . "a") (summary . #(1))))
    (test-refused "a time that is neither text nor number"
                  "'time' wants RFC 3339 text or epoch seconds, got true"
                  '((tag . "a") (time . #t)))
    (test-refused "status and signal" "both 'status' and 'signal' in 'outcome'"
                  '((tag . "a") (outcome . ((status . 1) (signal . 9)))))
    (test-refused "a status that is text" "'status' wants a whole number from 0, got \"1\""
                  '((tag . "a") (outcome . ((status . "1")))))
    (test-refused "an outcome that is none" "'outcome' wants an object, got \"failed\""
                  '((tag . "a") (outcome . "failed")))
    (test-refused "fields that are an array" "'fields' wants an object, got an array"
                  '((tag . "a") (fields . #())))
    (test-refused "a fact without relation"
                  "'facts' wants an array of [\"relation\", argument...], got an array"
                  '((tag . "a") (facts . #(#(1 2)))))
    (test-refused "a fact inside of a fact"
                  "'facts' wants an array of [\"relation\", argument...], got an array"
                  '((tag . "a") (facts . #(#("a" #(1))))))
    (test-refused "every 5" "'every' wants text, got 5" '((tag . "a") (every . 5)))
    (test-refused "every 5 min" "'every' wants a duration, got \"5 min\""
                  '((tag . "a") (every . "5 min")))
    (test-refused "a mail header for an address"
                  "'mailto' wants mail addresses, got \"a@b\\xd;\\xa;Bcc: c\""
                  '((tag . "a") (mailto . "a@b\r\nBcc: c")))
    (test-refused "an option for an address" "'mailto' wants mail addresses, got \"-oQ@x\""
                  '((tag . "a") (mailto . "-oQ@x"))))

  (test-group "names"
    (define (host-of host) (message-host (read-fields `((tag . "a") (host . ,host)))))
    (define-syntax-rule (test-no-host shown name)
      (test-refused (string-append "no host: " shown)
                    (string-append "'host' wants a name, got " shown)
                    `((tag . "a") (host . ,name))))
    (test-equal "one host, however it is written" '("web1" "web1" "web1")
      (map host-of '("web1" "WEB1" "web1.")))
    (test-equal "names with a meaning are names" '("localhost" "unknown")
      (map host-of '("localhost" "unknown")))
    (test-no-host "\"../../etc/passwd\"" "../../etc/passwd")
    (test-no-host "\"a/b\"" "a/b")
    (test-no-host "\"-rf\"" "-rf")
    (test-no-host "\"\"" "")
    (test-no-host "\".\"" ".")
    (test-no-host "\" \"" " ")
    (test-no-host "\"a\\xa;b\"" "a\nb")
    (test-no-host "\"a\\x0;b\"" (string #\a #\nul #\b))
    (test-no-host "\"$(id)\"" "$(id)")
    (test-no-host "\"<b>\"" "<b>")
    (test-no-host "\"*\"" "*")
    (test-no-host "\"w\\u{435}b1\"" "w\u0435b1")
    (test-no-host "\"web\\u{202e}1\"" "web\u202e1")
    (test-no-host (string-append "\"" (make-string 60 #\a) "…\"") (make-string 300 #\a))
    (test-refused "a monitor named like a path" "'monitor' wants a name, got \"../disk\""
                  '((monitor . "../disk")))
    (test-refused "a tag with a newline"
                  "'tag' wants 1 to 256 printable characters, got \"a\\xa;b\""
                  '((tag . "a\nb")))
    (test-refused "a tag with a control character of Latin-1"
                  "'tag' wants 1 to 256 printable characters, got \"a\\x9b;b\""
                  '((tag . "a\x9bb")))
    (test-refused "an empty tag" "'tag' wants 1 to 256 printable characters, got \"\""
                  '((tag . "")))
    (test-refused "a tag of 257 characters"
                  (string-append "'tag' wants 1 to 256 printable characters, got \""
                                 (make-string 60 #\a) "…\"")
                  `((tag . ,(make-string 257 #\a))))
    (test-equal "what is inert is a tag"
      '("$(id)" "'; DROP" "%s%n" "~a~*" "<b>" "*" "_" "w\u0435b1" "\u202eabc" "caf\u00e9"
        "cafe\u0301")
      (map (lambda (tag) (message-tag (read-fields `((tag . ,tag)))))
           '("$(id)" "'; DROP" "%s%n" "~a~*" "<b>" "*" "_" "w\u0435b1" "\u202eabc"
             "caf\u00e9" "cafe\u0301"))))

  (test-group "time"
    (define (at kind seconds-ago sent-ago)
      (let ((at (moment kind
                        (and seconds-ago (- %now (* 1000 seconds-ago)))
                        (and sent-ago (- %now (* 1000 sent-ago)))
                        %now)))
        (/ (- %now at) 1000)))
    (define (odd time)
      (let ((message (read-fields `((tag . "a") (time . ,time)))))
        (list (- (message-at message) %now) (message-flags message))))
    (test-equal "no time: receipt" 0 (at 'bark #f #f))
    (test-equal "no sent: the time" 3600 (at 'bark 3600 #f))
    (test-equal "sent just now: the time" 3600 (at 'bark 3600 59))
    (test-equal "the clock is 3 h slow: the age counts" 0 (at 'bark 10800 10800))
    (test-equal "the clock is 3 h slow and it waited for an hour" 3600 (at 'bark 14400 10800))
    (test-equal "the clock is fast: never later than receipt" 0 (at 'bark -7200 -7200))
    (test-equal "the clock is fast and it waited for an hour" 3600 (at 'bark -3600 -7200))
    (test-equal "sent before it happened, by a clock 3 h slow: receipt" 0
      (at 'bark 10790 10800))
    (test-equal "a time in the future: receipt" 0 (at 'bark -30 #f))
    (test-equal "over 400 days back: receipt" 0 (at 'bark (* 401 86400) #f))
    (test-equal "a ping without sent: receipt" 0 (at 'ping 3600 #f))
    (test-equal "a ping with sent: its time" 3600 (at 'ping 3600 1))
    (test-equal "text that is no time: receipt, flagged" '(0 (odd-time)) (odd "yesterday"))
    (test-equal "10^30: receipt, flagged" '(0 (odd-time)) (odd 1e30))
    (test-equal "before the epoch: receipt, flagged" '(0 (odd-time)) (odd -1))
    (test-equal "2106: receipt, flagged" '(0 (odd-time)) (odd "2106-02-07T06:28:16Z"))
    (test-equal "1970: receipt, flagged" '(0 (odd-time)) (odd 0))
    (test-equal "a second ago is not odd" '(-1000 ()) (odd "2026-11-22T08:15:02Z"))
    (test-equal "a skewed clock is flagged" '(skew)
      (message-flags (read-fields '((tag . "a")) #:sent (- %now 61000))))
    (test-equal "repaired bytes are flagged" '(lossy)
      (message-flags (alist->message '((tag . "a")) 1 %now #f #t))))

  (test-group "ancestor"
    (define event
      '((time . "2025-11-22 08:15:03 +0000") (elapsed . 3) (user . "wrk") (host . "Tux01")
        (command . "borg create") (tag . "BORG") (stdout . "") (stderr . "no") (status . 2)
        (err . "FAIL")))
    (define message (read-fields event))
    (test-equal "its event is a message"
      '("tux01" "BORG" "message" bark fail "exit status 2" 1763799303000
        ((elapsed . 3000) (user . "wrk") (command . "borg create") (stdout . "")
         (stderr . "no") (status . 2)))
      (map (lambda (get) (get message))
           (list message-host message-tag message-monitor message-kind message-state
                 message-summary message-time message-outcome)))
    (test-equal "as it came" event (message-raw message))
    (test-equal "its four verdicts" '(ok fail warn warn)
      (map (lambda (err) (message-state (read-fields `((tag . "a") (err . ,err)))))
           '("SUCCESS" "FAIL" "CHECK" "WARNING")))
    (test-equal "without a tag it is named by its command" "borg"
      (message-tag (read-fields '((command . "/usr/bin/borg list") (status . 0)
                                  (tag . null) (err . "SUCCESS"))))))

  (test-group "bark"
    (test-equal "what is empty is left out" '((v . 1) (host . "a") (tag . "b") (state . ok))
      (make-bark #:host "a" #:tag "b" #:state 'ok #:fields '() #:facts '() #:mailto '()))
    (test-equal "what is told is told"
      '((v . 1) (time . 1795335303.25) (host . "a") (tag . "b") (kind . start)
        (outcome . ((status . 0) (elapsed . 1.5))) (facts . #(#("ram" 4096)))
        (replaces . #("ram")) (every . "1.5s") (mailto . "a@x,b@x"))
      (make-bark #:host "a" #:tag "b" #:kind 'start #:time 1795335303250
                 #:outcome '((status . 0) (elapsed . 1500)) #:facts '(("ram" 4096))
                 #:replaces '("ram") #:every 1500 #:mailto '("a@x" "b@x")))))
