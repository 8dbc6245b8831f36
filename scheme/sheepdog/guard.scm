;;; guard.scm -- calls into plugins: whatever they raise becomes FILE:LINE:COL: error: ...
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog guard)
  #:use-module (sheepdog datum)
  #:use-module (sheepdog error)
  #:use-module (ice-9 exceptions)
  #:use-module (ice-9 match)
  #:use-module ((system vm vm) #:select (call-with-stack-overflow-handler))
  #:export (call-guarded map-guarded problem-text))

(define %most-stack 100000)                       ;words; 0.2 s of an endless recursion

(define %most-frames 3)                           ;that are told of
(define %most-looks 10000)                        ;frames looked at for them

(define (same-file? a b)
  "Are the file names A and B of one file, as far as can be told?  A compiled file remembers
another way to it."
  (and a b (string=? (basename a) (basename b))))

(define (frame->place frame file)
  "Return (LINE COLUMN PROCEDURE) of FRAME, counted from 1, if it is code of FILE, else #f."
  (match (frame-source frame)
    ((_ source line . column)
     (and (same-file? source file)
          (list (+ 1 line) (+ 1 column) (frame-procedure-name frame))))
    (_ #f)))

(define (places-on-stack stack file)
  "Return the places of at most three frames of STACK that are code of FILE, innermost first."
  ;; From frame to frame: `stack-ref' counts from the top each time, and a stack may be deep.
  (let loop ((frame (and stack (stack-ref stack 0))) (left %most-looks) (found '()))
    (if (or (not frame)
            (zero? left)
            (= %most-frames (length found)))
        (reverse found)
        (let ((place (frame->place frame file)))
          (loop (frame-previous frame) (- left 1) (if place (cons place found) found))))))

(define (problem-text file place text)
  "Return TEXT as the error of FILE at PLACE, (LINE COLUMN . _) or #f."
  (match place
    ((line column . _)
     (string-append file ":" (number->string line) ":" (number->string column)
                    ": error: " text))
    (#f (string-append file ": error: " text))))

(define (frame-text file place)
  (match place
    ((line column procedure)
     (string-append "  at " file ":" (number->string line) ":" (number->string column)
                    (if procedure
                        (string-append " in " (symbol->string procedure))
                        "")))))

(define (syntax-error-text who text form)
  "Return what the syntax error TEXT of WHO about FORM says.  Our own name what is wrong."
  (if (memq who '(define-monitor define-handler plugin))
      text
      (string-append text " in " (datum->text form))))

(define (split-hint text)
  "Return TEXT without, and the hint of, a last line `hint: ...'; #f if there is none."
  (let ((at (string-contains text "\nhint: ")))
    (if at
        (values (substring text 0 at) (substring text (+ at 7)))
        (values text #f))))

(define (raised-text key arguments)
  "Return the exception KEY with ARGUMENTS as a line of text, safely."
  (match (cons key arguments)
    (('%exception (? exception? exception))
     (if (exception-with-message? exception)
         (string-join (cons (exception-message exception)
                            (if (exception-with-irritants? exception)
                                (list (datum->text (exception-irritants exception)))
                                '())))
         (string-append "it raised " (datum->text exception))))
    (('%exception value)
     (string-append "it raised " (datum->text value)))
    (_ (exception->text key (tame arguments)))))

(define (failure-text file place key arguments)
  "Return two values: what the exception KEY with ARGUMENTS in the plugin FILE at PLACE says, and its
hint or #f."
  (match (cons key arguments)
    (('syntax-error who text where form . _)
     (call-with-values (lambda () (split-hint text))
       (lambda (text hint)
         (values (problem-text file (or (place-of-alist where) place)
                               (syntax-error-text who text form))
                 hint))))
    (_ (values (problem-text file place (raised-text key arguments))
               (exception->hint key arguments)))))

(define (protected file thunk failed)
  "Return what THUNK returns.  After any exception, an endless recursion and `exit' among them, return
(FAILED KEY ARGUMENTS PLACES) instead: the places of what is on the stack of the plugin that the thunk
FILE names, or '() if that returns #f."
  (define places '())
  (catch #t
    (lambda ()
      (call-with-prompt (default-prompt-tag)
        (lambda ()
          (call-with-stack-overflow-handler %most-stack
            thunk
            (lambda () (raise-error 'bad-plugin "endless recursion"))))
        (lambda _ (raise-error 'bad-plugin "it aborted to a prompt"))))
    (lambda (key . arguments)
      (failed key arguments places))
    (lambda _
      (set! places (if (file)
                       (places-on-stack (make-stack #t) (file))
                       '())))))

(define* (call-guarded file thunk failed #:key (place (const #f)))
  "Return what THUNK, code of the plugin FILE, returns.  After any exception, an endless
recursion and `exit' among them, return (FAILED TEXT HINT FRAMES) instead: TEXT is
`FILE:LINE:COL: error: ...', HINT a string or #f, FRAMES a list of at most three lines that
tell the way there.  The thunk PLACE gives the (LINE COLUMN) that counts when no frame is left
to tell it, as after a tail call, or #f."
  (protected (const file) thunk
    (lambda (key arguments places)
      (call-with-values
          (lambda ()
            (failure-text file (if (pair? places) (car places) (place)) key arguments))
        (lambda (text hint)
          (failed text hint (map (lambda (place) (frame-text file place)) places)))))))

(define (map-guarded proc items failed)
  "Return the list of what (PROC ITEM CALL) returns for each of ITEMS; PROC calls code of the plugin
FILE by (CALL FILE PLACE THUNK), see `call-guarded'.  Whatever raises there or else costs its item
only: that has (FAILED ITEM CODE TEXT) then, CODE being #f where code of a plugin raised or what did is
no error of ours.  A guard costs more than most items, so there is one for all, until one raises."
  (define file #f)
  (define place #f)
  (define (call plugin-file plugin-place thunk)
    (set! file plugin-file)
    (set! place plugin-place)
    (let ((result (thunk)))
      (set! file #f)
      result))
  (define (failure item key arguments places)
    (if file
        (call-with-values
            (lambda ()
              (failure-text file (if (pair? places) (car places) (place)) key arguments))
          (lambda (text hint) (failed item #f text)))
        (failed item (error-code key arguments) (exception->text key arguments))))
  (let loop ((left items) (results '()))
    (define (note! result)
      (set! file #f)
      (set! left (cdr left))
      (set! results (cons result results)))
    (protected (lambda () file)
      (lambda ()
        (let next ()
          (unless (null? left)
            (note! (proc (car left) call))
            (next))))
      (lambda (key arguments places)
        (note! (failure (car left) key arguments places))))
    (if (null? left)
        (reverse results)
        (loop left results))))

(define (place-of-alist source)
  "Return (LINE COLUMN) of SOURCE, source properties as of `syntax-source', or #f."
  (and source
       (assq-ref source 'line)
       (list (+ 1 (assq-ref source 'line)) (+ 1 (assq-ref source 'column)))))
