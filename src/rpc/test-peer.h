/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-peer.h - for tests: a server over a FakeDriver, and peers that send it frames, all in one process and one loop. */
#pragma once
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "fake-driver/fake_driver.h"
#include "rpc/frame.h"
#include "rpc/remote.h"
#include "rpc/rpc_server.h"
#include "tap.h"
#include "util/op.h"

typedef struct Bench {
        sd_event *loop;
        FakeDriver *fake;
        RpcServer *server;
        char path[64];
        struct sockaddr_un rw, ro;      /* abstract names: nothing to clean up */
} Bench;

typedef struct Peer {
        int fd;
        uint8_t *bytes;                 /* received, not yet taken */
        size_t len;
        uint32_t serial;
        bool at_end;
} Peer;

static Bench bench;

/* Runs the loop until nothing is ready. */
__attribute__((unused)) static void bench_turns(void) {
        while (sd_event_run(bench.loop, 0) > 0)
                ;
}

static socklen_t bench_address(struct sockaddr_un *address, const char *suffix) {
        static int n;
        int len = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "virtward-test-%d-%d-%s", (int) getpid(), ++n,
                           suffix);

        address->sun_family = AF_UNIX;
        return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + (size_t) len);
}

static void bench_listen(struct sockaddr_un *address, bool read_only) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);        /* blocking: the server sees to that */
        socklen_t len = bench_address(address, read_only ? "ro" : "rw");

        memset(address->sun_path + len - offsetof(struct sockaddr_un, sun_path), 0,
               sizeof(*address) - len);
        if (bind(fd, (struct sockaddr *) address, sizeof(*address)) < 0 || listen(fd, 128) < 0 ||
            rpc_server_listen(bench.server, fd, read_only, NULL) < 0)
                abort();
}

__attribute__((unused)) static void bench_start(const RpcConfig *config, unsigned n_domains) {
        bench = (Bench) { .fake = fake_driver_new() };
        if (sd_event_new(&bench.loop) < 0 || rpc_server_new(bench.loop, fake_driver(bench.fake), config, &bench.server, NULL) < 0)
                abort();
        for (unsigned i = 1; i <= n_domains; i++) {
                char name[32];

                snprintf(name, sizeof(name), "fake%u", i);
                fake_driver_add(bench.fake, name, i == 1);
        }
        bench_listen(&bench.rw, false);
        bench_listen(&bench.ro, true);
}

__attribute__((unused)) static void bench_stop(void) {
        rpc_server_free(bench.server);
        fake_driver_free(bench.fake);
        sd_event_unref(bench.loop);
}

__attribute__((unused)) static Peer peer_connect(bool read_only) {
        Peer peer = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };

        if (connect(peer.fd, (struct sockaddr *) (read_only ? &bench.ro : &bench.rw), sizeof(bench.rw)) < 0)
                abort();
        bench_turns();
        return peer;
}

__attribute__((unused)) static void peer_close(Peer *peer) {
        close(peer->fd);
        free(peer->bytes);
        *peer = (Peer) { .fd = -1 };
        bench_turns();
}

/* All of it, with turns of the loop in between when the socket is full. False: the server has hung up. */
static bool peer_send_bytes(Peer *peer, const void *bytes, size_t len) {
        for (size_t sent = 0; sent < len;) {
                ssize_t n = send(peer->fd, (const uint8_t *) bytes + sent, len - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EAGAIN)
                        return false;
                sent += n > 0 ? (size_t) n : 0;
                if (n < 0)
                        bench_turns();
        }
        return true;
}

__attribute__((unused))
static bool peer_send_frame(Peer *peer, FrameHeader header, xdrproc_t body, const void *value) {
        static uint8_t bytes[1024 * 1024];
        XDR xdr;

        xdrmem_create(&xdr, (char *) bytes + FRAME_HEADER_BYTES, sizeof(bytes) - FRAME_HEADER_BYTES, XDR_ENCODE);
        if (body && !body(&xdr, (void *) value))
                abort();
        header.length = FRAME_HEADER_BYTES + (body ? xdr_getpos(&xdr) : 0);
        frame_header_put(bytes, &header);
        return peer_send_bytes(peer, bytes, header.length);
}

__attribute__((unused))
static uint32_t peer_ask_program(Peer *peer, uint32_t program, int procedure, xdrproc_t body, const void *value) {
        peer_send_frame(peer, (FrameHeader) { .program = program, .version = 1, .procedure = procedure, .serial = peer->serial },
                        body, value);
        return peer->serial++;
}

#define ask(peer, number) peer_ask_program((peer), REMOTE_PROGRAM, (number), NULL, NULL)
#define ask_with(peer, number, type, ...)                                                                              \
        peer_ask_program((peer), REMOTE_PROGRAM, (number), (xdrproc_t) xdr_##type, &(type) { __VA_ARGS__ })

static void peer_receive(Peer *peer) {
        for (;;) {
                ssize_t n;

                peer->bytes = realloc(peer->bytes, peer->len + 65536);
                n = recv(peer->fd, peer->bytes + peer->len, 65536, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        peer->at_end = true;
                if (n <= 0)
                        return;
                peer->len += (size_t) n;
        }
}

/* The next frame that came; its payload holds until the next call. False: none. */
__attribute__((unused)) static bool peer_take(Peer *peer, FrameHeader *header, const uint8_t **payload, size_t *len) {
        static uint8_t *last;

        bench_turns();
        peer_receive(peer);
        if (peer->len < FRAME_HEADER_BYTES)
                return false;
        frame_header_get(peer->bytes, header);
        if (peer->len < header->length)
                return false;
        free(last);
        last = malloc(header->length);
        memcpy(last, peer->bytes, header->length);
        peer->len -= header->length;
        memmove(peer->bytes, peer->bytes + header->length, peer->len);
        *payload = last + FRAME_HEADER_BYTES;
        *len = header->length - FRAME_HEADER_BYTES;
        return true;
}

/* The next frame, which must be a reply without error; decoded into value when body is given (leaked: a test). */
__attribute__((unused)) static void peer_expect_ok(Peer *peer, xdrproc_t body, void *value) {
        FrameHeader header;
        const uint8_t *payload;
        size_t len;
        XDR xdr;

        expect(peer_take(peer, &header, &payload, &len));
        expect_int(header.type, ==, FRAME_REPLY);
        expect_int(header.status, ==, FRAME_OK);
        if (!body) {
                expect_int(len, ==, 0);
                return;
        }
        xdrmem_create(&xdr, (char *) payload, (u_int) len, XDR_DECODE);
        expect(body(&xdr, value));
        expect_int(xdr_getpos(&xdr), ==, len);
}
#define expect_ok(peer) peer_expect_ok((peer), NULL, NULL)
#define expect_value(peer, type, value) peer_expect_ok((peer), (xdrproc_t) xdr_##type, (value))

__attribute__((unused)) static void expect_error(Peer *peer, int code, int domain, const char *message) {
        FrameHeader header;
        const uint8_t *payload;
        WireError error = {};
        size_t len;
        XDR xdr;

        expect(peer_take(peer, &header, &payload, &len));
        expect_int(header.type, ==, FRAME_REPLY);
        expect_int(header.status, ==, FRAME_ERROR);
        xdrmem_create(&xdr, (char *) payload, (u_int) len, XDR_DECODE);
        expect(xdr_WireError(&xdr, &error));
        expect_str(error.message, message);
        expect_int(error.code, ==, code);
        expect_int(error.domain, ==, domain);
        expect_int(error.level, ==, 2);
        xdr_free((xdrproc_t) xdr_WireError, (char *) &error);
}

__attribute__((unused)) static void expect_nothing(Peer *peer) {
        FrameHeader header;
        const uint8_t *payload;
        size_t len;

        expect(!peer_take(peer, &header, &payload, &len));
        expect_int(peer->len, ==, 0);
}

__attribute__((unused)) static void expect_end(Peer *peer) {
        expect_nothing(peer);
        expect(peer->at_end);
}

__attribute__((unused)) static Peer peer_open(bool read_only, unsigned flags) {
        Peer peer = peer_connect(read_only);

        ask_with(&peer, 1, WireOptTextFlags, (char *) "qemu:///session", flags);
        expect_ok(&peer);
        return peer;
}

/* Runs the loop for that long. */
__attribute__((unused)) static void bench_wait(uint64_t usec) {
        uint64_t now, end;

        sd_event_now(bench.loop, CLOCK_MONOTONIC, &now);
        for (end = now + usec; now < end; sd_event_now(bench.loop, CLOCK_MONOTONIC, &now))
                sd_event_run(bench.loop, end - now);
}
