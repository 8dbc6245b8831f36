;;; processes.scm -- the kernel's table of processes
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog processes)
  #:use-module (sheepdog probe)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (processes process-of
            process-pid process-name process-state process-user process-start process-pages
            process-command process-program))

(define-record-type <process>
  (make-process directory pid name state user start pages)
  process?
  (directory process-directory)                   ;string: its own in /proc
  (pid process-pid)                               ;integer
  (name process-name)                             ;string, at most 15 bytes
  (state process-state)                           ;string: R S D Z T ...
  (user process-user)                             ;integer
  (start process-start)                           ;clock ticks since the machine's start
  (pages process-pages))                          ;integer: resident

(define (quietly thunk)
  "Return what THUNK returns, #f if the process that it looks at has gone."
  (catch #t thunk (lambda (key . _) (if (memq key '(system-error sheepdog-error)) #f (throw key)))))

(define (process-of proc pid)
  "Return the process PID, an integer, in the tree PROC, as \"/proc\"; #f if there is none (any
more)."
  (quietly
   (lambda ()
     (let* ((directory (string-append proc "/" (number->string pid)))
            (user (stat:uid (stat directory)))
            (text (file-text (string-append directory "/stat")))
            (open (string-index text #\())
            (close (string-rindex text #\))))     ;a name may hold parentheses
       (match (and open close (string-tokenize (substring text (+ close 1))))
         ((state . (? (lambda (rest) (>= (length rest) 21)) rest))
          (let ((start (string->number (list-ref rest 18)))
                (pages (string->number (list-ref rest 20))))
            (and start pages
                 (make-process directory pid (substring text (+ open 1) close) state user
                               start pages))))
         (_ #f))))))

(define (processes proc)
  "Return the processes in the tree PROC, as \"/proc\"."
  (match (filter-map string->number (file-names proc))
    (() (cannot-watch "no processes in " proc))
    (pids (filter-map (lambda (pid) (process-of proc pid)) pids))))

(define (process-command process)
  "Return the command line of PROCESS, with blanks between its words; \"\" for a thread of the
kernel."
  (or (quietly
       (lambda ()
         (string-trim-right
          (string-map (lambda (c) (if (char=? c #\nul) #\space c))
                      (file-text (string-append (process-directory process) "/cmdline"))))))
      ""))

(define (process-program process)
  "Return the path of the file that PROCESS runs, with ` (deleted)' if that is no longer there;
#f if it cannot be told."
  (quietly (lambda () (readlink (string-append (process-directory process) "/exe")))))
