;;; plugins.scm -- load monitors and handlers, by name
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog plugins)
  #:use-module (sheepdog clause)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog handler)
  #:use-module (sheepdog limit)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog name)
  #:use-module (sheepdog plugin-code)
  #:use-module (sheepdog plugin-file)
  #:use-module (sheepdog plugin-module)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:re-export (%plugin-path set-plugin-path!)
  #:export (load-monitor reload-monitor find-monitor available-monitors
            load-handler reload-handler available-handlers
            call-with-plugins-anew bind-plugin-modules!))


;;; The two kinds.

(define-record-type <kind>
  (make-kind noun directory form ref name place record register)
  kind?
  (noun kind-noun)                                ;string: monitor
  (directory kind-directory)                      ;string: monitors
  (form kind-form)                                ;string: define-monitor
  (ref kind-ref)                                  ;(name) -> plugin | #f
  (name kind-name)                                ;(plugin) -> symbol
  (place kind-place)                              ;(plugin) -> (FILE LINE COLUMN)
  (record kind-record)                            ;(thunk) -> list of plugins
  (register kind-register))                       ;(plugin)

(define %monitors
  (make-kind "monitor" "monitors" "define-monitor" monitor-ref monitor-name monitor-place
             call-recording register-monitor!))

(define %handlers
  (make-kind "handler" "handlers" "define-handler" handler-ref handler-name handler-place
             call-recording-handlers register-handler!))


;;; Loading.

(define (place->text place)
  (match place
    ((_ line column)
     (string-append (number->string line) ":" (number->string column)))))

(define (check-defined kind name file defined)
  "Return the one plugin in the list DEFINED, that FILE is to define: NAME."
  (define (complain plugin text hint)
    (raise-error 'bad-plugin
                 (problem-text file (match ((kind-place kind) plugin)
                                      ((_ . place) place))
                               text)
                 hint))
  (define (quoted plugin)
    (string-append "'" (symbol->string ((kind-name kind) plugin)) "'"))
  (match defined
    (() (raise-error 'bad-plugin
                     (problem-text file '(1 1) (string-append "no " (kind-form kind)))))
    ((first second . _)
     (complain second
               (string-append "second " (kind-form kind) " " (quoted second))
               (string-append "the first, " (quoted first) ", is at "
                              (place->text ((kind-place kind) first)))))
    ((plugin)
     (unless (string=? name (symbol->string ((kind-name kind) plugin)))
       (complain plugin
                 (string-append "the " (kind-noun kind) " " (quoted plugin)
                                " in the file of '" name "'")
                 (string-append "one file, one name: " name ".scm")))
     plugin)))

(define (run-file kind file)
  "Return the list of what FILE defines, or a thunk that raises what is wrong with it."
  (call-guarded file
    (lambda ()
      (parameterize ((loading-file file))
        ((kind-record kind)
         (lambda ()
           (save-module-excursion
            (lambda ()
              ((plugin-code (kind-directory kind) file))))))))
    (lambda (text hint frames)
      ;; Raised anew outside of the handler.
      (lambda () (raise-error 'bad-plugin text (or hint ""))))
    #:place (lambda () (last-form file))))

(define (load-file kind name file)
  "Load FILE, register the plugin NAME that it defines, and return it; raise `bad-plugin'."
  (check-plugin-file (kind-directory kind) file)
  (call-with-fresh-module file
    (lambda ()
      (let* ((defined
              (with-limit (string-append (kind-noun kind) " " name ": loading its file")
                %usual-limit
                (lambda () (run-file kind file))))
             (plugin (if (procedure? defined)
                         (defined)
                         (check-defined kind name file defined))))
        ((kind-register kind) plugin)
        plugin))))

(define (missing kind name)
  "Raise the error that there is no plugin NAME of KIND."
  (let ((near (nearest name (map car (list-plugins (kind-directory kind)))))
        (list-them (string-append "'sheepdog " (kind-directory kind) "' lists them")))
    (raise-error 'bad-plugin
                 (string-append "no " (kind-noun kind) " '" (printable name) "'")
                 (if near
                     (string-append "did you mean '" near "'? " list-them)
                     list-them))))

(define (reload kind name)
  "Load the plugin NAME, a string or symbol, of KIND from its file.  If that is broken, the
one that was there stays."
  (let* ((name (short-name name))
         (file (find-plugin (kind-directory kind) name)))
    (if file
        (load-file kind name file)
        (missing kind name))))

(define (load-once kind name)
  (or ((kind-ref kind) (short-name name))
      (reload kind name)))

(define (load-monitor name)
  "Return the <monitor> called NAME, a string or symbol, a leading `monitor-' dropped; loaded
if it is not yet.  Raise `bad-plugin', text `FILE:LINE:COL: error: ...' or `no monitor
'dsk''."
  (load-once %monitors name))

(define %most-misses 1000)

(define %misses (make-hash-table))                ;name -> #f: no file | (text . hint): broken

(define (miss name)
  "Find out whether there is a monitor NAME that is not loaded yet, and remember it if not."
  (when (>= (hash-count (const #t) %misses) %most-misses)
    (hash-clear! %misses))                        ;names come from strangers
  (if (find-plugin "monitors" name)
      (with-error-handler
       (lambda (code text hint)
         (hash-set! %misses name (cons text (or hint "")))
         #f)
       (lambda () (reload %monitors name)))
      (begin
        (hash-set! %misses name #f)
        #f)))

(define (find-monitor name)
  "Return the <monitor> called NAME, a string from a message, or #f: there is none.  Raise
`bad-plugin' if it is broken.  What is missing or broken is looked at once, until
`call-with-plugins-anew'."
  (or (monitor-ref name)
      (and (not (hash-get-handle %misses name))
           (miss name))
      (match (hash-ref %misses name)
        ((text . hint) (raise-error 'bad-plugin text hint))
        (#f #f))))

(define (reload-each reload names)
  (map (lambda (name)
         (cons (symbol->string name)
               (with-error-handler
                (lambda (code text hint) text)
                (lambda () (reload name) #f))))
       names))

(define (reload-all!)
  "Load again every plugin that is loaded, and forget which were missing or broken.  Return an
alist from their names to why they are broken, a text, or #f; one that is stays as it was."
  (hash-clear! %misses)
  (append (reload-each reload-monitor (monitor-names))
          (reload-each reload-handler (handler-names))))

(define (plugins-now)
  "Return a thunk that registers the plugins that are registered now, and no others."
  (let ((monitors (map monitor-ref (monitor-names)))
        (handlers (map handler-ref (handler-names))))
    (lambda ()
      (for-each forget-monitor! (monitor-names))
      (for-each register-monitor! monitors)
      (for-each forget-handler! (handler-names))
      (for-each register-handler! handlers)
      (hash-clear! %misses))))

(define (call-with-plugins-anew path proc)
  "Load again every plugin that is loaded, sought where PATH (see `%plugin-path') says, and return
what (PROC OUTCOMES) returns.  Unless that is true, all plugins are as they were, PATH too.  OUTCOMES
is an alist from the names of plugins to why they are broken, a text, or #f: it is loaded.  One that
is broken stays as it was in any case, whole."
  (let ((restore! (plugins-now))
        (old-path (set-plugin-path! path))
        (keep? #f))
    (dynamic-wind
      (const #t)
      (lambda ()
        (set! keep? (call-keeping-modules (lambda () (proc (reload-all!)))))
        keep?)
      (lambda ()
        (unless keep?
          (set-plugin-path! old-path)
          (restore!))))))

(define (reload-monitor name)
  "Load the monitor NAME again, from its file; see `load-monitor'.  A broken file leaves the
monitor that was there."
  (reload %monitors name))

(define (bind-plugin-modules!)
  "Let a module (monitors NAME) or (handlers NAME) that somebody asks for be that of the plugin
which is found by that name, loaded if it is not yet."
  (for-each
   (lambda (kind)
     (set-module-submodule-binder!
      (resolve-module (list (string->symbol (kind-directory kind))) #f)
      (lambda (directory name)
        ;; While the plugin is loaded, it is its own `define-module' that asks.
        (and (not (loading-file))
             (find-plugin (kind-directory kind) (symbol->string name))
             (load-once kind name)
             (hashq-ref (module-submodules directory) name)))))
   (list %monitors %handlers)))

(define (available-monitors)
  "Return an alist from the name of each monitor there is to its file."
  (list-plugins "monitors"))

(define (load-handler name)
  "Return the <handler> called NAME, a string or symbol; see `load-monitor'."
  (or (handler-ref name)
      (load-once %handlers name)))

(define (reload-handler name)
  "Load the handler NAME again, from its file; see `reload-monitor'."
  (reload %handlers name))

(define (available-handlers)
  "Return an alist from the name of each handler there is to its file."
  (list-plugins "handlers"))
