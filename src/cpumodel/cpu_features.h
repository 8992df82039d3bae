/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/cpu_features.h - what is known of a CPU feature beyond what a VMM tells: the tables per architecture.
 *
 * A feature without a row is an ordinary one: it has the same name in libvirt and in QEMU, migrates, and protects nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct CpuFeatureRow {
        const char *name;               /* libvirt's, as in XML: "lahf_lm" */
        const char *qemu;               /* QEMU's property where it differs: "lahf-lm"; NULL: the same */
        bool confidential;              /* lets a guest become one whose memory the host cannot read (R7, R11) */
        bool non_migratable;            /* a VMM blocks migration of a CPU that has it */
        bool deprecated;                /* R46: leaves the architecture or the VMM some day */
        bool not_a_property;            /* libvirt has a name for it, QEMU no switch: it cannot be on, so off is no demand */
        const char *needs;              /* goes when that feature goes: "appv" needs "unpack"; NULL: nothing */
        const char *evidence;           /* where that is known from */
} CpuFeatureRow;

typedef struct CpuArchTable {
        const char *arch;               /* "x86_64", as in <type arch=''> */
        const CpuFeatureRow *rows;
        size_t n_rows;
        const char *technology;         /* what the confidential features belong to ("s390-pv"); NULL: there are none */
} CpuArchTable;

extern const CpuArchTable cpu_arch_x86, cpu_arch_s390x, cpu_arch_ppc64;

const CpuArchTable *cpu_arch_find(const char *arch);                    /* NULL: no table, nothing special is known */
const CpuFeatureRow *cpu_feature_find(const char *arch, const char *name);      /* NULL: an ordinary feature */
const char *cpu_feature_to_qemu(const char *arch, const char *name);    /* "lahf_lm" -> "lahf-lm"; others unchanged */
const char *cpu_feature_from_qemu(const char *arch, const char *property);      /* the reverse */
