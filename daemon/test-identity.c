/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-identity.c - the host's UUID is kept; users and groups are looked up. */
#include <fcntl.h>

#include "identity.h"
#include "tap.h"
#include "util/fs.h"

static char base[] = "/tmp/virtward-test-identity-XXXXXX";

static void test_uuid_is_kept(void) {
        CLEANUP(close) int fd = open(base, O_RDONLY | O_DIRECTORY);
        sd_id128_t first, second;

        expect_int(identity_host_uuid(NULL, fd, &first, NULL), ==, 0);
        expect_int(identity_host_uuid(NULL, fd, &second, NULL), ==, 0);
        expect(sd_id128_equal(first, second) && !sd_id128_is_null(first));
}

static void test_configured_uuid_wins(void) {
        CLEANUP(close) int fd = open(base, O_RDONLY | O_DIRECTORY);
        sd_id128_t uuid, wanted;

        expect_int(sd_id128_from_string("3d2f3b6e-5d5b-4a53-9d1c-0c8a3b7b2d11", &wanted), ==, 0);
        expect_int(identity_host_uuid("3d2f3b6e-5d5b-4a53-9d1c-0c8a3b7b2d11", fd, &uuid, NULL), ==, 0);
        expect(sd_id128_equal(uuid, wanted));
}

static void test_damaged_uuid_file(void) {
        CLEANUP(close) int fd = open(base, O_RDONLY | O_DIRECTORY);
        CLEANUP(error_free) Error *err = NULL;
        sd_id128_t uuid;

        expect_int(fs_replace_at(fd, "host_uuid", "nonsense\n", 9, 0644, false), ==, 0);
        expect_int(identity_host_uuid(NULL, fd, &uuid, &err), <, 0);
        expect_contains(err->message, "holds 'nonsense', which is not a UUID");
        expect_int(unlinkat(fd, "host_uuid", 0), ==, 0);
}

static void test_uuid_that_cannot_be_kept(void) {
        CLEANUP(close) int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);
        CLEANUP(error_free) Error *err = NULL;
        sd_id128_t uuid;

        expect_int(identity_host_uuid(NULL, fd, &uuid, &err), <, 0);
        expect_contains(err->message, "cannot keep the host UUID");
}

static void test_host_name(void) {
        CLEANUP(free) char *own = identity_host_name(NULL), *configured = identity_host_name("node1");

        expect(*own);
        expect_str(configured, "node1");
}

static void test_users(void) {
        CLEANUP(error_free) Error *err = NULL;
        QemuUser user = {};

        expect_int(identity_qemu_user("root", NULL, &user, NULL), ==, 0);
        expect(user.uid == 0 && user.gid == 0);
        expect_int(identity_qemu_user(NULL, NULL, &user, NULL), ==, 0);
        expect(user.uid != 0);
        expect_int(identity_qemu_user("no-such-user", NULL, &user, &err), <, 0);
        expect_contains(err->message, "no user 'no-such-user'");
}

static void test_groups(void) {
        CLEANUP(error_free) Error *err = NULL;
        gid_t group = 5;

        expect_int(identity_group(NULL, &group, NULL), ==, 0);
        expect(group == (gid_t) -1);
        expect_int(identity_group("root", &group, NULL), ==, 0);
        expect_int(group, ==, 0);
        expect_int(identity_group("no-such-group", &group, &err), <, 0);
        expect_contains(err->message, "no group 'no-such-group'");
}

int main(void) {
        int r;

        if (!mkdtemp(base))
                return 99;
        r = tap_run((const TapTest[]) {
                { "the UUID is kept", test_uuid_is_kept },
                { "a configured UUID wins", test_configured_uuid_wins },
                { "a damaged UUID file", test_damaged_uuid_file },
                { "a UUID that cannot be kept", test_uuid_that_cannot_be_kept },
                { "a host name", test_host_name },
                { "users", test_users },
                { "groups", test_groups },
                {}
        });
        rmdir(base);
        return r;
}
