;;; asking.scm -- the compiler asked as the oracle is: a query as data, rows as lists
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (oracle asking)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (sheepdog logic read)
  #:use-module (sheepdog question)
  #:use-module (sheepdog rule)
  #:use-module (ice-9 match)
  #:export (define-rules! compiled-answers))

(define %patience 3000)                           ;ms: a world is small

(define (define-rules! world)
  "Define the rules of WORLD."
  (for-each (match-lambda
              ((head . goals) (define-rule! `(define-relation ,head ,@goals))))
            (world-rules world)))

(define (compiled-answers db query world)
  "Return the answers of DB to QUERY, data, when it is now as in WORLD: lists of strings and numbers."
  (define now (world-now world))
  (map (lambda (row)
         (map (lambda (value) (if (eq? 'open value) %open value)) row))
       (answers-rows
        (ask-question db (map data->datum query) #:now now #:at (and (world-past? world) now)
                      #:patience %patience))))
