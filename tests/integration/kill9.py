#!/usr/bin/env python3
"""kill -9 at random moments under load: no acknowledged reading is lost, none is stored twice.

A publisher sends unique readings at QoS 1 (or --qos 2, over MQTT 5) all the time; sluiced is killed again and again,
also while it starts and replays its journal. Afterwards the rows are compared with what was published, the alerts with
what the rows give, the ledger with the number of messages, and the audit has to pass. With --control the journal's ring
is deleted after each kill: the run then has to lose readings, or it would notice nothing.
"""
import collections
import hashlib
import json
import random
import time

import gateway

SENSORS = 8
THRESHOLD = 900  # the values are numbers from 0 to 1000, so alerts come and go
CLEAR = 500
CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms%s }
alerts:
  - { name: high, sensor: "load/+", above: %d, clear: %d }
  - { name: high-for, sensor: "load/+", above: %d, clear: %d, for: 20ms }
log: { level: warning }
"""

QUIET, STANDING = 1, 2


class Load:
    """Readings at an even rate; each (sensor, time, value) is unique, times of a sensor never go back."""

    def __init__(self, client, rate, qos, generator):
        self.client, self.rate, self.qos, self.generator = client, rate, qos, generator
        self.published = collections.Counter()
        self.sent = 0
        self.started = time.monotonic()
        self.last_ms = collections.Counter()

    def run_until(self, deadline):
        while (now := time.monotonic()) < deadline:
            due = self.started + self.sent / self.rate
            if due <= now and self.client.has_room():
                self.send_one()
                self.client.poll(0)
            else:
                self.client.poll(min(deadline, max(due, now + 0.001)) - now)

    def send_one(self):
        sensor = f"load/s{self.generator.randrange(SENSORS)}"
        value = self.generator.randrange(1000) + self.sent / 2**24
        time_ms = max(time.time_ns() // 1_000_000, self.last_ms[sensor] + 1)
        self.last_ms[sensor] = time_ms
        self.client.publish(sensor, f'{{"v":{value!r},"t":{time_ms}}}', qos=self.qos)
        self.published[(sensor, time_ms, value)] += 1
        self.sent += 1


def alert_id(alert, sensor, since_ms):
    return hashlib.sha256("\0".join([gateway.GATEWAY, alert, sensor, str(since_ms)]).encode()).hexdigest()[:16]


def expected_events(rows):
    """Transitions of the rule without `for`, by sensor, from the rows in the order in which they are stored."""
    since, newest, events = {}, {}, collections.defaultdict(list)
    for sensor, time_ms, value in rows:
        if time_ms < newest.get(sensor, time_ms):
            continue
        newest[sensor] = time_ms
        if sensor not in since and value > THRESHOLD:
            since[sensor] = time_ms
            events[sensor].append(("firing", time_ms, time_ms))
        elif sensor in since and value <= CLEAR:
            events[sensor].append(("resolved", since.pop(sensor), time_ms))
    return events, since


def rows_of(lab):
    return lab.query("SELECT s.name, r.time_ms, r.value FROM reading r JOIN sensor s ON s.id = r.sensor ORDER BY r.id")


def check_rows(lab, published):
    rows = rows_of(lab)
    stored = collections.Counter(rows)
    missing = published - stored
    twice = stored - published
    gateway.check(not missing, f"{sum(missing.values())} acknowledged readings are missing, such as {next(iter(missing), '')}")
    gateway.check(not twice, f"{sum(twice.values())} rows are too many, such as {next(iter(twice), '')}")
    return rows


def check_alerts(lab, rows):
    found = collections.defaultdict(list)
    for alert, sensor, state, since, at, identifier, flags in lab.query(
            "SELECT alert, sensor, state, since_ms, at_ms, id, flags FROM alert_events"):
        gateway.check(identifier == alert_id(alert, sensor, since), f"{alert} {sensor} {since}: the id is {identifier}")
        if not flags & STANDING:  # tells again of an alert that began quietly
            found[(alert, sensor)].append((state, since, at))
    for key, events in found.items():
        for number, (state, since, _) in enumerate(events):
            firing = number % 2 == 0
            gateway.check(state == ("firing" if firing else "resolved"), f"{key}: event {number} is {state}")
            gateway.check(firing or since == events[number - 1][1], f"{key}: event {number} resolves another alert")
    events, standing = expected_events(rows)
    for sensor in {sensor for sensor, _, _ in rows}:
        gateway.check(events[sensor] == found[("high", sensor)],
                      f"high {sensor}: the events are not those that the rows give:\n"
                      f"{first_difference(events[sensor], found[('high', sensor)])}")
    firing = {sensor: since for rule, sensor, since in lab.query(
        "SELECT r.rule, s.name, r.since_ms FROM rule_state r JOIN sensor s ON s.id = r.sensor WHERE r.phase = 2")
        if rule == "high"}
    gateway.check(firing == standing, f"what stands is {firing}, by the rows it is {standing}")
    return sum(len(events) for events in found.values())


def first_difference(expected, found):
    for number, (a, b) in enumerate(zip(expected, found)):
        if a != b:
            return f"event {number}: expected {a}, found {b}"
    return f"expected {len(expected)} events, found {len(found)}"


def check_retained(lab):
    """What the broker shows as firing is what stands."""
    client = lab.client("watch")
    client.subscribe(f"sluice/{gateway.GATEWAY}/alerts/#")
    shown = {}

    def agrees():
        client.poll(0.05)
        while client.messages:
            message = client.messages.popleft()
            shown[message.topic] = json.loads(message.payload)["id"] if message.payload else None
            if message.payload and json.loads(message.payload)["state"] == "resolved":
                shown[message.topic] = None
        standing = {identifier for (identifier,) in lab.query(
            "SELECT e.event_id FROM alert_open o JOIN alert_event e ON e.id = o.event")}
        return {identifier for identifier in shown.values() if identifier} == standing

    gateway.wait_until(agrees, "the retained alerts are those that stand", 30)


def check_ledger(lab, messages):
    ledger = lab.ledger()
    redelivered = ledger.get("messages_duplicate", 0)
    gateway.check(ledger["messages_received"] == messages + redelivered,
                  f"{ledger['messages_received']} received, {messages} published, {redelivered} redelivered")
    for counter in ("messages_decoded", "readings_decoded", "readings_stored"):
        gateway.check(ledger[counter] == messages, f"{counter} is {ledger[counter]}, {messages} were published")
    return redelivered


def kill_again_and_again(lab, load, kills, generator, then=lambda: None):
    """`then` is called while sluiced is dead."""
    for _ in range(kills):
        # One in four dies while it starts; the others after a while of work.
        early = generator.random() < 0.25
        load.run_until(time.monotonic() + (generator.uniform(0, 0.3) if early else generator.uniform(0.2, 1.5)))
        gateway.check(lab.daemon.poll() is None, f"sluiced ended by itself with {lab.daemon.returncode}")
        lab.kill()
        then()
        load.run_until(time.monotonic() + generator.uniform(0, 0.1))
        lab.spawn()


def lose_rings(lab):
    for ring in lab.folder.glob("*/journal-*.ring"):
        ring.unlink()


def run_control(lab, load):
    """What is published last is stored last: then it is known what is missing."""
    load.send_one()
    load.client.wait_acknowledged()
    lab.wait_ready()
    last = next(reversed(load.published))
    gateway.wait_until(lambda: last in rows_of(lab), "what was published last is stored", every=0.5)
    missing = load.published - collections.Counter(rows_of(lab))
    gateway.check(missing, "the ring was deleted after each kill, and nothing is missing: this test would notice nothing")
    return {"stored": load.sent - sum(missing.values()), "missing": sum(missing.values())}


def run_kills(lab, load):
    load.client.wait_acknowledged()
    lab.wait_ready()
    lab.wait_rows(load.sent)

    def backlog_has_ended():
        lab.get("/api/v1/store", method="POST")  # its end alone is not worth a transaction
        return lab.query("SELECT backlog FROM cursor")[0][0] == 0
    gateway.wait_until(backlog_has_ended, "the backlog has ended", every=0.2)
    rows = check_rows(lab, load.published)
    events = check_alerts(lab, rows)
    redelivered = check_ledger(lab, load.sent)
    check_retained(lab)
    lab.stop()
    audit = lab.audit()
    return {"stored": len(rows), "missing": 0, "stored_twice": 0, "redelivered": redelivered, "alert_events": events,
            "batches": audit["batches"]}


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=int, default=500, help="messages a second")
    parser.add_argument("--durability", choices=["crash", "power"], default="crash")
    parser.add_argument("--qos", type=int, choices=[1, 2], default=1, help="of the publisher and of the gateway")
    parser.add_argument("--control", action="store_true", help="delete the ring after each kill: has to lose")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    generator = random.Random(options.seed)

    began = time.monotonic()
    store = f"flush: 300ms, durability: {options.durability}"
    config = CONFIG % (f", qos: {options.qos}", THRESHOLD, CLEAR, THRESHOLD, CLEAR)
    with gateway.Gateway(options, config, store=store) as lab:
        lab.start()
        # mosquitto ends a connection with more at QoS 2 under way than its max_inflight_messages, 100 here.
        load = Load(lab.client("load", window=20000 if options.qos == 1 else 50), options.rate, options.qos, generator)
        kill_again_and_again(lab, load, options.kills, generator, lambda: options.control and lose_rings(lab))
        found = run_control(lab, load) if options.control else run_kills(lab, load)
        result = {"durability": options.durability, "qos": options.qos, "seed": options.seed, "kills": options.kills,
                  "published": load.sent, "acknowledged": load.client.acknowledged, **found,
                  "seconds": round(time.monotonic() - began, 1)}
    gateway.show_result(result, options.json)


if __name__ == "__main__":
    gateway.run(main)
