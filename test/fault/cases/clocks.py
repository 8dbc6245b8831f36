# clocks.py -- F: machines and servers whose clocks are wrong, or jump
# SPDX-License-Identifier: GPL-3.0-or-later
import calendar
import threading
import time

from harness import checker
from harness.clock import Clock
from harness.farm import Farm, Traffic
from harness.trial import case


def instant(*words):
    return calendar.timegm((*words, 0, 0, 0))


# name -> the instants that a machine's clock shows, one after the other
WRONG = {
    "1970": [10],
    "2038": [2**31 - 1, 2**31 + 1],
    "2106": [2**32 - 1, 2**32 + 1],
    "yesterday": [None, -86400, None, -86400],
    "leap-second": [instant(2016, 12, 31, 23, 59, 59), instant(2016, 12, 31, 23, 59, 59),
                    instant(2017, 1, 1, 0, 0, 0)],
    "spring": [instant(2026, 3, 29, 0, 59, 58), instant(2026, 3, 29, 1, 0, 1)],
    "autumn": [instant(2026, 10, 24, 23, 59, 58), instant(2026, 10, 25, 0, 30, 0),
               instant(2026, 10, 25, 1, 0, 1)],
}


@case("F1", "sender clock 1970, 2038, 2106, −1 day, leap second, both DST changes",
      "stored, both times shown, skew flagged, order by `seq`")
def wrong_clocks(t):
    farm = Farm(t, machines=len(WRONG) + 1).serve()
    right, *machines = farm.machines
    right.bark(farm.ledger, 3)
    elapsed = {}
    for machine, (name, instants) in zip(machines, WRONG.items()):
        clock = Clock(t.world, f"shift-{name}")
        machine.env.update(clock.env, TZ="Europe/Berlin")
        for epoch in instants:
            if epoch is None or epoch < 0:
                clock.set(epoch or 0)
            else:
                clock.show(epoch)
            machine.bark(farm.ledger, 2)
            done = machine.wrap(farm.ledger, 7)
            t.same(f"{name}: status of a job", 7, done.status)
            elapsed[farm.ledger.last] = name
            t.did("wrong clocks")
    farm.server.catch_up(len(farm.ledger.durable), farm.machines, farm.redis)
    stored = checker.messages(farm.database)
    for number, name in elapsed.items():
        took = stored[number]["outcome"]["elapsed"]
        t.expect(0 <= took < 60, f"{name}: a job took {took} s")
    with checker.reading(farm.database) as db:
        flagged = {host for host, in db.execute("SELECT host FROM event WHERE tag = 'sheepdog clock'"
                                                " AND state = 'warn'")}
        orders = db.execute("SELECT sender, group_concat(seq) FROM (SELECT sender, seq FROM message m JOIN"
                            " event e ON e.id = m.id WHERE e.monitor = 'fault' ORDER BY m.id)"
                            " GROUP BY sender").fetchall()
    t.same("hosts whose clock is flagged", {machine.name for machine in machines}, flagged)
    for sender, numbers in orders:
        t.expect(list(map(int, numbers.split(","))) == sorted(map(int, numbers.split(","))),
                 f"sender {sender}: order {numbers}")
    for machine in machines:
        with checker.reading(farm.database) as db:
            tag, = db.execute("SELECT tag FROM event WHERE host = ? AND monitor = 'fault'",
                              (machine.name,)).fetchone()
        shown = farm.server.run("show", f"{machine.name}/{tag}").out.decode()
        t.expect(", sent " in shown and ", received " in shown, f"{machine.name}: not both times: {shown[:400]}")
    farm.settle()


HOURS = 3600


@case("F2", "steps of ±2 h during 1 000 messages, resends and back-off",
      "0 lost, 0 order breaks, 0 false `late`, no storm, no stall")
def steps(t):
    clocks = [Clock(t.world, name) for name in ("shift-web0", "shift-web1", "shift-server", "shift-redis")]
    farm = Farm(t, machines=2, env=clocks[3].env)
    for machine, clock in zip(farm.machines, clocks):
        machine.env.update(clock.env)
    farm.server.env.update(clocks[2].env)
    farm.serve()
    daemons = [machine.daemon() for machine in farm.machines]
    over = threading.Event()

    def step():
        while not over.wait(t.random.uniform(0.1, 0.6)):
            t.random.choice(clocks).set(t.random.choice((-2, -1, 0, 1, 2)) * HOURS)
            t.did("steps")

    stepping = threading.Thread(target=step)
    stepping.start()
    try:
        with Traffic(farm, rate=100, batch=5):
            end = time.monotonic() + t.rounds(60, 10)
            while time.monotonic() < end:
                time.sleep(t.random.uniform(0.5, 1.5))  # the moment is what the seed chooses
                farm.redis.pause()
                time.sleep(t.random.uniform(0.3, 3))
                farm.redis.resume()
                t.did("stops of Redis")
        began = time.monotonic()
        farm.server.catch_up(len(farm.ledger.durable), farm.machines, farm.redis)
        t.within("rest", time.monotonic() - began, 30)
        traffic = farm.redis.added()
    finally:
        over.set()
        stepping.join()
    for daemon in daemons:
        daemon.end()
    with checker.reading(farm.database) as db:
        late = db.execute("SELECT host, tag, summary FROM event WHERE state IN ('late', 'fail')"
                          " AND monitor <> 'fault'"
                          # That its own clock is moved the server says, and should.
                          " AND NOT (tag = 'sheepdog expect' AND summary LIKE 'its clock %')").fetchall()
        moved, = db.execute("SELECT max(rx) - min(rx) FROM event").fetchone()
    t.expect(moved > HOURS * 1000, "the server's clock did not move")
    t.same("false alarms", [], late)
    farm.settle()
    t.expect(traffic <= 4 * len(farm.ledger.durable), f"{traffic} entries for {len(farm.ledger.durable)} messages")
