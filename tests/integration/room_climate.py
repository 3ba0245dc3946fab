#!/usr/bin/env python3
"""Recorded data through the whole gateway: every value stored once, every summary right.

sluice-drivers replays a CSV file (time_ms, node, then one column a quantity) at full speed through mosquitto; the
uploaded summaries are compared with what this script computes from the file with means of its own. Without a file
it makes one: some days around both changes of the clocks, with duplicates, late rows and missing cells.

--rough sends the same rows to a second gateway as bad days would: in any order within an hour, one in twenty two days
late, one in a hundred twice, while the daemon is killed again and again. Its summaries have to be the same.
"""
import collections
import csv
import datetime
import gzip
import hashlib
import json
import math
import random
import subprocess
import time
import zoneinfo
from pathlib import Path

import gateway

ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
FIELDS = ["temperature", "humidity", "light_1", "light_2", "door", "window"]
CONFIG = f"""\
readings:
  - {{ topic: "rooms/+/climate", fields: [{", ".join(FIELDS)}], time: /time, time_format: ms }}
summary: {{ close_after: 3s }}
log: {{ level: warning }}
"""


def drivers_yaml(port, path):
    return f"""\
mqtt: {{ broker: "mqtt://127.0.0.1:{port}" }}
log: {{ level: warning }}
drivers:
  - name: rooms
    driver: replay
    file: "{path}"
    topic: "rooms/{{node}}/climate"
    time: {{ column: time_ms, format: ms }}
    fields: {{ {", ".join(f"{name}: {name}" for name in FIELDS)} }}
    speed: max
"""


def made_up_rows(generator):
    """Rows every other minute of a 23-hour and a 25-hour day and the days beside them."""
    rows = []
    for first, days in ((datetime.date(2025, 3, 29), 3), (datetime.date(2025, 10, 25), 3)):
        begin = local_midnight_ms(first)
        end = local_midnight_ms(first + datetime.timedelta(days))
        for node in (1, 2):
            at = begin
            while at < end:
                cells = [round(20 + 3 * math.sin(at / 7e6) + generator.gauss(0, 0.2), 2),
                         round(generator.uniform(30, 60), 3), round(generator.uniform(0, 900), 2),
                         round(generator.expovariate(0.001), 1), generator.randrange(2), 0]
                if generator.random() < 0.05:
                    cells[generator.randrange(6)] = ""
                rows.append([at, node, *cells])
                if generator.random() < 0.02:
                    rows.append(rows[-1])  # the same again
                at += 120_000 if generator.random() < 0.9 else generator.randrange(1, 300_000)
            last = [end - 1, node, 1e-3, 99.999, 123456.789, 0.1, 1, 1]
            rows.append(last)  # the last millisecond of a day
    rows.sort(key=lambda row: row[0])
    for _ in range(20):  # some arrive late
        at = generator.randrange(1, len(rows) - 200)
        if rows[at] != rows[at - 1] and rows[at] != rows[at + 1]:
            rows.insert(at + 100, rows.pop(at))
    return rows


def local_midnight_ms(date):
    return int(datetime.datetime.combine(date, datetime.time(), ZONE).timestamp() * 1000)


def write_csv(path, rows):
    with gzip.open(path, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time_ms", "node", *FIELDS])
        writer.writerows(rows)


HOUR_MS = 3600 * 1000


def rough_rows(path, generator):
    """The rows of the file in another order, some of them twice."""
    opened = gzip.open(path, "rt", newline="") if str(path).endswith(".gz") else open(path, newline="")
    with opened as file:
        rows = [[row["time_ms"], row["node"], *(row[name] for name in FIELDS)] for row in csv.DictReader(file)]
    sent = []
    for row in rows:
        at = int(row[0])
        when = at // HOUR_MS * HOUR_MS + generator.random() * HOUR_MS
        if generator.random() < 0.05:
            when = at + 48 * HOUR_MS
        sent.append((when, row))
        if generator.random() < 0.01:
            sent.append((when + generator.random() * 3 * HOUR_MS, row))
    sent.sort(key=lambda one: one[0])
    return [row for _, row in sent]


class Recording:
    """The file as this script reads it: values by sensor and local day."""

    def __init__(self, path):
        self.messages = self.values = self.duplicates = 0
        self.days = collections.defaultdict(lambda: collections.defaultdict(list))
        self.stored = collections.Counter()
        opened = gzip.open(path, "rt", newline="") if str(path).endswith(".gz") else open(path, newline="")
        day, day_from, day_to = None, 0, 0
        with opened as file:
            for row in csv.DictReader(file):
                time_ms = int(row["time_ms"])
                if not day_from <= time_ms < day_to:
                    day = datetime.datetime.fromtimestamp(time_ms / 1000, ZONE).date()
                    day_from = local_midnight_ms(day)
                    day_to = local_midnight_ms(day + datetime.timedelta(1))
                cells = [(name, row[name]) for name in FIELDS if row[name] != ""]
                self.messages += bool(cells)
                for name, cell in cells:
                    self.add(day, f"rooms/{row['node']}/climate/{name}", time_ms, float(cell))

    def add(self, day, sensor, time_ms, value):
        self.values += 1
        key = (sensor, time_ms, value)
        self.stored[key] += 1
        if self.stored[key] > 1:
            self.duplicates += 1
        else:
            self.days[day.isoformat()][sensor].append((time_ms, value))


def nearest_rank(ordered, percent):
    return ordered[max(1, math.ceil(len(ordered) * percent / 100)) - 1]


def expected_summary(rows):
    rows = sorted(rows)
    values = sorted(value for _, value in rows)
    count = len(values)
    mean = math.fsum(values) / count
    low, high = values[0], values[-1]
    return {
        "count": count, "min": low, "max": high,
        "min_at": rfc3339(min(at for at, value in rows if value == low)),
        "max_at": rfc3339(min(at for at, value in rows if value == high)),
        "mean": mean, "stddev": math.sqrt(math.fsum((value - mean) ** 2 for value in values) / count),
        **{f"p{percent}": nearest_rank(values, percent) for percent in (5, 50, 95, 99)},
        "first": rows[0][1], "last": rows[-1][1],
    }


def rfc3339(time_ms):
    at = datetime.datetime.fromtimestamp(time_ms // 1000, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"


def digest_of(sensors):
    sha = hashlib.sha256()
    for sensor in sorted(sensors, key=str.encode):
        for time_ms, value in sorted(sensors[sensor]):
            sha.update(b"%s\0%d\0%s\n" % (sensor.encode(), time_ms, b"%.17g" % value))
    return sha.hexdigest()


def compare_day(date, sensors, document):
    wrong = []
    next_day = datetime.date.fromisoformat(date) + datetime.timedelta(1)
    about = {"date": date, "gateway": gateway.GATEWAY, "timezone": "Europe/Berlin",
             "from": rfc3339(local_midnight_ms(datetime.date.fromisoformat(date))),
             "to": rfc3339(local_midnight_ms(next_day)), "digest": digest_of(sensors)}
    for name, value in about.items():
        if document[name] != value:
            wrong.append(f"{date}: {name} is {document[name]}, expected {value}")
    found = {entry["sensor"]: entry for entry in document["sensors"]}
    if found.keys() != sensors.keys():
        wrong.append(f"{date}: the sensors differ: {sorted(found.keys() ^ sensors.keys())}")
    for sensor in found.keys() & sensors.keys():
        for name, value in expected_summary(sensors[sensor]).items():
            said = found[sensor][name]
            close = name in ("mean", "stddev") and math.isclose(said, value, rel_tol=1e-9, abs_tol=1e-12)
            if said != value and not close:
                wrong.append(f"{date} {sensor}: {name} is {said!r}, expected {value!r}")
    return wrong


def replay(lab, path):
    config = lab.folder / "drivers.yaml"
    config.write_text(drivers_yaml(lab.port, path))
    done = subprocess.run([lab.programs.drivers, "--config", config, "--once"], capture_output=True, text=True,
                          timeout=3600)
    gateway.check(done.returncode == 0, f"sluice-drivers ended with {done.returncode}: {done.stderr}")


def check_values(lab, recording):
    found = collections.Counter(lab.query(
        "SELECT s.name, r.time_ms, r.value FROM reading r JOIN sensor s ON s.id = r.sensor"))
    gateway.check(found == recording.stored,
                  f"{sum((recording.stored - found).values())} values are missing, "
                  f"{sum((found - recording.stored).values())} are too many")


def check_rows(lab, recording):
    check_values(lab, recording)
    ledger = lab.ledger()
    expected = {"messages_received": recording.messages, "messages_decoded": recording.messages,
                "readings_decoded": recording.values, "readings_duplicate": recording.duplicates,
                "readings_stored": recording.values - recording.duplicates}
    for counter, value in expected.items():
        gateway.check(ledger.get(counter, 0) == value, f"{counter} is {ledger.get(counter, 0)}, expected {value}")


def newest_documents(lab):
    newest = {}
    for path in lab.out_dir.rglob("*.json"):
        document = json.loads(path.read_text())
        if document["revision"] >= newest.get(document["date"], document)["revision"]:
            newest[document["date"]] = document
    return newest


def check_summaries(lab, recording):
    counts = {date: sum(map(len, sensors.values())) for date, sensors in recording.days.items()}

    def complete():
        # A day that was summed while it was still coming in, or before close_after, has further revisions.
        lab.upload_now()
        documents = newest_documents(lab)
        return all(date in documents and documents[date]["complete"] and
                   documents[date]["counts"]["stored"] == count for date, count in counts.items()) and documents

    documents = gateway.wait_until(complete, "the summaries of all days are uploaded", 120, 0.5)
    wrong = [line for date, sensors in recording.days.items() for line in compare_day(date, sensors, documents[date])]
    gateway.check(not wrong, "\n".join([f"{len(wrong)} differences"] + wrong[:20]))
    return documents


def without_history(document):
    """What has to be the same however the readings came."""
    rest = {name: value for name, value in document.items()
            if name not in ("revision", "counts", "changes", "alerts")}
    rest["sensors"] = [{name: value for name, value in sensor.items() if not name.startswith("in_alert")}
                       for sensor in document["sensors"]]
    return rest


def replay_with_a_kill(lab, path, generator):
    config = lab.folder / "drivers.yaml"
    config.write_text(drivers_yaml(lab.port, path))
    with subprocess.Popen([lab.programs.drivers, "--config", config, "--once"], stderr=subprocess.PIPE,
                          text=True) as drivers:
        try:
            already = lab.row_count()
            more = generator.randrange(1, 1000)
            gateway.wait_until(lambda: drivers.poll() is not None or lab.row_count() > already + more,
                               "the replay gets on", 300)
            lab.kill()
            lab.start()
            _, errors = drivers.communicate(timeout=3600)
        except BaseException:
            drivers.kill()
            raise
    gateway.check(drivers.returncode == 0, f"sluice-drivers ended with {drivers.returncode}: {errors}")


def run_rough(options, straight, path):
    """Sends the rows of `path` again, roughly; `straight`: the documents that they gave in order."""
    generator = random.Random(options.seed)
    rows = rough_rows(path, generator)
    with gateway.Gateway(options, CONFIG, store="flush: 1s") as lab:
        rough = lab.folder / "rough.csv.gz"
        write_csv(rough, rows)
        recording = Recording(rough)
        lab.start()
        pieces = options.kills
        for i in range(pieces):
            piece = lab.folder / "piece.csv.gz"
            write_csv(piece, rows[len(rows) * i // pieces:len(rows) * (i + 1) // pieces])
            replay_with_a_kill(lab, piece, generator)
        lab.wait_rows(recording.values, 900)
        check_values(lab, recording)
        documents = check_summaries(lab, recording)
        gateway.check(documents.keys() == straight.keys(), f"other days: {documents.keys() ^ straight.keys()}")
        for date, document in documents.items():
            ours, theirs = without_history(document), without_history(straight[date])
            different = [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
            gateway.check(not different, f"{date} differs from the straight run in {different}")
        problems = lab.query("SELECT count(*) FROM alert_events WHERE alert = 'layers-differ'")
        gateway.check(problems == [(0,)], "the layers were said to differ")
        lab.stop()
        audit = lab.audit()
        proved = {day["date"] for day in audit["days"] if day["recomputed"]}
        gateway.check(recording.days.keys() <= proved, f"not summed again: {recording.days.keys() - proved}")
        return {"rough_messages": recording.messages, "rough_kills": pieces, "rough_revisions": audit["revisions"],
                "rough_repeated": lab.ledger().get("readings_repeated", 0)}


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident_peak(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="CSV file, may be compressed; without it one is made up")
    parser.add_argument("--seed", type=int, default=20250330)
    parser.add_argument("--rough", action="store_true", help="then the same rows as bad days would bring them")
    parser.add_argument("--kills", type=int, default=20, help="of the daemon, during the rough run")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    store = "flush: 10s" if options.file else "flush: 1s"
    with gateway.Gateway(options, CONFIG, store=store) as lab:
        path = options.file.resolve() if options.file else lab.folder / "made-up.csv.gz"
        if not options.file:
            write_csv(path, made_up_rows(random.Random(options.seed)))
        recording = Recording(path)
        lab.start()
        began = time.monotonic()
        replay(lab, path)
        sent = time.monotonic()
        lab.wait_rows(recording.values, 900)
        stored = time.monotonic()
        processor = processor_seconds(lab.daemon.pid)
        check_rows(lab, recording)
        asked = time.monotonic()
        documents = check_summaries(lab, recording)
        sensor_days = sum(len(sensors) for sensors in recording.days.values())
        summed = time.monotonic()
        written, peak = lab.status()["store"]["write_bytes"], resident_peak(lab.daemon.pid)
        lab.stop()
        audit_began = time.monotonic()
        audit = lab.audit()
        proved = {day["date"] for day in audit["days"] if day["recomputed"]}
        gateway.check(recording.days.keys() <= proved, f"not summed again by the audit: {recording.days.keys() - proved}")
        result = {"messages": recording.messages, "values": recording.values, "duplicates": recording.duplicates,
                  "days": len(recording.days), "sensor_days": sensor_days, "revisions": audit["revisions"],
                  "replay_s": round(sent - began, 2), "stored_s": round(stored - began, 2),
                  "messages_per_s": round(recording.messages / (stored - began)),
                  "cpu_us_per_message": round(processor / recording.messages * 1e6, 1),
                  "summaries_s": round(summed - asked, 2),
                  "audit_s": round(time.monotonic() - audit_began, 2), "database_bytes": lab.database.stat().st_size,
                  "written_bytes": written, "peak_rss_bytes": peak}
        if options.rough:
            result.update(run_rough(options, documents, path))
    gateway.show_result(result, options.json)


if __name__ == "__main__":
    gateway.run(main)
