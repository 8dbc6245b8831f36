;;; status.scm -- how the herd stands: what is not ok or expected, the rest in a line
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view status)
  #:use-module (sheepdog history)
  #:use-module (sheepdog outlook)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (sheepdog view words)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (status-lines
            status-document
            status-org
            status-exit
            standing-object
            org-standing
            wanted))

(define (own? standing)
  "Is STANDING what sheepdog says about itself?"
  (string-prefix? "sheepdog " (standing-tag standing)))

(define (wanted standings selection)
  "Those of STANDINGS that SELECTION, one of bad, all and usual, is about: sheepdog's
own tags only when they are not ok, unless all are wanted."
  (filter (lambda (s)
            (case selection
              ((all) #t)
              ((bad) (bad? (standing-state s)))
              (else (or (bad? (standing-state s)) (not (own? s))))))
          standings))

(define (shown? standing outlook)
  "Is STANDING worth a line of its own?"
  (or (bad? (standing-state standing))
      (and outlook (not (own? standing)))))

(define (status-exit standings)
  "The exit status that STANDINGS deserve: 1 when one is fail, late or unknown, and neither silenced nor
acknowledged."
  (if (any (lambda (s)
             (and (memq (standing-state s) '(fail late unknown))
                  (not (quiet? 'silenced s))
                  (not (quiet? 'acked s))))
           standings)
      1
      0))

;;; Text

(define (head standings now)
  (define (count-of state)
    (let ((n (count (lambda (s) (eq? state (standing-state s))) standings)))
      (and (> n 0)
           (paint (and (bad? state) state)
                  (string-append (number->string n) " " (state-word state))))))
  (let ((machines (length (delete-duplicates (map standing-host standings))))
        (counts (filter-map count-of '(fail late unknown warn ok))))
    (string-append
     (time->local "%a %-d %b %H:%M" now) "  "
     (if (null? standings)
         "nothing heard yet"
         (string-append (plural machines "machine") ", "
                        (number->string (length standings)) " watched"
                        (if (null? counts) "" ": ")
                        (string-join counts ", "))))))

(define (words standing outcome outlook)
  (let ((state (standing-state standing))
        (bad-since (standing-bad-since standing)))
    (if (and (eq? state 'late) outlook)
        (due-words outlook)
        (string-join
         (remove string-null?
                 (list (result-words state (standing-summary standing)
                                     (standing-elapsed standing) outcome)
                       (or (and bad-since
                                (row-words bad-since (standing-heard standing)
                                           (standing-failures standing)))
                           "")))
         ", "))))

(define (heard-words standing now)
  (match (standing-heard standing)
    (0 "never")
    (at (time->words at now))))

(define (quiet-words standing)
  "Return \"silenced\", \"acked\", \"held\", those that are true, '() where STANDING is told of."
  (map (compose symbol->string quiet-kind) (standing-quiet standing)))

(define (remarks standing outcome outlook)
  "Return what is said of STANDING in its line, that nobody is told of it first: the end may be cut."
  (string-join (remove string-null?
                       (append (if (bad? (standing-state standing)) (quiet-words standing) '())
                               (list (words standing outcome outlook))))
               ", "))

(define (row standing host? now run-times outcome outlook)
  "The cells of STANDING; HOST? says whether it is the first of its host."
  (let ((state (standing-state standing)))
    (list (styled state (state-mark state))
          (if host? (printable (standing-host standing)) "")
          (printable (standing-tag standing))
          (styled state (state-word state))
          (heard-words standing now)
          (remarks standing (and (bad? state) (outcome standing)) outlook)
          (sparkline (run-times standing)))))

(define (rows standings now run-times outcome outlook)
  (map (lambda (s before)
         (row s
              (not (and before (string=? (standing-host s) (standing-host before))))
              now run-times outcome (outlook s)))
       standings
       (if (null? standings) '() (cons #f (drop-right standings 1)))))

(define (quiet-names standings)
  "What STANDINGS are called in the line of the quiet ones: `host (3)', `host/tag'."
  (let collect ((rest standings) (names '()))
    (if (null? rest)
        (reverse names)
        (let* ((host (standing-host (car rest))))
          (call-with-values
              (lambda () (span (lambda (s) (string=? host (standing-host s))) rest))
            (lambda (of-host rest)
              (collect rest
                       (cons (printable
                              (match of-host
                                ((one) (string-append host "/" (standing-tag one)))
                                (several (format #f "~a (~a)" host (length several)))))
                             names))))))))

(define %most-quiet 40)                          ;names in the line of the quiet ones

(define (quiet-lines standings)
  (let* ((names (quiet-names standings))
         (more (- (length names) %most-quiet))
         (names (if (> more 0)
                    (append (take names %most-quiet)
                            (list (format #f "and ~a more" more)))
                    names))
         (tail "'sheepdog show NAME' tells."))
    (if (null? names)
        '()
        (let fill ((pieces (append (map (lambda (name) (string-append name ","))
                                        (drop-right names 1))
                                   (list (string-append (last names) ". ") tail)))
                   (line "Quiet:") (lines '()))
          (match pieces
            (() (reverse (cons line lines)))
            ((piece . rest)
             (if (>= (+ (text-width line) 1 (text-width piece)) %columns)
                 (fill rest (string-append "       " piece)
                       (cons (string-trim-right line) lines))
                 (fill rest (string-append line " " piece) lines))))))))

(define* (status-lines standings now #:key (all? #f) (wide? #f)
                       (run-times (const '())) (outcome (const #f)) (outlook (const #f)))
  "Return the lines of `sheepdog status' at NOW for STANDINGS, sorted by host.  Those
that are neither bad nor expected are folded unless ALL?; WIDE? cuts nothing.  RUN-TIMES gives the last
run times (ms) of a <standing>, OUTCOME the outcome of its newest result or #f; both
are asked only for what has a line.  OUTLOOK gives what is expected of it, an <outlook> or #f."
  (call-with-values
      (lambda () (if all?
            (values standings '())
            (partition (lambda (s) (shown? s (outlook s))) standings)))
    (lambda (shown quiet)
      `(,(head standings now)
        ,@(columns->lines (rows shown now run-times outcome outlook)
                          #:shrink '(5 2 1) #:gaps '(1)
                          #:room (if wide? 1000000 (- %columns 1)))
        ,@(quiet-lines quiet)))))

;;; Programs

(define (quiet? kind standing)
  (and (memq kind (map quiet-kind (standing-quiet standing))) #t))

(define* (standing-object standing #:optional outlook)
  "Return STANDING, of which OUTLOOK is expected (#f: nothing), as an object of a document."
  `((host . ,(standing-host standing))
    (tag . ,(standing-tag standing))
    (monitor . ,(standing-monitor standing))
    (state . ,(absent (standing-state standing)))
    (since . ,(instant (standing-since standing)))
    (last . ,(instant (and (positive? (standing-heard standing)) (standing-heard standing))))
    (last_ok . ,(instant (standing-ok-at standing)))
    (due . ,(instant (and outlook (outlook-due outlook))))
    (late_after . ,(instant (and outlook (outlook-deadline outlook))))
    (expected . ,(absent (and outlook (outlook-words outlook))))
    (missed . ,(absent (and outlook (outlook-missed outlook))))
    (summary . ,(standing-summary standing))
    (message . ,(absent (standing-event standing)))
    (elapsed . ,(seconds (standing-elapsed standing)))
    (failures . ,(standing-failures standing))
    (silenced . ,(quiet? 'silenced standing))
    (acked . ,(quiet? 'acked standing))
    (held . ,(quiet? 'held standing))))

(define* (status-document standings now #:optional (outlook (const #f)))
  "Return what `sheepdog status' says of STANDINGS at NOW, as a document; OUTLOOK as for `status-lines'."
  (document 'status now
            `(subjects . ,(list->vector (map (lambda (s) (standing-object s (outlook s)))
                                             standings)))))

(define* (org-standing standing #:optional outlook)
  "Return the lines of a heading for STANDING, of which OUTLOOK is expected (#f: nothing)."
  (org-subject (absent (standing-state standing))
               (string-append (standing-host standing) "/" (standing-tag standing))
               (standing-object standing outlook)))

(define* (status-org standings #:optional (outlook (const #f)))
  "Return the lines of `sheepdog status -f org' for STANDINGS: a heading each."
  (append-map (lambda (s) (org-standing s (outlook s))) standings))
