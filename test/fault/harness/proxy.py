# proxy.py -- stands between a program and its Redis, and spoils what passes
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import random
import socket
import threading
import time

UP, DOWN = "up", "down"  # to Redis, to the program


class Link:
    """One connection through the proxy: a thread for each direction."""

    def __init__(self, proxy, near, far):
        self.proxy = proxy
        self.deaf = False  # the program hears nothing more
        self.ends = {UP: (near, far), DOWN: (far, near)}
        for direction in (UP, DOWN):
            threading.Thread(target=self._carry, args=(direction,), daemon=True).start()

    def _carry(self, direction):
        source, target = self.ends[direction]
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                data = self.proxy.spoil(direction, data)
                if direction == UP and self.proxy.unanswered and self.proxy.unanswered in data:
                    self.deaf = True
                if data and not (direction == DOWN and self.deaf):
                    target.sendall(data)
        self.close()

    def close(self):
        for end in self.ends[UP]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def half_close(self, direction):
        """The receiver of this direction sees the end; the other direction goes on."""
        with contextlib.suppress(OSError):
            self.ends[direction][1].shutdown(socket.SHUT_WR)


class Proxy:
    """Listens at `url`. What it does to the bytes of a direction is changed at any time:

    delay[DIRECTION]     seconds that each piece waits
    dropped              directions whose bytes vanish while the connection stays
    unanswered           a word, such as b"XADD": what asks it reaches Redis, and hears nothing more
    corrupt              the part of pieces in which a bit is flipped, 0 to 1
    throttle             bytes a second, None: as they come
    """

    def __init__(self, world, target, seed, name="proxy"):
        self.socket = world.path(f"{name}.sock")
        self.url = f"unix:{self.socket}"
        self.target = target
        self.chance = random.Random(seed)
        self.delay = {UP: 0.0, DOWN: 0.0}
        self.dropped = set()
        self.unanswered = b""
        self.corrupt = 0.0
        self.throttle = None
        self.links = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        os.chmod(self.socket, 0o777)
        self.listener.listen(64)
        world.at_end.append(self.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self.target)
                except OSError:
                    near.close()
                    continue
                self.links.append(Link(self, near, far))

    def spoil(self, direction, data):
        if self.delay[direction]:
            time.sleep(self.delay[direction])
        if self.throttle:
            time.sleep(len(data) / self.throttle)
        if direction in self.dropped:
            return b""
        if self.corrupt and self.chance.random() < self.corrupt:
            at = self.chance.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ (1 << self.chance.randrange(8))]) + data[at + 1:]
        return data

    def cut(self):
        """Close all connections; new ones are taken."""
        links, self.links = self.links, []
        for link in links:
            link.close()

    def half_close(self, direction):
        for link in self.links:
            link.half_close(direction)

    def close(self):
        self.listener.close()
        self.cut()
