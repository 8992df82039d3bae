/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/test-listener.c - sockets made and inherited. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "listener.h"
#include "tap.h"

static char base[] = "/tmp/virtward-test-listener-XXXXXX";

static mode_t mode_of(const char *name) {
        CLEANUP(free) char *path = xasprintf("%s/%s", base, name);
        struct stat st;

        return lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode) ? 0 : st.st_mode & 0777;
}

static void test_rights(void) {
        Listeners listeners;

        expect_int(listeners_make(base, &(ListenerRights) { .group = (gid_t) -1, .read_only_socket = true, .read_only_for_all = true },
                                  &listeners, NULL), ==, 0);
        expect_int(listeners.n, ==, 2);
        expect(!listeners.items[0].read_only && listeners.items[1].read_only);
        expect_int(mode_of(SOCKET_NAME), ==, 0600);
        expect_int(mode_of(SOCKET_NAME_READ_ONLY), ==, 0666);
        listeners_close(&listeners);
        expect_int(mode_of(SOCKET_NAME), ==, 0);
        expect_int(mode_of(SOCKET_NAME_READ_ONLY), ==, 0);
}

static void test_group_and_session(void) {
        Listeners listeners;

        expect_int(listeners_make(base, &(ListenerRights) { .group = getegid(), .read_only_socket = true }, &listeners, NULL), ==, 0);
        expect_int(mode_of(SOCKET_NAME), ==, 0660);
        expect_int(mode_of(SOCKET_NAME_READ_ONLY), ==, 0600);
        listeners_close(&listeners);
        expect_int(listeners_make(base, &(ListenerRights) { .group = (gid_t) -1 }, &listeners, NULL), ==, 0);
        expect_int(listeners.n, ==, 1);
        listeners_close(&listeners);
}

static void test_stale_socket_is_replaced(void) {
        ListenerRights rights = { .group = (gid_t) -1 };
        Listeners stale, fresh;

        expect_int(listeners_make(base, &rights, &stale, NULL), ==, 0);
        close(STEAL_FD(stale.items[0].fd));             /* as after kill -9: nobody listens, the path is there */
        expect_int(listeners_make(base, &rights, &fresh, NULL), ==, 0);
        expect(fresh.items[0].fd >= 0);
        listeners_close(&fresh);
        listeners_close(&stale);
}

static void test_too_long_a_path(void) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *dir = xasprintf("%s/%0100d", base, 0);
        Listeners listeners;

        expect_int(listeners_make(dir, &(ListenerRights) { .group = (gid_t) -1 }, &listeners, &err), <, 0);
        expect_contains(err->message, "choose a shorter --runtime-dir");
        listeners_close(&listeners);
}

/* What systemd does before it executes a service. */
static void hand_over(const char *names, int fd) {
        CLEANUP(free) char *pid = xasprintf("%d", (int) getpid());

        expect_int(dup2(fd, 3), ==, 3);
        setenv("LISTEN_PID", pid, 1);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", names, 1);
}

static int listening_socket(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        expect(fd >= 0 && bind(fd, (struct sockaddr *) &address, sizeof(sa_family_t)) == 0 && listen(fd, 1) == 0);
        return fd;
}

static void test_inherited(void) {
        Listeners listeners;
        int fd = listening_socket();

        hand_over("virtwardd-ro.socket", fd);
        expect_int(listeners_inherit(&listeners, NULL), ==, 0);
        expect_int(listeners.n, ==, 1);
        expect_int(listeners.items[0].fd, ==, 3);
        expect(listeners.items[0].read_only && !listeners.items[0].path);
        expect(fcntl(3, F_GETFL) & O_NONBLOCK);
        expect(!getenv("LISTEN_FDS"));
        listeners_close(&listeners);
        close(fd);
}

static void test_inherited_of_unknown_name(void) {
        CLEANUP(error_free) Error *err = NULL;
        Listeners listeners;
        int fd = listening_socket();

        hand_over("http.socket", fd);
        expect_int(listeners_inherit(&listeners, &err), <, 0);
        expect_contains(err->message, "a socket named 'http.socket'");
        listeners_close(&listeners);
        close(fd);
}

static void test_inherited_that_is_no_listening_socket(void) {
        CLEANUP(error_free) Error *err = NULL;
        Listeners listeners;
        int fd = open("/dev/null", O_RDWR);

        hand_over("virtward-sock", fd);
        expect_int(listeners_inherit(&listeners, &err), <, 0);
        expect_contains(err->message, "is not a listening UNIX stream socket");
        listeners_close(&listeners);
        close(fd);
}

static void test_none_inherited(void) {
        Listeners listeners;

        expect_int(listeners_inherit(&listeners, NULL), ==, 0);
        expect_int(listeners.n, ==, 0);
}

int main(void) {
        int r;

        if (!mkdtemp(base))
                return 99;
        r = tap_run((const TapTest[]) {
                { "rights", test_rights },
                { "a group, and a session", test_group_and_session },
                { "a stale socket is replaced", test_stale_socket_is_replaced },
                { "too long a path", test_too_long_a_path },
                { "inherited", test_inherited },
                { "inherited, of unknown name", test_inherited_of_unknown_name },
                { "inherited, but no listening socket", test_inherited_that_is_no_listening_socket },
                { "none inherited", test_none_inherited },
                {}
        });
        rmdir(base);
        return r;
}
