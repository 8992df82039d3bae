/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_monitor.h - what QEMU says unasked: a row per event, and what it means for the domain. */
#pragma once
#include "drivers/qemu/domain.h"

/* Handlers for qmp_client_new(); their userdata is the Domain. */
extern const QmpHandlers domain_qmp_handlers;

/* What query-status says, for a guest whose events were missed. */
void domain_apply_status(Domain *domain, const char *qemu_status);
