/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/migration.h"

#include <time.h>

#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/qemu_driver.h"

/* ---- Arguments ---- */

static const struct {
        unsigned flag;
        const char *remedy;
} refused_flags[] = {
        { MIGRATE_PEER2PEER, "peer-to-peer migration; let the client lead: leave out --p2p" },
        { MIGRATE_TUNNELLED, "tunnelled migration; let QEMU connect by itself: leave out --tunnelled" },
        { MIGRATE_ABORT_ON_ERROR, "migration that aborts on I/O errors; leave out --abort-on-error" },
};

#define KNOWN_FLAGS                                                                                                    \
        (MIGRATE_LIVE | MIGRATE_PERSIST_DEST | MIGRATE_UNDEFINE_SOURCE | MIGRATE_PAUSED | MIGRATE_CHANGE_PROTECTION | MIGRATE_UNSAFE | \
         MIGRATE_OFFLINE | MIGRATE_AUTO_CONVERGE)

static bool param_known(const char *name) {
        static const char *const known[] = { "migrate_uri", "destination_name", "destination_xml", "persistent_xml", "bandwidth", "listen_address" };

        for (size_t i = 0; i < N_ELEMENTS(known); i++)
                if (streq(known[i], name))
                        return true;
        return false;
}

int migration_check_args(const MigrateArgs *args, Error **err) {
        for (size_t i = 0; i < N_ELEMENTS(refused_flags); i++)
                if (args->flags & refused_flags[i].flag)
                        return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "this daemon does not do %s", refused_flags[i].remedy);
        if (args->flags & ~(uint64_t) KNOWN_FLAGS)
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "migration flags 0x%llx are not supported",
                                 (unsigned long long) (args->flags & ~(uint64_t) KNOWN_FLAGS));
        for (size_t i = 0; i < args->n_params; i++)
                if (!param_known(args->params[i].name))
                        return error_set(err, ERROR_INVALID_ARG, "migration parameter '%s' is not supported", args->params[i].name);
        if ((args->flags & MIGRATE_OFFLINE) && !(args->flags & MIGRATE_PERSIST_DEST))
                return error_set(err, ERROR_OPERATION_INVALID, "offline migration must be specified with the persistent flag set");
        return 0;
}

json_object *migration_capability(const char *name, bool on) {
        json_object *arguments = json_object_new_object(), *list = json_object_new_array(), *capability = json_object_new_object();

        json_add_string(capability, "capability", name);
        json_add_bool(capability, "state", on);
        json_object_array_add(list, capability);
        json_add(arguments, "capabilities", list);
        return arguments;
}

MigrationEnd migration_end(const char *status) {
        return streq(status, "completed") ? MIGRATION_DONE
               : streq(status, "failed")  ? MIGRATION_ERROR
               : streq(status, "cancelled") ? MIGRATION_CANCELLED
                                            : MIGRATION_GOING;
}

/* ---- Answers ---- */

void migration_cookie_init(MigrationCookie *cookie, const Domain *domain) {
        *cookie = (MigrationCookie) { .name = xstrdup(domain->name), .uuid = domain->uuid, .host_name = xstrdup(domain->driver->host_name),
                                      .host_uuid = domain->driver->host_uuid };
}

void migration_answer(DomainJob *job, const MigrationCookie *cookie, const Result *extra) {
        CLEANUP(free) char *text = NULL;
        Result result = *extra;

        text = migration_cookie_format(cookie, &result.migrate.cookie_len);
        result.kind = RESULT_MIGRATE;
        result.migrate.cookie = text;
        domain_job_answer(job, &result, NULL);
}

uint64_t migration_elapsed_msec(const DomainJob *job) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000 - job->since_usec) / 1000;
}

void migration_note_phase(Domain *domain, int side, const char *phase) {
        if (!domain->live)
                return;
        domain->live->migration = (MigrationStatus) { .side = phase ? side : 0, .phase = phase };
        domain_status_write(domain);
}

/* ---- Statistics ---- */

typedef struct CompletedJob {
        MigrationStats stats;
        int operation, job_type;
} CompletedJob;

void migration_tell_stats(const MigrationStats *stats, int operation, int job_type, Reply *reply) {
        Param params[MIGRATION_STAT_MAX + 1];
        Result result = { .kind = RESULT_PARAMS };

        result.params.items = params;
        result.params.n = migration_stats_params(stats, operation, params);
        result.params.type = job_type;
        reply_give(reply, &result);
}

/* libvirt's virDomainGetJobStatsFlags: told once, unless they are to be kept. */
enum { STATS_KEEP_COMPLETED = 1 << 1 };

static void answer_completed(Domain *domain, unsigned flags, Reply *reply) {
        CompletedJob *completed = domain->completed_job;

        if (!(flags & STATS_KEEP_COMPLETED))
                domain->completed_job = NULL;
        migration_tell_stats(&completed->stats, completed->operation, completed->job_type, reply);
        if (!(flags & STATS_KEEP_COMPLETED))
                free(completed);
}

void migration_keep_stats(Domain *domain, const MigrationStats *stats, int operation, int job_type) {
        CompletedJob *completed = domain->completed_job ? domain->completed_job : xnew(CompletedJob);

        *completed = (CompletedJob) { .stats = *stats, .operation = operation, .job_type = job_type };
        domain->completed_job = completed;
        domain->completed_job_free = free;
        domain->completed_job_answer = answer_completed;
}

void migration_tell_completed(Domain *domain) {
        const CompletedJob *completed = domain->completed_job;
        Param params[MIGRATION_STAT_MAX + 1];
        DomainEvent event = { .id = DOMAIN_EVENT_JOB_COMPLETED };

        event.job.params = params;
        event.job.n = migration_stats_params(&completed->stats, completed->operation, params);
        domain_tell(domain, &event);
}

/* ---- Clients ---- */

void migration_link_add(QemuDriver *driver, MigrationLink *link) {
        link->next = driver->migrations;
        driver->migrations = link;
}

void migration_link_remove(QemuDriver *driver, MigrationLink *link) {
        MigrationLink **at = &driver->migrations;

        while (*at && *at != link)
                at = &(*at)->next;
        if (*at)
                *at = link->next;
}

/* What a link does when its client has gone may remove it and others: the search begins anew after each. */
void migration_client_gone(QemuDriver *driver, const void *client) {
        MigrationLink *link = driver->migrations;

        while (client && link) {
                if (link->client != client) {
                        link = link->next;
                        continue;
                }
                link->client = NULL;
                link->client_gone(link->job);
                link = driver->migrations;
        }
}
