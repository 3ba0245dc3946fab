#!/usr/bin/env python3
"""Benchmarks of the built gateway against bare Paho programs in the same run. Called by run.sh.

Starts a mosquitto and sluiced of its own on free loopback ports in a temporary folder, prints each figure
beside its target, and ends what it started. Timing never makes it fail; only a program that does not work does.
"""
import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from history import measure_backtest, measure_batch, show_backtest, show_batch

PARTS = ["startup", "latency", "power", "cost", "disk", "memory", "batch", "backtest", "rules"]
ONE_RULE = '[ { name: hot, sensor: "sensors/+/temperature", above: 28 } ]'
FIVE_RULES = '''
  - { name: hot, sensor: "sensors/#", above: 28, clear: 27 }
  - { name: cold, sensor: "sensors/#", below: 3, for: 30s }
  - { name: band, sensor: "sensors/#", outside: [1, 35], keep_firing_for: 1m }
  - { name: ladder, sensor: "sensors/#", levels: [ { severity: warning, above: 29 }, { severity: critical, above: 32 } ] }
  - { name: silent, sensor: "sensors/#", silent_for: 5m }'''
TICKS = os.sysconf("SC_CLK_TCK")
patience = 1  # limits of waiting, times this: under emulation everything takes longer


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(what, condition, seconds=60, every=0.02):
    until = time.monotonic() + seconds * patience
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"waited {seconds * patience} s for {what}")
        time.sleep(every)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30 * patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Lab:
    """A broker and the programs, in one temporary folder; the journal's folder lies in memory, as in service."""

    def __init__(self, folders, keep_on):
        self.folders = folders
        self.exit = keep_on
        self.folder = keep_on.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=folders.state))
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.memory = keep_on.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=memory))
        self.port = free_port()
        config = os.path.join(self.folder, "mosquitto.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
                       "persistence false\nmax_queued_messages 0\nlog_dest none\n")
        broker = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin") or "mosquitto"
        self.start([broker, "-c", config])
        wait_for("the broker", self.broker_answers)

    def broker_answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self, command, **options):
        process = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, **options})
        self.exit.callback(stop, process)
        return process

    def bench(self, program):
        return os.path.join(self.folders.bench, "bench_" + program)

    def measure(self, program, **options):
        command = [self.bench(program), "--port", str(self.port)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    @contextlib.contextmanager
    def ready(self, program, **options):
        """A reference program that has subscribed."""
        command = [self.bench(program), "--port", str(self.port)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        process = self.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if b"subscribed" not in process.stdout.readline():
            sys.exit(f"{program} did not subscribe")
        try:
            yield process
        finally:
            stop(process)

    @contextlib.contextmanager
    def gateway(self, name, store="durability: crash", preload=None, extra="upload: { to: [] }\n", alerts=ONE_RULE, wrapper=()):
        gateway = Gateway(self, name, store, preload, extra, alerts, wrapper)
        try:
            yield gateway
        finally:
            stop(gateway.process)


class Gateway:
    def __init__(self, lab, name, store, preload, extra, alerts, wrapper):
        self.lab = lab
        self.folder = os.path.join(lab.folder, name)
        runtime = os.path.join(lab.memory, name)
        os.makedirs(self.folder, exist_ok=True)
        os.makedirs(runtime)
        self.api = free_port()
        self.config = os.path.join(self.folder, "sluice.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""gateway: {{ id: bench, timezone: UTC, state_dir: "{self.folder}", runtime_dir: "{runtime}" }}
mqtt: {{ broker: "mqtt://127.0.0.1:{lab.port}", client_id: "{name}" }}
readings: [ {{ topic: "sensors/+/temperature", value: /temperature, time: /timestamp }} ]
alerts: {alerts}
clock: {{ trust: always }}
store: {{ {store} }}
api: {{ listen: "127.0.0.1:{self.api}" }}
log: {{ level: warning }}
{extra}""")
        environment = dict(os.environ)
        if preload:
            environment["LD_PRELOAD"] = preload
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(os.path.join(runtime, "notify"))
        notify.settimeout(30 * patience)
        environment["NOTIFY_SOCKET"] = os.path.join(runtime, "notify")
        begin = time.monotonic()
        self.process = lab.start([*wrapper, lab.folders.sluiced, "--config", self.config], env=environment)
        while b"READY=1" not in notify.recv(4096):
            pass
        self.ready_ms = (time.monotonic() - begin) * 1000
        notify.close()
        wait_for("the subscription", lambda: self.metric("sluice_broker_connected") == 1)
        self.subscribed_ms = (time.monotonic() - begin) * 1000

    def metric(self, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/metrics", timeout=30 * patience) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        return 0.0

    def proc(self, name):
        with open(f"/proc/{self.process.pid}/{name}", encoding="ascii") as file:
            return file.read()

    def cpu_seconds(self):
        fields = self.proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_kib(self):
        return next(int(line.split()[1]) for line in self.proc("status").splitlines() if line.startswith("VmRSS"))

    def disk_bytes(self):
        return next(int(line.split()[1]) for line in self.proc("io").splitlines() if line.startswith("write_bytes"))

    def wait_stored(self, readings):
        # Asked seldom: answering is work, and counted.
        wait_for(f"{readings} stored readings", lambda: self.metric("sluice_readings_stored_total") >= readings, 180, 0.25)

    def audit_passes(self):
        stop(self.process)
        command = [self.lab.folders.sluicectl, "--config", self.config, "audit"]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=sys.stderr, check=False).returncode == 0


def measure_startup(lab, quick):
    runs = []
    for i in range(3 if quick else 10):
        with lab.gateway(f"startup-{i}") as gateway:
            runs.append((gateway.ready_ms, gateway.subscribed_ms))
    return {"ready_ms": statistics.median(r for r, _ in runs), "subscribed_ms": statistics.median(s for _, s in runs)}


# Messages a second of the one whose turn it is, messages of both together, messages a turn, one probe in so many.
# A turn is shorter than a second: Paho's sleep after an idle second belongs to the last line only. Each has an even
# number of probes, so that the next line begins with the alert resolved.
LATENCY = [(10, 640, 5, 1), (100, 4000, 50, 1), (2000, 60000, 1000, 50), (2 / 1.5, 128, 1, 1)]


def measure_latency(lab, quick):
    results = []
    with lab.gateway("latency"), lab.ready("echo"):
        lab.measure("latency", rate=100, messages=200, block=50)  # both have heard their sensors before
        for rate, messages, block, every in LATENCY:
            if quick:
                messages //= 4
            results.append(lab.measure("latency", rate=rate, messages=messages, block=block, every=every))
    return results


def measure_power(lab, quick):
    """The same probes with and without a disk that takes 8 ms to sync."""
    slow = os.path.join(lab.folders.bench, "libbench_slow_sync.so")
    results = {}
    for name, options in {"crash": {}, "power": {"store": "durability: power", "preload": slow}}.items():
        with lab.gateway("durability-" + name, **options), lab.ready("echo"):
            lab.measure("latency", rate=100, messages=200, block=50)
            results[name] = lab.measure("latency", rate=10, messages=100 if quick else 400, block=5)
    results["slower_ms"] = results["power"]["sluice"]["median_ms"] - results["crash"]["sluice"]["median_ms"]
    return results


def measure_cost(lab, quick):
    """Both subscribers hear the same messages at the same time."""
    messages = 50000 if quick else 200000
    runs = []
    for i, rate in enumerate([0, 5000] if quick else [0, 5000, 0, 5000, 0, 5000]):
        with lab.gateway(f"cost-{i}") as gateway, lab.ready("bare_subscriber", messages=messages) as bare:
            before = gateway.cpu_seconds()
            load = lab.measure("load", messages=messages, rate=rate)
            reference = json.loads(bare.stdout.readline())
            gateway.wait_stored(messages)
            cpu_us = (gateway.cpu_seconds() - before) / messages * 1e6
            bare_us = reference["cpu_seconds"] / messages * 1e6
            runs.append({"rate": rate, "per_second": messages / load["seconds"], "sluice_us": cpu_us, "bare_us": bare_us,
                         "ratio": cpu_us / bare_us, "audit": gateway.audit_passes()})
    return runs


def measure_disk(lab, quick):
    seconds = 45 if quick else 185
    rate = 100
    with lab.gateway("disk") as gateway:
        lab.measure("load", messages=1000, rate=rate)  # the sensors' own rows are written
        gateway.wait_stored(1000)
        counted, real = gateway.metric("sluice_store_write_bytes_total"), gateway.disk_bytes()
        lab.measure("load", messages=rate * seconds, rate=rate)
        gateway.wait_stored(1000 + rate * seconds)
        readings = rate * seconds
        return {"readings": readings,
                "written_per_reading": (gateway.metric("sluice_store_write_bytes_total") - counted) / readings,
                "process_per_reading": (gateway.disk_bytes() - real) / readings}


def measure_memory(lab, quick):
    messages = 50000 if quick else 200000
    with lab.gateway("memory") as gateway:
        start = gateway.rss_kib()
        lab.measure("load", messages=messages, sensors=1000, rate=2000)
        loaded = gateway.rss_kib()
        gateway.wait_stored(messages)
        peak = next(int(line.split()[1]) for line in gateway.proc("status").splitlines() if line.startswith("VmHWM"))
        return {"start_mib": start / 1024, "loaded_mib": loaded / 1024, "stored_mib": gateway.rss_kib() / 1024,
                "peak_mib": peak / 1024}


def measure_rules(lab, quick):
    """The engine alone, and the whole process as fast as the broker delivers."""
    command = [lab.bench("rules"), "--json"] + (["--quick"] if quick else [])
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    messages = 50000 if quick else 200000
    worlds = {"few": (10, ONE_RULE), "many": (10000, FIVE_RULES)}
    runs = {name: [] for name in worlds}
    for i in range(1 if quick else 3):
        for name, (sensors, alerts) in worlds.items():
            with lab.gateway(f"rules-{name}-{i}", alerts=alerts) as gateway:
                lab.measure("load", messages=2 * sensors, sensors=sensors)  # all have been heard
                gateway.wait_stored(2 * sensors)
                before = gateway.cpu_seconds()
                lab.measure("load", messages=messages, sensors=sensors)
                gateway.wait_stored(messages + 2 * sensors)
                runs[name].append((gateway.cpu_seconds() - before) / messages * 1e6)
    result["process"] = {name: statistics.median(values) for name, values in runs.items()}
    result["process"]["ratio"] = result["process"]["many"] / result["process"]["few"]
    return result


def show_rules(result):
    process = result["process"]
    print("rules, 10,000 sensors of 5 rules against 10 sensors of 1 rule, CPU a reading   (target: at most 1.3 times)")
    print(f"  engine alone   {result['few_ns'] / 1000:8.2f} us {result['many_ns'] / 1000:8.2f} us {result['ratio']:7.2f} times")
    print(f"  whole process  {process['few']:8.2f} us {process['many']:8.2f} us {process['ratio']:7.2f} times")
    print(f"  {result['bytes_a_pair']:.0f} B a pair of rule and sensor   (target: at most 256)")


def print_latency(results):
    print(f"  {'messages/s':>10} {'':8}{'median ms':>10}{'p99 ms':>10}{'max ms':>10}{'missed':>8}")
    for r in results:
        for name in ("sluice", "echo"):
            f = r[name]
            print(f"  {r['rate'] if r['rate'] >= 2 else r['rate'] / 2:>10.4g} {name:8}{f['median_ms']:>10.2f}"
                  f"{f['p99_ms']:>10.2f}{f['max_ms']:>10.2f}{f['missed']:>8}")
        print(f"  {'':10} ratio   {r['ratio_median']:>10.2f}{r['ratio_p99']:>10.2f}")


def show(part, result):
    if part == "startup":
        print(f"start-up: ready {result['ready_ms']:.0f} ms, subscribed {result['subscribed_ms']:.0f} ms   (target: 2000 ms)")
    elif part == "latency":
        print("latency, publish to alert received   (target: median under 2 times the echo; no 100 ms tail)")
        print_latency(result)
    elif part == "power":
        print(f"durability power, 8 ms fdatasync: alerts {result['slower_ms']:+.2f} ms in the median   (target: at most +5)")
        print_latency([result["crash"], result["power"]])
    elif part == "cost":
        print("cost, CPU a message   (target: at most 1.3 times the bare subscriber; audit passes)")
        print(f"  {'messages/s':>10}{'sluiced us':>12}{'bare us':>9}{'ratio':>7}  audit")
        for r in result:
            print(f"  {r['per_second']:>10.0f}{r['sluice_us']:>12.1f}{r['bare_us']:>9.1f}{r['ratio']:>7.2f}"
                  f"  {'passes' if r['audit'] else 'FAILS'}")
        for rate in sorted({r["rate"] for r in result}):
            ratio = statistics.median(r["ratio"] for r in result if r["rate"] == rate)
            print(f"  median ratio {f'at {rate}/s' if rate else 'as fast as possible'}: {ratio:.2f}")
    elif part == "disk":
        print(f"disk, at 100 readings/s, flush 10s: {result['written_per_reading']:.0f} B a reading by the store, "
              f"{result['process_per_reading']:.0f} B by the kernel's count   (target: at most 100)")
    elif part == "memory":
        print(f"memory, 1000 sensors: {result['stored_mib']:.1f} MiB after the load, {result['loaded_mib']:.1f} at its end, "
              f"{result['peak_mib']:.1f} at most, {result['start_mib']:.1f} at the start   (target: under 24)")
    elif part == "batch":
        show_batch(result)
    elif part == "backtest":
        show_backtest(result)
    elif part == "rules":
        show_rules(result)
    sys.stdout.flush()


def find_folders(arguments):
    build = arguments.bin
    found = argparse.Namespace(bench=arguments.bench_bin or os.path.join(build, "tests/bench"), state=arguments.state_dir)
    for name, places in {"sluiced": ("daemon/app", "daemon", "."), "sluicectl": ("daemon/ctl", "daemon", ".")}.items():
        paths = [os.path.join(build, place, name) for place in places]
        path = next((p for p in paths if os.path.isfile(p)), None)
        if not path:
            sys.exit(f"no {name} below {build}: build first, or name the build folder with --bin")
        setattr(found, name, path)
    if not os.path.isfile(os.path.join(found.bench, "bench_load")):
        sys.exit(f"no bench_load in {found.bench}: build the targets bench_*, or name their folder with --bench-bin")
    return found


def main():
    root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a quarter of the messages, fewer repetitions")
    parser.add_argument("--bin", default=os.path.join(root, "build/dev"), help="build folder (default: build/dev)")
    parser.add_argument("--bench-bin", help="folder of the bench programs, if not BIN/tests/bench")
    parser.add_argument("--state-dir", default="/var/tmp", help="where databases lie: a real disk (default: /var/tmp)")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    arguments = parser.parse_args()
    results = {"load_average": os.getloadavg()[0], "cores": os.cpu_count()}
    if not arguments.json:
        print(f"{results['cores']} cores, load average {results['load_average']:.1f} before the first part")
    with contextlib.ExitStack() as keep_on:
        lab = Lab(find_folders(arguments), keep_on)
        for part in arguments.only or PARTS:
            results[part] = globals()["measure_" + part](lab, arguments.quick)
            if not arguments.json:
                show(part, results[part])
    if arguments.json:
        print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
