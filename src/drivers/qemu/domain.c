/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain.h"

#include <assert.h>

#include "conf/domain_store.h"
#include "drivers/qemu/domain_job.h"
#include "drivers/qemu/domain_start_private.h"
#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/qemu_caps.h"
#include "drivers/qemu/qemu_driver.h"
#include "drivers/qemu/why.h"

#define KEEP_RECEIVED 4000              /* bytes of QEMU's last answer */

/* ---- Which state may follow which ---- */

#define MAY(state) (1u << (state))

/* From shutoff everything is possible: a guest of an earlier daemon is found in any state. */
static const unsigned moves[DOMAIN_STATE_MAX] = {
        [DOMAIN_RUNNING] = MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED) | MAY(DOMAIN_SHUTDOWN) | MAY(DOMAIN_SHUTOFF) | MAY(DOMAIN_CRASHED) |
                           MAY(DOMAIN_PMSUSPENDED),
        [DOMAIN_PAUSED] = MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED) | MAY(DOMAIN_SHUTDOWN) | MAY(DOMAIN_SHUTOFF) | MAY(DOMAIN_CRASHED),
        [DOMAIN_SHUTDOWN] = MAY(DOMAIN_SHUTDOWN) | MAY(DOMAIN_SHUTOFF) | MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED),
        [DOMAIN_SHUTOFF] = MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED) | MAY(DOMAIN_SHUTDOWN) | MAY(DOMAIN_SHUTOFF) | MAY(DOMAIN_CRASHED) |
                           MAY(DOMAIN_PMSUSPENDED),
        [DOMAIN_CRASHED] = MAY(DOMAIN_CRASHED) | MAY(DOMAIN_SHUTOFF) | MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED),
        [DOMAIN_PMSUSPENDED] = MAY(DOMAIN_PMSUSPENDED) | MAY(DOMAIN_RUNNING) | MAY(DOMAIN_PAUSED) | MAY(DOMAIN_SHUTDOWN) | MAY(DOMAIN_SHUTOFF),
};

bool domain_state_may_become(const Domain *domain, DomainState state) {
        return moves[domain->state] & MAY(state);
}

void domain_set_state(Domain *domain, DomainState state, int reason) {
        assert(domain_state_may_become(domain, state));
        assert((state == DOMAIN_SHUTOFF) == !domain->live);
        domain->state = state;
        domain->reason = reason;
        domain_publish(domain);
        if (domain->live && domain->live->process)
                domain_status_write(domain);
}

/* ---- Which verb is allowed in which state ---- */

typedef struct Refusal {
        ErrorDomain from;               /* as libvirt's drivers answer: clients show both */
        const char *message;
} Refusal;

static const Refusal not_running = { ERROR_FROM_DOMAIN, "domain is not running" };
static const Refusal not_running_qemu = { ERROR_FROM_QEMU, "domain is not running" };
static const Refusal already_running = { ERROR_FROM_QEMU, "domain is already running" };
static const Refusal pm_suspended = { ERROR_FROM_QEMU, "domain is pmsuspended" };

/* NULL: allowed. */
static const Refusal *const verb_refused[DOMAIN_VERB_MAX][DOMAIN_STATE_MAX] = {
        [VERB_CREATE] = { [DOMAIN_RUNNING] = &already_running, [DOMAIN_BLOCKED] = &already_running, [DOMAIN_PAUSED] = &already_running,
                          [DOMAIN_SHUTDOWN] = &already_running, [DOMAIN_CRASHED] = &already_running,
                          [DOMAIN_PMSUSPENDED] = &already_running },
        [VERB_DESTROY] = { [DOMAIN_SHUTOFF] = &not_running },
        [VERB_SHUTDOWN] = { [DOMAIN_SHUTOFF] = &not_running_qemu, [DOMAIN_SHUTDOWN] = &not_running_qemu,
                            [DOMAIN_CRASHED] = &not_running_qemu, [DOMAIN_PMSUSPENDED] = &pm_suspended },
        [VERB_REBOOT] = { [DOMAIN_SHUTOFF] = &not_running, [DOMAIN_PMSUSPENDED] = &pm_suspended },
        [VERB_RESET] = { [DOMAIN_SHUTOFF] = &not_running },
        [VERB_SUSPEND] = { [DOMAIN_SHUTOFF] = &not_running, [DOMAIN_PMSUSPENDED] = &pm_suspended },
        [VERB_RESUME] = { [DOMAIN_SHUTOFF] = &not_running, [DOMAIN_RUNNING] = &already_running, [DOMAIN_PMSUSPENDED] = &pm_suspended },
        [VERB_MONITOR] = { [DOMAIN_SHUTOFF] = &not_running },
        [VERB_MIGRATE] = { [DOMAIN_SHUTOFF] = &not_running },
        [VERB_JOB] = { [DOMAIN_SHUTOFF] = &not_running },
};

int domain_verb_check(const Domain *domain, DomainVerb verb, Error **err) {
        const Refusal *refusal = verb_refused[verb][domain->state];

        return refusal ? error_set_from(err, refusal->from, ERROR_OPERATION_INVALID, "%s", refusal->message) : 0;
}

/* ---- Life ---- */

Domain *domain_new(QemuDriver *driver, sd_id128_t uuid, const char *name) {
        Domain *domain = xnew(Domain);

        domain->driver = driver;
        domain->uuid = uuid;
        domain->name = xstrdup(name);
        domain->state = DOMAIN_SHUTOFF;
        domain->id = -1;
        driver_add(driver, domain);
        domain_publish(domain);
        return domain;
}

static void domain_delete(Domain *domain) {
        driver_remove(domain->driver, domain);
        if (domain->completed_job)
                domain->completed_job_free(domain->completed_job);
        free(domain->title);
        free(domain->name);
        free(domain);
}

bool domain_drop_unused(Domain *domain) {
        CLEANUP(error_free) Error *err = NULL;

        if (domain->persistent || domain->live || domain->job)
                return false;
        error_set(&err, ERROR_NO_DOMAIN, "domain '%s' no longer exists", domain->name);
        domain_jobs_refuse(domain, err);
        domain_delete(domain);
        return true;
}

Domain *domain_free(Domain *domain) {
        CLEANUP(error_free) Error *err = NULL;

        if (!domain)
                return NULL;
        error_set(&err, ERROR_OPERATION_ABORTED, "virtwardd is ending");
        domain_jobs_abandon(domain, err);
        domain->start = domain_start_free(domain->start);
        domain->live = domain_live_free(domain->live);
        for (DomainWaiter *waiter = domain->waiters, *next; waiter; waiter = next) {
                next = waiter->next;
                free(waiter);
        }
        domain_delete(domain);
        return NULL;
}

bool domain_is_active(const Domain *domain) {
        return domain->live && domain->id >= 0;
}

DomainDef *domain_live_def(const Domain *domain) {
        return domain->live ? domain->live->def : NULL;
}

int domain_stored_def(const Domain *domain, DomainDef **ret, Error **err) {
        const StoredDomain *stored = domain->persistent ? domain_store_find_uuid(domain->driver->store, domain->uuid) : NULL;

        if (!stored)
                return error_set(err, ERROR_INTERNAL, "domain '%s' has no stored definition", domain->name);
        return domain_def_parse(stored->xml, stored->xml_len, DOMAIN_PARSE_INACTIVE, ret, err);
}

void domain_close_monitor(DomainLive *live) {
        QmpClient *qmp = STEAL(live->qmp);

        if (!qmp)
                return;
        free(live->last_sent);
        free(live->last_received);
        live->last_sent = xstrdup(qmp_client_last_sent(qmp));
        live->last_received = xstrndup(qmp_client_last_received(qmp), KEEP_RECEIVED);
        qmp_client_free(qmp);
}

/* Closed before the process is let go: no event finds a domain that is being taken apart. */
DomainLive *domain_live_free(DomainLive *live) {
        if (!live)
                return NULL;
        live->on_qmp_event = NULL;
        domain_close_monitor(live);
        free(live->last_sent);
        free(live->last_received);
        process_free(live->process);
        sd_event_source_disable_unref(live->kill_timer);
        stderr_tail_free(live->errors);
        domain_def_free(live->def);
        qemu_caps_unref(live->caps);
        for (size_t i = 0; i < live->n_messages; i++)
                free(live->messages[i]);
        free(live->messages);
        free(live);
        return NULL;
}

void domain_set_active(Domain *domain, DomainLive *live, int id) {
        assert(!domain->live);
        domain->live = live;
        domain->id = id;
        driver_add_id(domain->driver, domain);
}

void domain_set_inactive(Domain *domain) {
        driver_remove_id(domain->driver, domain);
        domain->id = -1;
        live_ports_release(domain->driver, domain->live->def);
        domain->live = domain_live_free(domain->live);
}

/* ---- What is published ---- */

static void publish_live(DomainView *view, const DomainLive *live) {
        const DomainDef *def = live->def;

        view->active = true;
        view->pid = live->process ? process_pid(live->process) : 0;
        view->messages = (const char *const *) live->messages;
        view->n_messages = live->n_messages;
        view->title = def->title;
        view->os_type = def->os.type ? def->os.type : "hvm";
        view->max_memory_kib = def->memory_kib;
        view->memory_kib = live->balloon_kib ? live->balloon_kib : def->current_memory_kib.set ? def->current_memory_kib.value : def->memory_kib;
        view->max_vcpus = def->vcpus;
        view->n_vcpus = def->current_vcpus ? def->current_vcpus : def->vcpus;
}

void domain_publish(Domain *domain) {
        domain->view = (DomainView) {
                .name = domain->name, .uuid = domain->uuid, .id = domain->id, .state = domain->state, .reason = domain->reason,
                .persistent = domain->persistent, .autostart = domain->autostart, .os_type = "hvm", .title = domain->title,
                .max_memory_kib = domain->max_memory_kib, .memory_kib = domain->memory_kib, .n_vcpus = domain->n_vcpus,
                .max_vcpus = domain->max_vcpus, .policy_required = domain->policy_required,
        };
        if (domain->live && domain->live->def)
                publish_live(&domain->view, domain->live);
}

/* A listener may go away while it is told. */
void domain_tell(Domain *domain, DomainEvent *event) {
        QemuDriver *driver = domain->driver;

        event->domain = &domain->view;
        for (size_t i = driver->n_listeners; i > 0; i--)
                if (i <= driver->n_listeners && driver->listeners[i - 1].events->domain_event)
                        driver->listeners[i - 1].events->domain_event(driver->listeners[i - 1].userdata, event);
}

void domain_tell_lifecycle(Domain *domain, LifecycleEvent event, int detail) {
        DomainEvent told = { .id = DOMAIN_EVENT_LIFECYCLE, .lifecycle = { .event = event, .detail = detail } };

        domain_tell(domain, &told);
}

char *domain_what(const Domain *domain) {
        return xasprintf("domain '%s'", domain->name);
}

/* ---- Questions to QEMU as steps ---- */

typedef struct StepCall {
        Op *op;
        QmpCall *call;                  /* NULL once answered */
        DomainQmpTake take;
        void *subject;
        bool more;
} StepCall;

static void step_call_drop(void *held) {
        StepCall *step = held;

        if (step->call)
                qmp_call_cancel(step->call);
        free(step);
}

static void on_step_answer(json_object *result, const Error *err, void *userdata) {
        CLEANUP(error_free) Error *refusal = NULL;
        StepCall *step = userdata;

        step->call = NULL;
        if (!err && step->take && step->take(step->subject, result, &refusal) < 0)
                err = refusal;
        if (err || !step->more)
                op_resume(step->op, err);
}

OpResult domain_qmp_ask(Op *op, Domain *domain, const char *command, json_object *arguments, DomainQmpTake take, void *subject, bool more,
                        Error **err) {
        StepCall *step;

        if (!domain->live || !domain->live->qmp) {
                json_object_put(arguments);
                error_set(err, ERROR_OPERATION_FAILED, "the monitor of domain '%s' is closed; '%s' cannot be sent", domain->name, command);
                return OP_FAILED;
        }
        step = xnew(StepCall);
        *step = (StepCall) { .op = op, .take = take, .subject = subject, .more = more };
        step->call = qmp_client_call(domain->live->qmp, command, arguments, on_step_answer, step, err);
        if (!step->call) {
                free(step);
                return OP_FAILED;
        }
        op_hold(op, step, step_call_drop);
        return OP_WAIT;
}

OpResult domain_qmp_step(Op *op, Domain *domain, const char *command, json_object *arguments, Error **err) {
        return domain_qmp_ask(op, domain, command, arguments, NULL, NULL, false, err);
}
