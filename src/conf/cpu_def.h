/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/cpu_def.h - <cpu>: what the definition asks for; what a host makes of it is cpumodel's business. */
#pragma once
#include "conf/types.h"

typedef enum CpuMode {
        CPU_MODE_UNSET, CPU_MODE_CUSTOM, CPU_MODE_HOST_MODEL, CPU_MODE_HOST_PASSTHROUGH, CPU_MODE_MAXIMUM,
        CPU_MODE_TYPE_MAX,
} CpuMode;
typedef enum CpuMatch { CPU_MATCH_UNSET, CPU_MATCH_MINIMUM, CPU_MATCH_EXACT, CPU_MATCH_STRICT, CPU_MATCH_TYPE_MAX } CpuMatch;
typedef enum CpuCheck { CPU_CHECK_UNSET, CPU_CHECK_NONE, CPU_CHECK_PARTIAL, CPU_CHECK_FULL, CPU_CHECK_TYPE_MAX } CpuCheck;
typedef enum CpuFallback { CPU_FALLBACK_UNSET, CPU_FALLBACK_ALLOW, CPU_FALLBACK_FORBID, CPU_FALLBACK_TYPE_MAX } CpuFallback;
typedef enum CpuPolicy {
        CPU_POLICY_UNSET, CPU_POLICY_FORCE, CPU_POLICY_REQUIRE, CPU_POLICY_OPTIONAL, CPU_POLICY_DISABLE,
        CPU_POLICY_FORBID, CPU_POLICY_TYPE_MAX,
} CpuPolicy;

typedef struct CpuFeature {
        CpuPolicy policy;
        char *name;
} CpuFeature;

typedef struct NumaDistance {
        unsigned id, value;
} NumaDistance;

typedef struct NumaCell {
        OptUint id;
        CpuSet *cpus;
        uint64_t memory_kib;
        char *mem_access;               /* "shared", "private" */
        Tristate discard;
        LIST_OF(NumaDistance) distances;
} NumaCell;

typedef struct CpuDef {
        CpuMode mode;
        CpuMatch match;
        CpuCheck check;
        Tristate migratable;            /* host-passthrough and maximum only */
        Tristate deprecated_features;   /* s390x, libvirt 11.0 */
        char *model;
        CpuFallback fallback;
        char *vendor_id;
        char *vendor;
        unsigned sockets, dies, clusters, cores, threads;       /* all 0: no <topology> */
        char *cache_mode;               /* "emulate", "passthrough", "disable" */
        OptUint cache_level;
        char *phys_bits_mode;           /* <maxphysaddr>: "emulate", "passthrough" */
        unsigned phys_bits, phys_bits_limit;
        LIST_OF(CpuFeature) features;
        LIST_OF(NumaCell) cells;
} CpuDef;

extern const EnumTable cpu_mode_table, cpu_match_table, cpu_check_table, cpu_fallback_table, cpu_policy_table;

const CpuFeature *cpu_def_find_feature(const CpuDef *cpu, const char *name);    /* NULL: not named; cpu may be NULL */
