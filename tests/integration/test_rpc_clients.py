#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_rpc_clients.py - unmodified clients, and hostile ones, on the wire over the fake driver; every byte is checked on the way."""
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

import harness
import wire
from harness import check, contains, equal, wait_for

FAKE = os.path.join(harness.BUILD, 'src', 'rpc', 'fake-virtwardd')


class Fake(harness.Daemon):
    """The RPC server over the fake driver; clients are meant to come through a strict relay."""

    def __init__(self, test, n_domains=4, keepalive=5):
        super().__init__(test.path('fake'))
        os.makedirs(self.runtime)
        self.n_domains, self.keepalive = n_domains, keepalive
        self.relay = None

    def command(self):
        return [FAKE, self.socket, str(self.n_domains), str(self.keepalive)]

    def start(self, **more):
        self.spawn(**more)
        wait_for(self.answers, 'the fake daemon')
        self.descriptors_at_start = harness.descriptors(self.pid)
        return self

    def answers(self):
        """After a whole connection all that the loop needs is there, timers too."""
        if not os.path.exists(self.ro_socket):
            return False
        peer = wire.Raw(self.socket)
        answer = peer.open()
        peer.call('CONNECT_CLOSE')
        equal(peer.read(), None, 'after CONNECT_CLOSE')
        peer.close()
        return answer.status == wire.OK

    def left_in_runtime(self):
        return []               # a test server: it leaves its sockets

    def memory_kib(self):
        line = [l for l in harness.read('/proc/%d/status' % self.pid).splitlines() if l.startswith('VmRSS')][0]
        return int(line.split()[1])


def fake(t, **options):
    harness.need(FAKE)
    daemon = Fake(t, **options)
    t.daemons.append(daemon)
    return daemon.start()


def relayed(t, read_only=False, **options):
    """A fake daemon behind a relay; what the relay does not like fails the test at check_relay()."""
    daemon = fake(t, **options)
    path = t.path('relay')
    daemon.relay = wire.Relay(daemon.ro_socket if read_only else daemon.socket, path).start()
    daemon.uri = 'qemu+unix:///session?socket=' + path
    t.at_end(daemon.relay.stop)
    return daemon


def check_relay(daemon, at_least=1):
    equal(daemon.relay.problems, [], 'what the relay did not like')
    check(len(daemon.relay.messages) >= at_least, 'messages were seen')


# ---- virsh ----

VIRSH = (               # command, exit status, part of what it prints
    ('version', 0, 'Running hypervisor: QEMU 7.2.22'),
    ('hostname', 0, ''),
    ('uri', 0, 'qemu+unix:///session'),
    ('list --all --title', 0, 'fake2'),
    ('list --name', 0, 'fake1'),
    ('list --inactive --name', 0, 'fake3'),
    ('list --autostart --name', 0, ''),
    ('list --persistent --with-snapshot --all --name', 0, ''),
    ('list --all --uuid', 0, 'aaaaaaaa-0000-4000-8000-000000000002'),
    ('dominfo fake1', 0, 'Security model: none'),
    ('dominfo fake1', 0, 'tainted: made up'),
    ('dominfo nosuchvm', 1, "failed to get domain 'nosuchvm'"),
    ('domid fake1', 0, '1'),
    ('domuuid fake2', 0, 'aaaaaaaa-0000-4000-8000-000000000002'),
    ('domname aaaaaaaa-0000-4000-8000-000000000003', 0, 'fake3'),
    ('domstate fake1 --reason', 0, 'running (booted)'),
    ('domcontrol fake1', 0, 'ok'),
    ('domcontrol fake2', 1, 'domain is not running'),
    ('dumpxml fake1', 0, '<name>fake1</name>'),
    ('dumpxml fake1 --inactive --security-info', 0, '<name>fake1</name>'),
    ('dumpxml fake1 --migratable', 0, '<name>fake1</name>'),
    ('nodeinfo', 0, 'NUMA cell(s):'),
    ('nodecpumap', 0, 'CPUs online:'),
    ('nodecpustats', 0, 'iowait:'),
    ('nodecpustats --cpu 0', 0, 'iowait:'),
    ('nodecpustats --cpu 70000', 1, 'Invalid cpuNum'),
    ('nodememstats', 0, 'buffers:'),
    ('nodememstats --cell 0', 0, 'total'),
    ('freecell', 0, 'KiB'),
    ('freecell --cellno 0', 0, '0:'),
    ('sysinfo', 1, 'Host SMBIOS information is not available'),
    ('capabilities', 0, '<capabilities/>'),
    ('domcapabilities --arch s390x', 0, '<arch>s390x</arch>'),
    ('maxvcpus', 0, '255'),
    ('domstats', 0, 'block.0.name=vda'),
    ('domstats fake2 --state', 0, 'state.state=1'),
    ('desc fake1', 0, ''),
    ('desc fake1 --title hello', 0, ''),
    ('desc fake1 --title', 0, 'hello'),
    ('autostart fake2', 0, ''),
    ('list --autostart --all --name', 0, 'fake2'),
    ('autostart fake2 --disable', 0, ''),
    ('schedinfo fake1', 1, 'posix'),
    ('vcpucount fake1', 0, 'maximum      live           2'),
    ('vcpucount fake2', 0, 'maximum      config         2'),
    ('domjobinfo fake1', 0, 'Outgoing migration'),
    ('domjobabort fake1', 1, 'no job is active'),
    ('suspend fake1', 0, ''),
    ('domstate fake1', 0, 'paused'),
    ('resume fake1', 0, ''),
    ('suspend fake2', 1, 'domain is not running'),
    ('reboot fake1', 0, ''),
    ('reset fake1', 0, ''),
    ('start fake2 --paused', 0, ''),
    ('start fake3', 0, ''),
    ('start fake3', 1, 'already active'),
    ('shutdown fake3', 0, ''),
    ('destroy fake2', 0, ''),
    ('destroy fake2 --graceful', 1, 'domain is not running'),
    ('undefine fake3', 0, ''),
    ('undefine fake4 --nvram --snapshots-metadata --managed-save', 0, ''),
    ('qemu-monitor-command fake1 {}', 0, '"return"'),
    ('qemu-agent-command fake1 {}', 1, 'QEMU guest agent is not configured'),
    ('snapshot-list fake1', 0, ''),
    ('snapshot-current fake1', 1, ''),
    ('snapshot-info fake1 s1', 1, "no domain snapshot with matching name 's1'"),
    ('checkpoint-list fake1', 0, ''),
    ('domifaddr fake1', 0, ''),
    ('domifaddr fake1 --source agent', 1, 'QEMU guest agent is not configured'),
    ('net-list --all', 0, ''),
    ('net-info x', 1, "Network not found: no network with matching name 'x'"),
    ('pool-list --all', 0, ''),
    ('pool-info x', 1, "Storage pool not found: no storage pool with matching name 'x'"),
    ('vol-pool x', 1, "no storage vol with matching path 'x'"),
    ('nodedev-list', 0, ''),
    ('nodedev-info x', 1, 'Could not find matching device'),
    ('iface-list --all', 0, ''),
    ('nwfilter-list', 0, ''),
    ('nwfilter-binding-list', 0, ''),
    ('secret-list', 0, ''),
    ('setmem fake1 48M', 1, 'this function is not supported by the connection driver: virDomainSetMemoryFlags'),
    ('screenshot fake1', 1, 'this function is not supported by the connection driver: virDomainScreenshot'),
    ('save fake1 /nowhere', 1, 'this function is not supported by the connection driver: virDomainSave'),
    ('event --all --timeout 1', 1, 'event loop timed out'),
    ('qemu-monitor-event --timeout 1 --regex --event ^B', 1, 'event loop timed out'),
)


def test_virsh(t):
    daemon = relayed(t)
    for command, status, part in VIRSH:
        done = harness.run(['virsh', '-q', '-c', daemon.uri] + command.split(), t.top, None)
        equal(done.returncode, status, 'exit status of virsh %s (%s%s)' % (command, done.stdout, done.stderr))
        contains(done.stdout + done.stderr, part)
    check_relay(daemon, 500)


def test_virsh_defines_and_creates(t):
    daemon = relayed(t)
    xml = t.file('vm.xml', "<domain type='qemu'><name>vm</name><uuid>bbbbbbbb-0000-4000-8000-000000000001</uuid></domain>")
    t.virsh(daemon, 'define', xml)
    t.virsh(daemon, 'define', '--validate', xml)
    equal(t.virsh(daemon, 'domuuid', 'vm').stdout.strip(), 'bbbbbbbb-0000-4000-8000-000000000001')
    t.virsh(daemon, 'undefine', 'vm')
    t.virsh(daemon, 'create', '--paused', xml)
    equal(t.virsh(daemon, 'domstate', 'vm').stdout.strip(), 'paused')
    bad = t.file('bad.xml', '<domain><name>x</name>')
    contains(t.virsh(daemon, 'define', bad, ok=False).stderr, '(domain_definition)')
    check_relay(daemon)


def test_virsh_read_only(t):
    daemon = relayed(t, read_only=True)
    contains(t.virsh(daemon, 'list', '--all').stdout, 'fake1')
    for command in ('start fake2', 'destroy fake1', 'undefine fake2', 'autostart fake2', 'suspend fake1', 'domcapabilities'):
        contains(t.virsh(daemon, *command.split(), ok=False).stderr, 'operation forbidden: read only access prevents vir')
    contains(t.virsh(daemon, 'dumpxml', '--security-info', 'fake1', ok=False).stderr, 'virDomainGetXMLDesc with secure flag')
    check_relay(daemon)


def test_virsh_hears_events(t):
    daemon = relayed(t)
    event = subprocess.Popen(['virsh', '-c', daemon.uri, 'event', '--all', '--loop', '--timeout', '60'], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=harness.client_env(t.top), text=True)
    wait_for(lambda: len([m for m in list(daemon.relay.messages) if m.procedure == 'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY'
                          and m.kind == wire.REPLY]) >= 27, 'registrations')
    for command in ('start fake2', 'suspend fake2', 'resume fake2', 'reboot fake2', 'desc fake2 --title x', 'destroy fake2'):
        t.virsh(daemon, *command.split())
    wait_for(lambda: [m for m in list(daemon.relay.messages) if m.procedure == 'DOMAIN_EVENT_CALLBACK_LIFECYCLE' and m.body['msg']['event'] == 5],
             'the last event')
    time.sleep(0.2)
    event.terminate()
    text = event.communicate(timeout=harness.DEADLINE)[0]
    for part in ("'lifecycle' for domain 'fake2': Started", "Suspended", "Resumed", "'reboot' for domain 'fake2'", "'metadata-change'", 'Stopped'):
        contains(text, part)
    check_relay(daemon)


# ---- libvirt-python ----

def event_loop(libvirt):
    libvirt.virEventRegisterDefaultImpl()

    def run():
        while True:
            libvirt.virEventRunDefaultImpl()
    threading.Thread(target=run, daemon=True).start()


def test_libvirt_python(t):
    daemon = relayed(t)
    try:
        import libvirt
    except ImportError:
        raise harness.Skip('python3-libvirt is not installed') from None
    event_loop(libvirt)
    c = t.libvirt(daemon)
    heard = []
    c.setKeepAlive(1, 3)
    equal((c.getType(), c.getVersion(), c.getLibVersion(), c.isSecure(), c.isAlive()), ('QEMU', 7002022, 9000000, 1, 1))
    equal(len(c.listAllDomains()), 4)
    equal((c.numOfDomains(), c.listDomainsID(), c.numOfDefinedDomains(), sorted(c.listDefinedDomains())),
          (1, [1], 3, ['fake2', 'fake3', 'fake4']))
    ids = [c.domainEventRegisterAny(None, n, lambda *a: heard.append(a), None) for n in range(27)]
    c.domainEventRegister(lambda *a: None, None)
    other = [c.networkEventRegisterAny(None, 0, lambda *a: None, None), c.storagePoolEventRegisterAny(None, 0, lambda *a: None, None),
             c.nodeDeviceEventRegisterAny(None, 0, lambda *a: None, None), c.secretEventRegisterAny(None, 0, lambda *a: None, None)]
    c.registerCloseCallback(lambda *a: None, None)
    d = c.lookupByName('fake2')
    d.create()
    d.suspend()
    d.resume()
    d.setMetadata(1, 'title', None, None)
    equal(d.state(), [1, 1])
    equal(d.info()[:4], [1, 65536, 65536, 1])
    equal((d.OSType(), d.maxMemory(), d.maxVcpus(), d.hasManagedSaveImage(), d.isPersistent(), d.autostart(), d.isUpdated()),
          ('hvm', 65536, 2, 0, 1, 0, 0))
    equal(d.schedulerType()[0], 'posix')
    equal([r[1]['block.0.name'] for r in c.getAllDomainStats(1)], ['vda'] * 4)
    equal(d.jobStats()['time_elapsed'], 1234)
    d.destroy()
    wait_for(lambda: len(heard) >= 6, 'events')
    for callback in ids:
        c.domainEventDeregisterAny(callback)
    for deregister, callback in zip((c.networkEventDeregisterAny, c.storagePoolEventDeregisterAny, c.nodeDeviceEventDeregisterAny,
                                     c.secretEventDeregisterAny), other):
        deregister(callback)
    c.unregisterCloseCallback()
    for call, code in ((lambda: c.lookupByName('gone'), 42), (lambda: c.networkLookupByName('x'), 43), (lambda: d.screenshot(c.newStream(), 0), 3),
                       (lambda: c.storageVolLookupByPath('/x'), 50)):
        try:
            call()
            raise harness.Failure('error %d was expected' % code)
        except libvirt.libvirtError as error:
            equal(error.get_error_code(), code)
    check_relay(daemon)


def test_keepalive_with_libvirt_python(t):
    daemon = relayed(t, keepalive=1)
    try:
        import libvirt
    except ImportError:
        raise harness.Skip('python3-libvirt is not installed') from None
    event_loop(libvirt)
    c = t.libvirt(daemon)
    def pings():
        return [m for m in list(daemon.relay.messages) if m.program == 'keepalive']
    wait_for(lambda: len(pings()) >= 4, 'two pings of the server, and their answers')
    check(c.isAlive(), 'the connection lives')
    check_relay(daemon)


# ---- clients that mean no good ----

def test_announced_lengths_reserve_nothing(t):
    daemon = fake(t)
    before = daemon.memory_kib()
    peers = [wire.Raw(daemon.socket) for _ in range(200)]
    for peer in peers:
        peer.send(struct.pack('>I', wire.FRAME_MAX) + b'abcdef')
    other = wire.Raw(daemon.socket)
    equal(other.open().status, wire.OK)
    check(daemon.memory_kib() < before + 20000, 'memory grew from %d to %d KiB' % (before, daemon.memory_kib()))
    for peer in peers + [other]:
        peer.close()


def test_garbage(t):
    daemon = fake(t)
    other = wire.Raw(daemon.socket)
    equal(other.open().status, wire.OK)
    for data in (b'GET / HTTP/1.1\r\n\r\n' * 10, b'\0' * 64, b'\xff' * 64, b'\x16\x03\x01\x02\0' * 20, struct.pack('>I', 27) + b'x' * 23):
        peer = wire.Raw(daemon.socket)
        try:
            peer.send(data)
            equal(peer.read(), None, 'answer to %r' % data[:8])
        except ConnectionError:
            pass
        peer.close()
        equal(other.call('CONNECT_GET_TYPE').body['type'], 'QEMU')
    other.close()


def test_many_connections(t):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    if hard < 6000:
        raise harness.Skip('the limit of open files is %d' % hard)
    daemon = fake(t)
    before = daemon.memory_kib()
    peers = [wire.Raw(daemon.socket) for _ in range(4999)]
    last = wire.Raw(daemon.socket)
    equal(last.open().status, wire.OK)
    equal(last.call('CONNECT_GET_TYPE').body['type'], 'QEMU')
    check(daemon.memory_kib() - before < 5000 * 4, 'memory of 5000 connections: %d KiB' % (daemon.memory_kib() - before))
    waiting = wire.Raw(daemon.socket, timeout=0.3)          # over the limit of 5000: not served, not refused
    try:
        waiting.open()
        raise harness.Failure('connection 5001 was served')
    except socket.timeout:
        pass
    peers.pop().close()
    waiting.socket.settimeout(harness.DEADLINE)
    check(waiting.read() is not None, 'it is served once another has gone')
    for peer in peers + [last, waiting]:
        peer.close()


def test_hundreds_hear_an_event(t):
    daemon = fake(t)
    peers = [wire.Raw(daemon.socket) for _ in range(400)]
    for peer in peers:
        equal(peer.open().status, wire.OK)
        equal(peer.call('CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY', struct.pack('>II', 0, 0)).status, wire.OK)
    harness.run(['virsh', '-q', '-c', daemon.uri, 'suspend', 'fake1'], t.top)
    for peer in peers:
        equal(peer.read().body['msg']['event'], 3)
        peer.close()


def test_daemon_ends_gracefully_under_clients(t):
    daemon = fake(t)
    peers = [wire.Raw(daemon.socket) for _ in range(20)]
    for peer in peers:
        equal(peer.open().status, wire.OK)
    equal(daemon.stop(), 0, 'exit status')
    for peer in peers:
        equal(peer.read(), None)
        peer.close()


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
