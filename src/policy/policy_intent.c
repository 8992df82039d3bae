/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_intent.c - who demands migratability, who forbids migration: the start call, the definition, the host.
 *
 * The first that speaks counts, and the host's demand holds whatever the others say (R57). A 'no' is never overridden: the
 * tenant's and the host's are prohibitions (R86). */
#include "policy/policy_rule.h"

typedef struct Voice {
        DomainIntent says;
        const char *who_requires, *who_forbids, *path;
} Voice;

static void require(PolicyIntent *intent, const Voice *voice) {
        intent->required = true;
        intent->required_by = voice->who_requires;
        intent->required_path = voice->path;
}

static void forbid(PolicyIntent *intent, const Voice *voice) {
        if (intent->forbidden)
                return;
        intent->forbidden = true;
        intent->forbidden_by = voice->who_forbids;
        intent->forbidden_path = voice->path;
}

PolicyIntent policy_intent(const DomainDef *def, const PolicySettings *settings, DomainIntent start_flag) {
        const Voice voices[] = {
                { start_flag, "the start call (migratable: required)", "the start call (migratable: no)", "/domain" },
                { def->intent, "the definition (<ward:policy migratable='required'/>)",
                  "the definition (<ward:policy migratable='no'/>)", "/domain/metadata/ward:policy/@migratable" },
                { settings ? settings->migratable : INTENT_UNSET, "the host (policy.conf: migratable = required)",
                  "the host (policy.conf: migratable = no)", "/domain" },
        };
        const Voice *host = &voices[2];
        PolicyIntent intent = { .value = INTENT_PREFERRED };

        for (size_t i = 0; i < N_ELEMENTS(voices); i++)
                if (voices[i].says == INTENT_NO)
                        forbid(&intent, &voices[i]);
        for (size_t i = 0; i < N_ELEMENTS(voices); i++) {
                if (voices[i].says == INTENT_UNSET)
                        continue;
                if (voices[i].says == INTENT_REQUIRED)
                        require(&intent, &voices[i]);
                break;
        }
        if (!intent.required && host->says == INTENT_REQUIRED)
                require(&intent, host);
        if (intent.required)
                intent.value = INTENT_REQUIRED;
        else if (intent.forbidden)
                intent.value = INTENT_NO;
        return intent;
}

/* ---- Rules about the intent itself, and about what a running VMM says ---- */

static void find_conflict(PolicyCheck *check, const PolicyRule *rule) {
        const PolicyIntent *intent = &check->verdict->intent;

        if (intent->required && intent->forbidden)
                policy_found(check, rule, xstrdup(intent->forbidden_path), intent->required_by, intent->forbidden_by, NULL);
}

static void find_forbidden(PolicyCheck *check, const PolicyRule *rule) {
        const PolicyIntent *intent = &check->verdict->intent;

        if (intent->forbidden && !intent->required)
                policy_found(check, rule, xstrdup(intent->forbidden_path), intent->forbidden_by, NULL, NULL);
}

static void find_blocked(PolicyCheck *check, const PolicyRule *rule) {
        for (size_t i = 0; i < check->facts->n_blocked; i++)
                policy_found(check, rule, xstrdup(check->tech ? "/domain/launchSecurity" : "/domain"), check->facts->blocked[i],
                             NULL, NULL);
}

static void find_broken_guarantee(PolicyCheck *check, const PolicyRule *rule) {
        if (check->facts->guaranteed && check->facts->n_blocked)
                policy_found(check, rule, xstrdup("/domain"), check->facts->blocked[0], NULL, NULL);
}

const PolicyRule policy_rules_intent[] = {
        { .code = "WARD-INTENT-CONFLICT",
          .start = SAY_REFUSE,
          .required = SAY_REFUSE,
          .effect = EFFECT_BLOCKS,
          .find = find_conflict,
          .what = "migratability is required by {1} and migration is forbidden by {2}",
          .want = "one of the two",
          .remedy = "withdraw one: the stricter of host and tenant wins, and here no guest satisfies both",
          .requirements = "R23 R57 R86" },
        { .code = "WARD-INTENT-NO",
          .start = SAY_NOTE,
          .required = SAY_NOTE,
          .move = SAY_REFUSE,
          .move_ops = OP(MIGRATE_OUT),
          .effect = EFFECT_BLOCKS,
          .find = find_forbidden,
          .error = ERROR_OPERATION_INVALID,
          .what = "migration is forbidden by {1}",
          .want = "a guest whose owner and host allow migration",
          .remedy = "let whoever forbids it say 'preferred' or 'required'",
          .requirements = "R57 R86 R88" },
        { .code = "WARD-BLOCKED",
          .move = SAY_REFUSE,
          .source = POLICY_FROM_VMM,
          .effect = EFFECT_BLOCKS,
          .find = find_blocked,
          .error = ERROR_OPERATION_INVALID,
          .what = "{1}",
          .want = "a guest that the VMM can migrate",
          .remedy = "end what the VMM names (unmount, unplug, leave secure mode by a full restart) and try again: it is asked "
                    "anew each time",
          .requirements = "R1 R5 R111 R112 R116",
          .evidence = "query-migrate blocked-reasons, QEMU 6.0+",
          .lifted_by = "query-migrate" },
        { .code = "WARD-GUARANTEE-BROKEN",
          .move = SAY_WARN,
          .source = POLICY_FROM_VMM,
          .effect = EFFECT_BLOCKS,
          .find = find_broken_guarantee,
          .what = "this guest was started with required migratability and its VMM now says \"{1}\"",
          .want = "no blocked reason while -only-migratable is in force",
          .remedy = "report it: the VMM should have refused what blocks",
          .requirements = "R32" },
        {}
};
