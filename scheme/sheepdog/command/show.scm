;;; show.scm -- `sheepdog show': all that is known of a subject or a message
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command show)
  #:use-module (sheepdog archive)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module (sheepdog outlook)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view show)
  #:use-module (sheepdog view status)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "show" "ID|SUBJECT"
   "Show all that is known of a subject, HOST/TAG, or of a message: its number here (1841), or sender and number (3f9c:44). HOST alone shows how its subjects stand; TAG alone is this machine's, or that of the only host that has it."
   (list (option "output" "All output that was kept, whole.")
         (option "wide" "Cut nothing to 80 columns."))
   #:least 1 #:most 1
   #:notes '("The exit status is 1 when nothing is found. Example: sheepdog show penguin2/BORG-ETC")))

(define (not-found text near)
  "Tell that there is no TEXT; return the exit status for that."
  (%complain (format #f "nothing heard of '~a'" (printable text))
             (and near (format #f "did you mean '~a'?" (printable near)))
             'error)
  1)

;;; Gathering

(define (subject-dossier db standing)
  "What is known of STANDING and its newest result."
  (let ((stored (and (standing-event standing)
                     (find-message db (standing-event standing)))))
    (dossier #:standing standing
             #:outlook (find-outlook db (standing-id standing) (standing-host standing)
                                     (standing-tag standing))
             #:entry (and stored (find-entry db (stored-id stored)))
             #:stored stored
             #:message (and stored (read-message stored))
             #:tellings (tellings db standing)
             #:verdicts (newest-verdicts db standing)
             #:refusals (if stored
                            (refusals db (standing-host standing) (stored-id stored))
                            '()))))

(define (message-dossier db id)
  "What is known of the message ID, or #f when there is none."
  (let* ((stored (find-message db id))
         (entry (and stored (find-entry db id)))
         (standing (and entry
                        (find-subject db (entry-host entry) (entry-tag entry)))))
    (and stored
         (dossier #:standing standing #:entry entry #:stored stored
                  #:message (read-message stored)
                  #:tellings (if standing (tellings db standing #:event id) '())
                  #:verdicts (if standing
                                 (filter (lambda (verdict)
                                           (= id (verdict-event verdict)))
                                         (newest-verdicts db standing))
                                 '())
                  #:refusals (if entry (refusals db (entry-host entry) id) '())))))

;;; Printing

(define (print-dossier dossier lines options common)
  (let ((now (%now)))
    (match (assq-ref common 'format)
      ('json (print-json (dossier-document dossier now)))
      ('sexp (print-sexp 'sheepdog-show (dossier-document dossier now)))
      ('org (print-lines (dossier-org dossier)))
      (_ (with-color common
           (lambda ()
             (print-lines (lines dossier now
                                 #:whole? (option-ref options 'output)
                                 #:wide? (option-ref options 'wide)))))))
    0))

(define (print-host db place host options common)
  "Print how the subjects of HOST stand; #f when there is no such host."
  (let* ((now (%now))
         (outlook (outlook-of db))
         (standings (hushed db place
                            (filter (lambda (s) (string=? host (standing-host s)))
                                    (subjects db))
                            now)))
    (and (pair? standings)
         (match (assq-ref common 'format)
           ('json (print-json (status-document standings now outlook)))
           ('sexp (print-sexp 'sheepdog-status (status-document standings now outlook)))
           ('org (print-lines (status-org standings outlook)))
           (_ (with-color common
                (lambda ()
                  (print-lines
                   (status-lines standings now #:all? #t #:outlook outlook
                                 #:wide? (option-ref options 'wide)
                                 #:run-times (run-times db)
                                 #:outcome (lambda (s)
                                             (event-outcome db (standing-event s)))))))))
         0)))

(define (show-message db id text options common)
  (match (message-dossier db id)
    (#f (not-found text #f))
    (dossier (print-dossier dossier message-lines options common))))

(define (show-short db beginning seq text options common)
  (match (message-ids db beginning seq)
    ((id) (show-message db id text options common))
    (() (not-found text #f))
    (ids (raise-error 'usage
                      (format #f "'~a' is the beginning of several messages"
                              (printable text))
                      (format #f "these: ~{~a~^, ~}" ids)))))

(define (show-standing db place standing options common)
  (print-dossier (subject-dossier db (first (hushed db place (list standing) (%now))))
                 subject-lines options common))

(define (parse-short text)
  "TEXT, `3f9c:44', as a pair, or #f."
  (let ((colon (string-rindex text #\:)))
    (and colon
         (> colon 0)
         (let ((seq (string->count (string-drop text (+ colon 1)))))
           (and seq (cons (string-take text colon) seq))))))

(define (show db place text options common)
  (let ((slash (string-index text #\/))
        (own-host (string-downcase (place-ref place 'name))))
    (cond ((string->count text)
           => (lambda (id) (show-message db id text options common)))
          ;; Some senders are named after their queue, with a slash.
          ((and (not (and slash (find-subject db (string-downcase (string-take text slash))
                                              (string-drop text (+ slash 1)))))
                (parse-short text))
           => (match-lambda
                ((beginning . seq)
                 (show-short db beginning seq text options common))))
          ((and (not slash)
                (print-host db place (string-downcase text) options common)))
          ((named-subject db own-host text)
           => (lambda (standing) (show-standing db place standing options common)))
          (else (not-found text (nearest-subject db text))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (call-with-database
      "show" common
      (lambda (db place)
        (show db place (car words) options common))
      #:otherwise
      (lambda (place)
        (not-found (car words) #f))))))
