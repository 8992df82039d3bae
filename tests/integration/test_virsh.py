#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_virsh.py - Debian's own virsh, unmodified, through a relay that decodes every message and forgives no byte."""
import os
import re
import shlex
import signal
import subprocess
import sys

import harness
import wire
from harness import check, contains, equal, guest_xml, is_alive, wait_for

UUID = 'aaaaaaaa-0000-4000-8000-000000000001'


class Session:
    """A daemon behind a relay; virsh() goes through it, done() holds the relay against what it saw."""

    def __init__(self, t, **options):
        self.t = t
        self.daemon = t.daemon(**options)
        self.relay = wire.Relay(self.daemon.socket, t.path('wire')).start()
        self.uri = 'qemu+unix:///%s?socket=%s' % (self.daemon.mode, t.path('wire'))
        t.at_end(self.relay.stop)

    def virsh(self, *args, ok=True):
        done = self.t.virsh(self.daemon, *args, ok=ok, uri=self.uri)
        equal(self.relay.problems, [], 'problems on the wire')
        return done

    def out(self, *args):
        return self.virsh(*args).stdout.strip()

    def err(self, *args):
        return self.virsh(*args, ok=False).stderr.strip()

    def define(self, name, **options):
        self.virsh('define', self.t.file(name + '.xml', guest_xml(name, **options)))

    def called(self, *procedures):
        for procedure in procedures:
            check(procedure in self.relay.procedures(), '%s was called' % procedure)


def test_connection(t):
    s = Session(t)
    contains(s.out('version'), 'Using API: QEMU', 'Running hypervisor: QEMU 7.')
    equal(s.out('uri'), s.uri)
    check(s.out('hostname'), 'a host name')
    contains(s.out('nodeinfo'), 'CPU model:', 'x86_64', 'Memory size:')
    contains(s.out('capabilities'), '<capabilities>', "<arch name='x86_64'>", '<host>')
    contains(s.out('domcapabilities', '--virttype', 'qemu', '--arch', 'x86_64', '--machine', 'pc'), '<domainCapabilities>', '<domain>qemu</domain>')
    s.called('AUTH_LIST', 'CONNECT_SUPPORTS_FEATURE', 'CONNECT_OPEN', 'CONNECT_REGISTER_CLOSE_CALLBACK', 'CONNECT_UNREGISTER_CLOSE_CALLBACK',
             'CONNECT_CLOSE', 'CONNECT_GET_TYPE', 'CONNECT_GET_VERSION', 'CONNECT_GET_HOSTNAME', 'NODE_GET_INFO', 'CONNECT_GET_CAPABILITIES',
             'CONNECT_GET_DOMAIN_CAPABILITIES')


def test_connection_of_the_other_mode_is_refused(t):
    s = Session(t)
    done = t.virsh(s.daemon, 'list', ok=False, uri=s.uri.replace('session', 'system'))
    contains(done.stderr, 'error')


def test_a_definitions_life(t):
    s = Session(t)
    equal(s.out('list', '--all', '--name'), '')
    s.define('vm1', uuid=UUID)
    equal(s.out('list', '--all', '--name'), 'vm1')
    equal(s.out('list', '--name'), '')
    contains(s.out('list', '--all', '--title'), 'vm1', 'shut off')
    equal(s.out('domuuid', 'vm1'), UUID)
    equal(s.out('domname', UUID), 'vm1')
    equal(s.out('domid', 'vm1'), '-')
    equal(s.out('domstate', 'vm1', '--reason'), 'shut off (unknown)')
    contains(s.out('dominfo', 'vm1'), 'OS Type:        hvm', 'State:          shut off', 'Max memory:     32768 KiB', 'Persistent:     yes',
             'Autostart:      disable', 'Managed save:   no')
    contains(s.out('dumpxml', 'vm1'), '<name>vm1</name>', '<uuid>%s</uuid>' % UUID)
    s.virsh('undefine', 'vm1')
    equal(s.out('list', '--all', '--name'), '')
    contains(s.err('dominfo', 'vm1'), "failed to get domain 'vm1'")
    s.called('DOMAIN_DEFINE_XML', 'CONNECT_LIST_ALL_DOMAINS', 'DOMAIN_LOOKUP_BY_NAME', 'DOMAIN_LOOKUP_BY_UUID', 'DOMAIN_GET_STATE', 'DOMAIN_GET_INFO',
             'DOMAIN_GET_XML_DESC', 'DOMAIN_GET_OS_TYPE', 'DOMAIN_IS_PERSISTENT', 'DOMAIN_GET_AUTOSTART', 'DOMAIN_HAS_MANAGED_SAVE_IMAGE',
             'DOMAIN_GET_MESSAGES', 'NODE_GET_SECURITY_MODEL', 'DOMAIN_UNDEFINE_FLAGS')


def test_redefinition(t):
    s = Session(t)
    s.define('vm1', uuid=UUID, memory=32)
    s.define('vm1', uuid=UUID, memory=48)
    contains(s.out('dumpxml', 'vm1'), "<memory unit='KiB'>49152</memory>")
    contains(s.err('define', t.file('other.xml', guest_xml('vm1', uuid=UUID.replace('1', '2')))), 'already exists with uuid')
    contains(s.err('define', t.file('renamed.xml', guest_xml('vm2', uuid=UUID))), 'already')


def test_autostart_flag(t):
    s = Session(t)
    s.define('vm1')
    s.virsh('autostart', 'vm1')
    equal(s.out('list', '--autostart', '--all', '--name'), 'vm1')
    s.daemon.restart()
    contains(s.out('dominfo', 'vm1'), 'Autostart:      enable')
    s.virsh('autostart', 'vm1', '--disable')
    equal(s.out('list', '--autostart', '--all', '--name'), '')


def test_title_description_and_metadata(t):
    s = Session(t)
    s.define('vm1')
    equal(s.out('desc', 'vm1'), '')
    s.virsh('desc', 'vm1', '--config', 'a <b> & c')
    equal(s.out('desc', 'vm1'), 'a <b> & c')
    s.virsh('desc', 'vm1', '--title', '--config', 'second title')
    equal(s.out('desc', 'vm1', '--title'), 'second title')
    contains(s.out('list', '--all', '--title'), 'second title')
    s.virsh('metadata', 'vm1', 'http://example.org/m', '--key', 'm', '--set', "<a b='1'/>", '--config')
    equal(s.out('metadata', 'vm1', 'http://example.org/m', '--config'), '<a b="1"/>')
    contains(s.out('dumpxml', 'vm1'), '<m:a xmlns:m="http://example.org/m"', '<title>second title</title>')
    s.daemon.restart()
    equal(s.out('metadata', 'vm1', 'http://example.org/m'), '<a b="1"/>')
    s.virsh('metadata', 'vm1', 'http://example.org/m', '--remove', '--config')
    contains(s.err('metadata', 'vm1', 'http://example.org/m', '--config'), 'metadata not found')


def test_a_guests_life(t):
    s = Session(t)
    s.define('vm1', uuid=UUID)
    s.virsh('start', 'vm1')
    pids = harness.guests_of('vm1')
    equal(len(pids), 1, 'number of QEMUs')
    equal(s.out('domstate', 'vm1', '--reason'), 'running (booted)')
    equal(s.out('list', '--name'), 'vm1')
    equal(s.out('list', '--uuid'), UUID)
    check(re.match(r'^\d+$', s.out('domid', 'vm1')), 'an id')
    equal(s.out('domname', s.out('domid', 'vm1')), 'vm1')
    contains(s.out('dominfo', 'vm1'), 'State:          running', 'CPU time:')
    contains(s.out('dumpxml', 'vm1'), "<domain type='qemu' id='")
    check("id='" not in s.out('dumpxml', 'vm1', '--inactive').splitlines()[0], 'no id in the stored definition')
    contains(s.err('start', 'vm1'), 'Domain is already active')
    s.virsh('suspend', 'vm1')
    equal(s.out('domstate', 'vm1', '--reason'), 'paused (user)')
    s.virsh('resume', 'vm1')
    equal(s.out('domstate', 'vm1', '--reason'), 'running (unpaused)')
    s.virsh('reset', 'vm1')
    s.virsh('reboot', 'vm1')
    equal(s.out('domstate', 'vm1'), 'running')
    s.virsh('destroy', 'vm1')
    check(not is_alive(pids[0]), 'QEMU is gone when destroy has answered')
    equal(s.out('domstate', 'vm1', '--reason'), 'shut off (destroyed)')
    contains(s.err('destroy', 'vm1'), 'domain is not running')
    s.called('DOMAIN_CREATE', 'DOMAIN_SUSPEND', 'DOMAIN_RESUME', 'DOMAIN_RESET', 'DOMAIN_REBOOT', 'DOMAIN_DESTROY', 'DOMAIN_LOOKUP_BY_ID')


def test_start_paused(t):
    s = Session(t)
    s.define('vm1')
    s.virsh('start', 'vm1', '--paused')
    equal(s.out('domstate', 'vm1'), 'paused')
    s.virsh('resume', 'vm1')
    equal(s.out('domstate', 'vm1'), 'running')
    s.virsh('destroy', 'vm1')


def test_transient_guest(t):
    s = Session(t)
    s.virsh('create', t.file('tr1.xml', guest_xml('tr1')))
    equal(s.out('domstate', 'tr1'), 'running')
    contains(s.out('dominfo', 'tr1'), 'Persistent:     no')
    contains(s.err('undefine', 'tr1'), 'cannot undefine transient domain')
    contains(s.err('autostart', 'tr1'), 'cannot set autostart for transient domain')
    s.virsh('destroy', 'tr1')
    equal(s.out('list', '--all', '--name'), '')


def test_undefine_of_a_running_guest_makes_it_transient(t):
    s = Session(t)
    s.define('vm1')
    s.virsh('start', 'vm1')
    s.virsh('undefine', 'vm1')
    contains(s.out('dominfo', 'vm1'), 'Persistent:     no')
    s.virsh('destroy', 'vm1')
    equal(s.out('list', '--all', '--name'), '')


def test_definition_of_a_running_guest_is_for_the_next_start(t):
    s = Session(t)
    s.define('vm1', uuid=UUID, memory=32)
    s.virsh('start', 'vm1')
    s.define('vm1', uuid=UUID, memory=48)
    contains(s.out('dumpxml', 'vm1'), "<memory unit='KiB'>32768</memory>")
    contains(s.out('dumpxml', 'vm1', '--inactive'), "<memory unit='KiB'>49152</memory>")
    s.virsh('destroy', 'vm1')
    contains(s.out('dumpxml', 'vm1'), "<memory unit='KiB'>49152</memory>")


def test_shutdown_asks_the_guest(t):
    """SeaBIOS without a system ignores the power button: the guest runs on, and nothing waits for it."""
    s = Session(t)
    s.define('vm1')
    s.virsh('start', 'vm1')
    s.virsh('shutdown', 'vm1')
    equal(s.out('domstate', 'vm1'), 'running')
    s.virsh('destroy', 'vm1')


def test_death_of_qemu_is_noticed(t):
    s = Session(t)
    s.define('vm1')
    s.virsh('start', 'vm1')
    os.kill(harness.guests_of('vm1')[0], signal.SIGKILL)
    wait_for(lambda: s.out('domstate', 'vm1', '--reason') == 'shut off (crashed)', 'the state "crashed"')
    s.virsh('start', 'vm1')
    s.virsh('destroy', 'vm1')


def test_events(t):
    s = Session(t)
    s.define('vm1')
    events = subprocess.Popen(['virsh', '-q', '-c', s.uri, 'event', '--all', '--loop', '--timeout', '60'], env=harness.client_env(t.top),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for(lambda: 'CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY' in s.relay.procedures(), 'the registration')
        s.virsh('start', 'vm1')
        s.virsh('suspend', 'vm1')
        s.virsh('resume', 'vm1')
        s.virsh('destroy', 'vm1')
        s.virsh('undefine', 'vm1')
        wait_for(lambda: len([m for m in s.relay.messages if m.procedure == 'DOMAIN_EVENT_CALLBACK_LIFECYCLE']) >= 7, 'seven lifecycle events')
    finally:
        events.send_signal(signal.SIGINT)
        text = events.communicate(timeout=harness.DEADLINE)[0]
    lifecycle = re.findall(r"event 'lifecycle' for domain 'vm1': (.*)", text)
    for event in ('Started Booted', 'Suspended Paused', 'Resumed Unpaused', 'Stopped Destroyed', 'Undefined Removed'):
        check(event in lifecycle, 'event %s among %s' % (event, lifecycle))
    equal(s.relay.problems, [], 'problems on the wire')


def test_read_only_connection(t):
    s = Session(t)
    s.define('vm1')
    for uri, flag in ((s.daemon.ro_uri, ()), (s.uri, ('-r',))):
        def ro(*args, ok=True):
            return harness.run(['virsh', '-q', '-c', uri] + list(flag) + list(args), t.top, ok)
        equal(ro('list', '--all', '--name').stdout.strip(), 'vm1')
        contains(ro('dominfo', 'vm1').stdout, 'vm1')
        for command in ('start', 'undefine', 'autostart', 'destroy', 'suspend'):
            contains(ro(command, 'vm1', ok=False).stderr, 'read only access prevents')
        contains(ro('define', t.path('vm1.xml'), ok=False).stderr, 'read only access prevents virDomainDefineXML')
    equal(s.relay.problems, [], 'problems on the wire')


def test_required_migratability_reaches_qemu(t):
    s = Session(t)
    s.define('free', migratable='preferred')
    s.define('bound', migratable='required')
    for name, wanted in (('free', False), ('bound', True)):
        s.virsh('start', name)
        equal('-only-migratable' in harness.command_of(harness.guests_of(name)[0]), wanted, '-only-migratable of ' + name)
        s.virsh('destroy', name)


def test_contradiction_is_refused_before_qemu_runs(t):
    s = Session(t)
    s.virsh('define', os.path.join(harness.TOP, 'docs', 'examples', 'sev-and-migratable.xml'))
    message = s.err('start', 'sealed')
    contains(message, 'unsupported configuration', 'migratable')
    equal(harness.guests_of('sealed'), [], 'QEMUs')
    equal(s.out('domstate', 'sealed'), 'shut off')


def test_jobs_of_an_idle_guest(t):
    s = Session(t)
    s.define('vm1')
    s.virsh('start', 'vm1')
    contains(s.out('domjobinfo', 'vm1'), 'Job type:         None')
    contains(s.err('domjobabort', 'vm1'), 'no job is active')
    s.virsh('destroy', 'vm1')


def test_statistics(t):
    s = Session(t)
    s.define('vm1')
    s.define('vm2')
    s.virsh('start', 'vm1')
    text = s.out('domstats')
    contains(text, "Domain: 'vm1'", "Domain: 'vm2'", 'state.state=1', 'state.state=5')
    contains(s.out('domstats', 'vm1', '--state', '--vcpu'), 'vcpu.current=1')
    s.virsh('destroy', 'vm1')


def test_command_line_of_a_definition_starts(t):
    """domxml-to-native: what it prints is run by hand, and QEMU answers on the monitor that it names."""
    s = Session(t)
    xml = t.file('n.xml', guest_xml('na,me', devices="<serial type='null'/>"))
    text = s.out('domxml-to-native', 'qemu-argv', xml)
    words = shlex.split(text.replace('\\\n', ' '))
    contains(text, 'guest=na,,me')
    path = re.search(r'charmonitor,path=([^,]*),server', text).group(1)
    qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: os.path.exists(path) or qemu.poll() is not None, 'the monitor')
    check(qemu.poll() is None, 'QEMU takes it: %s' % words)
    qemu.kill()
    qemu.communicate()
    os.unlink(path)
    contains(s.virsh('domxml-to-native', 'foo', xml, ok=False).stderr, 'unsupported config type foo')
    equal(s.out('list', '--all', '--name'), '', 'nothing was defined')


def test_unknown_procedure(t):
    s = Session(t)
    raw = wire.Raw(s.daemon.socket)
    raw.open()
    raw.send(wire.frame(wire.REMOTE, 9999, serial=77))
    answer = raw.read()
    equal((answer.status, answer.serial), (wire.ERROR, 77))
    equal((answer.body['code'], answer.body['domain']), (39, 7))
    contains(answer.body['message'], 'unknown procedure')
    raw.close()
    contains(s.err('snapshot-list', 'nosuchvm'), 'failed to get domain')


def test_fifty_clients_at_once(t):
    s = Session(t)
    s.define('vm1')
    clients = [subprocess.Popen(['virsh', '-q', '-c', s.uri, 'dominfo', 'vm1'], env=harness.client_env(t.top), stdout=subprocess.PIPE, text=True)
               for _ in range(50)]
    for client in clients:
        contains(client.communicate(timeout=harness.DEADLINE)[0], 'vm1')
        equal(client.returncode, 0, 'exit status')
    equal(s.relay.problems, [], 'problems on the wire')


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
