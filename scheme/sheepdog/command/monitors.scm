;;; monitors.scm -- `sheepdog monitors': which there are, what they want, how they do
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command monitors)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog config)
  #:use-module (sheepdog error)
  #:use-module (sheepdog guard)
  #:use-module (sheepdog monitor)
  #:use-module ((sheepdog name) #:select (name?))
  #:use-module (sheepdog plugins)
  #:use-module (sheepdog program)
  #:use-module (sheepdog sample)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view monitors)
  #:use-module (sheepdog view org)
  #:use-module (sheepdog watch)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (run
            %syntax
            option-value
            write-new!))

(define %syntax
  (action-syntax
   "monitors" "list | describe NAME | try NAME [OPTION=VALUE...] | new NAME"
   "List the monitors, describe one, try one once on this machine, or begin a new one: a file to be edited, and its test."
   (list (option "wide" "Cut nothing to 80 columns."))
   #:most #f
   #:notes '("Example: sheepdog monitors try disk mount=/export"
             "What the configuration runs, (watch NAME (command ...)), is tried by its NAME, too.")))

;;; list, describe

(define (load-all)
  "What became of loading each monitor: a list of (NAME MONITOR|#f TROUBLE|#f)."
  (map (match-lambda
         ((name . file)
          (with-error-handler
           (lambda (code text hint) (list name #f text))
           (lambda () (list name (load-monitor name) #f)))))
       (sort (available-monitors) (lambda (a b) (string<? (car a) (car b))))))

(define (list-object loaded)
  (match loaded
    ((name #f trouble) `((name . ,name) (error . ,trouble)))
    ((_ monitor _) (monitor-object monitor))))

(define (list-them options common)
  (let* ((all (load-all))
         (objects (map list-object all))
         (answer (lambda ()
                   (document 'monitors (%now)
                             `(monitors . ,(list->vector objects))))))
    (match (assq-ref common 'format)
      ('json (print-json (answer)))
      ('sexp (print-sexp 'sheepdog-monitors (answer)))
      ('org (print-lines (org-table '(name does doc error) objects)))
      (_ (with-color common
           (lambda ()
             (print-lines
              (list-lines (map (match-lambda
                                 ((name monitor trouble)
                                  (monitor-row name monitor trouble)))
                               all)
                          #:wide? (option-ref options 'wide)))))))
    0))

(define (describe name common)
  (let* ((monitor (load-monitor name))
         (object (monitor-object monitor)))
    (match (assq-ref common 'format)
      ('json (print-json object))
      ('sexp (print-sexp 'sheepdog-monitor object))
      ('org (print-lines (org-heading name object)))
      (_ (print-lines (describe-lines monitor))))
    0))

;;; try

(define (readings text)
  "Return what TEXT, a value on the command line, may be meant to be, a list."
  (append (match (string->number text)
            (#f '())
            (number (list number)))
          (list text (string->symbol text))
          (match text
            ("yes" '(#t))
            ("no" '(#f))
            (_ '()))
          (list (string-split text #\,))))

(define (option-value monitor text)
  "Return TEXT, OPTION=VALUE, as a pair for `call-sample': VALUE as the number, text, name,
truth (yes, no) or list (a,b) that the option of MONITOR wants.  Raise `usage' when it wants none of
these."
  (let* ((end (or (string-index text #\=)
                  (raise-error 'usage (format #f "'~a' is no OPTION=VALUE"
                                              (printable text)))))
         (name (string-take text end))
         (value (string-drop text (+ end 1)))
         (option (declared-ref (monitor-options monitor) (string->symbol name))))
    (unless option
      (raise-error 'usage
                   (format #f "unknown option '~a' of monitor '~a'" (printable name)
                           (monitor-name monitor))
                   (or (did-you-mean name (map (compose symbol->string declared-name)
                                               (monitor-options monitor)))
                       "")))
    (cons (declared-name option)
          (match (filter (lambda (value) (declared-fits? option value)) (readings value))
            (() (raise-error 'usage
                             (declared-complaint option monitor (format #f "~s" value))
                             (declared-sentence option)))
            ((value . _) value)))))

(define (reports-of monitor options)
  "The reports of MONITOR under OPTIONS; raise `bad-plugin', with at most three frames
behind the error's own line, when it breaks."
  (call-guarded (or (monitor-file monitor) (symbol->string (monitor-name monitor)))
                (lambda () (call-sample monitor options))
                (lambda (text hint frames)
                  (raise-error 'bad-plugin (string-join (cons text frames) "\n")
                               (or hint "")))))

(define (print-messages messages common)
  (when (null? messages)
    (remark "it has nothing to tell"))
  (match (assq-ref common 'format)
    ('json (print-json (list->vector messages)))
    ('sexp (print-sexp 'sheepdog-messages `((messages . ,(list->vector messages)))))
    ('org (print-lines (org-table '(host tag state summary) messages)))
    (_ (with-color common
         (lambda () (print-lines (message-lines messages))))))
  0)

(define (try-monitor name words common)
  (let ((monitor (load-monitor name)))
    (unless (monitor-sample monitor)
      (raise-error 'usage
                   (format #f "monitor '~a' is not sampled; it ~a" name
                           (monitor-kind monitor))
                   (if (monitor-judge monitor)
                       (format #f "try it with: sheepdog -m ~a --dry-run -e COMMAND" name)
                       "")))
    (let ((host (place-ref (place common) 'name)))
      (print-messages (map (lambda (report) (report-message monitor report host (%now)))
                           (reports-of monitor
                                       (map (lambda (word) (option-value monitor word)) words)))
                      common))))

(define (try-program watch common)
  "Run the program of WATCH as sheepdog-daemon would; what is wrong with it is one more message."
  (let* ((host (place-ref (place common) 'name))
         (sampled (run-watch watch host (%now))))
    (print-messages (append (sampled-messages sampled)
                            (match (sampled-trouble sampled)
                              (#f '())
                              (trouble (list (own-message host (watch-name watch)
                                                          (string-join
                                                           (cons trouble
                                                                 (sampled-frames sampled))
                                                           "; ")
                                                          (%now))))))
                    common)))

(define (programs name common)
  "Return the watches of programs that the configuration of COMMON calls NAME."
  (let ((config (read-config (assq-ref common 'config) #:check? #f)))
    (match (program-watches config name)
      (() '())
      (watches
       (require-good (place common))
       watches))))

(define (try name words common)
  (match (cons (programs name common) words)
    ((() . _) (try-monitor name words common))
    ((watches)
     (for-each (lambda (watch) (try-program watch common)) watches)
     0)
    (_ (raise-error 'usage (format #f "'~a' is a program: it takes no OPTION=VALUE" name)
                    "the configuration has its arguments"))))

;;; new

(define (write-new! file text)
  "Write TEXT to FILE, which must not be there yet, and make its directory if need be."
  (when (file-exists? file)
    (raise-error 'usage (format #f "~a is there already" (printable file))))
  (let make ((directory (dirname file)))
    (unless (file-exists? directory)
      (make (dirname directory))
      (mkdir directory #o700)))
  (call-with-output-file file
    (lambda (port) (display text port))))

(define (new name)
  (unless (name? name)
    (raise-error 'usage (format #f "'~a' cannot be a monitor's name" (printable name))
                 "letters, digits, '.', '_' and '-', a letter or digit first"))
  (let* ((directory (string-append (assq-ref (%paths) 'configuration) "/monitors"))
         (file (format #f "~a/~a.scm" directory name))
         (test (format #f "~a/test/~a-test.scm" directory name)))
    (write-new! file (monitor-template name))
    (write-new! test (test-template name))
    (print-lines (list file test
                       (format #f "edit the first; 'sheepdog monitors try ~a' samples it"
                               name)))
    0))

(define (no-name what)
  (raise-error 'usage (format #f "'monitors ~a' wants a NAME" what)
               "'sheepdog monitors list' has them"))

(define (act words options common)
  "Do what WORDS and OPTIONS ask for; return the exit status."
  (match words
    (() (list-them options common))
    ((what . rest)
     (match (cons (choose-word %syntax what '("list" "describe" "try" "new")) rest)
       (('list) (list-them options common))
       (('describe name) (describe name common))
       (('try name . words) (try name words common))
       (('new name) (new name))
       ((what) (no-name what))
       ((what . _)
        (raise-error 'usage (format #f "one argument too many for 'monitors ~a'" what)
                     "'sheepdog monitors --help' tells more"))))))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (parameterize ((%plugin-path (config-plugin-path
                                   (read-config (assq-ref common 'config) #:check? #f))))
       (act words options common)))))
