;;; ancestor.scm -- the events of the first, Ruby, sheepdog as messages
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog ancestor)
  #:export (ancestor? ancestor->message))

(define %states                                   ;its `err' -> our state
  '(("SUCCESS" . "ok") ("FAIL" . "fail") ("CHECK" . "warn") ("WARNING" . "warn")))

(define %new-keys '(v kind state outcome monitor sender))

(define (ancestor? alist)
  "Is ALIST, an object from the queue, an event of the ancestor: `err', or `command' with
`status', beside none of the keys that came after it?"
  (and (or (assq 'err alist)
           (and (assq 'status alist) (assq 'command alist)))
       (let loop ((keys %new-keys))
         (or (null? keys)
             (and (not (assq (car keys) alist))
                  (loop (cdr keys)))))))

(define (present alist . keys)
  "Return the pairs of ALIST whose keys are among KEYS and that hold no null."
  (let loop ((rest alist))
    (cond ((null? rest) '())
          ((and (memq (caar rest) keys) (not (eq? 'null (cdar rest))))
           (cons (car rest) (loop (cdr rest))))
          (else (loop (cdr rest))))))

(define (first-word command)
  "Return the base name of the first word of the string COMMAND, or #f."
  (let ((words (string-tokenize command)))
    (and (pair? words)
         (basename (car words)))))

(define (ancestor->message alist)
  "Return ALIST, an event of the ancestor (time elapsed user host command tag stdout stderr
status err), as the alist of a message.  Without a tag its command names it, as -t does."
  (let ((state (assoc-ref %states (assq-ref alist 'err)))
        (tag (or (and (string? (assq-ref alist 'tag)) (assq-ref alist 'tag))
                 (and (string? (assq-ref alist 'command))
                      (first-word (assq-ref alist 'command))))))
    (append (present alist 'time 'host)
            (if tag `((tag . ,tag)) '())
            (if state `((state . ,state)) '())
            `((outcome . ,(present alist 'command 'status 'elapsed 'user
                                   'stdout 'stderr))))))
