# server_dies.py -- C: a server that is killed, loses power, is started twice, or is upgraded
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import time

from harness import calls, checker
from harness.disk import Disk
from harness.farm import Farm, Traffic
from harness.process import Service, children, descendants, run, wait
from harness.trial import case
from harness.world import TOP, preload


def integrity(path):
    with checker.reading(path) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


def back_after(farm, kill, limit=30):
    """Do `kill`; how many seconds until the next message is stored. There is traffic."""
    kill()
    before, began = farm.server.stored(), time.monotonic()
    wait("the server works again", lambda: farm.server.stored() > before, limit)
    return time.monotonic() - began


def received(farm):
    """How many messages have been through their receiver, as the database knows."""
    return checker.ask(farm.server.database,
                       "SELECT (SELECT count(*) FROM event) - (SELECT count(*) FROM postponed)", 0)


@case("C1", "worker killed at random, 200 times, 20 000 messages; then the supervisor",
      "20 000 stored, 1 row each, integrity ok each time, back ≤ 2 s", limit=600, alone=True)
def killed(t):
    farm = Farm(t, machines=2).serve()
    slowest = 0.0

    def kill_worker():
        worker, = wait("there is a worker", lambda: children(farm.server.service.pid), 10)
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)

    def kill_supervisor():
        farm.server.kill()
        farm.server.start()

    with Traffic(farm, rate=250, batch=20):
        wait("messages flow", lambda: farm.server.stored() > 0)
        for i in range(t.rounds(200, 10)):
            time.sleep(t.random.uniform(0.05, 0.4))
            slowest = max(slowest, back_after(farm, kill_worker))
            t.did("kills of the worker")
            if i % 10 == 0:
                t.same("integrity_check", "ok", integrity(farm.server.database))
        for _ in range(t.rounds(20, 2)):
            time.sleep(t.random.uniform(0.05, 0.4))
            slowest = max(slowest, back_after(farm, kill_supervisor))
            t.did("kills of the supervisor")
            t.same("integrity_check", "ok", integrity(farm.server.database))
        farm.server.end()
        farm.server.start(env={"FAULT_PAUSE": "4000"})  # most of the time a receiver runs
        for _ in range(t.rounds(50, 5)):
            time.sleep(t.random.uniform(0.05, 0.4))
            before = received(farm)
            kill_worker()
            # Two deaths at one message, and it loses its place; three with none between them, and the plugin
            # would rest.
            wait("receivers run again", lambda: received(farm) > before + 1, 60)  # noqa: B023
            t.did("kills in receivers")
    t.within("back", slowest, 2)
    farm.settle()


def cut_power(t, rounds, env=None):
    """The server's disk loses its power under traffic, again and again."""
    disk = Disk(t.world)
    farm = Farm(t, machines=2, server_home=disk.path("server"))
    farm.redis.start()
    subprocess.run(["sync", "-f", disk.mountpoint], check=True)  # its configuration is older than the test
    with Traffic(farm, rate=100, batch=5):
        for _ in range(rounds):
            farm.server.start(env=env)
            before = farm.server.stored()
            wait("messages flow", lambda: farm.server.stored() > before)  # noqa: B023
            time.sleep(t.random.uniform(0.1, 1.5))  # the moment is what the seed chooses
            disk.cut()
            farm.server.kill()
            disk.power_back()
            t.did("power cuts")
            if os.path.exists(farm.server.database) and not env:
                t.same("integrity_check", "ok", integrity(farm.server.database))
    return farm


@case("C2", "power cut on the database's file system, 25 times", "what was acknowledged is there: 0 lost")
def power_cuts(t):
    cut_power(t, t.rounds(25, 4)).settle()


@case("C3", "control: C2 with a WAL that is not flushed, as under `synchronous=NORMAL`",
      "the test must fail")
def power_cuts_without_flush(t):
    env = {"LD_PRELOAD": preload(t.world, "no_fsync"), "NO_FSYNC_OF": "-wal"}
    farm = cut_power(t, t.rounds(8, 4), env)
    t.must_lose(farm.arrive(count=0))


@case("C6", "two servers by mistake on one database", "the second exits 2 and names the first's pid")
def two_servers(t):
    farm = Farm(t).serve()
    farm.machine.bark(farm.ledger)
    farm.server.catch_up(1)
    second = run([t.world.program("sheepdog-queue-daemon"), "-c", farm.server.config, "--log=stderr"],
                 farm.server.env, limit=30)
    t.same("status of the second", 2, second.status)
    named = [int(word) for word in re.findall(r"\bpid (\d+)", second.said)]
    first = [farm.server.service.pid, *children(farm.server.service.pid)]
    t.expect(named and named[0] in first, f"the first's pid is not named: {second.said}")
    farm.machine.bark(farm.ledger)
    farm.settle()


@contextlib.contextmanager
def held(farm):
    """Another program holds the database."""
    db = sqlite3.connect(farm.server.database, isolation_level=None, timeout=30)
    db.execute("BEGIN IMMEDIATE")
    yield
    db.close()


@case("C10", "told to stop while much comes, at any moment, 100 times, and while another holds the database",
      "ends by itself, status 0, within 8 s; 0 lost", limit=900, alone=True)
def told_to_stop(t):
    farm = Farm(t, machines=2)
    slowest = 0.0

    def stop():
        began = time.monotonic()
        t.same("status", 0, farm.server.end())
        t.did("stops")
        return time.monotonic() - began

    with Traffic(farm, rate=2000, batch=200):
        for _ in range(t.rounds(100, 6)):
            farm.serve()
            before = farm.server.stored()
            wait("messages flow", lambda: farm.server.stored() > before)  # noqa: B023
            time.sleep(t.random.uniform(0.0, 1.0))  # the moment is what the seed chooses
            slowest = max(slowest, stop())
        for _ in range(t.rounds(10, 2)):
            farm.serve()
            wait("it serves", lambda: farm.server.said().count(": serving ") == t.events["stops"] + 1)
            with held(farm):
                time.sleep(t.random.uniform(0.0, 8.0))
                slowest = max(slowest, stop())
    t.within("its end", slowest, 8)
    t.same("those that had to be killed", 0, farm.server.said().count("did not stop within"))
    farm.settle()


def steps():
    """The numbers of the schema's steps."""
    names = os.listdir(os.path.join(TOP, "scheme/sheepdog/sql"))
    return sorted(int(name[:-4]) for name in names if re.fullmatch(r"\d+\.sql", name))


def old_database(path, farm, pending):
    """A database as the first version left it, with messages that wait to be handled."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    with open(os.path.join(TOP, "scheme/sheepdog/sql/1.sql"), encoding="utf-8") as file:
        db.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {file.read()}")
    db.execute("PRAGMA application_id = 0x53686570")
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO mark VALUES ('identity', '0badcafe')")
    db.execute("INSERT INTO sender VALUES (1, ?, ?)", ("ab" * 16, pending))
    numbers, lines = farm.ledger.lines(pending, host="old")
    for seq, line in enumerate(lines.splitlines(), 1):
        db.execute("INSERT INTO message VALUES (?, 1, ?, 0, ?, NULL, ?, ?)",
                   (seq, seq, int(time.time() * 1000), line, len(line)))
        db.execute("INSERT INTO waiting (message) VALUES (?)", (seq,))
    db.execute("COMMIT")
    db.close()
    farm.ledger.told_durable(numbers)


def schema(path):
    """The version of a database and the names of what it has."""
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as db:
        names = db.execute("SELECT name FROM sqlite_schema ORDER BY name").fetchall()
        return db.execute("PRAGMA user_version").fetchone()[0], tuple(name for name, in names)


def until_killed(t, farm, injection):
    """Run the server under `injection` to its end or to the first death of its worker: a supervisor
    would start the next, which dies at the same place."""
    argv = [*injection.argv, t.world.program("sheepdog-queue-daemon"), "-c", farm.server.config,
            "--log=stderr", "--once"]
    service = Service(argv, farm.server.env, farm.server.log)
    wait("it ends or is killed", lambda: not service.alive() or injection.struck(), 120)
    for pid in reversed(descendants(service.pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.wait_for_end()


@case("C8", "upgrade with 10 000 pending, `kill -9` at each step of the migration",
      "old or new schema, never between; all handled once", limit=600)
def upgrade(t):
    farm = Farm(t)
    farm.redis.start()
    path = farm.server.database
    files = [path + end for end in ("", "-wal", "-shm", ".mark")]
    old_database(path, farm, t.rounds(10_000, 300))
    with open(path, "rb") as file:
        before = file.read()
    seen = {schema(path)}
    for call in ("pwrite64", "fdatasync,fsync", "openat", "ftruncate"):
        upgraded, k = 0, 1
        while True:
            for name in files:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)
            with open(path, "wb") as file:
                file.write(before)
            injection = calls.Injection(t.world, call, "signal=SIGKILL", f"{k}", files)
            until_killed(t, farm, injection)
            now = schema(path)
            seen.add(now)
            upgraded += now[0] > 1
            if not injection.hit() or upgraded > 2:
                break
            t.did("kills")
            k += t.random.randint(1, 4) if t.short else 1
    versions = sorted(version for version, _ in seen)
    t.same("schemas that were seen", [1, max(steps())], versions)
    farm.settle()
