/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_start.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/complete.h"
#include "drivers/qemu/blockers.h"
#include "drivers/qemu/command_line.h"
#include "drivers/qemu/cpu_pin.h"
#include "drivers/qemu/domain_monitor.h"
#include "drivers/qemu/domain_start_private.h"
#include "drivers/qemu/domain_status.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/live_nvram.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/live_setup.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "drivers/qemu/qemu_driver.h"
#include "drivers/qemu/why.h"
#include "util/log.h"

#define PROBE_USEC (60 * USEC_PER_SEC)
#define MONITOR_USEC (60 * USEC_PER_SEC)
#define RUN_USEC (30 * USEC_PER_SEC)

struct DomainStart {
        Domain *domain;
        DomainJob *job;
        DomainStartArgs args;                   /* def has moved on to live */
        DomainLive *live;                       /* until record-status; then the domain has it */
        QemuCapsRequest *probe;                 /* NULL once answered */
        StartVerdict *verdict;
        bool made_nvram;
        CommandLine *command;
        int monitor_fd;                         /* listening */
        Error *err;                             /* steps have failed and are undone; QEMU's end is awaited */
        Error *end;                             /* how QEMU ended */
        void (*done)(DomainJob *job, const StartVerdict *verdict, Error *err);
};

DomainStart *domain_start_free(DomainStart *start) {
        if (!start)
                return NULL;
        assert(!start->probe);
        close_fd(start->monitor_fd);
        command_line_free(start->command);
        start_verdict_free(start->verdict);
        domain_live_free(start->live);
        domain_def_free(start->args.def);
        error_free(start->err);
        error_free(start->end);
        free(start);
        return NULL;
}

static DomainStart *start_of(void *subject) {
        return ((DomainJob *) subject)->domain->start;
}

/* ---- Before there is a process ---- */

static OpResult start_read_definition(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);

        if (!start->args.def && domain_stored_def(start->domain, &start->args.def, err) < 0)
                return OP_FAILED;
        start->live = xnew(DomainLive);
        start->live->def = STEAL(start->args.def);
        start->live->start_flag = start->args.start_flag;
        start->live->incoming = start->args.incoming;
        start->live->autodestroy_client = start->args.autodestroy_client;
        return OP_DONE;
}

typedef struct ProbeHold {
        Op *op;
        DomainStart *start;
} ProbeHold;

static void probe_drop(void *held) {
        ProbeHold *hold = held;

        if (hold->start->probe)
                qemu_caps_request_cancel(STEAL(hold->start->probe));
        free(hold);
}

static void on_probed(QemuCaps *caps, const Error *err, void *userdata) {
        ProbeHold *hold = userdata;

        hold->start->probe = NULL;
        if (caps)
                hold->start->live->caps = qemu_caps_ref(caps);
        op_resume(hold->op, err);
}

static OpResult start_probe_emulator(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        const char *emulator = start->live->def->emulator;
        QemuCaps *known = qemu_caps_cache_peek(start->domain->driver->caps, emulator);
        ProbeHold *hold;

        if (known) {
                start->live->caps = qemu_caps_ref(known);
                return OP_DONE;
        }
        hold = xnew(ProbeHold);
        *hold = (ProbeHold) { .op = op, .start = start };
        op_hold(op, hold, probe_drop);
        start->probe = qemu_caps_cache_get(start->domain->driver->caps, emulator, on_probed, hold);
        return OP_WAIT;
}

/* What `dominfo` shows as long as the guest runs: how its CPU was changed, and what was warned about, so also what keeps it from
 * being migrated before its VMM says so. */
static void keep_messages(DomainLive *live, const StartVerdict *verdict) {
        const PolicyVerdict *policy = verdict->policy;

        for (size_t i = 0; verdict->cpu && i < verdict->cpu->n_changes; i++)
                if (verdict->cpu->changes[i].kind != CPU_CHANGE_MISSING_OFF)            /* all in one warning below */
                        *ARRAY_APPEND(live->messages, live->n_messages) = cpu_change_text(&verdict->cpu->changes[i]);
        for (size_t i = 0; i < policy->n_findings; i++)
                if (policy->findings[i].severity == POLICY_WARN)
                        *ARRAY_APPEND(live->messages, live->n_messages) = xstrdup(policy->findings[i].what);
        live->n_own_messages = live->n_messages;
}

/* The very function that `explain` asks; the frozen CPU it returns is what runs. */
static OpResult start_check_policy(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        QemuDriver *driver = start->domain->driver;
        DomainLive *live = start->live;
        StartQuestion question = { .operation = start->args.operation, .def = live->def, .settings = &driver->policy,
                                   .host = facts_for(driver->facts, live->caps, policy_technology(live->def)),
                                   .start_flag = start->args.start_flag, .pin = cpu_pin_read(driver, start->domain->uuid) };

        start->verdict = verdict_for_start(&question);
        if (!start->verdict->policy->allowed) {
                policy_verdict_error(start->verdict->policy, start->domain->name, err);
                return OP_FAILED;
        }
        live->guaranteed = start->verdict->policy->only_migratable;
        if (start->verdict->cpu && start->verdict->cpu->cpu) {
                cpu_def_free(live->def->cpu);
                live->def->cpu = cpu_def_copy(start->verdict->cpu->cpu);
        }
        keep_messages(live, start->verdict);
        return OP_DONE;
}

static OpResult start_name_devices(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        DomainDef *def = start->live->def;
        CLEANUP(free) char *directory = xasprintf("%s/domains", start->domain->driver->runtime_dir);

        start->domain->driver->last_id++;
        def->id = OPT_UINT((unsigned) start->domain->driver->last_id);
        domain_def_assign_aliases(def);
        if (command_line_choose_paths(def, directory, err) < 0)
                return OP_FAILED;
        return live_ports_choose(start->domain->driver, def, err) < 0 ? OP_FAILED : OP_DONE;
}

static OpResult start_make_nvram(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        const QemuDriver *driver = start->domain->driver;

        return live_nvram_make(start->live->def, driver->change_user ? driver->uid : (uid_t) -1, driver->change_user ? driver->gid : (gid_t) -1,
                               &start->made_nvram, err) < 0 ? OP_FAILED : OP_DONE;
}

/* A guest that never ran has no variables of its own to keep. */
static void undo_nvram(void *subject) {
        DomainStart *start = start_of(subject);
        const DomainLive *live = start->live ? start->live : start->domain->live;

        if (start->made_nvram)
                unlink(live->def->os.nvram);
}

/* The address is too short for deep directories, so it goes through the descriptor. */
static int listen_at(int dir_fd, const char *name, Error **err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        CLEANUP(close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
        unlinkat(dir_fd, name, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 1) < 0)
                return error_set_errno(err, errno, "cannot make the monitor's socket '%s'", name);
        return STEAL_FD(fd);
}

static OpResult start_open_sockets(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        QemuDriver *driver = start->domain->driver;
        char name[64];

        domain_file_name(start->domain->uuid, ".stderr", name);
        unlinkat(driver->domains_fd, name, 0);
        if (stderr_tail_open(driver->runner->loop, driver->domains_fd, name, &start->live->errors, err) < 0)
                return OP_FAILED;
        domain_file_name(start->domain->uuid, ".monitor", name);
        start->monitor_fd = listen_at(driver->domains_fd, name, err);
        return start->monitor_fd < 0 ? OP_FAILED : OP_DONE;
}

static void undo_sockets(void *subject) {
        DomainStart *start = start_of(subject);
        const DomainLive *live = start->live ? start->live : start->domain->live;

        domain_files_remove(start->domain->driver, start->domain->uuid, live->def);
}

static OpResult start_build_command(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        DomainLive *live = start->live;
        CLEANUP(free) char *text = NULL;
        CommandLineParams params = { .monitor_fd = start->monitor_fd, .incoming = start->args.incoming, .only_migratable = live->guaranteed,
                                     .cpu = start->verdict->cpu ? start->verdict->cpu->cpu : NULL };

        if (command_line_build(live->def, live->caps, &params, &start->command, err) < 0)
                return OP_FAILED;
        if (log_level() >= LOG_LEVEL_DEBUG) {
                text = command_line_text(start->command);
                log_debug("domain '%s': start: %s", start->domain->name, text);
        }
        return OP_DONE;
}

/* From here on the domain is active; what interrupts us, the next daemon finds the file. */
static OpResult start_record_status(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        DomainLive *live = STEAL(start->live);

        domain_set_active(start->domain, live, (int) live->def->id.value);
        domain_set_state(start->domain, DOMAIN_PAUSED, live->incoming ? PAUSED_MIGRATION : PAUSED_STARTING_UP);
        domain_status_write(start->domain);
        return OP_DONE;
}

static void undo_status(void *subject) {
        domain_status_remove(start_of(subject)->domain);
}

/* ---- The process ---- */

static OpResult start_spawn_qemu(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        Domain *domain = start->domain;
        const CommandLine *command = start->command;
        CLEANUP(close) int errors = -1;
        char name[64];
        ProcessSpec spec = { .argv = (const char *const *) command->argv, .env = (const char *const *) command->env, .fds = command->fds,
                             .n_fds = command->n_fds, .stdin_fd = -1, .change_user = domain->driver->change_user,
                             .uid = domain->driver->uid, .gid = domain->driver->gid, .no_core_dump = command->no_core_dump,
                             .memory_lock_bytes = command->memory_lock_bytes };

        domain_file_name(domain->uuid, ".stderr", name);
        errors = stderr_tail_open_writer(domain->driver->domains_fd, name, err);
        if (errors < 0)
                return OP_FAILED;
        spec.stdout_fd = spec.stderr_fd = errors;
        if (process_spawn(domain->driver->runner->loop, &spec, domain_on_exit, domain, &domain->live->process, err) < 0)
                return OP_FAILED;
        start->command = command_line_free(start->command);
        close_fd(STEAL_FD(start->monitor_fd));
        domain_publish(domain);
        domain_status_write(domain);
        return OP_DONE;
}

/* Its end is awaited after the undo: nobody is told of the failure before QEMU has gone. */
static void undo_spawn(void *subject) {
        DomainLive *live = start_of(subject)->domain->live;

        if (live && live->process)
                process_kill(live->process, SIGKILL);
}

static int take_status(void *subject, json_object *result, Error **err) {
        const char *status = json_get_string(result, "status");

        return status ? 0 : error_set(err, ERROR_INTERNAL, "QEMU does not say in which state it is");
}

static int take_chardevs(void *subject, json_object *result, Error **err) {
        return live_ports_take_chardevs(start_of(subject)->domain->live->def, result, err);
}

static json_object *events_capability(void) {
        json_object *arguments = json_object_new_object(), *list = json_object_new_array(), *capability = json_object_new_object();

        json_add_string(capability, "capability", "events");
        json_add_bool(capability, "state", true);
        json_object_array_add(list, capability);
        json_add(arguments, "capabilities", list);
        return arguments;
}

/* QEMU has not even begun to run: what is said now waits in its socket, and is answered as soon as it listens. */
static OpResult start_open_monitor(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);
        Domain *domain = start->domain;
        CLEANUP(free) char *what = domain_what(domain);
        char name[64];

        domain_file_name(domain->uuid, ".monitor", name);
        if (qmp_client_connect(domain->driver->runner->loop, domain->driver->domains_fd, name, what, &domain_qmp_handlers, domain,
                               &domain->live->qmp, err) < 0)
                return OP_FAILED;
        if (live_ports_has_pty(domain->live->def) &&
            domain_qmp_ask(op, domain, "query-chardev", NULL, take_chardevs, subject, true, err) == OP_FAILED)
                return OP_FAILED;
        if (qemu_caps_has_migration_capability(domain->live->caps, "events") &&
            domain_qmp_ask(op, domain, "migrate-set-capabilities", events_capability(), NULL, NULL, true, err) == OP_FAILED)
                return OP_FAILED;
        return domain_qmp_ask(op, domain, "query-status", NULL, take_status, subject, false, err);
}

static void undo_monitor(void *subject) {
        DomainLive *live = start_of(subject)->domain->live;

        if (live)
                domain_close_monitor(live);
}

static OpResult start_set_up_devices(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);

        return live_setup(op, start->domain, start->args.incoming, err);
}

static OpResult start_run_vcpus(Op *op, void *subject, Error **err) {
        DomainStart *start = start_of(subject);

        if (start->args.incoming)
                return OP_DONE;
        if (start->args.paused) {
                domain_set_state(start->domain, DOMAIN_PAUSED, PAUSED_USER);
                return OP_DONE;
        }
        start->domain->live->running_reason = RUNNING_BOOTED;
        return domain_qmp_step(op, start->domain, "cont", NULL, err);
}

const OpStep domain_start_steps[] = {
        { "read-definition",    start_read_definition,  NULL,           0 },
        { "probe-emulator",     start_probe_emulator,   NULL,           PROBE_USEC },
        { "check-policy",       start_check_policy,     NULL,           0 },
        { "name-devices",       start_name_devices,     NULL,           0 },
        { "make-nvram",         start_make_nvram,       undo_nvram,     0 },
        { "open-sockets",       start_open_sockets,     undo_sockets,   0 },
        { "build-command",      start_build_command,    NULL,           0 },
        { "record-status",      start_record_status,    undo_status,    0 },
        { "spawn-qemu",         start_spawn_qemu,       undo_spawn,     0 },
        { "open-monitor",       start_open_monitor,     undo_monitor,   MONITOR_USEC },
        { "set-up-devices",     start_set_up_devices,   NULL,           RUN_USEC },
        { "run-vcpus",          start_run_vcpus,        NULL,           RUN_USEC },
        {},
};

/* ---- How it came out ---- */

static void start_succeeded(DomainStart *start) {
        Domain *domain = start->domain;
        DomainJob *job = start->job;

        domain->start = NULL;
        live_ports_begin(domain->live->def, start->args.incoming);
        domain_publish(domain);
        if (!start->args.incoming) {
                domain_status_write(domain);
                cpu_pin_record(domain, start->verdict->cpu);
                domain_tell_lifecycle(domain, LIFECYCLE_STARTED, DETAIL_STARTED_BOOTED);
                if (start->args.paused)
                        domain_tell_lifecycle(domain, LIFECYCLE_SUSPENDED, DETAIL_SUSPENDED_PAUSED);
                blockers_refresh(domain);
        }
        start->done(job, start->verdict, NULL);
        domain_start_free(start);
}

/* When QEMU ended by itself, what it printed is the reason, in libvirt's words. */
static Error *start_error(const DomainStart *start, const Error *err) {
        const DomainLive *live = start->domain->live;
        CLEANUP(free) char *line = live ? stderr_tail_excerpt(live->errors) : NULL;
        Error *told = NULL;

        if (!start->end || !live->monitor_lost || live->end_known)
                return error_copy(err);
        error_set(&told, ERROR_INTERNAL, "process exited while connecting to monitor: %s", line ? line : start->end->detail);
        return told;
}

static void start_failed(DomainStart *start, const Error *err) {
        CLEANUP(error_free) Error *told = start_error(start, err);
        CLEANUP(json_put) json_object *report = NULL;
        Domain *domain = start->domain;

        if (start->verdict)
                report = policy_verdict_to_json(start->verdict->policy, domain->name);
        log_warning("domain '%s': start: %s: %s", domain->name, start->job->failed_step, told->message);
        why_record(domain, start->job->type->name, start->job->failed_step, told, report);
        domain->start = NULL;
        if (domain->live) {
                int reason = domain->live->end_known ? domain->live->end_reason : SHUTOFF_FAILED;

                domain_set_inactive(domain);
                domain_set_state(domain, DOMAIN_SHUTOFF, reason);
        } else {
                domain_set_state(domain, DOMAIN_SHUTOFF, SHUTOFF_FAILED);
        }
        domain_tell_gone(domain);
        start->done(start->job, start->verdict, told);
        domain_start_free(start);
}

static void on_start_steps_done(DomainJob *job, Error *err) {
        DomainStart *start = job->domain->start;
        DomainLive *live = job->domain->live;

        if (!err) {
                start_succeeded(start);
        } else if (live && live->process) {
                start->err = error_copy(err);           /* killed by the undo: domain_start_lost() goes on */
        } else {
                start_failed(start, err);
        }
}

void domain_start_lost(Domain *domain, const Error *why) {
        DomainStart *start = domain->start;
        CLEANUP(error_free) Error *err = NULL;

        if (!start->end)
                start->end = error_copy(why);
        if (start->err) {
                err = STEAL(start->err);
                start_failed(start, err);
        } else if (start->job->op) {
                domain->live->monitor_lost = true;
                op_cancel(start->job->op, why);
        }
}

void domain_start(DomainJob *job, DomainStartArgs *args, void (*done)(DomainJob *job, const StartVerdict *verdict, Error *err)) {
        DomainStart *start = xnew(DomainStart);

        assert(!job->domain->start && !job->domain->live);
        start->domain = job->domain;
        start->job = job;
        start->args = *args;
        args->def = NULL;
        start->monitor_fd = -1;
        start->done = done;
        job->domain->start = start;
        domain_job_run(job, domain_start_steps, on_start_steps_done);
}
