;;; diary.scm -- `sheepdog diary': be reminded of something at a date
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command diary)
  #:use-module (sheepdog calendar)
  #:use-module (sheepdog command configured)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view diary)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:autoload (sheepdog config) (entry-place entry-value)
  #:export (run
            %syntax))

(define (checked-cron text)
  (match (parse-cron text)
    ((? string? problem) (raise-error 'usage problem "such as '0 5 * * *'"))
    (_ text)))

(define %syntax
  (action-syntax
   "diary" "[TEXT]"
   "Have the server tell TEXT at a date, as a note; --list shows what the diary has."
   (list (option "on" "At this time; a date alone means 07:00." #:argument "TIME"
                 #:convert parse-appointment
                 #:wants "a time such as 2026-12-01 or '2026-12-01 08:00'")
         (option "cron" "At these times, five fields as in a crontab." #:argument "SPEC"
                 #:convert checked-cron)
         (option "remind" "So long before, too; may be given again." #:argument "DURATION"
                 #:many? #t #:convert parse-duration #:wants "a duration such as 7d")
         (option "off" "Strike out what --list shows under ID." #:argument "ID")
         (option "list" "Show what the diary has, that of the configuration too.")
         (option "wide" "Cut nothing to 80 columns."))
   #:most 1
   #:notes '("Example: sheepdog diary 'renew domain' --on 2026-12-01 --remind 7d")))

(define (usage text hint)
  (raise-error 'usage text hint))

;;; Doing

(define (tell-clock! place)
  (when (place-ref place 'standalone)
    (hand-over! place)))

(define (enter! db place text options)
  (let ((now (%now)) (on (option-ref options 'on)) (cron (option-ref options 'cron)))
    (unless (and (or on cron) (not (and on cron)))
      (usage "'diary' wants a date: --on=TIME, or --cron=SPEC"
             "such as: sheepdog diary 'renew domain' --on 2026-12-01"))
    (when (string-null? (string-trim-both text))
      (usage "'diary' wants a TEXT" "what is to be remembered"))
    (let ((id (with-transaction db
                (or (enter-appointment! db text now #:on on #:cron cron
                                        #:remind (option-ref options 'remind)
                                        #:who (who-asks))
                    (usage "that time is over" "it is to be one that comes")))))
      (tell-clock! place)
      (remark (format #f "entered as #~a" id))
      0)))

(define (refuse-to-strike place name)
  "Raise `usage': NAME cannot be struck out by hand."
  (match (find (lambda (entry) (string=? name (symbol->string (entry-value entry))))
               (configured-entries place 'diary))
    (#f (usage (format #f "there is no ~a in the diary" (printable name))
               "'sheepdog diary --list' shows what there is"))
    (entry (raise-configured (format #f "~a is of the configuration" (printable name))
                             (entry-place entry)))))

(define (strike! db place name)
  (let ((id (string->count (if (string-prefix? "#" name) (string-drop name 1) name))))
    (unless (and id (with-transaction db (strike-appointment! db id (%now))))
      (refuse-to-strike place (if id (format #f "#~a" id) name)))
    (remark (format #f "#~a is struck out" id))
    0))

(define (print-diary db place options common)
  (let* ((now (%now))
         (entered (if db (entered-appointments db) '()))
         (rows (diary-objects entered (configured-entries place 'diary) now)))
    (case (assq-ref common 'format)
      ((json) (print-json (document 'diary now `(appointments . ,(list->vector rows)))))
      ((sexp) (print-sexp 'sheepdog-diary
                          (document 'diary now `(appointments . ,(list->vector rows)))))
      ((org) (print-lines (diary-org rows)))
      (else (print-lines (diary-lines rows now #:wide? (option-ref options 'wide)))))
    0))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (define (list-it db place)
       (print-diary db place options common))
     (match (cons (option-ref options 'off) words)
       ((#f)
        (unless (option-ref options 'list)
          (usage "'diary' wants a TEXT" "--list shows what the diary has"))
        (call-with-database "diary" common list-it
                            #:otherwise (lambda (place) (list-it #f place))))
       ((#f text)
        (call-with-database "diary" common
                            (lambda (db place) (enter! db place text options))
                            #:mode 'read-write))
       ((id)
        (call-with-database "diary" common
                            (lambda (db place) (strike! db place id))
                            #:mode 'read-write))
       (_ (usage "'--off' strikes out, and TEXT enters" "one of them at a time"))))))
