#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_wardsh.py - the shell against real daemons and real guests."""
import json
import os
import re
import signal
import subprocess
import sys

import harness
from harness import DEADLINE, WARDSH, check, client_env, contains, equal, guest_xml, guests_of, is_alive, need, read
from harness import run, wait_for, write

SEV = """<launchSecurity type='sev'>
  <cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits><policy>0x0003</policy>
</launchSecurity>"""
DISK = """<disk type='file' device='disk'>
  <driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/>
</disk>"""


def guest_file(t, name, **options):
    return t.file(name + '.xml', guest_xml(name, **options))


def sev_file(t, name):
    return t.file(name + '.xml', guest_xml(name, machine='q35').replace('</domain>', SEV + '</domain>'))


def ask(t, daemon, *args, ok=True):
    return json.loads(t.wardsh(daemon, '--json', *args, ok=ok).stdout)


def in_background(t, connect, *args):
    return subprocess.Popen([WARDSH, '-c', connect] + list(args), env=client_env(t.top), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def status_of(t, daemon, *args):
    return t.wardsh(daemon, *args, ok=None).returncode


def test_life_of_a_guest(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    equal(t.wardsh(d, 'define', guest_file(t, 'one')).stdout, "Domain 'one' defined\n")
    equal([(g['name'], g['state']) for g in ask(t, d, 'list')], [('one', 'shut off')])
    equal(t.wardsh(d, 'list', '--running', '--name').stdout, '')
    equal(t.wardsh(d, 'start', '--paused', 'one').stdout, "Domain 'one' started, paused\n")
    equal(ask(t, d, 'domstate', 'one')['state'], 'paused')
    t.wardsh(d, 'resume', 'one')
    equal(t.wardsh(d, 'domstate', 'one').stdout, 'running\n')
    equal(t.wardsh(d, 'list', '--running', '--name').stdout, 'one\n')
    check(ask(t, d, 'dominfo', 'one')['id'] > 0, 'it has an id')
    contains(t.wardsh(d, 'dumpxml', 'one').stdout, "<domain type='qemu' id='")
    t.wardsh(d, 'suspend', 'one')
    t.wardsh(d, 'reset', 'one')
    t.wardsh(d, 'destroy', 'one')
    equal(t.wardsh(d, 'domstate', '--reason', 'one').stdout, 'shut off (destroyed)\n')
    t.wardsh(d, 'undefine', 'one')
    equal(ask(t, d, 'list'), [])


def test_wrong_definition_names_its_line(t):
    d = t.daemon()
    path = t.file('wrong.xml', guest_xml('wrong').replace('<acpi/>', '<acpi/><apcii/>'))
    error = t.wardsh(d, 'define', path, ok=False).stderr
    line = 1 + read(path)[:read(path).index('<apcii')].count('\n')
    contains(error, 'apcii', str(line), 'hint:')


def test_explain_allows(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    path = guest_file(t, 'good')
    equal(status_of(t, d, 'explain', 'start', path), 0)
    report = ask(t, d, 'explain', 'start', '--migratable', path)
    equal((report['verdict'], report['migratable'], report['domain']), ('allow', 'yes', 'good'))
    equal(ask(t, d, 'list'), [])


def test_lint(t):
    d = t.daemon()
    equal(status_of(t, d, 'lint', guest_file(t, 'vm1')), 0)
    wrong = t.file('wrong.xml', guest_xml('vm1').replace('</devices>', '<dsik/><teapot/></devices>'))
    equal(status_of(t, d, 'lint', wrong), 3)
    contains(t.wardsh(d, 'lint', wrong, ok=False).stdout, 'unknown element <dsik> in <devices>', "did you mean 'disk'?", '<teapot>')
    contains(t.wardsh(d, 'lint', guest_file(t, 'vm2', machine='sloop'), ok=False).stdout, "machine type 'sloop'")


def test_diff(t):
    d = t.daemon()
    passes = {p['pass']: p for p in ask(t, d, 'diff', guest_file(t, 'vm1', machine='q35'))['passes']}
    machine = [c for c in passes['machine']['changes'] if c['path'] == '/domain/os/type/@machine'][0]
    equal(machine['from'], 'q35')
    contains(machine['to'], 'pc-q35-')
    check([c for c in passes['identity']['changes'] if c['path'] == '/domain/uuid' and 'from' not in c], 'the uuid was added')
    t.wardsh(d, 'define', guest_file(t, 'vm1', machine='q35'))
    equal(ask(t, d, 'diff', 'vm1')['passes'], [])
    t.wardsh(d, 'start', 'vm1')
    contains(t.wardsh(d, 'diff', 'vm1').stdout, 'start\n', '+ /domain/@id: ')
    t.wardsh(d, 'destroy', 'vm1')


def test_explain_of_a_file_that_looks_like_a_name(t):
    d = t.daemon()
    t.file('guest', guest_xml('guest'))
    done = run([WARDSH, '-c', d.uri, 'explain', 'start', 'guest'], t.top, False, cwd=t.top)
    contains(done.stderr, 'Domain not found', '`wardsh explain start ./guest\'')


def test_explain_refuses_with_all_reasons(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    path = sev_file(t, 'sev')
    equal(status_of(t, d, 'explain', 'start', '--migratable', path), 3)
    done = t.wardsh(d, '--json', 'explain', 'start', '--migratable', path, ok=False)
    report = json.loads(done.stdout)
    equal(report['verdict'], 'refuse')
    refusals = [f for f in report['findings'] if f['severity'] == 'refuse']
    check(refusals, 'it has reasons')
    for finding in refusals:
        check(finding['code'].startswith('WARD-') and finding['what'] and finding['remedy'], 'complete: %r' % finding)
    text = t.wardsh(d, 'explain', 'start', '--migratable', path, ok=False).stdout
    contains(text, 'start sev: REFUSED', *[f['code'] for f in refusals])


def test_a_refused_start_says_the_same(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    t.wardsh(d, 'define', sev_file(t, 'sev'))
    report = json.loads(t.wardsh(d, '--json', 'explain', 'start', '--migratable', 'sev', ok=False).stdout)
    done = t.wardsh(d, 'start', '--migratable', 'sev', ok=False)
    equal(done.returncode, 1)
    for finding in report['findings']:
        if finding['severity'] == 'refuse':
            contains(done.stderr, finding['what'])
    contains(done.stderr, 'hint:', 'wardsh explain start --migratable=required sev')
    equal(guests_of('sev'), [])


def test_facts_of_a_host_are_a_file(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    facts = t.file('facts.json', t.wardsh(d, 'host', 'facts').stdout)
    path = guest_file(t, 'good')
    here = ask(t, d, 'explain', 'start', path)
    there = ask(t, d, 'explain', 'start', '--host', facts, path)
    equal(there['verdict'], here['verdict'])


def test_why(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    t.wardsh(d, 'define', guest_file(t, 'one'))
    contains(t.wardsh(d, 'why', 'one', ok=False).stderr, 'error: ')
    t.wardsh(d, 'start', 'one')
    contains(t.wardsh(d, 'why', 'one').stdout, 'one: it runs, as process ')
    pid = wait_for(lambda: guests_of('one'), 'the guest')[0]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: t.wardsh(d, 'domstate', 'one').stdout == 'shut off\n', 'its end')
    contains(t.wardsh(d, 'why', 'one').stdout, 'killed by signal 9')
    d.restart()
    contains(t.wardsh(d, 'why', 'one').stdout, 'killed by signal 9')


def test_why_a_start_failed(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    t.wardsh(d, 'define', guest_file(t, 'one', devices=DISK % t.path('absent.img')))
    done = t.wardsh(d, 'start', 'one', ok=False)
    contains(done.stderr, t.path('absent.img'), 'hint:', '`wardsh why one\'')
    contains(t.wardsh(d, 'why', 'one').stdout, 'one: start, at step ', 'exited with status 1', 'QEMU said:', t.path('absent.img'))
    equal(guests_of('one'), [])


def test_policy_show(t):
    d = t.daemon()
    rules = ask(t, d, 'policy', 'show')
    check(rules['rules'] and rules['fences'], 'there are rules')
    sev = ask(t, d, 'policy', 'show', '--tech=sev')
    equal([x['name'] for x in sev['technologies']], ['sev'])
    check(all('sev' in f['technologies'] for f in sev['fences']), 'only fences of that technology')
    contains(t.wardsh(d, 'policy', 'show').stdout, 'Technologies', 'Fences', *[r['code'] for r in rules['rules']])
    done = t.wardsh(d, 'policy', 'show', '--tech=svm', ok=False)
    equal(done.returncode, 2)
    contains(done.stderr, 'sev-snp')


def test_events(t):
    need('qemu-system-x86_64')
    d = t.daemon()
    t.wardsh(d, 'define', guest_file(t, 'one'))
    follow = in_background(t, d.uri, '-v', '--json', 'event', '--lifecycle', '--count', '3')
    contains(follow.stderr.readline(), 'waiting for events')
    t.wardsh(d, 'start', 'one')
    t.wardsh(d, 'destroy', 'one')
    out, _ = follow.communicate(timeout=DEADLINE)
    equal([json.loads(line)['event'] for line in out.splitlines()][:2], ['resumed', 'started'])


def test_migration(t):
    need('qemu-system-x86_64')
    a, b = t.daemon(), t.daemon()
    t.wardsh(a, 'define', guest_file(t, 'one'))
    t.wardsh(a, 'start', '--migratable', 'one')
    done = t.wardsh(a, '-v', 'migrate', '--live', '--persistent', '--undefinesource', 'one', b.socket)
    equal(done.stdout, "Domain 'one' migrated\n")
    contains(done.stderr, '100 %')
    equal(ask(t, a, 'list'), [])
    equal([(g['name'], g['state']) for g in ask(t, b, 'list')], [('one', 'running')])
    t.wardsh(b, 'destroy', 'one')


def test_interrupted_migration_leaves_the_guest_here(t):
    need('qemu-system-x86_64')
    a, b = t.daemon(), t.daemon()
    t.wardsh(a, 'define', guest_file(t, 'one', memory=2048))
    t.wardsh(a, 'start', 'one')
    moving = in_background(t, a.uri, '-v', 'migrate', '--live', '--bandwidth=1', 'one', b.socket)
    contains(moving.stderr.readline(), 'Migration: ')
    moving.send_signal(signal.SIGINT)
    _, err = moving.communicate(timeout=DEADLINE)
    equal(moving.returncode, 1)
    contains(err, 'cancelling the migration; the guest stays where it is', 'error: ')
    equal(t.wardsh(a, 'domstate', 'one').stdout, 'running\n')
    equal(ask(t, b, 'list'), [])
    equal(len(guests_of('one')), 1)
    t.wardsh(a, 'destroy', 'one')


def test_blocked_migration_is_refused_here(t):
    need('qemu-system-x86_64')
    a, b = t.daemon(), t.daemon()
    t.wardsh(a, 'define', guest_file(t, 'one', migratable='no'))
    t.wardsh(a, 'start', 'one')
    equal(status_of(t, a, 'explain', 'migrate', 'one'), 3)
    done = t.wardsh(a, 'migrate', '--live', 'one', b.socket, ok=False)
    contains(done.stderr, 'cannot migrate domain', 'wardsh explain migrate one')
    equal(ask(t, b, 'list'), [])
    t.wardsh(a, 'destroy', 'one')


# ---- the session daemon on demand ----

def session(t, *args, ok=True):
    need(WARDSH)
    return run([WARDSH, '-c', 'session'] + list(args), t.top, ok)


def session_pid(t):
    text = read(t.path('virtward', 'virtwardd.lock'))
    return int(re.search(r'\d+', text).group())


def end_session(t):
    """The daemon is nobody's child but ours, the subreaper's."""
    pid = session_pid(t)
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_alive(pid), 'the end of the session daemon')


def test_session_daemon_starts_on_demand(t):
    check('virtwardd' not in session(t, '--no-start', 'list', ok=False).stdout, 'it does not start')
    first = session(t, '-v', 'list')
    t.at_end(lambda: end_session(t))
    pid = session_pid(t)
    contains(first.stderr, 'started virtwardd --session, process %d' % pid, t.path('virtward', 'virtwardd.log'))
    equal(session(t, '-v', 'list').stderr, '')
    equal(session_pid(t), pid)
    contains(session(t, 'uri').stdout, 'qemu+unix:///session?socket=' + t.path('virtward', 'virtward-sock'))


def test_session_daemon_holds_nothing_of_its_starter(t):
    need(WARDSH)
    with open(t.path('lock'), 'w', encoding='utf-8') as lock:
        os.set_inheritable(lock.fileno(), True)
        run([WARDSH, '-c', 'session', 'list'], t.top, pass_fds=(lock.fileno(),))
    t.at_end(lambda: end_session(t))
    pid = session_pid(t)
    check(not [fd for fd in os.listdir('/proc/%d/fd' % pid) if os.readlink('/proc/%d/fd/%s' % (pid, fd)) == t.path('lock')],
          'the lock of the starter is not held')
    equal(os.readlink('/proc/%d/cwd' % pid), '/')
    status = read('/proc/%d/status' % pid)
    ignored = int(re.search(r'SigIgn:\s+(\w+)', status).group(1), 16)
    equal(ignored & 0x7fffffff, 1 << (signal.SIGPIPE - 1), 'ignored signals but 32 and 33, which are libc\'s own')


def test_two_at_once_start_one_daemon(t):
    need(WARDSH)
    four = [in_background(t, 'session', '--json', 'list') for _ in range(4)]
    said = [p.communicate(timeout=DEADLINE) for p in four]
    t.at_end(lambda: end_session(t))
    equal([(p.returncode, json.loads(out)) for p, (out, _) in zip(four, said)], [(0, [])] * 4)


def test_session_daemon_that_cannot_start(t):
    os.makedirs(t.path('.config', 'virtward'))
    write(t.path('.config', 'virtward', 'virtwardd.conf'), 'log_levl = debug\n')
    done = session(t, 'list', ok=False)
    equal(done.returncode, 1)
    contains(done.stderr, 'error: ', 'log_levl', 'hint:', 'virtwardd(8)')


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
