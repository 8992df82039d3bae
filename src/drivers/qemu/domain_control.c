/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_control.h"

#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/qemu_driver.h"

#define CONTROL_USEC (30 * USEC_PER_SEC)

/* libvirt's virDomainShutdownFlagValues, the same for reboot; virDomainQemuMonitorCommandFlags. */
enum { POWER_ACPI = 1, POWER_AGENT = 2 };
enum { MONITOR_HMP = 1 };
enum { JOB_STATS_COMPLETED = 1, JOB_STATS_KEEP_COMPLETED = 2 };

typedef struct ControlJob {
        DomainJob job;                          /* first */
        DomainVerb verb;
        const OpStep *steps;
} ControlJob;

static void control_begin(DomainJob *job);

static void control_free(DomainJob *job) {
        free(job);
}

static const DomainJobType suspend_type = { .name = "suspend", .begin = control_begin, .free = control_free };
static const DomainJobType resume_type = { .name = "resume", .begin = control_begin, .free = control_free };
static const DomainJobType reset_type = { .name = "reset", .begin = control_begin, .free = control_free };
static const DomainJobType shutdown_type = { .name = "shutdown", .begin = control_begin, .free = control_free };
static const DomainJobType reboot_type = { .name = "reboot", .begin = control_begin, .free = control_free };

/* A guest may be gone before QEMU could say that it pressed the button. */
static bool is_shut_down(const DomainJob *job) {
        return job->type == &shutdown_type && (job->domain->state == DOMAIN_SHUTDOWN || job->domain->state == DOMAIN_SHUTOFF);
}

static void control_done(DomainJob *job, Error *err) {
        domain_job_end(job, NULL, is_shut_down(job) ? NULL : err);
}

static void control_begin(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;
        const ControlJob *control = (ControlJob *) job;

        if (domain_verb_check(job->domain, control->verb, &err) < 0)
                domain_job_end(job, NULL, err);
        else
                domain_job_run(job, control->steps, control_done);
}

/* Refused at once when the state says so now; asked again when its turn has come. */
static void control_ask(Domain *domain, const DomainJobType *type, DomainVerb verb, const OpStep *steps, Reply *reply, Error *err) {
        ControlJob *control;

        if (!domain || err || (!domain->job && domain_verb_check(domain, verb, &err) < 0)) {
                reply_fail(reply, err);
                error_free(err);
                return;
        }
        control = xnew(ControlJob);
        *control = (ControlJob) { .job = { .type = type, .reply = reply }, .verb = verb, .steps = steps };
        domain_job_ask(domain, &control->job);
}

static Domain *domain_of(void *subject) {
        return ((DomainJob *) subject)->domain;
}

/* ---- suspend, resume ---- */

static OpResult stop_vcpus(Op *op, void *subject, Error **err) {
        Domain *domain = domain_of(subject);

        if (domain->state == DOMAIN_PAUSED)
                return OP_DONE;
        domain->live->paused_reason = PAUSED_USER;
        return domain_qmp_step(op, domain, "stop", NULL, err);
}

static const OpStep suspend_steps[] = { { "stop-vcpus", stop_vcpus, NULL, CONTROL_USEC }, {} };

void qemu_suspend(Driver *driver, sd_id128_t uuid, Reply *reply) {
        Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);

        control_ask(domain, &suspend_type, VERB_SUSPEND, suspend_steps, reply, err);
}

static OpResult run_vcpus(Op *op, void *subject, Error **err) {
        Domain *domain = domain_of(subject);

        domain->live->running_reason = domain->state == DOMAIN_CRASHED ? RUNNING_CRASHED : RUNNING_UNPAUSED;
        return domain_qmp_step(op, domain, "cont", NULL, err);
}

static const OpStep resume_steps[] = { { "run-vcpus", run_vcpus, NULL, CONTROL_USEC }, {} };

void qemu_resume(Driver *driver, sd_id128_t uuid, Reply *reply) {
        Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);

        control_ask(domain, &resume_type, VERB_RESUME, resume_steps, reply, err);
}

/* ---- reset, shutdown, reboot ---- */

static OpResult press_reset(Op *op, void *subject, Error **err) {
        return domain_qmp_step(op, domain_of(subject), "system_reset", NULL, err);
}

/* A panicked guest that was reset waits, as libvirt has it, for resume. */
static OpResult leave_crashed(Op *op, void *subject, Error **err) {
        Domain *domain = domain_of(subject);

        if (domain->state == DOMAIN_CRASHED)
                domain_set_state(domain, DOMAIN_PAUSED, PAUSED_CRASHED);
        return OP_DONE;
}

static const OpStep reset_steps[] = {
        { "press-reset", press_reset, NULL, CONTROL_USEC },
        { "leave-crashed", leave_crashed, NULL, 0 },
        {},
};

void qemu_reset(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);

        if (domain)
                flags_check(flags, 0, "qemuDomainReset", &err);
        control_ask(domain, &reset_type, VERB_RESET, reset_steps, reply, err);
}

/* The agent is not spoken to yet: a call that insists on it is told so, as libvirt does for a guest without the channel. */
static int power_flags_check(unsigned flags, const char *function, Error **err) {
        if (flags_check(flags, POWER_ACPI | POWER_AGENT, function, err) < 0)
                return -1;
        if (flags & POWER_AGENT && !(flags & POWER_ACPI))
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
        return 0;
}

static OpResult press_power(Op *op, void *subject, Error **err) {
        domain_of(subject)->live->fake_reboot = ((DomainJob *) subject)->type == &reboot_type;
        domain_status_write(domain_of(subject));
        return domain_qmp_step(op, domain_of(subject), "system_powerdown", NULL, err);
}

static const OpStep power_steps[] = { { "press-power", press_power, NULL, CONTROL_USEC }, {} };

static void ask_power(Driver *driver, sd_id128_t uuid, unsigned flags, const DomainJobType *type, DomainVerb verb, const char *function,
                      Reply *reply) {
        Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);

        if (domain && flags_check(flags, POWER_ACPI | POWER_AGENT, function, &err) == 0 && domain_verb_check(domain, verb, &err) == 0)
                power_flags_check(flags, function, &err);
        control_ask(domain, type, verb, power_steps, reply, err);
}

void qemu_shutdown(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        ask_power(driver, uuid, flags, &shutdown_type, VERB_SHUTDOWN, "qemuDomainShutdownFlags", reply);
}

void qemu_reboot(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        ask_power(driver, uuid, flags, &reboot_type, VERB_REBOOT, "qemuDomainReboot", reply);
}

/* ---- The monitor, for those who know it ---- */

typedef struct MonitorJob {
        DomainJob job;                          /* first */
        bool hmp;
        char *command;                          /* QMP: the command's name */
        json_object *arguments, *id;
        char *answer;
} MonitorJob;

/* QEMU's answer as QEMU would have said it, with the id of the one who asked. */
static int take_answer(void *subject, json_object *result, Error **err) {
        MonitorJob *monitor = subject;
        json_object *whole;

        if (monitor->hmp) {
                monitor->answer = xstrdup(json_object_is_type(result, json_type_string) ? json_object_get_string(result) : "");
                return 0;
        }
        whole = json_object_new_object();
        json_add(whole, "return", json_object_get(result));
        if (monitor->id)
                json_add(whole, "id", json_object_get(monitor->id));
        monitor->answer = json_text(whole);
        json_object_put(whole);
        return 0;
}

static OpResult ask_monitor(Op *op, void *subject, Error **err) {
        MonitorJob *monitor = subject;

        return domain_qmp_ask(op, monitor->job.domain, monitor->command, STEAL(monitor->arguments), take_answer, monitor, false, err);
}

static const OpStep monitor_steps[] = { { "ask-monitor", ask_monitor, NULL, CONTROL_USEC }, {} };

/* For QMP an error of QEMU's is an answer. */
static void answer_refusal(MonitorJob *monitor, const Error *err) {
        json_object *whole = json_object_new_object(), *error = json_object_new_object();

        json_add_string(error, "class", err->code == ERROR_NO_SUPPORT ? "CommandNotFound" : err->code == ERROR_DEVICE_MISSING ? "DeviceNotFound" : "GenericError");
        json_add_string(error, "desc", qmp_error_text(err));
        if (monitor->id)
                json_add(whole, "id", json_object_get(monitor->id));
        json_add(whole, "error", error);
        monitor->answer = json_text(whole);
        json_object_put(whole);
}

static void monitor_done(DomainJob *job, Error *err) {
        MonitorJob *monitor = (MonitorJob *) job;
        bool qemu_said_no = err && (err->code == ERROR_NO_SUPPORT || err->code == ERROR_DEVICE_MISSING || err->code == ERROR_INTERNAL);

        if (qemu_said_no && !monitor->hmp) {
                answer_refusal(monitor, err);
                err = NULL;
        }
        domain_job_end(job, err ? NULL : &(Result) { .kind = RESULT_TEXT, .text = monitor->answer }, err);
}

static void monitor_begin(DomainJob *job) {
        CLEANUP(error_free) Error *err = NULL;

        if (domain_verb_check(job->domain, VERB_MONITOR, &err) < 0)
                domain_job_end(job, NULL, err);
        else
                domain_job_run(job, monitor_steps, monitor_done);
}

static void monitor_free(DomainJob *job) {
        MonitorJob *monitor = (MonitorJob *) job;

        json_object_put(monitor->arguments);
        json_object_put(monitor->id);
        free(monitor->command);
        free(monitor->answer);
        free(monitor);
}

static const DomainJobType monitor_type = { .name = "monitor command", .begin = monitor_begin, .free = monitor_free };

static int monitor_parse(MonitorJob *monitor, const char *command, Error **err) {
        CLEANUP(json_put) json_object *asked = NULL;
        json_object *arguments, *id = NULL;
        const char *name;

        if (monitor->hmp) {
                monitor->command = xstrdup("human-monitor-command");
                monitor->arguments = json_object_new_object();
                json_add_string(monitor->arguments, "command-line", command);
                return 0;
        }
        if (json_parse(command, strlen(command), "the monitor command", &asked, err) < 0)
                return -1;
        name = json_get_string(asked, "execute");
        if (!name)
                return error_set(err, ERROR_INVALID_ARG, "the monitor command has no 'execute'");
        arguments = json_get_object(asked, "arguments");
        json_object_object_get_ex(asked, "id", &id);
        monitor->command = xstrdup(name);
        monitor->arguments = json_object_get(arguments);
        monitor->id = json_object_get(id);
        return 0;
}

void qemu_monitor_command(Driver *driver, sd_id128_t uuid, const char *command, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);
        MonitorJob *monitor = xnew(MonitorJob);

        monitor->job.type = &monitor_type;
        monitor->hmp = flags & MONITOR_HMP;
        if (!domain || flags_check(flags, MONITOR_HMP, "qemuDomainQemuMonitorCommandWithFiles", &err) < 0 ||
            domain_verb_check(domain, VERB_MONITOR, &err) < 0 || monitor_parse(monitor, command, &err) < 0) {
                monitor_free(&monitor->job);
                reply_fail(reply, err);
                return;
        }
        monitor->job.reply = reply;
        domain_job_ask(domain, &monitor->job);
}

/* ---- About jobs ---- */

static void answer_no_job(Reply *reply) {
        reply_give(reply, &(Result) { .kind = RESULT_PARAMS });
}

static int job_stats_flags_check(unsigned flags, Error **err) {
        if ((flags & JOB_STATS_KEEP_COMPLETED) && !(flags & JOB_STATS_COMPLETED))
                return error_set_plain(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "Flag 'VIR_DOMAIN_JOB_STATS_COMPLETED' is required by "
                                       "flag 'VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED'");
        return flags_check(flags, JOB_STATS_COMPLETED | JOB_STATS_KEEP_COMPLETED, "qemuDomainGetJobStats", err);
}

void qemu_job_stats(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);
        bool completed = flags & JOB_STATS_COMPLETED;

        if (!domain || job_stats_flags_check(flags, &err) < 0 ||
            (!completed && domain_verb_check(domain, VERB_JOB, &err) < 0)) {
                reply_fail(reply, err);
                return;
        }
        if (completed && domain->completed_job)
                domain->completed_job_answer(domain, flags, reply);
        else if (!completed && domain->job && domain->job->type->stats)
                domain->job->type->stats(domain->job, flags, reply);
        else
                answer_no_job(reply);
}

void qemu_abort_job(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        Domain *domain = driver_need_uuid(qemu_driver(driver), uuid, &err);

        if (domain && flags_check(flags, 1, "qemuDomainAbortJobFlags", &err) == 0 && domain_verb_check(domain, VERB_JOB, &err) == 0) {
                if (!domain->job || !domain->job->type->abort)
                        error_set(&err, ERROR_OPERATION_INVALID, "no job is active on the domain");
                else
                        domain->job->type->abort(domain->job, &err);
        }
        if (err)
                reply_fail(reply, err);
        else
                reply_none(reply);
}
