;;; inventory.scm -- what this machine is and has: facts to ask questions about
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors inventory)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor inventory
  "Tell what this machine is and has: system, kernel, processor, memory, disks, addresses, users,
packages, services and the versions of them that run.  What is as it was is not told again."
  (options
   (whole duration? "1d" "So often all is told, the first time at once.")
   (root string? "" "The directory above /etc and /var.")
   (proc string? "/proc" "Where the kernel tells of itself.")
   (sys string? "/sys" "Where the kernel tells of devices."))
  (fields
   (gone vector? "Facts that hold no longer: relation, arguments."))
  (every "10m")
  (limit "1m")
  (sample
   (map (match-lambda
          ((facts replaces gone)
           (report #:state 'ok
                   #:summary (summary facts replaces gone)
                   #:facts facts #:replaces replaces
                   #:fields (if (null? gone)
                                '()
                                `((gone . ,(list->vector (map list->vector gone))))))))
        (untold-facts (survey (told-facts) root proc sys) (parse-duration whole))))
  (receive (message)
    (map (match-lambda
           (#(relation arguments ...)
            `(store (not (,relation ,(message-host message) ,@arguments)))))
         (vector->list (or gone #())))))

(define (summary facts replaces gone)
  (define (words fact)
    (string-join (map (lambda (value) (if (number? value) (number->string value) value)) fact)))
  (if (pair? replaces)
      (plural (length facts) "fact")
      (string-append (plural (length facts) "new fact") ", "
                     (number->string (length gone)) " gone: "
                     (let ((all (append facts gone)))
                       (string-join (map words (if (> (length all) 5) (take all 5) all)) ", ")))))

(define (survey before root proc sys)
  "Return an alist from relations to lists of arguments; one that cannot be told now is as BEFORE."
  (define (known relation) (assoc-ref before relation))
  (define packages
    (let ((stamp (package-stamp root)))
      (if (and (known "package") (equal? stamp (recall 'packages)))
          (known "package")
          (let ((found (told (lambda () (installed-packages root)) (known "package"))))
            (remember! 'packages stamp)
            found))))
  (define all-services
    (told (lambda () (services #:systemd (string-append root "/run/systemd/system")
                               #:shepherd (string-append root "/var/run/shepherd/socket")))
          #f))
  (filter
   cdr
   (map (match-lambda ((relation . tell) (cons relation (told tell (known relation)))))
        `(("os" . ,(lambda () (machine-os root)))
          ("kernel" . ,(lambda () (machine-kernel proc)))
          ("cpu" . ,(lambda () (machine-cpu proc)))
          ("ram" . ,(lambda () (machine-ram proc)))
          ("disk" . ,(lambda () (machine-disks sys)))
          ("address" . ,(lambda () (machine-addresses
                                    (read-json (command-text "ip" "-json" "address")))))
          ("user" . ,(lambda () (machine-users root)))
          ("package" . ,(const packages))
          ("service" . ,(lambda () (and all-services
                                        (service-facts all-services (known "service")))))
          ("running" . ,(lambda () (and all-services
                                        (running-versions
                                         (filter-map (lambda (service)
                                                       (and (service-pid service)
                                                            (cons (service-name service)
                                                                  (service-pid service))))
                                                     all-services)
                                         (or packages '()) proc))))))))

(define (told thunk otherwise)
  "Return what THUNK returns, OTHERWISE where that says that it cannot watch."
  (or (catch 'sheepdog-error thunk (const #f)) otherwise))

(define (service-facts services known)
  "Return (NAME MANAGER) of SERVICES that run or failed; one that is KNOWN may be about to start."
  (filter-map (lambda (service)
                (let ((fact (list (service-name service) (service-manager service))))
                  (and (or (memq (service-state service) '(running failed))
                           (and (eq? 'changing (service-state service))
                                (member fact (or known '()))))
                       fact)))
              services))
