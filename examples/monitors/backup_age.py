#!/usr/bin/env python3
# backup_age.py -- a monitor in Python: bark when the newest file of a directory is old
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Usage: backup_age.py DIRECTORY HOURS
# Needs nothing of ours but the program `sheepdog`: one JSON message a line on its standard input.
import json
import os
import subprocess
import sys
import time

directory, hours = sys.argv[1], float(sys.argv[2])
times = [entry.stat().st_mtime for entry in os.scandir(directory) if entry.is_file()]
age = (time.time() - max(times)) / 3600 if times else None
message = {
    "tag": "backup " + directory,
    "state": "ok" if age is not None and age <= hours else "fail",
    "summary": "no file" if age is None else "newest file is %.1f h old" % age,
    "facts": [["files", directory, len(times)]],
    "replaces": ["files"],
}
subprocess.run(["sheepdog", "bark", "--json"], input=json.dumps(message), text=True, check=True)
