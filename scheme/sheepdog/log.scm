;;; log.scm -- where a program's own log goes
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog log)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (ice-9 match)
  #:export (open-log! log-target))

(define* (log-target config #:key where (verbose 0) terminal?)
  "Return two values: where the log goes under CONFIG, a file, \"stderr\" or \"syslog\"; and the level
of what is told at most, a symbol.  WHERE, from the command line, or #f, comes first; VERBOSE is
how often -v was given.  Without either: stderr when it is that of a TERMINAL? or the journal's."
  (let* ((entry (config-entry config 'log))
         (level (if entry (entry-ref entry 'level 'notice) 'notice)))
    (values (cond (where)
                  (entry (match (entry-value entry)
                           ((? symbol? name) (symbol->string name))
                           (file file)))
                  (terminal? "stderr")
                  (else "syslog"))
            (match verbose
              (0 level)
              (1 (if (eq? level 'debug) 'debug 'info))
              (_ 'debug)))))

(define* (open-log! program config #:key where (verbose 0))
  "Open, or open anew, the log of PROGRAM: see `log-target'."
  (call-with-values
      (lambda ()
        (log-target config #:where where #:verbose verbose
                    #:terminal? (or (getenv "JOURNAL_STREAM") (%terminal? 2))))
    (lambda (where level)
      (%open-log program where level))))
