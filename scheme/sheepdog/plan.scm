;;; plan.scm -- what the daemon of a machine is to do: its configuration, as plain data
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Made once, of a configuration that has been found good, and handed on from one worker to the next:
;; the files may change meanwhile, the plan does not until somebody tells the daemon to reload.

(define-module (sheepdog plan)
  #:autoload (sheepdog config) (config-file config-files config-entries config-ref
                                config-plugin-path entry-arguments)
  #:use-module (sheepdog core)
  #:use-module (sheepdog watch)
  #:autoload (sheepdog week) (entry->window-datum)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-9)
  #:export (plan-file plan-host plan-heartbeat plan-jitter plan-labels plan-watches plan-windows
            plan-plugin-path plan-state plan-pid-file plan-log plan-standalone? plan-repl?
            config->plan plan->datum datum->plan hold-files!))

(define-record-type <plan>
  (make-plan file texts host state standalone? log pid-file plugin-path heartbeat jitter labels
             windows watches repl?)
  plan?
  (file plan-file)                                ;string: the configuration | #f
  (texts plan-texts)                              ;alist: its files -> what is in them
  (host plan-host)                                ;string
  (state plan-state)                              ;string: the directory of state
  (standalone? plan-standalone?)                  ;is the machine its own server?
  (log plan-log)                                  ;(WHERE LEVEL), as for `%open-log'
  (pid-file plan-pid-file)                        ;string | #f
  (plugin-path plan-plugin-path)                  ;as for `set-plugin-path!'
  (heartbeat plan-heartbeat)                      ;ms | #f: none
  (jitter plan-jitter)                            ;share from 0 to 1
  (labels plan-labels)                            ;list of (NAME VALUE)
  (windows plan-windows)                          ;list of data, as for `datum->window'
  (watches plan-watches)                          ;list of <watch>
  (repl? plan-repl?))                             ;does its Guile stay for a REPL?

(define (label entry)
  (match (entry-arguments entry)
    ((name) (list name ""))
    ((name value) (list name value))))

(define (file-texts files)
  "Return the alist from FILES to their texts; those that have gone meanwhile are left out."
  (let loop ((files files) (texts '()))
    (match files
      (() (reverse texts))
      ((file . rest)
       (let ((text (%file-text file)))
         (loop rest (if text (acons file text texts) texts)))))))

(define (heartbeat config)
  (match (config-ref config 'heartbeat)
    ((or 'no #f) #f)
    (ms ms)))

(define (share percent)
  (/ percent 100))

(define* (config->plan config settings log pid-file)
  "Return the plan of CONFIG, a good one, under SETTINGS, an alist of `%settings->alist'.  LOG is
(WHERE LEVEL), PID-FILE a string or #f: the command line may have said them."
  (make-plan (config-file config)
             (file-texts (config-files config))
             (assq-ref settings 'name)
             (assq-ref settings 'state)
             (assq-ref settings 'standalone)
             log
             pid-file
             (config-plugin-path config)
             (heartbeat config)
             (share (config-ref config 'jitter))
             (map label (config-entries config 'label))
             (map entry->window-datum (config-entries config 'window))
             (config->watches config)
             (and (config-ref config 'repl) #t)))

(define (plan->datum plan)
  "Return PLAN as a list that can be written and read."
  (list (plan-file plan) (plan-texts plan) (plan-host plan) (plan-state plan)
        (plan-standalone? plan) (plan-log plan) (plan-pid-file plan) (plan-plugin-path plan)
        (plan-heartbeat plan) (plan-jitter plan) (plan-labels plan) (plan-windows plan)
        (map watch->datum (plan-watches plan)) (plan-repl? plan)))

(define (datum->plan datum)
  "Return the plan of which DATUM was made."
  (match datum
    ((most ... watches repl?)
     (apply make-plan (append most (list (map datum->watch watches) repl?))))))

(define (hold-files! plan)
  "Let the files of PLAN's configuration be read as they were when it was made."
  (for-each (match-lambda ((file . text) (%hold-file! file text)))
            (plan-texts plan)))
