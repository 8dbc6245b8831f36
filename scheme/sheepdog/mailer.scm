;;; mailer.scm -- the ways that mail leaves: a sendmail program, or an SMTP server
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  A mailer is written as a URL: sendmail:///PROGRAM, smtp://HOST, smtps://USER@HOST:465,
;; smtp+starttls://USER@HOST:587.  USER may be percent-encoded (RFC 3986), and have an @ as it is:
;; the last one divides.  A password stands in a file of its own.

(define-module (sheepdog mailer)
  #:use-module (sheepdog quantity)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:use-module ((web uri) #:select (uri-decode))
  #:export (mailer mailer-url
            mailer-user mailer-host mailer-plain? mailer-program mailer-command))

(define-record-type <mailer>
  (make-mailer url kind user host port program password-file ca-file)
  mailer?
  (url mailer-url)                                ;string, as it was written
  (kind mailer-kind)                              ;sendmail | smtp | smtp+starttls | smtps
  (user mailer-user)                              ;string | #f: no log-in
  (host mailer-host)                              ;string, IPv6 without brackets | #f: sendmail
  (port mailer-port)                              ;number | #f: the usual one
  (program mailer-program)                        ;string | #f: an SMTP server
  (password-file mailer-password-file)            ;string | #f
  (ca-file mailer-ca-file))                       ;string | #f: the system's certificates

(define %sendmail (make-regexp "^sendmail://(/[^[:cntrl:]]+)$"))
(define %smtp
  (make-regexp (string-append "^(smtp|smtps|smtp\\+starttls)://(([^/:[:cntrl:][:space:]]+)@)?"
                              "(\\[[0-9A-Fa-f:.]+\\]|[A-Za-z0-9][A-Za-z0-9.-]*)"
                              "(:([0-9]{1,5}))?/?$")))

(define (user text)
  "Return the user TEXT, percent-encoded, #f when that is no UTF-8."
  (catch #t                                       ;decoding-error, uri-error
    (lambda () (uri-decode text #:decode-plus-to-space? #f))
    (const #f)))

(define (port text)
  "Return the port TEXT, #f when it is none."
  (let ((n (parse-whole text)))
    (and n (<= 1 n 65535) n)))

(define* (mailer url #:key password-file ca-file)
  "Return the <mailer> of URL, with the files of its password and of the certificates that it
believes; #f when URL is none."
  (cond ((regexp-exec %sendmail url)
         => (lambda (found)
              (make-mailer url 'sendmail #f #f #f (match:substring found 1) #f #f)))
        ((regexp-exec %smtp url)
         => (lambda (found)
              (let ((number (match:substring found 6))
                    (name (match:substring found 3)))
                (and (or (not number) (port number))
                     (or (not name) (user name))
                     (make-mailer url (string->symbol (match:substring found 1))
                                  (and name (user name))
                                  (string-trim-both (match:substring found 4)
                                                    (string->char-set "[]"))
                                  (and number (port number))
                                  #f password-file ca-file)))))
        (else #f)))

(define (mailer-plain? mailer)
  "Would MAILER send a password over the net for all to read?"
  (and (eq? 'smtp (mailer-kind mailer))
       (mailer-user mailer)
       (not (member (mailer-host mailer) '("localhost" "127.0.0.1" "::1")))))

(define (mailer-command mailer programs from to)
  "Return the program and its arguments, a list, that give the mail on standard input to MAILER,
from the address FROM for the address TO.  PROGRAMS is the directory of our own programs."
  (define (option name value)
    (if value (list (string-append "--" name "=" value)) '()))
  (match (mailer-program mailer)
    (#f
     `(,(string-append programs "/sheepdog-mail")
       ,@(option "host" (mailer-host mailer))
       ,@(option "port" (and=> (mailer-port mailer) number->string))
       ,@(match (mailer-kind mailer)
           ('smtp '())
           ('smtp+starttls '("--starttls"))
           ('smtps '("--tls")))
       ,@(option "ca-file" (mailer-ca-file mailer))
       ,@(option "user" (mailer-user mailer))
       ,@(option "password-file" (mailer-password-file mailer))
       ,@(option "from" from)
       "--" ,to))
    (program
     (list program "-oi" "-f" from "--" to))))
