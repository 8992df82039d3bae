/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-config.c - virtwardd.conf: defaults, the shipped example, refusals. */
#include <fcntl.h>

#include "config.h"
#include "tap.h"
#include "util/log.h"

static void expect_refused(const char *text, const char *part) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(config_done) Config config = {};
        char path[] = "/tmp/virtward-test-config-XXXXXX";
        int fd = mkstemp(path);
        int r;

        expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text));
        close(fd);
        r = config_read(path, true, &config, &err);
        unlink(path);
        expect_int(r, <, 0);
        expect_contains(err->message, part);
}

static void test_defaults(void) {
        CLEANUP(config_done) Config config = {};

        expect_int(config_read("/nonexistent/virtwardd.conf", false, &config, NULL), ==, 0);
        expect_int(config.log_level, ==, LOG_LEVEL_INFO);
        expect_int(config.migration_port_min, ==, 49152);
        expect_int(config.max_clients, ==, 5000);
        expect(config.read_only_socket && config.autostart && !config.host_uuid && !config.socket_group);
}

/* Every setting stands in the example, as a comment, with its default: uncommented, the file says what defaults say. */
static void test_example(void) {
        CLEANUP(config_done) Config config = {};
        CLEANUP(error_free) Error *err = NULL;
        int r = config_read(EXAMPLE_CONF, true, &config, &err);

        if (r < 0)
                tap_fail(__FILE__, __LINE__, "%s", err->message);
        expect_int(config.max_clients, ==, 5000);
}

static void test_refusals(void) {
        expect_refused("host_uuid = 12", "host_uuid: '12' is not a UUID");
        expect_refused("host_uuid = 00000000-0000-0000-0000-000000000000", "is not a UUID");
        expect_refused("emulator_dirs = /usr/bin:bin", "emulator_dirs: 'bin' is not an absolute path");
        expect_refused("migration_port_min = 50000", "migration_port_min is 50000, which is more than migration_port_max, 49215");
        expect_refused("log_level = loud", "log_level is one of error, warning, info, debug, not 'loud'");
        expect_refused("max_client = 3", "unknown setting 'max_client'; did you mean 'max_clients'?");
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "defaults", test_defaults },
                { "the shipped example", test_example },
                { "refusals", test_refusals },
                {}
        });
}
