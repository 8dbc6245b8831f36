# wrapper.py -- E: jobs that end in every way there is; the wrapper ends likewise, and what it tells is true
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import errno
import os
import pty
import re
import resource
import signal
import time

from harness import checker
from harness.farm import BOTH, Farm
from harness.process import Service, descendants, run, wait
from harness.trial import case


class Jobs:
    """Wrapped jobs of one machine. Each prints the mark of the ledger before it does what it is for, so
    that its message is known again; `expected` are the numbers of those of which one is due."""

    def __init__(self, t):
        self.t = t
        self.farm = Farm(t)
        self.machine, self.ledger = self.farm.machine, self.farm.ledger
        if self.farm.redis:
            self.farm.redis.start()

    def tags(self):
        """A tag of its own for each: so that nobody is told twice."""
        return f"t{self.ledger.last}"

    def line(self, command):
        number, mark = self.ledger.mark()
        return number, f"echo {mark}; {command}"

    def due(self, number):
        self.ledger.told_durable([number])
        return number

    def silent(self, number):
        """No message is due: one that comes all the same is unexpected."""
        self.ledger.attempted.discard(number)

    def words(self, line, *options, tag=None):
        return ["-m", "fault", "-t", tag or self.tags(), *options, "-e", line]

    def run(self, command, *options, tag=None, **how):
        """A job of which a message is due: its number, and how the wrapper ended."""
        number, line = self.line(command)
        done = self.machine.run(*self.words(line, *options, tag=tag), **how)
        return self.due(number), done

    def start(self, command, *options, tag=None, first=":"):
        """One that goes on: its number and the wrapper, a Service; it has begun, and done `first`."""
        number, line = self.line(f"{first}; echo ready; {command}")
        log = self.t.world.path(f"job{number}.log")
        service = Service([self.t.world.program("sheepdog"), *self.words(line, *options, tag=tag)],
                          self.machine.env, log)
        wait("the job has begun", lambda: "ready" in service.said())
        return number, service

    def settle(self):
        """All arrives; the messages by their numbers."""
        self.farm.settle()
        return checker.messages(self.farm.database)


def gone(pids):
    """Whether all have ended; who was left over has become ours, and is not reaped yet."""
    return all(state_of(pid) in (None, "Z") for pid in pids)


def state_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def runs(pids, program):
    """Whether one of them is `program` by now. A shell that a signal reaches before it has started its
    child waits for that to end, which was not hit."""
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
            if file.read().strip() == program:
                return True
    return False


@case("E1", "exit codes 0-255",
      "same status; a message for each but 0, for 0 the first ever and the first after another", BOTH)
def statuses(t):
    jobs = Jobs(t)
    sent = {}
    edges = {1, 2, 75, 124, 125, 126, 127, 128, 129, 137, 254, 255}
    some = edges | set(t.sample(set(range(1, 256)) - edges, 8))
    for status in sorted(some):
        number, done = jobs.run(f"exit {status}", tag="failing")
        t.same("status", status, done.status)
        sent[number] = status
        t.did("exit codes")
    for status, told in ((0, True), (0, False), (3, True), (0, True), (0, False)):
        number, done = jobs.run(f"exit {status}", tag="changing")
        t.same("status", status, done.status)
        if told:
            sent[number] = status
        else:
            jobs.ledger.durable.discard(number)
            jobs.silent(number)
    stored = jobs.settle()
    t.same("statuses that were told", sent, {n: m["outcome"].get("status") for n, m in stored.items()})
    t.same("states", {n: "fail" if status else "ok" for n, status in sent.items()},
           {n: m["state"] for n, m in stored.items()})


@case("E2", "death by signals 1-15, 24, 25, 31 (with core)",
      "wrapper dies likewise; `signal`, not `status`, in the message", BOTH)
def signals(t):
    jobs = Jobs(t)
    sent = {}
    place = t.world.make("cores")
    for number in t.sample([*range(1, 16), 24, 25, 31], 9):
        id, done = jobs.run(f"ulimit -c unlimited; kill -{number} $$", cwd=place)
        t.same(f"signal {number}: how the wrapper ended", -number, done.status)
        sent[id] = (number, None, "fail")
        t.did("signals")
    stored = jobs.settle()
    t.same("signals that were told", sent,
           {n: (m["outcome"].get("signal"), m["outcome"].get("status"), m["state"])
            for n, m in stored.items()})


STRANGE = (bytes(range(256)) * 300 + b"x" * 10_000_000 + "\u202e\x1b]52;c;eA==\x07\r\n".encode() + b"\xc3")
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")


@case("E3", "binary output, NUL, bad UTF-8, CR, escapes, U+202E, a line of 10 MB",
      "passed through unchanged; bytes counted, `lossy`, shown escaped", BOTH)
def output(t):
    jobs = Jobs(t)
    path = t.world.path("strange")
    with open(path, "wb") as file:
        file.write(STRANGE)
    told = {}
    for status in (3, 0):
        number, done = jobs.run(f"cat {path}; cat {path} >&2; exit {status}", "-a", tag=f"strange{status}")
        mark, _, out = done.out.partition(b"\n")
        t.same("status", status, done.status)
        t.expect(out == STRANGE, "stdout was changed")
        t.expect(done.err.startswith(STRANGE), "stderr was changed")
        t.did("bytes", 2 * len(STRANGE))
        told[number] = (len(mark) + 1 + len(STRANGE), len(STRANGE), True, True)
    number, done = jobs.run("printf 'a\\rb\\033]0;owned\\007 caf\\303\\251 \\342\\200\\256gnp' >&2; exit 1", tag="short")
    told[number] = (len(done.out), 26, None, None)
    stored = jobs.settle()
    keys = ("stdout_bytes", "stderr_bytes", "cut", "lossy")
    t.same("what is counted and flagged", told,
           {n: tuple(m["outcome"].get(key) for key in keys) for n, m in stored.items()})
    for tag in ("strange3", "short"):
        asked = jobs.machine if jobs.farm.standalone else jobs.farm.server
        shown = asked.run("show", f"{jobs.machine.name}/{tag}")
        t.same("status of show", 0, shown.status)
        raw = RAW.findall(shown.out.decode(errors="surrogateescape"))
        t.same(f"{tag}: what show prints raw", [], raw[:5])


@case("E4", "never ends, ignores TERM", "TERM to the group, KILL after 10 s; `timed_out`, 124", BOTH)
def endless(t):
    jobs = Jobs(t)
    asked, survivors = t.world.path("asked"), t.world.path("survivors")
    deaf = f"trap 'echo asked >> {asked}' TERM; while :; do sleep 0.05; done"
    obeying, done = jobs.run("sleep 600; :", "--timeout=0.2s")
    t.same("one that obeys: status", 124, done.status)
    t.expect(done.seconds < 8, f"one that obeys took {done.seconds:.1f} s")
    deafening, done = jobs.run(f"sh -c \"{deaf}\" & echo $! > {survivors}; {deaf}", "--timeout=0.2s")
    t.same("one that is deaf: status", 124, done.status)
    t.did("endless jobs", 2)
    t.within("its end", done.seconds, 15)
    with open(asked) as file:
        t.expect(len(file.read().split()) >= 2, "not all of its group were asked")
    with open(survivors) as file:
        child = int(file.read())
    wait("its child is killed, too", lambda: gone([child]), 10)
    stored = jobs.settle()
    t.same("timed_out, signal", {obeying: (True, 15), deafening: (True, 9)},
           {n: (m["outcome"].get("timed_out"), m["outcome"].get("signal")) for n, m in stored.items()})
    elapsed = stored[deafening]["outcome"]["elapsed"]
    t.expect(10 <= elapsed, f"killed after {elapsed} s: less than 10")


@case("E5", "a second run while the first runs (`--lock`); the holder killed with -9",
      '75, "still running since ..., pid"; lock free at once', BOTH)
def lock(t):
    jobs = Jobs(t)
    machine = jobs.machine
    for i in range(t.rounds(10, 3)):
        tag = f"lock{i}"
        cut_off, holder = jobs.start("exec sleep 600", "--lock", tag=tag)
        jobs.silent(cut_off)
        family = descendants(holder.pid)
        refused = machine.run("-m", "fault", "-t", tag, "--lock", "-e", "echo ran", limit=20)
        t.same("status of the second", 75, refused.status)
        t.same("what the second ran", b"", refused.out)
        holder.end(signal.SIGKILL)
        number, done = jobs.run("exit 0", "--lock", tag=tag)
        t.same("status once the holder is killed", 0, done.status)
        t.did("locks")
        for pid in family:
            os.kill(pid, signal.SIGKILL)
        wait("the job of the holder ends", lambda: gone(family), 10)  # noqa: B023
        t.did("kills")
    stored = jobs.settle()
    with checker.reading(jobs.farm.database) as db:
        said = db.execute("SELECT tag, state, summary FROM event WHERE summary LIKE 'still running%'"
                          " ORDER BY id").fetchall()
    t.same("tags of the refusals", [f"lock{i}" for i in range(t.rounds(10, 3))], [tag for tag, *_ in said])
    for tag, state, summary in said:
        t.same(f"{tag}: state", "warn", state)
        t.expect(re.fullmatch(r"still running since [0-9:]{5}, pid \d+", summary), f"{tag}: {summary}")
    t.same("runs after the holder's death", t.rounds(10, 3), len(stored))


def on_terminal(t, jobs, command):
    """Run it on a terminal, and press Ctrl-C when it is ready: number, status and what was shown."""
    number, line = jobs.line(command)
    pid, terminal = pty.fork()
    if pid == 0:
        program = t.world.program("sheepdog")
        os.execve(program, [program, *jobs.words(line)], jobs.machine.env)
    text, pressed = b"", False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # so a terminal ends
            break
        text += piece
        if b"ready" in text and not pressed:
            os.write(terminal, b"\x03")
            pressed = True
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return jobs.due(number), status, text


@case("E6", "TERM, INT, HUP to the wrapper; Ctrl-C on a terminal",
      "reaches the job, is reported, wrapper ends by it, no orphan", BOTH)
def signals_to_wrapper(t):
    jobs = Jobs(t)
    sent = {}
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        id, wrapper = jobs.start("sh -c 'sleep 600; :'; :")
        family = wait("the innermost runs", lambda: runs(found := descendants(wrapper.pid), "sleep") and found)
        status = wrapper.end(number)
        t.same(f"{number.name}: how the wrapper ended", -number, status)
        wait(f"{number.name}: no orphan", lambda: gone(family), 10)  # noqa: B023
        sent[jobs.due(id)] = (int(number), None)
        t.did("signals")
    id, wrapper = jobs.start("while :; do sleep 0.05; done", first="trap 'exit 7' TERM")
    t.same("of a job that handles TERM", 7, wrapper.end(signal.SIGTERM))
    sent[jobs.due(id)] = (None, 7)
    id, status, text = on_terminal(t, jobs, "trap 'echo got it; exit 9' INT; echo ready; while :; do sleep 0.05; done")
    t.same("Ctrl-C: status", 9, status)
    t.same("Ctrl-C: how often the job got it", 1, text.count(b"got it"))
    sent[id] = (None, 9)
    id, status, text = on_terminal(t, jobs, "echo ready; exec sleep 600")
    t.same("Ctrl-C: how the wrapper ended", -signal.SIGINT, status)
    sent[id] = (int(signal.SIGINT), None)
    t.did("Ctrl-C", 2)
    stored = jobs.settle()
    t.same("what was told", sent,
           {n: (m["outcome"].get("signal"), m["outcome"].get("status")) for n, m in stored.items()})


def too_long(jobs, script):
    """Run the script with as many arguments as the wrapper itself can be started with: the kernel wants
    room for the interpreter's words, too, and there is none. Its number and how the wrapper ended."""
    number, mark = jobs.ledger.mark()
    limit = 128 * 1024  # of a process whose stack is 512 KiB at most

    def small_stack():
        resource.setrlimit(resource.RLIMIT_STACK, (512 * 1024, 512 * 1024))

    words = ["-m", "fault", "-t", jobs.tags(), "run", script, mark]
    for size in range(limit, 0, -64):
        filler = ["x" * 30000] * (size // 30000) + ["x" * (size % 30000)]
        try:
            return jobs.due(number), jobs.machine.run(*words, *filler, preexec_fn=small_stack)
        except OSError as e:
            if e.errno != errno.E2BIG:
                raise


@case("E7", "command not found, not executable, a directory, bad interpreter, arguments too long",
      "127 or 126; errno's text in the message", BOTH)
def not_started(t):
    jobs = Jobs(t)

    def script(name, first, mode=0o755):
        path = t.world.path(name)
        with open(path, "w") as file:
            file.write(f"{first}\nexit 9\n")
        os.chmod(path, mode)
        return path

    ways = {
        "nonesuch": (127, errno.ENOENT),
        t.world.path("nonesuch"): (127, errno.ENOENT),
        script("bad-interpreter", "#!/no/such/interpreter"): (127, errno.ENOENT),
        script("not-executable", "#!/bin/sh", 0o644): (126, errno.EACCES),
        t.world.directory: (126, errno.EACCES),
        script("no-header", ""): (126, errno.ENOEXEC),
        script("file", "") + "/below": (126, errno.ENOTDIR),
    }
    sent = {}
    for word, (status, code) in ways.items():
        number, mark = jobs.ledger.mark()
        done = jobs.machine.run("-m", "fault", "-t", jobs.tags(), "run", word, mark)
        t.same(f"{word}: status", status, done.status)
        sent[jobs.due(number)] = os.strerror(code)
        t.did("jobs that cannot start")
    number, done = too_long(jobs, script("long", "#!/bin/sh -" + "e" * 200))
    t.same("too long: status", 126, done.status)
    sent[number] = os.strerror(errno.E2BIG)
    t.did("jobs that cannot start")
    stored = jobs.settle()
    t.same("reasons", sent, {n: m["outcome"].get("start_error") for n, m in stored.items()})
    t.same("states", {"fail"}, {m["state"] for m in stored.values()})
    t.same("summaries", {n: f"not started: {text}" for n, text in sent.items()},
           {n: m["summary"] for n, m in stored.items()})


@case("E8", "cron's environment: no LANG, HOME, terminal; short PATH; odd TZ", "`café` stored as `café`",
      BOTH)
def cron(t):
    jobs = Jobs(t)
    machine = jobs.machine
    monitors = os.path.join(machine.home, ".config/sheepdog/monitors")  # which nobody finds without HOME
    machine.configure(jobs.farm.redis and jobs.farm.redis.url, "(heartbeat no)", f'(monitor-path "{monitors}")')
    kept = ("SHEEPDOG_DATADIR", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "FAULT_TRACE")
    env = {name: machine.env[name] for name in kept}
    env.update(PATH="/usr/bin:/bin", SHEEPDOG_CONF=machine.config, LOGNAME="root", SHELL="/bin/sh")
    sent = []
    for zone in (None, "", "Nowhere/Land", "Pacific/Apia", "<+0130>-1:30", "../../etc/passwd", "X" * 3000):
        number, line = jobs.line("printf 'caf\\303\\251'; exit 5")
        tag = f"café{number}"
        more = {} if zone is None else {"TZ": zone}
        done = run([t.world.program("sheepdog"), *jobs.words(line, tag=tag)], {**env, **more},
                   start_new_session=True)
        t.same(f"TZ={zone}: status", 5, done.status)
        sent.append((jobs.due(number), tag))
        t.did("runs without an environment")
    stored = jobs.settle()
    t.same("tags and last words", [(tag, "café") for _, tag in sent],
           [(stored[n]["tag"], stored[n]["outcome"]["stdout"].splitlines()[-1]) for n, _ in sent if n in stored])
    recent = [abs(stored[n]["outcome"]["started"] - time.time()) < 600 for n, _ in sent if n in stored]
    t.same("times are right whatever TZ is", [True] * len(sent), recent)
