;;; rulebook.scm -- rules written down in a database, for whoever asks it from another process
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog rulebook)
  #:use-module ((sheepdog config datum) #:select (datum->plain))
  #:use-module (sheepdog logic world)
  #:use-module (sheepdog rule)
  #:use-module (sheepdog sql)
  #:use-module (ice-9 match)
  #:export (write-rules! recall-rules!))

(define (rule->form rule)
  `(define-relation (,(rule-name rule) ,@(map datum->plain (rule-arguments rule)))
     ,@(if (string-null? (rule-doc rule)) '() (list (rule-doc rule)))
     ,@(map datum->plain (rule-goals rule))))

(define (write-rules! db)
  "Let the rules of DB be those of this process.  Takes part in the caller's transaction."
  (let ((names (map symbol->string (rule-names))))
    (for-each (match-lambda
                (#(name)
                 (unless (member name names)
                   (sql db "DELETE FROM _rule WHERE name = " name))))
              (sql db "SELECT name FROM _rule"))
    (for-each (lambda (name)
                (let ((form (object->string (rule->form (defined-rule (string->symbol name))))))
                  (sql db "INSERT INTO _rule (name, form) VALUES (" name ", " form ")
 ON CONFLICT (name) DO UPDATE SET form = excluded.form WHERE form <> excluded.form")))
              names)))

(define (recall-rules! db)
  "Let this process have the rules that the server wrote down in DB, but for those that it has itself."
  (let ((known (rule-names)))
    (for-each (match-lambda
                (#(name form)
                 (unless (memq (string->symbol name) known)
                   (define-rule! (call-with-input-string form read)))))
              (sql db "SELECT name, form FROM _rule"))))
