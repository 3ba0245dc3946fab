#!/usr/bin/env python3
"""Who hears of an alert: those whom its rule names, nobody else, and whoever was told of it hears its end, also
when the rule has gone since, and whatever was down or crashed meanwhile."""
import json
import socket

import gateway
from gateway import check, wait_until
from receivers import Receiver

READINGS = """\
readings:
  - { topic: "t/+", format: number }
log: { level: warning }
"""
TRY_AGAIN = 503


def channels(**receivers):
    return "notify:\n" + "".join(f'  {name}: {{ type: webhook, url: "{receiver.url}" }}\n'
                                 for name, receiver in receivers.items())


def rule(name, sensor, notify, condition="above: 30"):
    return f'  - {{ name: {name}, sensor: "t/{sensor}", {condition}, notify: [{notify}] }}\n'


def reload(lab, config):
    lab.configure(READINGS + config)
    done = lab.ctl("reload")
    check(done.returncode == 0, f"reload: {done.stdout}{done.stderr}")
    lab.wait_ready()


def wait_stored(lab, alert, state):
    wait_until(lambda: lab.query("SELECT 1 FROM alert_events WHERE alert = ? AND state = ?", alert, state),
               f"{alert} {state} is stored")


def settled(lab, name):
    """Nothing waits for the channel, in memory or in the database."""
    wait_until(lambda: not next(c for c in lab.status()["channels"] if c["name"] == name)["waiting"],
               f"nothing waits for {name}")
    wait_until(lambda: not lab.query("SELECT 1 FROM alert_slot WHERE channel = ?", name),
               f"every receipt of {name} is stored", timeout=30)


def retained(lab, name):
    client = lab.client(name)
    client.subscribe(f"sluice/{gateway.GATEWAY}/alerts/#")
    topics = set()
    while message := client.wait_message(lambda m: m.retained, 0.3):
        topics.add(message.topic.split("/alerts/")[1])
    return topics


def told(receiver, alert):
    return [body["state"] for body in list(receiver.bodies) if body["alert"] == alert]


def check_nobody(options):
    """notify: [] tells nobody, and MQTT shows what is meant for it."""
    with Receiver() as pager, gateway.Gateway(options, "") as lab:
        config = ("alerts:\n" + rule("none", "none", "") + rule("paged", "paged", "pager") +
                  rule("both", "both", "mqtt, pager") + channels(pager=pager) +
                  "gateway_alerts: { notify: [] }\n")
        lab.configure(READINGS + config)
        lab.start()
        watch = lab.client("watch")
        watch.subscribe(f"sluice/{gateway.GATEWAY}/events")
        sender = lab.client("sender")
        sender.publish_all([("t/none", b"31"), ("t/paged", b"31"), ("t/both", b"31")])
        wait_stored(lab, "none", "firing")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            good = lab.config.read_text()
            lab.config.write_text(good.replace('listen: ""', f'listen: "127.0.0.1:{taken.getsockname()[1]}"'))
            refused = lab.ctl("reload")
            check(refused.returncode == 1, f"a configuration that cannot be used is told: {refused}")
        wait_stored(lab, "reload-failed", "firing")
        reload(lab, config)  # a new connection of every channel
        wait_until(lambda: told(pager, "both") and told(pager, "paged"), "the pager is told")
        check(retained(lab, "late") == {"both/t/both"}, "only what is told over MQTT stands there")
        sender.publish_all([("t/none", b"20"), ("t/paged", b"20"), ("t/both", b"20")])
        wait_until(lambda: "resolved" in told(pager, "both") and "resolved" in told(pager, "paged"), "all end")
        heard = set()
        while message := watch.wait_message(lambda _: True, 0.3):
            heard.add(json.loads(message.payload)["alert"])
        check(heard == {"both"}, f"told over MQTT: {heard}")
        check({body["alert"] for body in pager.bodies} == {"both", "paged"}, f"told to the pager: {pager.bodies}")
        lab.stop()
        check(retained(lab, "later") == set(), "nothing stands on MQTT at the end")


def check_removed_rule(options):
    """A rule goes while its channel is down: its alerts end there all the same, once it is back."""
    with Receiver() as pager, gateway.Gateway(options, "") as lab:
        rest = channels(pager=pager)
        lab.configure(READINGS + "alerts:\n" + rule("x", "+", "pager") + rest)
        lab.start()
        sender = lab.client("sender")
        sender.publish_all([("t/x", b"31")])
        wait_until(lambda: pager.told("t/x", "firing"), "the pager is told")
        settled(lab, "pager")
        pager.status = TRY_AGAIN
        sender.publish_all([("t/y", b"31")])
        wait_until(lambda: pager.told("t/y", "firing"), "the pager is tried")
        reload(lab, rest)
        reload(lab, rest)
        tried = len(pager.bodies)
        pager.status = 200
        settled(lab, "pager")
        for sensor in ("t/x", "t/y"):
            states = [body["state"] for body in pager.bodies[tried:] if body["sensor"] == sensor]
            check(states and set(states) == {"resolved"}, f"{sensor} ends for the pager: {states}")
        lab.stop()


def check_escalation(options):
    """A crash after the receipt of a warning, and before the telling of the alarm that it became."""
    levels = "levels: [{ severity: warning, above: 30 }, { severity: critical, above: 40 }]"
    with Receiver() as pager, gateway.Gateway(options, "") as lab:
        lab.configure(READINGS + "alerts:\n" + rule("x", "+", "mqtt, pager", levels) + channels(pager=pager))
        lab.start()
        sender = lab.client("sender")
        sender.publish_all([("t/x", b"31")])
        wait_until(lambda: pager.bodies, "the pager is told")
        pager.status = TRY_AGAIN
        sender.publish_all([("t/x", b"41")])
        wait_until(lambda: lab.query("SELECT 1 FROM alert_events WHERE severity = 'critical'"), "both are stored")
        # The receipt of the warning is the older one.
        wait_until(lambda: not lab.query("SELECT 1 FROM alert_slot WHERE channel = 'mqtt'"), "receipts are stored")
        lab.kill()
        tried = len(pager.bodies)
        pager.status = 200
        lab.start()
        wait_until(lambda: pager.bodies[tried:], "it is told after the crash")
        check(pager.bodies[tried]["severity"] == "critical", f"told: {pager.bodies[tried]}")
        settled(lab, "pager")
        lab.stop()


def check_changed_notify(options):
    """Channels that a rule does not name any more hear the end of what they were told; also one that was down."""
    with Receiver() as pager, Receiver() as mail, gateway.Gateway(options, "") as lab:
        rest = channels(pager=pager, mail=mail)
        lab.configure(READINGS + "alerts:\n" + rule("x", "+", "mqtt, mail, pager") + rest)
        lab.start()
        sender = lab.client("sender")
        sender.publish_all([("t/x", b"31")])
        wait_until(lambda: told(pager, "x") and told(mail, "x"), "both are told")
        settled(lab, "pager")
        pager.status = TRY_AGAIN
        sender.publish_all([("t/y", b"31")])
        wait_until(lambda: pager.told("t/y", "firing"), "the pager is tried")
        reload(lab, "alerts:\n" + rule("x", "+", "mqtt") + channels(mail=mail))
        check(retained(lab, "late") == {"x/t/x", "x/t/y"}, "they stand on MQTT")
        sender.publish_all([("t/x", b"20"), ("t/y", b"20")])
        wait_until(lambda: mail.told("t/x", "resolved"), "mail hears the end, though the rule does not name it")
        wait_until(lambda: len(lab.query("SELECT 1 FROM alert_events WHERE state = 'resolved'")) == 2, "both end")
        tried = len(pager.bodies)
        pager.status = 200
        reload(lab, "alerts:\n" + rule("x", "+", "mqtt, pager") + rest)
        settled(lab, "pager")
        for sensor in ("t/x", "t/y"):
            states = [body["state"] for body in pager.bodies[tried:] if body["sensor"] == sensor]
            check(states and set(states) == {"resolved"}, f"{sensor} ends for the pager: {states}")
        lab.stop()


def main():
    options = gateway.parser_of(__doc__).parse_args()
    check_nobody(options)
    check_removed_rule(options)
    check_changed_notify(options)
    check_escalation(options)
    print("whoever was told of an alert hears its end, and nobody else hears of it")


gateway.run(main)
