;;; mail-test.scm -- a mail arrives whole, and nobody puts a header into it
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog mail)
             (sheepdog test)
             (srfi srfi-1))

(define* (made #:key (subject "s") (text "t\n") (references '()) (to "a@x"))
  (mail #:from "sheepdog@h" #:to to #:subject subject #:text text #:id "<1@h>"
        #:references references #:state 'fail #:time 1795335303000))

(define (headers mail)
  (string-split (substring mail 0 (string-contains mail "\n\n")) #\newline))

(define (header mail name)
  (find (lambda (line) (string-prefix? (string-append name ": ") line)) (headers mail)))

(define (body mail)
  (substring mail (+ 2 (string-contains mail "\n\n"))))

(define (encoding mail)
  (header mail "Content-Transfer-Encoding"))

(run-tests "mail"
  (test-equal "a mail, whole"
    "From: sheepdog@h
To: a@x
Subject: [sheepdog] FAIL h/t: exit status 2
Date: Sun, 22 Nov 2026 08:15:03 +0000
Message-ID: <1@h>
Auto-Submitted: auto-generated
X-Sheepdog-State: fail
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

It failed.
"
    (made #:subject "[sheepdog] FAIL h/t: exit status 2" #:text "It failed."))

  (test-equal "an answer names what it answers"
    '("In-Reply-To: <b@h>" "References: <a@h> <b@h>")
    (let ((mail (made #:references '("<a@h>" "<b@h>"))))
      (list (header mail "In-Reply-To") (header mail "References"))))

  (test-group "headers"
    (test-equal "other than ASCII is encoded"
      "=?UTF-8?Q?caf=C3=A9_h/t?="
      (encode-header "café h/t"))
    (test-equal "what looks encoded is encoded"
      "=?UTF-8?Q?=3D=3Fx=3F=3D?="
      (encode-header "=?x?="))
    (test-assert "encoded words are short, and there is one a line"
      (let ((lines (string-split (encode-header (make-string 100 #\ä)) #\newline)))
        (and (< 5 (length lines))
             (every (lambda (line) (<= (string-length line) 76)) lines)
             (every (lambda (line) (string-prefix? " " line)) (cdr lines)))))
    (test-equal "no line end gets into a header"
      '("Subject: a  Bcc: evil@x" #f)
      (let ((mail (made #:subject "a\r\nBcc: evil@x")))
        (list (header mail "Subject") (header mail "Bcc"))))
    (test-equal "nor by the way of an encoded one"
      '("Subject: =?UTF-8?Q?=C3=A4__Bcc=3A_evil=40x?=" #f)
      (let ((mail (made #:subject "ä\r\nBcc: evil@x")))
        (list (header mail "Subject") (header mail "Bcc"))))
    (test-equal "nor by an address"
      '("To: a@x Bcc: evil@x" #f)
      (let ((mail (made #:to "a@x\nBcc: evil@x")))
        (list (header mail "To") (header mail "Bcc")))))

  (test-group "the body"
    (test-equal "ASCII stays as it is"
      '("Content-Transfer-Encoding: 7bit" "a\n\tb ~!sh\n")
      (let ((mail (made #:text "a\n\tb ~!sh\n")))
        (list (encoding mail) (body mail))))
    (test-equal "other text is quoted, for a relay that knows nothing else"
      '("Content-Transfer-Encoding: quoted-printable" "caf=C3=A9\n")
      (let ((mail (made #:text "café")))
        (list (encoding mail) (body mail))))
    (test-equal "what a program on the way may mistake is quoted"
      '("Content-Transfer-Encoding: quoted-printable"
        "=2E\n=46rom here\na=3Db=00 =0D=20\n=2E.=20\n")
      (let ((mail (made #:text ".\nFrom here\na=b\x00 \r \n.. ")))
        (list (encoding mail) (body mail))))
    (test-equal "each of them by itself, too"
      '("=46rom here\n" "a\n=2E\nb\n" "=3D=0D\n")
      (map (lambda (text) (body (made #:text text)))
           '("From here" "a\n.\nb" "=\r")))
    (test-equal "where a line is divided nothing new begins that may be mistaken"
      (list (string-append (make-string 75 #\x) "=\n=46rom me\n=01\n")
            (string-append (make-string 75 #\x) "=\n=2E\n=01\n"))
      (map (lambda (rest) (body (made #:text (string-append (make-string 75 #\x) rest "\n\x01"))))
           '("From me" ".")))
    (test-assert "a line of a megabyte is divided"
      (let ((mail (made #:text (make-string 1000000 #\x))))
        (and (string-contains (encoding mail) "quoted-printable")
             (every (lambda (line) (<= (string-length line) 76))
                    (string-split (body mail) #\newline))))))

  (test-equal "addresses that may be given to a program"
    '(#t #t #t #t #f #f #f #f #f #f #f)
    (map (lambda (text) (and (address? text) #t))
         '("a@x" "root" "a+b!#$%&'*/=?^_`{|}~@[192.0.2.1]" "a@[IPv6:2001:db8::1]"
           "" "-oQ/tmp" "a@x\nb" "a b@x" "a@x,b@x" "a@[x]" "a@[::1]>"))))
