#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""accept-argv.py DIR - every golden command line DIR/*.argv is accepted by the real QEMU, which answers query-status and quits.

Paths of the definitions are moved into a directory of the test's own, images are made there; what needs a host that a test machine is not (a tap
interface, a kernel image, a server somewhere) is taken out. Simulated ones (sim-*) are left out: their objects do not exist here.
"""
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile

LEFT_OUT = ('-kernel', '-initrd', '-append')


def read_argv(path):
    return shlex.split(open(path).read().replace('\\\n', ' '))


class Host:
    """Where the paths of a definition lead during the test."""

    def __init__(self, root):
        self.root = root
        self.formats = {}

    def move(self, text):
        moved = re.sub(r"(?<![\w/])/(var/lib|tmp|run/virtward|srv|usr/share/OVMF|dev/disk)", lambda m: self.root + m.group(0), text)
        for path in re.findall(re.escape(self.root) + r"[^\"']*?(?=,\w+=|[\"']|$)", moved):
            os.makedirs(os.path.dirname(path.replace(',,', ',')), exist_ok=True)
        return moved

    def image(self, path, size, form):
        if form == 'qcow2':
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path, str(size)], check=True)
        else:
            with open(path, 'wb') as f:
                f.truncate(size)

    def blockdev(self, node):
        if node.get('driver') in ('host_device', 'host_cdrom'):
            node['driver'] = 'file'
        if node.get('driver') == 'nbd':
            return {'driver': 'null-co', 'size': 1 << 20, 'node-name': node['node-name']}
        if node.get('driver') == 'file':
            if not node['filename'].startswith(self.root):
                node['filename'] = self.root + node['filename']
                os.makedirs(os.path.dirname(node['filename']), exist_ok=True)
            self.formats[node['node-name']] = node['filename']
        elif node.get('file') in self.formats:
            path = self.formats[node['file']]
            self.image(path, 1474560 if path.endswith('fd.img') else 1 << 20, node['driver'])
        return node


def prepare(argv, host):
    out = [argv[0]]
    n = 1
    while n < len(argv):
        option = argv[n]
        value = argv[n + 1] if n + 1 < len(argv) and not argv[n + 1].startswith('-') else None
        n += 1 if value is None else 2
        if option in LEFT_OUT:
            continue
        if value is not None:
            value = host.move(value)
        if option == '-vnc' and not value.startswith('vnc=unix'):
            value = re.sub(r'^[\w.]+:\d+', 'unix:' + host.root + '/vnc', value)
        if option == '-chardev':
            value = value.replace('port=4555', 'port=0')
        if option == '-fsdev':
            os.makedirs(re.search(r',path=((?:[^,]|,,)*)', value).group(1).replace(',,', ','), exist_ok=True)
        if option == '-blockdev':
            value = json.dumps(host.blockdev(json.loads(value)))
        out += [option] if value is None else [option, value]
    return out


def ask(stream, command):
    stream.write(json.dumps({'execute': command}) + '\n')
    stream.flush()
    while True:
        line = stream.readline()
        if not line:
            return None
        answer = json.loads(line)
        if 'return' in answer or 'error' in answer:
            return answer


def run(argv, root):
    path = os.path.join(root, 'monitor')
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.set_inheritable(True)
    qemu = subprocess.Popen(argv, preexec_fn=lambda: os.dup2(server.fileno(), 3), close_fds=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    server.close()
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(path)
    stream = client.makefile('rw')
    status = None
    try:
        if stream.readline() and ask(stream, 'qmp_capabilities'):
            status = ask(stream, 'query-status')
            ask(stream, 'quit')
    except (OSError, ValueError):
        pass
    text = qemu.communicate(timeout=60)[0]
    return status, qemu.returncode, text


def check(path):
    argv = read_argv(path)
    root = tempfile.mkdtemp(prefix='test-argv-')
    try:
        status, code, text = run(prepare(argv, Host(root)), root)
    except (OSError, subprocess.SubprocessError) as error:
        return False, str(error)
    finally:
        shutil.rmtree(root)
    good = status is not None and status.get('return', {}).get('status') == 'prelaunch' and code == 0
    return good, '' if good else 'status %s, exit %s: %s' % (status, code, text)


def main():
    directory = sys.argv[1]
    names = sorted(f[:-5] for f in os.listdir(directory) if f.endswith('.argv') and not f.startswith('sim-'))
    print('1..%d' % len(names))
    failed = 0
    for number, name in enumerate(names, 1):
        path = os.path.join(directory, name + '.argv')
        text = open(path).read()
        if not os.access(read_argv(path)[0], os.X_OK):
            print('ok %d - %s # SKIP %s is not installed' % (number, name, read_argv(path)[0]))
            continue
        if '"type":"tap"' in text or '"vhostfd"' in text or '"hugetlb":true' in text or 'qcow2' in text and not shutil.which('qemu-img'):
            print('ok %d - %s # SKIP needs a tap interface, vsock, huge pages or qemu-img' % (number, name))
            continue
        good, why = check(path)
        failed += not good
        print('%sok %d - %s' % ('' if good else 'not ', number, name))
        for line in why.splitlines():
            print('# ' + line)
    return 1 if failed else 0


sys.exit(main())
