# farm.py -- the usual set-up: machines that bark, and in a herd a Redis and a server
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import threading
import time

from harness.checker import check
from harness.herd import Machine, Server
from harness.ledger import Ledger
from harness.redis import Redis
from harness.trial import Violated

BOTH = ("herd", "standalone")


class Farm:
    """`machines` of them; in a herd a Redis with the options `redis` and a server, not started yet.
    Standalone there is one. Their homes are below `homes`, else in the world; `extra` are lines of their
    configuration."""

    def __init__(self, t, machines=1, homes=None, server_home=None, extra=(), **redis):
        self.t = t
        self.ledger = Ledger(t.world.path("ledger"), t.random)
        self.standalone = t.mode == "standalone"
        self.redis = self.server = None
        if not self.standalone:
            self.redis = Redis(t.world, **redis)
            self.server = Server(t.world, self.redis.url, home=server_home)
        self.machines = [
            Machine(t.world, f"web{i}", self.redis and self.redis.url,
                    homes and os.path.join(homes, f"web{i}"), ("(heartbeat no)", *extra))
            for i in range(machines)
        ]
        self.machine = self.machines[0]

    @property
    def database(self):
        """Where all goes in the end."""
        return self.machine.database if self.standalone else self.server.database

    def serve(self):
        """Start Redis and server, those that are not there."""
        if not self.redis.alive():
            self.redis.start()
        if not self.server.alive():
            self.server.start()
        return self

    def arrive(self, count=None, quiet=90):
        """Bring all that was kept to the database and compare; `count` are expected, else all that was
        promised. A tally."""
        if self.standalone:
            done = self.machine.flush()
            self.t.expect(done.status == 0, f"queue flush ended with {done.status}: {done.said}")
            return check(self.ledger, [self.machine.database], [self.machine.trace])
        self.serve()
        count = len(self.ledger.durable) if count is None else count
        self.catch_up(count, quiet)
        if self.server.waiting():  # what came in with its end is handled after its next start
            self.server.start()
            self.catch_up(count, quiet)
        self.t.rss(self.server.peak, 128)
        return check(self.ledger, [self.server.database], [self.server.trace], [self.server.log])

    def catch_up(self, count, quiet):
        """Let the server come to rest, and end it."""
        try:
            self.server.catch_up(count, self.machines, self.redis, quiet)
        except Violated as e:
            self.t.failures.append(str(e))
        self.server.end()

    def settle(self, aside=0, **options):
        """All arrives as it should; `aside` is how many foreign things are put aside."""
        tally = self.arrive(**options)
        tally.expected_aside = aside
        self.t.tally(tally)


class Traffic:
    """Inside of `with`, the machines of the farm bark: together about `rate` messages a second, `batch` in
    each call."""

    def __init__(self, farm, rate=200, batch=20, env=None):
        self.farm = farm
        self.gap = batch * len(farm.machines) / rate
        self.batch = batch
        self.env = env
        self.over = threading.Event()
        self.errors = []
        self.slowest = 0.0
        self.threads = [threading.Thread(target=self._bark, args=(machine,)) for machine in farm.machines]

    def _bark(self, machine):
        due = time.monotonic()
        try:
            while not self.over.is_set():
                done = machine.bark(self.farm.ledger, self.batch, env=self.env)
                self.slowest = max(self.slowest, done.seconds)
                due = max(due + self.gap, time.monotonic() - 1)
                self.over.wait(max(0.0, due - time.monotonic()))
        except Exception as e:
            self.errors.append(e)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.errors:
            raise self.errors[0]
