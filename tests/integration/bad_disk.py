#!/usr/bin/env python3
"""Bad days of the disk. Each is told as an alert, a metric and in the status; readings' alerts go on meanwhile, nothing
that was acknowledged is lost, and the gateway recovers without a hand.

errors: every write gives EIO, then every read, too (a preloaded library; anybody may run it); a start meanwhile ends
    with a reason, and the journal keeps what it has
journal_errors: the same where the journal is on that disk (durability: power): the process ends, the broker has the rest
read_only: ext4 makes itself read-only under the running gateway; it is mounted anew after a stop (root)
full: ext4 has no block left; then there is room again (root)
journal: the runtime directory has no room for the journal (root)
"""
import errno
import json
import signal

import bad_day
import gateway
from bad_day import all_stored, good_day
from gateway import check, wait_until

STORE = "journal_size: 4MiB, flush: 200ms, reserve: 1MiB"
MQTT = "max_payload: 1KiB, receive_maximum: 100"


def finish(source, what):
    all_stored(source, what)
    source.lab.stop()
    source.lab.audit()


def errors(lab, options):
    fault = bad_day.Fault(lab, gateway.preload_of(options, "bad_day_preload"))
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(200)
    for reading in (False, True):
        fault.break_disk(errno.EIO, reading)
        source.say_many()
        source.alarm()
        bad_day.bad_day(source, "store-failing")
        source.alarm()
        check("replace the card" in json.dumps(lab.status()["problems"]), "the status says what to do")
        check(lab.status()["broker"]["state"] == "up", "intake goes on")
        fault.mend_disk()
        good_day(source, "store-failing")
        all_stored(source, f"after {'all' if reading else 'write'} errors")
    # A start needs the database: it ends with a reason, and the service manager tries again.
    fault.break_disk(errno.EIO)
    source.say_many()
    lab.kill()
    lab.spawn()
    check(lab.daemon.wait(gateway.PATIENCE_S) == 1, "a start on a disk with errors ends")
    check(bad_day.log_has(lab, "cannot start: cannot read or write"), "it says why")
    fault.mend_disk()
    lab.start()
    finish(source, "after a start on a failing disk")


def journal_errors(lab, options):
    fault = bad_day.Fault(lab, gateway.preload_of(options, "bad_day_preload"))
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(200)
    fault.break_disk(errno.EIO)
    source.say_many()
    check(lab.daemon.wait(gateway.PATIENCE_S) == -signal.SIGABRT, "what cannot be kept is not acknowledged")
    check(bad_day.log_has(lab, "a message cannot be kept, so it must not be acknowledged"), "it says why")
    fault.mend_disk()
    lab.start()
    finish(source, "after errors of the journal's disk")


def read_only(lab, _):
    with bad_day.Mounted(lab.state_dir, "ext4", 24 << 10) as disk:
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        lab.wait_rows(200)
        disk.become_read_only()
        source.say_many()
        source.alarm()
        text = bad_day.bad_day(source, "store-failing")
        source.alarm()
        check(lab.status()["broker"]["state"] == "up", "intake goes on")
        lab.stop()
        check(bad_day.log_has(lab, "a reboot empties"), "the log says that the rest is in the runtime directory only")
        disk.unmount()
        disk.mount()
        lab.start()
        good_day(source, "store-failing")
        finish(source, f"after a read-only file system ({text})")


def full(lab, _):
    with bad_day.Mounted(lab.state_dir, "ext4", 24 << 10) as disk:
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        wait_until((lab.state_dir / "reserve").exists, "space is put aside")
        disk.fill()

        def noticed():
            source.say_many(500)
            return lab.status()["store"]["last_error"] or bad_day.stands(lab, "disk-full")
        wait_until(noticed, "the store notices that the disk is full")
        bad_day.bad_day(source, "disk-full")
        source.alarm()
        disk.free()
        source.say_many()
        good_day(source, "disk-full")
        finish(source, "after a full disk")


def journal(lab, _):
    with bad_day.Mounted(lab.runtime_dir, "tmpfs", 256):
        lab.start()
        source = bad_day.Source(lab)
        bad_day.bad_day(source, "journal-elsewhere")
        check(list(lab.state_dir.glob("journal-*.ring")), "the journal is in the state directory")
        source.say_many()
        source.alarm()
        lab.kill()
        lab.start()
        all_stored(source, "with the journal elsewhere, after a kill")
        lab.stop()
    lab.start()
    good_day(source, "journal-elsewhere")
    check(not list(lab.state_dir.glob("journal-*.ring")), "the journal is where it belongs")
    source.say_many()
    finish(source, "with the journal where it belongs")


DAYS = {"errors": errors, "journal_errors": journal_errors, "read_only": read_only, "full": full, "journal": journal}


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--day", choices=DAYS, required=True)
    gateway.add_preload(parser, "bad_day_preload")
    options = parser.parse_args()
    store = STORE + (", durability: power" if options.day == "journal_errors" else "")
    with gateway.Gateway(options, bad_day.CONFIG, store=store, mqtt=MQTT) as lab:
        DAYS[options.day](lab, options)
    print(f"{options.day}: told, survived, and nothing was lost")


if __name__ == "__main__":
    gateway.run(main)
