#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-cli.py - wardsh as it is run: output, errors with their hints, exit statuses, against the wire over a driver of pretence.

    tools/test-cli.py WARDSH FAKE-VIRTWARDD     prints TAP

That driver answers the private program's questions with the request itself, so the tests see what was asked.
"""
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

WARDSH, FAKE = (os.path.abspath(path) for path in sys.argv[1:3])
OK, FAILED, USAGE, REFUSED = 0, 1, 2, 3
DEADLINE = 60
DIR = tempfile.mkdtemp(prefix='ws-')
SOCKET = os.path.join(DIR, 'sock')
ENV = {k: v for k, v in os.environ.items() if not k.startswith(('LIBVIRT', 'XDG'))}
ENV.update(HOME=DIR, XDG_RUNTIME_DIR=DIR, LC_ALL='C.UTF-8')


class Failure(Exception):
    pass


def equal(got, wanted):
    if got != wanted:
        raise Failure(f'got {got!r}, wanted {wanted!r}')


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise Failure(f'{text!r} lacks {part!r}')


def wardsh(*args, status=OK, socket=SOCKET, text=None):
    command = [WARDSH] + (['-s', socket] if socket else []) + list(args)
    done = subprocess.run(command, env=ENV, input=text or '', capture_output=True, text=True, timeout=DEADLINE, check=False)
    if done.returncode != status:
        raise Failure(f'wardsh {" ".join(args)}: exit status {done.returncode}, wanted {status}\n{done.stdout}{done.stderr}')
    return done


def as_json(*args, **more):
    return json.loads(wardsh('--json', *args, **more).stdout)


def start_fake():
    process = subprocess.Popen([FAKE, SOCKET, '3'], env=ENV)
    end = time.monotonic() + DEADLINE
    while not os.path.exists(SOCKET + '-ro'):
        if process.poll() is not None or time.monotonic() > end:
            raise Failure('the server does not listen')
        time.sleep(0.01)
    return process


# ---- tests ----

def test_list():
    equal(wardsh('list').stdout.splitlines()[:2], ['Id  Name   State', '1   fake1  running'])
    equal(wardsh('list', '--name').stdout.split(), ['fake1', 'fake2', 'fake3'])
    equal([row['name'] for row in as_json('list')], ['fake1', 'fake2', 'fake3'])
    equal(as_json('list')[0]['id'], 1)
    equal('id' in as_json('list')[1], False)


def test_questions():
    equal(wardsh('domstate', 'fake1').stdout, 'running\n')
    equal(wardsh('domstate', '--reason', 'fake1').stdout, 'running (booted)\n')
    uuid = as_json('dominfo', 'fake2')['uuid']
    equal(as_json('dominfo', uuid)['name'], 'fake2')
    equal(as_json('domstate', '1')['name'], 'fake1')
    contains(wardsh('dominfo', 'fake1').stdout, 'state           running\n')
    contains(wardsh('dumpxml', 'fake1').stdout, '<name>fake1</name>')
    contains(as_json('dumpxml', 'fake1')['xml'], '<name>fake1</name>')


def test_verbs():
    for command, says in (('start', 'started'), ('suspend', 'suspended'), ('resume', 'resumed'), ('reset', 'reset'),
                          ('reboot', 'is asked to reboot'), ('destroy', 'destroyed'), ('start', 'started'),
                          ('shutdown', 'is asked to shut down')):
        equal(wardsh(command, 'fake2').stdout, f"Domain 'fake2' {says}\n")
    equal(as_json('autostart', 'fake2'), {'domain': 'fake2', 'done': 'will be started with the host'})
    equal(as_json('dominfo', 'fake2')['autostart'], True)
    wardsh('autostart', '--disable', 'fake2')
    equal(as_json('dominfo', 'fake2')['autostart'], False)


def test_definitions():
    path = os.path.join(DIR, 'new.xml')
    with open(path, 'w', encoding='utf-8') as f:
        f.write("<domain type='qemu'><name>new</name></domain>")
    equal(wardsh('define', path).stdout, "Domain 'new' defined\n")
    equal(wardsh('define', '-', text="<domain type='qemu'><name>other</name></domain>").stdout, "Domain 'other' defined\n")
    for name in ('new', 'other'):
        equal(wardsh('undefine', name).stdout, f"Domain '{name}' undefined\n")
    contains(wardsh('define', '/nonexistent.xml', status=FAILED).stderr, 'cannot read /nonexistent.xml: No such file')
    contains(wardsh('define', '/dev/zero', status=FAILED).stderr, 'error: ')


def test_intent():
    equal(wardsh('start', '--migratable', '--paused', 'fake3').stdout, "Domain 'fake3' started, paused\n")
    equal(as_json('start', '-m', 'preferred', 'fake3', status=USAGE)['error']['code'], 0)      # a word, not the option's value


def test_explain_asks():
    equal(as_json('explain', 'start', 'fake1'), {'operation': 'start', 'domain': 'fake1'})
    equal(as_json('explain', 'migrate', 'fake1', '-m'), {'operation': 'migrate', 'migratable': 'required', 'domain': 'fake1'})
    equal(as_json('explain', 'start', '--migratable=no', '-', text='<x/>'),
          {'operation': 'start', 'migratable': 'no', 'xml': '<x/>'})
    facts = os.path.join(DIR, 'facts.json')
    with open(facts, 'w', encoding='utf-8') as f:
        f.write('{"arch":"s390x"}')
    equal(as_json('explain', 'start', 'fake1', '--host', facts)['facts'], {'arch': 's390x'})
    with open(facts, 'w', encoding='utf-8') as f:
        f.write('{"arch":')
    contains(wardsh('explain', 'start', 'fake1', '--host', facts, status=FAILED).stderr, facts, 'wardsh host facts')
    contains(wardsh('explain', 'start', './absent.xml', status=FAILED).stderr, 'cannot read ./absent.xml')


def test_lint_asks():
    equal(as_json('lint', '-', text='<x/>'), {'xml': '<x/>'})
    contains(wardsh('lint', './absent.xml', status=FAILED).stderr, 'cannot read ./absent.xml')


def test_diff_asks():
    equal(as_json('diff', 'fake1'), {'domain': 'fake1'})
    equal(as_json('diff', '-', text='<x/>'), {'xml': '<x/>'})


def test_why_asks():
    equal(as_json('why', 'fake1'), {'domain': 'fake1'})
    equal(wardsh('why', 'fake1').stdout, 'fake1: it ended\n')


def test_usage():
    for args, says in (((), 'no command was given'), (('strat',), 'did you mean `wardsh start\''),
                       (('frobnicate',), '`wardsh help\''), (('explain',), '`wardsh explain start\''),
                       (('start',), 'start needs DOM'),
                       (('list', 'x'), "does not take 'x'"), (('migrate', 'fake1'), 'usage: wardsh migrate DOM DEST_URI'),
                       (('start', '--migratable=maybe', 'x'), 'required|preferred|no'),
                       (('list', '--runing'), 'did you mean --running'), (('--jsno', 'list'), 'did you mean --json'),
                       (('event', '--count', 'x'), 'a number from 1'), (('help', 'strat'), 'did you mean `wardsh help start\'')):
        done = wardsh(*args, status=USAGE)
        equal(done.stdout, '')
        contains(done.stderr, 'error: ', says)


def test_unknown_domain():
    done = wardsh('start', 'fake', status=FAILED)
    contains(done.stderr, "error: Domain not found: no domain with matching name 'fake'", "'fake1'", "'fake2'")
    error = as_json('domstate', 'nothing-like-it', status=FAILED)['error']
    equal(error['code'], 42)
    contains(error['hint'], 'wardsh list')


def test_nobody_listens():
    gone = os.path.join(DIR, 'gone', 'sock')
    done = wardsh('list', status=FAILED, socket=gone)
    contains(done.stderr, 'error: ', gone, 'hint:', 'virtwardd --session --runtime-dir ' + os.path.dirname(gone))
    contains(wardsh('why', 'x', status=FAILED, socket=gone).stderr, 'hint:', '--runtime-dir')
    done = wardsh('-c', 'session', '--no-start', 'list', status=FAILED, socket=None)
    contains(done.stderr, DIR + '/virtward/virtward-sock', 'leave --no-start out')
    equal(os.path.exists(os.path.join(DIR, 'virtward')), False)


def test_other_daemons():
    uri = ('-c', 'test:///default')
    equal(wardsh(*uri, 'list', '--name', socket=None).stdout, 'test\n')
    contains(wardsh(*uri, 'why', 'test', status=FAILED, socket=None).stderr, 'test:///default is no UNIX socket')
    contains(wardsh(*uri, 'version', socket=None).stdout, 'another libvirt daemon')
    contains(wardsh('-c', 'sesion', 'list', status=FAILED, socket=None).stderr, "'sesion' is no URI")
    contains(wardsh('-c', 'nonsense:///x', 'list', status=FAILED, socket=None).stderr, 'nonsense')


def test_read_only():
    contains(wardsh('destroy', 'fake1', status=FAILED, socket=SOCKET + '-ro').stderr, 'read only access prevents')
    equal(wardsh('list', '--name', socket=SOCKET + '-ro').stdout.split()[0], 'fake1')


def test_about():
    contains(wardsh('version').stdout, 'virtwardd\n', 'speaks as libvirt 9.0.0\n')
    contains(wardsh('--version').stdout, 'wardsh ')
    equal(as_json('uri')['socket'], SOCKET)
    table = as_json('help', socket=None)
    for command in table['commands']:
        text = wardsh('help', *command['name'].split(), socket=None).stdout
        contains(text, 'usage: wardsh ' + command['name'], *('--' + o['name'] for o in command['options']))
        equal(wardsh(*command['name'].split(), '--help', socket=None).stdout, text)


def test_unwritable_output():
    if not os.path.exists('/dev/full'):
        return
    with open('/dev/full', 'w', encoding='utf-8') as full:
        equal(subprocess.call([WARDSH, '-s', SOCKET, 'list'], env=ENV, stdout=full, timeout=DEADLINE), FAILED)


def read_line(stream):
    ready, _, _ = select.select([stream], [], [], DEADLINE)
    if not ready:
        raise Failure('nothing was printed')
    return stream.readline()


def follow_events(*args):
    return subprocess.Popen([WARDSH, '-s', SOCKET, '-v', 'event'] + list(args), env=ENV, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_events():
    follow = follow_events('--json', 'fake3', '--lifecycle', '--count', '3')
    try:
        contains(read_line(follow.stderr), 'waiting for events')
        wardsh('destroy', 'fake1')
        wardsh('start', 'fake3')
        wardsh('destroy', 'fake3')
        out, _ = follow.communicate(timeout=DEADLINE)
    finally:
        follow.kill()
    equal(follow.returncode, OK)
    seen = [json.loads(line) for line in out.splitlines()]
    equal([(e['domain'], e['event']) for e in seen], [('fake3', 'resumed'), ('fake3', 'started'), ('fake3', 'stopped')])


def test_events_end():
    equal(wardsh('event', '--timeout', '1').stdout, '')
    follow = follow_events()
    try:
        contains(read_line(follow.stderr), 'waiting for events')
        follow.send_signal(signal.SIGINT)
        equal(follow.wait(DEADLINE), OK)
    finally:
        follow.kill()
        follow.communicate()


def test_daemon_goes_away():
    """Last: the server ends."""
    follow = follow_events()
    try:
        contains(read_line(follow.stderr), 'waiting for events')
        fake.kill()
        fake.wait()
        _, err = follow.communicate(timeout=DEADLINE)
    finally:
        follow.kill()
    equal(follow.returncode, FAILED)
    contains(err, 'the daemon closed the connection', 'guests go on without their daemon')


fake = start_fake()
tests = [(name, function) for name, function in list(globals().items()) if name.startswith('test_')]
failed = False
print(f'1..{len(tests)}')
try:
    for number, (name, function) in enumerate(tests, 1):
        try:
            function()
            print(f'ok {number} - {name[5:].replace("_", " ")}')
        except (Failure, subprocess.TimeoutExpired, ValueError, KeyError) as problem:
            failed = True
            print(''.join(f'# {line}\n' for line in str(problem).splitlines()), end='')
            print(f'not ok {number} - {name[5:].replace("_", " ")}', flush=True)
finally:
    fake.kill()
    fake.wait()
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(failed)
