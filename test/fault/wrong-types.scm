;;; wrong-types.scm -- calls every primitive with arguments that it does not want, again and again
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Usage: sheepdog-guile wrong-types.scm COUNT SEED.  COUNT calls in all, in the working directory,
;; which should be empty.  Prints how many calls raised an error, of how many primitives, how many
;; descriptors more are open than before and by how many KiB the memory grew.

(use-modules (ice-9 ftw)
             (ice-9 match)
             (ice-9 rdelim)
             (srfi srfi-1))

(define core (resolve-interface '(sheepdog core)))

;; Those that do what they are for with any number or word: they wait, or end the process.
(define harmful '(%pause %errands-pause %mend-traces!))

(define primitives
  (sort (filter-map (match-lambda
                      ((name . variable)
                       (and (procedure? (variable-ref variable))
                            (not (memq name harmful))
                            (cons name (variable-ref variable)))))
                    (module-map cons core))
        (lambda (a b) (string<? (symbol->string (car a)) (symbol->string (car b))))))

(define (primitive name) (assq-ref primitives name))

(define circle (let ((l (list 1 2))) (set-cdr! (cdr l) l) l))

(define (deep n) (let loop ((i 0) (l '())) (if (= i n) l (loop (+ i 1) (list l)))))

(define closed-database
  (let ((db ((primitive '%db-open) ":memory:" 'create)))
    ((primitive '%db-close!) db)
    db))

(define things
  (vector #t #f '() 'sym 'create #:key #\x -1 (expt 2 70) (- (expt 2 70)) 1/3 1.5 (nan) (inf) "" "text"
          "nul\x00;" (make-string 70000 #\x) #vu8() #vu8(255 254 0) #() #(1 #("a" #f)) '(1 . 2) circle
          (deep 50000) car (lambda _ (error "called")) (make-hash-table) (current-output-port)
          (if #f #f) (call-with-output-string (const #t)) (current-module) closed-database
          ((primitive '%db-open) ":memory:" 'create) (make-vector 100000 'x) '((a . 1) (b . circle))))

(define (descriptors)
  (length (or (scandir "/proc/self/fd") '())))

(define (memory)
  "Return the resident memory, KiB."
  (call-with-input-file "/proc/self/status"
    (lambda (port)
      (let loop ()
        (let ((line (read-line port)))
          (if (string-prefix? "VmRSS:" line)
              (string->number (cadr (string-tokenize line)))
              (loop)))))))

(define (call-wrongly chance)
  "Return whether an error was raised."
  (match (list-ref primitives (random (length primitives) chance))
    ((name . procedure)
     (let ((arguments (map (lambda _ (vector-ref things (random (vector-length things) chance)))
                           (iota (match (procedure-minimum-arity procedure)
                                   ((0 . _) (random 2 chance))
                                   ((n . _) n))))))
       (catch #t
         (lambda () (apply procedure arguments) #f)
         (const #t))))))

(define (clean-up)
  "Unlock what may have been locked, which is a right use of it, and collect what is left."
  (for-each (lambda (thing)
              (when (string? thing)
                (catch #t (lambda () ((primitive '%unlock!) thing)) (const #f))))
            (vector->list things))
  (do ((i 0 (+ i 1))) ((= i 3)) (gc)))

(define (more-descriptors open)
  "Return how many descriptors more than OPEN stay, whatever is collected and ends meanwhile."
  (let loop ((tries 20))
    (let ((more (- (descriptors) open)))
      (cond ((or (<= more 0) (zero? tries)) more)
            (else
             (clean-up)
             (usleep 10000)
             (loop (- tries 1)))))))

(match (command-line)
  ((_ ... count seed)
   (let ((chance (seed->random-state (string->number seed)))
         (count (string->number count)))
     (define (calls n) (count-true (map (lambda _ (call-wrongly chance)) (iota n))))
     (define (count-true l) (length (filter identity l)))
     (calls (quotient count 5))                   ;what is made once, is made
     (clean-up)
     (let* ((open (descriptors))
            (size (memory))
            (raised (calls count)))
       (clean-up)
       (format #t "~a ~a ~a ~a~%" raised (length primitives) (more-descriptors open)
               (- (memory) size))))))
