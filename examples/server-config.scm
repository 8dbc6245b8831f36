;;; server-config.scm -- a server that watches itself: sheepdog-queue-daemon and sheepdog-daemon, -c server-config.scm
;;; SPDX-License-Identifier: GPL-3.0-or-later
(config (queue "redis://localhost:7777")
        (mailto "admin@myhost.eu")              ;whom to tell
        (mailfrom "sheepdog@myhost.eu")
        (notify (subject "octopus*/*") (to "hpc@myhost.eu") (on fail recovery))
        (notify)                                ;all else as it comes
        (inbox "sheepdog_run")                  ;events of the Ruby sheepdog
        (watch standard)                        ;for sheepdog-daemon: this machine
        (watch disk (mount "/tmp") (warn 80) (fail 95)))
