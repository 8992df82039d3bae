/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_adopt.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "drivers/qemu/blockers.h"
#include "drivers/qemu/domain_monitor.h"
#include "drivers/qemu/domain_start_private.h"
#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "drivers/qemu/why.h"
#include "util/fs.h"
#include "util/log.h"

#define MONITOR_USEC (30 * USEC_PER_SEC)
#define PROBE_USEC (60 * USEC_PER_SEC)

typedef struct AdoptJob {
        DomainJob job;                          /* first */
        DomainStatus status;
        char *qemu_status, *migration_status;   /* what QEMU says now */
        QemuCapsRequest *probe;
        Op *probe_op;
} AdoptJob;

/* ---- The monitor ---- */

static int take_status(void *subject, json_object *result, Error **err) {
        AdoptJob *adopt = subject;

        adopt->qemu_status = xstrdup(json_get_string(result, "status"));
        return adopt->qemu_status ? 0 : error_set(err, ERROR_INTERNAL, "QEMU does not say in which state it is");
}

static int take_migration(void *subject, json_object *result, Error **err) {
        ((AdoptJob *) subject)->migration_status = xstrdup(json_get_string(result, "status"));
        return 0;
}

static OpResult adopt_open_monitor(Op *op, void *subject, Error **err) {
        Domain *domain = ((DomainJob *) subject)->domain;
        CLEANUP(free) char *what = domain_what(domain);
        char name[64];

        domain_file_name(domain->uuid, ".monitor", name);
        if (qmp_client_connect(domain->driver->runner->loop, domain->driver->domains_fd, name, what, &domain_qmp_handlers, domain,
                               &domain->live->qmp, err) < 0 ||
            domain_qmp_ask(op, domain, "query-migrate", NULL, take_migration, subject, true, err) == OP_FAILED)
                return OP_FAILED;
        return domain_qmp_ask(op, domain, "query-status", NULL, take_status, subject, false, err);
}

/* ---- The emulator's capabilities, for later verdicts ---- */

static void probe_drop(void *held) {
        AdoptJob *adopt = held;

        if (adopt->probe)
                qemu_caps_request_cancel(STEAL(adopt->probe));
}

static void on_probed(QemuCaps *caps, const Error *err, void *userdata) {
        AdoptJob *adopt = userdata;

        adopt->probe = NULL;
        if (caps && adopt->job.domain->live)
                adopt->job.domain->live->caps = qemu_caps_ref(caps);
        else if (err)
                log_warning("domain '%s': %s", adopt->job.domain->name, err->message);
        op_resume(adopt->probe_op, NULL);               /* a guest that runs is kept, whatever its binary is now */
}

static OpResult adopt_probe_emulator(Op *op, void *subject, Error **err) {
        AdoptJob *adopt = subject;
        DomainLive *live = adopt->job.domain->live;
        QemuCapsCache *cache = adopt->job.domain->driver->caps;
        const char *emulator = adopt->status.emulator ? adopt->status.emulator : live->def->emulator;
        QemuCaps *known = emulator ? qemu_caps_cache_peek(cache, emulator) : NULL;

        if (known || !emulator) {
                live->caps = known ? qemu_caps_ref(known) : NULL;
                return OP_DONE;
        }
        adopt->probe_op = op;
        op_hold(op, adopt, probe_drop);
        adopt->probe = qemu_caps_cache_get(cache, emulator, on_probed, adopt);
        return OP_WAIT;
}

/* ---- What was under way ---- */

static bool migration_runs(const char *status) {
        static const char *const active[] = { "setup", "active", "device", "pre-switchover", "wait-unplug", "cancelling" };

        for (size_t i = 0; status && i < N_ELEMENTS(active); i++)
                if (streq(active[i], status))
                        return true;
        return false;
}

/* The source of a migration whose daemon died: it goes on here, unless all of it has left already. */
static OpResult settle_migration_out(Op *op, AdoptJob *adopt, Error **err) {
        Domain *domain = adopt->job.domain;

        domain->live->migration = (MigrationStatus) {};
        if (streq(adopt->migration_status, "completed")) {
                log_warning("domain '%s': its migration had completed when virtwardd was interrupted; it stays paused here: resume it only when "
                            "it does not run on the destination, else destroy it", domain->name);
                return OP_DONE;
        }
        log_warning("domain '%s': its migration was interrupted and is cancelled", domain->name);
        if (migration_runs(adopt->migration_status) && domain_qmp_ask(op, domain, "migrate_cancel", NULL, NULL, NULL, true, err) == OP_FAILED)
                return OP_FAILED;
        if (adopt->status.state != DOMAIN_RUNNING && adopt->status.reason != PAUSED_MIGRATION)
                return domain_qmp_step(op, domain, "query-status", NULL, err);          /* it was paused before */
        domain->live->running_reason = RUNNING_MIGRATION_CANCELED;
        return domain_qmp_step(op, domain, "cont", NULL, err);
}

static OpResult adopt_settle(Op *op, void *subject, Error **err) {
        AdoptJob *adopt = subject;
        Domain *domain = adopt->job.domain;

        domain_apply_status(domain, adopt->qemu_status);
        if (domain->state == DOMAIN_SHUTDOWN)
                return OP_DONE;
        if (adopt->status.migration_side == 1)
                return settle_migration_out(op, adopt, err);
        return OP_DONE;
}

static const OpStep adopt_steps[] = {
        { "open-monitor",       adopt_open_monitor,     NULL,   MONITOR_USEC },
        { "probe-emulator",     adopt_probe_emulator,   NULL,   PROBE_USEC },
        { "settle",             adopt_settle,           NULL,   MONITOR_USEC },
        {},
};

/* A guest that cannot be spoken to cannot be kept from being started twice: it is ended, as libvirt does. One that is only slow
 * is kept. */
static void adopt_done(DomainJob *job, Error *err) {
        Domain *domain = job->domain;

        if (!err && domain->state == DOMAIN_SHUTDOWN) {
                domain_stop(domain, SHUTOFF_SHUTDOWN, DETAIL_STOPPED_SHUTDOWN, 0);      /* the guest did it meanwhile */
        } else if (!err) {
                log_info("domain '%s': found again, process %lld", domain->name, (long long) domain->view.pid);
                domain_status_write(domain);
                blockers_refresh(domain);
        } else if (domain->live && err->code != ERROR_OPERATION_TIMEOUT) {
                log_warning("domain '%s': it cannot be taken over and is ended: %s", domain->name, err->message);
                domain_stop(domain, SHUTOFF_CRASHED, DETAIL_STOPPED_FAILED, 0);
        } else if (domain->live) {
                log_error("domain '%s': its QEMU does not answer; it is kept as it was last seen: %s", domain->name, err->message);
        }
        domain_job_end(job, NULL, NULL);
}

static void adopt_begin(DomainJob *job) {
        domain_job_run(job, adopt_steps, adopt_done);
}

static void adopt_free(DomainJob *job) {
        AdoptJob *adopt = (AdoptJob *) job;

        domain_status_done(&adopt->status);
        free(adopt->qemu_status);
        free(adopt->migration_status);
        free(adopt);
}

static const DomainJobType adopt_type = { .name = "find again", .begin = adopt_begin, .free = adopt_free };

/* ---- Files ---- */

static DomainLive *live_from_status(const DomainStatus *status, Error **err) {
        DomainLive *live = xnew(DomainLive);

        if (domain_def_parse(status->xml, strlen(status->xml), 0, &live->def, err) < 0)
                return domain_live_free(live);
        live->start_flag = status->start_flag;
        live->guaranteed = status->guaranteed;
        live->incoming = status->incoming;
        live->fake_reboot = status->fake_reboot;
        live->balloon_kib = status->balloon_kib;
        return live;
}

static void ended_meanwhile(Domain *domain, const Error *why) {
        DomainLive *live = domain->live;

        log_warning("domain '%s': its QEMU ended while no virtwardd was running", domain->name);
        live->exited = true;
        if (live->errors)
                stderr_tail_drain(live->errors);
        why_record(domain, "run", NULL, why, NULL);
        domain_ended(domain);
}

/* What was not started completely, or was to end with a client of the daemon that is gone, is ended without a question. */
static bool end_at_once(Domain *domain, const DomainStatus *status) {
        bool half_started = streq(status->operation, "start") || (status->incoming && !streq(status->migration_phase, "finish"));

        if (!half_started && !status->autodestroy)
                return false;
        log_warning("domain '%s': %s: it is ended", domain->name, half_started ? "it had not been started completely when virtwardd was interrupted"
                                                                              : "the client that it was to end with has gone");
        domain_stop(domain, half_started ? SHUTOFF_FAILED : SHUTOFF_DESTROYED, half_started ? DETAIL_STOPPED_FAILED : DETAIL_STOPPED_DESTROYED,
                    half_started ? DOMAIN_STOP_AT_ONCE | DOMAIN_STOP_NO_EVENT : 0);
        return true;
}

/* status moves to the job when there is one. */
static int adopt_domain(QemuDriver *driver, DomainStatus *status, Error **err) {
        CLEANUP(error_free) Error *gone = NULL;
        Domain *domain = driver_find_uuid(driver, status->uuid);
        DomainLive *live;
        AdoptJob *adopt;
        char name[64];

        if (driver_check_name(driver, status->name, status->uuid, err) < 0)
                return -1;
        live = live_from_status(status, err);
        if (!live)
                return -1;
        if (!domain)
                domain = domain_new(driver, status->uuid, status->name);
        driver->last_id = status->id > driver->last_id ? status->id : driver->last_id;
        domain_set_active(domain, live, status->id);
        live_ports_claim(driver, live->def);
        domain_file_name(status->uuid, ".stderr", name);
        stderr_tail_open(driver->runner->loop, driver->domains_fd, name, &live->errors, NULL);
        domain->state = status->state == DOMAIN_SHUTOFF ? DOMAIN_PAUSED : (DomainState) status->state;
        domain->reason = status->reason;
        if (process_adopt(driver->runner->loop, (pid_t) status->pid, status->start_time, domain_on_exit, domain, &live->process, &gone) < 0) {
                ended_meanwhile(domain, gone);
                return 0;
        }
        domain_publish(domain);
        if (end_at_once(domain, status))
                return 0;
        adopt = xnew(AdoptJob);
        adopt->job.type = &adopt_type;
        adopt->status = *status;
        *status = (DomainStatus) {};
        domain_job_ask(domain, &adopt->job);
        return 0;
}

/* A QEMU that was started and not yet written down: whoever still listens there is told to quit. */
static void end_unrecorded(QemuDriver *driver, sd_id128_t uuid) {
        static const QmpHandlers nobody = {};
        QmpClient *client = NULL;
        char name[64];

        domain_file_name(uuid, ".monitor", name);
        if (qmp_client_connect(driver->runner->loop, driver->domains_fd, name, "an unfinished start", &nobody, NULL, &client, NULL) == 0) {
                qmp_client_call(client, "quit", NULL, NULL, NULL, NULL);
                qmp_client_free(client);        /* the words are in its socket; it reads them when it is up */
        }
        domain_files_remove(driver, uuid, NULL);
}

static void adopt_file(QemuDriver *driver, const char *name) {
        CLEANUP(error_free) Error *err = NULL;
        DomainStatus status = {};

        if (domain_status_read(driver, name, &status, &err) >= 0) {
                if (status.pid == 0)
                        end_unrecorded(driver, status.uuid);
                else
                        adopt_domain(driver, &status, &err);
        }
        if (err)
                log_error("cannot find the guest of '%s' again: %s", name, err->message);
        domain_status_done(&status);
}

static bool is_status(const char *name) {
        const char *dot = strrchr(name, '.');

        return strncmp(name, FS_TEMP_PREFIX, strlen(FS_TEMP_PREFIX)) != 0 && streq(dot, ".json");
}

/* The names first: what is done with a file may add and remove others. */
void domains_adopt(QemuDriver *driver) {
        int fd = openat(driver->domains_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;
        char **names = NULL;
        size_t n_names = 0;

        while (dir && (entry = readdir(dir)))
                if (is_status(entry->d_name))
                        *ARRAY_APPEND(names, n_names) = xstrdup(entry->d_name);
        if (dir)
                closedir(dir);
        for (size_t i = 0; i < n_names; i++) {
                adopt_file(driver, names[i]);
                free(names[i]);
        }
        free(names);
}
