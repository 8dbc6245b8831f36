;;; certificate.scm -- how long certificates are good for, in files and at hosts
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors certificate)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor certificate
  "Bark when a certificate is about to expire, or nobody would trust it."
  (options
   (file string? #f "A file that begins with the certificate, PEM.")
   (host string? #f "Instead: a host that shows one when it is connected to.")
   (port integer? 443 "Its port.")
   (starttls string? #f "How TLS begins there: smtp, imap, pop3, ldap, ...; else at once.")
   (warn limit? 14 "Warn below so many days.")
   (fail limit? 3 "Fail below so many.")
   (trust boolean? #t "Is it to be one of HOST that this machine trusts?"))
  (fields
   (days number? "Days until it expires.")
   (subject string? "Whose it is.")
   (expires string? "When it expires."))
  (every "6h")
  (limit "30s")
  (sample
   (let ((tag (string-append "certificate " (or file host "")
                             (if (or file (= port 443))
                                 ""
                                 (string-append ":" (number->string port))))))
     (watching tag
       (let* ((shown (if file (file-text file) (shown-by host port starttls)))
              (text (openssl shown "x509" "-noout" "-subject" "-enddate" "-dateopt" "iso_8601"))
              (expires (part "notAfter=([^\n]+)" text))
              (days (days-until expires))
              (distrust (and trust (not file) (distrust shown))))
         (report #:tag tag
                 #:state (worst (grade days warn fail) (if distrust 'fail 'ok))
                 #:summary (string-append (if (negative? days) "expired since " "good for ")
                                          (plural (abs (inexact->exact (truncate days))) "day")
                                          (if distrust (string-append "; " distrust) ""))
                 #:fields `((days . ,days) (expires . ,expires)
                            (subject . ,(part "subject=([^\n]*)" text))))))))
  (receive (message)
    (if expires
        `((store (certificate ,(message-host message) ,(message-tag message) ,expires)))
        '())))

(define (shown-by host port starttls)
  "Return what openssl has to say of a connection to PORT of HOST, the certificate in it."
  (unless host (cannot-watch "neither (file ...) nor (host ...) is said"))
  (apply openssl "" "s_client" "-connect"
         (string-append (if (string-index host #\:) (string-append "[" host "]") host)
                        ":" (number->string port))
         "-servername" host "-verify_hostname" host
         (if starttls (list "-starttls" starttls) '())))

(define (openssl input . arguments)
  (let* ((outcome (command-outcome (cons "openssl" arguments) #:input input))
         (text (assq-ref outcome 'stdout)))
    (if (or (eqv? 0 (assq-ref outcome 'status))
            (string-contains text "BEGIN CERTIFICATE"))
        text
        (cannot-watch "openssl: " (first-line (assq-ref outcome 'stderr))))))

(define (distrust shown)
  "Return why a machine does not trust what was SHOWN, or #f."
  (let ((why (part "Verify return code: [1-9][0-9]* \\(([^)]+)" shown)))
    (and why (string-append "not trusted: " why))))

(define (days-until expires)
  "Return the days until EXPIRES, as \"2026-12-12 18:42:01Z\"."
  (let ((end (and expires (parse-instant expires))))
    (if end
        (round-to 0.1 (/ (- end (sample-time)) 86400000))
        (cannot-watch "not understood from openssl: notAfter=" (or expires "")))))

(define (part pattern text)
  (let ((found (string-match pattern text)))
    (and found (match:substring found 1))))
