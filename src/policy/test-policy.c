/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "policy/policy.h"

#include <stdio.h>
#include <time.h>

#include "policy/policy_rule.h"
#include "tap.h"
#include "util/strbuf.h"

static DomainDef *def_of(const char *xml) {
        DomainDef *def = NULL;
        Error *err = NULL;

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &def, &err) < 0)
                tap_fail(__FILE__, __LINE__, "the test's own XML does not parse: %s", err->message);
        return def;
}

#define WARD(value) "<metadata><ward:policy xmlns:ward='https://virtward.org/xmlns/policy/1' migratable='" value "'/></metadata>"
#define GUEST(type, arch, machine, middle)                                                                                       \
        "<domain type='" type "'><name>guest</name><memory>524288</memory><os><type arch='" arch "' machine='" machine           \
        "'>hvm</type></os>" middle "</domain>"
#define X86(middle) GUEST("kvm", "x86_64", "pc-q35-7.2", middle)
#define S390X(middle) GUEST("kvm", "s390x", "s390-ccw-virtio-7.2", middle)
#define SEV(policy) "<launchSecurity type='sev'><policy>" policy "</policy></launchSecurity>"

/* A host that has everything: SEV on x86, Secure Execution on s390x. */
static PolicyHost *capable_host(const char *arch) {
        PolicyHost *host = policy_host_new(arch);
        bool s390x = streq(arch, "s390x");
        CpuHost *cpu = cpu_host_new(arch, true);

        host->kvm = FACT_YES;
        host->version = 7002022;
        host->objects_known = true;
        policy_host_add_object(host, s390x ? "s390-pv-guest" : "sev-guest");
        for (size_t i = 0; policy_technology_name(i, NULL); i++)
                for (size_t j = 0; policy_technology_link(policy_technology_name(i, NULL), j); j++)
                        policy_host_add_link(host, policy_technology_link(policy_technology_name(i, NULL), j), FACT_YES);
        cpu->can_expand = true;
        cpu->host_model = s390x ? xstrdup("gen16a-base") : NULL;
        cpu_feature_set_add(&cpu->host_full, s390x ? "unpack" : "sse");
        cpu_feature_set_add(&cpu->host_full, "vx");
        cpu_feature_set_copy(&cpu->host_migratable, &cpu->host_full);
        cpu_feature_set_add(&cpu_host_add_model(cpu, "Nehalem")->features, "sse");
        cpu_host_seal(cpu);
        host->cpu_kvm = host->owned_cpus[0] = cpu;
        return host;
}

typedef struct Question {
        const char *xml;
        PolicyOperation operation;
        DomainIntent start_flag;
        PolicySettings settings;
        const char *migrates; /* a technology whose fence the VMM lifts */
        const char *arch;     /* of the host; NULL: x86_64 */
        bool no_facility;
        bool running, guaranteed;
        const char *blocked;
} Question;

static PolicyVerdict *ask(const Question *question) {
        CLEANUP(domain_def_free) DomainDef *def = def_of(question->xml);
        CLEANUP(policy_host_free) PolicyHost *host = capable_host(question->arch ? question->arch : "x86_64");
        PolicyIntent intent = policy_intent(def, &question->settings, question->start_flag);
        CLEANUP(cpu_expansion_free) CpuExpansion *cpu = NULL;
        PolicyFacts facts = { .operation = question->operation,
                              .def = def,
                              .host = host,
                              .settings = &question->settings,
                              .start_flag = question->start_flag,
                              .running = question->running,
                              .guaranteed = question->guaranteed,
                              .blocked = &question->blocked,
                              .n_blocked = question->blocked ? 1 : 0 };

        if (question->migrates)
                policy_host_add_migrates(host, question->migrates);
        if (question->no_facility) {
                cpu_feature_set_remove(&host->owned_cpus[0]->host_full, "unpack");
                cpu_feature_set_remove(&host->owned_cpus[0]->host_migratable, "unpack");
        }
        cpu = policy_expand_cpu(def, host, &question->settings, &intent);
        facts.cpu = question->running ? NULL : cpu;
        return policy_check(&facts);
}

static const PolicyFinding *finding(const PolicyVerdict *verdict, const char *code) {
        for (size_t i = 0; i < verdict->n_findings; i++)
                if (streq(verdict->findings[i].code, code))
                        return &verdict->findings[i];
        return NULL;
}

/* ---- Who has a say ---- */

/* Flag, definition, host -> required? forbidden? The first that speaks counts, a host's demand and every 'no' always do. */
static void test_intent_table(void) {
        static const struct {
                DomainIntent flag, def, host;
                bool required, forbidden;
        } rows[] = {
                { 0, 0, 0, false, false },
                { INTENT_REQUIRED, 0, 0, true, false },
                { 0, INTENT_REQUIRED, 0, true, false },
                { 0, 0, INTENT_REQUIRED, true, false },
                { INTENT_PREFERRED, INTENT_REQUIRED, 0, false, false },
                { INTENT_PREFERRED, 0, INTENT_REQUIRED, true, false },
                { 0, INTENT_PREFERRED, INTENT_REQUIRED, true, false },
                { INTENT_NO, INTENT_REQUIRED, 0, false, true },
                { INTENT_REQUIRED, INTENT_NO, 0, true, true },
                { INTENT_PREFERRED, INTENT_NO, 0, false, true },
                { 0, INTENT_NO, INTENT_REQUIRED, true, true },
                { 0, INTENT_REQUIRED, INTENT_NO, true, true },
                { 0, INTENT_PREFERRED, INTENT_NO, false, true },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                static const char *const xml[] = { X86(""), X86(WARD("required")), X86(WARD("preferred")), X86(WARD("no")) };
                CLEANUP(domain_def_free) DomainDef *def = def_of(xml[rows[i].def]);
                PolicySettings settings = { .migratable = rows[i].host };
                PolicyIntent intent = policy_intent(def, &settings, rows[i].flag);

                if (intent.required != rows[i].required || intent.forbidden != rows[i].forbidden)
                        tap_fail(__FILE__, __LINE__, "row %zu: required %d, forbidden %d", i, intent.required, intent.forbidden);
                expect(!intent.required == !intent.required_by);
                expect(!intent.forbidden == !intent.forbidden_by);
        }
}

static void test_demand_names_who(void) {
        CLEANUP(policy_verdict_free) PolicyVerdict *flag = ask(&(Question){ X86(SEV("0x1")), .start_flag = INTENT_REQUIRED });
        CLEANUP(policy_verdict_free)
        PolicyVerdict *host = ask(&(Question){ X86(SEV("0x1")), .settings = { .migratable = INTENT_REQUIRED } });
        CLEANUP(policy_verdict_free) PolicyVerdict *def = ask(&(Question){ X86(WARD("required") SEV("0x1")) });

        expect_contains(finding(flag, "WARD-SECURE-MIGRATE")->what, "required by the start call");
        expect_contains(finding(host, "WARD-SECURE-MIGRATE")->what, "required by the host (policy.conf");
        expect_contains(finding(def, "WARD-SECURE-MIGRATE")->what, "required by the definition");
}

/* ---- R51: four inputs, one row fails ---- */

static void test_passthrough_truth_table(void) {
        for (int row = 0; row < 16; row++) {
                bool flag = row & 1, passthrough = row & 2, disabled = row & 4, has = row & 8;
                const char *feature = disabled ? "<feature policy='disable' name='unpack'/>" : "";
                CLEANUP(free)
                char *cpu = xasprintf("<cpu mode='%s'>%s</cpu>", passthrough ? "host-passthrough" : "host-model", feature);
                CLEANUP(free) char *xml = xasprintf(S390X("%s"), cpu);
                CLEANUP(policy_verdict_free)
                PolicyVerdict *verdict = ask(&(Question){ xml, .arch = "s390x", .no_facility = !has,
                                                          .start_flag = flag ? INTENT_REQUIRED : INTENT_UNSET });
                bool fails = flag && passthrough && !disabled && has;

                if (verdict->allowed == fails)
                        tap_fail(__FILE__, __LINE__, "flag %d passthrough %d disabled %d host has it %d: %s", flag, passthrough,
                                 disabled, has, verdict->allowed ? "allowed" : "refused");
                expect(!fails == !finding(verdict, "WARD-CPU-PASSTHROUGH"));
        }
}

/* R52, R19, R29: the same question to a VMM that migrates them. */
static void test_fences_are_lifted_by_facts(void) {
        CLEANUP(policy_verdict_free)
        PolicyVerdict *cpu = ask(&(Question){ S390X("<cpu mode='host-passthrough'/>"), .arch = "s390x",
                                              .start_flag = INTENT_REQUIRED, .migrates = "s390-pv" });
        CLEANUP(policy_verdict_free)
        PolicyVerdict *object = ask(&(Question){ X86(SEV("0x1")), .start_flag = INTENT_REQUIRED, .migrates = "sev" });
        CLEANUP(policy_verdict_free)
        PolicyVerdict *other = ask(&(Question){ X86(SEV("0x1")), .start_flag = INTENT_REQUIRED, .migrates = "tdx" });

        expect(cpu->allowed);
        expect(object->allowed);
        expect_int(object->migratable, ==, POLICY_YES);
        expect(object->only_migratable); /* the demand is passed on all the same */
        expect(!other->allowed);
}

/* ---- R28: nothing that can be configured makes an explicit object and the demand go together ---- */

static void test_no_setting_helps(void) {
        for (int strip = CPU_STRIP_WHEN_MIGRATABLE; strip <= CPU_STRIP_NEVER; strip++)
                for (int host = INTENT_UNSET; host < INTENT_TYPE_MAX; host++) {
                        CLEANUP(policy_verdict_free)
                        PolicyVerdict *verdict =
                                ask(&(Question){ X86(SEV("0x1")), .start_flag = INTENT_REQUIRED,
                                                 .settings = { .migratable = (DomainIntent) host, .strip = (CpuStrip) strip } });

                        expect(!verdict->allowed);
                }
}

/* ---- R44: the flag is passed whenever the demand is there, also after a strip ---- */

static void test_flag_is_passed(void) {
        CLEANUP(policy_verdict_free)
        PolicyVerdict *stripped =
                ask(&(Question){ S390X("<cpu mode='host-model'/>"), .arch = "s390x", .start_flag = INTENT_REQUIRED });
        CLEANUP(policy_verdict_free)
        PolicyVerdict *plain = ask(&(Question){ S390X("<cpu mode='host-model'/>"), .arch = "s390x" });

        expect(stripped->allowed);
        expect(stripped->only_migratable);
        expect(finding(stripped, "WARD-CPU-STRIPPED") != NULL);
        expect(!plain->only_migratable);
        expect(!finding(plain, "WARD-CPU-STRIPPED"));
        expect_int(plain->migratable, ==, POLICY_UNKNOWN);
}

/* ---- Running guests ---- */

static void test_reasons_are_verbatim(void) {
        CLEANUP(policy_verdict_free)
        PolicyVerdict *verdict = ask(&(Question){ X86(""), POLICY_MIGRATE_OUT, .running = true,
                                                  .blocked = "non-migratable device: 0000:00:04.0/nvme" });
        CLEANUP(error_free) Error *err = NULL;

        expect_int(policy_verdict_error(verdict, "guest", &err), ==, -1);
        expect_int(err->code, ==, ERROR_OPERATION_INVALID);
        expect_str(err->detail, "cannot migrate domain: non-migratable device: 0000:00:04.0/nvme"); /* as libvirt 9.0 says it */
}

/* R113, R115: the table knows what a VMM does not say yet. */
static void test_table_knows_before_the_vmm(void) {
        CLEANUP(policy_verdict_free)
        PolicyVerdict *sev = ask(&(Question){ X86(SEV("0x1")), POLICY_MIGRATE_OUT, .running = true });
        CLEANUP(policy_verdict_free)
        PolicyVerdict *tdx = ask(&(Question){ X86("<launchSecurity type='tdx'/>"), POLICY_MIGRATE_OUT, .running = true });

        expect(!sev->allowed);
        expect(!tdx->allowed);
}

/* R4, R112: a guest that may turn secure migrates as long as its VMM says so, and again after it left that state. */
static void test_securable_guest_migrates_until_it_turns(void) {
        Question question = { S390X("<launchSecurity type='s390-pv'/>"), POLICY_MIGRATE_OUT, .running = true, .arch = "s390x" };
        CLEANUP(policy_verdict_free) PolicyVerdict *before = ask(&question);
        CLEANUP(policy_verdict_free) PolicyVerdict *secure = NULL;

        question.blocked = "protected VMs are currently not migratable.";
        secure = ask(&question);
        expect(before->allowed);
        expect_int(before->migratable, ==, POLICY_YES);
        expect(!secure->allowed);
        expect_int(secure->migratable, ==, POLICY_NO);
}

/* R32, R54: what was promised at the start outlives a change of settings. */
static void test_guarantee_holds(void) {
        static const char hotplug[] = X86("<devices><filesystem type='mount'><driver type='virtiofs'/><source dir='/s'/><target "
                                          "dir='t'/></filesystem></devices>");
        CLEANUP(policy_verdict_free)
        PolicyVerdict *guaranteed = ask(&(Question){ hotplug, POLICY_HOTPLUG, .running = true, .guaranteed = true });
        CLEANUP(policy_verdict_free) PolicyVerdict *ordinary = ask(&(Question){ hotplug, POLICY_HOTPLUG, .running = true });

        expect(!guaranteed->allowed);
        expect(ordinary->allowed);
}

/* R5, R15, R20, R104: securable is not secure. */
static void test_secure_state(void) {
        CLEANUP(domain_def_free) DomainDef *sev = def_of(X86(SEV("0x1"))), *plain = def_of(X86(""));
        CLEANUP(domain_def_free) DomainDef *se = def_of(S390X("<launchSecurity type='s390-pv'/>"));
        CLEANUP(domain_def_free) DomainDef *pef = def_of(GUEST("kvm", "ppc64", "pseries", "<launchSecurity type='pef'/>"));

        expect_str(policy_secure_state(plain, true, false), "no");
        expect_str(policy_secure_state(sev, true, false), "secure");
        expect_str(policy_secure_state(sev, false, false), "securable");
        expect_str(policy_secure_state(se, true, false), "securable");
        expect_str(policy_secure_state(se, true, true), "secure");
        expect_str(policy_secure_state(pef, true, true), "securable"); /* its blocker says nothing about the guest */
}

/* ---- The report ---- */

static void test_every_reason_once_in_order(void) {
        static const char xml[] =
                X86(WARD("required") SEV("0x9") "<devices><hostdev mode='subsystem' type='pci'><source><address domain='0' "
                                                "bus='1' slot='0' function='0'/></source></hostdev>"
                                                "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='2' "
                                                "slot='0' function='0'/></source></hostdev></devices>");
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = ask(&(Question){ xml });
        CLEANUP(json_put) json_object *report = policy_verdict_to_json(verdict, "guest");
        CLEANUP(error_free) Error *err = NULL;

        expect_int(verdict->n_findings, ==, 5);
        expect_str(verdict->findings[0].path, "/domain/devices/hostdev[1]/@type");
        expect_str(verdict->findings[1].path, "/domain/devices/hostdev[2]/@type");
        expect_str(verdict->findings[2].path, "/domain/launchSecurity/@type");
        expect_str(verdict->findings[3].path, "/domain/launchSecurity/policy");
        expect_int(verdict->findings[4].severity, ==, POLICY_WARN);
        for (size_t i = 1; i < verdict->n_findings; i++)
                expect(verdict->findings[i - 1].severity >= verdict->findings[i].severity);
        expect_str(json_get_string(report, "verdict"), "refuse");
        expect_str(json_get_string(report, "migratable"), "no");
        expect_int(policy_verdict_error(verdict, "guest", &err), ==, -1);
        expect_int(err->code, ==, ERROR_CONFIG_UNSUPPORTED);
        expect_contains(err->message, "WARD-TENANT-NO-SEND: ask the guest's owner");
}

static void test_cpu_alone_is_a_cpu_error(void) {
        CLEANUP(policy_verdict_free)
        PolicyVerdict *verdict =
                ask(&(Question){ X86("<cpu mode='custom' match='exact' check='partial'><model>Nehalem</model><feature "
                                     "policy='require' name='svm'/></cpu>") });
        CLEANUP(error_free) Error *err = NULL;

        expect_int(policy_verdict_error(verdict, "guest", &err), ==, -1);
        expect_int(err->code, ==, ERROR_CPU_INCOMPATIBLE);
        expect_int(err->domain, ==, ERROR_FROM_CPU);
        expect_contains(err->message, "the CPU is incompatible with host CPU: Host CPU does not provide required features: svm");
}

static void test_simulated_is_said(void) {
        CLEANUP(policy_host_free) PolicyHost *host = capable_host("x86_64");
        CLEANUP(domain_def_free) DomainDef *def = def_of(X86(WARD("required") SEV("0x1")));
        PolicyFacts facts = { .def = def, .host = host };
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = NULL;
        CLEANUP(json_put) json_object *report = NULL;
        CLEANUP(error_free) Error *err = NULL;

        host->simulated = true;
        verdict = policy_check(&facts);
        report = policy_verdict_to_json(verdict, "guest");
        expect(json_get_bool(report, "simulated", false));
        policy_verdict_error(verdict, "guest", &err);
        expect_contains(err->message, "[simulated host]");
}

/* ---- The rules themselves ---- */

static bool all_upper(const char *code) {
        return strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(code);
}

/* R105: every rule says what to change; R101: and where it is known from. */
static void test_rules_are_complete(void) {
        for (size_t i = 0; policy_rule_sets[i]; i++)
                for (const PolicyRule *rule = policy_rule_sets[i]; rule->code; rule++) {
                        bool complete = rule->what && rule->want && rule->remedy && rule->requirements && rule->find;

                        if (!complete || strncmp(rule->code, "WARD-", 5) != 0 || !all_upper(rule->code))
                                tap_fail(__FILE__, __LINE__, "rule %s is incomplete", rule->code);
                        if (rule->source != POLICY_FROM_POLICY && rule->effect == EFFECT_BLOCKS && !rule->evidence &&
                            !rule->what[0])
                                tap_fail(__FILE__, __LINE__, "rule %s has no evidence", rule->code);
                        for (size_t j = 0; policy_rule_sets[j]; j++)
                                for (const PolicyRule *other = policy_rule_sets[j]; other->code; other++)
                                        expect(other == rule || !streq(other->code, rule->code));
                }
}

/* R3, R21, R68: who decides, since when, known from where, and how it migrates, for each technology. */
static void test_technologies_are_complete(void) {
        for (size_t i = 0; i < policy_n_technologies; i++) {
                const PolicyTechnology *tech = &policy_technologies[i];
                bool guest = tech->tech == TECH_S390_PV || tech->tech == TECH_PEF;

                expect_str(tech->decided_by, guest ? "guest" : "vmm");
                expect(tech->since && tech->evidence && tech->blocker && tech->links[0].name && tech->links[0].remedy);
                expect_str(tech->mechanism, "none");
        }
        expect_int(policy_n_technologies, ==, 6);
}

/* R104: no text promises a secure guest, no text tells the guest anything. */
static void test_wording(void) {
        CLEANUP(json_put) json_object *rules = policy_rules_to_json();
        CLEANUP(free) char *text = json_text(rules);

        expect(!strstr(text, "swiotlb"));  /* R64 */
        expect(!strstr(text, "xive=off")); /* R95, R100 */
        expect_contains(text, "securable");
        expect_int(json_object_array_length(json_get_array(rules, "technologies")), ==, policy_n_technologies);
}

/* ---- policy.conf, facts files ---- */

static void test_policy_conf(void) {
        static const char good[] = "# of this host\nmigratable = required\nstrip_secure_cpu = \"always\"\n";
        static const char bad[] = "migratable = preferred\nstrip_secure_cpu = allways\n";
        PolicySettings settings = {};
        CLEANUP(error_free) Error *err = NULL;

        expect(conf_parse(good, strlen(good), "policy.conf", policy_conf_rows, &settings, NULL) == 0);
        expect_int(settings.migratable, ==, INTENT_REQUIRED);
        expect_int(settings.strip, ==, CPU_STRIP_ALWAYS);
        expect(conf_parse(bad, strlen(bad), "policy.conf", policy_conf_rows, &settings, &err) < 0);
        expect_contains(err->message, "policy.conf:2");
        expect_contains(err->message, "always");
}

static void test_facts_to_json_and_back(void) {
        CLEANUP(policy_host_free) PolicyHost *host = capable_host("s390x");
        CLEANUP(policy_host_free) PolicyHost *again = NULL;
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(json_put) json_object *json_again = NULL;
        CLEANUP(free) char *text = NULL;
        CLEANUP(free) char *text_again = NULL;

        host->simulated = true;
        host->name = xstrdup("lpar1");
        host->sev_cbitpos = 51;
        policy_host_add_migrates(host, "s390-pv");
        policy_host_add_device(host, "nvme", FACT_NO);
        json = policy_host_to_json(host);
        text = json_text(json);
        expect(policy_host_from_json(json, "facts", &again, NULL) == 0);
        json_again = policy_host_to_json(again);
        text_again = json_text(json_again);
        expect_str(text_again, text);
        expect_int(policy_host_device(again, "nvme"), ==, FACT_NO);
        expect_int(policy_host_device(again, "never-asked"), ==, FACT_UNKNOWN);
        expect(policy_host_migrates(again, "s390-pv"));
}

static void expect_bad_facts(const char *text, const char *message) {
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(policy_host_free) PolicyHost *host = NULL;
        CLEANUP(error_free) Error *err = NULL;

        expect(json_parse(text, strlen(text), "test", &json, NULL) == 0);
        expect(policy_host_from_json(json, "facts", &host, &err) < 0);
        expect_contains(err->detail, message);
}

static void test_bad_facts(void) {
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"simluated\":true}",
                         "facts: unknown member 'simluated'; did you mean 'simulated'?");
        expect_bad_facts("{\"arch\":\"s390x\"}", "member 'format' is missing");
        expect_bad_facts("{\"format\":2,\"arch\":\"s390x\"}", "facts.format: only format 1");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"kvm\":true}", "facts.kvm: string is wanted, not boolean");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"kvm\":\"maybe\"}", "facts.kvm: \"yes\", \"no\" or \"unknown\"");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"links\":{\"/dev/sev\":1}}", "facts.links./dev/sev:");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"objects\":[1]}", "facts.objects[0]: a string is wanted");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"sev\":{\"cbit\":1}}", "facts.sev: unknown member 'cbit'");
        expect_bad_facts("{\"format\":1,\"arch\":\"s390x\",\"cpu\":{\"kvm\":{\"arch\":\"s390x\",\"kvm\":false}}}",
                         "contradicts the member");
        expect_bad_facts("[]", "facts: an object is wanted");
}

/* Facts come from anybody who may ask: long lists are refused, not sorted. */
static void expect_too_many(const char *head, const char *tail, const char *message) {
        CLEANUP(strbuf_done) StrBuf text = {};

        strbuf_add(&text, head);
        for (int i = 0; i < 3000; i++)
                strbuf_addf(&text, "%s\"f%d\"", i ? "," : "", i);
        strbuf_add(&text, tail);
        expect_bad_facts(text.text, message);
}

static void test_facts_are_bounded(void) {
        expect_too_many("{\"format\":1,\"arch\":\"x86_64\",\"objects\":[", "]}", "facts.objects: more than 1024 entries");
        expect_too_many("{\"format\":1,\"arch\":\"x86_64\",\"cpu\":{\"tcg\":{\"arch\":\"x86_64\",\"kvm\":false,\"known\":[",
                        "]}}}", "facts.cpu.tcg.known: more than 2048 features");
}

/* Unknown is not yes, and not no: it is said. */
static void test_unknown_facts(void) {
        CLEANUP(policy_host_free) PolicyHost *host = policy_host_new("x86_64");
        CLEANUP(domain_def_free) DomainDef *def = def_of(X86(SEV("0x1")));
        PolicyFacts facts = { .def = def, .host = host };
        CLEANUP(policy_verdict_free) PolicyVerdict *verdict = policy_check(&facts);

        expect(verdict->allowed);
        expect(finding(verdict, "WARD-SECURE-HOST-UNKNOWN") != NULL);
        expect(!finding(verdict, "WARD-SECURE-VMM"));
}

static void test_speed(void) {
        CLEANUP(policy_host_free) PolicyHost *host = capable_host("x86_64");
        CLEANUP(domain_def_free) DomainDef *def = def_of(X86(WARD("required") SEV("0x9")));
        struct timespec a, b;

        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < 1000; i++) {
                PolicyIntent intent = policy_intent(def, NULL, INTENT_UNSET);
                CLEANUP(cpu_expansion_free) CpuExpansion *cpu = policy_expand_cpu(def, host, NULL, &intent);
                PolicyFacts facts = { .def = def, .host = host, .cpu = cpu };

                policy_verdict_free(policy_check(&facts));
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        printf("# a verdict takes %.1f us\n", ((double) (b.tv_sec - a.tv_sec) * 1e9 + (double) (b.tv_nsec - a.tv_nsec)) / 1e6);
}

int main(void) {
        return tap_run((const TapTest[]){
                { "intent: flag, definition, host", test_intent_table },
                { "intent: the refusal names who demands", test_demand_names_who },
                { "R51: passthrough, one row of sixteen fails", test_passthrough_truth_table },
                { "R19 R52: facts lift a fence", test_fences_are_lifted_by_facts },
                { "R28: no setting makes the two go together", test_no_setting_helps },
                { "R44: the flag is passed also after a strip", test_flag_is_passed },
                { "R1: the VMM's reasons are told verbatim", test_reasons_are_verbatim },
                { "R113 R115: the table knows before the VMM says", test_table_knows_before_the_vmm },
                { "R4 R112: securable migrates until it turns secure", test_securable_guest_migrates_until_it_turns },
                { "R32 R54: the guarantee outlives a change of settings", test_guarantee_holds },
                { "R20 R104: securable is not secure", test_secure_state },
                { "R48: every reason once, refusals first", test_every_reason_once_in_order },
                { "R121: CPU reasons alone are a CPU error", test_cpu_alone_is_a_cpu_error },
                { "what is simulated says so", test_simulated_is_said },
                { "R101 R105: every rule says what to change", test_rules_are_complete },
                { "R3 R21 R68: every technology says who decides", test_technologies_are_complete },
                { "R64 R95 R100: wording", test_wording },
                { "R38 R57: policy.conf", test_policy_conf },
                { "facts: to JSON and back", test_facts_to_json_and_back },
                { "facts: what a file must be", test_bad_facts },
                { "facts: long lists are refused", test_facts_are_bounded },
                { "R98: unknown is said, and is not yes", test_unknown_facts },
                { "a verdict is cheap", test_speed },
                {} });
}
