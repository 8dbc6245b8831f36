;;; updates-test.scm -- the monitor updates: from the words of apt-get, dnf and pacman to a report
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog sampling)
             (sheepdog test))

(define %apt "Reading package lists...
Inst libc6 [2.36-9] (2.36-9+deb12u9 Debian:12.9/stable [amd64])
Inst openssl [3.0.11] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])
Conf libc6 (2.36-9+deb12u9 Debian:12.9/stable [amd64])
")

(run-tests "updates"
  (with-temporary-directory (root)
    (define options `((root . ,root)))
    (test-equal "two wait, one of them for security"
      '((#f warn "2 updates pending, 1 for security"
            ((pending . 2) (security . 1) (reboot . #f))))
      (with-programs `(("apt-get" . ,%apt)) (sample-of "updates" options)))
    (test-equal "none" '((#f ok "0 updates pending" ((pending . 0) (security . 0) (reboot . #f))))
      (with-programs '(("apt-get" . "")) (sample-of "updates" options)))
    (test-equal "dnf ends with 100 when there are some"
      '((#f warn "2 updates pending, 1 for security"
            ((pending . 2) (security . 1) (reboot . #f))))
      (with-programs
          '(("dnf" . (run "
case \"$*\" in
  *--security*) echo 'openssl.x86_64 3.2.1 updates' ;;
  *) echo; echo 'bash.x86_64  5.2 updates'; echo 'openssl.x86_64 3.2.1 updates' ;;
esac
exit 100")))
        (sample-of "updates" options)))
    (test-equal "pacman ends with 1 when there are none" '(ok ok)
      (append (with-programs '(("pacman" . (1 "" ""))) (map cadr (sample-of "updates" options)))
              (with-programs '(("pacman" . "bash 5.1 -> 5.2\n"))
                (map cadr (sample-of "updates" options)))))
    (test-equal "a manager that fails"
      '((#f unknown "apt-get: exit status 100: E: Could not read the lists" ()))
      (with-programs '(("apt-get" . (100 "" "E: Could not read the lists\n")))
        (sample-of "updates" options)))
    (test-equal "no manager"
      '((#f unknown "neither apt-get nor dnf nor pacman is here" ()))
      (with-programs '() (sample-of "updates" options)))
    (test-equal "a machine that waits for a start"
      '((#f warn "0 updates pending, to be started anew"
            ((pending . 0) (security . 0) (reboot . #t))))
      (begin
        (write-tree! root '(("run/reboot-required" . "")))
        (with-programs '(("apt-get" . "")) (sample-of "updates" options)))))

  (test-equal "how many is a fact" '((store ("updates" "tux01" 2)))
    (received "updates" "updates" '((pending . 2)))))
