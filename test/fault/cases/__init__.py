# __init__.py -- all cases, in the order of the table
# SPDX-License-Identifier: GPL-3.0-or-later
import importlib
import pkgutil
import re

from harness.trial import CASES


def all_cases():
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"cases.{module.name}")
    return [CASES[name] for name in sorted(CASES, key=_place)]


def _place(name):
    letter, number, mode = re.fullmatch(r"([A-Z])(\d+)(.*)", name).groups()
    return letter, int(number), mode
