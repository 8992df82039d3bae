/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_settings.c - the rows of policy.conf. */
#include "policy/policy_settings.h"

DEFINE_ENUM_TABLE(policy_strip_table, "strip_secure_cpu", "when-migratable", "always", "never");

const ConfRow policy_conf_rows[] = {
        { "migratable", CONF_ENUM, offsetof(PolicySettings, migratable), &intent_table },
        { "strip_secure_cpu", CONF_ENUM, offsetof(PolicySettings, strip), &policy_strip_table },
        {}
};
