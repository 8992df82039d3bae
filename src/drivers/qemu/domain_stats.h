/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_stats.h - virConnectGetAllDomainStats from what is published; QEMU is not asked. */
#pragma once
#include "drivers/driver.h"

void qemu_stats(Driver *driver, const sd_id128_t *uuids, size_t n_uuids, unsigned stats, unsigned flags, Reply *reply);
