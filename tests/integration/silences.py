#!/usr/bin/env python3
"""A silence keeps its alerts from being told, over a restart, a crash and a reload, until it ends.

What the silence names (sensor, alert, labels) is not told, everything else is. When it ends, by itself or because
somebody ends it, what still stands is told.
"""
import json
import signal

import gateway

CONFIG = """\
readings:
  - { topic: "room/+", format: number }
sensors:
  - { sensor: "room/attic", labels: { site: berlin } }
alerts:
  - { name: hot, sensor: "room/+", above: 28 }
  - { name: cold, sensor: "room/+", below: 0 }
"""
EVENTS = f"sluice/{gateway.GATEWAY}/events"


class Watch:
    """What is told."""

    def __init__(self, client):
        client.subscribe(EVENTS)
        self.client, self.told = client, []

    def _record(self, message):
        self.told.append(json.loads(message.payload))
        return self.told[-1]

    def wait(self, sensor, state, timeout=20):
        def wanted(message):
            event = self._record(message)
            return (event["sensor"], event["state"]) == (sensor, state)
        gateway.check(self.client.wait_message(wanted, timeout), f"{sensor} is told to be {state}")
        return self.told[-1]


def say(source, sensor, value):
    source.publish(sensor, value)
    source.wait_acknowledged()


def silences(lab):
    done = lab.ctl("alerts", "silences", "--json")
    gateway.check(done.returncode == 0, f"silences are listed: {done}")
    return json.loads(done.stdout)


def silence(lab, *arguments):
    done = lab.ctl("alerts", "silence", *arguments, "--json")
    gateway.check(done.returncode == 0, f"a silence is made: {done}")
    number = json.loads(done.stdout)["id"]
    gateway.check(number in [entry["id"] for entry in silences(lab)], "the silence is in the list at once")
    return number


def wait_silenced(lab, sensor):
    def flags():
        events = json.loads(lab.get("/api/v1/events")[1])
        return [flag for event in events if event["sensor"] == sensor for flag in event["flags"]]
    gateway.wait_until(lambda: "silenced" in flags(), f"{sensor} fires in silence")


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, CONFIG, store="flush: 300ms") as lab:
        lab.start()
        watch = Watch(lab.client("watch"))
        source = lab.client("source")
        refused = lab.ctl("alerts", "silence", "--sensor", "room/#/x", "--for", "1h")
        gateway.check(refused.returncode == 2 and "sensor:" in refused.stderr, f"a wrong filter is told: {refused}")
        cellar = silence(lab, "--sensor", "room/cellar", "--alert", "hot", "--for", "1h", "--comment", "painters")
        silence(lab, "--label", "site=berlin", "--for", "1h")
        silence(lab, "--sensor", "room/cellar", "--alert", "cold", "--for", "1h")
        refused = lab.ctl("alerts", "silence", "--alert", "hott", "--for", "1h")
        gateway.check(refused.returncode == 1 and "there is hot, cold" in refused.stderr, f"no such alert: {refused}")
        refused = lab.ctl("alerts", "silence", "--for", "1h")
        gateway.check(refused.returncode == 2 and "--all" in refused.stderr, f"everything needs --all: {refused}")
        gateway.check(len(silences(lab)) == 3, "three silences")

        say(source, "room/cellar", "30")
        say(source, "room/attic", "30")
        say(source, "room/hall", "30")
        event = watch.wait("room/hall", "firing")
        gateway.check("silenced" not in event["flags"], "the hall is not silenced")
        wait_silenced(lab, "room/cellar")
        wait_silenced(lab, "room/attic")
        notes = {alert["sensor"]: alert.get("note") for alert in json.loads(lab.get("/api/v1/alerts")[1])}
        gateway.check(notes["room/hall"] is None and notes["room/cellar"] == f"silenced by {cellar}", f"{notes}")
        why = lab.ctl("why", "room/cellar", "hot").stdout
        gateway.check(f"silenced by {cellar}" in why, f"why names the silence: {why}")

        lab.stop()
        gateway.check(len(silences(lab)) == 3, "the database knows them too")
        lab.start()
        lab.kill()
        lab.start()
        lab.daemon.send_signal(signal.SIGHUP)
        gateway.wait_until(lambda: (lab.folder / "sluiced.log").read_text().count(" started: ") == 4, "it is reloaded")
        lab.wait_ready()
        gateway.check(len(silences(lab)) == 3, "three silences after a restart, a crash and a reload")
        say(source, "room/attic", "20")
        say(source, "room/attic", "31")
        say(source, "room/hall", "20")
        watch.wait("room/hall", "resolved")

        ended = lab.ctl("alerts", "unsilence", str(cellar))
        gateway.check(ended.returncode == 0, f"it is ended: {ended}")
        event = watch.wait("room/cellar", "firing")
        gateway.check("standing" in event["flags"], f"what stands is told when the silence ends: {event}")
        again = lab.ctl("alerts", "unsilence", str(cellar))
        gateway.check(again.returncode == 1 and "there is no silence" in again.stderr, f"it is gone: {again}")
        silence(lab, "--sensor", "room/hall", "--for", "2s")
        say(source, "room/hall", "30")
        event = watch.wait("room/hall", "firing")
        gateway.check("standing" in event["flags"], f"told when the silence is over, not before: {event}")
        gateway.wait_until(lambda: len(silences(lab)) == 2, "the silence has ended by itself")
        gateway.check("room/attic" not in [event["sensor"] for event in watch.told], "nobody was told of the attic")
        lab.stop()
        lab.audit()
    print("silences: kept over a restart, a crash and a reload; what stood was told when they ended")


if __name__ == "__main__":
    gateway.run(main)
