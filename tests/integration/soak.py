#!/usr/bin/env python3
"""Runs the gateway for long under load and faults, and looks whether anything grows that should not.

Messages come at --rate a second from 1,000 sensors. Every 20 s something goes wrong: the broker stands still, the
database is locked, the gateway itself stands still, the configuration is reloaded, payloads are rubbish, clients of the
API come and go; an alert channel leads nowhere all the time. The database may take
--max-size MiB, so that retention is at work. Every 2 s memory, open files and file sizes are noted. At the end:

  - the slope of the anonymous memory by least squares over means of a thirtieth of the time, the first third left
    out, with its 95 % interval: the interval has to begin below 1 MiB an hour, and in a run of an hour or more its
    half width has to be below 1 MiB an hour, too (a shorter run shows only a leak that is larger than its interval);
  - as many open files in the last third as in the first; database, log and journal within their bounds;
  - what was published was stored or is counted, and the audit passes.

Exit status: 0 as it should be, 1 not. Takes --minutes and half a minute; tells every minute how it stands.
"""
import contextlib
import math
import os
import signal
import sqlite3
import statistics
import sys
import time

import gateway
import receivers

CONFIG = """\
readings:
  - {{ topic: "load/+", value: /v, time: /t, time_format: ms }}
alerts:
  - {{ name: high, sensor: "load/#", above: 995, clear: 900, for: 1s, notify: [mqtt, nowhere] }}
  - {{ name: mean, sensor: "load/#", over: {{ function: mean, window: 1m }}, above: 700 }}
  - {{ name: silent, sensor: "load/#", silent_for: 5m }}
notify: {{ nowhere: {{ type: webhook, url: "{url}" }} }}
log: {{ level: {level} }}
"""
SENSORS = 1000
FAULT_EVERY_S = 20
SAMPLE_EVERY_S = 2
PARTS = 30
SLOPE_MAX_MIB_H = 1.0
SURE_AFTER_MIN = 60
T_95 = 2.101  # Student's t, two-sided, for the 18 degrees of freedom of 20 parts


class Faults:
    """One after the other, each over when its call is (the gateway goes on while a process here waits)."""

    def __init__(self, lab, load, url):
        self.lab, self.load, self.url = lab, load, url
        self.count = 0
        self.rubbish = 0
        self.all = [self.broker_stands_still, self.database_is_locked, self.gateway_stands_still, self.reload,
                    self.payloads_are_rubbish, self.api_clients]

    def next(self):
        self.all[self.count % len(self.all)]()
        self.count += 1

    def broker_stands_still(self):
        self._stop(self.lab.broker.pid, 3)

    def gateway_stands_still(self):
        self._stop(self.lab.daemon.pid, 2)

    def _stop(self, pid, seconds):
        os.kill(pid, signal.SIGSTOP)
        try:
            self.load.run(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    def database_is_locked(self):
        with contextlib.closing(sqlite3.connect(self.lab.database, timeout=30, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            self.load.run(4)
            lock.execute("ROLLBACK")

    def reload(self):
        self.lab.configure(CONFIG.format(url=self.url, level=["warning", "info"][self.count % 2]))
        self.lab.daemon.send_signal(signal.SIGHUP)

    def payloads_are_rubbish(self):
        for n in range(200):
            self.load.client.publish(f"load/s{n}", "{ no reading" + "x" * n)
            self.rubbish += 1

    def api_clients(self):
        for _ in range(20):
            for path in ("/api/v1/status", "/metrics", "/api/v1/sensors", "/api/v1/alerts", "/healthz"):
                self.lab.get(path)
            self.load.run(0.05)


class Load:
    """Publishes at an even rate for as long as it is told; never more at once than a tenth of a second's."""

    def __init__(self, client, rate):
        self.client, self.rate = client, rate
        self.sent = 0
        self.next_at = time.monotonic()
        self.last_ms = 0

    def run(self, seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            if now < self.next_at or not self.client.has_room():
                self.client.poll(min(0.01, end - now))
                continue
            self.next_at = max(self.next_at + 1 / self.rate, now - 0.1)
            self.last_ms = max(time.time_ns() // 1_000_000, self.last_ms)
            if self.sent % SENSORS == 0:
                self.last_ms += 1  # each sensor speaks at a time of its own
            self.client.publish(f"load/s{self.sent % SENSORS}",
                                f'{{"v":{(self.sent * 7919 + self.sent // SENSORS * 37) % 1000},"t":{self.last_ms}}}')
            self.sent += 1
            if self.sent % 10 == 0:
                self.client.poll(0)


def memory_mib(pid):
    """(resident, of it anonymous)"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))


def sample(lab, began):
    resident, anonymous = memory_mib(lab.daemon.pid)
    size = {path.name: path.stat().st_size / (1 << 20) for folder in (lab.state_dir, lab.runtime_dir)
            for path in folder.iterdir() if path.is_file()}
    return {"s": time.monotonic() - began, "resident": resident, "anonymous": anonymous,
            "open": len(os.listdir(f"/proc/{lab.daemon.pid}/fd")), "database": size.get("sluice.db", 0),
            "wal": size.get("sluice.db-wal", 0), "files": sum(size.values())}


def slope(samples):
    """MiB an hour and the half width of its 95 % interval, from means of equal parts (less alike than samples)."""
    begin, end = samples[0]["s"], samples[-1]["s"]
    parts = [[] for _ in range(PARTS)]
    for one in samples:
        parts[min(PARTS - 1, int((one["s"] - begin) / (end - begin) * PARTS))].append(one)
    points = [(statistics.fmean(o["s"] for o in part) / 3600, statistics.fmean(o["anonymous"] for o in part))
              for part in parts[PARTS // 3:] if part]
    mean_x, mean_y = (statistics.fmean(p[i] for p in points) for i in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in points)
    return rise, T_95 * math.sqrt(rest / (len(points) - 2) / spread)


def check_slope(rise, half, minutes):
    text = f"{rise:.2f} ± {half:.2f} MiB an hour"
    gateway.check(rise - half < SLOPE_MAX_MIB_H, f"memory grows: {text}")
    gateway.check(minutes < SURE_AFTER_MIN or half < SLOPE_MAX_MIB_H, f"whether memory grows cannot be told: {text}")


def soak(lab, load, faults, options):
    samples, began = [], time.monotonic()
    next_fault, next_word = FAULT_EVERY_S, 60
    while (passed := time.monotonic() - began) < options.minutes * 60:
        if passed >= next_fault:
            next_fault += FAULT_EVERY_S
            faults.next()
        load.run(SAMPLE_EVERY_S)
        gateway.check(lab.daemon.poll() is None, "sluiced ended")
        samples.append(sample(lab, began))
        if passed >= next_word:
            next_word += 60
            now = samples[-1]
            print(f"{passed / 60:4.0f} min  {load.sent:9} published  {faults.count:4} faults  "
                  f"{now['resident']:.1f} MiB resident, {now['anonymous']:.2f} anonymous  {now['open']} files open  "
                  f"database {now['database']:.1f} MiB", file=sys.stderr, flush=True)
    return samples


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--max-size", type=int, default=64, help="MiB, of the database (store.max_size)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    store = f"flush: 5s, journal_size: 4MiB, reserve: 0B, max_size: {options.max_size}MiB"
    with receivers.Silent() as nowhere, gateway.Gateway(
            options, CONFIG.format(url=nowhere.url, level="warning"), store=store,
            mqtt="max_payload: 1KiB, receive_maximum: 100") as lab:
        lab.start()
        load = Load(lab.client("load", window=5000), options.rate)
        faults = Faults(lab, load, nowhere.url)
        load.run(5)
        samples = soak(lab, load, faults, options)
        load.client.wait_acknowledged()
        expected = load.sent + faults.rubbish
        gateway.wait_until(lambda: lab.status()["broker"]["state"] == "up", "intake is up")
        # What the broker repeats is received more than once.
        gateway.wait_until(lambda: (books := lab.ledger()).get("messages_received", 0) - books.get("messages_duplicate", 0)
                           >= expected, "all has arrived", every=0.5)
        books = lab.ledger()
        lab.stop()
        lab.audit(expected_exit=3 if books.get("readings_expired") else 0)
        rise, half = slope(samples)
        bound = options.max_size * 1.25 + 4 + 16  # retention has its turn once a minute; journal; log of the database
        last = {name: max(one[name] for one in samples) for name in ("resident", "database", "wal", "files")}
        result = {"minutes": options.minutes, "published": load.sent, "faults": faults.count,
                  "stored": books.get("readings_stored", 0), "slope_mib_h": round(rise, 3), "interval_mib_h": round(half, 3),
                  "resident_mib_max": round(last["resident"], 1), "open_first_third": max(one["open"] for one in samples[:len(samples) // 3]),
                  "open_last_third": max(one["open"] for one in samples[-len(samples) // 3:]),
                  "database_mib_max": round(last["database"], 1), "wal_mib_max": round(last["wal"], 1)}
        gateway.check(books.get("readings_stored", 0) + books.get("readings_duplicate", 0) == load.sent,
                      f"published {load.sent} readings; the books: {books}")
        gateway.check(books.get("messages_rejected/malformed", 0) == faults.rubbish, f"rubbish is counted: {books}")
    gateway.show_result(result, options.json)
    check_slope(rise, half, options.minutes)
    gateway.check(result["open_last_third"] <= result["open_first_third"] + 4, "files are left open")
    gateway.check(last["files"] < bound, f"the files take {last['files']:.0f} MiB, more than {bound:.0f}")


if __name__ == "__main__":
    gateway.run(main)
