# disk.py -- disks that lose their power, and disks that are full
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import fcntl
import os
import struct
import subprocess

from harness.process import wait
from harness.trial import Skipped, Violated, need_root

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2  # EXT4_GOING_FLAGS_NOLOGFLUSH: what is not on the disk yet never will be


def _call(*argv):
    done = subprocess.run(argv, capture_output=True)
    if done.returncode:
        raise Skipped(f"{argv[0]} does not work here: {done.stderr.decode(errors='replace').strip()}")


class Disk:
    """ext4 in a file. cut() is a power cut: afterwards writing fails, and mount() shows what was on
    the disk at that moment. Whoever wrote to it must have ended before mount()."""

    def __init__(self, world, name="disk", mib=256):
        need_root()
        self.image = world.path(f"{name}.img")
        self.mountpoint = world.make(name)
        with open(self.image, "wb") as file:
            file.truncate(mib << 20)
        _call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", self.image)
        world.at_end.append(self.unmount)
        self.mount()

    def path(self, *names):
        return os.path.join(self.mountpoint, *names)

    def mount(self):
        _call("mount", "-o", "loop", self.image, self.mountpoint)
        self.mounted = True

    def cut(self):
        fd = os.open(self.mountpoint, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def unmount(self):
        if not self.mounted:
            return
        with contextlib.suppress(Violated):
            wait("unmount", lambda: subprocess.run(["umount", self.mountpoint],
                                                   capture_output=True).returncode == 0, 10)
            self.mounted = False
        if self.mounted:
            subprocess.run(["umount", "-l", self.mountpoint], capture_output=True)
            self.mounted = False

    def power_back(self):
        self.unmount()
        self.mount()


def mount(world, directory, options):
    """A file system in memory, for the life of `world`."""
    need_root()
    _call("mount", "-t", "tmpfs", "-o", options, "sheepdog-fault", directory)
    world.at_end.append(lambda: subprocess.run(["umount", "-l", directory], capture_output=True))


class Small:
    """A file system of `size`, such as `2M`, on `directory`."""

    def __init__(self, world, directory, size="2M"):
        os.makedirs(directory, mode=0o700, exist_ok=True)
        mount(world, directory, f"size={size},mode=0700")
        self.ballast = os.path.join(directory, "ballast")

    def fill(self):
        """Leave no room for a byte."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self):
        os.unlink(self.ballast)
