"""An ARM machine in QEMU, reached over ssh on loopback, and what its disk holds when its power is cut.

The power cut is one that the disk feels. QEMU writes down what the machine writes and when it asks for a flush (blklogwrites).
The cut is SIGKILL to QEMU; the disk that is booted next holds what was written up to the last flush, and of what was written
after it each 512-byte sector or not, by chance. To kill QEMU alone would prove little: this machine keeps every write.
"""
import select
import shlex
import signal
import socket
import struct
import subprocess
import time

PATIENCE_S = 900  # bounds a failure only: an emulated machine on a busy one takes minutes


class Failure(Exception):
    """Something is not as promised; the text says what."""


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise Failure(f"waited {PATIENCE_S} s in vain: {what}")
        select.select([], [], [], 0.5)
    return value


# What QEMU is given besides the kernel: {disk} is the name of a block device or, for the Pi's SD card, a file.
BOARDS = {
    "virt": {
        "machine": ["-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "1024"],  # memory as a Raspberry Pi 3
        "console": "ttyAMA0", "serial": ["-serial", "stdio"],
        "devices": ["-device", "virtio-blk-pci,drive={disk},discard=off,write-zeroes=off",
                    "-device", "virtio-net-pci,netdev=net,mac={mac}", "-device", "virtio-rng-pci"],
    },
    # Nothing made for a hypervisor, and no clock that runs on while the power is off.
    "raspi3b": {
        "machine": ["-M", "raspi3b", "-dtb", "{made}/raspi3b.dtb"],
        "console": "ttyS1,115200", "serial": ["-serial", "null", "-serial", "stdio"],
        "devices": ["-drive", "if=sd,format=raw,file={disk}", "-device", "usb-net,netdev=net"],
    },
}


def copy_disk(source, target):
    """Its holes stay holes: most of a disk was never written."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


class Machine:
    """A QEMU of ours with Debian in it. close() ends it and everything that belongs to it."""

    def __init__(self, made, folder, board="virt", mac="52:54:00:5a:1c:e1"):
        self.made, self.folder, self.board = made, folder, board
        self.mac = mac  # of the network card (virt), from the next boot on
        self.qemu = None

    def boot(self, disk, log=None):
        """Returns the seconds until it answered. `log`: the disk's writes and flushes are written down there (virt)."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        blocks = []
        if self.board == "virt":
            blocks += ["-blockdev", f"driver=file,node-name=disk,filename={disk}"]
            disk = "disk"
        if log:
            open(log, "wb").close()
            blocks += ["-blockdev", f"driver=file,node-name=log,filename={log}", "-blockdev",
                       "driver=blklogwrites,node-name=logged,file=disk,log=log,log-super-update-interval=1"]
            disk = "logged"
        board = BOARDS[self.board]
        given = [text.format(made=self.made, disk=disk, mac=self.mac) for text in (*board["machine"], *board["serial"], *board["devices"])]
        command = ["qemu-system-aarch64", "-accel", "tcg", "-display", "none", "-monitor", "none", "-no-reboot",
                   "-kernel", f"{self.made}/vmlinuz", "-initrd", f"{self.made}/initrd",
                   "-append", f"console={board['console']} quiet panic=-1", *blocks, *given,
                   "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"]
        start = time.monotonic()
        with open(f"{self.folder}/console", "wb") as console:
            self.qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)
        wait_until(self.answers, f"the machine answers; its console is in {self.folder}/console")
        took = time.monotonic() - start
        if self.board == "raspi3b":
            self.run(f"date -s @{time.time():.0f}")  # as the network would
        return took

    def ssh(self, command):
        return ["ssh", "-F", "none", "-i", f"{self.made}/key", "-p", str(self.port), "-o", "StrictHostKeyChecking=yes",
                "-o", f"UserKnownHostsFile={self.made}/known_hosts", "-o", "HostKeyAlias=machine", "-o", "BatchMode=yes",
                "-o", "ConnectTimeout=20", "-o", "ControlMaster=auto", "-o", f"ControlPath={self.folder}/ssh-{self.port}",
                "-o", "ControlPersist=yes", "-o", "LogLevel=ERROR", "root@127.0.0.1", command]

    def answers(self):
        with open(f"{self.folder}/console", encoding="utf-8", errors="replace") as file:
            console = file.read()
        if self.qemu.poll() is not None:
            raise Failure("QEMU has ended:\n" + console[-2000:])
        # Not before: what arrives while its USB is looked through disturbs the Raspberry Pi's network card for good.
        # Elsewhere a starved machine may never say it: systemd gives the console's device 90 s to turn up.
        if self.board == "raspi3b" and "login:" not in console:
            return False
        return subprocess.run(self.ssh("true"), stdin=subprocess.DEVNULL, capture_output=True).returncode == 0

    def run(self, command, given="", fails=False):
        """The output of a command in the machine; `fails`: it may end with an error."""
        done = subprocess.run(self.ssh(command), input=given, capture_output=True, text=True, timeout=PATIENCE_S)
        if done.returncode != 0 and not fails:
            raise Failure(f"`{command}` ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def start(self, command, **options):
        return subprocess.Popen(self.ssh(command), text=True, **options)

    def write(self, path, text):
        self.run(f"cat > {shlex.quote(path)}", text)

    def cut(self):
        """No warning, no flush: the process is gone between two instructions."""
        self.qemu.send_signal(signal.SIGKILL)
        self.close()

    def off(self):
        self.run("systemctl poweroff", fails=True)
        self.qemu.wait(PATIENCE_S)
        self.close()

    def close(self):
        if self.qemu is None:
            return
        if self.qemu.poll() is None:
            self.qemu.kill()
        self.qemu.wait()
        subprocess.run([*self.ssh("")[:-2], "-O", "exit", "root@127.0.0.1"], capture_output=True)
        self.qemu = None


def rebuild(base, log, disk, chance):
    """The disk after the cut. Returns how many writes were flushed, and of how many sectors after them how many were kept."""
    copy_disk(base, disk)
    sector_size = 512
    with open(log, "rb") as source, open(disk, "r+b") as target:
        magic, _, entries, _ = struct.unpack("<QQQI", source.read(28))
        if magic != 0x6A736677736872:
            raise Failure(f"{log} is not a log of writes")
        position, written, flushed = sector_size, [], 0
        for _ in range(entries):
            source.seek(position)
            sector, count, flags, _ = struct.unpack("<QQQQ", source.read(32))
            position += sector_size
            if flags & 1:
                flushed = len(written)
            if count and not flags & 4:
                written.append((sector, count, position))
                position += count * sector_size
        kept = lost = 0
        for index, (sector, count, place) in enumerate(written):
            source.seek(place)
            data = source.read(count * sector_size)
            if index < flushed:
                target.seek(sector * sector_size)
                target.write(data)
                continue
            for piece in range(count):
                if chance.random() < 0.5:
                    kept += 1
                    target.seek((sector + piece) * sector_size)
                    target.write(data[piece * sector_size:(piece + 1) * sector_size])
                else:
                    lost += 1
    return flushed, kept, lost
