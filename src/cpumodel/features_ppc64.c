/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpumodel/features_ppc64.c - POWER has no CPU property that makes a guest securable: the object pef-guest alone does (R27). */
#include "cpumodel/cpu_features.h"

const CpuArchTable cpu_arch_ppc64 = { "ppc64", NULL, 0, NULL };
