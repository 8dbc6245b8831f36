;;; logins-test.scm -- the monitor logins: from the words of sshd and PAM to facts
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog sampling)
             (sheepdog test))

(define (address line)
  ((module-ref (resolve-module '(monitors logins)) 'failure-address) line))

(define (sshd text) (string-append "Nov 22 08:15:03 tux01 sshd[4711]: " text))

(run-tests "logins"
  (load-monitor "logins")
  (test-equal "lines that tell of a failure"
    '("192.0.2.7" "192.0.2.7" "2001:db8::7" "192.0.2.9" "192.0.2.9" "192.0.2.10")
    (map address
         (list (sshd "Failed password for root from 192.0.2.7 port 4711 ssh2")
               (sshd "Failed password for invalid user a b from 192.0.2.7 port 4711 ssh2")
               (sshd "Failed publickey for ida from 2001:db8::7 port 4711 ssh2: RSA SHA256:x")
               (sshd "Connection closed by authenticating user root 192.0.2.9 port 1 [preauth]")
               (sshd "Connection reset by invalid user x 192.0.2.9 port 1 [preauth]")
               "Nov 22 08:15:03 tux01 dovecot: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=ida rhost=192.0.2.10  user=ida")))
  (test-equal "a name that reads like an address blames nobody else" "192.0.2.7"
    (address (sshd "Failed password for invalid user x from 198.51.100.1 port 22 ssh2 from 192.0.2.7 port 4711 ssh2")))
  (test-equal "others do not" '(#f #f #f #f)
    (map address
         (list (sshd "Accepted password for root from 192.0.2.7 port 4711 ssh2")
               (sshd "Failed password for root from 192.0.2.7 port 4711 ssh2 and more")
               (sshd "pam_unix(sshd:auth): authentication failure; logname= uid=0 rhost=192.0.2.7  user=root")
               "")))

  (with-temporary-directory (directory)
    (define file (string-append directory "/auth.log"))
    (define (fail! . addresses)
      (let ((port (open-file file "a")))
        (for-each (lambda (address)
                    (display (sshd (string-append "Failed password for root from " address
                                                  " port 1 ssh2\n"))
                             port))
                  addresses)
        (close-port port)))
    (fail! "192.0.2.1")
    (test-equal "they are counted by address for an hour"
      '(((#f ok "0 log-ins failed" ((attempts . 0) (addresses))))
        ((#f warn "4 log-ins failed, 3 from 192.0.2.2"
             ((attempts . 4) (addresses (#{192.0.2.2}# . 3) (#{192.0.2.3}# . 1)))))
        ((#f ok "0 log-ins failed" ((attempts . 0) (addresses)))))
      (samples-of "logins" `((file . ,file) (warn . 2))
                  0
                  (lambda () (fail! "192.0.2.2" "192.0.2.3" "192.0.2.2" "192.0.2.2"))
                  (* 62 60000)))
    (test-equal "and are facts, those of then and no others"
      '((("failed-logins" "192.0.2.2" 1)) ("failed-logins"))
      (let ((monitor (load-monitor "logins")) (options `((file . ,file))))
        (call-with-values (lambda () (call-sample monitor options #:now 1795335303000))
          (lambda (reports memory)
            (fail! "192.0.2.2")
            (let ((report (car (call-sample monitor options #:memory memory
                                            #:now 1795335363000))))
              (list (report-facts report) (report-replaces report)))))))))
