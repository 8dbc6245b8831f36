#!/bin/sh
# geiser.sh -- Emacs with Geiser, connected to the running daemon: C-M-x, C-x C-e, the module of a file
# SPDX-License-Identifier: GPL-3.0-or-later
. "$(dirname "$0")/support.sh"

if ! emacs -q --batch --eval "(progn (package-initialize) (require 'geiser))" > emacs.out 2>&1; then
  skip "Emacs changes a monitor" "no Emacs with Geiser"
  finish
fi

cat > server.conf <<END
(config (name "server") (queue "local:$work/state") (database "$work/state/sheepdog.db")
        (spool "$work/spool") (monitor-path "$work/monitors") (heartbeat no) (repl yes))
END
chmod 600 server.conf
db=$work/state/sheepdog.db
mkdir -m 700 monitors
cat > monitors/raid.scm <<'END'
(define-module (monitors raid)
  #:use-module (sheepdog plugin)
  #:declarative? #f)

(define-monitor raid
  "A monitor of this test."
  (receive (message) `((store (raid ,(message-host message) ,(word))))))

(define (word)
  (string-append "of" " the file"))
END
bark() { sheepdog -c server.conf bark -m raid -t raid -s ok; }
fact_is() { sql_is "$1" "SELECT value FROM _fact WHERE t1 = 9223372036854775807" "$db"; }

start server sheepdog-queue-daemon -c server.conf --log="$work/daemon.log"
check "the server has a REPL" wait_until 10 grep -q "REPL at" daemon.log
bark
check "a message is handled" wait_until 10 fact_is "of the file"

# What a person does: visit the file of the monitor, whose module was loaded by a message, change two
# definitions, C-M-x on each, never save; an expression; an error; an expression after it.
cat > edit.el <<'END'
(package-initialize)
(require 'geiser)
(setq geiser-repl-query-on-kill-p nil geiser-repl-history-filename nil)
(defun said (what) (princ (format "%s\n" what)))
(geiser-connect-local 'guile (getenv "SOCKET"))
(find-file (getenv "MONITOR"))
(setq-local geiser-impl--implementation 'guile)
(geiser-mode 1)
(defun change (from to)
  (goto-char (point-min))
  (search-forward from)
  (replace-match to t t)
  (geiser-eval-definition))
(defun value (text)
  (goto-char (point-max))
  (insert "\n" text)
  (let ((ret (geiser-debug--send-region nil (- (point) (length text)) (point) nil t t)))
    (said (geiser-eval--retort-result-str ret nil))))
(change " the file" " Emacs")
(change ",(word)" ",(string-append (word) \"!\")")
(value "(word)")
(value "(car 'no-pair)")
(said (with-current-buffer (geiser-debug--buffer) (buffer-string)))
(value "(module-name (current-module))")
(said (geiser-eval--send/result '(:eval (:ge completions "define-moni"))))
END
SOCKET=$(sheepdog -c server.conf repl --where) MONITOR=$work/monitors/raid.scm \
  timeout 60 emacs -q --batch -l edit.el > emacs.out 2> emacs.log
same "Emacs ends well" 0 $?
has "C-M-x on a helper is in force" '=> "of Emacs"' emacs.out
has "in the module of the file" '=> (monitors raid)' emacs.out
has "an error is told" 'expecting pair): no-pair' emacs.out
has "names are completed" 'define-monitor' emacs.out
bark
check "the next message meets the helper and the monitor" wait_until 10 fact_is "of Emacs!"
check "nobody is left" wait_until 10 grep -q 'has left' daemon.log
finish
