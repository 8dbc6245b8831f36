;;; expect.scm -- what is expected of whom, and who says so, for people and programs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view expect)
  #:use-module (sheepdog demand)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog schedule)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (sheepdog view org)
  #:use-module (ice-9 match)
  #:export (rule-object exemption-object expect-lines expect-org))

(define* (rule-object rule #:key who at)
  "Return RULE, which WHO made AT (ms), both #f for one of the configuration, as an object of a document."
  (let ((demand (rule-demand rule)))
    `((pattern . ,(pattern-text (rule-pattern rule)))
      (expected . ,(demand->text demand))
      (every . ,(seconds (demand-every demand)))
      (cron . ,(absent (and=> (demand-cron demand) cron-text)))
      (grace . ,(seconds (demand-grace demand)))
      (finish_within . ,(seconds (demand-finish-within demand)))
      (place . ,(absent (and (not who) (demand-place demand))))
      (who . ,(absent who))
      (made . ,(instant at)))))

(define (exemption-object host tag who at)
  "Return that WHO exempted HOST/TAG AT (ms) from all patterns, as an object of a document."
  `((pattern . ,(string-append host "/" tag))
    (expected . null)
    (who . ,who)
    (made . ,(instant at))))

(define (origin object now)
  (match (assq-ref object 'place)
    ((? string? place) place)
    (_ (string-append (printable (assq-ref object 'who)) ", "
                      (time->words (instant-ms (assq-ref object 'made)) now)))))

(define* (expect-lines objects now #:key (wide? #f))
  "Return a line for each of OBJECTS."
  (if (null? objects)
      '("nothing is expected but what messages declare themselves")
      (columns->lines (map (lambda (object)
                             (list (printable (assq-ref object 'pattern))
                                   (match (assq-ref object 'expected)
                                     ((? string? words) words)
                                     (_ "exempt from patterns"))
                                   (origin object now)))
                           objects)
                      #:shrink '(1 2 0)
                      #:room (if wide? 1000000 (- %columns 1)))))

(define (expect-org objects)
  "Return the lines of an Org table of OBJECTS."
  (org-table '(pattern expected place who) objects))
