/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/capabilities.h - virConnectGetCapabilities and virConnectGetDomainCapabilities: what was probed, as libvirt's XML. */
#pragma once
#include <systemd/sd-id128.h>
#include "drivers/driver.h"
#include "drivers/qemu/qemu_caps_cache.h"

/* Both answer with RESULT_TEXT: at once when everything needed is in memory, else when the probes that it needs are done.
 * A binary that cannot be probed is left out of the first, with one line in the log. */
void qemu_capabilities_ask(QemuCapsCache *cache, sd_id128_t host_uuid, Reply *reply);
/* Every argument may be NULL, as in libvirt's call; a wrong one is ERROR_INVALID_ARG. */
void qemu_domain_capabilities_ask(QemuCapsCache *cache, const char *emulator, const char *arch, const char *machine, const char *virttype,
                                  Reply *reply);

/* The texts themselves, from what is known; for tests and for `explain` against a host's facts. */
char *qemu_domain_capabilities_xml(const QemuCaps *caps, const QemuMachine *machine, QemuAccel accel);
