;;; memories.scm -- what all watches remember, in a file that is read piece by piece
;;; SPDX-License-Identifier: GPL-3.0-or-later

;; Memories are an alist from the key of a watch to the text of its memory, an alist: what a sample
;; remembers may be much, as all packages of a machine, and is read when that watch is due.  In the
;; file each has two lines, its key and its text: `write' writes no newline as such.

(define-module (sheepdog memories)
  #:use-module (sheepdog core)
  #:use-module (ice-9 match)
  #:use-module (ice-9 textual-ports)
  #:use-module (srfi srfi-1)
  #:export (read-datum read-memories write-memories! memory-of with-memory))

(define %head ";; what the watches of sheepdog-daemon remember, 2")

(define (read-datum text)
  "Return the datum in TEXT, or #f when it holds none."
  (catch 'read-error
    (lambda ()
      (let ((datum (call-with-input-string text read)))
        (and (not (eof-object? datum)) datum)))
    (const #f)))

(define (lines->memories lines)
  (match lines
    ((key text . rest)
     (match (read-datum key)
       ((? string? key) (acons key text (lines->memories rest)))
       (_ (lines->memories rest))))
    (_ '())))

(define (read-memories file)
  "Return the memories that were written to FILE; () where there is nothing that can be read."
  (match (string-split (catch 'system-error
                         (lambda () (call-with-input-file file get-string-all))
                         (const ""))
                       #\newline)
    ((head lines ...)
     (if (string=? head %head) (lines->memories lines) '()))))

(define (memory-of memories key)
  "Return what the watch KEY remembers of MEMORIES, an alist; () where that cannot be read."
  (match (read-datum (or (assoc-ref memories key) "()"))
    ((? list? memory) memory)
    (_ '())))

(define (with-memory memories key memory)
  "Return MEMORIES with MEMORY, an alist of plain data, for the watch KEY; the same object if that
changes nothing."
  (let ((text (object->string memory)))
    (if (equal? text (or (assoc-ref memories key) "()"))
        memories
        (acons key text (alist-delete key memories string=?)))))

(define (make-directories! directory)
  (unless (file-exists? directory)
    (make-directories! (dirname directory))
    (mkdir directory #o700)))

(define (write-memories! file memories keys)
  "Write MEMORIES of those watches that have one of KEYS to FILE, whole or not at all."
  (let ((new (string-append file ".new")))
    (catch 'system-error
      (lambda ()
        (make-directories! (dirname file))
        (call-with-output-file new
          (lambda (port)
            (put-string port %head)
            (newline port)
            (for-each (match-lambda
                        ((key . text)
                         (when (member key keys)
                           (write key port)
                           (newline port)
                           (put-string port text)
                           (newline port))))
                      memories)))
        (rename-file new file))
      (lambda arguments
        (%log 'warning (string-append "what watches remember cannot be written to " file ": "
                                      (strerror (system-error-errno arguments))))))))
