# clock.py -- F: a wall clock that jumps
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

from harness.farm import Farm
from harness.process import wait
from harness.trial import case
from harness.world import preload

DAY = 86400


class Clock:
    """The wall clock of the programs that have `env`."""

    def __init__(self, world):
        self.file = world.path("shift")
        self.env = {"LD_PRELOAD": preload(world, "clock_shift"), "SHIFT_FILE": self.file}
        self.shift(0)

    def shift(self, seconds):
        with open(f"{self.file}.new", "w") as file:
            file.write(str(seconds))
        os.rename(f"{self.file}.new", self.file)


@case("F3", "wall clock ±1 day, ±10 years while a job runs that has a time limit",
      "killed at its limit, and not before", alone=True)
def limit_of_a_job(t):
    farm = Farm(t)
    farm.redis.start()
    clock = Clock(t.world)
    begun = t.world.path("begun")

    def wrap(limit, command):
        words = ("-t", "clock", f"--timeout={limit}", "-e", f"touch {begun}; {command}")
        return farm.machine.run(*words, env=clock.env, limit=20)

    def step(seconds, limit, command):
        """Run the job, and step the clock once it has begun; how the wrapper ended."""
        clock.shift(0)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(begun)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(wrap, limit, command)
            wait("the job has begun", lambda: os.path.exists(begun))
            clock.shift(seconds)
            t.did("steps of the clock")
            return running.result()

    for seconds in (DAY, -DAY, 3650 * DAY, -3650 * DAY):
        done = step(seconds, "2s", "exec sleep 60")
        t.same(f"{seconds} s: status of a job that takes too long", 124, done.status)
        done = step(seconds, "1h", "sleep 1; exit 7")
        t.same(f"{seconds} s: status of a job that does not", 7, done.status)
