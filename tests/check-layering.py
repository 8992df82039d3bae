#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-layering.py - holds the sources against the table of rooms in HACKING.md, and against the rules of the house.

    tests/check-layering.py [TREE]      prints TAP: a line per rule, with what breaks it
    tests/check-layering.py --self-test breaks each rule in a small tree of its own and expects to be told
"""
import os
import re
import shutil
import sys
import tempfile

TABLE_ROW = re.compile(r'^\| `([a-z/]+/|src/drivers/driver\.h)` \| [^|]* \| ([^|]*) \|')
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')
CODE_DIRS = ('daemon', 'src', 'tools', 'tests')
MAX_LINES = 1200

# Never called: unbounded copies, a shell, conversions that cannot fail, memory on the stack by a stranger's number.
FORBIDDEN_CALLS = ('strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'system', 'popen', 'alloca', 'atoi', 'atol', 'atof', 'strtok', 'mktemp')
UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b')

# Rooms that decide and do nothing else: no file, no loop, no monitor, no clock, no environment, no log.
PURE_ROOMS = ('src/policy/', 'src/cpumodel/')
IMPURE_INCLUDES = ('systemd/sd-event.h', 'systemd/sd-bus.h', 'systemd/sd-daemon.h', 'sys/socket.h', 'sys/stat.h', 'sys/wait.h', 'fcntl.h', 'time.h',
                   'sys/time.h', 'util/fs.h', 'util/process.h', 'util/op.h', 'util/log.h', 'util/sync_writer.h', 'util/host_info.h')
IMPURE_CALLS = ('open', 'openat', 'fopen', 'read', 'write', 'close', 'printf', 'fprintf', 'puts', 'fputs', 'getenv', 'time', 'clock_gettime',
                'gettimeofday', 'fork', 'execve', 'socket', 'connect', 'getpid', 'stat', 'access', 'uname', 'rand', 'random')


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def strip(text):
    """The code without comments and string literals, line numbers kept."""
    def blank(match):
        return ''.join(c if c == '\n' else ' ' for c in match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


class Tree:
    def __init__(self, top):
        self.top = top
        self.rooms = self.read_rooms()
        self.files = sorted(self.find())
        self.text = {f: read(os.path.join(top, f)) for f in self.files}

    def read_rooms(self):
        rooms = {}
        for line in read(os.path.join(self.top, 'HACKING.md')).splitlines():
            row = TABLE_ROW.match(line)
            if row:
                rooms[row.group(1)] = re.findall(r'`([^`]+)`', row.group(2))
        return rooms

    def find(self):
        for top in CODE_DIRS:
            for where, dirs, names in os.walk(os.path.join(self.top, top)):
                dirs[:] = [d for d in dirs if not d.startswith('.') and d not in ('data', 'corpus', '__pycache__')]
                for name in names:
                    if name.endswith(('.c', '.h', '.x', '.py', '.sh')) or name == 'meson.build':
                        yield os.path.relpath(os.path.join(where, name), self.top)

    def code(self):
        return [f for f in self.files if f.endswith(('.c', '.h'))]

    def room(self, path):
        """The longest room that holds the path."""
        return max((r for r in self.rooms if path.startswith(r)), key=len, default=None)

    def includes(self, path):
        for n, line in enumerate(self.text[path].splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield n, match.group(1)

    def calls(self, path, names):
        pattern = re.compile(r'(?<![\w.>])(%s)\s*\(' % '|'.join(names))
        for n, line in enumerate(strip(self.text[path]).splitlines(), 1):
            for match in pattern.finditer(line):
                yield n, match.group(1)


def rule_rooms_are_known(tree):
    if len(tree.rooms) < 8:
        yield 'HACKING.md: the table of rooms was not found (%d rows)' % len(tree.rooms)
    for path in tree.code():
        if tree.room(path) is None:
            yield '%s: is in no room of the table in HACKING.md' % path


def include_path(tree, path, name):
    """The file in the tree that an include names, or None for a library's."""
    for base in (os.path.dirname(path), 'src', 'tests', ''):
        candidate = os.path.normpath(os.path.join(base, name))
        if candidate in tree.text:
            return candidate
    return None


def rule_arrows_point_down(tree):
    for path in tree.code():
        room = tree.room(path)
        for n, name in tree.includes(path):
            target = include_path(tree, path, name)
            if target is None or room is None or target == 'tests/tap.h' and os.path.basename(path).startswith('test-'):
                continue
            allowed = tree.rooms[room]
            there = tree.room(target)
            if there == room or 'all' in allowed or there in allowed or target in allowed:
                continue
            if os.path.basename(path).startswith('test-') and target.startswith('tests/'):
                continue
            yield '%s:%d: %s may not include %s' % (path, n, room, name)


def rule_pure_rooms_are_pure(tree):
    for path in tree.code():
        if not path.startswith(PURE_ROOMS) or os.path.basename(path).startswith('test-'):
            continue
        for n, name in tree.includes(path):
            if name in IMPURE_INCLUDES or 'qmp' in name:
                yield '%s:%d: a pure room may not include %s' % (path, n, name)
        for n, name in tree.calls(path, IMPURE_CALLS):
            yield '%s:%d: a pure room may not call %s()' % (path, n, name)


def rule_no_forbidden_calls(tree):
    for path in tree.code():
        for n, name in tree.calls(path, FORBIDDEN_CALLS):
            yield '%s:%d: %s() is not used here' % (path, n, name)


def rule_license_line_first(tree):
    for path in tree.files:
        lines = tree.text[path].splitlines()[:3]
        if not any('SPDX-License-Identifier: LGPL-2.1-or-later' in line for line in lines[:2]):
            yield '%s:1: the SPDX line is missing' % path


def rule_headers_say_what_they_are(tree):
    for path in tree.code():
        base, ext = os.path.splitext(path)
        if ext == '.c' and (base + '.h' in tree.text or os.path.basename(path).startswith(('test-', 'fuzz-'))):
            continue
        lines = tree.text[path].splitlines()
        second = lines[1] if len(lines) > 1 else ''
        if not second.startswith('/* ') or os.path.basename(path) + ' - ' not in second:
            yield '%s:2: does not say "/* room/%s - what it is"' % (path, os.path.basename(path))


def rule_files_are_short(tree):
    for path in tree.files:
        lines = tree.text[path].count('\n')
        if lines > MAX_LINES:
            yield '%s: %d lines, over %d' % (path, lines, MAX_LINES)


def rule_nothing_says_unfinished(tree):
    for path in tree.files:
        if path == 'tests/check-layering.py':
            continue
        for n, line in enumerate(tree.text[path].splitlines(), 1):
            if UNFINISHED.search(line):
                yield '%s:%d: %s' % (path, n, line.strip()[:80])


RULES = [
    ('every source file is in a room', rule_rooms_are_known),
    ('arrows point down', rule_arrows_point_down),
    ('policy and cpumodel are pure', rule_pure_rooms_are_pure),
    ('no forbidden calls', rule_no_forbidden_calls),
    ('the licence stands first', rule_license_line_first),
    ('headers say what they are', rule_headers_say_what_they_are),
    ('files are short', rule_files_are_short),
    ('nothing says that it is unfinished', rule_nothing_says_unfinished),
]


def check(top):
    """Rule name -> list of what breaks it."""
    tree = Tree(top)
    return {name: list(rule(tree)) for name, rule in RULES}


HEAD = '/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'
# What is added to a good tree, and the rule and the words that must answer.
BROKEN = [
    ('attic/x.c', None, None),
    ('src/attic/x.c', 'every source file is in a room', 'src/attic/x.c'),
    ('src/util/up.c', 'arrows point down', 'src/util/up.c:3: src/util/ may not include conf/b.h'),
    ('src/rpc/aside.c', 'arrows point down', 'src/rpc/aside.c:3: src/rpc/ may not include dbus/d.h'),
    ('src/policy/qmp.c', 'policy and cpumodel are pure', 'a pure room may not include drivers/qemu/qmp_client.h'),
    ('src/policy/env.c', 'policy and cpumodel are pure', 'src/policy/env.c:3: a pure room may not call getenv()'),
    ('src/conf/copy.c', 'no forbidden calls', 'src/conf/copy.c:3: strcpy() is not used here'),
    ('src/util/nolicence.c', 'the licence stands first', 'src/util/nolicence.c'),
    ('src/util/nameless.h', 'headers say what they are', 'src/util/nameless.h:2'),
    ('src/util/long.c', 'files are short', 'src/util/long.c: 1203 lines'),
    ('src/util/later.c', 'nothing says that it is unfinished', 'src/util/later.c:3'),
]
CONTENT = {
    'src/util/up.c': '#include "conf/b.h"\n',
    'src/rpc/aside.c': '#include "dbus/d.h"\n',
    'src/policy/qmp.c': '#include "drivers/qemu/qmp_client.h"\n',
    'src/policy/env.c': 'int x(void) { return getenv("A") != 0; }\n',
    'src/conf/copy.c': 'void x(char *a) { strcpy(a, "b"); /* strcpy() in a comment is fine */ }\n',
    'src/util/long.c': '\n' * (MAX_LINES + 1),
    'src/util/later.c': '/* TO' + 'DO: this */\n',
}
GOOD = {
    'src/util/a.h': '#include <stdio.h>\n',
    'src/conf/b.h': '#include "util/a.h"\n/* calls strcpy() */ const char *s = "sprintf(";\n',
    'src/dbus/d.h': '#include "drivers/driver.h"\n',
    'src/drivers/driver.h': '#include "util/a.h"\n',
    'src/drivers/qemu/qmp_client.h': '#include "conf/b.h"\n',
    'daemon/main.c': '#include "conf/b.h"\n#include "dbus/d.h"\n',
}


def put(top, path, text):
    os.makedirs(os.path.join(top, os.path.dirname(path)), exist_ok=True)
    with open(os.path.join(top, path), 'w', encoding='utf-8') as f:
        f.write(text)


def with_head(path, text):
    if 'nolicence' in path:
        return text
    second = '/* nothing */\n' if 'nameless' in path else '/* %s - a file. */\n' % path
    return HEAD + second + text


def make_good_tree(top, hacking):
    put(top, 'HACKING.md', hacking)
    for path, text in GOOD.items():
        put(top, path, with_head(path, text))


def self_test(hacking):
    results = []
    for path, rule, words in BROKEN:
        top = tempfile.mkdtemp(prefix='virtward-layering-')
        make_good_tree(top, hacking)
        put(top, path, with_head(path, CONTENT.get(path, '')))
        found = {name: said for name, said in check(top).items() if said}
        shutil.rmtree(top)
        if rule is None:
            results.append(('a good tree is accepted', not found, found))
        else:
            right = rule in found and any(words in line for line in found[rule])
            results.append(('%s is refused: %s' % (path, rule), right, found))
    return results


def main():
    top = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
    if sys.argv[1:] == ['--self-test']:
        results = self_test(read(os.path.join(top, 'HACKING.md')))
    else:
        found = check(sys.argv[1] if len(sys.argv) > 1 else top)
        results = [(name, not said, said) for name, said in found.items()]
    print('1..%d' % len(results))
    for n, (name, right, said) in enumerate(results, 1):
        if not right:
            print('\n'.join('# %s' % line for line in (said if isinstance(said, list) else [said])))
        print('%sok %d - %s' % ('' if right else 'not ', n, name))
    return 0 if all(right for _, right, _ in results) else 1


if __name__ == '__main__':
    sys.exit(main())
