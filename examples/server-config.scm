;;; server-config.scm -- the server: sheepdog-queue-daemon -c server-config.scm
;;; SPDX-License-Identifier: GPL-3.0-or-later
(config (queue "redis://localhost:7777")
        (database "/var/lib/sheepdog/sheepdog.db")
        (mailto "admin@myhost.eu")              ;whom to tell
        (mailfrom "sheepdog@myhost.eu")
        (mailer "sendmail:///usr/sbin/sendmail")
        (notify (subject "octopus*/*") (to "hpc@myhost.eu") (on fail recovery))
        (notify)                                ;all else as it comes
        (receiver raid (exec "/usr/local/lib/sheepdog/raid.py"))
        (inbox "sheepdog_run"))                 ;events of the Ruby sheepdog
