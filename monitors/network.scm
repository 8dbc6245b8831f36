;;; network.scm -- whether the network's interfaces are up, without errors, with their addresses
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors network)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor network
  "Bark when an interface that was up is down or gone, errs, or lacks an address."
  (options
   (interface string? "*" "Which, as \"eth0\"; with shell wildcards: those that were up once.")
   (addresses list? '() "Addresses that it is to have.")
   (warn limit? 1 "Warn above so many errors a second.")
   (fail limit? 100 "Fail above so many.")
   (sys string? "/sys" "Where the kernel tells of devices."))
  (fields
   (interface string? "The interface.")
   (link string? "up, down, ...")
   (errors number? "Errors a second, receiving and sending.")
   (in number? "Bytes received a second.")
   (out number? "Bytes sent a second."))
  (every "1m")
  (sample
   (let* ((directory (string-append sys "/class/net/"))
          (named? (not (string-any (char-set #\* #\? #\[) interface)))
          (up (filter (lambda (name) (member (state-of directory name) '("up" "unknown")))
                      (filter (lambda (name)
                                (and (glob? interface name)
                                     (or named? (physical? directory name))))
                              (file-names directory))))
          (known (lset-union string=? (if named? (list interface) '()) (recall 'up '()) up))
          (missing (if (null? addresses) '() (lset-difference string=? addresses (all-addresses)))))
     (remember! 'up known)
     (map (lambda (name)
            (let ((tag (string-append "network " name)))
              (watching tag
                (interface-report tag name directory missing
                                  (lambda (errors)
                                    (grade errors warn fail #:slack 0.5 #:as name))))))
          (sort known string<?))))
  (receive (message)
    (if (and interface link)
        `((store (link ,(message-host message) ,interface ,link)))
        '())))

(define (interface-report tag name directory missing judge)
  "Return the report of the interface NAME that DIRECTORY tells of; MISSING are addresses that the
machine lacks, JUDGE gives the state of errors a second."
  (define link (state-of directory name))
  (define (counter kind)
    (or (and (not (string=? link "gone"))
             (rate (list name kind)
                   (or (string->number (word directory name "/statistics/" kind)) 0)))
        0))
  (let* ((up? (member link '("up" "unknown")))
         (errors (round-to 0.01 (+ (counter "rx_errors") (counter "tx_errors"))))
         (in (counter "rx_bytes"))
         (out (counter "tx_bytes")))
    (report #:tag tag
            #:state (if (and up? (null? missing)) (judge errors) 'fail)
            #:summary (string-append
                       name " is " (if (string=? link "unknown") "up" link)
                       (if (null? missing)
                           ""
                           (string-append ", without " (enumeration missing "and")))
                       (if (zero? errors)
                           ""
                           (string-append ", " (number->string errors) " errors/s")))
            #:fields `((interface . ,name) (link . ,link) (errors . ,errors)
                       (in . ,(round-to 1 in)) (out . ,(round-to 1 out))))))

(define (word directory name . more)
  (string-trim-both (file-text (apply string-append directory name more))))

(define (state-of directory name)
  "Return what the kernel says of the link of NAME: up, down, unknown (of those that cannot tell),
... (Documentation/ABI/testing/sysfs-class-net); gone, if there is none."
  (if (file-exists? (string-append directory name))
      (word directory name "/operstate")
      "gone"))

(define (physical? directory name)
  "Is NAME a device, and no bridge, tunnel or other end of a container's?"
  (file-exists? (string-append directory name "/device")))

(define (all-addresses)
  (append-map (lambda (interface)
                (filter-map (lambda (address) (json-ref address 'local))
                            (json-items interface 'addr_info)))
              (json-items (read-json (command-text "ip" "-json" "address")))))
