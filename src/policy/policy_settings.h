/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_settings.h - what policy.conf may say, typed. */
#pragma once
#include "conf/domain_def.h"
#include "cpumodel/cpu_expand.h"
#include "util/conf_file.h"
#include "util/table.h"

extern const EnumTable policy_strip_table;              /* "when-migratable", "always", "never" (CpuStrip) */

typedef struct PolicySettings {                 /* a zeroed one is the default */
        DomainIntent migratable;        /* the host's say (R57) */
        CpuStrip strip;                 /* strip_secure_cpu (R38) */
} PolicySettings;

/* The rows of policy.conf, for conf_read() and conf_parse(). The target owns nothing: plain values, copied freely. */
extern const ConfRow policy_conf_rows[];
