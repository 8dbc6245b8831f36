;;; dns.scm -- whether a name is found, and leads where it should
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors dns)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor dns
  "Bark when a name is not found, is found slowly, or leads elsewhere."
  (options
   (name string? #f "The name, as \"www.example.org\".")
   (server string? #f "Whom to ask; else as this machine does, /etc/hosts and all.")
   (type string? #f "The records wanted, as \"MX\"; else addresses.")
   (expect list? '() "What is to be among the answers.")
   (warn limit? 1 "Warn above so many seconds.")
   (fail limit? 5 "Fail above so many."))
  (fields
   (name string? "The name.")
   (answers vector? "What it leads to.")
   (seconds number? "How long that took."))
  (every "5m")
  (limit "15s")
  (sample
   (unless name (cannot-watch "no (name ...) is said"))
   (let ((tag (string-append "dns " name)))
     (watching tag
       (let* ((outcome (command-outcome (question name server type)))
              (seconds (/ (assq-ref outcome 'elapsed) 1000.0))
              (answers (if (or server type) (dig-answers outcome) (getent-answers outcome)))
              (missing (lset-difference string-ci=? expect answers)))
         (report #:tag tag
                 #:state (if (or (null? answers) (pair? missing))
                             'fail
                             (grade seconds warn fail))
                 #:summary (string-append
                            name
                            (if (null? answers)
                                " is not found"
                                (string-append " is " (enumeration answers "and")))
                            (if (null? missing)
                                ""
                                (string-append ", not " (enumeration missing))))
                 #:fields `((name . ,name) (answers . ,(list->vector answers))
                            (seconds . ,seconds)))))))
  (receive (message)
    (if (and name answers)
        `((store (dns ,(message-host message) ,name
                      ,(string-join (vector->list answers) " "))))
        '())))

(define (question name server type)
  (if (or server type)
      `("dig" "+short" "+tries=2" "+time=3" "-t" ,(or type "A") "-q" ,name
        ,@(if server (list (string-append "@" server)) '()))
      `("getent" "ahosts" ,name)))

(define (dig-answers outcome)
  "Return the answers in OUTCOME of `dig +short', sorted; status 9: nobody answered (dig(1))."
  (let ((lines (lines-of outcome)))
    (if (eqv? 0 (assq-ref outcome 'status))
        (map (lambda (line) (string-trim-right line #\.))
             (remove (lambda (line) (string-prefix? ";" line)) lines))
        (cannot-watch "dig: " (if (null? lines)
                                  (assq-ref outcome 'stderr)
                                  (string-trim (last lines) (char-set #\; #\space)))))))

(define (getent-answers outcome)
  "Return the addresses in OUTCOME of `getent ahosts', a line a kind of socket; status 2: none."
  (delete-duplicates (map (lambda (line) (car (string-tokenize line)))
                          (lines-of outcome))))

(define (lines-of outcome)
  (sort (remove (lambda (line) (string-every char-whitespace? line))
                (string-split (assq-ref outcome 'stdout) #\newline))
        string<?))
