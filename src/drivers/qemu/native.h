/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/native.h - virConnectDomainXMLToNative: the command line that a start of this definition would give QEMU. */
#pragma once
#include "drivers/driver.h"

/* format: "qemu-argv". Nothing is started, made or reserved: descriptors are numbered as they would be, ports are those that
 * are free now. A definition that policy refuses has no command line: the error lists every reason. */
void qemu_to_native(Driver *driver, const char *format, const char *xml, unsigned flags, Reply *reply);
