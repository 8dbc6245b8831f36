;;; store.scm -- facts that a receiver found
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (handlers store)
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 match)
  #:declarative? #f)

(define-handler store
  "Keep a fact, from the time of its message on: (store (RELATION HOST ARGUMENT ...)); or let
it end: (store (not (RELATION HOST ARGUMENT ...)))."
  (decide (action context)
    (match action
      (('store ('not (relation host arguments ...)))
       `((end-fact ,relation ,host ,@arguments)))
      (('store (relation host arguments ...))
       `((fact ,relation ,host ,@arguments))))))
