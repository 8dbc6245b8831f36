# mail.py -- G: recipients who are busy, refuse, hang or crawl; many failures; texts that mean harm
# SPDX-License-Identifier: GPL-3.0-or-later
import email
import email.policy
import os
import sqlite3
import time
from collections import Counter

from harness import checker
from harness.farm import Farm
from harness.post import Post
from harness.process import run, wait
from harness.trial import case

MINUTE = 60_000


class Desk:
    """A server that mails to `names`, its outbox, and the post."""

    def __init__(self, t, *names):
        self.t = t
        self.farm = Farm(t)
        self.farm.ledger.subjects = 1000  # one that has failed before is not told of again
        self.post = Post(t.world)
        self.server = self.farm.server
        recipients = " ".join(f'"{name}@x"' for name in names)
        with open(self.server.config, "w", encoding="utf-8") as file:
            file.write(f'(config (queue "{self.farm.redis.url}") (database "{self.server.database}")'
                       f' (mailfrom "dog@x") (mailer "{self.post.url}") (mailto {recipients})'
                       ' (notify (group "0s" "0s") (limit 10000 "1h")))\n')
        self.farm.serve()

    def bark(self):
        """One failure of a subject of its own; the words by which its mails are known."""
        self.farm.machine.bark(self.farm.ledger)
        return f"number {self.farm.ledger.last}".encode()

    def rows(self, name, what="tries, next, done, error"):
        """The rows of his that are about failures of machines, not about mail."""
        with checker.reading(self.server.database) as db:
            return db.execute(f"SELECT {what} FROM outbox o WHERE recipient = ? AND EXISTS"
                              " (SELECT 1 FROM about a JOIN subject s ON s.id = a.subject"
                              " WHERE a.outbox = o.id AND s.monitor = 'fault') ORDER BY o.id",
                              (f"{name}@x",)).fetchall()

    def waits(self, name, tries):
        """In how many minutes his first row is tried again, if it has failed so often; else None."""
        failures = [line for line in self.server.said().splitlines()
                    if f"to {name}@x: " in line and line.endswith("tried again later")]
        if len(failures) == tries:
            return round((self.rows(name, "next")[0][0] - time.time() * 1000) / MINUTE)

    def pass_time(self, minutes):
        """Let all that waits have waited so long."""
        db = sqlite3.connect(self.server.database, timeout=30)
        with db:
            db.execute("UPDATE outbox SET next = next - ? WHERE next IS NOT NULL", (minutes * MINUTE,))
        db.close()

    def each_once(self):
        """No mail came twice."""
        known = Counter((to, email.message_from_bytes(mail)["Message-ID"]) for to, mail in self.post.mails)
        self.t.same("mails that came twice", [], [key for key, count in known.items() if count > 1])
        self.t.did("mails", len(known))


@case("G1", "exit 75, 4xx for 15 min, refused, hanging, 1 byte/s, then ok",
      "delivered once, growing gaps, other recipients not delayed")
def later(t):
    desk = Desk(t, "well", "busy", "grey", "refused", "hangs", "crawls")
    post = desk.post
    post.fail_with("busy@x", 75)
    post.ways = {"grey@x": b"451 come back later\r\n", "hangs@x": "hang", "crawls@x": "crawl"}
    post.refuse("refused@x")
    about = desk.bark()
    wait("who is well has it", lambda: post.of("well@x", about), 60)
    gaps = []
    for tries in (1, 2, 3, 4):
        several = [wait(f"{name}: try {tries}", lambda: desk.waits(name, tries), 30)  # noqa: B023
                   for name in ("busy", "grey", "refused")]
        gaps.append(tuple(several))
        desk.pass_time(max(several))
    t.same("gaps, minutes", [(n, n, n) for n in (1, 2, 4, 8)], gaps)
    began = time.monotonic()
    second = desk.bark()
    wait("who is well has the second", lambda: post.of("well@x", second), 20)
    t.within("another", time.monotonic() - began, 10)
    t.same("tries of those who hang", [1, 1], [desk.rows(name)[0][0] for name in ("hangs", "crawls")])
    post.mend()
    everybody = ("well", "busy", "grey", "refused", "hangs", "crawls")

    def delivered():
        desk.pass_time(60)
        return all(post.of(f"{name}@x", words) for name in everybody for words in (about, second))

    wait("all have both", delivered, 60, gap=1)
    wait("and that is noted", lambda: all(row[2] for name in everybody for row in desk.rows(name)), 20)
    t.same("each has them in order, once", {name: [about, second] for name in everybody},
           {name: [words for mail in post.of(f"{name}@x") for words in (about, second) if words in mail]
            for name in everybody})
    desk.each_once()
    desk.farm.settle()


@case("G2", "5xx for one of three recipients", "2 delivered, 1 marked and told once, no mail about mail in a loop")
def refused(t):
    desk = Desk(t, "first", "never", "third")
    post = desk.post
    post.ways = {"never@x": b"550 no such user\r\n"}
    for _ in range(t.rounds(20, 4)):
        about = desk.bark()
        for name in ("first", "third"):
            wait(f"{name} has it", lambda: post.of(f"{name}@x", about), 60)  # noqa: B023
        wait("his row is given up", lambda: desk.rows("never") and desk.rows("never")[-1][1] is None, 20)
    for tries, _, done, error in desk.rows("never"):
        t.same("his row", (1, None, True), (tries, done, bool(error) and "550" in error))
    t.same("calls of the mailer for him", len(desk.rows("never")), post.calls("never@x"))

    def told(name):
        return [mail for mail in post.of(f"{name}@x") if b"sheepdog mail" in mail]

    wait("the others are told of it", lambda: told("first") and told("third"), 30)
    desk.pass_time(24 * 60)
    words = desk.bark()
    wait("who is well goes on", lambda: post.of("third@x", words), 20)
    t.same("how often they are told", (1, 1, 0), tuple(len(told(name)) for name in ("first", "third", "never")))
    desk.each_once()
    desk.farm.settle()


def acknowledge_all(farm):
    """As a server does that is quick: no more than 1000 messages are under way, and none serves yet."""
    directory, name = os.path.split(farm.machine.files(".sent")[-1])
    farm.redis.command("HSET", "sheepdog:acks", os.path.basename(directory), int(name[:20]))


@case("G3", "10 000 failures of one job; then replay of the whole stream",
      "1 notification; replay: 0 new")
def many_failures(t):
    farm = Farm(t)
    redis, server, ledger = farm.redis.start(), farm.server, farm.ledger
    count = t.rounds(10_000, 1_000)
    ledger.subjects = 1
    for _ in range(count // 500):
        farm.machine.bark(ledger, 500)
        wait("all is in the queue", lambda: farm.machine.flush() and not farm.machine.waiting(), 60)
        acknowledge_all(farm)
    entries = redis.command("XRANGE", "sheepdog:barks", "-", "+", limit=60)
    t.same("entries", count, len(entries))
    farm.serve()
    server.catch_up(count, [], redis)

    def told():
        with checker.reading(server.database) as db:
            return db.execute("SELECT count(*), (SELECT failures FROM subject WHERE monitor = 'fault'),"
                              " (SELECT count(*) FROM message) FROM outbox o JOIN subject s ON s.id = o.subject"
                              " WHERE s.monitor = 'fault'").fetchone()

    before = told()
    t.same("notifications, failures", (1, count), before[:2])
    t.did("notifications", before[0])
    for _, words in entries:
        redis.command("XADD", "sheepdog:barks", "*", *words)
    t.did("replayed", len(entries))
    wait("the queue is empty", lambda: redis.length() == 0, 120)
    wait("nothing is to be handled", lambda: server.waiting() == 0, 60)
    t.same("the same after the replay", before, told())
    farm.settle()
    t.expect(t.counts["duplicates suppressed"] >= count, "no duplicates came: that was no replay")


TEXT = (".\n..\n.\nFrom me\n>From me\n~!touch obeyed\n~r /etc/passwd\n$(touch obeyed)\n`touch obeyed`\n.\r\nQUIT\r\n"
        "MAIL FROM:<x@x>\r\n" + "x" * 75 + ".\n" + "NUL \0 ESC \x1b[2J tab\t blank at the end \ncaf\u00e9 \u20ac"
        " \U0001f415\nBcc: evil@x\n" + "y" * 1_000_000 + "\nend\n")
SEND = """\
(use-modules (sheepdog effect) (ice-9 textual-ports))
(run-now (send-mail #:mailer "{mailer}" #:from "dog@x" #:to "whole@x" #:subject {subject}
                    #:text (call-with-input-file "{file}" get-string-all #:encoding "UTF-8")
                    #:id "<whole@example.org>" #:time 1795335303000))
"""


@case("G4", "body with a line `.`, `From `, 8-bit, NUL, a line of 1 MB, `~!sh`",
      "intact as MIME; nothing executed")
def strange_text(t):
    world = t.world
    post = Post(world)
    home, path, script = world.make("home"), world.path("text"), world.path("send.scm")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(TEXT)
    subject = "$(touch obeyed)\\r\\nBcc: evil@x " + "x" * 3000
    with open(script, "w") as file:
        file.write(SEND.format(mailer=post.url, subject=f'"{subject}"', file=path))
    done = run([world.program("sheepdog-guile"), script], world.env(home), cwd=home, limit=120)
    t.same("status", 0, done.status)
    t.did("bytes", len(TEXT.encode()))
    t.same("recipients", ["whole@x"], [to for to, _ in post.mails])
    raw = post.mails[0][1]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    got = message.get_payload(decode=True).decode().replace("\r\n", "\n")
    t.expect(got == TEXT, "the text was changed")
    t.same("lines of more than 998", 0, sum(len(line) > 998 for line in raw.split(b"\r\n")))
    t.same("Bcc", None, message["Bcc"])
    t.expect("$(touch obeyed)" in message["Subject"] and message["Subject"].endswith("x" * 3000),
             f"another subject: {message['Subject'][:80]!r}")
    t.same("obeyed", [], [name for name in os.listdir(home) if "obeyed" in name])
