;;; premises.scm -- relations and rules that configuration, plugins and REPL declare, made known to a database
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What a process declares is its own; the server writes it down, so that whoever asks has it.

(define-module (sheepdog premises)
  #:use-module (sheepdog catalogue)
  #:use-module (sheepdog config)
  #:use-module ((sheepdog config datum) #:select (datum?))
  #:use-module (sheepdog core)
  #:use-module (sheepdog declare)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic relation)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog rule)
  #:use-module (sheepdog rulebook)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (know-premises! plan-premises! renew-premises!))

(define %configured '())                          ;names of the rules of the configuration

(define (know-premises! config)
  "Let this process have what the (logic FORM ...) entries of CONFIG declare."
  (let ((forms (append-map entry-value (config-entries config 'logic))))
    (for-each forget-rule! %configured)
    (set! %configured (map define-rule! (filter datum? forms)))
    (for-each (lambda (entry)
                (for-each (lambda (form)
                            (when (relation? form)
                              (register-relation! form (entry-place entry))))
                          (entry-value entry)))
              (config-entries config 'logic))))


;;; Written down.

(define (declare-all! db)
  "Declare all relations of this process in DB; return what is wrong with some, a list of strings."
  (filter-map (match-lambda
                ((relation . place)
                 (with-error-handler
                  (lambda (code text hint)
                    (%log 'error (string-append place ": " text))
                    (string-append place ": " text))
                  (lambda ()
                    (declare-relation! db relation place)
                    #f))))
              (registered-relations)))

(define %written #f)                              ;what was written down last: (DB . VERSIONS)

(define (versions db)
  (list db (registered-version) (rules-version)))

(define (write-premises! db policy now)
  (let ((wrong (declare-all! db)))
    (note-relations! db policy wrong now)
    (write-rules! db)
    (set! %written (versions db))))

(define (plan-premises! db config now)
  "Let DB have what CONFIG, which counts from NOW on, and the plugins of this process declare."
  (know-premises! config)
  (write-premises! db (policy config) now))

(define (renew-premises! db config now)
  "Likewise, if something was declared since the last time."
  (unless (equal? %written (versions db))
    (with-transaction db
      (write-premises! db (policy config) now))))
