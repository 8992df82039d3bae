/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/migrate_in.c - the destination: prepare (a QEMU that listens), finish (the guest runs here, or is dropped).
 *
 * Until finish has answered, the guest that counts is the source's: every failure, the end of the client's connection and a
 * restart of the daemon drop what was prepared. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/qemu/domain_define.h"
#include "drivers/qemu/domain_start.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/migration.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/log.h"

#define ANSWER_USEC (30 * USEC_PER_SEC)
#define ARRIVAL_USEC (60 * USEC_PER_SEC)        /* from the source's "all sent" to our "all loaded" */

typedef enum InPhase {
        IN_PREPARE,
        IN_PREPARED,            /* finish is expected */
        IN_FINISH,
        IN_DROP,                /* QEMU is being stopped; `error` is the answer when it has gone */
} InPhase;

typedef struct MigrateIn {
        DomainJob job;
        MigrationLink link;
        InPhase phase;
        uint64_t flags;
        DomainDef *def;                 /* what to start, or offline what to store */
        char *persistent_xml;           /* of the args, then perhaps of finish's cookie */
        DomainIntent start_flag;
        MigrationUri uri;               /* answered to the client */
        char *listen_address;
        unsigned range_port;            /* taken from the driver's range; 0: none */
        MigrationEnd end;
        MigrationStats stats;
        bool has_stats, told_started;
        Error *error;
} MigrateIn;

static MigrateIn *in_of(void *subject) {
        return subject;         /* DomainJob is its first member */
}

/* ---- Ports ---- */

static bool port_used(const QemuDriver *driver, unsigned port) {
        unsigned index = port - driver->migration_port_min;

        return driver->ports_used[index / 64] & (UINT64_C(1) << (index % 64));
}

static void port_set(QemuDriver *driver, unsigned port, bool used) {
        unsigned index = port - driver->migration_port_min;
        uint64_t bit = UINT64_C(1) << (index % 64);

        if (used)
                driver->ports_used[index / 64] |= bit;
        else
                driver->ports_used[index / 64] &= ~bit;
}

/* Somebody else on this host may have it: asked of the kernel, both families. */
static bool port_is_free(unsigned port) {
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any };
        struct sockaddr_in address4 = { .sin_family = AF_INET, .sin_port = htons(port) };
        CLEANUP(close) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd >= 0)
                return bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && bind(fd, (struct sockaddr *) &address4, sizeof(address4)) == 0;
}

static int port_take(QemuDriver *driver, unsigned *ret, Error **err) {
        for (unsigned port = driver->migration_port_min; port <= driver->migration_port_max; port++) {
                if (port_used(driver, port) || !port_is_free(port))
                        continue;
                port_set(driver, port, true);
                *ret = port;
                return 0;
        }
        return error_set(err, ERROR_INTERNAL, "Unable to find an unused port in range 'migration' (%u-%u); free one, or set migration_port_max higher",
                         driver->migration_port_min, driver->migration_port_max);
}

/* ---- Its life as a job ---- */

static void in_free(DomainJob *job) {
        MigrateIn *in = in_of(job);
        Domain *domain = job->domain;

        migration_link_remove(domain->driver, &in->link);
        if (domain->live && domain->live->on_qmp_event_userdata == in)
                domain->live->on_qmp_event = NULL;
        if (in->range_port)
                port_set(domain->driver, in->range_port, false);
        domain_def_free(in->def);
        error_free(in->error);
        migration_uri_done(&in->uri);
        free(in->listen_address);
        free(in->persistent_xml);
        free(in);
}

/* Nothing of the guest stays here; who waits is told err when QEMU has gone. */
static void in_drop(MigrateIn *in, const Error *err) {
        Domain *domain = in->job.domain;

        error_free(in->error);
        in->error = error_copy(err);
        in->phase = IN_DROP;
        if (domain->live)
                domain_stop(domain, SHUTOFF_FAILED, DETAIL_STOPPED_FAILED,
                            DOMAIN_STOP_AT_ONCE | (in->told_started ? 0 : DOMAIN_STOP_NO_EVENT));
        else
                domain_job_end(&in->job, NULL, in->error);
}

static void in_lost(DomainJob *job, const Error *why) {
        MigrateIn *in = in_of(job);

        if (in->phase != IN_DROP) {
                log_warning("domain '%s': migration in: %s", job->domain->name, why->detail);
                domain_job_end(job, NULL, why);
        } else if (!job->domain->live)
                domain_job_end(job, NULL, in->error);
}

static void in_client_gone(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        MigrateIn *in = in_of(job);

        error_set(&err, ERROR_OPERATION_ABORTED, "the client that led the migration has gone");
        if (job->op)
                op_cancel(job->op, err);
        else if (in->phase == IN_PREPARED)
                in_drop(in, err);
}

static void in_begin(DomainJob *job);

static void in_stats(DomainJob *job, unsigned flags, Reply *reply) {
        MigrateIn *in = in_of(job);

        migration_stats_set(&in->stats, STAT_TIME_ELAPSED, migration_elapsed_msec(job));
        migration_tell_stats(&in->stats, JOB_OPERATION_MIGRATION_IN, JOB_UNBOUNDED, reply);
}

static const DomainJobType migrate_in_type = {
        .name = "migration in", .begin = in_begin, .lost = in_lost, .stats = in_stats, .free = in_free,
};

/* ---- Prepare ---- */

static bool is_offline(const MigrateIn *in) {
        return in->flags & MIGRATE_OFFLINE;
}

static void on_qemu_event(Domain *domain, const char *name, json_object *data, void *userdata) {
        MigrateIn *in = userdata;

        if (!streq(name, "MIGRATION"))
                return;
        in->end = migration_end(json_get_string(data, "status"));
        if (in->end != MIGRATION_GOING && in->phase == IN_FINISH && in->job.op)
                op_resume(in->job.op, NULL);
}

static OpResult prepare_listen(Op *op, void *subject, Error **err) {
        MigrateIn *in = in_of(subject);
        Domain *domain = in->job.domain;
        CLEANUP(free) char *uri = migration_uri_qemu(in->listen_address, in->uri.port);
        json_object *arguments = json_object_new_object();

        domain->live->on_qmp_event = on_qemu_event;
        domain->live->on_qmp_event_userdata = in;
        json_add_string(arguments, "uri", uri);
        return domain_qmp_ask(op, domain, "migrate-incoming", arguments, NULL, NULL, false, err);
}

static const OpStep listen_steps[] = {
        { "listen", prepare_listen, NULL, ANSWER_USEC },
        {},
};

static void prepare_answer(MigrateIn *in) {
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        CLEANUP(free) char *uri = migration_uri_text(&in->uri);

        in->phase = IN_PREPARED;
        migration_cookie_init(&cookie, in->job.domain);
        migration_answer(&in->job, &cookie, &(Result) { .migrate = { .uri = uri } });
}

/* libvirt tells STARTED here already, before the guest has arrived. */
static void listen_done(DomainJob *job, Error *err) {
        MigrateIn *in = in_of(job);

        if (err) {
                in_drop(in, err);
                return;
        }
        migration_note_phase(job->domain, 2, "prepared");
        domain_tell_lifecycle(job->domain, LIFECYCLE_STARTED, DETAIL_STARTED_MIGRATED);
        in->told_started = true;
        prepare_answer(in);
}

static void prepare_started(DomainJob *job, const StartVerdict *verdict, Error *err) {
        if (err)
                domain_job_end(job, NULL, err);
        else
                domain_job_run(job, listen_steps, listen_done);
}

static void in_begin(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        MigrateIn *in = in_of(job);
        DomainStartArgs args;

        if (job->domain->live) {                /* it was started while we waited */
                error_set_from(&err, ERROR_FROM_DOMAIN, ERROR_OPERATION_FAILED, "domain '%s' is already active here", job->domain->name);
                domain_job_end(job, NULL, err);
        } else if (is_offline(in)) {
                prepare_answer(in);
        } else {
                args = (DomainStartArgs) { .operation = POLICY_MIGRATE_IN, .def = domain_def_copy(in->def), .incoming = true, .paused = true,
                                           .start_flag = in->start_flag };
                domain_start(job, &args, prepare_started);
        }
}

typedef struct Prepare {                /* until the definition is complete */
        MigrateIn *in;
        char *name;                     /* of the domain here */
} Prepare;

static void prepare_refuse(Prepare *prepare, const Error *err) {
        MigrateIn *in = prepare->in;

        domain_job_answer(&in->job, NULL, err);
        error_free(in->error);
        domain_def_free(in->def);
        migration_uri_done(&in->uri);
        free(in->listen_address);
        free(in->persistent_xml);
        free(in);
        free(prepare->name);
        free(prepare);
}

/* The name and the UUID belong together here too, and the domain does not run. */
static int check_collision(QemuDriver *driver, const DomainDef *def, Error **err) {
        const Domain *same = driver_find_uuid(driver, def->uuid);

        if (driver_check_name(driver, def->name, def->uuid, err) < 0)
                return -1;
        if (same && (same->live || same->job))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain '%s' is already active here", def->name);
        return 0;
}

static int choose_port(QemuDriver *driver, MigrateIn *in, Error **err) {
        if (in->uri.port)
                return 0;
        if (port_take(driver, &in->range_port, err) < 0)
                return -1;
        in->uri.port = in->range_port;
        return 0;
}

static void on_definition(QemuDriver *driver, DomainDef *def, const Error *reason, void *userdata) {
        CLEANUP(error_free) Error *err = error_copy(reason);
        Prepare *prepare = userdata;
        MigrateIn *in = prepare->in;
        Domain *domain;

        in->def = def;
        if (!err && prepare->name) {
                free(def->name);
                def->name = STEAL(prepare->name);
        }
        if (err || check_collision(driver, def, &err) < 0 || choose_port(driver, in, &err) < 0) {
                prepare_refuse(prepare, err);
                return;
        }
        free(prepare->name);
        free(prepare);
        domain = driver_find_uuid(driver, def->uuid);
        if (!domain)
                domain = domain_new(driver, def->uuid, def->name);
        migration_link_add(driver, &in->link);
        domain_job_ask(domain, &in->job);
}

/* Where peers shall connect to: what the client said, else this host's name. */
static int choose_address(QemuDriver *driver, const MigrateArgs *args, MigrateIn *in, Error **err) {
        const char *any = access("/proc/net/if_inet6", F_OK) == 0 ? "::" : "0.0.0.0";

        in->listen_address = xstrdup(args->listen_address ? args->listen_address : driver->migration_address ? driver->migration_address : any);
        if (args->uri)
                return migration_uri_parse(args->uri, &in->uri, err);
        in->uri = (MigrationUri) { .host = xstrdup(driver->migration_host ? driver->migration_host : driver->host_name), .legacy = true };
        return 0;
}

void qemu_migrate_prepare(Driver *base, const Caller *caller, const MigrateArgs *args, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        QemuDriver *driver = qemu_driver(base);
        Prepare *prepare = xnew(Prepare);
        MigrateIn *in = prepare->in = xnew(MigrateIn);

        in->job.type = &migrate_in_type;
        in->job.reply = reply;
        in->flags = args->flags;
        in->persistent_xml = xstrdup(args->persistent_xml);
        in->link = (MigrationLink) { .client = caller->client, .job = &in->job, .client_gone = in_client_gone };
        prepare->name = xstrdup(args->dname);
        if (migration_check_args(args, &err) < 0 || migration_cookie_parse(args->cookie, args->cookie_len, driver->host_uuid, &cookie, &err) < 0 ||
            (args->dname && domain_name_check(args->dname, &err) < 0) || choose_address(driver, args, in, &err) < 0) {
                prepare_refuse(prepare, err);
        } else if (!args->xml) {
                error_set(&err, ERROR_INTERNAL, "no domain XML passed");
                prepare_refuse(prepare, err);
        } else {
                in->start_flag = cookie.start_flag;
                definition_prepare(driver, args->xml, on_definition, prepare);
        }
}

/* ---- Finish ---- */

static OpResult finish_await_arrival(Op *op, void *subject, Error **err) {
        MigrateIn *in = in_of(subject);

        return is_offline(in) || in->end != MIGRATION_GOING ? OP_DONE : OP_WAIT;
}

static int take_end(void *subject, json_object *result, Error **err) {
        const char *status = json_get_string(result, "status"), *why = json_get_string(result, "error-desc");

        if (migration_end(status) == MIGRATION_DONE)
                return 0;
        return error_set(err, ERROR_OPERATION_FAILED, "migration in job: %s", why ? why : "unexpectedly failed");
}

static OpResult finish_read_end(Op *op, void *subject, Error **err) {
        MigrateIn *in = in_of(subject);

        if (is_offline(in))
                return OP_DONE;
        return domain_qmp_ask(op, in->job.domain, "query-migrate", NULL, take_end, in, false, err);
}

/* Freed by the later of the two who know it: the store, when it has answered, and the operation, when it has moved on. */
typedef struct StoreHold {
        Op *op;                 /* NULL: nobody waits any more */
        bool stored;
} StoreHold;

static void on_stored(Domain *domain, const Error *err, void *userdata) {
        StoreHold *hold = userdata;

        hold->stored = true;
        if (hold->op)
                op_resume(hold->op, err);
        else
                free(hold);
}

static void store_drop(void *held) {
        StoreHold *hold = held;

        hold->op = NULL;
        if (hold->stored)
                free(hold);
}

/* What is stored: the caller's, else the source's stored definition, else what runs. */
static int persistent_def(MigrateIn *in, DomainDef **ret, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;

        if (!in->persistent_xml) {
                *ret = domain_def_copy(in->def);
                return 0;
        }
        if (domain_def_parse(in->persistent_xml, strlen(in->persistent_xml), DOMAIN_PARSE_INACTIVE, &def, err) < 0)
                return -1;
        if (!sd_id128_equal(def->uuid, in->def->uuid))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "the persistent definition has another UUID than the guest");
        free(def->name);
        def->name = xstrdup(in->def->name);
        *ret = STEAL(def);
        return 0;
}

static OpResult finish_store(Op *op, void *subject, Error **err) {
        MigrateIn *in = in_of(subject);
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        StoreHold *hold;

        if (!(in->flags & MIGRATE_PERSIST_DEST))
                return OP_DONE;
        if (persistent_def(in, &def, err) < 0)
                return OP_FAILED;
        hold = xnew(StoreHold);
        *hold = (StoreHold) { .op = op };
        op_hold(op, hold, store_drop);
        domain_store_def(in->job.domain->driver, def, false, on_stored, hold);
        return OP_WAIT;
}

static OpResult finish_run(Op *op, void *subject, Error **err) {
        MigrateIn *in = in_of(subject);
        Domain *domain = in->job.domain;

        if (is_offline(in) || (in->flags & MIGRATE_PAUSED))
                return OP_DONE;
        migration_note_phase(domain, 2, "finish");
        domain->live->running_reason = RUNNING_MIGRATED;
        return domain_qmp_ask(op, domain, "cont", NULL, NULL, NULL, false, err);
}

static const OpStep finish_steps[] = {
        { "await-arrival", finish_await_arrival, NULL, ARRIVAL_USEC },
        { "read-end", finish_read_end, NULL, ANSWER_USEC },
        { "store", finish_store, NULL, ANSWER_USEC },
        { "run-vcpus", finish_run, NULL, ANSWER_USEC },
        {},
};

/* The guest is ours from here. */
static void finish_succeeded(MigrateIn *in) {
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        Domain *domain = in->job.domain;

        migration_cookie_init(&cookie, domain);
        if (domain->live) {
                domain->live->incoming = false;
                if (in->flags & MIGRATE_PAUSED) {
                        domain_set_state(domain, DOMAIN_PAUSED, PAUSED_USER);
                        domain_tell_lifecycle(domain, LIFECYCLE_SUSPENDED, DETAIL_SUSPENDED_PAUSED);
                }
                cookie.has_stats = in->has_stats;
                cookie.stats = in->stats;
                migration_keep_stats(domain, &in->stats, JOB_OPERATION_MIGRATION_IN, JOB_COMPLETED);
                migration_tell_completed(domain);
                migration_note_phase(domain, 2, NULL);
        }
        migration_answer(&in->job, &cookie, &(Result) { .migrate = { .domain = &domain->view } });
        domain_job_end(&in->job, NULL, NULL);
}

static void finish_done(DomainJob *job, Error *err) {
        MigrateIn *in = in_of(job);

        if (err)
                in_drop(in, err);
        else
                finish_succeeded(in);
}

static MigrateIn *in_waiting(const Domain *domain) {
        MigrateIn *in = domain && domain->job && domain->job->type == &migrate_in_type ? in_of(domain->job) : NULL;

        return in && in->phase == IN_PREPARED ? in : NULL;
}

static void in_cancel(MigrateIn *in) {
        CLEANUP(error_free) Error *err = NULL;

        error_set(&err, ERROR_MIGRATE_FINISH_OK, "domain '%s' was dropped here", in->job.domain->name);
        in_drop(in, err);
}

void qemu_migrate_finish(Driver *base, const MigrateArgs *args, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        QemuDriver *driver = qemu_driver(base);
        Domain *domain = args->dname ? driver_find_name(driver, args->dname) : NULL;
        MigrateIn *in = in_waiting(domain);

        if (migration_cookie_parse(args->cookie, args->cookie_len, driver->host_uuid, &cookie, &err) == 0 && !in)
                error_set(&err, domain ? ERROR_OPERATION_INVALID : ERROR_NO_DOMAIN,
                          domain ? "domain '%s' is not processing incoming migration" : "no domain with matching name '%s'",
                          args->dname ? args->dname : "");
        if (err) {
                reply_fail(reply, err);
                return;
        }
        in->job.reply = reply;
        if (args->cancelled) {
                in_cancel(in);
                return;
        }
        if (!in->persistent_xml)
                in->persistent_xml = STEAL(cookie.persistent_xml);
        in->has_stats = cookie.has_stats;
        in->stats = cookie.stats;
        in->flags |= args->flags;
        in->phase = IN_FINISH;
        domain_job_run(&in->job, finish_steps, finish_done);
}
