# calls.py -- the k-th system call of a kind fails, is slow, or is the last one (strace)
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import shutil
import tempfile

from harness.trial import Skipped


def need_strace():
    if not shutil.which("strace"):
        raise Skipped("wants strace")


class Injection:
    """`call` is strace's name of one, such as `fsync` or `?rename,renameat,renameat2`; `what` is
    `signal=SIGKILL`, `error=EIO`, `delay_enter=100000` (µs); `when` is strace's: 3 the third of each
    process, 3+ from there on. With `paths` only calls on these files count."""

    def __init__(self, world, call, what, when, paths=()):
        need_strace()
        handle, self.log = tempfile.mkstemp(prefix="strace.", dir=world.directory)
        os.close(handle)
        self.killing = "signal=" in what
        # With it what is not traced runs as fast as ever; but then strace 6.1 sends no signals.
        fast = [] if self.killing else ["--seccomp-bpf"]
        self.argv = ["strace", "-f", *fast, "-q", "-o", self.log, "-e", f"trace={call}",
                     "-e", f"inject={call}:{what}:when={when}"]
        for path in paths:
            self.argv += ["-P", path]

    def struck(self):
        """Whether it has come to that yet."""
        with open(self.log, errors="replace") as file:
            return ("+++ killed by" if self.killing else "INJECTED") in file.read()

    def hit(self):
        """Whether it came to that. To be asked once, when the program has ended."""
        struck = self.struck()
        os.unlink(self.log)
        return struck


def every(trial, world, call, what, attempt, limit=100_000, paths=()):
    """Call `attempt(injection, k)` for k = 1, 2, 3 ... until it ends untouched; the short run takes a
    few k, chosen by the seed. How often it was hit."""
    hits = 0
    k, step = 1, 1
    while k <= limit:
        injection = Injection(world, call, what, f"{k}", paths)
        attempt(injection, k)
        if not injection.hit():
            return hits
        hits += 1
        if trial.short:
            step = trial.random.randint(1, 2 * max(1, k // 2))
        k += step
    return hits
