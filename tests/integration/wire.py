#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""wire.py - a relay before a daemon's socket that decodes every message and forgives nothing.

    wire.py DAEMON-SOCKET OWN-SOCKET    prints a line per message; exit status 1 when one did not decode

Strict: every byte of a payload must belong to a field of tests/data/wire.json, padding is zero, flags are 0 or 1, strings are
UTF-8 without NUL, limits hold, replies answer a call that is outstanding. Tests use Relay in process, and call()/read_frame()
to speak raw frames themselves.
"""
import json
import os
import re
import selectors
import socket
import struct
import sys
import threading

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data', 'wire.json')
FRAME_MAX = 33554432 + 4
CALL, REPLY, EVENT, STREAM, CALL_FDS, REPLY_FDS, HOLE = range(7)
OK, ERROR, CONTINUE = range(3)
REMOTE, QEMU, WARD, KEEPALIVE = 0x20008086, 0x20008087, 0x57415244, 0x6b656570
NUMBERS = {'int': 'i', 'uint': 'I', 'hyper': 'q', 'uhyper': 'Q', 'double': 'd', 'char': 'i', 'uchar': 'I', 'short': 'i',
           'ushort': 'I', 'bool': 'I'}
SPEC = re.compile(r'^(\?)?(\w+)(?:\[(\d+)\]|<(\d*)>)?$')


class WireError(Exception):
    pass


class Book:
    """The table of procedures and types."""

    def __init__(self, path=DATA):
        with open(path, encoding='utf-8') as f:
            data = json.load(f)
        self.types = data['types']
        self.programs = {p['number']: (name, {int(k): v for k, v in p['procedures'].items()}) for name, p in data['programs'].items()}
        self.known = {(number, proc) for number, (_, procedures) in self.programs.items() for proc in procedures}
        self.numbers = {(p['number'], v[0]): int(k) for p in data['programs'].values() for k, v in p['procedures'].items()}

    def procedure(self, program, number):
        name, procedures = self.programs.get(program, (None, {}))
        if number not in procedures:
            raise WireError('program 0x%08x has no procedure %d' % (program, number))
        return name, procedures[number]


class Reader:
    def __init__(self, book, data):
        self.book, self.data, self.at = book, data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise WireError('needs %d bytes more than there are' % (self.at + n - len(self.data)))
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, kind):
        code = '>' + NUMBERS[kind]
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def flag(self):
        value = self.number('uint')
        if value > 1:
            raise WireError('a flag is 0x%08x' % value)
        return value

    def bytes(self, n):
        body = self.take(n)
        if self.take(-n % 4).strip(b'\0'):
            raise WireError('padding is not zero')
        return body

    def count(self, fixed, limit):
        if fixed:
            return int(fixed)
        n = self.number('uint')
        if limit and n > int(limit):
            raise WireError('%d items, at most %s are allowed' % (n, limit))
        return n

    def value(self, spec):
        optional, kind, fixed, limit = SPEC.match(spec).groups()
        if optional and not self.flag():
            return None
        if kind == 'string':
            text = self.bytes(self.count(fixed, limit))
            if b'\0' in text:
                raise WireError('a string holds a NUL')
            return text.decode('utf-8')
        if kind == 'opaque':
            return self.bytes(self.count(fixed, limit))
        if fixed or limit is not None:
            return [self.one(kind) for _ in range(self.count(fixed, limit))]
        return self.one(kind)

    def one(self, kind):
        if kind == 'bool':
            return bool(self.flag())
        if kind in NUMBERS:
            return self.number(kind)
        shape = self.book.types[kind]
        if isinstance(shape, str):
            return self.value(shape)
        if isinstance(shape, dict):
            case = shape.get(str(self.number('int')))
            if case is None:
                raise WireError('unknown case of %s' % kind)
            return self.value(case.split()[0])
        return {name: self.value(spec) for spec, name in (field.split() for field in shape)}


class Message:
    """One decoded frame: program (name), procedure (name), kind, serial, status, body (a dict or None)."""

    def __init__(self, book, frame):
        self.length, self.number, version, proc, self.kind, self.serial, self.status = struct.unpack('>IIIiiIi', frame[:28])
        if version != 1:
            raise WireError('version %d' % version)
        if self.kind == REPLY and self.status == ERROR:         # also to a call of what does not exist
            self.program, self.procedure, args, returns = '0x%x' % self.number, proc, None, None
        if not (self.kind == REPLY and self.status == ERROR) or (self.number, proc) in book.known:
            self.program, (self.procedure, args, returns) = book.procedure(self.number, proc)
        if self.kind in (CALL_FDS, REPLY_FDS, STREAM, HOLE):
            raise WireError('kind %d is not expected of these clients' % self.kind)
        self.body = self.decode(book, frame[28:], args, returns)

    def decode(self, book, payload, args, returns):
        reader = Reader(book, payload)
        kind = 'virNetMessageError' if self.status == ERROR else returns if self.kind == REPLY else args
        body = reader.one(kind) if kind else None
        if reader.at != len(payload):
            raise WireError('%d bytes left over' % (len(payload) - reader.at))
        return body

    def __str__(self):
        kind = {CALL: 'call', REPLY: 'reply', EVENT: 'event'}.get(self.kind, '?')
        return '%s %s.%s serial %d %s %s' % (kind, self.program, self.procedure, self.serial, 'error' if self.status else 'ok',
                                             str(self.body)[:200])


def cut_frames(buffer):
    """Whole frames of a bytearray, which keeps the rest."""
    while len(buffer) >= 4:
        size = struct.unpack('>I', buffer[:4])[0]
        if not 28 <= size <= FRAME_MAX:
            raise WireError('length word %d' % size)
        if len(buffer) < size:
            return
        frame_bytes = bytes(buffer[:size])
        del buffer[:size]               # before it is handed out: whoever takes one frame may not come back for more
        yield frame_bytes


class Link:
    """A client's connection, relayed."""

    def __init__(self, relay, client):
        self.relay = relay
        self.client = client
        self.daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.daemon.connect(relay.upstream)
        self.buffers = {self.client: bytearray(), self.daemon: bytearray()}
        self.outstanding = set()

    def ends(self):
        return self.client, self.daemon

    def pump(self, source):
        """False at the end of the connection."""
        target = self.daemon if source is self.client else self.client
        try:
            data = source.recv(262144)
            self.buffers[source] += data
            self.inspect(source)
            target.sendall(data)
        except OSError:
            return False
        return bool(data)

    def inspect(self, source):
        try:
            for frame in cut_frames(self.buffers[source]):
                self.message(Message(self.relay.book, frame), source is self.client)
        except (WireError, UnicodeDecodeError, KeyError) as error:
            self.relay.problem('%s: %s' % ('client' if source is self.client else 'daemon', error))
            self.buffers[source].clear()

    def message(self, message, from_client):
        key = (message.number, message.procedure, message.serial)
        if message.kind == CALL:
            self.outstanding.add(key)
        elif message.kind == REPLY and (from_client or key not in self.outstanding):
            self.relay.problem('a reply that nobody waits for: %s' % message)
        elif message.kind == REPLY:
            self.outstanding.discard(key)
        elif message.kind == EVENT and message.status != OK:
            self.relay.problem('an event with a status: %s' % message)
        self.relay.seen(message)

    def close(self):
        for end in self.ends():
            if self.buffers[end]:
                self.relay.problem('%s closed inside a message' % ('client' if end is self.client else 'daemon'))
            end.close()


class Relay:
    """Listens at path for clients of the daemon at upstream; messages and problems are lists that grow."""

    def __init__(self, upstream, path, show=None):
        self.upstream, self.path, self.show = upstream, path, show
        self.book = Book()
        self.messages, self.problems = [], []
        self.links = {}
        self.selector = selectors.DefaultSelector()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(64)
        self.wake_read, self.wake_write = socket.socketpair()
        for source in (self.listener, self.wake_read):
            self.selector.register(source, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)

    def seen(self, message):
        self.messages.append(message)
        if self.show:
            self.show(message)

    def problem(self, text):
        self.problems.append(text)
        if self.show:
            self.show('!! ' + text)

    def start(self):
        self.thread.start()
        return self

    def accept(self):
        client, _ = self.listener.accept()
        try:
            link = Link(self, client)
        except OSError:
            client.close()
            return
        for end in link.ends():
            self.links[end] = link
            self.selector.register(end, selectors.EVENT_READ)

    def drop(self, link):
        for end in link.ends():
            self.selector.unregister(end)
            del self.links[end]
        link.close()

    def run(self):
        while True:
            ready = [key.fileobj for key, _ in self.selector.select()]
            if self.wake_read in ready:
                break
            for source in ready:
                link = self.links.get(source)
                if source is self.listener:
                    self.accept()
                elif link and not link.pump(source):
                    self.drop(link)
        for link in set(self.links.values()):
            self.drop(link)

    def stop(self):
        self.wake_write.send(b'x')
        self.thread.join()
        for s in (self.listener, self.wake_read, self.wake_write):
            s.close()
        os.unlink(self.path)

    def procedures(self):
        return {m.procedure for m in self.messages if m.kind == CALL}


# ---- frames by hand ----

def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack('>I', len(data)) + data + bytes(-len(data) % 4)


def some(payload):
    return struct.pack('>I', 1) + payload


def frame(program, procedure, payload=b'', serial=1, kind=CALL, status=OK, version=1):
    return struct.pack('>IIIiiIi', 28 + len(payload), program, version, procedure, kind, serial, status) + payload


class Raw:
    """A client that sends what it is told to. All waits have a deadline: a daemon that does not answer fails the test."""

    def __init__(self, path, timeout=10):
        self.book = Book()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = bytearray()
        self.serial = 0

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        """The next message, or None at the end of the connection."""
        while True:
            for whole in cut_frames(self.buffer):
                return Message(self.book, whole)
            try:
                data = self.socket.recv(262144)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data

    def call(self, name, payload=b'', program=REMOTE):
        self.serial += 1
        self.send(frame(program, self.book.numbers[(program, name)], payload, self.serial))
        while True:
            message = self.read()
            if message is None or message.kind == REPLY:
                return message

    def open(self, uri='qemu:///session', flags=0):
        self.call('AUTH_LIST')
        return self.call('CONNECT_OPEN', some(string(uri)) + struct.pack('>I', flags))

    def close(self):
        self.socket.close()


def main(args):
    if len(args) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    relay = Relay(args[0], args[1], lambda message: print(message, flush=True)).start()
    try:
        relay.thread.join()
    except KeyboardInterrupt:
        relay.stop()
    print('%d messages, %d problems' % (len(relay.messages), len(relay.problems)))
    return 1 if relay.problems else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
