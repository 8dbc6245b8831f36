# process.py -- programs started, measured and ended by their process id
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

from harness.trial import Violated

PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Done:
    """A program that ended: `status` is negative for a signal, None when it was too slow."""

    status: int
    out: bytes
    err: bytes
    seconds: float

    @property
    def said(self):
        return self.err.decode(errors="replace")


def ended_within(child, seconds):
    """Wait without polling: the time of a run is what some cases measure."""
    handle = os.pidfd_open(child.pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def run(argv, env, input=b"", limit=60, **options):
    """Run `argv` to its end. Its streams are files: whoever still holds them then, a detached child,
    is not waited for."""
    with contextlib.ExitStack() as files:
        source, out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        source.write(input)
        source.seek(0)
        began = time.monotonic()
        child = subprocess.Popen(argv, env=env, stdin=source, stdout=out, stderr=err, **options)
        in_time = ended_within(child, limit)
        if not in_time:
            child.kill()
        child.wait()
        seconds = time.monotonic() - began
        out.seek(0)
        err.seek(0)
        return Done(child.returncode if in_time else None, out.read(), err.read(), seconds)


def adopt_orphans():
    """Detached children of our children become ours, so that end_all() finds them."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(word) for word in file.read().split()]
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def end_all():
    """Kill and reap whatever descends from this process."""
    deadline = time.monotonic() + 10
    while (left := descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def resident(pid):
    """KiB of memory that a process has now."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def peak_rss(pid):
    """The greatest resident memory so far, KiB, of `pid` or one of its descendants."""
    peak = 0
    for one in [pid, *descendants(pid)]:
        with contextlib.suppress(OSError), open(f"/proc/{one}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]))
    return peak


def wait(what, true, limit=30, gap=0.02):
    """Poll until `true` returns something true, and return it; Violated after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not (result := true()):
        if time.monotonic() > deadline:
            raise Violated(f"{what}: not within {limit} s")
        time.sleep(gap)
    return result


class Service:
    """A program that stays; its output goes to a file."""

    def __init__(self, argv, env, log, **options):
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options
            )
        self.pid = self.child.pid

    def alive(self):
        return self.child.poll() is None

    def send(self, number):
        if self.alive():
            self.child.send_signal(number)

    def end(self, number=signal.SIGTERM, limit=20):
        """Send the signal, wait; the status. One that does not end is a failure."""
        self.send(number)
        return self.wait_for_end(limit)

    def wait_for_end(self, limit=20):
        """It ends by itself. So a strace must whose tracees are dying: to let go of a process that has
        threads it waits for its first one, which waits for the others, which wait for it."""
        try:
            return self.child.wait(limit)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Violated(f"process {self.pid} did not end within {limit} s") from None

    def said(self):
        with open(self.log, errors="replace") as file:
            return file.read()
