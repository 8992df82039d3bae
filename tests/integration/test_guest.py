#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_guest.py - what guests do by themselves: boot sectors that power off, reset and panic, and what clients are told of it.

The sequences are those that libvirt 9.0 tells for the same guests, but for SUSPENDED before CRASHED, which it tells now and then.
"""
import threading

import harness
from harness import equal, guest_xml, wait_for

try:
    import libvirt
except ImportError:
    libvirt = None

POWER_OFF = bytes.fromhex('ba0406 b80020 ef f4')        # mov dx,0x604; mov ax,0x2000; out dx,ax; hlt
RESET = bytes.fromhex('b0fe e664 f4')                   # mov al,0xfe; out 0x64,al; hlt
PANIC = bytes.fromhex('ba0505 b001 ee f4')              # mov dx,0x505; mov al,1; out dx,al; hlt

DEFINED, UNDEFINED, STARTED, SUSPENDED, RESUMED, STOPPED, SHUTDOWN, PMSUSPENDED, CRASHED = range(9)
BEGIN = [(RESUMED, 0), (STARTED, 0)]


def boot_sector(t, code):
    path = t.path('boot.img')
    with open(path, 'wb') as f:
        f.write(code.ljust(510, b'\0') + b'\x55\xaa' + bytes(1024 * 1024 - 512))
    return path


class Story:
    def __init__(self, t, code, actions=''):
        if libvirt is None:
            raise harness.Skip('python3-libvirt is not installed')
        libvirt.virEventRegisterDefaultImpl()
        self.events, self.over = [], False
        self.tick = libvirt.virEventAddTimeout(50, lambda *_: None, None)
        self.conn = t.libvirt(t.daemon())
        self.callbacks = [self.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self.on_lifecycle, None),
                          self.conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self.on_reboot, None)]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        t.at_end(self.stop)
        disk = "<disk type='file'><source file='%s'/><target dev='hda' bus='ide'/></disk><panic model='isa'/>" % boot_sector(t, code)
        self.domain = self.conn.createXML(guest_xml('vm1', devices=disk).replace('<devices>', actions + '<devices>'))

    def on_lifecycle(self, _conn, _domain, event, detail, _):
        self.events.append((event, detail))

    def on_reboot(self, *_):
        if not self.events or self.events[-1] != 'reboot':      # a reset is told as often as QEMU does it
            self.events.append('reboot')

    def run(self):
        rounds = 0
        while not self.over or rounds < 5:
            libvirt.virEventRunDefaultImpl()
            rounds += self.over

    def stop(self):
        """While the loop still runs: the client library closes its socket from there, and when no domain refers to it."""
        self.domain = None
        for callback in self.callbacks:
            self.conn.domainEventDeregisterAny(callback)
        self.conn.close()
        self.over = True
        self.thread.join(10)
        libvirt.virEventRemoveTimeout(self.tick)

    def until_gone(self):
        wait_for(lambda: not self.conn.listAllDomains(), 'the end of the guest')
        wait_for(lambda: self.events and self.events[-1][0] == STOPPED, 'STOPPED')
        return self.events[len(BEGIN):]

    def until(self, event):
        wait_for(lambda: event in self.events[len(BEGIN):], event)
        return self.events[len(BEGIN):]


def test_guest_powers_off(t):
    story = Story(t, POWER_OFF)
    equal(story.until_gone(), [(SHUTDOWN, 1), (STOPPED, 0)])
    equal(story.events[:2], BEGIN)


def test_guest_powers_off_and_is_restarted(t):
    story = Story(t, POWER_OFF, '<on_poweroff>restart</on_poweroff>')
    equal(story.until('reboot'), ['reboot'])
    equal(story.domain.state()[0], libvirt.VIR_DOMAIN_RUNNING)
    story.domain.destroy()


def test_guest_resets(t):
    story = Story(t, RESET)
    equal(story.until('reboot'), ['reboot'])
    story.domain.destroy()


def test_guest_resets_and_is_destroyed(t):
    story = Story(t, RESET, '<on_reboot>destroy</on_reboot>')
    equal(story.until_gone(), [(SHUTDOWN, 1), (STOPPED, 0)])


def test_guest_panics_and_is_destroyed(t):
    story = Story(t, PANIC)
    equal(story.until_gone(), [(CRASHED, 0), (STOPPED, 2)])


def test_guest_panics_and_is_restarted(t):
    story = Story(t, PANIC, '<on_crash>restart</on_crash>')
    equal(story.until((RESUMED, 0))[:3], [(CRASHED, 0), 'reboot', (RESUMED, 0)])
    story.domain.destroy()


def test_guest_panics_and_is_kept(t):
    story = Story(t, PANIC, '<on_crash>preserve</on_crash>')
    story.until((CRASHED, 0))
    equal(story.domain.state(), [libvirt.VIR_DOMAIN_CRASHED, libvirt.VIR_DOMAIN_CRASHED_PANICKED])
    story.domain.reset()
    equal(story.domain.state(), [libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_CRASHED])
    story.domain.resume()
    equal(story.domain.state()[0], libvirt.VIR_DOMAIN_RUNNING)
    story.domain.destroy()


def test_guest_that_does_not_listen_to_its_power_button(t):
    story = Story(t, bytes.fromhex('fa f4'))
    story.domain.shutdown()
    equal(story.domain.state()[0], libvirt.VIR_DOMAIN_RUNNING)
    story.domain.destroy()


harness.main(globals())
