# checker.py -- what the store has against what the ledger says
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import json
import os
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from harness.ledger import number_of


@contextlib.contextmanager
def reading(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30, isolation_level=None)
    try:
        yield db
    finally:
        db.close()


def ask(path, query, otherwise=None):
    """The first value of the first row; `otherwise` while there is no database or table yet."""
    try:
        with reading(path) as db:
            row = db.execute(query).fetchone()
            return row[0] if row else otherwise
    except sqlite3.OperationalError:
        return otherwise


@dataclass
class Tally:
    sent: int = 0  # told durable
    stored: int = 0  # whole messages of ours
    lost: set = field(default_factory=set)  # durable - stored
    unexpected: list = field(default_factory=list)  # stored - attempted, or torn
    recovered: int = 0  # stored, though nobody promised it
    let_go: int = 0  # by spools that were full, and said so
    twice: list = field(default_factory=list)  # numbers with more than one row
    told_twice: list = field(default_factory=list)  # (subject, recipient) told the same news twice
    order_breaks: list = field(default_factory=list)
    duplicates: int = 0  # arrived again, and were known
    unhandled: int = 0
    aside: int = 0
    expected_aside: int = 0
    integrity: str = "ok"

    def counts(self):
        counts = {"sent": self.sent, "stored": self.stored, "lost": len(self.lost)}
        for name in ("recovered", "let_go", "aside"):
            if getattr(self, name):
                counts[name.replace("_", " ")] = getattr(self, name)
        return {
            **counts,
            "duplicates suppressed": self.duplicates,
            "order breaks": len(self.order_breaks),
        }

    def violations(self):
        def some(what, items):
            if not items:
                return []
            items = list(items)
            return [f"{len(items)} {what}: {', '.join(map(str, items[:5]))}"]

        return [
            *some("lost", sorted(self.lost)),
            *some("stored that nobody sent, or torn", self.unexpected),
            *some("stored more than once", self.twice),
            *some("told more than once", self.told_twice),
            *some("order breaks", self.order_breaks),
            *([f"{self.unhandled} never handled"] if self.unhandled else []),
            *([f"{self.aside} aside, expected {self.expected_aside}"] * (self.aside != self.expected_aside)),
            *([f"integrity_check: {self.integrity}"] if self.integrity != "ok" else []),
        ]


def let_go(message):
    """How many messages this one says that a full spool let go of: dropped, or merged with others."""
    fields = message.get("fields")
    if not isinstance(fields, dict) or not isinstance(fields.get("losses"), list):
        return 0
    return fields["merged"] + fields["dropped"]


def about_no_end(message):
    """Whether it tells of a job that was not run, or whose end nobody saw: no mark of ours is in it."""
    outcome = message.get("outcome")
    return isinstance(outcome, dict) and "stdout_bytes" not in outcome


def stored_numbers(db):
    """The numbers of whole messages of ours, row by row; what is no such message and says it is (or is
    no JSON), as text; and how many were let go. What was put aside is told of elsewhere."""
    numbers, torn, gone = [], [], 0
    for id, body in db.execute(
        "SELECT id, body FROM message WHERE id NOT IN (SELECT message FROM aside) ORDER BY id"
    ):
        try:
            message = json.loads(body)
        except ValueError:
            torn.append(f"row {id} is no JSON")
            continue
        gone += let_go(message)
        number = number_of(message)
        if number is not None:
            numbers.append(number)
        elif "sha256" in message or message.get("monitor") == "fault" and not about_no_end(message):
            torn.append(f"row {id} does not fit its SHA-256")
    return numbers, torn, gone


def messages(path):
    """What the database has of us: number -> message."""
    found = {}
    with reading(path) as db:
        for body, in db.execute("SELECT body FROM message"):
            with contextlib.suppress(ValueError):
                message = json.loads(body)
                found[number_of(message)] = message
    found.pop(None, None)
    return found


def order_breaks(trace):
    """Where a receiver saw a message of a sender first after a later one of it. Lines of the trace:
    SENDER NUMBER, in the order of handling (monitors/fault.scm)."""
    highest, seen, breaks = {}, set(), []
    if not os.path.exists(trace):
        return breaks
    with open(trace, encoding="ascii") as file:
        for line in file:
            sender, seq = line.split()
            seq = int(seq)
            if (sender, seq) in seen:
                continue
            seen.add((sender, seq))
            if seq < highest.get(sender, 0):
                breaks.append(f"{sender[:4]}:{seq} after {highest[sender]}")
            highest[sender] = max(seq, highest.get(sender, 0))
    return breaks


def handled(trace):
    """How often each (sender, number) was given to a receiver, a Counter."""
    if not os.path.exists(trace):
        return Counter()
    with open(trace, encoding="ascii") as file:
        return Counter(tuple(line.split()) for line in file)


TAKEN = re.compile(r"(\d+) messages from the queue, (\d+) of them new")


def duplicates(logs):
    """How many messages came again and were known, as the server's log tells (-v)."""
    count = 0
    for log in logs:
        with contextlib.suppress(FileNotFoundError), open(log, errors="replace") as file:
            count += sum(int(m[1]) - int(m[2]) for m in TAKEN.finditer(file.read()))
    return count


def check(ledger, databases, traces=(), logs=()):
    """Compare; every database is read. `traces` are those of the receivers, `logs` of servers."""
    tally = Tally(sent=len(ledger.durable))
    numbers = []
    for path in databases:
        with reading(path) as db:
            found, torn, gone = stored_numbers(db)
            tally.let_go += gone
            numbers += found
            tally.unexpected += torn
            tally.unhandled += db.execute("SELECT count(*) FROM waiting").fetchone()[0]
            tally.aside += db.execute("SELECT count(*) FROM aside").fetchone()[0]
            tally.told_twice += db.execute(
                "SELECT s.host || '/' || s.tag, d.recipient FROM decision d"
                " JOIN subject s ON s.id = d.subject WHERE d.verdict = 'tell' AND s.monitor = 'fault'"
                " GROUP BY d.subject, d.recipient, d.reason HAVING sum(d.count) > 1"
            ).fetchall()
            result = db.execute("PRAGMA integrity_check").fetchone()[0]
            if result != "ok":
                tally.integrity = result
    stored = set(numbers)
    tally.stored = len(stored)
    tally.twice = sorted(n for n, count in Counter(numbers).items() if count > 1)
    tally.lost = ledger.durable - stored
    if len(tally.lost) == tally.let_go:
        tally.lost = set()  # all explained
    tally.recovered = len(stored & ledger.attempted - ledger.durable)
    tally.unexpected += sorted(stored - ledger.attempted)
    for trace in traces:
        tally.order_breaks += order_breaks(trace)
    tally.duplicates = duplicates(logs)
    return tally
