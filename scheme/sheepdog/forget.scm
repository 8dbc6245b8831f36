;;; forget.scm -- a subject is watched no longer: what is open of it ends, its history stays
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; The clock's work `forget', its key the subject's id: so it goes the way of all that is decided.  The
;; row of the subject stays, its id with it; the next message finds it as if it were new.

(define-module (sheepdog forget)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog decide)
  #:use-module (sheepdog due)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog life)
  #:use-module (sheepdog silence)
  #:use-module (sheepdog sql)
  #:export (forget-later! forget! forgettings))

(define (forget-later! db id now)
  "Let the clock forget the subject ID.  Takes part in the caller's transaction."
  (due! db now 'forget id))

(define (forget! batch at id)
  "Forget the subject ID: end its span, what is expected of it and what was acknowledged, and tell
that it is watched no longer whoever was told that it is not ok."
  (let ((matter (matter-by-id batch id)) (db (batch-db batch)) (now (batch-now batch)))
    (when matter
      (sql db "UPDATE subject SET forgotten = " now " WHERE id = " id)
      (sql db "INSERT OR IGNORE INTO forgotten (subject, at) VALUES (" id ", " now ")")
      (set-matter-demand! matter #f)
      (live-closed! batch matter)
      (end-acks! db (matter-subject matter) now)
      (due-by! db now 'deadline id)               ;ends what patterns expect of it
      (look! batch at id))))

(define (forgettings db since)
  "Return what was forgotten since SINCE (ms), the oldest first: a list of (AT HOST TAG)."
  (map vector->list
       (sql db "SELECT f.at, s.host, s.tag FROM forgotten f JOIN subject s ON s.id = f.subject
 WHERE f.at >= " since " ORDER BY f.at, s.host, s.tag")))
