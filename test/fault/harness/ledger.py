# ledger.py -- the messages we make, and what we were told of each
# SPDX-License-Identifier: GPL-3.0-or-later
import hashlib
import json
import os
import re
import threading

MARK = re.compile(r"FAULT (\d+) ([0-9a-f]*) ([0-9a-f]{64})")


def digest(number, body):
    return hashlib.sha256(f"{number} {body}".encode()).hexdigest()


def _words(outcome):
    if "start_error" in outcome:
        return " ".join(outcome.get("argv", ()))
    return outcome.get("stdout", "")


def number_of(message):
    """The number of a stored message (an object) of ours if its SHA-256 fits, else None. A message
    of a wrapped job has both in its output; of one that never ran, among its arguments."""
    if "sha256" in message:
        number, body, sha = message.get("number"), message.get("body"), message["sha256"]
    else:
        outcome = message.get("outcome") or {}
        found = MARK.search(_words(outcome)) if isinstance(outcome, dict) else None
        if not found:
            return None
        number, body, sha = int(found[1]), found[2], found[3]
    return number if sha == digest(number, body) else None


class Ledger:
    """Makes numbered messages, and keeps a file of which were attempted and which we were told are
    durable: a program of ours returned. The file is flushed to the disk before we go on."""

    def __init__(self, path, chance, subjects=10, bytes=(20, 200)):
        self.chance = chance
        self.subjects = subjects
        self.bytes = bytes
        self.states = ("fail",)  # by the number, so that each subject has one: nobody is told twice
        self.attempted = set()
        self.durable = set()
        self.lock = threading.Lock()
        self.last = 0
        self.file = open(path, "a", encoding="ascii")  # noqa: SIM115 (as long as we)

    def _next(self):
        with self.lock:
            self.last += 1
            self.attempted.add(self.last)
            self.file.write(f"attempted {self.last}\n")
            body = self.chance.randbytes(self.chance.randint(*self.bytes)).hex()
            return self.last, body

    def message(self, **more):
        """One message, an object; it counts as attempted from now on."""
        number, body = self._next()
        return {
            "tag": f"t{number % self.subjects}",
            "monitor": "fault",
            "state": self.states[number % len(self.states)],
            "summary": f"number {number}",
            "number": number,
            "body": body,
            "sha256": digest(number, body),
            **more,
        }

    def mark(self):
        """A number, and words of a shell command that carry it with its SHA-256."""
        number, body = self._next()
        return number, f"FAULT {number} {body} {digest(number, body)}"

    def command(self, status):
        """A number and a shell command that fails with `status` and prints number and SHA-256."""
        number, mark = self.mark()
        return number, f"echo {mark}; exit {status}"

    def lines(self, count, **more):
        """The numbers and the JSON lines of `count` messages."""
        messages = [self.message(**more) for _ in range(count)]
        text = "".join(json.dumps(message) + "\n" for message in messages)
        return [message["number"] for message in messages], text.encode()

    def told_durable(self, numbers):
        with self.lock:
            self.durable.update(numbers)
            self.file.write("".join(f"durable {number}\n" for number in numbers))
            self.file.flush()
            os.fdatasync(self.file.fileno())
