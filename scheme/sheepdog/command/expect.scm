;;; expect.scm -- `sheepdog expect': a success of a subject every so often
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command expect)
  #:use-module (sheepdog awaited)
  #:use-module (sheepdog command configured)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog error)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog expectation)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view expect)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (run
            %syntax))

(define (checked-cron text)
  (match (parse-cron text)
    ((? string? problem) (raise-error 'usage problem "such as '0 5 * * *'"))
    (_ text)))

(define (duration-option name sentence)
  (option name sentence #:argument "DURATION" #:convert parse-duration
          #:wants "a duration such as 30m, 36h, 2d"))

(define %syntax
  (action-syntax
   "expect" "[PATTERN...]"
   "Expect a success of each subject that fits every so often; one that does not come is LATE."
   (list (duration-option "every" "So often.")
         (option "cron" "At these times, five fields as in a crontab." #:argument "SPEC"
                 #:convert checked-cron)
         (duration-option "grace" "So much later is not late; else as --every, 1h at most.")
         (duration-option "finish-within" "A run that lasts longer is late.")
         (option "off" "Expect it no longer; take a subject from under all patterns.")
         (option "list" "Show what is expected, by the configuration too.")
         (option "wide" "Cut nothing to 80 columns."))
   #:most #f
   #:notes '("A plain name is expected from now on, heard of or not; a pattern is for all that were ever heard of."
             "Example: sheepdog expect tux01/dump --cron '0 5 * * *' --grace 2h")))

(define (usage text hint)
  (raise-error 'usage text hint))

(define (checked-pattern text)
  "Return the pattern TEXT; raise `usage' when it is none."
  (or (pattern text)
      (usage (format #f "'~a' is no HOST/TAG" (printable text))
             (format #f "everything on ~a is '~a/*'" (printable text) (printable text)))))

(define (call-with-changes place thunk)
  "Call THUNK, let the clock find out what that changes, then say the remarks, strings, that it returned;
return the exit status."
  (let ((remarks (call-with-place-database place (if (has-database? place) 'read-write 'create)
                   (lambda (db)
                     (with-transaction db
                       (let ((remarks (thunk db)))
                         (renew-members! db (rules->index (asked-rules db)) (%now))
                         remarks))))))
    (when (place-ref place 'standalone)
      (hand-over! place))
    (for-each remark remarks)
    0))


;;; On and off.

(define (plain-names pattern)
  "Return (HOST . TAG) of PATTERN when it is a plain name, else #f."
  (match (pattern-names pattern)
    ((and names ((? string?) . (? string?))) names)
    (_ #f)))

(define (expect-one! db pattern every cron options)
  "Demand a success of what PATTERN fits EVERY ms, or as CRON says; return what to say of that."
  (match (plain-names pattern)
    (#f (warn-of-nothing db pattern))
    ((host . tag) (unexempt! db host tag)))
  (ask! db (pattern-text pattern) (who-asks) (%now) #:every every #:cron cron
        #:grace (option-ref options 'grace)
        #:finish-within (option-ref options 'finish-within))
  (string-append (printable (pattern-text pattern)) " is expected "
                 (if every
                     (string-append "every " (period->text every))
                     (string-append "at '" cron "'"))))

(define (expect! place texts options)
  (let ((every (option-ref options 'every)) (cron (option-ref options 'cron)))
    (unless (and (or every cron) (not (and every cron)))
      (usage "'expect' wants how often: --every=DURATION or --cron=SPEC"
             "such as: sheepdog expect tux01/dump --every 1d"))
    (when (and every (zero? every))
      (usage "'--every' of 'expect' wants a duration over 0" "such as 30m"))
    (let ((patterns (map checked-pattern texts)))
      (call-with-changes place
        (lambda (db)
          (map (lambda (pattern) (expect-one! db pattern every cron options)) patterns))))))

(define (expect-no-more! db place pattern)
  "Expect nothing more of PATTERN: drop what was asked for it; a plain name is exempt from patterns.
Return what to say of that."
  (let* ((text (pattern-text pattern))
         (dropped? (unask! db text)))
    (match (plain-names pattern)
      ((host . tag)
       (let ((rule (plain-rule (configured-rules place) host tag)))
         (when rule
           (raise-configured (format #f "the configuration expects ~a" (printable text))
                             (demand-place (rule-demand rule))))
         (exempt! db host tag (who-asks) (%now))
         (string-append (printable text) " is exempt from all patterns; 'sheepdog expect "
                        (shell-word (printable text)) " --every D' ends that")))
      (_ (unless dropped?
           (usage (format #f "nobody asked for '~a' by command" (printable text))
                  "'sheepdog expect --list' shows what is expected, and who says so"))
         (string-append "nothing is demanded of " (printable text) " by command any more")))))

(define (off! place texts)
  (let ((patterns (map checked-pattern texts)))
    (call-with-changes place
      (lambda (db)
        (map (lambda (pattern) (expect-no-more! db place pattern)) patterns)))))


;;; The list.

(define (objects db place)
  (append (map rule-object (index-rules (configured-rules place)))
          (if db
              (append (map (match-lambda
                             ((rule who at) (rule-object rule #:who who #:at at)))
                           (asked db))
                      (map (lambda (row) (apply exemption-object row)) (exemptions db)))
              '())))

(define (print-list db place options common)
  (let ((objects (objects db place)) (now (%now)))
    (case (assq-ref common 'format)
      ((json) (print-json (document 'expect now `(expectations . ,(list->vector objects)))))
      ((sexp) (print-sexp 'sheepdog-expect
                          (document 'expect now `(expectations . ,(list->vector objects)))))
      ((org) (print-lines (expect-org objects)))
      (else (print-lines (expect-lines objects now #:wide? (option-ref options 'wide)))))
    0))

(define (check-server place)
  "Return PLACE, of a machine that has its database, or may have one; raise `usage' elsewhere."
  (unless (or (has-database? place) (place-ref place 'standalone))
    (call-with-database "expect" `((config . ,(place-ref place 'file))) (const #f)))
  place)

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (define (there)
       (check-server (require-good (place common))))
     (match (list (option-ref options 'list) (option-ref options 'off) words)
       ((#f #f ())
        (usage "'expect' wants a PATTERN" "--list shows what is expected"))
       ((#f #t ())
        (usage "'--off' of 'expect' wants a PATTERN" "--list shows what is expected"))
       ((#f #f texts) (expect! (there) texts options))
       ((#f #t texts) (off! (there) texts))
       ((#t #f ())
        (call-with-database "expect" common
                            (lambda (db place) (print-list db place options common))
                            #:otherwise (lambda (place) (print-list #f place options common))))
       (_ (usage "'--list' of 'expect' stands alone" "it shows all that is expected"))))))
