;;; file.scm -- a file, or the newest of several: how old, how large, whose, and still the same
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors file)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor file
  "Bark when a file is missing, old, too small or large, not as it was; or when there are too few or
too many of them: what a backup leaves behind."
  (options
   (file string? #f "The file; its last part may have shell wildcards: \"/backup/*.gz\".")
   (count limit? "1:" "How many there are to be.")
   (warn duration? #f "Warn when the newest is older.")
   (fail duration? #f "Fail when it is.")
   (smallest size? #f "Fail when the newest is smaller.")
   (largest size? #f "Fail when it is larger.")
   (sha256 string? #f "Its checksum; or \"same\": as at the first sample, else warn.")
   (mode string? #f "Its permissions, as \"640\".")
   (owner string? #f "Its owner, by name."))
  (fields
   (file string? "The newest file.")
   (count integer? "How many there are.")
   (age number? "Hours since it was written.")
   (size integer? "Bytes in it."))
  (every "10m")
  (limit "1m")
  (sample
   (unless file (cannot-watch "no (file ...) is said"))
   (let ((tag (string-append "file " file)))
     (watching tag
       (let* ((found (files file))
              (newest (and (pair? found) (car found)))
              (age (and newest (- (sample-time) (* 1000 (stat:mtime (cdr newest))))))
              (complaints (if newest
                              (complaints! newest smallest largest sha256 mode owner)
                              '())))
         (report #:tag tag
                 #:state (worst (grade (length found) #f count)
                                (if (null? complaints) 'ok 'fail)
                                (grade (or age 0) (milliseconds warn) (milliseconds fail)))
                 #:summary (string-append
                            (plural (length found) "file")
                            (if newest
                                (string-append ", " (size->text (stat:size (cdr newest))) ", "
                                               (duration->text (max 0 (round-to 1000 age)))
                                               " old")
                                "")
                            (string-concatenate
                             (map (lambda (text) (string-append "; " text)) complaints)))
                 #:fields `((count . ,(length found))
                            ,@(if newest
                                  `((file . ,(car newest))
                                    (age . ,(round-to 0.1 (/ age 3600000)))
                                    (size . ,(stat:size (cdr newest))))
                                  '())))))))
  (receive (message)
    (if count
        `((store (files ,(message-host message) ,(message-tag message) ,count)))
        '())))

(define (milliseconds duration)
  (and duration (parse-duration duration)))

(define (files pattern)
  "Return (NAME . STAT) of the files that PATTERN fits, the newest first.  Links are followed; one
that leads nowhere, or a file that has gone meanwhile, is none."
  (let ((directory (dirname pattern)) (last (basename pattern)))
    (sort (filter-map (lambda (name)
                        (let* ((file (string-append directory "/" name))
                               (stat (stat file #f)))
                          (and stat (cons file stat))))
                      (if (string-any (char-set #\* #\? #\[) last)
                          (filter (lambda (name) (glob? last name)) (file-names directory))
                          (list last)))
          (lambda (a b) (> (stat:mtime (cdr a)) (stat:mtime (cdr b)))))))

(define (complaints! file smallest largest sha256 mode owner)
  "Return what is wrong with FILE, (NAME . STAT), a list of strings."
  (define-values (name stat) (car+cdr file))
  (define size (stat:size stat))
  (define permissions (number->string (logand #o7777 (stat:mode stat)) 8))
  (define user (catch 'misc-error
                 (lambda () (passwd:name (getpwuid (stat:uid stat))))
                 (const (number->string (stat:uid stat)))))
  (filter-map
   (match-lambda ((bad? text) (and (bad?) text)))
   `((,(lambda () (and smallest (< size (parse-size smallest)))) "smaller than it should be")
     (,(lambda () (and largest (> size (parse-size largest)))) "larger than it should be")
     (,(lambda () (and mode (not (eqv? (string->number mode 8) (string->number permissions 8)))))
      ,(string-append "its mode is " permissions))
     (,(lambda () (and owner (not (string=? owner user))))
      ,(string-append "it belongs to " user))
     (,(lambda () (and sha256 (changed?! name stat sha256))) "its checksum is another"))))

(define (changed?! name stat wanted)
  "Is the SHA-256 of the file NAME not what is WANTED?  It is read again only when STAT differs."
  (let* ((stamp (list name (stat:ino stat) (stat:size stat) (stat:mtime stat) (stat:ctime stat)))
         (known (recall 'checksum))
         (checksum (match known
                     (((? (lambda (before) (equal? before stamp))) checksum) checksum)
                     (_ (sha256sum name)))))
    (remember! 'checksum (list stamp checksum))
    (unless (recall 'first) (remember! 'first checksum))
    (not (string-ci=? checksum (if (string=? wanted "same") (recall 'first) wanted)))))

(define (sha256sum file)
  "Return the SHA-256 of FILE; the program puts a backslash before it where the name has one."
  (string-trim (car (string-split (command-text "sha256sum" "--" file) #\space)) #\\))
