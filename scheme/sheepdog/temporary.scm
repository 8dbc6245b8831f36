;;; temporary.scm -- a directory that lives as long as a procedure runs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog temporary)
  #:use-module (ice-9 ftw)
  #:export (call-with-temporary-directory with-temporary-directory))

(define (remove-tree file)
  "Remove FILE and, if it is a directory, all below it; links are not followed."
  (when (eq? 'directory (stat:type (lstat file)))
    (chmod file #o700)
    (for-each (lambda (name) (remove-tree (string-append file "/" name)))
              (scandir file (lambda (name) (not (member name '("." "..")))))))
  (if (eq? 'directory (stat:type (lstat file)))
      (rmdir file)
      (delete-file file)))

(define (call-with-temporary-directory proc)
  "Call PROC with the name of a new, private directory, and remove it on every exit."
  (let ((directory (mkdtemp (string-append (or (getenv "TMPDIR") "/tmp")
                                           "/sheepdog-" (make-string 6 #\X))))) ;mkdtemp(3)
    (dynamic-wind
      (const #t)
      (lambda () (proc directory))
      (lambda () (remove-tree directory)))))

(define-syntax-rule (with-temporary-directory (directory) body ...)
  "Run BODY with DIRECTORY bound to the name of a new directory, removed at the end."
  (call-with-temporary-directory (lambda (directory) body ...)))
