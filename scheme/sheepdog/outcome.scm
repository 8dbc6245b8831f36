;;; outcome.scm -- what a finished command left, as a state and in words
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; An outcome is an alist with the keys of MESSAGE.md (command or argv, status or signal,
;; started, elapsed, user, cwd, stdout, stderr, stdout_bytes, stderr_bytes, cut, lossy,
;; timed_out; start_error when it never ran), `started' and `elapsed' in milliseconds.  What is
;; not known is not there.

(define-module (sheepdog outcome)
  #:use-module (sheepdog error)
  #:use-module ((sheepdog field) #:prefix field:)
  #:use-module (sheepdog quantity)
  #:use-module ((srfi srfi-1) #:select (filter-map))
  #:re-export (milliseconds->json)
  #:export (outcome-state outcome->text json->outcome outcome->json))

(define %signals
  #(#f "HUP" "INT" "QUIT" "ILL" "TRAP" "ABRT" "BUS" "FPE" "KILL" "USR1" "SEGV" "USR2" "PIPE"
    "ALRM" "TERM" "STKFLT" "CHLD" "CONT" "STOP" "TSTP" "TTIN" "TTOU" "URG" "XCPU" "XFSZ"
    "VTALRM" "PROF" "WINCH" "IO" "PWR" "SYS"))    ;signal(7), x86 and ARM

(define (signal->text signal)
  "Return the number SIGNAL with its name: \"9 (KILL)\"."
  (if (< 0 signal (vector-length %signals))
      (string-append (number->string signal) " (" (vector-ref %signals signal) ")")
      (number->string signal)))

(define (outcome-state outcome)
  "Return `ok' or `fail' for OUTCOME, or #f when it tells of no end (only output, say)."
  (cond ((or (assq-ref outcome 'timed_out)
             (assq-ref outcome 'signal)
             (assq-ref outcome 'start_error))
         'fail)
        ((assq-ref outcome 'status) => (lambda (status) (if (zero? status) 'ok 'fail)))
        (else #f)))

(define (outcome->text outcome)
  "Return how the command of OUTCOME ended: \"exit status 2\", \"killed by signal 9 (KILL)\",
\"timed out after 12 h\", \"not started: Permission denied\"; \"\" when that is not told."
  (cond ((assq-ref outcome 'start_error)
         => (lambda (text) (string-append "not started: " text)))
        ((assq-ref outcome 'timed_out)
         (let ((elapsed (assq-ref outcome 'elapsed)))
           (if elapsed
               (string-append "timed out after " (duration->text elapsed))
               "timed out")))
        ((assq-ref outcome 'signal)
         => (lambda (signal) (string-append "killed by signal " (signal->text signal))))
        ((assq-ref outcome 'status)
         => (lambda (status) (string-append "exit status " (number->string status))))
        (else "")))


;;; Across the edge: seconds outside, milliseconds inside.

(define (check-entry pair)
  "Return PAIR, an entry of a stranger's outcome, with its time in ms; #f if it says nothing."
  (case (car pair)
    ((command user cwd stdout stderr start_error) (and (field:text pair) pair))
    ((status stdout_bytes stderr_bytes) (and (field:count pair) pair))
    ((signal) (and (field:signal pair) pair))
    ((timed_out cut lossy) (and (field:truth pair) pair))
    ((argv) (and (field:strings pair) pair))
    ((started)
     (let ((started (field:time pair)))
       (and started (cons 'started started))))
    ((elapsed)
     (let ((elapsed (field:seconds pair)))
       (and elapsed (cons 'elapsed elapsed))))
    (else pair)))

(define (json->outcome pair)
  "Return the outcome in PAIR, the entry of an object as %json-read gives it or #f; #f if there
is none.  Raise `bad-message' naming the key or the rule that it breaks."
  (let ((outcome (field:object pair)))
    (when (and outcome
               (field:given? (assq 'status outcome))
               (field:given? (assq 'signal outcome)))
      (raise-error 'bad-message "both 'status' and 'signal' in 'outcome'"))
    (and outcome (filter-map check-entry outcome))))

(define (outcome->json outcome)
  "Return OUTCOME as it stands in a message: times in seconds."
  (map (lambda (pair)
         (if (memq (car pair) '(started elapsed))
             (cons (car pair) (milliseconds->json (cdr pair)))
             pair))
       outcome))
