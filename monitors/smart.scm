;;; smart.scm -- what disks say of their own health
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors smart)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor smart
  "Bark when a disk says that it fails, has lost sectors, is worn out or too hot; by smartctl, which
wants root."
  (options
   (device string? "*" "Which disks, as \"/dev/sda\"; with shell wildcards.")
   (sectors-warn limit? 0 "Warn above so many sectors that are lost or about to be.")
   (sectors-fail limit? 100 "Fail above so many.")
   (wear-warn percent-limit? 80 "Warn above this wear of a solid state disk.")
   (wear-fail percent-limit? 95 "Fail above it.")
   (hot-warn limit? 55 "Warn above this, in degrees Celsius.")
   (hot-fail limit? 65 "Fail above it."))
  (fields
   (device string? "The disk.") (model string? "Its model.")
   (sectors integer? "Sectors that are lost or about to be.")
   (wear number? "How worn it is, in percent.") (degrees number? "How hot it is."))
  (every "30m")
  (limit "2m")
  (sample
   (map (lambda (name)
          (watching (string-append "smart " name)
            (disk-report name (smartctl "--health" "--attributes" "--info" name)
                         (lambda (sectors wear degrees)
                           (worst (grade sectors sectors-warn sectors-fail)
                                  (grade wear wear-warn wear-fail)
                                  (grade degrees hot-warn hot-fail #:slack 3
                                         #:as (list name "degrees")))))))
        (match (filter (lambda (name) (glob? device name)) (disks (smartctl "--scan")))
          (() (cannot-watch "no disk " device " that smartctl knows"))
          (found found))))
  (receive (message)
    (if (and device model)
        `((store (disk-health ,(message-host message) ,device ,model
                              ,(symbol->string (message-state message)))))
        '())))

(define (smartctl . arguments)
  "Return what smartctl says as JSON.  Its exit status is a set of bits: 0 and 1 say that it could
not ask (smartctl(8)), the others are told in the answer, too."
  (let ((outcome (command-outcome `("smartctl" "--json" ,@arguments))))
    (if (logtest 3 (or (assq-ref outcome 'status) 3))
        (cannot-watch "smartctl: " (complaint (assq-ref outcome 'stdout)))
        (read-json (assq-ref outcome 'stdout)))))

(define (complaint text)
  "Return the first message in the answer TEXT."
  (match (json-items (read-json text) 'smartctl 'messages)
    ((first _ ...) (or (json-ref first 'string) "no answer"))
    (() "no answer")))

(define (disks scan)
  (filter-map (lambda (device) (json-ref device 'name))
              (json-items scan 'devices)))

(define (disk-report name said judge)
  "Return the report of the disk NAME that has SAID, JSON of smartctl; JUDGE gives the state of its
lost sectors, wear and heat."
  (let* ((passed? (json-ref said 'smart_status 'passed))
         (model (or (json-ref said 'model_name) (json-ref said 'scsi_model_name) name))
         (sectors (lost-sectors said))
         (wear (number said 'nvme_smart_health_information_log 'percentage_used))
         (degrees (number said 'temperature 'current)))
    (report #:tag (string-append "smart " name)
            #:state (cond ((eq? passed? #f)
                           (if (json-ref said 'smart_status) 'fail 'unknown))
                          (else (judge sectors wear degrees)))
            #:summary (string-append model ": "
                                     (cond (passed? "healthy")
                                           ((json-ref said 'smart_status) "says that it FAILS")
                                           (else "does not tell its health"))
                                     ", " (plural sectors "lost sector")
                                     ", " (number->string degrees) " °C"
                                     (if (zero? wear)
                                         ""
                                         (string-append ", worn " (number->string wear) " %")))
            #:fields `((device . ,name) (model . ,model) (sectors . ,sectors)
                       (wear . ,wear) (degrees . ,degrees)))))

(define (number said . keys)
  (match (apply json-ref said keys)
    ((? real? value) value)
    (_ 0)))

(define (lost-sectors said)
  "Return how many sectors were reallocated, wait for it, or cannot be read: attributes 5, 197 and
198 of ATA, media errors of NVMe."
  (apply + (number said 'nvme_smart_health_information_log 'media_errors)
         (map (lambda (attribute)
                (if (memv (json-ref attribute 'id) '(5 197 198))
                    (number attribute 'raw 'value)
                    0))
              (json-items said 'ata_smart_attributes 'table))))
