/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/qemu_caps.h"

#include "drivers/qemu/qemu_arch.h"

/* Names as QEMU listed them, and the same as a set. */
typedef struct NameSet {
        const char **names;             /* NULL-terminated */
        size_t n;
        struct lh_table *set;           /* name -> name */
} NameSet;

struct QemuCaps {
        unsigned n_refs;
        json_object *json;              /* all but the CPUs; every string below points into it */
        const char *binary, *package, *arch, *target;
        unsigned version;
        NameSet commands, devices, objects, confidential, migration_capabilities, machine_properties, tpm_backends;
        QemuMachine *machines;
        size_t n_machines;
        struct lh_table *machine_index; /* name or alias -> QemuMachine */
        QemuAccelCaps accels[QEMU_ACCEL_MAX];
        CpuHost *cpu_hosts[QEMU_ACCEL_MAX];
};

static const char *const accel_names[QEMU_ACCEL_MAX] = { "tcg", "kvm" };

static void name_set_done(NameSet *set) {
        free(set->names);
        if (set->set)
                lh_table_free(set->set);
}

/* Absent: empty. false when something in it is not a string. */
static bool name_set_fill(NameSet *set, json_object *json, const char *key) {
        json_object *array = json_get_array(json, key);
        size_t n = array ? json_object_array_length(array) : 0;

        set->names = xnew_n(const char *, n + 1);
        set->set = lh_kchar_table_new(n * 2 + 1, NULL);
        for (size_t i = 0; i < n; i++) {
                json_object *item = json_object_array_get_idx(array, i);

                if (!json_object_is_type(item, json_type_string))
                        return false;
                set->names[set->n++] = json_object_get_string(item);
                lh_table_insert(set->set, set->names[i], set->names[i]);
        }
        return true;
}

static bool name_set_has(const NameSet *set, const char *name) {
        return lh_table_lookup_ex(set->set, name, NULL);
}

QemuCaps *qemu_caps_ref(QemuCaps *caps) {
        caps->n_refs++;
        return caps;
}

QemuCaps *qemu_caps_unref(QemuCaps *caps) {
        if (!caps || --caps->n_refs > 0)
                return NULL;
        name_set_done(&caps->commands);
        name_set_done(&caps->devices);
        name_set_done(&caps->objects);
        name_set_done(&caps->confidential);
        name_set_done(&caps->migration_capabilities);
        name_set_done(&caps->machine_properties);
        name_set_done(&caps->tpm_backends);
        free(caps->machines);
        if (caps->machine_index)
                lh_table_free(caps->machine_index);
        for (int i = 0; i < QEMU_ACCEL_MAX; i++)
                cpu_host_free(caps->cpu_hosts[i]);
        json_put(caps->json);
        free(caps);
        return NULL;
}

unsigned qemu_caps_n_refs(const QemuCaps *caps) {
        return caps->n_refs;
}

/* ---- From JSON ---- */

static void read_machines(QemuCaps *caps) {
        json_object *array = json_get_array(caps->json, "machines");
        size_t n = array ? json_object_array_length(array) : 0;

        caps->machines = xnew_n(QemuMachine, n + 1);
        caps->machine_index = lh_kchar_table_new(n * 4 + 1, NULL);
        for (size_t i = 0; i < n; i++) {
                json_object *item = json_object_array_get_idx(array, i);
                QemuMachine *machine = &caps->machines[caps->n_machines];

                *machine = (QemuMachine) {
                        .name = json_get_string(item, "name"),
                        .alias = json_get_string(item, "alias"),
                        .default_cpu = json_get_string(item, "cpu"),
                        .default_ram_id = json_get_string(item, "ram_id"),
                        .max_cpus = json_get_uint(item, "cpus", 0),
                        .is_default = json_get_bool(item, "default", false),
                        .deprecated = json_get_bool(item, "deprecated", false),
                        .hotpluggable_cpus = json_get_bool(item, "hotpluggable_cpus", false),
                };
                if (!machine->name)
                        continue;
                lh_table_insert(caps->machine_index, machine->name, machine);
                if (machine->alias)
                        lh_table_insert(caps->machine_index, machine->alias, machine);
                caps->n_machines++;
        }
}

static int read_accel(QemuCaps *caps, QemuAccel accel, const char *what, Error **err) {
        json_object *object = json_get_object(json_get_object(caps->json, "accels"), accel_names[accel]);
        json_object *cpu = object ? json_get_object(object, "cpu") : NULL;
        QemuAccelCaps *ret = &caps->accels[accel];

        ret->usable = object && json_get_bool(object, "usable", false);
        if (!ret->usable) {
                const char *reason = object ? json_get_string(object, "reason") : NULL;

                ret->reason = reason ? reason : "it was not probed";
                return 0;
        }
        if (cpu && cpu_host_from_json(cpu, what, &caps->cpu_hosts[accel], err) < 0)
                return -1;
        ret->cpu_host = caps->cpu_hosts[accel];
        /* The CPUs are many; they are kept as types only. */
        if (cpu)
                json_object_object_del(object, "cpu");
        return 0;
}

static bool read_names(QemuCaps *caps) {
        return name_set_fill(&caps->commands, caps->json, "commands") && name_set_fill(&caps->devices, caps->json, "devices") &&
               name_set_fill(&caps->objects, caps->json, "objects") &&
               name_set_fill(&caps->confidential, caps->json, "confidential_objects") &&
               name_set_fill(&caps->migration_capabilities, caps->json, "migration_capabilities") &&
               name_set_fill(&caps->machine_properties, caps->json, "machine_properties") &&
               name_set_fill(&caps->tpm_backends, caps->json, "tpm_backends");
}

int qemu_caps_from_json(json_object *json, const char *what, QemuCaps **ret, Error **err) {
        CLEANUP(qemu_caps_unref) QemuCaps *caps = xnew(QemuCaps);

        caps->n_refs = 1;
        caps->json = json;
        caps->binary = json_get_string(caps->json, "binary");
        caps->arch = json_get_string(caps->json, "arch");
        caps->target = json_get_string(caps->json, "target");
        caps->package = json_get_string(caps->json, "package");
        caps->version = json_get_uint(caps->json, "version", 0);
        if (!caps->binary || !caps->arch || !caps->target || !caps->package || !caps->version)
                return error_set(err, ERROR_INTERNAL, "%s: binary, arch, target, package or version is missing", what);
        if (!read_names(caps))
                return error_set(err, ERROR_INTERNAL, "%s: a list of names holds something else", what);
        read_machines(caps);
        for (int i = 0; i < QEMU_ACCEL_MAX; i++)
                if (read_accel(caps, i, what, err) < 0)
                        return -1;
        *ret = STEAL(caps);
        return 0;
}

static json_object *json_deep_copy(json_object *json) {
        json_object *copy = NULL;

        if (json_object_deep_copy(json, &copy, NULL) < 0)
                abort();
        return copy;
}

json_object *qemu_caps_to_json(const QemuCaps *caps) {
        json_object *json = json_deep_copy(caps->json);

        for (int i = 0; i < QEMU_ACCEL_MAX; i++)
                if (caps->cpu_hosts[i])
                        json_add(json_get_object(json_get_object(json, "accels"), accel_names[i]), "cpu",
                                 cpu_host_to_json(caps->cpu_hosts[i]));
        return json;
}

/* ---- Questions ---- */

const char *qemu_caps_binary(const QemuCaps *caps) {
        return caps->binary;
}

unsigned qemu_caps_version(const QemuCaps *caps) {
        return caps->version;
}

const char *qemu_caps_package(const QemuCaps *caps) {
        return caps->package;
}

const char *qemu_caps_arch(const QemuCaps *caps) {
        return caps->arch;
}

const char *qemu_caps_target(const QemuCaps *caps) {
        return caps->target;
}

bool qemu_caps_has_command(const QemuCaps *caps, const char *command) {
        return name_set_has(&caps->commands, command);
}

bool qemu_caps_has_device(const QemuCaps *caps, const char *type) {
        return name_set_has(&caps->devices, type);
}

bool qemu_caps_has_object(const QemuCaps *caps, const char *type) {
        return name_set_has(&caps->objects, type);
}

bool qemu_caps_has_confidential_object(const QemuCaps *caps, const char *type) {
        return name_set_has(&caps->confidential, type);
}

bool qemu_caps_has_migration_capability(const QemuCaps *caps, const char *name) {
        return name_set_has(&caps->migration_capabilities, name);
}

bool qemu_caps_has_machine_property(const QemuCaps *caps, const char *name) {
        return name_set_has(&caps->machine_properties, name);
}

const char *const *qemu_caps_commands(const QemuCaps *caps) {
        return caps->commands.names;
}

const char *const *qemu_caps_devices(const QemuCaps *caps) {
        return caps->devices.names;
}

const char *const *qemu_caps_confidential_objects(const QemuCaps *caps) {
        return caps->confidential.names;
}

const char *const *qemu_caps_migration_capabilities(const QemuCaps *caps) {
        return caps->migration_capabilities.names;
}

const char *const *qemu_caps_tpm_backends(const QemuCaps *caps) {
        return caps->tpm_backends.names;
}

json_object *qemu_caps_sev(const QemuCaps *caps, const char **ret_error) {
        if (ret_error)
                *ret_error = json_get_string(caps->json, "sev_error");
        return json_get_object(caps->json, "sev");
}

const QemuMachine *qemu_caps_machines(const QemuCaps *caps, size_t *ret_n) {
        *ret_n = caps->n_machines;
        return caps->machines;
}

const QemuMachine *qemu_caps_find_machine(const QemuCaps *caps, const char *name_or_alias) {
        void *found = NULL;

        lh_table_lookup_ex(caps->machine_index, name_or_alias, &found);
        return found;
}

/* libvirt 9.0 knows better than QEMU for these, which have no default or an unusual one. */
static const struct {
        const char *arch, *machine;
} preferred_machines[] = {
        { "aarch64", "virt" }, { "armv7l", "virt" }, { "ppc64", "pseries" }, { "ppc64le", "pseries" }, { "s390x", "s390-ccw-virtio" },
        { "i686", "pc" }, { "x86_64", "pc" }, { "riscv64", "virt" }, { "riscv32", "virt" },
};

const QemuMachine *qemu_caps_default_machine(const QemuCaps *caps) {
        for (size_t i = 0; i < N_ELEMENTS(preferred_machines); i++) {
                const QemuMachine *found;

                if (!streq(preferred_machines[i].arch, caps->arch))
                        continue;
                found = qemu_caps_find_machine(caps, preferred_machines[i].machine);
                if (found)
                        return found;
        }
        for (size_t i = 0; i < caps->n_machines; i++)
                if (caps->machines[i].is_default)
                        return &caps->machines[i];
        return caps->n_machines ? &caps->machines[0] : NULL;
}

const QemuAccelCaps *qemu_caps_accel(const QemuCaps *caps, QemuAccel accel) {
        return &caps->accels[accel];
}

QemuAccel qemu_caps_best_accel(const QemuCaps *caps) {
        return caps->accels[QEMU_ACCEL_KVM].usable ? QEMU_ACCEL_KVM : QEMU_ACCEL_TCG;
}
