;;; action-test.scm -- what a receiver may return, and what is said of the rest
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog action)
             (sheepdog message)
             (sheepdog plugin)
             (sheepdog test))

(define %message (alist->message '((tag . "raid") (host . "Tux01")) 1 1795335303000 #f))

(define %circle
  (let ((circle (list 1 2 3)))
    (set-cdr! (cddr circle) circle)
    circle))

(define-handler moo
  "Moo."
  (arguments (times integer? "How often.") (voice string? "How."))
  (perform (action context) #t))

(define-handler mute
  "Say nothing."
  (perform (action context) #t))

(define-syntax-rule (test-normal sentence normal action)
  (test-equal sentence normal (check-action action)))

(define-syntax-rule (test-refused sentence text action)
  (test-raises sentence 'bad-action text (check-action action)))

(run-tests "action"
  (test-group "normal"
    (test-normal "a fact" '(store ("raid" "tux01" "md0" 4 "degraded"))
                 '(store (raid "Tux01." md0 4 "degraded")))
    (test-normal "truth is text" '(store ("a" "h" "true" "false")) '(store (a "h" #t #f)))
    (test-normal "the end of a fact" '(store (not ("package" "tux01" "nginx")))
                 '(store (not (package "tux01" "nginx"))))
    (test-normal "a notification" '(notify "md0 is degraded") '(notify "md0 is degraded"))
    (test-normal "one with a key" '(notify "again" #:key "md0") '(notify "again" #:key "md0"))
    (test-normal "a line for the log" '(log info "x") '(log "info" "x"))
    (test-normal "a program" '(exec "/bin/moo" "-n" "3") '(exec "/bin/moo" "-n" 3))
    (test-normal "one of a handler's own" '(moo 3 "loud") '(moo 3 "loud"))
    (test-equal "many" '((log info "a") (log error "b"))
      (check-actions '((log info "a") (log error "b")))))

  (test-group "refused"
    (test-refused "no list" "an action is a list such as (log info \"text\"), got 5" 5)
    (test-refused "a circular one"
                  "an action is a list such as (log info \"text\"), got (1 2 3 1 2 3 1 2 …)"
                  %circle)
    (test-refused "a procedure in a fact" "a fact wants text and numbers, got a procedure car"
                  (list 'store (list 'a "h" car)))
    (test-refused "a circle in a fact"
                  "a fact wants text and numbers, got (1 2 3 1 2 3 1 2 …)"
                  (list 'store (list 'a "h" %circle)))
    (test-refused "a circle for a fact"
                  "'store' wants (RELATION HOST ARGUMENT ...), got (1 2 3 1 2 3 1 2 …)"
                  (list 'store %circle))
    (test-refused "null in a fact" "a fact wants text and numbers, got null"
                  '(store (a "h" null)))
    (test-refused "a number that is none" "a fact wants text and numbers, got +nan.0"
                  '(store (a "h" +nan.0)))
    (test-refused "a fact without host" "a fact begins with its host, got \"a b\""
                  '(store (a "a b")))
    (test-refused "two facts in one" "'store' wants one fact, got (store (a \"h\") (b \"h\"))"
                  '(store (a "h") (b "h")))
    (test-refused "a level of one's own"
                  "'log' wants error, warning, notice, info or debug, got \"loud\""
                  '(log loud "x"))
    (test-refused "a text that is none" "'notify' wants (notify TEXT [#:key TEXT]), got (notify 5)"
                  '(notify 5))
    (test-refused "a program that is a number"
                  "'exec' wants (exec PROGRAM ARGUMENT ...), got (exec 5)" '(exec 5))
    (test-refused "an order" "orders are not in this version"
                  '(order "tux01" block-ip "192.0.2.7"))
    (test-refused "nobody's action" "no action frobnicate" '(frobnicate 5))
    (test-refused "the wrong number of arguments" "'moo' wants (moo TIMES VOICE), got (moo 3)"
                  '(moo 3))
    (test-refused "the wrong type" "'times' of action 'moo' wants a whole number, got \"3\""
                  '(moo "3" "loud"))
    (test-refused "a handler that does not say what it takes"
                  "handler 'mute' declares no arguments" '(mute))
    (test-raises "no list of actions" 'bad-action
                 "a receiver returns a list of actions, got nothing"
                 (check-actions (if #f #f)))
    (test-raises "an action instead of a list of them" 'bad-action
                 "an action is a list such as (log info \"text\"), got log"
                 (check-actions '(log info "x"))))

  (test-group "JSON"
    (define (from json) (json->action json %message))
    (test-equal "a fact, its host implied" '(store ("raid" "tux01" "md0" "degraded"))
      (from #("store" #("raid" "md0" "degraded"))))
    (test-equal "the end of one" '(store (not ("raid" "tux01" "md0")))
      (from #("store" #("not" #("raid" "md0")))))
    (test-equal "a notification" '(notify "md0") (from #("notify" "md0")))
    (test-equal "one with a key" '(notify "md0" #:key "k") (from #("notify" "md0" ((key . "k")))))
    (test-equal "a line" '(log info "...") (from #("log" "info" "...")))
    (test-raises "an object" 'bad-action
                 "an action is an array such as [\"log\",\"info\",\"text\"], got ((a . 1))"
                 (from '((a . 1))))
    (test-raises "an empty array" 'bad-action
                 "an action is an array such as [\"log\",\"info\",\"text\"], got #()"
                 (from #()))
    (test-raises "an empty fact" 'bad-action
                 "'store' wants [\"relation\", argument...], got ()"
                 (from #("store" #())))))
