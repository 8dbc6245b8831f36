# backlog.py -- A: what piled up goes in order, slowly enough, and a machine by itself gets over its disk
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import sqlite3
import time

from harness import checker, spool
from harness.disk import Small
from harness.farm import BOTH, Farm
from harness.process import peak_rss, wait
from harness.trial import case


def hide(machine, name):
    """Move a database of the machine out of the way; for bring_back()."""
    moved = {}
    for file in os.listdir(machine.state) if os.path.isdir(machine.state) else ():
        if file in (name, f"{name}-wal", f"{name}-shm"):
            path = os.path.join(machine.state, file)
            moved[path] = os.path.join(machine.state, f"good-{file}")
            os.rename(path, moved[path])
    return moved


def bring_back(moved):
    for path, hidden in moved.items():
        os.rename(hidden, path)


def is_stored(farm, machine, number):
    query = (f"SELECT count(*) FROM event WHERE host = '{machine.name}'"
             f" AND tag = 't{number % farm.ledger.subjects}' AND summary = 'number {number}'")
    return checker.ask(farm.server.database, query, 0) > 0


@case("A10", "backlog of 100 000, then the queue returns; another machine barks meanwhile",
      "in order, sender ≤ 64 MiB, rate ≤ limit, the other's stored ≤ 5 s", limit=900)
def backlog(t):
    limit = 1000  # messages a second
    farm = Farm(t, machines=2, extra=("(spool (max-messages 200000))",))  # the daemon's own go there, too
    full, other = farm.machines
    spool.fill(full, farm.ledger, t.rounds(100_000, 1_500))
    farm.serve()
    daemon = full.daemon()
    slowest = rate = 0.0
    peak = 0
    looks = [(time.monotonic(), 0)]
    while full.waiting():
        other.bark(farm.ledger)
        number, began = farm.ledger.last, time.monotonic()
        wait("the other's message is stored", lambda: is_stored(farm, other, number), 60)
        slowest = max(slowest, time.monotonic() - began)
        peak = max(peak, peak_rss(daemon.pid))
        looks.append((time.monotonic(), farm.server.stored()))
        first = next((look for look in reversed(looks) if looks[-1][0] - look[0] >= 5), None)
        if first:
            rate = max(rate, (looks[-1][1] - first[1]) / (looks[-1][0] - first[0]))
        time.sleep(0.2)
    daemon.end()
    t.within("the other's", slowest, 5)
    t.rss(peak, 64)
    t.measures["rate"] = f"{rate:.0f}/s"
    t.expect(rate <= 1.2 * limit, f"{rate:.0f} messages a second, more than {limit}")
    farm.settle()


@case("A7", "fill to the limit, drain, 5 rounds", "each round 0 unexplained loss", BOTH)
def over_the_limit(t):
    limit = 200
    farm = Farm(t, extra=(f"(spool (max-messages {limit}))",))
    farm.ledger.states = ("ok", "fail")
    machine, ledger = farm.machine, farm.ledger
    queue = os.path.join(machine.state, "queue.db")
    for _ in range(t.rounds(5, 2)):
        if farm.standalone:
            kept = hide(machine, "queue.db")
            os.makedirs(queue)
        elif farm.redis.alive():
            farm.server.end()
            farm.redis.stop()
        for _ in range(6):
            machine.bark(ledger, limit // 2)
            t.expect(machine.waiting() <= limit, f"{machine.waiting()} files, more than {limit}")
        t.did("fillings")
        if farm.standalone:
            os.rmdir(queue)
            bring_back(kept)
        tally = farm.arrive(count=0)
        t.expect(tally.let_go > 0, "nothing was let go: the spool was not full")
    t.tally(tally)


@contextlib.contextmanager
def locked(t, machine):
    db = sqlite3.connect(os.path.join(machine.state, "queue.db"), isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    yield
    time.sleep(max(0.0, t.rounds(30, 5) - (time.monotonic() - began)))
    db.close()


@contextlib.contextmanager
def disk_full(t, machine):
    machine.small.fill()
    yield
    machine.small.free()


@contextlib.contextmanager
def no_database(t, machine):
    database = os.path.join(machine.state, "queue.db")
    kept = hide(machine, "queue.db")
    with open(database, "wb") as file:
        file.write(b"not a database\n" * 1000)
    yield
    os.unlink(database)
    bring_back(kept)


@case("A11", "standalone: local queue locked 30 s, disk full, not a database",
      "stays in the spool, goes with the next call; wrapper ≤ 2.5 s", ("standalone",), alone=True)
def local_queue(t):
    farm = Farm(t, extra=(f'(spool "{t.world.make("spool")}")',))
    machine = farm.machine
    machine.spool = t.world.path("spool")
    troubles = [locked, no_database]
    if os.geteuid() == 0:
        machine.small = Small(t.world, machine.state, "16M")
        troubles.append(disk_full)
    slowest = 0.0
    machine.wrap(farm.ledger, 7)
    for trouble in troubles:
        with trouble(t, machine):
            for _ in range(3):
                done = machine.wrap(farm.ledger, 7)
                t.same(f"{trouble.__name__}: status of the job", 7, done.status)
                t.expect("kept)" in done.said, f"{trouble.__name__}: not kept: {done.said}")
                slowest = max(slowest, done.seconds)
            t.same(f"{trouble.__name__}: in the spool", 3, machine.waiting())
        done = machine.wrap(farm.ledger, 7)
        wait(f"{trouble.__name__}: the next call takes them along", lambda: not machine.waiting(), 20)
        t.did("troubles")
    t.within("wrapper", slowest, 2.5)
    farm.settle()
