"""What the tests of bad days share: a source of readings, an ear for alerts, small disks, and faults on request."""
import json
import os
import re
import subprocess
import time

import gateway
from gateway import check, wait_until

CONFIG = """\
readings:
  - { topic: "load/+", value: /v, time: /t, time_format: ms }
alerts:
  - { name: high, sensor: "load/alarm", above: 50, clear: 50 }
gateway_alerts:
  for: { broker-down: 0s, journal-full: 0s, store-failing: 0s, clock-unset: 0s }
"""


class Source:
    """Publishes readings and hears what alerts say. What was told is kept until somebody asks for it."""

    def __init__(self, lab):
        self.lab, self.sent, self.high = lab, 0, False
        self.time_ms = time.time_ns() // 1_000_000 - 60_000
        self.connect("load")

    def connect(self, name):
        self.client = self.lab.client(name, window=20000)
        self.watch = self.lab.client(name + "-watch")
        self.watch.subscribe(f"sluice/{gateway.GATEWAY}/events")
        self.events = []

    def say(self, sensor, value):
        self.time_ms += 1
        while not self.client.has_room():
            self.client.poll(0.01)
        self.client.publish(f"load/{sensor}", f'{{"v":{value},"t":{self.time_ms}}}')
        self.client.poll(0)
        self.sent += 1

    def say_many(self, count=200):
        for n in range(count):
            self.say(f"s{n % 7}", n / 8)
        self.client.wait_acknowledged()

    def hear(self):
        self.watch.poll(0.05)
        while self.watch.messages:
            event = json.loads(self.watch.messages.popleft().payload)
            self.events.append((event["alert"], event["state"], event["message"]))

    def told(self, alert, state):
        """The text of the event; it counts once, and so do those of the same alert before it."""
        def heard():
            self.hear()
            for number, (name, how, text) in enumerate(self.events):
                if (name, how) == (alert, state):
                    self.events = [e for i, e in enumerate(self.events) if i > number or e[0] != alert]
                    return text or "-"
            return None
        return wait_until(heard, f"it is told that {alert} is {state}")

    def alarm(self):
        """One transition of a reading's alert, which has to be told whatever else is wrong."""
        self.high = not self.high
        self.say("alarm", 100 if self.high else 0)
        self.told("high", "firing" if self.high else "resolved")


def metric(lab, name):
    answer = lab.get("/metrics")
    check(answer is not None and answer[0] == 200, f"no metrics: {answer}")
    found = re.search(rf"^{re.escape(name)} (\S+)$", answer[1].decode(), re.MULTILINE)
    return float(found[1]) if found else None


def stands(lab, alert):
    return metric(lab, f'sluice_gateway_alert{{name="{alert}"}}') == 1


def bad_day(source, alert):
    """It is told of, in all three places: as an alert, as a metric, and in the status with advice."""
    text = source.told(alert, "firing")
    wait_until(lambda: stands(source.lab, alert), f"the metric of {alert} stands")
    wait_until(lambda: source.lab.status()["problems"], f"the status tells of {alert}")
    return text


def good_day(source, alert):
    source.told(alert, "resolved")
    wait_until(lambda: not stands(source.lab, alert), f"the metric of {alert} is gone")


def all_stored(source, what):
    """Everything that was published is there once, and the books balance."""
    lab = source.lab
    source.client.wait_acknowledged()
    lab.wait_rows(source.sent)
    found = lab.row_count()
    check(found == source.sent, f"{what}: {found} rows, {source.sent} readings were published")


def log_has(lab, text):
    return text in (lab.folder / "sluiced.log").read_text(errors="replace")


class Fault:
    """Faults of bad_day_preload.cpp, switched on and off while the daemon runs."""

    def __init__(self, lab, library, files=""):
        """`files`: with which the names begin, in the state directory, of those that are bad."""
        self.disk, self.clock = lab.folder / "bad-disk", lab.folder / "bad-clock"
        lab.environment = {"LD_PRELOAD": str(library), "SLUICE_BAD_FILES": f"{lab.state_dir}/{files}",
                           "SLUICE_BAD_DISK": str(self.disk), "SLUICE_BAD_CLOCK": str(self.clock)}

    def break_disk(self, error, which="writes"):
        """`which` calls fail: "syncs" only, "writes" and syncs, or "all"."""
        fresh = self.disk.with_suffix(".new")
        fresh.write_text(f"{error} {which}\n")
        fresh.rename(self.disk)

    def mend_disk(self):
        self.disk.unlink()


class Mounted:
    """A small file system of its own at `path`: "ext4" in an image file, or "tmpfs". Needs root."""

    def __init__(self, path, kind, size_kib, image=None):
        self.path, self.kind, self.size_kib = path, kind, size_kib
        self.image = image or path.with_suffix(".image")
        self.filler = path / "filler"

    def __enter__(self):
        if os.geteuid() != 0:
            raise gateway.Skipped("only root may mount a small file system")
        if self.kind == "ext4":
            with open(self.image, "wb") as image:
                image.truncate(self.size_kib << 10)
            self._run("mkfs.ext4", "-q", "-m", "0", self.image)
        self.mount()
        return self

    def __exit__(self, kind, error, trace):
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)

    def mount(self):
        if self.kind == "ext4":
            self._run("mount", "-o", "loop", self.image, self.path)
        else:
            self._run("mount", "-t", "tmpfs", "-o", f"size={self.size_kib}k", "tmpfs", self.path)

    def unmount(self):
        wait_until(lambda: subprocess.run(["umount", self.path], capture_output=True, check=False).returncode == 0,
                   f"{self.path} can be unmounted")

    def become_read_only(self):
        """As ext4 does by itself when it finds that something is wrong with it."""
        self._run("mount", "-o", "remount,abort", self.path)

    def cut_image(self, size):
        """The image ends early, as a card whose cells are gone; what it lost, for mend_image()."""
        content = self.image.read_bytes()
        os.truncate(self.image, size)
        return content[size:]

    def mend_image(self, lost):
        """It is as it was; the file system is looked through before it is mounted again."""
        with open(self.image, "ab") as image:
            image.write(lost)
        done = subprocess.run(["e2fsck", "-f", "-y", self.image], capture_output=True, text=True, check=False)
        check(done.returncode in (0, 1), f"e2fsck ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def fill(self):
        with open(self.filler, "ab", buffering=0) as filler:
            for size in (1 << 20, 4096, 512):
                try:
                    while True:
                        filler.write(b"x" * size)
                        os.fsync(filler.fileno())
                except OSError:
                    pass

    def free(self):
        self.filler.unlink()

    @staticmethod
    def _run(*command):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except FileNotFoundError:
            raise gateway.Skipped(f"{command[0]} is not installed") from None
        if done.returncode != 0:
            raise gateway.Skipped(f"{command[0]} does not work here: {done.stderr.strip()}")
