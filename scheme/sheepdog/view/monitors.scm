;;; monitors.scm -- monitors described: what they do, what one may say to them
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view monitors)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog monitor)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (monitor-kind
            monitor-row
            list-lines
            describe-lines
            monitor-object
            message-lines
            monitor-template
            test-template))

(define (monitor-kind monitor)
  "What MONITOR does, in a few words."
  (cond ((monitor-sample monitor)
         (string-append "sampled every " (duration->text (monitor-every monitor))))
        ((monitor-judge monitor) "judges commands")
        (else "takes messages")))

(define (first-line text)
  (car (string-split text #\newline)))

(define (monitor-row name monitor trouble)
  "The cells of the monitor NAME, a <monitor>, or #f with the TROUBLE it makes."
  (if monitor
      (list name (monitor-kind monitor) (printable (first-line (monitor-doc monitor))))
      (list name (styled 'fail "broken") (printable trouble))))

(define* (list-lines rows #:key (wide? #f))
  "Return the lines of `sheepdog monitors list' for ROWS of `monitor-row', in 79 columns unless WIDE?."
  (columns->lines rows #:shrink '(2) #:room (if wide? 1000000 (- %columns 1))))

(define (option-row option)
  (list (symbol->string (declared-name option))
        (datum->text (declared-default option))
        (declared-wants option)
        (printable (declared-sentence option))))

(define (field-row field)
  (list (symbol->string (declared-name field))
        (declared-wants field)
        (printable (declared-sentence field))))

(define (example monitor)
  "Return the lines of an entry of the configuration for MONITOR: its options with their defaults, and
below those that have none."
  (define (unset? option)
    (memv (declared-default option) '(#f ())))
  (define (text option)
    (if (unset? option)
        (format #f "(~a ...)" (declared-name option))
        (format #f "(~a ~a)" (declared-name option) (datum->text (declared-default option)))))
  (call-with-values (lambda () (partition unset? (monitor-options monitor)))
    (lambda (unset set)
      (append (fill-options (format #f "  (watch ~a" (monitor-name monitor)) (map text set))
              (if (null? unset)
                  '()
                  (map (lambda (line) (string-append "    ;" line))
                       (wrap (string-append "besides, as one wants them: "
                                            (string-join (map text unset) " "))
                             72)))))))

(define (fill-options head options)
  "Return the lines of HEAD, which opens a list, and OPTIONS, up to 80 columns wide."
  (let loop ((line head) (options options) (lines '()))
    (match options
      (() (reverse (cons (string-append line ")") lines)))
      ((option . rest)
       (if (> (+ (text-width line) (text-width option) 2) 80)
           (loop (string-append "    " option) rest (cons line lines))
           (loop (string-append line " " option) rest lines))))))

(define (explained rows)
  (concatenate (rows->wrapped-lines rows #:margin "  ")))

(define (section title lines)
  (if (null? lines) '() (cons title lines)))

(define (describe-lines monitor)
  "Return the lines of `sheepdog monitors describe' for MONITOR."
  `(,(format #f "~a: ~a" (monitor-name monitor) (monitor-kind monitor))
    ,@(map (lambda (line) (string-append "  " line))
           (wrap (printable (monitor-doc monitor) #:lines? #t) 76))
    ,@(section "options, their defaults, what they want"
               (explained (map option-row (monitor-options monitor))))
    ,@(section "fields of its messages"
               (explained (map field-row (monitor-fields monitor))))
    ,@(section "in the configuration"
               (if (monitor-sample monitor) (example monitor) '()))
    ,@(section "defined in"
               (if (monitor-file monitor)
                   (list (string-append "  " (printable (monitor-file monitor))))
                   '()))))

(define (declared-object declared)
  `((name . ,(declared-name declared))
    (wants . ,(declared-wants declared))
    (default . ,(if (declared-default declared)
                    (datum->text (declared-default declared))
                    'null))
    (sentence . ,(declared-sentence declared))))

(define (monitor-object monitor)
  "Return MONITOR as an object of a document."
  `((name . ,(monitor-name monitor))
    (doc . ,(monitor-doc monitor))
    (does . ,(monitor-kind monitor))
    (every . ,(seconds (monitor-every monitor)))
    (options . ,(list->vector (map declared-object (monitor-options monitor))))
    (fields . ,(list->vector (map declared-object (monitor-fields monitor))))
    (file . ,(absent (monitor-file monitor)))))

;;; Trying one

(define (message-lines messages)
  "Return the lines of `sheepdog monitors try' for MESSAGES, alists as of `make-bark'."
  (define (shown key value)
    (cons key (printable (if (string? value) (string-trim-right value) (datum->text value)))))
  (append-map
   (lambda (message)
     (define (ref key) (assq-ref message key))
     (define state
       (match (ref 'state)
         ((? string? word) (string->symbol word))
         (state state)))
     (cons (string-append (paint state (state-mark state)) " "
                          (printable (or (ref 'tag) (ref 'monitor)))
                          "  " (paint state (state-word state)) "  "
                          (printable (or (ref 'summary) "")))
           (labelled-lines
            (append
             (map (match-lambda
                    ((name . value) (shown (symbol->string name) (datum->text value))))
                  (or (ref 'fields) '()))
             (map (lambda (fact) (shown "fact" (vector->list fact)))
                  (vector->list (or (ref 'facts) #())))
             (map (match-lambda
                    ((name . value) (shown (symbol->string name) value)))
                  (or (ref 'outcome) '()))))))
   messages))

;;; A new one

(define (monitor-template name)
  "Return the text of a file that defines the monitor NAME and can be edited from there."
  (format #f ";;; ~a.scm -- what it watches

(define-module (monitors ~a)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor ~a
  \"Bark when there are more of something than there should be.\"
  (options
   (directory string? \"/tmp\" \"Where to count files.\")
   (warn integer? 1000 \"Warn above this many.\")
   (fail integer? 10000 \"Fail above this many.\"))
  (fields
   (files integer? \"How many files there are.\"))
  (every \"5m\")
  (sample
   (let ((files (count-files directory)))
     (report #:state (grade files warn fail)
             #:summary (format #f \"~~a files in ~~a\" files directory)
             #:fields `((files . ,files)))))
  (receive (message)
    `((store (files-in ,(message-host message) ,files)))))

(define (count-files directory)
  \"Return how many entries DIRECTORY has.\"
  (let ((stream (opendir directory)))
    (let loop ((count -2))                        ;. and .. are none
      (if (eof-object? (readdir stream))
          (begin (closedir stream) count)
          (loop (+ count 1))))))
" name name name))

(define (test-template name)
  "Return the text of a test of the monitor that `monitor-template' makes of NAME."
  (format #f ";;; ~a-test.scm -- the monitor ~a, without waiting and without a server

(use-modules (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog test))

(run-tests \"~a\"
  (define monitor (load-monitor \"~a\"))

  (with-temporary-directory (directory)
    (test-equal \"an empty directory is ok\"
      '(ok)
      (map report-state (call-sample monitor `((directory . ,directory)))))
    (call-with-output-file (string-append directory \"/file\") (const #t))
    (test-equal \"it warns above its limit\"
      '(warn)
      (map report-state
           (call-sample monitor `((directory . ,directory) (warn . 0)))))))
" name name name name))
