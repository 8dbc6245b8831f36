;;; updates.scm -- packages that wait to be upgraded, and a machine that waits to be started anew
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors updates)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 regex)
  #:declarative? #f)

(define-monitor updates
  "Bark when packages wait to be upgraded, above all for security, or the machine for a start."
  (options
   (warn limit? 50 "Warn above so many packages that wait.")
   (fail limit? "~:" "Fail above so many; usually never.")
   (security-warn limit? 0 "Warn above so many that mend security.")
   (security-fail limit? 20 "Fail above so many.")
   (root string? "" "The directory above /run."))
  (fields
   (pending integer? "How many packages wait.")
   (security integer? "How many of them mend security.")
   (reboot boolean? "Does the machine wait for a start?"))
  (every "6h")
  (limit "2m")
  (sample
   (let* ((packages (pending-packages))
          (pending (length packages))
          (security (length (filter security? packages)))
          (reboot? (and (existing-file (string-append root "/run/reboot-required")
                                       (string-append root "/var/run/reboot-required"))
                        #t)))
     (report #:state (worst (grade pending warn fail)
                            (grade security security-warn security-fail)
                            (if reboot? 'warn 'ok))
             #:summary (string-append
                        (plural pending "update") " pending"
                        (if (zero? security)
                            ""
                            (string-append ", " (number->string security) " for security"))
                        (if reboot? ", to be started anew" ""))
             #:fields `((pending . ,pending) (security . ,security) (reboot . ,reboot?)))))
  (receive (message)
    (if pending
        `((store (updates ,(message-host message) ,pending)))
        '())))

(define (pending-packages)
  "Return the packages that wait, as lines of the manager that is here; nothing is fetched or
locked."
  (cond ((find-program "apt-get")
         (matching-lines "^Inst "
                         (command-text "apt-get" "--simulate" "--quiet" "-o"
                                       "Debug::NoLocking=1" "dist-upgrade")))
        ((find-program "dnf")
         (dnf-lines (command-outcome '("dnf" "--cacheonly" "--quiet" "check-update"))
                    (command-outcome '("dnf" "--cacheonly" "--quiet" "--security"
                                       "check-update"))))
        ((find-program "pacman")
         ;; Exit status 1: there is none.
         (matching-lines "^." (assq-ref (command-outcome '("pacman" "--query" "--upgrades"))
                                        'stdout)))
        (else (cannot-watch "neither apt-get nor dnf nor pacman is here"))))

(define (dnf-lines all security)
  "Return the packages in ALL and SECURITY, outcomes of `dnf check-update'; status 100: there
are some."
  (define (lines outcome)
    (if (memv (assq-ref outcome 'status) '(0 100))
        (matching-lines "^[^ ]+ +[^ ]+ +[^ ]+ *$" (assq-ref outcome 'stdout))
        (cannot-watch "dnf failed: " (assq-ref outcome 'stderr))))
  (let ((urgent (lines security)))
    (map (lambda (line) (if (member line urgent) (string-append line " security") line))
         (lines all))))

(define (matching-lines pattern text)
  (filter (lambda (line) (string-match pattern line)) (string-split text #\newline)))

(define (security? line)
  "Does LINE name an archive for security, as `Inst bash [1] (2 Debian-Security:12/... [amd64])'?"
  (string-contains-ci line "security"))
