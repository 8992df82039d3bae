#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""count-results.py - what meson's test logs say, counted over TAP subtests.

    count-results.py --report BUILD         one build's failures (with their output) and skips (with their reasons)
    count-results.py --failed N BUILD...    the closing line "N passed, N failed, N skipped"; exit status 1 when one failed
"""
import json
import os
import re
import sys

TAP_LINE = re.compile(r'^(ok|not ok)\b\s*(\d*)\s*-?\s*([^#]*?)\s*(?:#\s*(SKIP|TO-?DO)\b\s*(.*))?$', re.I)
GOOD_ENDS = ('OK', 'SKIP', 'EXPECTEDFAIL')


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add_subtests(self, name, output):
        """The number of TAP lines found."""
        n = 0
        for line in output.splitlines():
            match = TAP_LINE.match(line)
            if not match:
                continue
            n += 1
            word, _, what, directive, reason = match.groups()
            if directive and directive.upper() == 'SKIP':
                self.skipped.append((name, what, reason))
            elif word.lower() == 'ok':
                self.passed += 1
            else:
                self.failed.append((name, what))
        return n

    def add_test(self, test):
        name, result = test['name'], test['result']
        before = len(self.failed)
        n = self.add_subtests(name, test.get('stdout') or '')
        if result == 'SKIP' and n == 0:
            self.skipped.append((name, '', 'the whole test'))
        elif n == 0 and result in GOOD_ENDS:
            self.passed += 1
        if result not in GOOD_ENDS and len(self.failed) == before:
            self.failed.append((name, 'the program ended with: %s' % result))


def read_log(build):
    path = os.path.join(build, 'meson-logs', 'testlog.json')
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8') as f:
        return [json.loads(line) for line in f if line.strip()]


def count(builds):
    total = Count()
    for build in builds:
        tests = read_log(build)
        if not tests:
            total.failed.append((build, 'no test was run'))
        for test in tests:
            total.add_test(test)
    return total


def report(build):
    for test in read_log(build):
        if test['result'] in GOOD_ENDS:
            continue
        print('---- %s: %s' % (test['name'], test['result']))
        text = (test.get('stdout') or '') + (test.get('stderr') or '')
        print('\n'.join(text.splitlines()[-60:]))
    total = count([build])
    for name, what, reason in total.skipped:
        print('skipped: %s: %s (%s)' % (name, what, reason or 'no reason given'))
    for name, what in total.failed:
        print('failed: %s: %s' % (name, what))


def main(args):
    if args[:1] == ['--report'] and len(args) == 2:
        report(args[1])
        return 0
    if args[:1] == ['--failed'] and len(args) >= 2:
        total = count(args[2:])
        n_failed = len(total.failed) + int(args[1])
        print('%d passed, %d failed, %d skipped' % (total.passed, n_failed, len(total.skipped)))
        return 1 if n_failed or not total.passed else 0
    print(__doc__.strip(), file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
