/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/migrate_out.c - the source: begin (may it go? what goes?), perform (the transfer), confirm (the end of the guest here).
 *
 * Until confirm nothing here is lost: every failure of perform leaves the guest running where it was, and a guest whose
 * client vanished between perform and confirm stays paused, because it may be running over there. */
#include "drivers/qemu/domain_define.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/explain.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/migration.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/log.h"

#define ANSWER_USEC (30 * USEC_PER_SEC)
#define PROGRESS_USEC (250 * USEC_PER_MSEC)     /* between two looks at a running transfer */

typedef enum OutPhase {
        OUT_BEGIN,              /* steps run, or wait for the domain */
        OUT_BEGUN,              /* perform is expected */
        OUT_PERFORM,            /* steps run, or wait for the domain */
        OUT_PERFORMED,          /* the guest has gone over; confirm is expected */
        OUT_CONFIRM,
} OutPhase;

typedef struct MigrateOut {
        DomainJob job;
        MigrationLink link;
        OutPhase phase;
        uint64_t flags;
        char *xml;                      /* the caller's for the destination; NULL: ours */
        char *persistent_xml;
        MigrationUri uri;
        uint64_t bandwidth_mib;
        bool was_running, transferring, abort_asked;
        char *blocked[16];              /* query-migrate's blocked-reasons */
        size_t n_blocked;
        MigrationEnd end;
        MigrationStats stats;
        sd_event_source *progress;
        QmpCall *progress_call;
} MigrateOut;

static MigrateOut *out_of(void *subject) {
        return subject;         /* DomainJob is its first member */
}

/* ---- Its life as a job ---- */

static void out_stop_progress(MigrateOut *out) {
        if (out->progress_call)
                qmp_call_cancel(STEAL(out->progress_call));
        out->progress = sd_event_source_disable_unref(out->progress);
}

static void out_free(DomainJob *job) {
        MigrateOut *out = out_of(job);

        migration_link_remove(job->domain->driver, &out->link);
        out_stop_progress(out);
        if (job->domain->live && job->domain->live->on_qmp_event_userdata == out)
                job->domain->live->on_qmp_event = NULL;
        for (size_t i = 0; i < out->n_blocked; i++)
                free(out->blocked[i]);
        migration_uri_done(&out->uri);
        free(out->persistent_xml);
        free(out->xml);
        free(out);
}

static void out_end(MigrateOut *out, const Error *err) {
        migration_note_phase(out->job.domain, 1, NULL);
        domain_job_end(&out->job, NULL, err);
}

static void out_begin(DomainJob *job);
static void out_confirmed(MigrateOut *out);

static void out_lost(DomainJob *job, const Error *why) {
        MigrateOut *out = out_of(job);

        if (out->phase == OUT_CONFIRM) {
                out_confirmed(out);
                return;
        }
        if (out->phase == OUT_PERFORMED)
                log_warning("domain '%s': migration out: %s, before the client confirmed that it runs at the destination", job->domain->name,
                            why->detail);
        out_end(out, why);
}

static int out_abort(DomainJob *job, Error **err) {
        MigrateOut *out = out_of(job);

        if (!out->transferring)
                return error_set(err, ERROR_OPERATION_INVALID, "the migration of domain '%s' is not in a phase that can be aborted", job->domain->name);
        out->abort_asked = true;
        return qmp_client_call(job->domain->live->qmp, "migrate_cancel", NULL, NULL, NULL, err) ? 0 : -1;
}

static void out_stats(DomainJob *job, unsigned flags, Reply *reply) {
        MigrateOut *out = out_of(job);

        migration_stats_set(&out->stats, STAT_TIME_ELAPSED, migration_elapsed_msec(job));
        migration_tell_stats(&out->stats, JOB_OPERATION_MIGRATION_OUT, JOB_UNBOUNDED, reply);
}

static const DomainJobType migrate_out_type = {
        .name = "migration out", .begin = out_begin, .lost = out_lost, .abort = out_abort, .stats = out_stats, .free = out_free,
};

static void out_client_gone(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        MigrateOut *out = out_of(job);

        error_set(&err, ERROR_OPERATION_ABORTED, "the client that led the migration has gone");
        if (job->op)
                op_cancel(job->op, err);
        else if (out->phase == OUT_BEGUN)
                out_end(out, err);
        else if (out->phase == OUT_PERFORMED) {
                log_warning("domain '%s': migration out: the client has gone before it confirmed. The guest stays paused here, because it may be "
                            "running at the destination; look there, then 'destroy' or 'resume' it", job->domain->name);
                out_end(out, err);
        }
}

static MigrateOut *out_new(const MigrateArgs *args, const void *client, OutPhase phase, Reply *reply) {
        MigrateOut *out = xnew(MigrateOut);

        out->job.type = &migrate_out_type;
        out->job.reply = reply;
        out->phase = phase;
        out->flags = args->flags;
        out->xml = xstrdup(args->xml);
        out->persistent_xml = xstrdup(args->persistent_xml);
        out->bandwidth_mib = args->bandwidth_mib;
        out->link = (MigrationLink) { .client = client, .job = &out->job, .client_gone = out_client_gone };
        return out;
}

/* ---- Begin ---- */

static int take_blocked(void *subject, json_object *result, Error **err) {
        MigrateOut *out = out_of(subject);
        json_object *reasons = json_get_array(result, "blocked-reasons");

        for (size_t i = 0; reasons && i < json_object_array_length(reasons) && out->n_blocked < N_ELEMENTS(out->blocked); i++) {
                json_object *reason = json_object_array_get_idx(reasons, i);

                if (json_object_is_type(reason, json_type_string))
                        out->blocked[out->n_blocked++] = xstrdup(json_object_get_string(reason));
        }
        return 0;
}

static bool is_offline(const MigrateOut *out) {
        return out->flags & MIGRATE_OFFLINE;
}

static OpResult begin_ask_vmm(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);

        if (is_offline(out))
                return OP_DONE;
        if (domain_verb_check(out->job.domain, VERB_MIGRATE, err) < 0)
                return OP_FAILED;
        out->was_running = out->job.domain->state == DOMAIN_RUNNING;
        return domain_qmp_ask(op, out->job.domain, "query-migrate", NULL, take_blocked, out, false, err);
}

/* What is refused here is refused before anything exists at the destination. */
static OpResult begin_check_policy(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        Domain *domain = out->job.domain;
        QemuDriver *driver = domain->driver;
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = NULL;
        RunningQuestion question;

        if (is_offline(out))
                return OP_DONE;
        question = (RunningQuestion) { .operation = POLICY_MIGRATE_OUT, .def = domain->live->def, .settings = &driver->policy,
                                       .host = facts_for(driver->facts, domain->live->caps, policy_technology(domain->live->def)),
                                       .start_flag = domain->live->start_flag, .guaranteed = domain->live->guaranteed,
                                       .blocked = (const char *const *) out->blocked, .n_blocked = out->n_blocked };
        verdict = verdict_for_running(&question);
        if (verdict->allowed)
                return OP_DONE;
        policy_verdict_error(verdict, domain->name, err);
        return OP_FAILED;
}

/* The XML that a caller wants at the destination may differ in host paths, not in what the guest sees. */
static int check_callers_xml(const DomainDef *live, const char *xml, char **ret, Error **err) {
        CLEANUP(domain_def_free) DomainDef *theirs = NULL;
        CLEANUP(free) char *difference = NULL;

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &theirs, err) < 0)
                return -1;
        difference = domain_def_difference(live, theirs, true);
        if (difference)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "the XML for the destination changes what the guest sees: %s", difference);
        *ret = domain_def_format(theirs, DOMAIN_FORMAT_SECURE);
        return 0;
}

static int describe_domain(MigrateOut *out, char **ret, Error **err) {
        Domain *domain = out->job.domain;
        CLEANUP(domain_def_free) DomainDef *def = NULL;

        if (!is_offline(out))
                def = domain_def_copy(domain_live_def(domain));
        else if (domain_stored_def(domain, &def, err) < 0)
                return -1;
        if (out->xml)
                return check_callers_xml(def, out->xml, ret, err);
        live_ports_forget(domain->driver, def);         /* the destination chooses its own */
        *ret = domain_def_format(def, DOMAIN_FORMAT_SECURE | DOMAIN_FORMAT_INACTIVE);
        return 0;
}

static OpResult begin_describe(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        CLEANUP(free) char *xml = NULL;

        if (describe_domain(out, &xml, err) < 0)
                return OP_FAILED;
        migration_cookie_init(&cookie, out->job.domain);
        if (!is_offline(out))
                cookie.start_flag = out->job.domain->live->start_flag;
        migration_answer(&out->job, &cookie, &(Result) { .migrate = { .xml = xml } });
        return OP_DONE;
}

static const OpStep begin_steps[] = {
        { "ask-vmm", begin_ask_vmm, NULL, ANSWER_USEC },
        { "check-policy", begin_check_policy, NULL, 0 },
        { "describe", begin_describe, NULL, 0 },
        {},
};

static void begin_done(DomainJob *job, Error *err) {
        MigrateOut *out = out_of(job);

        if (err || !(out->flags & MIGRATE_CHANGE_PROTECTION)) {
                out_end(out, err);
                return;
        }
        out->phase = OUT_BEGUN;
        migration_note_phase(job->domain, 1, "begun");
}

/* ---- Perform ---- */

static OpResult perform_set_speed(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        uint64_t mib = out->bandwidth_mib && out->bandwidth_mib < (UINT64_C(1) << 40) ? out->bandwidth_mib : UINT64_C(8) << 20;
        json_object *arguments;

        if (domain_verb_check(out->job.domain, VERB_MIGRATE, err) < 0)
                return OP_FAILED;
        out->was_running = out->job.domain->state == DOMAIN_RUNNING;
        arguments = json_object_new_object();
        json_add_uint(arguments, "max-bandwidth", mib << 20);
        if (domain_qmp_ask(op, out->job.domain, "migrate-set-parameters", arguments, NULL, NULL, true, err) == OP_FAILED)
                return OP_FAILED;
        return domain_qmp_ask(op, out->job.domain, "migrate-set-capabilities",
                              migration_capability("auto-converge", out->flags & MIGRATE_AUTO_CONVERGE), NULL, NULL, false, err);
}

/* Without --live the guest stands still from the start. */
static OpResult perform_pause(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);

        if ((out->flags & MIGRATE_LIVE) || !out->was_running)
                return OP_DONE;
        out->job.domain->live->paused_reason = PAUSED_MIGRATION;
        return domain_qmp_ask(op, out->job.domain, "stop", NULL, NULL, NULL, false, err);
}

/* QEMU (7.2) tells MIGRATION "completed" a moment before its migration thread leaves the state finish-migrate, in which "cont" is
 * refused; no event tells of that moment. So the refusal is answered by asking again, each time when the answer has come. */
#define CONTINUE_TRIES 5000

typedef struct Continue {
        QmpClient *qmp;                 /* answers every call before it goes, so it is there when we are called with an answer of QEMU */
        char *name;
        unsigned n_tries;
} Continue;

static void on_continued(json_object *result, const Error *err, void *userdata) {
        Continue *again = userdata;
        bool too_early = err && err->code == ERROR_INTERNAL && strstr(qmp_error_text(err), "not finalized");

        if (too_early && again->n_tries++ < CONTINUE_TRIES && qmp_client_call(again->qmp, "cont", NULL, on_continued, again, NULL))
                return;
        if (err)
                log_error("domain '%s': migration out: the guest cannot be resumed after the failure: %s", again->name, err->detail);
        free(again->name);
        free(again);
}

static void continue_here(Domain *domain) {
        Continue *again = xnew(Continue);

        domain->live->running_reason = RUNNING_MIGRATION_CANCELED;
        *again = (Continue) { .qmp = domain->live->qmp, .name = xstrdup(domain->name) };
        if (qmp_client_call(again->qmp, "cont", NULL, on_continued, again, NULL))
                return;
        log_error("domain '%s': migration out: the guest cannot be resumed after the failure: its monitor is gone", domain->name);
        free(again->name);
        free(again);
}

static void undo_pause(void *subject) {
        MigrateOut *out = out_of(subject);
        Domain *domain = out->job.domain;

        if (out->was_running && !(out->flags & MIGRATE_LIVE) && domain->live && domain->live->qmp)
                continue_here(domain);
}

static void on_qemu_event(Domain *domain, const char *name, json_object *data, void *userdata) {
        MigrateOut *out = userdata;
        DomainEvent event = { .id = DOMAIN_EVENT_MIGRATION_ITERATION, .number = json_get_int(data, "pass", 0) };

        if (streq(name, "MIGRATION_PASS")) {
                migration_stats_set(&out->stats, STAT_MEMORY_ITERATION, (uint64_t) event.number);
                domain_tell(domain, &event);
                return;
        }
        if (streq(name, "MIGRATION"))
                out->end = migration_end(json_get_string(data, "status"));
        if (out->end != MIGRATION_GOING && out->job.op)
                op_resume(out->job.op, NULL);
}

/* Live, QEMU stops the guest by itself when little is left: that STOP means "migrated", and a RESUME that it came to nothing. */
static OpResult perform_migrate(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        DomainLive *live = out->job.domain->live;
        CLEANUP(free) char *uri = migration_uri_qemu(out->uri.host, out->uri.port);
        json_object *arguments = json_object_new_object();

        out->end = MIGRATION_GOING;
        live->on_qmp_event = on_qemu_event;
        live->on_qmp_event_userdata = out;
        live->paused_reason = PAUSED_MIGRATION;
        out->transferring = true;
        json_add_string(arguments, "uri", uri);
        return domain_qmp_ask(op, out->job.domain, "migrate", arguments, NULL, NULL, false, err);
}

/* It was cancelled too late: all of it has been sent, and QEMU keeps the guest paused. */
static void on_given_up(json_object *result, const Error *err, void *userdata) {
        Domain *domain = userdata;

        if (err)
                return;
        if (migration_end(json_get_string(result, "status")) != MIGRATION_DONE)
                domain->live->paused_reason = 0;
        else if (domain->state == DOMAIN_PAUSED && domain->reason == PAUSED_MIGRATION)
                continue_here(domain);
}

/* A guest that ran goes on by itself when QEMU gives the transfer up, but not when all of it was sent. The client, told of the
 * failure, has the destination drop it. */
static void undo_migrate(void *subject) {
        MigrateOut *out = out_of(subject);
        Domain *domain = out->job.domain;
        DomainLive *live = domain->live;

        out->transferring = false;
        if (!live)
                return;
        live->on_qmp_event = NULL;
        live->running_reason = RUNNING_MIGRATION_CANCELED;
        if (!live->qmp)
                return;
        qmp_client_call(live->qmp, "migrate_cancel", NULL, NULL, NULL, NULL);
        qmp_client_call(live->qmp, "query-migrate", NULL, on_given_up, domain, NULL);
}

static int on_progress_timer(sd_event_source *source, uint64_t usec, void *userdata);

static void on_progress(json_object *result, const Error *err, void *userdata) {
        MigrateOut *out = userdata;

        out->progress_call = NULL;
        if (!err)
                migration_stats_read(&out->stats, result, migration_elapsed_msec(&out->job));
}

static int on_progress_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        MigrateOut *out = userdata;

        if (!out->progress_call && out->job.domain->live->qmp)
                out->progress_call = qmp_client_call(out->job.domain->live->qmp, "query-migrate", NULL, on_progress, out, NULL);
        sd_event_source_set_time_relative(source, PROGRESS_USEC);
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void drop_progress(void *held) {
        out_stop_progress(held);
}

/* As long as it takes: whoever asked can abort it, and QEMU's end ends it. */
static OpResult perform_transfer(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        sd_event *loop = out->job.domain->driver->runner->loop;

        if (out->end != MIGRATION_GOING)
                return OP_DONE;
        op_hold(op, out, drop_progress);
        sd_event_add_time_relative(loop, &out->progress, CLOCK_MONOTONIC, PROGRESS_USEC, 0, on_progress_timer, out);
        return OP_WAIT;
}

static int take_end(void *subject, json_object *result, Error **err) {
        MigrateOut *out = out_of(subject);
        const char *why = json_get_string(result, "error-desc");

        migration_stats_read(&out->stats, result, migration_elapsed_msec(&out->job));
        out->end = migration_end(json_get_string(result, "status"));
        if (out->end == MIGRATION_CANCELLED || out->abort_asked)
                return error_set(err, ERROR_OPERATION_ABORTED, "migration out job: %s", out->abort_asked ? "canceled by client" : "canceled by QEMU");
        if (out->end != MIGRATION_DONE)
                return error_set(err, ERROR_OPERATION_FAILED, "migration out job: %s", why ? why : "unexpectedly failed");
        return 0;
}

static OpResult perform_read_end(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);

        return domain_qmp_ask(op, out->job.domain, "query-migrate", NULL, take_end, out, false, err);
}

static int stored_xml(const Domain *domain, char **ret, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;

        if (domain_stored_def(domain, &def, err) < 0)
                return -1;
        *ret = domain_def_format(def, DOMAIN_FORMAT_SECURE | DOMAIN_FORMAT_INACTIVE);
        return 0;
}

/* The stored definition goes along, so that host-model stays host-model over there. */
static OpResult perform_answer(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};

        migration_cookie_init(&cookie, out->job.domain);
        cookie.has_stats = true;
        cookie.stats = out->stats;
        if (out->persistent_xml)
                cookie.persistent_xml = xstrdup(out->persistent_xml);
        else if ((out->flags & MIGRATE_PERSIST_DEST) && out->job.domain->persistent &&
                 stored_xml(out->job.domain, &cookie.persistent_xml, err) < 0)
                return OP_FAILED;
        out->transferring = false;
        out->job.domain->live->on_qmp_event = NULL;
        migration_answer(&out->job, &cookie, &(Result) {});
        return OP_DONE;
}

static const OpStep perform_steps[] = {
        { "set-speed", perform_set_speed, NULL, ANSWER_USEC },
        { "pause", perform_pause, undo_pause, ANSWER_USEC },
        { "migrate", perform_migrate, undo_migrate, ANSWER_USEC },
        { "transfer", perform_transfer, NULL, 0 },
        { "read-end", perform_read_end, NULL, ANSWER_USEC },
        { "answer", perform_answer, NULL, 0 },
        {},
};

/* After a failure confirm is not called: what begin took is given back here. */
static void perform_done(DomainJob *job, Error *err) {
        MigrateOut *out = out_of(job);

        if (err) {
                log_warning("domain '%s': migration out: %s", job->domain->name, err->detail);
                migration_keep_stats(job->domain, &out->stats, JOB_OPERATION_MIGRATION_OUT,
                                     err->code == ERROR_OPERATION_ABORTED ? JOB_CANCELLED : JOB_FAILED);
                out_end(out, err);
                return;
        }
        out->phase = OUT_PERFORMED;
        migration_note_phase(job->domain, 1, "performed");
}

static void out_run_perform(MigrateOut *out) {
        out->phase = OUT_PERFORM;
        migration_note_phase(out->job.domain, 1, "perform");
        domain_job_run(&out->job, perform_steps, perform_done);
}

static void out_begin(DomainJob *job) {
        MigrateOut *out = out_of(job);

        if (out->phase == OUT_PERFORM)
                out_run_perform(out);
        else
                domain_job_run(job, begin_steps, begin_done);
}

/* ---- Confirm ---- */

static void on_undefined(Domain *domain, const Error *err, void *userdata) {
        MigrateOut *out = userdata;

        if (err)
                log_error("domain '%s': migration out: its definition cannot be removed: %s", out->job.domain->name, err->detail);
        domain_job_end(&out->job, NULL, err);
}

/* QEMU has gone from here (or, offline, never was). */
static void out_confirmed(MigrateOut *out) {
        Domain *domain = out->job.domain;

        if (!is_offline(out)) {
                migration_keep_stats(domain, &out->stats, JOB_OPERATION_MIGRATION_OUT, JOB_COMPLETED);
                migration_tell_completed(domain);
        }
        if ((out->flags & MIGRATE_UNDEFINE_SOURCE) && domain->persistent)
                domain_unstore(domain, on_undefined, out);
        else
                domain_job_end(&out->job, NULL, NULL);
}

static OpResult confirm_continue(Op *op, void *subject, Error **err) {
        MigrateOut *out = out_of(subject);

        if (!out->was_running)
                return OP_DONE;
        out->job.domain->live->running_reason = RUNNING_MIGRATION_CANCELED;
        return domain_qmp_ask(op, out->job.domain, "cont", NULL, NULL, NULL, false, err);
}

static const OpStep take_back_steps[] = {
        { "continue", confirm_continue, NULL, ANSWER_USEC },
        {},
};

static void take_back_done(DomainJob *job, Error *err) {
        out_end(out_of(job), err);
}

static void out_confirm(MigrateOut *out, const MigrateArgs *args) {
        Domain *domain = out->job.domain;
        bool live = domain->live;

        if (args->cancelled && (!live || out->phase == OUT_BEGUN))
                out_end(out, NULL);
        else if (args->cancelled) {
                out->phase = OUT_CONFIRM;
                domain_job_run(&out->job, take_back_steps, take_back_done);
        } else {
                out->phase = OUT_CONFIRM;
                out->flags |= args->flags & MIGRATE_UNDEFINE_SOURCE;
                if (live)
                        domain_stop(domain, SHUTOFF_MIGRATED, DETAIL_STOPPED_MIGRATED, DOMAIN_STOP_SILENT);
                else
                        out_confirmed(out);
        }
}

/* ---- Verbs ---- */

/* The migration that holds the domain and waits for its next phase; NULL: none. */
static MigrateOut *out_waiting(const Domain *domain, OutPhase phase) {
        MigrateOut *out = domain->job && domain->job->type == &migrate_out_type ? out_of(domain->job) : NULL;

        return out && !out->job.op && !out->job.reply && out->phase == phase ? out : NULL;
}

void qemu_migrate_begin(Driver *base, const Caller *caller, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);
        MigrateOut *out;

        if (domain && migration_check_args(args, &err) == 0) {
                if (args->flags & MIGRATE_OFFLINE ? domain->live != NULL || !domain->persistent : !domain->live)
                        error_set_from(&err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID,
                                       domain->live ? "cannot migrate an active domain offline" : "domain is not running");
        }
        if (err) {
                reply_fail(reply, err);
                return;
        }
        out = out_new(args, caller->client, OUT_BEGIN, reply);
        migration_link_add(domain->driver, &out->link);
        domain_job_ask(domain, &out->job);
}

void qemu_migrate_perform(Driver *base, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(migration_cookie_done) MigrationCookie cookie = {};
        CLEANUP(migration_uri_done) MigrationUri uri = {};
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);
        MigrateOut *out;

        if (domain && migration_check_args(args, &err) == 0 && !args->uri)
                error_set(&err, ERROR_INVALID_ARG, "no migration URI: the destination has not said where it listens");
        if (err || migration_uri_parse(args->uri, &uri, &err) < 0 ||
            migration_cookie_parse(args->cookie, args->cookie_len, domain->driver->host_uuid, &cookie, &err) < 0) {
                reply_fail(reply, err);
                return;
        }
        if (uri.port == 0) {
                error_set(&err, ERROR_INVALID_ARG, "migration URI %s has no port", args->uri);
                reply_fail(reply, err);
                return;
        }
        out = out_waiting(domain, OUT_BEGUN);
        if (out) {
                out->job.reply = reply;
                out->flags |= args->flags;
                out->bandwidth_mib = args->bandwidth_mib ? args->bandwidth_mib : out->bandwidth_mib;
                out->uri = uri;
                uri = (MigrationUri) {};
                out_run_perform(out);
                return;
        }
        out = out_new(args, NULL, OUT_PERFORM, reply);
        out->uri = uri;
        uri = (MigrationUri) {};
        migration_link_add(domain->driver, &out->link);
        domain_job_ask(domain, &out->job);
}

void qemu_migrate_confirm(Driver *base, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(base), uuid, &err);
        MigrateOut *out = NULL;

        if (domain) {
                out = out_waiting(domain, OUT_PERFORMED);
                if (!out)
                        out = out_waiting(domain, OUT_BEGUN);
        }
        if (domain && (!out || (out->phase == OUT_BEGUN && !args->cancelled && !is_offline(out))))
                error_set(&err, ERROR_OPERATION_INVALID, "domain '%s' is not being migrated, or not yet in the phase that can be confirmed", domain->name);
        if (err) {
                reply_fail(reply, err);
                return;
        }
        out->job.reply = reply;
        out_confirm(out, args);
}
