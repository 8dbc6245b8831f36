;;; load.scm -- the oracle's modules, compiled in memory first: they try everything, so speed counts
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (system base compile))

(define %here (dirname (current-filename)))

(define (load-oracle! . modules)
  "Compile MODULES, files beside this one that stand on those before them, and load them."
  (for-each
   (lambda (module)
     (let* ((port (mkstemp! (string-copy "/tmp/oracle-XXXXXX")))
            (go (port-filename port)))
       (compile-file (string-append %here "/" module ".scm")
                     #:output-file go #:opts '(#:warnings (unbound-variable arity-mismatch)))
       (save-module-excursion (lambda () (load-compiled go)))
       (close port)
       (delete-file go)))
   modules))
