;;; import.scm -- the configuration of the Ruby sheepdog, made one of ours
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The ancestor reads JSON from ~/.config/sheepdog/sheepdog.conf or ~/.redis.conf: an object of
;; hosts, {"HOST": {"password": "..."}}, or {"redis": {"host": ..., "port": ..., "password": ...}}.

(define-module (sheepdog config import)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (import-ancestor))

(define (object? value)
  (and (list? value) (every pair? value)))

(define (keep keys value)
  "Return the entries of VALUE, an object, that are ours as they are and one of KEYS."
  (filter (match-lambda
            ((key . value) (and (memq key keys) (or (string? value) (exact-integer? value)))))
          value))

(define %redis '(host port password))

(define (redis value)
  "Return the list of entries for VALUE, an object with host, port or password; () for none."
  (match (keep %redis value)
    (() '())
    (known `((redis ,@(map (match-lambda ((key . value) (list key value))) known))))))

(define (entries json)
  "Return two values: the entries, as plain data, that say what JSON says, and the names of what
in it says nothing to us."
  (let loop ((rest json) (entries '()) (flat '()) (strange '()))
    (match rest
      (() (values (append (redis (reverse flat)) (reverse entries)) (reverse strange)))
      ((('redis . (? object? value)) . rest)
       (loop rest (append (redis value) entries) flat strange))
      ((((or 'mailto 'email) . (? string? address)) . rest)
       (loop rest (cons `(mailto ,address) entries) flat strange))
      ((('log . (? string? file)) . rest)
       (loop rest (cons `(log ,file) entries) flat strange))
      (((and pair ((or 'host 'port 'password) . (or (? string?) (? exact-integer?)))) . rest)
       (loop rest entries (cons pair flat) strange))
      (((host . (and value (('password . (? string?)) . _))) . rest)
       (loop rest
             (append (redis (acons 'host (symbol->string host) value)) entries)
             flat strange))
      (((key . _) . rest)
       (loop rest entries flat (cons (symbol->string key) strange))))))

(define (entry->text entry)
  (string-append " " (datum->string (literal->datum entry))))

(define (import-ancestor json)
  "Return two values: the text of a configuration that says what JSON, the object of the
ancestor's configuration, says; and the names of its keys that were left out.  Of several hosts
all but the first are comments."
  (call-with-values (lambda () (entries json))
    (lambda (entries strange)
      (let* ((redis? (lambda (entry) (eq? 'redis (first entry))))
             (others (match (filter redis? entries)
                       (() '())
                       ((_ . others) others)))
             (used (remove (lambda (entry) (memq entry others)) entries)))
        (values (string-append
                 "(config\n"
                 (string-join (map entry->text used) "\n")
                 (string-concatenate
                  (map (lambda (entry) (string-append "\n ;" (string-trim (entry->text entry))))
                       others))
                 "\n )\n")
                strange)))))
