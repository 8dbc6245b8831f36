;;; clock-test.scm -- what is due is done at its time, and what raises stands in nobody's way
;;; SPDX-License-Identifier: GPL-3.0-or-later

(primitive-load (string-append (dirname (current-filename)) "/world.scm"))

(define done '())
(define (note! batch at key)
  (set! done (append done (list (list (ms->time at) key)))))

(define works
  `(,(assq 'silent (%works))                      ;of whoever speaks
    (note . ,note!)
    (again . ,(lambda (batch at key)
                (note! batch at key)
                (due! ((@ (sheepdog batch) batch-db) batch) (+ at 60000) 'note "after")))
    (raise . ,(lambda (batch at key)
                (note! batch at key)
                (error "no luck")))))

(define (run rows until)
  "Return what is done till UNTIL of ROWS, lists (TIME KIND KEY), and what is left then."
  (set! done '())
  (parameterize ((%works works) (%plans '()))
    (call-with-world "(config)"
      (lambda (world)
        (let ((db (world-db world)))
          (with-transaction db
            (for-each (match-lambda ((time kind key) (due! db (time->ms time) kind key))) rows))
          (until! world until)
          (list done
                (map (match-lambda (#(at kind tries) (list (ms->time at) (string->symbol kind) tries)))
                     (sql db "SELECT at, kind, tries FROM due WHERE kind NOT IN ('give-up', 'silent')
 ORDER BY at, kind"))
                (match (state world #:subject (string-append (gethostname) "/sheepdog expect"))
                  ((state hard) state)
                  (#f #f))))))))

(run-tests "clock"
  (test-equal "what is due is done once, at its time, the oldest first"
    '((("10:00:00" 2) ("10:05:00" 1)) (("11:00:00" note 0)) #f)
    (run '(("10:05" note 1) ("10:00" note 2) ("11:00" note 3)) "10:30"))
  (test-equal "work of one kind on one key is set once: the later setting counts"
    '((("10:07:00" 1)) () #f)
    (run '(("10:05" note 1) ("10:07" note 1)) "10:30"))
  (test-equal "work may set other work"
    '((("10:00:00" 1) ("10:01:00" "after")) () #f)
    (run '(("10:00" again 1)) "10:30"))
  (test-equal "of three that are due the second raises: the others are done all the same"
    '((("10:00:00" 1) ("10:00:00" 3)) (("10:10:00" raise 1)) warn)
    (match (run '(("10:00" note 1) ("10:00" raise 2) ("10:00" note 3)) "10:05")
      ((done left state)
       (list (filter (lambda (entry) (not (eqv? 2 (second entry))))
                     (delete-duplicates done))
             left state))))
  (test-equal "what raises is tried after 10, 20, 40, 60, 60 minutes"
    '("10:00:00" "10:10:00" "10:30:00" "11:10:00" "12:10:00" "13:10:00")
    (map first (first (run '(("10:00" raise 1)) "13:59"))))
  (test-equal "work that nobody knows is an error like any other"
    '(() (("10:10:00" strange 1)) warn)
    (run '(("10:00" strange 1)) "10:01"))
  (test-equal "the trouble is over when all that was due is done"
    'ok
    (let ((raises? #t))
      (parameterize ((%plans '())
                     (%works `(,(assq 'silent works)
                               (once . ,(lambda (batch at key)
                                          (when raises?
                                            (set! raises? #f)
                                            (error "no luck")))))))
        (call-with-world "(config)"
          (lambda (world)
            (with-transaction (world-db world)
              (due! (world-db world) (time->ms "10:00") 'once ""))
            (until! world "10:20")
            (first (state world #:subject (string-append (gethostname) "/sheepdog expect")))))))))
