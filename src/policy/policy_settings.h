/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_settings.h - what policy.conf may say, typed. */
#pragma once
#include "cpumodel/cpu_expand.h"
#include "util/conf_file.h"
#include "util/table.h"

typedef enum PolicyMigratable {
        POLICY_MIGRATABLE_UNSET,
        POLICY_MIGRATABLE_REQUIRED,
        POLICY_MIGRATABLE_PREFERRED,
        POLICY_MIGRATABLE_NO,
        POLICY_MIGRATABLE_MAX,
} PolicyMigratable;
extern const EnumTable policy_migratable_table;         /* "", "required", "preferred", "no" */
extern const EnumTable policy_strip_table;              /* "when-migratable", "always", "never" (CpuStrip) */

typedef struct PolicySettings {                 /* a zeroed one is the default */
        PolicyMigratable migratable;            /* the host's say (R57) */
        CpuStrip strip;                         /* strip_secure_cpu (R38) */
} PolicySettings;

/* The rows of policy.conf, for conf_read() and conf_parse(). The target owns nothing: plain values, copied freely. */
extern const ConfRow policy_conf_rows[];
