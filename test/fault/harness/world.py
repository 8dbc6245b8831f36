# world.py -- a place of its own for one trial: directory, environment, programs of the build
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import shutil
import subprocess
import tempfile

from harness import process

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
HERE = os.path.join(TOP, "test", "fault")
FOREIGN = ("SHEEPDOG_CONF", "NOTIFY_SOCKET", "JOURNAL_STREAM", "MAILTO", "EMAIL", "LD_PRELOAD")


def build_environment():
    """What build/pre-inst-env gives to a program, without what would lead out of our world."""
    wrapper = os.path.join(os.environ.get("SHEEPDOG_BUILD", os.path.join(TOP, "build")), "pre-inst-env")
    listing = subprocess.run([wrapper, "env", "-0"], check=True, capture_output=True).stdout
    env = dict(word.split("=", 1) for word in listing.decode().split("\0") if word)
    env["PATH"] += ":/usr/sbin:/sbin"
    env["TZ"] = "UTC"
    return {name: value for name, value in env.items() if name not in FOREIGN}


class World:
    """`directory` is removed at the end unless the trial failed; so are mounts and processes, always."""

    def __init__(self, name):
        self.directory = tempfile.mkdtemp(prefix=f"sheepdog-fault-{name.replace('/', '-')}.")
        self.base = build_environment()
        self.at_end = []  # procedures, last first
        process.adopt_orphans()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def make(self, *names, mode=0o700):
        path = self.path(*names)
        os.makedirs(path, mode=mode, exist_ok=True)
        return path

    def env(self, home, **more):
        """The environment of one machine, whose home is the directory `home`."""
        for name in ("run", ".config/sheepdog"):
            os.makedirs(os.path.join(home, name), mode=0o700, exist_ok=True)
        return {
            **self.base,
            "HOME": home,
            "XDG_STATE_HOME": os.path.join(home, "state"),
            "XDG_CONFIG_HOME": os.path.join(home, ".config"),
            "XDG_RUNTIME_DIR": os.path.join(home, "run"),
            **more,
        }

    def program(self, name):
        return shutil.which(name, path=self.base["PATH"]) or name

    def close(self, keep):
        for end in reversed(self.at_end):
            end()
        process.end_all()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


def preload(world, name):
    """Compile test/fault/preload/NAME.c; the path of the library."""
    library = world.path(f"{name}.so")
    if not os.path.exists(library):
        source = os.path.join(HERE, "preload", f"{name}.c")
        compiler = shutil.which("cc") or shutil.which("gcc") or "c++"
        subprocess.run(
            [compiler, "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", library, source, "-ldl"],
            check=True,
        )
    return library
