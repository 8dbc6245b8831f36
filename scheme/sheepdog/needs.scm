;;; needs.scm -- what the configuration says for many subjects at once, as facts of each
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; `(depends PATTERN (on SUBJECT...))' becomes rows of relation `depends', one for each subject that the
;; pattern fits; `(silence ...)' rows of table _silence.  Messages may tell of dependencies, too: theirs
;; name the event, ours have none.  Each procedure takes part in the caller's transaction.

(define-module (sheepdog needs)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog claim)
  #:use-module (sheepdog dependency)
  #:use-module (sheepdog due)
  #:use-module (sheepdog fact)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (plan-needs! expand-needs! keep-silences!))

;;; Dependencies.

(define (needs-of dependencies host tag)
  "Return the arguments behind the host of the facts `depends' of HOST/TAG."
  (append-map (lambda (dependency)
                (map (match-lambda ((on-host . on-tag) (list tag on-host on-tag)))
                     (dependency-on dependency)))
              (dependencies-of dependencies host tag #f)))

(define (wanted batch)
  (let ((dependencies (policy-dependencies (batch-policy batch))))
    (if (null? dependencies)
        '()
        (append-map (match-lambda
                      (#(host tag)
                       (map (lambda (arguments) (cons host arguments))
                            (needs-of dependencies host tag))))
                    (sql (batch-db batch) "SELECT host, tag FROM subject
 WHERE forgotten IS NULL OR heard > forgotten")))))

(define (there batch)
  (map vector->list
       (sql (batch-db batch) "SELECT host, tag, on_host, on_tag FROM depends WHERE ev = 0
 AND t1 = 9223372036854775807")))

(define (expand-needs! batch at key)
  "Let the facts `depends' of the configuration be those that it wants now; the clock's work `needs'."
  (define origin-now (origin (batch-now batch) 0))
  (define (claim! proc)
    (let ((place 0))
      (match-lambda
        ((host . arguments)
         (set! place (+ place 1))
         (proc (batch-facts batch) "depends" host arguments origin-now place)))))
  (let* ((wanted (wanted batch))
         (known (make-hash-table))
         (there (there batch)))
    (for-each (lambda (fact) (hash-set! known fact #t)) wanted)
    (for-each (claim! end-fact!) (remove (lambda (fact) (hash-ref known fact)) there))
    (for-each (lambda (fact) (hash-remove! known fact)) there)
    (for-each (claim! store-fact!) (filter (lambda (fact) (hash-ref known fact)) wanted))))


;;; Silences.

(define (boundary policy now)
  "Return when a window next begins or ends for a silence of POLICY after NOW, or #f."
  (match (filter-map (lambda (silence) (silence-boundary silence now)) (policy-silences policy))
    (() #f)
    (times (apply min times))))

(define (keep-silences! batch at key)
  "Let table _silence have those silences of the configuration that count now; the clock's work
`silences', again when a window begins or ends."
  (let* ((db (batch-db batch))
         (now (batch-now batch))
         (active (filter-map (lambda (silence)
                               (and (silence-active? silence now)
                                    (list (pattern-text (silence-pattern silence))
                                          (silence-reason silence)
                                          (or (silence-until silence now)
                                              9223372036854775807))))
                             (policy-silences (batch-policy batch))))
         (there (map vector->list (sql db "SELECT pattern, reason, t1 FROM _silence WHERE t1 > " now)))
         (next (boundary (batch-policy batch) now)))
    (for-each (match-lambda
                ((and row (pattern reason until))
                 (unless (member row active)
                   (sql db "DELETE FROM _silence WHERE pattern = " pattern " AND reason = " reason
                        " AND t1 = " until " AND t0 >= " now)
                   (sql db "UPDATE _silence SET t1 = " now " WHERE pattern = " pattern
                        " AND reason = " reason " AND t1 = " until))))
              there)
    (for-each (match-lambda
                ((and row (pattern reason until))
                 (unless (member row there)
                   (sql db "INSERT INTO _silence (pattern, reason, t0, t1) VALUES (" pattern ", "
                        reason ", " now ", " until ")"))))
              active)
    (when next
      (due! db next 'silences ""))))

(define (plan-needs! db config now)
  "Let the clock find out what CONFIG, which counts from NOW on, says of subjects."
  (when (or (pair? (policy-dependencies (policy config)))
            (sql-row db "SELECT 1 FROM depends WHERE ev = 0 AND t1 = 9223372036854775807"))
    (due! db now 'needs ""))
  (when (or (pair? (policy-silences (policy config)))
            (sql-row db "SELECT 1 FROM _silence WHERE t1 > " now))
    (due! db now 'silences "")))
