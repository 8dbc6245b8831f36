;;; watch.scm -- one thing that a machine watches, as its configuration says
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; A watch is plain data but for its record, so that one worker of the daemon can hand it on to the
;; next, which then need not read the configuration again.

(define-module (sheepdog watch)
  #:autoload (sheepdog config) (config-entries config-ref entry-key entry-value entry-ref
                                entry-option entry-options)
  #:autoload (sheepdog monitor) (monitor-name monitor-every monitor-limit)
  #:autoload (sheepdog name) (short-name)
  #:autoload (sheepdog plugins) (load-monitor available-monitors)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (watch watch? watch-key watch-kind watch-name watch-what watch-every watch-limit
            watch-tag watch-during
            watch->datum datum->watch
            %standard config->watches program-watches))

(define %usual-every (* 5 60000))                 ;ms between two runs of a program
(define %usual-limit 5000)                        ;ms for a sample
(define %program-limit 10000)                     ;ms for a program

(define-record-type <watch>
  (watch key kind name what every limit tag during)
  watch?
  (key watch-key)                                 ;string: the same for as long as nothing is changed
  (kind watch-kind)                               ;monitor | command | nagios
  (name watch-name)                               ;string
  (what watch-what)                               ;of a monitor: alist of options; else list of words
  (every watch-every)                             ;ms between two samples
  (limit watch-limit)                             ;ms that one may take
  (tag watch-tag)                                 ;string | #f: as the sample says
  (during watch-during))                          ;WINDOW | (not WINDOW) | #f: always

(define (watch->datum watch)
  "Return WATCH as a list that can be written and read."
  (list (watch-key watch) (watch-kind watch) (watch-name watch) (watch-what watch)
        (watch-every watch) (watch-limit watch) (watch-tag watch) (watch-during watch)))

(define (datum->watch datum)
  "Return the watch of which DATUM was made."
  (apply watch datum))


;;; Of a configuration that has been found good: its monitors can be loaded.

(define %standard '(disk memory load service inventory)) ;what (watch standard) stands for

(define (common? option)
  (memq (entry-key option) '(every timeout tag during command nagios)))

(define (options->alist entry)
  "Return what ENTRY says of its monitor's own options."
  (map (lambda (option) (cons (entry-key option) (entry-value option)))
       (remove common? (entry-options entry))))

(define (key-of name what tag)
  (string-append name
                 (if (null? what) "" (string-append " " (object->string what)))
                 (if tag (string-append " as " tag) "")))

(define* (monitor-watch name options entry every-all)
  "Return the watch of the monitor NAME, a symbol, under OPTIONS, an alist; ENTRY, or #f, says the
rest."
  (let* ((monitor (load-monitor name))
         (name (symbol->string (monitor-name monitor)))
         (tag (and entry (entry-ref entry 'tag #f))))
    (watch (key-of name options tag) 'monitor name options
           (or (and entry (entry-ref entry 'every #f)) every-all (monitor-every monitor))
           (or (and entry (entry-ref entry 'timeout #f)) (monitor-limit monitor) %usual-limit)
           tag
           (and entry (entry-ref entry 'during #f)))))

(define (program-watch kind entry every-all)
  "Return the watch of KIND, `command' or `nagios', that ENTRY is."
  (let ((name (short-name (symbol->string (entry-value entry))))
        (words (match (entry-ref entry kind)
                 ((? list? words) words)
                 (word (list word))))
        (tag (entry-ref entry 'tag #f)))
    (watch (key-of name words tag) kind name words
           (or (entry-ref entry 'every #f) every-all %usual-every)
           (or (entry-ref entry 'timeout #f) %program-limit)
           tag
           (entry-ref entry 'during #f))))

(define (available? name)
  "Is the monitor NAME, a symbol, installed?  A small system may leave some out."
  (assoc (symbol->string name) (available-monitors)))

(define (program-kind entry)
  "Return `command' or `nagios' where ENTRY, a watch, is of a program, else #f."
  (find (lambda (kind) (entry-option entry kind)) '(command nagios)))

(define (entry->watches entry every-all)
  "Return the watches that ENTRY, a `(watch NAME OPTION...)', stands for."
  (match (entry-value entry)
    ('none '())
    ('standard (map (lambda (name) (monitor-watch name '() entry every-all))
                    (filter available? %standard)))
    (name (list (match (program-kind entry)
                  (#f (monitor-watch (symbol->string name) (options->alist entry) entry
                                     every-all))
                  (kind (program-watch kind entry every-all)))))))

(define (program-watches config name)
  "Return the watches of CONFIG, a good one, that run a program and are called NAME, or have that
tag."
  (filter (lambda (watch)
            (member name (list (watch-name watch) (watch-tag watch))))
          (map (lambda (entry)
                 (program-watch (program-kind entry) entry (config-ref config 'every #f)))
               (filter program-kind (config-entries config 'watch)))))

(define (config->watches config)
  "Return the watches of CONFIG, a good one.  One that is said twice, as `disk' beside `standard', is
watched once."
  (let ((every-all (config-ref config 'every #f)))
    (delete-duplicates
     (append-map (lambda (entry) (entry->watches entry every-all))
                 (config-entries config 'watch))
     (lambda (a b) (string=? (watch-key a) (watch-key b))))))
