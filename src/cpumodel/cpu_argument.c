/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_argument.c - the frozen CPU as the value of QEMU's -cpu. */
#include "conf/domain_def.h"
#include "cpumodel/cpu_expand.h"
#include "cpumodel/cpu_features.h"
#include "util/strbuf.h"

static bool is_x86(const char *arch) {
        return cpu_arch_find(arch) == &cpu_arch_x86;
}

static void add_model(StrBuf *text, const CpuDef *cpu, const char *arch) {
        switch (cpu->mode) {
        case CPU_MODE_HOST_PASSTHROUGH:
        case CPU_MODE_HOST_MODEL:       /* frozen, it is ppc64's */
                strbuf_add(text, "host");
                break;
        case CPU_MODE_MAXIMUM:
                strbuf_add(text, "max");
                break;
        default:
                strbuf_add(text, cpu->model);
        }
        if (is_x86(arch) && (cpu->mode == CPU_MODE_HOST_PASSTHROUGH || cpu->mode == CPU_MODE_MAXIMUM) && cpu->migratable)
                strbuf_addf(text, ",migratable=%s", cpu->migratable == TRISTATE_YES ? "on" : "off");
}

static void add_features(StrBuf *text, const CpuDef *cpu, const char *arch) {
        LIST_FOR(feature, &cpu->features) {
                bool off = feature->policy == CPU_POLICY_DISABLE || feature->policy == CPU_POLICY_FORBID;
                const CpuFeatureRow *row = cpu_feature_find(arch, feature->name);

                if (!row || !row->not_a_property)
                        strbuf_addf(text, ",%s=%s", cpu_feature_to_qemu(arch, feature->name), off ? "off" : "on");
        }
}

/* As libvirt 9.0: host-cache-info is the default of no model but the host's own. */
static void add_cache(StrBuf *text, const CpuDef *cpu) {
        bool own = cpu->mode == CPU_MODE_HOST_PASSTHROUGH || cpu->mode == CPU_MODE_MAXIMUM;

        if (streq(cpu->cache_mode, "passthrough"))
                strbuf_add(text, ",host-cache-info=on,l3-cache=off");
        else if (streq(cpu->cache_mode, "emulate"))
                strbuf_add(text, own ? ",l3-cache=on,host-cache-info=off" : ",l3-cache=on");
        else if (streq(cpu->cache_mode, "disable"))
                strbuf_add(text, own ? ",host-cache-info=off,l3-cache=off" : ",l3-cache=off");
}

static void add_phys_bits(StrBuf *text, const CpuDef *cpu) {
        if (streq(cpu->phys_bits_mode, "passthrough")) {
                strbuf_add(text, ",host-phys-bits=on");
                if (cpu->phys_bits_limit)
                        strbuf_addf(text, ",host-phys-bits-limit=%u", cpu->phys_bits_limit);
        } else if (streq(cpu->phys_bits_mode, "emulate") && cpu->phys_bits) {
                strbuf_addf(text, ",phys-bits=%u", cpu->phys_bits);
        }
}

char *cpu_qemu_argument(const CpuDef *cpu, const char *arch) {
        CLEANUP(strbuf_done) StrBuf text = {};

        if (!cpu || (cpu->mode == CPU_MODE_UNSET && !cpu->model))
                return NULL;
        add_model(&text, cpu, arch);
        add_features(&text, cpu, arch);
        if (is_x86(arch)) {
                add_cache(&text, cpu);
                add_phys_bits(&text, cpu);
        }
        return strbuf_steal(&text);
}
