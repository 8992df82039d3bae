/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/domain_status.h - domains/UUID.json in the runtime directory: what the next daemon must know of an active guest.
 *
 * Replaced whole at every change, never synced: it is worth nothing after the host has gone down. */
#pragma once
#include "drivers/qemu/domain.h"

/* Also names the job and its step, so that what was interrupted can be finished or undone. */
void domain_status_write(Domain *domain);
void domain_status_remove(Domain *domain);
/* Status, monitor's socket, FIFO, and the sockets of the live definition's channels (def may be NULL). */
void domain_files_remove(QemuDriver *driver, sd_id128_t uuid, const DomainDef *def);

/* Names below domains/: UUID.json, UUID.monitor, UUID.stderr. */
void domain_file_name(sd_id128_t uuid, const char *suffix, char name[64]);

typedef struct DomainStatus {
        sd_id128_t uuid;
        char *name, *xml, *emulator, *operation, *step, *migration_phase;
        int id, state, reason;
        int migration_side;
        int64_t pid;                    /* 0: not yet spawned when it was written */
        uint64_t start_time, balloon_kib;
        DomainIntent start_flag;
        bool guaranteed, incoming, autodestroy, fake_reboot;
} DomainStatus;

/* Reads domains/NAME; < 0 with *err when it is not one of ours. The caller frees with domain_status_done(). */
int domain_status_read(QemuDriver *driver, const char *file_name, DomainStatus *ret, Error **err);
void domain_status_done(DomainStatus *status);
