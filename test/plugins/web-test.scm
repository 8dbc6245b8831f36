;;; web-test.scm -- the monitor web: from the words of curl to a report and a fact
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

;; The samples are of 2026-11-22 08:15:03 UTC.
(define (curl status seconds page . certificate)
  `((("curl" . (0 ,page ,(string-append "\nstatus=" status "\nseconds=" seconds "\n"
                                        (string-concatenate certificate)))))))

(define %soon "Subject:CN = www\nExpire date:Nov 30 08:15:03 2026 GMT\nExpire date:Jan  1 00:00:00 2030 GMT\n")

(run-tests "web"
  (define (sampled programs . options)
    (with-programs (car programs) (sample-of "web" `((url . "https://www/") ,@options))))
  (define (told summary state status seconds . more)
    `(("web https://www/" ,state ,summary
       ((url . "https://www/") (status . ,status) (seconds . ,seconds) ,@more))))

  (test-equal "it is there" (told "status 200, 0.25 s" 'ok 200 0.25)
    (sampled (curl "200" "0.250" "")))
  (test-equal "it is slow, slower" '(warn fail)
    (map (lambda (seconds) (cadr (car (sampled (curl "200" seconds "")))))
         '("3.1" "11.0")))
  (test-equal "it is not" (told "status 404, 0.25 s" 'fail 404 0.25)
    (sampled (curl "404" "0.25" "")))
  (test-equal "which may be what is wanted" (told "status 404, 0.25 s" 'ok 404 0.25)
    (sampled (curl "404" "0.25" "") '(status . "404:404")))
  (test-equal "words that it should hold, and should not"
    (append (told "status 200, 0.25 s" 'ok 200 0.25)
            (told "without \"h[a-z]+y$\", 0.25 s" 'fail 200 0.25)
            (told "with \"rror\", 0.25 s" 'fail 200 0.25))
    (append (sampled (curl "200" "0.25" "I am healthy") '(word . "h[a-z]+y$"))
            (sampled (curl "200" "0.25" "healthy not") '(word . "h[a-z]+y$"))
            (sampled (curl "200" "0.25" "Error 7") '(no-word . "rror"))))
  (test-equal "its own certificate ends soon, that of its authority later"
    (told "status 200, 0.25 s, certificate good for 8.0 days" 'warn 200 0.25 '(days . 8.0))
    (sampled (curl "200" "0.25" "" %soon)))
  (test-equal "one that ended is no longer trusted"
    (told "curl: (60) SSL certificate problem: certificate has expired, 0.01 s" 'fail 0 0.01)
    (sampled '((("curl" . (60 "" "curl: (60) SSL certificate problem: certificate has expired\n
status=000\nseconds=0.01\n"))))))
  (test-equal "a page without end" '(("web https://www/" unknown "curl wrote more than 3.8 MiB" ()))
    (sampled '((("curl" . (run "exec /usr/bin/head -c 5000000 /dev/zero"))))))
  (test-equal "without curl, without a page"
    '((("web https://www/" unknown "curl is not installed" ()))
      ((#f unknown "no (url ...) is said" ())))
    (list (sampled '(())) (sample-of "web")))
  (test-equal "nothing is there: the real curl says so" '(fail)
    (map cadr (sample-of "web" '((url . "http://127.0.0.1:1/")))))
  (test-equal "its status is a fact" '((store ("web" "tux01" "https://www/" 200)))
    (received "web" "web https://www/" '((url . "https://www/") (status . 200)))))
