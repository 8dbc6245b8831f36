;;; web.scm -- whether a web page is there, says what it should, soon enough
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors web)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor web
  "Bark when a web page is missing, slow or says something else, or its certificate expires soon; by
curl."
  (options
   (url string? #f "The page, as \"https://example.org/health\".")
   (status limit? "200:399" "The statuses that are good.")
   (word regex? #f "A regular expression that the page is to hold.")
   (no-word regex? #f "One that it must not hold.")
   (follow boolean? #f "Is a page that leads elsewhere to be followed?")
   (trust boolean? #t "Is its certificate to be one that this machine trusts?")
   (warn limit? 2 "Warn above so many seconds.")
   (fail limit? 10 "Fail above so many.")
   (days-warn limit? 14 "Warn below so many days of its certificate.")
   (days-fail limit? 3 "Fail below so many."))
  (fields
   (url string? "The page.")
   (status integer? "The server's status.")
   (seconds number? "How long it took.")
   (days number? "Days until its certificate expires."))
  (every "1m")
  (limit "30s")
  (sample
   (unless url (cannot-watch "no (url ...) is said"))
   (let ((tag (string-append "web " url)))
     (watching tag
       (let* ((outcome (command-outcome (question url follow trust (or word no-word))
                                        #:most 4000000))
              (told (assq-ref outcome 'stderr))
              (code (number-in "status=([0-9]+)" told))
              (seconds (round-to 0.001 (number-in "seconds=([0-9.]+)" told)))
              (days (days-left told))
              (trouble (trouble outcome code status word no-word)))
         (report #:tag tag
                 #:state (if trouble
                             'fail
                             (worst (grade seconds warn fail)
                                    (grade (or days 1000) days-warn days-fail)))
                 #:summary (string-append
                            (or trouble (string-append "status " (number->string code)))
                            ", " (number->string seconds) " s"
                            (if (and days (< days 60))
                                (string-append ", certificate good for "
                                               (number->string days) " days")
                                ""))
                 #:fields `((url . ,url) (status . ,code) (seconds . ,seconds)
                            ,@(if days `((days . ,days)) '())))))))
  (receive (message)
    (if (and url status)
        `((store (web ,(message-host message) ,url ,status)))
        '())))

(define (question url follow? trust? body?)
  `("curl" "--silent" "--show-error" "--globoff" "--proto" "=http,https"
    ,@(if follow? '("--location") '())
    ,@(if trust? '() '("--insecure"))
    ,@(if body? '() '("--output" "/dev/null"))
    "--write-out" "%{stderr}\nstatus=%{http_code}\nseconds=%{time_total}\n%{certs}"
    "--" ,url))

(define (trouble outcome code wanted word no-word)
  "Return what is wrong with the page that curl got with OUTCOME and CODE, or #f."
  (let ((page (assq-ref outcome 'stdout)))
    (cond ((not (eqv? 0 (assq-ref outcome 'status)))
           (first-line (assq-ref outcome 'stderr)))
          ((not (eq? 'ok (grade code #f wanted)))
           (string-append "status " (number->string code)))
          ((and word (not (string-match word page)))
           (string-append "without " (object->string word)))
          ((and no-word (string-match no-word page))
           (string-append "with " (object->string no-word)))
          (else #f))))

(define (number-in pattern text)
  (let ((found (string-match pattern text)))
    (if found
        (string->number (match:substring found 1))
        (cannot-watch "not understood from curl: " (first-line text)))))

(define (days-left told)
  "Return the days of the first certificate, the server's own, in what curl TOLD (since 7.88);
or #f."
  (let* ((found (string-match "Expire date:([^\n]+)" told))
         (end (and found (parse-instant (match:substring found 1)))))
    (and end (round-to 0.1 (/ (- end (sample-time)) 86400000)))))
