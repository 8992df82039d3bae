#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_dbus.py - the daemon on a private session bus, asked with busctl."""
import json
import subprocess
import sys

import harness
from harness import check, contains, equal, guest_xml, guests_of, need, run, wait_for, write

CONNECT = '/org/libvirt/QEMU'
BUS_CONFIG = """<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context='default'>
<allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/>
</policy></busconfig>
"""


class Bus:
    def __init__(self, t):
        need('dbus-daemon')
        need('busctl')
        self.t = t
        self.address = 'unix:path=' + t.path('bus')
        config = t.file('bus.conf', BUS_CONFIG % t.path('bus'))
        command = ['dbus-daemon', '--nofork', '--nopidfile', '--print-address=1', '--config-file=' + config]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.process.stdout.readline()          # it prints its address when it listens
        t.at_end(self.stop)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def busctl(self, *args, ok=True):
        return run(['busctl', '--address=' + self.address, '--json=short'] + list(args), self.t.top, ok)

    def call(self, path, interface, member, *args):
        """The reply's values."""
        out = self.busctl('call', 'org.libvirt', path, 'org.libvirt.' + interface, member, *args).stdout
        return json.loads(out)['data'] if out.strip() else []

    def fails(self, path, interface, member, *args):
        return self.busctl('call', 'org.libvirt', path, interface, member, *args, ok=False).stderr

    def get(self, path, interface, name):
        return json.loads(self.busctl('get-property', 'org.libvirt', path, 'org.libvirt.' + interface, name).stdout)['data']

    def is_owned(self):
        return 'org.libvirt' in self.busctl('list').stdout


def start(t):
    bus = Bus(t)
    daemon = t.make_daemon(env={'DBUS_SESSION_BUS_ADDRESS': bus.address})
    write(daemon.config_path, 'dbus = yes\n')
    daemon.start()
    wait_for(bus.is_owned, 'org.libvirt')
    return bus, daemon


def test_a_guest_from_definition_to_the_end(t):
    need('qemu-system-x86_64')
    bus, daemon = start(t)
    path, = bus.call(CONNECT, 'Connect', 'DomainDefineXML', 's', guest_xml('one', uuid='11111111-2222-3333-4444-555555555555'))
    equal(path, CONNECT + '/domain/_11111111_2222_3333_4444_555555555555')
    equal(bus.call(CONNECT, 'Connect', 'ListDomains', 'u', '0'), [[path]])
    equal(bus.call(CONNECT, 'Connect', 'DomainLookupByName', 's', 'one'), [path])
    equal((bus.get(path, 'Domain', 'Active'), bus.get(path, 'Domain', 'Persistent')), (False, True))
    bus.call(path, 'Domain', 'Create', 'u', '0')
    equal(bus.call(path, 'Domain', 'GetState', 'u', '0'), [[1, 1]])
    equal(t.virsh(daemon, 'domstate', 'one').stdout.strip(), 'running')
    bus.call(path, 'Domain', 'Suspend')
    equal(t.virsh(daemon, 'domstate', 'one').stdout.strip(), 'paused')
    bus.call(path, 'Domain', 'Resume')
    contains(bus.call(path, 'Domain', 'GetXMLDesc', 'u', '0')[0], "<name>one</name>", "id='")
    stats = bus.call(path, 'Domain', 'GetStats', 'uu', '45', '0')[0]
    equal(stats['state.state']['data']['data'], 1)
    bus.call(path, 'Domain', 'Destroy', 'u', '0')
    equal(guests_of('one'), [])
    bus.call(path, 'Domain', 'Undefine', 'u', '0')
    equal(bus.call(CONNECT, 'Connect', 'ListDomains', 'u', '0'), [[]])
    contains(bus.fails(path, 'org.libvirt.Domain', 'GetState', 'u', '0'), 'Domain not found')


def test_both_edges_see_one_driver(t):
    bus, daemon = start(t)
    t.define(daemon, 'one')
    path, = bus.call(CONNECT, 'Connect', 'DomainLookupByName', 's', 'one')
    bus.busctl('set-property', 'org.libvirt', path, 'org.libvirt.Domain', 'Autostart', 'b', 'true')
    contains(t.virsh(daemon, 'dominfo', 'one').stdout, 'Autostart:      enable')
    t.virsh(daemon, 'autostart', '--disable', 'one')
    equal(bus.get(path, 'Domain', 'Autostart'), False)
    error = bus.fails(path, 'org.libvirt.Domain', 'Destroy', 'u', '0')
    contains(error, 'Requested operation is not valid: domain is not running')
    contains(t.virsh(daemon, 'destroy', 'one', ok=False).stderr, 'Requested operation is not valid: domain is not running')


def test_explain_start(t):
    need('qemu-system-x86_64')
    bus, daemon = start(t)
    t.define(daemon, 'one')
    path, = bus.call(CONNECT, 'Connect', 'DomainLookupByName', 's', 'one')
    answer = bus.busctl('call', 'org.libvirt', path, 'org.virtward.Domain1', 'ExplainStart', 's', 'required').stdout
    report = json.loads(json.loads(answer)['data'][0])
    equal((report['domain'], report['verdict'], report['migratable']), ('one', 'allow', 'yes'))
    equal(report, json.loads(t.wardsh(daemon, '--json', 'explain', 'start', '--migratable', 'one').stdout))


def test_host(t):
    need('qemu-system-x86_64')
    bus, _ = start(t)
    equal(bus.get(CONNECT, 'Connect', 'LibVersion'), 9000000)
    check(bus.get(CONNECT, 'Connect', 'Version') > 0, "QEMU's version is waited for")
    contains(bus.call(CONNECT, 'Connect', 'GetCapabilities')[0], '<capabilities>')
    capabilities, = bus.call(CONNECT, 'Connect', 'GetDomainCapabilities', 'ssssu', '', 'x86_64', 'q35', 'qemu', '0')
    contains(capabilities, '<domainCapabilities>')


def test_lifecycle_signals(t):
    need('qemu-system-x86_64')
    need('dbus-monitor')
    bus, daemon = start(t)
    monitor = subprocess.Popen(['dbus-monitor', '--address', bus.address, "type='signal',interface='org.libvirt.Connect'"],
                               stdout=subprocess.PIPE, text=True, bufsize=1)
    t.at_end(lambda: (monitor.kill(), monitor.wait(), monitor.stdout.close()))
    monitor.stdout.readline()                   # NameAcquired: it listens
    t.define(daemon, 'one')
    t.virsh(daemon, 'start', 'one')
    t.virsh(daemon, 'destroy', 'one')
    seen, text = [], ''
    while (5, 1) not in seen:
        text += monitor.stdout.readline()
        numbers = [int(line.split()[1]) for line in text.splitlines() if line.startswith('   int32')]
        seen = list(zip(numbers[::2], numbers[1::2]))
    check((0, 0) in seen and (2, 0) in seen, 'defined and started: %r' % seen)


def test_a_second_daemon_runs_on_without_the_name(t):
    bus, _ = start(t)
    second = t.make_daemon(env={'DBUS_SESSION_BUS_ADDRESS': bus.address})
    write(second.config_path, 'dbus = yes\n')
    second.start()
    wait_for(lambda: 'org.libvirt is not ours' in second.log(), 'its word on the name')
    t.define(second, 'one')
    equal(bus.call(CONNECT, 'Connect', 'ListDomains', 'u', '0'), [[]])


def test_without_a_bus(t):
    daemon = t.make_daemon(env={'DBUS_SESSION_BUS_ADDRESS': 'unix:path=' + t.path('nowhere')})
    write(daemon.config_path, 'dbus = yes\n')
    daemon.start()
    wait_for(lambda: 'there is no session bus' in daemon.log(), 'its word on the bus')
    t.define(daemon, 'one')
    equal(daemon.log().count('there is no session bus'), 1)


def test_the_bus_goes_away(t):
    bus, daemon = start(t)
    bus.process.kill()
    wait_for(lambda: 'the bus has gone' in daemon.log(), 'its word on the bus')
    t.define(daemon, 'one')


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
