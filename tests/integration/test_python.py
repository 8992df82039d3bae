#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_python.py - libvirt-python, unmodified: what virsh does not show (error codes, flags, events in process)."""
import os
import signal
import sys
import threading

import harness
from harness import check, contains, equal, guest_xml, wait_for

UUID = 'aaaaaaaa-0000-4000-8000-000000000001'

try:
    import libvirt
except ImportError:
    libvirt = None


def code_of(function, *args):
    """(code, domain) of the error that the call must fail with."""
    try:
        function(*args)
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain()
    raise harness.Failure('%s did not fail' % function.__name__)


def test_versions(t):
    conn = t.libvirt(t.daemon())
    equal(conn.getType(), 'QEMU')
    equal(conn.getLibVersion(), 9000000)
    check(conn.getVersion() >= 7000000, 'a version of QEMU')
    equal(conn.isAlive(), 1)
    equal(conn.isSecure(), 1)
    equal(conn.isEncrypted(), 0)
    contains(conn.getURI(), 'qemu')


def test_errors_have_libvirts_codes(t):
    conn = t.libvirt(t.daemon())
    domain = conn.defineXML(guest_xml('vm1', uuid=UUID))
    equal(code_of(conn.lookupByName, 'nosuch'), (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_FROM_QEMU))
    equal(code_of(conn.lookupByUUIDString, UUID.replace('a', 'b')), (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_FROM_QEMU))
    equal(code_of(conn.lookupByID, 77), (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_FROM_QEMU))
    equal(code_of(domain.destroy), (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_FROM_DOMAIN))
    equal(code_of(domain.suspend), (libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_FROM_DOMAIN))
    equal(code_of(conn.defineXML, '<domain'), (libvirt.VIR_ERR_XML_DETAIL, libvirt.VIR_FROM_DOMAIN))
    equal(code_of(conn.defineXML, '<network/>')[0], libvirt.VIR_ERR_XML_ERROR)
    equal(code_of(domain.metadata, libvirt.VIR_DOMAIN_METADATA_TITLE, None), (libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_FROM_DOMAIN))
    equal(code_of(domain.abortJob)[0], libvirt.VIR_ERR_OPERATION_INVALID)


def test_unknown_flags_are_refused(t):
    conn = t.libvirt(t.daemon())
    domain = conn.defineXML(guest_xml('vm1'))
    equal(code_of(domain.createWithFlags, 1 << 30), (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_FROM_QEMU))
    equal(code_of(domain.undefineFlags, 1 << 30)[0], libvirt.VIR_ERR_INVALID_ARG)
    equal(code_of(conn.defineXMLFlags, guest_xml('vm2'), 1 << 30)[0], libvirt.VIR_ERR_INVALID_ARG)
    wrong = guest_xml('vm2').replace('</devices>', '<teapot/></devices>')
    equal(code_of(conn.defineXMLFlags, wrong, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)[0], libvirt.VIR_ERR_XML_INVALID_SCHEMA)
    conn.defineXMLFlags(guest_xml('vm2'), libvirt.VIR_DOMAIN_DEFINE_VALIDATE).undefine()


def test_unknown_elements_are_named(t):
    conn = t.libvirt(t.daemon())
    xml = guest_xml('vm1', devices="<disc type='file'/>")
    try:
        conn.defineXML(xml)
    except libvirt.libvirtError as error:
        contains(str(error), 'disc', "disk")
    else:
        raise harness.Failure('an unknown element was accepted')
    equal(conn.listAllDomains(), [])


def test_names_that_are_no_names(t):
    daemon = t.daemon()
    conn = t.libvirt(daemon)
    for name in ('a/b', '..', '.', '../../etc/passwd', 'a&#10;b', 'a&#9;b', '', ' '):
        try:
            conn.defineXML(guest_xml(name))
        except libvirt.libvirtError as error:
            check(error.get_error_code() in (libvirt.VIR_ERR_XML_ERROR, libvirt.VIR_ERR_XML_DETAIL, libvirt.VIR_ERR_INVALID_ARG,
                                             libvirt.VIR_ERR_CONFIG_UNSUPPORTED), 'code of the name %r: %s' % (name, error))
        else:
            raise harness.Failure('the name %r was accepted' % name)
    equal(conn.listAllDomains(), [])
    check(daemon.process.poll() is None, 'the daemon lives')


def test_xml_bombs(t):
    conn = t.libvirt(t.daemon())
    good = guest_xml('vm1')
    entity = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + good.replace('vm1', '&b;')
    external = '<!DOCTYPE d SYSTEM "file:///etc/passwd">' + good
    deep = good.replace('<features>', '<metadata>%s%s</metadata><features>' % ('<a>' * 5000, '</a>' * 5000))
    wide = good.replace('<features>', '<metadata>%s</metadata><features>' % ('<a/>' * 300000))
    for what, xml in (('entities', entity), ('an external DTD', external), ('nesting', deep), ('elements', wide), ('no end', good[:200])):
        check(code_of(conn.defineXML, xml)[0] in (libvirt.VIR_ERR_XML_DETAIL, libvirt.VIR_ERR_XML_ERROR), 'refused: ' + what)
    equal(conn.listAllDomains(), [])


def test_interrupted_connection_ends_autodestroy_guests(t):
    daemon = t.daemon()
    conn = t.libvirt(daemon)
    short = libvirt.open(daemon.uri)
    short.createXML(guest_xml('vm1'), libvirt.VIR_DOMAIN_START_AUTODESTROY)
    equal(len(harness.guests_of('vm1')), 1)
    short.close()
    wait_for(lambda: not harness.guests_of('vm1'), 'the end of QEMU')
    wait_for(lambda: conn.listAllDomains() == [], 'the end of the domain')


class Loop:
    """libvirt's default event loop in a thread."""

    def __init__(self):
        libvirt.virEventRegisterDefaultImpl()
        self.running = True
        self.tick = libvirt.virEventAddTimeout(50, lambda *_: None, None)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.running:
            libvirt.virEventRunDefaultImpl()

    def stop(self):
        self.running = False
        self.thread.join()


def test_events_in_process(t):
    daemon = t.daemon()
    loop = Loop()
    t.at_end(loop.stop)
    conn = t.libvirt(daemon)
    conn.setKeepAlive(1, 5)
    seen = []
    number = conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         lambda c, d, event, detail, _: seen.append((d.name(), event, detail)), None)
    domain = conn.defineXML(guest_xml('vm1'))
    domain.create()
    os.kill(harness.guests_of('vm1')[0], signal.SIGKILL)
    crashed = ('vm1', libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED)
    wait_for(lambda: crashed in seen, 'the event of the crash')
    equal(seen[0], ('vm1', libvirt.VIR_DOMAIN_EVENT_DEFINED, libvirt.VIR_DOMAIN_EVENT_DEFINED_ADDED))
    check(('vm1', libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_BOOTED) in seen, 'the event of the start')
    conn.domainEventDeregisterAny(number)
    before = len(seen)
    domain.undefine()
    conn.getLibVersion()
    equal(len(seen), before, 'events after the end of the registration')


def test_full_disk_keeps_the_old_definition(t):
    """The state directory lies on a file system of 64 KiB."""
    if os.getuid() != 0:
        raise harness.Skip('needs root to mount a small file system')
    daemon = t.make_daemon()
    os.makedirs(daemon.state, mode=0o700)
    if harness.run(['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=700', 'none', daemon.state], t.top, ok=None).returncode != 0:
        raise harness.Skip('file systems cannot be mounted here')
    t.at_end(lambda: (daemon.stop(), harness.run(['umount', daemon.state], t.top)))
    daemon.start()
    conn = t.libvirt(daemon)
    conn.defineXML(guest_xml('vm1', uuid=UUID, memory=32))
    harness.write(os.path.join(daemon.state, 'fill'), '')
    with open(os.path.join(daemon.state, 'fill'), 'wb', buffering=0) as fill:
        try:
            while fill.write(bytes(512)):
                pass
        except OSError:
            pass
    code = code_of(conn.defineXML, guest_xml('vm1', uuid=UUID, memory=48, devices='<input type="tablet" bus="virtio"/>' * 50))[0]
    equal(code, libvirt.VIR_ERR_SYSTEM_ERROR)
    contains(conn.lookupByName('vm1').XMLDesc(), "<memory unit='KiB'>32768</memory>")
    equal(code_of(conn.defineXML, guest_xml('vm2', devices='<input type="tablet" bus="virtio"/>' * 50))[0], libvirt.VIR_ERR_SYSTEM_ERROR)
    equal(len(conn.listAllDomains()), 1, 'number of domains')
    os.unlink(os.path.join(daemon.state, 'fill'))
    conn.close()
    daemon.restart()
    again = libvirt.open(daemon.uri)
    contains(again.lookupByName('vm1').XMLDesc(), "<memory unit='KiB'>32768</memory>")
    again.close()


if __name__ == '__main__':
    if libvirt is None:
        print('1..0 # SKIP python3-libvirt is not installed')
        sys.exit(0)
    sys.exit(harness.main(globals()))
