;;; declaring.scm -- define-state, define-event, define-live: relations declared in Scheme
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; In a monitor's file or a REPL.  The server makes a table of it when facts of it come, and with its
;; next round; defining it again replaces it, where its columns stay the same.  Every plugin imports
;; this, few use it: what it needs is loaded only then.

(define-module (sheepdog declaring)
  #:autoload (sheepdog catalogue) (register-relation! register-live!)
  #:use-module (sheepdog clause)
  #:use-module (sheepdog error)
  #:autoload (sheepdog logic declaration) (read-declaration)
  #:autoload (sheepdog logic relation) (make-relation relation-name relation-columns relation-keys
                                        relation-doc)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (define-state define-event define-live))

(define (place->text place)
  (match (real-place place)
    ((file line _) (string-append file ":" (number->string line)))
    (_ "a REPL")))

(define (declare! form place)
  (register-relation! (read-declaration form) (place->text place))
  *unspecified*)

(define (declare-live! head doc timeout procedure)
  (let ((relation (read-declaration `(define-state ,head ,@(if doc (list doc) '())))))
    (unless (procedure? procedure)
      (raise-error 'bad-relation "a live relation wants a procedure of its key"))
    (register-live! (make-relation (relation-name relation) 'live (relation-columns relation)
                                   (relation-keys relation)
                                   #:doc (relation-doc relation)
                                   #:procedure procedure
                                   #:timeout timeout))
    *unspecified*))

(define-syntax define-state
  (lambda (form)
    "(define-state (NAME COLUMN ... -> COLUMN ...) [\"SENTENCE\"] OPTION ...): declare a relation that
holds in spans.  A column is NAME or (NAME TYPE); options are (index COLUMN ...), (keep DURATION),
(step NUMBER), (planned)."
    (syntax-case form ()
      ((_ head item ...)
       (with-syntax ((place (datum->syntax #'here (place-of-syntax form))))
         #'(declare! '(define-state head item ...) 'place))))))

(define-syntax define-event
  (lambda (form)
    "(define-event (NAME COLUMN ... -> COLUMN ...) [\"SENTENCE\"] OPTION ...): declare a relation of
what happens at an instant; see `define-state'."
    (syntax-case form ()
      ((_ head item ...)
       (with-syntax ((place (datum->syntax #'here (place-of-syntax form))))
         #'(declare! '(define-event head item ...) 'place))))))

(eval-when (expand load eval)
  (define (timeout-of form item)
    "Return the ms of ITEM, a (timeout DURATION), or #f: it is none."
    (syntax-case item ()
      ((word text)
       (and (eq? 'timeout (syntax->datum #'word))
            (or (let ((text (syntax->datum #'text)))
                  (and (string? text) (parse-duration text)))
                (syntax-violation 'define-live "'timeout' wants a duration, as \"2s\"" form item))))
      (_ #f)))

  (define (text-of item)
    (let ((text (syntax->datum item)))
      (and (string? text) text))))

(define-syntax define-live
  (lambda (form)
    "(define-live (NAME COLUMN ... -> COLUMN ...) [\"SENTENCE\"] PROCEDURE [(timeout DURATION)]): declare
a relation that is asked when a question wants it: PROCEDURE gets the key and gives a list of rows, what
stands behind the key; #f: there was no answer."
    (syntax-case form ()
      ((_ head item ...)
       (let* ((items #'(item ...))
              (doc (or-map text-of items))
              (timeout (or-map (lambda (item) (timeout-of form item)) items))
              (others (filter (lambda (item)
                                (not (or (text-of item) (timeout-of form item))))
                              items)))
         (unless (= 1 (length others))
           (syntax-violation 'define-live "expected one procedure" form))
         (with-syntax ((procedure (car others)) (doc doc) (timeout timeout))
           #'(declare-live! 'head doc timeout procedure)))))))
