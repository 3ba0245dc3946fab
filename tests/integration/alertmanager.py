#!/usr/bin/env python3
"""Alerts as Prometheus Alertmanager sees them: they stand with their labels as long as they stand here, also over
its resolve_timeout and a restart of the gateway, and end when they end."""
import json
import shutil
import subprocess
import sys
import urllib.request

import gateway
from gateway import check, wait_until

SKIPPED = 77
RESOLVE_TIMEOUT_S = 20
CONFIG = """\
readings:
  - {{ topic: "t/+", format: number, unit: "°C" }}
sensors:
  - {{ sensor: "#", labels: {{ site: berlin }} }}
alerts:
  - {{ name: hot, sensor: "#", above: 30, severity: critical, message: "{{sensor}} is {{value}}", notify: [am] }}
notify:
  am: {{ type: alertmanager, url: "{url}", refresh: 10s }}
log: {{ level: warning }}
"""


class Alertmanager:
    def __init__(self, program, folder):
        self.url = f"http://127.0.0.1:{gateway.free_port()}"
        config = folder / "alertmanager.yml"
        config.write_text(f"global: {{ resolve_timeout: {RESOLVE_TIMEOUT_S}s }}\nroute: {{ receiver: nobody }}\n"
                          "receivers: [ { name: nobody } ]\n")
        with open(folder / "alertmanager.log", "ab") as log:
            self._process = subprocess.Popen(
                [program, f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
                 f"--web.listen-address={self.url[7:]}", "--cluster.listen-address="], stdout=log, stderr=log)
        wait_until(lambda: self.alerts() is not None, "Alertmanager answers")

    def close(self):
        self._process.kill()
        self._process.wait()

    def alerts(self):
        """By sensor, those that have not ended."""
        try:
            with urllib.request.urlopen(self.url + "/api/v2/alerts", timeout=10) as answer:
                return {alert["labels"]["sensor"]: alert for alert in json.load(answer)}
        except OSError:
            return None


def check_alerts(lab, alertmanager):
    sender = lab.client("sender")
    sender.publish_all([("t/attic", b"31.5")])
    sender.publish_all([("t/cellar", b"99")])
    wait_until(lambda: alertmanager.alerts().keys() == {"t/attic", "t/cellar"}, "both alerts stand")
    attic = alertmanager.alerts()["t/attic"]
    check(attic["labels"] == {"alertname": "hot", "sensor": "t/attic", "gateway": gateway.GATEWAY,
                              "severity": "critical", "site": "berlin"}, f"labels: {attic['labels']}")
    check(attic["annotations"] == {"message": "t/attic is 31.5", "value": "31.5", "threshold": "30", "unit": "°C"},
          f"annotations: {attic['annotations']}")
    # Each refresh moves the end that Alertmanager gives it: two of them are longer than the timeout that it
    # began with.
    end = attic["endsAt"]
    wait_until(lambda: alertmanager.alerts()["t/attic"]["endsAt"] > end, "it is refreshed")
    check(alertmanager.alerts()["t/attic"]["startsAt"] == attic["startsAt"], "and has begun when it began")
    sender.publish_all([("t/cellar", b"20")])
    wait_until(lambda: alertmanager.alerts().keys() == {"t/attic"}, "the other one ends")

    # What ends while the gateway is down ends after its start; what stands is refreshed at once.
    wait_until(lambda: lab.query("SELECT count(*) FROM alert_events")[0][0] == 3, "all is stored")
    end = alertmanager.alerts()["t/attic"]["endsAt"]
    lab.stop()
    sender.publish_all([("t/cellar", b"98")])
    sender.publish_all([("t/attic", b"20")])
    lab.start()
    wait_until(lambda: alertmanager.alerts().keys() == {"t/cellar"}, "the alert that ended meanwhile has ended")
    check(alertmanager.alerts()["t/cellar"]["startsAt"] > attic["startsAt"], "the new alert has a beginning of its own")
    lab.kill()
    end = alertmanager.alerts()["t/cellar"]["endsAt"]
    lab.start()
    wait_until(lambda: alertmanager.alerts()["t/cellar"]["endsAt"] > end, "what stands is told after a crash")


def main():
    options = gateway.parser_of(__doc__).parse_args()
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        print("skipped: prometheus-alertmanager is not installed (cross/install-deps.sh installs it)")
        sys.exit(SKIPPED)
    with gateway.Gateway(options, "") as lab:
        alertmanager = Alertmanager(program, lab.folder)
        try:
            lab.configure(CONFIG.format(url=alertmanager.url))
            lab.start()
            check_alerts(lab, alertmanager)
            lab.stop()
        finally:
            alertmanager.close()
        print("Alertmanager shows what stands, and nothing else")


gateway.run(main)
