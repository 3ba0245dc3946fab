#!/usr/bin/env python3
"""Bad days of the broker and of the way to it. Each is told as an alert, a metric and in the status; what the broker
acknowledged and did not forget is stored once, and the gateway recovers without a hand.

away: it is killed, and comes back without its sessions
stopped: it stands still (SIGSTOP) and goes on; nothing closes the connections
half_open: the connections stay, and nothing passes through them any more
taken_over: another client uses our client id
lossy: every fourth packet is lost, then all, then none (root)
"""
import json
import signal

import bad_day
import bad_network
import gateway
import receivers
from bad_day import all_stored, metric, stands
from gateway import check, wait_until
from mqtt_client import MqttClient

OUR_ID = f"sluice-{gateway.GATEWAY}"
CONFIG = bad_day.CONFIG.replace("gateway_alerts:", """\
notify:
  mqtt: { type: mqtt }
  ops: { type: webhook, url: "%s" }
gateway_alerts:
  notify: [mqtt, ops]""")


class Ops(receivers.Receiver):
    """Hears of the gateway without the broker."""

    def hears(self, alert, words):
        """The event that fires with these words in its text: a start has a moment of broker-down, too."""
        def heard():
            return [body for body in self.told("$gateway", "firing") if body["alert"] == alert and words in body["message"]]
        return wait_until(heard, f"a webhook is told that {alert} fires, with the words {words!r}")[-1]

    def hears_the_end(self, event):
        wait_until(lambda: [body for body in self.told("$gateway", "resolved") if body["id"] == event["id"]],
                   f"a webhook is told that {event['alert']} is resolved")


def up(lab):
    wait_until(lambda: lab.status()["broker"]["state"] == "up", "it is subscribed again")
    wait_until(lambda: metric(lab, "sluice_broker_connected") == 1, "the metric says so")


def down(lab, ops, words):
    event = ops.hears("broker-down", words)
    wait_until(lambda: stands(lab, "broker-down"), "the metric of broker-down stands")
    check(metric(lab, "sluice_broker_connected") == 0, "the metric says that it is not connected")
    check("check that the broker" in json.dumps(lab.status()["problems"]), "the status says what to do")
    check(lab.get("/readyz")[0] == 503, "it does not say that it is ready")
    check(lab.get("/healthz")[0] == 200, "and does not ask to be restarted")
    return event


def finish(source, what):
    source.say_many()
    source.alarm()
    all_stored(source, what)
    source.lab.stop()
    source.lab.audit()


def away(lab, ops):
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(source.sent)
    lab.broker.kill()
    lab.broker.wait()
    event = down(lab, ops, "connection lost")
    check(lab.restart_broker(), "the broker is there again")
    up(lab)
    source.connect("again")
    ops.hears_the_end(event)
    ops.hears("session-lost", "forgotten our session")
    wait_until(lambda: stands(lab, "session-lost"), "the metric of session-lost stands")
    check("persistence" in json.dumps(lab.status()["problems"]), "the status says what to do about the session")
    finish(source, "after a broker that was away")


def stopped(lab, ops):
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.broker.send_signal(signal.SIGSTOP)
    event = down(lab, ops, "does not answer")
    lab.broker.send_signal(signal.SIGCONT)
    up(lab)
    ops.hears_the_end(event)
    finish(source, "after a broker that stood still")


def half_open(lab, ops):
    with bad_network.Relay(lab.port) as relay:
        text = lab.config.read_text()
        lab.config.write_text(text.replace(f"127.0.0.1:{lab.port}\"", f"127.0.0.1:{relay.port}\""))
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        lab.wait_rows(source.sent)
        relay.freeze()
        source.say_many()  # the broker takes them, and does not know yet that nobody is there
        event = ops.hears("broker-down", "does not answer")
        up(lab)
        ops.hears_the_end(event)
        finish(source, "after half-open connections")


def taken_over(lab, ops):
    lab.start()
    source = bad_day.Source(lab)
    source.say_many()
    lab.wait_rows(source.sent)
    rival = [MqttClient(lab.port, OUR_ID)]

    def suspected():
        try:
            rival[0].poll(0.05)
        except (ConnectionError, OSError):  # we have come back and thrown it out
            rival[0].close()
            rival[0] = MqttClient(lab.port, OUR_ID)
        source.hear()
        return any((name, state) == ("taken-over", "firing") for name, state, _ in source.events)
    wait_until(suspected, "two clients with one id are noticed")
    text = bad_day.bad_day(source, "taken-over")
    check("another client" in text, f"the reason is said: {text}")
    ops.hears("taken-over", "another client")
    check("its own gateway.id" in json.dumps(lab.status()["problems"]), "the status says what to do")
    rival[0].close()
    lab.stop()
    lab.audit()


def lossy(lab, _):
    with bad_network.Wire(seed=7) as wire:
        with open(lab.folder / "mosquitto.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listener {lab.port} {wire.near}\n")
        lab.broker.kill()
        lab.broker.wait()
        check(lab.restart_broker(), "the broker listens at both places")
        lab.config.write_text(lab.config.read_text().replace("mqtt://127.0.0.1", f"mqtt://{wire.near}"))
        lab.prefix = wire.inside()
        wire.loss = 0.25
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        source.alarm()
        all_stored(source, "over a wire that loses every fourth packet")
        wire.loss = 1
        wait_until(lambda: stands(lab, "broker-down"), "a dead wire is noticed")
        source.say_many()
        wire.loss = 0
        up(lab)
        finish(source, "after a dead wire")
        check(wire.lost > 20, f"packets were lost: {wire.lost} of {wire.passed + wire.lost}")
        lab.prefix = []


DAYS = {"away": away, "stopped": stopped, "half_open": half_open, "taken_over": taken_over, "lossy": lossy}


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--day", choices=DAYS, required=True)
    options = parser.parse_args()
    with Ops() as ops, gateway.Gateway(options, CONFIG % ops.url, store="flush: 200ms") as lab:
        DAYS[options.day](lab, ops)
    print(f"{options.day}: told, survived, and nothing was lost")


if __name__ == "__main__":
    gateway.run(main)
