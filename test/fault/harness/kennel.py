# kennel.py -- a farm whose server has plugins that bite
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import json
import os
import sqlite3
import time

from harness import checker
from harness.farm import Farm
from harness.process import children, descendants, wait

MONITOR = """\
(define-module (monitors {name})
  #:use-module (sheepdog plugin)
  #:use-module (ice-9 threads)
  #:use-module (srfi srfi-9)
  #:use-module (system foreign)
  #:declarative? #f)
(define (forever) (forever))
(define-record-type <box> (box it) box? (it unbox))
(define-monitor {name}
  "A monitor of the fault tests."
  (receive (message)
    {body})
  (timeout "{limit}s"))
"""


class Kennel:
    """A herd; what its server says of a plugin is asked here. A bite is a message that the plugin NAME
    receives: host `bad`, tag NAME, a failure."""

    def __init__(self, t):
        self.t = t
        self.farm = Farm(t)
        self.machine, self.server = self.farm.machine, self.farm.server
        self.bitten = []

    def monitor(self, name, body, limit=0.5):
        path = os.path.join(self.server.home, ".config/sheepdog/monitors", f"{name}.scm")
        with open(path, "w", encoding="utf-8") as file:
            file.write(MONITOR.format(name=name, body=body, limit=limit))
        return path

    def send(self, host, name, state):
        message = {"host": host, "tag": name, "monitor": name, "state": state, "summary": "bites"}
        done = self.machine.run("bark", "--json", input=json.dumps(message).encode())
        self.t.same(f"{name}: status of bark", 0, done.status)

    def bite(self, name):
        self.send("bad", name, "fail")
        self.bitten.append(name)
        self.t.did("bites")

    def bark(self):
        """A good message; how long until its receiver has run."""
        self.machine.bark(self.farm.ledger)
        began, count = time.monotonic(), len(self.farm.ledger.durable)
        wait("a good message is handled", lambda: len(checker.handled(self.server.trace)) >= count, 60)
        return time.monotonic() - began

    def ask(self, query):
        """All rows; none while there is no database yet."""
        with contextlib.suppress(sqlite3.OperationalError), checker.reading(self.server.database) as db:
            return db.execute(query).fetchall()
        return []

    def busy(self):
        """How many messages or parts of them are to be handled."""
        return self.ask("SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM postponed)")[0][0]

    def until_handled(self, limit=120):
        self.server.catch_up(len(self.farm.ledger.durable), [self.machine], self.farm.redis)
        wait("all is handled, or aside", lambda: self.busy() == 0, limit, gap=0.1)

    def aside(self):
        """The name of the plugin of each message that is aside -> the reason."""
        return dict(self.ask("SELECT tag, reason FROM aside JOIN event ON event.id = message"
                             " WHERE host = 'bad'"))

    def told_as_always(self):
        """What every message gets a plugin does not take away: event, state, notice."""
        names = sorted(set(self.bitten))
        self.t.same("states", [(name, "fail") for name in names],
                    self.ask("SELECT tag, hard FROM subject WHERE host = 'bad' ORDER BY tag"))
        self.t.same("notices", [(name, 1) for name in names],
                    self.ask("SELECT tag, count(*) FROM outbox o JOIN subject s ON s.id = o.subject"
                             " WHERE host = 'bad' AND kind = 'problem' GROUP BY tag ORDER BY tag"))

    def lonely(self):
        """Whether the server has no process but its worker."""
        return len(descendants(self.server.service.pid)) == 1

    def worker(self):
        worker, = wait("there is one worker",
                       lambda: len(found := children(self.server.service.pid)) == 1 and found, 10)
        return worker
