;;; bulletin.scm -- what one notification says of many subjects: a group, a storm, mail that had to wait
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  An item is what is said of one subject, as the outbox keeps it with every notification: an
;; alist of kind, state, host, tag, line (strings), event, at and since (ms; 0: not known), and, of what
;; is told in full, details, a vector of lines.

(define-module (sheepdog bulletin)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog notice)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog text)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (notices->items bulletin-title bulletin-text bulletin-state counts-text
            %storm))

(define %storm 20)                                ;subjects that are told of in full
(define %longest-title 160)                       ;characters
(define %most-hosts 4)                            ;in a title
(define %width 78)

(define (notices->items notices)
  "Return the items that NOTICES are, in their order, the worst of them with details."
  (let* ((items (map notice->item notices))
         (worst (worst-of items)))
    (map (lambda (item notice)
           (if (memq item worst)
               (append item `((details . ,(list->vector (notice-details notice)))))
               item))
         items notices)))

(define (notice->item notice)
  (let ((subject (notice-subject notice)))
    `((kind . ,(symbol->string (notice-kind notice)))
      (state . ,(symbol->string (or (notice-state notice) 'unknown)))
      (host . ,(subject-host subject))
      (tag . ,(subject-tag subject))
      (event . ,(notice-event notice))
      (since . ,(or (notice-since notice) 0))
      (at . ,(or (subject-at subject) 0))
      (line . ,(notice-line notice)))))

(define (ref item key)
  (assq-ref item key))

(define (item-name item)
  (printable (subject-name (ref item 'host) (ref item 'tag))))

(define (item-state item)
  (string->symbol (ref item 'state)))

(define (note? item)
  (member (ref item 'kind) '("note" "history")))

(define (item-rank item)
  "Return how much ITEM matters: what is bad first, the worst of all before."
  (cond ((note? item) -2)
        (else (state-rank (item-state item)))))

(define (by-rank items)
  (stable-sort items (lambda (a b) (> (item-rank a) (item-rank b)))))

(define (worst-of items)
  "Return those of ITEMS that are told in full."
  (take (by-rank items) (min %storm (length items))))


;;; Several items of one subject are one line.

(define (clock ms)
  (time->local "%H:%M" ms))

(define (told-so-far items)
  "Return the spans that ITEMS, of one subject and the oldest first, tell of:
\"FAIL 10:00-10:02, ok\"."
  (let loop ((items items) (texts '()))
    (match items
      (() (string-join (reverse texts) ", "))
      ((item . rest)
       (let* ((state (shown-state (item-state item)))
              (since (ref item 'since))
              (text (cond ((not (bad? (item-state item)))
                           (if (null? rest) "ok now" "ok"))
                          ((and (pair? rest) (positive? since))
                           (string-append state " " (clock since) "-"
                                          (clock (ref (car rest) 'at))))
                          ((null? rest) (string-append state " now"))
                          (else state))))
         (loop rest (cons text texts)))))))

(define (fold-subject items)
  "Return one item for ITEMS, all of one subject, the oldest first."
  (match items
    ((item) item)
    (_
     (let ((newest (last items)))
       `((line . ,(string-append (told-so-far items) ": " (item-name newest)))
         (details . ,(or (find (lambda (details) (and details (positive? (vector-length details))))
                               (map (lambda (item) (ref item 'details)) (reverse items)))
                         #()))
         (several . #t)
         ,@newest)))))

(define (one-a-subject items)
  "Return ITEMS with those of one subject as one; notes stay by themselves."
  (define (same? a b)
    (and (equal? (ref a 'host) (ref b 'host))
         (equal? (ref a 'tag) (ref b 'tag))))
  (let loop ((items items) (result '()))
    (match items
      (() (reverse result))
      ((item . rest)
       (if (note? item)
           (loop rest (cons item result))
           (let ((group (cons item (filter (lambda (other)
                                             (and (same? item other) (not (note? other))))
                                           rest))))
             (loop (filter (lambda (other) (not (memq other group))) rest)
                   (cons (fold-subject group) result))))))))


;;; The title.

(define (count-words items)
  "Return (WORD . COUNT) of what ITEMS are, the worst first."
  (define (word item)
    (cond ((note? item) "note")
          ((equal? "flapping" (ref item 'kind)) "flapping")
          (else (shown-state (item-state item)))))
  (fold-right (lambda (item counts)
                (let ((word (word item)))
                  (acons word (+ 1 (or (assoc-ref counts word) 0))
                         (remove (lambda (count) (string=? word (car count))) counts))))
              '()
              (by-rank items)))

(define (counts-text items)
  "Return \"1 FAIL, 3 LATE\" of ITEMS."
  (string-join (map (match-lambda ((word . count) (format #f "~a ~a" count word)))
                    (count-words items))
               ", "))

(define (hosts-of items)
  (delete-duplicates (map (lambda (item) (ref item 'host)) items)))

(define (hosts-text items)
  (let* ((hosts (map printable (hosts-of items)))
         (more (- (length hosts) %most-hosts)))
    (if (positive? more)
        (format #f "~a and ~a more" (string-join (take hosts %most-hosts) ", ") more)
        (string-join hosts ", "))))

(define (bulletin-title items)
  "Return the title of the notification of ITEMS: \"[sheepdog] 1 FAIL, 3 LATE on tux01, tux02\"; of
one subject \"[sheepdog] FAIL 10:00-10:02, ok now: tux01/dump\"."
  (fit (match (one-a-subject items)
         ((item) (string-append "[sheepdog] " (ref item 'line)))
         (items (string-append "[sheepdog] " (counts-text items) " on " (hosts-text items))))
       %longest-title))

(define (bulletin-state items)
  "Return the worst state of ITEMS, a string."
  (ref (first (by-rank items)) 'state))


;;; The text.

(define (host-lines items)
  "Return how many of ITEMS are in which state, a line a host."
  (map (lambda (host)
         (string-append "  " (pad (printable host) 20) " "
                        (counts-text (filter (lambda (item) (equal? host (ref item 'host)))
                                             items))))
       (hosts-of items)))

(define (wrapped words)
  "Return WORDS, separated by commas, as lines."
  (let loop ((words words) (line "  ") (lines '()))
    (match words
      (() (reverse (if (string=? line "  ") lines (cons line lines))))
      ((word . rest)
       (let ((word (if (null? rest) word (string-append word ", "))))
         (if (and (> (+ (string-length line) (string-length word)) %width)
                  (not (string=? line "  ")))
             (loop rest (string-append "  " word) (cons (string-trim-right line) lines))
             (loop rest (string-append line word) lines)))))))

(define (item-lines item)
  (cons (ref item 'line)
        (match (ref item 'details)
          ((? vector? details) (vector->list details))
          (_ '()))))

(define (storm-lines items)
  (append (host-lines items)
          (list (format #f "The ~a worst:" %storm))
          (append-map item-lines (take items %storm))
          (list "The others:")
          (wrapped (map item-name (drop items %storm)))))

(define (bulletin-text items)
  "Return the text of the notification of ITEMS: a line a subject with its details below, the worst
first; of many the worst only, numbers for each host, and the names of the others."
  (let ((items (by-rank (one-a-subject items))))
    (string-join
     (append (if (> (length items) %storm)
                 (storm-lines items)
                 (append-map item-lines items))
             (list "  sheepdog status --bad"))
     "\n" 'suffix)))
