/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/rpc_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include "rpc/server.h"
#include "util/log.h"
#include "util/op.h"

#define TURN_COST 32u                   /* what one client may use of one turn of the loop, see Cost */
#define BACKLOG_MAX (256u * 1024)       /* read ahead of a client that has its share of calls outstanding */
#define UNREAD_MAX (256u * 1024)        /* answers not read yet, over which its calls wait */
#define UNHEARD_MAX (4u * 1024 * 1024)  /* of events; over it, it is ended */
#define FAIR_SHARE (1024u * 1024)       /* nobody who holds less is ended for what all hold */

typedef enum KeepaliveMessage { KEEPALIVE_PING = 1, KEEPALIVE_PONG = 2 } KeepaliveMessage;

static uint64_t client_now(const RpcClient *client) {
        uint64_t now = 0;

        sd_event_now(client->server->loop, CLOCK_MONOTONIC, &now);
        return now;
}

/* ---- the socket's events ---- */

/* It gets no further before some of its calls are answered, or it reads the answers. */
static bool client_is_stalled(const RpcClient *client) {
        return client->n_calls >= client->server->config.max_client_requests || client->out.len > UNREAD_MAX;
}

static bool client_wants_input(const RpcClient *client) {
        return !client->closing && !(client_is_stalled(client) && client->in.len >= BACKLOG_MAX);
}

static void client_update_io(RpcClient *client) {
        uint32_t events = (client_wants_input(client) ? EPOLLIN : 0) | (client->out.len > 0 ? EPOLLOUT : 0);

        if (client->ended || events == client->io_events)
                return;
        client->io_events = events;
        epoll_ctl(client->server->epoll_fd, EPOLL_CTL_MOD, client->fd,
                  &(struct epoll_event) { .events = events, .data.ptr = client });
}

static void client_end_when_idle(RpcClient *client) {
        if (client->closing && client->n_calls == 0 && client->out.len == 0)
                rpc_client_end(client, "closed");
}

static void client_count_held(RpcClient *client) {
        RpcServer *server = client->server;
        size_t held = client->in.own_size + client->out.size;

        if (held == client->held_bytes)
                return;
        server->held_bytes += held - client->held_bytes;
        client->held_bytes = held;
        if (server->held_bytes > server->config.max_held_bytes && held > FAIR_SHARE)
                rpc_client_end(client, "holds too much of the memory that there is for all clients");
}

/* What waits is looked at in a later turn: whoever calls is in the middle of something. */
static void client_resume(RpcClient *client) {
        if (client->in.len > 0 && !client_is_stalled(client) && !client->closing)
                sd_event_source_set_enabled(client->more, SD_EVENT_ONESHOT);
}

/* ---- output ---- */

void rpc_client_send(RpcClient *client, const void *bytes, size_t len) {
        int r;

        if (client->ended)
                return;
        r = frame_output_send(&client->out, client->fd, bytes, len, client->server->config.max_output_bytes);
        if (r == -ENOBUFS)
                rpc_client_end(client, "does not read what it asked for");
        else if (r < 0)
                rpc_client_end(client, strerror(-r));
        else if (client->out.len > 0) {
                client_update_io(client);
                client_count_held(client);
        }
}

void rpc_client_send_event(RpcClient *client, const void *bytes, size_t len) {
        if (!client->ended && client->out.len > UNHEARD_MAX)
                rpc_client_end(client, "does not read the events it registered for");
        else
                rpc_client_send(client, bytes, len);
}

static void client_flush(RpcClient *client) {
        int r = frame_output_flush(&client->out, client->fd);

        if (r < 0) {
                rpc_client_end(client, strerror(-r));
                return;
        }
        client_count_held(client);
        client_resume(client);
}

/* ---- keepalive ---- */

static void client_send_keepalive(RpcClient *client, KeepaliveMessage what) {
        const FrameHeader header = { .length = FRAME_HEADER_BYTES, .program = KEEPALIVE_PROGRAM, .version = 1,
                                     .procedure = (int) what, .type = FRAME_EVENT };
        uint8_t bytes[FRAME_HEADER_BYTES];

        frame_header_put(bytes, &header);
        rpc_client_send(client, bytes, sizeof(bytes));
}

static void client_arm_timer(RpcClient *client, uint64_t usec) {
        sd_event_source_set_time(client->timer, usec);
        sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT);
}

/* The timer is not moved at each message that comes in: it looks when it fires. */
static void client_check_alive(RpcClient *client) {
        const RpcConfig *config = &client->server->config;
        uint64_t interval = (uint64_t) config->keepalive_interval_sec * USEC_PER_SEC, now = client_now(client);

        if (now < client->last_input_usec + interval) {
                client_arm_timer(client, client->last_input_usec + interval);
                return;
        }
        if (client->n_pings >= config->keepalive_count) {
                rpc_client_end(client, "does not answer keepalive messages");
                return;
        }
        client->n_pings++;
        client_send_keepalive(client, KEEPALIVE_PING);
        client_arm_timer(client, now + interval);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        RpcClient *client = userdata;

        if (!client->opened)
                rpc_client_end(client, "did not open a connection in time");
        else if (client->keepalive)
                client_check_alive(client);
        return 0;
}

void rpc_client_opened(RpcClient *client) {
        client->opened = true;
        if (client->keepalive)
                rpc_client_use_keepalive(client);
        else
                sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
}

void rpc_client_use_keepalive(RpcClient *client) {
        client->keepalive = client->server->config.keepalive_interval_sec > 0;
        if (client->opened && client->keepalive)
                client_check_alive(client);
}

/* ---- input ---- */

static bool is_keepalive(const FrameHeader *header) {
        return header->program == KEEPALIVE_PROGRAM && header->version == 1;
}

static void client_handle_keepalive(RpcClient *client, const FrameHeader *header) {
        if (header->type == FRAME_EVENT && header->procedure == KEEPALIVE_PING)
                client_send_keepalive(client, KEEPALIVE_PONG);
}

/* How many bytes of descriptors follow the frame; more than the limit is a broken peer. */
static unsigned frame_n_fds(const FrameHeader *header, const uint8_t *bytes) {
        uint32_t n = 0;

        if ((header->type != FRAME_CALL_FDS && header->type != FRAME_REPLY_FDS) ||
            header->length < FRAME_HEADER_BYTES + sizeof(n))
                return 0;
        memcpy(&n, bytes + FRAME_HEADER_BYTES, sizeof(n));
        return ntohl(n);
}

/* Calls are worked on; whatever else a client may send, and that is not a keepalive message, is dropped, as libvirtd
 * does: replies, events, stream packets without a stream, unknown types. Descriptors are not taken. */
static unsigned client_handle_frame(RpcClient *client, const FrameHeader *header, const uint8_t *bytes) {
        size_t head = FRAME_HEADER_BYTES + (header->type == FRAME_CALL_FDS ? sizeof(uint32_t) : 0);

        if (is_keepalive(header)) {
                if (client->scanned == 0)
                        client_handle_keepalive(client, header);
                return 1;
        }
        if (header->type != FRAME_CALL && header->type != FRAME_CALL_FDS)
                return 1;
        if (header->length < head)
                head = header->length;
        return dispatch_call(client, header, bytes + head, header->length - head);
}

/* Keepalive messages are answered also while calls before them wait. */
static void client_scan_keepalive(RpcClient *client) {
        const uint8_t *bytes;
        FrameHeader header;

        while (!client->ended && client->scanned <= client->in.len &&
               frame_input_peek(&client->in, client->scanned, &bytes, &header) == FRAME_READY) {
                if (is_keepalive(&header))
                        client_handle_keepalive(client, &header);
                client->scanned += header.length + frame_n_fds(&header, bytes);
        }
}

static void client_process(RpcClient *client) {
        FrameNext next = FRAME_NONE;
        const uint8_t *bytes;
        FrameHeader header;
        unsigned cost = 0;

        while (!client->ended && !client->closing && !client_is_stalled(client) && cost < TURN_COST) {
                size_t whole;
                unsigned n_fds;

                next = frame_input_peek(&client->in, 0, &bytes, &header);
                if (next != FRAME_READY)
                        break;
                n_fds = frame_n_fds(&header, bytes);
                if (n_fds > FRAME_FDS_MAX)
                        next = FRAME_BROKEN;
                if (next == FRAME_BROKEN)
                        break;
                cost += client_handle_frame(client, &header, bytes);
                whole = header.length + n_fds;
                client->scanned = client->scanned > whole ? client->scanned - whole : 0;
                frame_input_consume(&client->in, &header, n_fds);
        }
        if (client->ended)
                return;
        if (next == FRAME_BROKEN) {
                rpc_client_end(client, "sent what is no message");
                return;
        }
        if (client_is_stalled(client))
                client_scan_keepalive(client);
        frame_input_settle(&client->in);
        client->has_more = !client_is_stalled(client) && !client->closing &&
                           frame_input_peek(&client->in, 0, &bytes, &header) != FRAME_NONE;
        if (client->has_more)
                sd_event_source_set_enabled(client->more, SD_EVENT_ONESHOT);
        client_count_held(client);
        client_update_io(client);
        client_end_when_idle(client);
}

static void client_read(RpcClient *client) {
        RpcServer *server = client->server;
        ssize_t n = frame_input_read(&client->in, client->fd, server->input, sizeof(server->input));

        if (n == -EAGAIN || n == -EINTR)
                return;
        if (n <= 0) {
                rpc_client_end(client, n < 0 ? strerror((int) -n) : "hung up");
                return;
        }
        client->last_input_usec = client_now(client);
        client->n_pings = 0;
        client_process(client);
}

void rpc_client_on_io(RpcClient *client, uint32_t revents) {
        if (!client->ended && revents & EPOLLOUT)
                client_flush(client);
        if (!client->ended && revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                if (client->io_events & EPOLLIN && !client->has_more)
                        client_read(client);
                else if (revents & (EPOLLHUP | EPOLLERR))
                        rpc_client_end(client, "hung up");
        }
        if (!client->ended) {
                client_update_io(client);
                client_end_when_idle(client);
        }
}

static int on_more(sd_event_source *source, void *userdata) {
        RpcClient *client = userdata;

        if (!client->ended)
                client_process(client);
        return 0;
}

void rpc_client_call_done(RpcClient *client) {
        if (client->ended)
                return;
        client_resume(client);
        client_update_io(client);
        client_end_when_idle(client);
}

/* ---- life ---- */

static int caller_read(int fd, Caller *caller) {
        struct ucred peer;
        socklen_t len = sizeof(peer);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
                return -errno;
        caller->uid = peer.uid;
        caller->gid = peer.gid;
        caller->pid = peer.pid;
        return 0;
}

static int client_watch(RpcClient *client) {
        sd_event *loop = client->server->loop;
        int timeout = client->server->config.open_timeout_sec;
        int r;

        client->io_events = EPOLLIN;
        r = epoll_ctl(client->server->epoll_fd, EPOLL_CTL_ADD, client->fd,
                      &(struct epoll_event) { .events = EPOLLIN, .data.ptr = client });
        r = r < 0 ? -errno : sd_event_add_defer(loop, &client->more, on_more, client);
        if (r >= 0)
                r = sd_event_source_set_enabled(client->more, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_time_relative(loop, &client->timer, CLOCK_MONOTONIC, (uint64_t) timeout * USEC_PER_SEC, 0,
                                               on_timer, client);
        if (r >= 0 && timeout <= 0)
                r = sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
        return r;
}

RpcClient *rpc_client_new(RpcServer *server, int fd, bool read_only) {
        RpcClient *client = xnew(RpcClient);
        int r;

        client->server = server;
        client->fd = fd;
        client->caller.client = client;
        client->caller.read_only = read_only;
        client->last_input_usec = client_now(client);
        r = caller_read(fd, &client->caller);
        if (r >= 0)
                r = client_watch(client);
        if (r >= 0)
                return client;
        log_warning("a client cannot be served: %s", strerror(-r));
        return rpc_client_free(client);
}

void rpc_client_close(RpcClient *client) {
        client->closing = true;
        client_update_io(client);
}

void rpc_client_end(RpcClient *client, const char *why) {
        if (client->ended)
                return;
        log_debug("client %p of pid %d: %s", (void *) client, client->caller.pid, why);
        client->ended = true;
        epoll_ctl(client->server->epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
        sd_event_source_set_enabled(client->more, SD_EVENT_OFF);
        sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
        rpc_server_client_ended(client->server, client);
}

RpcClient *rpc_client_free(RpcClient *client) {
        dispatch_forget_client(client);
        events_forget_client(client);
        client->server->held_bytes -= client->held_bytes;
        sd_event_source_disable_unref(client->more);
        sd_event_source_disable_unref(client->timer);
        close_fd(client->fd);
        frame_input_done(&client->in);
        frame_output_done(&client->out);
        free(client->uri);
        free(client);
        return NULL;
}
