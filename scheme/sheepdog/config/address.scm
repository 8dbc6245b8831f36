;;; address.scm -- addresses as text: hosts, networks, mailboxes, URLs
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Each procedure returns its TEXT when that is what the name says, else #f.

(define-module (sheepdog config address)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:export (ip-address
            network
            listen-address
            mailbox
            web-url
            queue-url
            password-in-url?))

(define (ip-address text)
  "An IPv4 or IPv6 address."
  (define (of-family family)
    (catch #t                                     ;inet-pton raises misc-error or system-error
      (lambda () (inet-pton family text) text)
      (const #f)))
  (or (of-family AF_INET) (of-family AF_INET6)))

(define (network text)
  "An address, perhaps with the length of a prefix: 192.0.2.0/24."
  (match (string-split text #\/)
    ((address) (ip-address address))
    ((address (= parse-whole (? exact-integer? bits)))
     (and (ip-address address)
          (<= 0 bits (if (string-index address #\:) 128 32))
          text))
    (_ #f)))

(define (listen-address text)
  "An address and a port: 127.0.0.1:8091 or [::1]:8091."
  (match (string-rindex text #\:)
    (#f #f)
    (colon
     (let ((port (parse-whole (string-drop text (+ colon 1))))
           (address (string-trim-both (string-take text colon) (string->char-set "[]"))))
       (and port
            (<= 1 port 65535)
            (ip-address address)
            text)))))

(define (matcher . expressions)
  "Return the procedure that returns its argument when one of EXPRESSIONS fits it, else #f."
  (let ((compiled (map make-regexp expressions)))
    (lambda (text)
      (and (or-map (lambda (expression) (regexp-exec expression text)) compiled)
           text))))

(define fits-mailbox
  (matcher (string-append "^[A-Za-z0-9._%+=/&'~#$!?^{|}*][A-Za-z0-9._%+=/&'~#$!?^{|}*-]*"
                          "@[A-Za-z0-9[][A-Za-z0-9.:-]*]?$")))

(define (mailbox text)
  "One address of mail, fit to be an argument and a header: no blank, no control, no option."
  (and (<= (string-length text) 254) (fits-mailbox text)))

(define web-url (matcher "^https?://[^[:cntrl:][:space:]]+$"))

(define queue-url
  (matcher
   "^redis://(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[0-9]{0,3})?$"
   "^unix:/[^[:cntrl:]]+$"
   "^local:(/[^[:cntrl:]]*)?$"
   "^amqp://[A-Za-z0-9._:-]+(/[^[:cntrl:][:space:]]*)?$"
   "^pipe:[^[:cntrl:]]+$"))

(define (password-in-url? text)
  "Has TEXT, a URL, a password before its host?"
  (and (string-match "://[^/]*:[^/]*@" text) #t))
