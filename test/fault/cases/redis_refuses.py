# redis_refuses.py -- B: a Redis that is full, says no, tells another time, or holds foreign things
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import time

from harness import checker
from harness.disk import Small
from harness.farm import Farm, Traffic
from harness.process import wait
from harness.scripted import ScriptedRedis, error
from harness.trial import case
from harness.world import preload


def fill_up(t, farm, words, most=2000):
    """Bark until the machines are told `words` by Redis, and a bit more: that stays in the spools."""
    told = set()
    for _ in range(most):
        for machine in farm.machines:
            done = machine.bark(farm.ledger, 20)
            told.update(word for word in words if word in done.said)
        if told and all(machine.waiting() > 20 for machine in farm.machines):
            break
    t.expect(told, f"none of {words} was told")
    t.expect(all(machine.waiting() for machine in farm.machines), "nothing is kept in the spools")


@case("B5", "`maxmemory 8mb` reached; Redis disk full, everysec and always",
      "spool holds, worker drains, 0 lost; Redis's words are in the warning")
def full(t):
    farm = Farm(t, machines=4, options=("--save", "", "--maxmemory", "8mb"))
    farm.ledger.bytes = (8000, 12000)
    farm.redis.start()
    for _ in range(2):  # before the server's first start, and before another
        fill_up(t, farm, ["OOM command not allowed"])
        t.did("full Redis")
        farm.serve()
        farm.server.catch_up(len(farm.ledger.durable), farm.machines, farm.redis)
        farm.server.end()
    policies = (("everysec", ["MISCONF"]), ("always", ["Connection refused", "closed"]))
    for policy, words in t.sample(policies, 1):
        farm.redis.stop()
        farm.server.end()
        directory = t.world.path(f"redis-{policy}")
        small = Small(t.world, directory, "12M")
        farm.redis.directory = directory
        farm.redis.options = ("--save", "", "--appendonly", "yes", "--appendfsync", policy)
        farm.redis.start()
        small.fill()
        fill_up(t, farm, words)
        t.did("full disks of Redis")
        small.free()
        if not farm.redis.alive():
            farm.redis.start()
        farm.serve()
        farm.server.catch_up(len(farm.ledger.durable), farm.machines, farm.redis)
    farm.settle()


REFUSALS = (
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "READONLY You can't write against a read only replica.",
    "NOAUTH Authentication required.",
    "NOPERM this user has no permissions to run the 'xadd' command",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR unknown command 'XADD', with args beginning with: ",
)


@case("B6", "scripted `LOADING BUSY READONLY NOAUTH NOPERM WRONGTYPE`, unknown command",
      "one clear line each, spool kept, retry or stop as documented")
def refusals(t):
    farm = Farm(t)
    machine, server = farm.machine, farm.server
    refusal = [""]
    scripted = ScriptedRedis(t.world, lambda words: error(refusal[0]))
    machine.configure(scripted.url, "(heartbeat no)")
    server.configure(scripted.url)
    for i, refusal[0] in enumerate(REFUSALS):
        word = refusal[0].split()[0] if not refusal[0].startswith("ERR") else "unknown command"
        done = machine.wrap(farm.ledger, 7)
        t.same(f"{word}: status of the job", 7, done.status)
        lines = [line for line in done.said.splitlines() if word in line]
        t.expect(len(lines) == 1 and "warning:" in lines[0], f"{word}: no single clear line: {done.said}")
        t.same(f"{word}: messages kept", i + 1, machine.waiting())
        asked = len(scripted.asked)
        open(server.log, "w").close()
        server.start()
        wait(f"{word}: the server tries again", lambda: len(scripted.asked) > asked + 1, 20)
        t.expect(server.alive(), f"{word}: the server ended")
        server.end()
        with open(server.log) as file:
            lines = [line for line in file if word in line]
        t.expect(len(lines) == 1, f"{word}: no single line of the server: {lines}")
        t.did("refusals")
    machine.configure(farm.redis.url, "(heartbeat no)")
    server.configure(farm.redis.url)
    farm.settle()


@case("B9", "Redis clock ±2 h, ±10 years while running", "0 lost, 0 handled twice, order kept")
def redis_clock(t):
    shift = t.world.path("shift")
    env = {"LD_PRELOAD": preload(t.world, "clock_shift"), "SHIFT_FILE": shift}
    farm = Farm(t, machines=2, env=env)
    hour, year = 3600, 365 * 86400

    def set_clock(seconds):
        with open(f"{shift}.new", "w") as file:
            file.write(str(seconds))
        os.rename(f"{shift}.new", shift)

    set_clock(0)
    farm.serve()
    with Traffic(farm, rate=100, batch=10):
        for seconds in (2 * hour, 0, -2 * hour, 0, 10 * year, 0, -10 * year, 0):
            set_clock(seconds)
            told = int(farm.redis.command("TIME")[0])
            t.expect(abs(told - time.time() - seconds) < 60, "the clock of Redis did not move")
            time.sleep(t.rounds(5, 1))
            t.did("steps of Redis's clock")
    farm.settle()
    twice = [identity for identity, count in checker.handled(farm.server.trace).items() if count > 1]
    t.same("messages handled twice", [], twice)


@case("B10", "foreign entries: other fields, none, 10 MB", "aside or counted, never blocks")
def foreign(t):
    farm = Farm(t).serve()
    entries = [("other", "field"), ("a", "1", "b", "2"), ("message", ""), ("message", b"\xff\x00" * 500),
               ("message", b"x" * 10_000_000), ("other", b"y" * 10_000_000), ("", ""),
               *[(f"f{i}", i) for i in range(3)], ("message", "no json"), ("sent", "never", "first", "-1")]
    for entry in entries:
        farm.machine.bark(farm.ledger)
        farm.redis.command("XADD", "sheepdog:barks", "*", *entry, limit=30)
        t.did("foreign entries")
    farm.redis.command("LPUSH", "sheepdog:inbox", b"z" * 10_000_000, limit=30)
    farm.machine.bark(farm.ledger)
    t.did("foreign entries")
    farm.settle(aside=len(entries) + 1)
