/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tests/fake-driver/fake-virtwardd.c - the RPC server over a FakeDriver, for real clients: fake-virtwardd SOCKET N [SECONDS]
 *
 * Listens on SOCKET and, read-only, on SOCKET-ro; has N domains, fake1 of them running, and pings every SECONDS (5). */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "fake-driver/fake_driver.h"
#include "rpc/rpc_server.h"

static int listen_on(RpcServer *server, const char *path, bool read_only) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        unlink(path);
        if (bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, 4096) < 0) {
                perror(path);
                return -1;
        }
        return rpc_server_listen(server, fd, read_only, NULL);
}

static void on_drained(void *userdata) {
        sd_event_exit(userdata, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata) {
        rpc_server_close_all(userdata, on_drained, sd_event_source_get_event(source));
        return 0;
}

int main(int argc, char **argv) {
        CLEANUP(fake_driver_free) FakeDriver *fake = fake_driver_new();
        CLEANUP(free) char *ro_path = NULL;
        RpcConfig config = rpc_config_default;
        RpcServer *server = NULL;
        sd_event *loop = NULL;
        sigset_t signals;
        int r;

        if (argc < 3 || sd_event_default(&loop) < 0)
                return 2;
        config.mode = RPC_MODE_SESSION;
        config.keepalive_interval_sec = argc > 3 ? (int) strtol(argv[3], NULL, 10) : 5;
        for (long i = 1; i <= strtol(argv[2], NULL, 10); i++) {
                CLEANUP(free) char *name = xasprintf("fake%ld", i);

                fake_driver_add(fake, name, i == 1);
        }
        ro_path = xasprintf("%s-ro", argv[1]);
        if (rpc_server_new(loop, fake_driver(fake), &config, &server, NULL) < 0 || listen_on(server, argv[1], false) < 0 ||
            listen_on(server, ro_path, true) < 0)
                return 1;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigprocmask(SIG_BLOCK, &signals, NULL);
        sd_event_add_signal(loop, NULL, SIGTERM, on_signal, server);
        r = sd_event_loop(loop);
        rpc_server_free(server);
        sd_event_unref(loop);
        return r < 0;
}
