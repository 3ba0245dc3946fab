#!/usr/bin/env python3
"""A changed configuration takes effect while messages keep coming; a wrong one changes nothing.

A publisher does not stop while the gateway reloads several times. Nothing acknowledged may be lost or counted twice,
an alert that stands is neither fired again nor forgotten, and what a reload cannot do is said with the place in the
file.
"""
import json
import signal
import socket
import time

import gateway

READINGS = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
"""
HOT = "  - { name: hot, sensor: \"load/hot\", above: 50, clear: 40 }\n"
COLD = "  - { name: cold, sensor: \"load/cold\", below: 5, clear: 6 }\n"
MESSAGES = 2000


class Source:
    def __init__(self, client):
        self.client, self.sent, self.time_ms = client, 0, time.time_ns() // 1_000_000 - 60_000

    def say(self, sensor, value):
        self.time_ms += 1
        self.client.publish(f"load/{sensor}", f'{{"v":{value},"t":{self.time_ms}}}')
        self.sent += 1
        self.client.poll(0)

    def say_many(self, count):
        for n in range(count):
            while not self.client.has_room():
                self.client.poll(0.01)
            self.say(f"s{n % 7}", n)


def events(watch, state, alert, timeout):
    return watch.wait_message(lambda m: (json.loads(m.payload)["state"], json.loads(m.payload)["alert"]) ==
                              (state, alert), timeout)


def wait_reloaded(lab, count):
    gateway.wait_until(lambda: (lab.folder / "sluiced.log").read_text().count(" started: ") == count,
                       f"the gateway has been wired {count} times")
    lab.wait_ready()


def ask_over_reloads(lab, source):
    """Commands that run while the gateway reloads wait for an answer, and get it."""
    asked = 0
    for _ in range(4):
        source.say_many(MESSAGES // 4)
        reload = lab.ctl_begin("reload")
        while reload.poll() is None:
            for command in (["alerts"], ["status"], ["sensors"], ["upload", "--now"]):
                done = lab.ctl(*command)
                gateway.check(done.returncode in (0, 1) and not done.stderr and "stopped" not in done.stdout,
                              f"{command} while it reloads: {done}")
                asked += 1
        gateway.check(reload.returncode == 0, f"reload: {reload.stderr.read()}")
    return asked


def narrow(lab, source):
    """Filters change by a reload or while the gateway is away: each message is heard once, and only what is wanted."""
    value = left = 0
    for topic, heard, kill in (("plain/#", 2, False), ("plain/+/t", 1, False), ("plain/#", 2, False),
                               ("plain/+/t", 1, True)):
        if kill:
            lab.kill()
        lab.configure(f"readings:\n  - {{ topic: \"{topic}\", format: number }}\n")
        if kill:
            lab.start()
        else:
            gateway.check(lab.ctl("reload").returncode == 0, "reload with other filters")
        lab.wait_ready()
        left += 1
        gateway.wait_until(lambda: (lab.folder / "sluiced.log").read_text().count("unsubscribed from") == left,
                           "the filter of before is left")
        before = lab.row_count()
        for _ in range(5):
            for name in ("plain/other", "plain/room/t"):
                value += 1
                source.client.publish(name, str(value))
        last = 1000 + left
        source.client.publish("plain/last/t", str(last))
        source.client.wait_acknowledged()
        gateway.wait_until(lambda: lab.query("SELECT value FROM reading ORDER BY id DESC LIMIT 1")[0][0] == last,
                           "the last reading is stored")
        rows = lab.row_count() - before
        gateway.check(rows == 5 * heard + 1, f"{rows} rows with {topic}, not {5 * heard + 1}")


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, READINGS + "alerts:\n" + HOT, store="flush: 300ms") as lab:
        lab.start()
        pid = lab.daemon.pid
        watch = lab.client("watch")
        watch.subscribe(f"sluice/{gateway.GATEWAY}/events")
        source = Source(lab.client("load", window=4000))
        source.say("hot", 60)
        gateway.check(events(watch, "firing", "hot", 20), "the alert fires")

        lab.configure(READINGS + "alerts:\n" + HOT + COLD)
        lab.daemon.send_signal(signal.SIGHUP)
        source.say_many(MESSAGES)
        wait_reloaded(lab, 2)
        source.say("cold", 1)
        again = events(watch, "firing", "cold", 20)
        gateway.check(again, "a rule that a reload brought fires")
        standing = sorted(alert["alert"] for alert in json.loads(lab.get("/api/v1/alerts")[1]))
        gateway.check(standing == ["cold", "hot"], f"both alerts stand, not {standing}")

        good = lab.config.read_text()
        lab.config.write_text(good.replace("below: 5", "bellow: 5"))
        refused = lab.ctl("reload")
        gateway.check(refused.returncode == 4 and 'did you mean "below"' in refused.stderr, f"a slip is told: {refused}")
        lab.daemon.send_signal(signal.SIGHUP)
        gateway.wait_until(lambda: "not reloaded" in (lab.folder / "sluiced.log").read_text(), "the log says so")
        lab.config.write_text(good.replace(gateway.GATEWAY, "another-id"))
        refused = lab.ctl("reload")
        gateway.check(refused.returncode == 1 and "gateway.id cannot change" in refused.stderr, f"an id stays: {refused}")

        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            lab.config.write_text(good.replace('listen: ""', f'listen: "127.0.0.1:{taken.getsockname()[1]}"'))
            source.say_many(MESSAGES)
            done = lab.ctl("reload")
            gateway.check(done.returncode == 1 and "in force again" in done.stderr, f"ctl tells that it fails: {done}")
            gateway.wait_until(lambda: "again in force" in (lab.folder / "sluiced.log").read_text(),
                               "what cannot be used is given up for the old configuration")
            gateway.check(events(watch, "firing", "reload-failed", 30), "an alert tells of it")
        lab.wait_ready()
        lab.config.write_text(good)
        for wired in range(4, 7):
            source.say_many(MESSAGES)
            gateway.check(lab.ctl("reload").returncode == 0, "reload again")
            if wired == 4:
                gateway.check(events(watch, "resolved", "reload-failed", 10), "a reload that works ends that alert")
                gateway.check("new configuration" not in lab.ctl("status").stdout, "and the problem in the status")
            started = (lab.folder / "sluiced.log").read_text().count(" started: ")
            gateway.check(started == wired, f"in force when reload returns: started {started} times, not {wired}")
        status = lab.status()
        gateway.check(status["uptime_ms"] > status["counting_ms"] + 1000, "it has been running since before the reload")
        gateway.check("unclean" not in (lab.folder / "sluiced.log").read_text(), "nothing was stopped uncleanly")
        asked = ask_over_reloads(lab, source)
        source.client.wait_acknowledged()
        lab.wait_rows(source.sent)
        gateway.check(lab.row_count() == source.sent, f"{source.sent} readings, {lab.row_count()} rows")
        gateway.check(lab.daemon.pid == pid and lab.daemon.poll() is None, "it is the same process")
        source.say("hot", 0)
        gateway.check(events(watch, "resolved", "hot", 20), "the alert of before the reloads resolves")
        narrow(lab, source)
        lab.stop()
        lab.audit()
        fired = lab.query("SELECT count(*) FROM alert_events WHERE alert = 'hot' AND state = 'firing'")[0][0]
        gateway.check(fired == 1, f"the standing alert was fired {fired} times")
    print(f"reloaded under load: {source.sent} readings, none lost, none twice; four refusals told; "
          f"{asked} commands answered while it reloaded")


if __name__ == "__main__":
    gateway.run(main)
