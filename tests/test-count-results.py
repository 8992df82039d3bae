#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-count-results.py - the closing line of ./check counts what happened, above all what went wrong."""
import json
import os
import subprocess
import sys
import tempfile

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'count-results.py')


def run(logs, own_failures=0):
    with tempfile.TemporaryDirectory(prefix='virtward-count-') as top:
        builds = []
        for n, tests in enumerate(logs):
            build = os.path.join(top, str(n))
            os.makedirs(os.path.join(build, 'meson-logs'))
            if tests is not None:
                with open(os.path.join(build, 'meson-logs', 'testlog.json'), 'w', encoding='utf-8') as f:
                    f.writelines(json.dumps(test) + '\n' for test in tests)
            builds.append(build)
        done = subprocess.run([sys.executable, SCRIPT, '--failed', str(own_failures)] + builds, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def tap(text, result='OK'):
    return {'name': 't', 'result': result, 'stdout': text}


CASES = [
    ('subtests are counted', [[tap('1..3\nok 1 - a\nok 2\nok 3 - c # SKIP no KVM\n')]], 0, (0, '2 passed, 0 failed, 1 skipped')),
    ('a failed subtest', [[tap('ok 1 - a\nnot ok 2 - b\n', 'FAIL')]], 0, (1, '1 passed, 1 failed, 0 skipped')),
    ('a crash after good subtests', [[tap('1..2\nok 1 - a\n', 'ERROR')]], 0, (1, '1 passed, 1 failed, 0 skipped')),
    ('a timeout', [[tap('', 'TIMEOUT')]], 0, (1, '0 passed, 1 failed, 0 skipped')),
    ('a test without subtests', [[tap(''), tap('', 'FAIL')]], 0, (1, '1 passed, 1 failed, 0 skipped')),
    ('a skipped program', [[tap('ok 1 - a'), tap('', 'SKIP')]], 0, (0, '1 passed, 0 failed, 1 skipped')),
    ('a build that failed', [[tap('ok 1 - a')]], 1, (1, '1 passed, 1 failed, 0 skipped')),
    ('two builds', [[tap('ok 1 - a')], [tap('ok 1 - a')]], 0, (0, '2 passed, 0 failed, 0 skipped')),
    ('a build whose tests left no log', [[tap('ok 1 - a')], None], 0, (1, '1 passed, 1 failed, 0 skipped')),
    ('nothing at all', [], 0, (1, '0 passed, 0 failed, 0 skipped')),
]


def main():
    print('1..%d' % len(CASES))
    wrong = 0
    for n, (name, logs, own, wanted) in enumerate(CASES, 1):
        got = run(logs, own)
        if got != wanted:
            wrong += 1
            print('# got %r, wanted %r' % (got, wanted))
        print('%sok %d - %s' % ('' if got == wanted else 'not ', n, name))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
