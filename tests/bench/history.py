"""The parts of bench.py that need a long past: a backtest over a day, and alerts while a day is summed.

bench_history writes the database; the gateway and sluicectl are as a user runs them.
"""
import http.server
import os
import statistics
import subprocess
import threading
import time
import urllib.request

DAY_MS = 86400000
RULES = """\
  - { name: hot, sensor: "room/#", above: 30, clear: 28 }
  - { name: hot-held, sensor: "room/#", above: 29, clear: 28, for: 1m }
  - { name: cold, sensor: "room/#", below: 18.5, keep_firing_for: 2m }
  - { name: band, sensor: "room/#", outside: [18, 31], for: 5m }
  - { name: ladder, sensor: "room/#", levels: [ { severity: warning, above: 29 }, { severity: critical, above: 30.5 } ] }
  - { name: silent, sensor: "room/#", silent_for: 5m }
  - { name: mean, sensor: "room/1/#", over: { function: mean, window: 10m, every: 1m }, above: 25 }
  - { name: rising, sensor: "room/2/#", rate: { above: 3, per: 1m } }
  - { name: flapping, sensor: "room/#", above: 28, flap: { changes: 6, within: 10m } }
  - { name: missing, sensor: "room/3/#", missing_ratio: { above: 0.5, within: 10m } }
"""
BATCH_ROWS = 1000000
# Messages a second of the one whose turn it is, of both, a turn, and one probe in so many.
LOAD = {"rate": 2000, "block": 1000, "every": 20}


def make_history(lab, folder, rows, begin_ms):
    subprocess.run([lab.bench("history"), "--folder", folder, "--rows", str(rows), "--begin-ms", str(begin_ms)], check=True)


def measure_backtest(lab, quick):
    rows = 864000 if quick else 8640000
    folder = os.path.join(lab.folder, "backtest")
    make_history(lab, folder, rows, 1772323200000)
    config = os.path.join(folder, "sluice.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f'gateway: {{ id: bench, timezone: UTC, state_dir: "{folder}", runtime_dir: "{folder}" }}\n'
                   f'readings: [ {{ topic: "room/+/temperature" }} ]\n'
                   f'sensors: [ {{ sensor: "room/#", every: {DAY_MS * 100 // rows}ms }} ]\nalerts:\n{RULES}')
    begin = time.monotonic()
    process = subprocess.Popen([lab.folders.sluicectl, "--config", config, "backtest"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"sluicectl backtest exited with {process.returncode}")
    return {"rows": rows, "seconds": time.monotonic() - begin, "user_s": usage.ru_utime, "system_s": usage.ru_stime,
            "peak_mib": usage.ru_maxrss / 1024}


class Upstream:
    """An HTTP receiver that counts what arrives."""

    def __init__(self):
        upstream = self

        class Request(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with upstream.changed:
                    upstream.documents += 1
                    upstream.changed.notify_all()

            def log_message(self, *_):
                pass

        self.documents = 0
        self.changed = threading.Condition()
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Request)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/{{gateway}}/{{date}}/{{revision}}"

    def has(self, documents, seconds):
        with self.changed:
            return self.changed.wait_for(lambda: self.documents >= documents, seconds)


class BatchLayer:
    """Has the same day summed and uploaded over and over: a late reading, then `upload --now`."""

    def __init__(self, lab, gateway, upstream, day_ms):
        self.lab, self.gateway, self.upstream, self.day_ms = lab, gateway, upstream, day_ms
        self.late = 0

    def cycle(self):
        wanted = self.upstream.documents + 1
        self.late += 1
        self.lab.measure("load", messages=1, sensors=1, **{"timestamp-ms": self.day_ms + self.late})
        # The broker has acknowledged it, which is a moment before the gateway has it: ask again.
        while not self.upstream.has(wanted, seconds=0):
            asked = urllib.request.Request(f"http://127.0.0.1:{self.gateway.api}/api/v1/upload/now", method="POST", data=b"")
            urllib.request.urlopen(asked, timeout=30).close()
            self.upstream.has(wanted, seconds=10)

    def __enter__(self):
        self.stopping = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.stopping:
            self.cycle()

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()


def measure_batch(lab, quick):
    """The same probes at rest and during the batch layer's work, in turns."""
    day_ms = int(time.time() * 1000) // DAY_MS * DAY_MS - DAY_MS
    make_history(lab, os.path.join(lab.folder, "batch"), BATCH_ROWS, day_ms)
    upstream = Upstream()
    upload = f'summary: {{ close_after: 1s }}\nupload: {{ rate: 60000, to: [ {{ name: up, type: http, url: "{upstream.url()}" }} ] }}\n'
    rounds = {"rest": [], "batch": []}
    with lab.gateway("batch", extra=upload) as gateway, lab.ready("echo"):
        batch = BatchLayer(lab, gateway, upstream, day_ms)
        batch.cycle()
        lab.measure("latency", rate=100, messages=200, block=50)
        made, busy_s = 0, 0.0
        for _ in range(4 if quick else 12):
            rounds["rest"].append(lab.measure("latency", messages=10000, **LOAD))
            before, begin = upstream.documents, time.monotonic()
            with batch:
                rounds["batch"].append(lab.measure("latency", messages=10000, **LOAD))
            made, busy_s = made + upstream.documents - before, busy_s + time.monotonic() - begin
    result = {"rows": BATCH_ROWS, "summaries": made, "busy_s": busy_s}
    for subject in ("sluice", "echo"):
        for figure in ("median_ms", "p99_ms"):
            of = {name: statistics.median(r[subject][figure] for r in each) for name, each in rounds.items()}
            result[f"{subject}_{figure}"] = {**of, "ratio": of["batch"] / of["rest"]}
    result["rounds"] = rounds
    return result


def show_backtest(result):
    print(f"backtest, ten rules over {result['rows']} readings: {result['seconds']:.1f} s, {result['user_s']:.1f} s of them in the "
          f"program and {result['system_s']:.1f} in the kernel, {result['peak_mib']:.0f} MiB   (target: 15 s, 64 MiB)")


def show_batch(result):
    print(f"alerts at 2000 messages/s while a day of {result['rows']} rows is summed and uploaded, {result['summaries']} times in "
          f"{result['busy_s']:.0f} s   (target: 1.5 times those at rest)")
    print(f"  {'':18}{'at rest ms':>12}{'meanwhile':>12}{'ratio':>8}")
    for subject in ("sluice", "echo"):
        for figure in ("median", "p99"):
            f = result[f"{subject}_{figure}_ms"]
            print(f"  {subject + ' ' + figure:18}{f['rest']:>12.2f}{f['batch']:>12.2f}{f['ratio']:>8.2f}")
