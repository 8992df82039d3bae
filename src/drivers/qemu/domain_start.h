/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_start.h - from a definition to a running QEMU: one table of steps, for starts of every kind. */
#pragma once
#include "drivers/qemu/domain.h"
#include "drivers/qemu/explain.h"

typedef struct DomainStart DomainStart;

typedef struct DomainStartArgs {
        PolicyOperation operation;              /* POLICY_START, POLICY_RESTORE, POLICY_MIGRATE_IN */
        DomainDef *def;                         /* completed, taken over (also on failure); NULL: the stored one */
        bool paused;                            /* vCPUs are not started */
        /* -incoming defer: stops after the monitor is open, with the guest published as paused/migration and no event told; only
         * live->incoming, id and status say that it is there. */
        bool incoming;
        DomainIntent start_flag;
        const void *autodestroy_client;         /* NULL: none */
} DomainStartArgs;

/* Starts the domain on behalf of job, which holds it and runs no steps now. done, from the loop: err NULL and the domain is active,
 * or err, and everything is undone, QEMU gone. verdict (borrowed) is there whenever the start came that far. */
void domain_start(DomainJob *job, DomainStartArgs *args, void (*done)(DomainJob *job, const StartVerdict *verdict, Error *err));

/* Verbs. */
void qemu_create(Driver *driver, const Caller *caller, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_create_xml(Driver *driver, const Caller *caller, const char *xml, unsigned flags, Reply *reply);
void qemu_start(Driver *driver, const Caller *caller, const char *request, Reply *reply);
