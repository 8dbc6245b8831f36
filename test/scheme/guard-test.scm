;;; guard-test.scm -- whatever a plugin raises becomes a text with its place
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog error)
             (sheepdog guard)
             (sheepdog test)
             (ice-9 match)
             (srfi srfi-1))

(define %circle
  (let ((circle (list 1 2 3)))
    (set-cdr! (cddr circle) circle)
    circle))

(define (endless x)
  (+ 1 (endless x)))

(define-syntax-rule (test-guarded expected expression)
  (test-equal expected (string-append "/x/cow.scm:7:1: error: " expected)
    (call-guarded "/x/cow.scm" (lambda () expression)
                  (lambda (text hint frames) text)
                  #:place (const '(7 1)))))

(run-tests "guard"
  (test-equal "without an exception there is nothing to say" 5
    (call-guarded "/x/cow.scm" (const 5) list))
  (test-guarded "boo (1 2 3 1 2 3 1 2 …)" (error "boo" %circle))
  (test-guarded "Throw to key `k' with args `((1 2 3 1 2 3 1 2 …))'." (throw 'k %circle))
  (test-guarded "it raised 42" (raise-exception 42))
  (test-guarded "it called (exit)" (exit 0))
  (test-guarded "endless recursion" (endless 1))
  (test-guarded "it aborted to a prompt" (abort-to-prompt (default-prompt-tag) 1))
  (test-guarded "In procedure abort: Abort to unknown prompt" (abort-to-prompt 'moo))
  (test-guarded "a sentence" (raise-error 'bad-plugin "a sentence"))
  (test-equal "its hint is kept" "a hint"
    (call-guarded "/x/cow.scm" (lambda () (raise-error 'bad-plugin "a" "a hint"))
                  (lambda (text hint frames) hint)))
  (test-equal "without any place the file is named" "/x/cow.scm: error: boo"
    (call-guarded "/x/cow.scm" (lambda () (error "boo"))
                  (lambda (text hint frames) text)))
  (test-equal "the place of a syntax error is the one it says" "/x/cow.scm:4:2: error: moo"
    (call-guarded "/x/cow.scm"
                  (lambda ()
                    (throw 'syntax-error 'plugin "moo" '((line . 3) (column . 1)) #f #f))
                  (lambda (text hint frames) text)))
  (test-equal "of many, what raises costs only itself: in a plugin, in ours, and what is none of our errors"
    '(1 (in-plugin #f "/x/cow.scm:7:1: error: boo") 3 (moo bad-message "a sentence")
        (in-plugin #f "/x/cow.scm:7:1: error: endless recursion")
        (in-plugin #f "/x/cow.scm:7:1: error: it aborted to a prompt")
        (raise #f "Throw to key `raise' with args `()'.") 8)
    (map-guarded
     (lambda (item call)
       (define (in-plugin thunk)
         (call "/x/cow.scm" (const '(7 1)) thunk))
       (match item
         (1 (in-plugin (const 1)))
         (('in-plugin thunk) (in-plugin thunk))
         (('moo) (in-plugin (const 1)) (raise-error 'bad-message "a sentence"))
         (('raise) (throw 'raise))
         (number number)))
     `(1 (in-plugin ,(lambda () (error "boo"))) 3 (moo)
         (in-plugin ,(lambda () (endless 1)))
         (in-plugin ,(lambda () (abort-to-prompt (default-prompt-tag) 1)))
         (raise) 8)
     (lambda (item code text) (list (first item) code text))))
  (test-equal "of none there is nothing" '()
    (map-guarded list '() list))
  (test-equal "the way there is told, innermost first" '(3 "in inner" "in outer")
    (with-temporary-directory (directory)
      (let ((file (string-append directory "/way.scm")))
        (call-with-output-file file
          (lambda (port)
            (display "(lambda ()
  (define (inner x) (+ 1 (error \"boo\" x)))
  (define (outer x) (+ 1 (inner x)))
  (+ 1 (outer 5)))" port)))
        (let ((thunk (call-with-input-file file
                       (lambda (port)
                         ((@ (system base compile) compile) (read-syntax port)
                          #:optimization-level 0)))))
          (call-guarded file thunk
                        (lambda (text hint frames)
                          (match frames
                            ((first second third)
                             (list (length frames)
                                   (substring first (string-contains first "in inner"))
                                   (substring second
                                              (string-contains second "in outer"))))))))))))
