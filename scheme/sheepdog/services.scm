;;; services.scm -- what systemd and the Shepherd say of their services
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog services)
  #:use-module (sheepdog peer)
  #:use-module (sheepdog probe)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (services
            service-name service-manager service-state service-detail service-pid service-starts
            systemd-services shepherd-services))

(define-record-type <service>
  (make-service name manager state detail pid starts)
  service?
  (name service-name)                             ;string, without `.service'
  (manager service-manager)                       ;string: systemd, shepherd
  (state service-state)                           ;symbol: running stopped failed changing
  (detail service-detail)                         ;string: in the manager's own words
  (pid service-pid)                               ;integer: its main process | #f
  (starts service-starts))                        ;plain data: another one after each start

(define* (services #:key (systemd "/run/systemd/system") (shepherd "/var/run/shepherd/socket"))
  "Return the services of this machine: those of systemd where the directory SYSTEMD is, else
those of the Shepherd where its socket SHEPHERD is; #f where neither is."
  (cond ((file-exists? systemd)
         (systemd-services
          (command-text "systemctl" "show" "*.service" (string-append "--property="
                                                                      %properties))))
        ((file-exists? shepherd) (ask-shepherd shepherd))
        (else #f)))


;;; systemd (systemctl(1), org.freedesktop.systemd1(5)).

(define %properties
  "Id,LoadState,ActiveState,SubState,Result,NRestarts,MainPID,InvocationID")

(define (blocks lines)
  "Return LINES in groups, as empty ones part them."
  (let loop ((lines lines) (block '()) (found '()))
    (match lines
      (() (reverse (if (null? block) found (cons block found))))
      (("" . rest) (loop rest '() (if (null? block) found (cons block found))))
      ((line . rest) (loop rest (cons line block) found)))))

(define (property line)
  (match (string-index line #\=)
    (#f (cons line ""))
    (end (cons (substring line 0 end) (substring line (+ end 1))))))

(define (unit->service properties)
  "Return the <service> that PROPERTIES, an alist of strings, tell of; #f for one that is not
there."
  (define (ref key) (or (assoc-ref properties key) ""))
  (let ((restarts (string->number (ref "NRestarts")))
        (pid (string->number (ref "MainPID"))))
    (and (string=? "loaded" (ref "LoadState"))
         (make-service (let ((id (ref "Id")))
                         (if (string-suffix? ".service" id) (string-drop-right id 8) id))
                       "systemd"
                       (match (ref "ActiveState")
                         ("active" 'running)
                         ("failed" 'failed)
                         ("inactive" 'stopped)
                         (_ 'changing))
                       (string-append (ref "ActiveState") ", " (ref "SubState")
                                      (if (member (ref "Result") '("" "success"))
                                          ""
                                          (string-append ", " (ref "Result"))))
                       (and pid (positive? pid) pid)
                       (list (ref "InvocationID") (or restarts 0))))))

(define (systemd-services text)
  "Return the services in TEXT, of `systemctl show' with the properties wanted here."
  (filter-map (lambda (block) (unit->service (map property block)))
              (blocks (string-split text #\newline))))


;;; The Shepherd (modules/shepherd/comm.scm and service->sexp in modules/shepherd/service.scm).

(define %question
  '(shepherd-command (version 0) (action status) (service root) (arguments ()) (directory "/")))

(define (whole-datum? text)
  (and (string-suffix? ")" (string-trim-right text))
       (read-datum text)
       #t))

(define (read-datum text)
  (catch #t
    (lambda () (call-with-input-string text read))
    (const #f)))

(define (ask-shepherd socket)
  "Return the services that the Shepherd at SOCKET tells of."
  (match (call-peer socket #f
                    (lambda (peer)
                      (peer-say peer (string-append (object->string %question) "\n"))
                      (peer-text peer whole-datum?)))
    (('refused why) (cannot-watch "no answer of the Shepherd at " socket ": " why))
    ((_ text) (shepherd-services text))))

(define (shepherd-services text)
  "Return the services in TEXT, the Shepherd's answer to `status root'."
  (match (read-datum text)
    (('reply ('version _ ...) ('result (services)) ('error #f) _ ...)
     ;; What is not understood of one is no reason to lose the others.
     (filter-map (lambda (service) (false-if-exception (sexp->service service))) services))
    (_ (cannot-watch "not understood from the Shepherd: "
                     (substring text 0 (min 100 (string-length text)))))))

(define (sexp->service sexp)
  (match sexp
    (('service ('version 0 _ ...) (properties values ...) ...)
     (let ((ref (lambda (key)
                  (match (assq key (map cons properties values))
                    ((_ value . _) value)
                    (_ #f)))))
       (let ((status (or (ref 'status) (if (ref 'running) 'running 'stopped)))
             (failed? (match (ref 'startup-failures) ((_ _ ...) #t) (_ #f)))
             (running (ref 'running))
             (enabled? (ref 'enabled?)))
         (and (pair? (or (ref 'provides) '()))
              (make-service (symbol->string (car (ref 'provides)))
                            "shepherd"
                            (cond ((eq? status 'running) 'running)
                                  ((not (eq? status 'stopped)) 'changing)
                                  ;; It disables what was respawned too often.
                                  ((or (not enabled?) failed?) 'failed)
                                  (else 'stopped))
                            (string-append (symbol->string status)
                                           (if enabled? "" ", disabled")
                                           (if failed? ", did not start" ""))
                            (match running
                              ((? exact-integer? pid) pid)
                              (('process ('version _ ...) ('id pid) _ ...) pid)
                              (_ #f))
                            (filter-map (match-lambda
                                          (('running . time) time)
                                          (_ #f))
                                        (or (ref 'status-changes) '())))))))
    (_ #f)))
