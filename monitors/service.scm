;;; service.scm -- services that failed, stopped or keep starting: of systemd or the Shepherd
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors service)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor service
  "Bark when a service fails, starts again and again, or is to run and does not.  The tag is that of
the service: nginx.  One that is well is told of when it was not, when it is to run, or starts."
  (options
   (running list? '() "Services that are to run, as \"nginx\".")
   (ignore list? '() "Services of no interest, with shell wildcards.")
   (starts-warn limit? 3 "Warn above so many starts within an hour.")
   (systemd string? "/run/systemd/system" "Is there where systemd runs.")
   (shepherd string? "/var/run/shepherd/socket" "The socket of the Shepherd."))
  (fields
   (manager string? "Who manages it.")
   (detail string? "Its state in the manager's words.")
   (starts integer? "New starts within the last hour."))
  (every "1m")
  (limit "20s")
  (sample
   (match (services #:systemd systemd #:shepherd shepherd)
     (#f (if (null? running)
             '()                                  ;neither is here: there is nothing to watch
             (cannot-watch "neither systemd nor the Shepherd is here")))
     (found
      (let* ((found (remove (lambda (service)
                              (any (lambda (pattern) (glob? pattern (service-name service)))
                                   ignore))
                            found))
             (before (recall 'states '()))
             (starts (starts found before))
             (reports (filter-map
                       (lambda (service)
                         (service-report service
                                         (assoc-ref before (service-name service))
                                         (or (assoc-ref starts (service-name service)) 0)
                                         starts-warn
                                         (member (service-name service) running)))
                       found))
             (missing (lset-difference string=? running (map service-name found))))
        (remember! 'states
                   (map (lambda (service)
                          (list (service-name service) (service-starts service)
                                (any (lambda (report)
                                       (and (string=? (report-tag report) (service-name service))
                                            (not (eq? 'ok (report-state report)))))
                                     reports)))
                        found))
        (append reports
                (map (lambda (name)
                       (report #:tag name #:state 'fail #:summary "no such service"))
                     missing)))))))

(define (service-report service before starts starts-warn wanted?)
  "Return the report of SERVICE, or #f if there is nothing to tell.  BEFORE is (STARTS BAD?) of
the last sample, or #f; STARTS are new ones within an hour."
  (let ((state (match (service-state service)
                 ('failed 'fail)
                 ('stopped (if wanted? 'fail 'ok))
                 (_ (grade starts starts-warn #f)))))
    (and (or wanted?
             (not (eq? state 'ok))
             (match before
               (#f #f)
               ((ids bad?) (or bad? (not (equal? ids (service-starts service)))))))
         (report #:tag (service-name service)
                 #:state state
                 #:summary (string-append (service-detail service)
                                          (if (zero? starts)
                                              ""
                                              (string-append ", " (plural starts "start")
                                                             " within an hour")))
                 #:fields `((manager . ,(service-manager service))
                            (detail . ,(service-detail service))
                            (starts . ,starts))))))

(define %hour (* 60 60 1000))                     ;ms

(define (starts services before)
  "Return an alist from names of SERVICES to how often, within the last hour, a sample saw that
they had started since the one BEFORE."
  (tally "starts"
         (filter-map (lambda (service)
                       (match (assoc-ref before (service-name service))
                         (#f #f)
                         ((ids _) (and (not (equal? ids (service-starts service)))
                                       (service-name service)))))
                     services)
         %hour))
