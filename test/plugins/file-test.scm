;;; file-test.scm -- the monitor file: real ones of the test's own
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test)
             (ice-9 match))

(define %now 1795335303)                          ;s, of the first sample

(run-tests "file"
  (with-temporary-directory (directory)
    (define (in name) (string-append directory "/" name))
    (define (make! name text age)
      (write-tree! directory `((,name . ,text)))
      (chmod (in name) #o640)
      (utime (in name) (- %now age) (- %now age)))
    (define (verdict name . options)
      (match (sample-of "file" `((file . ,(in name)) ,@options))
        (((_ state summary _)) (list state summary))))
    (make! "a-1.gz" "12345" 7200)
    (make! "a-2.gz" "1234567" 3600)

    (test-equal "the newest of several counts"
      `((,(string-append "file " (in "*.gz")) ok "2 files, 7 B, 1 h old"
         ((count . 2) (file . ,(in "a-2.gz")) (age . 1.0) (size . 7))))
      (sample-of "file" `((file . ,(in "*.gz")))))
    (test-equal "one, none, too few, too many"
      '((ok "1 file, 5 B, 2 h old") (fail "0 files") (fail "2 files, 7 B, 1 h old")
        (fail "2 files, 7 B, 1 h old") (fail "0 files"))
      (list (verdict "a-1.gz") (verdict "none") (verdict "*.gz" '(count . "3:"))
            (verdict "*.gz" '(count . "0:1")) (verdict "no/where/*")))
    (test-equal "old, older" '((warn "1 file, 5 B, 2 h old") (fail "1 file, 5 B, 2 h old"))
      (list (verdict "a-1.gz" '(warn . "1h") '(fail . "1d"))
            (verdict "a-1.gz" '(warn . "1h") '(fail . "90m"))))
    (test-equal "small, large, its mode and owner"
      `((fail "1 file, 5 B, 2 h old; smaller than it should be; its mode is 640")
        (fail "1 file, 5 B, 2 h old; larger than it should be; it belongs to "))
      (list (verdict "a-1.gz" '(smallest . "1kB") '(mode . "600"))
            (match (verdict "a-1.gz" '(largest . "4B") '(owner . "nobody-of-us"))
              ((state summary)
               (list state (substring summary 0 (+ 14 (string-contains summary "it belongs"))))))))
    (test-equal "its checksum" '(ok fail)
      (map (lambda (sum) (car (verdict "a-1.gz" `(sha256 . ,sum))))
           '("5994471ABB01112AFCC18159F6CC74B4F511B99806DA59B3CAF5A9C173CACFC5" "moo")))
    (test-equal "the same as at first, until it is not" '((ok) (ok) (fail) (ok))
      (states-of "file" `((file . ,(in "a-1.gz")) (sha256 . "same"))
                 (const #t)
                 (const #t)
                 (lambda () (make! "a-1.gz" "54321" 100))
                 (lambda () (make! "a-1.gz" "12345" 50))))
    (test-equal "a directory that cannot be" '((#f unknown "no (file ...) is said" ()))
      (sample-of "file")))

  (test-equal "how many is a fact" '((store ("files" "tux01" "file /b/*" 2)))
    (received "file" "file /b/*" '((count . 2)))))
