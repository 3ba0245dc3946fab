#!/usr/bin/env python3
"""SIGKILL at every system call with which a batch becomes durable: nothing acknowledged is lost, nothing is stored twice.

For each file (journal ring, database, its log) and each call that changes it, for the calls that make and remove files,
and for those that write to a socket (the acknowledgements to the broker are among them), the daemon is killed on entering
the first such call of a thread, then the second, and so on through start, replay, batches and a clean stop, until it
survives. Messages are published meanwhile. After each series the rows are compared with what was published, and the
alerts with the rows; in the end the audit passes. A series in which nobody was killed is a failure, unless its call must
never come. The control, which has to lose readings: the ring is deleted after each kill.
Needs strace, which counts the calls of each thread by itself, and the right to trace. With --sparse it is killed at
the calls 1, 2, 4, 8 … only.
"""
import collections
import re
import shutil
import signal
import subprocess
import time

import gateway
import kill9
from gateway import check, wait_until

MESSAGES = 6
PATIENCE_S = 240  # each call stops for strace, for long on a busy machine
CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/+", above: %d, clear: %d }
log: { level: warning }
""" % (kill9.THRESHOLD, kill9.CLEAR)
MQTT = "max_payload: 1KiB, receive_maximum: 100"
SERIES = [("pwrite64", "wal"), ("fdatasync", "wal"), ("pwrite64", "ring"), ("fdatasync", "ring"),
          ("writev", "sockets"), ("pwrite64", "database"), ("fdatasync", "database"), ("ftruncate", "wal"),
          ("ftruncate", "database"), ("unlink", "wal"), ("openat", "database"), ("fdatasync", "folder"),
          ("pwrite64", "index"), ("ftruncate", "index")]
# A start with another size of the journal: the old ring is drained and removed, a new one made.
NEW_RING = [("fallocate", "new ring"), ("rename", "new ring"), ("fsync", "new ring"), ("unlink", "new ring")]
NEVER = {("crash", "fdatasync", "ring"): "the ring in memory is never synced"}
CONTROL = ("pwrite64", "wal")
PUBACK = re.compile(r'iov_base="(@|\\x40)\\x02"')


def must_trace():
    if not shutil.which("strace"):
        raise gateway.Skipped("strace is not installed")
    tried = subprocess.run(["strace", "-D", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise gateway.Skipped(f"strace may not trace here: {tried.stderr.strip()}")


class Run:
    def __init__(self, lab, durability, control=False):
        self.lab, self.durability, self.control = lab, durability, control
        self.client = lab.client("load")
        self.trace = lab.folder / "trace"
        self.published = collections.Counter()
        self.time_ms = time.time_ns() // 1_000_000
        self.kills = self.at_puback = self.calls = self.rounds = self.events = 0
        self.journal_mib = 1

    def publish(self):
        """All sensors go over the threshold of the alert, or all fall below."""
        messages = []
        self.rounds += 1
        for n in range(MESSAGES):
            self.time_ms += 1
            value = (kill9.THRESHOLD if self.rounds % 2 else 0) + n + 1
            messages.append((f"load/s{n}", f'{{"v":{value},"t":{self.time_ms}}}'))
            self.published[(f"load/s{n}", self.time_ms, float(value))] += 1
            self.last = f"load/s{n}", self.time_ms  # stored last, too
        self.client.publish_all(messages)

    def rings(self):
        return list(self.lab.folder.glob("*/journal-*.ring"))

    def path(self, name):
        """The ring keeps its name as long as it goes on; a clean stop leaves it there. None: calls on any file."""
        if name == "ring":
            rings = self.rings()
            check(len(rings) == 1, f"one ring: {rings}")
            return rings[0]
        return {"database": self.lab.database, "wal": self.lab.database.with_name("sluice.db-wal"),
                "index": self.lab.database.with_name("sluice.db-shm"), "folder": self.lab.state_dir}.get(name)

    def configure(self, new_ring=False):
        if new_ring:
            there = {ring.stat().st_size >> 20 for ring in self.rings()}
            self.journal_mib = min({1, 2, 3, 4} - there - {self.journal_mib})
        self.lab.store = (f"journal_size: {self.journal_mib}MiB, flush: 100ms, reserve: 0B, "
                          f"durability: {self.durability}")
        self.lab.configure(CONFIG)

    def stored_or_dead(self):
        if self.lab.daemon.poll() is not None:
            return True
        if self.lab.get("/healthz") is None:
            return False  # who looks into the database before sluiced does makes the files that it would make
        try:
            return self.lab.query("SELECT 1 FROM readings WHERE sensor = ? AND time_ms = ?", *self.last)
        except gateway.sqlite3.Error:
            return False

    def kill_at(self, call, name, number):
        """False: it came to a clean end, no thread makes so many such calls."""
        what = f"{call} {number}, {name}"
        self.configure(name == "new ring")
        path = self.path(name)
        self.lab.prefix = ["strace", "-D", "-f", "-q", "-x", "-s", "8", "-o", self.trace, "-e", f"trace={call}",
                           "-e", f"inject={call}:signal=KILL:when={number}", *(["-P", path] if path else [])]
        self.lab.environment = {"LSAN_OPTIONS": "detect_leaks=0"}  # which no traced program can
        self.lab.spawn()
        self.lab.prefix, self.lab.environment = [], {}
        self.publish()
        wait_until(self.stored_or_dead, f"{what}: everything is stored, or it is dead", PATIENCE_S)
        if self.lab.daemon.poll() is None:
            self.lab.daemon.send_signal(signal.SIGTERM)
        code = self.lab.daemon.wait(PATIENCE_S)
        check(code in (0, -signal.SIGKILL), f"{what}: it ended with {code}")
        self.look_at_trace(call)
        self.kills += code != 0
        if self.control:
            for ring in self.rings():
                ring.unlink()
        return code != 0

    def look_at_trace(self, call):
        """How many calls there were, and whether the last was that of an acknowledgement."""
        end = re.compile(rf"^{self.lab.daemon.pid} +\+\+\+ ", re.MULTILINE)
        wait_until(lambda: end.search(self.trace.read_text(errors="replace")), "strace has written down the end", PATIENCE_S)
        lines = [line for line in self.trace.read_text(errors="replace").splitlines() if f" {call}(" in line]
        self.calls = max(self.calls, len(lines))
        self.at_puback += any("= ?" in line and PUBACK.search(line) for line in lines)

    def series(self, call, name, sparse=False):
        """Kills at the first call, the second …, until one survives."""
        self.calls = self.kills = self.at_puback = 0
        number = 1
        while True:
            replaces = bool(self.rings()) or name != "new ring"  # otherwise there is no old one, and less to do
            if self.kill_at(call, name, number):
                number = number * 2 if sparse else number + 1
            elif replaces:
                return

    def compare(self):
        """(readings that are missing, rows that are too many, transitions of alerts that were compared)"""
        self.configure()
        self.lab.start()
        self.publish()
        wait_until(self.stored_or_dead, "what was published last is stored")
        rows = kill9.rows_of(self.lab)
        found = collections.Counter(rows)
        missing, twice = self.published - found, found - self.published
        events = 0 if missing or twice else kill9.check_alerts(self.lab, rows)
        self.lab.stop()
        return sum(missing.values()), sum(twice.values()), events


def line_of(run, call, name, readings, lost, twice, events, text):
    return (f"{call:10} {name:9} {run.calls:6} {run.kills:6} {readings:9} {lost:5} {twice:6} {events:7}  {text}").rstrip()


def try_series(run, call, name, sparse):
    before = sum(run.published.values()), run.events
    run.series(call, name, sparse)
    missing, twice, events = run.compare()
    run.events = events
    readings = sum(run.published.values()) - before[0]
    never = NEVER.get((run.durability, call, name))
    text = f"{run.at_puback} of them at a PUBACK" if run.at_puback else never or ""
    print(line_of(run, call, name, readings, missing, twice, events - before[1], text), flush=True)
    check(not missing, f"{call}, {name}: {missing} readings are missing")
    check(not twice, f"{call}, {name}: {twice} rows are too many")
    if never:
        check(run.calls == 0, f"{call}, {name}: there were {run.calls} such calls, but {never}")
    else:
        check(run.kills > 0, f"{call}, {name}: nobody was killed, so nothing was tried")
    return run.kills


def begin(lab, durability, control=False):
    run = Run(lab, durability, control)
    run.configure()
    run.events = run.compare()[2]  # a first start, and a stop
    return run


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--sparse", action="store_true", help="not at every call: 1, 2, 4, 8 …")
    parser.add_argument("--durability", choices=["crash", "power"], default="crash")
    options = parser.parse_args()
    must_trace()
    began = time.monotonic()
    print("call       on         calls  kills  readings  lost  twice  alerts", flush=True)
    with gateway.Gateway(options, CONFIG, mqtt=MQTT) as lab:
        run = begin(lab, options.durability)
        kills = sum(try_series(run, call, name, options.sparse) for call, name in SERIES + NEW_RING)
        lab.audit()
    with gateway.Gateway(options, CONFIG, mqtt=MQTT) as lab:
        control = begin(lab, options.durability, control=True)
        control.series(*CONTROL)
        lost, twice, _ = control.compare()
        print(line_of(control, *CONTROL, sum(control.published.values()), lost, twice, 0,
                      "the control: each time the ring is deleted"), flush=True)
        check(lost > 0, "the ring was deleted after each kill, and nothing is missing: this test would notice nothing")
    print(f"killed {kills} times in {time.monotonic() - began:.0f} s; {sum(run.published.values())} readings, "
          "each stored once")


if __name__ == "__main__":
    gateway.run(main)
