;;; quiet.scm -- machines: since when each is known, and when one is silent for longer than allowed
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Relations `host' and `silent'.  A machine may be silent for as long as the shortest `every' of its
;; subjects and an hour's grace at most, without one for 26 hours.  Nothing is written when it speaks
;; in time: the clock's work `silent', its key the host, looks when it was heard last, and looks again
;; when that may be too long ago.  Each procedure takes part in the caller's transaction.

(define-module (sheepdog quiet)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog catch-up)
  #:use-module (sheepdog due)
  #:use-module (sheepdog keeping)
  #:use-module (sheepdog known)
  #:use-module (sheepdog message)
  #:use-module (sheepdog outage)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog shelf)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:use-module (ice-9 receive)
  #:use-module (srfi srfi-1)
  #:export (note-host! name-host! heed-messages! look-at-host!))

(define %hour 3600000)
(define %usual (* 26 %hour))                      ;without any `every'


;;; Known machines.

(define (write-host! db host t event)
  "Let HOST be known since T, if it was not before."
  (match (newest-row db (own-shelf 'host) (list host))
    (#f
     (begin-span! db 'host (list host) '() t #:ev event)
     t)
    ((and known (= row-t0 before))
     (when (< t before)
       (delete-row! db (own-shelf 'host) (list host) before)
       (insert-row! db (own-shelf 'host) (list host) (row '() t %open-end event)))
     (min t before))))

(define (note-host! batch host t event)
  "Note that EVENT, a message of HOST, happened at T; each is looked for in the tables once."
  (let* ((hosts (facts-hosts (batch-facts batch)))
         (known (hash-ref hosts host)))
    (unless (and known (<= known t))
      (unless known
        (due-by! (batch-db batch) (+ (batch-now batch) 1) 'silent host))
      (hash-set! hosts host (write-host! (batch-db batch) host t event)))))

(define (name-host! db host now)
  "Let HOST be known, which is expected to speak."
  (unless (newest-row db (own-shelf 'host) (list host))
    (write-host! db host now 0)))


;;; How long it may be silent.

(define (allowed db host)
  "Return for how many ms HOST may be silent; the second value says whether anybody said so."
  (let ((every (sql-value db "SELECT min(every) FROM (SELECT min(every) AS every FROM subject
 WHERE host = " host " AND forgotten IS NULL UNION ALL SELECT min(every) FROM expected WHERE host = " host
 " AND t1 = 9223372036854775807 AND every > 0)")))
    (if every
        (values (+ every (min every %hour)) #t)
        (values %usual #f))))

(define (heard-last db host)
  "Return when HOST was heard last, in ms, or #f: never."
  (match (sql-value db "SELECT max(heard) FROM subject WHERE host = " host)
    ((or #f 0) #f)
    (heard heard)))

(define (look-at-host! batch at host)
  "Look whether HOST is silent for too long, AT which it may be."
  (let ((db (batch-db batch)) (now (batch-now batch)))
    (define (again ms) (due! db (max ms (+ now 1)) 'silent host))
    (receive (drained hold) (deafness db now)
      (receive (most said?) (allowed db host)
        (let ((heard (heard-last db host))
              (patience (or hold (catching-up-until db host now))))
          (cond ((not heard) #t)
                ;; What the server says of itself it says when it changes.
                ((and (not said?) (string=? host (policy-name (batch-policy batch)))) #t)
                ((and patience (> patience now)) (again patience))
                ((> (+ (max heard (or drained 0)) most) now)
                 (again (+ (max heard (or drained 0)) most)))
                (else (begin-span! db 'silent (list host) '() heard))))))))


;;; A machine that speaks.

(define (silences db from)
  "Return the spans in which a machine was silent and that are not over at FROM: (HOST T0 T1)."
  (map vector->list (sql db "SELECT host, t0, t1 FROM silent WHERE t1 > " from)))

(define (heard-at! batch host times t0 t1)
  "Let HOST not have been silent from T0 to T1 (ms): it spoke at TIMES between these, in order."
  (let* ((db (batch-db batch))
         (most (allowed db host))
         (moments (append (cons t0 times) (list t1))))
    (delete-row! db (own-shelf 'silent) (list host) t0)
    (for-each (lambda (from until)
                (when (and (> (- (min until (batch-now batch)) from) most))
                  (insert-row! db (own-shelf 'silent) (list host) (row '() from until 0))))
              moments (cdr moments))
    (when (and (= t1 %open-end)
               (<= (- (batch-now batch) (last times)) most))
      (due! db (+ (last times) most) 'silent host))))

(define (heed-messages! batch messages)
  "Let the machines that sent MESSAGES not be silent then."
  (let ((telling (remove (lambda (message) (eq? 'log (message-kind message))) messages)))
    (unless (null? telling)
      (for-each
       (match-lambda
         ((host t0 t1)
          (match (sort (delete-duplicates
                        (filter-map (lambda (message)
                                      (and (string=? host (message-host message))
                                           (< t0 (message-at message) t1)
                                           (message-at message)))
                                    telling))
                       <)
            (() #t)
            (times (heard-at! batch host times t0 t1)))))
       (silences (batch-db batch)
                 (fold (lambda (message from) (min from (message-at message)))
                       %open-end telling))))))
