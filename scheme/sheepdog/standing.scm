;;; standing.scm -- questions of the configuration that are asked by themselves: where the server meets them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; What compiles questions is loaded where there is one that stands, and nowhere else.

(define-module (sheepdog standing)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog config)
  #:use-module (sheepdog sql)
  #:export (plan-questions! ask-again!))

(define (standing-entries config)
  "Return the entries `question' of CONFIG that say what becomes of answers."
  (filter (lambda (entry) (entry-ref entry 'alert #f))
          (config-entries config 'question)))

(define (plan-questions! db config now)
  "Let the questions of CONFIG that stand, and no others, be asked of DB from NOW (ms) on."
  (let ((entries (standing-entries config)))
    (if (and (null? entries)
             (not (sql-value db "SELECT 1 FROM _question LIMIT 1")))
        (after-batches! db #f)
        ((@ (sheepdog answering) stand!) db config entries now))))

(define (ask-again! batch at name)
  "Ask the question NAME, a string, whose answers may be others because time has passed."
  ((@ (sheepdog answering) ask-whole!) batch name))
