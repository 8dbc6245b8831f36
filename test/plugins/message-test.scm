;;; message-test.scm -- the monitor message: what anybody may send
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog message)
             (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog receiver)
             (sheepdog test))

(run-tests "message"
  (define message
    (alist->message '((host . "tux01") (tag . "raid") (state . "fail")
                      (summary . "md0 degraded") (fields . ((any . "thing"))))
                    1 1795335303000 #f))

  (test-equal "it gets the messages that name no monitor" "message"
    (message-monitor message))
  (test-equal "it is there" 'message
    (monitor-name (load-monitor "message")))
  (test-equal "it has nothing to add to what every message gets" '()
    (receive-message message #f)))
