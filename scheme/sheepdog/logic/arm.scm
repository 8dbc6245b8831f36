;;; arm.scm -- one SELECT under construction: what it is from, under which conditions
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog logic arm)
  #:use-module (sheepdog logic expression)
  #:use-module (sheepdog logic statement)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (new-arm arm-env arm-evidence arm-placed? arm-inside? arm->from arm->where arm->select
            add-from! add-where! bind! place-group! group-spans
            add-span! frame-spans close-frames! note-evidence!
            frame frame-id frame-from frame-to))

(define-record-type <arm>
  (make-arm inside? from where env spans groups frames evidence)
  arm?
  (inside? arm-inside?)                           ;does it know anything from outside?
  (from from set-from!)                           ;list of SQL texts, last first
  (where where set-where!)                        ;list of SQL texts, last first
  (env arm-env set-env!)                          ;as of (sheepdog logic expression)
  (spans spans set-spans!)                        ;list of (FRAME-ID T0 T1 PLANNED? OUTER?)
  (groups groups set-groups!)                     ;list of (GROUP-ID T0 T1)
  (frames frames set-frames!)                     ;list of <frame>, those with conditions
  (evidence evidence set-evidence!))              ;list of what was placed, last first

;; The window that goals share an instant of.
(define-record-type <frame>
  (frame id from to)
  frame?
  (id frame-id)                                   ;what eq? tells from others
  (from frame-from)                               ;SQL | #f: no limit
  (to frame-to))                                  ;the same

(define* (new-arm env #:optional (outer '()))
  "Return an arm without anything, whose ENV is known from outside; OUTER are spans there, as of
`frame-spans', which count for the frames inside, too."
  (make-arm (pair? env) '() '() env
            (map (match-lambda ((id t0 t1 planned? _) (list id t0 t1 planned? #t))) outer)
            '() '() '()))

(define (arm-evidence arm) (reverse (evidence arm)))
(define (arm-placed? arm) (pair? (from arm)))

(define (add-from! arm text) (set-from! arm (cons text (from arm))))
(define (add-where! arm . texts) (set-where! arm (append (reverse texts) (where arm))))
(define (bind! arm variable place) (set-env! arm (bind-place variable place (arm-env arm))))
(define (note-evidence! arm what) (set-evidence! arm (cons what (evidence arm))))

(define (place-group! arm group t0 t1)
  "Note that a goal of GROUP holds from T0 to T1, SQL."
  (set-groups! arm (cons (list group t0 t1) (groups arm))))

(define (group-spans arm group)
  "Return the spans, (T0 T1), of what was placed of GROUP, in order."
  (filter-map (match-lambda ((id t0 t1) (and (eq? id group) (list t0 t1))))
              (reverse (groups arm))))

(define (add-span! arm frame t0 t1 planned?)
  "Note that a goal in FRAME holds from T0 to T1, SQL."
  (set-spans! arm (cons (list (frame-id frame) t0 t1 planned? #f) (spans arm)))
  (unless (find (lambda (known) (eq? (frame-id known) (frame-id frame))) (frames arm))
    (set-frames! arm (cons frame (frames arm)))))

(define (frame-spans arm id)
  "Return the spans of what was placed in the frame ID, (ID T0 T1 PLANNED? OUTER?) each."
  (filter (match-lambda ((of . _) (eq? of id))) (reverse (spans arm))))

(define (close-frames! arm now)
  "Add the condition that all spans in a frame have an instant of its window in common, for each
frame; NOW is a procedure from nothing to SQL: what time it is.  Only what is planned counts after now."
  (for-each
   (lambda (frame)
     (let* ((spans (frame-spans arm (frame-id frame)))
            (planned? (every fourth spans))
            (begins (append (map second spans)
                            (if (frame-from frame) (list (frame-from frame)) '())))
            (clip (if planned? '() (list (now))))
            (ends (delete-duplicates
                   (append (map third spans)
                           (if (frame-to frame) (list (frame-to frame)) '())
                           clip))))
       (unless (and (null? (cdr begins)) (equal? ends (list (third (first spans)))))
         (add-where! arm (string-append (greatest begins) " < " (least ends))))))
   (reverse (frames arm))))

(define (arm->from arm)
  (if (null? (from arm)) "(SELECT 1)" (joins (reverse (from arm)))))

(define (arm->where arm)
  (ands (reverse (where arm))))

(define* (arm->select arm what #:key (distinct? #f))
  "Return the SELECT of WHAT, SQL, from ARM."
  (string-append "SELECT " (if distinct? "DISTINCT " "") what
                 " FROM " (arm->from arm)
                 (if (null? (where arm)) "" (string-append " WHERE " (arm->where arm)))))
