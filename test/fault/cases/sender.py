# sender.py -- A: what a machine keeps when its queue, its disk or its own process goes away
# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from harness import calls
from harness.checker import check
from harness.disk import Disk
from harness.farm import BOTH, Farm
from harness.herd import Machine, Server
from harness.ledger import Ledger
from harness.redis import Redis
from harness.trial import case
from harness.world import preload

@case("A1", "no Redis; 1 000 wrapped failing jobs; then Redis and server start",
      "1 000 ran with their own status, 1 000 stored, 0 lost, order kept", BOTH)
def no_redis(t):
    farm = Farm(t)
    wrong = []

    def job(i):
        status = 1 + i % 100
        done = farm.machine.wrap(farm.ledger, status)
        if done.status != status:
            wrong.append(f"{done.status} instead of {status}: {done.said}")

    jobs = t.rounds(1000, 60)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(job, range(jobs)))
    t.did("jobs", jobs)
    t.same("jobs whose status was changed", [], wrong[:3])
    t.same("jobs that were told durable", jobs, len(farm.ledger.durable))
    farm.settle()


KILLED = ("openat", "write", "fsync", "rename,renameat,renameat2", "connect", "sendto,sendmsg",
          "unlink,unlinkat")
KILLED_STANDALONE = (*KILLED, "pwrite64", "fdatasync", "ftruncate")


@case("A2", "`sheepdog bark` killed at the k-th openat/write/fsync/rename/connect/sendto/unlink, every k",
      "test ledger ⊆ stored after a flush; 0 torn accepted; temporary files gone", BOTH, limit=900)
def killed_at_each_call(t):
    farm = Farm(t)
    if farm.redis:
        farm.redis.start()
    for call in KILLED_STANDALONE if farm.standalone else KILLED:
        def attempt(injection, k):
            farm.machine.bark(farm.ledger, under=injection.argv)

        t.did("kills", calls.every(t, t.world, call, "signal=SIGKILL", attempt))
    farm.machine.bark(farm.ledger)
    t.same("temporary files left", [], farm.machine.files(".tmp"))
    farm.settle()
    t.same("damaged files", 0, farm.machine.bad())


def bark_until(machine, ledger, over, env):
    while not over.is_set():
        machine.bark(ledger, env=env)


def cut_power(t, rounds, env=None):
    """Four machines bark in a loop while the disk of their spools loses its power, again and again;
    their Redis, which has no other memory than its own, goes with it. What the server then gets."""
    disk = Disk(t.world)
    redis = Redis(t.world).start()
    ledger = Ledger(t.world.path("ledger"), t.random)
    machines = [Machine(t.world, f"web{i}", redis.url, home=disk.path(f"web{i}")) for i in range(4)]
    for machine in machines:
        machine.bark(ledger)
    subprocess.run(["sync", "-f", disk.mountpoint], check=True)  # the machines are older than the test
    for _ in range(rounds):
        over = threading.Event()
        with ThreadPoolExecutor(len(machines)) as pool:
            barking = [pool.submit(bark_until, m, ledger, over, env) for m in machines]
            time.sleep(t.random.uniform(0.2, 1.0))  # the moment of the cut is what the seed chooses
            disk.cut()
            over.set()
        for one in barking:
            one.result()
        redis.command("FLUSHALL")
        disk.power_back()
        t.did("power cuts")
    for machine in machines:
        machine.bark(ledger)
    temporary = [file for machine in machines for file in machine.files(".tmp")]
    t.same("temporary files left", [], temporary)
    return ledger, machines, redis


def what_arrives(t, ledger, machines, redis, count):
    server = Server(t.world, redis.url).start()
    server.catch_up(count, machines, redis)
    server.end()
    return check(ledger, [server.database], [server.trace], [server.log])


@case("A4", "power cut under 4 senders in a loop, 25 times", "0 lost, 0 torn accepted", short=False)
def power_cuts(t):
    ledger, machines, redis = cut_power(t, t.rounds(25, 5))
    t.tally(what_arrives(t, ledger, machines, redis, len(ledger.durable)))
    t.same("damaged files", 0, sum(machine.bad() for machine in machines))


@case("A5", "control: A4 with fsync made a no-op by a preload", "the test must fail")
def power_cuts_without_fsync(t):
    ledger, machines, redis = cut_power(t, t.rounds(5, 2), {"LD_PRELOAD": preload(t.world, "no_fsync")})
    waiting = sum(machine.waiting() for machine in machines)
    t.must_lose(what_arrives(t, ledger, machines, redis, waiting))
