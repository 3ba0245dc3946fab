#!/usr/bin/env python3
"""Power cuts of a whole machine: sluiced on ext4 in QEMU, which logs what the disk was given and when it was flushed.

sluiced in the machine reaches the broker here through a tap, which notes of each acknowledgement how far the log of the
disk had come. From the log the disk is rebuilt as it may be after a cut at random moments; the kernel mounts it and
replays ext4's journal; sluiced is started on it and its database looked at, as power_cut.py does, with the same promises.
The controls, which have to do harm: ext4 without barriers on a disk that may lose its newest 256 writes, and a sluiced
whose syncs do nothing. Needs root, QEMU, busybox and Debian's kernel, which is fetched once; without them it is skipped.
"""
import collections
import json
import random
import selectors
import socket
import tempfile
import threading
import time
from pathlib import Path

import gateway
import power_cut
import power_disk
import power_machine
from gateway import check, wait_until

PUBACK, SUBSCRIBE, SUBACK = 0x40, 0x80, 0x90
DISK_CACHE = 256
# durability, how the power cut is made worse than promised for: (name, mount options, environment, cache of the disk)
HONEST = ("", "defaults", "", None)
NO_BARRIER = ("barrier", "barrier=0", "", DISK_CACHE)
NO_SYNC = ("sync", "defaults", "LD_PRELOAD=/bin/preload SLUICE_NO_SYNC=1", None)
TRIALS = [("power", HONEST), ("power", NO_BARRIER), ("power", NO_SYNC), ("crash", HONEST), ("crash", NO_BARRIER)]


class Tap(threading.Thread):
    """Between sluiced and the broker; looks at what passes, and at the log of the disk when it is an acknowledgement."""

    def __init__(self, broker_port):
        super().__init__(daemon=True)
        self.broker_port = broker_port
        self.server = power_machine.listen()
        self.port = self.server.getsockname()[1]
        self.log = None
        self.acknowledged = []  # (size of the log, time_ns, reading)
        self.subscribed = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._ends = []
        self.ended = False

    def run(self):
        self._selector.register(self.server, selectors.EVENT_READ, self._accept)
        while not self.ended:
            for key, _ in self._selector.select(0.2):
                key.data()
        for end in [self.server, *self._ends]:
            end.close()

    def _accept(self):
        client = self.server.accept()[0]
        broker = socket.create_connection(("127.0.0.1", self.broker_port))
        for end in (client, broker):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ends += [client, broker]
        up, down, newest, asked = power_disk.Stream(), power_disk.Stream(), {}, set()
        self._selector.register(client, selectors.EVENT_READ,
                                lambda: self._pass(client, broker, lambda data: self._up(up, newest, asked, data)))
        self._selector.register(broker, selectors.EVENT_READ,
                                lambda: self._pass(broker, client, lambda data: self._down(down, newest, asked, data)))

    def _pass(self, source, target, look):
        try:
            data = source.recv(1 << 16)
            if data:
                look(data)
                target.sendall(data)
                return
        except OSError:
            pass
        for end in (source, target):
            if end.fileno() >= 0:
                self._selector.unregister(end)
                end.close()

    def _up(self, stream, newest, asked, data):
        for first, body in stream.packets(data):
            if first & 0xF0 == SUBSCRIBE and b"load/" in body:
                asked.add(body[:2])
            if first & 0xF0 == PUBACK and (message := newest[body[:2]])[0].startswith("load/"):
                value = json.loads(message[1])
                self.acknowledged.append((self.log.stat().st_size, time.monotonic_ns(),
                                          (message[0], value["t"], value["v"])))

    def _down(self, stream, newest, asked, data):
        for first, body in stream.packets(data):
            if first & 0xF0 == power_disk.PUBLISH:
                identifier, topic, payload = power_disk.parse_publish(first, body)
                newest[identifier.to_bytes(2, "big")] = (topic, payload)
            if first & 0xF0 == SUBACK and body[:2] in asked:
                self.subscribed.set()


class Story:
    """Positions in the log of the disk, instead of its size, for what was noted."""

    def __init__(self, log, acknowledged):
        ends = [end for end, _, _ in log.writes]
        self.times = []  # (position, time_ns), ascending
        self.acknowledged = []
        position = 0
        for size, time_ns, key in acknowledged:
            while position < len(ends) and ends[position] <= size:
                position += 1
            self.acknowledged.append((position - 1, time_ns, key))
            self.times.append((position, time_ns))
        self.count = len(ends)
        flushed = [self.time_of(number) for number, (_, offset, _) in enumerate(log.writes)
                   if offset is None and number >= self.times[0][0]]
        # Between flushes, and between the moments at which we know how far the log had come.
        moments = [time_ns for _, time_ns in self.times]
        self.longest_gap_ms = max(max((b - a for a, b in zip(times, times[1:])), default=0)
                                  for times in (flushed, moments)) / 1e6
        self.flushes = sum(offset is None for _, offset, _ in log.writes)

    def time_of(self, cut):
        """When the log had come so far, at the latest."""
        return next((time_ns for position, time_ns in self.times if position >= cut), self.times[-1][1])

    def cuts(self, count, generator):
        after_acknowledgement = [min(position, self.count) for position, _ in self.times]
        places = [range(1, self.count + 1), after_acknowledgement, after_acknowledgement]
        return sorted(generator.choice(generator.choice(places)) for _ in range(count))


def record(lab, options, how, folder, kernel):
    """The log of a machine's disk under load, and what was published and acknowledged meanwhile."""
    _, mount, environment, _ = how
    tap = Tap(lab.port)
    lab.state_dir, lab.runtime_dir = Path("/data/state"), Path("/run")
    lab.port, lab.timezone = tap.port, "Etc/UTC"
    lab.configure(power_cut.CONFIG)
    config = lab.config.read_text().replace("127.0.0.1", "10.0.2.2")
    lab.port = tap.broker_port
    programs = {"sluiced": lab.programs.sluiced, "preload": options.preload}
    initrd = folder / "initrd"
    power_machine.make_initrd(kernel, initrd, programs, config, f'"{mount}"', f'"{environment}"')
    machine = power_machine.Machine(kernel, initrd, folder)
    try:
        tap.log = machine.log
        tap.start()
        wait_until(lambda: machine.check_runs() or tap.subscribed.is_set(), "sluiced in the machine has subscribed", 900)
        load = power_cut.Load(lab, options.rate)
        load.publish(options.messages)
        wait_until(lambda: machine.check_runs() or len(tap.acknowledged) >= options.messages,
                   "sluiced in the machine has acknowledged everything", 900)
    finally:
        machine.cut()
        tap.ended = True
        tap.join()
    return machine, tap.acknowledged, load.published


class Rebuilt(power_cut.Rebuilt):
    """On the mounted disk of the machine."""

    def __init__(self, lab, folder):
        super().__init__(lab, folder)
        self.folder = folder / "disk.mounted"
        lab.state_dir = self.folder / "state"
        lab.database = lab.state_dir / "sluice.db"

    def rows(self, image, number, goes_on):
        with power_machine.Mounted(image, self.folder):
            self.lab.state_dir.mkdir(exist_ok=True)
            try:
                rows = self.recover(number)
                if goes_on:
                    self.go_on(number)
                return rows
            finally:
                if self.lab.daemon.poll() is None:
                    self.lab.kill()


def try_cuts(machine, story, log, how, count, rebuilt, verdict, generator):
    name, _, _, cache = how
    disk = power_machine.Disk(machine.base, log, machine.disk, cache)
    image = machine.disk.with_suffix(".cut")
    for number, cut in enumerate(story.cuts(count, generator)):
        disk.go_to(cut)
        disk.after_cut(image, generator)
        goes_on = not name and number % power_cut.GOES_ON_EVERY == power_cut.GOES_ON_EVERY - 1
        verdict.judge(cut, story.time_of(cut), lambda: rebuilt.rows(image, number, goes_on))
        gateway.say_progress(number + 1, count, "power cuts" + (f", without {name}" if name else ""))


def run_trial(durability, how, options, kernel):
    name = how[0]
    generator = random.Random(options.seed)
    with gateway.Gateway(options, power_cut.CONFIG, store=power_cut.store_of(durability), mqtt=power_cut.MQTT) as lab, \
            tempfile.TemporaryDirectory(prefix="sluice-machine-", dir=gateway.memory_folder()) as folder:
        folder = Path(folder)
        if not power_machine.loop_mounts_work(folder):
            raise gateway.Skipped("disk images cannot be mounted here")
        lab.environment = {"LD_PRELOAD": str(options.preload)}
        machine, acknowledged, published = record(lab, options, how, folder, kernel)
        log = power_machine.DiskLog(machine.log)
        story = Story(log, acknowledged)
        print(f"{durability}: {story.count} writes and flushes ({story.flushes}), {len(acknowledged)} acknowledgements",
              flush=True)
        verdict = power_cut.Verdict(story.acknowledged, published)
        count = options.controls if name else options.states
        try_cuts(machine, story, log, how, count, Rebuilt(lab, folder), verdict, generator)
        text = power_cut.judge(durability, name and "without " + name, story.longest_gap_ms, verdict)
        print(verdict.line(durability, name, text), flush=True)


def main():
    parser = gateway.parser_of(__doc__)
    gateway.add_preload(parser, "power_cut_preload")
    parser.add_argument("--kernel", type=Path, default=gateway.REPOSITORY / "build/power-machine",
                        help="folder of the machine's kernel; fetched if it is not there")
    parser.add_argument("--states", type=int, default=100, help="of each durability")
    parser.add_argument("--controls", type=int, default=30, help="of each control")
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rate", type=int, default=400, help="messages a second")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    options = parser.parse_args()
    options.preload = gateway.preload_of(options, "power_cut_preload")
    power_machine.must_have()
    power_machine.get_kernel(options.kernel)
    print(f"seed {options.seed}")
    print("mode   without    states  with losses  readings  broken", flush=True)
    for durability, how in TRIALS:
        run_trial(durability, how, options, options.kernel)


if __name__ == "__main__":
    gateway.run(main)
