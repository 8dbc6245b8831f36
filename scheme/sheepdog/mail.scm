;;; mail.scm -- a text as a mail: headers that nobody can inject into, a body that arrives whole
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  RFC 5322 for the form, RFC 2047 for headers, RFC 2045 for the body.  Lines end with LF,
;; as sendmail(1) wants them.

(define-module (sheepdog mail)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (ice-9 textual-ports)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:export (mail encode-header address?))

(define %longest-line 998)                        ;octets of a line, RFC 5322 2.1.1
(define %encoded-word 75)                         ;characters, RFC 2047 2
(define %quoted-line 76)                          ;characters, RFC 2045 6.7

(define (ascii-printable? c)
  (char<=? #\space c #\~))

(define %literal (make-regexp "@\\[(IPv6:)?[0-9A-Fa-f.:]+\\]$"))

(define (without-literal text)
  "Return TEXT without the brackets and colons of an address as its domain: dog@[192.0.2.1]."
  (match (regexp-exec %literal text)
    (#f text)
    (found (string-take text (+ 1 (match:start found))))))

(define (address? text)
  "Is TEXT a mail address, of a mailbox here or elsewhere, that can stand in a header and an
argument vector as it is?"
  (and (<= 1 (string-length text) 254)
       (not (string-prefix? "-" text))
       (string-every (lambda (c)
                       (and (ascii-printable? c)
                            (not (string-index " ,;:<>()[]\"\\" c))))
                     (without-literal text))))

(define (hex byte)
  "Return BYTE as two digits, upper case."
  (string-pad (string-upcase (number->string byte 16)) 2 #\0))

(define (flatten text)
  "Return TEXT with each control character replaced by a blank: it stays one header."
  (string-map (lambda (c)
                (if (char-set-contains? char-set:iso-control c) #\space c))
              text))


;;; Headers.

(define (encode-character c)
  "Return C as it stands in a Q encoded word (RFC 2047 4.2)."
  (cond ((char=? c #\space) "_")
        ((and (ascii-printable? c)
              (or (char-alphabetic? c) (char-numeric? c) (string-index "!*+-/" c)))
         (string c))
        (else
         (string-concatenate
          (map (lambda (byte) (string-append "=" (hex byte)))
               (bytevector->u8-list (string->utf8 (string c))))))))

(define (encoded-words text)
  "Return TEXT as Q encoded words, none longer than RFC 2047 allows, no character divided."
  (define (word pieces)
    (string-append "=?UTF-8?Q?" (string-concatenate (reverse pieces)) "?="))
  (define room (- %encoded-word (string-length "=?UTF-8?Q??=")))
  (let loop ((rest (map encode-character (string->list text))) (pieces '()) (used 0)
             (words '()))
    (cond ((null? rest)
           (reverse (cons (word pieces) words)))
          ((> (+ used (string-length (car rest))) room)
           (loop rest '() 0 (cons (word pieces) words)))
          (else
           (loop (cdr rest) (cons (car rest) pieces) (+ used (string-length (car rest)))
                 words)))))

(define (encode-header text)
  "Return TEXT as the value of a header: as it is when that is safe, else as encoded words,
one a line.  Control characters become blanks."
  (let ((text (flatten text)))
    (if (and (string-every ascii-printable? text)
             (not (string-contains text "=?"))
             (<= (string-length text) 900))
        text
        (string-join (encoded-words text) "\n "))))

(define (header name value)
  (string-append name ": " value "\n"))

(define (date-text ms)
  "Return the instant MS as RFC 5322 3.3 writes it."
  (strftime "%a, %d %b %Y %H:%M:%S +0000" (gmtime (quotient ms 1000))))


;;; The body.

(define (safe-line? line)
  "May LINE stand as it is?  Not if some program on the way might take it for its own, or knows
ASCII only."
  (and (<= (string-length line) %longest-line)
       (not (string-prefix? "From " line))
       (not (string=? "." line))
       (string-every (lambda (c) (or (ascii-printable? c) (char=? c #\tab))) line)))

(define (write-quoted line port)
  "Write LINE, without its end, to PORT as quoted-printable: one or more lines, none of which is a
dot alone or begins with `From '."
  (let* ((bytes (string->utf8 line))
         (end (bytevector-length bytes)))
    (define (ref i)
      (bytevector-u8-ref bytes i))
    (define (from? i)
      (and (<= (+ i 5) end)
           (every (lambda (c k) (= (char->integer c) (ref (+ i k))))
                  (string->list "From ") (iota 5))))
    (define (plain? byte i column)
      (and (<= 32 byte 126)
           (not (= byte 61))
           (not (and (= byte 32) (= i (- end 1))))
           (not (and (zero? column) (or (= byte 46) (from? i))))))
    (let loop ((i 0) (column 0))
      (when (< i end)
        (let* ((byte (ref i))
               (plain? (plain? byte i column))
               (next (+ column (if plain? 1 3))))
          (cond ((>= next %quoted-line)
                 (put-string port "=\n")
                 (loop i 0))
                (else
                 (if plain?
                     (put-char port (integer->char byte))
                     (put-string port (string-append "=" (hex byte))))
                 (loop (+ i 1) next))))))))

(define (encode-body text)
  "Return two values: how TEXT, which ends with a newline, is encoded, a name of RFC 2045, and the
encoded text."
  (let ((lines (string-split (string-drop-right text 1) #\newline)))
    (if (every safe-line? lines)
        (values "7bit" text)
        (values "quoted-printable"
                (call-with-output-string
                  (lambda (port)
                    (for-each (lambda (line)
                                (write-quoted line port)
                                (put-char port #\newline))
                              lines)))))))

(define (ended text)
  (if (string-suffix? "\n" text) text (string-append text "\n")))

(define* (mail #:key from to subject text id (references '()) state time)
  "Return a mail as text.  FROM and TO are addresses, SUBJECT and TEXT any text, ID its
Message-ID with its brackets, REFERENCES the ids of those that it answers, the direct one last,
STATE a symbol or #f, TIME its date in ms."
  (call-with-values (lambda () (encode-body (ended text)))
    (lambda (encoding body)
      (string-append
       (header "From" (flatten from))
       (header "To" (flatten to))
       (header "Subject" (encode-header subject))
       (header "Date" (date-text time))
       (header "Message-ID" (flatten id))
       (if (null? references)
           ""
           (string-append
            (header "In-Reply-To" (flatten (last references)))
            (header "References" (flatten (string-join references " ")))))
       (header "Auto-Submitted" "auto-generated")
       (if state (header "X-Sheepdog-State" (symbol->string state)) "")
       (header "MIME-Version" "1.0")
       (header "Content-Type" "text/plain; charset=utf-8")
       (header "Content-Transfer-Encoding" encoding)
       "\n"
       body))))
