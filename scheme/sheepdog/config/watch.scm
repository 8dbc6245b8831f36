;;; watch.scm -- what a configuration says of monitors, against what they declare
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The one place where a configuration meets plugins; they are loaded when a check is a whole one.

(define-module (sheepdog config watch)
  #:use-module (sheepdog config check)
  #:use-module (sheepdog config context)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config keys)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog config types)
  #:use-module (sheepdog error)
  #:use-module (sheepdog name)
  #:use-module (sheepdog quantity)
  #:autoload (sheepdog monitor) (declared-name declared-sentence declared-default declared-fits?
                                 declared-complaint declared-ref monitor-options
                                 monitor-sample monitor-judge)
  #:autoload (sheepdog plugins) (load-monitor available-monitors %plugin-path)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:export (check-watch
            find-monitor
            monitor-with-option
            watch-tag))

(define %groups '(standard none))                 ;names of watches that are no monitors

(define %place (make-regexp "^(.+):([0-9]+):([0-9]+): error: (.*)$"))
(define %file (make-regexp "^(.+): error: (.*)$"))

(define (note-trouble! context datum text hint)
  "Note what is told of a monitor that DATUM asks for: TEXT may begin with the place in its
file, as in `FILE:LINE:COL: error: ...'."
  (define (part found n) (match:substring found n))
  (cond ((regexp-exec %place text)
         => (lambda (found)
              (add-problem! context
                            (make-problem (part found 1) (parse-whole (part found 2))
                                          (parse-whole (part found 3)) (part found 4)
                                          hint #f))))
        ((regexp-exec %file text)
         => (lambda (found)
              (add-problem! context
                            (make-problem (part found 1) 0 0 (part found 2) hint #f))))
        (else (complain! context datum text hint))))

(define-syntax-rule (with-path context body ...)
  "Evaluate BODY with monitors sought where the configuration of CONTEXT says."
  (parameterize ((%plugin-path (list (cons "monitors"
                                           (context-names context 'monitor-path)))))
    body ...))

(define (find-monitor name datum context)
  "Return the monitor NAME (a symbol), that DATUM asks for, loaded; #f when there is none that
can be used, and then what is wrong is noted in CONTEXT."
  (with-error-handler
   (lambda (code text hint)
     (note-trouble! context datum text hint)
     #f)
   (lambda ()
     (with-path context (load-monitor name)))))

(define (find-sampled name datum context)
  "Likewise for a monitor that can watch: one that judges commands, or only takes messages, cannot."
  (let ((monitor (find-monitor name datum context)))
    (cond ((not monitor) #f)
          ((monitor-sample monitor) monitor)
          (else
           (complain! context datum
                      (string-append "monitor '" (symbol->string name) "' cannot be watched with"
                                     ": it is not sampled")
                      (if (monitor-judge monitor)
                          (string-append "it judges commands: sheepdog -m "
                                         (symbol->string name) " -e COMMAND")
                          "'sheepdog monitors list' tells which are"))
           #f))))

(define (monitor-with-option name context)
  "Return the name, a string, of a monitor that has an option NAME (a symbol), or #f."
  (with-path context
    (any (match-lambda
           ((monitor . _)
            (with-error-handler
             (const #f)
             (lambda ()
               (and (declared-ref (monitor-options (load-monitor monitor)) name)
                    monitor)))))
         (available-monitors))))

;;; A `watch' is checked against a <spec> made for it: the options of all and its monitor's own.

(define (option-value declared value)
  "Return the list of what VALUE, plain data, is worth to the option DECLARED; () if nothing."
  (filter (lambda (candidate) (declared-fits? declared candidate))
          (append (list value)
                  (match value
                    ('yes '(#t))
                    ('no '(#f))
                    (_ '()))
                  (if (list? value) '() (list (list value))))))

(define (option-type declared monitor)
  (make-type "VALUE"
             (lambda (datum key context)
               (match (option-value declared (datum->plain datum))
                 ((value . _) value)
                 (() (wrong (declared-complaint declared monitor (datum->text datum))
                            (declared-sentence declared)))))
             #:nested? #t))

(define (item-type declared monitor)
  "Return the type of one of the values of the option DECLARED, which is a list."
  (make-type "VALUE"
             (lambda (datum key context)
               (let ((value (datum->plain datum)))
                 (cond ((list? value)
                        (wrong (declared-complaint declared monitor (datum->text datum))
                               "several values stand one after the other, without parentheses"))
                       ((declared-fits? declared (list value)) value)
                       (else
                        (wrong (declared-complaint declared monitor (datum->text datum))
                               (declared-sentence declared))))))
             #:nested? #t))

(define (option-spec declared monitor)
  "An option whose default is a list takes any number of values, else one."
  (spec (declared-name declared)
        (if (list? (declared-default declared))
            (list (item-type declared monitor) '*)
            (list (option-type declared monitor)))
        (declared-sentence declared)))

(define (watch-spec label options . more)
  (apply spec 'watch '(name) (spec-sentence (find-key 'watch))
         #:label label #:options options more))

(define (lenient-options datum)
  "Return specs of all options that DATUM, a watch, has and that are not those of every watch."
  (filter-map (lambda (item)
                (let ((name (datum-head item)))
                  (and name
                       (not (find (lambda (option) (eq? name (spec-name option)))
                                  watch-options))
                       (spec name '(any *) ""))))
              (datum-items datum)))

(define (options-given datum)
  (filter-map datum-head (datum-items datum)))

(define (spec-for datum name name-datum context)
  "Return the <spec> for the watch DATUM of NAME, a symbol; #f when its monitor is of no use."
  (define label
    (string-append "monitor '" (symbol->string name) "'"))
  (cond ((memq name %groups)
         (watch-spec (string-append "'watch " (symbol->string name) "'")
                     (if (eq? name 'standard)
                         (filter (lambda (option)
                                   (memq (spec-name option) '(every timeout during)))
                                 watch-options)
                         '())))
        ((any (lambda (option) (memq option '(command nagios))) (options-given datum))
         (watch-spec "'watch'" watch-options #:needs '((command nagios))))
        ((not (context-look? context))
         (watch-spec label (append watch-options (lenient-options datum))))
        ((find-sampled name name-datum context)
         => (lambda (monitor)
              (watch-spec label
                          (append watch-options
                                  (map (lambda (declared) (option-spec declared monitor))
                                       (monitor-options monitor))))))
        (else #f)))

(define (check-watch datum context)
  "Return the <entry> that DATUM, a (watch NAME OPTION...), is, or #f; what is wrong with it is
noted in CONTEXT."
  (define plain (find-key 'watch))
  (match (datum-items datum)
    ((_ (and name-datum (= datum-word (? string? (? name? word)))) . _)
     (let ((spec (spec-for datum (string->symbol (short-name word)) name-datum context)))
       (and spec (check-entry datum spec context))))
    (_ (check-entry datum plain context))))

(define (watch-tag entry)
  "Return the tag, a string, that the watch ENTRY is sure to have, or #f when its monitor
chooses it."
  (or (entry-ref entry 'tag)
      (and (or (entry-option entry 'command) (entry-option entry 'nagios))
           (symbol->string (entry-value entry)))))
