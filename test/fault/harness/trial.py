# trial.py -- one case of the table: how it is declared, and what a run of it counts and expects
# SPDX-License-Identifier: GPL-3.0-or-later
"""A case is a function of a Trial, declared with its row of the table:

    @case("B1", "Redis killed every 2-5 s, 20 times", "sent = stored, 0 lost")
    def redis_killed(t): ...

It breaks something, hands the checker's Tally to t.tally() and says what must hold by t.expect().
One that is declared for several modes runs once for each, as `A1/herd` and `A1/standalone`.
"""
import os
import random
import time
from dataclasses import dataclass, field

CASES = {}


class Skipped(Exception):
    """What could not be tried here, and why: no pass."""


class Violated(Exception):
    """An expectation that ends the trial at once, since nothing behind it would make sense."""


@dataclass
class Case:
    id: str
    done: str
    expected: str
    function: object
    mode: str = ""
    limit: int = 300  # seconds for the whole run
    alone: bool = False  # measures times: nothing else runs beside it
    short: bool = True  # belongs to the short run, too

    @property
    def name(self):
        return f"{self.id}/{self.mode}" if self.mode else self.id


def case(id, done, expected, modes=("",), **options):
    def declare(function):
        for mode in modes:
            one = Case(id, done, expected, function, mode, **options)
            CASES[one.name] = one
        return function

    return declare


@dataclass
class Trial:
    """One run of a case. `random` is all the chance there is: the seed repeats it."""

    case: Case
    seed: int
    short: bool
    minutes: float = 1  # of a case that lasts as long as it is told
    world: object = None
    began: float = field(default_factory=time.monotonic)
    counts: dict = field(default_factory=dict)  # sent, stored, lost ... in the order of the line
    events: dict = field(default_factory=dict)  # "kills" -> 200: what was done to it
    measures: dict = field(default_factory=dict)  # "rss_max" -> "41MiB"
    failures: list = field(default_factory=list)
    control: bool = False  # it must lose: its counts are no part of the sums

    def __post_init__(self):
        self.random = random.Random(f"{self.seed}/{self.case.name}")

    @property
    def mode(self):
        return self.case.mode

    def rounds(self, full, short):
        """How often: `full`, or `short` in the short run."""
        return short if self.short else full

    def sample(self, items, most):
        """All of `items`; in the short run `most` of them, chosen by the seed, in order."""
        items = list(items)
        if not self.short or len(items) <= most:
            return items
        return [items[i] for i in sorted(self.random.sample(range(len(items)), most))]

    def expect(self, true, otherwise):
        """`otherwise` says what was seen instead."""
        if not true:
            self.failures.append(otherwise)
        return true

    def same(self, what, expected, got):
        return self.expect(expected == got, f"{what}: expected {expected!r}, got {got!r}")

    def did(self, what, times=1):
        self.events[what] = self.events.get(what, 0) + times

    def expect_events(self):
        """What was never done proves nothing."""
        for what, times in self.events.items():
            self.expect(times > 0, f"0 {what}: nothing was tried")

    def tally(self, tally):
        """Add what the checker counted; what must be 0 and is not, is a failure."""
        for name, number in tally.counts().items():
            self.counts[name] = self.counts.get(name, 0) + number
        self.failures += tally.violations()

    def must_lose(self, tally):
        """For a control, whose fault is known to lose: else the other cases prove nothing."""
        self.control = True
        self.counts = tally.counts()
        self.expect(tally.lost, "nothing was lost: then this fault cannot show any loss")

    def within(self, what, measured, limit):
        self.measures[what] = f"{measured:.1f}s"
        self.expect(measured <= limit, f"{what} took {measured:.2f} s, more than {limit} s")

    def rss(self, kib, limit=None):
        """Note the greatest memory of any process; `limit` is in MiB."""
        mib = -(-kib // 1024)
        known = int(self.measures.get("rss_max", "0MiB")[:-3])
        self.measures["rss_max"] = f"{max(mib, known)}MiB"
        if limit is not None:
            self.expect(mib <= limit, f"{mib} MiB of memory, more than {limit}")

    def line(self, verdict):
        """The counted line of the table."""
        seconds = f"{time.monotonic() - self.began:.1f} s"
        parts = [f"{n} {what}" for what, n in self.events.items()]
        parts += [f"{n} {what}" for what, n in self.counts.items()]
        parts += [f"{what}={value}" for what, value in self.measures.items()]
        return f"{self.case.name} seed={self.seed}: {', '.join([*parts, seconds])} - {verdict}"


def need_root():
    if os.geteuid() != 0:
        raise Skipped("wants root")
