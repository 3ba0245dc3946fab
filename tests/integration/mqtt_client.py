"""A small MQTT 3.1.1 client: publishes at QoS 1 or 2 without waiting for each answer, and subscribes.

One thread, one socket. Everything that waits does so in select() with a time limit. `acknowledged` counts the
PUBACKs, and for QoS 2 the PUBCOMPs: what is counted there, the broker has promised to deliver.
"""
import collections
import select
import socket
import struct
import time

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90
PUBREC, PUBREL, PUBCOMP = 0x50, 0x62, 0x70
PACKET_IDS = 65535

Message = collections.namedtuple("Message", "topic payload retained at")


def text_field(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def packet(first_byte, body):
    length = len(body)
    header = bytearray([first_byte])
    while True:
        length, digit = divmod(length, 128)
        header.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(header) + body


class MqttClient:
    def __init__(self, port, client_id, window=500, timeout=20):
        self.window = window
        self.published = 0
        self.acknowledged = 0
        self.messages = collections.deque()
        self._in_flight = set()
        self._out = bytearray()
        self._in = bytearray()
        self._next_id = 0
        self._answers = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._out += packet(CONNECT, text_field("MQTT") + b"\x04\x02" + struct.pack(">H", 0) + text_field(client_id))
        body = self._answer(CONNACK, timeout)
        if body[1] != 0:
            raise RuntimeError(f"the broker refused the connection, code {body[1]}")

    def subscribe(self, *filters, timeout=20):
        body = struct.pack(">H", self._take_id()) + b"".join(text_field(f) + b"\x01" for f in filters)
        self._out += packet(SUBSCRIBE, body)
        codes = self._answer(SUBACK, timeout)[2:]
        if any(code > 2 for code in codes):
            raise RuntimeError(f"the broker refused a subscription: {list(codes)}")

    def has_room(self):
        return len(self._in_flight) < self.window and len(self._out) < 1 << 20

    def publish(self, topic, payload, retain=False, qos=1):
        """Hands one message to the socket's buffer; poll() sends it."""
        if isinstance(payload, str):
            payload = payload.encode()
        identifier = self._take_id()
        self._in_flight.add(identifier)
        self.published += 1
        body = text_field(topic) + struct.pack(">H", identifier) + payload
        self._out += packet(PUBLISH | qos << 1 | (1 if retain else 0), body)

    def publish_all(self, messages, timeout=120):
        """Publishes (topic, payload) pairs and waits until every one is acknowledged."""
        for topic, payload in messages:
            while not self.has_room():
                self.poll(timeout)
            self.publish(topic, payload)
        self.wait_acknowledged(timeout)

    def wait_acknowledged(self, timeout=120):
        deadline = time.monotonic() + timeout
        while self._in_flight:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self._in_flight)} messages were not acknowledged by the broker")
            self.poll(0.5)

    def poll(self, timeout):
        """Sends and receives what can be, and waits for it at most so long."""
        wants_write = [self._socket] if self._out else []
        readable, writable, _ = select.select([self._socket], wants_write, [], max(0, timeout))
        if writable:
            try:
                sent = self._socket.send(self._out[:1 << 18])
                del self._out[:sent]
            except BlockingIOError:
                pass
        if readable:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                return
            if not data:
                raise ConnectionError("the broker closed the connection")
            self._in += data
            self._read_packets()

    def wait_message(self, wanted, timeout):
        """The first message for which `wanted` holds; those before it are dropped. None when time is up."""
        deadline = time.monotonic() + timeout
        while True:
            while self.messages:
                message = self.messages.popleft()
                if wanted(message):
                    return message
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.poll(left)

    def close(self):
        self._socket.close()

    def _take_id(self):
        while True:
            self._next_id = self._next_id % PACKET_IDS + 1
            if self._next_id not in self._in_flight:
                return self._next_id

    def _answer(self, kind, timeout):
        deadline = time.monotonic() + timeout
        while True:
            for index, (found, body) in enumerate(self._answers):
                if found == kind:
                    del self._answers[index]
                    return body
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the broker does not answer")
            self.poll(left)

    def _read_packets(self):
        at = 0
        while True:
            length, shift, cursor = 0, 0, at + 1
            while cursor < len(self._in):
                digit = self._in[cursor]
                length |= (digit & 0x7F) << shift
                shift += 7
                cursor += 1
                if not digit & 0x80:
                    break
            else:
                break
            if cursor + length > len(self._in):
                break
            self._handle(self._in[at], bytes(self._in[cursor:cursor + length]))
            at = cursor + length
        del self._in[:at]

    def _handle(self, first_byte, body):
        kind = first_byte & 0xF0
        if kind == PUBREC:
            self._out += packet(PUBREL, body[:2])
        elif kind in (PUBACK, PUBCOMP):
            self._in_flight.discard(struct.unpack(">H", body)[0])
            self.acknowledged += 1
        elif kind == PUBLISH:
            size = struct.unpack(">H", body[:2])[0]
            topic, rest = body[2:2 + size].decode(), body[2 + size:]
            if first_byte & 0x06:
                self._out += packet(PUBACK, rest[:2])
                rest = rest[2:]
            self.messages.append(Message(topic, rest, bool(first_byte & 1), time.monotonic()))
        else:
            self._answers.append((kind, body))
