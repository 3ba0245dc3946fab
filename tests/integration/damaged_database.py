#!/usr/bin/env python3
"""A damaged database is found, kept aside, and the gateway goes on with a new one.

Twice: with damage that stops the start (the first pages), and with damage in a page that only the full check after
an unclean stop reads. In both cases messages sent meanwhile are stored in the new database and the audit
of it passes. A damaged log (-wal) makes the database older instead: the journal fills the gap as far as it still holds
the records, and otherwise an alert tells of it.
"""
import contextlib
import sqlite3
import time

import gateway

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
"""
PAGE = 1024


def messages(first, count):
    now_ms = time.time_ns() // 1_000_000
    return [(f"load/s{n % 7}", f'{{"v":{n},"t":{now_ms + n}}}') for n in range(first, first + count)]


def damage(path, at_page, pages):
    with open(path, "r+b") as database:
        database.seek(at_page * PAGE)
        database.write(b"\xff" * PAGE * pages)


def flip_byte(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def aside(lab):
    return [path.name for path in lab.state_dir.iterdir()
            if path.name.startswith("sluice.db.corrupt-") and not path.name.endswith(("-wal", "-shm"))]


def add_unread_pages(path):
    """Pages at the end that no start reads: a table of somebody else's. The number of one in its middle."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes(text)")
        database.execute("INSERT INTO notes VALUES(zeroblob(300000))")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size // PAGE - 100


def goes_on(lab, client, first):
    before = lab.row_count()
    client.publish_all(messages(first, 500))
    lab.wait_rows(before + 500)
    lab.stop()
    lab.audit()


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, CONFIG, store="flush: 200ms") as lab:
        lab.start()
        client = lab.client("load")
        client.publish_all(messages(0, 20000))
        lab.wait_rows(20000)
        lab.stop()

        damage(lab.database, 1, 40)
        lab.start()
        gateway.check(len(aside(lab)) == 1, f"an unreadable database is kept aside: {aside(lab)}")
        goes_on(lab, client, 20000)

        lab.start()
        client.publish_all(messages(30000, 20000))
        lab.wait_rows(20500)
        lab.stop()
        at_page = add_unread_pages(lab.database)
        lab.start()
        lab.kill()
        damage(lab.database, at_page, 3)
        lab.spawn()
        gateway.wait_until(lambda: len(aside(lab)) == 2, "the full check finds the damage, and the process goes on")
        lab.wait_ready()
        gateway.wait_until(lambda: ("database-damaged",) in lab.query("SELECT alert FROM alert_events"),
                           "an alert tells of it")
        goes_on(lab, client, 60000)

        # SQLite takes a log with a damaged first frame for an empty one: the database is then older than it was.
        lab.start()
        rows = lab.row_count() + 5000
        client.publish_all(messages(70000, 5000))
        lab.wait_rows(rows)
        lab.kill()
        flip_byte(lab.database.with_name("sluice.db-wal"), 32 + 24 + 100)
        lab.start()
        gateway.wait_until(lambda: lab.row_count() >= rows or
                           ("journal-damaged",) in lab.query("SELECT alert FROM alert_events"),
                           "what was in the log is stored again from the journal, or an alert tells that it is lost")
        refilled = lab.row_count() >= rows
        goes_on(lab, client, 80000)
    print("both kinds of damage were found; two databases kept aside; the new ones balance; what a damaged log had "
          f"held was {'stored again from the journal' if refilled else 'told to be lost'}")


if __name__ == "__main__":
    gateway.run(main)
