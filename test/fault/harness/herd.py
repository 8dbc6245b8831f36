# herd.py -- the programs under test: machines that bark and the server that hears them
# SPDX-License-Identifier: GPL-3.0-or-later
import glob
import os
import shutil
import signal
import time

from harness import checker
from harness.process import Service, peak_rss, run
from harness.trial import Violated
from harness.world import HERE

LOCAL = "local:"


def add_plugins(home):
    directory = os.path.join(home, ".config/sheepdog/monitors")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for file in glob.glob(os.path.join(HERE, "monitors", "*.scm")):
        shutil.copy(file, directory)


def queue_line(queue):
    """`queue`: a URL, or a URL and options, such as ("local:", '(timeout "1s")')."""
    url, options = (queue, "") if isinstance(queue, str) else queue
    return f'(queue "{url}" {options})'


class Machine:
    """Barks; has a spool of its own below `home`. Without a `queue` it is standalone: then it has a
    queue, a database and a trace of receivers, too. `extra` are lines of its configuration."""

    def __init__(self, world, name="web1", queue=None, home=None, extra=()):
        self.world = world
        self.name = name
        self.home = home or world.make(name)
        self.trace = world.path(f"{name}.trace")
        self.env = world.env(self.home, FAULT_TRACE=self.trace)
        self.state = os.path.join(self.home, "state/sheepdog")
        self.spool = os.path.join(self.state, "spool")
        self.database = os.path.join(self.state, "sheepdog.db")
        self.config = os.path.join(self.home, ".config/sheepdog/sheepdog.conf")
        self.standalone = queue is None
        add_plugins(self.home)
        self.configure(queue, *extra)

    def configure(self, queue, *extra):
        lines = [f'(name "{self.name}")', queue_line(queue or LOCAL), "(watch none)", *extra]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("(config\n " + "\n ".join(lines) + ")\n")

    def run(self, *words, input=b"", limit=60, under=(), env=None, **options):
        argv = [*under, self.world.program("sheepdog"), *words]
        return run(argv, {**self.env, **(env or {})}, input, limit, **options)

    def bark(self, ledger, count=1, **options):
        """`count` messages by one call; those it said yes to are durable."""
        numbers, lines = ledger.lines(count)
        done = self.run("bark", "--json", input=lines, **options)
        if done.status == 0 and b"cannot keep" not in done.err:
            ledger.told_durable(numbers)
        return done

    def wrap(self, ledger, status, *words, **options):
        """A wrapped job that fails with `status`; durable unless the wrapper says that it is not."""
        number, command = ledger.command(status)
        done = self.run("-m", "fault", "-t", f"t{number % ledger.subjects}", *words, "-e", command, **options)
        if b"barked:" in done.err and b"cannot keep" not in done.err:
            ledger.told_durable([number])
        return done

    def flush(self, limit=60):
        return self.run("queue", "flush", limit=limit)

    def files(self, ending):
        """The spool's files that end so, whole paths, sorted by number."""
        return sorted(glob.glob(os.path.join(self.spool, "*", f"*{ending}")), key=os.path.basename)

    def waiting(self):
        return len(self.files(".new"))

    def bad(self):
        """How many damaged files were put aside."""
        files = glob.glob(os.path.join(self.spool, "bad", "*"))
        return sum(not file.endswith(".reason") for file in files)

    def daemon(self, env=None, under=()):
        return Service([*under, self.world.program("sheepdog-daemon"), "--log=stderr", "-vv"],
                       {**self.env, **(env or {})}, self.world.path(f"{self.name}-daemon.log"))


class Server:
    """sheepdog-queue-daemon on `queue`, with a database below `home`."""

    def __init__(self, world, queue, name="server", home=None, extra=(), env=None):
        self.world = world
        self.name = name
        self.home = home or world.make(name)
        self.trace = world.path(f"{name}.trace")
        self.log = world.path(f"{name}.log")
        self.env = {**world.env(self.home, FAULT_TRACE=self.trace), **(env or {})}
        self.config = os.path.join(self.home, "server.conf")
        self.database = os.path.join(self.home, "sheepdog.db")
        self.service = None
        self.peak = 0  # KiB, of all that were started
        self.prepare(queue, *extra)

    def prepare(self, queue, *extra):
        """Write what lies in its home."""
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        add_plugins(self.home)
        self.configure(queue, *extra)

    def configure(self, queue, *extra):
        lines = [queue_line(queue), f'(database "{self.database}")', '(notify (to log) (group "0s" "0s") (limit 100000 "1h"))', *extra]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("(config\n " + "\n ".join(lines) + ")\n")

    def start(self, under=(), env=None):
        argv = [*under, self.world.program("sheepdog-queue-daemon"), "-c", self.config,
                "--log=stderr", "-vv"]
        self.service = Service(argv, {**self.env, **(env or {})}, self.log)
        return self

    def alive(self):
        return self.service is not None and self.service.alive()

    def end(self, number=signal.SIGTERM):
        self.peak = max(self.peak, peak_rss(self.service.pid))
        return self.service.end(number)

    def kill(self):
        return self.end(signal.SIGKILL)

    def said(self):
        return self.service.said()

    def stored(self):
        """How many messages of ours are stored and entered; the server may have some of its own."""
        return checker.ask(self.database, "SELECT count(*) FROM event WHERE monitor = 'fault'", -1)

    def waiting(self):
        return checker.ask(self.database, "SELECT count(*) FROM waiting", 0)

    def run(self, *words, **options):
        return run([self.world.program("sheepdog"), "-c", self.config, *words], self.env, **options)

    def catch_up(self, count, machines=(), redis=None, quiet=90):
        """Wait until `count` messages are stored and nothing waits: in the spools of the machines,
        which are flushed now and then, in `redis`, to be handled. Violated when nothing moves for
        `quiet` seconds: longer than a missing number holds back what follows it."""
        seen, moved, flushed = None, time.monotonic(), 0.0
        while True:
            stored, waiting = self.stored(), self.waiting()
            in_spools = any(machine.waiting() for machine in machines)
            if stored >= count and waiting == 0 and not in_spools and not (redis and redis.length()):
                return
            if (stored, waiting) != seen:
                seen, moved = (stored, waiting), time.monotonic()
            if not self.alive():
                raise Violated(f"the server ended: {self.said()[-800:]}")
            if time.monotonic() - moved > quiet:
                raise Violated(f"{stored} of {count} stored, {waiting} to be handled; nothing moved for "
                               f"{quiet} s")
            if time.monotonic() - flushed > 1:
                flushed = time.monotonic()
                for machine in machines:
                    machine.flush()
            time.sleep(0.05)
