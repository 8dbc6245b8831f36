;;; packages-test.scm -- package managers by their words, versions by names and owners of files
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog packages)
             (sheepdog sampling)
             (sheepdog test))

(run-tests "packages"
  (with-temporary-directory (root)
    (define (here! . files)
      (write-tree! root (map (lambda (file) (cons file "x")) files)))

    (test-equal "nothing is installed where nobody manages" '(() ())
      (list (package-stamp root) (installed-packages root)))
    (here! "var/lib/rpm/rpmdb.sqlite" "var/lib/pacman/local/x")
    (test-equal "each name once, sorted, of all managers; of two kernels the last"
      '(("bash" "5.2-1") ("kernel" "6.2-1") ("zsh" "5.9"))
      (with-programs '(("rpm" . "zsh 5.9\nkernel 6.1-1\nkernel 6.2-1\n")
                       ("pacman" . "bash 5.2-1\n"))
        (installed-packages root)))
    (test-raises "a manager that fails" 'cannot-watch "rpm: exit status 1: error: rpmdb damaged"
                 (with-programs '(("rpm" . (1 "" "error: rpmdb damaged\n")) ("pacman" . ""))
                   (installed-packages root)))
    (test-assert "a change of the database is seen"
      (let ((before (package-stamp root)))
        (write-tree! root '(("var/lib/rpm/rpmdb.sqlite" . "xx")))
        (not (equal? before (package-stamp root))))))

  (with-temporary-directory (root)
    (define (manifest! text)
      (write-tree! root `(("run/current-system/profile/manifest" . ,text))))
    (manifest! "(manifest (version 4) (packages ((\"hello\" \"2.12\" \"out\" \"/gnu/store/x\" (propagated-inputs ()))
 (\"nginx\" \"1.27.1\" \"out\" \"/gnu/store/y\"))))")
    (test-equal "a Guix profile" '(("hello" "2.12") ("nginx" "1.27.1"))
      (installed-packages root))
    (manifest! "(manifest")
    (test-raises "one that is cut" 'cannot-watch
                 (string-append "not understood: " root "/run/current-system/profile/manifest")
                 (installed-packages root)))

  (test-equal "a store has the version in its names" '("1.27.1" #f #f)
    (map store-version
         '("/gnu/store/0123456789abcdfghijklmnpqrsvwxyz-nginx-1.27.1/sbin/nginx"
           "/gnu/store/0123456789abcdfghijklmnpqrsvwxyz-profile/sbin/nginx"
           "/usr/sbin/nginx")))
  (test-equal "what an interpreter runs is its script" '("/usr/bin/fail2ban" "/usr/bin/python3" "/usr/sbin/sshd")
    (list (script-of "/usr/bin/python3.11" "/usr/bin/python3 -s /usr/bin/fail2ban -x /run/s")
          (script-of "/usr/bin/python3" "python3 -m http.server")
          (script-of "/usr/sbin/sshd" "sshd: /usr/sbin/sshd -D")))
  (test-equal "the package of a file, by either path where /usr is merged"
    '(("/usr/sbin/nginx" . "1.22.1") ("/usr/lib/systemd/systemd" . "252"))
    (with-programs
        '(("dpkg-query" . (1 "nginx: /usr/sbin/nginx\nsystemd:amd64: /lib/systemd/systemd\n"
                             "dpkg-query: no path found matching pattern /opt/x\n")))
      (file-versions '("/usr/sbin/nginx" "/usr/lib/systemd/systemd" "/opt/x")
                     '(("nginx" "1.22.1") ("systemd" "252"))))))
