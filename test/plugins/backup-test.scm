;;; backup-test.scm -- the monitor backup: from the words of borg to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

;; The samples are of 2026-11-22 08:15:03 UTC.
(define %list "{\"archives\": [{\"archive\": \"etc-1\", \"time\": \"2026-11-20T06:00:00.000000\"},
 {\"archive\": \"etc-2\", \"time\": \"2026-11-22T06:15:03.000000\"}], \"encryption\": {}}")

(define (list-of time)
  (string-append "{\"archives\": [{\"archive\": \"a\", \"time\": \"" time "\"}]}"))

(run-tests "backup"
  (define options '((repository . "/backup")))
  (define (sampled said . more)
    (with-programs `(("borg" . ,said)) (sample-of "backup" (append more options))))

  (test-equal "the newest archive counts"
    '(("backup /backup" ok "etc-2, 2 h old"
       ((repository . "/backup") (name . "etc-2") (age . 2.0) (archives . 2))))
    (sampled %list))
  (test-equal "one that is old, and older" '(warn fail)
    (map (lambda (time) (list-ref (car (sampled (list-of time))) 1))
         '("2026-11-20T20:00:00.000000" "2026-11-01T20:00:00.000000")))
  (test-equal "none" '(("backup /backup" fail "no archive in it" ()))
    (sampled "{\"archives\": []}"))
  (test-equal "a repository that borg cannot open; one of its warnings is none of ours"
    '((("backup /backup" unknown "borg: Repository /backup does not exist." ()))
      (("backup /backup" ok "etc-2, 2 h old"
        ((repository . "/backup") (name . "etc-2") (age . 2.0) (archives . 2)))))
    (list (sampled '(2 "" "Repository /backup does not exist.\n"))
          (sampled `(1 ,%list "clock skew\n"))))
  (test-equal "no borg, no repository"
    '((("backup /backup" unknown "borg is not installed" ()))
      ((#f unknown "no (repository ...) is said" ())))
    (list (with-programs '() (sample-of "backup" options))
          (sample-of "backup")))

  (with-temporary-directory (directory)
    (define checks (string-append directory "/checks"))
    (define (borg status)
      `(run ,(string-append "case \"$*\" in *check*) echo \"$BORG_PASSPHRASE\" >> " checks
                            "; echo 'Index is broken' >&2; exit " (number->string status)
                            " ;; *) echo '" %list "' ;; esac")))
    (define day 86400000)
    (write-tree! directory '(("passphrase" . "secret\n")))
    (test-equal "the check is made so often, and its verdict kept meanwhile"
      '(((fail) (fail) (fail)) "secret\nsecret\n")
      (list (with-programs `(("borg" . ,(borg 1)))
              (states-of "backup" `((check . "7d") (warn . "99d") (fail . "99d")
                                    (passphrase-file . ,(string-append directory "/passphrase"))
                                    ,@options)
                         0 day (* 8 day)))
            (call-with-input-file checks (@ (ice-9 textual-ports) get-string-all)))))

  (test-equal "the newest archive is a fact" '((store ("backup" "tux01" "/backup" "etc-2")))
    (received "backup" "backup /backup" '((repository . "/backup") (name . "etc-2")))))
