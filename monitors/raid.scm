;;; raid.scm -- whether the kernel's software RAID has all its disks
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors raid)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor raid
  "Bark when a software RAID lacks a disk; while it is rebuilt that is only a warning."
  (options
   (mdstat string? "/proc/mdstat" "Where the kernel tells of its arrays."))
  (fields
   (array string? "The array.")
   (status string? "Its disks, as in UU_.")
   (rebuilt number? "How much of it is rebuilt, in percent."))
  (every "5m")
  (sample
   (let* ((found (arrays (file-text mdstat)))
          (names (map first found))
          (known (lset-union string=? (recall 'arrays '()) names)))
     (remember! 'arrays known)
     (if (null? known)
         (report #:state 'ok #:summary "no array here")
         (map (lambda (name)
                (match (assoc name found)
                  (#f (report #:tag (string-append "raid " name) #:state 'fail
                              #:summary (string-append name " is gone")))
                  (array (array-report array))))
              (sort known string<?)))))
  (receive (message)
    (if (and array status)
        `((store (raid ,(message-host message) ,array ,status)))
        '())))

(define (arrays mdstat)
  "Return (NAME HEAD TEXT) of each array in MDSTAT, the text of /proc/mdstat (md(4))."
  (let loop ((lines (string-split mdstat #\newline)) (found '()))
    (match lines
      (() (reverse found))
      ((line . rest)
       (match (string-tokenize line)
         (((and name (? md?)) ":" state words ...)
          (loop rest (cons (list name (string-join (cons state words)) "") found)))
         (_ (match found
              (((name head text) . others)
               (loop rest (cons (list name head (string-append text line "\n")) others)))
              (() (loop rest found)))))))))

(define array-report
  (match-lambda
    ((name head text)
     (let* ((status (part "\\[([U_]+)\\]" text))
            (rebuilt (part "(recovery|resync|reshape) *= *([0-9.]+)%" text 2))
            (lacks? (and status (string-index status #\_))))
       (report #:tag (string-append "raid " name)
               #:state (cond ((or (not (string-prefix? "active" head))
                                  (and lacks? (not rebuilt)))
                              'fail)
                             ((or lacks? (string-contains head "(F)")) 'warn)
                             (else 'ok))
               #:summary (string-append name ": " head
                                        (if status (string-append " [" status "]") "")
                                        (if rebuilt
                                            (string-append ", rebuilt to " rebuilt " %")
                                            ""))
               #:fields `((array . ,name)
                          (status . ,(or status head))
                          ,@(if rebuilt `((rebuilt . ,(string->number rebuilt))) '())))))))

(define* (part pattern text #:optional (group 1))
  (let ((found (string-match pattern text)))
    (and found (match:substring found group))))

(define (md? name) (string-prefix? "md" name))
