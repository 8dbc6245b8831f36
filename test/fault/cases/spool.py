# spool.py -- A: a spool on a bad disk, with damaged files, without rights, with many writers, full
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from harness import calls, spool
from harness.checker import reading
from harness.disk import mount
from harness.farm import BOTH, Farm
from harness.trial import Skipped, case

WORDS = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}
PATIENCE = 2  # seconds that a wrapper waits for what drains
FAILING = (("EIO", "openat,write,fsync,rename,renameat,renameat2,mkdir,mkdirat,getdents64,flock"),
           ("ENOSPC", "openat,write,fsync,rename,renameat,renameat2,mkdir,mkdirat"))
FAILING_STANDALONE = (("EIO", "pread64,pwrite64,fdatasync,ftruncate"), ("ENOSPC", "pwrite64,fdatasync"))


def files_of(machine):
    """What a wrapper of this machine may touch: strace wants whole names. A job's own calls are not
    to be hit."""
    paths = [machine.state, machine.spool]
    for sender in os.listdir(machine.spool) if os.path.isdir(machine.spool) else ():
        directory = os.path.join(machine.spool, sender)
        numbers = [int(name[:20]) for name in os.listdir(directory) if name[:20].isdigit()]
        following = f"{max(numbers, default=0) + 1:020}"
        paths += [directory, os.path.join(directory, "hand-over")]
        paths += [os.path.join(directory, following + end)
                  for end in (".new", ".new.tmp", ".tmp", ".sent", ".done")]
    for name in ("queue.db", "sheepdog.db"):
        paths += [os.path.join(machine.state, name + end)
                  for end in ("", "-wal", "-shm", ".daemon", ".round", ".mark")]
    return [*paths, os.path.join(machine.state, "queue.workers")]


@case("A3", "EIO and ENOSPC at the k-th call, once and for good",
      "job's status kept; stderr names file and errno; stored or printed, never neither",
      BOTH, limit=3600)
def failing_calls(t):
    farm = Farm(t)
    if farm.redis:
        farm.redis.start()
    machine, ledger = farm.machine, farm.ledger
    wrong = []

    def attempt(error, k, call, forever):
        when = f"{k}+" if forever else f"{k}"
        injection = calls.Injection(t.world, call, f"error={error}", when, files_of(machine))
        number, command = ledger.command(7)
        done = machine.run("-t", "t1", "-e", command, under=injection.argv)  # no plugin to be compiled
        where = f"{error} at {call} {when}: {done.said}"
        printed = f"FAULT {number} " in done.said
        hit = injection.hit()
        # Kept, because the child that drains needs longer than the wrapper waits.
        unknown = done.seconds > PATIENCE and ": warning: " not in done.said
        if done.status != 7:
            wrong.append(f"status {done.status}; {where}")
        elif hit and (printed or "kept)" in done.said or "cannot keep" in done.said) and not unknown:
            # SQLite's words for a file of which it cannot read the beginning, or that it can only read.
            its_words = error == "EIO" and "malformed" in done.said or "readonly database" in done.said
            if not (its_words or WORDS[error] in done.said) or machine.state not in done.said.replace("~", machine.home):
                wrong.append(f"file or errno not named; {where}")
        if printed:
            ledger.attempted.discard(number)
        else:
            ledger.told_durable([number])
        return hit

    machine.wrap(ledger, 7)
    failing = FAILING + (FAILING_STANDALONE if farm.standalone else ())
    ways = [(error, call, forever) for error, names in failing
            for call in names.split(",") for forever in (False, True)]
    t.did("failing calls", 0)
    for error, call, forever in t.sample(ways, 8):
        k = 1
        while attempt(error, k, call, forever):
            t.did("failing calls")
            k += t.random.randint(1, 4 * k) if t.short else 1 + k // 20
    t.same("wrong", [], wrong[:5])
    farm.settle(count=0)


def flip(path, offset, bit):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def damage(t, path, i):
    """The i-th way to spoil a file: a bit flipped at offset i as long as the file has one, then others."""
    size = os.path.getsize(path)
    if i < size:
        flip(path, i, t.random.randrange(8))
        return
    way = (i - size) % 6
    if way == 0:
        os.truncate(path, t.random.randrange(1, size))
        return
    os.unlink(path)
    if way == 1:
        open(path, "wb").close()
    elif way == 2:
        with open(path, "wb") as file:
            file.write(b"\xff" * 5_000_000)
    elif way == 3:
        os.mkdir(path)
    elif way == 4:
        os.mkfifo(path)
    else:
        os.symlink(t.world.path("planted"), path)


@case("A6", "spool file truncated, a bit flipped at each offset, empty, 5 MB of 0xff, directory, FIFO, link",
      "N files: N - 1 sent, 1 in bad/; link, FIFO never opened", BOTH)
def damaged_files(t):
    farm = Farm(t)
    machine, ledger = farm.machine, farm.ledger
    if farm.standalone:  # a queue that fails keeps them in the spool
        os.makedirs(os.path.join(machine.state, "queue.db"))
    ledger.bytes = (20, 20)  # all files of about one size
    machine.bark(ledger)
    size = os.path.getsize(machine.files(".new")[0])
    count = 2 * (size + 24)
    machine.bark(ledger, count - 1, limit=200)
    files = machine.files(".new")
    t.same("messages that wait", count, len(files))
    shutil.copy(files[0], t.world.path("planted"))
    spoiled = files[1::2]
    numbers = {spool.number_in(path) for path in spoiled}
    for i, path in enumerate(spoiled):
        damage(t, path, i)
    t.did("damaged files", len(spoiled))
    ledger.durable -= numbers
    if farm.standalone:
        os.rmdir(os.path.join(machine.state, "queue.db"))
    else:
        farm.redis.start()
    calls.need_strace()
    log = t.world.path("opened")
    special = {path for path in spoiled if os.path.islink(path) or not os.path.isfile(path)}
    done = machine.run("queue", "flush", under=["strace", "-f", "-q", "-o", log, "-e", "trace=openat"])
    t.same("status of queue flush", 0, done.status)
    with open(log, errors="replace") as file:
        opened = [line for line in file if any(f'"{os.path.basename(path)}"' in line for path in special)]
    t.same("links, FIFOs and directories that were opened", [], opened[:3])
    farm.settle()
    t.same("bad files and those that were read all the same", len(spoiled),
           machine.bad() + t.counts.get("recovered", 0))


NOBODY = 65534


def as_nobody():
    """Options of Popen for a user without rights; none for us if we are one."""
    return {} if os.geteuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def give_to_nobody(t, machine):
    os.chmod(t.world.directory, 0o755)
    if os.geteuid() == 0:
        for directory, _, files in os.walk(machine.home):
            for path in (directory, *(os.path.join(directory, name) for name in files)):
                os.chown(path, NOBODY, NOBODY)
    if machine.run("--version", **as_nobody()).status != 0:
        raise Skipped("the build is closed to a user without rights")


def no_spool(t, machine):
    os.rmdir(machine.spool)
    os.chmod(machine.state, 0o500)


def not_writable(t, machine):
    os.chmod(machine.spool, 0o500)


def of_another(t, machine):
    for path in (os.path.dirname(machine.state), machine.state, machine.spool):
        os.chown(path, 0, 0)
        os.chmod(path, 0o755)


def read_only(t, machine):
    mount(t.world, machine.spool, f"ro,mode=0700,uid={NOBODY},gid={NOBODY}")


CLOSED = {"missing": no_spool, "mode 0500": not_writable}
CLOSED_BY_ROOT = {"owned by another": of_another, "on a read-only mount": read_only}


@case("A8", "spool missing, mode 0500, owned by another, on a read-only mount",
      "job runs, status kept, sent directly, one clear line")
def closed_spool(t):
    ways = {**CLOSED, **(CLOSED_BY_ROOT if os.geteuid() == 0 else {})}
    farm = Farm(t, machines=len(ways), options=("--save", "", "--unixsocketperm", "777"))
    redis = farm.redis.start()
    for machine, (way, close) in zip(farm.machines, ways.items()):
        os.makedirs(machine.spool, mode=0o700)
        give_to_nobody(t, machine)
        close(t, machine)
        before = redis.length()
        done = machine.wrap(farm.ledger, 7, **as_nobody())
        t.did("closed spools")
        t.same(f"{way}: status", 7, done.status)
        t.same(f"{way}: sent directly", before + 1, redis.length())
        warnings = [line for line in done.said.splitlines() if ": warning:" in line and "spool" in line]
        t.expect(len(warnings) == 1 and machine.spool in warnings[0].replace("~", machine.home),
                 f"{way}: no single clear line: {done.said}")
    farm.ledger.told_durable(farm.ledger.attempted)  # this Redis lives on
    farm.settle()


@case("A9", "20 processes on one spool, 500 messages each", "10 000 numbers without a hole, 0 lost", BOTH)
def many_writers(t):
    farm = Farm(t)
    each = t.rounds(500, 50)
    if farm.redis:
        farm.serve()
    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(lambda _: farm.machine.bark(farm.ledger, each, limit=250), range(20)))
    t.did("processes", 20)
    t.same("their statuses", {0}, {one.status for one in done})
    farm.settle()
    with reading(farm.machine.database if farm.standalone else farm.server.database) as db:
        t.same("lowest, highest and count of the numbers", (1, 20 * each, 20 * each),
               db.execute("SELECT min(seq), max(seq), count(DISTINCT seq) FROM message").fetchone())
