#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_quickstart.py - what a newcomer runs first: as it is, as an ordinary user, and interrupted."""
import os
import re
import signal
import subprocess
import sys
import time

import harness
from harness import check, contains, equal, wait_for

QUICKSTART = os.path.join(harness.TOP, 'quickstart')
NOBODY = 65534


def start(t, **more):
    env = dict(harness.client_env(t.top), VIRTWARD_BUILD=harness.BUILD)
    return subprocess.Popen([QUICKSTART], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def finish(process):
    out = process.communicate(timeout=300)[0]
    return process.returncode, out


def need_programs():
    for program in ('cpio', '/bin/busybox', 'apt-get', 'qemu-system-x86_64', harness.WARDSH):
        harness.need(program)
    if not os.path.exists(os.path.join(harness.BUILD, 'quickstart', 'vmlinuz')) and os.environ.get('VIRTWARD_OFFLINE'):
        raise harness.Skip('no kernel is cached, and VIRTWARD_OFFLINE is set')


def directories():
    return {d for d in os.listdir('/tmp') if d.startswith('virtward-quickstart-')}


def check_story(out):
    contains(out, 'was started with -only-migratable', 'without a gap: same memory, another host', 'WARD-SECURE-MIGRATE', 'WARD-DEVICE', "'unpack'",
             'simulated', 'Done in ')
    check('failed:' not in out, 'nothing failed')
    counts = [int(n) for n in re.findall(r'\| count (\d+)', out)]
    check(counts == sorted(counts) and counts[-1] >= 8, 'the count goes on: %s' % counts)


def test_from_beginning_to_end(t):
    need_programs()
    before = directories()
    status, out = finish(start(t))
    equal(status, 0, 'exit status of:\n%s\n' % out)
    check_story(out)
    check('\x1b' not in out, 'no colours when it is not a terminal')
    equal(directories() - before, set(), 'directories left')


def test_as_an_ordinary_user(t):
    need_programs()
    if os.getuid() != 0:
        raise harness.Skip('the other test was that')
    os.chmod(t.top, 0o777)
    readable = subprocess.run(['test', '-r', QUICKSTART, '-a', '-x', harness.VIRTWARDD], user=NOBODY, group=NOBODY, extra_groups=[], check=False)
    if readable.returncode != 0:
        raise harness.Skip('this tree cannot be read by other users')
    status, out = finish(start(t, user=NOBODY, group=NOBODY, extra_groups=[]))
    equal(status, 0, 'exit status of:\n%s\n' % out)
    check_story(out)


def test_interrupted(t):
    """At several moments; daemons and guests must be gone, and its directory."""
    need_programs()
    for seconds in (0.3, 0.5, 0.7, 1.5, 3):
        before = directories()
        process = start(t, start_new_session=True)
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        finish(process)
        wait_for(lambda: not directories() - before, 'its directory to be removed')
        wait_for(lambda: not [p for p in harness.descendants() if harness.is_alive(p)], 'its processes to end')


def test_wrong_option(t):
    done = harness.run([QUICKSTART, '--fast'], t.top, ok=False)
    equal(done.returncode, 2)
    contains(done.stderr, "unknown option '--fast'")


if __name__ == '__main__':
    sys.exit(harness.main(globals()))
