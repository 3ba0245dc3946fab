"""A small machine whose power can be cut: Debian's kernel, a file system in memory with sluiced and its libraries, and an
ext4 disk that QEMU logs (blklogwrites): every write, and every flush. From the log comes the disk as it may be after a
cut: all that was written before the last flush, and of what was written later any subset of the 512-byte sectors.
"""
import os
import platform
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import gateway
from gateway import check

SECTOR = 512
DISK_MIB = 48
MODULES = ["virtio_pci", "virtio_blk", "virtio_net", "crc32c_generic", "ext4"]
KERNEL = "linux-image-cloud-amd64"
NEEDED = ["qemu-system-x86_64", "busybox", "depmod", "modprobe", "mke2fs", "apt-get", "dpkg-deb"]
FLUSH, DISCARD = 1, 4
INIT = """\
#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
for module in $(busybox cat /modules/order); do busybox insmod /modules/$module; done
busybox ip link set lo up
busybox ip link set eth0 up
busybox ip address add 10.0.2.15/24 dev eth0
busybox ip route add default via 10.0.2.2
. /settings
busybox mount -t ext4 -o "$MOUNT" /dev/vda /data && busybox mount -t tmpfs run /run && busybox mkdir -p /data/state
busybox env $ENVIRONMENT /bin/sluiced --config /sluice.yaml
echo "sluiced ended with $?"
busybox poweroff -f
"""


def must_have():
    if platform.machine() != "x86_64":
        raise gateway.Skipped("the machine is an amd64 one")
    if os.geteuid() != 0:
        raise gateway.Skipped("only root may mount the disks")
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing:
        raise gateway.Skipped(f"{', '.join(missing)} not installed (apt-get install qemu-system-x86 busybox-static kmod)")


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def get_kernel(folder):
    """Debian's kernel and the modules that the machine needs, in order, once fetched into `folder`."""
    if (folder / "order").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        depends = run("apt-cache", "depends", "--no-recommends", "--no-suggests", KERNEL)
        package = next(word for word in depends.split() if word.startswith("linux-image-") and word != KERNEL)
        run("apt-get", "download", package, cwd=folder)
    except (gateway.Failure, StopIteration) as failure:
        raise gateway.Skipped(f"Debian's kernel cannot be fetched: {failure}") from None
    run("dpkg-deb", "-x", next(folder.glob("*.deb")), folder / "root")
    version = next((folder / "root/lib/modules").iterdir()).name
    shutil.copy(folder / f"root/boot/vmlinuz-{version}", folder / "vmlinuz")
    run("depmod", "-b", folder / "root", version)
    lines = run("modprobe", "-d", folder / "root", "-S", version, "-a", "--show-depends", *MODULES).splitlines()
    paths = dict.fromkeys(line.split()[1] for line in lines if line.startswith("insmod "))
    for path in paths:
        shutil.copy(path, folder)
    (folder / "order").write_text("\n".join(Path(path).name for path in paths) + "\n")
    shutil.rmtree(folder / "root")


def make_initrd(kernel, target, programs, config, mount, environment):
    """The file system in memory. `programs`: what to take along with the libraries they load, by name."""
    root = target.with_suffix(".root")
    for name in ("bin", "proc", "sys", "dev", "data", "run", "modules"):
        (root / name).mkdir(parents=True)
    for name in [*(kernel / "order").read_text().split(), "order"]:
        shutil.copy(kernel / name, root / "modules")
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for name, path in programs.items():
        run("strip", "-o", root / "bin" / name, path)
        for word in run("ldd", path).split():
            if word.startswith("/") and not (root / word[1:]).exists():
                (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, root / word[1:])
    zones = Path("/usr/share/zoneinfo")
    shutil.copytree(zones / "Etc", root / str(zones)[1:] / "Etc")
    for name in ("tzdata.zi", "leapseconds", "leap-seconds.list"):
        if (zones / name).exists():
            shutil.copy(zones / name, root / str(zones)[1:])
    (root / "sluice.yaml").write_text(config)
    (root / "settings").write_text(f"MOUNT={mount}\nENVIRONMENT={environment}\n")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    with open(target, "wb") as file:
        names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names, stdout=file,
                       stderr=subprocess.DEVNULL, check=True)
    shutil.rmtree(root)


class Machine:
    """Runs from the constructor on, until cut()."""

    def __init__(self, kernel, initrd, folder):
        self.disk, self.log = folder / "disk", folder / "disk.log"
        self.console = folder / "console"
        self.base = folder / "disk.base"
        with open(self.base, "wb") as file:
            file.truncate(DISK_MIB << 20)
        run("mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=0,lazy_journal_init=0", self.base)
        run("cp", "--sparse=always", self.base, self.disk)
        self.log.write_bytes(b"")
        # Emulated, not with KVM: that hangs within some virtual machines, and nothing here needs to be fast.
        command = ["qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-nographic", "-no-reboot",
                   "-kernel", kernel / "vmlinuz", "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 no_timer_check",
                   "-blockdev", f"driver=file,node-name=disk,filename={self.disk}",
                   "-blockdev", f"driver=file,node-name=log,filename={self.log}",
                   "-blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log,log-super-update-interval=1",
                   "-device", "virtio-blk-pci,drive=logged,discard=off,write-zeroes=off",
                   "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
        with open(self.console, "wb") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def check_runs(self):
        text = self.console.read_text(errors="replace") if self.process.poll() is not None else ""
        check(self.process.poll() is None, f"the machine has ended:\n{text[-2000:]}")

    def cut(self):
        self.process.kill()
        self.process.wait()


class DiskLog:
    """What QEMU wrote down (the format of the kernel's dm-log-writes)."""

    def __init__(self, path):
        self.writes = []  # (where it ends in the log, offset on the disk or None for a flush, data)
        self._log = path.read_bytes()
        magic, version = struct.unpack_from("<QQ", self._log)
        check((magic, version) == (0x6A736677736872, 1), "the log of the disk cannot be read")
        at = SECTOR
        while at + SECTOR <= len(self._log):
            sector, count, flags, _ = struct.unpack_from("<QQQQ", self._log, at)
            begin = at = at + SECTOR
            if not flags & DISCARD:
                at += count * SECTOR
            if at > len(self._log):
                break
            if flags & FLUSH:
                self.writes.append((begin, None, b""))
            if count and not flags & DISCARD:
                self.writes.append((at, sector * SECTOR, self._log[begin:at]))


class Disk:
    """Goes through the log and gives the disk after a cut. `cache`: so many of the newest writes can be lost, at most."""

    def __init__(self, base, log, work, cache=None):
        self.log, self.work, self.cache = log, work, cache
        run("cp", "--sparse=always", base, work)
        self.done, self.unsure = 0, []

    def _write(self, image, writes):
        with open(image, "r+b") as file:
            for offset, data in writes:
                os.pwrite(file.fileno(), data, offset)

    def go_to(self, cut):
        sure = []
        for _, offset, data in self.log.writes[self.done:cut]:
            if offset is None:
                sure += self.unsure
                self.unsure = []
            else:
                self.unsure.append((offset, data))
        if self.cache is not None and len(self.unsure) > self.cache:
            sure += self.unsure[:-self.cache]
            self.unsure = self.unsure[-self.cache:]
        self._write(self.work, sure)
        self.done = cut

    def after_cut(self, image, generator):
        run("cp", "--sparse=always", self.work, image)
        share = generator.choice([0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1])
        self._write(image, [(offset + at, data[at:at + SECTOR]) for offset, data in self.unsure
                            for at in range(0, len(data), SECTOR) if generator.random() < share])


class Mounted:
    """The image of a disk, mounted: the kernel's ext4 replays its journal."""

    def __init__(self, image, folder):
        self.image, self.folder = image, folder

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-o", "loop", self.image, self.folder], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"the file system cannot be mounted: {done.stderr.strip()}")
        return self.folder

    def __exit__(self, kind, error, trace):
        gateway.wait_until(lambda: subprocess.run(["umount", self.folder], capture_output=True, check=False).returncode
                           == 0, f"{self.folder} can be unmounted")


def loop_mounts_work(folder):
    image = folder / "probe"
    with open(image, "wb") as file:
        file.truncate(4 << 20)
    run("mke2fs", "-q", "-F", "-t", "ext4", image)
    try:
        with Mounted(image, folder / "probe.mounted"):
            return True
    except gateway.Failure:
        return False


def listen():
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server
