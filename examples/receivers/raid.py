#!/usr/bin/env python3
# raid.py -- a receiver in Python: a message comes as JSON on standard input, actions go out as JSON lines
# SPDX-License-Identifier: GPL-3.0-or-later
#
# In the server's configuration:
#   (receiver raid (exec "/usr/local/lib/sheepdog/raid.py"))
import json
import sys

message = json.load(sys.stdin)
degraded = message.get("fields", {}).get("degraded", [])
for array in degraded:
    # A fact: relation and arguments; the host of the message is implied.
    print(json.dumps(["store", ["raid", array, "degraded"]]))
if degraded:
    print(json.dumps(["notify", "degraded on %s: %s" % (message["host"], ", ".join(degraded))]))
print(json.dumps(["log", "info", "%s has %d degraded arrays" % (message["host"], len(degraded))]))
