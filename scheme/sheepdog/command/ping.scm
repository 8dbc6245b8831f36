;;; ping.scm -- `sheepdog ping': this is alive
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog command ping)
  #:use-module (sheepdog command deliver)
  #:use-module (sheepdog command options)
  #:use-module (sheepdog command place)
  #:use-module (sheepdog core)
  #:use-module (sheepdog message)
  #:use-module (sheepdog quantity)
  #:export (run
            %syntax
            ping-message))

(define (checked-duration text)
  (and (parse-duration text) text))

(define %syntax
  (action-syntax
   "ping" ""
   "Say that this machine, or a thing on it, is alive."
   (list (option "tag" "The thing that is alive; PING." #:short #\t #:argument "TAG"
                 #:default "PING")
         (option "every" "Declare that it is expected so often, as 15m." #:argument "DURATION"
                 #:convert checked-duration #:wants "a duration such as \"15m\""))
   #:notes '("Example: sheepdog ping --every 15m")))

(define* (ping-message options #:key host (mailto '()) now)
  "Return the message, an alist for the spool, that OPTIONS ask for on HOST at NOW;
MAILTO are addresses."
  (make-bark #:host host
             #:tag (option-ref options 'tag)
             #:kind 'ping
             #:every (option-ref options 'every)
             #:mailto mailto
             #:time now))

(define (run arguments common)
  (call-with-options
   %syntax arguments common
   (lambda (words options common)
     (let* ((place (place common))
            (now (%now))
            (message (ping-message options #:host (place-ref place 'name)
                                   #:mailto (delete "" (place-ref place 'mailto))
                                   #:now now)))
       (deliver! place
                 (list ((keep! place) (check-message message now)))
                 common)))))
