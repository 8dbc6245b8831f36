;;; plugin-file.scm -- where the file of a plugin is, and whether it can be trusted
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; KIND is the string "monitors" or "handlers": the name of the directories.

(define-module (sheepdog plugin-file)
  #:use-module (sheepdog core)
  #:use-module (sheepdog error)
  #:use-module (sheepdog name)
  #:autoload (ice-9 ftw) (scandir)
  #:use-module (ice-9 match)
  #:use-module ((srfi srfi-1) #:select (append-map delete-duplicates))
  #:export (%plugin-path set-plugin-path! plugin-path find-plugin list-plugins check-plugin-file ours?))

(define %most-bytes (* 1024 1024))

(define %usual-path '())                          ;of all threads of a daemon; as `%plugin-path'

(define (set-plugin-path! path)
  "Let PATH be the value of `%plugin-path' wherever that is not bound; return the one before."
  (let ((before %usual-path))
    (set! %usual-path path)
    before))

(define %plugin-path (make-parameter #f))
;; alist: KIND -> list of directories that come first (monitor-path, handler-path) | #f

(define (plugin-path kind)
  "Return the directories in which plugins of KIND are sought: those that the configuration
names, the user's, the site's, ours."
  (append (or (assoc-ref (or (%plugin-path) %usual-path) kind) '())
          (%plugin-directories kind)))

(define (our-directory kind)
  "Return the directory of the plugins of KIND that came with the program."
  (match (%plugin-directories kind)
    ((_ ... ours) ours)
    (() #f)))

(define (ours? kind file)
  "Did FILE, a plugin of KIND, come with the program?"
  (equal? (dirname file) (our-directory kind)))

(define (there? file)
  "Is there anything called FILE, be it a link to nowhere?"
  (false-if-exception (lstat file)))

(define (find-plugin kind name)
  "Return the file of the plugin NAME, a string, of KIND: the first on the path; #f if there
is none."
  (and (name? name)
       (let loop ((directories (plugin-path kind)))
         (match directories
           (() #f)
           ((directory . rest)
            (let ((file (string-append directory "/" name ".scm")))
              (if (there? file) file (loop rest))))))))

(define (plugin-name file)
  "Return the name that the file name FILE gives a plugin; #f for a file of an editor, and any
other that is none."
  (and (string-suffix? ".scm" file)
       (let ((name (string-drop-right file 4)))
         (and (name? name) name))))

(define (plugins-in directory)
  "Return an alist from the names of the plugins in DIRECTORY to their files, sorted."
  (map (lambda (file)
         (cons (plugin-name file) (string-append directory "/" file)))
       (or (scandir directory plugin-name) '())))

(define (list-plugins kind)
  "Return an alist from the name (a string) of each plugin of KIND to its file: the first of a
name on the path is the one that counts."
  (sort (delete-duplicates (append-map plugins-in (plugin-path kind))
                           (lambda (a b) (string=? (car a) (car b))))
        (lambda (a b) (string<? (car a) (car b)))))


;;; Trust.

(define* (refuse file text #:optional (hint ""))
  (raise-error 'bad-plugin (string-append file ": error: " text) hint))

(define (mode-text stat)
  (number->string (stat:perms stat) 8))

(define (others-can-write? stat)
  "Can others than its owner write what STAT tells of?  A group that only its owner is in, as
many systems make one, has his number."
  (or (logtest #o002 (stat:perms stat))
      (and (logtest #o020 (stat:perms stat))
           (not (= (stat:gid stat) (stat:uid stat))))))

(define (check-owner file stat)
  (unless (memv (stat:uid stat) (list 0 (geteuid)))
    (refuse file (string-append "belongs to another user (" (number->string (stat:uid stat))
                                ")")
            "only root and the user who runs this may own it")))

(define (inside? file directory)
  "Does FILE, its links followed, lie in DIRECTORY?"
  (string-prefix? (string-append (canonicalize-path directory) "/")
                  (canonicalize-path file)))

(define (stat-of file)
  (catch 'system-error
    (lambda () (stat file))
    (lambda arguments
      (refuse file (string-append "cannot be read: "
                                  (strerror (system-error-errno arguments)))))))

(define (check-trust file directory)
  "Refuse FILE of DIRECTORY if another than root and this user could have written it."
  (unless (inside? file directory)
    (refuse file "is a link out of its directory"))
  (for-each (lambda (name)
              (let ((stat (stat-of name)))
                (check-owner name stat)
                (when (others-can-write? stat)
                  (refuse name (string-append "others can write it (mode " (mode-text stat)
                                              ")")
                          (string-append "chmod go-w " name)))))
            (list directory file)))

(define (check-plugin-file kind file)
  "Raise `bad-plugin', text `FILE: error: ...', unless FILE can be loaded as a plugin of KIND:
a file of 1 byte to 1 MiB that nobody else can write.  What came with the program is as
trustworthy as the program."
  (let ((stat (stat-of file)))
    (unless (eq? 'regular (stat:type stat))
      (refuse file "is no file"))
    (unless (ours? kind file)
      (check-trust file (dirname file)))
    (when (zero? (stat:size stat))
      (refuse file "is empty"))
    (when (> (stat:size stat) %most-bytes)
      (refuse file "is larger than 1 MiB"))
    (unless (access? file R_OK)
      (refuse file "cannot be read: Permission denied"))))
