#!/usr/bin/env python3
"""sluicectl audit finds what was done to a database behind the gateway's back, and names the day.

A real gateway fills the database; each fault is planted into a copy of its own.
"""
import datetime
import shutil
import sqlite3
import time
import zoneinfo

import gateway

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/+", above: 90, clear: 50 }
summary: { close_after: 1s }
log: { level: warning }
"""
ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
ROWS_A_DAY = 400

FIRST_ROW = "(SELECT min(id) FROM reading)"
LAST_ROW = "(SELECT max(id) FROM reading)"
MIDDLE_ROW = "(SELECT id FROM reading ORDER BY id LIMIT 1 OFFSET (SELECT count(*) / 2 FROM reading))"
OLD_DAY = "(SELECT min(day) FROM summary)"

ARRIVAL, SUMMED = "arrival", "summed"  # the day that must be named
# What is done, the statements, the day.
FAULTS = [
    ("a row deleted", [f"DELETE FROM reading WHERE id = {MIDDLE_ROW}"], ARRIVAL),
    ("the first row deleted", [f"DELETE FROM reading WHERE id = {FIRST_ROW}"], ARRIVAL),
    ("the last row deleted", [f"DELETE FROM reading WHERE id = {LAST_ROW}"], ARRIVAL),
    ("a row of a summed day deleted", [f"DELETE FROM reading WHERE id = {FIRST_ROW}"], SUMMED),
    ("a row deleted, and the counters with it",
     [f"DELETE FROM reading WHERE id = {MIDDLE_ROW}",
      "UPDATE counter SET value = value - 1 WHERE name IN ('readings_stored', 'readings_decoded')"], ARRIVAL),
    ("a value flipped", [f"UPDATE reading SET value = value + 1 WHERE id = {MIDDLE_ROW}"], ARRIVAL),
    ("a value flipped by the least bit",
     [f"UPDATE reading SET value = value * 1.0000000000000002 WHERE id = {LAST_ROW}"], ARRIVAL),
    ("a value of a summed day flipped", [f"UPDATE reading SET value = -value - 1 WHERE id = {FIRST_ROW}"], SUMMED),
    ("a time moved", [f"UPDATE reading SET time_ms = time_ms + 1, lag_ms = lag_ms - 1 WHERE id = {FIRST_ROW}"], SUMMED),
    ("two values exchanged",
     [f"CREATE TEMP TABLE pair AS SELECT id, value FROM reading WHERE id IN ({FIRST_ROW}, {FIRST_ROW} + 1)",
      f"UPDATE reading SET value = (SELECT value FROM pair WHERE pair.id != reading.id) WHERE id IN "
      f"({FIRST_ROW}, {FIRST_ROW} + 1)"], ARRIVAL),
    ("a row added",
     [f"INSERT INTO reading SELECT {LAST_ROW} + 1, sensor, time_ms, value, lag_ms, flags FROM reading "
      f"WHERE id = {LAST_ROW}"], ARRIVAL),
    ("a row added to a batch",
     [f"INSERT INTO reading SELECT {LAST_ROW} + 1, sensor, time_ms, value, lag_ms, flags FROM reading "
      f"WHERE id = {LAST_ROW}",
      "UPDATE batch SET last_row = last_row + 1 WHERE id = (SELECT max(id) FROM batch)"], ARRIVAL),
    ("a counter changed", ["UPDATE counter SET value = value + 1 WHERE name = 'readings_stored'"], ARRIVAL),
    ("messages counted twice",
     ["UPDATE counter SET value = value * 2 WHERE name = 'messages_received'"], ARRIVAL),
    ("two counters changed together",
     ["UPDATE counter SET value = value + 1 WHERE name IN ('readings_stored', 'readings_decoded')"], ARRIVAL),
    ("a counter deleted", ["DELETE FROM counter WHERE name = 'messages_decoded'"], ARRIVAL),
    ("alerts counted too often", ["UPDATE counter SET value = value + 1 WHERE name = 'alerts_fired'"], ARRIVAL),
    ("a summary edited",
     [f"UPDATE summary SET body = CAST(replace(CAST(body AS TEXT), '\"mean\":', '\"mean\":1') AS BLOB) "
      f"WHERE day = {OLD_DAY}"], SUMMED),
    ("a summary's digest edited", [f"UPDATE summary SET digest = 'ff' || substr(digest, 3) WHERE day = {OLD_DAY}"],
     SUMMED),
    ("a summary's count edited", [f"UPDATE summary SET row_count = row_count + 1 WHERE day = {OLD_DAY}"], SUMMED),
    ("a summary deleted", [f"DELETE FROM summary WHERE day = {OLD_DAY}"], SUMMED),
    ("a key of the outbox edited", [f"UPDATE outbox SET key = key || '0' WHERE day = {OLD_DAY}"], SUMMED),
]


def fill(lab):
    """Readings of the day before yesterday, which is summed, and of today."""
    client = lab.client("load")
    now_ms = time.time_ns() // 1_000_000
    today = datetime.datetime.fromtimestamp(now_ms / 1000, ZONE).date()
    summed = today - datetime.timedelta(2)
    noon_ms = int(datetime.datetime.combine(summed, datetime.time(12), ZONE).timestamp() * 1000)
    stored = 0
    for begin_ms in (noon_ms, now_ms - ROWS_A_DAY):
        for part in range(4):  # some batches a day
            numbers = range(part * ROWS_A_DAY // 4, (part + 1) * ROWS_A_DAY // 4)
            client.publish_all([(f"load/s{n % 5}", f'{{"v":{n * 37 % 100 + n / 1024!r},"t":{begin_ms + n}}}')
                                for n in numbers])
            stored += len(numbers)
            lab.wait_rows(stored)

    def delivered():  # again, once it is closed for good
        lab.upload_now()
        return lab.query("SELECT count(*) FROM daily_summaries d JOIN uploads u ON u.date = d.date AND u.revision = "
                         "d.revision WHERE d.date = ? AND json_extract(document, '$.complete') AND "
                         "u.state = 'delivered'", summed.isoformat())[0][0] == 1

    gateway.wait_until(delivered, "the day is summed and delivered", every=0.3)
    return summed.isoformat()


def plant(lab, number, statements):
    """A configuration whose database is a copy with the fault."""
    folder = lab.folder / f"fault-{number}"
    folder.mkdir()
    shutil.copy(lab.database, folder / "sluice.db")
    with sqlite3.connect(folder / "sluice.db") as database:
        changed = [database.execute(statement).rowcount for statement in statements]
    database.close()
    gateway.check(changed[-1] != 0, f"nothing was changed by {statements[-1]}")
    config = folder / "sluice.yaml"
    config.write_text(lab.config.read_text().replace(f'state_dir: "{lab.state_dir}"', f'state_dir: "{folder}"'))
    return config


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, CONFIG) as lab:
        lab.start()
        summed = fill(lab)
        lab.stop()
        arrivals = {date for (date,) in lab.query("SELECT DISTINCT date FROM ledger WHERE counter = 'readings_stored'")}
        lab.audit(config=plant(lab, "none", ["UPDATE cursor SET id = id"]))
        wrong = []
        for number, (what, statements, day) in enumerate(FAULTS):
            done = lab.ctl("audit", config=plant(lab, number, statements))
            named = {line.split(":")[0] for line in done.stdout.splitlines() if ": " in line}
            expected = {summed} if day == SUMMED else arrivals
            if done.returncode != 1:
                wrong.append(f"{what}: exit code {done.returncode}: {done.stdout}{done.stderr}")
            elif not named & expected:
                wrong.append(f"{what}: none of {sorted(expected)} is named: {done.stdout}")
        gateway.check(not wrong, "\n".join(wrong))
    print(f"{len(FAULTS)} faults found, none where there is none")


if __name__ == "__main__":
    gateway.run(main)
