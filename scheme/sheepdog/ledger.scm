;;; ledger.scm -- what a recipient was told of a subject's present incident
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  There is one ledger for each pair of subject and recipient, #f while nothing was told, or
;; all that was told has been ended.

(define-module (sheepdog ledger)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (make-ledger ledger? ledger-told ledger-flap? ledger-first ledger-since ledger-thread
            ledger-reminders ledger-version
            ledger-after ends-incident?))

(define-record-type <ledger>
  (make-ledger told flap? first since thread reminders version)
  ledger?
  (told ledger-told)                              ;list of states, first told first
  (flap? ledger-flap?)                            ;was told that it flaps, and not that it ended
  (first ledger-first)                            ;ms: when anything was told first
  (since ledger-since)                            ;ms: since when it was not ok, of the first
  (thread ledger-thread)                          ;string: Message-ID of the first
  (reminders ledger-reminders)                    ;integer: so many were told, or are over
  (version ledger-version))                       ;integer: of the row

(define (ends-incident? kind state)
  "Is news of KIND, when the state that the recipient wants to know is STATE (#f: none), the end of
what was told?"
  (or (memq kind '(recovery closed))
      (and (eq? kind 'flapping-over) (not state))))

(define (told-more ledger state flap? reminders)
  "Return LEDGER with STATE told, too, unless it is #f."
  (make-ledger (if (or (not state) (memq state (ledger-told ledger)))
                   (ledger-told ledger)
                   (append (ledger-told ledger) (list state)))
               flap? (ledger-first ledger) (ledger-since ledger) (ledger-thread ledger)
               reminders (+ 1 (ledger-version ledger))))

(define* (ledger-after ledger kind state #:key now since id (reminders 0))
  "Return LEDGER (#f: empty) after news of KIND was told at NOW under the Message-ID ID, or #f when
it is empty then.  STATE is what the recipient wants to know of it, or #f; it was not ok SINCE, and
REMINDERS are told, or over, by now."
  (cond ((eq? kind 'history) ledger)              ;all of it is over
        ((ends-incident? kind state) #f)
        ((not ledger)
         (make-ledger (if (eq? kind 'flapping) '() (list state))
                      (eq? kind 'flapping) now since id 0 0))
        (else
         (case kind
           ((flapping) (told-more ledger #f #t (ledger-reminders ledger)))
           ((flapping-over) (told-more ledger state #f (ledger-reminders ledger)))
           ((reminder) (told-more ledger #f (ledger-flap? ledger) reminders))
           (else (told-more ledger state (ledger-flap? ledger)
                            (ledger-reminders ledger)))))))
