;;; log.scm -- what was said, a line each
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view log)
  #:use-module (sheepdog history)
  #:use-module (sheepdog message)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (sheepdog view words)
  #:use-module (srfi srfi-1)
  #:export (log-lines
            log-message
            log-org))

(define (change entry)
  "What became of the state: `ok -> LATE', `FAIL'; of what tells none its kind."
  (let ((now (entry-state entry)) (before (entry-before entry)))
    (cond ((not now) (symbol->string (entry-kind entry)))
          ((and before (not (eq? before now)))
           (string-append (state-word before) " -> " (state-word now)))
          (else (state-word now)))))

(define (remark entry)
  "In parentheses, for a bad ENTRY: the how many-th it is, and that nobody was told, or not yet."
  (let ((parts (append (if (> (entry-nth entry) 1) (list (ordinal (entry-nth entry))) '())
                       (cond ((pair? (entry-told entry)) '())
                             ((entry-held? entry) '("not yet"))
                             (else '("no mail"))))))
    (if (or (null? parts) (not (bad? (entry-state entry))) (eq? 'day (entry-kind entry)))
        ""
        (string-append " (" (string-join parts ", ") ")"))))

(define (stamp entry)
  (if (eq? 'day (entry-kind entry))
      (time->local "%F" (entry-at entry))
      (time->stamp (entry-at entry))))

(define (row entry outcome)
  (list (stamp entry)
        (printable (entry-host entry))
        (printable (entry-tag entry))
        (styled (entry-state entry) (change entry))
        (string-trim
         (string-append (result-words (entry-state entry) (entry-summary entry)
                                      (entry-elapsed entry)
                                      (and (bad? (entry-state entry)) (entry-id entry)
                                           (outcome entry)))
                        (remark entry)))))

(define* (log-lines entries #:key (outcome (const #f)) (wide? #f))
  "Return the lines of `sheepdog log' for ENTRIES, a list of <entry>, in 79 columns
unless WIDE?.  OUTCOME gives the outcome of an <entry>, or #f; only bad ones are
asked for."
  (columns->lines (map (lambda (entry) (row entry outcome)) entries)
                  #:room (if wide? 1000000 (- %columns 1)) #:shrink '(4 2 1)))

;;; Programs

(define (ancestor-word state)
  (case state
    ((ok) "SUCCESS")
    ((fail late) "FAIL")
    ((warn unknown) "WARNING")
    (else 'null)))

(define (flat entry outcome)
  "What the ancestor's events had at their top, of ENTRY with OUTCOME (an alist with
JSON's seconds, or '())."
  (define (of key) (or (assq-ref outcome key) 'null))
  `((time . ,(instant (entry-at entry)))
    (elapsed . ,(of 'elapsed))
    (user . ,(of 'user))
    (host . ,(entry-host entry))
    (command . ,(of 'command))
    (tag . ,(entry-tag entry))
    (stdout . ,(of 'stdout))
    (stderr . ,(of 'stderr))
    (status . ,(of 'status))
    (err . ,(ancestor-word (entry-state entry)))))

(define (log-message entry message)
  "Return ENTRY and its MESSAGE (a <message>, or #f when that cannot be read any more)
as an object of a document: the ancestor's keys, then those of the message, then `id
received was notified'."
  (let* ((json (if message (message->json message) '()))
         (flat (flat entry (or (assq-ref json 'outcome) '())))
         (rest (remove (lambda (pair)
                         (or (assq (car pair) flat) (memq (car pair) '(id received))))
                       json)))
    (append flat
            `((monitor . ,(entry-monitor entry))
              (kind . ,(entry-kind entry))
              (state . ,(absent (entry-state entry)))
              (summary . ,(entry-summary entry)))
            (remove (lambda (pair) (memq (car pair) '(monitor kind state summary))) rest)
            `((id . ,(absent (entry-id entry)))
              (received . ,(instant (entry-received entry)))
              (was . ,(absent (entry-before entry)))
              (notified . ,(list->vector (entry-told entry)))))))

(define (log-org entries)
  "Return the lines of `sheepdog log -f org' for ENTRIES: a table."
  (org-table '(id time host tag was state summary)
             (map (lambda (entry)
                    `((id . ,(absent (entry-id entry)))
                      (time . ,(instant (entry-at entry)))
                      (host . ,(entry-host entry))
                      (tag . ,(entry-tag entry))
                      (was . ,(absent (entry-before entry)))
                      (state . ,(absent (entry-state entry)))
                      (summary . ,(entry-summary entry))))
                  entries)))
