/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_expand.h - the definition's <cpu> plus what the VMM offers -> the CPU that will run, frozen.
 *
 * Pure. A definition that cannot be satisfied is an answer, not a failure: every problem is listed, and the caller
 * (policy) words the refusal. The frozen CPU goes into the live XML and, typed, into the command line:
 *   x86, s390x   host-model becomes mode 'custom', match 'exact', a named model and every feature with its policy;
 *                a feature that was taken out stays visible as policy='disable' (R33)
 *   ppc64        host-model stays host-model: -cpu host plus max-cpu-compat=CpuHost.host_model
 *   host-passthrough, maximum   stay as they are, explicit features included (R37, R41) */
#pragma once
#include "cpumodel/cpu_host.h"

typedef struct CpuDef CpuDef;                   /* conf/cpu_def.h */

typedef enum CpuStrip {         /* strip_secure_cpu of policy.conf (R38, R49) */
        CPU_STRIP_WHEN_MIGRATABLE,              /* the default: if and only if migratability is required */
        CPU_STRIP_ALWAYS,
        CPU_STRIP_NEVER,
} CpuStrip;

typedef enum CpuPin {           /* what the first start of a host-model guest fixed: part of its guest ABI */
        CPU_PIN_NONE,
        CPU_PIN_WITH_SECURE,
        CPU_PIN_WITHOUT_SECURE,
} CpuPin;

typedef struct CpuExpandOptions {
        bool migratable_required;
        CpuStrip strip;
        bool keep_secure;               /* an explicit object asks for the facility: an implicit strip would break it (R23) */
        bool vmm_can_migrate_secure;    /* the fence is lifted: nothing is stripped (R39, R52) */
} CpuExpandOptions;

typedef enum CpuChangeKind {
        CPU_CHANGE_STRIPPED,            /* confidential, taken out of host-model (R11, R33) */
        CPU_CHANGE_NON_MIGRATABLE,      /* left out of host-model as libvirt does: invtsc */
        CPU_CHANGE_OPTIONAL_OFF,        /* policy='optional' and not offered: disabled */
        CPU_CHANGE_MISSING_OFF,         /* check='none' or 'partial' of a named model: not offered by the host, disabled */
} CpuChangeKind;

typedef struct CpuChange {
        CpuChangeKind kind;
        char *feature;
} CpuChange;

typedef enum CpuProblemKind {
        CPU_PROBLEM_MODE,               /* this mode does not exist with this accelerator or architecture */
        CPU_PROBLEM_MODEL,              /* no such named model in this binary; nearest */
        CPU_PROBLEM_MODEL_UNUSABLE,     /* the named model needs what the host lacks; names: the features */
        CPU_PROBLEM_MISSING,            /* required features that are not offered; names */
        CPU_PROBLEM_FORBIDDEN,          /* forbidden features that the host has; names */
        CPU_PROBLEM_UNKNOWN_FEATURE,    /* no property of that name; names, and nearest of the first that has one */
        CPU_PROBLEM_POLICY,             /* s390x knows only require and disable; names: the feature */
        CPU_PROBLEM_NO_EXPANSION,       /* host-model asked, the VMM told no host model */
} CpuProblemKind;

typedef struct CpuProblem {
        CpuProblemKind kind;
        CpuFeatureSet names;            /* sorted */
        char *nearest;                  /* the known name that was probably meant; NULL: none */
} CpuProblem;

typedef struct CpuExpansion {
        CpuDef *cpu;                    /* the frozen CPU; NULL: the definition has none and none is needed, or problems */
        bool implicit;                  /* came from host-model: its features are nobody's explicit wish */
        bool has_secure;                /* the running CPU offers the confidential facility to the guest */
        bool secure_explicit;           /* ... because the definition says so (policy require or force) */
        bool secure_disabled;           /* the definition takes it out explicitly */
        CpuChange *changes;             /* in order of feature name */
        size_t n_changes;
        CpuProblem *problems;
        size_t n_problems;
        CpuFeatureSet deprecated;       /* features in it that leave the architecture or the VMM some day (R46) */
        bool model_deprecated;
} CpuExpansion;

/* cpu may be NULL (no <cpu>); arch is the guest's. host may be NULL when nothing could be probed: then modes that need
 * no probe pass unchanged. Never fails. */
CpuExpansion *cpu_expand(const CpuDef *cpu, const char *arch, const CpuHost *host, const CpuExpandOptions *options);
CpuExpansion *cpu_expansion_free(CpuExpansion *expansion);
DEFINE_CLEANUP(CpuExpansion, cpu_expansion_free)

/* One line for the log and the live domain's messages (R33): "feature 'unpack' taken out of host-model ...". Caller frees. */
char *cpu_change_text(const CpuChange *change);

/* What follows -cpu ("EPYC,svm=off,x2apic=on"), without what is said elsewhere in the definition (Hyper-V and KVM features, TSC
 * frequency). cpu is a frozen one; NULL cpu gives NULL. The caller frees. */
char *cpu_qemu_argument(const CpuDef *cpu, const char *arch);
