;;; logins.scm -- who tries to log in and fails, by address: the raw material of a firewall
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors logins)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor logins
  "Bark when log-ins from an address fail often."
  (options
   (file string? #f "The log; usually /var/log/auth.log, /var/log/secure, or the journal.")
   (within duration? "1h" "Failures of the last while count.")
   (warn limit? 20 "Warn above so many of one address.")
   (fail limit? "~:" "Fail above so many; usually never."))
  (fields
   (attempts integer? "How many failed within that time.")
   (addresses list? "How many from each address, the most first."))
  (every "1m")
  (limit "20s")
  (sample
   (let* ((found (tally "logins" (filter-map failure-address (news file))
                        (parse-duration within)))
          (found (if (> (length found) 200) (take found 200) found))
          (attempts (apply + (map cdr found))))
     (report #:state (apply worst (map (match-lambda
                                         ((address . count) (grade count warn fail)))
                                       found))
             #:summary (string-append
                        (plural attempts "log-in") " failed"
                        (match found
                          (() "")
                          (((address . count) _ ...)
                           (string-append ", " (number->string count) " from " address))))
             #:fields `((attempts . ,attempts)
                        (addresses . ,(map (match-lambda
                                             ((address . count)
                                              (cons (string->symbol address) count)))
                                           found)))
             #:facts (map (match-lambda
                            ((address . count) (list "failed-logins" address count)))
                          found)
             #:replaces '("failed-logins")))))

(define (news file)
  (match (or file (existing-file "/var/log/auth.log" "/var/log/secure"))
    (#f (journal-news "SYSLOG_FACILITY=10" "SYSLOG_FACILITY=4"))
    (file (file-news file))))

(define %address "([0-9a-fA-F:.]+)")

;; A name that somebody tries may read as an address and a port, too: only what stands at the end of
;; the line was written by sshd.
(define %sshd
  (make-regexp (string-append "(Failed [^ ]+ for .* from|Connection (closed|reset) by "
                              "(authenticating|invalid) user .*) " %address
                              " port [0-9]+( ssh2| \\[preauth\\])?(: [^ ]+ [^ ]+)?$")))

(define %pam
  (make-regexp (string-append "authentication failure;.* rhost=" %address
                              "( +user=[^ ]*)?$")))

(define (failure-address line)
  "Return the address from which a log-in failed, as LINE of sshd or PAM says, or #f."
  (match (regexp-exec %sshd line)
    (#f (match (and (not (string-contains line "sshd")) (regexp-exec %pam line))
          (#f #f)                                 ;sshd tells itself of what PAM does for it
          (found (match:substring found 1))))
    (found (match:substring found 4))))
