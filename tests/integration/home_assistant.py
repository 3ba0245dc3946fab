#!/usr/bin/env python3
"""Home Assistant finds an entity for each sensor and for each rule on a sensor, with a value and a state, is told
all again when it has started, and loses what left the configuration."""
import json

import gateway
from gateway import check, wait_until

RULES = """\
readings:
  - {{ topic: "t/+", format: number, unit: "°C" }}
alerts:
  - {{ name: hot, sensor: "#", above: 30, notify: [mqtt, house] }}
{more}
notify:
  house: {{ type: homeassistant, every: 1s }}
log: {{ level: warning }}
"""
COLD = '  - { name: cold, sensor: "#", below: 0, notify: [house] }'
NODE = f"sluice_{gateway.GATEWAY}"


class House:
    """What a broker retains for Home Assistant, seen by a subscriber."""

    def __init__(self, lab):
        self._client = lab.client("house")
        self.topics, self.seen = {}, 0
        self._client.subscribe("homeassistant/#", f"sluice/{gateway.GATEWAY}/homeassistant/#")

    def look(self):
        self._client.poll(0.02)
        while self._client.messages:
            message = self._client.messages.popleft()
            self.seen += message.topic.endswith("/config")
            if message.payload:
                self.topics[message.topic] = message.payload.decode()
            else:
                self.topics.pop(message.topic, None)
        return self.topics

    def config(self, component, name):
        for topic, payload in self.look().items():
            if topic.startswith(f"homeassistant/{component}/{NODE}/") and json.loads(payload)["name"] == name:
                return json.loads(payload)
        return None

    def state(self, config):
        payload = self.look().get(config["state_topic"])
        return json.loads(payload) if payload else {}

    def starts(self):
        self._client.publish_all([("homeassistant/status", b"online")])


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, RULES.format(more=COLD)) as lab:
        house = House(lab)
        lab.start()
        sender = lab.client("sender")
        sender.publish_all([("t/attic", b"21.5")])
        reading = wait_until(lambda: house.config("sensor", "t/attic"), "the sensor is announced")
        check(reading["device_class"] == "temperature" and reading["unit_of_measurement"] == "°C", f"{reading}")
        wait_until(lambda: house.state(reading).get("value") == 21.5, "its value is told")
        hot = wait_until(lambda: house.config("binary_sensor", "hot t/attic"), "the rule is announced")
        wait_until(lambda: house.state(hot).get("state") == "resolved", "nothing is wrong")
        sender.publish_all([("t/attic", b"31")])
        wait_until(lambda: house.state(hot).get("state") == "firing", "the alert is told")
        wait_until(lambda: house.state(reading).get("value") == 31, "and the new value")
        check(house.config("binary_sensor", "cold t/attic"), "the other rule is announced")
        seen = house.seen
        house.starts()
        wait_until(lambda: house.look() and house.seen >= seen + 3, "all is announced again")
        # One rule leaves the configuration while the alert of the other stands.
        lab.wait_rows(2)
        lab.stop()
        lab.configure(RULES.format(more=""))
        lab.start()
        wait_until(lambda: not house.config("binary_sensor", "cold t/attic"), "the entity of the lost rule is removed")
        check(house.config("sensor", "t/attic") and house.config("binary_sensor", "hot t/attic"), "the others stay")
        wait_until(lambda: house.state(hot).get("state") == "firing", "the alert still stands")
        tested = lab.ctl("alerts", "test", "house")
        check(tested.returncode == 0, f"alerts test house: {tested.stdout}{tested.stderr}")
        lab.stop()
        print("Home Assistant sees sensors and alerts as they are")


gateway.run(main)
