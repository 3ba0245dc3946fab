"""Ways through which traffic goes while a test spoils it: a relay of connections, and a wire of packets."""
import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import threading

import gateway


class Relay:
    """Passes connections on to a port. `freeze()` makes those that exist half-open: they stay, and nothing passes."""

    def __init__(self, port):
        self._target = port
        self._pairs, self._frozen = [], []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        self._lock, self._ended = threading.Lock(), threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ended.set()

    def freeze(self):
        with self._lock:
            self._frozen += self._pairs  # kept, so that nobody closes them
            self._pairs = []

    def _run(self):
        while not self._ended.is_set():
            with self._lock:
                ways = {a: b for pair in self._pairs for a, b in (pair, pair[::-1])}
            readable, _, _ = select.select([self._listener, *ways], [], [], 0.05)
            for one in readable:
                if one is self._listener:
                    self._accept()
                else:
                    self._pass_on(one, ways[one])

    def _accept(self):
        near = self._listener.accept()[0]
        try:
            far = socket.create_connection(("127.0.0.1", self._target), 5)
        except OSError:
            near.close()
            return
        with self._lock:
            self._pairs.append((near, far))

    def _pass_on(self, one, other):
        with self._lock:
            if not any(one in pair for pair in self._pairs):
                return
            try:
                data = one.recv(1 << 16)
                if data:
                    other.sendall(data)
                    return
            except OSError:
                pass
            self._pairs = [pair for pair in self._pairs if one not in pair]
        one.close()
        other.close()


class Wire:
    """Two network interfaces with a lossy wire between them: one here, one in a namespace of its own. Needs root."""

    TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000

    def __init__(self, seed):
        self.loss = 0.0
        self.passed = self.lost = 0
        self._random = random.Random(seed)
        number = os.getpid() % 60000
        self.namespace = f"sluice{number}"
        self.near, self.far = (f"198.18.{number // 250}.{number % 250 + k}" for k in (1, 2))
        self._names = (f"slca{number}", f"slcb{number}")
        self._ended = threading.Event()
        self._thread = None

    def __enter__(self):
        if os.geteuid() != 0:
            raise gateway.Skipped("only root may make network interfaces")
        try:
            self._ends = [self._open(name) for name in self._names]
        except OSError as error:
            raise gateway.Skipped(f"no tunnel device: {error}") from None
        self._ip("netns", "add", self.namespace)
        try:
            near, far = self._names
            self._ip("link", "set", far, "netns", self.namespace)
            self._ip("addr", "add", self.near, "peer", self.far, "dev", near)
            self._ip("link", "set", near, "up")
            inside = ("-n", self.namespace)
            self._ip(*inside, "link", "set", "lo", "up")
            self._ip(*inside, "addr", "add", self.far, "peer", self.near, "dev", far)
            self._ip(*inside, "link", "set", far, "up")
        except BaseException:
            self._remove()
            raise
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._remove()

    def inside(self, *command):
        """The command, to be run at the far end."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def _open(self, name):
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(end, self.TUNSETIFF, struct.pack("16sH22x", name.encode(), self.IFF_TUN | self.IFF_NO_PI))
        return end

    def _remove(self):
        subprocess.run(["ip", "netns", "del", self.namespace], check=False, capture_output=True)
        for end in self._ends:
            os.close(end)

    def _run(self):
        while not self._ended.is_set():
            for one in select.select(self._ends, [], [], 0.05)[0]:
                try:
                    packet = os.read(one, 65536)
                    if self._random.random() < self.loss:
                        self.lost += 1
                        continue
                    self.passed += 1
                    os.write(self._ends[1 - self._ends.index(one)], packet)
                except OSError:
                    pass  # as a wire does

    @staticmethod
    def _ip(*arguments):
        try:
            done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise gateway.Skipped("ip is not installed") from None
        if done.returncode != 0:
            raise gateway.Skipped(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
