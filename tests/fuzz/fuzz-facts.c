/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz/fuzz-facts.c - a facts file of a stranger, and a definition judged with it: explain takes both from read-only clients. */
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define XML                                                                                                                      \
        "<domain type='kvm'><name>guest</name><memory>524288</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>"      \
        "<cpu mode='host-model'><feature policy='require' name='invtsc'/></cpu>"                                                 \
        "<launchSecurity type='sev'><policy>0x9</policy></launchSecurity></domain>"

static void judge(const PolicyHost *host) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(cpu_expansion_free) CpuExpansion *cpu = NULL;
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = NULL;
        CLEANUP(json_put) json_object *report = NULL;
        PolicyFacts facts = { .host = host, .start_flag = INTENT_REQUIRED };
        PolicyIntent intent;

        if (domain_def_parse(XML, sizeof(XML) - 1, DOMAIN_PARSE_INACTIVE, &def, NULL) < 0)
                abort();
        intent = policy_intent(def, NULL, INTENT_REQUIRED);
        cpu = policy_expand_cpu(def, host, NULL, &intent);
        facts.def = def;
        facts.cpu = cpu;
        verdict = policy_check(&facts);
        if (verdict->allowed)
                abort(); /* the guest owner said no: nothing in the facts may change that */
        report = policy_verdict_to_json(verdict, "guest");
        free(json_text(report));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(policy_host_free) PolicyHost *host = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = xmalloc(size + 1);

        memcpy(text, data, size);
        text[size] = '\0';
        if (json_parse(text, size, "fuzz", &json, NULL) < 0)
                return 0;
        if (policy_host_from_json(json, "facts", &host, &err) == 0)
                judge(host);
        return 0;
}
