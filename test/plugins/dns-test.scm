;;; dns-test.scm -- the monitor dns: from the words of getent and dig to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test)
             (ice-9 match))

(define (timeless reports)
  "Return REPORTS without how long it took."
  (map (match-lambda
         ((tag state summary fields)
          (list tag state summary
                (filter (match-lambda ((name . _) (not (eq? name 'seconds)))) fields))))
       reports))

(run-tests "dns"
  (define (sampled programs . options)
    (with-programs programs
      (timeless (sample-of "dns" `((name . "www.example.org") ,@options)))))
  (define hosts "192.0.2.7      STREAM www.example.org\n192.0.2.7      DGRAM\n2001:db8::7     STREAM\n")

  (test-equal "its addresses, each once"
    '(("dns www.example.org" ok "www.example.org is 192.0.2.7 and 2001:db8::7"
       ((name . "www.example.org") (answers . #("192.0.2.7" "2001:db8::7")))))
    (sampled `(("getent" . ,hosts))))
  (test-equal "another than expected"
    '(("dns www.example.org" fail
       "www.example.org is 192.0.2.7 and 2001:db8::7, not 192.0.2.8"
       ((name . "www.example.org") (answers . #("192.0.2.7" "2001:db8::7")))))
    (sampled `(("getent" . ,hosts)) '(expect "192.0.2.7" "192.0.2.8")))
  (test-equal "none"
    '(("dns www.example.org" fail "www.example.org is not found"
       ((name . "www.example.org") (answers . #()))))
    (sampled '(("getent" . (2 "" "")))))
  (test-equal "mail servers, as a server says, whatever it says besides"
    '(("dns www.example.org" ok "www.example.org is 10 mx.example.org"
       ((name . "www.example.org") (answers . #("10 mx.example.org")))))
    (sampled '(("dig" . ";; Truncated, retrying in TCP mode.\n10 mx.example.org.\n"))
             '(type . "MX") '(server . "192.0.2.53") '(expect "10 MX.example.org")))
  (test-equal "a server that does not answer"
    '(("dns www.example.org" unknown
       "dig: communications error to 192.0.2.53#53: timed out" ()))
    (sampled '(("dig" . (9 ";; communications error to 192.0.2.53#53: timed out\n" "")))
             '(server . "192.0.2.53")))
  (test-equal "without dig, without a name"
    '((("dns www.example.org" unknown "dig is not installed" ()))
      ((#f unknown "no (name ...) is said" ())))
    (list (sampled '() '(type . "MX"))
          (sample-of "dns")))
  (test-equal "the machine's own name is found" '(ok)
    (map cadr (sample-of "dns" '((name . "localhost") (warn . 60) (fail . 60)))))

  (test-equal "where it leads is a fact"
    '((store ("dns" "tux01" "www.example.org" "192.0.2.7 192.0.2.8")))
    (received "dns" "dns www.example.org"
              '((name . "www.example.org") (answers . #("192.0.2.7" "192.0.2.8"))))))
