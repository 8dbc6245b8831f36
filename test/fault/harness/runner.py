# runner.py -- runs cases, each in a process of its own, a few at a time; prints and adds up their lines
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field

from harness import process
from harness.trial import Skipped, Trial, Violated
from harness.world import World

GRACE = 30  # seconds to clean up, after the limit of a case


class TooLong(BaseException):
    """The limit of the case is over: unwinds it, whatever it catches."""


def _too_long(*_):
    raise TooLong


def attempt(case, seed, options):
    """Run one case here; its report, which json can hold."""
    trial = Trial(case, seed, options.short, options.minutes)
    notes = []
    verdict = "FAILED"
    try:
        trial.world = World(case.name)
        case.function(trial)
        trial.expect_events()
        verdict = "FAILED" if trial.failures else "ok"
    except Skipped as e:
        verdict = "skipped"
        notes.append(str(e))
    except Violated as e:
        trial.failures.append(str(e))
    except TooLong:
        seconds = time.monotonic() - trial.began
        trial.failures.append(f"ended by us after {seconds:.0f} s; its limit are {case.limit} s")
    except Exception:
        trial.failures.append(traceback.format_exc())
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    keep = options.keep or verdict == "FAILED"
    if trial.world:
        trial.world.close(keep)
        if keep:
            notes.append(f"left for you to look at: {trial.world.directory}")
    return {
        "verdict": verdict,
        "line": trial.line(verdict) if verdict != "skipped" else f"skipped - {case.name}: {notes[0]}",
        "counts": {} if trial.control else trial.counts,
        "events": {} if trial.control else trial.events,
        "failures": trial.failures,
        "notes": notes,
    }


@dataclass
class Running:
    case: object
    pid: int
    pipe: int
    deadline: float
    text: bytes = b""
    told: bool = False  # that its time is over


@dataclass
class Runner:
    seed: int
    options: object
    running: dict = field(default_factory=dict)  # pipe -> Running
    verdicts: dict = field(default_factory=lambda: {"ok": 0, "FAILED": 0, "skipped": 0})
    events: dict = field(default_factory=dict)
    counts: dict = field(default_factory=dict)

    def start(self, case):
        reader, writer = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.close(reader)
            signal.signal(signal.SIGTERM, _too_long)
            status = 1
            with contextlib.suppress(BaseException):
                report = attempt(case, self.seed, self.options)
                with open(writer, "w", encoding="utf-8") as file:
                    json.dump(report, file)
                status = 0
            os._exit(status)
        os.close(writer)
        self.running[reader] = Running(case, pid, reader, time.monotonic() + case.limit
                                       + 60 * self.options.minutes)

    def step(self):
        """Wait for something to happen: a report, an end, a limit."""
        ready, _, _ = select.select(list(self.running), [], [], 1.0)
        for pipe in ready:
            one = self.running[pipe]
            data = os.read(pipe, 65536)
            if data:
                one.text += data
                continue
            os.close(pipe)
            del self.running[pipe]
            os.waitpid(one.pid, 0)
            self.finish(one)
        for one in self.running.values():
            late = time.monotonic() - one.deadline
            if late > 0 and not one.told:
                os.kill(one.pid, signal.SIGTERM)
                one.told = True
            elif late > GRACE:
                os.kill(one.pid, signal.SIGKILL)

    def finish(self, one):
        report = json.loads(one.text) if one.text else {
            "verdict": "FAILED", "line": f"{one.case.name} seed={self.seed}: - FAILED", "counts": {},
            "events": {}, "failures": ["its process died"], "notes": []}
        self.verdicts[report["verdict"]] += 1
        for sums, numbers in ((self.events, report["events"]), (self.counts, report["counts"])):
            for name, number in numbers.items():
                sums[name] = sums.get(name, 0) + number
        print(report["line"])
        if report["verdict"] == "FAILED":
            for failure in report["failures"]:
                print("  " + failure.rstrip().replace("\n", "\n  "))
            for note in report["notes"]:
                print(f"  {note}")
            short = " --short" if self.options.short else ""
            print(f"  repeat: test/fault/all --only '^{one.case.name}$' --seed {self.seed}{short}")
        sys.stdout.flush()

    def run(self, cases):
        for case in cases:
            most = 1 if case.alone else self.options.jobs
            while len(self.running) >= most or any(r.case.alone for r in self.running.values()):
                self.step()
            self.start(case)
        while self.running:
            self.step()

    def summary(self):
        sums = {**self.events, **self.counts}
        if sums:
            print("all: " + ", ".join(f"{number} {what}" for what, number in sums.items()))
        ok, failed, skipped = (self.verdicts[v] for v in ("ok", "FAILED", "skipped"))
        print(f"{ok} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        return 1 if failed else 0


def run(cases, seed, options):
    process.adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through `finally`
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a background job ignores
    runner = Runner(seed, options)
    try:
        runner.run(cases)
    finally:
        for one in runner.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGTERM)
        while runner.running:
            runner.step()
        process.end_all()
    return runner.summary()
