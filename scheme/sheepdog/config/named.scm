;;; named.scm -- files and programs that a configuration names
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; They are looked at when the check is a whole one.  One that is missing is a warning: the file
;; may be checked on another machine than the one it is for.

(define-module (sheepdog config named)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config types)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (clean
            file
            file-here
            password-file
            program
            complain-of-readers!
            mode->text))

(define (clean text)
  "Return TEXT, not empty and without control characters, or #f."
  (and (not (string-null? text))
       (not (string-any char-set:iso-control text))
       text))

(define file (text-type "FILE" "a file name" clean))

(define (looking type look!)
  "Return TYPE, the values of which (LOOK! value datum context) looks at in a whole check."
  (make-type (type-form type)
             (lambda (datum key context)
               (let ((value ((type-convert type) datum key context)))
                 (when (and (string? value) (context-look? context))
                   (look! value datum context))
                 value))))

(define (mode->text mode)
  (string-append "(mode " (number->string (logand mode #o7777) 8) ")"))

(define (complain-of-readers! context datum mode hint)
  "Complain when MODE lets others read the file with the password that DATUM is or names."
  (unless (zero? (logand mode #o004))
    (complain! context datum
               (string-append "a password in a file that others can read " (mode->text mode))
               hint)))

(define (miss! datum context)
  (warn! context datum (string-append "cannot find the file " (datum->text datum))))

(define file-here                                 ;one that is read, never made
  (looking file
           (lambda (name datum context)
             (unless (stat name #f)
               (miss! datum context)))))

(define password-file
  (looking file
           (lambda (name datum context)
             (match (stat name #f)
               (#f (miss! datum context))
               ((= stat:mode mode)
                (complain-of-readers! context datum mode
                                      (string-append "chmod 600 " name)))))))

(define (runs? program)
  "Can PROGRAM, a path or a name to be sought in PATH, be run?"
  (define (executable? file)
    (access? file X_OK))
  (if (string-index program #\/)
      (executable? program)
      (any (lambda (directory) (executable? (string-append directory "/" program)))
           (string-split (or (getenv "PATH") "") #\:))))

(define program
  (looking (text-type "PROGRAM" "a program" clean)
           (lambda (name datum context)
             (unless (runs? name)
               (warn! context datum
                      (string-append "cannot find the program " (datum->text datum)))))))
