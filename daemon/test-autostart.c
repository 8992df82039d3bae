/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-autostart.c - once per boot. */
#include <fcntl.h>

#include "autostart.h"
#include "tap.h"
#include "util/fs.h"

static char base[] = "/tmp/virtward-test-autostart-XXXXXX";

static void test_once(void) {
        CLEANUP(close) int fd = open(base, O_RDONLY | O_DIRECTORY);

        expect(autostart_is_due(fd));
        expect(!autostart_is_due(fd));
}

static void test_again_after_a_reboot(void) {
        CLEANUP(close) int fd = open(base, O_RDONLY | O_DIRECTORY);

        expect_int(fs_replace_at(fd, "autostarted", "0123", 4, 0600, false), ==, 0);
        expect(autostart_is_due(fd));
        expect(!autostart_is_due(fd));
        expect_int(unlinkat(fd, "autostarted", 0), ==, 0);
}

static void test_note_that_cannot_be_kept(void) {
        CLEANUP(close) int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);

        if (!freopen("/dev/null", "w", stderr))
                tap_fail(__FILE__, __LINE__, "cannot silence stderr");
        expect(autostart_is_due(fd));
}

int main(void) {
        int r;

        if (!mkdtemp(base))
                return 99;
        r = tap_run((const TapTest[]) {
                { "once", test_once },
                { "again after a reboot", test_again_after_a_reboot },
                { "a note that cannot be kept", test_note_that_cannot_be_kept },
                {}
        });
        rmdir(base);
        return r;
}
