/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cpu_pin.h - what the first start of a host-model guest fixed: are confidential bits part of its CPU or not?
 *
 * A file per guest that has such a CPU, pins/UUID in the state directory, there until the guest is undefined. A later start that would
 * flip it is the policy's to refuse (R35, R36, R47). */
#pragma once
#include "drivers/qemu/explain.h"
#include "drivers/qemu/qemu_driver.h"

CpuPin cpu_pin_read(const QemuDriver *driver, sd_id128_t uuid);
/* After a start of a stored guest; nothing when its CPU has no such choice or is pinned already. Durable soon, nobody waits. */
void cpu_pin_record(Domain *domain, const CpuExpansion *cpu);
void cpu_pin_forget(QemuDriver *driver, sd_id128_t uuid);
