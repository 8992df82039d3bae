/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy/test-verdicts.c - verdict cases as files: a definition, a host's facts, and what must be found.
 *
 *      tests/data/verdicts/NAME/domain.xml     the definition, completed before it is judged
 *      tests/data/verdicts/NAME/facts.json     the host, as `wardsh host facts` writes it
 *      tests/data/verdicts/NAME/findings.json  {"ask": {...}, "verdict", "migratable", "simulated", "findings": [...]}
 *
 * `ask` is {"operation", "migratable" (the start call's), "policy" (policy.conf), "running", "guaranteed", "blocked"}, each
 * optional. Of a finding only the members that stand there are compared; "what" need only be contained. `test-verdicts --print
 * NAME` shows what is found, for whoever writes a case. */
#include <dirent.h>
#include <fcntl.h>

#include "conf/complete.h"
#include "conf/domain_def.h"
#include "policy/policy.h"
#include "tap.h"
#include "util/fs.h"

#define MAX_FILE (1024 * 1024)

typedef struct Case {
        const char *name;
        DomainDef *def;
        PolicyHost *host;
        json_object *expected;
        PolicyVerdict *verdict;
        json_object *report;
} Case;

static void case_done(Case *test) {
        domain_def_free(test->def);
        policy_host_free(test->host);
        policy_verdict_free(test->verdict);
        json_object_put(test->expected);
        json_object_put(test->report);
}
static inline void case_done_p(Case *test) {
        case_done(test);
}

static int read_json(int dir_fd, const char *name, json_object **ret, Error **err) {
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r = fs_read_at(dir_fd, name, MAX_FILE, &text, &len);

        return r < 0 ? error_set_errno(err, r, "%s", name) : json_parse(text, len, name, ret, err);
}

/* Any machine is fine: what a VMM has is not the question here. */
static bool any_machine(void *userdata, const char *name, CompletionMachine *ret) {
        *ret = (CompletionMachine){ .name = name };
        return true;
}

static const char *default_machine(const char *arch) {
        return streq(arch, "s390x") ? "s390-ccw-virtio" : streq(arch, "ppc64") ? "pseries" : "q35";
}

static int read_definition(int dir_fd, Case *test, Error **err) {
        CompletionFacts facts = { .arch = test->host->arch, .emulator = test->host->emulator, .find_machine = any_machine };
        CLEANUP(free) char *xml = NULL;
        size_t len;
        int r = fs_read_at(dir_fd, "domain.xml", MAX_FILE, &xml, &len);

        if (r < 0)
                return error_set_errno(err, r, "domain.xml");
        if (domain_def_parse(xml, len, DOMAIN_PARSE_INACTIVE, &test->def, err) < 0)
                return -1;
        if (test->def->os.arch)
                facts.arch = test->def->os.arch;
        facts.default_machine = default_machine(facts.arch);
        return domain_def_complete(test->def, &facts, err);
}

static int case_read(int dir_fd, Case *test, Error **err) {
        CLEANUP(json_put) json_object *facts = NULL;

        if (read_json(dir_fd, "facts.json", &facts, err) < 0 || policy_host_from_json(facts, "facts", &test->host, err) < 0)
                return -1;
        return read_definition(dir_fd, test, err) < 0 ? -1 : read_json(dir_fd, "findings.json", &test->expected, err);
}

/* ---- Judging ---- */

static int name_value(const EnumTable *table, json_object *object, const char *key) {
        const char *text = json_get_string(object, key);
        int value = text ? table_value(table, text) : 0;

        if (value < 0)
                tap_fail(__FILE__, __LINE__, "the case itself is wrong: %s '%s'", key, text);
        return value;
}

static void judge(Case *test) {
        json_object *ask = json_get_object(test->expected, "ask"), *policy = json_get_object(ask, "policy");
        json_object *blocked = json_get_array(ask, "blocked");
        const char *reasons[8] = {};
        PolicySettings settings = { .migratable = (DomainIntent) name_value(&intent_table, policy, "migratable"),
                                    .strip = (CpuStrip) name_value(&policy_strip_table, policy, "strip_secure_cpu") };
        PolicyFacts facts = { .def = test->def,
                              .host = test->host,
                              .settings = &settings,
                              .blocked = reasons,
                              .operation = (PolicyOperation) name_value(&policy_operation_table, ask, "operation"),
                              .start_flag = (DomainIntent) name_value(&intent_table, ask, "migratable"),
                              .running = json_get_bool(ask, "running", false),
                              .guaranteed = json_get_bool(ask, "guaranteed", false),
                              .pin = (CpuPin) json_get_int(ask, "pin", 0) };
        PolicyIntent intent = policy_intent(test->def, &settings, facts.start_flag);
        CLEANUP(cpu_expansion_free) CpuExpansion *cpu = NULL;

        while (blocked && facts.n_blocked < json_object_array_length(blocked) && facts.n_blocked < N_ELEMENTS(reasons)) {
                reasons[facts.n_blocked] = json_object_get_string(json_object_array_get_idx(blocked, facts.n_blocked));
                facts.n_blocked++;
        }
        if (!facts.running)
                cpu = policy_expand_cpu(test->def, test->host, &settings, &intent);
        facts.cpu = cpu;
        test->verdict = policy_check(&facts);
        test->report = policy_verdict_to_json(test->verdict, test->def->name);
}

/* ---- Comparing ---- */

static void compare_text(const char *name, json_object *wanted, json_object *found, const char *key) {
        const char *a = json_get_string(wanted, key), *b = json_get_string(found, key);

        if (a && !streq(a, b))
                tap_fail(__FILE__, __LINE__, "%s: %s is \"%s\", wanted \"%s\"", name, key, b, a);
}

static void compare_finding(const char *name, json_object *wanted, json_object *found) {
        const char *what = json_get_string(wanted, "what");

        compare_text(name, wanted, found, "code");
        compare_text(name, wanted, found, "severity");
        compare_text(name, wanted, found, "path");
        compare_text(name, wanted, found, "source");
        compare_text(name, wanted, found, "remedy");
        if (what && !strstr(json_get_string(found, "what"), what))
                tap_fail(__FILE__, __LINE__, "%s: \"%s\" lacks \"%s\"", name, json_get_string(found, "what"), what);
}

static void compare(const Case *test) {
        json_object *wanted = json_get_array(test->expected, "findings"), *found = json_get_array(test->report, "findings");
        size_t n = wanted ? json_object_array_length(wanted) : 0;

        compare_text(test->name, test->expected, test->report, "verdict");
        compare_text(test->name, test->expected, test->report, "migratable");
        if (json_get_bool(test->expected, "simulated", true) != json_get_bool(test->report, "simulated", false))
                tap_fail(__FILE__, __LINE__, "%s: simulated is wrong", test->name);
        if (n != json_object_array_length(found))
                tap_fail(__FILE__, __LINE__, "%s: %zu findings, wanted %zu:\n# %s", test->name, json_object_array_length(found),
                         n, json_object_to_json_string_ext(found, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
        for (size_t i = 0; i < n; i++)
                compare_finding(test->name, json_object_array_get_idx(wanted, i), json_object_array_get_idx(found, i));
}

/* A refusal must be sayable as an error, with every reason in it. */
static void compare_error(const Case *test) {
        CLEANUP(error_free) Error *err = NULL;

        if (test->verdict->allowed)
                return;
        expect_int(policy_verdict_error(test->verdict, test->def->name, &err), ==, -1);
        for (size_t i = 0; i < test->verdict->n_findings; i++)
                if (test->verdict->findings[i].severity == POLICY_REFUSE)
                        expect_contains(err->message, test->verdict->findings[i].what);
}

/* ---- All cases ---- */

static char *cases_dir;

static void run_case(const char *name) {
        CLEANUP(free) char *path = xasprintf("%s/%s", cases_dir, name);
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(case_done) Case test = { .name = name };
        CLEANUP(close) int fd = -1;

        if (fs_open_dir(path, 0755, &fd) < 0 || case_read(fd, &test, &err) < 0)
                tap_fail(__FILE__, __LINE__, "%s: %s", name, err ? err->message : "cannot be opened");
        judge(&test);
        compare(&test);
        compare_error(&test);
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_case(const struct dirent *entry) {
        return entry->d_name[0] != '.' && entry->d_type == DT_DIR;
}

static const char *current_case;

static void run_current(void) {
        run_case(current_case);
}

static int run_all(void) {
        struct dirent **entries = NULL;
        int n = scandir(cases_dir, &entries, is_case, by_name), failed = 0;

        printf("1..%d\n", n < 0 ? 1 : n);
        if (n <= 0)
                printf("not ok 1 - no cases in %s\n", cases_dir);
        for (int i = 0; i < n; i++) {
                int r;

                current_case = entries[i]->d_name;
                r = setjmp(tap_escape);
                if (r == 0)
                        run_current();
                printf("%sok %d - %s\n", r ? "not " : "", i + 1, entries[i]->d_name);
                failed += r != 0;
                free(entries[i]);
        }
        free(entries);
        return n <= 0 || failed;
}

static int print_case(const char *name) {
        CLEANUP(free) char *path = xasprintf("%s/%s", cases_dir, name);
        CLEANUP(case_done) Case test = { .name = name };
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(close) int fd = -1;

        if (fs_open_dir(path, 0755, &fd) < 0 || case_read(fd, &test, &err) < 0) {
                fprintf(stderr, "%s: %s\n", name, err ? err->message : "cannot be opened");
                return 1;
        }
        judge(&test);
        puts(json_object_to_json_string_ext(test.report, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
        return 0;
}

int main(int argc, char **argv) {
        cases_dir = argv[1];
        if (argc == 4 && streq(argv[2], "--print"))
                return print_case(argv[3]);
        if (argc != 2) {
                fprintf(stderr, "usage: test-verdicts DIRECTORY [--print CASE]\n");
                return 2;
        }
        return run_all();
}
