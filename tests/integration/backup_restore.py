#!/usr/bin/env python3
"""A backup made under load is put into an empty state directory: what was delivered and told when it was made is
neither delivered nor told again, the standing alert still resolves, later days are summed, and the books balance.
"""
import json
import shutil
import threading
import time

import gateway
from gateway import check, wait_until
from receivers import Receiver

CONFIG = """\
readings:
  - {{ topic: "load/+", value: /v, time: /t, time_format: ms }}
alerts:
  - {{ name: hot, sensor: "load/+", above: 50, clear: 40, notify: [mqtt, ops] }}
notify:
  ops: {{ type: webhook, url: "{ops}" }}
upload:
  to: [ {{ name: cloud, type: http, url: "{cloud}/{{date}}/{{revision}}", method: POST, gzip: false }} ]
"""
DAY_MS = 86_400_000


class Source:
    """Readings of other days and of now, no two of one sensor at the same time."""

    def __init__(self, client):
        self.client, self.sent, self.now_ms = client, 0, int(time.time() * 1000)

    def say(self, sensor, values, days_ago=0):
        for value in values:
            self.now_ms += 1
            self.client.publish(f"load/{sensor}", f'{{"v":{value},"t":{self.now_ms - days_ago * DAY_MS}}}')
            self.sent += 1
            self.client.poll(0)
        self.client.wait_acknowledged()


def dates(cloud):
    """(date, revision) of every upload that came, in order."""
    return [(body["date"], body["revision"]) for body in list(cloud.bodies)]


def sum_and_upload(lab, cloud, count):
    lab.upload_now()
    wait_until(lambda: len(cloud.bodies) >= count, f"{count} uploads come (there are {dates(cloud)})")
    wait_until(lambda: not lab.query("SELECT count(*) FROM uploads WHERE state = 'pending'")[0][0], "receipts are stored")


def back_up_under_load(lab, source):
    """The publisher goes on while sluicectl copies."""
    made = []
    copy = lab.folder / "copy.db"
    worker = threading.Thread(target=lambda: made.append(lab.ctl("backup", copy)))
    worker.start()
    while worker.is_alive():
        source.say("steady", range(20))
    worker.join()
    check(made[0].returncode == 0, f"backup: {made[0].stdout}{made[0].stderr}")
    again = lab.ctl("backup", copy)
    check(again.returncode == 1, f"a backup is not overwritten: {again}")
    return copy


def before_the_loss(lab, cloud, ops, source, events):
    source.say("room", range(50), days_ago=2)
    source.say("oven", [60, 61])
    source.say("stove", [60, 30])
    lab.wait_rows(source.sent)
    wait_until(lambda: ops.told("load/oven", "firing") and ops.told("load/stove", "resolved"), "the alerts are told")
    wait_until(lambda: not lab.query("SELECT count(*) FROM alert_slot")[0][0], "that they were told is stored")
    sum_and_upload(lab, cloud, 1)
    copy = back_up_under_load(lab, source)

    # What the backup does not have.
    source.say("room", [7], days_ago=2)
    source.say("room", range(9), days_ago=3)
    source.say("grill", [70])
    lab.wait_rows(source.sent)
    sum_and_upload(lab, cloud, 3)
    wait_until(lambda: ops.told("load/grill", "firing"), "an alert after the backup is told")
    wait_until(lambda: events.wait_message(lambda m: json.loads(m.payload)["sensor"] == "load/grill", 1), "over MQTT too")
    lab.stop()
    return copy


def restore(lab, copy, config):
    lab.state_dir, lab.runtime_dir = lab.folder / "restored", lab.folder / "run-restored"
    lab.database = lab.state_dir / "sluice.db"
    for folder in (lab.state_dir, lab.runtime_dir):
        folder.mkdir()
    shutil.copyfile(copy, lab.database)
    lab.configure(config)
    lab.start()


def after_it(lab, cloud, ops, source, events, uploaded, told):
    rows = lab.row_count()
    check(lab.ctl("alerts").stdout.count("load/oven") == 1, "the standing alert stands")
    # A later upload and a later alert come behind everything that would be repeated.
    source.say("room", range(5), days_ago=1)
    source.say("kettle", [80])
    lab.wait_rows(rows + 6)
    wait_until(lambda: ops.told("load/kettle", "firing"), "a new alert is told")
    sum_and_upload(lab, cloud, len(uploaded) + 1)
    fresh = dates(cloud)[len(uploaded):]
    check(len(fresh) == 1 and fresh[0] not in uploaded, f"uploaded again: {fresh} after {uploaded}")
    again = [(b["sensor"], b["state"]) for b in ops.bodies[told:]]
    check(again == [("load/kettle", "firing")], f"told again: {again}")
    message = events.wait_message(lambda m: True, gateway.PATIENCE_S)
    check(json.loads(message.payload)["sensor"] == "load/kettle", f"told again over MQTT: {message.payload}")
    source.say("oven", [20])
    wait_until(lambda: ops.told("load/oven", "resolved"), "the standing alert resolves")
    firing, resolved = ops.told("load/oven", "firing")[0], ops.told("load/oven", "resolved")[0]
    check(firing["id"] == resolved["id"], f"under its id: {firing} {resolved}")
    lab.wait_rows(rows + 7)
    lab.stop()
    lab.audit()


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with Receiver() as cloud, Receiver() as ops, gateway.Gateway(options, "", store="flush: 200ms") as lab:
        config = CONFIG.format(cloud=cloud.url, ops=ops.url)
        lab.configure(config)
        lab.start()
        events = lab.client("events")
        events.subscribe(f"sluice/{gateway.GATEWAY}/events")
        source = Source(lab.client("source"))
        copy = before_the_loss(lab, cloud, ops, source, events)
        uploaded, told = dates(cloud), len(ops.bodies)
        while events.wait_message(lambda m: True, 0.2):
            pass
        restore(lab, copy, config)
        after_it(lab, cloud, ops, source, events, uploaded, told)
    print(f"restored: {uploaded} not uploaded again, {told} messages to the channel not repeated")


if __name__ == "__main__":
    gateway.run(main)
