/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/features_s390x.c - what is special about s390x CPU features. */
#include "cpumodel/cpu_features.h"

#include "util/cleanup.h"

#define UNPACK "QEMU 7.2 source: STFL 161; with -only-migratable QEMU 6.0+ refuses any model that has it"
#define SECURE_AP "QEMU 9.1 CPU data: UV feature bits 4 and 5; absent in 7.2"
#define GENERAL "general knowledge (deprecated-props of QEMU 9.1), not measured here"

static const CpuFeatureRow rows[] = {
        { .name = "unpack", .confidential = true, .evidence = UNPACK },
        { .name = "appv", .confidential = true, .needs = "unpack", .evidence = SECURE_AP },
        { .name = "appvi", .confidential = true, .needs = "appv", .evidence = SECURE_AP },
        { .name = "csske", .deprecated = true, .evidence = "libvirt 11.0 deprecated_features; QEMU 9.1 deprecated-props" },
        { .name = "te", .deprecated = true, .evidence = GENERAL },
        { .name = "cte", .deprecated = true, .evidence = GENERAL },
        { .name = "bpb", .deprecated = true, .evidence = GENERAL },
};

const CpuArchTable cpu_arch_s390x = { "s390x", rows, N_ELEMENTS(rows), "s390-pv" };
