;;; plugins-test.scm -- which plugin files are loaded, and what is said of the others
;;; SPDX-License-Identifier: GPL-3.0-or-later

(use-modules (sheepdog error)
             (sheepdog handler)
             (sheepdog monitor)
             (sheepdog plugins)
             (sheepdog test)
             (ice-9 match))

(define %header "(define-module (monitors x) #:use-module (sheepdog plugin))\n")

(define (write-file! directory name . lines)
  (let ((file (string-append directory "/" name)))
    (call-with-output-file file
      (lambda (port) (display (string-join lines "\n") port)))
    file))

(define (problem directory thunk)
  "Return the text and hint of the error that THUNK raises, without DIRECTORY/."
  (define (short text)
    (and text
         (let ((at (string-contains text directory)))
           (if at
               (short (string-append (substring text 0 at)
                                     (substring text (+ at 1 (string-length directory)))))
               text))))
  (with-error-handler
   (lambda (code text hint) (list code (short text) (short hint)))
   thunk))

(define (call-with-plugins proc)
  "Call PROC with a directory that is first on the paths of monitors and handlers."
  (with-temporary-directory (directory)
    (parameterize ((%plugin-path `(("monitors" ,directory) ("handlers" ,directory))))
      (proc directory))))

(define-syntax-rule (test-refused sentence expected name line ...)
  (test-equal sentence (cons 'bad-plugin 'expected)
    (call-with-plugins
     (lambda (directory)
       (write-file! directory (string-append name ".scm") line ...)
       (problem directory (lambda () (load-monitor name)))))))

(define-syntax-rule (test-distrusted sentence expected change)
  (test-equal sentence (cons 'bad-plugin 'expected)
    (call-with-plugins
     (lambda (directory)
       (let ((file (write-file! directory "x.scm" %header "(define-monitor x \"X.\")")))
         (change directory file)
         (problem directory (lambda () (load-monitor "x"))))))))

(run-tests "plugins"
  (test-group "what (sheepdog plugin) offers"
    (let ((elsewhere (module-ref (resolve-module '(sheepdog plugin)) '%elsewhere))
          (facade (resolve-interface '(sheepdog plugin))))
      (test-equal "is there, and what its module has"
        '()
        (hash-fold (lambda (name module missing)
                     (let ((variable (module-variable (resolve-interface module) name)))
                       (if (and variable (eq? variable (module-variable facade name)))
                           missing
                           (cons name missing))))
                   '()
                   elsewhere))
      (test-assert "is bound where it is selected by its name"
        (procedure? (module-ref (resolve-interface '(sheepdog plugin) #:select '(glob? limit?))
                                'glob?)))
      (test-false "is nothing else of those modules"
        (module-variable facade 'unit->service))))
  (test-group "found"
    (test-equal "a monitor is loaded by its name" '(cow "C.")
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "cow.scm" %header "(define-monitor cow \"C.\")")
         (let ((monitor (load-monitor "monitor-cow")))
           (list (monitor-name monitor) (monitor-doc monitor))))))
    (test-equal "its form is found where it is" '(2 1)
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "cow.scm" (string-trim-right %header)
                      "(define-monitor cow \"C.\")")
         (cdr (monitor-place (reload-monitor 'cow))))))
    (test-equal "the first directory of the path counts" "mine"
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "disk.scm" %header "(define-monitor disk \"mine\")")
         (monitor-doc (reload-monitor "disk")))))
    (test-equal "ours are behind it" "Bark when a file system is fuller"
      (string-take (monitor-doc (reload-monitor "disk")) 33))
    (test-equal "files of editors are none" '("cow")
      (let ((ours (available-monitors)))
        (call-with-plugins
         (lambda (directory)
           (for-each (lambda (name) (write-file! directory name "("))
                     '("cow.scm" "cow.scm~" ".#cow.scm" "#cow.scm#" "cow.el" "a b.scm"))
           (filter (lambda (name) (not (assoc name ours)))
                   (map car (available-monitors)))))))
    (test-equal "ours are there" '(("disk") ("error") ("message") ("note"))
      (map (lambda (name) (list (car (assoc name (available-monitors)))))
           '("disk" "error" "message" "note")))
    (test-equal "a missing one is named, with the nearest"
      '(bad-plugin "no monitor 'dsk'"
                   "did you mean 'disk'? 'sheepdog monitors' lists them")
      (problem "-" (lambda () (load-monitor "dsk"))))
    (test-equal "a path is no name"
      '(bad-plugin "no monitor '../../../../etc/passwd'" "'sheepdog monitors' lists them")
      (problem "-" (lambda () (load-monitor "../../../../etc/passwd"))))
    (test-equal "a handler is loaded by its name" '(moo "M.")
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "moo.scm" "(use-modules (sheepdog plugin))"
                      "(define-handler moo \"M.\" (perform (action context) #t))")
         (let ((handler (load-handler "moo")))
           (list (handler-name handler) (handler-doc handler)))))))

  (test-group "broken"
    (test-refused "empty" ("x.scm: error: is empty" #f) "x" "")
    (test-refused "5 MB" ("x.scm: error: is larger than 1 MiB" #f) "x"
                  (make-string 5000000 #\;))
    (test-refused "no form" ("x.scm:1:1: error: no define-monitor" #f) "x" "; nothing")
    (test-refused "a name that is not the file's"
                  ("x.scm:3:1: error: the monitor 'y' in the file of 'x'"
                   "one file, one name: x.scm")
                  "x" %header "(define-monitor y \"Y.\")")
    (test-refused "two of one name"
                  ("x.scm:4:2: error: second define-monitor 'x'"
                   "the first, 'x', is at 3:1")
                  "x" %header "(define-monitor x \"X.\")" " (define-monitor x \"X.\")")
    (test-refused "a misspelt clause"
                  ("x.scm:3:27: error: unknown clause 'smaple' of define-monitor"
                   "did you mean 'sample'?")
                  "x" %header "(define-monitor x \"X.\"    (smaple 5))")
    (test-refused "other bad syntax" ("x.scm:3:1: error: bad let in (let ((x)) x)" #f)
                  "x" %header "(let ((x)) x)")
    (test-refused "an unclosed list"
                  ("x.scm:3:24: error: unexpected end of input while searching for: )" #f)
                  "x" %header "(define-monitor x \"X.\" ")
    (test-refused "a parenthesis too many" ("x.scm:3:3: error: unexpected \")\"" #f)
                  "x" %header " )")
    (test-refused "an absent module"
                  ("x.scm:1:1: error: no code for module (no such)" #f)
                  "x" "(define-module (monitors x)" " #:use-module (no such))")
    (test-refused "a macro that raises"
                  ("x.scm:4:1: error: boo" #f)
                  "x" %header "(define-syntax m (lambda (form) (error \"boo\")))" "(m)")
    (test-refused "code that raises while it is loaded"
                  ("x.scm:4:16: error: boo 5" #f)
                  "x" %header "(define five 5)" "(define six (+ (error \"boo\" five) 1))")
    (test-refused "a name that is not bound"
                  ("x.scm:3:2: error: Unbound variable: nothing-such" #f)
                  "x" %header "(nothing-such)")
    (test-refused "(exit)" ("x.scm:3:1: error: it called (exit)" #f)
                  "x" %header "(exit 3)"))

  (test-group "live"
    (test-equal "a broken edit leaves the monitor that was there"
      '("good" bad-plugin "good" "better")
      (call-with-plugins
       (lambda (directory)
         (define (edit! . lines)
           (apply write-file! directory "pig.scm" %header lines))
         (define (doc) (monitor-doc (monitor-ref "pig")))
         (edit! "(define-monitor pig \"good\")")
         (reload-monitor "pig")
         (let* ((first (doc))
                (second (begin (edit! "(define-monitor pig \"bad\")" "(define-monitor pig")
                               (car (problem directory
                                             (lambda () (reload-monitor "pig"))))))
                (third (doc)))
           (edit! "(define-monitor pig \"better\")")
           (reload-monitor "pig")
           (list first second third (doc))))))
    (test-equal "what is broken is looked at again only when all is loaded again"
      '("in a hurry" "in a hurry" ("ant" . #f) "mended")
      (call-with-plugins
       (lambda (directory)
         (define (find)
           (match (problem directory (lambda () (monitor-doc (find-monitor "bee"))))
             ((_ text _) (if (string-prefix? "bee.scm" text) "in a hurry" text))
             (doc doc)))
         (write-file! directory "ant.scm" %header "(define-monitor ant \"A.\")")
         (load-monitor "ant")
         (write-file! directory "bee.scm" %header "(define-monitor bee")
         (let ((first (find)))
           (write-file! directory "bee.scm" %header "(define-monitor bee \"mended\")")
           (let* ((second (find))
                  (ant (call-with-plugins-anew
                        '() (lambda (outcomes) (assoc "ant" outcomes)))))
             (list first second ant (find)))))))
    (test-equal "of one that breaks half-way nothing is taken, no helper either"
      '("old" bad-plugin "old" "new")
      (call-with-plugins
       (lambda (directory)
         (define (edit! . lines)
           (apply write-file! directory "cat.scm"
                  "(define-module (monitors cat) #:use-module (sheepdog plugin) #:declarative? #f)"
                  lines))
         (define (word)
           ((monitor-receive (monitor-ref "cat")) #f))
         (edit! "(define (word) \"old\")" "(define-monitor cat \"C.\" (receive (message) (word)))")
         (load-monitor "cat")
         (let ((first (word)))
           (edit! "(define (word) \"half\")" "(car 1)"
                  "(define-monitor cat \"C.\" (receive (message) (word)))")
           (let* ((second (car (problem directory (lambda () (reload-monitor "cat")))))
                  (third ((module-ref (resolve-module '(monitors cat)) 'word))))
             (edit! "(define-monitor cat \"C.\" (receive (message) (word)))"
                    "(define (word) \"new\")")
             (reload-monitor "cat")
             (list first second third (word)))))))
    (test-equal "all are loaded again and kept, or none is"
      '(("old" "old" #f) ("new" "new" #t))
      (call-with-plugins
       (lambda (directory)
         (define (edit! name doc)
           (write-file! directory (string-append name ".scm")
                        (string-append "(define-module (monitors " name
                                       ") #:use-module (sheepdog plugin))")
                        (string-append "(define word \"" doc "\")")
                        (string-append "(define-monitor " name " \"" doc "\")")))
         (define (try keep?)
           (call-with-plugins-anew '()
             (lambda (outcomes)
               (load-monitor "rat")
               keep?))
           (list (monitor-doc (monitor-ref "owl"))
                 (module-ref (resolve-module '(monitors owl)) 'word)
                 (and (monitor-ref "rat") #t)))
         (edit! "owl" "old")
         (load-monitor "owl")
         (edit! "owl" "new")
         (edit! "rat" "new")
         (let* ((refused (try #f))
                (taken (try #t)))
           (forget-monitor! 'rat)
           (list refused taken)))))
    (test-equal "an error while all are loaded again leaves them and the path as they were"
      '("old" #t)
      (with-temporary-directory (directory)
        (let ((path `(("monitors" ,directory))))
          (write-file! directory "elk.scm" %header "(define-monitor elk \"old\")")
          (set-plugin-path! path)
          (load-monitor "elk")
          (write-file! directory "elk.scm" %header "(define-monitor elk \"new\")")
          (false-if-exception
           (call-with-plugins-anew `(("monitors" ,directory ,directory))
                                   (lambda (outcomes) (error "no"))))
          (list (monitor-doc (monitor-ref "elk"))
                (equal? path (set-plugin-path! '()))))))
    (test-equal "whoever asks for the module of a plugin has it loaded, that of the first directory"
      '("here" #f)
      (with-temporary-directory (directory)
        (write-file! directory "emu.scm" "(define-module (monitors emu) #:use-module (sheepdog plugin))"
                     "(define word \"here\")" "(define-monitor emu \"E.\")")
        (set-plugin-path! `(("monitors" ,directory)))
        (bind-plugin-modules!)
        (let ((word (module-ref (resolve-module '(monitors emu)) 'word))
              (other (resolve-module '(monitors nobody) #:ensure #f)))
          (set-plugin-path! '())
          (list word other))))
    (test-false "a monitor that is nowhere is nothing" (find-monitor "nobody"))
    (test-equal "nor does one that defines another" "good"
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "hen.scm" %header "(define-monitor hen \"good\")")
         (reload-monitor "hen")
         (write-file! directory "ham.scm" %header "(define-monitor hen \"bad\")")
         (problem directory (lambda () (load-monitor "ham")))
         (monitor-doc (monitor-ref "hen"))))))

  (test-group "distrusted"
    (test-distrusted "writable by all" ("x.scm: error: others can write it (mode 666)"
                                        "chmod go-w x.scm")
                     (lambda (directory file) (chmod file #o666)))
    (test-distrusted "a link out of its directory"
                     ("x.scm: error: is a link out of its directory" #f)
                     (lambda (directory file)
                       (delete-file file)
                       (symlink "/etc/passwd" file)))
    (test-distrusted "a link to nowhere"
                     ("x.scm: error: cannot be read: No such file or directory" #f)
                     (lambda (directory file)
                       (delete-file file)
                       (symlink "/nowhere/x" file)))
    (test-distrusted "a directory" ("x.scm: error: is no file" #f)
                     (lambda (directory file)
                       (delete-file file)
                       (mkdir file)))
    (test-distrusted "a FIFO, which is not opened" ("x.scm: error: is no file" #f)
                     (lambda (directory file)
                       (delete-file file)
                       (mknod file 'fifo #o600 0)))
    (test-equal "a directory that all can write"
      '(bad-plugin ": error: others can write it (mode 777)" "chmod go-w ")
      (call-with-plugins
       (lambda (directory)
         (write-file! directory "x.scm" %header "(define-monitor x \"X.\")")
         (chmod directory #o777)
         (problem (string-drop-right directory 1)
                  (lambda () (load-monitor "x"))))))
    (unless (zero? (geteuid))
      (test-skip 1))
    (test-distrusted "owned by another"
                     ("x.scm: error: belongs to another user (4711)"
                      "only root and the user who runs this may own it")
                     (lambda (directory file) (chown file 4711 -1)))))
