;;; standalone-test.scm -- a machine that is its own server drains all that waits
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog message)
             (sheepdog sql)
             (sheepdog standalone)
             (sheepdog store)
             (sheepdog test)
             (ice-9 match)
             (ice-9 popen)
             (ice-9 receive)
             (ice-9 textual-ports))

(define (call-with-machine text proc)
  "Call PROC with the configuration of a machine, which says TEXT besides where its files are, and
with the directory of these."
  (with-temporary-directory (directory)
    (let ((file (string-append directory "/sheepdog.conf"))
          (mailer (string-append directory "/mailer")))
      (call-with-output-file mailer
        (lambda (port)
          (display "#!/bin/sh\necho \"$@\" >> \"${0%/*}/sent\"; cat > /dev/null\n" port)))
      (chmod mailer #o700)
      (call-with-output-file file
        (lambda (port)
          (display (string-append
                    "(config (name \"h\") (queue \"local:" directory "/state\")"
                    " (spool \"" directory "/spool\")"
                    " (database \"" directory "/state/sheepdog.db\")"
                    " (mailer \"sendmail://" mailer "\") " text ")")
                   port)))
      (chmod file #o600)
      (proc (read-config file) directory))))

(define (call-with-lock-elsewhere file thunk)
  "Call THUNK while another process has FILE locked."
  (let ((port (open-pipe* OPEN_BOTH "flock" file "cat")))
    (display "locked?\n" port)
    (force-output port)
    (get-line port)                               ;cat runs, so the lock is held
    (let ((result (thunk)))
      (close-pipe port)
      result)))

(define (bark! config state)
  (%spool-put! (%spool-open (%settings (config-file config)))
               (make-bark #:host "h" #:tag "t" #:monitor "message" #:state state)))

(define (ask directory query)
  (call-with-store (string-append directory "/state/sheepdog.db") 'read-only query))

(define (drained config)
  (receive (count fate) (drain! config #:patience 0.2)
    (list count fate)))

(run-tests "standalone"
  (test-equal "from the spool to state, decision and mail, in one go"
    '((2 drained) (#("fail" 2)) (#("problem" #t)) "-oi -f sheepdog@x -- a@x\n" (0 drained))
    (call-with-machine "(mailto \"a@x\") (mailfrom \"sheepdog@x\")"
      (lambda (config directory)
        (bark! config 'fail)
        (bark! config 'fail)
        (let ((first (drained config)))
          (list first
                (ask directory
                     (lambda (db) (sql db "SELECT state, failures FROM subject")))
                (map (match-lambda (#(kind done) (vector kind (and done #t))))
                     (ask directory
                          (lambda (db) (sql db "SELECT kind, done FROM outbox"))))
                (call-with-input-file (string-append directory "/sent") get-string-all)
                (drained config))))))

  (test-equal "the spool lets go of what is committed"
    '(0 0)
    (call-with-machine ""
      (lambda (config directory)
        (bark! config 'ok)
        (drain! config)
        (drain! config)
        (match (%spool-depth (%spool-open (%settings (config-file config))))
          (#(waiting sent bad bytes oldest) (list waiting bad))))))

  (test-equal "where a queue daemon works, the queue is left to it"
    '((1 left-to-daemon) #f)
    (call-with-machine ""
      (lambda (config directory)
        (drain! config)
        (let ((db (string-append directory "/state/sheepdog.db")))
          (bark! config 'ok)
          (call-with-lock-elsewhere (daemon-lock db)
            (lambda ()
              (list (drained config)
                    (ask directory
                         (lambda (db) (sql-value db "SELECT 1 FROM subject"))))))))))

  (test-raises "a configuration with errors makes no machine standalone" 'bad-configuration
               "the configuration has errors"
    (call-with-machine "(prot 7777)"
      (lambda (config directory)
        (drain! config)))))
