#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_bad_input.py - broken frames: a clear error or the end of that connection, and nobody else notices."""
import random
import struct
import sys

import harness
import wire
from harness import check, contains, equal, wait_for
from wire import ERROR, OK, QEMU, REMOTE, WARD, frame, string


class Case:
    """A daemon, a good client that must go on being served, and the daemon's memory at the start."""

    def __init__(self, t):
        self.t = t
        self.daemon = t.daemon()
        self.good = wire.Raw(self.daemon.socket)
        equal(self.good.open().status, OK)
        t.at_end(self.good.close)

    def raw(self, opened=True):
        raw = wire.Raw(self.daemon.socket)
        self.t.at_end(raw.close)
        if opened:
            equal(raw.open().status, OK)
        return raw

    def unharmed(self):
        check(self.daemon.process.poll() is None, 'the daemon lives')
        equal(self.good.call('CONNECT_GET_LIB_VERSION').body['lib_ver'], 9000000)


def expect_end(raw):
    """The daemon ends the connection; it may say an error first."""
    while True:
        message = raw.read()
        if message is None:
            return
        equal(message.status, ERROR, 'status before the end')


def expect_error(message, code, domain, words=''):
    check(message is not None, 'an answer, not the end of the connection')
    equal(message.status, ERROR, 'status')
    equal((message.body['code'], message.body['domain']), (code, domain), 'code and domain')
    contains(message.body['message'], words)


def test_length_words(t):
    case = Case(t)
    for length in (0xffffffff, 33554432 + 5, 0x80000000):
        raw = case.raw()
        raw.send(struct.pack('>I', length) + bytes(64))
        expect_end(raw)
    for length in (0, 3, 4, 27):
        raw = case.raw()
        raw.send(struct.pack('>I', length) + bytes(64))
        expect_end(raw)
    case.unharmed()


def test_announced_but_never_sent(t):
    """A frame of 32 MiB that does not come takes no 32 MiB, and holds nobody up."""
    case = Case(t)
    before = resident(case.daemon.pid)
    raws = [case.raw() for _ in range(20)]
    for raw in raws:
        raw.send(struct.pack('>I', 33554432) + bytes(100))
    case.unharmed()
    check(resident(case.daemon.pid) - before < 64 * 1024, 'memory is taken as bytes come, not as they are announced')


def resident(pid):
    for line in harness.read('/proc/%d/status' % pid).splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    return 0


def test_half_a_frame_and_away(t):
    case = Case(t)
    whole = frame(REMOTE, 23, string('vm1'), 9)
    for n in range(1, len(whole)):
        raw = wire.Raw(case.daemon.socket)
        raw.send(whole[:n])
        raw.close()
    case.unharmed()


def test_byte_by_byte(t):
    case = Case(t)
    raw = case.raw()
    for byte in frame(REMOTE, 157, b'', 9):
        raw.send(bytes([byte]))
    equal(raw.read().body['lib_ver'], 9000000)


def test_two_calls_in_one_write(t):
    case = Case(t)
    raw = case.raw()
    raw.send(frame(REMOTE, 157, b'', 8) + frame(REMOTE, 157, b'', 9))
    equal({raw.read().serial, raw.read().serial}, {8, 9})


def test_unknown_programs_versions_and_procedures(t):
    case = Case(t)
    raw = case.raw()
    raw.send(frame(0x12345678, 1))
    expect_error(raw.read(), 39, 7, 'Cannot find program')
    raw.send(frame(REMOTE, 157, version=2, serial=2))
    head = raw.socket.recv(65536)
    contains(head.decode('latin-1'), 'Cannot find program')
    for program in (REMOTE, QEMU, WARD):
        for number in (0, 9999, 0x7fffffff):
            raw.send(frame(program, number, serial=5))
            expect_error(raw.read(), 39, 7, 'unknown procedure')
    case.unharmed()


def test_payloads_that_do_not_decode(t):
    case = Case(t)
    payloads = {
        'too short': struct.pack('>I', 4) + b'vm',
        'nothing': b'',
        'a length over the limit': struct.pack('>I', 4194305) + b'vm1\0',
        'a length of 4 GiB': struct.pack('>I', 0xffffffff) + b'vm1\0',
    }
    for what, payload in payloads.items():
        raw = case.raw()
        raw.send(frame(REMOTE, 23, payload, 9))
        message = raw.read()
        expect_error(message, 39, 7, 'Unable to decode message payload')
        equal(raw.call('CONNECT_GET_LIB_VERSION').status, OK, 'after: ' + what)
    case.unharmed()


def test_counts_over_the_limit(t):
    case = Case(t)
    raw = case.raw()
    raw.send(frame(REMOTE, 344, struct.pack('>I', 0x10000000) + bytes(64), 9))      # CONNECT_GET_ALL_DOMAIN_STATS
    expect_error(raw.read(), 39, 7, 'Unable to decode')
    case.unharmed()


def test_text_that_is_no_text(t):
    case = Case(t)
    raw = case.raw()
    for name in (b'a\0b', b'\xff\xfe', b'\xc3\x28', b'\xed\xa0\x80'):
        message = raw.call('DOMAIN_LOOKUP_BY_NAME', string(name))
        equal(message.status, ERROR)
        check(message.body['code'] in (39, 8), 'an RPC or an argument error, not %s' % message.body)
    for xml in (b'<domain>\0</domain>', b'\xff\xff', b'<?xml version="1.0" encoding="EBCDIC"?><domain/>'):
        equal(raw.call('DOMAIN_DEFINE_XML', string(xml)).status, ERROR)
    case.unharmed()


def test_calls_before_open(t):
    case = Case(t)
    raw = case.raw(opened=False)
    expect_error(raw.call('CONNECT_GET_LIB_VERSION'), 1, 7, 'connection not open')
    expect_error(raw.call('EXPLAIN', string('{}'), WARD), 1, 7, 'connection not open')
    equal(raw.open().status, OK)
    equal(raw.open().status, ERROR, 'a second open')
    equal(raw.call('CONNECT_GET_LIB_VERSION').status, OK)


def test_messages_that_clients_do_not_send(t):
    """Replies, events, streams of nobody: dropped, the connection stays."""
    case = Case(t)
    raw = case.raw()
    for kind in (1, 2, 3, 6, 7, 99):
        raw.send(frame(REMOTE, 157, b'', 9, kind=kind))
    equal(raw.call('CONNECT_GET_LIB_VERSION').status, OK)
    case.unharmed()


def test_unknown_uris(t):
    case = Case(t)
    for uri, code in (('nosuch:///system', 5), ('qemu:///elsewhere', 1)):
        raw = case.raw(opened=False)
        message = raw.open(uri)
        equal(message.status, ERROR)
        equal(message.body['code'], code, 'code of ' + uri)


def test_private_program_with_bad_json(t):
    case = Case(t)
    raw = case.raw()
    for text in ('', '{', '[]', 'null', '{"domain":1}', '{"domain":"nosuch"}', '{"xml":"<domain/>","domain":"a"}', '{"facts":[]}', '[' * 5000):
        for procedure in ('EXPLAIN', 'WHY', 'START'):
            equal(raw.call(procedure, string(text), WARD).status, ERROR, '%s of %r' % (procedure, text[:40]))
    case.unharmed()


def test_client_that_does_not_read(t):
    """Its answers pile up only so far; the others are served."""
    case = Case(t)
    case.good.call('DOMAIN_DEFINE_XML', string(harness.guest_xml('vm1')))
    raw = case.raw()
    raw.socket.settimeout(2)
    call = frame(REMOTE, 7, b'', 9)                 # CONNECT_GET_CAPABILITIES: long answers
    try:
        for _ in range(20000):
            raw.send(call)
    except OSError:
        pass
    case.unharmed()
    check(resident(case.daemon.pid) < 200 * 1024 or harness.sanitized(), 'memory is bounded')


def test_many_connections(t):
    case = Case(t)
    raws = [wire.Raw(case.daemon.socket) for _ in range(500)]
    case.unharmed()
    for raw in raws:
        raw.close()
    case.unharmed()


def test_random_frames(t):
    """Seeded, so a failure can be repeated."""
    case = Case(t)
    rng = random.Random(2)
    for _ in range(300):
        raw = case.raw(opened=rng.random() < 0.7)
        number = rng.choice([1, 3, 10, 11, 14, 16, 22, 23, 24, 60, 66, 196, 212, 265, 273, 303, 316, 344, 350, rng.randrange(0, 460)])
        payload = rng.randbytes(rng.choice([0, 4, 8, 12, 40, 200]))
        raw.send(frame(rng.choice([REMOTE, REMOTE, REMOTE, QEMU, WARD]), number, payload, 9))
        raw.close()
    case.unharmed()


def test_nothing_leaks(t):
    """The same bad things again and again: descriptors and memory come back."""
    case = Case(t)

    def round_of_errors():
        raw = wire.Raw(case.daemon.socket)
        raw.open()
        raw.call('DOMAIN_LOOKUP_BY_NAME', string('nosuch'))
        raw.call('DOMAIN_DEFINE_XML', string('<domain><name>a</name>'))
        raw.call('DOMAIN_DEFINE_XML', string(harness.guest_xml('../x')))
        raw.send(frame(REMOTE, 23, b'\0', 99))
        raw.close()
    for _ in range(200):
        round_of_errors()
    case.unharmed()
    n_before, before = len(harness.descriptors(case.daemon.pid)), resident(case.daemon.pid)
    for _ in range(1000):
        round_of_errors()
    case.unharmed()
    wait_for(lambda: len(harness.descriptors(case.daemon.pid)) <= n_before, 'descriptors to be closed')
    more = resident(case.daemon.pid) - before
    check(more < 2048 or harness.sanitized(), 'no memory is lost: %d KiB more after 1,000 rounds' % more)


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
