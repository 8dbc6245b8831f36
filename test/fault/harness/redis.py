# redis.py -- a Redis of our own on a Unix socket, and just enough of its protocol
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import signal
import socket

from harness.process import Service, wait
from harness.trial import Violated


class Refused(Exception):
    """What Redis answered instead, in its words."""


def encode(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def read_reply(file):
    """One reply from the binary file; errors inside of lists stay Refused values."""
    line = file.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("Redis closed the connection")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest
    if kind == b"-":
        return Refused(rest.decode(errors="replace"))
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
    if kind == b"*":
        return [read_reply(file) for _ in range(int(rest))] if int(rest) >= 0 else None
    raise ConnectionError(f"no reply of Redis: {line[:80]!r}")


class Redis:
    """`options` as on its command line; its data lies in `directory`."""

    def __init__(self, world, name="redis", options=("--save", "", "--appendonly", "no"),
                 directory=None, env=None, listen=("--port", "0"), before=()):
        self.world = world
        self.name = name
        self.options = options
        self.directory = directory or world.make(name)
        self.socket = world.path(f"{name}.sock")
        self.url = f"unix:{self.socket}"
        self.env = {**world.base, **(env or {})}
        self.listen = tuple(listen)
        self.before = before  # words in front of the command: `ip netns exec NAME`
        self.service = None

    def start(self):
        argv = [*self.before, self.world.program("redis-server"), *self.listen,
                "--unixsocket", self.socket, "--dir", self.directory,
                "--daemonize", "no", *self.options]
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        self.service = Service(argv, self.env, self.world.path(f"{self.name}.log"))
        try:
            wait(f"{self.name} answers", self._is_ours, 20)
        except Violated as e:
            raise Violated(f"{e}: {self.service.said()[-800:]}") from None
        return self

    def _is_ours(self):
        """The one that answers must be our child: a socket may be left from another."""
        if not self.service.alive():
            raise Violated(f"{self.name} ended: {self.service.said()[-800:]}")
        with contextlib.suppress(OSError, Refused):
            return self.info("server").get("process_id") == str(self.service.pid)

    def command(self, *words, limit=10):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(limit)
            connection.connect(self.socket)
            connection.sendall(encode(*words))
            with connection.makefile("rb") as file:
                reply = read_reply(file)
        if isinstance(reply, Refused):
            raise reply
        return reply

    def info(self, section):
        lines = self.command("INFO", section).decode().split("\r\n")
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def added(self):
        """How many entries its stream ever got."""
        try:
            reply = self.command("XINFO", "STREAM", "sheepdog:barks")
        except Refused:
            return 0
        fields = dict(zip(reply[::2], reply[1::2]))
        return fields.get(b"entries-added", 0)

    def length(self):
        return self.command("XLEN", "sheepdog:barks")

    def alive(self):
        return self.service is not None and self.service.alive()

    def kill(self):
        self.service.end(signal.SIGKILL)

    def stop(self):
        self.service.end(signal.SIGTERM)

    def pause(self):
        self.service.send(signal.SIGSTOP)

    def resume(self):
        self.service.send(signal.SIGCONT)
