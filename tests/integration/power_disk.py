"""A disk that loses power: the files of a run recorded by power_cut_preload.cpp, as they may be afterwards.

What was synced is there. Of the rest any subset of the 512-byte sectors is there, each as one of the writes left it;
changes of names and of sizes come about in their order, as far as they come about at all. A file's name is only sure
when its folder was synced; ext4 is kinder.
"""
import collections
import struct

SECTOR = 512
HEAD = struct.Struct("<c3xIQQQ")
PUBLISH = 0x30

Entry = collections.namedtuple("Entry", "kind time_ns file offset data")


def read_log(path):
    log = path.read_bytes()
    entries, at = [], 0
    while at < len(log):
        kind, size, time_ns, file, offset = HEAD.unpack_from(log, at)
        at += HEAD.size
        entries.append(Entry(kind.decode(), time_ns, file, offset, log[at:at + size]))
        at += size
    return entries


def resize(content, size):
    del content[size:]
    content.extend(bytes(size - len(content)))


def place(content, at, data):
    if len(content) < at:
        resize(content, at)
    content[at:at + len(data)] = data


class File:
    def __init__(self):
        self.memory = bytearray()  # as the processes see it
        self.durable = bytearray()
        self.pending = []  # (number, new size or None, [(offset, sector)]) since then

    def write(self, number, offset, data):
        place(self.memory, offset, data)
        first, last = offset // SECTOR, (offset + len(data) - 1) // SECTOR
        sectors = [(s * SECTOR, bytes(self.memory[s * SECTOR:(s + 1) * SECTOR])) for s in range(first, last + 1)]
        self.pending.append((number, None, sectors))

    def set_size(self, number, size):
        resize(self.memory, size)
        self.pending.append((number, size, []))

    def sync(self, began):
        """What was done before the sync began is there when it is done."""
        rest = []
        for change in self.pending:
            if change[0] >= began:
                rest.append(change)
                continue
            _, size, sectors = change
            if size is not None:
                resize(self.durable, size)
            for at, sector in sectors:
                place(self.durable, at, sector)
        self.pending = rest

    def after_cut(self, generator, arrives):
        content = bytearray(self.durable)
        sizes = generator.randint(0, sum(size is not None for _, size, _ in self.pending))
        behind = None  # data that was written after a truncation is not there without it
        for _, size, sectors in self.pending:
            if size is not None:
                sizes -= 1
                if sizes >= 0:
                    resize(content, size)
                elif size < len(content):
                    behind = size if behind is None else min(behind, size)
            for at, sector in sectors:
                if (behind is None or at < behind) and arrives():
                    place(content, at, sector)
        return content


class Disk:
    """Follows the log. `lies_about(name)`: the disk says that this file is synced, and it is not."""

    def __init__(self, lies_about=lambda name: False):
        self.lies_about = lies_about
        self.files = {}  # by inode number
        self.names = {}
        self._durable_names = {}
        self._pending_names = []
        self._syncs = {}
        self._number = 0

    def apply(self, entry):
        self._number += 1
        if entry.kind == "p":
            self._syncs.clear()
        elif entry.kind == "c":
            self.files[entry.file] = File()
            self._change_names({entry.data.decode(): self.files[entry.file]}, [])
        elif entry.kind == "u":
            self._change_names({}, [entry.data.decode()])
        elif entry.kind == "r":
            old, new = entry.data.decode().split("\0")
            self._change_names({new: self.names[old]}, [old])
        elif entry.kind == "w":
            self.files[entry.file].write(self._number, entry.offset, entry.data)
        elif entry.kind == "t":
            self.files[entry.file].set_size(self._number, entry.offset)
        elif entry.kind == "b":
            self._syncs[entry.offset] = self._number
        elif entry.kind == "s":
            self._synced(entry.file, self._syncs.pop(entry.offset))

    def _change_names(self, added, removed):
        self._pending_names.append((self._number, added, removed))
        self._rename(self.names, added, removed)

    @staticmethod
    def _rename(names, added, removed):
        for name in removed:
            names.pop(name, None)
        names.update(added)

    def _synced(self, number, began):
        if number:
            file = self.files[number]
            name = next((name for name, other in self.names.items() if other is file), "")
            if not self.lies_about(name):
                file.sync(began)
            return
        while self._pending_names and self._pending_names[0][0] < began:
            self._rename(self._durable_names, *self._pending_names.pop(0)[1:])

    def after_cut(self, generator):
        """{name: bytes} of a power cut now."""
        names = dict(self._durable_names)
        for _, added, removed in self._pending_names[:generator.randint(0, len(self._pending_names))]:
            self._rename(names, added, removed)
        # All of it, nothing, and everything between: few sectors that are missing find other faults than many.
        share = generator.choice([0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1])
        return {name: file.after_cut(generator, lambda: generator.random() < share) for name, file in names.items()}


class Stream:
    """One direction of a connection, as MQTT 5 packets: what is given to it may end anywhere in one."""

    def __init__(self):
        self._bytes = bytearray()

    def packets(self, data):
        """Yields (first byte, body)."""
        self._bytes += data
        while (frame := self._length()) is not None and len(self._bytes) >= sum(frame):
            length, begin = frame
            first, body = self._bytes[0], bytes(self._bytes[begin:begin + length])
            del self._bytes[:begin + length]
            yield first, body

    def publishes(self, data):
        """Yields (packet id, topic, payload)."""
        for first, body in self.packets(data):
            if first & 0xF0 == PUBLISH:
                yield parse_publish(first, body)

    def _length(self):
        """(of the body, of what is before it); None: not there yet."""
        value, shift, at = 0, 0, 1
        while at < len(self._bytes):
            value |= (self._bytes[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not self._bytes[at - 1] & 0x80:
                return value, at
        return None


def parse_publish(first, body):
    at = 2 + struct.unpack_from(">H", body)[0]
    topic, identifier = body[2:at].decode(), 0
    if first & 0x06:
        identifier = struct.unpack_from(">H", body, at)[0]
        at += 2
    if body[at] & 0x80:
        raise ValueError("properties of more than 127 bytes")
    return identifier, topic, body[at + 1 + body[at]:]
