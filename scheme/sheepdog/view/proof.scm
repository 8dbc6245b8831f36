;;; proof.scm -- why the answers to a question are its answers, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view proof)
  #:use-module (sheepdog logic compile)
  #:use-module (sheepdog proof)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view answers)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (proofs-lines
            proofs-org
            proofs-json
            proofs-sexp))

;; PROOFS are lists of <step>s, one for each of ANSWERS.

;;; For people

(define (step-title step)
  (string-join (cons (symbol->string (step-name step))
                     (map (lambda (argument)
                            (match (argument-value argument)
                              (#f "_")
                              (value (match (value->text value (argument-type argument))
                                       ("" "\"\"")
                                       (text text)))))
                          (step-arguments step)))))

(define (same-day? a b)
  (string=? (string-take (time->stamp a) 10) (string-take (time->stamp b) 10)))

(define (step-span step)
  "Return when STEP, a fact, held: \"since 2026-01-12 10:00:00\", \"2026-11-03 02:14:00 .. 02:31:00\"."
  (match (cons (step-from step) (step-to step))
    ((#f . _) "")
    ((from . 'open) (string-append "since " (time->stamp from)))
    ((from . to)
     (cond ((= from to) (string-append "at " (time->stamp from)))
           ((same-day? from to)
            (string-append (time->stamp from) " .. " (string-drop (time->stamp to) 11)))
           (else (string-append (time->stamp from) " .. " (time->stamp to)))))))

(define (step-source step)
  (match (step-message step)
    (#f (if (eq? 'live (step-kind step)) "asked now" ""))
    (number (string-append "message " (number->string number)))))

(define (absence step now)
  "Return what is said of STEP, of what is not there."
  (string-append
   "nothing in " (printable (step-text step))
   (string-concatenate
    (map (match-lambda
           ((host . #f) (string-append "; " (printable host) " never heard"))
           ((host . heard)
            (string-append "; " (printable host) " last heard "
                           (duration->text (max 0 (- now heard))) " ago")))
         (step-heard step)))))

(define* (step->rows step now #:optional (depth 0) (title ""))
  "Return what shows STEP: (DEPTH TITLE SPAN SOURCE), or (DEPTH TEXT) for what has no columns.  A rule
that follows of one step stands in its line, its TITLE before it."
  (define (titled step) (string-append title (step-title step)))
  (match (step-kind step)
    ('rule
     (match (step-steps step)
       (((? (lambda (one) (memq (step-kind one) '(fact live rule))) one))
        (step->rows one now depth (string-append (titled step) " <- ")))
       (steps
        (cons (list depth (titled step))
              (append-map (lambda (step) (step->rows step now (+ depth 1))) steps)))))
    ('absent (list (list depth (string-append title (absence step now)))))
    ('more (list (list depth "and more")))
    ('deep (list (list depth "by a longer way than is followed here")))
    (_ (list (list depth (titled step) (step-span step) (step-source step))))))

(define (indented depth text)
  (string-append (make-string (* 2 (+ 1 depth)) #\space) text))

(define (steps->lines steps now)
  (let* ((rows (append-map (lambda (step) (step->rows step now)) steps))
         (aligned (columns->lines
                   (filter-map (match-lambda
                                 ((depth title span source)
                                  (list (indented depth title) span source))
                                 (_ #f))
                               rows)
                   #:gaps '(4 4) #:room 1000000)))
    (let merge ((rows rows) (aligned aligned))
      (match rows
        (() '())
        (((depth text) . rest) (cons (indented depth text) (merge rest aligned)))
        ((_ . rest) (cons (car aligned) (merge rest (cdr aligned))))))))

(define (title row answers)
  (if (null? row)
      "It is so"
      (string-join (row->texts row answers) "  ")))

(define (proofs-lines answers silent proofs)
  "Return the lines that show why ANSWERS are answers, by PROOFS; SILENT are hosts, (HOST . SINCE)."
  (append (append-map (lambda (row steps)
                        (cons (title row answers)
                              (steps->lines steps (answers-time answers))))
                      (answers-rows answers) proofs)
          (list (closing-line answers silent))))

(define (proofs-org answers silent proofs)
  "Return the same as an Org list."
  (append
   (append-map
    (lambda (row steps)
      (cons (string-append "- " (title row answers))
            (map (match-lambda
                   ((depth . texts)
                    (string-append (make-string (* 2 (+ 1 depth)) #\space) "- "
                                   (string-join (remove string-null? texts) ", "))))
                 (append-map (lambda (step) (step->rows step (answers-time answers))) steps))))
    (answers-rows answers) proofs)
   (list "" (closing-line answers silent))))


;;; For programs

(define (argument->document argument)
  (document-value (argument-value argument) (argument-type argument)))

(define (step->document step)
  (define (named . more)
    (cons* (cons 'kind (step-kind step))
           (cons 'name (symbol->string (step-name step)))
           (cons 'arguments (list->vector (map argument->document (step-arguments step))))
           more))
  (match (step-kind step)
    ('fact
     (named (cons 'from (instant (step-from step)))
            (cons 'to (match (step-to step) ('open 'null) (to (instant to))))
            (cons 'message (absent (step-message step)))))
    ('rule (named (cons 'steps (steps->document (step-steps step)))))
    ('live (named))
    ('absent
     `((kind . absent)
       (goal . ,(step-text step))
       (hosts . ,(list->vector
                  (map (match-lambda
                         ((host . heard) `((host . ,host) (heard . ,(instant heard)))))
                       (step-heard step))))))
    (kind `((kind . ,kind)))))

(define (steps->document steps)
  (list->vector (map step->document steps)))

(define (proofs-json answers silent proofs)
  "Return the document of ANSWERS with `why', a list of steps for each of them."
  (append (answers-json answers silent)
          `((why . ,(list->vector (map steps->document proofs))))))

(define (proofs-sexp answers silent proofs)
  "Return the lines of the list (sheepdog-answers ...) of ANSWERS; behind each its steps, (step ...)."
  (answers-sexp answers silent
                #:behind (map (lambda (steps)
                                (map (lambda (step)
                                       (sexp->string (document->sexp 'step (step->document step))))
                                     steps))
                              proofs)))
