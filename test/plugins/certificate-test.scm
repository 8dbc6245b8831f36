;;; certificate-test.scm -- the monitor certificate: real ones in files, openssl's words of hosts
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             ((sheepdog plugin) #:select (command-text))
             (sheepdog test)
             (ice-9 match))

(run-tests "certificate"
  (with-temporary-directory (directory)
    (define file (string-append directory "/cert.pem"))
    (define (openssl shown expires)
      `(("openssl" . (run ,(string-append "case \"$1\" in s_client) echo '" shown "' ;; "
                                          "x509) /bin/cat > /dev/null; echo 'subject=CN = www'; echo 'notAfter="
                                          expires "' ;; esac")))))
    (command-text "openssl" "req" "-x509" "-newkey" "rsa:2048" "-nodes" "-days" "20" "-subj" "/CN=sheep"
             "-keyout" (string-append directory "/key.pem") "-out" file)

    ;; The sample is of 2026-11-22 08:15:03 UTC.
    (test-equal "a file: a real certificate, made for this test"
      `((,(string-append "certificate " file) "subject" "CN = sheep"))
      (match (sample-of "certificate" `((file . ,file)))
        (((tag state summary (_ ('expires . expires) ('subject . subject))))
         (list (list tag "subject" subject)))))
    (test-equal "good, soon over, over"
      '((ok "good for 69 days") (warn "good for 9 days") (fail "expired since 1 day"))
      (map (lambda (expires)
             (with-programs (openssl "" expires)
               (match (sample-of "certificate" `((file . ,file)))
                 (((_ state summary _)) (list state summary)))))
           '("2027-01-30 08:15:04Z" "2026-12-02 01:00:00Z" "2026-11-21 01:00:00Z")))
    (test-equal "a host that shows one, and one that nobody trusts"
      '((("certificate mail:25" ok "good for 69 days"
          ((days . 69.0) (expires . "2027-01-30 08:15:04Z") (subject . "CN = www"))))
        (("certificate www" fail "good for 69 days; not trusted: self-signed certificate"
          ((days . 69.0) (expires . "2027-01-30 08:15:04Z") (subject . "CN = www")))))
      (list (with-programs (openssl "Verify return code: 0 (ok)" "2027-01-30 08:15:04Z")
              (sample-of "certificate" '((host . "mail") (port . 25) (starttls . "smtp"))))
            (with-programs (openssl "Verify return code: 18 (self-signed certificate)"
                                    "2027-01-30 08:15:04Z")
              (sample-of "certificate" '((host . "www"))))))
    (test-equal "a host that does not answer, a file that holds none, nothing said"
      '((("certificate www" unknown "openssl: connect:errno=111" ()))
        (unknown)
        (("certificate " unknown "neither (file ...) nor (host ...) is said" ())))
      (list (with-programs '(("openssl" . (1 "" "connect:errno=111\n")))
              (sample-of "certificate" '((host . "www"))))
            (map cadr (sample-of "certificate"
                                 `((file . ,(string-append directory "/key.pem")))))
            (sample-of "certificate"))))

  (test-equal "its end is a fact"
    '((store ("certificate" "tux01" "certificate www" "2027-01-30 08:15:04Z")))
    (received "certificate" "certificate www" '((expires . "2027-01-30 08:15:04Z")))))
