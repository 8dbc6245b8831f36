;;; trouble-test.scm -- what the server says of itself is said once
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog config)
             (sheepdog core)
             (sheepdog policy)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test)
             (sheepdog trouble)
             (ice-9 match)
             (rnrs bytevectors))

(define now 1795335303000)

(define (said proc)
  "Return (TAG STATE SUMMARY) of each message that the server makes while (PROC DB POLICY) runs."
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/sheepdog.db") 'create)))
      (proc db (policy (read-config "/dev/null")))
      (let ((messages (map (match-lambda
                             (#(body)
                              (let ((message (car (%json-read body))))
                                (list (assq-ref message 'tag)
                                      (string->symbol (assq-ref message 'state))
                                      (assq-ref message 'summary)))))
                           (sql db "SELECT body FROM message ORDER BY id"))))
        (%db-close! db)
        messages))))

(run-tests "trouble"
  (test-equal "nothing is said of what was always well"
    '()
    (said (lambda (db policy)
            (note-configuration! db policy #t now)
            (note-plugins! db policy '(("disk" . #f)) now)
            (with-transaction db
              (note-receivers! db policy '(("disk" 1 #f)) now)))))

  (test-equal "a bad configuration is said once, and that it is good again"
    '(("sheepdog config" warn "the new configuration has errors: the old one stays")
      ("sheepdog config" ok "the configuration is good"))
    (said (lambda (db policy)
            (for-each (lambda (good?) (note-configuration! db policy good? now))
                      '(#t #f #f #t #t)))))

  (test-equal "so is a broken plugin"
    '(("sheepdog monitor disk" warn "disk.scm:1:1: error: x; the old one stays")
      ("sheepdog monitor disk" ok "it is loaded again"))
    (said (lambda (db policy)
            (for-each (lambda (reason)
                        (note-plugins! db policy `(("disk" . ,reason) ("load" . #f)) now))
                      '(#f "disk.scm:1:1: error: x" "disk.scm:1:1: error: x" #f)))))

  (test-equal "another receiver's success is not that of the failing one"
    '(warn)
    (map cadr
         (said (lambda (db policy)
                 (with-transaction db
                   (for-each (lambda (outcomes) (note-receivers! db policy outcomes now))
                             '((("raid" 2 "oops"))
                               (("disk" 6 #f)))))))))

  (test-equal "a failing receiver is said once, and that it works again"
    '(("sheepdog monitor raid" warn "its receiver failed on message 2: oops")
      ("sheepdog monitor raid" ok "its receiver works again"))
    (said (lambda (db policy)
            (with-transaction db
              (for-each (lambda (outcomes) (note-receivers! db policy outcomes now))
                        '((("raid" 2 "oops") ("raid" 3 "oops") ("disk" 4 #f))
                          (("raid" 5 "oops"))
                          (("disk" 6 #f))
                          (("raid" 7 #f))
                          (("raid" 8 #f)))))))))
