/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/launch_security.h - <launchSecurity>: what a confidential guest is launched with. */
#pragma once
#include "conf/types.h"

typedef enum LaunchSecurityType {
        LAUNCH_SECURITY_UNSET,
        LAUNCH_SECURITY_SEV,            /* SEV and SEV-ES (policy bit 2) */
        LAUNCH_SECURITY_SEV_SNP,        /* libvirt 10.5 */
        LAUNCH_SECURITY_S390_PV,
        LAUNCH_SECURITY_TDX,            /* libvirt 11.6 */
        LAUNCH_SECURITY_PEF,            /* virtward only */
        LAUNCH_SECURITY_TYPE_MAX,
} LaunchSecurityType;

typedef struct LaunchSecurityDef {
        LaunchSecurityType type;
        Tristate kernel_hashes;                 /* sev, sev-snp */
        Tristate author_key, vcek;              /* sev-snp */
        OptUint cbitpos, reduced_phys_bits;     /* sev, sev-snp; not set: taken from the host at start */
        OptU64 policy;                          /* sev: 32 bits, required; sev-snp, tdx: 64 bits */
        char *dh_cert, *session;                /* sev; base64 */
        char *guest_visible_workarounds, *id_block, *id_auth, *host_data;       /* sev-snp; base64 */
        char *mr_config_id, *mr_owner, *mr_owner_config;                        /* tdx; base64 */
        bool quote_generation_service;          /* tdx: the element stood there */
        char *quote_generation_path;
} LaunchSecurityDef;

extern const EnumTable launch_security_table;
