#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_policy.py - the policy end to end: what explain says, what virsh start and virsh migrate do, what QEMU is given."""
import json
import os
import re
import signal

import harness
from harness import check, contains, equal, guest_xml, guests_of, read, wait_for

DATA = os.path.join(harness.TOP, 'tests', 'data')
SOUND = "<controller type='usb' model='qemu-xhci'/><sound model='usb'/>"        # QEMU does not save its state
NO_USB = "<controller type='usb' model='none'/>"


def xml(name, **options):
    text = guest_xml(name, **options)
    return text.replace(NO_USB, '') if 'qemu-xhci' in text else text


def recording_emulator(t):
    """A QEMU that writes down its arguments: (path of the emulator, function that gives the guests it was started for)."""
    log = t.path('started')
    path = t.file('qemu-system-x86_64', '#!/bin/sh\necho "$@" >> %s\nexec /usr/bin/qemu-system-x86_64 "$@"\n' % log)
    os.chmod(path, 0o755)
    return path, lambda: [line for line in (read(log).splitlines() if os.path.exists(log) else []) if 'guest=' in line]


def argv_of(name):
    pids = guests_of(name)
    equal(len(pids), 1, 'QEMUs of ' + name)
    return read('/proc/%d/cmdline' % pids[0]).split('\0')


def explain(t, daemon, operation, *args, ok=True):
    return json.loads(t.wardsh(daemon, '--json', 'explain', operation, *args, ok=ok).stdout)


def codes(report, severity='refuse'):
    return [f['code'] for f in report['findings'] if f['severity'] == severity]


def define(t, daemon, name, **options):
    t.virsh(daemon, 'define', t.file(name + '.xml', xml(name, **options)))


def test_the_demand_reaches_qemu(t):
    """-only-migratable from the definition, from the host, from the start call; not without a demand"""
    daemon = t.daemon()
    define(t, daemon, 'plain')
    define(t, daemon, 'asked', migratable='required')
    t.virsh(daemon, 'start', 'plain')
    t.virsh(daemon, 'start', 'asked')
    check('-only-migratable' not in argv_of('plain'), 'nobody asked')
    check('-only-migratable' in argv_of('asked'), 'the definition asks')
    t.virsh(daemon, 'destroy', 'plain')
    t.wardsh(daemon, 'start', 'plain', '--migratable')
    check('-only-migratable' in argv_of('plain'), 'the start call asks')
    host = t.daemon(policy='migratable = required\n')
    define(t, host, 'bound')
    t.virsh(host, 'start', 'bound')
    check('-only-migratable' in argv_of('bound'), 'the host asks')
    for d, name in ((daemon, 'plain'), (daemon, 'asked'), (host, 'bound')):
        t.virsh(d, 'destroy', name)


def test_refused_before_any_process(t):
    """all reasons in virsh's error, the same as explain's, and no QEMU was started"""
    daemon = t.daemon()
    emulator, started = recording_emulator(t)
    disk = ("<disk type='file' device='disk'><driver name='qemu' type='vmdk'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>"
            % t.file('a.vmdk', ''))
    text = xml('many', devices=SOUND + disk, migratable='required').replace('/usr/bin/qemu-system-x86_64', emulator)
    t.virsh(daemon, 'define', t.file('many.xml', text))
    error = t.virsh(daemon, 'start', 'many', ok=False).stderr
    report = explain(t, daemon, 'start', 'many', ok=False)
    equal(codes(report), ['WARD-DISK-FORMAT', 'WARD-DEVICE'])
    equal(report['migratable'], 'no')
    contains(error, 'unsupported configuration: ', *[f['what'] for f in report['findings']])
    contains(error, *[f['remedy'] for f in report['findings']])
    equal(started(), [], 'QEMUs started')
    t.wardsh(daemon, 'start', 'many', ok=False)
    equal(started(), [], 'QEMUs started')


def test_explicit_object_and_demand(t):
    """<launchSecurity> with required migratability, under TCG: both contradictions are named"""
    daemon = t.daemon()
    text = xml('secure', migratable='required').replace(
        '</domain>', "<launchSecurity type='sev'><policy>0x0001</policy></launchSecurity></domain>")
    t.virsh(daemon, 'define', t.file('secure.xml', text))
    error = t.virsh(daemon, 'start', 'secure', ok=False).stderr
    contains(error, 'WARD-SECURE-MIGRATE', "launchSecurity type='sev'", 'required by the definition', 'WARD-SECURE-ACCEL')
    equal(guests_of('secure'), [])


def test_a_running_guest_that_does_not_migrate(t):
    """preferred: it starts with a warning; QEMU's own words refuse its migration, before the destination sees anything"""
    daemon, other = t.daemon(), t.daemon()
    define(t, daemon, 'bound', devices=SOUND)
    before = explain(t, daemon, 'start', 'bound')
    equal((before['verdict'], before['migratable'], codes(before, 'warn')), ('allow', 'no', ['WARD-DEVICE']))
    t.virsh(daemon, 'start', 'bound')
    contains(t.virsh(daemon, 'dominfo', 'bound').stdout, 'USB sound card', 'cannot be migrated')
    report = explain(t, daemon, 'migrate', 'bound', ok=False)
    equal(codes(report), ['WARD-BLOCKED'])
    reason = report['findings'][0]['what']
    check(re.fullmatch(r'non-migratable device: \S+/usb-audio', reason), 'it is QEMU that speaks: ' + reason)
    error = t.virsh(daemon, 'migrate', '--live', 'bound', other.uri, ok=False).stderr
    contains(error, 'Requested operation is not valid: cannot migrate domain: ' + reason)
    equal(t.virsh(other, 'list', '--all', '--name').stdout.strip(), '')
    t.virsh(daemon, 'destroy', 'bound')


def test_a_no_is_a_no(t):
    """the definition, or the host, forbids migration: refused by policy, although QEMU could"""
    daemon, other = t.daemon(), t.daemon()
    define(t, daemon, 'mine', migratable='no')
    t.virsh(daemon, 'start', 'mine')
    equal(codes(explain(t, daemon, 'migrate', 'mine', ok=False)), ['WARD-INTENT-NO'])
    error = t.virsh(daemon, 'migrate', '--live', 'mine', other.uri, ok=False).stderr
    contains(error, 'migration is forbidden by the definition')
    t.virsh(daemon, 'destroy', 'mine')
    contains(t.wardsh(daemon, 'start', 'mine', '--migratable', ok=False).stderr, 'WARD-INTENT-CONFLICT')


def test_host_model_is_frozen(t):
    """live XML: a named model and every feature; inactive XML: host-model; what runs is what is shown"""
    daemon = t.daemon()
    text = xml('frozen').replace('<devices>', "<cpu mode='host-model'/><devices>", 1)
    t.virsh(daemon, 'define', t.file('frozen.xml', text))
    t.virsh(daemon, 'start', 'frozen')
    live = t.virsh(daemon, 'dumpxml', 'frozen').stdout
    contains(live, "<cpu mode='custom' match='exact' check='full'>", "<model fallback='forbid'>", "<feature policy='require' name=")
    contains(t.virsh(daemon, 'dumpxml', '--inactive', 'frozen').stdout, "<cpu mode='host-model'")
    argv = argv_of('frozen')
    cpu = argv[argv.index('-cpu') + 1].split(',')
    equal(cpu[0], re.search(r'<model fallback=.forbid.>(.*?)</model>', live).group(1))
    equal(len(cpu) - 1, live.count('<feature policy='), 'features')
    t.virsh(daemon, 'destroy', 'frozen')


def test_cpu_refused_in_libvirts_words(t):
    """a feature that the host lacks: error 91, named"""
    daemon = t.daemon()
    text = xml('poor').replace('<devices>', "<cpu mode='custom' match='exact'><model>qemu64</model>"
                                            "<feature policy='require' name='avx512f'/></cpu><devices>", 1)
    t.virsh(daemon, 'define', t.file('poor.xml', text))
    error = t.virsh(daemon, 'start', 'poor', ok=False).stderr
    contains(error, 'the CPU is incompatible with host CPU: Host CPU does not provide required features: avx512f')


def test_facts_of_this_host_as_a_file(t):
    """host facts, then explain --host with them: the same verdict as without"""
    daemon = t.daemon()
    facts = t.file('facts.json', t.wardsh(daemon, 'host', 'facts').stdout)
    define(t, daemon, 'one', devices=SOUND)
    here, there = (explain(t, daemon, 'start', 'one', '--migratable', *host, ok=False) for host in ((), ('--host', facts)))
    equal(there, here)
    equal(here['simulated'], False)
    broken = t.file('broken.json', read(facts).replace('"simulated"', '"simluated"', 1))
    contains(t.wardsh(daemon, 'explain', 'start', 'one', '--host', broken, ok=False).stderr, "did you mean 'simulated'?")


def test_secure_execution_host_elsewhere(t):
    """an s390x host-model guest with the demand, on a simulated Secure Execution host: stripped, recorded, said to be simulated"""
    daemon = t.daemon()
    case = os.path.join(DATA, 'verdicts', 'se-host-model-required')
    report = explain(t, daemon, 'start', os.path.join(case, 'domain.xml'), '--migratable', '--host', os.path.join(case, 'facts.json'))
    equal((report['verdict'], report['migratable'], report['simulated']), ('allow', 'yes', True))
    equal({f['code'] for f in report['findings']}, {'WARD-CPU-STRIPPED'})
    contains(report['findings'][-1]['what'], "'unpack'")


def test_a_hung_vmm_is_not_waited_for(t):
    """explain migrate of a guest whose QEMU hangs: an error soon, and the truth again when it goes on"""
    daemon = t.daemon()
    define(t, daemon, 'hung')
    t.virsh(daemon, 'start', 'hung')
    pid = guests_of('hung')[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = t.wardsh(daemon, 'explain', 'migrate', 'hung', ok=False)
        equal(done.returncode, 1, 'exit status: could not be asked')
        contains(done.stderr, 'its VMM did not say within 2 s')
        equal(explain(t, daemon, 'start', 'hung')['verdict'], 'allow')
    finally:
        os.kill(pid, signal.SIGCONT)
    equal(explain(t, daemon, 'migrate', 'hung')['migratable'], 'yes')
    t.virsh(daemon, 'destroy', 'hung')


def test_settings_are_read_again(t):
    """SIGHUP: the host's demand holds from the next verdict on; a running guest stays as it is"""
    daemon = t.daemon(policy='migratable = preferred\n')
    define(t, daemon, 'one', devices=SOUND)
    equal(explain(t, daemon, 'start', 'one')['verdict'], 'allow')
    t.virsh(daemon, 'start', 'one')
    harness.write(os.path.join(daemon.etc, 'policy.conf'), 'migratable = required\n')
    daemon.process.send_signal(1)
    report = wait_for(lambda: [r for r in [explain(t, daemon, 'start', 'one', ok=None)] if r['verdict'] == 'refuse'], 'the new settings')[0]
    contains(report['findings'][0]['what'], 'required by the host')
    check(guests_of('one'), 'the guest runs on')
    t.virsh(daemon, 'destroy', 'one')


if __name__ == '__main__':
    harness.main(globals())
