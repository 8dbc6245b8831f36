# redis_away.py -- B: a Redis that is killed, loses power, is replaced, stands still or answers late
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import shutil
import time

from harness import calls
from harness.disk import Disk
from harness.farm import Farm, Traffic
from harness.process import Service
from harness.proxy import DOWN, Proxy
from harness.trial import case

EVERYSEC = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec")
ALWAYS = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
NONE = ("--save", "", "--appendonly", "no")
STOCK = ("--save", "3600 1 300 100 60 10000", "--appendonly", "no")  # Debian's redis.conf


def pass_time(t, least, most):
    """When the next fault comes is what the seed chooses."""
    time.sleep(t.random.uniform(least, most))


@case("B1", "stock redis.conf, `kill -9` of Redis every 2-5 s, 20 times, 200 messages/s",
      "sent = stored, 0 lost")
def killed(t):
    farm = Farm(t, machines=2, options=STOCK).serve()
    with Traffic(farm, rate=200):
        for i in range(t.rounds(20, 4)):
            if i % 2:
                farm.server.end()  # so that there is something in Redis to be lost
            pass_time(t, 2, 5)
            farm.redis.kill()
            farm.serve()
            t.did("kills of Redis")
    farm.settle()


def slow_fsync(t, redis):
    """Each fsync of this Redis lasts 1.9 s, as on a disk that is busy; a Service to end."""
    calls.need_strace()
    return Service(["strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e",
                    "inject=fsync,fdatasync:delay_enter=1900000", "-p", str(redis.service.pid)],
                   t.world.base, t.world.path("strace.log"))


@case("B2", "everysec, slow fsync, `kill -9`; Redis replaced by an empty one", "0 lost")
def killed_while_slow(t):
    farm = Farm(t, machines=2, options=EVERYSEC).serve()
    with Traffic(farm, rate=200):
        for _ in range(t.rounds(8, 2)):
            tracer = slow_fsync(t, farm.redis)
            pass_time(t, 2, 4)
            farm.redis.kill()
            tracer.wait_for_end()
            farm.redis.start()
            t.did("kills of Redis")
            pass_time(t, 0.5, 1)
            farm.redis.kill()
            shutil.rmtree(farm.redis.directory)
            os.mkdir(farm.redis.directory)
            farm.redis.start()
            t.did("empty Redis")
    farm.settle()


@case("B3", "power cut under Redis: everysec, always, none", "0 lost in all three")
def power_cut(t):
    disk = Disk(t.world)
    farm = Farm(t, machines=2, directory=disk.path("redis"))
    os.mkdir(farm.redis.directory)
    for options in (EVERYSEC, ALWAYS, NONE):
        farm.redis.options = options
        farm.serve()
        for _ in range(t.rounds(5, 1)):
            with Traffic(farm, rate=200):
                pass_time(t, 1, 3)
                disk.cut()
                pass_time(t, 0, 1)
            farm.redis.kill()
            disk.power_back()
            t.did("power cuts")
            farm.redis.start()
        farm.redis.stop()
        shutil.rmtree(farm.redis.directory)
        os.mkdir(farm.redis.directory)
    farm.settle()


@case("B4", "Redis stopped 0.3-5 s, 50 times; replies only dropped", "0 lost, duplicates suppressed > 0")
def stands_still(t):
    farm = Farm(t, machines=2).serve()
    proxy = Proxy(t.world, farm.redis.socket, t.random.random())
    for machine in farm.machines:
        machine.configure(proxy.url, "(heartbeat no)")
    with Traffic(farm, rate=50, batch=5):
        for _ in range(t.rounds(50, 3)):
            pass_time(t, 0.1, 0.5)
            farm.redis.pause()
            pass_time(t, 0.3, 5)
            farm.redis.resume()
            t.did("stops of Redis")
        for _ in range(t.rounds(10, 1)):
            proxy.unanswered = b"XADD"
            pass_time(t, 2.5, 3.5)
            proxy.unanswered = b""
            t.did("spells without replies")
            pass_time(t, 0.5, 1)
    tally = farm.arrive()
    t.tally(tally)
    t.expect(tally.duplicates > 0, "no duplicate came: the fault did not bite")


@case("B7", "a reply that comes after its time-out", "never taken for the next command's")
def late_replies(t):
    """A reply taken for another's would acknowledge too much (loss), or be an error in a log."""
    farm = Farm(t, machines=2).serve()
    proxy = Proxy(t.world, farm.redis.socket, t.random.random())
    for machine in farm.machines:
        machine.configure((proxy.url, '(timeout "300ms")'), "(heartbeat no)")
    with contextlib.ExitStack() as daemons:
        for machine in farm.machines:
            daemons.callback(machine.daemon().end)
        with Traffic(farm, rate=50, batch=5):
            for _ in range(t.rounds(20, 4)):
                proxy.delay[DOWN] = t.random.uniform(0.2, 0.6)
                pass_time(t, 1, 2)
                proxy.delay[DOWN] = 0.0
                pass_time(t, 0.2, 0.5)
                t.did("spells of late replies")
    farm.settle()
