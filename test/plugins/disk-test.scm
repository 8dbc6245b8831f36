;;; disk-test.scm -- the monitor disk: from the words of df and /proc/mounts to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(define (df . numbers)
  (string-append "    Used    Avail  IUsed   IFree Mounted on\n" (string-join numbers " ") "\n"))

(define hour 3600000)

(run-tests "disk"
  (with-temporary-directory (proc)
    (define (mounts . lines)
      (write-tree! proc `(("self/mounts" . ,(string-join lines "\n")))))
    (define* (sampled text #:optional (mount "/") (options '()))
      (with-programs `(("df" . ,text))
        (sample-of "disk" `((mount . ,mount) (proc . ,proc) ,@options))))

    (mounts "/dev/sda1 / ext4 rw,relatime 0 0" "/dev/sdb1 /my\\040disk ext4 rw 0 0")
    (test-group "df"
      (test-equal "used of what users may have, rounded up; blocks kept for root are not counted"
        '(("disk /" ok "/ 36 % full" ((mount . "/") (used . 36) (inodes . 1))))
        (sampled (df "35001" "64999" "10" "9990" "/")))
      (test-equal "fuller than 85 %"
        '(("disk /" warn "/ 91 % full" ((mount . "/") (used . 91) (inodes . 0))))
        (sampled (df "91" "9" "-" "-" "/")))
      (test-equal "fuller than the configuration says, elsewhere, with a blank in its name"
        '(("disk /my disk" fail "/my disk 91 % full" ((mount . "/my disk") (used . 91) (inodes . 0))))
        (sampled (df "91" "9" "0" "0" "/my disk") "/my disk" '((fail . 90))))
      (test-equal "no inodes left"
        '(("disk /" fail "/ 10 % full, of inodes 100 %" ((mount . "/") (used . 10) (inodes . 100))))
        (sampled (df "10" "90" "50" "0" "/")))
      (test-equal "a file system without blocks"
        '(("disk /proc" ok "/proc 0 % full" ((mount . "/proc") (used . 0) (inodes . 0))))
        (sampled (df "0" "0" "0" "0" "/proc") "/proc"))
      (test-equal "other words" '(("disk /" unknown "not understood from df: moo" ()))
        (sampled "moo"))
      (test-equal "a disk that has gone"
        '(("disk /x" unknown "df: exit status 1: df: /x: No such file or directory" ()))
        (sampled '(1 "" "df: /x: No such file or directory\n") "/x"))
      (test-equal "a mount that hangs"
        '(("disk /x" unknown "df was not done after 0.1 s" ()))
        (with-programs '(("df" . (run "exec /bin/sleep 600")))
          (sample-of "disk" '((mount . "/x")) #:limit 100))))

    (test-group "what was before"
      (test-equal "it can only be read since: that fails; one that never could be written is fine"
        '((ok) (fail) (ok))
        (append
         (with-programs `(("df" . ,(df "10" "90" "1" "9" "/")))
           (states-of "disk" `((proc . ,proc))
                      (const #t)
                      (lambda () (mounts "/dev/sda1 / ext4 ro,relatime 0 0"))))
         (with-programs `(("df" . ,(df "10" "90" "1" "9" "/")))
           (states-of "disk" `((proc . ,proc)) (const #t)))))
      (test-equal "it is not mounted any more"
        '((("disk /e" ok "/e 10 % full" ((mount . "/e") (used . 10) (inodes . 10))))
          (("disk /e" fail "/e is not mounted, 20 % full" ((mount . "/e") (used . 20) (inodes . 10)))))
        (let ((file (string-append proc "/df")))
          (with-programs `(("df" . (run ,(string-append "exec /bin/cat " file))))
            (samples-of "disk" `((mount . "/e") (proc . ,proc))
                        (lambda () (write-tree! proc `(("df" . ,(df "10" "90" "1" "9" "/e")))))
                        (lambda () (write-tree! proc `(("df" . ,(df "20" "80" "1" "9" "/")))))))))
      (test-equal "a day's history tells when it will be full"
        '(#f #f 3.0 2.0)
        (let ((file (string-append proc "/df")))
          (define (used percent)
            (write-tree! proc `(("df" . ,(df (number->string percent)
                                             (number->string (- 100 percent)) "1" "9" "/")))))
          (with-programs `(("df" . (run ,(string-append "exec /bin/cat " file))))
            (map (lambda (reports) (assq-ref (list-ref (car reports) 3) 'days))
                 (samples-of "disk" `((proc . ,proc))
                             (cons 0 (lambda () (used 20)))
                             (cons (* 12 hour) (lambda () (used 30)))
                             (cons (* 24 hour) (lambda () (used 40)))
                             (cons (* 48 hour) (lambda () (used 60)))))))))

    (test-equal "the real one is a number" #t
      (let ((used (assq-ref (list-ref (car (sample-of "disk")) 3) 'used)))
        (and (real? used) (<= 0 used 100)))))

  (test-group "receive"
    (test-equal "its use is a fact" '((store ("disk-use" "tux01" "/export" 91)))
      (received "disk" "disk /export" '((mount . "/export") (used . 91))))
    (test-equal "without a use there is none" '() (received "disk" "disk /export" '()))
    (test-raises "a use that is none" 'bad-message
                 "'used' of monitor 'disk' wants percent, got \"91 %\""
                 (received "disk" "disk /export" '((mount . "/export") (used . "91 %"))))))
