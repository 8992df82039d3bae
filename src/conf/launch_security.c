/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(launch_security_table, LAUNCH_SECURITY_TYPE_MAX, "launchSecurity type", "", "sev", "sev-snp", "s390-pv", "tdx", "pef");

#define L(name) BIT(LAUNCH_SECURITY_##name)
#define OF_TYPES(mask) WHEN(LaunchSecurityDef, type, (mask))
#define AMD (L(SEV) | L(SEV_SNP))

static const Row launch_security_rows[] = {
        ENUM("@type", LaunchSecurityDef, type, launch_security_table, .flags = ROW_REQUIRED),
        YESNO("@kernelHashes", LaunchSecurityDef, kernel_hashes, OF_TYPES(AMD)),
        YESNO("@authorKey", LaunchSecurityDef, author_key, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        YESNO("@vcek", LaunchSecurityDef, vcek, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        OPTUINT("cbitpos", LaunchSecurityDef, cbitpos, OF_TYPES(AMD)),
        OPTUINT("reducedPhysBits", LaunchSecurityDef, reduced_phys_bits, OF_TYPES(AMD)),
        OPTHEX64("policy", LaunchSecurityDef, policy, 4, OF_TYPES(L(SEV)), .flags = ROW_REQUIRED),
        OPTHEX64("policy", LaunchSecurityDef, policy, 8, OF_TYPES(L(SEV_SNP)), .flags = ROW_REQUIRED, .since = 10005000),
        OPTHEX64("policy", LaunchSecurityDef, policy, 8, OF_TYPES(L(TDX)), .since = 11006000),
        STRING("dhCert", LaunchSecurityDef, dh_cert, OF_TYPES(L(SEV))),
        STRING("session", LaunchSecurityDef, session, OF_TYPES(L(SEV))),
        STRING("guestVisibleWorkarounds", LaunchSecurityDef, guest_visible_workarounds, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        STRING("idBlock", LaunchSecurityDef, id_block, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        STRING("idAuth", LaunchSecurityDef, id_auth, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        STRING("hostData", LaunchSecurityDef, host_data, OF_TYPES(L(SEV_SNP)), .since = 10005000),
        STRING("mrConfigId", LaunchSecurityDef, mr_config_id, OF_TYPES(L(TDX)), .since = 11006000),
        STRING("mrOwner", LaunchSecurityDef, mr_owner, OF_TYPES(L(TDX)), .since = 11006000),
        STRING("mrOwnerConfig", LaunchSecurityDef, mr_owner_config, OF_TYPES(L(TDX)), .since = 11006000),
        FLAG("quoteGenerationService", LaunchSecurityDef, quote_generation_service, OF_TYPES(L(TDX)), .since = 11006000),
        STRING("quoteGenerationService@path", LaunchSecurityDef, quote_generation_path, OF_TYPES(L(TDX)), .flags = ROW_HOST,
             .since = 11006000),
        {}
};

/* How many bytes a base64 text stands for; -1: it is none. */
static long base64_bytes(const char *text) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = strspn(text, digits), padding = strspn(text + n, "=");

        if (text[n + padding] || (n + padding) % 4 != 0 || padding > 2)
                return -1;
        return (long) (n * 3 / 4);
}

typedef struct BlobRule {
        const char *element;
        size_t offset;
        long bytes;
} BlobRule;

#define BLOB(element, field, n) { element, offsetof(LaunchSecurityDef, field), n }
static const BlobRule blob_rules[] = {
        BLOB("guestVisibleWorkarounds", guest_visible_workarounds, 16),
        BLOB("idBlock", id_block, 96),
        BLOB("idAuth", id_auth, 4096),
        BLOB("hostData", host_data, 32),
        BLOB("mrConfigId", mr_config_id, 48),
        BLOB("mrOwner", mr_owner, 48),
        BLOB("mrOwnerConfig", mr_owner_config, 48),
};

static int check_launch_security(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const LaunchSecurityDef *security = object;

        for (size_t i = 0; i < N_ELEMENTS(blob_rules); i++) {
                const BlobRule *rule = &blob_rules[i];
                const char *text = *(char *const *) ((const char *) object + rule->offset);

                if (text && base64_bytes(text) != rule->bytes)
                        return element_refuse(parser, element_child(node, rule->element), NULL, ERROR_XML, rule->element, err,
                                              "it must be base64 of exactly %ld bytes", rule->bytes);
        }
        if (security->type == LAUNCH_SECURITY_SEV && security->policy.value > UINT32_MAX)
                return element_refuse(parser, element_child(node, "policy"), NULL, ERROR_XML, "SEV policy", err,
                                      "it must fit in 32 bits");
        return 0;
}

const Element launch_security_element = { sizeof(LaunchSecurityDef), launch_security_rows, check_launch_security };
