# SPDX-License-Identifier: LGPL-2.1-or-later
"""agree-libvirt.py - the same XML completed by libvirt's QEMU driver and by virtward: the same verdict, and equal to the leaf.

    agree-libvirt.py TOOL FILE.xml|DIR ...      TAP, a subtest per file
    agree-libvirt.py --show TOOL FILE.xml       both completed texts as a unified diff
    agree-libvirt.py --messages TOOL DIR        the error messages of both sides, for those that both refuse

libvirt runs inside a child of this process (qemu:///embed), as an ordinary user: as root it insists on a user that only
a full installation has. Generated UUIDs and MAC addresses are masked. A difference that is known is in the file
'known-differences' beside the XML, with its reason; one that is listed there and gone is a failure too,
unless it depends on the host.
"""
import difflib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

NOBODY = 65534


def skip(reason):
    print('1..0 # SKIP %s' % reason)
    sys.exit(77)


# ---- libvirt's side ----

def become_nobody(directory):
    if os.geteuid() == 0:
        user = pwd.getpwuid(NOBODY)
        os.chown(directory, user.pw_uid, user.pw_gid)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.chdir('/')
    os.environ.update(HOME=directory, XDG_CACHE_HOME=directory, XDG_CONFIG_HOME=directory, XDG_RUNTIME_DIR=directory)
    os.environ['PATH'] = '/usr/bin:/bin:/usr/sbin:/sbin'
    null = os.open('/dev/null', os.O_WRONLY)
    os.dup2(null, 2)


def libvirt_child(directory, files, out):
    become_nobody(directory)
    import libvirt
    libvirt.registerErrorHandler(lambda *args: None, None)
    libvirt.virEventRegisterDefaultImpl()
    try:
        connection = libvirt.open('qemu:///embed?root=' + directory)
    except libvirt.libvirtError as error:
        out.write(json.dumps({'unusable': str(error)}) + '\n')
        return
    for name, text in files:
        answer = {'file': name}
        try:
            domain = connection.defineXML(text)
            answer['xml'] = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)
        except libvirt.libvirtError as error:
            answer.update(code=error.get_error_code(), domain=error.get_error_domain(), message=error.get_error_message())
        out.write(json.dumps(answer) + '\n')


def ask_libvirt(files):
    try:
        import libvirt                  # noqa: F401 - only whether it is there; used in the child
    except ImportError as error:
        skip('python3-libvirt: %s' % error)
    directory = tempfile.mkdtemp(prefix='virtward-agree-', dir='/tmp')
    result = tempfile.TemporaryFile('w+')
    texts = [(name, open(name).read()) for name in files]
    pid = os.fork()
    if pid == 0:
        try:
            libvirt_child(directory, texts, result)
            result.flush()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    shutil.rmtree(directory, ignore_errors=True)
    result.seek(0)
    answers = [json.loads(line) for line in result]
    if not answers or 'unusable' in answers[0]:
        skip('qemu:///embed: %s' % (answers[0]['unusable'] if answers else 'the child has died'))
    return {answer['file']: answer for answer in answers}


def ask_virtward(tool, files):
    devices = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'data', 'agree')
    text = subprocess.run([tool, '--devices', devices] + files, stdout=subprocess.PIPE, check=True).stdout.decode()
    return {answer['file']: answer for answer in map(json.loads, text.splitlines())}


# ---- comparing ----

def leaves(element, path, found):
    """{XPath: value} of all attributes and texts; an element without either is a leaf too."""
    counts = {}
    text = (element.text or '').strip()
    found[path] = text if text or not len(element) else ''
    for name, value in element.attrib.items():
        found['%s/@%s' % (path, name)] = value
    for child in element:
        counts[child.tag] = counts.get(child.tag, 0) + 1
        leaves(child, '%s/%s[%d]' % (path, child.tag, counts[child.tag]), found)
    return found


def mask(found, asked):
    """What was not asked for and is chosen at random."""
    for path in found:
        if path == '/domain/uuid[1]' and 'uuid' not in [child.tag for child in asked]:
            found[path] = '*'
        if path == '/domain/genid[1]' and not (asked.findtext('genid') or '').strip():
            found[path] = '*'
        if path == '/domain/os[1]/nvram[1]' and not asked.findtext('os/nvram'):
            found[path] = os.path.basename(found[path])
        match = re.match(r'/domain/devices\[1\]/interface\[(\d+)\]/mac\[1\]/@address$', path)
        if match:
            interfaces = asked.findall('devices/interface')
            if int(match.group(1)) > len(interfaces) or interfaces[int(match.group(1)) - 1].find('mac') is None:
                found[path] = '*'
    return found


def parse(text):
    return ET.fromstring(text)


def differences(name, theirs, ours):
    if ('xml' in theirs) != ('xml' in ours):
        if 'xml' in theirs:
            return ['virtward refuses: %s' % ours['message']]
        return ['libvirt refuses: %d/%d %s' % (theirs['code'], theirs['domain'], theirs['message'])]
    if 'xml' not in theirs:
        return []
    asked = parse(open(name).read())
    a = mask(leaves(parse(theirs['xml']), '/domain', {}), asked)
    b = mask(leaves(parse(ours['xml']), '/domain', {}), asked)
    found = []
    for path in sorted(set(a) | set(b)):
        if a.get(path) != b.get(path):
            found.append('%s: libvirt %r, virtward %r' % (path.replace('[1]', ''), a.get(path), b.get(path)))
    return found


def known_differences(files):
    known = {}
    for directory in sorted({os.path.dirname(name) for name in files}):
        path = os.path.join(directory, 'known-differences')
        if not os.path.exists(path):
            continue
        for line in open(path):
            if line.strip() and not line.startswith('#'):
                name, reason = line.strip().split(': ', 1)
                known[os.path.join(directory, name)] = reason
    return known


def expand(arguments):
    files = []
    for argument in arguments:
        if os.path.isdir(argument):
            files += [os.path.join(argument, name) for name in sorted(os.listdir(argument)) if name.endswith('.xml')]
        else:
            files.append(argument)
    return files


# ---- reporting ----

def show(tool, name):
    theirs, ours = ask_libvirt([name])[name], ask_virtward(tool, [name])[name]
    texts = [answer.get('xml') or '%(code)d/%(domain)d %(message)s\n' % answer for answer in (theirs, ours)]
    sys.stdout.writelines(difflib.unified_diff(texts[0].splitlines(True), texts[1].splitlines(True), 'libvirt', 'virtward'))


def messages(tool, files):
    theirs, ours = ask_libvirt(files), ask_virtward(tool, files)
    for name in files:
        if 'xml' not in theirs[name] and 'xml' not in ours[name]:
            print('%s\n  %d/%d %s\n  %d/%d %s' % ((os.path.basename(name),) + tuple(
                answer[key] for answer in (theirs[name], ours[name]) for key in ('code', 'domain', 'message'))))


def main(arguments):
    mode = arguments.pop(0) if arguments[0].startswith('--') else None
    tool, files = arguments[0], expand(arguments[1:])
    if mode == '--show':
        return show(tool, files[0])
    if mode == '--messages':
        return messages(tool, files)
    theirs, ours, known = ask_libvirt(files), ask_virtward(tool, files), known_differences(files)
    n_verdicts = n_equal = failed = 0
    print('1..%d' % len(files))
    for n, name in enumerate(files, 1):
        found = differences(name, theirs[name], ours[name])
        n_verdicts += ('xml' in theirs[name]) == ('xml' in ours[name])
        n_equal += not found
        for line in found:
            print('# %s: %s' % (os.path.basename(name), line))
        if found and name in known:
            print('ok %d - %s # SKIP known: %s' % (n, os.path.basename(name), known[name]))
        elif found or not known.get(name, 'host: ').startswith('host: '):
            print('not ok %d - %s%s' % (n, os.path.basename(name), '' if found else ': listed in known-differences, but there is none'))
            failed += 1
        else:
            print('ok %d - %s' % (n, os.path.basename(name)))
    print('# the same verdict: %d of %d; equal to the leaf: %d of %d' % (n_verdicts, len(files), n_equal, len(files)))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
