;;; disk-test.scm -- the monitor disk: from the words of df to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog message)
             (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog receiver)
             (sheepdog test))

(define monitor (load-monitor "disk"))

(define (percent-used text)
  "What the plugin's own procedure makes of TEXT."
  ((module-ref (resolve-module '(monitors disk)) 'percent-used) text))

(define (df . line)
  (string-append "Filesystem     1024-blocks      Used Available Capacity Mounted on\n"
                 (string-concatenate line) "\n"))

(define (report->list report)
  (list (report-tag report) (report-state report) (report-summary report)
        (report-fields report)))

(define* (sampled text #:optional (options '()))
  "Return the report of a sample while df says TEXT."
  (let* ((module (resolve-module '(monitors disk)))
         (command-text (module-ref module 'command-text)))
    (module-define! module 'command-text (lambda arguments text))
    (let ((reports (call-sample monitor options)))
      (module-define! module 'command-text command-text)
      (map report->list reports))))

(run-tests "disk"
  (test-group "df"
    (test-equal "used of what users may have, rounded up" 36
      (percent-used (df "/dev/sda1 100000 35001 64999 36% /")))
    (test-equal "blocks kept for root are not counted" 100
      (percent-used (df "/dev/sda1 100000 95000 0 100% /")))
    (test-equal "a device with blanks in its name" 50
      (percent-used (df "//nas/my share 100 50 50 50% /mnt")))
    (test-equal "a directory with blanks, and a percent sign, in its name" 10
      (percent-used (df "/dev/sdb1 1000 100 900 10% /mnt/my 5% disk")))
    (test-equal "a file system without blocks" 0
      (percent-used (df "proc 0 0 0 - /proc")))
    (test-raises "other words" 'cannot-watch "not understood from df: moo"
                 (percent-used "moo")))

  (test-group "sample"
    (test-equal "as full as it may be"
      '(("disk /" ok "/ 50 % full" ((mount . "/") (used . 50))))
      (sampled (df "/dev/sda1 100 50 50 50% /")))
    (test-equal "fuller than 85 %"
      '(("disk /" warn "/ 91 % full" ((mount . "/") (used . 91))))
      (sampled (df "/dev/sda1 100 91 9 91% /")))
    (test-equal "fuller than the configuration says, elsewhere"
      '(("disk /export" fail "/export 91 % full" ((mount . "/export") (used . 91))))
      (sampled (df "/dev/sda1 100 91 9 91% /export") '((mount . "/export") (fail . 90))))
    (test-equal "the real one is a number" #t
      (let ((fields (list-ref (report->list (car (call-sample monitor '()))) 3)))
        (and (real? (assq-ref fields 'used)) (<= 0 (assq-ref fields 'used) 100)))))

  (test-group "receive"
    (define (received fields)
      (receive-message (alist->message `((monitor . "disk") (host . "tux01")
                                         (tag . "disk /export") (fields . ,fields))
                                       1 1795335303000 #f)
                       #f))
    (test-equal "its use is a fact" '((store ("disk-use" "tux01" "/export" 91)))
      (received '((mount . "/export") (used . 91))))
    (test-equal "without a use there is none" '() (received '()))
    (test-raises "a use that is none" 'bad-message
                 "'used' of monitor 'disk' wants percent, got \"91 %\""
                 (received '((mount . "/export") (used . "91 %"))))))
