#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_life.py - the daemon's own life: start, sockets, second instance, activation, signals, settings."""
import grp
import json
import os
import signal
import socket
import stat
import sys

import harness
import wire
from harness import check, contains, equal, read, wait_for, write


def mode_of(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def connects(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        try:
            s.connect(path)
            return True
        except OSError:
            return False


def test_start_and_stop(t):
    daemon = t.daemon()
    check(connects(daemon.socket) and connects(daemon.ro_socket), 'both sockets answer')
    equal(mode_of(daemon.socket), 0o600)
    equal(mode_of(daemon.runtime), 0o700)
    equal(daemon.stop(), 0, 'exit status')
    equal(daemon.left_in_runtime(), [])


def test_interrupt_ends_it_too(t):
    daemon = t.daemon()
    equal(daemon.stop(signal.SIGINT), 0, 'exit status')


def test_system_mode_opens_the_read_only_socket_to_all(t):
    daemon = t.daemon(mode='system')
    equal(mode_of(daemon.socket), 0o600)
    equal(mode_of(daemon.ro_socket), 0o666)
    equal(mode_of(daemon.runtime), 0o755)
    equal(mode_of(daemon.state), 0o700)


def test_socket_group(t):
    group = grp.getgrgid(os.getgid()).gr_name
    daemon = t.daemon(mode='system', config='socket_group = %s\n' % group)
    equal(mode_of(daemon.socket), 0o660)
    equal(os.stat(daemon.socket).st_gid, os.getgid())


def test_read_only_socket_can_be_left_out(t):
    daemon = t.daemon(config='read_only_socket = no\n')
    check(not os.path.exists(daemon.ro_socket), 'no read-only socket')


def test_second_daemon_is_refused(t):
    first = t.daemon()
    second = t.make_daemon()
    second.runtime = first.runtime
    status, log = second.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, "another virtwardd (pid %d) uses the runtime directory '%s'" % (first.pid, first.runtime))
    check(connects(first.socket), 'the first one is untouched')


def test_stale_socket_is_replaced(t):
    daemon = t.daemon()
    equal(daemon.kill(), -signal.SIGKILL)
    check(os.path.exists(daemon.socket) and not connects(daemon.socket), 'a stale socket')
    daemon.start()
    check(connects(daemon.socket), 'the new one answers')


def test_directory_of_others_is_refused(t):
    daemon = t.make_daemon()
    os.makedirs(daemon.runtime)
    os.chmod(daemon.runtime, 0o777)
    status, log = daemon.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, "others may write to the runtime directory '%s' (mode 0777)" % daemon.runtime)


def test_host_uuid_is_kept(t):
    daemon = t.daemon()
    first = read(os.path.join(daemon.state, 'host_uuid'))
    daemon.restart()
    equal(read(os.path.join(daemon.state, 'host_uuid')), first)


def test_wrong_settings_stop_the_start(t):
    daemon = t.make_daemon(config='max_client = 5\n')
    status, log = daemon.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, "virtwardd.conf:2: unknown setting 'max_client'; did you mean 'max_clients'?")


def test_wrong_policy_stops_the_start(t):
    daemon = t.make_daemon(policy='migratable = perhaps\n')
    status, log = daemon.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, 'policy.conf:1:', 'perhaps')


def test_absent_configuration_that_was_named(t):
    daemon = t.make_daemon()
    os.unlink(daemon.config_path)
    status, log = daemon.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, daemon.config_path)


def test_check_config(t):
    daemon = t.make_daemon(options=['--check-config'], policy='migratable = required\n')
    status, log = daemon.run_to_end()
    equal(status, 0, 'exit status')
    contains(log, 'virtwardd.conf: ok', 'policy.conf: ok')
    check(not os.path.exists(daemon.state), 'nothing was made')


def test_check_config_finds_wrong_policy(t):
    daemon = t.make_daemon(options=['--check-config'], policy='migratabel = required\n')
    status, log = daemon.run_to_end()
    equal(status, 1, 'exit status')
    contains(log, "did you mean 'migratable'?")


def test_example_policy_is_right(t):
    daemon = t.make_daemon(options=['--check-config'], policy=read(os.path.join(harness.TOP, 'daemon', 'policy.conf')))
    equal(daemon.run_to_end()[0], 0, 'exit status')


def test_reload_keeps_old_settings_when_the_new_are_wrong(t):
    daemon = t.daemon()
    write(daemon.config_path, 'log_level = loud\n')
    os.kill(daemon.pid, signal.SIGHUP)
    wait_for(lambda: 'the old ones stay' in daemon.log(), 'the refusal in the log')
    write(daemon.config_path, 'log_level = debug\n')
    os.kill(daemon.pid, signal.SIGHUP)
    wait_for(lambda: 'policy read again' in daemon.log(), 'the reload in the log')
    check(connects(daemon.socket), 'it still serves')


def verdict(raw, xml):
    answer = raw.call('EXPLAIN', wire.string(json.dumps({'operation': 'start', 'xml': xml})), wire.WARD)
    equal(answer.status, wire.OK, 'status of explain')
    return json.loads(answer.body['json'])['verdict']


def test_reload_changes_the_policy(t):
    daemon = t.daemon()
    raw = wire.Raw(daemon.socket)
    t.at_end(raw.close)
    raw.open()
    shared = "<shmem name='meter'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"
    xml = harness.guest_xml('vm1', devices=shared)
    equal(verdict(raw, xml), 'allow')
    write(os.path.join(daemon.etc, 'policy.conf'), 'migratable = required\n')
    os.kill(daemon.pid, signal.SIGHUP)
    wait_for(lambda: 'policy read again' in daemon.log(), 'the reload in the log')
    equal(verdict(raw, xml), 'refuse')


def test_readiness_and_watchdog(t):
    daemon = t.make_daemon()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(t.path('notify'))
        notify.settimeout(harness.DEADLINE)
        daemon.spawn({'NOTIFY_SOCKET': t.path('notify'), 'WATCHDOG_USEC': '400000'})
        lines = notify.recv(4096).decode().split('\n')
        while 'READY=1' not in lines:
            lines = notify.recv(4096).decode().split('\n')
        check('STATUS=0 domains, 0 active' in lines, 'a status with %s' % lines)
        while 'WATCHDOG=1' not in lines:
            lines = notify.recv(4096).decode().split('\n')
        daemon.process.send_signal(signal.SIGTERM)
        while 'STOPPING=1' not in lines:
            lines = notify.recv(4096).decode().split('\n')
        equal(daemon.stop(), 0, 'exit status')


def test_help_and_version(t):
    done = harness.run([harness.VIRTWARDD, '--help'], t.top)
    contains(done.stdout, '--runtime-dir DIR', 'Exit status')
    contains(harness.run([harness.VIRTWARDD, '--version'], t.top).stdout, 'virtwardd ')
    done = harness.run([harness.VIRTWARDD, '--sesion-dir'], t.top, ok=False)
    equal(done.returncode, 2)
    contains(done.stderr, "Try 'virtwardd --help'")


def activated(t, names, socket_names):
    """A daemon started as systemd would: listening sockets handed over from 3 on, named."""
    daemon = t.make_daemon()
    sockets = []
    for name in socket_names:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.bind(t.path(name))
        s.listen(8)
        sockets.append(s)
    # The shell sets LISTEN_PID to what will be the daemon's own pid, and moves the sockets to 3, 4.
    moves = ' '.join('%d<&%d' % (10 + n, s.fileno()) for n, s in enumerate(sockets))
    final = ' '.join('%d<&%d' % (3 + n, 10 + n) for n in range(len(sockets)))
    daemon.wrapper = ['bash', '-c', 'exec %s; exec %s; LISTEN_PID=$$ LISTEN_FDS=%d LISTEN_FDNAMES=%s exec "$@"'
                      % (moves, final, len(sockets), ':'.join(names)), 'activate']
    t.at_end(lambda: [s.close() for s in sockets])
    return daemon, [s.fileno() for s in sockets]


def test_socket_activation(t):
    daemon, fds = activated(t, ['virtwardd.socket', 'virtwardd-ro.socket'], ['rw', 'ro'])
    daemon.start(pass_fds=fds)
    check(connects(t.path('rw')) and connects(t.path('ro')), 'the sockets handed over answer')
    check(not os.path.exists(daemon.socket), 'no socket of its own')
    equal(daemon.stop(), 0, 'exit status')
    check(os.path.exists(t.path('rw')), 'a socket that was handed over is not removed')


def test_socket_activation_with_unknown_name(t):
    daemon, fds = activated(t, ['http'], ['rw'])
    status, log = daemon.run_to_end(pass_fds=fds)
    equal(status, 1, 'exit status')
    contains(log, "a socket named 'http'")


def test_systemd_socket_activate(t):
    harness.need('systemd-socket-activate')
    daemon = t.make_daemon(wrapper=['systemd-socket-activate', '-l', t.path('rw'), '--fdname=virtward-sock'])
    daemon.spawn()
    wait_for(lambda: os.path.exists(t.path('rw')), 'the activating socket')
    check(connects(t.path('rw')), 'it answers')
    wait_for(lambda: 'ready on' in daemon.log(), 'the daemon behind it')


def verify_units(t, kind, where):
    harness.need('systemd-analyze')
    names = [n for n in os.listdir(where) if n.endswith(('.service', '.service.in', '.socket'))]
    for name in names:
        text = read(os.path.join(where, name)).replace('@sbindir@', os.path.dirname(harness.VIRTWARDD))
        write(t.path(name.replace('.in', '')), text)
    units = [t.path(n.replace('.in', '')) for n in names]
    done = harness.run(['systemd-analyze', '--' + kind, 'verify', '--man=no'] + units, t.top, ok=None)
    return [line for line in (done.stdout + done.stderr).splitlines() if 'virtwardd' in line]


def test_units_of_the_host(t):
    equal(verify_units(t, 'system', os.path.join(harness.TOP, 'daemon', 'units')), [], 'complaints')


def test_units_of_a_user(t):
    equal(verify_units(t, 'user', os.path.join(harness.TOP, 'daemon', 'units', 'user')), [], 'complaints')


def test_what_is_installed(t):
    harness.need('meson')
    done = harness.run(['meson', 'install', '-C', harness.BUILD, '--no-rebuild', '--quiet', '--destdir', t.path('root')], t.top, ok=None)
    if 'unrecognized arguments' in done.stderr:
        raise harness.Skip('this meson has no --destdir')
    equal(done.returncode, 0, 'exit status (%s)' % done.stderr)
    found = {os.path.relpath(os.path.join(where, n), t.path('root')) for where, _, names in os.walk(t.path('root')) for n in names}
    for path in ('sbin/virtwardd', 'bin/wardsh', 'share/man/man8/virtwardd.8', 'lib/systemd/system/virtwardd.service',
                 'lib/systemd/system/virtwardd.socket', 'lib/systemd/system/virtwardd-ro.socket', 'lib/systemd/user/virtwardd.service',
                 'lib/systemd/user/virtwardd.socket'):
        check(os.path.join('usr/local', path) in found, '%s among %s' % (path, sorted(found)))


def test_a_wrong_unit_would_be_found(t):
    os.makedirs(t.path('units'))
    text = read(os.path.join(harness.TOP, 'daemon', 'units', 'virtwardd.socket'))
    write(t.path('units', 'virtwardd.socket'), text.replace('SocketMode=0600', 'SocketMode=many'))
    write(t.path('units', 'virtwardd.service'), read(os.path.join(harness.TOP, 'daemon', 'units', 'virtwardd.service.in')))
    check(verify_units(t, 'system', t.path('units')), 'a complaint')


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
