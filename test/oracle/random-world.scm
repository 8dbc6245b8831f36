;;; random-world.scm -- small worlds by chance: a few machines and all that can be said of them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; RANDOM is always a procedure: N -> one of 0 ... N-1.  The same seed gives the same world.  Times
;; lie on a coarse grid, so that spans meet, begin and end together.

(define-module (oracle random-world)
  #:use-module (oracle value)
  #:use-module (oracle world)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (%world-now %hour %declarations %rules
            seeded one-of chance?
            relation-domains domain-values
            told-relations made-relations random-world))

(define %world-now 1767225600000)                       ;2026-01-01T00:00:00Z
(define %hour 3600000)
(define %grid (* 6 %hour))
(define %days 12)

(define (seeded seed)
  (let ((state (seed->random-state seed)))
    (lambda (n) (random n state))))

(define (one-of random items)
  (list-ref items (random (length items))))

(define (chance? random percent)
  (< (random 100) percent))


;;; What there is.

;; Each relation with the domains of its columns: what has one domain may be joined.  Those of
;; the first list are told by machines, the others are what the server makes of messages.
(define %told
  '(((define-state (service host name -> manager)) host name manager)
    ((define-state (package host name -> (version version))) host name version)
    ((define-state (ram host -> (total (size MiB)))) host size)
    ((define-state (label host name -> value)) host label text)
    ((define-state (depends host tag on-host on-tag)) host name host name)
    ((define-state (level host metric -> (value number))) host metric number)
    ((define-state (backup host name -> (took duration) (due time))) host name duration time)
    ((define-state (thing host part -> (value any))) host part any)
    ((define-state (disk host mount -> (free (size GiB)) (inodes integer))) host mount gib integer)
    ((define-state (booked host slot -> who) (planned)) host name text)
    ((define-event (login host user -> source)) host user host)))

(define %made
  '(((define-state (host name)) host)
    ((define-state (state host tag -> state)) host name state)
    ((define-state (interruption host tag -> worst reason (hard time) (planned integer) end))
     host name state text time integer text)
    ((define-state (run host tag id -> (status integer))) host name id integer)
    ((define-state (silent host)) host)
    ((define-state (complete host relation)) host relation)))

(define %declarations (append (map car %told) (map car %made)))

(define told-relations
  (map (match-lambda ((declaration . _) (declaration->relation declaration))) %told))

(define made-relations
  (map (match-lambda ((declaration . _) (declaration->relation declaration #:told? #f))) %made))

(define (relation-domains name)
  "Return the domains of the columns of the relation or rule NAME."
  (or (any (match-lambda
             (((_ (other . _) . _) . domains) (and (eq? name other) domains)))
           (append %told %made))
      (any (match-lambda
             ((((other . _) . _) domains . _) (and (eq? name other) domains))
             (_ #f))
           %rules)))

(define %values
  `((host "a" "b" "c")
    (name "nginx" "sshd" "")
    (manager "shepherd" "systemd")
    (version "1.9.0" "1.10.0" "1.22" "1.22.1" "1.22-3" "1.220" "1.0~rc1" "1.0")
    (size 512 1024 2048 4096)
    (gib 1 2 20)
    (label "production" "role")
    (text "" "web" "db" "Web")
    (metric "load" "temperature")
    (number 0 1 2.5 10 -3)
    (integer 0 1 2 -1)
    (duration 30000 60000 7200000 86400000)
    (time ,@(map (lambda (k) (- %world-now (* k %grid))) '(1 4 9 20 33)))
    (part "cpu" "fan")
    (any "2048" 2048 "x" 3.5 -1 "4096 MB")
    (mount "/" "/home")
    (user "root" "vibr")
    (state "ok" "warn" "fail" "late")
    (id "1" "2")
    (relation "package" "service" "ram" "level")))

(define (domain-values domain) (assq-ref %values domain))

;; Rules with the domains of their arguments and how they may be used: `plain' in every context,
;; `counted' also where combinations of facts are counted, `own-time' have a context of their own, `circular' call themselves
;; twice or each other.
(define %rules
  '((((low-ram ?h) (ram ?h ?t) (< ?t "2GiB")) (host) counted)
    (((serves ?h ?n) (service ?h ?n _) (package ?h ?n _)) (host name) counted)
    (((healthy ?h ?n) (service ?h ?n _) (not (state ?h ?n fail))) (host name) counted)
    (((touched ?h ?n) (or (service ?h ?n _) (package ?h ?n _) (state ?h ?n "fail"))) (host name) plain)
    (((depends-on ?h ?n ?x ?y)
      (or (depends ?h ?n ?x ?y)
          (and (depends ?h ?n ?a ?b) (depends-on ?a ?b ?x ?y))))
     (host name host name) plain)
    (((needs-left ?h ?n ?x ?y)
      (or (depends ?h ?n ?x ?y)
          (and (needs-left ?h ?n ?a ?b) (depends ?a ?b ?x ?y))))
     (host name host name) plain)
    (((linked ?h ?x)
      (or (depends ?h _ ?x _) (depends ?x _ ?h _) (and (linked ?h ?y) (linked ?y ?x))))
     (host host) circular)
    (((even-step ?h ?x) (depends ?h _ ?y _) (odd-step ?y ?x)) (host host) circular)
    (((odd-step ?h ?x) (depends ?h _ ?y _) (or (= ?x ?y) (even-step ?y ?x))) (host host) circular)
    (((usual ?h ?n (mean ?d)) (during (last "9d") (lasting ?d (run ?h ?n _ 0))))
     (host name duration) own-time)
    (((packages ?h (count ?n)) (during always (package ?h ?n _))) (host integer) own-time)
    (((was-down ?h) (during (last "6d") (interruption ?h _))) (host) own-time)))


;;; Spans.

(define (grid-time k) (- %world-now (* k %grid)))

(define (random-times random n)
  "Return N instants of the grid, ascending, all different; some are a millisecond beside it."
  (let ((all (sort (delete-duplicates
                    (map (lambda (_) (+ 1 (random (* 4 %days)))) (iota n)))
                   >)))
    (map (lambda (k) (+ (grid-time k) (if (chance? random 10) 1 0))) all)))

(define (random-spans random value-of-span presence?)
  "Return the spans of one key, ascending: lists (VALUES T0 T1).  Neighbours that meet have other
values; those of a key without values (PRESENCE?) never meet."
  (let loop ((times (random-times random (+ 1 (random 4)))) (before #f) (spans '()))
    (match times
      (() (reverse spans))
      ((from . later)
       (let* ((values (value-of-span))
              (until (match later
                       (() (if (chance? random 70) %open %world-now))
                       ((next . _) next)))
              (until (if (and (< until %open)
                              (or presence? (chance? random 30))
                              (> (- until from) 2))
                         (- until 1 (random (quotient (- until from) 2)))
                         until)))
         (if (equal? values before)
             (loop later #f spans)
             (loop later
                   (and (pair? later) (= until (car later)) values)
                   (cons (list values from until) spans))))))))

(define (state-facts random relation domains)
  (define keys (take domains (relation-keys relation)))
  (define rest (drop domains (relation-keys relation)))
  (define (pick domain) (one-of random (domain-values domain)))
  (define chosen
    (delete-duplicates
     (map (lambda (_) (map pick keys)) (iota (+ 1 (random (* 4 (length keys))))))))
  (append-map
   (lambda (key)
     (map (match-lambda
            ((values from until)
             (make-fact (relation-name relation) (append key values) from
                        (if (and (relation-planned? relation) (chance? random 40))
                            (+ %world-now (* %grid (+ 1 (random 9))))
                            until))))
          (let ((spans (random-spans random (lambda () (map pick rest)) (null? rest))))
            (if (relation-planned? relation) (take spans (min 1 (length spans))) spans))))
   chosen))

(define (event-facts random relation domains)
  (delete-duplicates
   (map (lambda (t)
          (make-fact (relation-name relation)
                     (map (lambda (domain) (one-of random (domain-values domain))) domains)
                     t (+ t 1)))
        (random-times random (random 7)))))

(define (present-facts random relation)
  "Return facts that hold throughout, so that something does."
  (map (lambda (host) (make-fact 'host (list host) (grid-time (* 4 %days)) %open))
       (domain-values 'host)))

(define (random-world random)
  "Return a world by RANDOM, now."
  (define (facts-of relation)
    (let ((domains (relation-domains (relation-name relation))))
      (cond ((eq? 'host (relation-name relation)) (present-facts random relation))
            ((eq? 'event (relation-kind relation)) (event-facts random relation domains))
            (else (state-facts random relation domains)))))
  (let ((relations (append told-relations made-relations)))
    (make-world relations (append-map facts-of relations) (map car %rules) %world-now #f)))
