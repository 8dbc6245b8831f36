# farm.py -- the usual set-up: a machine that barks, and in a herd a Redis and a server
# SPDX-License-Identifier: GPL-3.0-or-later
from harness.checker import check
from harness.herd import Machine, Server
from harness.ledger import Ledger
from harness.redis import Redis

BOTH = ("herd", "standalone")


class Farm:
    """One machine, and in a herd a Redis and a server, not started yet."""

    def __init__(self, t, **options):
        self.t = t
        self.ledger = Ledger(t.world.path("ledger"), t.random)
        self.standalone = t.mode == "standalone"
        self.redis = self.server = None
        if not self.standalone:
            self.redis = Redis(t.world)
            self.server = Server(t.world, self.redis.url)
        self.machine = Machine(t.world, queue=self.redis and self.redis.url, **options)

    def settle(self):
        """Bring all that was kept to the database, and compare."""
        if self.standalone:
            done = self.machine.flush()
            self.t.expect(done.status == 0, f"queue flush ended with {done.status}: {done.said}")
            self.t.tally(check(self.ledger, [self.machine.database], [self.machine.trace]))
            return
        if not (self.redis.service and self.redis.service.alive()):
            self.redis.start()
        self.server.start()
        self.server.catch_up(len(self.ledger.durable), [self.machine])
        self.server.end()
        self.t.rss(self.server.peak, 128)
        self.t.tally(check(self.ledger, [self.server.database], [self.server.trace], [self.server.log]))
