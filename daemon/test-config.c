/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-config.c - virtwardd.conf: defaults, the shipped example, refusals. */
#include <fcntl.h>

#include "config.h"
#include "options.h"
#include "tap.h"
#include "util/fs.h"
#include "util/strbuf.h"

static char base[] = "/tmp/virtward-test-config-XXXXXX";

static int read_texts(const char *config_text, const char *policy_text, Config *ret, Error **err) {
        CLEANUP(free) char *config_file = xasprintf("%s/virtwardd.conf", base), *policy_file = xasprintf("%s/policy.conf", base);
        CLEANUP(close) int dir_fd = open(base, O_RDONLY | O_DIRECTORY);
        Options options = { .config_given = config_text, .config_file = config_file, .policy_file = policy_file };
        int r;

        if (config_text && fs_replace_at(dir_fd, "virtwardd.conf", config_text, strlen(config_text), 0600, false) < 0)
                return error_set(err, ERROR_INTERNAL, "cannot write");
        if (policy_text && fs_replace_at(dir_fd, "policy.conf", policy_text, strlen(policy_text), 0600, false) < 0)
                return error_set(err, ERROR_INTERNAL, "cannot write");
        r = config_read(&options, ret, err);
        unlink(config_file);
        unlink(policy_file);
        return r;
}

static void expect_refused(const char *config_text, const char *policy_text, const char *part) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(config_done) Config config = {};

        expect_int(read_texts(config_text, policy_text, &config, &err), <, 0);
        expect_contains(err->message, part);
}

static void test_defaults(void) {
        CLEANUP(config_done) Config config = {};

        expect_int(read_texts(NULL, NULL, &config, NULL), ==, 0);
        expect_int(config.log_level, ==, LOG_LEVEL_INFO);
        expect_int(config.migration_port_min, ==, 49152);
        expect_int(config.max_clients, ==, 5000);
        expect(config.read_only_socket && config.autostart && !config.host_uuid && !config.socket_group);
}

static void test_command_line_wins(void) {
        CLEANUP(config_done) Config config = {};
        Options options = {
                .config_file = (char *) "/nonexistent/v", .policy_file = (char *) "/nonexistent/p",
                .log_level_given = true, .log_level = LOG_LEVEL_DEBUG,
        };

        expect_int(config_read(&options, &config, NULL), ==, 0);
        expect_int(config.log_level, ==, LOG_LEVEL_DEBUG);
}

static void test_policy(void) {
        CLEANUP(config_done) Config config = {};

        expect_int(read_texts(NULL, "migratable = required\nstrip_secure_cpu = always\n", &config, NULL), ==, 0);
        expect_str(table_name(&intent_table, config.policy.migratable), "required");
        expect_str(table_name(&policy_strip_table, config.policy.strip), "always");
}

/* "#key = value" lines lose their "#": what the example shows as settings must be settings. */
static char *uncomment(const char *path) {
        CLEANUP(strbuf_done) StrBuf out = {};
        CLEANUP(free) char *text = NULL;
        size_t len;
        char *next;

        expect_int(fs_read_at(AT_FDCWD, path, 65536, &text, &len), ==, 0);
        next = text;
        while (next) {
                const char *line = strsep(&next, "\n");

                strbuf_addf(&out, "%s\n", line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' ? line + 1 : line);
        }
        return strbuf_steal(&out);
}

static void test_examples(void) {
        CLEANUP(free) char *config_text = uncomment(EXAMPLES "/virtwardd.conf"), *policy_text = uncomment(EXAMPLES "/policy.conf");
        CLEANUP(config_done) Config config = {};
        CLEANUP(error_free) Error *err = NULL;

        expect_contains(policy_text, "\nmigratable = preferred");
        if (read_texts(config_text, policy_text, &config, &err) < 0)
                tap_fail(__FILE__, __LINE__, "%s", err->message);
        expect_int(config.max_clients, ==, 5000);
        expect_int(config.migration_port_max, ==, 49215);
        expect_str(config.qemu_user, "virtward-qemu");
        expect_str(table_name(&policy_strip_table, config.policy.strip), "when-migratable");
}

/* Each setting is explained in the example. */
static void test_examples_are_complete(void) {
        CLEANUP(free) char *config_text = uncomment(EXAMPLES "/virtwardd.conf"), *policy_text = uncomment(EXAMPLES "/policy.conf");

        for (const ConfRow *row = config_rows; row->key; row++) {
                CLEANUP(free) char *line = xasprintf("\n%s = ", row->key);
                expect_contains(config_text, line);
        }
        for (const ConfRow *row = policy_conf_rows; row->key; row++) {
                CLEANUP(free) char *line = xasprintf("\n%s = ", row->key);
                expect_contains(policy_text, line);
        }
}

static void test_refusals(void) {
        expect_refused("host_uuid = 12", NULL, "host_uuid: '12' is not a UUID");
        expect_refused("host_uuid = 00000000-0000-0000-0000-000000000000", NULL, "is not a UUID");
        expect_refused("emulator_dirs = /usr/bin:bin", NULL, "emulator_dirs: 'bin' is not an absolute path");
        expect_refused("migration_port_min = 50000", NULL, "migration_port_min is 50000, which is more than migration_port_max, 49215");
        expect_refused("log_level = loud", NULL, "log_level is one of error, warning, info, debug, not 'loud'");
        expect_refused("max_client = 3", NULL, "unknown setting 'max_client'; did you mean 'max_clients'?");
        expect_refused(NULL, "migratable = perhaps", "policy.conf:1: migratable is one of required, preferred, no, not 'perhaps'");
        expect_refused(NULL, "max_clients = 3", "policy.conf:1: unknown setting 'max_clients'");
}

int main(void) {
        int r;

        if (!mkdtemp(base))
                return 99;
        r = tap_run((const TapTest[]) {
                { "defaults", test_defaults },
                { "the command line wins", test_command_line_wins },
                { "policy", test_policy },
                { "the shipped examples", test_examples },
                { "the shipped examples are complete", test_examples_are_complete },
                { "refusals", test_refusals },
                {}
        });
        rmdir(base);
        return r;
}
