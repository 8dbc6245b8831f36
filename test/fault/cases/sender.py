# sender.py -- A: what a machine keeps when its queue, its disk or its own process goes away
# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from harness import calls
from harness.disk import Disk
from harness.farm import BOTH, Farm, Traffic
from harness.trial import case
from harness.world import preload

@case("A1", "no Redis; 1 000 wrapped failing jobs; then Redis and server start",
      "1 000 ran with their own status, 1 000 stored, 0 lost, order kept", BOTH, limit=900)
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


def cut_power(t, rounds, env=None):
    """Four machines bark in a loop while the disk of their spools loses its power, again and again;
    their Redis, which has no memory but its own, goes with it. What the server gets in the end."""
    disk = Disk(t.world)
    farm = Farm(t, machines=4, homes=disk.mountpoint)
    farm.redis.start()
    for machine in farm.machines:
        machine.bark(farm.ledger)
    subprocess.run(["sync", "-f", disk.mountpoint], check=True)  # the machines are older than the test
    for _ in range(rounds):
        with Traffic(farm, rate=1000, batch=1, env=env):
            time.sleep(t.random.uniform(0.2, 1.0))  # the moment of the cut is what the seed chooses
            disk.cut()
        farm.redis.command("FLUSHALL")
        disk.power_back()
        t.did("power cuts")
    for machine in farm.machines:
        machine.bark(farm.ledger)
    t.same("temporary files left", [], [file for machine in farm.machines for file in machine.files(".tmp")])
    return farm


@case("A4", "power cut under 4 senders in a loop, 25 times", "0 lost, 0 torn accepted")
def power_cuts(t):
    farm = cut_power(t, t.rounds(25, 5))
    farm.settle()
    t.same("damaged files", 0, sum(machine.bad() for machine in farm.machines))


@case("A5", "control: A4 with fsync made a no-op by a preload", "the test must fail")
def power_cuts_without_fsync(t):
    farm = cut_power(t, t.rounds(5, 2), {"LD_PRELOAD": preload(t.world, "no_fsync")})
    t.must_lose(farm.arrive(count=4))
