#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_restart.py - kill it anywhere: nothing acknowledged is lost, running guests are found again."""
import os
import signal
import sys

import harness
from harness import check, contains, equal, guest_xml, is_alive, wait_for

UUID = 'aaaaaaaa-0000-4000-8000-000000000001'


def out(t, daemon, *args):
    return t.virsh(daemon, *args).stdout.strip()


def state(t, daemon, name):
    return out(t, daemon, 'domstate', name)


def start_guest(t, daemon, name='vm1', **options):
    t.define(daemon, name, **options)
    t.virsh(daemon, 'start', name)
    return harness.guests_of(name)[0]


def test_end_of_the_daemon_leaves_guests_running(t):
    daemon = t.daemon()
    pid = start_guest(t, daemon)
    equal(daemon.stop(), 0, 'exit status')
    check(is_alive(pid), 'QEMU runs on')
    daemon.start()
    wait_for(lambda: state(t, daemon, 'vm1') == 'running', 'the guest to be found again')
    equal(harness.guests_of('vm1'), [pid])
    t.virsh(daemon, 'destroy', 'vm1')
    check(not is_alive(pid), 'QEMU is gone')


def test_killed_daemon_finds_its_guests(t):
    daemon = t.daemon()
    running, paused = start_guest(t, daemon, 'vm1', uuid=UUID), start_guest(t, daemon, 'vm2')
    t.virsh(daemon, 'suspend', 'vm2')
    domid = out(t, daemon, 'domid', 'vm1')
    live = out(t, daemon, 'dumpxml', 'vm1')
    daemon.kill()
    check(is_alive(running) and is_alive(paused), 'both run on')
    daemon.start()
    wait_for(lambda: state(t, daemon, 'vm1') == 'running', 'vm1')
    wait_for(lambda: state(t, daemon, 'vm2') == 'paused', 'vm2')
    equal(out(t, daemon, 'domid', 'vm1'), domid, 'id')
    equal(out(t, daemon, 'dumpxml', 'vm1'), live, 'live XML')
    t.virsh(daemon, 'suspend', 'vm1')
    t.virsh(daemon, 'resume', 'vm1')
    t.virsh(daemon, 'destroy', 'vm1')
    t.virsh(daemon, 'destroy', 'vm2')


def test_guest_that_died_meanwhile(t):
    daemon = t.daemon()
    pid = start_guest(t, daemon)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    daemon.start()
    wait_for(lambda: state(t, daemon, 'vm1') == 'shut off', 'the guest to be seen as gone')
    t.virsh(daemon, 'start', 'vm1')
    t.virsh(daemon, 'destroy', 'vm1')


def test_adopted_guest_that_dies_later(t):
    daemon = t.daemon()
    pid = start_guest(t, daemon)
    daemon.kill()
    daemon.start()
    wait_for(lambda: state(t, daemon, 'vm1') == 'running', 'the guest to be found again')
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: state(t, daemon, 'vm1') == 'shut off', 'its end to be noticed')


def test_transient_guest_is_found_too(t):
    daemon = t.daemon()
    t.virsh(daemon, 'create', t.file('tr1.xml', guest_xml('tr1')))
    daemon.kill()
    daemon.start()
    wait_for(lambda: state(t, daemon, 'tr1') == 'running', 'the guest to be found again')
    contains(out(t, daemon, 'dominfo', 'tr1'), 'Persistent:     no')
    t.virsh(daemon, 'destroy', 'tr1')
    equal(out(t, daemon, 'list', '--all', '--name'), '')


def test_definitions_survive_a_kill(t):
    daemon = t.daemon()
    for n in range(20):
        t.define(daemon, 'vm%02d' % n)
    t.virsh(daemon, 'undefine', 'vm07')
    t.virsh(daemon, 'autostart', 'vm03')
    before = {name: out(t, daemon, 'dumpxml', name) for name in out(t, daemon, 'list', '--all', '--name').split()}
    equal(len(before), 19)
    daemon.kill()
    daemon.start()
    after = {name: out(t, daemon, 'dumpxml', name) for name in out(t, daemon, 'list', '--all', '--name').split()}
    equal(after, before)
    equal(out(t, daemon, 'list', '--autostart', '--all', '--name'), 'vm03')


def test_autostart_once_per_boot(t):
    daemon = t.daemon(config='autostart = no\n')
    t.define(daemon, 'vm1')
    t.virsh(daemon, 'autostart', 'vm1')
    harness.write(daemon.config_path, 'dbus = no\n')
    daemon.restart()
    wait_for(lambda: state(t, daemon, 'vm1') == 'running', 'the autostarted guest')
    t.virsh(daemon, 'destroy', 'vm1')
    daemon.restart()
    equal(state(t, daemon, 'vm1'), 'shut off')


def test_what_is_wrong_with_a_stored_definition_is_told_not_fatal(t):
    daemon = t.daemon()
    t.define(daemon, 'good')
    daemon.stop()
    harness.write(os.path.join(daemon.state, 'definitions', 'cccccccc-0000-4000-8000-000000000001.xml'), 'nonsense')
    daemon.start()
    equal(out(t, daemon, 'list', '--all', '--name'), 'good')
    contains(daemon.log(), 'cccccccc-0000-4000-8000-000000000001')


def test_second_end_signal_does_not_wait(t):
    daemon = t.daemon()
    daemon.process.send_signal(signal.SIGTERM)
    equal(daemon.stop(signal.SIGTERM), 0, 'exit status')


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
