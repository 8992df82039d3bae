/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_stop.h"

#include <signal.h>

#include "drivers/qemu/domain_job.h"
#include "drivers/qemu/domain_start_private.h"
#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/migration.h"
#include "drivers/qemu/qemu_driver.h"
#include "drivers/qemu/why.h"
#include "util/log.h"

#define TERM_USEC (10 * USEC_PER_SEC)           /* from SIGTERM to SIGKILL */
#define LAST_MOMENT_USEC (2 * USEC_PER_SEC)     /* from the end of the monitor to SIGKILL */

/* ---- Making it end ---- */

static int on_kill_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Domain *domain = userdata;

        log_warning("domain '%s': QEMU does not end by itself and is killed", domain->name);
        if (domain->live && domain->live->process)
                process_kill(domain->live->process, SIGKILL);
        return 0;
}

static void arm_kill_timer(Domain *domain, uint64_t usec) {
        DomainLive *live = domain->live;

        if (!live->kill_timer)
                sd_event_add_time_relative(domain->driver->runner->loop, &live->kill_timer, CLOCK_MONOTONIC, usec, 0, on_kill_timer, domain);
}

void domain_stop(Domain *domain, int shutoff_reason, int stopped_detail, unsigned flags) {
        DomainLive *live = domain->live;

        live->end_known = true;
        live->end_reason = shutoff_reason;
        live->end_detail = stopped_detail;
        live->end_quiet = flags & DOMAIN_STOP_NO_EVENT;
        if (flags & DOMAIN_STOP_SILENT)
                domain_close_monitor(live);
        if (!live->process)
                return;
        process_kill(live->process, flags & DOMAIN_STOP_AT_ONCE ? SIGKILL : SIGTERM);
        if (!(flags & DOMAIN_STOP_GRACEFUL))
                arm_kill_timer(domain, TERM_USEC);
}

void domain_when_gone(Domain *domain, void (*gone)(Domain *domain, void *userdata), void *userdata) {
        DomainWaiter *waiter = xnew(DomainWaiter), **end = &domain->waiters;

        *waiter = (DomainWaiter) { .gone = gone, .userdata = userdata };
        while (*end)
                end = &(*end)->next;
        *end = waiter;
}

/* ---- When it has ended ---- */

void domain_tell_gone(Domain *domain) {
        DomainWaiter *waiter = STEAL(domain->waiters);

        while (waiter) {
                DomainWaiter *next = waiter->next;

                waiter->gone(domain, waiter->userdata);
                free(waiter);
                waiter = next;
        }
}

void domain_ended(Domain *domain) {
        DomainLive *live = domain->live;
        int reason = live->end_known ? live->end_reason : SHUTOFF_CRASHED;
        int detail = live->end_known ? live->end_detail : DETAIL_STOPPED_FAILED;
        bool quiet = live->end_quiet;

        domain_files_remove(domain->driver, domain->uuid, live->def);
        domain_set_inactive(domain);
        domain_set_state(domain, DOMAIN_SHUTOFF, reason);
        if (!quiet)
                domain_tell_lifecycle(domain, LIFECYCLE_STOPPED, detail);
        domain_tell_gone(domain);
        domain_jobs_next(domain);
}

static void record_end(Domain *domain, const Error *why) {
        const DomainJob *job = domain->job;

        why_record(domain, job ? job->type->name : domain->live->end_known ? "stop" : "run", job && job->op ? op_step(job->op) : NULL,
                   domain->live->end_known ? NULL : why, NULL);
        if (!domain->live->end_known)
                log_warning("domain '%s': %s", domain->name, why->detail);
}

static Error *end_error(Domain *domain, const ProcessExit *how) {
        CLEANUP(free) char *text = process_exit_text(how), *line = stderr_tail_excerpt(domain->live->errors);
        Error *err = NULL;

        error_set(&err, ERROR_OPERATION_FAILED, "QEMU of domain '%s' %s%s%s", domain->name, text, line ? ": " : "", line ? line : "");
        return err;
}

/* What QEMU still wrote to its monitor is heard first: it says whether the guest has shut down. */
void domain_on_exit(Process *process, const ProcessExit *how, void *userdata) {
        CLEANUP(error_free) Error *why = NULL;
        Domain *domain = userdata;
        DomainLive *live = domain->live;
        bool held;

        live->exited = true;
        live->exit = *how;
        if (live->qmp)
                qmp_client_drain(live->qmp);
        if (live->errors)
                stderr_tail_drain(live->errors);
        live->process = process_free(process);
        why = end_error(domain, how);
        if (domain->start) {
                domain_start_lost(domain, why);
                return;
        }
        record_end(domain, why);
        held = domain->job;
        domain_ended(domain);
        if (held)                               /* then the domain is still there */
                domain_job_lose(domain, why);
}

void domain_on_monitor_closed(void *userdata, const Error *reason) {
        Domain *domain = userdata;

        if (!domain->live)
                return;
        domain_close_monitor(domain->live);
        domain->live->monitor_lost = true;
        if (domain->live->process)
                arm_kill_timer(domain, LAST_MOMENT_USEC);
}

/* ---- destroy ---- */

static void on_destroyed(Domain *domain, void *userdata) {
        reply_none(userdata);
}

/* Never waits behind a job: whatever holds the domain loses it. */
static void destroy_now(Domain *domain, unsigned flags) {
        CLEANUP(error_free) Error *why = NULL;

        error_set(&why, ERROR_OPERATION_ABORTED, "domain '%s' is being destroyed", domain->name);
        if (!domain->live->end_known || domain->live->end_reason != SHUTOFF_DESTROYED)
                log_info("domain '%s': destroy", domain->name);
        domain_stop(domain, SHUTOFF_DESTROYED, DETAIL_STOPPED_DESTROYED, flags);
        domain_job_lose(domain, why);
}

void qemu_destroy(Driver *base, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);

        if (!domain || flags_check(flags, 1, "qemuDomainDestroyFlags", &err) < 0 ||
            (!domain->live && domain_verb_check(domain, VERB_DESTROY, &err) < 0)) {
                reply_fail(reply, err);
                return;
        }
        domain_when_gone(domain, on_destroyed, reply);
        destroy_now(domain, flags & 1 ? DOMAIN_STOP_GRACEFUL : 0);
}

/* ---- The client that a guest was to end with ---- */

typedef struct ClientGone {
        const void *client;
        Domain *found;
} ClientGone;

static bool find_autodestroy(Domain *domain, void *userdata) {
        ClientGone *gone = userdata;

        if (domain->live && domain->live->autodestroy_client == gone->client && !domain->live->end_known)
                gone->found = domain;
        return !gone->found;
}

void qemu_client_gone(Driver *base, void *client) {
        migration_client_gone(qemu_driver(base), client);
        for (ClientGone gone = { .client = client };; gone.found = NULL) {
                driver_each_active(qemu_driver(base), find_autodestroy, &gone);
                if (!gone.found)
                        return;
                destroy_now(gone.found, 0);
        }
}
