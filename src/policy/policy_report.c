/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/policy_report.c - a verdict as JSON and as an error; the rules as `wardsh policy show` prints them. */
#include "policy/policy_rule.h"
#include "util/strbuf.h"

static const char *const severities[] = { [POLICY_NOTE] = "note", [POLICY_WARN] = "warn", [POLICY_REFUSE] = "refuse" };
static const char *const says[] = { [SAY_NOTHING] = NULL, [SAY_NOTE] = "note", [SAY_WARN] = "warn", [SAY_REFUSE] = "refuse" };
static const char *const sources[] = { [POLICY_FROM_POLICY] = "policy", [POLICY_FROM_VMM] = "vmm", [POLICY_FROM_HOST] = "host" };
static const char *const answers[] = { [POLICY_NO] = "no", [POLICY_YES] = "yes", [POLICY_UNKNOWN] = "unknown" };
static const char *const effects[] = { [EFFECT_NONE] = "yes", [EFFECT_UNKNOWN] = "unknown", [EFFECT_BLOCKS] = "no" };

static json_object *requirements_to_json(const char *requirements) {
        json_object *array = json_object_new_array();

        while (requirements && *requirements) {
                size_t n = strcspn(requirements, " ");
                CLEANUP(free) char *one = xstrndup(requirements, n);

                json_append_string(array, one);
                requirements += n + (requirements[n] == ' ');
        }
        return array;
}

static json_object *finding_to_json(const PolicyFinding *finding) {
        json_object *object = json_object_new_object();

        json_add_string(object, "code", finding->code);
        json_add_string(object, "severity", severities[finding->severity]);
        json_add_string(object, "path", finding->path);
        json_add_string(object, "what", finding->what);
        json_add_string(object, "want", finding->want);
        json_add_string(object, "remedy", finding->remedy);
        json_add(object, "requirements", requirements_to_json(finding->requirements));
        json_add_string(object, "source", sources[finding->source]);
        return object;
}

json_object *policy_verdict_to_json(const PolicyVerdict *verdict, const char *domain_name) {
        json_object *object = json_object_new_object(), *findings = json_object_new_array();

        for (size_t i = 0; i < verdict->n_findings; i++)
                json_object_array_add(findings, finding_to_json(&verdict->findings[i]));
        json_add_string(object, "operation", table_name(&policy_operation_table, (int) verdict->operation));
        json_add_string(object, "domain", domain_name);
        json_add_string(object, "verdict", verdict->allowed ? "allow" : "refuse");
        json_add_string(object, "migratable", answers[verdict->migratable]);
        json_add_bool(object, "simulated", verdict->simulated);
        json_add(object, "findings", findings);
        return object;
}

/* ---- As an error ---- */

static bool is_move(PolicyOperation operation) {
        return (OPS_MOVE & (1u << operation)) != 0;
}

/* What the VMM says stands alone and first, as libvirt prints it; every other reason comes with its remedy. */
static void add_reason(StrBuf *text, const PolicyFinding *finding) {
        if (text->len)
                strbuf_add(text, "; ");
        strbuf_add(text, finding->what);
        if (!streq(finding->code, "WARD-BLOCKED"))
                strbuf_addf(text, " (%s: %s)", finding->code, finding->remedy);
}

static ErrorCode error_code(const PolicyVerdict *verdict) {
        ErrorCode code = verdict->findings[0].error;

        if (is_move(verdict->operation))
                return ERROR_OPERATION_INVALID;
        for (size_t i = 1; i < verdict->n_findings && verdict->findings[i].severity == POLICY_REFUSE; i++)
                if (verdict->findings[i].error != code)
                        return ERROR_CONFIG_UNSUPPORTED;
        return code;
}

static void add_reasons(StrBuf *text, const PolicyVerdict *verdict, bool blocked) {
        for (size_t i = 0; i < verdict->n_findings; i++) {
                const PolicyFinding *finding = &verdict->findings[i];

                if (finding->severity == POLICY_REFUSE && streq(finding->code, "WARD-BLOCKED") == blocked)
                        add_reason(text, finding);
        }
}

int policy_verdict_error(const PolicyVerdict *verdict, const char *domain_name, Error **err) {
        CLEANUP(strbuf_done) StrBuf text = {};
        CLEANUP(free) char *simulated = xstrdup(verdict->simulated ? " [simulated host]" : "");

        if (verdict->allowed)
                return error_set(err, ERROR_INTERNAL, "domain '%s': an allowed operation was reported as refused", domain_name);
        add_reasons(&text, verdict, true);
        add_reasons(&text, verdict, false);
        if (is_move(verdict->operation))
                return error_set(err, ERROR_OPERATION_INVALID, "cannot migrate domain: %s%s", text.text, simulated);
        return error_set(err, error_code(verdict), "%s%s", text.text, simulated);
}

/* ---- The rules ---- */

static void add_operations(json_object *object, const char *key, unsigned operations) {
        json_object *array = json_object_new_array();

        for (int i = 0; i < POLICY_OPERATION_MAX; i++)
                if (operations & (1u << i))
                        json_append_string(array, table_name(&policy_operation_table, i));
        json_add(object, key, array);
}

static unsigned rule_operations(const PolicyRule *rule) {
        unsigned operations = rule->start || rule->required ? OPS_ARRIVE : 0;

        if (rule->hotplug)
                operations |= OP(HOTPLUG);
        if (rule->move)
                operations |= rule->move_ops ? rule->move_ops : OPS_MOVE;
        return operations;
}

static json_object *rule_to_json(const PolicyRule *rule) {
        json_object *object = json_object_new_object(), *severity = json_object_new_object();

        json_add_string(object, "code", rule->code);
        add_operations(object, "operations", rule_operations(rule));
        json_add_string(severity, "start", says[rule->start]);
        json_add_string(severity, "start_required", says[rule->required]);
        json_add_string(severity, "move", says[rule->move]);
        json_add(object, "severity", severity);
        json_add_string(object, "migratable", effects[rule->effect]);
        json_add_string(object, "source", sources[rule->source]);
        json_add_string(object, "what", rule->what);
        json_add_string(object, "want", rule->want);
        json_add_string(object, "remedy", rule->remedy_required ? rule->remedy_required : rule->remedy);
        json_add(object, "requirements", requirements_to_json(rule->requirements));
        json_add_string(object, "since", rule->since);
        json_add_string(object, "until", rule->until);
        json_add_string(object, "evidence", rule->evidence);
        json_add_string(object, "lifted_by", rule->lifted_by);
        return object;
}

static char *version_text(unsigned version) {
        return version ? xasprintf("%u.%u", version / 1000000, version / 1000 % 1000) : NULL;
}

static void add_techs(json_object *object, unsigned techs) {
        json_object *array = json_object_new_array();

        for (size_t i = 0; i < policy_n_technologies; i++)
                if (techs & policy_technologies[i].tech)
                        json_append_string(array, policy_technologies[i].name);
        json_add(object, "technologies", array);
}

static json_object *fence_to_json(const PolicyFence *fence) {
        json_object *object = json_object_new_object();
        CLEANUP(free) char *until = version_text(fence->until);

        json_add_string(object, "code", fence->code);
        add_techs(object, fence->techs);
        add_operations(object, "operations", fence->operations);
        json_add_string(object, "severity", says[fence->say]);
        json_add_string(object, "what", fence->what);
        json_add_string(object, "want", fence->want);
        json_add_string(object, "remedy", fence->remedy);
        json_add(object, "requirements", requirements_to_json(fence->requirements));
        json_add_string(object, "until", until);
        json_add_string(object, "evidence", fence->evidence);
        return object;
}

static json_object *technology_to_json(const PolicyTechnology *tech) {
        json_object *object = json_object_new_object(), *links = json_object_new_array();

        json_add_string(object, "name", tech->name);
        json_add_string(object, "title", tech->title);
        json_add_string(object, "arch", tech->arch);
        json_add_string(object, "object", tech->object);
        json_add_string(object, "decided_by", tech->decided_by);
        json_add_string(object, "machine", tech->machine_words);
        json_add_string(object, "blocker", tech->blocker);
        json_add_string(object, "mechanism", tech->mechanism);
        json_add_string(object, "since", tech->since);
        json_add_string(object, "until", tech->until);
        json_add_string(object, "evidence", tech->evidence);
        for (size_t i = 0; i < N_ELEMENTS(tech->links) && tech->links[i].name; i++)
                json_append_string(links, tech->links[i].name);
        json_add(object, "links", links);
        return object;
}

static json_object *device_to_json(const PolicyDeviceRow *row) {
        json_object *object = json_object_new_object();
        CLEANUP(free) char *until = version_text(row->until);

        json_add_string(object, "device", row->name);
        json_add_string(object, "model", row->model);
        json_add_string(object, "migratable", effects[row->effect]);
        json_add_string(object, "why", row->why);
        json_add_string(object, "until", until);
        json_add_string(object, "evidence", row->evidence);
        return object;
}

json_object *policy_rules_to_json(void) {
        json_object *object = json_object_new_object(), *rules = json_object_new_array(), *fences = json_object_new_array();
        json_object *technologies = json_object_new_array(), *devices = json_object_new_array();

        for (size_t i = 0; policy_rule_sets[i]; i++)
                for (const PolicyRule *rule = policy_rule_sets[i]; rule->code; rule++)
                        json_object_array_add(rules, rule_to_json(rule));
        for (const PolicyFence *fence = policy_fences; fence->code; fence++)
                json_object_array_add(fences, fence_to_json(fence));
        for (size_t i = 0; i < policy_n_technologies; i++)
                json_object_array_add(technologies, technology_to_json(&policy_technologies[i]));
        for (size_t i = 0; i < policy_n_device_rows; i++)
                json_object_array_add(devices, device_to_json(&policy_device_rows[i]));
        json_add(object, "technologies", technologies);
        json_add(object, "rules", rules);
        json_add(object, "fences", fences);
        json_add(object, "devices", devices);
        return object;
}
