/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_features.c - look-ups in the feature tables. */
#include "cpumodel/cpu_features.h"

#include "util/cleanup.h"

static const CpuArchTable *const tables[] = { &cpu_arch_x86, &cpu_arch_s390x, &cpu_arch_ppc64 };

const CpuArchTable *cpu_arch_find(const char *arch) {
        if (streq(arch, "i686"))
                arch = "x86_64";
        if (streq(arch, "ppc64le"))
                arch = "ppc64";
        for (size_t i = 0; i < N_ELEMENTS(tables); i++)
                if (streq(tables[i]->arch, arch))
                        return tables[i];
        return NULL;
}

static const char *qemu_name(const CpuFeatureRow *row) {
        return row->qemu ? row->qemu : row->name;
}

const CpuFeatureRow *cpu_feature_find(const char *arch, const char *name) {
        const CpuArchTable *table = cpu_arch_find(arch);

        for (size_t i = 0; table && i < table->n_rows; i++)
                if (streq(table->rows[i].name, name))
                        return &table->rows[i];
        return NULL;
}

const char *cpu_feature_to_qemu(const char *arch, const char *name) {
        const CpuFeatureRow *row = cpu_feature_find(arch, name);

        return row ? qemu_name(row) : name;
}

const char *cpu_feature_from_qemu(const char *arch, const char *property) {
        const CpuArchTable *table = cpu_arch_find(arch);

        for (size_t i = 0; table && i < table->n_rows; i++)
                if (streq(qemu_name(&table->rows[i]), property))
                        return table->rows[i].name;
        return property;
}
