;;; findings.scm -- what the doctor found, said in a line each
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog view findings)
  #:use-module (sheepdog text)
  #:use-module (sheepdog view)
  #:use-module (sheepdog view document)
  #:use-module (ice-9 format)
  #:use-module (ice-9 match)
  #:use-module (srfi srfi-1)
  #:export (finding
            configuration-finding
            name-finding
            machines-finding
            spool-finding
            finding-lines
            findings-exit
            finding-object))

(define* (finding state name text #:optional hint)
  "Return what was found about NAME: STATE is ok, warn or fail."
  (list state name text hint))

(define (configuration-finding file keys errors warnings)
  "The finding on the configuration FILE (#f: none) with KEYS entries."
  (cond ((not file)
         (finding 'ok "configuration" "none: this machine is on its own"))
        ((positive? errors)
         (finding 'fail "configuration"
                  (format #f "~a: ~a" file (plural errors "error"))
                  "'sheepdog config check' lists them"))
        ((positive? warnings)
         (finding 'warn "configuration"
                  (format #f "~a: ~a" file (plural warnings "warning"))
                  "'sheepdog config check' lists them"))
        (else
         (finding 'ok "configuration" (format #f "~a, ~a" file (plural keys "key"))))))

(define (name-finding name)
  (if (member name '("localhost" "unknown"))
      (finding 'warn "host name" (format #f "'~a' is no name to tell machines apart" name)
               "give it one: (name \"...\") in the configuration")
      (finding 'ok "host name" name)))

(define (machines-finding names late)
  "The finding on the machines NAMES, those with a heartbeat, of which LATE are not heard any more."
  (define text
    (string-append (plural (length names) "machine") " with a heartbeat"))
  (cond ((null? names)
         (finding 'ok "machines" "none with a heartbeat: sheepdog-daemon on each sends one"))
        ((null? late) (finding 'ok "machines" (string-append text ", all heard")))
        (else
         (finding 'fail "machines" (string-append text ", not heard: " (string-join late " "))
                  "'sheepdog status HOST' tells since when"))))

(define (spool-finding directory depth words)
  "The finding on the spool DIRECTORY with DEPTH, as %spool-depth has it; WORDS tell what
waits in it (see `spool-words'), or are #f."
  (let ((bad (vector-ref depth 2)))
    (cond ((positive? bad)
           (finding 'warn "spool"
                    (format #f "~a: ~a damaged" directory (plural bad "message"))
                    (format #f "look into ~a/bad" directory)))
          (words
           (finding 'warn "spool" (format #f "~a: ~a" directory words)
                    "'sheepdog queue flush' sends them now"))
          (else (finding 'ok "spool" directory)))))

(define (finding-lines findings)
  "Return the lines of `sheepdog doctor' for FINDINGS."
  (append-map
   (lambda (lines finding)
     (match finding
       ((_ _ _ #f) lines)
       ((_ _ _ hint) (append lines (list (string-append "hint: " (printable hint)))))))
   (rows->wrapped-lines (map (match-lambda
                               ((state name text _)
                                (list (styled state (state-word state)) name
                                      (printable text))))
                             findings)
                        #:margin "  ")
   findings))

(define (findings-exit findings)
  "The exit status of FINDINGS: 0 good, 1 warnings only, 2 failures."
  (let ((states (map car findings)))
    (cond ((memq 'fail states) 2)
          ((memq 'warn states) 1)
          (else 0))))

(define finding-object
  (match-lambda
    ((state name text hint)
     `((state . ,state) (name . ,name) (text . ,text) (hint . ,(absent hint))))))
