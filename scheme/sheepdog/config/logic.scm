;;; logic.scm -- relations and rules as a configuration writes them: (logic FORM ...)
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config logic)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config types)
  #:autoload (sheepdog logic declaration) (read-declaration)
  #:autoload (sheepdog logic query) (read-rule)
  #:autoload (sheepdog logic relation) (relation-name)
  #:autoload (sheepdog relations) (built-in-relation)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:export (logic-form))

(define %forms '("define-state" "define-event" "define-relation"))

(define (read-relation datum complain)
  "Return the relation that DATUM declares, or #f."
  (let ((relation (read-declaration datum complain)))
    (cond ((not relation) #f)
          ((built-in-relation (relation-name relation))
           (complain (datum-name (second-item datum))
                     (string-append "'" (symbol->string (relation-name relation))
                                    "' is a built-in relation")
                     "another name")
           #f)
          (else relation))))

(define (second-item datum)
  (match (datum-items datum)
    ((_ head . _) head)))

(define logic-form
  (make-type "FORM"
             (lambda (datum key context)
               (define (complain datum text hint)
                 (complain! context datum text hint))
               (let ((word (and=> (datum-head datum) symbol->string)))
                 (match word
                   ((or "define-state" "define-event")
                    (or (read-relation datum complain) nothing))
                   ("define-relation"
                    (if (read-rule datum complain) datum nothing))
                   ((? string?)
                    (wrong (string-append "no form '" word "' here")
                           (or (did-you-mean word %forms)
                               (string-append "forms are " (enumeration %forms "and")))))
                   (#f (wants "(define-state ...), (define-event ...) or (define-relation ...)")))))
             #:nested? #t))
