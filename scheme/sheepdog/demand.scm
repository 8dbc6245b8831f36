;;; demand.scm -- which demand counts for a subject: of the configuration, of people, its own
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; One counts: that of its plain name before that of a pattern; what the configuration says before what
;; somebody asked for with `sheepdog expect', before the `every' of its own messages; else what is
;; written first.  Rules are sorted by what of a pattern has no wildcard, so that with many of them few
;; are looked at for a new subject.

(define-module (sheepdog demand)
  #:use-module (sheepdog config)
  #:use-module (sheepdog expect)
  #:use-module (sheepdog name)
  #:use-module (sheepdog pattern)
  #:use-module (sheepdog zone)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (demand-rule rule-pattern rule-demand entry->rules
            rules->index index-rules index-key index-names
            own-demand demand-for plain-rule pattern-rule))

(define-record-type <rule>
  (make-rule pattern demand order)
  rule?
  (pattern rule-pattern)
  (demand rule-demand)
  (order rule-order))                             ;integer: that of writing

(define (demand-rule pattern demand)
  "Return the rule that all that PATTERN fits is under DEMAND."
  (make-rule pattern demand 0))

(define (as-list value)
  (if (list? value) value (list value)))

(define (window-words w)
  (match w
    (('not name) (string-append "not " (symbol->string name)))
    (name (symbol->string name))))

(define* (entry->rules entry #:key (inside? (const #t)) (boundary (const #f)) (window-key (const "")))
  "Return the rules of ENTRY, an `(expect ...)'.  (INSIDE? W MS), (BOUNDARY W MS) and (WINDOW-KEY W) tell
of windows: whether W is open, when it opens or closes next, and in a string what it is."
  (let* ((w (entry-ref entry 'during #f))
         (zone (entry-ref entry 'zone #f))
         (make (lambda (key)
                 (demand #:every (entry-ref entry 'every #f)
                         #:cron (entry-ref entry 'cron #f)
                         #:zone (if zone (find-zone zone) (local-zone))
                         #:grace (entry-ref entry 'grace #f)
                         #:start-within (entry-ref entry 'start-within #f)
                         #:finish-within (entry-ref entry 'finish-within #f)
                         #:during (and w (window-words w))
                         #:inside (if w (lambda (ms) (inside? w ms)) (const #t))
                         #:boundary (if w (lambda (ms) (boundary w ms)) (const #f))
                         #:by (entry-ref entry 'by 'success)
                         #:at-most (match (entry-ref entry 'at-most #f)
                                     ((n span) (cons n span))
                                     (#f #f))
                         #:not-quicker (entry-ref entry 'not-quicker #f)
                         #:key key
                         #:place (entry-place entry))))
         (made (make #f))
         (made (if w
                   (make (string-append (demand-key made) " " (window-key w)))
                   made)))
    (map (lambda (pattern) (demand-rule pattern made))
         (as-list (entry-value entry)))))

(define %own (make-hash-table))                   ;ms -> demand

(define (own-demand every)
  "Return the demand of a subject whose messages declare EVERY ms."
  (or (hashv-ref %own every)
      (let ((made (demand #:every every #:place "its messages")))
        (when (> (hash-count (const #t) %own) 1000)
          (hash-clear! %own))
        (hashv-set! %own every made)
        made)))


;;; Many rules.

(define-record-type <index>
  (make-index rules plain tags hosts others)
  index?
  (rules index-rules)                             ;list of <rule>, as written
  (plain index-plain)                             ;hash table: "HOST/TAG" -> <rule>
  (tags index-tags)                               ;hash table: TAG -> list of <rule> of any host
  (hosts index-hosts)                             ;hash table: HOST -> list of <rule> of any tag
  (others index-others))                          ;list of <rule>

(define (rules->index rules)
  "Return the index of RULES, a list in the order of writing."
  (let ((plain (make-hash-table))
        (tags (make-hash-table))
        (hosts (make-hash-table))
        (others '()))
    (define (add! table key rule)
      (hash-set! table key (cons rule (hash-ref table key '()))))
    (for-each
     (lambda (rule)
       (match (pattern-names (rule-pattern rule))
         ((#f . #f) (set! others (cons rule others)))
         ((#f . tag) (add! tags tag rule))
         ((host . #f) (add! hosts host rule))
         ((host . tag)
          (unless (hash-ref plain (subject-name host tag))
            (hash-set! plain (subject-name host tag) rule)))))
     (map (lambda (rule order)
            (make-rule (rule-pattern rule) (rule-demand rule) order))
          rules (iota (length rules))))
    (make-index rules plain tags hosts others)))

(define (index-key index)
  "Return a number that is not the same, most likely, where other rules are."
  (string-hash (string-join (map (lambda (rule)
                                   (string-append (pattern-text (rule-pattern rule)) " "
                                                  (demand-key (rule-demand rule))))
                                 (index-rules index))
                            "\n")))

(define (index-names index)
  "Return the subjects that INDEX names: a list of (HOST . TAG), as written, none twice."
  (map (lambda (rule) (pattern-names (rule-pattern rule)))
       (sort (hash-map->list (lambda (name rule) rule) (index-plain index))
             (lambda (a b) (< (rule-order a) (rule-order b))))))

(define (plain-rule index host tag)
  "Return the rule of INDEX that names HOST/TAG, or #f."
  (hash-ref (index-plain index) (subject-name host tag)))

(define (pattern-rule index host tag)
  "Return the first rule of INDEX with wildcards that fits HOST/TAG, or #f."
  (define (first-of rules best)
    (fold (lambda (rule best)
            (if (and (or (not best) (< (rule-order rule) (rule-order best)))
                     (pattern-matches? (rule-pattern rule) host tag))
                rule
                best))
          best rules))
  (first-of (hash-ref (index-tags index) tag '())
            (first-of (hash-ref (index-hosts index) host '())
                      (first-of (index-others index) #f))))

(define* (demand-for indexes host tag every #:optional (exempt? (const #f)))
  "Return the demand that counts for the subject HOST/TAG, whose messages declare EVERY ms (#f: nothing),
by INDEXES, the first of which comes first, or #f: nothing is expected of it.  (EXEMPT?) says, when
it is asked, whether somebody exempted it from all but its name."
  (define (rule-of find)
    (any (lambda (index) (find index host tag)) indexes))
  (cond ((rule-of plain-rule) => rule-demand)
        ((rule-of pattern-rule)
         => (lambda (rule) (and (not (exempt?)) (rule-demand rule))))
        (every (and (not (exempt?)) (own-demand every)))
        (else #f)))
