# clock.py -- a wall clock that a test sets, for programs that are started with its environment
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import time

from harness.world import preload


class Clock:
    """`env` gives it to a program; set() moves it while that runs. The monotonic clock stays true."""

    def __init__(self, world, name="shift"):
        self.file = world.path(name)
        self.env = {"LD_PRELOAD": preload(world, "clock_shift"), "SHIFT_FILE": self.file}
        self.set(0)

    def set(self, seconds):
        """Let it be so many seconds ahead."""
        with open(f"{self.file}.new", "w") as file:
            file.write(str(int(seconds)))
        os.rename(f"{self.file}.new", self.file)

    def show(self, epoch):
        """Let it show this instant now."""
        self.set(round(epoch - time.time()))
