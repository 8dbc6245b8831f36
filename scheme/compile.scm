;;; compile.scm -- compile our modules, monitors and handlers ahead of time
;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; sheepdog-guile compile.scm SOURCE CCACHE
;;;
;;; One process compiles all, each file after those that it uses, and loads what it made: a module
;;; that was only compiled exists in this process, but empty.  Any warning is a failure.

(use-modules (ice-9 ftw)
             (ice-9 match)
             (ice-9 rdelim)
             (srfi srfi-1)
             (system base compile)
             (system base message))

;; Not unused-variable: patterns of `match' name what they pass over, so that one sees the shape.
(define %warnings
  '(unbound-variable arity-mismatch format shadowed-toplevel))

(define (files-below directory)
  "Return the .scm files below DIRECTORY, a sorted list; editors' own files are none."
  (define (source? file)
    (and (string-suffix? ".scm" file)
         (not (string-prefix? "." (basename file)))))
  (sort (file-system-fold (lambda _ #t)
                          (lambda (file stat files)
                            (if (source? file) (cons file files) files))
                          (lambda (directory stat files) files)
                          (lambda (directory stat files) files)
                          (lambda _ #f)
                          (lambda (file stat errno files) files)
                          '() directory)
        string<?))

(define (read-define-module file)
  "Return the define-module form of FILE, or () where its first form is another."
  (call-with-input-file file
    (lambda (port)
      (match (read port)
        (('define-module . form) form)
        (_ '())))))

(define (used-modules form)
  "Return the names of the modules that the define-module FORM uses; autoloaded ones, which may
lead back, are not needed to compile."
  (match form
    (() '())
    ((#:use-module (or ((module ...) . _) (module ...)) . rest)
     (cons module (used-modules rest)))
    ((_ . rest) (used-modules rest))))

(define (in-order sources)
  "Return SOURCES, a list of (FILE NAME USED ...), each after those that it uses."
  (define (visit source done)
    (match source
      ((file name used ...)
       (if (member source done)
           done
           (cons source
                 (fold visit done
                       (filter (lambda (other) (member (cadr other) used))
                               (delete source sources))))))))
  (reverse (fold visit '() sources)))

(define (newer? file other)
  (or (not (file-exists? other))
      (> (stat:mtime (stat file)) (stat:mtime (stat other)))))

(define (make-parents! file)
  (let ((directory (dirname file)))
    (unless (file-exists? directory)
      (make-parents! directory)
      (mkdir directory))))

;; An autoloaded module may be compiled later than the one that uses it.
(define (about-age? line)
  "Is LINE empty, or does it say that a source is newer than what was made of it?"
  (or (string-null? line)
      (string-prefix? ";;; note: source file" line)
      (string-prefix? ";;;       newer than compiled" line)))

(define (compile! file go plugin?)
  "Compile FILE to GO and load it; return the lines of its warnings."
  (make-parents! go)
  (let ((port (open-output-string)))
    (with-fluids ((*current-warning-port* port))
      (parameterize ((user-modules-declarative? (not plugin?)))
        (compile-file file #:output-file go #:opts `(#:warnings ,%warnings))))
    (remove about-age? (string-split (get-output-string port) #\newline))))

(define (say . parts)
  (display (string-concatenate parts) (current-error-port))
  (newline (current-error-port)))

(define (main source ccache)
  "Bring CCACHE up to date with SOURCE; exit with 1 if anything was wrong."
  (define (go-of file)
    (let ((relative (string-drop file (1+ (string-length source)))))
      (string-append ccache "/"
                     (string-drop-right
                      (if (string-prefix? "scheme/" relative)
                          (string-drop relative (string-length "scheme/"))
                          relative)
                      (string-length ".scm"))
                     ".go")))
  (define sources
    (in-order (append-map
               (lambda (directory)
                 (filter-map
                  (lambda (file)
                    (match (read-define-module file)
                      ((name . form) (cons* file name (used-modules form)))
                      (() #f)))
                  (files-below (string-append source "/" directory))))
               '("scheme/sheepdog" "monitors" "handlers"))))
  (define bad 0)
  (define (complain! . parts)
    (set! bad (1+ bad))
    (apply say parts))
  (fold (match-lambda*
          (((file name used ...) made)
           (let ((go (go-of file))
                 (plugin? (not (string-prefix? (string-append source "/scheme/") file))))
             (catch #t
               (lambda ()
                 (let ((stale? (or (newer? file go)
                                   ;; A plugin may use all that (sheepdog plugin) offers.
                                   (and plugin? (pair? made))
                                   (any (lambda (module) (member module made)) used))))
                   (when stale?
                     (for-each complain! (compile! file go plugin?)))
                   ;; Loading a plugin registers it; nothing here needs that.
                   (unless plugin? (load-compiled go))
                   (if stale? (cons name made) made)))
               (lambda (key . arguments)
                 (let ((text (call-with-output-string
                               (lambda (port)
                                 (print-exception port #f key arguments)))))
                   (when (file-exists? go) (delete-file go))
                   (complain! file ": " (string-trim-right text))
                   (cons name made)))))))
        '() sources)
  (unless (zero? bad)
    (exit 1)))

(match (command-line)
  ((_ source ccache) (main source ccache)))
