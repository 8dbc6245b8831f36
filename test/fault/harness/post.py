# post.py -- a mailer (msmtp) and an SMTP server that treats each recipient as it is told
# SPDX-License-Identifier: GPL-3.0-or-later
import contextlib
import os
import shutil
import socket
import threading
import time

from harness.trial import Skipped

SENDMAIL = """\
#!/bin/sh
# sendmail -oi -f FROM -- TO
echo "$5" >> {directory}/calls
[ ! -e {directory}/"$5.status" ] || exit "$(cat {directory}/"$5.status")"
port=$(cat {directory}/"$5.port" 2> /dev/null || echo {port})
exec msmtp -C {directory}/msmtprc --host=127.0.0.1 --port="$port" "$@"
"""
MSMTPRC = "defaults\nauth off\ntls off\nadd_missing_date_header off\naccount default\nhost 127.0.0.1\n"


class Post:
    """`url` is the mailer for a configuration. `ways[RECIPIENT]` is how that one is treated:

    None     his mail is taken: appended to `mails`, (recipient, its bytes)
    b"451 come back later\\r\\n", say: the reply to RCPT
    "hang"   there is no reply, until mend()
    "crawl"  the reply comes a byte a second, until mend()
    """

    def __init__(self, world):
        if not shutil.which("msmtp"):
            raise Skipped("wants msmtp")
        self.directory = world.make("post")
        self.ways = {}
        self.mails = []
        self.mended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        world.at_end.append(self.close)
        self._write("msmtprc", MSMTPRC, 0o600)
        port = self.listener.getsockname()[1]
        self.program = self._write("sendmail", SENDMAIL.format(directory=self.directory, port=port), 0o700)
        self.url = f"sendmail://{self.program}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _write(self, name, text, mode=0o600):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def fail_with(self, recipient, status):
        """The mailer itself ends with this status."""
        self._write(f"{recipient}.status", str(status))

    def refuse(self, recipient):
        """Nobody listens where his mail goes."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._write(f"{recipient}.port", str(port))

    def mend(self):
        """From now on each mail is taken; who hangs in a connection is thrown out."""
        self.ways = {}
        for name in os.listdir(self.directory):
            if name.endswith((".status", ".port")):
                os.unlink(os.path.join(self.directory, name))
        self.mended.set()

    def calls(self, recipient):
        """How often the mailer was called for him."""
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.directory, "calls")) as file:
            return file.read().split().count(recipient)
        return 0

    def of(self, recipient, about=b""):
        """The mails of one, with these bytes in them."""
        return [mail for to, mail in list(self.mails) if to == recipient and about in mail]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, EOFError), connection, connection.makefile("rb") as file:
            connection.sendall(b"220 here\r\n")
            recipient = ""
            while line := file.readline():
                verb = line[:4].upper()
                if verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                    self._answer(connection, self.ways.get(recipient) or b"250 yes\r\n")
                elif verb == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    self.mails.append((recipient, self._body(file)))
                    connection.sendall(b"250 kept\r\n")
                elif verb == b"QUIT":
                    connection.sendall(b"221 bye\r\n")
                    return
                else:
                    connection.sendall(b"250 yes\r\n")

    def _answer(self, connection, way):
        if way == "hang":
            self.mended.wait()
            raise EOFError
        if way == "crawl":
            for byte in b"250 " + b"." * 500:
                if self.mended.is_set():
                    raise EOFError
                connection.sendall(bytes([byte]))
                time.sleep(1)
        else:
            connection.sendall(way)

    def _body(self, file):
        lines = []
        while (line := file.readline()) != b".\r\n":
            if not line:
                raise EOFError
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def close(self):
        self.mended.set()
        self.listener.close()
