;;; terms.scm -- how patient one is with a subject: what makes a state count, and what is flapping
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog terms)
  #:use-module (srfi srfi-9)
  #:export (terms terms? terms-after terms-of terms-for terms-ok-after terms-flap terms-within))

(define-record-type <terms>
  (make-terms after of for ok-after flap within)
  terms?
  (after terms-after)                             ;integer: so many results not ok
  (of terms-of)                                   ;integer: of so many, the last | #f: in a row
  (for terms-for)                                 ;ms: and not ok for so long
  (ok-after terms-ok-after)                       ;integer: so many results ok, in a row
  (flap terms-flap)                               ;integer: so many changes
  (within terms-within))                          ;ms: in this time

(define* (terms #:key (after 1) of (for 0) (ok-after 1) (flap 5) (within (* 3600 1000)))
  "Return the terms by which a state that is not ok counts once AFTER results in a row, or AFTER
of the last OF, were not ok, and that for the time FOR; by which it is over after OK-AFTER good
ones; and by which FLAP changes WITHIN a time are flapping.  Times are ms."
  (make-terms after of for ok-after flap within))
