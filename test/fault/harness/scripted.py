# scripted.py -- a Redis that says what it is told to say
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import socket
import threading

from harness.redis import read_reply


class ScriptedRedis:
    """Answers each command by `answer(words)`, which gives the bytes of the reply, or None: silence.
    `asked` are the commands that came, lists of text."""

    def __init__(self, world, answer, name="scripted"):
        self.socket = world.path(f"{name}.sock")
        self.url = f"unix:{self.socket}"
        self.answer = answer
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        os.chmod(self.socket, 0o777)
        self.listener.listen(64)
        world.at_end.append(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, ConnectionError), connection, connection.makefile("rb") as file:
            while True:
                words = [word.decode(errors="replace") for word in read_reply(file)]
                self.asked.append(words)
                reply = self.answer(words)
                if reply is not None:
                    connection.sendall(reply)


def error(words):
    return f"-{words}\r\n".encode()
