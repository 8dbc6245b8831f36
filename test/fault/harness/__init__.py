# __init__.py -- what the cases are made of
# SPDX-License-Identifier: GPL-3.0-or-later
