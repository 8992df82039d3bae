/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/rpc_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "rpc/server.h"
#include "util/log.h"
#include "util/op.h"

#define ACCEPT_AT_ONCE 16
#define SERVE_AT_ONCE 32                /* clients, in one turn of the loop */

struct Listener {
        RpcServer *server;
        int fd;
        bool read_only;
        sd_event_source *source;
        Listener *next;
};

const RpcConfig rpc_config_default = {
        .mode = RPC_MODE_SYSTEM,
        .max_clients = 5000,
        .max_client_requests = 5,
        .max_output_bytes = 64u * 1024 * 1024,
        .max_held_bytes = 256u * 1024 * 1024,
        .max_clients_per_user = 1000,
        .keepalive_interval_sec = 5,
        .keepalive_count = 5,
        .open_timeout_sec = 60,
};

/* ---- listening ---- */

static void server_set_accepting(RpcServer *server, bool accepting) {
        for (Listener *l = server->listeners; l; l = l->next)
                sd_event_source_set_enabled(l->source, accepting ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_accept_again(sd_event_source *source, uint64_t usec, void *userdata) {
        RpcServer *server = userdata;

        server->accept_again = sd_event_source_unref(server->accept_again);
        server_set_accepting(server, server->n_clients < server->config.max_clients);
        return 0;
}

/* No descriptor left: the socket stays readable, so the loop would spin. */
static void server_pause_accepting(RpcServer *server, int errnum) {
        log_warning("cannot accept a client: %s; trying again in a second", strerror(errnum));
        server_set_accepting(server, false);
        if (!server->accept_again)
                sd_event_add_time_relative(server->loop, &server->accept_again, CLOCK_MONOTONIC, USEC_PER_SEC, 0, on_accept_again,
                                           server);
}

/* Clients of that user. Only asked for users who could keep all others out, whose list is short. */
static unsigned server_count_user(const RpcServer *server, uint32_t uid) {
        unsigned n = 0;

        for (const RpcClient *client = server->clients; client; client = client->next)
                n += client->caller.uid == uid;
        return n;
}

static bool server_has_room_for(const RpcServer *server, const RpcClient *client) {
        uint32_t uid = client->caller.uid;

        if (uid == 0 || uid == getuid() || server->n_clients < server->config.max_clients_per_user ||
            server_count_user(server, uid) < server->config.max_clients_per_user)
                return true;
        log_warning("user %u has %u connections: no more", uid, server->config.max_clients_per_user);
        return false;
}

static void server_add_client(RpcServer *server, int fd, bool read_only) {
        RpcClient *client = rpc_client_new(server, fd, read_only);

        if (!client)
                return;
        if (!server_has_room_for(server, client)) {
                rpc_client_free(client);
                return;
        }
        client->next = server->clients;
        if (client->next)
                client->next->prev = client;
        server->clients = client;
        server->n_clients++;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        Listener *listener = userdata;
        RpcServer *server = listener->server;

        for (int i = 0; i < ACCEPT_AT_ONCE && server->n_clients < server->config.max_clients; i++) {
                int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        server_add_client(server, fd, listener->read_only);
                        continue;
                }
                if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                        server_pause_accepting(server, errno);
                if (errno != ECONNABORTED && errno != EINTR)
                        break;
        }
        if (server->n_clients >= server->config.max_clients)
                server_set_accepting(server, false);
        return 0;
}

int rpc_server_listen(RpcServer *server, int fd, bool read_only, Error **err) {
        Listener *listener = xnew(Listener);
        int r;

        listener->server = server;
        listener->fd = fd;
        listener->read_only = read_only;
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);    /* socket activation may hand over one that blocks */
        r = sd_event_add_io(server->loop, &listener->source, fd, EPOLLIN, on_connection, listener);
        if (r < 0) {
                close_fd(fd);
                free(listener);
                return error_set_errno(err, -r, "cannot listen on descriptor %d", fd);
        }
        listener->next = server->listeners;
        server->listeners = listener;
        return 0;
}

void rpc_server_stop_accepting(RpcServer *server) {
        server->accept_again = sd_event_source_disable_unref(server->accept_again);
        while (server->listeners) {
                Listener *listener = server->listeners;

                server->listeners = listener->next;
                sd_event_source_disable_unref(listener->source);
                close_fd(listener->fd);
                free(listener);
        }
}

/* ---- serving ---- */

/* The kernel hands ready sockets out in turn, so all get theirs. A client that ends stays allocated until the reaping. */
static int on_ready(sd_event_source *source, int epoll_fd, uint32_t revents, void *userdata) {
        struct epoll_event events[SERVE_AT_ONCE];
        int n = epoll_wait(epoll_fd, events, SERVE_AT_ONCE, 0);

        for (int i = 0; i < n; i++)
                rpc_client_on_io(events[i].data.ptr, events[i].events);
        return 0;
}

/* ---- the end of clients ---- */

static void list_remove(RpcClient **list, RpcClient *client) {
        *(client->prev ? &client->prev->next : list) = client->next;
        if (client->next)
                client->next->prev = client->prev;
        client->prev = client->next = NULL;
}

static void server_reap(RpcServer *server) {
        while (server->ended) {
                RpcClient *client = server->ended;

                server->ended = client->next;
                if (server->ended)
                        server->ended->prev = NULL;
                if (client->opened && server->driver->verbs->client_gone)
                        server->driver->verbs->client_gone(server->driver, client);
                rpc_client_free(client);
        }
}

static void server_tell_drained(RpcServer *server) {
        void (*drained)(void *userdata) = server->drained;

        if (!drained || server->clients || server->ended)
                return;
        server->drained = NULL;
        drained(server->drained_userdata);
}

static int on_reap(sd_event_source *source, void *userdata) {
        RpcServer *server = userdata;

        server_reap(server);
        if (!server->accept_again)
                server_set_accepting(server, server->n_clients < server->config.max_clients);
        server_tell_drained(server);
        return 0;
}

void rpc_server_client_ended(RpcServer *server, RpcClient *client) {
        list_remove(&server->clients, client);
        server->n_clients--;
        client->next = server->ended;
        if (client->next)
                client->next->prev = client;
        server->ended = client;
        sd_event_source_set_enabled(server->reap, SD_EVENT_ONESHOT);
}

void rpc_server_close_all(RpcServer *server, void (*drained)(void *userdata), void *userdata) {
        rpc_server_stop_accepting(server);
        server->drained = drained;
        server->drained_userdata = userdata;
        for (RpcClient *client = server->clients, *next; client; client = next) {
                next = client->next;
                rpc_client_close(client);
                if (client->n_calls == 0 && client->out.len == 0)
                        rpc_client_end(client, "the server ends");
        }
        sd_event_source_set_enabled(server->reap, SD_EVENT_ONESHOT);
}

size_t rpc_server_n_clients(const RpcServer *server) {
        return server->n_clients;
}

/* ---- life ---- */

static char *own_hostname(void) {
        char name[HOST_NAME_MAX + 1] = "";

        gethostname(name, sizeof(name) - 1);
        return xstrdup(*name ? name : "localhost");
}

static int server_watch(RpcServer *server) {
        int r;

        server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (server->epoll_fd < 0)
                return -errno;
        r = sd_event_add_io(server->loop, &server->epoll, server->epoll_fd, EPOLLIN, on_ready, server);
        if (r >= 0)
                r = sd_event_add_defer(server->loop, &server->reap, on_reap, server);
        return r < 0 ? r : sd_event_source_set_enabled(server->reap, SD_EVENT_OFF);
}

int rpc_server_new(sd_event *loop, Driver *driver, const RpcConfig *config, RpcServer **ret, Error **err) {
        RpcServer *server = xnew(RpcServer);
        int r;

        server->loop = loop;
        server->driver = driver;
        server->config = *config;
        server->hostname = config->hostname ? xstrdup(config->hostname) : own_hostname();
        server->config.hostname = server->hostname;
        server->output_size = SCRATCH_BYTES;
        server->output = xmalloc(server->output_size);
        server->dispatch = dispatch_new();
        server->events = events_new(server);
        r = server_watch(server);
        if (r < 0) {
                rpc_server_free(server);
                return error_set_errno(err, -r, "cannot set up the RPC server");
        }
        *ret = server;
        return 0;
}

RpcServer *rpc_server_free(RpcServer *server) {
        if (!server)
                return NULL;
        rpc_server_stop_accepting(server);
        while (server->clients)
                rpc_client_end(server->clients, "the server ends");
        server_reap(server);
        events_free(server->events);
        dispatch_free(server->dispatch);
        sd_event_source_disable_unref(server->epoll);
        sd_event_source_disable_unref(server->reap);
        close_fd(server->epoll_fd);
        free(server->output);
        free(server->hostname);
        free(server);
        return NULL;
}
