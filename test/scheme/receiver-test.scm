;;; receiver-test.scm -- from a message to actions, by the monitor and by programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog error)
             (sheepdog message)
             (sheepdog monitor)
             (sheepdog plugin)
             (sheepdog plugins)
             (sheepdog receiver)
             (sheepdog test)
             (ice-9 match))

(define %circle
  (let ((circle (list 1 2 3)))
    (set-cdr! (cddr circle) circle)
    circle))

(define-monitor cow
  "Milk."
  (fields (milk percent? "How much."))
  (receive (message)
    (if milk
        `((store (milk ,(message-host message) ,milk))
          (log info ,(message-summary message)))
        '())))

(define-syntax-rule (define-odd name what)
  (define-monitor name "Odd." (receive (message) what)))

(define-odd circular %circle)
(define-odd circular-store (list (list 'store %circle)))
(define-odd procedural (list (list 'log 'info car)))
(define-odd number 5)
(define-odd raising (string-append "a" (error "boo" %circle)))
(define-odd exiting (exit 0))

(define* (message-of monitor #:optional (fields '()))
  (alist->message `((monitor . ,monitor) (host . "tux01") (tag . "t") (summary . "s")
                    (fields . ,fields))
                  17 1795335303000 #f))

(define (refusal thunk)
  "Return (CODE TEXT) of what THUNK raises, TEXT without directories, lines and columns."
  (with-error-handler
   (lambda (code text hint)
     (match (string-split text #\:)
       ((file line column rest ...)
        (if (and (string-suffix? ".scm" file) (string->number line))
            (list code (basename file) (string-trim (string-join rest ":")))
            (list code text)))
       (_ (list code text))))
   thunk))

(define (call-with-config text proc)
  "Call PROC with the <config> of TEXT, its programs being in the directory DIR."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/herd.conf")))
      (call-with-output-file file (lambda (port) (display text port)))
      (chmod file #o600)
      (proc (read-config file)))))

(define* (receive-by-shell script #:key (monitor "raid") (timeout "10s") (to "raid"))
  "Return the actions for a message of MONITOR where SCRIPT receives those of TO."
  (call-with-config
   (string-append "(config (receiver \"" to "\" (exec \"/bin/sh\" \"-c\" "
                  (object->string script) ") (timeout \"" timeout "\")))")
   (lambda (config)
     (receive-message (message-of monitor) config))))

(run-tests "receiver"
  (test-group "monitor"
    (test-equal "its receiver says what is to be done"
      '((store ("milk" "tux01" 40)) (log info "s"))
      (receive-message (message-of "cow" '((milk . 40))) #f))
    (test-equal "without the field it says nothing" '()
      (receive-message (message-of "cow") #f))
    (test-equal "a monitor without receiver has no actions" '()
      (receive-message (message-of "message") #f))
    (test-equal "nor has one that is not here" '()
      (receive-message (message-of "nobody-knows") #f))
    (test-equal "a field that does not fit: it is not run"
      '(bad-message "'milk' of monitor 'cow' wants percent, got 120")
      (refusal (lambda () (receive-message (message-of "cow" '((milk . 120))) #f)))))

  (test-group "odd"
    (define-syntax-rule (test-odd sentence text monitor)
      (test-equal sentence '(bad-plugin "receiver-test.scm" text)
        (refusal (lambda () (receive-message (message-of monitor) #f)))))
    (test-odd "a circular list"
              "error: a receiver returns a list of actions, got (1 2 3 1 2 3 1 2 …)"
              "circular")
    (test-odd "a circle inside of an action"
              "error: 'store' wants (RELATION HOST ARGUMENT ...), got (1 2 3 1 2 3 1 2 …)"
              "circular-store")
    (test-odd "a procedure"
              "error: 'log' wants (log LEVEL TEXT), got (log info a procedure car)"
              "procedural")
    (test-odd "a number" "error: a receiver returns a list of actions, got 5" "number")
    (test-odd "an exception about a circle" "error: boo (1 2 3 1 2 3 1 2 …)" "raising")
    (test-odd "(exit)" "error: it called (exit)" "exiting")
    (test-equal "a broken file: its place, each time"
      (make-list 2 '(bad-plugin "bad.scm" "error: unexpected \")\""))
      (with-temporary-directory (directory)
        (call-with-output-file (string-append directory "/bad.scm")
          (lambda (port) (display " )" port)))
        (parameterize ((%plugin-path `(("monitors" ,directory))))
          (map (lambda (i)
                 (refusal (lambda () (receive-message (message-of "bad") #f))))
               '(1 2))))))

  (test-group "program"
    (test-equal "it reads the message and writes actions"
      '((store ("raid" "tux01" "md0" "degraded")) (notify "md0 is degraded") (log info "..."))
      (receive-by-shell
       (string-append "grep -q '\"host\":\"tux01\"' || exit 3;"
                      "echo '[\"store\",[\"raid\",\"md0\",\"degraded\"]]'; echo;"
                      "echo '[\"notify\",\"md0 is degraded\"]';"
                      "echo '[\"log\",\"info\",\"...\"]'")))
    (test-equal "it need not read" '((log info "x"))
      (receive-by-shell "echo '[\"log\",\"info\",\"x\"]'"))
    (test-equal "it receives the messages of its monitor only" '()
      (receive-by-shell "exit 1" #:monitor "message"))
    (test-equal "or those of all" '((log info "x"))
      (receive-by-shell "echo '[\"log\",\"info\",\"x\"]'" #:to "*" #:monitor "message"))
    (define-syntax-rule (test-program sentence text argument ...)
      (test-equal sentence '(bad-plugin text)
        (refusal (lambda () (receive-by-shell argument ...)))))
    (test-program "a status that is not 0 fails, with its last words"
                  "receiver /bin/sh: exit status 3: oh no"
                  "echo oh no >&2; exit 3")
    (test-program "so does a signal" "receiver /bin/sh: killed by signal 9"
                  "kill -9 $$")
    (test-program "one that is too slow is ended" "receiver /bin/sh: not done after 0.1 s"
                  "sleep 5" #:timeout "0.1s")
    (test-program "a line that is no JSON is named"
                  "receiver /bin/sh: line 2: 1:1: expected a value, got 'moo'"
                  "echo '[\"log\",\"info\",\"x\"]'; echo moo")
    (test-program "so is one that is no action"
                  "receiver /bin/sh: line 1: no action moo"
                  "echo '[\"moo\",5]'"))

  (test-equal "a program that is not there"
    '(bad-plugin "receiver /nowhere/raid.py: No such file or directory")
    (refusal
     (lambda ()
       (call-with-config "(config (receiver raid (exec \"/nowhere/raid.py\")))"
                         (lambda (config)
                           (receive-message (message-of "raid") config)))))))
