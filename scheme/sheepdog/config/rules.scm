;;; rules.scm -- what holds between the entries of a configuration
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config rules)
  #:use-module (sheepdog config check)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog config watch)
  #:use-module (sheepdog mailer)
  #:use-module (sheepdog pattern)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (check-rules))

(define %version 0)                               ;of the format, the newest that we read

(define (check-rules entries context)
  "Note in CONTEXT what is wrong between ENTRIES, in their order, though each may be right."
  (check-version entries context)
  (check-rivals entries context)
  (check-mailers entries context)
  (check-unique entries context)
  (check-tags entries context)
  (check-after entries context)
  (check-holes entries context)
  (check-circles entries context)
  (check-monitor entries context))

(define (entries-of key entries)
  (filter (lambda (entry) (eq? key (entry-key entry))) entries))

(define (name-datum entry)
  (datum-name (entry-datum entry)))

(define (argument-datum entry index)
  "Return the datum of the value INDEX of ENTRY."
  (list-ref (datum-items (entry-datum entry)) (+ index 1)))

(define (check-version entries context)
  (for-each (lambda (entry)
              (when (> (entry-value entry) %version)
                (complain! context (argument-datum entry 0)
                           (format #f "version ~a needs a newer sheepdog, this one reads ~a"
                                   (entry-value entry) %version))))
            (entries-of 'version entries)))

;;; Keys that say the same thing in several ways.

(define %rivals                                   ;lists of ways, each a list of keys
  '(("the queue" (host port) (redis) (queue))
    ("the mailer" (mailer) (mailer-uri))))

(define (check-rivals entries context)
  (define (way-of key ways)
    (find (lambda (way) (memq key way)) ways))
  (define (check what ways)
    (match (filter (lambda (entry) (way-of (entry-key entry) ways)) entries)
      ((first . rest)
       (let ((rival (find (lambda (entry)
                            (not (memq (entry-key entry) (way-of (entry-key first) ways))))
                          rest)))
         (when rival
           (complain! context (name-datum rival)
                      (format #f "'~a' and '~a' both name ~a"
                              (entry-key first) (entry-key rival) what)
                      (the-first-is-at (name-datum first) (name-datum rival))))))
      (() #t)))
  (for-each (match-lambda ((what . ways) (check what ways))) %rivals))

;;; A log-in and its password.

(define (check-mailers entries context)
  (for-each (lambda (entry) (check-mailer entry context))
            (append (entries-of 'mailer entries) (entries-of 'mailer-uri entries))))

(define (check-mailer entry context)
  (let* ((mailer (mailer (entry-value entry)))
         (user (mailer-user mailer))
         (password (entry-option entry 'password-file)))
    (define (complain-of option text hint)
      (complain! context (name-datum option) text hint))
    (cond ((mailer-program mailer)
           (for-each (lambda (option)
                       (complain-of option
                                    (format #f "'~a' is for SMTP, not for a program"
                                            (entry-key option))
                                    #f))
                     (entry-options entry)))
          ((and password (not user))
           (complain-of password "a password, and no user to log in"
                        "write the user before the host: \"smtps://USER@HOST:465\""))
          ((and user (not password))
           (complain-of entry (string-append "no password to log in as '" user "'")
                        (string-append "(mailer \"" (mailer-url mailer)
                                       "\" (password-file \"...\"))")))
          ((mailer-plain? mailer)
           (warn! context (argument-datum entry 0)
                  (string-append "the password goes to " (mailer-host mailer)
                                 " for all to read")
                  "smtp+starttls:// and smtps:// hide it")))))

;;; Names that are given once.

(define (check-repeated entries context key-of complaint hint)
  "Complain of each of ENTRIES whose (KEY-OF entry), unless it is #f, an earlier one had."
  (fold (lambda (entry seen)
          (let* ((key (key-of entry))
                 (before (and key (assoc-ref seen key))))
            (cond (before
                   (complain! context (entry-datum entry) (complaint entry key)
                              (string-append (the-first-is-at before (entry-datum entry))
                                             hint))
                   seen)
                  (key (acons key (entry-datum entry) seen))
                  (else seen))))
        '()
        entries))

(define (check-unique entries context)
  (check-repeated entries context
                  (lambda (entry)
                    (and (spec-unique (entry-spec entry))
                         (pair? (entry-arguments entry))
                         (cons (entry-key entry) (first (entry-arguments entry)))))
                  (lambda (entry key)
                    (format #f "second ~a '~a'" (car key) (cdr key)))
                  ""))

(define (check-tags entries context)
  (check-repeated (entries-of 'watch entries) context
                  watch-tag
                  (lambda (entry tag) (string-append "second watch with the tag '" tag "'"))
                  "; (tag \"...\") tells them apart"))

;;; How many results of how many.

(define (check-after entries context)
  (for-each
   (lambda (entry)
     (match (entry-ref entry 'after 1)
       ((after of)
        (when (> after of)
          (complain! context (entry-datum (entry-option entry 'after))
                     (format #f "'after' wants ~a bad results of ~a" after of)
                     (format #f "at most all of them: (after ~a ~a)" of of))))
       (_ #t)))
   (entries-of 'notify entries)))

;;; What a job runs.

(define (check-holes entries context)
  (for-each
   (lambda (job)
     (let ((declared (map (lambda (argument) (first (entry-arguments argument)))
                          (entry-ref job 'arg)))
           (run (entry-option job 'run)))
       (for-each
        (lambda (datum)
          (let ((hole (datum-value datum)))
            (when (and (symbol? hole) (not (memq hole declared)))
              (complain! context datum
                         (format #f "'~a' has no (arg ~a TYPE)" hole hole)))))
        (if run (cdr (datum-items (entry-datum run))) '()))))
   (entries-of 'job entries)))

;;; Dependencies in a circle.

(define (check-circles entries context)
  "Complain of `depends' entries that wait for each other: all of them would keep silent."
  (define all (entries-of 'depends entries))
  (define (on entry)
    (entry-ref entry 'on '()))
  (define (covers? entry subject)
    (let ((slash (string-index subject #\/)))
      (pattern-matches? (entry-value entry) (string-take subject slash)
                        (string-drop subject (+ slash 1)))))
  (define (next entry)
    (filter (lambda (other)
              (and (not (eq? entry other))
                   (any (lambda (subject) (covers? other subject)) (on entry))))
            all))
  (define (circle from path)
    ;; -> list of entries from FROM back to itself, or #f
    (any (lambda (entry)
           (cond ((eq? entry from) (reverse path))
                 ((memq entry path) #f)
                 (else (circle from (cons entry path)))))
         (next (car path))))
  (let search ((rest all))
    (match rest
      (() #t)
      ((entry . rest)
       (match (circle entry (list entry))
         (#f (search rest))
         (path
          (complain! context (entry-datum entry)
                     (string-append "'depends' goes in a circle: "
                                    (string-join (map (lambda (entry)
                                                        (pattern-text (entry-value entry)))
                                                      (append path (list entry)))
                                                 " -> ")))))))))

(define (check-monitor entries context)
  (when (context-look? context)
    (for-each (lambda (entry)
                (find-monitor (entry-value entry) (argument-datum entry 0) context))
              (entries-of 'monitor entries))))
