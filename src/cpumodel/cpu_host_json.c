/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_host_json.c - CpuHost as JSON, strictly typed: for facts files and simulated hosts. */
#include "cpumodel/cpu_host.h"

#include "util/json_keys.h"

/* Facts come from anybody who may ask: no document makes the work grow with the square of its length. */
#define MAX_FEATURES 2048
#define MAX_MODELS 1024

static json_object *set_to_json(const CpuFeatureSet *set) {
        json_object *array = json_object_new_array();

        for (size_t i = 0; i < set->n; i++)
                json_append_string(array, set->names[i]);
        return array;
}

static void add_set(json_object *object, const char *key, const CpuFeatureSet *set) {
        if (set->n)
                json_add(object, key, set_to_json(set));
}

static json_object *model_to_json(const CpuModelFacts *model) {
        json_object *object = json_object_new_object();

        json_add_string(object, "name", model->name);
        json_add_string(object, "alias_of", model->alias_of);
        json_add_string(object, "vendor", model->vendor);
        json_add_bool(object, "usable", model->usable);
        if (model->deprecated)
                json_add_bool(object, "deprecated", true);
        add_set(object, "features", &model->features);
        add_set(object, "unavailable", &model->unavailable);
        return object;
}

json_object *cpu_host_to_json(const CpuHost *host) {
        json_object *object = json_object_new_object(), *models = json_object_new_array();

        json_add_string(object, "arch", host->arch);
        json_add_bool(object, "kvm", host->kvm);
        json_add_bool(object, "can_expand", host->can_expand);
        json_add_string(object, "vendor", host->vendor);
        json_add_string(object, "host_model", host->host_model);
        add_set(object, "host_full", &host->host_full);
        add_set(object, "host_migratable", &host->host_migratable);
        add_set(object, "known", &host->known);
        add_set(object, "deprecated", &host->deprecated);
        for (size_t i = 0; i < host->n_models; i++)
                json_object_array_add(models, model_to_json(&host->models[i]));
        json_add(object, "models", models);
        return object;
}

static const JsonKey model_keys[] = {
        { "name", json_type_string, true }, { "alias_of", json_type_string }, { "vendor", json_type_string },
        { "usable", json_type_boolean }, { "deprecated", json_type_boolean }, { "features", json_type_array },
        { "unavailable", json_type_array }, {}
};

static const JsonKey host_keys[] = {
        { "arch", json_type_string, true }, { "kvm", json_type_boolean, true }, { "can_expand", json_type_boolean },
        { "vendor", json_type_string }, { "host_model", json_type_string }, { "host_full", json_type_array },
        { "host_migratable", json_type_array }, { "known", json_type_array }, { "deprecated", json_type_array },
        { "models", json_type_array }, {}
};

static int set_from_json(json_object *object, const char *key, const char *where, CpuFeatureSet *set, Error **err) {
        json_object *array = json_get_array(object, key);

        if (array && json_object_array_length(array) > MAX_FEATURES)
                return error_set(err, ERROR_INVALID_ARG, "%s.%s: more than %d features", where, key, MAX_FEATURES);
        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                json_object *item = json_object_array_get_idx(array, i);

                if (!json_object_is_type(item, json_type_string))
                        return error_set(err, ERROR_INVALID_ARG, "%s.%s[%zu]: a string is wanted", where, key, i);
                cpu_feature_set_add(set, json_object_get_string(item));
        }
        return 0;
}

static int model_from_json(CpuHost *host, json_object *object, const char *where, Error **err) {
        CpuModelFacts *model;

        if (json_check_keys(object, where, model_keys, err) < 0)
                return -1;
        model = cpu_host_add_model(host, json_get_string(object, "name"));
        model->alias_of = xstrdup(json_get_string(object, "alias_of"));
        model->vendor = xstrdup(json_get_string(object, "vendor"));
        model->deprecated = json_get_bool(object, "deprecated", false);
        if (set_from_json(object, "features", where, &model->features, err) < 0 ||
            set_from_json(object, "unavailable", where, &model->unavailable, err) < 0)
                return -1;
        model->usable = json_get_bool(object, "usable", model->unavailable.n == 0);
        return 0;
}

static int sets_from_json(CpuHost *host, json_object *object, const char *where, Error **err) {
        if (set_from_json(object, "host_full", where, &host->host_full, err) < 0 ||
            set_from_json(object, "host_migratable", where, &host->host_migratable, err) < 0 ||
            set_from_json(object, "known", where, &host->known, err) < 0 ||
            set_from_json(object, "deprecated", where, &host->deprecated, err) < 0)
                return -1;
        if (!json_get_array(object, "host_migratable"))         /* no such switch there: the two are one */
                cpu_feature_set_copy(&host->host_migratable, &host->host_full);
        return 0;
}

static int models_from_json(CpuHost *host, json_object *array, const char *where, Error **err) {
        if (array && json_object_array_length(array) > MAX_MODELS)
                return error_set(err, ERROR_INVALID_ARG, "%s.models: more than %d models", where, MAX_MODELS);
        for (size_t i = 0; array && i < json_object_array_length(array); i++) {
                CLEANUP(free) char *place = xasprintf("%s.models[%zu]", where, i);

                if (model_from_json(host, json_object_array_get_idx(array, i), place, err) < 0)
                        return -1;
        }
        return 0;
}

int cpu_host_from_json(json_object *object, const char *where, CpuHost **ret, Error **err) {
        CLEANUP(cpu_host_free) CpuHost *host = NULL;

        if (json_check_keys(object, where, host_keys, err) < 0)
                return -1;
        host = cpu_host_new(json_get_string(object, "arch"), json_get_bool(object, "kvm", false));
        host->vendor = xstrdup(json_get_string(object, "vendor"));
        host->host_model = xstrdup(json_get_string(object, "host_model"));
        host->can_expand = json_get_bool(object, "can_expand", true);
        if (sets_from_json(host, object, where, err) < 0 ||
            models_from_json(host, json_get_array(object, "models"), where, err) < 0)
                return -1;
        cpu_host_seal(host);
        *ret = STEAL(host);
        return 0;
}
