#!/usr/bin/env python3
"""A channel that hangs delays no other, nor the engine; what a channel did not take is told after a crash, with
the same id, and once only to those that had taken it."""
import json

import gateway
from gateway import check, wait_until
from receivers import Receiver, Silent

CONFIG = """\
readings:
  - {{ topic: "t/+", format: number, unit: "°C" }}
alerts:
  - {{ name: hot, sensor: "#", above: 30, severity: critical, notify: [mqtt, good, silent, sleeper, teller] }}
  - {{ name: few, sensor: "none", above: 1, notify: [mqtt, good] }}
notify:
  good: {{ type: webhook, url: "{good}", headers: {{ X-From: sluice }} }}
  silent: {{ type: webhook, url: "{silent}", timeout: 2m }}
  sleeper: {{ type: exec, command: ["{folder}/sleeper"], timeout: 5m, parallel: 1 }}
  teller: {{ type: exec, command: ["{folder}/teller", one argument] }}
log: {{ level: warning }}
"""
SENSORS = 40


def channel(lab, name):
    return next(entry for entry in lab.status()["channels"] if entry["name"] == name)


def script(lab, name, body):
    path = lab.folder / name
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)


def check_hanging_channels(lab, good):
    listener = lab.client("listener")
    listener.subscribe(f"sluice/{gateway.GATEWAY}/events")
    sender = lab.client("sender")
    # More than every channel has on its way at a time.
    sender.publish_all([(f"t/{i}", b"31") for i in range(SENSORS)])
    heard = set()

    def all_heard():
        message = listener.wait_message(lambda _: True, 1)
        if message:
            heard.add(json.loads(message.payload)["sensor"])
        return len(heard) == SENSORS

    wait_until(all_heard, "every alert comes over MQTT")
    wait_until(lambda: len({body["sensor"] for body in good.bodies}) == SENSORS, "the good webhook has every alert")
    wait_until(lambda: len(list((lab.folder / "told").glob("*"))) == SENSORS, "the program has told every alert")
    check(good.headers[0].get("X-From") == "sluice", f"headers: {good.headers[0]}")
    told = (lab.folder / "told" / "t_7").read_text()
    check(json.loads(told)["id"] == good.told("t/7", "firing")[0]["id"], f"one id everywhere: {told}")
    for name in ("silent", "sleeper"):
        check(channel(lab, name)["waiting"] == SENSORS, f"{name}: {channel(lab, name)}")
    for name in ("mqtt", "good", "teller"):
        wait_until(lambda: channel(lab, name)["delivered"] == SENSORS, f"{name} is counted")
    # The engine goes on: a resolved alert flows as well.
    sender.publish_all([("t/7", b"20")])
    wait_until(lambda: good.told("t/7", "resolved"), "the end of an alert is told")


def check_crash(lab, good):
    good.status = 503
    sender = lab.client("sender-2")
    sender.publish_all([("t/lost", b"99")])
    wait_until(lambda: good.told("t/lost", "firing"), "the alert is tried")
    wait_until(lambda: channel(lab, "good")["failing"], "the status says that the channel fails")
    check("503" in channel(lab, "good")["last_error"], f"{channel(lab, 'good')}")
    metrics = lab.get("/metrics")[1].decode()
    check('sluice_channel_failing{channel="good"} 1' in metrics, "the metrics say that the channel fails")
    wait_until(lambda: lab.query("SELECT count(*) FROM alert_events WHERE sensor = 't/lost'")[0][0], "it is stored")
    first = good.told("t/lost", "firing")[0]["id"]
    # Receipts are stored every ten seconds; what was taken before is not told again after this.
    lab.wait_rows(SENSORS + 2)
    lab.kill()
    good.status = 200
    before = len(good.bodies)
    lab.start()
    wait_until(lambda: [b for b in good.bodies[before:] if b["sensor"] == "t/lost"], "it is told after the crash")
    check(all(body["id"] == first for body in good.told("t/lost", "firing")), "with the same id")
    wait_until(lambda: not channel(lab, "good")["waiting"], "nothing waits any more")
    check(channel(lab, "good")["failing"] is False, "the status says that the channel is fine")


def check_tests(lab, good):
    """sluicectl alerts test: what the channel said, and nothing stays."""
    watch = lab.client("watch")
    watch.subscribe(f"sluice/{gateway.GATEWAY}/#")
    before = len(good.bodies)
    done = lab.ctl("alerts", "test", "few", "--json")
    check(done.returncode == 0, f"a rule's channels: {done.returncode} {done.stdout}{done.stderr}")
    check({c["channel"]: c["told"] for c in json.loads(done.stdout)["channels"]} == {"mqtt": True, "good": True},
          f"told: {done.stdout}")
    bodies = good.bodies[before:]
    check([body["state"] for body in bodies] == ["firing", "resolved"], f"told, then resolved: {bodies}")
    check(all(body["flags"] == ["test"] and body["sensor"] == "$test" for body in bodies), f"marked: {bodies}")
    heard = watch.wait_message(lambda m: m.topic.endswith("/few/$test"), gateway.PATIENCE_S)
    check(heard and not heard.retained, "the test comes over MQTT")
    late = lab.client("late")
    late.subscribe(f"sluice/{gateway.GATEWAY}/alerts/few/#")
    check(late.wait_message(lambda m: m.retained, 0.3) is None, "no retained message is left")
    check(not [a for a in lab.query("SELECT * FROM alert_events") if "$test" in a], "nothing is stored")
    good.status = 403
    done = lab.ctl("alerts", "test", "good")
    check(done.returncode == 1 and "answered 403" in done.stdout, f"{done.returncode} {done.stdout}{done.stderr}")
    good.status = 200
    check(lab.ctl("alerts", "test", "teller").returncode == 0, "a program is tested")
    check(lab.ctl("alerts", "test", "absent").returncode == 1, "an unknown name is a finding")
    check(lab.ctl("alerts", "test").returncode == 2, "no name is wrong usage")


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with Receiver() as good, Silent() as silent, gateway.Gateway(options, "") as lab:
        script(lab, "sleeper", "exec sleep 600\n")
        script(lab, "teller", 'cat > "$(dirname "$0")/told/$(echo "$SLUICE_ALERT_SENSOR" | tr / _)"\n')
        (lab.folder / "told").mkdir()
        lab.configure(CONFIG.format(good=good.url, silent=silent.url, folder=lab.folder))
        lab.start()
        check_hanging_channels(lab, good)
        check_crash(lab, good)
        check_tests(lab, good)
        lab.stop()
        check(lab.ctl("alerts", "test", "good").returncode == 5, "without a daemon there is no test")
        print("hanging channels delay nobody; what was not taken is told after a crash")


gateway.run(main)
