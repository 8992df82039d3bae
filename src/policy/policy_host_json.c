/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_host_json.c - the facts of a host as a document that people keep, send and write by hand.
 *
 *      {"format": 1, "simulated": true, "name": "lpar1", "arch": "s390x", "host_arch": "s390x", "kvm": "yes",
 *       "emulator": "/usr/bin/qemu-system-s390x", "version": 7002000, "objects": ["s390-pv-guest"], "migrates": [],
 *       "links": {"/sys/firmware/uv": "yes"}, "devices": {"nvme": "no"}, "sev": {"cbitpos": 51, "reduced_phys_bits": 1},
 *       "cpu": {"kvm": {...}, "tcg": {...}}}
 *
 * Everything but format and arch may be left out and is then unknown. */
#include "policy/policy_host.h"

#include "util/json_keys.h"

#define FORMAT 1
#define MAX_NAMES 1024          /* of a list: facts come from anybody who may ask */

static json_object *texts_to_json(char *const *texts, size_t n) {
        json_object *array = json_object_new_array();

        for (size_t i = 0; i < n; i++)
                json_append_string(array, texts[i]);
        return array;
}

static void add_links(json_object *object, const PolicyHost *host) {
        json_object *links = json_object_new_object(), *devices = json_object_new_object();

        for (size_t i = 0; i < host->n_links; i++)
                json_add_string(links, host->links[i].name, table_name(&fact_table, (int) host->links[i].state));
        for (size_t i = 0; i < host->n_devices; i++)
                json_add_string(devices, host->devices[i].model, table_name(&fact_table, (int) host->devices[i].migratable));
        json_add(object, "links", links);
        json_add(object, "devices", devices);
}

static void add_cpus(json_object *object, const PolicyHost *host) {
        json_object *cpu = json_object_new_object();

        if (host->cpu_kvm)
                json_add(cpu, "kvm", cpu_host_to_json(host->cpu_kvm));
        if (host->cpu_tcg)
                json_add(cpu, "tcg", cpu_host_to_json(host->cpu_tcg));
        json_add(object, "cpu", cpu);
}

json_object *policy_host_to_json(const PolicyHost *host) {
        json_object *object = json_object_new_object(), *sev = json_object_new_object();

        json_add_int(object, "format", FORMAT);
        json_add_bool(object, "simulated", host->simulated);
        json_add_string(object, "name", host->name);
        json_add_string(object, "arch", host->arch);
        json_add_string(object, "host_arch", host->host_arch);
        json_add_string(object, "kvm", table_name(&fact_table, (int) host->kvm));
        json_add_string(object, "emulator", host->emulator);
        json_add_uint(object, "version", host->version);
        if (host->objects_known)
                json_add(object, "objects", texts_to_json(host->objects, host->n_objects));
        json_add(object, "migrates", texts_to_json(host->migrates, host->n_migrates));
        add_links(object, host);
        json_add_uint(sev, "cbitpos", host->sev_cbitpos);
        json_add_uint(sev, "reduced_phys_bits", host->sev_reduced_phys_bits);
        json_add(object, "sev", sev);
        add_cpus(object, host);
        return object;
}

static const JsonKey host_keys[] = {
        { "format", json_type_int, true }, { "simulated", json_type_boolean }, { "name", json_type_string },
        { "arch", json_type_string, true }, { "host_arch", json_type_string }, { "kvm", json_type_string },
        { "emulator", json_type_string }, { "version", json_type_int }, { "objects", json_type_array },
        { "migrates", json_type_array }, { "links", json_type_object }, { "devices", json_type_object },
        { "sev", json_type_object }, { "cpu", json_type_object }, {}
};
static const JsonKey sev_keys[] = { { "cbitpos", json_type_int }, { "reduced_phys_bits", json_type_int }, {} };
static const JsonKey cpu_keys[] = { { "kvm", json_type_object }, { "tcg", json_type_object }, {} };

static int fact_from_json(json_object *value, const char *where, const char *key, Fact *ret, Error **err) {
        const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
        int fact = table_value(&fact_table, text);

        if (fact < 0)
                return error_set(err, ERROR_INVALID_ARG, "%s.%s: \"yes\", \"no\" or \"unknown\" is wanted", where, key);
        *ret = (Fact) fact;
        return 0;
}

static int texts_from_json(PolicyHost *host, json_object *object, const char *where, const char *key,
                           void (*add)(PolicyHost *host, const char *text), Error **err) {
        json_object *array = json_get_array(object, key);

        if (array && json_object_array_length(array) > MAX_NAMES)
                return error_set(err, ERROR_INVALID_ARG, "%s.%s: more than %d entries", where, key, MAX_NAMES);
        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                json_object *item = json_object_array_get_idx(array, i);

                if (!json_object_is_type(item, json_type_string))
                        return error_set(err, ERROR_INVALID_ARG, "%s.%s[%zu]: a string is wanted", where, key, i);
                add(host, json_object_get_string(item));
        }
        return 0;
}

static int facts_from_json(PolicyHost *host, json_object *object, const char *where, const char *key,
                           void (*add)(PolicyHost *host, const char *name, Fact fact), Error **err) {
        json_object *facts = json_get_object(object, key);
        Fact fact = FACT_UNKNOWN;

        if (!facts)
                return 0;
        if (json_object_object_length(facts) > MAX_NAMES)
                return error_set(err, ERROR_INVALID_ARG, "%s.%s: more than %d entries", where, key, MAX_NAMES);
        json_object_object_foreach(facts, name, value) {
                CLEANUP(free) char *place = xasprintf("%s.%s", where, key);

                if (fact_from_json(value, place, name, &fact, err) < 0)
                        return -1;
                add(host, name, fact);
        }
        return 0;
}

static int sev_from_json(PolicyHost *host, json_object *object, const char *where, Error **err) {
        json_object *sev = json_get_object(object, "sev");
        CLEANUP(free) char *place = xasprintf("%s.sev", where);

        if (!sev)
                return 0;
        if (json_check_keys(sev, place, sev_keys, err) < 0)
                return -1;
        host->sev_cbitpos = (unsigned) json_get_uint(sev, "cbitpos", 0);
        host->sev_reduced_phys_bits = (unsigned) json_get_uint(sev, "reduced_phys_bits", 0);
        return 0;
}

static int one_cpu_from_json(json_object *cpus, const char *where, const char *key, CpuHost **ret, Error **err) {
        json_object *cpu = json_get_object(cpus, key);
        CLEANUP(free) char *place = xasprintf("%s.cpu.%s", where, key);

        return cpu ? cpu_host_from_json(cpu, place, ret, err) : 0;
}

static int cpus_from_json(PolicyHost *host, json_object *object, const char *where, Error **err) {
        json_object *cpus = json_get_object(object, "cpu");
        CLEANUP(free) char *place = xasprintf("%s.cpu", where);

        if (!cpus)
                return 0;
        if (json_check_keys(cpus, place, cpu_keys, err) < 0 ||
            one_cpu_from_json(cpus, where, "kvm", &host->owned_cpus[0], err) < 0 ||
            one_cpu_from_json(cpus, where, "tcg", &host->owned_cpus[1], err) < 0)
                return -1;
        host->cpu_kvm = host->owned_cpus[0];
        host->cpu_tcg = host->owned_cpus[1];
        if ((host->cpu_kvm && !host->cpu_kvm->kvm) || (host->cpu_tcg && host->cpu_tcg->kvm))
                return error_set(err, ERROR_INVALID_ARG, "%s: \"kvm\" of an entry contradicts the member it stands in", place);
        return 0;
}

static int head_from_json(PolicyHost *host, json_object *object, const char *where, Error **err) {
        json_object *kvm = NULL;

        host->objects_known = json_get_array(object, "objects");
        host->simulated = json_get_bool(object, "simulated", false);
        host->name = xstrdup(json_get_string(object, "name"));
        host->host_arch = xstrdup(json_get_string(object, "host_arch"));
        host->emulator = xstrdup(json_get_string(object, "emulator"));
        host->version = (unsigned) json_get_uint(object, "version", 0);
        if (json_object_object_get_ex(object, "kvm", &kvm))
                return fact_from_json(kvm, where, "kvm", &host->kvm, err);
        return 0;
}

int policy_host_from_json(json_object *object, const char *where, PolicyHost **ret, Error **err) {
        CLEANUP(policy_host_free) PolicyHost *host = NULL;

        if (json_check_keys(object, where, host_keys, err) < 0)
                return -1;
        if (json_get_int(object, "format", 0) != FORMAT)
                return error_set(err, ERROR_INVALID_ARG, "%s.format: only format %d of a facts file is known", where, FORMAT);
        host = policy_host_new(json_get_string(object, "arch"));
        if (head_from_json(host, object, where, err) < 0 || sev_from_json(host, object, where, err) < 0 ||
            texts_from_json(host, object, where, "objects", policy_host_add_object, err) < 0 ||
            texts_from_json(host, object, where, "migrates", policy_host_add_migrates, err) < 0 ||
            facts_from_json(host, object, where, "links", policy_host_add_link, err) < 0 ||
            facts_from_json(host, object, where, "devices", policy_host_add_device, err) < 0 ||
            cpus_from_json(host, object, where, err) < 0)
                return -1;
        *ret = STEAL(host);
        return 0;
}
