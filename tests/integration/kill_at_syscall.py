#!/usr/bin/env python3
"""SIGKILL at every system call with which a batch becomes durable: nothing acknowledged is lost, nothing is stored twice.

For each file (journal ring, database, its log) and each call that changes it, the daemon is killed on entering the
first such call, then the second, and so on through start, replay, batches and a clean stop, until it survives. Messages
are published meanwhile. After each series the rows are compared with what was published; in the end the audit passes.
Needs strace and the right to trace; --calls limits how many calls of each series are tried.
"""
import collections
import shutil
import signal
import subprocess
import time

import bad_day
import gateway
from gateway import check, wait_until

MESSAGES = 6
SERIES = [("pwrite64", "wal"), ("fdatasync", "wal"), ("pwrite64", "ring"), ("pwrite64", "database"),
          ("fdatasync", "database"), ("fdatasync", "ring"), ("ftruncate", "wal"), ("unlink", "wal"),
          ("openat", "database")]


def must_trace():
    if not shutil.which("strace"):
        raise gateway.Skipped("strace is not installed")
    tried = subprocess.run(["strace", "-D", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise gateway.Skipped(f"strace may not trace here: {tried.stderr.strip()}")


class Run:
    def __init__(self, lab):
        self.lab = lab
        self.client = lab.client("load")
        self.published = collections.Counter()
        self.time_ms = time.time_ns() // 1_000_000 - 3_600_000
        self.kills = 0

    def publish(self):
        messages = []
        for n in range(MESSAGES):
            self.time_ms += 1
            messages.append((f"load/s{n}", f'{{"v":{n},"t":{self.time_ms}}}'))
            self.published[(f"load/s{n}", self.time_ms, float(n))] += 1
        self.client.publish_all(messages)

    def file(self, name):
        """The ring keeps its name as long as it goes on; a clean stop leaves it there."""
        if name == "ring":
            rings = list(self.lab.folder.glob("*/journal-*.ring"))
            check(len(rings) == 1, f"one ring: {rings}")
            return rings[0]
        return {"database": self.lab.database, "wal": self.lab.database.with_name("sluice.db-wal")}[name]

    def stored_or_dead(self):
        if self.lab.daemon.poll() is not None:
            return True
        try:
            return self.lab.row_count() >= sum(self.published.values())
        except gateway.sqlite3.Error:
            return False

    def kill_at(self, call, name, number):
        """False: it came to a clean end, there is no such call any more."""
        self.lab.prefix = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", self.file(name), "-e", f"trace={call}",
                           "-e", f"inject={call}:signal=KILL:when={number}"]
        self.lab.spawn()
        self.lab.prefix = []
        self.publish()
        wait_until(self.stored_or_dead, f"{call} {number} on the {name}: everything is stored, or it is dead")
        if self.lab.daemon.poll() is None:
            self.lab.daemon.send_signal(signal.SIGTERM)
        code = self.lab.daemon.wait(gateway.PATIENCE_S)
        check(code in (0, -signal.SIGKILL), f"{call} {number} on the {name}: it ended with {code}")
        self.kills += code != 0
        return code != 0

    def compare(self, what):
        self.lab.start()
        self.lab.wait_rows(sum(self.published.values()))
        found = collections.Counter(self.lab.query("SELECT sensor, time_ms, value FROM readings"))
        missing, twice = self.published - found, found - self.published
        check(not missing, f"{what}: {sum(missing.values())} readings are missing, such as {next(iter(missing), '')}")
        check(not twice, f"{what}: {sum(twice.values())} rows are too many, such as {next(iter(twice), '')}")
        self.lab.stop()


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--calls", type=int, default=0, help="of each series; 0: all")
    parser.add_argument("--durability", choices=["crash", "power"], default="crash")
    options = parser.parse_args()
    must_trace()
    store = f"journal_size: 1MiB, flush: 100ms, reserve: 0B, durability: {options.durability}"
    with gateway.Gateway(options, bad_day.CONFIG, store=store, mqtt="max_payload: 1KiB, receive_maximum: 100") as lab:
        lab.start()
        run = Run(lab)
        run.publish()
        lab.stop()
        for call, name in SERIES:
            number = 1
            while run.kill_at(call, name, number) and number != options.calls:
                number += 1
            run.compare(f"{call} on the {name}")
            print(f"{call:10} {name:9} {number:4}", flush=True)
        lab.audit()
    print(f"killed {run.kills} times; {sum(run.published.values())} readings, each stored once")


if __name__ == "__main__":
    gateway.run(main)
