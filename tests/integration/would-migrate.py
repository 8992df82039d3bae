#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""would-migrate.py TOOL [--full] - the verdict `migratable` against the truth: real QEMU with the same command line and
-only-migratable (TCG). Definitions are made here: a base per machine, times a device, disk, CPU or feature. A yes that QEMU
refuses, or a no that it accepts, is a failure; what cannot be tried on this machine is counted and named with --verbose.
Without --full a sample of 40."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

MACHINES = {
    'q35': ('x86_64', 'q35'), 'pc': ('x86_64', 'pc'),
    's390x': ('s390x', 's390-ccw-virtio'), 'ppc64': ('ppc64', 'pseries'),
}
X86 = ('q35', 'pc')
PCI = ('q35', 'pc', 'ppc64')
ALL = ('q35', 'pc', 's390x', 'ppc64')


def disk(root, form, target='vda', bus='virtio', device='disk', extra=''):
    return (f"<disk type='file' device='{device}'><driver name='qemu' type='{form}'/><source file='{root}/d.{form}'/>"
            f"<target dev='{target}' bus='{bus}'/>{extra}</disk>")


def parts(root):
    """(name, machines, part of <devices>, part of <domain>)"""
    rows = [('nothing', ALL, '', '')]
    for form in ('raw', 'qcow2', 'vdi', 'vmdk', 'qcow', 'vpc', 'qed'):
        rows.append((f'disk-{form}', ALL, disk(root, form), ''))
    rows += [
        ('disk-scsi', ALL, disk(root, 'qcow2', 'sda', 'scsi'), ''),
        ('disk-sata', ('q35',), disk(root, 'raw', 'sda', 'sata'), ''),
        ('disk-ide', ('pc',), disk(root, 'raw', 'hda', 'ide'), ''),
        ('disk-usb', PCI, disk(root, 'raw', 'sda', 'usb'), ''),
        ('cdrom-raw', ALL, disk(root, 'raw', 'sda', 'scsi', 'cdrom', '<readonly/>'), ''),
        ('cdrom-vmdk', ALL, disk(root, 'vmdk', 'sda', 'scsi', 'cdrom', '<readonly/>'), ''),
        ('floppy', ('pc',), disk(root, 'raw', 'fda', 'fdc', 'floppy'), ''),
        ('two-disks-one-vdi', ALL, disk(root, 'qcow2') + disk(root, 'vdi', 'vdb'), ''),
        ('backing-vmdk', ('q35', 's390x'),
         f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{root}/top.qcow2'/>"
         f"<backingStore type='file'><format type='vmdk'/><source file='{root}/d.vmdk'/><backingStore/></backingStore>"
         "<target dev='vda' bus='virtio'/></disk>", ''),
        ('iothread', ('q35', 's390x'), disk(root, 'raw').replace("type='raw'", "type='raw' iothread='1'"), '<iothreads>1</iothreads>'),
        ('9p', ALL, f"<filesystem type='mount' accessmode='mapped'><source dir='{root}'/><target dir='share'/></filesystem>", ''),
        ('virtiofs', ('q35',), f"<filesystem type='mount'><driver type='virtiofs'/><source dir='{root}'/><target dir='t'/></filesystem>",
         "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"),
        ('shmem-peer', PCI, "<shmem name='p' role='peer'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>", ''),
        ('shmem-master', PCI, "<shmem name='m' role='master'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>", ''),
        ('shmem-default', ('q35',), "<shmem name='d'><model type='ivshmem-plain'/><size unit='M'>1</size></shmem>", ''),
        ('sound-usb', X86, "<sound model='usb'/>", ''),
        ('serial-usb', X86, "<serial type='pty'><target type='usb-serial' port='0'/></serial>", ''),
        ('serial-pci', ('q35',), "<serial type='pty'><target type='pci-serial' port='0'/></serial>", ''),
        ('serial', ALL, "<serial type='pty'/>", ''),
        ('console-virtio', ALL, "<console type='pty'><target type='virtio'/></console>", ''),
        ('console-sclplm', ('s390x',), "<console type='pty'><target type='sclplm'/></console>", ''),
        ('channel-agent', ALL, "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>", ''),
        ('channel-vdagent', ALL, "<channel type='qemu-vdagent'><source><clipboard copypaste='yes'/></source>"
         "<target type='virtio' name='com.redhat.spice.0'/></channel>", ''),
        ('input-passthrough', PCI, "<input type='passthrough' bus='virtio'><source evdev='/dev/null'/></input>", ''),
        ('rng', ALL, "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>", ''),
        ('balloon', ALL, "<memballoon model='virtio'/>", ''),
        ('panic', ('q35', 's390x', 'ppc64'), '<panic/>', ''),
        ('iommu-intel', ('q35',), "<iommu model='intel'/>", "<features><acpi/><ioapic driver='qemu'/></features>"),
        ('graphics', ALL, "<graphics type='vnc' port='-1' autoport='yes'/><video><model type='virtio'/></video>", ''),
        ('tpm-passthrough', ('q35',), "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>", ''),
        ('memory-dimm', ('q35',), "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>",
         "<maxMemory slots='2' unit='MiB'>1024</maxMemory><features><acpi/></features><cpu><numa><cell id='0' cpus='0' memory='256' unit='MiB'/></numa></cpu>"),
        ('memory-mixed', ('q35',), disk(root, 'vdi') + "<sound model='usb'/>", ''),
    ]
    for model in ('virtio', 'e1000', 'e1000e', 'rtl8139', 'usb-net', 'vmxnet3', 'i82559c', 'ne2k_pci', 'pcnet', 'tulip', 'virtio-transitional',
                  'virtio-non-transitional'):
        machines = ('q35',) if model in ('e1000e', 'vmxnet3', 'tulip') else ALL if model == 'virtio' else PCI
        rows.append((f'nic-{model}', machines, f"<interface type='user'><model type='{model}'/></interface>", ''))
    rows.append(('nic-pci-on-s390x', ('s390x',), "<interface type='user'><model type='virtio'/><address type='pci'/></interface>", ''))
    rows.append(('disk-pci-on-s390x', ('s390x',), disk(root, 'raw', extra="<address type='pci'/>"), ''))
    for model in ('ich6', 'ich9', 'ac97', 'es1370', 'sb16'):
        rows.append((f'sound-{model}', X86, f"<sound model='{model}'/>", ''))
    for model in ('vga', 'cirrus', 'qxl', 'virtio', 'bochs', 'ramfb', 'vmvga'):
        rows.append((f'video-{model}', ('q35',), f"<video><model type='{model}'/></video>", ''))
    for model in ('i6300esb', 'ib700', 'diag288'):
        machines = ('s390x',) if model == 'diag288' else X86
        rows.append((f'watchdog-{model}', machines, f"<watchdog model='{model}' action='reset'/>", ''))
    for model in ('qemu-xhci', 'nec-xhci', 'ich9-ehci1', 'piix3-uhci', 'pci-ohci'):
        rows.append((f'usb-{model}', X86, f"<controller type='usb' model='{model}'/>", ''))
    for model in ('virtio-scsi', 'lsilogic', 'vmpvscsi', 'am53c974', 'lsisas1068', 'lsisas1078', 'dc390'):
        rows.append((f'scsi-{model}', ALL if model == 'virtio-scsi' else X86, f"<controller type='scsi' model='{model}'/>", ''))
    for bus, machines in (('usb', PCI), ('virtio', ALL), ('ps2', X86)):
        rows.append((f'keyboard-{bus}', machines, f"<input type='keyboard' bus='{bus}'/>", ''))
    rows.append(('tablet-usb', PCI, "<input type='tablet' bus='usb'/>", ''))
    for model in ('qemu64', 'kvm64', 'Nehalem', 'Haswell', 'EPYC', 'Skylake-Server', 'Opteron_G3'):
        rows.append((f'cpu-{model}', X86, '', f"<cpu mode='custom' match='exact' check='none'><model>{model}</model></cpu>"))
    rows += [
        ('cpu-host-model', ('q35', 'pc', 's390x'), '', "<cpu mode='host-model'/>"),
        ('cpu-maximum', ('q35', 'pc', 's390x'), '', "<cpu mode='maximum'/>"),
        ('cpu-maximum-off', ('q35',), '', "<cpu mode='maximum' migratable='off'/>"),
        ('cpu-power8', ('ppc64',), '', "<cpu mode='custom' match='exact'><model>POWER8</model></cpu>"),
        ('cpu-disable', ('q35',), '', "<cpu mode='host-model'><feature policy='disable' name='avx'/></cpu>"),
        ('hyperv', ('q35',), '', "<features><acpi/><hyperv><relaxed state='on'/><vapic state='on'/></hyperv></features>"),
        ('smm', ('q35',), '', "<features><acpi/><smm state='on'/></features>"),
        ('arguments', ('q35',), '', '<!--qemu-->'),
    ]
    return rows


def definition(name, machine, devices, top):
    arch, kind = MACHINES[machine]
    namespace = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" if '<!--qemu-->' in top else ''
    tail = "<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='nvme,serial=1'/></qemu:commandline>" if namespace else ''
    return (f"<domain type='qemu'{namespace}><name>{name}</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>"
            f"<os><type arch='{arch}' machine='{kind}'>hvm</type></os>{top}<devices>{devices}</devices>{tail}</domain>")


def make_images(root):
    for form in ('raw', 'qcow2', 'vdi', 'vmdk', 'qcow', 'vpc', 'qed'):
        subprocess.run(['qemu-img', 'create', '-q', '-f', form, f'{root}/d.{form}', '1440K'], check=True)
    subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', f'{root}/d.vmdk', '-F', 'vmdk', f'{root}/top.qcow2'], check=True)


def ask(stream, command):
    stream.write(json.dumps({'execute': command}) + '\n')
    stream.flush()
    for line in iter(stream.readline, ''):
        answer = json.loads(line)
        if 'return' in answer or 'error' in answer:
            return answer
    return None


def try_qemu(argv, root):
    """'yes', 'no', or why it could not be tried."""
    path = f'{root}/monitor'
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.set_inheritable(True)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(path)
    os.unlink(path)
    qemu = subprocess.Popen(argv, preexec_fn=lambda: os.dup2(server.fileno(), 3), close_fds=False, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    server.close()
    stream = client.makefile('rw')
    status = None
    try:
        if stream.readline() and ask(stream, 'qmp_capabilities'):
            status = ask(stream, 'query-status')
            ask(stream, 'quit')
    except (OSError, ValueError):
        pass
    text = qemu.communicate(timeout=60)[0]
    if status:
        return 'yes'
    if 'not migratable' in text or 'only-migratable' in text:
        return 'no'
    if qemu.returncode < 0:
        return f'QEMU died of signal {-qemu.returncode}'
    return text.strip().splitlines()[-1] if text.strip() else f'exit {qemu.returncode}'


def judge(tool, root, cases):
    by_arch = {}
    for name, machine, xml in cases:
        path = f'{root}/{name}.xml'
        with open(path, 'w', encoding='utf-8') as file:
            file.write(xml)
        by_arch.setdefault(MACHINES[machine][0], []).append(path)
    lines = {}
    for arch, paths in by_arch.items():
        binary = shutil.which(f'qemu-system-{arch}')
        if not binary:
            continue
        out = subprocess.run([tool, binary] + paths, capture_output=True, text=True, check=True).stdout
        for line in out.splitlines():
            answer = json.loads(line)
            lines[os.path.basename(answer['file'])[:-4]] = answer
    return lines


def main():
    tool, full, verbose = sys.argv[1], '--full' in sys.argv, '--verbose' in sys.argv
    if not shutil.which('qemu-img') or not shutil.which('qemu-system-x86_64'):
        print('1..0 # SKIP qemu-img and qemu-system-x86_64 are not installed')
        return 0
    root = tempfile.mkdtemp(prefix='would-migrate-')
    try:
        make_images(root)
        cases = [(f'{machine}-{name}', machine, definition(f'{machine}-{name}', machine, devices, top))
                 for name, machines, devices, top in parts(root) for machine in machines]
        if not full:
            cases = cases[::max(1, len(cases) // 40)]
        return run(tool, root, cases, verbose)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def run(tool, root, cases, verbose):
    lines = judge(tool, root, cases)
    failed = counted = 0
    print(f'1..{len(cases)}')
    for number, (name, _, _) in enumerate(cases, 1):
        line = lines.get(name, {'error': 'no such QEMU here'})
        if 'argv' not in line:
            print(f"ok {number} - {name} # SKIP {line['error']}")
            continue
        real = try_qemu(line['argv'], root)
        said = line['migratable']
        if real not in ('yes', 'no'):
            print(f'ok {number} - {name} # SKIP not to be tried here: {real[-150:]}')
            continue
        counted += 1
        good = said in (real, 'unknown')
        failed += not good
        print(f"{'' if good else 'not '}ok {number} - {name}: said {said}, QEMU says {real}")
        if verbose or not good:
            print(f"# {' '.join(line['codes'])}")
    print(f'# {counted} of {len(cases)} definitions were tried with the real QEMU')
    return 1 if failed else 0


sys.exit(main())
