;;; bark-test.scm -- what `sheepdog bark' and `sheepdog ping' send
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command bark)
             ((sheepdog command ping) #:prefix ping:)
             (sheepdog command options)
             (sheepdog test)
             (rnrs bytevectors)
             (srfi srfi-1))

(define %now 1795335303000)

(define (barked . arguments)
  "The message of `bark ARGUMENTS' on web1, where the configuration has no tag."
  (let ((message #f))
    (call-with-options %syntax arguments '()
      (lambda (words options common)
        (set! message (bark-message words options #:host "web1" #:now %now))
        0))
    message))

(define (pinged . arguments)
  (let ((message #f))
    (call-with-options ping:%syntax arguments '()
      (lambda (words options common)
        (set! message (ping:ping-message options #:host "web1" #:now %now))
        0))
    message))

(run-tests "bark"
  (test-equal "the least: a tag"
    '((v . 1) (time . 1795335303) (host . "web1") (tag . "raid"))
    (barked "-t" "raid"))

  (test-equal "all there is"
    '((v . 1) (time . 1795335303) (host . "web1") (monitor . "disk") (tag . "disk /x")
      (state . warn) (summary . "91 %") (fields . ((used . 91) (mount . "/x") (full . #f)))
      (facts . #(#("package" "nginx" "1.22.1") #("level" "disk /x" 91)))
      (replaces . #("package")) (every . "15m"))
    (barked "-t" "disk /x" "-m" "disk" "-s" "warn" "-S" "91 %" "used=91" "mount=/x"
            "full=false" "--fact=package nginx 1.22.1" "--fact" "level \"disk /x\" 91"
            "--replaces=package" "--every=15m"))

  (test-equal "the tag and the addresses of the configuration"
    '((v . 1) (host . "web1") (tag . "t") (mailto . "a@x,b@x"))
    (call-with-values (lambda () (parse-options %syntax '()))
      (lambda (words given)
        (bark-message words '((fact) (replaces)) #:host "web1" #:tag "t"
                      #:mailto '("a@x" "b@x")))))

  (test-group "what it does not take"
    (test-raises "neither tag nor monitor" 'usage "'bark' wants a tag" (barked))
    (test-raises "a word that is no field" 'usage
      "'bark' wants KEY=VALUE, got \"used\"" (barked "-t" "x" "used"))
    (test-raises "a state that is none" 'usage
      "'--state' of 'bark' wants ok, warn, fail or unknown, got \"late\""
      (barked "-s" "late"))
    (test-raises "a duration that is none" 'usage
      "'--every' of 'bark' wants a duration such as \"15m\", got \"15 min\""
      (barked "--every" "15 min"))
    (test-raises "a quote that is never closed" 'usage
      "'--fact' of 'bark' wants a relation and its arguments, got \"a \\\"b\""
      (barked "--fact" "a \"b")))

  (test-group "values"
    (test-equal "whole and decimal numbers, truth, and all else is text"
      '(91 -1 1.5 0.001 "1.22.1" #t #f "" "1/2" "+" "-" "." "e" "0x10" "91 %")
      (map (lambda (text) (cdr (parse-field (string-append "k=" text))))
           '("91" "-1" "1.5" "1e-3" "1.22.1" "true" "false" "" "1/2" "+" "-" "." "e"
             "0x10" "91 %")))
    (test-equal "a field may hold a =" '(k . "a=b") (parse-field "k=a=b"))
    (test-false "a field has a name" (parse-field "=1"))
    (test-equal "what is quoted in a fact is text"
      '("level" "91" "") (parse-fact "level \"91\" \"\""))
    (test-equal "so is a number that is not written as numbers are printed: it may be a version"
      '("package" "bash" "5.20" 5.2 "007") (parse-fact "package bash 5.20 5.2 007"))
    (test-equal "a fact may be its relation alone" '("rebooted") (parse-fact " rebooted "))
    (test-false "no words are no fact" (parse-fact " ")))

  (test-group "standard input"
    (test-equal "as output of the command"
      '((stdout . "x\n") (stdout_bytes . 2))
      (stdin-outcome (string->utf8 "x\n") 2))
    (test-equal "bytes that are no UTF-8 are replaced, what is too long is cut, both said"
      '((stdout . "\ufffd") (stdout_bytes . 10) (lossy . #t) (cut . #t))
      (stdin-outcome #vu8(255) 10)))

  (test-group "a line of --json"
    (test-equal "host and time are added where they are absent"
      '((tag . "raid") (host . "web1") (time . 1795335303))
      (complete-message '((tag . "raid")) "web1" %now))
    (test-equal "and left as they are"
      '((tag . "raid") (time . 5) (host . "h"))
      (complete-message '((tag . "raid") (time . 5) (host . "h")) "web1" %now))
    (test-raises "it is an object" 'bad-message
      "a message is an object" (complete-message #(1) "web1" %now))
    (test-raises "it names what it is about" 'bad-message
      "neither 'tag' nor 'monitor'" (complete-message '() "web1" %now))
    (test-raises "its fields are what they should be" 'bad-message
      (lambda (text) (string-prefix? "'state' wants" text))
      (complete-message '((tag . "x") (state . "bad")) "web1" %now)))

  (test-group "lines of --json"
    (define (lines text)
      "What is spooled of TEXT, what is delivered, how many lines are bad."
      (let* ((put '()) (delivered '())
             (bad (call-with-input-string text
                    (lambda (port)
                      (bark-lines (lambda (message)
                                    (set! put (cons (assq-ref message 'tag) put))
                                    (length put))
                                  "web1" port
                                  (lambda (ids)
                                    (set! delivered (cons ids delivered))))))))
        (list (reverse put) (reverse delivered) bad)))
    (test-equal "each is spooled, then all are delivered; empty lines are none"
      '(("a" "é") ((1 2)) 0)
      (lines "{\"tag\":\"a\"}\n\n{\"tag\":\"é\"}"))
    (test-equal "nothing is delivered of nothing" '(() () 0) (lines ""))
    (test-equal "many are delivered meanwhile"
      '(500 2)
      (map length
           (cadr (lines (string-concatenate (make-list 502 "{\"tag\":\"a\"}\n")))))))

  (test-group "ping"
    (test-equal "its tag is PING"
      '((v . 1) (time . 1795335303) (host . "web1") (tag . "PING") (kind . ping))
      (pinged))
    (test-equal "or another, expected again"
      '((v . 1) (time . 1795335303) (host . "web1") (tag . "x") (kind . ping)
        (every . "15m"))
      (pinged "-t" "x" "--every=15m"))))
