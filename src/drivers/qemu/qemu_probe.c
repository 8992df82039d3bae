/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cpumodel/cpu_features.h"
#include "drivers/qemu/qemu_arch.h"
#include "drivers/qemu/qemu_caps_cache.h"
#include "drivers/qemu/qmp_client.h"
#include "util/op.h"
#include "util/process.h"

#define PROBE_TIMEOUT_USEC (60 * USEC_PER_SEC)
#define MAX_STDERR 4096
#define MAX_MODELS 500          /* QMP_MAX_CALLS bounds what may be outstanding */

typedef struct ProbeCall {
        QemuProbe *probe;
        void (*take)(QemuProbe *probe, json_object *result, const Error *err, long model);
        long model;             /* of cpu_host, or -1 */
} ProbeCall;

struct QemuProbe {
        sd_event *loop;
        char *binary;
        QemuAccel accel;
        QemuProbeUser user;
        QemuProbeDone done;
        void *userdata;
        Process *process;
        QmpClient *qmp;
        int stderr_fd;
        char errors[MAX_STDERR + 1];
        size_t n_errors;
        sd_event_source *deadline;
        unsigned n_outstanding;
        bool finished;          /* all is asked and answered, or it failed: only the end of the process is waited for */
        bool freeing;
        QemuProbeAnswer answer;
        struct lh_table *cpu_types;     /* QOM type -> model name, both in cpu_json */
        json_object *cpu_json;
};

static void probe_finish(QemuProbe *probe, Error *err) {
        if (probe->finished) {
                error_free(err);
                return;
        }
        probe->finished = true;
        probe->answer.err = err;
        process_kill(probe->process, SIGKILL);
}

/* ---- Answers ---- */

static void on_answer(json_object *result, const Error *err, void *userdata) {
        ProbeCall *call = userdata;
        QemuProbe *probe = call->probe;

        if (!probe->finished && !probe->freeing)
                call->take(probe, result, err, call->model);
        free(call);
        if (--probe->n_outstanding == 0 && !probe->freeing)
                probe_finish(probe, NULL);
}

static void ask(QemuProbe *probe, const char *command, json_object *arguments,
                void (*take)(QemuProbe *probe, json_object *result, const Error *err, long model), long model) {
        CLEANUP(error_free) Error *err = NULL;
        ProbeCall *call = xnew(ProbeCall);

        *call = (ProbeCall) { .probe = probe, .take = take, .model = model };
        probe->n_outstanding++;
        if (qmp_client_call(probe->qmp, command, arguments, on_answer, call, &err))
                return;
        probe->n_outstanding--;
        free(call);
        probe_finish(probe, STEAL(err));
}

static bool probe_needs(QemuProbe *probe, json_object *result, const Error *err, json_type type) {
        Error *copy;

        if (result && json_object_is_type(result, type))
                return true;
        copy = err ? error_copy(err) : NULL;
        if (!copy)
                error_set(&copy, ERROR_INTERNAL, "an answer of QEMU has an unexpected form");
        probe_finish(probe, copy);
        return false;
}

/* The member key of each element, in the order told; elements of an unexpected form are left out. */
static json_object *pick(json_object *array, const char *key) {
        size_t n = array && json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
        json_object *names = json_object_new_array_ext(n ? (int) n : 1);

        for (size_t i = 0; i < n; i++) {
                json_object *item = json_object_array_get_idx(array, i);
                const char *name = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : json_get_string(item, key);

                if (name)
                        json_append_string(names, name);
        }
        return names;
}

static void take_version(QemuProbe *probe, json_object *result, const Error *err, long model) {
        json_object *qemu = result ? json_get_object(result, "qemu") : NULL;
        const char *package;

        if (!probe_needs(probe, qemu, err, json_type_object))
                return;
        package = json_get_string(result, "package");
        json_add_string(probe->answer.common, "package", package ? package : "");
        json_add_uint(probe->answer.common, "version",
                      json_get_uint(qemu, "major", 0) * 1000000 + json_get_uint(qemu, "minor", 0) * 1000 + json_get_uint(qemu, "micro", 0));
}

static void take_target(QemuProbe *probe, json_object *result, const Error *err, long model) {
        const char *target = result ? json_get_string(result, "arch") : NULL;
        const char *named = qemu_caps_binary_arch(probe->binary);
        const QemuArch *arch;

        if (!probe_needs(probe, result, err, json_type_object))
                return;
        /* One program for both byte orders of POWER: which is meant is in the name it is called by. */
        arch = streq(target, "ppc64") && streq(named, "ppc64le") ? qemu_arch_by_name(named) : qemu_arch_by_target(target);
        json_add_string(probe->answer.common, "target", target);
        json_add_string(probe->answer.common, "arch", arch ? arch->arch : target);
        probe->answer.cpu_host = cpu_host_new(arch ? arch->arch : target ? target : "", probe->accel == QEMU_ACCEL_KVM);
}

static void take_kvm(QemuProbe *probe, json_object *result, const Error *err, long model) {
        Error *reason = NULL;

        if (probe->accel != QEMU_ACCEL_KVM || !probe_needs(probe, result, err, json_type_object) || json_get_bool(result, "enabled", false))
                return;
        error_set(&reason, ERROR_INTERNAL, "KVM is %s", json_get_bool(result, "present", false) ? "not enabled" : "not part of this QEMU");
        probe_finish(probe, reason);
}

static void take_commands(QemuProbe *probe, json_object *result, const Error *err, long model) {
        if (probe_needs(probe, result, err, json_type_array))
                json_add(probe->answer.common, "commands", pick(result, "name"));
}

static void take_devices(QemuProbe *probe, json_object *result, const Error *err, long model) {
        if (probe_needs(probe, result, err, json_type_array))
                json_add(probe->answer.common, "devices", pick(result, "name"));
}

static void take_confidential(QemuProbe *probe, json_object *result, const Error *err, long model) {
        json_add(probe->answer.common, "confidential_objects", pick(result, "name"));           /* an error: there are none */
}

static void take_objects(QemuProbe *probe, json_object *result, const Error *err, long model) {
        if (probe_needs(probe, result, err, json_type_array))
                json_add(probe->answer.common, "objects", pick(result, "name"));
}

static void take_migration(QemuProbe *probe, json_object *result, const Error *err, long model) {
        if (probe_needs(probe, result, err, json_type_array))
                json_add(probe->answer.common, "migration_capabilities", pick(result, "capability"));
}

static void take_machine_properties(QemuProbe *probe, json_object *result, const Error *err, long model) {
        json_add(probe->answer.common, "machine_properties", pick(result, "name"));
}

static void take_tpm(QemuProbe *probe, json_object *result, const Error *err, long model) {
        json_add(probe->answer.common, "tpm_backends", pick(result, "name"));
}

static void take_sev(QemuProbe *probe, json_object *result, const Error *err, long model) {
        if (result && json_object_is_type(result, json_type_object))
                json_add(probe->answer.common, "sev", json_object_get(result));
        else if (err && err->code != ERROR_NO_SUPPORT)
                json_add_string(probe->answer.common, "sev_error", qmp_error_text(err));
}

/* ---- CPUs ---- */

/* What has been told of the named CPU types, wanted for the machines' default CPUs. */
static const char *cpu_name_of_type(QemuProbe *probe, const char *type) {
        void *name = NULL;

        if (type && probe->cpu_types)
                lh_table_lookup_ex(probe->cpu_types, type, &name);
        return name;
}

/* QEMU 7.2 says "power9" and takes any case; libvirt's word is "POWER9". */
static char *model_name(const char *arch, const char *name) {
        char *copy = xstrdup(name);

        if (strncmp(arch, "ppc64", 5) == 0 && strncmp(name, "power", 5) == 0 && name[5] && strspn(name + 5, "0123456789") == strlen(name + 5))
                memcpy(copy, "POWER", 5);
        return copy;
}

static void add_default_cpu(QemuProbe *probe, json_object *machine, const char *cpu) {
        CLEANUP(free) char *name = cpu ? model_name(probe->answer.cpu_host->arch, cpu) : NULL;

        json_add_string(machine, "cpu", name);
}

static void take_machines(QemuProbe *probe, json_object *result, const Error *err, long model) {
        json_object *machines = json_object_new_array();
        size_t n;

        json_add(probe->answer.common, "machines", machines);
        if (!probe_needs(probe, result, err, json_type_array))
                return;
        n = json_object_array_length(result);
        for (size_t i = 0; i < n; i++) {
                json_object *item = json_object_array_get_idx(result, i), *machine;
                const char *name = json_get_string(item, "name");

                if (!name || streq(name, "none"))
                        continue;
                machine = json_object_new_object();
                json_add_string(machine, "name", name);
                json_add_string(machine, "alias", json_get_string(item, "alias"));
                add_default_cpu(probe, machine, cpu_name_of_type(probe, json_get_string(item, "default-cpu-type")));
                json_add_string(machine, "ram_id", json_get_string(item, "default-ram-id"));
                json_add_uint(machine, "cpus", json_get_uint(item, "cpu-max", 0));
                json_add_bool(machine, "default", json_get_bool(item, "is-default", false));
                json_add_bool(machine, "deprecated", json_get_bool(item, "deprecated", false));
                json_add_bool(machine, "hotpluggable_cpus", json_get_bool(item, "hotpluggable-cpus", false));
                json_object_array_add(machines, machine);
        }
}

static bool is_s390(const QemuProbe *probe) {
        return streq(probe->answer.cpu_host->arch, "s390x");
}

/* Neither the paravirtual interfaces, which <features> and <clock> speak of, nor the parts of VMX, which come with "vmx" as the model has
 * them, are features of a CPU to libvirt 9.0. */
static bool is_cpu_feature(const char *name) {
        return strncmp(name, "kvm", 3) != 0 && strncmp(name, "hv-", 3) != 0 && strncmp(name, "vmx-", 4) != 0;
}

/* Booleans of an expansion that are on (or, with all, any), by libvirt's names. */
static void add_booleans(QemuProbe *probe, json_object *result, CpuFeatureSet *set, bool all) {
        json_object *model = result && json_object_is_type(result, json_type_object) ? json_get_object(result, "model") : NULL;
        json_object *props = model ? json_get_object(model, "props") : NULL;

        if (!props)
                return;
        json_object_object_foreach(props, name, value) {
                if (json_object_is_type(value, json_type_boolean) && (all || (json_object_get_boolean(value) && is_cpu_feature(name))))
                        cpu_feature_set_add(set, cpu_feature_from_qemu(probe->answer.cpu_host->arch, name));
        }
}

static json_object *expansion_arguments(const char *type, const char *name, int migratable) {
        json_object *arguments = json_object_new_object(), *model = json_object_new_object();

        json_add_string(arguments, "type", type);
        json_add_string(model, "name", name);
        if (migratable >= 0) {
                json_object *props = json_object_new_object();

                json_add_bool(props, "migratable", migratable);
                json_add(model, "props", props);
        }
        json_add(arguments, "model", model);
        return arguments;
}

static void take_model_expansion(QemuProbe *probe, json_object *result, const Error *err, long model) {
        add_booleans(probe, result, &probe->answer.cpu_host->models[model].features, false);
}

static void take_host_migratable(QemuProbe *probe, json_object *result, const Error *err, long model) {
        CpuHost *host = probe->answer.cpu_host;

        if (!result)
                return;
        host->can_expand = true;
        add_booleans(probe, result, &host->host_migratable, false);
        if (is_s390(probe))
                add_booleans(probe, result, &host->host_full, false);
}

static void take_host_unmigratable(QemuProbe *probe, json_object *result, const Error *err, long model) {
        add_booleans(probe, result, &probe->answer.cpu_host->host_full, false);
}

static void take_deprecated_props(CpuHost *host, json_object *result) {
        json_object *list = json_get_array(result, "deprecated-props");

        for (size_t i = 0; list && i < json_object_array_length(list); i++) {
                json_object *item = json_object_array_get_idx(list, i);

                if (json_object_is_type(item, json_type_string))
                        cpu_feature_set_add(&host->deprecated, cpu_feature_from_qemu(host->arch, json_object_get_string(item)));
        }
}

/* The full expansion: every property there is, and the vendor in it. */
static void take_host_known(QemuProbe *probe, json_object *result, const Error *err, long index) {
        json_object *model = result && json_object_is_type(result, json_type_object) ? json_get_object(result, "model") : NULL;
        json_object *props = model ? json_get_object(model, "props") : NULL;
        const char *vendor = props ? json_get_string(props, "vendor") : NULL;
        CpuHost *host = probe->answer.cpu_host;

        if (!model)
                return;
        add_booleans(probe, result, &host->known, true);
        take_deprecated_props(host, result);
        if (vendor)
                host->vendor = xstrdup(streq(vendor, "GenuineIntel") ? "Intel" : streq(vendor, "AuthenticAMD") ? "AMD" :
                                       streq(vendor, "HygonGenuine") ? "Hygon" : vendor);
}

static void take_host_static(QemuProbe *probe, json_object *result, const Error *err, long index) {
        json_object *model = result && json_object_is_type(result, json_type_object) ? json_get_object(result, "model") : NULL;

        if (model)
                probe->answer.cpu_host->host_model = xstrdup(json_get_string(model, "name"));
}

/* x86: static expansions name each feature once; the full one also has aliases and options that are no features. s390x: static ones
 * name only what differs from the base model, so what is on is told by the full ones. */
static void ask_expansions(QemuProbe *probe) {
        const char *host_name = probe->accel == QEMU_ACCEL_KVM ? "host" : "max";
        const char *type = is_s390(probe) ? "full" : "static";
        CpuHost *host = probe->answer.cpu_host;

        ask(probe, "query-cpu-model-expansion", expansion_arguments("full", host_name, -1), take_host_known, -1);
        if (is_s390(probe)) {
                ask(probe, "query-cpu-model-expansion", expansion_arguments("static", host_name, -1), take_host_static, -1);
                ask(probe, "query-cpu-model-expansion", expansion_arguments("full", host_name, -1), take_host_migratable, -1);
        } else {
                ask(probe, "query-cpu-model-expansion", expansion_arguments("static", host_name, true), take_host_migratable, -1);
                ask(probe, "query-cpu-model-expansion", expansion_arguments("static", host_name, false), take_host_unmigratable, -1);
        }
        for (size_t i = 0; i < host->n_models; i++)
                if (!host->models[i].alias_of)
                        ask(probe, "query-cpu-model-expansion", expansion_arguments(type, host->models[i].name, -1), take_model_expansion,
                            (long) i);
}

static void add_cpu(QemuProbe *probe, json_object *item) {
        const char *name = json_get_string(item, "name"), *type = json_get_string(item, "typename");
        json_object *unavailable = json_get_array(item, "unavailable-features");
        CpuHost *host = probe->answer.cpu_host;
        CLEANUP(free) char *libvirt_name = name ? model_name(host->arch, name) : NULL;
        CpuModelFacts *model;

        if (!name)
                return;
        model = cpu_host_add_model(host, libvirt_name);
        model->alias_of = xstrdup(json_get_string(item, "alias-of"));
        model->deprecated = json_get_bool(item, "deprecated", false);
        for (size_t i = 0; unavailable && i < json_object_array_length(unavailable); i++) {
                json_object *feature = json_object_array_get_idx(unavailable, i);

                if (json_object_is_type(feature, json_type_string))
                        cpu_feature_set_add(&model->unavailable, cpu_feature_from_qemu(host->arch, json_object_get_string(feature)));
        }
        model->usable = model->unavailable.n == 0;
        if (type && *type && !lh_table_lookup_ex(probe->cpu_types, type, NULL))
                lh_table_insert(probe->cpu_types, type, name);
}

static void take_cpus(QemuProbe *probe, json_object *result, const Error *err, long index) {
        size_t n = result && json_object_is_type(result, json_type_array) ? json_object_array_length(result) : 0;

        if (!probe->answer.cpu_host)
                return;
        probe->cpu_json = json_object_get(result);
        probe->cpu_types = lh_kchar_table_new((int) n * 2 + 1, NULL);
        for (size_t i = 0; i < n && i < MAX_MODELS; i++)
                add_cpu(probe, json_object_array_get_idx(result, i));
        if (qemu_arch_by_name(probe->answer.cpu_host->arch))
                ask_expansions(probe);
}

/* "Haswell" is "Haswell-v1": the same features, expanded once. */
static void share_alias_features(CpuHost *host) {
        for (size_t i = 0; i < host->n_models; i++)
                for (size_t j = 0; host->models[i].alias_of && j < host->n_models; j++)
                        if (streq(host->models[j].name, host->models[i].alias_of) && host->models[i].features.n == 0)
                                cpu_feature_set_copy(&host->models[i].features, &host->models[j].features);
}

/* ---- The process ---- */

typedef struct ProbeRow {
        const char *command, *key, *value;
        void (*take)(QemuProbe *probe, json_object *result, const Error *err, long model);
} ProbeRow;

/* The answers come in this order: the target is known before the CPUs, the CPUs before the machines. */
static const ProbeRow rows[] = {
        { "query-version", NULL, NULL, take_version },
        { "query-target", NULL, NULL, take_target },
        { "query-kvm", NULL, NULL, take_kvm },
        { "query-commands", NULL, NULL, take_commands },
        { "query-cpu-definitions", NULL, NULL, take_cpus },
        { "query-machines", NULL, NULL, take_machines },
        { "qom-list-types", "implements", "device", take_devices },
        { "qom-list-types", "implements", "confidential-guest-support", take_confidential },
        { "qom-list-types", "implements", "user-creatable", take_objects },
        { "qom-list-properties", "typename", "machine", take_machine_properties },
        { "query-migrate-capabilities", NULL, NULL, take_migration },
        { "query-sev-capabilities", NULL, NULL, take_sev },
        { "query-tpm-types", NULL, NULL, take_tpm },
};

static void on_closed(void *userdata, const Error *reason) {
        probe_finish(userdata, error_copy(reason));
}

static void read_errors(QemuProbe *probe) {
        char bytes[1024];
        ssize_t n;

        while ((n = read(probe->stderr_fd, bytes, sizeof(bytes))) > 0) {
                size_t room = MAX_STDERR - probe->n_errors, take = (size_t) n < room ? (size_t) n : room;

                memcpy(probe->errors + probe->n_errors, bytes, take);
                probe->n_errors += take;
        }
        while (probe->n_errors && (probe->errors[probe->n_errors - 1] == '\n'))
                probe->n_errors--;
        probe->errors[probe->n_errors] = 0;
}

static void on_process_end(Process *process, const ProcessExit *how, void *userdata) {
        QemuProbe *probe = userdata;
        CLEANUP(free) char *exit_text = process_exit_text(how);
        Error *err = NULL;

        read_errors(probe);
        if (!probe->finished) {
                probe->finished = true;
                error_set(&probe->answer.err, ERROR_INTERNAL, "it %s", exit_text);
        }
        if (probe->answer.err) {
                /* What QEMU printed is nearer to the cause than how its monitor ended. */
                if (probe->n_errors) {
                        error_set(&err, ERROR_INTERNAL, "%s", probe->errors);
                        error_free(probe->answer.err);
                        probe->answer.err = err;
                }
        } else {
                share_alias_features(probe->answer.cpu_host);
                cpu_host_seal(probe->answer.cpu_host);
        }
        probe->done(probe, &probe->answer, probe->userdata);
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        Error *err = NULL;

        error_set(&err, ERROR_OPERATION_TIMEOUT, "no answer within %d s", (int) (PROBE_TIMEOUT_USEC / USEC_PER_SEC));
        probe_finish(userdata, err);
        return 0;
}

static int probe_spawn(QemuProbe *probe, int monitor, int errors, Error **err) {
        const char *machine = probe->accel == QEMU_ACCEL_KVM ? "none,accel=kvm" : "none,accel=tcg";
        const char *const argv[] = { probe->binary, "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine", machine,
                                     "-chardev", "socket,id=monitor,fd=3", "-mon", "chardev=monitor,mode=control", NULL };
        const char *const env[] = { "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };

        return process_spawn(probe->loop, &(ProcessSpec) { .argv = argv, .env = env, .fds = &monitor, .n_fds = 1, .stdin_fd = -1,
                                                           .stdout_fd = -1, .stderr_fd = errors, .dies_with_us = true,
                                                           .change_user = probe->user.change, .uid = probe->user.uid,
                                                           .gid = probe->user.gid },
                             on_process_end, probe, &probe->process, err);
}

static int probe_connect(QemuProbe *probe, Error **err) {
        CLEANUP(close) int read_end = -1, write_end = -1, ours = -1, theirs = -1;
        int sockets[2], pipes[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
                return error_set_errno(err, errno, "cannot make a socket pair");
        ours = sockets[0];
        theirs = sockets[1];
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "cannot make a pipe");
        read_end = pipes[0];
        write_end = pipes[1];
        fcntl(read_end, F_SETFL, O_NONBLOCK);
        if (probe_spawn(probe, theirs, write_end, err) < 0)
                return -1;
        probe->stderr_fd = STEAL_FD(read_end);
        return qmp_client_new(probe->loop, STEAL_FD(ours), probe->binary, &(QmpHandlers) { .closed = on_closed }, probe, &probe->qmp, err);
}

static json_object *row_arguments(const ProbeRow *row) {
        json_object *arguments;

        if (!row->key)
                return NULL;
        arguments = json_object_new_object();
        json_add_string(arguments, row->key, row->value);
        if (streq(row->value, "device"))
                json_add_bool(arguments, "abstract", false);
        return arguments;
}

int qemu_probe_new(sd_event *loop, const char *binary, QemuAccel accel, const QemuProbeUser *user, QemuProbeDone done, void *userdata,
                   QemuProbe **ret, Error **err) {
        CLEANUP(qemu_probe_free) QemuProbe *probe = xnew(QemuProbe);

        *probe = (QemuProbe) { .loop = loop, .accel = accel, .user = *user, .done = done, .userdata = userdata, .stderr_fd = -1 };
        probe->binary = xstrdup(binary);
        probe->answer.common = json_object_new_object();
        json_add_string(probe->answer.common, "binary", binary);
        if (probe_connect(probe, err) < 0)
                return -1;
        if (sd_event_add_time_relative(loop, &probe->deadline, CLOCK_MONOTONIC, PROBE_TIMEOUT_USEC, 0, on_deadline, probe) < 0)
                abort();
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                ask(probe, rows[i].command, row_arguments(&rows[i]), rows[i].take, -1);
        *ret = STEAL(probe);
        return 0;
}

QemuProbe *qemu_probe_free(QemuProbe *probe) {
        if (!probe)
                return NULL;
        probe->freeing = true;
        if (probe->process)
                process_kill(probe->process, SIGKILL);
        qmp_client_free(probe->qmp);
        process_free(probe->process);
        sd_event_source_disable_unref(probe->deadline);
        close_fd(probe->stderr_fd);
        json_put(probe->answer.common);
        cpu_host_free(probe->answer.cpu_host);
        error_free(probe->answer.err);
        if (probe->cpu_types)
                lh_table_free(probe->cpu_types);
        json_put(probe->cpu_json);
        free(probe->binary);
        free(probe);
        return NULL;
}
