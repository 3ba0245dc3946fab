#!/usr/bin/env python3
"""What cross/machine.sh does once there is a machine: boots it, installs the package, uses it, cuts its power under load, and
looks again. What was acknowledged is read from the broker's own log, which comes here line by line while the load runs.

On the board raspi3b, instead of limits and power cut: what only a Raspberry Pi has, and switching it off and on.

Exit codes: 0 all as expected; 1 something was not.
"""
import argparse
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from emulator import BOARDS, Failure, Machine, copy_disk, rebuild, wait_until

BEFORE_THE_CUT = 1500  # readings acknowledged
CGROUP = "/sys/fs/cgroup/system.slice/sluiced.service"
CONFIGURATION = """\
gateway: { id: arm, timezone: Etc/UTC }
readings:
  - { topic: "sensors/+/temperature", format: json, value: /temperature, time: /timestamp, unit: "°C" }
  - { topic: "load/+", format: number }
  - { topic: "system/#", format: json, value: /value, time: /time }
alerts:
  - { name: too-hot, sensor: "sensors/+/temperature", above: 28, clear: 27 }
store: { durability: power }
summary: { close_after: 5s }
upload: { to: [ { name: archive, type: file, path: /var/lib/sluice/out } ] }
clock: { trust: always }
"""
DRIVERS = """\
mqtt: { broker: "mqtt://127.0.0.1:1883" }
drivers:
  - { name: system, driver: system, interval: 1s, device: arm }
"""

number = 0


def check(text, condition, found=""):
    global number
    number += 1
    if not condition:
        raise Failure(f"{text}: {found}")
    print(f"ok {number} - {text}" + (f": {found}" if found != "" else ""), flush=True)


class Witness:
    """Reads the broker's log as it grows: which readings of the load did the gateway acknowledge?"""
    SENT = re.compile(r"Sending PUBLISH to sluice-arm \(d(\d), q1, r0, m(\d+), '([^']*)'")
    ACKNOWLEDGED = re.compile(r"Received PUBACK from sluice-arm \(Mid: (\d+)")

    def __init__(self, machine):
        self.lines = machine.start("tail -n +1 -F /var/log/mosquitto/mosquitto.log | grep --line-buffered -E "
                                   "'Sending PUBLISH to sluice-arm |Received PUBACK from sluice-arm '", stdout=subprocess.PIPE)
        self.sent, self.under_way, self.acknowledged = 0, {}, set()

    def read_until(self, enough):
        """The broker sends the numbers of the load in their order, so the n-th sent is the number n."""
        for line in self.lines.stdout:
            if sent := self.SENT.search(line):
                self.under_way.pop(sent[2], None)
                if sent[3].startswith("load/") and sent[1] == "0":
                    self.sent += 1
                    self.under_way[sent[2]] = self.sent
            elif (done := self.ACKNOWLEDGED.search(line)) and done[1] in self.under_way:
                self.acknowledged.add(self.under_way.pop(done[1]))
            if len(self.acknowledged) >= enough:
                return


def identity(machine):
    """The configuration as shipped names no gateway. A fresh system's host name does not tell one from another."""
    return f"raspberrypi-{machine.mac.replace(':', '')[-6:]}"


def install(machine, deb):
    print("\n== install", flush=True)
    with open(deb, "rb") as package:
        subprocess.run(machine.ssh("cat > /srv/sluice.deb"), stdin=package, check=True)
    took = time.monotonic()
    machine.run("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
                "/srv/sluice.deb mosquitto mosquitto-clients sqlite3")
    check("apt installs the package, mosquitto and what they need", True, f"{time.monotonic() - took:.0f} s")
    check("sluiced runs at once", machine.run("systemctl is-active sluiced") == "active")
    check("as a program of this architecture", "AArch64" in machine.run(
        "python3 -c \"print({183: 'AArch64'}.get(open('/usr/bin/sluiced', 'rb').read(20)[18]))\""))
    if machine.board == "virt":
        machine.run("hostname raspberrypi && systemctl restart sluiced")
        found = wait_until(lambda: machine.run("sluicectl status", fails=True), "sluiced answers").split(",")[0].split()[-1]
        check("a system called raspberrypi gets a name of its own", found == identity(machine), found)
        machine.run("hostname sluice-arm")
    machine.run("cp /usr/share/doc/sluice/examples/mosquitto.conf /etc/mosquitto/conf.d/sluice.conf && "
                "echo log_type debug >> /etc/mosquitto/conf.d/sluice.conf && systemctl restart mosquitto")
    machine.write("/etc/sluice/sluice.yaml", CONFIGURATION)
    machine.run("sluicectl check && systemctl restart sluiced")
    wait_until(lambda: "broker    up" in machine.run("sluicectl status", fails=True), "sluiced is connected")
    check("sluiced is connected to the broker", True)


def rows(machine, where):
    return int(machine.run(f"sqlite3 -readonly /var/lib/sluice/sluice.db \"SELECT count(*) FROM readings WHERE {where}\""))


def use(machine):
    print("\n== readings, an alert, a summary, the drivers", flush=True)
    now = int(machine.run("date +%s"))
    yesterday = now - now % 86400 - 86400
    with machine.start("timeout 600 mosquitto_sub -t sluice/arm/events -C 1", stdout=subprocess.PIPE) as listener:
        wait_until(lambda: machine.run("grep -c \"sluice/arm/events (QoS\" /var/log/mosquitto/mosquitto.log", fails=True) != "0",
                   "somebody listens for the alert")
        lines = [json.dumps({"temperature": 20 + i % 7, "timestamp": yesterday + 60 * i}) for i in range(1440)]
        machine.run("mosquitto_pub -q 1 -t sensors/hall/temperature -l", "\n".join(lines) + "\n")
        machine.run("mosquitto_pub -q 1 -t sensors/hall/temperature -l", json.dumps({"temperature": 31.5, "timestamp": now}) + "\n")
        event = json.loads(listener.stdout.readline() or "{}")
    check("an alert arrives over MQTT", (event.get("alert"), event.get("state")) == ("too-hot", "firing"),
          f"{event.get('alert')} {event.get('state')}, {event.get('value')} {event.get('unit')}")
    wait_until(lambda: rows(machine, "sensor = 'sensors/hall/temperature'") == 1441, "every reading is stored")
    check("every reading is stored, once", True, 1441)

    def document():
        machine.run("sluicectl upload --now", fails=True)
        newest = machine.run("cd /var/lib/sluice/out && cat $(ls -v *.json | tail -n 1)", fails=True)
        found = json.loads(newest or "{}")
        # A slow machine may have closed the day in the middle of it; the next revision has it all.
        return found if found and found["counts"]["stored"] == 1440 else None
    summary = wait_until(document, "yesterday's summary of 1,440 readings is delivered")
    check("yesterday's summary is delivered", summary["sensors"][0]["count"] == 1440,
          f"{summary['schema']} revision {summary['revision']}, mean {summary['sensors'][0]['mean']:.4f}")

    machine.write("/etc/sluice/drivers.yaml", DRIVERS)
    machine.run("systemctl start sluice-drivers")
    wait_until(lambda: rows(machine, "sensor LIKE 'system/arm/%'") > 0, "the drivers' readings are stored")
    machine.run("systemctl stop sluice-drivers")
    check("the drivers read this machine", True, ", ".join(machine.run(
        "sluicectl sensors | grep -o 'system/arm/[^ ]*'").split()[:4]) + " …")


def raspberry_pi(machine, disk):
    print("\n== what only a Raspberry Pi has", flush=True)
    model = machine.run("tr -d '\\0' < /proc/device-tree/model")
    check("the kernel takes it for a Raspberry Pi", model.startswith("Raspberry Pi 3 Model B"), model)
    sensor = machine.run("sluicectl sensors | grep -o 'system/arm/[^ ]*cpu-thermal[^ ]*' | head -n 1", fails=True)
    check("the drivers read the temperature of its processor", rows(machine, f"sensor = '{sensor}'") > 0, sensor)

    print("\n== switched off, and on", flush=True)
    machine.off()
    took = machine.boot(disk)
    check("the board boots again", True, f"{took:.0f} s")
    wait_until(lambda: "broker    up" in machine.run("sluicectl status", fails=True), "sluiced is connected")
    check("sluiced is there by itself, with what it had", rows(machine, "sensor = 'sensors/hall/temperature'") == 1441)
    balance(machine)


def balance(machine):
    audit = machine.run("sluicectl audit")
    check("sluicectl audit", "the books balance" in audit)
    print("\n".join("    " + line for line in audit.splitlines()))
    machine.off()


IN_THE_UNIT = "echo $$ > " + CGROUP + "/cgroup.procs; exec python3 -c "
HOG = "import mmap; mmap.mmap(-1, 400 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)"
FORKS = """
import os, signal
children = []
try:
    while len(children) < 200:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
except OSError as error:
    print(error.strerror, end=": ")
print(len(children))
for child in children:
    os.kill(child, 9)
"""
CONNECTS = """
import socket
for address in [("127.0.0.1", 1883), ("10.0.2.15", 22)]:
    try:
        socket.create_connection(address, 5).close()
        print("yes", end=" ")
    except OSError as error:
        print("no", end=" ")
"""


def limits(machine):
    print("\n== the units' limits, enforced by the machine's kernel", flush=True)

    def in_the_unit(program):
        return machine.run(f"sh -c {shlex.quote(IN_THE_UNIT + shlex.quote(program))}", fails=True)

    def event(file, name):
        return int(machine.run(f"awk '$1 == \"{name}\" {{ print $2 }}' {CGROUP}/{file}"))

    tasks, most = (int(machine.run(f"cat {CGROUP}/pids.{name}")) for name in ("current", "max"))
    found = in_the_unit(FORKS)
    check("TasksMax: no process beyond it", event("pids.events", "max") > 0 and int(found.split()[-1]) == most - tasks - 1,
          f"{tasks} tasks of {most}, {found}")

    memory = int(machine.run(f"cat {CGROUP}/memory.max"))
    # Above MemoryHigh the kernel makes a program so slow that it would be here tomorrow; the hard limit is meant.
    machine.run("systemctl set-property --runtime sluiced MemoryHigh=infinity")
    before = int(machine.run("systemctl show -P NRestarts sluiced"))
    in_the_unit(HOG)
    wait_until(lambda: int(machine.run("systemctl show -P NRestarts sluiced")) > before and
               machine.run("systemctl is-active sluiced", fails=True) == "active", "sluiced is started again")
    blame = machine.run("journalctl -u sluiced -k --no-pager; journalctl -u sluiced --no-pager | grep -i oom | tail -n 1")
    check("MemoryMax: what asks for 400 MiB is killed, and the unit started again", "oom" in blame.lower(),
          f"limit {memory >> 20} MiB")
    check("nothing is lost by it", rows(machine, "sensor = 'sensors/hall/temperature'") == 1441)
    machine.run("systemctl revert sluiced")

    free = in_the_unit(CONNECTS)
    machine.run("mkdir -p /etc/systemd/system/sluiced.service.d; systemctl daemon-reload")
    machine.write("/etc/systemd/system/sluiced.service.d/local.conf", "[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n")
    machine.run("systemctl daemon-reload && systemctl restart sluiced")
    wait_until(lambda: "broker    up" in machine.run("sluicectl status", fails=True), "sluiced is connected")
    check("IPAddressDeny (of an administrator): the broker on this machine can be reached, another address cannot",
          (free.split(), in_the_unit(CONNECTS).split()) == (["yes", "yes"], ["yes", "no"]))


def power_cut(machine, arguments, disk, log):
    print("\n== the power cut, in the middle of a load", flush=True)
    witness = Witness(machine)
    load = machine.start("seq 1 1000000 | mosquitto_pub -q 1 -t load/a -l", stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    witness.read_until(BEFORE_THE_CUT)
    machine.cut()
    witness.read_until(float("inf"))  # what was under way to us when the power went
    load.wait()
    witness.lines.wait()
    acknowledged = witness.acknowledged
    check("power is cut; the broker has seen so many acknowledgements", len(acknowledged) >= BEFORE_THE_CUT, len(acknowledged))
    flushed, kept, lost = rebuild(f"{arguments.made}/disk.img", log, disk, random.Random(arguments.seed))
    os.unlink(log)
    check("the disk keeps what was flushed, and part of the rest", flushed > 0,
          f"{flushed} writes, {kept} sectors of {kept + lost} written since (seed {arguments.seed})")
    machine.mac = "52:54:00:ca:5d:02"
    took = machine.boot(disk)
    check("the machine boots from it", True, f"{took:.0f} s")
    machine.run("hostname raspberrypi")
    found = machine.run("sluicectl --config /usr/share/doc/sluice/examples/sluice.yaml check --verbose | grep -o 'raspberrypi-[0-9a-f]*' "
                        "| head -n 1", fails=True)
    check("this card in a machine with another network card gets another name", found == identity(machine), found)
    machine.run("hostname sluice-arm")
    wait_until(lambda: "broker    up" in machine.run("sluicectl status", fails=True), "sluiced is connected")
    machine.run("systemctl restart sluiced")  # stores what it has
    values = machine.run("sqlite3 -readonly /var/lib/sluice/sluice.db \"SELECT CAST(value AS INTEGER) FROM readings "
                         "WHERE sensor = 'load/a'\"").split()
    stored = {int(value) for value in values}
    missing = acknowledged - stored
    known = int(machine.run("sqlite3 -readonly /var/lib/sluice/sluice.db \"SELECT COALESCE(sum(value), 0) FROM counter "
                            "WHERE name = 'messages_duplicate'\""))
    check("every acknowledged reading is there", not missing, f"{len(acknowledged)} acknowledged, {len(stored)} stored, "
          f"{len(missing)} missing, {len(values) - len(stored)} twice; {known} came again and were known")
    check("what came before the load is there", rows(machine, "sensor = 'sensors/hall/temperature'") == 1441)
    balance(machine)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--made", required=True, help="folder with vmlinuz, initrd, raspi3b.dtb, disk.img, key, known_hosts")
    parser.add_argument("--deb", required=True, help="the package")
    parser.add_argument("--board", choices=BOARDS, default="virt", help="which machine QEMU emulates (default virt)")
    parser.add_argument("--seed", type=int, default=1, help="which of the unflushed sectors survive (default 1)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.made, prefix="run-") as work, tempfile.TemporaryDirectory() as short:
        disk, log = os.path.join(work, "disk"), os.path.join(work, "log")
        machine = Machine(arguments.made, short, arguments.board)

        def end(*_):  # everything that waits for the machine ends with it
            if machine.qemu is not None and machine.qemu.returncode is None:
                os.kill(machine.qemu.pid, signal.SIGKILL)
            sys.exit(143)
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGHUP, end)
        try:
            copy_disk(f"{arguments.made}/disk.img", disk)
            print("== boot", flush=True)
            began = time.monotonic()
            took = machine.boot(disk, log if arguments.board == "virt" else None)
            memory = machine.run("awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo")
            check("the machine boots", True, f"{took:.0f} s, {machine.run('uname -sr')}, {machine.run('nproc')} cores, {memory} MiB")
            install(machine, arguments.deb)
            use(machine)
            if arguments.board == "virt":
                limits(machine)
                power_cut(machine, arguments, disk, log)
            else:
                raspberry_pi(machine, disk)
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"not ok {number} - {failure}", file=sys.stderr)
            if machine.qemu is not None and machine.qemu.poll() is None:
                print(machine.run("journalctl -u sluiced --no-pager -n 30", fails=True), file=sys.stderr)
            return 1
        finally:
            machine.close()
    print(f"\nall {number} as expected, in {time.monotonic() - began:.0f} s (load average {os.getloadavg()[2]:.1f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
