;;; file.scm -- the files of a configuration, one including another
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config file)
  #:use-module (sheepdog core)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config named)
  #:use-module (sheepdog config problem)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (load-files
            loaded?
            loaded-files
            loaded-data
            loaded-problems))

(define-record-type <loaded>
  (make-loaded files data problems)
  loaded?
  (files loaded-files)                            ;list of strings, in the order they were read
  (data loaded-data)                              ;list of <datum>: the entries of all
  (problems loaded-problems))                     ;list of <problem>

(define %deepest 4)                               ;levels of `include'
(define %form "(config ...)")

(define (load-files file)
  "Return what the configuration FILE and those that it includes say, entry by entry, each where
it is included."
  (let ((context (make-context)))
    (call-with-values (lambda () (load-file file '() #f context))
      (lambda (files data)
        (make-loaded (delete-duplicates files) data (context-problems context))))))

(define (load-file file above include context)
  "Return the files read and the entries of FILE.  ABOVE are the files that lead to it, the
nearest first; INCLUDE is the <datum> that names it, or #f."
  (match (%read-data-file file)
    ((raw . problems)
     (for-each (lambda (problem) (add-problem! context (including problem include)))
               (map raw->problem problems))
     (let* ((data (map (lambda (item) (raw->datum item file)) raw))
            (entries (config-entries data file (null? problems) context)))
       (check-mode file entries context)
       (let loop ((entries entries) (files (list file)) (result '()))
         (match entries
           (() (values files (reverse result)))
           ((entry . rest)
            (if (eq? 'include (datum-head entry))
                (call-with-values
                    (lambda () (load-included entry (cons file above) context))
                  (lambda (more-files more-entries)
                    (loop rest (append files more-files)
                          (append-reverse more-entries (cons entry result)))))
                (loop rest files (cons entry result))))))))))

(define (including problem include)
  "Return PROBLEM, of a whole file and without a hint, with the hint where that is included."
  (if (and include (zero? (problem-line problem)) (not (problem-hint problem)))
      (make-problem (problem-file problem) 0 0 (problem-text problem)
                    (string-append "it is included at " (datum-position include ""))
                    (problem-warning? problem))
      problem))

(define (load-included entry above context)
  "Return the files and entries of all files that ENTRY, an (include FILE...), names."
  (fold2 (lambda (name files data)
           (let* ((named (datum-value name))
                  (file (and (string? named)
                             (resolve named (dirname (first above))))))
             (cond ((not file) (values files data)) ;the check of the entry tells of it
                   ((member file above)
                    (complain! context name
                               (string-append "includes itself: "
                                              (string-join (reverse (cons file above))
                                                           " -> ")))
                    (values files data))
                   ((> (length above) %deepest)
                    (complain! context name
                               (format #f "included more than ~a deep" %deepest))
                    (values files data))
                   (else
                    (call-with-values (lambda () (load-file file above name context))
                      (lambda (more-files more-data)
                        (values (append files more-files) (append data more-data))))))))
         '() '()
         (cdr (datum-items entry))))

(define (fold2 proc a b list)
  "Fold PROC, (item a b) -> two values, over LIST from A and B."
  (if (null? list)
      (values a b)
      (call-with-values (lambda () (proc (car list) a b))
        (lambda (a b) (fold2 proc a b (cdr list))))))

(define (resolve file directory)
  "Return FILE as seen from DIRECTORY."
  (if (or (string-prefix? "/" file) (string=? directory "."))
      file
      (string-append directory "/" file)))

(define (config-entries data file readable? context)
  "Return the entries of the (config ENTRY...) that DATA, all that FILE has, should be.  In a
file that is not READABLE? nobody knows what else was meant: the core told why."
  (define (config? datum)
    (eq? 'config (datum-head datum)))
  (for-each (lambda (datum)
              (when (and readable? (not (config? datum)))
                (complain! context datum
                           (string-append "expected " %form ", got " (datum->text datum)))))
            data)
  (match (filter config? data)
    (() (when (and (null? data) readable?)
          (add-problem! context (make-problem file 0 0 "is empty"
                                              (string-append "expected " %form) #f)))
        '())
    ((config . more)
     (for-each (lambda (second)
                 (complain! context second (string-append "second " %form)
                            (string-append "the first is at "
                                           (datum-position config file))))
               more)
     (cdr (datum-items config)))))

;;; Who may read and write them.

(define (passwords datum)
  "Return the (password ...) data inside DATUM."
  (append (if (eq? 'password (datum-head datum)) (list datum) '())
          (append-map passwords (datum-items datum))))

(define (check-mode file entries context)
  "Complain when others can write FILE, or read a password in it."
  (match (stat file #f)
    (#f #t)
    ((= stat:type 'directory) #t)                 ;it is no configuration at all
    ((= stat:mode mode)
     (unless (zero? (logand mode #o002))
       (add-problem! context
                     (make-problem file 0 0
                                   (string-append "others can write it " (mode->text mode))
                                   (string-append "chmod o-w " file) #f)))
     (for-each (lambda (datum)
                 (complain-of-readers! context datum mode
                                       (string-append "chmod 600 " file
                                                      ", or (password-file \"...\")")))
               (append-map passwords entries)))))
