;;; process.scm -- whether processes run: how many, how large, since when
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (monitors process)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:declarative? #f)

(define-monitor process
  "Bark when a process is missing, there are too many, they are too large or started anew too often;
without NAME and COMMAND-LINE it counts all, and zombies."
  (options
   (name string? #f "Its name, the file that it runs, as in `ps -C'.")
   (command-line regex? #f "Or a regular expression that its command line fits.")
   (user string? #f "Only processes of this user.")
   (count limit? "1:" "How many there are to be.")
   (memory-warn size? #f "Warn when they are larger together.")
   (memory-fail size? #f "Fail when they are.")
   (restarts-warn limit? 2 "Warn above so many new starts an hour.")
   (restarts-fail limit? 10 "Fail above so many.")
   (zombies limit? 50 "Warn above so many that have ended and nobody waited for.")
   (proc string? "/proc" "Where the kernel tells of processes."))
  (fields
   (count integer? "How many there are.")
   (memory number? "MiB that they hold together.")
   (restarts integer? "New starts within the last hour.")
   (zombies integer? "How many of them are zombies."))
  (every "1m")
  (sample
   (let* ((tag (string-append "process" (if (or name command-line)
                                            (string-append " " (or name command-line))
                                            "")))
          (found (filter (wanted? name command-line (and user (user-id user))) (processes proc)))
          (zombies? (lambda (process) (string=? "Z" (process-state process))))
          (dead (filter zombies? found))
          (alive (remove zombies? found))
          (bytes (* 4096 (apply + (map process-pages alive))))
          (starts (if (or name command-line) (restarts! (map process-start alive)) 0)))
     (report #:tag tag
             #:state (worst (grade (length alive) #f count)
                            (grade bytes (and memory-warn (parse-size memory-warn))
                                   (and memory-fail (parse-size memory-fail))
                                   #:slack (quotient bytes 50) #:as "memory")
                            (grade starts restarts-warn restarts-fail)
                            (grade (length dead) zombies #f))
             #:summary (string-append
                        (plural (length alive) "process" "processes") ", " (size->text bytes)
                        (if (zero? starts) "" (string-append ", " (plural starts "restart")))
                        (if (null? dead) "" (string-append ", " (plural (length dead) "zombie"))))
             #:fields `((count . ,(length alive)) (memory . ,(quotient bytes 1048576))
                        (restarts . ,starts) (zombies . ,(length dead))))))
  (receive (message)
    (if count
        `((store (processes ,(message-host message) ,(message-tag message) ,count)))
        '())))

(define (wanted? name command user)
  "Return the predicate of the processes that are wanted; #f for each that is of no matter."
  (lambda (process)
    (and (or (not name) (string=? name (process-name process)))
         (or (not user) (eqv? user (process-user process)))
         (or (not command) (string-match command (process-command process))))))

(define (user-id name)
  (catch 'misc-error
    (lambda () (passwd:uid (getpwnam name)))
    (lambda _ (cannot-watch "no user " name))))

(define %hour (* 60 60 1000))                     ;ms

(define (restarts! starts)
  "Return how often, within the last hour, all processes were newer than at the sample before;
STARTS are those of today's."
  (let* ((oldest (and (pair? starts) (apply min starts)))
         (before (recall 'oldest))
         (again? (and oldest before (> oldest before))))
    (when oldest (remember! 'oldest oldest))
    (match (tally "restarts" (if again? '("restart") '()) %hour)
      (((_ . count)) count)
      (() 0))))
