;;; rota-test.scm -- when watches are due: intervals, spread, company, and what hangs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog rota)
             (sheepdog test)
             (sheepdog watch)
             (srfi srfi-1))

(define (a-watch key every)
  (watch key 'monitor key '() every 5000 #f #f))

(define disk (a-watch "disk" 300000))
(define load (a-watch "load" 60000))
(define slow (a-watch "slow" 3600000))

(define (keys watches)
  (map watch-key watches))

(run-tests "rota"
  (test-equal "intervals are spread by the jitter"
    '(270000 300000 330000)
    (map (lambda (random) (spread 300000 1/10 random)) '(0.0 0.5 1.0)))

  (test-equal "a daemon begins with all, each within the spread of its interval, or 5 s"
    '(("disk" 3500 . 0) ("quick" 1050 . 0))
    (begin-rota (list disk (a-watch "quick" 1000)) 1000 1/10 1/2))
  (test-equal "without jitter at once"
    '(("disk" 1000 . 0))
    (begin-rota (list disk) 1000 0 1/2))
  (test-equal "what was watched before keeps its time, what is no longer goes"
    '(("disk" 7000 . 2) ("load" 3500 . 0))
    (begin-rota (list disk load) 1000 1/10 1/2 '(("slow" 1 . 0) ("disk" 7000 . 2))))

  (test-equal "nothing is due before its time"
    '()
    (rota-due (list disk load) '(("disk" 2000 . 0) ("load" 1001 . 0)) 1000 1/10))
  (test-equal "what could be due by now keeps company"
    '("disk" "load")
    (keys (rota-due (list disk load slow)
                    '(("disk" 31000 . 0) ("load" 1000 . 0) ("slow" 361001 . 0)) 1000 1/10)))
  (test-equal "without jitter nobody keeps company"
    '("load")
    (keys (rota-due (list disk load) '(("disk" 1001 . 0) ("load" 1000 . 0)) 1000 0)))
  (test-equal "what hung comes last"
    '("load" "slow" "disk")
    (keys (rota-due (list disk load slow)
                    '(("disk" 0 . 2) ("load" 0 . 0) ("slow" 0 . 1)) 1000 1/10)))

  (test-equal "who went is due again after its interval"
    '(("load" 61000 . 0) ("disk" 5 . 0))
    (put-off '(("disk" 5 . 0) ("load" 1000 . 3)) load 1000 1/10 1/2))
  (test-equal "who hangs, ever more seldom, within an hour or its own interval"
    '((600000 1) (1200000 2) (3600000 4) (3600000 9))
    (map (lambda (misses)
           (let ((entry (first (put-off `(("disk" 0 . ,misses)) disk 0 0 1/2 #:missed? #t))))
             (list (cadr entry) (cddr entry))))
         '(0 1 3 8)))
  (test-equal "a day's watch stays a day's"
    86400000
    (cadr (first (put-off '() (a-watch "day" 86400000) 0 0 1/2 #:missed? #t))))
  (test-equal "who cannot go yet has missed nothing"
    '(("disk" 9000 . 1))
    (wait-until '(("disk" 0 . 1)) disk 9000))

  (test-equal "the next of all"
    '(5 #f)
    (list (rota-next '(("disk" 7 . 0) ("load" 5 . 0))) (rota-next '())))

  (test-equal "a machine wakes for company, not for each watch: less than 60 times, not 88"
    #t
    (let loop ((rota (begin-rota (list load disk (a-watch "b" 60000)) 0 1/10 1/3))
               (rounds 0) (n 0))
      (if (= n 40)
          (< rounds 60)
          (let* ((clock (rota-next rota))
                 (due (rota-due (list load disk (a-watch "b" 60000)) rota clock 1/10)))
            (loop (fold (lambda (watch rota) (put-off rota watch clock 1/10 (random 1.0)))
                        rota due)
                  (+ rounds 1)
                  (if (memq load due) (+ n 1) n)))))))
