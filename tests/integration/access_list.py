#!/usr/bin/env python3
"""config/mosquitto.acl allows all that a gateway does, so that the broker denies nothing; and where it does not let the
heartbeat come back, log and status name the topic."""
import json
import signal
import subprocess

import gateway
from gateway import check, wait_until

CONFIG = """\
readings:
  - { topic: "sensors/#", format: number }
alerts:
  - { name: hot, sensor: "#", above: 30, notify: [mqtt, home] }
notify:
  home: { type: homeassistant }
"""
EXAMPLE = gateway.REPOSITORY / "config/mosquitto.acl"


def write_list(lab, without=None):
    """The example with this gateway's id; the clients of this test, which have no name, may do anything."""
    lines = EXAMPLE.read_text().replace("greenhouse-1", gateway.GATEWAY).splitlines()
    check(without is None or any(without in line for line in lines), f"{without} is in the example")
    lines = [line for line in lines if without is None or without not in line]
    (lab.folder / "acl").write_text("\n".join(["topic readwrite #", *lines, ""]))


def guard_broker(lab):
    password = lab.folder / "password"
    password.write_text("secret\n")
    password.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-b", "-c", lab.folder / "passwords", "gateway", "secret"], check=True)
    write_list(lab)
    path = lab.folder / "mosquitto.conf"
    # Without a limit mosquitto 2.0 closes the connection of whoever publishes what it denies.
    path.write_text(path.read_text().replace("max_queued_messages 0", "max_queued_messages 1000"))
    with open(path, "a", encoding="utf-8") as conf:
        conf.write("user root\n")  # who else may not read our folder; without root it is not looked at
        conf.write(f"password_file {lab.folder}/passwords\nacl_file {lab.folder}/acl\nlog_type debug\nlog_type notice\n")
    lab.broker.terminate()
    lab.broker.wait()
    check(lab.restart_broker(), "mosquitto starts with the access list")
    lab.mqtt = f'username: gateway, password_file: "{password}", heartbeat: 100ms'
    lab.configure(CONFIG)


def denied(lab):
    return [line for line in (lab.folder / "mosquitto.log").read_text().splitlines() if "Denied" in line]


def log_of(lab):
    return (lab.folder / "sluiced.log").read_text()


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, CONFIG) as lab:
        guard_broker(lab)
        watch = lab.client("watch")
        watch.subscribe(f"sluice/{gateway.GATEWAY}/#", "homeassistant/#")
        lab.start()
        lab.client("sensor").publish_all([("sensors/a", b"31")])
        awaited = [f"sluice/{gateway.GATEWAY}/events", "homeassistant/"]  # in any order

        def was_last(message):
            awaited[:] = [topic for topic in awaited if not message.topic.startswith(topic)]
            return not awaited
        check(watch.wait_message(was_last, 30), f"published: not {awaited}")
        lab.stop()
        lab.start()  # what the broker retains of us is read back
        wait_until(lambda: log_of(lab).count("the alert connection is up") == 2, "the alert connection is up again")
        status = lab.status()
        check(not any("heartbeat" in p["what"] for p in status["problems"]), f"problems: {status['problems']}")
        check("cannot read back" not in log_of(lab), "retained topics may be read back")
        check(not denied(lab), f"denied by the example: {denied(lab)}")

        topic = f"sluice/{gateway.GATEWAY}/heartbeat"
        write_list(lab, without=topic)
        lab.broker.send_signal(signal.SIGHUP)
        problem = wait_until(lambda: next((p for p in lab.status()["problems"] if "heartbeats" in p["what"]), None),
                             "the status names the missing heartbeat")
        check(topic in json.dumps(problem), f"{problem}")
        check(f"may the gateway read and write {topic}" in log_of(lab), "the log names it as well")
        check(denied(lab), "the broker says what it denies")
        lab.stop()
    print("the example allows all that a gateway does; a heartbeat that does not come back is named")


if __name__ == "__main__":
    gateway.run(main)
