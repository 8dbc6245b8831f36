;;; probe.scm -- looking at a machine: files and programs, in bounded time and memory
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What cannot be looked at, a file that is missing, a tool that hangs, is no error of the monitor:
;; `cannot-watch' makes it a report of state `unknown' that says why.

(define-module (sheepdog probe)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 binary-ports)
  #:use-module (ice-9 match)
  #:use-module (rnrs bytevectors)
  #:use-module ((srfi srfi-1) #:select (filter-map))
  #:export (cannot-watch
            file-text file-lines file-names existing-file
            find-program command-outcome command-text
            first-line last-line
            call-with-deadline time-left))

(define (cannot-watch . words)
  "Say that the thing cannot be watched now, because of WORDS, strings or other data: where nobody
else says so, the report is `unknown', with these words."
  (raise-error 'cannot-watch
               (string-concatenate (map (lambda (word)
                                          (if (string? word) word (object->string word)))
                                        words))))


;;; Files.

(define %most-bytes (* 16 1024 1024))

(define (call-with-file file what proc)
  "Return what PROC returns for FILE; any error of the system in it says that FILE cannot be WHAT."
  (catch 'system-error
    (lambda () (proc file))
    (lambda arguments
      (cannot-watch "cannot " what " " file ": "
                    (strerror (system-error-errno arguments))))))

(define (file-bytes file)
  (call-with-file file "read"
    (lambda (file)
      (let ((port (open file (logior O_RDONLY O_NONBLOCK O_CLOEXEC))))
        (dynamic-wind
          (const #t)
          (lambda ()
            ;; Piece by piece: /proc/sys refuses reads of many MiB.
            (setvbuf port 'block 65536)
            (call-with-values open-bytevector-output-port
              (lambda (sink bytes)
                (let loop ((size 0))
                  (let ((piece (get-bytevector-some port)))
                    (cond ((eof-object? piece) (bytes))
                          ((> size %most-bytes)
                           (cannot-watch file " is larger than " (size->text %most-bytes)))
                          (else
                           (put-bytevector sink piece)
                           (loop (+ size (bytevector-length piece))))))))))
          (lambda () (close-port port)))))))

(define (file-text file)
  "Return the text of FILE, 16 MiB at most; bytes that are no UTF-8 are replaced."
  (car (%repair (file-bytes file))))

(define (file-lines file)
  "Return the lines of FILE, a list of strings; see `file-text'."
  (let ((text (file-text file)))
    (if (string-null? text)
        '()
        (string-split (if (string-suffix? "\n" text) (string-drop-right text 1) text)
                      #\newline))))

(define (directory-entries directory)
  "Return the names in DIRECTORY, or #f if it cannot be read."
  (define (entries stream)
    (let loop ((names '()))
      (match (readdir stream)
        ((? eof-object?) names)
        ((or "." "..") (loop names))
        (name (loop (cons name names))))))
  (catch 'system-error
    (lambda ()
      (let* ((stream (opendir directory)) (names (entries stream)))
        (closedir stream)
        names))
    (const #f)))

(define (file-names directory)
  "Return the names in DIRECTORY, a sorted list without `.' and `..'; empty if it is not there."
  (let ((stat (stat directory #f)))
    (if stat
        (sort (or (directory-entries directory)
                  (cannot-watch "cannot read the directory " directory))
              string<?)
        '())))

(define (existing-file . files)
  "Return the first of FILES that is there, or #f."
  (let loop ((files files))
    (match files
      (() #f)
      ((file . rest) (if (file-exists? file) file (loop rest))))))


;;; Programs.

(define %usual-limit 60000)                       ;ms
(define %usual-size (* 4 1024 1024))

(define %deadline (make-parameter #f))            ;monotonic ms when programs are to be done | #f

(define (call-with-deadline ms thunk)
  "Return what THUNK returns; the programs that it runs have MS together."
  (parameterize ((%deadline (+ (%monotonic) ms)))
    (thunk)))

(define (time-left limit)
  "Return the ms that a program may take which wishes LIMIT."
  (if (%deadline)
      (max 1 (min limit (- (%deadline) (%monotonic))))
      limit))

(define (directories-of-programs)
  ;; A daemon's PATH often lacks the tools of the superuser: they are beside the others.
  (let ((path (string-split (or (getenv "PATH") "/usr/bin:/bin") #\:)))
    (append path
            (filter-map (lambda (directory)
                          (and (string-suffix? "/bin" directory)
                               (string-append (string-drop-right directory 3) "sbin")))
                        path))))

(define (find-program . names)
  "Return the path of the first of NAMES, programs, that is installed, or #f."
  (let loop ((names names))
    (match names
      (() #f)
      ((name . rest)
       (or (if (string-index name #\/)
               (and (access? name X_OK) name)
               (search-path (directories-of-programs) name))
           (loop rest))))))

(define* (command-outcome argv #:key (limit %usual-limit) (most %usual-size) (input "")
                          (environment '()))
  "Run ARGV, a program and its arguments, without a shell and in the C locale, for LIMIT ms and
as long as the sample may take at most; INPUT is on its standard input, ENVIRONMENT an alist of
strings.  Return an alist: `status' or `signal', `stdout' and `stderr' (text), `elapsed' (ms).
Say that it cannot be watched if the program is not installed, does not end in time, or writes
more than MOST bytes."
  (let* ((name (basename (car argv)))
         (program (or (find-program (car argv))
                      (cannot-watch name " is not installed")))
         (limit (time-left limit))
         (outcome (%run (cons program (cdr argv)) input (/ limit 1000.0)
                        `(("LC_ALL" . "C") ,@environment) most)))
    (cond ((assq-ref outcome 'errno) => (lambda (why) (cannot-watch name " does not run: " why)))
          ((assq-ref outcome 'timed-out)
           (cannot-watch name " was not done after " (duration->text limit)))
          ((assq-ref outcome 'cut)
           (cannot-watch name " wrote more than " (size->text most)))
          (else outcome))))

(define (said-lines text)
  "Return the lines of TEXT that are not blank, fit to be shown."
  (map (lambda (line) (fit (printable line) 200))
       (filter (negate string-null?)
               (map string-trim-both (string-split text #\newline)))))

(define (first-line text)
  "Return the first line of TEXT that is not blank, fit to be shown; \"\" if there is none."
  (match (said-lines text) (() "") ((line . _) line)))

(define (last-line text)
  "Return the last line of TEXT that is not blank, fit to be shown; \"\" if there is none."
  (match (said-lines text) (() "") ((_ ... line) line)))

(define (command-text program . arguments)
  "Return what PROGRAM, run with ARGUMENTS as by `command-outcome', writes to its standard output.
Say that it cannot be watched if it does not end with status 0, too."
  (let ((outcome (command-outcome (cons program arguments))))
    (unless (eqv? 0 (assq-ref outcome 'status))
      (cannot-watch (basename program)
                    (match (assq-ref outcome 'status)
                      (#f (string-append ": killed by signal "
                                         (number->string (assq-ref outcome 'signal))))
                      (status (string-append ": exit status " (number->string status))))
                    (match (last-line (assq-ref outcome 'stderr))
                      ("" "")
                      (line (string-append ": " line)))))
    (assq-ref outcome 'stdout)))
