;;; config-test.scm -- every row of the validation table, and what a good configuration says
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog pattern)
             (sheepdog test)
             (ice-9 binary-ports)
             (ice-9 match)
             (ice-9 regex)
             (ice-9 textual-ports)
             (rnrs bytevectors)
             (srfi srfi-1))

(define (write-file! file content)
  "Write CONTENT, a string or bytevector, to FILE, mode 600."
  (call-with-output-file file
    (lambda (port)
      (put-bytevector port (if (string? content) (string->utf8 content) content)))
    #:binary #t)
  (chmod file #o600))

(define* (with-files files proc)
  "Call PROC with a directory that has FILES, a list of (NAME CONTENT), and nothing else."
  (with-temporary-directory (directory)
    (for-each (match-lambda
                ((name content) (write-file! (string-append directory "/" name) content)))
              files)
    (proc directory)))

(define (all-problems directory name)
  "Return the lines that `config check' prints of the file NAME in DIRECTORY, which is left out
of them."
  (append-map (lambda (problem)
                (string-split (regexp-substitute/global
                               #f (string-append (regexp-quote directory) "/")
                               (problem->text problem) 'pre 'post)
                              #\newline))
              (config-problems (read-config (string-append directory "/" name)))))

(define (problems content . more)
  "Return the lines that `config check' prints of the file test.conf with CONTENT; MORE are
files (NAME CONTENT) beside it."
  (with-files (cons (list "test.conf" content) more)
              (lambda (directory) (all-problems directory "test.conf"))))

(define (errors content . more)
  "Return the same without the warnings of keys that this version only checks."
  (remove (lambda (line) (string-contains line "has no effect in this version"))
          (apply problems content more)))

(define (problems-with-mode mode content)
  (with-files (list (list "test.conf" content))
              (lambda (directory)
                (chmod (string-append directory "/test.conf") mode)
                (all-problems directory "test.conf"))))

(define (reading content)
  "Return the <config> of a file with CONTENT."
  (with-files (list (list "test.conf" content))
              (lambda (directory) (read-config (string-append directory "/test.conf")))))

(define (latin-1 text)
  (u8-list->bytevector (map char->integer (string->list text))))

(run-tests "config"
  (test-group "the file"
    (test-equal "an empty file is told"
      '("test.conf: error: is empty" "hint: expected (config ...)")
      (problems ""))
    (test-equal "a file of comments is empty"
      '("test.conf: error: is empty" "hint: expected (config ...)")
      (problems ";;; nothing yet\n"))
    (test-equal "a missing file is told"
      '("none.conf: error: cannot be read: No such file or directory")
      (with-files '() (lambda (directory) (all-problems directory "none.conf"))))
    (test-equal "a huge file is told"
      '("test.conf: error: is larger than 1 MiB" "hint: expected (config ...)")
      (problems (make-string (+ 1 (* 1024 1024)) #\;)))
    (test-equal "Latin-1 is told"
      '("test.conf: error: not UTF-8 at byte 24 (line 2)" "hint: expected (config ...)")
      (problems (latin-1 "(config (host \"a\")\n;caf\xe9;)")))
    (test-equal "a list that is never closed is told at its beginning"
      '("test.conf:1:1: error: this list is never closed" "hint: the file ends at 2:1")
      (problems "(config (host \"a\")\n"))
    (test-equal "a parenthesis too many is told"
      '("test.conf:1:9: error: unexpected ')'")
      (problems "(config))"))
    (test-equal "a second configuration is told"
      '("test.conf:2:1: error: second (config ...)" "hint: the first is at 1:1")
      (problems "(config)\n(config)"))
    (test-equal "something else is no configuration"
      '("test.conf:1:1: error: expected (config ...), got (host \"a\")")
      (problems "(host \"a\")"))
    (test-equal "what is not data is told"
      '("test.conf:1:9: error: '#.' is not allowed here")
      (problems "(config #.(system \"id\"))"))
    (test-equal "a number out of range is told"
      '("test.conf:1:16: error: number out of range")
      (problems "(config (every 1e400))"))
    (test-equal "levels without end are told"
      '("test.conf:1:65: error: nested deeper than 64")
      (problems (string-append (make-string 65 #\() (make-string 65 #\)))))
    (test-equal "an include cycle is told"
      '("b.conf:1:18: error: includes itself: test.conf -> b.conf -> test.conf")
      (problems "(config (include \"b.conf\"))" '("b.conf" "(config (include \"test.conf\"))")))
    (test-equal "a newer version is told"
      '("test.conf:1:18: error: version 7 needs a newer sheepdog, this one reads 0")
      (problems "(config (version 7))"))
    (test-equal "a missing include is told, and where it is named"
      '("b.conf: error: cannot be read: No such file or directory"
        "hint: it is included at test.conf:1:18")
      (problems "(config (include \"b.conf\"))"))
    (test-equal "problems of an included file are told of that file"
      '("b.conf:1:10: error: unknown key 'prot'" "hint: did you mean 'port'?")
      (problems "(config (include \"b.conf\"))" '("b.conf" "(config (prot 1))")))
    (test-equal "includes end four deep"
      '("e.conf:1:18: error: included more than 4 deep")
      (problems "(config (include \"b.conf\"))"
                '("b.conf" "(config (include \"c.conf\"))")
                '("c.conf" "(config (include \"d.conf\"))")
                '("d.conf" "(config (include \"e.conf\"))")
                '("e.conf" "(config (include \"f.conf\"))")
                '("f.conf" "(config)")))
    (test-equal "a password that others can read is told"
      '("test.conf:1:30: error: a password in a file that others can read (mode 644)"
        "hint: chmod 600 test.conf, or (password-file \"...\")")
      (problems-with-mode #o644 "(config (queue \"redis://a\"   (password \"secret\")))"))
    (test-equal "a file that others can write is told"
      '("test.conf: error: others can write it (mode 666)" "hint: chmod o-w test.conf")
      (problems-with-mode #o666 "(config)"))
    (test-equal "a password file that others can read is told"
      '("test.conf:1:43: error: a password in a file that others can read (mode 644)"
        "hint: chmod 600 secret")
      (with-files '(("secret" "s"))
                  (lambda (directory)
                    (let ((secret (string-append directory "/secret")))
                      (chmod secret #o644)
                      (write-file! (string-append directory "/test.conf")
                                   (string-append "(config (queue \"redis://a\" (password-file \""
                                                  secret "\")))"))
                      (all-problems directory "test.conf"))))))

  (test-group "keys and values"
    (test-equal "an unknown key is told, with the nearest"
      '("test.conf:1:10: error: unknown key 'prot'" "hint: did you mean 'port'?")
      (problems "(config (prot 7777))"))
    (test-equal "an option of a monitor belongs into its watch"
      '("test.conf:1:10: error: unknown key 'mount'" "hint: it belongs into (watch disk ...)")
      (problems "(config (mount \"/\"))"))
    (test-equal "an option of an entry belongs into it"
      '("test.conf:1:10: error: unknown key 'grace'" "hint: it belongs into (expect ...)")
      (problems "(config (grace \"1h\"))"))
    (test-equal "what is no entry is told"
      '("test.conf:1:9: error: expected (KEY VALUE...), got host"
        "test.conf:1:14: error: expected (KEY VALUE...), got \"a\"")
      (problems "(config host \"a\")"))
    (test-equal "a port in quotes"
      '("test.conf:1:15: error: 'port' wants a number from 1 to 65535, got \"7777\""
        "hint: write it without quotes: (port 7777)")
      (problems "(config (port \"7777\"))"))
    (test-equal "a port out of range"
      '("test.conf:1:15: error: 'port' wants a number from 1 to 65535, got 70000")
      (problems "(config (port 70000))"))
    (test-equal "a value too many"
      '("test.conf:1:18: error: 'port' wants one value, got 2")
      (problems "(config (port 77 78))"))
    (test-equal "a value too few"
      '("test.conf:1:9: error: 'port' wants one value, got 0")
      (problems "(config (port))"))
    (test-equal "a host without quotes"
      '("test.conf:1:15: error: 'host' wants a string, got localhost"
        "hint: write it in quotes: (host \"localhost\")")
      (problems "(config (host localhost))"))
    (test-equal "a host that is none"
      '("test.conf:1:15: error: 'host' wants a host name or address, got \"a b\"")
      (problems "(config (host \"a b\"))"))
    (test-equal "an address that is two headers"
      '("test.conf:1:17: error: 'mailto' wants a mail address, got \"a@b\\x0d;\\x0a;Bcc: c\"")
      (problems "(config (mailto \"a@b\\r\\nBcc: c\"))"))
    (test-equal "an address that is an option"
      '("test.conf:1:17: error: 'mailto' wants a mail address, got \"-oQ/tmp\"")
      (problems "(config (mailto \"-oQ/tmp\"))"))
    (test-equal "durations that are none"
      '("test.conf:1:16: error: 'every' wants a duration, got 5"
        "hint: such as \"30s\", \"5m\", \"36h\", \"2d\"")
      (errors "(config (every 5))"))
    (test-equal "more durations that are none"
      '("test.conf:1:16: error: 'every' wants a duration, got \"5 min\""
        "hint: such as \"30s\", \"5m\", \"36h\", \"2d\""
        "test.conf:2:14: error: 'timeout' wants a duration, got \"1e99s\""
        "hint: such as \"30s\", \"5m\", \"36h\", \"2d\"")
      (errors "(config (every \"5 min\")\n    (timeout \"1e99s\"))"))
    (test-equal "the same key twice"
      '("test.conf:3:3: error: 'host' given twice" "hint: the first is at 2:3")
      (problems "(config\n (host \"a\")\n (host \"b\"))"))
    (test-equal "the same key twice, in two files"
      '("test.conf:2:3: error: 'host' given twice" "hint: the first is at b.conf:1:10")
      (problems "(config (include \"b.conf\")\n (host \"b\"))" '("b.conf" "(config (host \"a\"))")))
    (test-equal "two ways to name the queue"
      '("test.conf:3:3: error: 'host' and 'queue' both name the queue"
        "hint: the first is at 2:3")
      (problems "(config\n (host \"a\")\n (queue \"local:\"))"))
    (test-equal "yes in quotes"
      '("test.conf:1:17: error: 'always' wants yes or no, got \"yes\""
        "hint: write it without quotes: (always yes)")
      (problems "(config (always \"yes\"))"))
    (test-equal "an option that the key has not"
      '("test.conf:1:22: error: unknown option 'levl' of 'log'" "hint: did you mean 'level'?")
      (problems "(config (log syslog (levl debug)))"))
    (test-equal "a REPL on TCP"
      '("test.conf:1:15: error: 'repl' wants yes, no or the path of a Unix socket, got 37146"
        "hint: a TCP port is open to every local user")
      (errors "(config (repl 37146))"))
    (test-equal "a password in a URL is told, not shown"
      '("test.conf:1:16: error: a password does not belong into a URL"
        "hint: (password-file \"...\") beside it keeps it out of sight")
      (problems "(config (queue \"redis://u:secret@h\"))"))
    (test-equal "an expression that is none"
      '("test.conf:1:23: error: 'fail-pattern' wants a regular expression (POSIX extended), got \"(\""
        "hint: Unmatched ( or \\(")
      (problems "(config (fail-pattern \"(\"))"))
    (test-equal "a number that would take all memory is no port"
      '("test.conf:1:15: error: 'port' wants a number from 1 to 65535, got \"#e1e999999999\"")
      (problems "(config (port \"#e1e999999999\"))"))
    (test-equal "all errors come in one run, in their order"
      '("test.conf:2:3: error: unknown key 'hots'" "hint: did you mean 'host'?"
        "test.conf:3:8: error: 'port' wants a number from 1 to 65535, got \"7777\""
        "hint: write it without quotes: (port 7777)")
      (problems "(config\n (hots \"a\")\n (port \"7777\"))")))

  (test-group "entries of the machine"
    (test-equal "a monitor that is none"
      '("test.conf:1:16: error: no monitor 'dsk'"
        "hint: did you mean 'disk'? 'sheepdog monitors' lists them")
      (errors "(config (watch dsk))"))
    (test-equal "an option that the monitor has not"
      '("test.conf:1:22: error: unknown option 'wran' of monitor 'disk'"
        "hint: did you mean 'warn'?")
      (errors "(config (watch disk (wran 80)))"))
    (test-equal "a value that the monitor does not take"
      '("test.conf:1:27: error: 'warn' of monitor 'disk' wants percent, got 120"
        "hint: Warn above this use.")
      (errors "(config (watch disk (warn 120)))"))
    (test-equal "one that takes several, one after the other"
      '("test.conf:2:36: error: 'running' of monitor 'service' wants a list, got (\"sshd\")"
        "hint: several values stand one after the other, without parentheses")
      (errors "(config (watch service (running \"nginx\" \"sshd\"))\n (watch service (tag \"b\") (running (\"sshd\"))))"))
    (test-equal "two watches with one tag"
      '("test.conf:3:2: error: second watch with the tag 'raid'"
        "hint: the first is at 2:2; (tag \"...\") tells them apart")
      (errors "(config\n (watch raid (command \"/bin/true\"))\n (watch raid (command \"/bin/true\")))"))
    (test-equal "two disks are two entries"
      '()
      (errors "(config (watch disk (mount \"/\")) (watch disk (mount \"/tmp\") (every \"15m\")))"))
    (test-equal "who judges is a monitor too"
      '("test.conf:1:18: error: no monitor 'eror'"
        "hint: did you mean 'error'? 'sheepdog monitors' lists them")
      (problems "(config (monitor eror))"))
    (test-equal "a leading monitor- is dropped"
      '()
      (problems "(config (monitor monitor-error))"))
    (test-equal "a program that is not there is a warning"
      '("test.conf:1:30: warning: cannot find the program \"/none/x\"")
      (errors "(config (watch raid (command \"/none/x\")))"))
    (test-equal "a job runs an absolute program"
      '("test.conf:1:21: error: 'run' wants an absolute path, got \"ls\"")
      (errors "(config (job x (run \"ls\")))"))
    (test-equal "a job declares its arguments"
      '("test.conf:1:31: error: 'f' has no (arg f TYPE)")
      (errors "(config (job x (run \"/bin/ls\" f)))"))
    (test-equal "what may be ordered is a job"
      '("test.conf:2:82: error: no job 'blok'" "hint: did you mean 'block'?")
      (errors (string-append "(config (trust server \"ed25519:" (make-string 43 #\A)
                             "\" (may\n" (make-string 81 #\space)
                             "blok)) (job block (run \"/bin/true\")))")))
    (test-equal "a second entry of one name is told"
      '("test.conf:2:1: error: second job 'x'" "hint: the first is at 1:9")
      (errors "(config (job x (run \"/bin/ls\"))\n(job x (run \"/bin/ls\")))")))

  (test-group "entries of the server"
    (test-equal "a window that is none"
      '("test.conf:2:18: error: no window 'offce'" "hint: did you mean 'office'?")
      (errors "(config (window office (days mon-fri))\n (notify (during offce)))"))
    (test-equal "a window may be negated"
      '()
      (errors "(config (window office (days mon-fri)) (notify (during (not office))))"))
    (test-equal "a pattern is HOST/TAG"
      '("test.conf:1:18: error: 'silence' wants HOST/TAG, got \"tux02\""
        "hint: everything on tux02 is \"tux02/*\"")
      (errors "(config (silence \"tux02\" (until \"2026-11-24\")))"))
    (test-equal "a redis has no address"
      '("test.conf:1:16: error: 'redis' wants no values, got 1"
        "hint: such as (redis (host \"localhost\") (port 7777)), or (queue \"redis://...\")")
      (errors "(config (redis \"redis://localhost\"))"))
    (test-equal "a subject is HOST/TAG, too"
      '("test.conf:1:31: error: 'on' wants one subject, HOST/TAG, got \"switch\""
        "hint: everything on switch is \"switch/*\"")
      (errors "(config (depends \"tux*/*\" (on \"switch\")))"))
    (test-equal "an expectation says how often"
      '("test.conf:1:9: error: 'expect' wants (every ...) or (cron ...)")
      (errors "(config (expect \"a/b\"))"))
    (test-equal "an expectation says it once"
      '("test.conf:1:9: error: 'every' and 'cron' exclude each other")
      (errors "(config (expect \"a/b\" (every \"1d\") (cron \"0 5 * * *\")))"))
    (test-equal "an hour that is none"
      '("test.conf:1:29: error: hour wants 0 to 23, got 25 in \"0 25 * * *\"")
      (errors "(config (expect \"a/b\" (cron \"0 25 * * *\")))"))
    (test-equal "a zone that is none"
      '("test.conf:1:25: error: 'zone' wants a time zone, got \"../../etc/passwd\""
        "hint: such as \"Europe/Berlin\"; /usr/share/zoneinfo has them")
      (errors "(config (window a (zone \"../../etc/passwd\") (days mon)))"))
    (test-equal "dependencies in a circle"
      '("test.conf:1:9: error: 'depends' goes in a circle: a/* -> b/* -> a/*")
      (errors "(config (depends \"a/*\" (on \"b/x\")) (depends \"b/*\" (on \"a/y\")))"))
    (test-equal "a key of a later version says so, once"
      '("test.conf:1:9: warning: 'job' is checked but has no effect in this version")
      (problems "(config (job a (run \"/bin/true\"))\n (job b (run \"/bin/true\")))"))
    (test-equal "an option of a later version says so"
      '("test.conf:1:21: warning: 'webhook' in 'to' is checked but has no effect in this version")
      (filter (lambda (line) (string-contains line "'to'"))
              (problems "(config (notify (to (webhook w))) (webhook w \"https://x.example\"))")))
    (test-equal "more bad results than are looked at"
      '("test.conf:1:17: error: 'after' wants 5 bad results of 3"
        "hint: at most all of them: (after 3 3)"
        "test.conf:1:26: error: 'after' wants a number from 1 to 60, got 61")
      (append-map problems '("(config (notify (after 5 3)))" "(config (notify (after 5 61)))")))
    (test-equal "a slip in a word for the log makes no file"
      '("test.conf:1:14: error: 'log' wants syslog, stderr or a FILE with a slash, got \"sderr\""
        "hint: such as \"./sheepdog.log\"")
      (problems "(config (log \"sderr\"))"))
    (test-equal "a log-in and its password"
      '("test.conf:1:10: error: no password to log in as 'me'"
        "hint: (mailer \"smtps://me@h:465\" (password-file \"...\"))"
        "test.conf:1:30: error: a password, and no user to log in"
        "hint: write the user before the host: \"smtps://USER@HOST:465\""
        "test.conf:1:41: error: 'ca-file' is for SMTP, not for a program"
        "test.conf:1:17: warning: the password goes to h for all to read"
        "hint: smtp+starttls:// and smtps:// hide it"
        "test.conf:1:17: error: a password does not belong into a URL"
        "hint: (password-file \"...\") beside it keeps it out of sight")
      (append-map problems
                  '("(config (mailer \"smtps://me@h:465\"))"
                    "(config (mailer \"smtps://h\" (password-file \"/root\")))"
                    "(config (mailer \"sendmail:///bin/true\" (ca-file \"/root\")))"
                    "(config (mailer \"smtp://me@h\" (password-file \"/root\")))"
                    "(config (mailer \"smtps://me@x.org:secret@h\"))")))
    (test-equal "the files of a mailer"
      '("test.conf:1:47: warning: cannot find the file \"/nowhere/password\""
        "test.conf:1:77: warning: cannot find the file \"/nowhere/ca\""
        "test.conf:1:47: error: a password in a file that others can read (mode 644)"
        "hint: chmod 600 /etc/passwd")
      (append-map
       problems
       '("(config (mailer \"smtps://me@h\" (password-file \"/nowhere/password\") (ca-file \"/nowhere/ca\")))"
         "(config (mailer \"smtps://me@h\" (password-file \"/etc/passwd\")))"))))

  (test-group "what a good configuration says"
    (let ((config (reading "(config (host . \"Tux01\") (port . 7777) (mailto \"\") (lock yes)
 (timeout \"12h\") (ok-status 0 24) (spool \"/s\" (max-size \"1MiB\"))
 (notify (subject \"*/disk *\") (to sender log (exec \"/bin/true\" \"x\")))
 (notify (to)))")))
      (test-equal "nothing is wrong with it"
        '() (config-problems config))
      (test-assert "it is good"
        (config-good? config))
      (test-equal "values come converted"
        '("tux01" 7777 () 0 43200000 (0 24) "/s" error 300000 #f)
        (map (lambda (key) (config-ref config key))
             '(host port mailto lock timeout ok-status spool monitor heartbeat name)))
      (test-equal "a default of the asker wins where nothing is written"
        "else" (config-ref config 'name "else"))
      (test-equal "options have defaults, too"
        '(1048576 100000)
        (let ((spool (config-entry config 'spool)))
          (list (entry-ref spool 'max-size) (entry-ref spool 'max-messages))))
      (test-equal "entries come in their order"
        '((("*/disk *") (sender log (exec "/bin/true" "x"))) (#f ()))
        (map (lambda (entry)
               (list (and=> (entry-ref entry 'subject)
                            (lambda (patterns) (map pattern-text patterns)))
                     (entry-ref entry 'to)))
             (config-entries config 'notify)))
      (test-equal "what nobody said of watching is standard"
        '(standard)
        (map entry-value (config-entries config 'watch))))
    (test-equal "an entry with an error is not among them"
      '(7777 #f)
      (let ((config (reading "(config (host localhost) (port 7777))")))
        (list (config-ref config 'port) (config-ref config 'host))))
    (test-equal "an entry knows its place"
      "test.conf:2"
      (basename (entry-place (config-entry (reading "(config\n (port 1))") 'port))))))
