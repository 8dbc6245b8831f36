# server_disk.py -- C: a database whose disk is full, that is locked, damaged, replaced, huge, or belied
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import json
import os
import re
import socket
import sqlite3
import time

from harness import calls, checker
from harness.disk import Small
from harness.farm import Farm, Traffic
from harness.process import Service, children, peak_rss, wait
from harness.redis import encode, read_reply
from harness.trial import case


def acknowledged(farm):
    reply = farm.redis.command("HGETALL", "sheepdog:acks")
    return dict(zip(reply[::2], reply[1::2]))


@contextlib.contextmanager
def full_disk(farm):
    farm.small.fill()
    yield
    farm.small.free()


@contextlib.contextmanager
def locked(farm):
    db = sqlite3.connect(farm.server.database, isolation_level=None, timeout=30)
    db.execute("BEGIN IMMEDIATE")
    yield
    db.close()


@case("C4", "disk full in insert, checkpoint, vacuum, then space; locked 30 s by another",
      "no acknowledgement meanwhile, resumes by itself, 0 lost")
def no_room(t):
    farm = Farm(t, machines=2, server_home=t.world.path("server"))
    troubles = [locked]
    if os.geteuid() == 0:
        farm.small = Small(t.world, farm.server.home, "24M")
        farm.server.prepare(farm.redis.url)
        troubles.append(full_disk)
    farm.serve()
    slowest = 0.0
    with Traffic(farm, rate=100, batch=5):
        wait("messages flow", lambda: farm.server.stored() > 0)
        for trouble in troubles * t.rounds(3, 1):
            with trouble(farm):
                time.sleep(2)  # what was under way ends
                before, stored = acknowledged(farm), farm.server.stored()
                time.sleep(t.rounds(30, 3))
                t.same(f"{trouble.__name__}: acknowledged meanwhile", before, acknowledged(farm))
                t.same(f"{trouble.__name__}: stored meanwhile", stored, farm.server.stored())
            began = time.monotonic()
            wait(f"{trouble.__name__}: it goes on", lambda: farm.server.stored() > stored, 60)  # noqa: B023
            slowest = max(slowest, time.monotonic() - began)
            t.expect(farm.server.alive(), f"{trouble.__name__}: the server ended")
            t.did("troubles")
        checkpoint_fails(t, farm)
    t.within("back", slowest, 35)
    farm.settle()


def checkpoint_fails(t, farm):
    """There is room for the log, but none in the database, which only a checkpoint writes: it goes on,
    also after an end in the middle of that."""
    calls.need_strace()
    log = t.world.path("checkpoint")
    worker, = children(farm.server.service.pid)
    tracer = Service(["strace", "-f", "-q", "-o", log, "-e", "trace=pwrite64", "-e",
                      "inject=pwrite64:error=ENOSPC", "-P", farm.server.database, "-p", str(worker)],
                     t.world.base, t.world.path("strace.log"))

    def failed():
        with contextlib.suppress(FileNotFoundError), open(log) as file:
            return file.read().count("INJECTED")
        return 0

    wait("a checkpoint fails", failed, 120)
    stored = farm.server.stored()
    wait("it goes on", lambda: farm.server.stored() > stored + 50, 30)
    farm.server.kill()
    tracer.wait_for_end()
    farm.server.start()
    wait("it goes on afterwards", lambda: farm.server.stored() > stored + 100, 60)
    t.did("checkpoints that failed", failed())


def root_page(path, table):
    with checker.reading(path) as db:
        page, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
        size, = db.execute("PRAGMA page_size").fetchone()
    return (page - 1) * size


def overwrite(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def of_another_program(path):
    os.unlink(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE guestbook (name)")


def newer_schema(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


DAMAGES = {
    "replaced by another program's": of_another_program,
    "deleted": os.unlink,
    "empty": lambda path: os.truncate(path, 0),
    "truncated": lambda path: os.truncate(path, os.path.getsize(path) // 2 // 4096 * 4096),
    "a bit flipped in its head": lambda path: overwrite(path, 3, b"K"),
    "a bit flipped in the messages": lambda path: overwrite(path, root_page(path, "message"), b"\x4d"),
    "of a newer schema": newer_schema,
}
WAY_BACK = re.compile(r"restore|backup|newer|another program|belongs", re.IGNORECASE)


@case("C5", "database replaced, truncated, bit flipped, read-only, deleted in use, newer schema",
      "stops acknowledging, names the way back, never starts empty")
def damaged(t):
    farm = Farm(t).serve()
    server, machine = farm.server, farm.machine
    machine.bark(farm.ledger, 50)
    server.catch_up(50)
    for name, damage in t.sample(DAMAGES.items(), 7):
        server.end()
        with open(server.database, "rb") as file:
            good = file.read()
        damage(server.database)
        machine.bark(farm.ledger, 5)
        before = acknowledged(farm)
        open(server.log, "w").close()
        server.start()
        with contextlib.suppress(Exception):
            wait("it complains", lambda: WAY_BACK.search(server.said()), 10)
        t.expect(WAY_BACK.search(server.said()), f"{name}: no way back is named: {server.said()[-400:]}")
        t.same(f"{name}: acknowledged", before, acknowledged(farm))
        server.kill()
        for end in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(server.database + end)
        with open(server.database, "wb") as file:
            file.write(good)
        server.start()
        server.catch_up(len(farm.ledger.durable), [machine], farm.redis)
        t.did("damages")
    deleted_in_use(t, farm)
    farm.settle()


def deleted_in_use(t, farm):
    """Somebody removes the file, and restores it from a backup when the server complains."""
    with checker.reading(farm.server.database) as db:
        backup = sqlite3.connect(t.world.path("backup.db"))
        db.backup(backup)
        backup.close()
    for end in ("", "-wal", "-shm"):
        os.unlink(farm.server.database + end)
    before = acknowledged(farm)
    farm.machine.bark(farm.ledger, 20)
    with contextlib.suppress(Exception):
        wait("it complains", lambda: WAY_BACK.search(farm.server.said()), 10)
    t.expect(WAY_BACK.search(farm.server.said()), "deleted in use: no way back is named")
    t.same("deleted in use: acknowledged", before, acknowledged(farm))
    farm.server.kill()
    os.rename(t.world.path("backup.db"), farm.server.database)
    t.did("damages")


def push_backlog(farm, count):
    """Put `count` messages straight into the stream, as one sender's."""
    ledger, sender = farm.ledger, "ab" * 16
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(farm.redis.socket)
        replies = connection.makefile("rb")
        for start in range(1, count + 1, 1000):
            batch = range(start, min(start + 1000, count + 1))
            commands = []
            for seq in batch:
                message = ledger.message(host=f"h{seq % 100}", sender=sender, seq=seq)
                commands.append(encode("XADD", "sheepdog:barks", "*", "message", json.dumps(message)))
            connection.sendall(b"".join(commands))
            for _ in batch:
                read_reply(replies)
    ledger.told_durable(range(1, count + 1))


@case("C7", "backlog of 1 000 000", "≤ 128 MiB, steady rate, `status` ≤ 1 s", limit=1800)
def backlog(t):
    farm = Farm(t)
    farm.redis.start()
    count = t.rounds(1_000_000, 20_000)
    push_backlog(farm, count)
    farm.serve()
    slowest, peak, looks = 0.0, 0, []
    while (stored := farm.server.stored()) < count:
        looks.append((time.monotonic(), stored))
        peak = max(peak, peak_rss(farm.server.service.pid))
        if stored > 0:
            done = farm.server.run("status")
            t.same("status of `status`", 1, done.status)
            slowest = max(slowest, done.seconds)
        time.sleep(1)
    t.rss(peak, 128)
    t.within("status", slowest, 1)
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(looks, looks[1:])]
    if not t.short:
        quarter = len(rates) // 4
        early, late = (sorted(part)[len(part) // 2] for part in (rates[:quarter], rates[-quarter:]))
        t.measures["rates"] = f"{early:.0f}/s..{late:.0f}/s"
        t.expect(late > early / 2, f"from {early:.0f} to {late:.0f} messages a second")
    farm.settle()


@case("C9", "`sheepdog:acks` lost, set back, set forward",
      "back: only resends; forward: no `.new` file goes, with keys none")
def false_acknowledgements(t):
    farm = Farm(t).serve()
    machine = farm.machine
    machine.bark(farm.ledger, 20)
    farm.server.catch_up(20)
    (sender, upto), = acknowledged(farm).items()
    for name, value in (("lost", None), ("back", 3), ("forward", 10_000), ("a bit forward", int(upto) + 20)):
        farm.server.end()
        machine.bark(farm.ledger, 5)  # in Redis, and .sent
        farm.redis.kill()
        machine.bark(farm.ledger, 5)  # .new
        waiting = [os.path.basename(path) for path in machine.files(".new")]
        t.same(f"{name}: .new files", 5, len(waiting))
        farm.redis.start()
        if value is not None:
            farm.redis.command("HSET", "sheepdog:acks", sender, value)
        machine.flush()
        kept = {int(os.path.basename(path)[:20]) for path in machine.files(".sent") + machine.files(".new")}
        gone = [file for file in waiting if int(file[:20]) not in kept]
        t.expect(farm.redis.length() >= 5 or not gone, f"{name}: gone without having been sent: {gone}")
        farm.serve()
        t.did("false acknowledgements")
        if name == "a bit forward":  # a lie about what was sent; only signed ones can be refused
            farm.ledger.durable = {number for number in farm.ledger.durable
                                   if number <= 20 + 10 * 3 or number > 20 + 10 * 3 + 5}
        farm.server.catch_up(len(farm.ledger.durable), [machine], farm.redis)
    farm.settle()
