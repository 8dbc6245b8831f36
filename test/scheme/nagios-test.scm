;;; nagios-test.scm -- what plugins of Nagios print: lines and performance data
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog nagios)
             (sheepdog test))

;; The example of the Monitoring Plugins Development Guidelines.
(define %disk "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968
/ 15272 MB (77%);
/boot 68 MB (69%);
| /boot=68MB;88;93;0;98
/home=69357MB;253404;253409;0;253414
/var/log=818MB;970;975;0;980
")

(run-tests "nagios"
  (test-equal "an exit status is a state"
    '(ok warn fail unknown unknown unknown)
    (map status->state '(0 1 2 3 127 #f)))

  (test-equal "the line for people ends at the performance data"
    "DISK OK - free space: / 3326 MB (56%);"
    (output-line %disk))
  (test-equal "what is told besides, without it, too"
    "/ 15272 MB (77%);\n/boot 68 MB (69%);"
    (output-text %disk))
  (test-equal "performance data of all lines"
    '(("/" 2643 "MB") ("/boot" 68 "MB") ("/home" 69357 "MB") ("/var/log" 818 "MB"))
    (perfdata %disk))

  (test-equal "labels in quotes may hold blanks, quotes and ="
    '(("a b" 1 "") ("it's = odd" 2 "%"))
    (perfdata "x | 'a b'=1 'it''s = odd'=2%;~:10;@5:6;;"))
  (test-equal "decimals, signs, exponents, and a comma where a locale writes it"
    '(("a" 0.5 "s") ("b" -1.5 "") ("c" 1000.0 "us") ("d" 0.25 "c"))
    (perfdata "x | a=.5s b=-1,5 c=1e3us d=+0.25c"))
  (test-equal "values that a plugin does not know are passed over, like all that is odd"
    '(("y" 5 ""))
    (perfdata "x | a=U b= =3 c='5' y=5; z"))
  (test-equal "no output, no data"
    '("" "" ())
    (list (output-line "") (output-text "") (perfdata "")))
  (test-equal "a line without data"
    '("OK" ())
    (list (output-line "OK\n") (perfdata "OK\n"))))
