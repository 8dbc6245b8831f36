;;; disk.scm -- how full a file system is, and when it will be
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors disk)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module ((srfi srfi-1) #:select (fold))
  #:declarative? #f)

(define-monitor disk
  "Bark when a file system is fuller than it should be or soon will be, cannot be written any
more, or is no longer mounted."
  (options
   (mount string? "/" "The file system to watch.")
   (warn percent-limit? 85 "Warn above this use.")
   (fail percent-limit? 95 "Fail above this use.")
   (slack percent? 1 "Leave a state only when better by so much.")
   (inodes-warn percent-limit? 85 "Warn above this use of inodes.")
   (inodes-fail percent-limit? 95 "Fail above it.")
   (days-warn number? 3 "Warn when it will be full within so many days.")
   (proc string? "/proc" "Where the kernel tells what is mounted."))
  (fields
   (mount string? "The file system.")
   (used percent? "Its use.")
   (inodes percent? "The use of its inodes.")
   (days number? "Days until it is full."))
  (every "5m")
  (sample
   (let ((tag (string-append "disk " mount)))
     (watching tag
       (match (df mount)
         ((used inodes target)
          (let* ((days (days-left used (growth "used" used)))
                 (trouble (trouble! target (file-lines (string-append proc "/self/mounts")))))
            (report #:tag tag
                    #:state (if trouble
                                'fail
                                (worst (grade used warn fail #:slack slack #:as "used")
                                       (grade inodes inodes-warn inodes-fail #:slack slack
                                              #:as "inodes")
                                       (if (and days (< days days-warn)) 'warn 'ok)))
                    #:summary (summary mount used inodes days trouble)
                    #:fields `((mount . ,mount) (used . ,used) (inodes . ,inodes)
                               ,@(if days `((days . ,days)) '())))))))))
  (receive (message)
    (if used
        `((store (disk-use ,(message-host message) ,(or mount "/") ,used)))
        '())))

(define (summary mount used inodes days trouble)
  (string-append mount
                 (if trouble (string-append " " trouble ",") "")
                 " " (number->string used) " % full"
                 (if (> inodes used)
                     (string-append ", of inodes " (number->string inodes) " %")
                     "")
                 (if (and days (< days 30))
                     (string-append ", in " (number->string days) " days completely")
                     "")))

(define (days-left used growth)
  "Return in how many days what is USED percent full is full, or #f: GROWTH is what a day adds."
  (and growth (positive? growth)
       (round-to 0.1 (/ (- 100 used) growth))))

(define (df mount)
  "Return (USED INODES TARGET) of MOUNT: percentages, and where its file system is mounted."
  (understand-df
   (command-text "df" "--block-size=1K" "--output=used,avail,iused,iavail,target" "--" mount)))

(define (understand-df text)
  "Return (USED INODES TARGET) as the second line of TEXT, of df(1), says; `-' is a number that the
file system does not have.  Only the last word may hold blanks."
  (match (map string-tokenize (string-split (string-trim-right text) #\newline))
    ((_ (used free iused ifree target ...))
     (list (share used free) (share iused ifree) (string-join target)))
    (_ (cannot-watch "not understood from df: " text))))

(define (share used free)
  "Return how much USED is of USED and FREE together, both text, in percent, rounded up: what is
kept for root is not free (POSIX.1-2017, df)."
  (match (map string->number (list used free))
    (((? real? used) (? real? free))
     (if (zero? (+ used free))
         0
         (min 100 (ceiling (/ (* 100 used) (+ used free))))))
    (_ 0)))

(define (trouble! target mounts)
  "Return what has happened since an earlier sample, or #f: TARGET is the place of another file
system, or one that could be written cannot be any more, as MOUNTS, the lines of /proc/mounts, say."
  (let ((place (recall 'place)) (flags (mount-flags target mounts)))
    (unless place (remember! 'place target))
    (when (member "rw" flags) (remember! 'written #t))
    (cond ((and place (not (string=? place target))) "is not mounted")
          ((and (member "ro" flags) (recall 'written)) "can only be read")
          (else #f))))

(define (mount-flags target mounts)
  "Return the flags of the file system at TARGET in MOUNTS; the last one hides the others."
  (fold (lambda (line flags)
          (match (string-split line #\space)
            ((_ (= unescaped (? (lambda (place) (string=? place target)))) _ options _ ...)
             (string-split options #\,))
            (_ flags)))
        '()
        mounts))

(define (unescaped place)
  "Return PLACE, of /proc/mounts, without its \\040 (getmntent(3))."
  (regexp-substitute/global #f "\\\\([0-7]{3})" place 'pre
                            (lambda (found)
                              (string (integer->char
                                       (string->number (match:substring found 1) 8))))
                            'post))
