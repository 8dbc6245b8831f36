;;; packages.scm -- what is installed, and which version of it runs
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog packages)
  #:use-module (sheepdog memory)
  #:use-module (sheepdog probe)
  #:use-module (sheepdog processes)
  #:use-module (ice-9 match)
  #:use-module (ice-9 regex)
  #:use-module (srfi srfi-1)
  #:export (package-stamp installed-packages
            store-version file-versions script-of running-versions))

(define (databases root)
  "Return the files of package managers in ROOT that change whenever a package does."
  (filter file-exists?
          (map (lambda (file) (string-append root file))
               '("/var/lib/dpkg/status" "/var/lib/rpm/rpmdb.sqlite" "/var/lib/rpm/Packages"
                 "/usr/lib/sysimage/rpm/rpmdb.sqlite" "/var/lib/pacman/local"
                 "/run/current-system/profile/manifest" "/root/.guix-profile/manifest"))))

(define (package-stamp root)
  "Return plain data that is another when a package in ROOT may have changed."
  ;; All files of a Guix store are as old: there the name tells.
  (filter-map (lambda (file)
                (let ((stat (stat file #f)))
                  (and stat
                       (list (canonicalize-path file) (stat:mtime stat) (stat:mtimensec stat)
                             (stat:size stat)))))
              (databases root)))

(define (two-words lines)
  (filter-map (lambda (line)
                (match (string-index line #\space)
                  (#f #f)
                  (end (list (substring line 0 end) (substring line (+ end 1))))))
              lines))

(define (lines-of program . arguments)
  (string-split (apply command-text program arguments) #\newline))

(define (dpkg-packages root)
  (define (installed line)
    (and (string-prefix? "installed " line) (substring line 10)))
  (two-words
   (filter-map installed
               (lines-of "dpkg-query" (string-append "--admindir=" root "/var/lib/dpkg") "--show"
                         "--showformat" "${db:Status-Status} ${Package} ${Version}\n"))))

(define (rpm-packages root)
  (two-words (lines-of "rpm" "--root" (if (string-null? root) "/" root) "--query" "--all"
                       "--queryformat" "%{NAME} %{VERSION}-%{RELEASE}\n")))

(define (pacman-packages root)
  (two-words (lines-of "pacman" "--root" (if (string-null? root) "/" root) "--query")))

(define (manifest-packages file)
  "Return the packages of FILE, the manifest of a Guix profile (guix/profiles.scm)."
  (match (false-if-exception (call-with-input-string (file-text file) read))
    (('manifest ('version _ ...) ('packages entries) _ ...)
     (filter-map (match-lambda
                   (((? string? name) (? string? version) _ ...) (list name version))
                   (_ #f))
                 entries))
    (_ (cannot-watch "not understood: " file))))

(define (installed-packages root)
  "Return ((NAME VERSION) ...) of all that is installed in ROOT, sorted, by all managers that are
here."
  (define (of file)
    (cond ((string-contains file "dpkg") (dpkg-packages root))
          ((string-contains file "rpm") (rpm-packages root))
          ((string-contains file "pacman") (pacman-packages root))
          (else (manifest-packages file))))
  (delete-neighbours
   (sort (append-map of (databases root))
         (lambda (a b) (string<? (string-append (car a) " " (cadr a))
                                 (string-append (car b) " " (cadr b)))))))

(define (delete-neighbours packages)
  "Return PACKAGES, sorted, each name once: of several versions, as of kernels, the last."
  (let loop ((rest packages) (kept '()))
    (match rest
      (() (reverse kept))
      (((name _) (and next (again _)) . more)
       (if (string=? name again)
           (loop (cons next more) kept)
           (loop (cdr rest) (cons (car rest) kept))))
      ((one) (loop '() (cons one kept))))))


;;; What runs.

(define (store-version program)
  "Return the version of PROGRAM, a path in a Guix or Nix store, as its name says; #f elsewhere."
  (let ((found (string-match "^/(gnu|nix)/store/[a-z0-9]{32}-[^/]*-([0-9][^/]*)/" program)))
    (and found (match:substring found 2))))

(define %interpreters
  (make-regexp "^(python|perl|ruby|node|java|bash|dash|sh|guile|php|lua|tclsh)[0-9.]*$"))

(define (script-of program command)
  "Return the file that PROGRAM runs with COMMAND, its command line: PROGRAM itself, or the
script that an interpreter has as its first argument with a path."
  (or (and (regexp-exec %interpreters (basename program))
           (find (lambda (word) (string-prefix? "/" word))
                 (match (string-tokenize command) ((_ words ...) words) (() '()))))
      program))

(define (file-versions files packages)
  "Return an alist from each of FILES, paths of programs, to the version of the package in PACKAGES
that has it; those that dpkg, rpm and pacman do not know are left out."
  (define versions
    (let ((table (make-hash-table)))
      (for-each (match-lambda ((name version) (hash-set! table name version))) packages)
      table))
  (cond ((null? files) '())
        ((find-program "dpkg-query") (dpkg-owners files versions))
        ((find-program "rpm")
         (filter-map (lambda (file)
                       (match (command-outcome
                               `("rpm" "--query" "--file" "--queryformat"
                                 "%{VERSION}-%{RELEASE}\n" ,file))
                         ((('status . 0) . (= (lambda (rest) (assq-ref rest 'stdout)) text))
                          (cons file (first (string-split text #\newline))))
                         (_ #f)))
                     files))
        ((find-program "pacman")
         (filter-map (lambda (file)
                       (match (string-tokenize
                               (assq-ref (command-outcome `("pacman" "--query" "--owns" ,file))
                                         'stdout))
                         ((_ ... version) (cons file version))
                         (() #f)))
                     files))
        (else '())))

(define (dpkg-owners files versions)
  "Where /usr is merged a package may know a file by the shorter path."
  (define (short file)
    (if (string-prefix? "/usr/" file) (substring file 4) file))
  (let ((text (assq-ref (command-outcome
                         `("dpkg-query" "--search" ,@files
                           ,@(filter-map (lambda (file)
                                           (and (string-prefix? "/usr/" file) (short file)))
                                         files)))
                        'stdout)))
    (filter-map
     (lambda (file)
       (any (lambda (line)
              (match (string-contains line ": ")
                (#f #f)
                (end (and (member (substring line (+ end 2)) (list file (short file)))
                          (let ((version (hash-ref versions
                                                   (car (string-split (substring line 0 end)
                                                                      #\:)))))
                            (and version (cons file version)))))))
            (string-split text #\newline)))
     files)))

(define (running-versions running packages proc)
  "Return ((NAME VERSION) ...) for those of RUNNING, an alist from names to pids, whose version
is known: that of the package in PACKAGES, ((NAME VERSION) ...), which was installed when the
process began.  It is remembered as long as that lives: what its program was replaced by does
not run yet."
  (define known (recall 'running '()))
  (define (version-of name process versions)
    (let ((program (or (process-program process) "")))
      (or (store-version program)
          (assoc-ref versions (script-of program (process-command process))))))
  (define (id name process)
    (list name (process-pid process) (process-start process)))
  (let* ((found (filter-map (match-lambda
                              ((name . pid)
                               (let ((process (process-of proc pid)))
                                 (and process (cons name process)))))
                            running))
         (new (remove (match-lambda ((name . process) (assoc (id name process) known)))
                      found))
         (versions (file-versions
                    (delete-duplicates
                     (filter-map (match-lambda
                                   ((_ . process)
                                    (let ((program (process-program process)))
                                      (and program
                                           (script-of program (process-command process))))))
                                 new))
                    packages))
         (now (filter-map
               (match-lambda
                 ((name . process)
                  (or (assoc (id name process) known)
                      (let ((version (version-of name process versions)))
                        (and version (list (id name process) version))))))
               found)))
    (remember! 'running now)
    (map (match-lambda (((name . _) version) (list name version))) now)))
