;;; backup.scm -- when a borg repository got its last archive, and whether it is sound
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors backup)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-monitor backup
  "Bark when the newest archive of a borg repository is old, or the repository fails borg's check."
  (options
   (repository string? #f "The repository, as borg names it.")
   (archive string? "*" "Which archives count, as \"etc-*\"; with shell wildcards.")
   (warn duration? "30h" "Warn when the newest is older.")
   (fail duration? "3d" "Fail when it is.")
   (check duration? #f "So often let borg check the repository; this may take hours.")
   (passphrase-file string? #f "A file whose first line opens the repository."))
  (fields
   (repository string? "The repository.")
   (name string? "Its newest archive.")
   (age number? "Hours since that was made.")
   (archives integer? "How many archives there are."))
  (every "1h")
  (limit "6h")
  (sample
   (unless repository
     (cannot-watch "no (repository ...) is said"))
   (let ((tag (string-append "backup " repository))
         (secrets (environment passphrase-file)))
     (watching tag
       (match (archives (borg secrets "list" "--json" "--glob-archives" archive repository))
         (() (report #:tag tag #:state 'fail #:summary "no archive in it"))
         ((and all ((name . time) _ ...))
          (let ((age (- (sample-time) time))
                (damage (and check (damage! secrets repository (parse-duration check)))))
            (report #:tag tag
                    #:state (if damage
                                'fail
                                (grade age (parse-duration warn) (parse-duration fail)))
                    #:summary (string-append
                               name ", " (duration->text (max 0 (round-to 1000 age))) " old"
                               (if damage (string-append "; damaged: " damage) ""))
                    #:fields `((repository . ,repository) (name . ,name)
                               (age . ,(round-to 0.1 (/ age 3600000)))
                               (archives . ,(length all))))))))))
  (receive (message)
    (if (and repository name)
        `((store (backup ,(message-host message) ,repository ,name)))
        '())))

(define (environment passphrase-file)
  "Return what borg is to find in its environment: it must not ask anybody.  Its times have no
zone."
  `(("TZ" . "UTC")
    ("BORG_RELOCATED_REPO_ACCESS_IS_OK" . "no")
    ("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK" . "yes")
    ,@(if passphrase-file
          `(("BORG_PASSPHRASE" . ,(match (file-lines passphrase-file)
                                    ((line _ ...) line)
                                    (() ""))))
          '())))

(define (borg environment . arguments)
  (match (command-outcome `("borg" "--lock-wait" "60" ,@arguments) #:environment environment
                          #:limit 3600000 #:most 16000000)
    ((= (lambda (outcome) (map (lambda (key) (assq-ref outcome key)) '(status stdout stderr)))
        (status stdout stderr))
     (if (memv status '(0 1))                     ;1 is a warning
         stdout
         (cannot-watch "borg: " (last-line stderr))))))

(define (archives text)
  "Return (NAME . TIME) of the archives in TEXT, of `borg list --json', the newest first."
  (sort (map (lambda (archive)
               (match (list (json-ref archive 'archive) (json-ref archive 'time))
                 (((? string? name) (? string? (= (lambda (time)
                                                    (parse-instant (string-append time "Z")))
                                                  (? number? time))))
                  (cons name time))
                 (other (cannot-watch "not understood from borg: " other))))
             (json-items (read-json text) 'archives))
        (lambda (a b) (> (cdr a) (cdr b)))))

(define (damage! environment repository every)
  "Return what borg's check found wrong with REPOSITORY, or #f.  EVERY ms it is made anew."
  (when (>= (- (sample-time) (recall 'checked 0)) every)
    (let ((outcome (command-outcome `("borg" "--lock-wait" "60" "check" ,repository)
                                    #:environment environment #:limit 21600000)))
      (remember! 'checked (sample-time))
      (remember! 'damage (and (not (eqv? 0 (assq-ref outcome 'status)))
                              (last-line (assq-ref outcome 'stderr))))))
  (recall 'damage))
