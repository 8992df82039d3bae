/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_host.c - the probed CPUs, and which named model is nearest to the host's. */
#include "cpumodel/cpu_host.h"

#include "cpumodel/cpu_features.h"

CpuHost *cpu_host_new(const char *arch, bool kvm) {
        CpuHost *host = xnew(CpuHost);

        host->arch = xstrdup(arch);
        host->kvm = kvm;
        host->nearest_full = host->nearest_migratable = -1;
        return host;
}

static void model_done(CpuModelFacts *model) {
        free(model->name);
        free(model->alias_of);
        free(model->vendor);
        cpu_feature_set_done(&model->features);
        cpu_feature_set_done(&model->unavailable);
}

CpuHost *cpu_host_free(CpuHost *host) {
        if (!host)
                return NULL;
        for (size_t i = 0; i < host->n_models; i++)
                model_done(&host->models[i]);
        free(host->models);
        cpu_feature_set_done(&host->host_full);
        cpu_feature_set_done(&host->host_migratable);
        cpu_feature_set_done(&host->known);
        cpu_feature_set_done(&host->deprecated);
        free(host->arch);
        free(host->vendor);
        free(host->host_model);
        free(host);
        return NULL;
}

CpuModelFacts *cpu_host_add_model(CpuHost *host, const char *name) {
        CpuModelFacts *model = ARRAY_APPEND(host->models, host->n_models);

        model->name = xstrdup(name);
        return model;
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const CpuModelFacts *) a)->name, ((const CpuModelFacts *) b)->name);
}

const CpuModelFacts *cpu_host_find_model(const CpuHost *host, const char *name) {
        const CpuModelFacts key = { .name = (char *) name };

        return host->n_models ? bsearch(&key, host->models, host->n_models, sizeof(key), by_name) : NULL;
}

/* QEMU tells no vendor of a named model; the names do. Generic models belong to nobody and are no candidates. */
static const struct {
        const char *prefix, *vendor;
} vendors[] = {
        { "EPYC", "AMD" }, { "Opteron", "AMD" }, { "phenom", "AMD" }, { "athlon", "AMD" }, { "Dhyana", "Hygon" },
        { "486", "" }, { "base", "" }, { "host", "" }, { "kvm", "" }, { "max", "" }, { "qemu", "" },
};

static const char *model_vendor(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(vendors); i++)
                if (strncmp(name, vendors[i].prefix, strlen(vendors[i].prefix)) == 0)
                        return vendors[i].vendor;
        return "Intel";
}

/* The fewest features to name beside the model; of equal ones the fewest to switch off, then the first by name. A model is
 * left out when it belongs to another vendor, is an alias, or says nothing. */
static long nearest_model(const CpuHost *host, const CpuFeatureSet *wanted) {
        size_t best_named = SIZE_MAX, best_off = 0;
        long best = -1;

        for (size_t i = 0; i < host->n_models; i++) {
                const CpuModelFacts *model = &host->models[i];
                size_t off, named;

                if (!model->vendor || model->deprecated || model->features.n == 0)
                        continue;
                if (host->vendor && !streq(host->vendor, model->vendor))
                        continue;
                off = cpu_feature_set_count_missing(&model->features, wanted);
                named = off + cpu_feature_set_count_missing(wanted, &model->features);
                if (named < best_named || (named == best_named && off < best_off)) {
                        best = (long) i;
                        best_named = named;
                        best_off = off;
                }
        }
        return best;
}

void cpu_host_seal(CpuHost *host) {
        bool x86 = cpu_arch_find(host->arch) == &cpu_arch_x86;

        if (host->n_models)
                qsort(host->models, host->n_models, sizeof(host->models[0]), by_name);
        for (size_t i = 0; x86 && i < host->n_models; i++)
                if (!host->models[i].vendor && *model_vendor(host->models[i].name))
                        host->models[i].vendor = xstrdup(model_vendor(host->models[i].name));
        if (!x86 || !host->can_expand)
                return;
        host->nearest_full = nearest_model(host, &host->host_full);
        host->nearest_migratable = nearest_model(host, &host->host_migratable);
}
