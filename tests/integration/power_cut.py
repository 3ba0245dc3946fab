#!/usr/bin/env python3
"""Power cuts: sluiced is recorded under load, then started on what the disk may hold after a cut at random moments.

The library of power_cut_preload.cpp writes down every change of a file, every sync and every acknowledgement of a real
run with a clean restart and a kill -9 in it; power_disk.py makes states of it: what was synced, and any subset of the
other sectors. sluiced is started on each, with another boot id and an empty runtime directory. Then
  durability: power  every reading acknowledged before the cut is stored, once;
  durability: crash  what is missing was acknowledged within store.flush and two transactions before the cut;
the alerts are those that the stored rows give, and the database is sound. The controls are disks that lie about the syncs of the ring or of the database: they have to
do harm, or the script fails, as it would notice nothing.
"""
import collections
import json
import random
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

import gateway
import kill9
import power_disk
from gateway import Failure, check, wait_until

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/+", above: %d, clear: %d }
log: { level: warning }
""" % (kill9.THRESHOLD, kill9.CLEAR)
FLUSH_MS = 100
MQTT = "max_payload: 1KiB, receive_maximum: 100"
SENSORS = 40
GOES_ON_EVERY = 20  # so many states, one takes readings again and is audited

LIES = {
    "": lambda name: False,
    "ring": lambda name: name.endswith(".ring"),
    "database": lambda name: name.startswith("sluice.db"),
}
# What is tried: durability, the lie of the disk.
TRIALS = [("power", ""), ("power", "ring"), ("power", "database"), ("crash", ""), ("crash", "database")]


class Load:
    def __init__(self, lab, rate):
        self.client, self.rate, self.sent = lab.client("load", window=100), rate, 0
        self.published = collections.Counter()
        self.began_ms = time.time_ns() // 1_000_000

    def publish(self, count):
        """Evenly, as fast as `rate` and the broker allow; no two are equal, and alerts come and go."""
        began = time.monotonic()
        for n in range(count):
            while not self.client.has_room() or time.monotonic() < began + n / self.rate:
                self.client.poll(0.002)
            key = (f"load/s{self.sent % SENSORS}", self.began_ms + self.sent, self.sent * 7919 % 1000 + self.sent / 2**24)
            self.client.publish(key[0], json.dumps({"v": key[2], "t": key[1]}))
            self.published[key] += 1
            self.sent += 1
        self.client.wait_acknowledged()


def record(lab, options):
    """A first start, load, a clean restart, load, kill -9, load, a stop."""
    log = lab.folder / "record"
    lab.environment = {"LD_PRELOAD": str(options.preload), "SLUICE_RECORD": str(log),
                       "SLUICE_RECORD_FOLDER": str(lab.state_dir)}
    lab.start()
    load = Load(lab, options.rate)
    load.publish(options.messages // 8)
    lab.stop()
    lab.start()
    load.publish(options.messages // 2)
    lab.kill()
    lab.start()
    load.publish(options.messages - load.sent)
    lab.wait_rows(load.sent)
    lab.stop()
    return power_disk.read_log(log), load.published


class Story:
    """What the log says besides the files: who was acknowledged when, and how long transactions took."""

    def __init__(self, entries):
        self.entries = entries
        self.acknowledged = []  # (number of the entry, time_ns, reading)
        streams, names, newest = collections.defaultdict(power_disk.Stream), {}, {}
        commits = [entries[0].time_ns]
        self.folded = 0  # so often the database itself was written and synced
        self.seldom = []  # changes of the database itself, of names and of sizes
        for number, entry in enumerate(entries):
            if entry.kind == "c":
                names[entry.file] = entry.data.decode()
            if entry.kind in "curt" or entry.kind in "wbs" and names.get(entry.file) == "sluice.db":
                self.seldom.append(number + 1)
            if entry.kind == "p":
                streams.clear()
                newest.clear()
            elif entry.kind == "s" and names.get(entry.file, "").endswith("-wal"):
                commits.append(entry.time_ns)
            elif entry.kind == "s" and names.get(entry.file) == "sluice.db":
                self.folded += 1
            elif entry.kind == "i":
                for identifier, topic, payload in streams[entry.file].publishes(entry.data):
                    newest[(entry.file, identifier)] = (topic, payload)
            elif entry.kind == "a":
                topic, payload = newest[(entry.file, entry.offset)]
                if topic.startswith("load/"):
                    value = json.loads(payload)
                    self.acknowledged.append((number, entry.time_ns, (topic, value["t"], value["v"])))
        self.longest_gap_ms = max(b - a for a, b in zip(commits, commits[1:])) / 1e6
        self.commits = len(commits) - 1

    def cuts(self, count, generator):
        """Anywhere, and more often where it matters: after an acknowledgement, during a sync, at what is seldom done."""
        after_acknowledgement = [number + 1 for number, _, _ in self.acknowledged]
        in_sync = [number for number, entry in enumerate(self.entries) if entry.kind == "s"]
        places = [range(1, len(self.entries)), after_acknowledgement, in_sync, self.seldom]
        return sorted(generator.choice(generator.choice(places)) for _ in range(count))


def check_record(lab, entries):
    """Nothing escaped the recording: the files that it gives are those that are there."""
    disk = power_disk.Disk()
    for entry in entries:
        disk.apply(entry)
    for name, file in disk.names.items():
        if not name.endswith("-shm"):
            check((lab.state_dir / name).read_bytes() == file.memory, f"{name} is not as it was recorded")
    there = {path.name for path in lab.state_dir.iterdir() if path.is_file()}  # not the folder of the summaries
    check(there == {name for name in disk.names if not name.endswith("-shm")}, f"other files than recorded: {there}")


class Rebuilt:
    """One machine after its power cut: sluiced is started on the files, and its database looked at."""

    def __init__(self, lab, folder):
        self.lab, self.log = lab, folder / "sluiced.log"
        lab.state_dir, lab.runtime_dir = folder / "state", folder / "run"
        lab.database = lab.state_dir / "sluice.db"
        self.boot_id = folder / "boot_id"
        self.boot_id.write_text("another-boot\n")
        lab.environment = {"LD_PRELOAD": lab.environment["LD_PRELOAD"], "SLUICE_BOOT_ID": str(self.boot_id)}
        self.broker_port, self.nobody = lab.port, gateway.free_port()
        self.settings = lab.mqtt

    def start(self, number, broker):
        shutil.rmtree(self.lab.runtime_dir, ignore_errors=True)
        self.lab.runtime_dir.mkdir()
        self.lab.port = self.broker_port if broker else self.nobody
        self.lab.mqtt = f'{self.settings}, client_id: "cut-{number}"'
        self.lab.configure(CONFIG)
        self.lab.spawn()
        wait_until(lambda: self.lab.daemon.poll() is not None or self.lab.get("/healthz") is not None,
                   "sluiced answers, or has ended", every=0.005)
        if self.lab.daemon.poll() is not None:
            raise Failure(f"sluiced does not start: it ended with {self.lab.daemon.returncode}")

    def look(self):
        """The rows, once the database has been found sound and the alerts to follow from them."""
        damaged = [path.name for path in self.lab.state_dir.glob("sluice.db.*")]
        check(not damaged, f"the database was found to be damaged: {damaged}")
        try:
            found = self.lab.query("PRAGMA integrity_check")
            check(found == [("ok",)], f"the database is not sound: {found[:3]}")
            rows = self.lab.query("SELECT s.name, r.time_ms, r.value FROM reading r JOIN sensor s ON s.id = r.sensor "
                                  "ORDER BY r.id")
            kill9.check_alerts(self.lab, rows)
            return collections.Counter(rows)
        except sqlite3.Error as error:
            raise Failure(f"the database cannot be read: {error}") from None

    def recover(self, number):
        """The rows after a start; the process is killed once it has replayed its journal."""
        self.start(number, broker=False)
        self.lab.kill()
        return self.look()

    def go_on(self, number):
        """It takes readings again, stops cleanly, and the books balance."""
        self.start(number, broker=True)
        before = self.lab.row_count()
        self.lab.wait_ready()
        client = self.lab.client(f"more-{number}")
        client.publish_all((f"load/s{n}", f'{{"v":{n},"t":{1_700_000_000_000 + n}}}') for n in range(20))
        client.close()
        self.lab.wait_rows(before + 20)
        self.lab.stop()
        self.lab.audit()


class Verdict:
    """Counts what the power cuts of one trial did. `acknowledged`: (position in the log, time_ns, reading)."""

    def __init__(self, acknowledged, published):
        self.acknowledged, self.published = acknowledged, published
        self.states = self.lossy = self.lost = self.broken = 0
        self.oldest_ms = 0.0
        self.why = []

    def harm(self):
        return self.lossy + self.broken

    def judge(self, cut, cut_ns, rows_of):
        """rows_of() gives what is stored after the cut, or fails."""
        self.states += 1
        try:
            rows = rows_of()
            twice = rows - self.published
            check(not twice, f"{sum(twice.values())} rows are too many, such as {next(iter(twice), '')}")
        except Failure as failure:
            self.broken += 1
            self.why.append(f"cut {cut}: {failure}")
            return
        lost_ms = [(cut_ns - time_ns) / 1e6 for position, time_ns, key in self.acknowledged
                   if position < cut and key not in rows]
        if lost_ms:
            self.lossy += 1
            self.lost += len(lost_ms)
            self.oldest_ms = max(self.oldest_ms, max(lost_ms))

    def line(self, durability, lie, text):
        return (f"{durability:6} {lie or '-':9} {self.states:7} {self.lossy:11} {self.lost:9} {self.broken:7}  {text}")


def put_files(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(content)


def try_cuts(story, published, rebuilt, count, lie, generator):
    verdict = Verdict(story.acknowledged, published)
    disk = power_disk.Disk(LIES[lie])
    done = 0
    for number, cut in enumerate(story.cuts(count, generator)):
        while done < cut:
            disk.apply(story.entries[done])
            done += 1
        files = disk.after_cut(generator)
        put_files(rebuilt.lab.state_dir, files)
        verdict.judge(cut, story.entries[cut - 1].time_ns, lambda: rebuilt.recover(number))
        if not lie and number % GOES_ON_EVERY == GOES_ON_EVERY - 1:
            put_files(rebuilt.lab.state_dir, files)
            rebuilt.go_on(number)
        gateway.say_progress(number + 1, count, "power cuts" + (f", a disk that lies about the {lie}" if lie else ""))
    return verdict


def judge(durability, lie, longest_gap_ms, verdict):
    """What was promised; the text of the table's last column."""
    what = f"{durability}{', ' + lie if lie else ''}"
    if lie:
        check(verdict.harm() > 0, f"{what}: {verdict.states} power cuts did no harm; this test would notice nothing")
        return "does harm, as it must"
    check(not verdict.broken, f"{what}: " + "; ".join(verdict.why[:3]))
    if durability == "power":
        check(verdict.lost == 0, f"{verdict.lost} acknowledged readings are lost in {verdict.lossy} of "
              f"{verdict.states} power cuts")
        return "nothing is lost"
    allowed_ms = FLUSH_MS + 2 * longest_gap_ms
    check(verdict.oldest_ms <= allowed_ms,
          f"{what}: a reading acknowledged {verdict.oldest_ms:.0f} ms before the cut is lost; {allowed_ms:.0f} ms is "
          f"what a flush and two transactions took")
    return f"oldest loss {verdict.oldest_ms:.0f} ms, allowed {allowed_ms:.0f} ms"


def store_of(durability):
    # In mode crash a flush is the window that is looked at; small batches fill the log until it is folded back.
    rows = ", flush_rows: 8" if durability == "power" else ""
    return f"flush: {FLUSH_MS}ms{rows}, durability: {durability}, journal_size: 1MiB, reserve: 0B"


def run_durability(durability, options, generator):
    with gateway.Gateway(options, CONFIG, store=store_of(durability), mqtt=MQTT) as lab, \
            tempfile.TemporaryDirectory(prefix="sluice-cut-", dir=gateway.memory_folder()) as folder:
        entries, published = record(lab, options)
        check_record(lab, entries)
        transitions = lab.query("SELECT count(*) FROM alert_events")[0][0]
        check(transitions > 0, "no alert came or went")
        story = Story(entries)
        print(f"{durability}: {len(entries)} entries, {len(story.acknowledged)} acknowledgements, "
              f"{transitions} transitions of alerts, {story.commits} syncs of the database's log, {story.folded} of the database", flush=True)
        rebuilt = Rebuilt(lab, Path(folder))
        for _, lie in (trial for trial in TRIALS if trial[0] == durability):
            count = options.controls if lie else options.states
            verdict = try_cuts(story, published, rebuilt, count, lie, generator)
            text = judge(durability, lie and "a disk that lies about the " + lie, story.longest_gap_ms, verdict)
            print(verdict.line(durability, lie, text), flush=True)


def main():
    parser = gateway.parser_of(__doc__)
    gateway.add_preload(parser, "power_cut_preload")
    parser.add_argument("--states", type=int, default=400, help="of each durability")
    parser.add_argument("--controls", type=int, default=100, help="states of each disk that lies")
    parser.add_argument("--messages", type=int, default=6000)
    parser.add_argument("--rate", type=int, default=400, help="messages a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    options = parser.parse_args()
    options.preload = gateway.preload_of(options, "power_cut_preload")
    print(f"seed {options.seed}")
    print("mode   lies about  states  with losses  readings  broken", flush=True)
    for durability in ("power", "crash"):
        run_durability(durability, options, random.Random(options.seed))


if __name__ == "__main__":
    gateway.run(main)
