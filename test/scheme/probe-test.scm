;;; probe-test.scm -- files and programs that are missing, too large, or hang
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog core)
             (sheepdog probe)
             (sheepdog test))

(define (write-file file text)
  (call-with-output-file file (lambda (port) (display text port))))

(run-tests "probe"
  (with-temporary-directory (directory)
    (define file (string-append directory "/file"))
    (test-group "files"
      (test-equal "lines, with and without a last newline" '(("a" "" "b") ("a" "b") ())
        (map (lambda (text)
               (write-file file text)
               (file-lines file))
             '("a\n\nb\n" "a\nb" "")))
      (test-equal "bytes that are no UTF-8 are replaced" "a�b\n"
        (begin
          (call-with-output-file file
            (lambda (port)
              (for-each (lambda (byte) (write-char (integer->char byte) port))
                        '(97 255 98 10)))
            #:encoding "ISO-8859-1")
          (file-text file)))
      (test-equal "a pipe that nobody writes to holds nobody up" ""
        (let ((pipe (string-append directory "/pipe")))
          (mknod pipe 'fifo #o600 0)
          (file-text pipe)))
      (test-raises "a file that is not there" 'cannot-watch
                   (string-append "cannot read " directory "/none: No such file or directory")
                   (file-text (string-append directory "/none")))
      (test-raises "a directory" 'cannot-watch
                   (string-append "cannot read " directory ": Is a directory")
                   (file-text directory))
      (test-raises "an endless one" 'cannot-watch "/dev/zero is larger than 16 MiB"
                   (file-text "/dev/zero"))
      (test-equal "names in a directory, none in one that is not there"
        '(("file" "pipe") ())
        (list (file-names directory) (file-names (string-append directory "/none")))))

    (test-group "programs"
      (define (sh text . more) (apply command-text "sh" "-c" text more))
      (test-equal "what one writes, in the C locale" "C\n" (sh "echo $LC_ALL"))
      (test-raises "one that fails, with its last words" 'cannot-watch
                   "sh: exit status 3: no: luck" (sh "echo a; echo 'no: luck' >&2; exit 3"))
      (test-raises "one that dies" 'cannot-watch "sh: killed by signal 9" (sh "kill -9 $$"))
      (test-raises "one that is not there" 'cannot-watch "no-such-tool is not installed"
                   (command-text "no-such-tool"))
      (test-raises "one that writes for ever" 'cannot-watch "sh wrote more than 4 MiB"
                   (command-text "sh" "-c" "yes | head -c 5000000"))
      (test-raises "one that hangs" 'cannot-watch "sleep was not done after 0.2 s"
                   (call-with-deadline 200 (lambda () (command-text "sleep" "600"))))
      (test-equal "any ending is told to who asks for it" '(3 "a\n" "in")
        (let ((outcome (command-outcome '("sh" "-c" "echo a; cat >&2; exit 3")
                                        #:input "in")))
          (map (lambda (key) (assq-ref outcome key)) '(status stdout stderr))))
      (test-assert "the tools of the superuser are found" (find-program "nonsuch" "sh")))))
