;;; run-test.scm -- runs of commands, from their messages
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))
(use-modules (sheepdog expect)
             (sheepdog message)
             (sheepdog run))

(define ids 0)

(define* (tell! world when kind #:key run state outcome (time when) (tag "t"))
  "Enter the message of h/TAG of WHEN; return when the run began of which it tells, or #f."
  (set! ids (+ ids 1))
  (let ((began
         (enter-run! (world-db world)
                     (alist->message `((host . "h") (tag . ,tag) (kind . ,kind)
                                       (time . ,(/ (time->ms time) 1000))
                                       ,@(if run `((run . ,run)) '())
                                       ,@(if state `((state . ,state)) '())
                                       ,@(if outcome `((outcome . ,outcome)) '()))
                                     ids (time->ms when) (time->ms time)))))
    (and began (ms->time began))))

(define (runs world)
  "Return the runs: lists (ID STATUS FROM UNTIL)."
  (map (match-lambda
         (#(id status t0 t1)
          (list id status (ms->time t0) (if (= t1 9223372036854775807) '- (ms->time t1)))))
       (sql (world-db world) "SELECT id, status, t0, t1 FROM run ORDER BY rowid")))

(define (epoch text)
  (/ (time->ms text) 1000))

(define-syntax-rule (in-a-world world body ...)
  (call-with-world "(config)" (lambda (world) body ...)))

(run-tests "run"
  (test-equal "a start opens a run, twice is once; its end closes it and knows when it began"
    '(("A" 0 "01:00:00" "01:30:00"))
    (in-a-world world
      (tell! world "01:00" "start" #:run "A")
      (tell! world "01:05" "start" #:run "A")
      (tell! world "01:30" "bark" #:run "A" #:state "ok" #:outcome '((status . 0)))
      (runs world)))
  (test-equal "runs may overlap; one without a name is a run as well"
    '(("A" -1 "01:00:00" -) ("" 2 "02:00:00" "02:10:00") ("B" -1 "03:00:00" -))
    (in-a-world world
      (tell! world "01:00" "start" #:run "A")
      (tell! world "02:00" "start")
      (tell! world "02:10" "bark" #:outcome '((status . 2)))
      (tell! world "03:00" "start" #:run "B")
      (runs world)))
  (test-equal "an end without a start is a run that is over"
    '(("" 137 "00:59:50" "01:00:00") ("" 124 "00:00:00" "02:00:00") ("X" 1 "03:00:00" "03:00:00")
      ("Y" -2 "03:50:00" "04:00:00"))
    (in-a-world world
      (tell! world "01:00" "bark" #:outcome '((signal . 9) (elapsed . 10)))
      (tell! world "02:00" "bark" #:outcome '((timed_out . #t) (signal . 15) (elapsed . 7200)))
      (tell! world "03:00" "bark" #:run "X" #:state "fail")
      (tell! world "04:00" "bark" #:run "Y" #:state "fail"
             #:outcome `((command . "x") (started . ,(epoch "03:50"))))
      (runs world)))
  (test-equal "a start is known among ends without one, in their batch and in a later one"
    '(("A" 0 "01:00:00" "01:00:00") ("" 0 "01:00:00" "01:00:00") ("" 0 "01:00:00" "01:00:00")
      ("B" 0 "02:00:00" "03:00:00") ("" 0 "02:00:00" "02:00:00") ("" 0 "03:00:00" "03:00:00"))
    (in-a-world world
      (define (start! run)
        (queue! world #f #:more `((kind . "start") (run . ,run))))
      (define (end! . run)
        (queue! world "ok" #:more `((outcome . ((status . 0))) ,@run)))
      (define (at! time . thunks)
        (until! world time)
        (for-each (lambda (thunk) (thunk)) thunks)
        (settle-round! world))
      (at! "01:00" end! (lambda () (start! "A")) (lambda () (end! '(run . "A"))) end!)
      (at! "02:00" end! (lambda () (start! "B")))
      (at! "03:00" (lambda () (end! '(run . "B"))) end!)
      (runs world)))
  (test-equal "messages of no run are none: of a monitor, a ping, a note"
    '()
    (in-a-world world
      (tell! world "01:00" "bark" #:state "warn")
      (tell! world "01:00" "ping")
      (tell! world "01:00" "bark" #:outcome '((stdout . "df")))
      (runs world)))
  (test-equal "when it began: only differences of the sender's clock count; else its start, else its end"
    '("07:30:00" "09:59:00" "08:00:00" "10:00:00")
    (in-a-world world
      (list
       ;; This clock is two hours slow.
       (tell! world "10:00" "bark" #:time "08:00"
              #:outcome `((status . 0) (started . ,(epoch "05:30"))))
       (tell! world "10:00" "bark" #:outcome '((status . 0) (elapsed . 60)))
       (begin
         (tell! world "08:00" "start" #:tag "u")
         (tell! world "10:00" "bark" #:tag "u" #:outcome '((status . 0))))
       (tell! world "10:00" "bark" #:tag "v" #:outcome '((status . 0))))))
  (test-equal "open runs, and which of them are overdue"
    '((("A" "01:00:00" #f) ("B" "02:00:00" #f)) (("A" "01:00:00" #t) ("B" "02:00:00" #f)))
    (in-a-world world
      (define (open)
        (open-runs (world-db world) "h" "t"))
      (define (shown)
        (map (lambda (run) (list (open-run-id run) (ms->time (open-run-start run))
                                 (open-run-overdue? run)))
             (open)))
      (tell! world "01:00" "start" #:run "A")
      (tell! world "02:00" "start" #:run "B")
      (let ((before (shown)))
        (mark-overdue! (world-db world) "h" "t" (list (open-run "A" (time->ms "01:00") #t)))
        (list before (shown)))))
  (test-equal "nobody ends it: it is lost after 30 days; a boot cuts it off"
    '("d30 01:00:00" (2 (1)) (("A" -2 "01:00:00" "d30 01:00:00") ("B" -2 "02:00:00" "05:00:00")) #f)
    (in-a-world world
      (define db (world-db world))
      (tell! world "01:00" "start" #:run "A")
      (tell! world "02:00" "start" #:run "B")
      (let ((lost (ms->time (due-at db 'lost 1)))
            (before (map (lambda (at) (map first (runs-before-boot db "h" (time->ms at))))
                         '("05:00" "02:00"))))
        (cut-off! db 2 (time->ms "05:00"))
        (end-lost! db 1 (time->ms "d30 01:00"))
        (list lost (list (length (first before)) (second before)) (runs world)
              (due-at db 'lost 2))))))
