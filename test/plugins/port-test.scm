;;; port-test.scm -- the monitor port: a server of the test's own answers, or nobody does
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test)
             (ice-9 match)
             (ice-9 threads))

(define (call-with-server banner proc)
  "Call PROC with the port of a server that says BANNER to each who connects."
  (let ((server (socket PF_INET SOCK_STREAM 0)))
    (bind server (make-socket-address AF_INET INADDR_LOOPBACK 0))
    (listen server 5)
    (let ((thread (call-with-new-thread
                   (lambda ()
                     (let loop ()
                       (match (accept server)
                         ((client . _)
                          (display banner client)
                          (close-port client)
                          (loop))))))))
      (dynamic-wind
        (const #t)
        (lambda () (proc (sockaddr:port (getsockname server))))
        (lambda ()
          (cancel-thread thread)
          (close-port server))))))

(define (timeless reports)
  "Return REPORTS without ports and times."
  (map (match-lambda
         ((tag state summary fields)
          (list (string-trim-right tag char-numeric?) state
                (string-join (filter (lambda (word) (not (string->number word)))
                                     (string-split summary #\space)))
                (assq-ref fields 'banner))))
       reports))

(run-tests "port"
  (define (sampled . options)
    (timeless (sample-of "port" `((host . "127.0.0.1") ,@options))))

  (call-with-server "SSH-2.0-OpenSSH_9.2\r\nmore"
    (lambda (port)
      (test-equal "it answers" '(("port 127.0.0.1:" ok "answers in s" ""))
        (sampled `(port . ,port)))
      (test-equal "what it should" '(("port 127.0.0.1:" ok "answers in s" "SSH-2.0-OpenSSH_9.2"))
        (sampled `(port . ,port) '(expect . "^SSH-2")))
      (test-equal "something else"
        '(("port 127.0.0.1:" fail "says \"SSH-2.0-OpenSSH_9.2\", after s" "SSH-2.0-OpenSSH_9.2"))
        (sampled `(port . ,port) '(expect . "^220 ")))))
  (call-with-server ""
    (lambda (port)
      (test-equal "nothing" '(("port 127.0.0.1:" fail "says nothing, after s" ""))
        (sampled `(port . ,port) '(expect . "^220 ") '(send . "HELO\r\n")))))
  (test-equal "nobody is there" '(("port 127.0.0.1:" fail "Connection refused" #f))
    ;; A port that is never given to whoever asks for any.
    (sampled '(port . 1)))
  (test-equal "a host that is none" '(fail)
    (map cadr (sample-of "port" '((host . "no.such.host.invalid") (port . 7)))))
  (test-equal "no port" '((#f unknown "no (port ...) is said" ()))
    (sample-of "port"))
  (test-equal "the banner is a fact" '((store ("banner" "tux01" "port a:22" "SSH-2")))
    (received "port" "port a:22" '((banner . "SSH-2")))))
