;;; plugin-module.scm -- each load of a plugin has a module of its own; a failed one leaves none
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A file that is loaded again into the module that is there changes helpers one by one: the old
;; monitor would run with some of the new ones when the file breaks half-way, and for ever with
;; helpers that are in no file any more.

(define-module (sheepdog plugin-module)
  #:use-module (ice-9 match)
  #:export (call-with-fresh-module call-keeping-modules))

(define %directories '(monitors handlers))

(define (submodules directory)
  "Return the table of the modules (DIRECTORY NAME), by NAME."
  (module-submodules (resolve-module (list directory) #f)))

(define (module-of file)
  "Return the name of the module that FILE says it is, if that is one of a plugin; else #f."
  (match (false-if-exception (call-with-input-file file read))
    (('define-module (and name ((? (lambda (directory) (memq directory %directories)))
                                (? symbol?)))
       . _)
     name)
    (_ #f)))

(define (call-with-fresh-module file thunk)
  "Return what THUNK, which loads FILE, returns: meanwhile there is no module of the name that FILE
has.  When THUNK does not return, the one that was there is back."
  (match (module-of file)
    (#f (thunk))
    ((directory name)
     (let* ((table (submodules directory))
            (old (hashq-ref table name))
            (done? #f))
       (dynamic-wind
         (lambda () (hashq-remove! table name))
         (lambda ()
           (let ((result (thunk)))
             (set! done? #t)
             result))
         (lambda ()
           (unless done?
             (if old
                 (hashq-set! table name old)
                 (hashq-remove! table name)))))))))

(define (modules-now)
  "Return a thunk that lets the modules of plugins be those that they are now."
  (let ((all (map (lambda (directory)
                    (let ((table (submodules directory)))
                      (cons table (hash-map->list cons table))))
                  %directories)))
    (lambda ()
      (for-each (match-lambda
                  ((table . modules)
                   (hash-clear! table)
                   (for-each (match-lambda ((name . module) (hashq-set! table name module)))
                             modules)))
                all))))

(define (call-keeping-modules thunk)
  "Return what THUNK returns; unless that is true, the modules of plugins are as before."
  (let ((restore! (modules-now)) (keep? #f))
    (dynamic-wind
      (const #t)
      (lambda ()
        (set! keep? (thunk))
        keep?)
      (lambda () (unless keep? (restore!))))))
