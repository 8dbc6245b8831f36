;;; guix.scm -- what it takes to build and test Sheepdog with Guix
;;; SPDX-License-Identifier: GPL-3.0-or-later
;;;
;;; guix shell -D -f guix.scm -- sh examples/first-bark.sh
;;; guix shell -D -f guix.scm -- sh test/check.sh
;;; guix build -f guix.scm

(use-modules (gnu packages)
             (guix build-system cmake)
             (guix gexp)
             (guix git-download)
             ((guix licenses) #:prefix license:)
             (guix packages))

(define %tree (dirname (current-filename)))

(package
  (name "sheepdog")
  (version "0.1")
  (source (local-file %tree "sheepdog-checkout"
                      #:recursive? #t
                      #:select? (or (git-predicate %tree) (const #t))))
  (build-system cmake-build-system)
  ;; test/check.sh builds and tests in one; it wants servers that the build daemon's sandbox lacks.
  (arguments (list #:tests? #f))
  (native-inputs
   (map specification->package
        '("pkg-config" "googletest"
          ;; for test/check.sh
          "borg" "e2fsprogs" "iproute2" "jq" "moreutils" "msmtp" "openssl" "patch" "perl" "procps" "python"
          "python-aiosmtpd" "redis" "sqlite" "strace" "util-linux")))
  (inputs
   (map specification->package
        '("boost" "curl" "fmt" "guile@3.0" "hiredis" "nlohmann-json" "sqlite" "tzdata")))
  (home-page #f)
  (synopsis "Watch the jobs that run unattended, and bark when one fails")
  (description
   "Sheepdog wraps the jobs of a herd of machines, such as nightly backups.  When one
fails it sends a message through a queue to a server, which remembers it as facts, tells
the right person once, and answers questions about the past.  Its monitors are small
Guile Scheme files, changed while it runs.")
  (license license:gpl3+))
