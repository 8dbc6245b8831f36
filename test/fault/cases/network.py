# network.py -- B: the way to Redis is cut, swallows, refuses or crawls
# SPDX-License-Identifier: GPL-3.0-or-later
import time

from harness.farm import Farm
from harness.network import Network
from harness.process import wait
from harness.trial import case

PORT = 7777


@case("B8", "link down, black hole, reject, 1 kbit/s, 60 s each",
      "as A1; wrapper ≤ 2.5 s; flows ≤ 10 s after the return", limit=600, alone=True)
def no_way(t):
    network = Network(t.world)
    listen = ("--bind", network.address, "--port", PORT, "--protected-mode", "no")
    farm = Farm(t, listen=map(str, listen), before=network.inside)
    machine = farm.machine
    machine.configure(f"redis://{network.address}:{PORT}", "(heartbeat no)")
    farm.serve()
    daemon = machine.daemon()
    machine.wrap(farm.ledger, 7)
    slowest = back = 0.0
    for fault in t.sample((network.down, network.black_hole, network.reject, network.crawl), 2):
        fault()
        t.did("ways to lose the network")
        end = time.monotonic() + t.rounds(60, 4)
        while time.monotonic() < end:
            done = machine.wrap(farm.ledger, 7)
            t.same(f"{fault.__name__}: status of the job", 7, done.status)
            slowest = max(slowest, done.seconds)
            time.sleep(0.5)
        network.mend()
        began = time.monotonic()
        sent = len(farm.ledger.durable)
        wait(f"{fault.__name__}: all is stored again", lambda: farm.server.stored() >= sent, 90)
        back = max(back, time.monotonic() - began)
    daemon.end()
    t.within("wrapper", slowest, 2.5)
    t.within("back", back, 10)
    farm.settle()
