/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/migration.h - live migration, both sides: the verbs, and what the two sides share.
 *
 * The client leads (libvirt's protocol v3): begin at the source, prepare at the destination, perform at the source, finish at
 * the destination, confirm at the source. Each side holds its domain by one job from its first phase to its last; a
 * phase is a table of steps. Memory goes from QEMU to QEMU and never through the daemon. */
#pragma once
#include "drivers/qemu/domain.h"
#include "drivers/qemu/migration_cookie.h"

/* libvirt's virDomainMigrateFlags. */
enum {
        MIGRATE_LIVE = 1 << 0,
        MIGRATE_PEER2PEER = 1 << 1,
        MIGRATE_TUNNELLED = 1 << 2,
        MIGRATE_PERSIST_DEST = 1 << 3,
        MIGRATE_UNDEFINE_SOURCE = 1 << 4,
        MIGRATE_PAUSED = 1 << 5,
        MIGRATE_CHANGE_PROTECTION = 1 << 8,
        MIGRATE_UNSAFE = 1 << 9,
        MIGRATE_OFFLINE = 1 << 10,
        MIGRATE_ABORT_ON_ERROR = 1 << 12,
        MIGRATE_AUTO_CONVERGE = 1 << 13,
};

/* ERROR_ARGUMENT_UNSUPPORTED or ERROR_INVALID_ARG for a flag or parameter that this daemon does not do: none is read over. */
int migration_check_args(const MigrateArgs *args, Error **err);

/* A cookie with this side's name for itself filled in; domain may be one that only the job knows. */
void migration_cookie_init(MigrationCookie *cookie, const Domain *domain);

/* Answers who waits for job with a cookie and perhaps more; members of extra other than the cookie are passed on. */
void migration_answer(DomainJob *job, const MigrationCookie *cookie, const Result *extra);

/* virDomainGetJobStats of a migration that runs, or of one that has ended (kept in domain->completed_job). */
void migration_tell_stats(const MigrationStats *stats, int operation, int job_type, Reply *reply);
void migration_keep_stats(Domain *domain, const MigrationStats *stats, int operation, int job_type);
/* The event JOB_COMPLETED, with what migration_keep_stats() kept. */
void migration_tell_completed(Domain *domain);

/* Milliseconds since the job got its domain. */
uint64_t migration_elapsed_msec(const DomainJob *job);

/* What MIGRATION events say: still going, or one of QEMU's three ends. */
typedef enum MigrationEnd { MIGRATION_GOING, MIGRATION_DONE, MIGRATION_ERROR, MIGRATION_CANCELLED } MigrationEnd;
MigrationEnd migration_end(const char *status);

/* {"capabilities":[{"capability":NAME,"state":ON}]} */
json_object *migration_capability(const char *name, bool on);

/* Where the migration stands, for the status file: an interrupted one is undone by the next daemon. NULL: it is over. */
void migration_note_phase(Domain *domain, int side, const char *phase);

/* Verbs. */
void qemu_migrate_begin(Driver *driver, const Caller *caller, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);
void qemu_migrate_perform(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);
void qemu_migrate_confirm(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply);
void qemu_migrate_prepare(Driver *driver, const Caller *caller, const MigrateArgs *args, Reply *reply);
void qemu_migrate_finish(Driver *driver, const MigrateArgs *args, Reply *reply);

/* The client that led these migrations has gone: what it will not finish is undone. */
void migration_client_gone(QemuDriver *driver, const void *client);

/* Which migrations exist, for the above: a job adds itself for its life. */
typedef struct MigrationLink MigrationLink;
struct MigrationLink {
        MigrationLink *next;
        const void *client;             /* NULL: nobody's */
        DomainJob *job;
        void (*client_gone)(DomainJob *job);
};
void migration_link_add(QemuDriver *driver, MigrationLink *link);
void migration_link_remove(QemuDriver *driver, MigrationLink *link);
