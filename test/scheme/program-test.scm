;;; program-test.scm -- what programs print becomes messages, and what is wrong with them a state
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog program)
             (sheepdog sample)
             (sheepdog test)
             (sheepdog watch)
             (srfi srfi-1))

(define* (a-watch kind #:key (words '("/bin/prog" "-p" "secret")) tag)
  (watch "key" kind "raid" words 60000 10000 tag #f))

(define* (ending #:key (status 0) signal errno timed-out flooded (output "") (said ""))
  `((status . ,status) (signal . ,signal) (errno . ,errno) (timed-out . ,timed-out)
    (flooded . ,flooded) (output . ,output) (said . ,said)))

(define now 1795335303000)

(define* (told kind ending #:key tag)
  "The messages of ENDING, without what all have, and the trouble."
  (let ((sampled (program-sampled (a-watch kind #:tag tag) ending "tux01" now)))
    (list (map (lambda (message)
                 (remove (lambda (pair) (memq (car pair) '(v time host monitor)))
                         message))
               (sampled-messages sampled))
          (sampled-trouble sampled))))

(run-tests "program"
  (test-equal "status and line, as a plugin of Nagios says them"
    '((((tag . "raid") (state . ok) (summary . "all is well"))) #f)
    (told 'command (ending #:output "all is well\nmore\n")))
  (test-equal "the whole message"
    '(((v . 1) (time . 1795335303) (host . "tux01") (monitor . "raid") (tag . "raid")
       (state . ok) (summary . "fine")))
    (sampled-messages (program-sampled (a-watch 'nagios) (ending #:output "fine") "tux01" now)))
  (test-equal "a bad one comes with what was printed, but without arguments"
    '((((tag . "md0") (state . fail) (summary . "md0 degraded")
        (outcome (command . "prog") (status . 2) (stdout . "md0 degraded\n")
                 (stderr . "sorry\n"))))
      #f)
    (told 'command (ending #:status 2 #:output "md0 degraded\n" #:said "sorry\n") #:tag "md0"))
  (test-equal "performance data are facts"
    '((((tag . "raid") (state . ok) (summary . "OK")
        (facts . #(#("perf" "raid" "load1" 0.5 "") #("perf" "raid" "/" 3 "MB")))))
      #f)
    (told 'nagios (ending #:output "OK | load1=0.5;1;2 /=3MB\n")))
  (test-equal "who prints nothing but a complaint has said that"
    '((((tag . "raid") (state . unknown) (summary . "Error: no such file")
        (outcome (command . "prog") (status . 127) (stderr . "Trace\nError: no such file\n"))))
      #f)
    (told 'nagios (ending #:status 127 #:said "Trace\nError: no such file\n")))
  (test-equal "who prints nothing at all"
    "printed nothing, exit status 1"
    (assq-ref (first (first (told 'command (ending #:status 1)))) 'summary))

  (test-equal "messages, one a line; what they leave out is filled in"
    '((((tag . "md0") (state . "fail")) ((state . "ok") (tag . "raid")) ((state . "ok"))) #f)
    (told 'command
          (ending #:output "{\"tag\":\"md0\",\"state\":\"fail\"}\n\n  {\"state\":\"ok\"}\n{\"monitor\":\"m\",\"state\":\"ok\"}")))
  (test-equal "a line that is none is a trouble of the monitor; the others go"
    '((((tag . "md0") (state . "ok"))) "line 2: 'state' wants ok, warn, fail or unknown, got \"bad\"")
    (told 'command
          (ending #:output "{\"tag\":\"md0\",\"state\":\"ok\"}\n{\"state\":\"bad\"}\nnothing\n")))
  (test-equal "a plugin of Nagios never says messages"
    '((((tag . "raid") (state . ok) (summary . "{\"tag\":\"md0\"}"))) #f)
    (told 'nagios (ending #:output "{\"tag\":\"md0\"}")))

  (test-equal "a command that hangs, floods, dies or is not there has told nothing"
    '((() "took longer than 10 s: ended")
      (() "printed more than 1 MiB: ended")
      (() "was killed by signal 11")
      (() "cannot be run: No such file or directory"))
    (list (told 'command (ending #:status #f #:timed-out #t #:signal 15))
          (told 'command (ending #:status #f #:flooded #t #:signal 9 #:output "{"))
          (told 'command (ending #:status #f #:signal 11))
          (told 'command (ending #:status #f #:errno "No such file or directory"))))
  (test-equal "so the subject of a plugin of Nagios is unknown"
    '((((tag . "raid") (state . unknown) (summary . "the plugin took longer than 10 s: ended")
        (outcome (command . "prog") (timed_out . #t))))
      #f)
    (told 'nagios (ending #:status #f #:timed-out #t #:signal 15)))

  (test-equal "programs are run as they are written"
    '("/bin/prog" "-p" "secret")
    (program-argv (a-watch 'command)))
  (test-equal "a plugin that is nowhere is left to PATH"
    '("check_nothing" "-H" "x")
    (program-argv (a-watch 'nagios #:words '("check_nothing" "-H" "x")))))
