#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-man.py - the manual pages against the tables that the programs run by: nothing missing, nothing that is not there.

    man/test-man.py SOURCE WARDSH VIRTWARDD     prints TAP
"""
import json
import os
import re
import shutil
import subprocess
import sys

SOURCE, WARDSH, VIRTWARDD = sys.argv[1:4]
PAGES = ('wardsh.1', 'virtwardd.8', 'virtwardd.conf.5', 'policy.conf.5')
count = failed = 0


def read(*path):
    with open(os.path.join(SOURCE, *path), encoding='utf-8') as f:
        return f.read()


def check(name, problems, skip=None):
    global count, failed
    count += 1
    for problem in problems:
        print('#', problem)
    failed += bool(problems)
    print(f'{"not ok" if problems else "ok"} {count} - {name}' + (f' # SKIP {skip}' if skip else ''))


def formats(page):
    """What the formatter has to complain about."""
    env = dict(os.environ, LC_ALL='C.UTF-8', MANWIDTH='100')
    run = subprocess.run(['man', '--warnings=w', '-E', 'UTF-8', '-l', os.path.join(SOURCE, 'man', page)], env=env,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    return run.stderr.splitlines() + ([f'man ended with {run.returncode}'] if run.returncode else [])


def blocks(page):
    """{heading: text} of the page's .It items, each with the text up to the next item of its own kind."""
    text = read('man', page)
    found = re.split(r'^\.It ((?:Ic|Va) .*)$', text, flags=re.M)
    return {found[i]: found[i] + '\n' + found[i + 1] for i in range(1, len(found), 2)}


def options_of(text):
    return set(re.findall(r'(?:Fl|\|) -([a-z0-9-]+)', text))


def heading_of(command, items):
    for heading in items:
        if re.match(rf'Ic {re.escape(command)}( [A-Z]|$)', heading):
            return heading
    return None


def wardsh_commands():
    table = json.loads(subprocess.run([WARDSH, 'help', '--json'], stdout=subprocess.PIPE, check=True).stdout)
    items = blocks('wardsh.1')
    general = read('man', 'wardsh.1').split('.Sh COMMANDS')[0]
    problems = [f'wardsh.1 lacks the option --{o["name"]}' for o in table['options'] if o['name'] not in options_of(general)]
    known = set()
    for command in table['commands']:
        heading = heading_of(command['name'], items)
        known.add(heading)
        if not heading:
            problems.append(f'wardsh.1 lacks the command {command["name"]}')
            continue
        text = items[heading] if command['name'] == 'migrate' else items[heading].split('\n.El')[0]
        has, wants = options_of(text), {o['name'] for o in command['options']}
        problems += [f'wardsh.1: {command["name"]} lacks --{o}' for o in sorted(wants - has)]
        general_too = wants | {o['name'] for o in table['options']}
        problems += [f'wardsh.1: {command["name"]} has no --{o}' for o in sorted(has - general_too)]
        problems += [f'wardsh.1: {command["name"]} lacks the letter -{o["letter"]}' for o in command['options']
                     if 'letter' in o and f'Fl {o["letter"]} ' not in items[heading]]
    problems += [f'wardsh.1 has a command that is not there: {h}' for h in items if h.startswith('Ic ') and h not in known]
    return problems


def virtwardd_options():
    text = subprocess.run([VIRTWARDD, '--help'], stdout=subprocess.PIPE, text=True, check=True).stdout
    wants = set(re.findall(r'^ +--([a-z-]+)', text, flags=re.M))
    has = set(re.findall(r'^\.It Fl -([a-z-]+)', read('man', 'virtwardd.8'), flags=re.M))
    return [f'only in {"virtwardd --help" if o in wants else "virtwardd.8"}: --{o}' for o in sorted(wants ^ has)]


def config_rows(source, page):
    wants = set(re.findall(r'^ +\{ "([a-z_]+)", +CONF_', read(*source), flags=re.M))
    has = {key for line in re.findall(r'^\.It Va (.*)$', read('man', page), flags=re.M) for key in line.split(' , ')}
    if not wants:
        return [f'no rows found in {"/".join(source)}']
    return [f'only in {"/".join(source) if k in wants else page}: {k}' for k in sorted(wants ^ has)]


def main():
    have_man = shutil.which('man') and shutil.which('groff')
    print(f'1..{len(PAGES) + 4}')
    for page in PAGES:
        check(f'{page} formats without a warning', formats(page) if have_man else [], None if have_man else 'there is no man')
    check('wardsh.1 has every command and option, and no other', wardsh_commands())
    check('virtwardd.8 has every option, and no other', virtwardd_options())
    check('virtwardd.conf.5 has every setting, and no other', config_rows(('daemon', 'config.c'), 'virtwardd.conf.5'))
    check('policy.conf.5 has every setting, and no other', config_rows(('src', 'policy', 'policy_settings.c'), 'policy.conf.5'))
    return 1 if failed else 0


sys.exit(main())
