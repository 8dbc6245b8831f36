;;; show.scm -- a configuration and the table of keys, as text
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config show)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config address)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config spec)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:export (entry->plain
            config->lines
            keys->lines
            key->lines))

(define %secret "***")

(define (without-secrets value)
  "Return VALUE, plain data, with every password in it replaced."
  (match value
    (('password . _) (list 'password %secret))
    ((? string? text)
     (if (password-in-url? text)
         (regexp-substitute/global #f "(://[^/@:]*):[^/@]*@" text
                                   'pre 1 ":" %secret "@" 'post)
         text))
    ((? list? items) (map without-secrets items))
    (atom atom)))

(define (entry->plain entry)
  "Return ENTRY as it was written, as plain data without its secrets."
  (without-secrets (datum->plain (entry-datum entry))))

(define (plain->text value)
  (datum->string (literal->datum value)))

(define (defaults config)
  "Return what this version does under CONFIG though nobody wrote it, as plain data."
  (filter-map (lambda (key)
                (and (spec-default key)
                     (not (spec-later? key))
                     (not (config-entry config (spec-name key)))
                     (cons (spec-name key) (spec-default key))))
              config-keys))

(define %places 48)                               ;the column where comments begin

(define (commented text comment)
  (string-append (pad text %places) " ;" comment))

(define (config->lines config places)
  "Return CONFIG, what is written and what holds by default, as lines that are a configuration
again, without its secrets.  PLACES is an alist from words to texts to be told at its head."
  (append (list (string-append ";;; " (or (config-file config)
                                          "no configuration: this machine stands alone")))
          (map (match-lambda
                 ((word . text) (string-append ";;; " (pad word 10) text)))
               places)
          '("(config")
          (map (lambda (entry)
                 (commented (string-append " " (plain->text (entry->plain entry)))
                            (entry-place entry)))
               (remove (lambda (entry) (eq? 'include (entry-key entry))) ;what it says is here
                       (config-all-entries config)))
          (map (lambda (value)
                 (commented (string-append " " (plain->text value)) "by default"))
               (defaults config))
          '(" )")))

;;; The table of keys.

(define %width 80)

(define (keys->lines)
  "Return all keys, each with who reads it and what it does, as lines."
  (append (append-map (lambda (key)
                        (beside (string-append (pad (symbol->string (spec-name key)) 18)
                                               (spec-who key))
                                22
                                (spec-sentence key)))
                      config-keys)
          '(""
            "C: the wrapper and hand tools; D: sheepdog-daemon; S: the server."
            "'sheepdog config keys KEY' tells all of one.")))

(define (beside left column text)
  "Return TEXT as lines that begin at COLUMN; LEFT stands before the first, above if it is
longer."
  (let ((lines (wrap text (- %width column)))
        (margin (make-string column #\space)))
    (if (< (string-length left) column)
        (cons (string-append (pad left column) (first lines))
              (map (lambda (line) (string-append margin line)) (cdr lines)))
        (cons left (map (lambda (line) (string-append margin line)) lines)))))

(define (default-text spec)
  (if (spec-default spec)
      (string-append " [" (string-join (map plain->text (spec-default spec))) "]")
      ""))

(define (option-lines option indent)
  "Return what there is to say of OPTION and of its own options."
  (let* ((left (string-append (make-string indent #\space) "("
                              (string-join (cons (symbol->string (spec-name option))
                                                 (value-forms option)))
                              ")"))
         (right (string-append (spec-sentence option) (default-text option)
                               (if (spec-later? option) " (without effect yet)" ""))))
    (append (beside left 30 right)
            (append-map (lambda (inner) (option-lines inner (+ indent 2)))
                        (spec-options option)))))

(define (key->lines key)
  "Return all there is to say of KEY, a <spec>."
  (append (list (string-append "(" (string-join (cons (symbol->string (spec-name key))
                                                      (value-forms key)))
                               (if (null? (spec-options key)) "" " OPTION...") ")"
                               (default-text key))
                (spec-sentence key))
          (if (spec-repeats? key) '("It may be given several times.") '())
          (if (spec-later? key) '("This version checks it; it has no effect yet.") '())
          (append-map (lambda (option) (option-lines option 2)) (spec-options key))))
