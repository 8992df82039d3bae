/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/features_x86.c - x86 features whose names differ between libvirt and QEMU, and those that do not migrate.
 *
 * None is confidential: SEV, SNP and TDX are no properties of QEMU's CPU, CPUID 0x8000001F is filled from the object. */
#include "cpumodel/cpu_features.h"

#include "util/cleanup.h"

static const CpuFeatureRow rows[] = {
        { .name = "invtsc", .non_migratable = true,
          .evidence = "QEMU 7.2 source: blocker under KVM unless tsc-frequency is set; left out with migratable=on" },
        { .name = "cmp_legacy", .qemu = "cmp-legacy" },
        { .name = "ds_cpl", .qemu = "ds-cpl" },
        { .name = "fxsr_opt", .qemu = "fxsr-opt" },
        { .name = "kvm_pv_eoi", .qemu = "kvm-pv-eoi" },
        { .name = "kvm_pv_unhalt", .qemu = "kvm-pv-unhalt" },
        { .name = "lahf_lm", .qemu = "lahf-lm" },
        { .name = "nodeid_msr", .qemu = "nodeid-msr" },
        { .name = "pclmuldq", .qemu = "pclmulqdq" },
        { .name = "perfctr_core", .qemu = "perfctr-core" },
        { .name = "perfctr_nb", .qemu = "perfctr-nb" },
        { .name = "tsc_adjust", .qemu = "tsc-adjust" },
        { .name = "osxsave", .not_a_property = true, .evidence = "libvirt 9.0: set by the guest itself" },
        { .name = "ospke", .not_a_property = true, .evidence = "libvirt 9.0: set by the guest itself" },
        { .name = "cmt", .not_a_property = true, .evidence = "libvirt 9.0: a host feature only" },
        { .name = "mbm_total", .not_a_property = true, .evidence = "libvirt 9.0: a host feature only" },
        { .name = "mbm_local", .not_a_property = true, .evidence = "libvirt 9.0: a host feature only" },
};

const CpuArchTable cpu_arch_x86 = { "x86_64", rows, N_ELEMENTS(rows), NULL };
