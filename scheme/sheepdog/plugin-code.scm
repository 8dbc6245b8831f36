;;; plugin-code.scm -- from the file of a plugin to code that runs, each error with its place
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Ours come compiled.  Another's file is compiled in memory, quickly and without optimization:
;; 30 ms more than to interpret it, but each of its errors then has a line and a column.

(define-module (sheepdog plugin-code)
  #:use-module (sheepdog clause)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog plugin-file)
  #:autoload (system base compile) (read-and-compile)
  #:use-module ((system vm loader) #:select (load-thunk-from-file load-thunk-from-memory))
  #:use-module (ice-9 match)
  #:export (plugin-code last-form))

(define (start-of-forms file)
  "Return the places (LINE COLUMN), from 1, where the forms of FILE begin, the last first.
Stop at what cannot be read."
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      (let loop ((places '()))
        (match (false-if-exception (read-syntax port))
          ((or #f (? eof-object?)) places)
          (form
           (match (place-of-syntax form)
             ((_ line column) (loop (cons (list line column) places)))
             (_ (loop places)))))))))

(define (form-before file line)
  "Return the place (LINE COLUMN) of the last form of FILE that begins up to LINE, or #f."
  (let loop ((places (start-of-forms file)))
    (match places
      (() #f)
      (((and place (start _)) . rest)
       (if (<= start line) place (loop rest))))))

(define (raise-at place text)
  "Raise a syntax error TEXT at PLACE, (LINE COLUMN) or #f, as the expander does."
  (throw 'syntax-error 'plugin text
         (match place
           ((line column) `((line . ,(- line 1)) (column . ,(- column 1))))
           (#f #f))
         #f #f))

(define (reader-error file key arguments)
  "Return (PLACE TEXT) of the error with which reading FILE ended, if it is one, else #f."
  (match (cons key arguments)
    (('read-error _ (? string? template) (? list? values) . _)
     ;; The reader's own text begins with FILE:LINE:COL: .
     (let ((text (apply format #f template values))
           (prefix (string-append file ":")))
       (and (string-prefix? prefix text)
            (match (string-split (string-drop text (string-length prefix)) #\:)
              ((line column text ...)
               (list (list (string->number line) (string->number column))
                     (string-trim (string-join text ":"))))
              (_ #f)))))
    (_ #f)))

(define (raise-with-place file line key arguments)
  "Raise the exception KEY with ARGUMENTS that came of compiling FILE up to LINE as one that
has a place."
  (match (cons key arguments)
    (('syntax-error _ _ (? pair?) . _) (apply throw key arguments))
    (('syntax-error _ text . _) (raise-at (form-before file line) text))
    (_ (match (reader-error file key arguments)
         ((place text) (raise-at place text))
         (#f (raise-at (form-before file line) (exception->text key arguments)))))))

(define (compile-in-memory file)
  "Compile FILE and return the thunk that runs it.  Where an error of the reader or of the
expander says no place, it is that of the form they were at."
  (call-with-input-file file
    (lambda (port)
      (set-port-encoding! port "UTF-8")
      (catch #t
        (lambda ()
          (load-thunk-from-memory
           (parameterize ((user-modules-declarative? #f))
             (read-and-compile port #:from 'scheme #:to 'bytecode
                               #:env (make-fresh-user-module)
                               #:optimization-level 0 #:warning-level 0))))
        (lambda (key . arguments)
          (raise-with-place file (+ 1 (port-line port)) key arguments))))))

(define (compiled-file kind file)
  "Return the compiled file of FILE, one of ours, if it is not older; else #f."
  (and (ours? kind file)
       (let ((go (string-append (assq-ref (%paths) 'compiled) "/" kind "/"
                                (basename file ".scm") ".go")))
         (and (file-exists? go)
              (>= (stat:mtime (stat go)) (stat:mtime (stat file)))
              go))))

(define (plugin-code kind file)
  "Return the thunk that runs FILE, a plugin of KIND (\"monitors\" or \"handlers\").  A compiled
file of another Guile is as good as none.  Errors are those of reader and expander, with the
place as in a `syntax-error'."
  (let ((go (compiled-file kind file)))
    (or (and go (false-if-exception (load-thunk-from-file go)))
        (compile-in-memory file))))

(define (last-form file)
  "Return the place (LINE COLUMN) of the last form of FILE, or #f."
  (form-before file +inf.0))
