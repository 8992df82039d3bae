/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-directory.c - a directory belongs to one daemon. */
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "directory.h"
#include "tap.h"

static char base[] = "/tmp/virtward-test-directory-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

static char *make_path(const char *name) {
        return xasprintf("%s/%s", base, name);
}

static void test_made_with_its_parents(void) {
        CLEANUP(free) char *path = make_path("a/b");
        Directory directory;
        struct stat st;

        expect_int(directory_open(path, "state directory", 0700, &directory, NULL), ==, 0);
        expect_int(fstat(directory.fd, &st), ==, 0);
        expect_int(st.st_mode & 0777, ==, 0700);
        directory_close(&directory);
}

static void test_second_daemon_is_refused(void) {
        CLEANUP(free) char *path = make_path("locked"), *wanted = xasprintf("another virtwardd (pid %d)", (int) getpid());
        CLEANUP(error_free) Error *err = NULL;
        Directory first, second;

        expect_int(directory_open(path, "state directory", 0700, &first, NULL), ==, 0);
        expect_int(directory_open(path, "state directory", 0700, &second, &err), <, 0);
        expect_contains(err->message, wanted);
        directory_close(&second);
        directory_close(&first);
        expect_int(directory_open(path, "state directory", 0700, &second, NULL), ==, 0);
        directory_close(&second);
}

/* The daemon is dead, its forked helper still writes: the next daemon waits for it. */
static void test_helper_of_a_dead_daemon_is_waited_for(void) {
        CLEANUP(free) char *path = make_path("helper");
        Directory directory;
        int ready[2];
        char byte;
        pid_t daemon;

        expect_int(pipe(ready), ==, 0);
        daemon = fork();
        if (daemon == 0) {
                if (directory_open(path, "state directory", 0700, &directory, NULL) < 0)
                        _exit(1);
                if (fork() == 0) {
                        usleep(300 * 1000);
                        _exit(0);
                }
                _exit(write(ready[1], "x", 1) == 1 ? 0 : 1);
        }
        expect_int(read(ready[0], &byte, 1), ==, 1);
        expect_int(waitpid(daemon, NULL, 0), ==, daemon);
        expect_int(directory_open(path, "state directory", 0700, &directory, NULL), ==, 0);
        directory_close(&directory);
        close(ready[0]);
        close(ready[1]);
}

static void test_others_may_not_write(void) {
        CLEANUP(free) char *path = make_path("open");
        CLEANUP(error_free) Error *err = NULL;
        Directory directory;

        expect_int(mkdir(path, 0700), ==, 0);
        expect_int(chmod(path, 0770), ==, 0);
        expect_int(directory_open(path, "runtime directory", 0700, &directory, &err), <, 0);
        expect_contains(err->message, "others may write to the runtime directory");
        directory_close(&directory);
}

static void test_of_another_user(void) {
        CLEANUP(free) char *path = make_path("foreign");
        CLEANUP(error_free) Error *err = NULL;
        Directory directory;

        if (geteuid() != 0)
                skip("needs root to give a directory away");
        expect_int(mkdir(path, 0755), ==, 0);
        expect_int(chown(path, 12345, 12345), ==, 0);
        expect_int(directory_open(path, "state directory", 0700, &directory, &err), <, 0);
        expect_contains(err->message, "belongs to user 12345");
        directory_close(&directory);
}

static void test_not_a_directory(void) {
        CLEANUP(error_free) Error *err = NULL;
        Directory directory;

        expect_int(directory_open("/dev/null", "state directory", 0700, &directory, &err), <, 0);
        expect_contains(err->message, "cannot open the state directory '/dev/null'");
        directory_close(&directory);
}

int main(void) {
        int r;

        if (!mkdtemp(base))
                return 99;
        r = tap_run((const TapTest[]) {
                { "made with its parents", test_made_with_its_parents },
                { "a second daemon is refused", test_second_daemon_is_refused },
                { "the helper of a dead daemon is waited for", test_helper_of_a_dead_daemon_is_waited_for },
                { "others may not write", test_others_may_not_write },
                { "a directory of another user", test_of_another_user },
                { "not a directory", test_not_a_directory },
                {}
        });
        nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return r;
}
