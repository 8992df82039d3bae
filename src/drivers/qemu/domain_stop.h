/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_stop.h - how QEMU ends, wanted or not, and what is told of it. */
#pragma once
#include "drivers/qemu/domain.h"

typedef enum DomainStopFlags {
        DOMAIN_STOP_GRACEFUL = 1 << 0,          /* SIGTERM only: never SIGKILL */
        DOMAIN_STOP_SILENT = 1 << 1,            /* the monitor is closed first, so QEMU's SHUTDOWN event is not told (migrated away) */
        DOMAIN_STOP_NO_EVENT = 1 << 2,          /* nor is STOPPED told */
        DOMAIN_STOP_AT_ONCE = 1 << 3,           /* SIGKILL first: nobody needs its last words */
} DomainStopFlags;

/* Makes QEMU end (SIGTERM, SIGKILL after a while). When its process has gone: state shutoff with that reason, STOPPED with that
 * detail, status file and sockets removed, waiters told, a transient domain dropped. For an active domain; never waits. */
void domain_stop(Domain *domain, int shutoff_reason, int stopped_detail, unsigned flags);

/* gone() is told once, in the loop, after all of the above. */
void domain_when_gone(Domain *domain, void (*gone)(Domain *domain, void *userdata), void *userdata);

/* Verbs. */
void qemu_destroy(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);
void qemu_client_gone(Driver *driver, void *client);

/* The process has gone (ProcessSpec's exited, for children and adopted ones alike). userdata: the Domain. */
void domain_on_exit(Process *process, const ProcessExit *how, void *userdata);
/* The monitor has gone: QEMU gets a moment to end by itself. userdata: the Domain. */
void domain_on_monitor_closed(void *userdata, const Error *reason);
