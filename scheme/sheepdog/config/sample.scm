;;; sample.scm -- configurations to begin with: what `sheepdog config new' prints
;;; SPDX-License-Identifier: GPL-3.0-or-later

(define-module (sheepdog config sample)
  #:export (samples))

(define %client "\
;;; ~/.sheepdog.conf -- a client: wraps jobs, sends their messages to a server
;;;
;;; Try it:       sheepdog config check
;;; All keys:     sheepdog config keys

(config
 ;; The server's Redis; here the near end of an ssh tunnel to it.  Without host, port and queue
 ;; this machine stands alone: it stores, tells and answers by itself.
 (host \"localhost\")
 (port 7777)

 ;; Where notifications go; \"\" is nowhere: the server decides.
 (mailto \"\")

 ;; Success is sent too; without this only failures and the first success after one.
 (always yes)

 ;; One run of a tag at a time, and none for ever.
 (lock yes)
 (timeout \"12h\")

 ;; Exit statuses that are no failure: 24 of rsync is a file that went away.
 ;(ok-status 0 24)
 )
")

(define %machine "\
;;; server-config.scm -- a machine: sheepdog-daemon -c server-config.scm
;;;
;;; Try it:       sheepdog config check server-config.scm
;;; All keys:     sheepdog config keys

(config
 ;; The server's queue.  A password stands in a file of its own, of mode 600.
 (queue \"redis://localhost:7777\")
 ;(queue \"unix:/run/redis/redis.sock\" (user \"tux01\")
 ;       (password-file \"/etc/sheepdog/redis-password\"))

 ;; What this machine is called; else its host name up to the dot.
 ;(name \"tux01\")

 ;; How often to say that it is alive.
 (heartbeat \"5m\")

 ;; Where messages wait while the queue cannot be reached.
 ;(spool \"/var/spool/sheepdog\" (max-size \"64MiB\"))

 ;; What is watched: one entry a thing.  (Checked by this version, used by a later one.)
 ;(watch standard)
 ;(watch disk (mount \"/export\") (warn 80) (every \"15m\"))
 )
")

(define %server "\
;;; /etc/sheepdog/sheepdog.conf -- the server: sheepdog-queue-daemon
;;;
;;; Try it:       sheepdog config check
;;; All keys:     sheepdog config keys

(config
 ;; The queue that all machines send to.
 (queue \"redis://localhost:6379\")

 ;; Who is told, and by what.
 (mailto \"root@localhost\")
 (mailer \"sendmail:///usr/sbin/sendmail\")
 ;(mailer \"smtp+starttls://USER@HOST:587\" (password-file \"/etc/sheepdog/mail-password\"))

 ;; The first entry that fits a subject counts; the rest is told to mailto.
 ;(notify (subject \"*/disk *\") (to \"storage@example.org\"))
 ;(notify (subject \"test*/*\") (to log))

 ;; Another program that receives the messages of one monitor.
 ;(receiver raid (exec \"/usr/local/lib/sheepdog/raid.py\"))

 ;; Machines that still send with the Ruby sheepdog.
 ;(inbox \"sheepdog_run\")

 ;; Each of these a success every so often; its absence is noticed.
 ;(expect \"*/PING\" (every \"15m\") (grace \"15m\"))
 ;(expect \"tux01/mariabackup\" (cron \"0 5 * * *\") (grace \"2h\"))
 )
")

(define samples                                   ;alist: kind, a string -> text
  `(("client" . ,%client)
    ("machine" . ,%machine)
    ("server" . ,%server)))
