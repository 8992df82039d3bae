/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cpumodel/cpu_expand.h"

#include "conf/domain_def.h"
#include "cpumodel/cpu_features.h"
#include "tap.h"

static void add_features(CpuFeatureSet *set, const char *names) {
        CLEANUP(free) char *copy = xstrdup(names);

        for (char *rest = copy, *name; (name = strsep(&rest, " "));)
                if (*name)
                        cpu_feature_set_add(set, name);
}

static void add_model(CpuHost *host, const char *name, const char *features, const char *unavailable) {
        CpuModelFacts *model = cpu_host_add_model(host, name);

        add_features(&model->features, features);
        add_features(&model->unavailable, unavailable);
        model->usable = model->unavailable.n == 0;
}

/* An Intel host with KVM: between two models, and with a feature that does not migrate. */
static CpuHost *x86_host(bool kvm) {
        CpuHost *host = cpu_host_new("x86_64", kvm);

        host->can_expand = true;
        host->vendor = xstrdup("Intel");
        add_features(&host->host_full, "sse sse2 avx avx2 vmx invtsc lahf_lm");
        add_features(&host->host_migratable, "sse sse2 avx avx2 vmx lahf_lm");
        add_features(&host->known, "sse sse2 avx avx2 avx512f vmx svm invtsc lahf_lm hle");
        add_model(host, "Nehalem", "sse sse2 lahf_lm", "");
        add_model(host, "Haswell", "sse sse2 avx avx2 hle lahf_lm", "hle");
        add_model(host, "EPYC", "sse sse2 avx avx2 vmx lahf_lm", "svm");
        add_model(host, "qemu64", "sse sse2 svm", "svm");
        cpu_host_seal(host);
        return host;
}

static CpuHost *s390x_host(void) {
        CpuHost *host = cpu_host_new("s390x", true);

        host->can_expand = true;
        host->host_model = xstrdup("gen16a-base");
        add_features(&host->host_full, "ap appv appvi unpack vx");
        cpu_feature_set_copy(&host->host_migratable, &host->host_full);
        add_features(&host->known, "ap appv appvi csske te unpack vx");
        add_features(&host->deprecated, "csske te");
        add_model(host, "gen16a", "", "");
        add_model(host, "gen17a", "", "type");
        cpu_host_seal(host);
        return host;
}

static CpuHost *ppc64_host(bool kvm) {
        CpuHost *host = cpu_host_new("ppc64", kvm);

        host->host_model = kvm ? xstrdup("power9") : NULL;
        add_model(host, "power9", "", "");
        cpu_host_seal(host);
        return host;
}

/* What was asked, what came of it; `xml` of the frozen CPU and -cpu as text. */
typedef struct Case {
        CpuHost *host;
        CpuDef *def;
        CpuExpansion *out;
        char *argument;
} Case;

static Case expand_with(CpuHost *host, const char *xml, CpuExpandOptions options) {
        Case test = { .host = host };

        if (xml && cpu_def_parse(xml, strlen(xml), &test.def, NULL) < 0)
                tap_fail(__FILE__, __LINE__, "the test's own XML does not parse: %s", xml);
        test.out = cpu_expand(test.def, host->arch, host, &options);
        test.argument = cpu_qemu_argument(test.out->cpu, host->arch);
        return test;
}

static Case expand_one(CpuHost *host, const char *xml) {
        return expand_with(host, xml, (CpuExpandOptions){});
}

static void case_done(Case *test) {
        free(test->argument);
        cpu_expansion_free(test->out);
        cpu_def_free(test->def);
        cpu_host_free(test->host);
}

static void expect_argument(Case test, const char *argument) {
        expect_str(test.argument, argument);
        case_done(&test);
}

static void expect_problem(Case test, CpuProblemKind kind, const char *names) {
        expect_int(test.out->n_problems, ==, 1);
        expect_int(test.out->problems[0].kind, ==, kind);
        expect_int(test.out->problems[0].names.n, ==, names ? 1 : 0);
        if (names)
                expect_str(test.out->problems[0].names.names[0], names);
        expect(!test.out->cpu);
        case_done(&test);
}

/* ---- x86 ---- */

static void test_x86_host_model(void) {
        Case test = expand_one(x86_host(true), "<cpu mode='host-model'/>");

        /* Haswell names two differences (vmx on, hle off), Nehalem three; EPYC would fit exactly but is another vendor's. */
        expect_int(test.out->n_problems, ==, 0);
        expect_int(test.out->cpu->mode, ==, CPU_MODE_CUSTOM);
        expect_int(test.out->cpu->match, ==, CPU_MATCH_EXACT);
        expect_int(test.out->cpu->fallback, ==, CPU_FALLBACK_FORBID);
        expect_str(test.out->cpu->vendor, "Intel");
        expect_int(test.out->n_changes, ==, 1);
        expect_int(test.out->changes[0].kind, ==, CPU_CHANGE_NON_MIGRATABLE);
        expect_str(test.out->changes[0].feature, "invtsc");
        expect_argument(test, "Haswell,hle=off,vmx=on");
}

static void test_x86_host_model_explicit(void) {
        expect_argument(expand_one(x86_host(true), "<cpu mode='host-model'><feature policy='disable' name='vmx'/>"
                                                   "<feature policy='require' name='invtsc'/></cpu>"),
                        "Haswell,hle=off,invtsc=on,vmx=off");
}

static void test_x86_same_answer_twice(void) {
        Case first = expand_one(x86_host(true), "<cpu mode='host-model'/>");
        Case second = expand_with(first.host, "<cpu mode='host-model'/>", (CpuExpandOptions){ .migratable_required = true });

        expect_str(second.argument, first.argument); /* the demand alone changes nothing (R30, R35) */
        first.host = NULL;
        case_done(&first);
        case_done(&second);
}

static void test_x86_tcg_has_no_passthrough(void) {
        expect_problem(expand_one(x86_host(false), "<cpu mode='host-passthrough'/>"), CPU_PROBLEM_MODE, NULL);
}

static void test_x86_maximum(void) {
        expect_argument(
                expand_one(x86_host(false), "<cpu mode='maximum' migratable='off'><feature policy='disable' name='avx'/></cpu>"),
                "max,migratable=off,avx=off");
}

static void test_x86_names_of_qemu(void) {
        expect_argument(expand_one(x86_host(true), "<cpu mode='host-passthrough' migratable='on'>"
                                                   "<feature policy='require' name='lahf_lm'/></cpu>"),
                        "host,migratable=on,lahf-lm=on");
}

static void test_x86_model_checked_by_kvm(void) {
        expect_problem(expand_one(x86_host(true), "<cpu mode='custom'><model>Haswell</model></cpu>"), CPU_PROBLEM_MODEL_UNUSABLE,
                       "hle");
}

static void test_x86_model_reduced_by_tcg(void) {
        Case test = expand_one(x86_host(false), "<cpu mode='custom' check='none'><model>Haswell</model></cpu>");

        expect_int(test.out->n_changes, ==, 1);
        expect_int(test.out->changes[0].kind, ==, CPU_CHANGE_MISSING_OFF);
        expect_argument(test, "Haswell,hle=off");
}

static void test_x86_disabled_feature_makes_it_usable(void) {
        expect_argument(expand_one(x86_host(true),
                                   "<cpu mode='custom'><model>Haswell</model><feature policy='disable' name='hle'/></cpu>"),
                        "Haswell,hle=off");
}

static void test_policies(void) {
        expect_problem(expand_one(x86_host(true),
                                  "<cpu mode='custom'><model>Nehalem</model><feature policy='require' name='svm'/></cpu>"),
                       CPU_PROBLEM_MISSING, "svm");
        expect_problem(expand_one(x86_host(true),
                                  "<cpu mode='custom'><model>Nehalem</model><feature policy='forbid' name='vmx'/></cpu>"),
                       CPU_PROBLEM_FORBIDDEN, "vmx");
        expect_argument(
                expand_one(x86_host(true), "<cpu mode='custom'><model>Nehalem</model><feature policy='force' name='svm'/></cpu>"),
                "Nehalem,svm=on");
        expect_argument(expand_one(x86_host(true),
                                   "<cpu mode='custom'><model>Nehalem</model><feature policy='optional' name='svm'/>"
                                   "<feature policy='optional' name='avx'/></cpu>"),
                        "Nehalem,avx=on,svm=off");
        expect_argument(expand_one(x86_host(true),
                                   "<cpu mode='custom'><model>Nehalem</model><feature policy='forbid' name='svm'/></cpu>"),
                        "Nehalem,svm=off");
}

static void test_unknown_names(void) {
        Case test = expand_one(x86_host(true),
                               "<cpu mode='custom'><model>Nehalem</model><feature policy='disable' name='invtsk'/></cpu>");

        expect_int(test.out->problems[0].kind, ==, CPU_PROBLEM_UNKNOWN_FEATURE);
        expect_str(test.out->problems[0].names.names[0], "invtsk");
        expect_str(test.out->problems[0].nearest, "invtsc");
        case_done(&test);
        test = expand_one(x86_host(true), "<cpu mode='custom'><model>Haswel</model></cpu>");
        expect_int(test.out->problems[0].kind, ==, CPU_PROBLEM_MODEL);
        expect_str(test.out->problems[0].nearest, "Haswell");
        case_done(&test);
        /* libvirt has names for what is no switch of QEMU's: off is no demand, on cannot be had. */
        expect_argument(expand_one(x86_host(true),
                                   "<cpu mode='custom'><model>Nehalem</model><feature policy='disable' name='cmt'/></cpu>"),
                        "Nehalem");
        expect_problem(expand_one(x86_host(true),
                                  "<cpu mode='custom'><model>Nehalem</model><feature policy='require' name='cmt'/></cpu>"),
                       CPU_PROBLEM_MISSING, "cmt");
}

static void test_cache_and_address_width(void) {
        expect_argument(expand_one(x86_host(true), "<cpu mode='host-passthrough'><cache mode='passthrough'/>"
                                                   "<maxphysaddr mode='passthrough' limit='40'/></cpu>"),
                        "host,host-cache-info=on,l3-cache=off,host-phys-bits=on,host-phys-bits-limit=40");
        expect_argument(expand_one(x86_host(true), "<cpu mode='custom'><model>Nehalem</model><cache level='3' mode='emulate'/>"
                                                   "<maxphysaddr mode='emulate' bits='42'/></cpu>"),
                        "Nehalem,l3-cache=on,phys-bits=42");
}

/* ---- s390x: the confidential facility ---- */

#define KEPT "gen16a-base,ap=on,appv=on,appvi=on,csske=off,te=off,unpack=on,vx=on"
#define TAKEN_OUT "gen16a-base,ap=on,appv=off,appvi=off,csske=off,te=off,unpack=off,vx=on"

/* R38: three settings, two ways to start, six CPUs. */
static void test_strip_modes(void) {
        static const struct {
                CpuStrip strip;
                bool required;
                const char *argument;
        } rows[] = {
                { CPU_STRIP_WHEN_MIGRATABLE, false, KEPT }, { CPU_STRIP_WHEN_MIGRATABLE, true, TAKEN_OUT },
                { CPU_STRIP_ALWAYS, false, TAKEN_OUT },     { CPU_STRIP_ALWAYS, true, TAKEN_OUT },
                { CPU_STRIP_NEVER, false, KEPT },           { CPU_STRIP_NEVER, true, KEPT },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                expect_argument(
                        expand_with(s390x_host(), "<cpu mode='host-model'/>",
                                    (CpuExpandOptions){ .strip = rows[i].strip, .migratable_required = rows[i].required }),
                        rows[i].argument);
}

static void test_strip_is_recorded(void) {
        Case test = expand_with(s390x_host(), "<cpu mode='host-model'/>", (CpuExpandOptions){ .migratable_required = true });
        CLEANUP(free) char *text = cpu_change_text(&test.out->changes[2]);

        expect_int(test.out->n_changes, ==, 3);
        expect_str(test.out->changes[2].feature, "unpack");
        expect_str(text, "CPU feature 'unpack' was taken out of host-model: a guest that uses it cannot be migrated");
        expect_int(cpu_def_find_feature(test.out->cpu, "unpack")->policy, ==, CPU_POLICY_DISABLE); /* R33 */
        expect(!test.out->has_secure);
        case_done(&test);
}

static void test_strip_ends_when_the_vmm_migrates(void) {
        expect_argument(expand_with(s390x_host(), "<cpu mode='host-model'/>",
                                    (CpuExpandOptions){ .migratable_required = true, .vmm_can_migrate_secure = true }),
                        KEPT); /* R39 */
}

static void test_strip_leaves_the_explicit(void) {
        Case test = expand_with(s390x_host(), "<cpu mode='host-model'><feature policy='require' name='unpack'/></cpu>",
                                (CpuExpandOptions){ .migratable_required = true });

        expect(test.out->has_secure);
        expect(test.out->secure_explicit); /* policy refuses the pair (R13); the wish is never edited away */
        case_done(&test);
        expect_argument(expand_with(s390x_host(), "<cpu mode='host-model'/>",
                                    (CpuExpandOptions){ .strip = CPU_STRIP_ALWAYS, .keep_secure = true }),
                        KEPT); /* an explicit object asks for it */
}

static void test_dependants_go_along(void) {
        Case test = expand_one(s390x_host(), "<cpu mode='host-model'><feature policy='disable' name='unpack'/></cpu>");

        expect(test.out->secure_disabled);
        expect_argument(test, TAKEN_OUT);
}

/* R37, R41: passthrough is neither stripped nor edited, and obeys the definition. */
static void test_s390x_passthrough(void) {
        Case test = expand_with(s390x_host(), "<cpu mode='host-passthrough'/>",
                                (CpuExpandOptions){ .strip = CPU_STRIP_ALWAYS, .migratable_required = true });

        expect(test.out->has_secure);
        expect_argument(test, "host");
        expect_argument(expand_one(s390x_host(), "<cpu mode='host-passthrough'><feature policy='disable' name='unpack'/></cpu>"),
                        "host,unpack=off");
}

/* QEMU's default for KVM on s390x is the host's CPU: nobody asked for the facility, so nobody is refused for it (R34). */
static void test_s390x_default_cpu(void) {
        Case test = expand_one(s390x_host(), NULL);

        expect(test.out->has_secure);
        expect(!test.out->cpu);
        case_done(&test);
        expect_argument(expand_with(s390x_host(), NULL, (CpuExpandOptions){ .migratable_required = true }),
                        "host,appv=off,appvi=off,unpack=off");
}

static void test_s390x_policies(void) {
        expect_problem(expand_one(s390x_host(), "<cpu mode='host-model'><feature policy='optional' name='vx'/></cpu>"),
                       CPU_PROBLEM_POLICY, "vx");
        expect_problem(expand_one(s390x_host(), "<cpu mode='custom'><model>gen17a</model></cpu>"), CPU_PROBLEM_MODEL_UNUSABLE,
                       "type");
}

/* R121: what an incapable host lacks is named before QEMU is started. */
static void test_facility_missing(void) {
        CpuHost *host = s390x_host();

        cpu_feature_set_remove(&host->host_full, "unpack");
        cpu_feature_set_remove(&host->host_migratable, "unpack");
        expect_problem(expand_one(host, "<cpu mode='host-model'><feature policy='require' name='unpack'/></cpu>"),
                       CPU_PROBLEM_MISSING, "unpack");
}

static void test_deprecated(void) {
        CpuHost *host = s390x_host();
        Case test;

        cpu_feature_set_add(&host->host_full, "csske");
        test = expand_one(host, "<cpu mode='custom'><model>gen16a</model><feature policy='require' name='csske'/></cpu>");
        expect(cpu_feature_set_has(&test.out->deprecated, "csske"));
        case_done(&test);
}

/* ---- ppc64 ---- */

static void test_ppc64_host_model_stays(void) {
        Case test = expand_one(ppc64_host(true), "<cpu mode='host-model'/>");

        expect_int(test.out->cpu->mode, ==, CPU_MODE_HOST_MODEL);
        expect_str(test.out->cpu->model, "power9"); /* max-cpu-compat of the machine */
        expect_argument(test, "host");
        test = expand_one(ppc64_host(true), "<cpu mode='host-model'><model>power8</model></cpu>");
        expect_str(test.out->cpu->model, "power8");
        expect_argument(test, "host");
        expect_problem(expand_one(ppc64_host(false), "<cpu mode='host-model'/>"), CPU_PROBLEM_MODE, NULL);
        expect_argument(expand_one(ppc64_host(false), "<cpu mode='custom'><model>POWER9</model></cpu>"), "POWER9");
}

/* ---- Nothing probed, and facts files ---- */

static void test_without_probe(void) {
        const char *xml = "<cpu mode='custom'><model>Nehalem</model><feature policy='require' name='svm'/></cpu>";
        CpuExpandOptions options = {};
        CpuExpansion *out;
        CpuDef *def = NULL;

        expect(cpu_def_parse(xml, strlen(xml), &def, NULL) == 0);
        out = cpu_expand(def, "x86_64", NULL, &options);
        expect_int(out->n_problems, ==, 0);
        expect_str(out->cpu->model, "Nehalem");
        cpu_expansion_free(out);
        cpu_def_free(def);
}

static void test_json_and_back(void) {
        CLEANUP(cpu_host_free) CpuHost *host = x86_host(true);
        CLEANUP(cpu_host_free) CpuHost *again = NULL;
        CLEANUP(json_put) json_object *json = cpu_host_to_json(host);
        CLEANUP(json_put) json_object *json_again = NULL;
        CLEANUP(free) char *text = json_text(json);
        CLEANUP(free) char *text_again = NULL;

        expect(cpu_host_from_json(json, "cpu", &again, NULL) == 0);
        json_again = cpu_host_to_json(again);
        text_again = json_text(json_again);
        expect_str(text_again, text);
        expect_int(again->nearest_migratable, ==, host->nearest_migratable);
}

static void expect_bad_json(const char *text, const char *message) {
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(cpu_host_free) CpuHost *host = NULL;
        CLEANUP(error_free) Error *err = NULL;

        expect(json_parse(text, strlen(text), "test", &json, NULL) == 0);
        expect(cpu_host_from_json(json, "cpu", &host, &err) < 0);
        expect_str(err->detail, message);
        expect(!host);
}

static void test_bad_json(void) {
        expect_bad_json("{\"arch\":\"x86_64\",\"kvm\":true,\"vendr\":\"Intel\"}",
                        "cpu: unknown member 'vendr'; did you mean 'vendor'?");
        expect_bad_json("{\"arch\":\"x86_64\"}", "cpu: member 'kvm' is missing");
        expect_bad_json("{\"arch\":\"x86_64\",\"kvm\":\"yes\"}", "cpu.kvm: boolean is wanted, not string");
        expect_bad_json("{\"arch\":\"x86_64\",\"kvm\":true,\"known\":[1]}", "cpu.known[0]: a string is wanted");
        expect_bad_json("{\"arch\":\"x86_64\",\"kvm\":true,\"models\":[{\"usable\":true}]}",
                        "cpu.models[0]: member 'name' is missing");
        expect_bad_json("[]", "cpu: an object is wanted");
}

static void test_feature_set(void) {
        CpuFeatureSet a = {}, b = {};

        add_features(&a, "c a b a");
        expect_int(a.n, ==, 3);
        expect_str(a.names[0], "a");
        add_features(&b, "b d");
        expect_int(cpu_feature_set_count_missing(&a, &b), ==, 2);
        expect_int(cpu_feature_set_count_missing(&b, &a), ==, 1);
        cpu_feature_set_remove(&a, "b");
        cpu_feature_set_remove(&a, "absent");
        expect(!cpu_feature_set_has(&a, "b"));
        cpu_feature_set_done(&a);
        cpu_feature_set_done(&b);
}

int main(void) {
        return tap_run(
                (const TapTest[]){ { "x86: host-model is the nearest model of the vendor", test_x86_host_model },
                                   { "x86: the definition's features override host-model", test_x86_host_model_explicit },
                                   { "x86: the demand alone changes nothing", test_x86_same_answer_twice },
                                   { "x86: TCG has no host-passthrough", test_x86_tcg_has_no_passthrough },
                                   { "x86: maximum", test_x86_maximum },
                                   { "x86: libvirt's names become QEMU's", test_x86_names_of_qemu },
                                   { "x86: KVM refuses a model that the host lacks", test_x86_model_checked_by_kvm },
                                   { "x86: TCG runs it reduced, and says so", test_x86_model_reduced_by_tcg },
                                   { "x86: without the missing feature it is usable", test_x86_disabled_feature_makes_it_usable },
                                   { "feature policies", test_policies },
                                   { "unknown models and features", test_unknown_names },
                                   { "cache and address width", test_cache_and_address_width },
                                   { "s390x: three strip modes, two starts, six CPUs", test_strip_modes },
                                   { "s390x: what is stripped is recorded", test_strip_is_recorded },
                                   { "s390x: no strip when the VMM can migrate it", test_strip_ends_when_the_vmm_migrates },
                                   { "s390x: what was asked for by name is not stripped", test_strip_leaves_the_explicit },
                                   { "s390x: what needs a feature goes with it", test_dependants_go_along },
                                   { "s390x: passthrough is left alone", test_s390x_passthrough },
                                   { "s390x: the default CPU", test_s390x_default_cpu },
                                   { "s390x: only require and disable", test_s390x_policies },
                                   { "s390x: a facility that the host lacks", test_facility_missing },
                                   { "deprecated features", test_deprecated },
                                   { "ppc64: host-model stays", test_ppc64_host_model_stays },
                                   { "nothing was probed", test_without_probe },
                                   { "facts: to JSON and back", test_json_and_back },
                                   { "facts: what JSON must be", test_bad_json },
                                   { "feature sets", test_feature_set },
                                   {} });
}
