;;; tail.scm -- what is new in a log: files that are rotated, truncated, binary; the journal
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog tail)
  #:use-module (sheepdog core)
  #:use-module (sheepdog memory)
  #:use-module (sheepdog probe)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-11)
  #:export (file-news journal-news))

(define %most-bytes (* 8 1024 1024))              ;of one look
(define %longest-line 65536)                      ;what is longer has no lines

(define (bytes-from file offset)
  "Return (BYTES . END): what FILE has from OFFSET on up to its last newline, and where that is.  Of
more than 8 MiB only the last are looked at."
  (let ((port (open file (logior O_RDONLY O_NONBLOCK O_CLOEXEC))))
    (dynamic-wind
      (const #t)
      (lambda ()
        (let* ((size (stat:size (stat port)))
               (begin-at (max offset (- size %most-bytes)))
               (bytes (begin
                        (seek port begin-at SEEK_SET)
                        (match (get-bytevector-n port (max 0 (- size begin-at)))
                          ((? eof-object?) #vu8())
                          (bytes bytes))))
               (length (whole-lines bytes)))
          (cons (if (= length (bytevector-length bytes))
                    bytes
                    (let ((whole (make-bytevector length)))
                      (bytevector-copy! bytes 0 whole 0 length)
                      whole))
                (+ begin-at length))))
      (lambda () (close-port port)))))

(define (whole-lines bytes)
  "Return how many of BYTES are whole lines: the last one may still be written."
  (let ((size (bytevector-length bytes)))
    (let loop ((end size))
      (cond ((and (zero? end) (< size %longest-line)) 0)
            ((zero? end) size)
            ((= 10 (bytevector-u8-ref bytes (- end 1))) end)
            (else (loop (- end 1)))))))

(define (text->lines bytes)
  ;; In a binary log: what a regular expression cannot hold.
  (let ((text (string-map (lambda (c) (if (char=? c #\nul) #\space c))
                          (car (%repair bytes)))))
    (if (string-null? text)
        '()
        (string-split (string-trim-right text #\newline) #\newline))))

(define (moved-to file inode)
  "Return the file beside FILE that has INODE, FILE's own of earlier, or #f."
  (let ((directory (dirname file)))
    (any (lambda (name)
           (let* ((other (string-append directory "/" name))
                  (stat (stat other #f)))
             (and stat (= inode (stat:ino stat)) other)))
         (filter (lambda (name) (string-prefix? (basename file) name))
                 (file-names directory)))))

(define (file-news file)
  "Return the lines that FILE has got since the last sample, those included that it got before
it was rotated; at the first sample none.  Of a file that was truncated all there is is new."
  (catch 'system-error
    (lambda () (file-news* file (stat file #f)))
    (lambda arguments
      (cannot-watch "cannot read " file ": " (strerror (system-error-errno arguments))))))

(define (file-news* file stat)
  (define (news-of file offset)
    (match (bytes-from file offset)
      ((bytes . end) (values (text->lines bytes) end))))
  (define (take! offset)
    (let-values (((lines end) (news-of file offset)))
      (remember! `(news . ,file) (list (stat:ino stat) end))
      lines))
  (define (rest-of inode offset)
    (match (moved-to file inode)
      (#f '())
      (old (let-values (((lines end) (news-of old offset)))
             lines))))
  (match (cons stat (recall `(news . ,file)))
    ((#f . #f) (cannot-watch "cannot read " file ": No such file or directory"))
    ((#f . (inode offset))                        ;between a rotation and the next line
     (if (moved-to file inode)
         '()
         (cannot-watch file " is gone")))
    ;; An unfinished line may still become one of interest.
    ((_ . #f) (take! (max 0 (- (stat:size stat) %longest-line))) '())
    ((_ . (inode offset))
     (cond ((not (= inode (stat:ino stat)))
            (let ((old (rest-of inode offset)))
              (append old (take! 0))))
           ((< (stat:size stat) offset) (take! 0))
           ((= (stat:size stat) offset) '())
           (else (take! offset))))))

(define %most-entries "20000")

(define (journal-news . arguments)
  "Return the lines that journalctl(1) with ARGUMENTS, such as \"--unit=ssh\", has got since the
last sample, without time and host; at the first one none.  Of more than 20000 only the last."
  (let ((key `(journal . ,arguments)))
    (match (recall key)
      (#f (read-journal! key arguments "--lines" "0") '())
      (place
       ;; After a flood that cannot be read begin anew instead of choking again.
       (remember! key #f)
       (read-journal! key arguments "--lines" %most-entries place)))))

(define (read-journal! key arguments . more)
  "Return the lines of journalctl with ARGUMENTS and MORE, and remember under KEY where to go
on, as an option: behind the last entry, or while there is none from now on."
  (let* ((outcome (command-outcome `("journalctl" "--quiet" "--no-pager" "--show-cursor"
                                     "--output=cat" ,@more ,@arguments)))
         (silent? (string-null? (assq-ref outcome 'stderr))))
    (unless (or (eqv? 0 (assq-ref outcome 'status))
                (and silent? (eqv? 1 (assq-ref outcome 'status)))) ;1: no entry
      (cannot-watch "journalctl: " (last-line (assq-ref outcome 'stderr))))
    (let-values (((cursors lines)
                  (partition (lambda (line) (string-prefix? "-- cursor: " line))
                             (remove string-null?
                                     (string-split (assq-ref outcome 'stdout) #\newline)))))
      (remember! key
                 (match (cons cursors more)
                   (((_ ... last) . _) (string-append "--after-cursor=" (substring last 11)))
                   ((() _ _ place) place)
                   (_ (string-append "--since=@"
                                     (number->string (quotient (sample-time) 1000))))))
      lines)))
