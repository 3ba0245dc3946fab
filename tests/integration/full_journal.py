#!/usr/bin/env python3
"""The store stands still under load: nothing acknowledged is lost, alerts go on, intake resumes by itself.

Another process (this one) holds the write lock of the database, so that no batch can be committed, while a
publisher fills a small journal. Until the ring is at high water alerts must arrive while the store is stuck; then
intake is held and the broker keeps what comes. When the lock is given back everything has to be stored, once.
"""
import collections
import contextlib
import json
import sqlite3
import statistics
import time

import gateway

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/alarm", above: 50, clear: 50 }
log: { level: warning }
"""
MQTT = "max_payload: 1KiB, receive_maximum: 100"
ALARMS_EVERY = 100  # messages
SENSORS = 10


class Stream:
    """Messages at an even rate; now and then a transition of the alarm, whose way back is timed."""

    def __init__(self, client, watch, rate):
        self.client, self.watch, self.rate = client, watch, rate
        self.published = collections.Counter()
        self.sent = 0
        self.last_ms = collections.Counter()
        self.latencies_ms = []
        self.next_at = time.monotonic()
        self.alarm_stands = False

    def send(self, sensor, value):
        time_ms = max(time.time_ns() // 1_000_000, self.last_ms[sensor] + 1)
        self.last_ms[sensor] = time_ms
        self.client.publish(sensor, f'{{"v":{value!r},"t":{time_ms}}}')
        self.published[(sensor, time_ms, float(value))] += 1
        self.sent += 1

    def step(self):
        """One message, when it is due."""
        while (now := time.monotonic()) < self.next_at or not self.client.has_room():
            self.client.poll(max(0.001, self.next_at - now))
        self.next_at = max(self.next_at + 1 / self.rate, now - 0.1)
        self.send(f"load/s{self.sent % SENSORS}", self.sent / 1024)
        self.client.poll(0)

    def alarm(self, timeout):
        """Fires or resolves the alert and waits for the event. False when it does not come."""
        state, value = ("resolved", 0) if self.alarm_stands else ("firing", 100)
        sent = time.monotonic()
        self.send("load/alarm", value)
        self.client.poll(0)
        message = self.watch.wait_message(lambda m: json.loads(m.payload)["state"] == state, timeout)
        if message is None:
            return False
        self.alarm_stands = not self.alarm_stands
        self.latencies_ms.append((message.at - sent) * 1000)
        return True


@contextlib.contextmanager
def stuck_store(database):
    """Nobody else can write to the database meanwhile; reading goes on."""
    lock = sqlite3.connect(database, timeout=30, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        yield
        lock.execute("ROLLBACK")
    finally:
        lock.close()


def fill_to_high_water(lab, stream):
    """Alerts have to arrive as long as intake is up. Returns how many did while the store was stuck."""
    rows = lab.row_count()
    alerts = 0
    deadline = time.monotonic() + gateway.PATIENCE_S
    while True:
        for _ in range(ALARMS_EVERY):
            stream.step()
        if lab.status()["intake"]["high_water"]:
            break
        if not stream.alarm(5):
            # The ring may have reached high water between the look and the alarm; nothing else is an excuse.
            gateway.check(lab.status()["intake"]["high_water"], "an alert did not come although intake was up")
            stream.alarm_stands = not stream.alarm_stands
            break
        alerts += 1
        gateway.check(time.monotonic() < deadline, "the ring does not reach high water")
    gateway.check(lab.row_count() == rows, "the store was not stuck: rows were stored")
    return alerts


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--rate", type=int, default=2000, help="messages a second")
    parser.add_argument("--backlog", type=int, default=6000, help="messages while intake is held")
    parser.add_argument("--durability", choices=["crash", "power"], default="crash")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    store = f"journal_size: 1MiB, flush: 200ms, durability: {options.durability}"
    with gateway.Gateway(options, CONFIG, store=store, mqtt=MQTT) as lab:
        lab.start()
        watch = lab.client("watch")
        watch.subscribe(f"sluice/{gateway.GATEWAY}/events")
        status_watch = lab.client("status")
        status_watch.subscribe(f"sluice/{gateway.GATEWAY}/status")
        stream = Stream(lab.client("load", window=20000), watch, options.rate)
        gateway.check(stream.alarm(20), "no alert before anything is stuck")
        lab.wait_rows(1)
        with stuck_store(lab.database):
            alerts = fill_to_high_water(lab, stream)
            gateway.wait_until(lambda: lab.status()["broker"]["state"] == "held", "intake is held")
            at_hold = stream.sent
            for _ in range(options.backlog):
                stream.step()
            stream.client.wait_acknowledged()
            held = lab.status()
            gateway.check(held["broker"]["state"] == "held", f"intake is {held['broker']} although the store is stuck")
            gateway.check(held["journal"]["used_bytes"] <= held["journal"]["capacity_bytes"], "the ring is over-full")
            ready = lab.get("/readyz")
            gateway.check(ready[0] == 503, "the gateway says that it is ready while intake is held")
        released = time.monotonic()
        gateway.wait_until(lambda: lab.status()["broker"]["state"] == "up", "intake resumes by itself")
        resumed = time.monotonic()
        lab.wait_rows(stream.sent)
        for intake in ("held", "up"):
            told = status_watch.wait_message(lambda m: json.loads(m.payload).get("intake") == intake, 20)
            gateway.check(told is not None, f"the retained status never said that intake is {intake}")
        gateway.check(stream.alarm(20), "no alert after all is well again")
        lab.wait_rows(stream.sent)
        found = collections.Counter(lab.query("SELECT sensor, time_ms, value FROM readings"))
        missing, twice = stream.published - found, found - stream.published
        gateway.check(not missing, f"{sum(missing.values())} acknowledged readings are missing")
        gateway.check(not twice, f"{sum(twice.values())} rows are too many")
        gateway.check(lab.daemon.poll() is None, "sluiced did not survive")
        lab.wait_ready()
        lab.stop()
        lab.audit()
        result = {"durability": options.durability, "published": stream.sent, "stored": sum(found.values()),
                  "published_before_hold": at_hold, "alerts_while_stuck": alerts,
                  "alert_ms_median": round(statistics.median(stream.latencies_ms), 2),
                  "alert_ms_max": round(max(stream.latencies_ms), 2),
                  "ring_at_hold_bytes": held["journal"]["used_bytes"],
                  "resumed_after_s": round(resumed - released, 2)}
    gateway.show_result(result, options.json)


if __name__ == "__main__":
    gateway.run(main)
