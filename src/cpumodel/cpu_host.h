/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_host.h - the CPUs that one QEMU binary with one accelerator on one host was probed to offer.
 *
 * Filled from QMP answers (by qemu_caps) or from a facts file; all feature names are libvirt's (cpu_feature_from_qemu()).
 * Fill it with the add functions, then seal it once; from then on it is read only and shared by every verdict. */
#pragma once
#include "cpumodel/feature_set.h"
#include "util/error.h"
#include "util/json.h"

/* A named model of query-cpu-definitions, with what query-cpu-model-expansion says is on in it (static on s390x, full
 * on x86). */
typedef struct CpuModelFacts {
        char *name;                             /* "Skylake-Server-v4", "gen15a-base", "POWER9" */
        CpuFeatureSet features;                 /* on in it; empty where the VMM cannot expand (ppc64 7.2) */
        CpuFeatureSet unavailable;              /* unavailable-features: what this host lacks for it */
        bool usable;                            /* unavailable is empty */
        bool deprecated;
        char *alias_of;                         /* "Skylake-Server" is Skylake-Server-v1; NULL: no alias */
        char *vendor;                           /* "Intel", "AMD"; NULL: any. Filled by seal on x86, from the name */
} CpuModelFacts;

typedef struct CpuHost {
        char *arch;                             /* of the guest: "x86_64" */
        bool kvm;                               /* else TCG */
        bool can_expand;                        /* query-cpu-model-expansion works: not on ppc64 7.2 */
        char *vendor;                           /* of the host CPU, "Intel" or "AMD"; NULL: not known (TCG) */
        /* Static expansion's model ("gen15a-base"); ppc64: max-cpu-compat ("power9"); x86: NULL. */
        char *host_model;
        CpuFeatureSet host_full;                /* all that "host" (KVM) or "max" (TCG) has, expanded with migratable=off */
        CpuFeatureSet host_migratable;          /* the same with migratable=on; where there is no such switch, equal */
        CpuFeatureSet known;                    /* every boolean property of the CPU, on or off; empty: not known */
        CpuFeatureSet deprecated;               /* deprecated-props (QEMU 9.1+) */
        CpuModelFacts *models;                  /* sorted by name after seal */
        size_t n_models;

        /* By cpu_host_seal(): the named model that host-model becomes (x86), or -1. Index into models. */
        long nearest_full, nearest_migratable;
} CpuHost;

CpuHost *cpu_host_new(const char *arch, bool kvm);
CpuHost *cpu_host_free(CpuHost *host);          /* NULL is fine; returns NULL */
DEFINE_CLEANUP(CpuHost, cpu_host_free)

/* The new model, to be filled; valid until the next call. */
CpuModelFacts *cpu_host_add_model(CpuHost *host, const char *name);
void cpu_host_seal(CpuHost *host);
const CpuModelFacts *cpu_host_find_model(const CpuHost *host, const char *name);        /* after seal; NULL: none */

/* For caches and facts files: only what was probed, not what seal computes. from_json seals; it refuses unknown keys. */
json_object *cpu_host_to_json(const CpuHost *host);
int cpu_host_from_json(json_object *object, const char *where, CpuHost **ret, Error **err);
