# spool.py -- the files of a spool, as anybody may read and write them
# SPDX-License-Identifier: GPL-3.0-or-later
"""SPOOL/SENDER/NUMBER.new: sender 32 hex digits, number 20 digits; content: the line
`sheepdog-spool 1 LENGTH CRC32`, then LENGTH bytes of JSON."""
import json
import os
import zlib

from harness.ledger import number_of


def message_in(path):
    """The message of a file that is whole."""
    with open(path, "rb") as file:
        return json.loads(file.read().partition(b"\n")[2])


def number_in(path):
    return number_of(message_in(path))


def fill(machine, ledger, count, sender="0123456789abcdef" * 2):
    """Write `count` waiting messages into the empty spool of `machine`, without a program of ours:
    quick, so not flushed one by one, and durable all the same once this returns."""
    directory = os.path.join(machine.spool, sender)
    os.makedirs(directory, mode=0o700)
    numbers = []
    for seq in range(1, count + 1):
        message = ledger.message(host=machine.name)
        numbers.append(message["number"])
        text = json.dumps({"sender": sender, "seq": seq, **message}).encode()
        with open(os.path.join(directory, f"{seq:020}.new"), "wb") as file:
            file.write(b"sheepdog-spool 1 %d %08x\n%s" % (len(text), zlib.crc32(text), text))
    os.sync()
    ledger.told_durable(numbers)
