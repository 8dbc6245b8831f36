;;; queue.scm -- `sheepdog queue': what is under way, send it on, and what was kept aside
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command queue)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog store)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (sheepdog view queue)
  #:use-module (sheepdog view show)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:autoload (sheepdog config) (read-config)
  #:autoload (sheepdog standalone) (drain-queue!)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "queue" "[flush | aside [show|retry|drop ID...]]"
   "Show how many messages are where; 'flush' sends and handles what waits, now; 'aside' lists what was kept instead of handled, and why."
   '()
   #:most #f
   #:notes '("Of the database: what is not handled yet; what is held back behind a hole, an earlier message of its sender that is missing; what is stored and told of, but postponed for a plugin that failed or rests."
             "Crontab, where no daemon runs: @hourly sheepdog queue flush")))

;;; Depths

(define (spool-depth place)
  (with-error-handler
   (lambda (code text hint) text)
   (lambda () (%spool-depth (%spool-open (place-settings place))))))

(define (queue-depth place)
  "Two values: the depth of the queue of PLACE and #f, or #f and why it is not known."
  (with-error-handler
   (lambda (code text hint) (values #f text))
   (lambda ()
     (let ((queue (%queue-open (place-settings place) "")))
       (dynamic-wind
         (const #t)
         (lambda () (values (%queue-depth queue) #f))
         (lambda () (%queue-close! queue)))))))

(define (database-depths place)
  "What the database of PLACE says, as keyword arguments for `depths'; '() without one."
  (if (has-database? place)
      (call-with-place-database
       place 'read-only
       (lambda (db)
         (list #:waiting (sql-value db "SELECT count(*) FROM waiting")
               #:held (sql-value db "SELECT count(*) FROM held")
               #:postponed (sql-value db "SELECT count(*) FROM postponed")
               #:outbox (sql-value db "SELECT count(*) FROM outbox WHERE next IS NOT NULL")
               #:aside (sql-value db "SELECT count(*) FROM aside"))))
      '()))

(define (show-depths common)
  (let ((place (require-good (place common))) (now (%now)))
    (receive (queue trouble) (queue-depth place)
      (let ((depths (apply depths
                           #:place (cons (place-ref place 'spool) (place-ref place 'queue))
                           #:spool (spool-depth place)
                           #:queue queue #:trouble trouble
                           (database-depths place))))
        (match (assq-ref common 'format)
          ('json (print-json (apply document 'queue now (depth-object depths))))
          ('sexp (print-sexp 'sheepdog-queue
                             (apply document 'queue now (depth-object depths))))
          ('org (print-lines (org-heading "queue" (depth-object depths))))
          (_ (print-lines (depth-lines depths now))))
        0))))

;;; flush

(define (drain-served place)
  "Handle what is in the queue of PLACE where this machine is its server and no daemon
is at it."
  (when (and (not (place-ref place 'standalone)) (has-database? place))
    (drain-queue! (place-settings place) (read-config (place-ref place 'file) #:check? #f))))

(define (flush common)
  (let ((place (require-good (place common))))
    (receive (fate trouble) (hand-over! place #:all? #t)
      (cond (trouble
             (%complain (car trouble) (cdr trouble) 'error)
             (let ((words (spool-words (%spool-depth (%spool-open (place-settings place)))
                                       (%now))))
               (when words
                 (%complain (format #f "~a in ~a" words (place-ref place 'spool)) #f
                            'warning)))
             2)
            (else
             (drain-served place)
             (when (positive? (assq-ref common 'verbose))
               (remark (if (eq? fate 'stored)
                           "all is stored"
                           (format #f "the queue at ~a has all" (place-ref place 'queue)))))
             0)))))

;;; aside

(define (list-aside common)
  (call-with-database
   "queue aside" common
   (lambda (db place)
     (let* ((now (%now))
            (messages (aside-messages db))
            (objects (list->vector (map aside-object messages)))
            (answer (document 'aside now `(messages . ,objects))))
       (match (assq-ref common 'format)
         ('json (print-json answer))
         ('sexp (print-sexp 'sheepdog-aside answer))
         ('org (print-lines (org-table '(id aside sender seq reason)
                                       (vector->list objects))))
         (_ (print-lines (aside-lines messages now))))
       0))
   #:otherwise
   (lambda (place)
     (print-lines (aside-lines '() (%now)))
     0)))

(define (parse-id text)
  (or (string->count text)
      (raise-error 'usage (format #f "'~a' is no ID" (printable text))
                   "'sheepdog queue aside' lists them")))

(define (find-aside db id)
  (let ((stored (find-message db id)))
    (unless (and stored (stored-aside stored))
      (raise-error 'usage (format #f "message ~a is not aside" id)
                   "'sheepdog queue aside' lists what is"))
    stored))

(define (show-aside db ids common)
  (for-each (lambda (id)
              (let* ((stored (find-aside db id))
                     (message (read-message stored)))
                (print-lines
                 (message-lines (dossier #:stored stored #:message message) (%now)
                                #:whole? #t))))
            ids)
  0)

(define (retry-aside db ids place common)
  (for-each (lambda (id) (find-aside db id)) ids) ;all or none
  (for-each (lambda (id) (retry-aside! db id)) ids)
  (when (place-ref place 'standalone)
    (hand-over! place))
  (remark (format #f "~a to be handled again"
                  (plural (length ids) "message")))
  0)

(define (drop-aside db ids)
  (for-each (lambda (id) (find-aside db id)) ids)
  (for-each (lambda (id) (drop-aside! db id)) ids)
  (remark (format #f "~a dropped" (plural (length ids) "message")))
  0)

(define (aside words common)
  (match words
    (() (list-aside common))
    ((what) (choose-word %syntax what '("show" "retry" "drop"))
            (raise-error 'usage (format #f "'queue aside ~a' wants an ID" what)
                         "'sheepdog queue aside' lists them"))
    ((what . ids)
     (let ((what (choose-word %syntax what '("show" "retry" "drop")))
           (ids (map parse-id ids)))
       (call-with-database
        "queue aside" common
        (lambda (db place)
          (match what
            ('show (show-aside db ids common))
            ('retry (retry-aside db ids place common))
            ('drop (drop-aside db ids))))
        #:mode (if (eq? what 'show) 'read-only 'read-write))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (match words
       (() (show-depths common))
       ((what . rest)
        (match (cons (choose-word %syntax what '("flush" "aside")) rest)
          (('flush) (flush common))
          (('aside . words) (aside words common))
          ((_ word . _)
           (raise-error 'usage (format #f "one argument too many for 'queue flush': ~a"
                                       (printable word))))))))))
