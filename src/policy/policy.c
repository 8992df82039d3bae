/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy.c - one verdict: every rule is asked, every reason is kept. */
#include "policy/policy.h"

#include "cpumodel/cpu_features.h"
#include "policy/policy_rule.h"
#include "util/strbuf.h"

DEFINE_ENUM_TABLE(policy_operation_table, "operation", "start", "restore", "hotplug", "migrate", "migrate-in", "save",
                  "managed-save", "snapshot", "dump", "peek", "reboot", "balloon", "memory-hotplug", "cpu-hotplug", "pause");

const PolicyRule *const policy_rule_sets[] = { policy_rules_intent, policy_rules_secure, policy_rules_cpu, policy_rules_device,
                                               NULL };

PolicyVerdict *policy_verdict_free(PolicyVerdict *verdict) {
        if (!verdict)
                return NULL;
        for (size_t i = 0; i < verdict->n_findings; i++) {
                free(verdict->findings[i].path);
                free(verdict->findings[i].what);
                free(verdict->findings[i].want);
                free(verdict->findings[i].remedy);
        }
        free(verdict->findings);
        free(verdict);
        return NULL;
}

/* ---- Texts ---- */

static const char *placeholder(const PolicyCheck *check, const char *name, size_t n, const char *const args[3]) {
        if (n == 1 && *name >= '1' && *name <= '3')
                return args[*name - '1'];
        if (n == 4 && strncmp(name, "tech", n) == 0)
                return check->tech ? check->tech->title : "confidential";
        return NULL;
}

static void add_demand(StrBuf *text, const PolicyCheck *check) {
        if (check->verdict->intent.required)
                strbuf_addf(text, ", but migratability is required by %s", check->verdict->intent.required_by);
}

char *policy_text(const PolicyCheck *check, const char *template, const char *a, const char *b, const char *c) {
        CLEANUP(strbuf_done) StrBuf text = {};
        const char *const args[3] = { a, b, c };

        while (*template) {
                size_t plain = strcspn(template, "{"), n;
                const char *value;

                strbuf_add_n(&text, template, plain);
                template += plain;
                if (!*template)
                        break;
                n = strcspn(++template, "}");
                value = placeholder(check, template, n, args);
                if (value)
                        strbuf_add(&text, value);
                else
                        add_demand(&text, check);
                template += n + (template[n] == '}');
        }
        return strbuf_steal(&text);
}

/* ---- Findings ---- */

static Say rule_says(const PolicyCheck *check, const PolicyRule *rule) {
        unsigned operation = 1u << check->facts->operation;
        unsigned arrive = OPS_ARRIVE | (rule->hotplug ? OP(HOTPLUG) : 0);

        if (operation & arrive)
                return check->verdict->intent.required ? rule->required : rule->start;
        return operation & (rule->move_ops ? rule->move_ops : OPS_MOVE) ? rule->move : SAY_NOTHING;
}

static PolicyFinding *add_finding(PolicyCheck *check, const char *code, Say say, char *path) {
        PolicyVerdict *verdict = check->verdict;
        PolicyFinding *finding = ARRAY_APPEND(verdict->findings, verdict->n_findings);

        finding->code = code;
        finding->severity = (PolicySeverity) (say - SAY_NOTE);
        finding->error = ERROR_CONFIG_UNSUPPORTED;
        finding->path = path;
        return finding;
}

void policy_found_effect(PolicyCheck *check, const PolicyRule *rule, Effect effect, char *path, const char *a, const char *b,
                         const char *c) {
        bool required = check->verdict->intent.required && rule->remedy_required;
        Say say = rule_says(check, rule);
        PolicyFinding *finding;

        if (effect > check->effect)
                check->effect = effect;
        if (say == SAY_NOTHING) {
                free(path);
                return;
        }
        finding = add_finding(check, rule->code, say, path);
        finding->source = rule->source;
        finding->requirements = rule->requirements;
        if (rule->error)
                finding->error = rule->error;
        finding->what = policy_text(check, rule->what, a, b, c);
        finding->want = policy_text(check, rule->want, a, b, c);
        finding->remedy = policy_text(check, required ? rule->remedy_required : rule->remedy, a, b, c);
}

void policy_found(PolicyCheck *check, const PolicyRule *rule, char *path, const char *a, const char *b, const char *c) {
        policy_found_effect(check, rule, rule->effect, path, a, b, c);
}

static void check_fences(PolicyCheck *check) {
        for (const PolicyFence *fence = policy_fences; check->tech && fence->code; fence++) {
                PolicyFinding *finding;

                if (!(fence->techs & check->tech->tech) || !(fence->operations & (1u << check->facts->operation)))
                        continue;
                if (fence->until && check->facts->host->version >= fence->until)
                        continue;
                finding = add_finding(check, fence->code, fence->say, xstrdup("/domain/launchSecurity/@type"));
                finding->source = POLICY_FROM_VMM;
                finding->requirements = fence->requirements;
                finding->error = ERROR_OPERATION_UNSUPPORTED;
                finding->what = policy_text(check, fence->what, NULL, NULL, NULL);
                finding->want = policy_text(check, fence->want, NULL, NULL, NULL);
                finding->remedy = policy_text(check, fence->remedy, NULL, NULL, NULL);
        }
}

/* Refusals first; then by place and code: the order does not depend on that of the rules. */
static int by_weight(const void *a, const void *b) {
        const PolicyFinding *x = a, *y = b;
        int order = (int) y->severity - (int) x->severity;

        if (!order)
                order = strcmp(x->path, y->path);
        if (!order)
                order = strcmp(x->code, y->code);
        return order ? order : strcmp(x->what, y->what);
}

static void drop_doubles(PolicyVerdict *verdict) {
        size_t kept = 0;

        for (size_t i = 0; i < verdict->n_findings; i++) {
                PolicyFinding *finding = &verdict->findings[i];

                if (kept && by_weight(&verdict->findings[kept - 1], finding) == 0) {
                        free(finding->path);
                        free(finding->what);
                        free(finding->want);
                        free(finding->remedy);
                } else {
                        verdict->findings[kept++] = *finding;
                }
        }
        verdict->n_findings = kept;
}

/* ---- The verdict ---- */

static bool uses_kvm(const DomainDef *def) {
        return def->virt_type == VIRT_KVM;
}

/* What was promised at the start holds for the whole life, whatever the settings say by now (R32, R54). */
static void keep_guarantee(PolicyIntent *intent) {
        intent->required = true;
        intent->required_by = "the start of this guest (it runs with -only-migratable)";
        intent->required_path = "/domain";
        intent->value = INTENT_REQUIRED;
}

static void conclude(PolicyCheck *check) {
        static const PolicyAnswer answers[] = {
                [EFFECT_NONE] = POLICY_YES, [EFFECT_UNKNOWN] = POLICY_UNKNOWN, [EFFECT_BLOCKS] = POLICY_NO
        };
        PolicyVerdict *verdict = check->verdict;

        if (verdict->n_findings)
                qsort(verdict->findings, verdict->n_findings, sizeof(PolicyFinding), by_weight);
        drop_doubles(verdict);
        verdict->allowed = verdict->n_findings == 0 || verdict->findings[0].severity != POLICY_REFUSE;
        verdict->migratable = answers[check->effect];
        verdict->only_migratable = verdict->intent.required;
}

PolicyVerdict *policy_check(const PolicyFacts *facts) {
        PolicyVerdict *verdict = xnew(PolicyVerdict);
        PolicyCheck check = { .facts = facts, .def = facts->def, .verdict = verdict };

        verdict->operation = facts->operation;
        verdict->simulated = facts->host->simulated;
        verdict->intent = policy_intent(facts->def, facts->settings, facts->start_flag);
        if (facts->guaranteed && !verdict->intent.required)
                keep_guarantee(&verdict->intent);
        check.kvm = uses_kvm(facts->def);
        check.tech = policy_technology_of(facts->def);
        check.cpu_host = policy_host_cpu(facts->host, check.kvm);
        check.tech_migrates = check.tech && policy_host_migrates(facts->host, check.tech->name);
        for (size_t i = 0; policy_rule_sets[i]; i++)
                for (const PolicyRule *rule = policy_rule_sets[i]; rule->code; rule++)
                        rule->find(&check, rule);
        check_fences(&check);
        conclude(&check);
        return verdict;
}

CpuExpansion *policy_expand_cpu(const DomainDef *def, const PolicyHost *host, const PolicySettings *settings,
                                const PolicyIntent *intent) {
        const CpuArchTable *table = cpu_arch_find(def->os.arch);
        const PolicyTechnology *tech = policy_technology_of(def);
        CpuExpandOptions options = {
                .migratable_required = intent->required,
                .strip = settings ? settings->strip : CPU_STRIP_WHEN_MIGRATABLE,
                .keep_secure = tech && table && streq(tech->name, table->technology),
                .vmm_can_migrate_secure = table && table->technology && policy_host_migrates(host, table->technology),
        };

        return cpu_expand(def->cpu, def->os.arch, policy_host_cpu(host, uses_kvm(def)), &options);
}
