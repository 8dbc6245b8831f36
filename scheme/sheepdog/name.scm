;;; name.scm -- names of hosts, monitors and tags: which are allowed, how they are compared
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog name)
  #:export (name? tag? host-name short-name subject-name))

(define-inlinable (ascii-letter-or-digit? c)
  (or (and (char<=? #\a c) (char<=? c #\z))
      (and (char<=? #\A c) (char<=? c #\Z))
      (and (char<=? #\0 c) (char<=? c #\9))))

(define (name? text)
  "Is the string TEXT a name of a host, job or monitor: [A-Za-z0-9][A-Za-z0-9._-]{0,252}?"
  (let ((length (string-length text)))
    (and (<= 1 length 253)
         (ascii-letter-or-digit? (string-ref text 0))
         (let loop ((i 1))
           (or (= i length)
               (let ((c (string-ref text i)))
                 (and (or (ascii-letter-or-digit? c)
                          (eqv? c #\.) (eqv? c #\_) (eqv? c #\-))
                      (loop (+ i 1)))))))))

(define (tag? text)
  "Is the string TEXT a tag: 1 to 256 characters, none of them a control character?"
  (let ((length (string-length text)))
    (and (<= 1 length 256)
         (let loop ((i 0))
           (or (= i length)
               (let ((c (char->integer (string-ref text i))))
                 (and (>= c 32)
                      (not (<= 127 c 159))
                      (loop (+ i 1)))))))))

(define (has-upper-case? text)
  (let ((length (string-length text)))
    (let loop ((i 0))
      (and (< i length)
           (let ((c (string-ref text i)))
             (or (and (char<=? #\A c) (char<=? c #\Z))
                 (loop (+ i 1))))))))

(define (host-name text)
  "Return the string TEXT as the name of a host is compared and kept: lower case, without
a final dot; #f if it is no name."
  (let* ((end (string-length text))
         (text (if (and (> end 1) (eqv? #\. (string-ref text (- end 1))))
                   (substring text 0 (- end 1))
                   text)))
    (and (name? text)
         (if (has-upper-case? text) (string-downcase text) text))))

(define (short-name name)
  "Return NAME, the string or symbol of a monitor, as a string without a leading `monitor-'."
  (let ((name (if (symbol? name) (symbol->string name) name)))
    (if (and (string-prefix? "monitor-" name)
             (> (string-length name) 8))
        (substring name 8)
        name)))

(define (subject-name host tag)
  "Return what is said for the subject of HOST and TAG, such as \"tux01/disk /\"."
  (string-append host "/" tag))
