;;; dependency.scm -- what explains that a subject is bad: the state of what it depends on
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Pure.  A dependency holds what is to be told of a subject while all of its parents are down.
;; Only the parents' own states decide.  A parent that was not heard of since the subject became bad
;; may be down too: that is waited for, but not for long.

(define-module (sheepdog dependency)
  #:use-module (sheepdog incident)
  #:use-module (sheepdog name)
  #:use-module (sheepdog notify)
  #:use-module (sheepdog pattern)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (dependency dependency? dependency-on dependency-key
            dependencies-of dependencies-on
            parent
            decide-dependency))

(define %minute 60000)
(define %longest-wait (* 60 %minute))             ;for a parent's next word
(define %settle (* 5 %minute))                    ;for a subject's next word, its parent being back

(define-record-type <dependency>
  (make-dependency pattern on key place)
  dependency?
  (pattern dependency-pattern)
  (on dependency-on)                              ;list of (HOST . TAG)
  (key dependency-key)                            ;string: the names of these
  (place dependency-place))                       ;string "FILE:LINE" | #f: implied

(define (host+tag->name subject)
  (subject-name (car subject) (cdr subject)))

(define* (dependency pattern on #:optional place)
  "Return the dependency of what PATTERN fits on the subjects ON, a list of (HOST . TAG)."
  (make-dependency pattern on (string-join (map host+tag->name on)) place))

(define (implied host)
  "Return the dependency of each subject of HOST on that HOST is heard."
  (make-dependency #f (list (cons host "PING")) (subject-name host "PING") #f))

(define (dependencies-of dependencies host tag late?)
  "Return what of DEPENDENCIES concerns HOST/TAG; one that is LATE? depends on its host, too."
  (define self (cons host tag))
  (append
   (filter (lambda (dependency)
             (and (pattern-matches? (dependency-pattern dependency) host tag)
                  (not (member self (dependency-on dependency)))))
           dependencies)
   (if (and late? (not (string=? tag "PING")))
       (list (implied host))
       '())))

(define (dependencies-on dependencies host tag)
  "Return the keys of what of DEPENDENCIES, and of the implied ones, has HOST/TAG as a parent."
  (define self (cons host tag))
  (append
   (filter-map (lambda (dependency)
                 (and (member self (dependency-on dependency))
                      (dependency-key dependency)))
               dependencies)
   (if (string=? tag "PING") (list (subject-name host tag)) '())))


;;; The decision.

(define-record-type <parent>
  (parent state hard since at deadline)
  parent?
  (state parent-state)                            ;symbol | #f: never heard
  (hard parent-hard)                              ;symbol | #f
  (since parent-since)                            ;ms: since when it has STATE | #f
  (at parent-at)                                  ;ms: of its newest result | #f
  (deadline parent-deadline))                     ;ms: when it must be heard | #f: never

(define (down? parent)
  (and (memq (parent-hard parent) '(fail late)) #t))

(define (back? parent bad-since now)
  "Was PARENT bad when its child became so, at BAD-SINCE, and is just back?"
  (and (eq? 'ok (parent-state parent))
       (eq? 'ok (parent-hard parent))
       (> (parent-since parent) bad-since)
       (< now (+ (parent-since parent) %settle))))

(define (silent-until parent bad-since now)
  "Return till when PARENT, which is not down, may prove to be so, as a time after NOW; #f: it is
up for sure, or nobody would notice."
  (let ((deadline (parent-deadline parent)))
    (and deadline
         (not (and (eq? 'ok (parent-state parent)) (> (parent-at parent) bad-since)))
         (let ((until (min deadline (+ bad-since %longest-wait))))
           (and (> until now) until)))))

(define (hold word dependency until)
  (verdict 'hold (string-append word " " (dependency-key dependency)) until
           (dependency-key dependency)))

(define (settling dependency parents subject now)
  "Return the verdict on SUBJECT, whose PARENTS were all down and of which one is just back, or #f."
  (let* ((bad-since (subject-bad-since subject))
         (back (filter (lambda (parent) (back? parent bad-since now)) parents)))
    (and (pair? back)
         (every (lambda (parent) (or (down? parent) (memq parent back))) parents)
         (let ((since (apply min (map parent-since back))))
           (and (not (and (subject-at subject) (> (subject-at subject) since)))
                (hold "settle" dependency (+ since %settle)))))))

(define (waiting dependency parents subject now)
  "Return the verdict on SUBJECT, of which some PARENTS were not heard since it became bad and the
others are down, or #f."
  (let ((untils (map (lambda (parent)
                       (and (not (down? parent))
                            (silent-until parent (subject-bad-since subject) now)))
                     parents)))
    (and (every (lambda (parent until) (or until (down? parent))) parents untils)
         (hold "parent-wait" dependency (apply min (filter identity untils))))))

(define (decide-dependency dependency parents subject now)
  "Return the verdict, a hold, that DEPENDENCY on PARENTS is to what is to be told of SUBJECT, which
is not ok, or flaps, at NOW; #f: it is to be told."
  (cond ((null? parents) #f)
        ((every down? parents) (hold "parent" dependency #f))
        ((not (subject-bad-since subject)) #f)
        (else (or (settling dependency parents subject now)
                  (waiting dependency parents subject now)))))
