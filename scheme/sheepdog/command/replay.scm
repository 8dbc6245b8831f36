;;; replay.scm -- `sheepdog replay': what today's receivers and rules would have said of the past
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command replay)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog config)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog replay)
  #:use-module (sheepdog standalone)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "replay" "[PATTERN]"
   "Tell what today's receivers and rules would have done otherwise with the messages that are stored: + what they would, - what was done and would not be. Nothing is performed."
   (list (option "since" "Of the messages since then; needed." #:argument "TIME"
                 #:convert (lambda (text) (parse-time text (%now)))
                 #:wants "a time, or a duration ago such as 30d")
         (option "wide" "Cut nothing to 80 columns."))
   #:most 1
   #:notes '("The exit status is 1 when there is a difference. Example: sheepdog replay '*/raid' --since 30d")))

(define (row difference)
  (list (symbol->string (difference-sign difference))
        (time->stamp (difference-at difference))
        (printable (difference-subject difference))
        (string-append (symbol->string (difference-what difference)) " "
                       (printable (difference-text difference)))
        (number->string (difference-event difference))))

(define (object difference)
  `((change . ,(match (difference-sign difference) ('+ 'new) ('- 'gone)))
    (what . ,(difference-what difference))
    (at . ,(instant (difference-at difference)))
    (subject . ,(difference-subject difference))
    (message . ,(difference-event difference))
    (text . ,(difference-text difference))))

(define (print-differences count differences now options common)
  (let* ((objects (map object differences))
         (answer (document 'replay now
                           `(messages . ,count)
                           `(differences . ,(list->vector objects)))))
    (case (assq-ref common 'format)
      ((json) (print-json answer))
      ((sexp) (print-sexp 'sheepdog-replay answer))
      ((org) (print-lines (org-table '(change what at subject message text) objects)))
      (else
       (print-lines (columns->lines (map row differences)
                                    #:shrink '(3 2) #:gaps '(1)
                                    #:room (if (option-ref options 'wide)
                                               1000000
                                               (- %columns 1))))))))

(define (replay-here db place pattern options common)
  (let ((config (read-config (place-ref place 'file)))
        (now (%now)))
    (unless (config-good? config)
      (raise-error 'bad-configuration "the configuration has errors"
                   "'sheepdog config check' lists all of them"))
    (call-with-plugins config
      (lambda ()
        (call-with-values
            (lambda ()
              (replay db config now #:pattern pattern #:since (option-ref options 'since)
                      #:awake? (not (place-ref place 'standalone))))
          (lambda (count differences)
            (print-differences count differences now options common)
            (remark (format #f "~a replayed, ~a" (plural count "message")
                            (match (length differences)
                              (0 "no difference")
                              (n (plural n "difference")))))
            (if (null? differences) 0 1)))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let ((pattern (pattern-word words)))
       (unless (option-ref options 'since)
         (raise-error 'usage "'replay' wants --since=TIME" "such as --since 30d"))
       (call-with-database "replay" common
                           (lambda (db place) (replay-here db place pattern options common)))))))
