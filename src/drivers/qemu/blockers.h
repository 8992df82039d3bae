/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/blockers.h - why running guests cannot migrate, kept up to date: QEMU sends no event when that changes.
 *
 * A guest can make itself unmigratable at any time (it turns secure, it mounts a 9p share), so QEMU's blocked-reasons are read
 * again at every change of state and once a minute. What has changed is published among the domain's messages and logged;
 * whoever decides something asks QEMU anew (explain_blocked.h). */
#pragma once
#include "drivers/qemu/domain.h"

#define BLOCKERS_INTERVAL_USEC (60 * USEC_PER_SEC)

void blockers_refresh(Domain *domain);                  /* asks, unless an answer is awaited already */
int blockers_watch(QemuDriver *driver, Error **err);    /* from now on, once a minute */
