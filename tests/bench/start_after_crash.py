#!/usr/bin/env python3
"""How soon alerts are live after kill -9 with a large database: a table, no verdict.

The database is filled with rows by INSERT … SELECT in the shape that the gateway writes, as many as make --size-gib. Then,
--runs times: a reading that has to raise an alert is published, the daemon is started with the database's pages out of the
page cache, and the time is taken until /readyz says 200, until the alert arrives at a subscriber, and, with --checked,
until the full check of the database that follows an unclean stop has ended. Then it is killed, and in the end stopped
while the check is under way.
"""
import contextlib
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import bad_day  # noqa: E402
import gateway  # noqa: E402

SENSORS = 100
BATCH_ROWS = 5000
UNSNAPPED_ROWS = 60000  # ten minutes at 100 readings a second: what a start reads again at most
SMALLEST_ROW_BYTES = 24
SPAN_MS = 29 * 86_400_000
# Of a batch of new rows, from `a` to `z`; the rest is as in the newest batch that there is.
BATCH = {"id": "b.id + 1 + i / ?2", "first_row": "?1 + 1 + i", "last_row": "?1 + i + ?2", "min_time_ms": "a.time_ms",
         "max_time_ms": "z.time_ms", "min_arrival_ms": "a.time_ms + 5", "max_arrival_ms": "z.time_ms + 5"}


def grow(path, wanted_bytes):
    """Rows behind the existing ones, of the last 29 days. How many there are then."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("PRAGMA synchronous=OFF")
        first = database.execute("SELECT last_row FROM cursor").fetchone()[0]
        rows, now_ms = 0, time.time_ns() // 1_000_000
        step = 100_000
        total = wanted_bytes // SMALLEST_ROW_BYTES  # more than there will be: none is in the future
        while path.stat().st_size < wanted_bytes:
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1) "
                "INSERT INTO reading SELECT ?1 + i, 1 + i % ?3, ?4 + i * ?5 / ?6, 20 + (i * 7919 % 1000) / 64.0, 5, 1 FROM n",
                (first + rows + 1, step, SENSORS, now_ms - SPAN_MS + rows * SPAN_MS // total, SPAN_MS, total))
            rows += step
            database.commit()
        columns = [row[1] for row in database.execute("PRAGMA table_info(batch)")]
        database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + ?2 FROM n WHERE i < ?3 - ?2) "
            f"INSERT INTO batch SELECT {', '.join(BATCH.get(name, 'b.' + name) for name in columns)} FROM n, "
            "(SELECT * FROM batch ORDER BY id DESC LIMIT 1) b JOIN reading a ON a.id = ?1 + 1 + i JOIN reading z ON z.id = ?1 + i + ?2", (first, BATCH_ROWS, rows))
        database.execute("UPDATE cursor SET commits = (SELECT max(id) FROM batch), last_row = last_row + ?1, "
                         "row_count = row_count + ?1, snapshot_row = last_row + ?1 - ?2", (rows, UNSNAPPED_ROWS))
        database.commit()
        database.execute("PRAGMA journal_mode=WAL")
        return database.execute("SELECT row_count FROM cursor").fetchone()[0]


def out_of_cache(path):
    for file in path.parent.glob(path.name + "*"):
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def one_start(lab, source, to_the_end):
    """(until it is ready, until the alert came, until the check ended or None), in seconds."""
    source.high = not source.high
    source.time_ms = max(source.time_ms, time.time_ns() // 1_000_000)
    source.say("alarm", 100 if source.high else 0)
    source.client.wait_acknowledged()
    out_of_cache(lab.database)
    checks = (lab.folder / "sluiced.log").read_text().count("is sound after")
    began = time.monotonic()
    lab.spawn()
    ready = alert = None
    while ready is None or alert is None:
        gateway.check(lab.daemon.poll() is None and time.monotonic() - began < 120, "the gateway starts")
        if ready is None and (lab.get("/readyz") or (0,))[0] == 200:
            ready = time.monotonic() - began
        source.hear()
        if alert is None and any(name == "high" for name, _, _ in source.events):
            alert = time.monotonic() - began
            source.events.clear()
    if not to_the_end:
        return ready, alert, None
    gateway.wait_until(lambda: (lab.folder / "sluiced.log").read_text().count("is sound after") > checks,
                       "the full check ends", 1800, every=0.1)
    return ready, alert, time.monotonic() - began


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--size-gib", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--checked", action="store_true", help="in the last run wait for the end of the check: minutes")
    parser.add_argument("--folder", default="/var/tmp", help="where the database lies: a real disk")
    options = parser.parse_args()
    tempfile.tempdir = options.folder
    with gateway.Gateway(options, bad_day.CONFIG, store="flush: 200ms, max_size: 8GiB") as lab:
        lab.start()
        source = bad_day.Source(lab)
        for n in range(SENSORS - 1):
            source.say(f"sensor-{n}", n)
        source.say("alarm", 0)
        source.client.wait_acknowledged()
        lab.wait_rows(SENSORS)
        lab.stop()
        rows = grow(lab.database, int(options.size_gib * 2**30))
        lab.start()
        source.say("sensor-0", 1)
        lab.wait_rows(rows + 1)
        lab.kill()
        print(f"{rows} readings, {lab.database.stat().st_size / 2**30:.2f} GiB; seconds from the start of the process until", flush=True)
        print(f"{'run':>4} {'ready':>8} {'alert':>8} {'checked':>8}")
        for number in range(1, options.runs + 1):
            ready, alert, checked = one_start(lab, source, options.checked and number == options.runs)
            print(f"{number:4} {ready:8.2f} {alert:8.2f} {f'{checked:8.1f}' if checked else '-':>8}", flush=True)
            lab.kill()
        lab.start()
        began = time.monotonic()
        lab.stop()
        print(f"a stop while it is checked: {time.monotonic() - began:.2f} s")


if __name__ == "__main__":
    gateway.run(main)
