;;; logs.scm -- lines of logs that fit a pattern, and how often they come
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors logs)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor logs
  "Bark when lines of a log, a file or the journal, fit a pattern more often than they may."
  (options
   (file string? #f "The file; its last part may have shell wildcards: \"/var/log/app/*.log\".")
   (journal list? '() "Else arguments of journalctl: \"--unit=nginx\".")
   (pattern regex? "error|fail|panic" "The regular expression that lines fit, in either case.")
   (ignore regex? #f "Lines that fit this do not count.")
   (key integer? 0 "Which group of PATTERN tells lines apart, each kind counted alone; 0: none.")
   (within duration? "10m" "Lines of the last while count.")
   (warn limit? 0 "Warn above so many lines of a kind.")
   (fail limit? "~:" "Fail above so many; usually never."))
  (fields
   (lines integer? "How many lines fit within that time.")
   (kinds list? "How many of each kind, the most frequent first.")
   (last string? "The last of them."))
  (every "1m")
  (limit "20s")
  (sample
   (let ((tag (string-append "logs " (or file (string-join (cons "journal" journal))))))
     (watching tag
       (let* ((wanted (make-regexp pattern regexp/icase))
              (unwanted (and ignore (make-regexp ignore regexp/icase)))
              (found (filter-map (lambda (line)
                                   (let ((fit (regexp-exec wanted line)))
                                     (and fit
                                          (not (and unwanted (regexp-exec unwanted line)))
                                          fit)))
                                 (news file journal)))
              (kinds (tally "lines" (map (lambda (fit) (kind fit key)) found)
                            (parse-duration within)))
              (lines (apply + (map cdr kinds))))
         (when (pair? found)
           (remember! 'last (cut (match:string (last found)))))
         (report #:tag tag
                 #:state (apply worst (map (match-lambda ((_ . count) (grade count warn fail)))
                                           (if (null? kinds) '(("" . 0)) kinds)))
                 #:summary (match kinds
                             (() "no such line")
                             (((name . count) _ ...)
                              (string-append
                               (plural lines "line")
                               (if (zero? key)
                                   ""
                                   (string-append ", " (number->string count) " of " name))
                               ": " (recall 'last ""))))
                 #:fields `((lines . ,lines)
                            (kinds . ,(map (match-lambda
                                             ((name . count)
                                              (cons (string->symbol name) count)))
                                           (if (> (length kinds) 20) (take kinds 20) kinds)))
                            (last . ,(recall 'last ""))))))))
  (receive (message)
    (if lines
        `((store (log-lines ,(message-host message) ,(message-tag message) ,lines)))
        '())))

(define (news file journal)
  "Return the lines that came since the last sample."
  (cond ((not file) (apply journal-news journal))
        ((string-any (char-set #\* #\? #\[) (basename file))
         (append-map (lambda (name) (file-news (string-append (dirname file) "/" name)))
                     (filter (lambda (name) (glob? (basename file) name))
                             (file-names (dirname file)))))
        (else (file-news file))))

(define (kind fit key)
  (cut (or (and (< 0 key (match:count fit)) (match:substring fit key)) "")))

(define (cut text)
  (substring text 0 (min 300 (string-length text))))
