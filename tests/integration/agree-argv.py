#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""agree-argv.py - the command line that libvirt's domxml-to-native gives for a definition, and virtward's: the same guest.

    agree-argv.py TOOL DATA FILE.xml|DIR ...    TAP, a subtest per file; TOOL is test-command-line, DATA its directory
    agree-argv.py --show ...                    the differing arguments of each file

Interfaces are taken out of both (libvirt turns them all into taps of this host). What one side refuses is named, not compared: whether a guest may be
defined or started is agreed upon elsewhere. Arguments are compared as a set, JSON by value; what has no meaning for the guest (libvirt's secret, where the monitor is, generated socket paths) is masked.
Differences that are meant are in DATA/known-differences, with a reason ("host: " before what depends on the machine); one that is gone is a
failure too.
"""
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

spec = importlib.util.spec_from_file_location('agree_libvirt', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'agree-libvirt.py'))
agree = importlib.util.module_from_spec(spec)
spec.loader.exec_module(agree)


def without_interfaces(text):
    text = re.sub(r'<interface\b[^>]*/>', '', text)
    return re.sub(r'<interface\b.*?</interface>', '', text, flags=re.S)


def libvirt_child(directory, files, out):
    agree.become_nobody(directory)
    import libvirt
    libvirt.registerErrorHandler(lambda *args: None, None)
    libvirt.virEventRegisterDefaultImpl()
    connection = libvirt.open('qemu:///embed?root=' + directory)
    for name in files:
        answer = {'file': name}
        try:
            answer['argv'] = connection.domainXMLToNative('qemu-argv', open(name).read(), 0)
        except libvirt.libvirtError as error:
            answer.update(code=error.get_error_code(), message=error.get_error_message())
        out.write(json.dumps(answer) + '\n')
        out.flush()


def ask_libvirt(files):
    try:
        import libvirt                  # noqa: F401
    except ImportError as error:
        agree.skip('python3-libvirt: %s' % error)
    directory = tempfile.mkdtemp(prefix='virtward-argv-', dir='/tmp')
    result = tempfile.TemporaryFile('w+')
    pid = os.fork()
    if pid == 0:
        try:
            libvirt_child(directory, files, result)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    shutil.rmtree(directory, ignore_errors=True)
    result.seek(0)
    answers = {answer['file']: answer for answer in map(json.loads, result)}
    if not answers:
        agree.skip('qemu:///embed cannot be opened')
    return answers


def words(text):
    """[(option, value or None)], without the environment."""
    parts = shlex.split(text.replace('\\\n', ' '))
    while '=' in parts[0] and not parts[0].startswith('/'):
        parts.pop(0)
    out = []
    for part in parts[1:]:
        if out and out[-1][1] is None and not re.match(r'-[a-zA-Z]', part):
            out[-1] = (out[-1][0], part)
        else:
            out.append((part, None))
    return out


IGNORED = ('-sandbox', '-msg', '-only-migratable', '-no-reboot')          # libvirt says the last over QMP


def normal(option, value):
    """One argument as text that is equal when the guest is; None: no part of the guest."""
    if option in IGNORED or value and ('masterKey0' in value or 'id=charmonitor' in value):
        return None
    if option == '-display' and value == 'none':
        return None
    if option == '-no-hpet':
        return '-machine hpet=off'
    if option == '-no-acpi':
        return '-machine acpi=off'
    if option == '-vnc' and value:
        value = re.sub(r'^(vnc=unix:)(?:[^,]|,,)*', r'\1', re.sub(r':\d+', ':N', value))
    if option == '-spice' and value:
        value = re.sub(r'^unix=on', 'unix', re.sub(r'port=\d+', 'port=N', value))
    if option == '-fsdev':
        value = re.sub(r',readonly=on\b', ',readonly', value)
    if value and value.startswith('{'):
        parsed = json.loads(value)
        if parsed.get('node-name') == 'libvirt-pflash1-storage':
            parsed['filename'] = os.path.basename(parsed['filename'])
        if 'vhostfd' in parsed:
            parsed['vhostfd'] = parsed['guest-cid'] = '*'
        if parsed.get('driver') == 'vmgenid':
            parsed['guid'] = '*'
        if option == '-device' and list(parsed) == ['driver'] and parsed['driver'] == 'vmcoreinfo':
            return '-device vmcoreinfo'
        return option + ' ' + json.dumps(parsed, sort_keys=True)
    if option == '-chardev':
        value = re.sub(r',path=[^,]*(?:,,[^,]*)*/(?:channel/target/domain|11111111|[0-9a-f-]{36})[^,]*(?:,,[^,]*)*(/[^,/]*)?', ',path=*', value)
    if option in ('-chardev', '-fsdev'):
        value = ','.join(sorted(re.split(r'(?<!,),(?!,)', value)))
    if option == '-rtc' and re.match(r'base=\d', value):
        value = re.sub(r'T[\d:]*', 'T*', value)
    if option == '-machine':
        return None                     # taken apart by machine()
    return option if value is None else option + ' ' + value


def machine(args):
    out = set()
    for option, value in args:
        if option == '-machine':
            parts = value.split(',')
            out.add('-machine ' + parts[0])
            out.update('-machine ' + part for part in parts[1:])
    return out


def as_set(text, has_uuid=True):
    args = [arg for arg in words(text) if has_uuid or arg[0] != '-uuid']
    found = machine(args)
    found.update(filter(None, (normal(*arg) for arg in args)))
    return found


def differences(theirs, ours, xml):
    if 'argv' not in theirs or 'argv' not in ours:
        return []
    a, b = [as_set(side['argv'], '<uuid>' in xml) for side in (theirs, ours)]
    return sorted(['libvirt  ' + x for x in a - b] + ['virtward ' + x for x in b - a], key=lambda x: x[9:])


def known(data):
    found = {}
    path = os.path.join(data, 'known-differences')
    for line in open(path) if os.path.exists(path) else []:
        if line.strip() and not line.startswith('#'):
            name, reason = line.split(':', 1)
            found[name] = reason.strip()
    return found


def main():
    args = sys.argv[1:]
    show = args[0] == '--show'
    tool, data, paths = args[show], args[show + 1], args[show + 2:]
    names = sorted(os.path.join(p, f) for p in paths if os.path.isdir(p) for f in os.listdir(p) if f.endswith('.xml') and not f.startswith('sim-'))
    names += [p for p in paths if not os.path.isdir(p)]
    with tempfile.TemporaryDirectory(prefix='test-agree-argv-') as directory:
        os.chmod(directory, 0o755)
        files = []
        for name in names:
            copy = os.path.join(directory, os.path.basename(name))
            with open(copy, 'w') as f:
                f.write(without_interfaces(open(name).read()))
            files.append(copy)
        ours = {a['file']: a for a in map(json.loads, subprocess.run([tool, data, '--show'] + files, stdout=subprocess.PIPE, check=True)
                                          .stdout.decode().splitlines())}
        theirs = ask_libvirt(files)
        reasons = known(data)
        failed = compared = 0
        print('1..%d' % len(files))
        for number, file in enumerate(files, 1):
            name = os.path.basename(file)
            found = differences(theirs.get(file, {'message': 'the child has died'}), ours[file], open(file).read())
            bad = bool(found) != (name in reasons) and not reasons.get(name, '').startswith('host: ')
            if bad and not found:
                found = ['known-differences lists it, and there is none: ' + reasons[name]]
            failed += bad
            answer = theirs.get(file, {'message': 'the child has died'})
            note = ' # known: ' + reasons[name] if found and not bad else ''
            for side, what in ('libvirt', answer), ('virtward', ours[file]):
                if 'argv' not in what:
                    note += ' # %s refuses: %s' % (side, what['message'].splitlines()[0])
            compared += not note
            print('%sok %d - %s%s' % ('not ' if bad else '', number, name, note))
            for line in found if bad or show else []:
                print('#   ' + line)
        print('# equal: %d of %d' % (compared, len(files)))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
