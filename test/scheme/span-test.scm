;;; span-test.scm -- spans that follow from results, whatever these are: properties of random histories
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog incident)
             (sheepdog span)
             (sheepdog terms)
             (sheepdog test)
             (ice-9 match)
             (ice-9 receive)
             (srfi srfi-1))

(define %histories 400)
(define new (fresh-subject "h" "t" "error" 0))

(define* (result state at #:optional (event at))
  (make-result state at at 0 event event ""))


;;; Random histories, the same at each run.

(define (random-terms random)
  (let* ((of (and (zero? (random 2)) (+ 1 (random 5))))
         (after (+ 1 (random (or of 4)))))
    (terms #:after after #:of of
           #:for (* 5 (random 3))
           #:ok-after (+ 1 (random 3))
           #:flap (+ 2 (random 4)) #:within (+ 10 (random 40)))))

(define (random-results random)
  "Return results at times that are all different, in their order."
  (let loop ((count (+ 1 (random 25))) (at 0) (results '()))
    (if (zero? count)
        (reverse results)
        (let ((at (+ at 1 (random 8))))
          (loop (- count 1) at
                (cons (result (list-ref '(ok ok ok fail fail warn unknown) (random 7)) at)
                      results))))))

(define (first-counterexample property)
  "Return what PROPERTY, called with a source of random numbers, complains of first, or #f."
  (any (lambda (seed)
         (let* ((state (seed->random-state seed))
                (complaint (property (lambda (n) (random n state)))))
           (and complaint (list 'seed seed complaint))))
       (iota %histories)))

(define (lives results terms)
  "Return what a new subject is after each of RESULTS."
  (cdr (reverse (fold (lambda (result lives)
                        (cons (subject-after (car lives) result terms) lives))
                      (list new) results))))

(define (described results terms)
  (list (list (terms-after terms) (terms-of terms) (terms-for terms) (terms-ok-after terms))
        (map (lambda (result) (list (result-at result) (result-state result))) results)))


;;; The table of hard states, read aloud: from all results since the counters were empty.

(define (counts? history terms)
  "Is the first of HISTORY, the newest first, bad by TERMS?"
  (let ((considered (take history (min (length history)
                                       (or (terms-of terms) (terms-after terms))))))
    (>= (count (lambda (result) (bad? (result-state result))) considered)
        (terms-after terms))))

(define (row-since history)
  "Return when the unbroken row of bad results began with which HISTORY, the newest first, ends."
  (result-at (last (take-while (lambda (result) (bad? (result-state result))) history))))

(define (hard-states results terms)
  "Return the hard state after each of RESULTS."
  (let loop ((results results) (hard #f) (history '()) (states '()))
    (match results
      (() (reverse states))
      ((result . rest)
       (let* ((at (result-at result))
              (state (result-state result))
              ;; the clock, before this result
              (hard (if (and (not (bad? hard)) (pair? history)
                             (bad? (result-state (first history)))
                             (counts? history terms)
                             (>= (- at (row-since history)) (terms-for terms)))
                        (result-state (first history))
                        hard))
              (history (cons result history))
              (next (cond ((and (bad? hard) (bad? state)) state)
                          ((bad? hard)
                           (if (and (>= (length history) (terms-ok-after terms))
                                    (every (lambda (result) (eq? 'ok (result-state result)))
                                           (take history (terms-ok-after terms))))
                               'ok
                               hard))
                          ((not (bad? state)) 'ok)
                          ((and (counts? history terms)
                                (>= (- at (row-since history)) (terms-for terms)))
                           state)
                          (else hard))))
         (loop rest next
               (if (and (bad? hard) (eq? next 'ok)) '() history)
               (cons next states)))))))

(define (spans-of results terms)
  (receive (subject spans) (replay new results terms (const #f) 0)
    (map (lambda (span)
           (list (span-from span) (span-until span) (span-worst span) (span-failures span)))
         spans)))

(define (rows-of results)
  "Return the unbroken rows of bad results, as `spans-of' shows spans."
  (let loop ((results results) (rows '()))
    (match (drop-while (lambda (result) (eq? 'ok (result-state result))) results)
      (() (reverse rows))
      (results
       (receive (row rest) (break (lambda (result) (eq? 'ok (result-state result))) results)
         (loop rest
               (cons (list (result-at (first row))
                           (if (null? rest) %open-end (result-at (first rest)))
                           (fold worse #f (map result-state row))
                           (if (null? rest) 0 (length row)))
                     rows)))))))

(define (overlapping spans)
  (find (match-lambda (((from until . _) (next . _)) (or (> until next) (> from until)))
                      (_ #f))
        (if (null? spans) '() (map list spans (append (cdr spans) '(()))))))

(run-tests "span"
  (test-equal "the hard state follows the table"
    #f
    (first-counterexample
     (lambda (random)
       (let ((terms (random-terms random)) (results (random-results random)))
         (and (not (equal? (hard-states results terms)
                           (map subject-hard (lives results terms))))
              (list (described results terms)
                    (hard-states results terms)
                    (map subject-hard (lives results terms))))))))

  (test-equal "spans are the rows of bad results, and never overlap"
    #f
    (first-counterexample
     (lambda (random)
       (let* ((terms (random-terms random)) (results (random-results random))
              (spans (spans-of results terms)))
         (and (or (not (equal? spans (rows-of results))) (overlapping spans))
              (list (described results terms) spans))))))

  (test-equal "a span is open while the newest result is bad, and the subject knows which"
    #f
    (first-counterexample
     (lambda (random)
       (let* ((terms (random-terms random)) (results (random-results random))
              (subject (last (lives results terms)))
              (spans (spans-of results terms)))
         (and (not (equal? (subject-span subject)
                           (match (reverse spans)
                             (((from (? (lambda (until) (= until %open-end))) . _) . _) from)
                             (_ #f))))
              (described results terms))))))

  (test-equal "the end of flapping lies ahead as long as it flaps"
    #f
    (first-counterexample
     (lambda (random)
       (let* ((terms (random-terms random)) (results (random-results random)))
         (find (lambda (subject)
                 (and (subject-flapping subject)
                      (let ((end (subject-turn subject terms)))
                        (not (and end (> end (subject-at subject)))))))
               (lives results terms))))))

  (test-equal "a late that an ok refutes is skipped, one that nothing refutes is a span"
    '(((25 30 fail)) ((20 30 fail)))
    (map (lambda (ok-at)
           (receive (subject spans)
               (replay new (list (result 'ok 5) (result 'ok ok-at) '(late 20 5 "due 10")
                                 (result 'fail 25) (result 'ok 30))
                       (terms) (const #f) 0)
             (map (lambda (span) (list (span-from span) (span-until span) (span-worst span)))
                  spans)))
         '(10 5)))

  (test-equal "a span that was closed is not open any more"
    '((10 15 "closed") (20 9223372036854775807 ""))
    (receive (subject spans)
        (replay new (list (result 'fail 10) '(closed 15) (result 'fail 20)) (terms) (const #f) 0)
      (map (lambda (span) (list (span-from span) (span-until span) (span-end span))) spans))))
