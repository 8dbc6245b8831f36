;;; beat.scm -- what a machine says of itself: that it lives, how its spool is, its labels
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog beat)
  #:use-module (sheepdog bark)
  #:use-module (sheepdog core)
  #:use-module (sheepdog uptime)
  #:use-module (sheepdog plan)
  #:use-module (sheepdog spool-level)
  #:use-module (ice-9 match)
  #:export (heartbeat-message label-message beat-messages))

(define (heartbeat-message host heartbeat uptime now)
  "Return the PING of HOST, UPTIME ms after its start (#f: not known), at NOW: its silence is noticed
after three that are missing, and which runs its start has ended."
  (make-bark #:host host #:kind 'ping #:tag "PING" #:monitor "message"
             #:fields (if uptime `((uptime . ,(quotient uptime 1000))) '())
             #:every (* 3 heartbeat) #:time now))

(define (label-message host labels now)
  "Return what HOST says of its LABELS, a list of (NAME VALUE), at NOW: these and no others."
  (make-bark #:host host #:kind 'log #:tag "sheepdog labels" #:monitor "message" #:time now
             #:summary (string-join (map (match-lambda
                                           ((name "") name)
                                           ((name value) (string-append name " " value)))
                                         labels)
                                    ", ")
             #:facts (map (lambda (label) (cons "label" label)) labels)
             #:replaces '("label")))

(define (beat-messages plan spool settings now)
  "Return what the machine of PLAN says with each heartbeat at NOW: that it lives, and how SPOOL
is, whose limits are in SETTINGS, an alist."
  (list (heartbeat-message (plan-host plan) (plan-heartbeat plan) (uptime) now)
        (spool-message (plan-host plan) (%spool-depth spool)
                       (assq-ref settings 'spool-messages) (assq-ref settings 'spool-bytes)
                       now)))
