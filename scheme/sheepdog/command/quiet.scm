;;; quiet.scm -- what the actions silence and ack share: asking, taking back, listing
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command quiet)
  #:use-module (sheepdog command configured)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog request)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view silence)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:autoload (sheepdog config) (entry-place entry-value)
  #:export (%quiet-options
            tell-server!
            take-back!
            print-quiet))

(define %quiet-options
  (list (option "reason" "Why, for the others." #:argument "TEXT" #:default "")
        (option "off" "Take it back.")
        (option "list" "Show what there is, that of the configuration too.")
        (option "wide" "Cut nothing to 80 columns.")))

(define (tell-server! place)
  "See to it that what was changed in the database of PLACE counts now.  A server sees it by itself."
  (when (place-ref place 'standalone)
    (hand-over! place)))

(define (configured-silences place kind)
  "Return the entries of the configuration of PLACE that ask for a KIND; no ack is there."
  (if (eq? kind 'silence) (configured-entries place kind) '()))

(define (id-word text)
  "Return the id that TEXT, \"#3\", is, or #f."
  (and (string-prefix? "#" text)
       (string->count (string-drop text 1))))

(define (refuse-to-take-back place kind text pattern)
  "Raise `usage': nobody asked for a KIND under TEXT, which is PATTERN or an id."
  (match (find (lambda (entry) (string=? pattern (pattern-text (entry-value entry))))
               (configured-silences place kind))
    (#f (raise-error 'usage (format #f "there is no ~a of '~a'"
                                    (if (eq? kind 'ack) "acknowledgement" "silence")
                                    (printable text))
                     (format #f "'sheepdog ~a --list' shows what there is" kind)))
    (entry (raise-configured (format #f "'~a' is silenced by the configuration" (printable text))
                             (entry-place entry)))))

(define (take-back! db place kind text pattern)
  "End what was asked for as KIND, silence or ack, under TEXT, which is PATTERN or an id; return the
exit status."
  (let* ((now (%now))
         (count (with-transaction db
                  (let ((count (withdraw! db kind (or (id-word text) pattern) now)))
                    (silences-changed! db now)
                    count))))
    (when (zero? count)
      (refuse-to-take-back place kind text pattern))
    (tell-server! place)
    (remark (format #f "~a is told of again" (printable pattern)))
    0))

(define (print-quiet db place kind options common)
  "Print what is asked for as KIND, silence or ack, in DB, and what the configuration says of it."
  (let ((now (%now))
        (asked (filter (lambda (request) (eq? kind (request-kind request)))
                       (if db (requests db (%now)) '())))
        (entries (configured-silences place kind)))
    (case (assq-ref common 'format)
      ((json) (print-json (silences-document asked entries now)))
      ((sexp) (print-sexp 'sheepdog-silences (silences-document asked entries now)))
      ((org) (print-lines (silences-org asked entries)))
      (else (print-lines (silence-lines asked entries now
                                        #:wide? (option-ref options 'wide)))))
    0))
