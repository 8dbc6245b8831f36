;;; futile.scm -- entries of a configuration that are right, and do nothing: over, or behind one that takes all
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure but for a look whether the mailer's program is there.  `config check' warns of these.

(define-module (sheepdog futile)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog mailer)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (futile-entries))

(define (warning datum text hint)
  (problem-at datum text hint #:warning? #t))

(define (over config key option now words)
  "Return a warning for each of the entries KEY of CONFIG whose time, their OPTION, is over at NOW; WORDS
say what that is."
  (filter-map (lambda (entry)
                (let ((at (entry-ref entry option #f)))
                  (and at
                       (<= at now)
                       (warning (entry-datum (entry-option entry option))
                                (string-append words " is over since " (time->words at now))
                                "take it out, or write a time that comes"))))
              (config-entries config key)))

(define (takes-all? clause)
  "Does CLAUSE, a `(notify ...)', count for every subject at any time?"
  (not (or (entry-option clause 'subject) (entry-option clause 'during))))

(define (behind-all config)
  "Return a warning for each `(notify ...)' of CONFIG behind one that takes all."
  (match (find-tail takes-all? (config-entries config 'notify))
    ((all . rest)
     (map (lambda (clause)
            (warning (entry-datum clause)
                     "this 'notify' never counts: the first that fits does"
                     (string-append "the one at "
                                    (datum-position (entry-datum all)
                                                    (datum-file (entry-datum clause)))
                                    " fits all; write this one before it")))
          rest))
    (#f '())))

(define (without-program config)
  "Return a warning for each mailer of CONFIG whose program cannot be run."
  (filter-map (lambda (entry)
                (let ((program (mailer-program (mailer (entry-value entry)))))
                  (and program
                       (not (access? program X_OK))
                       (warning (second (datum-items (entry-datum entry)))
                                (string-append "cannot find the program " program) #f))))
              (append (config-entries config 'mailer) (config-entries config 'mailer-uri))))

(define (futile-entries config now)
  "Return a warning, a <problem>, for each entry of CONFIG, which has no errors, that does nothing at NOW."
  (append (over config 'silence 'until now "this silence")
          (over config 'diary 'on now "this date")
          (behind-all config)
          (without-program config)))
