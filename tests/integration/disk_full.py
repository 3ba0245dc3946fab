#!/usr/bin/env python3
"""The disk is full: alerts go on, what cannot be stored is counted as dropped, and service resumes by itself.

The state directory is a small file system of its own (needs root; without it the test says that it was skipped). It is
filled to the last block while messages come, and freed again: by a running gateway, by one that was killed while it
gave readings up and had to start on the full disk, and by one that was stopped meanwhile. Each time the books balance:
what was published was stored or counted as dropped.
"""
import json
import time

import bad_day
import gateway

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/alarm", above: 50, clear: 50 }
"""
DISK_MIB = 40
RATE = 500  # messages a second, at most
STORE = "journal_size: 1MiB, flush: 200ms, reserve: 1MiB"
MQTT = "max_payload: 1KiB, receive_maximum: 100"


class Source:
    def __init__(self, lab):
        self.lab, self.sent = lab, 0
        self.client = lab.client("load", window=20000)
        self.watch = lab.client("watch")
        self.watch.subscribe(f"sluice/{gateway.GATEWAY}/events")
        self.time_ms = time.time_ns() // 1_000_000 - 60_000
        self.high = False

    def say(self, sensor, value):
        self.time_ms += 1
        while not self.client.has_room():
            self.client.poll(0.01)
        self.client.publish(f"load/{sensor}", f'{{"v":{value},"t":{self.time_ms}}}')
        self.client.poll(0)
        self.sent += 1

    def say_many(self, count=500):
        for n in range(count):
            self.say(f"s{n % 7}", n / 8)
            self.client.poll(1 / RATE)

    def told(self, alert, state, timeout=60):
        def wanted(message):
            event = json.loads(message.payload)
            return (event["alert"], event["state"]) == (alert, state)
        return self.watch.wait_message(wanted, timeout) is not None

    def alarm(self):
        """One transition; how long until it was told, in ms."""
        self.high = not self.high
        began = time.monotonic()
        self.say("alarm", 100 if self.high else 0)
        gateway.check(self.told("high", "firing" if self.high else "resolved", 20), "an alert comes on a full disk")
        return (time.monotonic() - began) * 1000

    def say_until(self, condition, what):
        def once():
            self.say_many(200)
            return condition()
        gateway.wait_until(once, what, timeout=180)  # a slow machine publishes slowly


def balance(source, what):
    lab = source.lab
    source.client.wait_acknowledged()

    def counted():
        books = lab.ledger()
        return books.get("readings_stored", 0) + books.get("readings_dropped/disk", 0) == source.sent
    try:
        gateway.wait_until(counted, f"{what}: all {source.sent} readings are stored or counted as dropped")
    except gateway.Failure as failure:
        raise gateway.Failure(f"{failure}; the ledger: {lab.ledger()}") from failure
    books = lab.ledger()
    gateway.check(lab.row_count() == books["readings_stored"], f"{what}: rows and ledger agree")
    return books.get("readings_dropped/disk", 0)


def dropping(lab):
    return lab.status()["store"].get("dropped_uncounted", 0) > 0


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, CONFIG, store=STORE, mqtt=MQTT) as lab, \
            bad_day.Mounted(lab.state_dir, "tmpfs", DISK_MIB << 10) as disk:
        lab.start()
        source = Source(lab)
        source.say_many()
        gateway.wait_until(lambda: (lab.state_dir / "reserve").exists(), "space is put aside")

        # While it runs. The space put aside keeps it storing for a while; then readings are given up.
        disk.fill()
        source.say_until(lambda: lab.status()["store"]["last_error"], "the store notices that the disk is full")
        gateway.check(source.told("disk-full", "firing"), "an alert tells of the full disk")
        source.say_until(lambda: dropping(lab), "readings are given up when the journal cannot wait longer")
        gateway.wait_until(lambda: lab.status()["broker"]["state"] == "up", "intake goes on")
        latency_ms = max(source.alarm() for _ in range(6))
        gateway.check(lab.status()["broker"]["state"] == "up", "intake goes on")
        gateway.check(any("free space" in json.dumps(p) for p in lab.status()["problems"]), "the status says what to do")
        disk.free()
        gateway.check(source.told("readings-dropped", "resolved"), "it stores again by itself")
        dropped = balance(source, "while it runs")
        gateway.check(dropped > 0, "readings were dropped, and the ledger says so")

        # Killed while it gives readings up, and started on the full disk.
        gateway.wait_until((lab.state_dir / "reserve").exists, "space is put aside again")
        disk.fill()
        source.say_until(lambda: dropping(lab), "readings are given up again")
        source.client.wait_acknowledged()
        lab.kill()
        lab.spawn()
        gateway.wait_until(lambda: lab.daemon.poll() is not None or
                           (lab.get("/api/v1/status") and lab.status()["broker"]["state"] == "up"),
                           "it starts on a full disk")
        gateway.check(lab.daemon.poll() is None, "it starts on a full disk")
        source.alarm()
        source.alarm()
        disk.free()
        killed = balance(source, "after a kill on a full disk") - dropped

        # Stopped on the full disk: what is in the journal stays there.
        gateway.wait_until((lab.state_dir / "reserve").exists, "space is put aside once more")
        disk.fill()
        source.say_until(lambda: lab.status()["store"]["last_error"], "the store notices")
        source.client.wait_acknowledged()
        began = time.monotonic()
        lab.stop(30)
        stop_s = time.monotonic() - began
        disk.free()
        lab.start()
        balance(source, "after a stop on a full disk")
        lab.stop()
        lab.audit()
    print(f"published {source.sent}; dropped {dropped} while it ran, {killed} around a kill; all in the ledger; "
          f"alerts took at most {latency_ms:.1f} ms; a stop on the full disk {stop_s:.1f} s")


if __name__ == "__main__":
    gateway.run(main)
