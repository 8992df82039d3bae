# SPDX-License-Identifier: LGPL-2.1-or-later
"""mix_definitions.py - definitions of random mixtures of the devices in a corpus, for agree-libvirt.py.

    mix_definitions.py CORPUS OUT SEED N        N files in OUT; the same seed gives the same files
    agree-libvirt.py build/tests/complete-xml OUT

Disks get targets of their own, boot orders go, and most addresses and aliases, so that what is compared is mostly what both
sides choose and not that they refuse the same clash.
"""
import os
import random
import re
import sys
import xml.etree.ElementTree as ET

MACHINES = (('x86_64', 'q35'), ('x86_64', 'pc'), ('s390x', 's390-ccw-virtio'), ('ppc64', 'pseries'))
WEIGHTS = {'disk': 6, 'interface': 5, 'controller': 5, 'input': 3, 'channel': 3, 'graphics': 2, 'video': 2, 'serial': 2, 'console': 2, 'sound': 2,
           'rng': 1, 'hub': 1, 'redirdev': 1, 'hostdev': 1, 'watchdog': 1, 'filesystem': 1, 'panic': 1, 'memballoon': 1,
           'vsock': .5, 'parallel': .5, 'smartcard': .5, 'shmem': .5, 'tpm': .3, 'audio': .3, 'iommu': .3}
SINGLE = {'memballoon', 'vsock', 'iommu', 'smartcard', 'watchdog'}


def devices_of(corpus):
    """{element: [texts]} of all files that both sides agree on."""
    known = {line.split(':')[0] for line in open(os.path.join(corpus, 'known-differences'))}
    pool = {}
    for name in sorted(os.listdir(corpus)):
        if not name.endswith('.xml') or name in known:
            continue
        for device in ET.parse(os.path.join(corpus, name)).getroot().findall('devices/*'):
            if device.tag in WEIGHTS:
                pool.setdefault(device.tag, set()).add(ET.tostring(device).decode().strip())
    return {tag: sorted(texts) for tag, texts in pool.items()}


def retarget(text, n):
    bus = re.search(r'bus="(\w+)"', text)
    given = re.search(r'<target[^>]*dev="([a-z]d)[a-z]*"', text)
    prefix = {'virtio': 'vd', 'ide': 'hd', 'fdc': 'fd'}.get(bus.group(1), 'sd') if bus else given.group(1) if given else 'vd'
    return re.sub(r'(<target[^>]*dev=")[a-z]+"', r'\g<1>%s%s"' % (prefix, chr(97 + n)), text)


def mixture(pool):
    devices, used, n_disks = [], set(), 0
    for _ in range(random.randint(1, 9)):
        tag = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if tag not in pool or (tag in SINGLE and tag in used):
            continue
        used.add(tag)
        text = re.sub(r'<boot order="\d+"[^>]*/>', '', random.choice(pool[tag]))
        if tag == 'disk':
            text = retarget(text, n_disks)
            n_disks += 1
        if random.random() < .8:
            text = re.sub(r'<alias name="[^"]*" ?/>', '', text)
        if random.random() < .7:
            text = re.sub(r'<address type="(pci|ccw|drive|usb|spapr-vio)"[^>]*?(/>|>.*?</address>)', '', text, flags=re.S)
        devices.append(text)
    return '\n'.join(devices)


def main(corpus, out, seed, n):
    random.seed(int(seed))
    pool = devices_of(corpus)
    os.makedirs(out, exist_ok=True)
    for i in range(int(n)):
        arch, machine = random.choice(MACHINES)
        with open(os.path.join(out, 'mix-%s-%05d.xml' % (seed, i)), 'w') as file:
            file.write("<domain type='qemu'>\n<name>mix</name>\n<memory>1048576</memory>\n<vcpu>2</vcpu>\n<os><type arch='%s' machine='%s'>hvm"
                       "</type></os>\n<devices>\n%s\n</devices>\n</domain>\n" % (arch, machine, mixture(pool)))


main(*sys.argv[1:])
