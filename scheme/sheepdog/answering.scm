;;; answering.scm -- standing questions: which answers came and went, told in the batch that changed them
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; (sheepdog touch) notes which answers the rows that changed may touch: the values that these share
;; with them.  At the end of the batch a question is asked for these alone, and compared with table
;; _answer.  A row that shares no value with answers, and time that passes, want the whole question.

(define-module (sheepdog answering)
  #:use-module (sheepdog batch)
  #:use-module (sheepdog config)
  #:use-module (sheepdog config datum)
  #:use-module (sheepdog config problem)
  #:use-module (sheepdog core)
  #:use-module (sheepdog due)
  #:use-module (sheepdog error)
  #:use-module (sheepdog logic compile)
  #:use-module (sheepdog logic standing)
  #:use-module (sheepdog policy)
  #:use-module (sheepdog quantity)
  #:use-module (sheepdog question)
  #:use-module (sheepdog saved)
  #:use-module (sheepdog sql)
  #:use-module (sheepdog text)
  #:use-module (sheepdog touch)
  #:use-module (sheepdog trouble)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:use-module (srfi srfi-9)
  #:export (stand! ask-whole!))

(define %minute 60000)
(define %slide (* 15 %minute))                    ;a question that speaks of time is asked so often
(define %soonest 1000)                            ;ms: a whole question at most so often
(define %patience 1000)                           ;ms that one may take
(define %most-changes 8)                          ;of one answer in a minute: more is a circle
(define %most-touched 100)                        ;of a batch, one by one: more is the whole question

(define-record-type <question>
  (make-question name sentence data alert state watches items slides? changes rests)
  question?
  (name question-name)                            ;string
  (sentence question-sentence)                    ;string
  (data question-data)                            ;list of <datum>
  (alert question-alert)                          ;any none
  (state question-state)                          ;symbol: of what is there, or is not
  (watches question-watches)                      ;list of <watch>
  (items question-items)                          ;list of (NAME . VARIABLE-or-#f): what it tells
  (slides? question-slides?)                      ;does it speak of time?
  (changes question-changes)                      ;hash table: key -> times that it came or went, ms
  (rests question-rests set-question-rests!))     ;ms: until then it is not asked | #f

(define %standing (make-weak-key-hash-table))     ;database -> list of <question>

(define (standing db) (hashq-ref %standing db '()))

(define (find-question db name)
  (find (lambda (question) (string=? name (question-name question))) (standing db)))


;;; Answers

(define (row->key row)
  "Return ROW, a list of values, as JSON text."
  (%json-write (list->vector (map (lambda (value)
                                    (cond ((not value) 'null)
                                          ((symbol? value) (symbol->string value))
                                          ((list? value) (list->vector value))
                                          (else value)))
                                  row))))

(define (own? question row)
  "Is ROW about what QUESTION itself has said?"
  (let ((name (question-name question)))
    (any (lambda (value)
           (and (string? value)
                (or (string=? name value)
                    (string-prefix? (string-append name " ") value))))
         row)))

(define (new-answers db question now shared)
  "Return the keys of the answers of DB to QUESTION that have the values SHARED, (VARIABLE . VALUE).  What
happens at NOW itself counts as having happened."
  (filter-map (lambda (row) (and (not (own? question row)) (row->key row)))
              (answers-rows (ask-question db (question-data question) #:now (+ now 1)
                                          #:bindings shared #:patience %patience))))

(define (old-answers db question shared)
  "Return the keys of those that there were."
  (define wanted
    (map (match-lambda
           ((variable . value)
            (cons (list-index (lambda (item) (eq? variable (cdr item))) (question-items question))
                  value)))
         shared))
  (filter-map (match-lambda
                (#(key)
                 (let ((values (car (%json-read key))))
                   (and (every (match-lambda
                                 ((index . value) (equal? value (vector-ref values index))))
                               wanted)
                        key))))
              (sql db "SELECT key FROM _answer WHERE question = " (question-name question))))

(define (value->text value)
  (match value
    ((? string? text) text)
    ((? number? n) (number->string n))
    ((? vector? all) (string-join (map value->text (vector->list all)) ","))
    (_ "-")))

(define (key->subject question key)
  "Return (HOST . TAG) of the subject that the answer KEY is; HOST \"\": our own."
  (let ((values (map (lambda (item value) (cons (car item) value))
                     (question-items question) (vector->list (car (%json-read key))))))
    (define (tag values)
      (string-join (cons (question-name question) (map (compose value->text cdr) values))))
    (match (assq-ref values 'host)
      ((? string? host) (cons host (tag (alist-delete 'host values eq?))))
      (_ (cons "" (tag values))))))

(define (tell-answer! db policy host tag state summary now)
  (note-answer! db policy (and (not (string-null? host)) host) tag state summary now))

(define (enter-answer! db policy question key now)
  "Let KEY be an answer to QUESTION; tell so where each is a subject."
  (match (key->subject question key)
    ((host . tag)
     (sql db "INSERT OR REPLACE INTO _answer (question, key, host, tag, since) VALUES ("
          (question-name question) ", " key ", " host ", " tag ", " now ")")
     (when (eq? 'any (question-alert question))
       (tell-answer! db policy host tag (question-state question) (question-sentence question)
                     now)))))

(define (drop-answer! db policy name key alert summary now)
  "Let KEY be no answer to the question NAME; tell so where each is a subject."
  (match (sql-row db "DELETE FROM _answer WHERE question = " name " AND key = " key
                  " RETURNING host, tag")
    (#(host tag)
     (when (eq? 'any alert)
       (tell-answer! db policy host tag 'ok summary now)))
    (#f #f)))

(define (tell-none! db policy question now)
  "Tell whether there is an answer to QUESTION."
  (let* ((name (question-name question))
         (any? (sql-value db "SELECT 1 FROM _answer WHERE question = " name " LIMIT 1")))
    (note-none! db policy name (if any? 'ok (question-state question))
                (if any?
                    (string-append "there is an answer: " (question-sentence question))
                    (question-sentence question))
                now)))

(define (circle? question key now)
  "Note that KEY came or went at NOW; return whether that was too often."
  (let* ((changes (question-changes question))
         (recent (filter (lambda (at) (< (- now at) %minute)) (hash-ref changes key '()))))
    (hash-set! changes key (cons now recent))
    (>= (length recent) %most-changes)))

(define (rest! db policy question key now)
  "Let QUESTION, whose answer KEY comes and goes by what it tells itself, not be asked for a while."
  (set-question-rests! question (+ now %slide))
  (due! db (+ now %slide) 'question (question-name question))
  (note-question! db policy (question-name question)
                  (format #f "answer ~a came and went ~a times within a minute, by what questions tell themselves; it rests for ~a"
                          key %most-changes (duration->text %slide))
                  now))

(define (compare! db policy question before after now)
  "Enter and tell what came and what went between the keys BEFORE and AFTER."
  (let ((came (lset-difference string=? after before))
        (went (lset-difference string=? before after)))
    (match (find (lambda (key) (circle? question key now)) (append came went))
      (#f
       (for-each (lambda (key) (enter-answer! db policy question key now)) came)
       (for-each (lambda (key)
                   (drop-answer! db policy (question-name question) key (question-alert question)
                                 (string-append "no longer: " (question-sentence question)) now))
                 went)
       (when (eq? 'none (question-alert question))
         (tell-none! db policy question now)))
      (key (rest! db policy question key now)))))

(define (guarded db policy name now thunk)
  "Return what THUNK does, or #f: what is wrong with the question NAME is told, and stops nothing else."
  (catch #t
    thunk
    (lambda (key . arguments)
      (when (or (eq? key 'quit) (error-code? 'database-failed key arguments))
        (apply throw key arguments))
      (let ((text (car (string-split (exception->text key arguments) #\newline))))
        (%log 'warning (format #f "question ~a: ~a" name text))
        (due! db (+ now %slide) 'question name)
        (note-question! db policy name text now)
        #f))))

(define (expiry db question now)
  "Return when an answer of QUESTION may come or go because time passes, ms, or #f."
  (define ends
    (append-map
     (match-lambda
       ((duration . data)
        (match (answers-rows (ask-question db data #:now (+ now 1) #:patience %patience))
          (((#f)) '())
          (((end)) (list (+ end (parse-duration duration))))
          (_ '()))))
     (find-expiries (question-data question) (database-world db))))
  (and (pair? ends) (apply min ends)))

(define (look-ahead! db question now)
  "Let QUESTION be asked, at the latest, when its answers may be others though nothing is heard."
  (when (question-slides? question)
    (let ((at (expiry db question now)))
      (due-by! db (max (+ now %soonest) (min (+ now %slide) (or at (+ now %slide))))
            'question (question-name question)))))

(define (ask-all! db policy question now)
  "Ask QUESTION as a whole."
  (guarded db policy (question-name question) now
    (lambda ()
      (let ((rested? (question-rests question)))
        (set-question-rests! question #f)
        (when rested? (hash-clear! (question-changes question)))
        (compare! db policy question (old-answers db question '())
                  (new-answers db question now '()) now)
        (unless (question-rests question)
          (note-question! db policy (question-name question) #f now)
          (look-ahead! db question now))))))

(define (ask-about! db policy question now shared)
  "Ask QUESTION for what has the values SHARED."
  (guarded db policy (question-name question) now
    (lambda ()
      (compare! db policy question (old-answers db question shared)
                (new-answers db question now shared) now)
      (unless (question-rests question)
        (look-ahead! db question now)))))

(define (ask-whole! batch name)
  "Ask the question NAME, a string, as a whole, if it stands."
  (let ((question (find-question (batch-db batch) name)))
    (when question
      (ask-all! (batch-db batch) (batch-policy batch) question (batch-now batch)))))


;;; At the end of a batch

(define (heed! batch current?)
  "Ask what BATCH has touched; all, unless CURRENT?: somebody else wrote, too."
  (let* ((db (batch-db batch)) (policy (batch-policy batch)) (now (batch-now batch))
         (touched (take-touched! db)))
    (for-each
     (lambda (question)
       (let ((mine (filter-map (match-lambda
                                 ((name . shared)
                                  (and (string=? name (question-name question)) shared)))
                               touched)))
         (cond ((question-rests question) #t)
               ((or (not current?)
                    (any null? mine)
                    (> (length mine) %most-touched))
                (due-by! db (if current? (+ now %soonest) now)
                         'question (question-name question)))
               (else
                (for-each (lambda (shared) (ask-about! db policy question now shared)) mine)))))
     (standing db))))


;;; To stand

(define (entry->question db entry)
  "Return the <question> that ENTRY is; raise `bad-question'."
  (define problems '())
  (define (complain datum text hint)
    (set! problems (cons (problem-at datum text hint) problems)))
  (match (cons (entry-name entry) (entry-ref entry 'alert))
    ((name alert . state)
     (let* ((data (question-data-of entry))
            (world (database-world db))
            (compiled (compile-question world data (%now)))
            (watches (find-watches data world complain)))
       (unless (null? problems)
         (raise-problems (reverse problems)))
       (make-question name (second (entry-arguments entry)) data alert
                      (match state ((state) state) (() 'fail))
                      watches
                      (question-items-of data world)
                      (any procedure? (compiled-parameters compiled))
                      (make-hash-table)
                      #f)))))

(define (entry-name entry)
  (symbol->string (first (entry-arguments entry))))

(define (end-question! db policy name now)
  "Let the question NAME stand no longer: what it told is over."
  (for-each (match-lambda
              (#(key)
               (drop-answer! db policy name key 'any "the question stands no longer" now)))
            (sql db "SELECT key FROM _answer WHERE question = " name))
  (note-none! db policy name 'ok "the question stands no longer" now)
  (note-question! db policy name #f now)
  (sql db "DELETE FROM _question WHERE name = " name)
  (undue! db 'question name))

(define (end-others! db policy entries now)
  "End each question that stood and is none of ENTRIES, or another one now."
  (for-each
   (match-lambda
     (#(name form)
      (let ((entry (find (lambda (entry) (string=? name (entry-name entry))) entries)))
        (unless (and entry (string=? form (entry-form entry)))
          (end-question! db policy name now)))))
   (sql db "SELECT name, form FROM _question")))

(define (entry-form entry)
  (datum->string (entry-datum entry)))

(define (stand! db config entries now)
  "Let ENTRIES of CONFIG, questions, be asked of DB by themselves from NOW (ms) on, and no others.
Takes part in the caller's transaction."
  (define policy* (policy config))
  (prepare-for-questions! db)
  (define-configured-rules! config)
  (end-others! db policy* entries now)
  (let ((questions
         (filter-map
          (lambda (entry)
            (guarded db policy* (entry-name entry) now
              (lambda ()
                (let ((question (entry->question db entry)))
                  (sql db "INSERT OR REPLACE INTO _question (name, form) VALUES ("
                       (entry-name entry) ", " (entry-form entry) ")")
                  question))))
          entries)))
    (hashq-set! %standing db questions)
    (watch! db (map (lambda (question)
                      (cons (question-name question) (question-watches question)))
                    questions))
    (after-batches! db heed!)
    (for-each (lambda (question) (ask-all! db policy* question now)) questions)))
