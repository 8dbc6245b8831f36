;;; subject-test.scm -- what was meant by the name of a subject that is none
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog command subject)
             (sheepdog core)
             (sheepdog history)
             (sheepdog pattern)
             (sheepdog sql)
             (sheepdog store)
             (sheepdog test))

(define (subject host tag)
  (standing 1 host tag "error" 'fail 'fail 0 0 1 0 1 #f #f "" #f #f))

(define herd (list (subject "tux01" "dump") (subject "vm" "TMO")))

(define (meant text)
  (nearest-pattern (pattern text #:bare? #t) herd))

(define (call-with-herd proc)
  (with-temporary-directory (directory)
    (let ((db (open-store (string-append directory "/test.db") 'create)))
      (sql db "INSERT INTO subject (id, host, tag, monitor, heard, state, hard, since, worst,
 failures, at, received, sender, seq, event, summary, version)
 VALUES (1, 'vm', 'TMO', 'error', 1, 'fail', 'fail', 1, '', 1, 1, 1, 1, 1, 1, '', 0)")
      (let ((result (proc db)))
        (%db-close! db)
        result))))

(run-tests "subject"
  (test-equal "a bare word may be a tag in place of a host"
    '("vm/TMO" "vm/TMO")
    (map meant '("TMO" "tmo/*")))
  (test-equal "else it is the nearest host or subject"
    '("tux01/*" "tux01/dump" #f)
    (map meant '("tux1" "tux01/dum" "zebra")))
  (test-equal "a subject is found by its tag, in capitals or not"
    '("vm/TMO" "vm/TMO" #f)
    (call-with-herd
     (lambda (db)
       (map (lambda (text) (nearest-subject db text)) '("tmo" "vm/TM" "zebra"))))))
