#!/usr/bin/env python3
"""Bad days of the disk. Each is told as an alert, a metric and in the status; readings' alerts go on meanwhile, nothing
that was acknowledged is lost, and the gateway recovers without a hand.

errors: every write gives EIO, then every read, too (a preloaded library; anybody may run it); a start meanwhile ends
    with a reason, and the journal keeps what it has
journal_errors: the same where the journal is on that disk (durability: power): the process ends, the broker has the rest
syncs: writes work, and each sync of the database's log gives EIO: nothing counts as stored before a sync has worked
journal_syncs: the same with the syncs of the ring (durability: power): the message is not acknowledged, nor is any other
    into that ring, although the disk is well again
truncated: the image of the mounted ext4 is cut off under the running gateway, so that the kernel itself gives EIO for
    whatever is not in memory; then it is mended (root, loop devices)
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
    for which in ("writes", "all"):
        fault.break_disk(errno.EIO, which)
        source.say_many()
        source.alarm()
        bad_day.bad_day(source, "store-failing")
        source.alarm()
        check("replace the card" in json.dumps(lab.status()["problems"]), "the status says what to do")
        check(lab.status()["broker"]["state"] == "up", "intake goes on")
        fault.mend_disk()
        good_day(source, "store-failing")
        all_stored(source, f"after errors of {which}")
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


def syncs(lab, options):
    fault = bad_day.Fault(lab, gateway.preload_of(options, "bad_day_preload"), "sluice.db-wal")
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(200)
    for end in ("mended", "killed"):
        rows = lab.row_count()
        fault.break_disk(errno.EIO, "syncs")
        source.say_many()
        source.alarm()
        bad_day.bad_day(source, "store-failing")
        source.alarm()
        check(lab.row_count() == rows, "nothing is taken for stored that was not synced")
        check(lab.status()["broker"]["state"] == "up", "intake goes on")
        if end == "killed":
            lab.kill()
        fault.mend_disk()
        if end == "killed":
            lab.start()
        good_day(source, "store-failing")
        all_stored(source, f"after syncs that failed, {end}")
    finish(source, "after syncs that failed")


def journal_syncs(lab, options):
    fault = bad_day.Fault(lab, gateway.preload_of(options, "bad_day_preload"), "journal-")

    def rings():
        return {path.name for path in lab.state_dir.glob("journal-*.ring")}
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(200)
    before = rings()
    check(len(before) == 1, f"one ring: {before}")
    fault.break_disk(errno.EIO, "syncs")
    source.say_many()
    check(lab.daemon.wait(gateway.PATIENCE_S) == -signal.SIGABRT, "what was not synced is not acknowledged")
    check(bad_day.log_has(lab, "a message cannot be kept, so it must not be acknowledged"), "it says why")
    fault.mend_disk()
    lab.start()
    source.say_many()
    all_stored(source, "after a sync of the ring that failed")
    check(lab.ledger().get("messages_duplicate", 0) > 0, "the broker sends again what could not be synced")
    wait_until(lambda: not before & rings(), "the ring whose sync failed has gone")
    check(len(rings()) == 1, f"another ring is used: {rings()}")
    finish(source, "after a sync of the ring that failed")


def truncated(lab, _):
    card = lab.folder / "card"
    card.mkdir()
    size_kib = 24 << 10
    with bad_day.Mounted(card, "tmpfs", size_kib + 64) as space, \
            bad_day.Mounted(lab.state_dir, "ext4", size_kib, image=card / "image") as disk:
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        lab.wait_rows(200)
        lost = disk.cut_image(64 << 10)
        space.fill()  # or the image would grow again
        source.say_many()
        source.alarm()
        text = bad_day.bad_day(source, "store-failing")
        source.alarm()
        source.say_many()
        check(lab.status()["broker"]["state"] == "up", "intake goes on")
        lab.stop()
        check(bad_day.log_has(lab, "a reboot empties"), "the log says that the rest is in the runtime directory only")
        disk.unmount()
        space.free()
        disk.mend_image(lost)
        disk.mount()
        lab.start()
        good_day(source, "store-failing")
        finish(source, f"after an image that was cut off ({text})")


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


DAYS = {"errors": errors, "journal_errors": journal_errors, "syncs": syncs, "journal_syncs": journal_syncs,
        "truncated": truncated, "read_only": read_only, "full": full, "journal": journal}


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--day", choices=DAYS, required=True)
    gateway.add_preload(parser, "bad_day_preload")
    options = parser.parse_args()
    store = STORE + (", durability: power" if options.day in ("journal_errors", "journal_syncs") else "")
    with gateway.Gateway(options, bad_day.CONFIG, store=store, mqtt=MQTT) as lab:
        DAYS[options.day](lab, options)
    print(f"{options.day}: told, survived, and nothing was lost")


if __name__ == "__main__":
    gateway.run(main)
