#!/usr/bin/env python3
# redis_bark.py -- a bark in Python with nothing of ours installed: two lines over a socket to Redis
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: redis_bark.py HOST PORT TAG STATE SUMMARY
# What goes straight to the queue is only as safe as that Redis until the server has it.
import json
import socket
import sys

host, port, tag, state, summary = sys.argv[1:]
message = json.dumps({"host": socket.gethostname().split(".")[0], "tag": tag, "state": state, "summary": summary})
words = [word.encode() for word in ("XADD", "sheepdog:barks", "*", "message", message)]
with socket.create_connection((host, int(port)), timeout=2) as redis:
    redis.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
    reply = redis.recv(1024)
if not reply.startswith(b"$"):
    sys.exit("redis: " + reply.decode(errors="replace").strip())
