;;; bark.scm -- a message on its way out: an alist that the spool makes durable
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What barks, a machine above all, wants nothing of what the server knows of messages.

(define-module (sheepdog bark)
  #:use-module (sheepdog quantity)
  #:autoload (sheepdog outcome) (outcome->json)
  #:export (make-bark %version pairs))

(define %version 1)

(define (pairs . keys-and-values)
  "Return an alist of the KEYS-AND-VALUES, in turn, without those that are #f."
  (let loop ((rest keys-and-values))
    (cond ((null? rest) '())
          ((cadr rest) (cons (cons (car rest) (cadr rest)) (loop (cddr rest))))
          (else (loop (cddr rest))))))

(define (unless-empty list)
  (and (pair? list) list))

(define (facts->json facts)
  (and (pair? facts) (list->vector (map list->vector facts))))

(define* (make-bark #:key host monitor tag kind state summary run outcome (fields '())
                    (facts '()) (replaces '()) every mailto time)
  "Return a new message as an alist for `%spool-put!', which adds sender and seq.  What is #f or
empty is left out.  KIND and STATE are symbols, OUTCOME has its times in ms, FACTS is a list of
(relation argument ...), EVERY a duration as text or ms, MAILTO a list of addresses, TIME ms."
  (append (list (cons 'v %version))
          (pairs 'time (and time (milliseconds->json time))
                 'host host
                 'monitor monitor
                 'tag tag
                 'kind kind
                 'state state
                 'summary summary
                 'run run
                 'outcome (and outcome (outcome->json outcome))
                 'fields (unless-empty fields)
                 'facts (facts->json facts)
                 'replaces (and (pair? replaces) (list->vector replaces))
                 'every (if (number? every) (milliseconds->duration every) every)
                 'mailto (and (pair? mailto) (string-join mailto ",")))))

(define (milliseconds->duration ms)
  "Return MS as `parse-duration' reads it."
  (if (zero? (remainder ms 1000))
      (string-append (number->string (quotient ms 1000)) "s")
      (string-append (number->string (/ ms 1000.0)) "s")))
