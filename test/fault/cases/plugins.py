# plugins.py -- D: receivers that raise, loop, spoil their process or leave things behind
# SPDX-License-Identifier: GPL-3.0-or-later
import os

from harness.kennel import Kennel
from harness.process import resident, run, wait
from harness.trial import case
from harness.world import HERE

RAISING = {
    "errors": '(error "x")',
    "throws": "(throw 'k)",
    "raises": "(raise-exception 42)",
    "quits": "(exit 0)",
    "jumps": "(abort-to-prompt (default-prompt-tag) 1)",
    "jumps-nowhere": "(abort-to-prompt (make-prompt-tag) 1)",
    "recurses": "(let deeper () (+ 1 (deeper)))",
}


@case("D1", '`(error "x")` `(throw \'k)` `(raise 42)` `(exit 0)` `(primitive-exit 7)` `(abort-to-prompt ...)`',
      "counted, aside after 3; other receivers ran; state and notice as always")
def raising(t):
    kennel = Kennel(t)
    places = {name: kennel.monitor(name, body, 5) for name, body in RAISING.items()}
    kennel.monitor("exits", "(primitive-exit 7)", 5)
    kennel.farm.serve()
    for name in (*RAISING, "exits"):
        kennel.bite(name)
        kennel.bark()
    kennel.until_handled()
    reasons = kennel.aside()
    t.same("aside", sorted((*RAISING, "exits")), sorted(reasons))
    for name, path in places.items():
        words = f"its receiver failed 3 times: {path}:"
        t.expect(reasons.get(name, "").startswith(words), f"{name}: no {words!r} in {reasons.get(name)!r}")
    t.same("why exits is aside", "monitor exits: its receiver ended with status 7", reasons.get("exits"))
    kennel.told_as_always()
    kennel.farm.settle(aside=len(RAISING) + 1)


LIMIT = 0.5
ENDLESS = {
    "loops": "(forever)",
    "sleeps": "(begin (sleep 1000) '())",
    "reads": "(begin (read-char (car (pipe))) '())",
    "unwinds": "(dynamic-wind (const #t) (const '()) forever)",
    "catches": "(let again () (catch #t forever (lambda _ (again))))",
}


@case("D2", "endless loop, `(sleep 1000)`, read from a pipe, loop in an unwinder",
      "dead at its limit, others late by ≤ limit + 2 s", alone=True)
def endless(t):
    kennel = Kennel(t)
    for name, body in ENDLESS.items():
        kennel.monitor(name, body, LIMIT)
    kennel.farm.serve()
    kennel.bark()
    slowest = 0.0
    for name in t.sample(ENDLESS, 3):
        kennel.bite(name)
        while True:
            slowest = max(slowest, kennel.bark())
            if name in kennel.aside():
                break
    t.within("others", slowest, LIMIT + 2)
    kennel.until_handled()
    words = f"its receiver ran longer than {LIMIT} s: killed"
    t.same("aside", {name: f"monitor {name}: {words}" for name in kennel.bitten}, kennel.aside())
    kennel.told_as_always()
    t.expect(kennel.lonely(), "the server has other processes than its worker")
    kennel.farm.settle(aside=len(kennel.bitten))


SPOILING = {
    "moves": "(begin (chdir \"/\") '())",
    "masks": "(begin (umask 0) '())",
    "speaks": "(begin (setlocale LC_ALL \"C\") (setenv \"LC_ALL\" \"C\") '())",
    "ignores": "(begin (sigaction SIGTERM SIG_IGN) (sigaction SIGCHLD SIG_IGN) '())",
}
CLOSING = {
    "closes": "(begin (for-each (lambda (fd) (false-if-exception (close-fdes fd))) (iota 21)) '())",
    "dups": "(begin (for-each (lambda (fd) (false-if-exception (dup2 0 fd))) (iota 18 3)) '())",
}


@case("D3", "closes 0-20, `chdir`, `umask`, `setlocale`, `sigaction`, `dup2`",
      "neither daemon nor next message is harmed")
def spoiling(t):
    kennel = Kennel(t)
    for name, body in {**SPOILING, **CLOSING}.items():
        kennel.monitor(name, body, 5)
    kennel.monitor("tells", "`((store (told ,(message-host message) ,(getcwd) ,(umask) ,(setlocale LC_ALL))))",
                   5)
    kennel.farm.serve()

    def tell(host):
        kennel.send(host, "tells", "ok")
        query = f"SELECT k1, k2, value FROM _fact WHERE relation = 'told' AND host = '{host}'"
        return wait("what it is like is told", lambda: kennel.ask(query), 60)

    before = tell("before")
    for name in (*SPOILING, *CLOSING):
        kennel.bite(name)
        t.same(f"directory, mask and locale after {name}", before, tell(f"after-{name}"))
        kennel.bark()
    kennel.until_handled()
    t.same("aside", sorted(CLOSING), sorted(kennel.aside()))
    for name, reason in kennel.aside().items():
        t.expect(reason.startswith(f"monitor {name} harmed the worker:"), reason)
    kennel.told_as_always()
    t.expect(kennel.lonely(), "the server has other processes than its worker")
    t.same("SIGTERM still ends it", 0, kennel.server.end())
    kennel.farm.settle(aside=len(CLOSING))


LEAVING = {
    "forks": "(begin (when (zero? (primitive-fork)) (forever)) '())",
    "forks-and-goes-on": "(begin (primitive-fork) '())",
    "leaves": '(begin (system "sleep 600 &") \'())',
    "leaves-a-session": '(begin (system "setsid sleep 600 &") \'())',
    "spins": "(begin (call-with-new-thread forever) '())",
    "leaves-a-zombie": "(begin (when (zero? (primitive-fork)) (primitive-_exit 0)) '())",
}


@case("D4", "forks, leaves children, starts a thread without end", "gone with the attempt; 0 zombies")
def leaving(t):
    kennel = Kennel(t)
    for name, body in LEAVING.items():
        kennel.monitor(name, body, 5)
    kennel.farm.serve()
    kennel.bark()
    for name in LEAVING:
        for _ in range(t.rounds(5, 1)):
            kennel.bite(name)
            kennel.bark()
        kennel.until_handled()
        wait(f"{name}: no process is left but the worker", kennel.lonely, 10)
        threads = len(os.listdir(f"/proc/{kennel.worker()}/task"))
        t.expect(threads < 16, f"{name}: {threads} threads")
    t.same("aside", {}, kennel.aside())
    kennel.told_as_always()
    kennel.farm.settle()


RETURNING = {
    "number": "42",
    "text": '"yes"',
    "record": "(box 1)",
    "circle": "(let ((l (list 1))) (set-cdr! l l) l)",
    "circle-inside": "(let ((l (list 1))) (set-cdr! l l) (list (list 'store l)))",
    "procedure": "car",
    "improper": "'((store . 1) . 2)",
    "deep": "(let loop ((i 0) (l '())) (if (= i 100000) (list (list 'store l)) (loop (+ i 1) (list l))))",
    "unknown-handler": "'((no-such-handler 1))",
    "hostile": '(list (list "\\x1b;]0;owned\\a" 1))',
    "nothing": "(if #f #f)",
}


@case("D5", "returns wrong types, a record, a circular list, a procedure",
      "error names plugin and line; printed safely")
def returning(t):
    kennel = Kennel(t)
    places = {name: kennel.monitor(name, body, 5) for name, body in RETURNING.items()}
    kennel.farm.serve()
    for name in RETURNING:
        kennel.bite(name)
        kennel.bark()
    kennel.until_handled()
    reasons = kennel.aside()
    for name, path in places.items():
        reason = reasons.get(name, "")
        t.expect(reason.startswith(f"its receiver failed 3 times: {path}:"), f"{name}: {reason!r}")
        t.expect(len(reason) < 2000 and reason.isprintable(), f"{name}: not printed safely: {reason[:300]!r}")
    kennel.told_as_always()
    kennel.farm.settle(aside=len(RETURNING))


@case("D6", "every primitive with every wrong type, 10 000 times", "descriptors, memory, locks as before")
def wrong_types(t):
    world = t.world
    count = 10_000
    home = world.make("home")
    script = os.path.join(HERE, "wrong-types.scm")
    seed = t.random.randrange(1_000_000)
    done = run([world.program("sheepdog-guile"), script, str(count), str(seed)], world.env(home), limit=250,
               cwd=home)
    t.same("status", 0, done.status)
    words = done.out.decode(errors="replace").split()
    t.expect(len(words) == 4, f"it said {done.out[-500:]!r}, {done.said[-1000:]}")
    if len(words) == 4:
        calls, primitives, descriptors, growth = map(int, words)
        t.did("primitives", primitives)
        t.did("wrong calls", calls)
        t.same("descriptors more than before", 0, descriptors)
        t.measures["growth"] = f"{growth}KiB"
        t.expect(growth < 16 * 1024, f"memory grew by {growth} KiB")


@case("D7", "poison first of 1 000 under a start limit of 5 in 10 s",
      "999 handled, 1 aside, daemon never restarted")
def poison(t):
    kennel = Kennel(t)
    kennel.monitor("touchy", '(if (string=? "bad" (message-host message)) (forever)'
                             " `((store (touched ,(message-host message) 1))))", LIMIT)
    kennel.farm.redis.start()
    kennel.bite("touchy")
    kennel.machine.flush()
    count = t.rounds(999, 199)
    ledger = kennel.farm.ledger
    numbers, lines = [], b""
    for i in range(count):
        more, line = ledger.lines(1, host=f"h{i}", tag="t", monitor="touchy", state="ok")
        numbers += more
        lines += line
    t.same("status of bark", 0, kennel.machine.run("bark", "--json", input=lines).status)
    ledger.told_durable(numbers)
    kennel.farm.serve()
    pid = kennel.server.service.pid
    query = "SELECT count(*) FROM _fact WHERE relation = 'touched'"
    wait("all others are handled", lambda: kennel.server.waiting() == 0 and kennel.ask(query) == [(count,)],
         120, gap=0.1)
    wait("the poison is aside", lambda: "touchy" in kennel.aside(), 60, gap=0.1)
    t.same("why", f"monitor touchy: its receiver ran longer than {LIMIT} s: killed", kennel.aside()["touchy"])
    t.same("deaths", 3, kennel.server.said().count(": error: monitor touchy: its receiver ran"))
    t.expect(kennel.server.alive() and kennel.server.service.pid == pid, "the daemon ended")
    kennel.told_as_always()
    kennel.farm.settle(aside=1, count=0)


EATING = {
    "at-once": "(begin (make-vector 1000000000 1) '())",
    "by-and-by": "(let loop ((l '())) (loop (cons 1 l)))",
    "in-lumps": "(let loop ((l '())) (loop (cons (make-string 1000000) l)))",
    "for-good": "(let ((take (pointer->procedure '* (dynamic-func \"malloc\" (dynamic-link)) (list size_t))))"
                " (let loop () (unless (null-pointer? (take 1000000)) (loop))) '())",
}


@case("D8", "takes all memory: at once, bit by bit, without giving it back",
      "the plugin is named, the worker small again")
def eating(t):
    kennel = Kennel(t)
    for name, body in EATING.items():
        kennel.monitor(name, body, 20)
    kennel.farm.serve()
    for name in EATING:
        kennel.bite(name)
        kennel.bark()
    kennel.until_handled()
    reasons = kennel.aside()
    t.expect("Out of memory" in reasons.pop("at-once", ""), f"at-once: {kennel.aside().get('at-once')!r}")
    t.same("aside", {name: f"monitor {name} harmed the worker: it left no memory"
                     for name in EATING if name != "at-once"}, reasons)
    t.rss(resident(kennel.worker()), 128)
    kennel.told_as_always()
    kennel.farm.settle(aside=len(EATING))
