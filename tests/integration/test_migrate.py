#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_migrate.py - live migration between two daemons on one machine, led by virsh and libvirt-python, and everything that
may go wrong in each phase: afterwards exactly one of the two runs the guest."""
import sys
import time

import harness
import wire
from harness import check, contains, equal, guest_xml, wait_for

UUID = 'aaaaaaaa-0000-4000-8000-000000000001'
URI = 'tcp://127.0.0.1'
LIVE, PERSIST, UNDEFINE, PAUSED, OFFLINE = 1, 8, 16, 32, 1024


def two(t, **options):
    """Source and destination. Ports are far from each other's, and from libvirt's, so that tests may run beside others."""
    return t.daemon(**options), t.daemon(config='migration_port_min = 49600\nmigration_port_max = 49663\n')


def out(t, daemon, *args):
    return t.virsh(daemon, *args).stdout.strip()


def state(t, daemon, name='vm1'):
    return out(t, daemon, 'domstate', '--reason', name)


def names(t, daemon):
    return sorted(out(t, daemon, 'list', '--all', '--name').split())


def start(t, daemon, name='vm1', **options):
    t.define(daemon, name, uuid=UUID, **options)
    t.virsh(daemon, 'start', name)


def migrate(t, source, dest, *args, ok=True, name='vm1', uri=URI):
    return t.virsh(source, 'migrate', *args, name, dest.uri, uri, ok=ok)


def one_runs(t, runs, other, name='vm1'):
    """The guest runs here, its one QEMU is this daemon's, and the other has none."""
    wait_for(lambda: len(harness.guests_of(name)) == 1, 'one QEMU of %s' % name)
    check(state(t, runs, name).startswith('running'), 'it runs: %s' % state(t, runs, name))
    check(name not in out(t, other, 'list', '--name').split(), 'the other does not run it')


def finish(t, daemon, name='vm1'):
    t.virsh(daemon, 'destroy', name)


# ---- what users do ----

def test_live_persistent_undefinesource(t):
    source, dest = two(t)
    start(t, source)
    migrate(t, source, dest, '--live', '--persistent', '--undefinesource')
    one_runs(t, dest, source)
    equal(names(t, source), [], 'domains at the source')
    equal(state(t, dest), 'running (migrated)')
    finish(t, dest)
    equal(out(t, dest, 'list', '--all', '--persistent', '--name'), 'vm1', 'persistent at the destination')


def test_without_live_the_guest_stands_still_meanwhile(t):
    source, dest = two(t)
    start(t, source)
    migrate(t, source, dest)
    one_runs(t, dest, source)
    equal(state(t, source), 'shut off (migrated)', 'the definition stays')
    finish(t, dest)
    equal(names(t, dest), [], 'it was transient there')


def test_there_and_back(t):
    source, dest = two(t)
    start(t, source)
    for n in range(2):
        migrate(t, source, dest, '--live', '--persistent', '--undefinesource')
        one_runs(t, dest, source)
        source, dest = dest, source
    live = out(t, source, 'dumpxml', 'vm1')
    contains(live, "<model fallback='forbid'>")
    finish(t, source)


def test_paused_guest_stays_paused(t):
    source, dest = two(t)
    start(t, source)
    t.virsh(source, 'suspend', 'vm1')
    migrate(t, source, dest, '--live')
    equal(state(t, dest), 'paused (user)')
    t.virsh(dest, 'resume', 'vm1')
    one_runs(t, dest, source)
    finish(t, dest)


def test_new_name(t):
    source, dest = two(t)
    start(t, source)
    migrate(t, source, dest, '--live', '--dname', 'moved')
    one_runs(t, dest, source, 'moved')
    finish(t, dest, 'moved')


def test_offline(t):
    source, dest = two(t)
    t.define(source, 'vm1', uuid=UUID)
    failed = t.virsh(source, 'migrate', '--offline', 'vm1', dest.uri, ok=False)
    contains(failed.stderr, 'offline migration must be specified with the persistent flag set')
    t.virsh(source, 'migrate', '--offline', '--persistent', '--undefinesource', 'vm1', dest.uri)
    equal((names(t, source), names(t, dest)), ([], ['vm1']))
    equal(state(t, dest), 'shut off (unknown)')


def test_host_model_stays_host_model_in_what_is_stored(t):
    source, dest = two(t)
    xml = guest_xml('vm1', uuid=UUID).replace('<devices>', "<cpu mode='host-model'/><devices>")
    t.virsh(source, 'define', t.file('vm1.xml', xml))
    t.virsh(source, 'start', 'vm1')
    frozen = out(t, source, 'dumpxml', '--xpath', '/domain/cpu', 'vm1')
    migrate(t, source, dest, '--live', '--persistent', '--undefinesource')
    equal(out(t, dest, 'dumpxml', '--xpath', '/domain/cpu', 'vm1'), frozen, 'the running CPU')
    contains(out(t, dest, 'dumpxml', '--inactive', 'vm1'), "<cpu mode='host-model'")
    finish(t, dest)


def test_the_guarantee_moves_along(t):
    source, dest = two(t)
    t.define(source, 'vm1', uuid=UUID)
    t.wardsh(source, 'start', '--migratable', 'vm1')
    migrate(t, source, dest, '--live')
    command = harness.command_of(wait_for(lambda: harness.guests_of('vm1'), 'QEMU')[0])
    contains(command, '-only-migratable', '-incoming')
    finish(t, dest)


def test_events_in_libvirts_order(t):
    """STARTED at the destination when it is prepared, SUSPENDED here, RESUMED there, STOPPED here (as measured on libvirt 9.0)."""
    import libvirt
    import threading
    source, dest = two(t)
    libvirt.virEventRegisterDefaultImpl()
    running = [True]

    def loop():
        while running[0]:
            libvirt.virEventRunDefaultImpl()
    libvirt.virEventAddTimeout(50, lambda *_: None, None)
    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    seen = []
    a, b = t.libvirt(source), t.libvirt(dest)
    registered = []
    for connection, who in ((a, 'source'), (b, 'dest')):
        registered.append((connection, connection.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, d, event, detail, w: seen.append((w, event, detail)), who)))
    domain = a.createXML(guest_xml('vm1', uuid=UUID))
    wait_for(lambda: len(seen) >= 2, 'the start to be told')
    del seen[:]
    moved = domain.migrate3(b, {libvirt.VIR_MIGRATE_PARAM_URI: URI}, LIVE | PERSIST)
    wait_for(lambda: len(seen) >= 5, 'five events, not only %s' % seen)
    equal([e[1:] for e in seen if e[0] == 'dest'], [(2, 1), (0, 0), (4, 1)], 'at the destination')
    equal([e[1:] for e in seen if e[0] == 'source'], [(3, 1), (5, 3)], 'at the source')
    stats = moved.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    equal((stats['type'], stats['operation']), (3, 4), 'completed, migration in')
    for key in ('time_elapsed', 'downtime_net', 'memory_total', 'memory_processed', 'data_remaining'):
        check(key in stats, '%s is told' % key)
    moved.destroy()
    for connection, number in registered:
        connection.domainEventDeregisterAny(number)
        connection.close()
    running[0] = False
    thread.join(5)


def test_progress_while_it_runs(t):
    source, dest = two(t)
    a, b = t.libvirt(source), t.libvirt(dest)
    start(t, source, memory=128)
    import threading
    domain, failure = a.lookupByName('vm1'), []

    def move():
        try:
            domain.migrate3(b, {'migrate_uri': URI, 'bandwidth': 1}, LIVE)
        except Exception as e:          # pylint: disable=broad-except
            failure.append(str(e))
    thread = threading.Thread(target=move)
    thread.start()
    watcher = t.libvirt(source).lookupByName('vm1')

    def info():
        job = watcher.jobInfo()
        return job if job[0] == 2 and job[3] > 0 else None
    job = wait_for(info, 'progress')
    check(job[3] > job[5], 'less remains than there is in all')
    check(source.process.poll() is None, 'the daemon lives')
    watcher.abortJob()
    thread.join(30)
    contains(failure[0], 'canceled by client')
    one_runs(t, source, dest)
    equal(names(t, dest), [])
    finish(t, source)


# ---- what is refused, and where ----

def refused(t, source, dest, *args, part, uri=URI):
    contains(migrate(t, source, dest, *args, ok=False, uri=uri).stderr, part)
    one_runs(t, source, dest)
    wait_for(lambda: names(t, dest) == [], 'nothing to be left at the destination')


def test_blocked_guest_is_refused_before_anything_starts(t):
    source, dest = two(t)
    relay = wire.Relay(dest.socket, t.path('relay.sock')).start()
    t.at_end(relay.stop)
    device = "<controller type='usb' index='0' model='ehci'/>"
    xml = guest_xml('vm1', uuid=UUID).replace("<controller type='usb' model='none'/>", device)
    t.virsh(source, 'define', t.file('vm1.xml', xml))
    t.virsh(source, 'start', 'vm1')
    t.virsh(source, 'qemu-monitor-command', 'vm1', '{"execute":"device_add","arguments":{"driver":"usb-mtp","id":"m0","rootdir":"/tmp"}}')
    failed = t.virsh(source, 'migrate', '--live', 'vm1', 'qemu+unix:///session?socket=' + relay.path, URI, ok=False)
    contains(failed.stderr, 'cannot migrate domain', 'usb-mtp')
    check('DOMAIN_MIGRATE_PREPARE3_PARAMS' not in relay.procedures(), 'the destination was not asked')
    finish(t, source)


def test_same_host(t):
    config = 'host_uuid = 5eed0000-1111-4222-8333-000000000001\n'
    source, dest = t.daemon(config=config), t.daemon(config=config)
    start(t, source)
    refused(t, source, dest, '--live', part='Attempt to migrate guest to the same host 5eed0000-1111-4222-8333-000000000001')
    finish(t, source)


def test_name_taken_at_the_destination(t):
    source, dest = two(t)
    start(t, source)
    t.define(dest, 'other')
    contains(migrate(t, source, dest, '--live', '--dname', 'other', ok=False).stderr, "domain 'other' already exists with uuid")
    one_runs(t, source, dest)
    finish(t, source)


def test_uris_that_make_no_sense(t):
    source, dest = two(t)
    start(t, source)
    for uri, part in (('foo://127.0.0.1:1', 'unsupported scheme foo in migration URI foo://127.0.0.1:1'),
                      ('tcp://127.0.0.1:99999', 'malformed port'), ('tcp://:1', 'host')):
        refused(t, source, dest, '--live', part=part, uri=uri)
    finish(t, source)


def test_flags_that_it_does_not_do(t):
    source, dest = two(t)
    start(t, source)
    for args in (['--live', '--p2p'], ['--live', '--abort-on-error'], ['--live', '--copy-storage-all'], ['--live', '--postcopy'], ['--live', '--tls']):
        failed = migrate(t, source, dest, *args, ok=False)
        check(failed.stderr.strip(), 'it says why')
        one_runs(t, source, dest)
    finish(t, source)


# ---- every step made to fail ----

OUT_STEPS = ('ask-vmm', 'check-policy', 'describe', 'set-speed', 'pause', 'migrate', 'transfer', 'read-end', 'answer')
IN_STEPS = ('listen', 'await-arrival', 'read-end', 'store', 'run-vcpus')


def fails_at(t, where, step, *flags):
    options = {'env': {'VIRTWARD_FAIL_STEP': step}}
    source = t.daemon(**(options if where == 'source' else {}))
    dest = t.daemon(config='migration_port_min = 49600\nmigration_port_max = 49663\n', **(options if where == 'dest' else {}))
    start(t, source)
    failed = migrate(t, source, dest, '--persistent', '--undefinesource', *flags, ok=False)
    check(failed.stderr.strip(), 'it says why')
    wait_for(lambda: state(t, source).startswith('running'), 'the guest to run at the source')
    one_runs(t, source, dest)
    check('vm1' not in out(t, dest, 'list', '--name'), 'not there')
    finish(t, source)
    equal(names(t, source), ['vm1'], 'the definition is still there')


def test_each_step_of_the_source_fails(t):
    for step in OUT_STEPS:
        fails_at(t, 'source', 'migration out: ' + step, '--live')


def test_each_step_of_the_source_fails_without_live(t):
    for step in ('migrate', 'read-end'):
        fails_at(t, 'source', 'migration out: ' + step)


def test_each_step_of_the_destination_fails(t):
    for step in IN_STEPS:
        fails_at(t, 'dest', 'migration in: ' + step, '--live')


def test_the_start_at_the_destination_fails(t):
    for step in ('check-policy', 'spawn-qemu', 'open-monitor'):
        fails_at(t, 'dest', 'migration in: ' + step, '--live')


# ---- whoever leads it vanishes ----

def domain_ref(name):
    return wire.string(name) + bytes.fromhex(UUID.replace('-', '')) + (1).to_bytes(4, 'big')


def no_params():
    return (0).to_bytes(4, 'big')


def begin(raw, flags=LIVE | 0x100):
    reply = raw.call('DOMAIN_MIGRATE_BEGIN3_PARAMS', domain_ref('vm1') + no_params() + flags.to_bytes(4, 'big'))
    equal(reply.status, wire.OK, 'status of begin')
    return reply


def test_client_vanishes_after_begin(t):
    source, dest = two(t)
    start(t, source)
    raw = wire.Raw(source.socket)
    raw.open()
    begin(raw)
    contains(out(t, source, 'domjobinfo', 'vm1'), 'Outgoing migration')
    raw.close()
    wait_for(lambda: 'None' in out(t, source, 'domjobinfo', 'vm1'), 'the domain to be let go')
    t.virsh(source, 'suspend', 'vm1')
    t.virsh(source, 'resume', 'vm1')
    migrate(t, source, dest, '--live')
    one_runs(t, dest, source)
    finish(t, dest)


def test_changes_wait_while_a_migration_holds_the_domain(t):
    source, _ = two(t)
    start(t, source)
    raw = wire.Raw(source.socket)
    raw.open()
    begin(raw)
    begun = time.monotonic()
    equal(out(t, source, 'domstate', 'vm1'), 'running', 'queries are answered')
    check(time.monotonic() - begun < harness.DEADLINE, 'at once')
    t.virsh(source, 'destroy', 'vm1')
    equal(state(t, source), 'shut off (destroyed)', 'destroy never waits')
    raw.close()


def test_destination_killed_in_the_middle(t):
    import threading
    source, dest = two(t)
    start(t, source, memory=128)
    a, b = t.libvirt(source), t.libvirt(dest)
    failure = []

    def move():
        try:
            a.lookupByName('vm1').migrate3(b, {'migrate_uri': URI, 'bandwidth': 1}, LIVE)
        except Exception as e:          # pylint: disable=broad-except
            failure.append(str(e))
    thread = threading.Thread(target=move)
    thread.start()
    wait_for(lambda: len(harness.guests_of('vm1')) == 2, 'both QEMUs')
    dest.kill()
    dest.start()
    thread.join(30)
    check(failure, 'the client is told')
    one_runs(t, source, dest)
    finish(t, source)


def test_source_daemon_killed_in_the_middle(t):
    import threading
    source, dest = two(t)
    start(t, source, memory=128)
    a, b = t.libvirt(source), t.libvirt(dest)

    def move():
        try:
            a.lookupByName('vm1').migrate3(b, {'migrate_uri': URI, 'bandwidth': 1}, LIVE)
        except Exception:               # pylint: disable=broad-except
            pass
    thread = threading.Thread(target=move)
    thread.start()
    wait_for(lambda: len(harness.guests_of('vm1')) == 2, 'both QEMUs')
    source.kill()
    source.start()
    thread.join(30)
    one_runs(t, source, dest)
    finish(t, source)


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
