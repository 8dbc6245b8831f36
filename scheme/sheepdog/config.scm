;;; config.scm -- a configuration: read, checked, and asked for what it says
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A configuration is data and never evaluated.  The core reads the files (bytes and syntax);
;; (sheepdog config check) compares each entry with the table of (sheepdog config keys), and
;; (sheepdog config rules) the entries with each other.  All that is wrong is found in one run.

(define-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog config check)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config file)
  #:use-module (sheepdog config keys)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog config rules)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog config watch)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (read-config
            config?
            config-file
            config-files
            config-all-entries
            config-problems
            config-errors
            config-good?
            config-entries
            config-entry
            config-ref
            config-plugin-path
            config-keys)
  #:re-export (entry-key
               entry-arguments
               entry-value
               entry-option
               entry-options
               entry-ref
               entry-place
               entry-datum
               problem?
               problem-file
               problem-line
               problem-column
               problem-text
               problem-hint
               problem-warning?
               problem->text))

(define-record-type <config>
  (make-config file files entries problems)
  config?
  (file config-file)                              ;string | #f: there is none, standalone
  (files config-files)                            ;list of strings: it and what it includes
  (entries config-all-entries)                    ;list of <entry>, those without an error
  (problems config-problems))                     ;list of <problem>, by file and place

(define* (read-config given #:key (check? #t))
  "Return the <config> of the file GIVEN, or with #f of the usual one, if any.  It never raises:
what is wrong is among its problems, and entries with errors are not among its entries.  With
CHECK? false no plugin is loaded and no file named is looked at; the options of monitors are
not checked then."
  (match (%find-configuration given)
    (#f (make-config #f '() '() '()))
    (file
     (let* ((loaded (load-files file))
            (data (loaded-data loaded))
            (context (make-context #:look? check? #:names (declared-names data)))
            (entries (check-data data context)))
       (check-rules entries context)
       (make-config file (loaded-files loaded) entries
                    (in-order (append (loaded-problems loaded) (context-problems context))
                              (loaded-files loaded)))))))

(define (in-order problems files)
  "Return PROBLEMS in the order of FILES, and within a file by place."
  (define (index problem)
    (or (list-index (lambda (file) (string=? file (problem-file problem))) files)
        (length files)))
  (stable-sort problems
               (lambda (a b)
                 (let ((of-a (index a)) (of-b (index b)))
                   (or (< of-a of-b)
                       (and (= of-a of-b) (problem<? a b)))))))

(define (declared-names data)
  "Return the context's alist of the names that the entries DATA declare, and of the directories
where they have monitors sought."
  (define (names key)
    (filter-map (lambda (datum)
                  (match (datum-items datum)
                    ((_ name . _) (and=> (datum-word name) string->symbol))
                    (_ #f)))
                (filter (lambda (datum) (eq? key (datum-head datum))) data)))
  (acons 'monitor-path (directories 'monitor-path data)
         (map (lambda (key) (cons key (names key))) '(window job webhook))))

(define (directories key data)
  "Return the strings that the entries KEY of DATA have."
  (append-map (lambda (datum)
                (if (eq? key (datum-head datum))
                    (filter string? (map datum-value (cdr (datum-items datum))))
                    '()))
              data))

(define (check-data data context)
  "Return the <entry>s of DATA, the entries of a configuration as written; those with an error
are left out, and it is noted in CONTEXT."
  (define (errors)
    (count (negate problem-warning?) (context-problems context)))
  (let loop ((data data) (seen '()) (entries '()))
    (match data
      (() (reverse entries))
      ((datum . rest)
       (let ((spec (and (datum-head datum) (find-key (datum-head datum))))
             (before (errors)))
         (cond ((not spec)
                (complain-of-stranger datum context)
                (loop rest seen entries))
               (else
                (let* ((seen (if (spec-repeats? spec)
                                 seen
                                 (note-first context (datum-name datum) seen)))
                       (entry (if (eq? 'watch (spec-name spec))
                                  (check-watch datum context)
                                  (check-entry datum spec context))))
                  (loop rest seen
                        (if (and entry (= before (errors)))
                            (cons entry entries)
                            entries))))))))))

(define (complain-of-stranger datum context)
  "Note that DATUM, an entry of the configuration, has no key that we know."
  (let ((name (datum-head datum)))
    (cond (name
           (let ((word (symbol->string name)))
             (complain! context (datum-name datum)
                        (string-append "unknown key '" word "'")
                        (or (where-it-belongs name context)
                            (did-you-mean word (key-names))))))
          (else
           (complain! context datum
                      (string-append "expected (KEY VALUE...), got " (datum->text datum)))))))

(define (where-it-belongs name context)
  "Return the hint that the option NAME, a symbol, belongs into an entry, or #f."
  (define (hint entry)
    (string-append "it belongs into (" entry " ...)"))
  (cond ((find (lambda (key) (spec-option key name)) config-keys)
         => (lambda (key) (hint (symbol->string (spec-name key)))))
        ((and (context-look? context) (monitor-with-option name context))
         => (lambda (monitor) (hint (string-append "watch " monitor))))
        (else #f)))

;;; Asking.

(define config-keys keys)                         ;list of <spec>: the table, for `config keys'

(define (config-errors config)
  "Return those problems of CONFIG that are no warnings."
  (remove problem-warning? (config-problems config)))

(define (config-good? config)
  "Is CONFIG without errors?  Warnings are none."
  (null? (config-errors config)))

(define (config-entries config key)
  "Return the list of the <entry>s of KEY, a symbol, in CONFIG; where there is none, what is in
force then, such as (watch standard), if anything."
  (match (filter (lambda (entry) (eq? key (entry-key entry))) (config-all-entries config))
    (() (let ((spec (find-key key)))
          (if (and (spec-repeats? spec) (spec-default spec))
              (list (check-entry (literal->datum (cons key (spec-default spec)))
                                 spec (make-context)))
              '())))
    (entries entries)))

(define (config-entry config key)
  "Return the <entry> of KEY, a symbol, in CONFIG, or #f; the first if it repeats."
  (find (lambda (entry) (eq? key (entry-key entry))) (config-all-entries config)))

(define* (config-ref config key #:optional (default #f))
  "Return what CONFIG says of KEY, a symbol: its value, or the list of its values where it may
have several.  Where it is not given: DEFAULT, else the default of the table, else #f or ()."
  (match (config-entry config key)
    (#f (or default (default-value (find-key key))))
    (entry (entry-value entry))))

(define (config-plugin-path config)
  "Return where CONFIG has plugins sought first: the value for `%plugin-path' of (sheepdog
plugins)."
  `(("monitors" ,@(config-ref config 'monitor-path))
    ("handlers" ,@(config-ref config 'handler-path))))
