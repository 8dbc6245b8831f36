;;; reload.scm -- SIGHUP: configuration and plugins read again, all that is good or nothing
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One transaction: plugins are loaded where the new configuration has them sought, then it is
;; checked against them.  An error in it keeps the whole old one and all old plugins.  A plugin that
;; is broken by itself keeps its old version, whole, and nothing else waits for it to be mended.

(define-module (sheepdog command reload)
  #:use-module (sheepdog command service)
  #:use-module (sheepdog config)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog plugins)
  #:use-module (ice-9 match)
  #:export (reload))

(define (one-line text)
  (string-join (string-split text #\newline) "; "))

(define (error-texts config)
  (map (lambda (problem) (one-line (problem->text problem)))
       (config-errors config)))

(define (call-telling-manager thunk)
  "Call THUNK, and let the service manager know that this is a reload."
  (dynamic-wind
    (lambda () (%notify-manager "RELOADING=1"))
    thunk
    (lambda () (%notify-manager "READY=1"))))

(define (read-anew program options prepare)
  "Return two values: (CONFIG PREPARED OUTCOMES) of what was read and taken up, or #f; and a list of
texts, why nothing was."
  (define file (assq-ref options 'config))
  (define complaints '())
  (define (refuse texts)
    (set! complaints texts)
    #f)
  (let ((taken
         (call-with-plugins-anew (config-plugin-path (read-config file #:check? #f))
           (lambda (outcomes)
             (let ((config (read-config file)))
               (if (config-good? config)
                   (with-error-handler
                    (lambda (code text hint) (refuse (list text)))
                    (lambda ()
                      (let ((prepared (prepare config)))
                        (open-log-again! program config options)
                        (list config prepared outcomes))))
                   (refuse (error-texts config))))))))
    (values taken complaints)))

(define (reload program old options prepare)
  "Read the configuration, OLD up to now, of the daemon PROGRAM again, and its plugins; open its log
anew.  Return three values: the configuration in force from now on; what (PREPARE CONFIG), true, made
of it, and an alist from the names of plugins to why they are broken, a text, or #f.  When there are
errors, an error of ours that PREPARE raises among them, the last two are #f, and nothing has changed."
  (call-telling-manager
   (lambda ()
     (call-with-values (lambda () (read-anew program options prepare))
       (lambda (taken complaints)
         (match taken
           ((config prepared outcomes)
            (for-each (match-lambda
                        ((name . trouble) (when trouble (%log 'error (one-line trouble)))))
                      outcomes)
            (%log 'notice "configuration read again")
            (values config prepared outcomes))
           (#f
            (open-log-again! program old options)
            (for-each (lambda (text) (%log 'error text)) complaints)
            (%log 'error "the new configuration has errors: the old one stays")
            (values old #f #f))))))))
