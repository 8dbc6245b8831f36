# soak.py -- I: whatever can happen to the queue happens at random, for minutes; nothing is lost, nothing grows
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import shutil
import time

from cases.server_disk import push_backlog
from harness.clock import Clock
from harness.farm import Farm, Traffic
from harness.process import children, resident, wait
from harness.proxy import DOWN, UP, Proxy
from harness.redis import Refused
from harness.trial import case


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


WARM = 40_000  # messages: then the worker's page cache has what it may have


class Soak:
    """A herd through proxies, and what befalls it. Each fault is begun and mended by one method."""

    def __init__(self, t):
        self.t = t
        self.clock = Clock(t.world)
        self.farm = Farm(t, machines=3, env=self.clock.env)
        self.redis, self.server = self.farm.redis, self.farm.server
        self.proxies = [Proxy(t.world, self.redis.socket, t.random.random(), f"proxy{i}") for i in range(4)]
        for machine, proxy in zip(self.farm.machines, self.proxies):
            machine.configure(proxy.url, "(heartbeat no)")
        self.server.configure(self.proxies[-1].url)
        self.foreign = 0
        self.faults = {
            "kills of Redis": self.kill, "empty Redis": self.replace, "wipes of Redis": self.wipe,
            "stops of Redis": self.pause, "full Redis": self.fill, "steps of Redis's clock": self.step,
            "lost groups": self.lose_group, "lost acknowledgements": self.lose_acks,
            "foreign entries": self.add_foreign, "cuts": self.cut, "half-closes": self.half_close,
            "late replies": self.delay, "lost replies": self.drop, "crawls": self.crawl,
        }

    def last(self, most=2.0):
        """How long a fault lasts is what the seed chooses."""
        time.sleep(self.t.random.uniform(0.2, most))

    def some(self):
        return self.t.random.sample(self.proxies, self.t.random.randint(1, len(self.proxies)))

    def kill(self):
        self.redis.kill()
        self.last()
        self.redis.start()

    def replace(self):
        self.redis.kill()
        shutil.rmtree(self.redis.directory)
        os.mkdir(self.redis.directory)
        self.redis.start()

    def wipe(self):
        self.redis.command("FLUSHALL")

    def pause(self):
        self.redis.pause()
        self.last(4)
        self.redis.resume()

    def fill(self):
        self.redis.command("CONFIG", "SET", "maxmemory", "1")
        self.last(4)
        self.redis.command("CONFIG", "SET", "maxmemory", "0")

    def step(self):
        self.clock.set(self.t.random.choice((-7200, -60, 60, 7200)))
        self.last()
        self.clock.set(0)

    def lose_group(self):
        with contextlib.suppress(Refused):
            self.redis.command("XGROUP", "DESTROY", "sheepdog:barks", "sheepdog")

    def lose_acks(self):
        self.redis.command("DEL", "sheepdog:acks")

    def add_foreign(self):
        self.redis.command("XADD", "sheepdog:barks", "*", "foreign", os.urandom(50))

    def cut(self):
        for proxy in self.some():
            proxy.cut()

    def half_close(self):
        for proxy in self.some():
            proxy.half_close(self.t.random.choice((UP, DOWN)))

    def delay(self):
        several, direction = self.some(), self.t.random.choice((UP, DOWN))
        for proxy in several:
            proxy.delay[direction] = self.t.random.uniform(0.05, 1)
        self.last()
        for proxy in several:
            proxy.delay[direction] = 0.0

    def drop(self):
        several = self.some()
        for proxy in several:
            proxy.unanswered = self.t.random.choice((b"XADD", b"XACK", b"XREADGROUP"))
        self.last(4)
        for proxy in several:
            proxy.unanswered = b""
            proxy.cut()

    def crawl(self):
        several = self.some()
        for proxy in several:
            proxy.throttle = self.t.random.randint(2_000, 50_000)
        self.last()
        for proxy in several:
            proxy.throttle = None

    def befall(self):
        name = self.t.random.choice(list(self.faults))
        self.faults[name]()
        self.t.did(name)


class Watch:
    """The memory and the descriptors of processes that must live through it all."""

    def __init__(self, t, pids):
        self.t = t
        self.pids = pids  # name -> pid
        self.began = time.monotonic()
        self.samples = []  # (seconds, name -> KiB)

    def look(self):
        self.samples.append((time.monotonic() - self.began,
                             {name: resident(pid) for name, pid in self.pids.items()}))

    def slope(self, name):
        """KiB a minute, of the second half: the least squares."""
        half = self.samples[len(self.samples) // 2:]
        times, sizes = [at for at, _ in half], [size[name] for _, size in half]
        middle, mean = sum(times) / len(half), sum(sizes) / len(half)
        spread = sum((at - middle) ** 2 for at in times)
        return 60 * sum((at - middle) * (size - mean) for at, size in zip(times, sizes)) / spread

    def grown(self, name):
        """KiB by which the last quarter's median is above that of the second one."""
        quarter = len(self.samples) // 4
        second, last = self.samples[quarter:2 * quarter], self.samples[3 * quarter:]
        first, late = (sorted(size[name] for _, size in part)[len(part) // 2] for part in (second, last))
        return late - first

    def descriptors(self):
        return {name: descriptors(pid) for name, pid in self.pids.items()}


@case("I1", "faults of B at random, 60 s (--minutes 10: as long as that)",
      "sent = stored; memory flat, descriptors constant", alone=True, short=False)
def soak(t):
    soak = Soak(t)
    farm = soak.farm.serve()
    push_backlog(farm, WARM)
    wait("the caches are full", lambda: soak.server.stored() >= WARM, 120, gap=0.5)
    daemons = [machine.daemon() for machine in farm.machines]
    with Traffic(farm, rate=60, batch=5):
        wait("messages flow", lambda: soak.server.stored() > WARM + 100, 60)
        worker, = children(soak.server.service.pid)
        watch = Watch(t, {"supervisor": soak.server.service.pid, "worker": worker,
                          **{f"daemon {i}": daemon.pid for i, daemon in enumerate(daemons)}})
        before = watch.descriptors()
        end = time.monotonic() + 60 * t.minutes
        while time.monotonic() < end:
            soak.last(1)
            soak.befall()
            watch.look()
    t.same("lives", [True] * 4, [soak.server.alive(), *(daemon.alive() for daemon in daemons)])
    t.same("worker", [worker], children(soak.server.service.pid))
    farm.server.catch_up(len(farm.ledger.durable), farm.machines, farm.redis, 90)
    wait(f"no more descriptors than {before}",
         lambda: all(n <= before[name] for name, n in watch.descriptors().items()), 30)
    for name in watch.pids:
        grown = watch.grown(name)
        t.expect(grown < 16 * 1024, f"{name} has grown by {grown} KiB from the second quarter to the last")
    t.measures["slope of the worker"] = f"{watch.slope('worker'):+.0f}KiB/min"
    t.measures["descriptors"] = f"{sum(before.values())}"
    for daemon in daemons:
        daemon.end()
    tally = farm.arrive()
    tally.expected_aside = min(tally.aside, t.events.get("foreign entries", 0))  # Redis may lose them
    t.tally(tally)
