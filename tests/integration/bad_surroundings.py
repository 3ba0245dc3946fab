#!/usr/bin/env python3
"""Bad days of what is around the gateway: it goes on, and says what is wrong.

clock: nobody has set it; readings are flagged and move alerts without telling, until it is set
log: nobody reads standard error any more; the gateway does not wait for that, and says how much is missing
upstream: the receiver of summaries stands still (SIGSTOP); readings and alerts go on, each summary arrives under one key
"""
import fcntl
import json
import os
import signal
import subprocess
import sys

import bad_day
import gateway
from bad_day import all_stored, good_day
from gateway import check, wait_until

CLOCK_UNSET = 16  # bit of a reading's flags
DAY_MS = 86_400_000
UPSTREAM = """\
import http.server, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "a") as log:
            log.write(self.headers["Idempotency-Key"] + "\\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(server.server_port, flush=True)
server.serve_forever()
"""


def clock(options):
    config = bad_day.CONFIG.replace('time: /t, time_format: ms }', '}')
    with gateway.Gateway(options, config, store="flush: 200ms", clock="trust: ntp") as lab:
        fault = bad_day.Fault(lab, gateway.preload_of(options, "bad_day_preload"))
        fault.clock.touch()
        lab.start()
        source = bad_day.Source(lab)
        source.say_many()
        bad_day.bad_day(source, "clock-unset")
        source.say("alarm", 100)
        check("timedatectl" in json.dumps(lab.status()["problems"]), "the status says what to do")
        lab.wait_rows(source.sent)
        flagged = lab.query("SELECT count(*) FROM reading WHERE flags & ?", CLOCK_UNSET)[0][0]
        check(flagged == source.sent, f"{flagged} of {source.sent} readings are flagged")
        source.hear()
        check(not any(name == "high" for name, _, _ in source.events), "a doubtful reading alarms nobody")
        fault.clock.unlink()
        good_day(source, "clock-unset")
        source.say("alarm", 100)
        source.told("high", "firing")
        all_stored(source, "with a clock that was set late")
        lab.stop()
        lab.audit()


def log(options):
    config = bad_day.CONFIG + "log: { level: debug }\n"
    with gateway.Gateway(options, config, store="flush: 200ms", mqtt="max_payload: 1KiB") as lab:
        nobody, pipe = os.pipe()
        fcntl.fcntl(nobody, fcntl.F_SETPIPE_SZ, 4096)
        os.write(pipe, b"x" * 4096)
        lab.daemon = subprocess.Popen([lab.programs.sluiced, "--config", lab.config], stdin=subprocess.DEVNULL,
                                      stderr=pipe)
        lab.wait_ready()
        source = bad_day.Source(lab)
        source.say_many()
        for _ in range(4):
            source.alarm()
        all_stored(source, "with nobody who reads the log")
        os.read(nobody, 4096)
        lab.stop()
        os.close(pipe)
        text = os.read(nobody, 65536).decode()
        check("lines of the log are missing here" in text, f"it says how much is missing: {text[:300]}")
        lab.audit()


def upstream(options):
    config = bad_day.CONFIG + """\
upload:
  to:
    - { name: cloud, type: http, url: "http://127.0.0.1:%d/{date}/{revision}", timeout: 2s }
"""
    with gateway.Gateway(options, bad_day.CONFIG, store="flush: 200ms") as lab:
        receipts = lab.folder / "receipts"
        receipts.touch()
        server = subprocess.Popen([sys.executable, "-c", UPSTREAM, receipts], stdout=subprocess.PIPE, text=True)
        try:
            lab.configure(config % int(server.stdout.readline()))
            lab.start()
            source = bad_day.Source(lab)
            now_ms, source.time_ms = source.time_ms, source.time_ms - DAY_MS
            source.say_many()
            source.time_ms = now_ms
            lab.wait_rows(source.sent)
            server.send_signal(signal.SIGSTOP)
            lab.upload_now()
            wait_until(lambda: lab.status()["outbox"]["last_error"], "the attempt ends")
            source.say_many()
            source.alarm()
            all_stored(source, "while the upstream stands still")
            check("uploads wait" in json.dumps(lab.status()["problems"]), "the status tells of it")
            server.send_signal(signal.SIGCONT)
            wait_until(lambda: lab.status()["outbox"]["pending"] == 0, "everything is delivered")
            # A request that had run out of time may have arrived all the same: then under the same key.
            keys = set(receipts.read_text().split())
            places = {key.rsplit("/", 1)[0] for key in keys}
            check(keys and len(keys) == len(places), f"each summary arrives, under one key: {keys}")
            lab.stop()
            lab.audit()
        finally:
            server.kill()
            server.wait()


DAYS = {"clock": clock, "log": log, "upstream": upstream}


def main():
    parser = gateway.parser_of(__doc__)
    parser.add_argument("--day", choices=DAYS, required=True)
    gateway.add_preload(parser, "bad_day_preload")
    options = parser.parse_args()
    DAYS[options.day](options)
    print(f"{options.day}: told, survived, and nothing was lost")


if __name__ == "__main__":
    gateway.run(main)
