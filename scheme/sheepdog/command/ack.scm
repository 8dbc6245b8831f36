;;; ack.scm -- `sheepdog ack': somebody knows, and sees to it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command ack)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog command quiet)
  #:use-module (sheepdog command subject)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog history)
  #:use-module ((sheepdog incident) #:select (bad? state-rank))
  #:use-module (sheepdog request)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:export (run
            %syntax))

(define %syntax
  (action-syntax
   "ack" "SUBJECT"
   "Say that somebody sees to a subject that is not ok: nobody is reminded, or told by an escalation, until it is ok. That it got worse is told."
   %quiet-options
   #:most 1
   #:notes '("That it is over is told to whoever was told that it began."
             "Example: sheepdog ack penguin2/BORG-ETC --reason 'disk ordered'")))

(define (worse a b)
  (if (> (state-rank a) (state-rank b)) a b))

(define (ack! db place standing options)
  (let ((state (worse (standing-state standing) (standing-hard standing)))
        (name (standing-name standing))
        (now (%now)))
    (unless (bad? state)
      (raise-error 'usage (format #f "~a is ~a" (printable name)
                                  (if state "ok" "without a state"))
                   "what is not ok can be acknowledged; 'sheepdog status --bad' shows it"))
    (with-transaction db
      (request! db 'ack name now #:rank (state-rank state) #:who (who-asks)
                #:reason (option-ref options 'reason))
      (silences-changed! db now))
    (tell-server! place)
    (remark (format #f "~a is acknowledged while it is ~a" (printable name)
                    (state-word state)))
    0))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (match words
       (() (unless (option-ref options 'list)
             (raise-error 'usage "'ack' wants a SUBJECT" "--list shows what is acknowledged"))
           (call-with-database
            "ack" common
            (lambda (db place) (print-quiet db place 'ack options common))
            #:otherwise
            (lambda (place) (print-quiet #f place 'ack options common))))
       ((text)
        (call-with-database
         "ack" common
         (lambda (db place)
           (if (and (option-ref options 'off) (string-prefix? "#" text))
               (take-back! db place 'ack text text)
               (let ((standing (known-subject db place text)))
                 (if (option-ref options 'off)
                     (take-back! db place 'ack text (standing-name standing))
                     (ack! db place standing options)))))
         #:mode 'read-write))))))
