;;; config.scm -- `sheepdog config': begin, check and explain a configuration
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command config)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config import)
  #:use-module (sheepdog config sample)
  #:use-module (sheepdog config show)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog futile)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog unmatched)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax
            check-status))

(define %syntax
  (action-syntax
   "config" "new [client|machine|server] | check [FILE] | show | keys [KEY] | import FILE"
   "Print a configuration to begin with, check one, show what is in force, list the keys, or make one of the Ruby sheepdog's."
   '()
   #:least 1 #:most 2
   #:notes '("Exit status of check and show: 0 good, 1 warnings only, 2 errors."
             "Example: sheepdog config new > ~/.sheepdog.conf")))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (match words
       ((part . rest)
        (let ((rest (match rest (() #f) ((word) word))))
          (match (choose-word %syntax part '("new" "check" "show" "keys" "import"))
            ('new (new (or rest "client")))
            ('check (check (or rest (assq-ref common 'config)) common))
            ('show (show (or rest (assq-ref common 'config)) common))
            ('keys (if rest (explain-key rest) (print-lines (keys->lines))) 0)
            ('import (import-file rest)))))))))

(define (new kind)
  (display (assoc-ref samples
                      (symbol->string (choose-word %syntax kind (map car samples)))))
  0)

;;; check

(define (check-status config)
  "Return the exit status that tells of CONFIG: 0 good, 1 warnings only, 2 errors."
  (cond ((not (config-good? config)) 2)
        ((pair? (config-problems config)) 1)
        (else 0)))

(define (problem->object problem)
  `((file . ,(problem-file problem))
    ,@(if (zero? (problem-line problem))
          '()
          `((line . ,(problem-line problem)) (column . ,(problem-column problem))))
    (severity . ,(if (problem-warning? problem) "warning" "error"))
    (text . ,(problem-text problem))
    (hint . ,(absent (problem-hint problem)))))

(define (known-subjects config)
  "Return what the server of CONFIG has heard of, pairs (HOST . TAG), if its database is here."
  (with-error-handler
   (const '())
   (lambda ()
     (let ((place (place `((config . ,(config-file config))))))
       (if (and (config-good? config) (has-database? place))
           (call-with-place-database place 'read-only
             (lambda (db)
               (map (match-lambda (#(host tag) (cons host tag)))
                    (sql db "SELECT host, tag FROM subject"))))
           '())))))

(define (check file common)
  (let* ((config (read-config file))
         (problems (append (config-problems config)
                           (if (config-good? config) (futile-entries config (%now)) '())
                           (unmatched-patterns config (known-subjects config))))
         (errors (length (config-errors config)))
         (warnings (- (length problems) errors))
         (answer (lambda ()
                   (document 'config-check (%now)
                             `(file . ,(absent (config-file config)))
                             `(errors . ,errors)
                             `(warnings . ,warnings)
                             `(problems . ,(list->vector (map problem->object problems)))))))
    (match (assq-ref common 'format)
      ('json (print-json (answer)))
      ('sexp (print-sexp 'sheepdog-config-check (answer)))
      (_ (print-lines
          (append (map problem->text problems)
                  (list (if (config-file config)
                            (string-append (plural errors "error") ", "
                                           (plural warnings "warning"))
                            "no configuration: this machine stands alone"))))))
    (cond ((positive? errors) 2)
          ((positive? warnings) 1)
          (else 0))))

;;; show

(define (places config)
  "Return where CONFIG has things lie: what the core makes of it."
  (let ((settings (%settings->alist (%settings (config-file config)))))
    (map (lambda (key) (cons (symbol->string key) (assq-ref settings key)))
         '(name queue spool state))))

(define (show file common)
  (let* ((config (read-config file))
         (places (places config))
         (answer (lambda ()
                   (document 'config (%now)
                             `(file . ,(absent (config-file config)))
                             `(places . ,(map (match-lambda
                                                ((key . value)
                                                 (cons (string->symbol key) (absent value))))
                                              places))
                             `(entries . ,(list->vector
                                           (map (lambda (entry)
                                                  (nested-vector (entry->plain entry)))
                                                (config-all-entries config))))))))
    (for-each (lambda (problem)
                (display (problem->text problem) (current-error-port))
                (newline (current-error-port)))
              (config-problems config))
    (match (assq-ref common 'format)
      ('json (print-json (answer)))
      ('sexp (print-sexp 'sheepdog-config (answer)))
      (_ (print-lines (config->lines config places))))
    (check-status config)))

(define (nested-vector value)
  "Return VALUE, plain data, with vectors, JSON's arrays, for lists."
  (if (list? value)
      (list->vector (map nested-vector value))
      value))

;;; keys

(define (explain-key name)
  (let ((key (find (lambda (key) (string=? name (symbol->string (spec-name key))))
                   config-keys)))
    (unless key
      (raise-error 'usage (string-append "unknown key '" (printable name) "'")
                   (or (did-you-mean name (map (lambda (key) (symbol->string (spec-name key)))
                                               config-keys))
                       "'sheepdog config keys' lists them")))
    (print-lines (key->lines key))))

;;; import

(define (file-bytes file)
  (catch 'system-error
    (lambda ()
      (call-with-input-file file
        (lambda (port)
          (match (get-bytevector-all port)
            ((? eof-object?) "")
            (bytes bytes)))
        #:binary #t))
    (lambda arguments
      (raise-error 'usage (string-append "cannot read " (printable file) ": "
                                         (strerror (system-error-errno arguments)))))))

(define (read-json file)
  "Return the JSON object in FILE; raise an error that names the file."
  (let ((bytes (file-bytes file)))
    (match (with-error-handler
            (lambda (code text hint)
              (raise-error 'usage (string-append (printable file) ":" text) (or hint "")))
            (lambda () (%json-read bytes)))
      (((? list? object) . _) object)
      (_ (raise-error 'usage (string-append (printable file) ": it has no JSON object"))))))

(define (import-file file)
  (unless file
    (raise-error 'usage "'import' wants the FILE of the Ruby sheepdog"
                 "such as ~/.config/sheepdog/sheepdog.conf or ~/.redis.conf"))
  (call-with-values (lambda () (import-ancestor (read-json file)))
    (lambda (text strange)
      (display text)
      (for-each (lambda (key)
                  (%complain (string-append "'" (printable key) "' was left out")
                             "sheepdog has nothing like it" 'warning))
                strange)
      (if (null? strange) 0 1))))
