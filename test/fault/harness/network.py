# network.py -- a network of two ends that goes down, swallows, refuses or crawls
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import subprocess

from harness.trial import Skipped, need_root

NEAR, FAR = "198.18.7.1", "198.18.7.2"  # of the range for benchmarks (RFC 2544)


class Network:
    """A namespace of its own, reached at `address` by a pair of virtual cards. The methods that break it
    are undone by mend()."""

    def __init__(self, world):
        need_root()
        self.name = f"sheepdog-{os.getpid()}"
        self.near = f"sd{os.getpid()}"[:15]
        self.address = FAR
        self.inside = ("ip", "netns", "exec", self.name)
        self.undo = []
        world.at_end.append(self.close)
        self._ip("netns", "add", self.name)
        self._ip("link", "add", self.near, "type", "veth", "peer", "name", "far", "netns", self.name)
        self._ip("address", "add", f"{NEAR}/30", "dev", self.near)
        self._ip("link", "set", self.near, "up")
        self._far("address", "add", f"{FAR}/30", "dev", "far")
        self._far("link", "set", "far", "up")
        self._far("link", "set", "lo", "up")
        self.hardware = self._far("-br", "link", "show", "far").split()[2]

    def _run(self, *argv):
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            raise Skipped(f"{' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def _ip(self, *words):
        return self._run("ip", *words)

    def _far(self, *words):
        return self._run("ip", "-n", self.name, *words)

    def down(self):
        """The cable is out."""
        self._far("link", "set", "far", "down")
        self.undo = [lambda: self._far("link", "set", "far", "up")]

    def black_hole(self):
        """Packets go out and nobody ever answers."""
        self._ip("neighbour", "replace", FAR, "lladdr", self.hardware, "nud", "permanent", "dev", self.near)
        self._far("address", "del", f"{FAR}/30", "dev", "far")
        self.undo = [
            lambda: self._far("address", "add", f"{FAR}/30", "dev", "far"),
            lambda: self._ip("neighbour", "del", FAR, "dev", self.near),
        ]

    def reject(self):
        """A router says at once that there is no way."""
        self._ip("route", "add", "unreachable", f"{FAR}/32")
        self.undo = [lambda: self._ip("route", "del", "unreachable", f"{FAR}/32")]

    def crawl(self):
        """1 kbit/s to the far end."""
        self._run("tc", "qdisc", "add", "dev", self.near, "root", "tbf", "rate", "1kbit", "burst", "1600",
                  "latency", "100ms")
        self.undo = [lambda: self._run("tc", "qdisc", "del", "dev", self.near, "root")]

    def mend(self):
        undo, self.undo = self.undo, []
        for step in undo:
            step()

    def close(self):
        for argv in (["ip", "link", "del", self.near], ["ip", "netns", "del", self.name]):
            subprocess.run(argv, capture_output=True)
