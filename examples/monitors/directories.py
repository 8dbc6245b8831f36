#!/usr/bin/env python3
# directories.py -- a monitor in Python: one message in JSON, one line, for each directory
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: directories.py HOURS DIRECTORY...
# In a configuration: (watch backups (command "/usr/local/lib/sheepdog/directories.py" "26" "/export/backup"))
# What a message leaves out, the host and the time among it, the daemon adds.
import json
import os
import sys
import time

hours = float(sys.argv[1])
for directory in sys.argv[2:]:
    message = {"tag": "newest " + directory, "state": "ok"}
    try:
        times = [entry.stat().st_mtime for entry in os.scandir(directory) if entry.is_file()]
        age = (time.time() - max(times)) / 3600 if times else None
        message["summary"] = "no file" if age is None else "newest file is %.1f h old" % age
        message["facts"] = [["files", directory, len(times)]]
        if age is None or age > hours:
            message["state"] = "fail"
    except OSError as error:
        message["state"] = "unknown"
        message["summary"] = "%s: %s" % (directory, error.strerror)
    print(json.dumps(message), flush=True)
