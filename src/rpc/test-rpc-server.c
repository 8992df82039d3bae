/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-rpc-server.c - connections: how they open, what they may do, what breaks them, and that others do not notice. */
#include <sys/wait.h>
#include "rpc/dispatch.h"
#include "rpc/test-peer.h"
#include "rpc/ward.h"
#include "util/ward_program.h"

static RpcConfig config;

static void start(unsigned n_domains) {
        config = rpc_config_default;
        config.mode = RPC_MODE_SESSION;
        config.hostname = "here";
        bench_start(&config, n_domains);
}

static WireDomain fake1(void) {
        return (WireDomain){ .name = (char *) "stale",
                             .uuid = SD_ID128_MAKE(aa, aa, aa, aa, 00, 00, 40, 00, 80, 00, 00, 00, 00, 00, 00, 01),
                             .id = 99 };
}

/* ---- bytes as libvirtd 9.0 sends them ---- */

static void test_golden_bytes(void) {
        static const uint8_t call[] = "\0\0\0\x1c\x20\0\x80\x86\0\0\0\1\0\0\0\x42\0\0\0\0\0\0\0\0\0\0\0";
        static const uint8_t reply[] = "\0\0\0\x24\x20\0\x80\x86\0\0\0\1\0\0\0\x42\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0";
        Peer peer;

        start(1);
        peer = peer_connect(false);
        peer_send_bytes(&peer, call, sizeof(call));
        bench_turns();
        peer_receive(&peer);
        expect_int(peer.len, ==, sizeof(reply));
        expect(memcmp(peer.bytes, reply, sizeof(reply)) == 0);
        peer_close(&peer);
        bench_stop();
}

static void test_golden_error(void) {
        static const uint8_t after_message[] = "\0\0\0\2"
                                               "\0\0\0\0"
                                               "\0\0\0\1\0\0\0\x14"
                                               "Domain not found: %s"
                                               "\0\0\0\1\0\0\0\x23"
                                               "no domain with matching name 'nope'\0"
                                               "\0\0\0\0"
                                               "\377\377\377\377\377\377\377\377"
                                               "\0\0\0";
        FrameHeader header;
        const uint8_t *payload;
        size_t len;
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask_with(&peer, 23, WireString, (char *) "nope");
        expect(peer_take(&peer, &header, &payload, &len));
        expect_int(header.length, ==, 0xc4);
        expect(memcmp(payload,
                      "\0\0\0\x2a\0\0\0\x0a\0\0\0\1\0\0\0\x35"
                      "Domain not found: no domain with matching name 'nope'",
                      16 + 0x35) == 0);
        expect(memcmp(payload + 16 + 0x38, after_message, sizeof(after_message)) == 0);
        peer_close(&peer);
        bench_stop();
}

/* ---- opening ---- */

static void test_before_the_open(void) {
        WireInt supported = {};
        Peer peer;

        start(1);
        peer = peer_connect(false);
        ask(&peer, 157);
        expect_error(&peer, 1, 7, "internal error: hypervisor connection not open");
        ask_with(&peer, 60, WireInt, 14);
        expect_error(&peer, 1, 7, "internal error: hypervisor connection not open");
        ask_with(&peer, 60, WireInt, 10);
        expect_value(&peer, WireInt, &supported);
        expect_int(supported.value, ==, 1);
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_WHY, (xdrproc_t) xdr_WardRequest, &(WardRequest) { (char *) "{}" });
        expect_error(&peer, 1, 7, "internal error: hypervisor connection not open");
        ask(&peer, 2);
        expect_ok(&peer);
        expect_end(&peer);
        peer_close(&peer);
        bench_stop();
}

static void test_names(void) {
        static const struct {
                const char *name, *uri, *message;
                int code, domain;
        } cases[] = {
                { NULL, "qemu:///session" },
                { "", "qemu:///session" },
                { "qemu:///session", "qemu:///session" },
                { "qemu:/session", "qemu:///session" },
                { "qemu:///session?foo=bar", "qemu:///session?foo=bar" },
                { "virtward:///session", "qemu:///session" },
                { "qemu:///system", NULL, "internal error: unexpected qemu URI path '/system', try qemu:///session", 1, 0 },
                { "qemu:///", NULL, "internal error: unexpected qemu URI path '/', try qemu:///session", 1, 0 },
                { "qemu:///session/", NULL, "internal error: unexpected qemu URI path '/session/', try qemu:///session", 1, 0 },
                { "qemu:session", NULL, "internal error: unexpected qemu URI path 'session', try qemu:///session", 1, 0 },
                { "xen:///system", NULL, "no connection driver available for xen:///system", 5, 0 },
                { "QEMU:///session", NULL, "no connection driver available for QEMU:///session", 5, 0 },
                { "garbage", NULL, "no connection driver available for URI 'garbage' does not include a driver name", 5, 0 },
        };

        start(1);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Peer peer = peer_connect(false);
                WireString uri = {};

                ask_with(&peer, 1, WireOptTextFlags, (char *) cases[i].name, 0);
                if (cases[i].uri) {
                        expect_ok(&peer);
                        ask(&peer, 110);
                        expect_value(&peer, WireString, &uri);
                        expect_str(uri.text, cases[i].uri);
                        free(uri.text);
                } else {
                        expect_error(&peer, cases[i].code, cases[i].domain, cases[i].message);
                }
                peer_close(&peer);
        }
        bench_stop();
}

/* libvirtd loses the open connection here; that is not copied. */
static void test_second_open(void) {
        WireString type = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask_with(&peer, 1, WireOptTextFlags, (char *) "qemu:///session", 0);
        expect_error(&peer, 1, 7, "internal error: connection already open");
        ask(&peer, 3);
        expect_value(&peer, WireString, &type);
        expect_str(type.text, "QEMU");
        free(type.text);
        peer_close(&peer);
        bench_stop();
}

/* ---- what does not exist ---- */

static void test_unknown(void) {
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        peer_send_frame(&peer, (FrameHeader) { .program = 0x12345678, .version = 3, .procedure = 7 }, NULL, NULL);
        expect_error(&peer, 39, 7, "Cannot find program 305419896 version 3");
        peer_send_frame(&peer, (FrameHeader) { .program = REMOTE_PROGRAM, .version = 2, .procedure = 66 }, NULL, NULL);
        expect_error(&peer, 39, 7, "Cannot find program 536903814 version 2");
        ask(&peer, 9999);
        expect_error(&peer, 39, 7, "unknown procedure: 9999");
        ask(&peer, -1);
        expect_error(&peer, 39, 7, "unknown procedure: -1");
        ask(&peer, 318);                /* an event */
        expect_error(&peer, 39, 7, "unknown procedure: 318");
        peer_send_frame(&peer, (FrameHeader) { .program = REMOTE_PROGRAM, .version = 1, .procedure = 66, .status = 1 }, NULL,
                        NULL);
        expect_error(&peer, 39, 7, "Unexpected message status 1");
        ask_with(&peer, 8, WireDomainText, fake1(), (char *) "<disk/>");
        expect_error(&peer, 3, 20, "this function is not supported by the connection driver: virDomainAttachDevice");
        peer_close(&peer);
        bench_stop();
}

/* ---- rights ---- */

static void expect_denied(Peer *peer, uint32_t program, const ProcedureTable *table) {
        for (size_t i = 0; i < table->n; i++) {
                const Procedure *row = &table->rows[i];
                CLEANUP(free) char *message = xasprintf("operation forbidden: read only access prevents %s", row->api);

                if (row->right != RIGHT_WRITE)
                        continue;
                peer_ask_program(peer, program, row->number, NULL, NULL);       /* refused before the payload is looked at */
                expect_error(peer, 29, (int) row->domain, message);
        }
}

static void test_read_only_is_denied_all_else(void) {
        Peer by_flag, by_socket;

        start(1);
        by_flag = peer_open(false, 1);
        by_socket = peer_open(true, 0);
        expect_denied(&by_flag, REMOTE_PROGRAM, &lifecycle_procedures);
        expect_denied(&by_socket, REMOTE_PROGRAM, &lifecycle_procedures);
        expect_denied(&by_socket, REMOTE_PROGRAM, &connect_procedures);
        expect_denied(&by_socket, REMOTE_PROGRAM, &domain_procedures);
        expect_denied(&by_socket, REMOTE_PROGRAM, &migrate_procedures);
        expect_denied(&by_socket, REMOTE_PROGRAM, &rest_procedures);
        expect_denied(&by_socket, QEMU_PROGRAM, &qemu_procedures);
        expect_denied(&by_socket, WARD_PROGRAM, &ward_procedures);
        ask_with(&by_socket, 14, WireDomainFlags, fake1(), 1);
        expect_error(&by_socket, 29, 20, "operation forbidden: virDomainGetXMLDesc with secure flag");
        peer_close(&by_flag);
        peer_close(&by_socket);
        bench_stop();
}

static void test_domains_are_found_by_uuid(void) {
        WireDomain absent = fake1();
        WireDomainState state = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask_with(&peer, 212, WireDomainFlags, fake1(), 0);
        expect_value(&peer, WireDomainState, &state);
        expect_int(state.state, ==, 1);
        absent.uuid.bytes[0] = 0;
        ask_with(&peer, 212, WireDomainFlags, absent, 0);
        expect_error(&peer, 42, 10,
                     "Domain not found: no domain with matching uuid '00aaaaaa-0000-4000-8000-000000000001' (stale)");
        ask_with(&peer, 212, WireDomainFlags, fake1(), 4);
        expect_error(&peer, 8, 10, "unsupported flags (0x4) in function qemuDomainGetState");
        peer_close(&peer);
        bench_stop();
}

static void test_addresses(void) {
        WireDomain stopped = fake1();
        WireInt none = { -1 };
        Peer peer;

        start(2);
        stopped.uuid.bytes[15] = 2;
        peer = peer_open(true, 0);
        ask_with(&peer, 353, WireDomainFlags, fake1(), 0);
        expect_value(&peer, WireInt, &none);
        expect_int(none.value, ==, 0);
        ask_with(&peer, 353, WireDomainFlags, fake1(), 1);
        expect_error(&peer, 74, 10, "argument unsupported: QEMU guest agent is not configured");
        ask_with(&peer, 353, WireDomainFlags, fake1(), 9);
        expect_error(&peer, 74, 10, "argument unsupported: Unknown IP address data source 9");
        ask_with(&peer, 353, WireDomainFlags, stopped, 0);
        expect_error(&peer, 55, 20, "Requested operation is not valid: domain is not running");
        peer_close(&peer);
        bench_stop();
}

static void test_vcpu_flags(void) {
        static const struct {
                unsigned flags;
                int code, domain;
                const char *message;
        } cases[] = {
                { 3, 8, 20, "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive" },
                { 5, 55, 20, "Requested operation is not valid: domain is not running" },
                { 8, 8, 10, "invalid argument: vCPU count provided by the guest agent can only be requested for live domains" },
                { 16, 8, 10, "unsupported flags (0x10) in function qemuDomainGetVcpusFlags" },
        };
        WireDomain stopped = fake1();
        WireInt n = {};
        Peer peer;

        start(2);
        stopped.uuid.bytes[15] = 2;
        peer = peer_open(true, 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                ask_with(&peer, 200, WireDomainFlags, stopped, cases[i].flags);
                expect_error(&peer, cases[i].code, cases[i].domain, cases[i].message);
        }
        ask_with(&peer, 200, WireDomainFlags, stopped, 6);
        expect_value(&peer, WireInt, &n);
        expect_int(n.value, ==, 2);
        ask_with(&peer, 200, WireDomainFlags, fake1(), 8);
        expect_error(&peer, 74, 10, "argument unsupported: QEMU guest agent is not configured");
        peer_close(&peer);
        bench_stop();
}

/* ---- bad input ---- */

static void test_payload_too_short_or_long(void) {
        WireDomainArg found = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask_with(&peer, 23, WireInt, 5);
        expect_error(&peer, 39, 7, "Unable to decode message payload");
        ask(&peer, 24);
        expect_error(&peer, 39, 7, "Unable to decode message payload");
        ask_with(&peer, 23, WireTextFlags, (char *) "fake1", 77);       /* more than the arguments: ignored, as libvirtd does */
        expect_value(&peer, WireDomainArg, &found);
        expect_str(found.dom.name, "fake1");
        xdr_free((xdrproc_t) xdr_WireDomainArg, (char *) &found);
        peer_close(&peer);
        bench_stop();
}

static void test_stray_frames_are_dropped(void) {
        static const int types[] = { FRAME_REPLY, FRAME_EVENT, FRAME_STREAM, FRAME_REPLY_FDS, FRAME_HOLE, 7, -1, 0x7fffffff };
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        for (size_t i = 0; i < N_ELEMENTS(types); i++)
                peer_send_frame(&peer,
                                (FrameHeader) { .program = REMOTE_PROGRAM, .version = 1, .procedure = 23, .type = types[i] },
                                (xdrproc_t) xdr_WireInt, &(WireInt) {});
        peer_send_frame(&peer, (FrameHeader) { .program = KEEPALIVE_PROGRAM, .version = 1, .procedure = 2, .type = FRAME_EVENT },
                        NULL, NULL);
        expect_nothing(&peer);
        expect(!peer.at_end);
        ask(&peer, 360);
        expect_ok(&peer);
        peer_close(&peer);
        bench_stop();
}

static void test_broken_frames_end_the_connection(void) {
        static const char *const words[] = { "\0\0\0\0", "\0\0\0\4", "\0\0\0\33", "\2\0\0\5", "\377\377\377\377" };
        Peer other;

        start(1);
        other = peer_open(false, 0);
        for (size_t i = 0; i < N_ELEMENTS(words); i++) {
                Peer peer = peer_open(false, 0);

                peer_send_bytes(&peer, words[i], 4);
                expect_end(&peer);
                peer_close(&peer);
        }
        expect_int(rpc_server_n_clients(bench.server), ==, 1);
        ask(&other, 360);
        expect_ok(&other);
        peer_close(&other);
        bench_stop();
}

/* A half frame holds up nobody. */
static void test_half_a_frame(void) {
        Peer half, other;

        start(1);
        half = peer_connect(false);
        other = peer_open(false, 0);
        peer_send_bytes(&half, "\2\0\0\4\x20\0", 6);
        ask(&other, 360);
        expect_ok(&other);
        expect_nothing(&half);
        peer_close(&half);
        expect_int(rpc_server_n_clients(bench.server), ==, 1);
        peer_close(&other);
        bench_stop();
}

static void test_descriptors_are_not_taken(void) {
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        peer_send_frame(&peer, (FrameHeader) { .program = REMOTE_PROGRAM, .version = 1, .procedure = 360, .type = FRAME_CALL_FDS },
                        (xdrproc_t) xdr_WireInt, &(WireInt) { 0 });
        expect_ok(&peer);
        peer_send_frame(&peer, (FrameHeader) { .program = REMOTE_PROGRAM, .version = 1, .procedure = 360, .type = FRAME_CALL_FDS },
                        (xdrproc_t) xdr_WireInt, &(WireInt) { 3 });
        peer_send_bytes(&peer, "abc", 3);
        expect_ok(&peer);
        ask(&peer, 360);
        expect_ok(&peer);
        peer_send_frame(&peer, (FrameHeader) { .program = REMOTE_PROGRAM, .version = 1, .procedure = 360, .type = FRAME_CALL_FDS },
                        (xdrproc_t) xdr_WireInt, &(WireInt) { 33 });
        expect_end(&peer);
        peer_close(&peer);
        bench_stop();
}

/* ---- calls that take time ---- */

static void test_answers_overtake(void) {
        WireString text = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        fake_driver_hold(bench.fake);
        ask(&peer, 7);
        ask(&peer, 360);
        expect_ok(&peer);
        expect_nothing(&peer);
        fake_driver_release(bench.fake);
        expect_value(&peer, WireString, &text);
        expect_str(text.text, "<late/>");
        free(text.text);
        peer_close(&peer);
        bench_stop();
}

static void test_client_gone_before_the_answer(void) {
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        fake_driver_hold(bench.fake);
        ask(&peer, 7);
        bench_turns();
        expect_int(fake_driver_n_held(bench.fake), ==, 1);
        peer_close(&peer);
        expect_int(fake_driver_n_gone(bench.fake), ==, 1);
        fake_driver_release(bench.fake);
        bench_stop();
}

static void expect_pong(Peer *peer) {
        FrameHeader header;
        const uint8_t *payload;
        size_t len;

        expect(peer_take(peer, &header, &payload, &len));
        expect_int(header.program, ==, KEEPALIVE_PROGRAM);
        expect_int(header.procedure, ==, 2);
        expect_int(header.type, ==, FRAME_EVENT);
        expect_int(header.serial, ==, 0);
}

static void send_ping(Peer *peer) {
        peer_send_frame(peer, (FrameHeader) { .program = KEEPALIVE_PROGRAM, .version = 1, .procedure = 1, .type = FRAME_EVENT },
                        NULL, NULL);
}

/* The sixth call is not looked at, a keepalive message behind it is. */
static void test_five_calls_at_once(void) {
        WireString text = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        fake_driver_hold(bench.fake);
        for (int i = 0; i < 7; i++)
                ask(&peer, 7);
        ask(&peer, 360);
        send_ping(&peer);
        expect_pong(&peer);
        expect_nothing(&peer);
        expect_int(fake_driver_n_held(bench.fake), ==, 5);
        send_ping(&peer);
        expect_pong(&peer);
        fake_driver_release(bench.fake);
        for (int i = 0; i < 7; i++) {
                expect_value(&peer, WireString, &text);
                expect_str(text.text, i < 5 ? "<late/>" : "<capabilities/>");
                xdr_free((xdrproc_t) xdr_WireString, (char *) &text);
        }
        expect_ok(&peer);
        expect_nothing(&peer);          /* no ping was answered twice */
        peer_close(&peer);
        bench_stop();
}

/* Not read further than the backlog: the rest waits in the socket. */
static void test_backlog_is_bounded(void) {
        static uint8_t flood[28 * 1000];
        const FrameHeader header = { .length = 28, .program = REMOTE_PROGRAM, .version = 1, .procedure = 7 };
        size_t accepted = 0;
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        fake_driver_hold(bench.fake);
        for (size_t at = 0; at < sizeof(flood); at += 28)
                frame_header_put(flood + at, &header);
        for (int idle = 0; idle < 3; bench_turns()) {
                ssize_t n = send(peer.fd, flood + accepted % 28, sizeof(flood) - 28, MSG_NOSIGNAL | MSG_DONTWAIT);

                accepted += n > 0 ? (size_t) n : 0;
                idle += n < 0;
                expect_int(accepted, <, 4 * 1024 * 1024);
        }
        expect_int(fake_driver_n_held(bench.fake), ==, 5);
        peer_close(&peer);
        bench_stop();
}

/* One that sends many calls at once does not keep others waiting for all of them. */
static void test_turns_are_shared(void) {
        FrameHeader header;
        const uint8_t *payload;
        Peer busy, other;
        size_t len, n_busy = 0;

        start(1);
        busy = peer_open(false, 0);
        other = peer_open(false, 0);
        for (int i = 0; i < 2000; i++)
                ask(&busy, 157);
        ask(&other, 157);
        for (int turn = 0; turn < 20; turn++)
                sd_event_run(bench.loop, 0);
        peer_receive(&other);
        expect_int(other.len, ==, 36);
        peer_receive(&busy);
        expect_int(busy.len, <, 2000 * 36);
        while (peer_take(&busy, &header, &payload, &len))
                n_busy++;
        expect_int(n_busy, ==, 2000);
        peer_close(&busy);
        peer_close(&other);
        bench_stop();
}

static void test_large_answer(void) {
        WireDomainList list = {};
        Peer peer;

        start(3000);
        peer = peer_open(false, 0);
        ask_with(&peer, 273, WireListArgs, 1, 0);
        for (int i = 0; i < 100 && peer.len < 3000 * 32; i++) {
                bench_turns();
                peer_receive(&peer);
        }
        expect_value(&peer, WireDomainList, &list);
        expect_int(list.domains.domains_len, ==, 3000);
        xdr_free((xdrproc_t) xdr_WireDomainList, (char *) &list);
        ask_with(&peer, 273, WireListArgs, 0, 1);
        expect_value(&peer, WireDomainList, &list);
        expect_int(list.domains.domains_len, ==, 0);
        expect_int(list.ret, ==, 1);
        peer_close(&peer);
        bench_stop();
}

/* Its calls wait until it reads; nothing piles up, nothing is lost. */
static void test_slow_reader_waits(void) {
        FrameHeader header;
        const uint8_t *payload;
        Peer slow, other;
        size_t len, n = 0;

        start(1000);
        slow = peer_open(false, 0);
        other = peer_open(false, 0);
        for (int i = 0; i < 200; i++) {
                ask_with(&slow, 273, WireListArgs, 1, 0);
                bench_turns();
        }
        ask(&other, 360);
        expect_ok(&other);
        peer_receive(&slow);
        expect_int(slow.len, <, 100 * 32000);
        for (int i = 0; i < 1000 && n < 200; i++)
                n += peer_take(&slow, &header, &payload, &len) && len > 30000;
        expect_int(n, ==, 200);
        peer_close(&slow);
        peer_close(&other);
        bench_stop();
}

static void test_answer_over_the_limit(void) {
        Peer peer;

        start(0);
        bench_stop();
        config.max_output_bytes = 64 * 1024;
        bench_start(&config, 16000);
        peer = peer_open(false, 0);
        ask_with(&peer, 273, WireListArgs, 1, 0);
        bench_turns();
        expect_int(rpc_server_n_clients(bench.server), ==, 0);
        peer_close(&peer);
        bench_stop();
}

/* Whoever holds much goes when all together hold too much. */
static void test_memory_for_all_is_bounded(void) {
        static uint8_t part[1500 * 1024] = { 1, 0, 0, 0 };      /* the beginning of a frame of 16 MiB */
        Peer first, second, modest;

        start(0);
        bench_stop();
        config.max_held_bytes = 3 * 1024 * 1024;
        bench_start(&config, 1);
        first = peer_open(false, 0);
        second = peer_open(false, 0);
        modest = peer_open(false, 0);
        expect(peer_send_bytes(&modest, part, 1000));
        expect(peer_send_bytes(&first, part, sizeof(part)));
        bench_turns();
        expect_int(rpc_server_n_clients(bench.server), ==, 3);
        peer_send_bytes(&second, part, sizeof(part));
        bench_turns();
        expect_int(rpc_server_n_clients(bench.server), ==, 2);
        expect_end(&second);
        expect_nothing(&modest);
        expect(!modest.at_end);
        peer_close(&first);
        peer_close(&second);
        peer_close(&modest);
        bench_stop();
}

/* ---- users ---- */

/* As another user: connects twice, and says with its exit status which of the two was served. */
static int connect_as_nobody(void) {
        int served = 0;

        if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
                return 100;
        for (int i = 0; i < 3; i++) {
                int fd = socket(AF_UNIX, SOCK_STREAM, 0);
                char byte;

                if (connect(fd, (struct sockaddr *) &bench.ro, sizeof(bench.ro)) < 0)
                        return 101;
                send(fd, "\0\0\0\x1c\x20\0\x80\x86\0\0\0\1\0\0\0\x42\0\0\0\0\0\0\0\0\0\0\0", 28, MSG_NOSIGNAL);
                served |= (recv(fd, &byte, 1, 0) == 1) << i;
        }
        return served;
}

static void test_one_user_leaves_room_for_others(void) {
        int status = -1;
        pid_t pid;
        Peer own[5];

        if (geteuid() != 0)
                skip("needs root, to be another user");
        start(0);
        bench_stop();
        config.max_clients_per_user = 2;
        bench_start(&config, 1);
        pid = fork();
        if (pid == 0)
                _exit(connect_as_nobody());
        while (waitpid(pid, &status, WNOHANG) == 0)
                sd_event_run(bench.loop, 1000);
        expect_int(WEXITSTATUS(status), ==, 3);         /* the first and the second, not the third */
        for (size_t i = 0; i < N_ELEMENTS(own); i++) {  /* our own are not counted */
                own[i] = peer_open(false, 0);
                ask(&own[i], 360);
                expect_ok(&own[i]);
        }
        for (size_t i = 0; i < N_ELEMENTS(own); i++)
                peer_close(&own[i]);
        bench_stop();
}

/* ---- the end ---- */

static void test_hang_up(void) {
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        shutdown(peer.fd, SHUT_WR);
        expect_end(&peer);
        expect_int(rpc_server_n_clients(bench.server), ==, 0);
        peer_close(&peer);
        bench_stop();
}

static void test_close_is_answered(void) {
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask(&peer, 2);
        ask(&peer, 360);                /* too late */
        expect_ok(&peer);
        expect_end(&peer);
        expect_int(fake_driver_n_gone(bench.fake), ==, 1);
        peer_close(&peer);
        bench_stop();
}

static void count(void *userdata) {
        ++*(int *) userdata;
}

static void test_graceful_end(void) {
        WireString text = {};
        int drained = 0;
        Peer idle, busy;

        start(1);
        idle = peer_open(false, 0);
        busy = peer_open(false, 0);
        fake_driver_hold(bench.fake);
        ask(&busy, 7);
        bench_turns();
        rpc_server_close_all(bench.server, count, &drained);
        expect_end(&idle);
        expect_nothing(&busy);
        expect(!busy.at_end);
        expect_int(drained, ==, 0);
        fake_driver_release(bench.fake);
        expect_value(&busy, WireString, &text);
        free(text.text);
        expect_end(&busy);
        expect_int(drained, ==, 1);
        peer_close(&idle);
        peer_close(&busy);
        bench_stop();
}

static void test_graceful_end_with_nobody(void) {
        int drained = 0;

        start(1);
        rpc_server_close_all(bench.server, count, &drained);
        expect_int(drained, ==, 0);
        bench_turns();
        expect_int(drained, ==, 1);
        bench_stop();
}

static void test_client_limit(void) {
        WireAuthTypes types = {};
        Peer a, b, c;

        start(0);
        bench_stop();
        config.max_clients = 2;
        bench_start(&config, 1);
        a = peer_open(false, 0);
        b = peer_open(true, 0);
        c = peer_connect(false);
        ask(&c, 66);
        expect_nothing(&c);             /* waits in the backlog */
        expect_int(rpc_server_n_clients(bench.server), ==, 2);
        peer_close(&a);
        expect_value(&c, WireAuthTypes, &types);
        xdr_free((xdrproc_t) xdr_WireAuthTypes, (char *) &types);
        peer_close(&b);
        peer_close(&c);
        bench_stop();
}

/* ---- time ---- */

static void test_keepalive(void) {
        FrameHeader header;
        const uint8_t *payload;
        WireInt supported;
        Peer asked, silent;
        size_t len;

        start(0);
        bench_stop();
        config.keepalive_interval_sec = 1;
        config.keepalive_count = 1;
        bench_start(&config, 1);
        silent = peer_open(false, 0);
        asked = peer_connect(false);
        ask_with(&asked, 60, WireInt, 10);
        expect_value(&asked, WireInt, &supported);
        ask_with(&asked, 1, WireOptTextFlags, NULL, 0);
        expect_ok(&asked);
        bench_wait(1400 * USEC_PER_MSEC);
        expect(peer_take(&asked, &header, &payload, &len));
        expect_int(header.program, ==, KEEPALIVE_PROGRAM);
        expect_int(header.procedure, ==, 1);
        peer_send_frame(&asked, (FrameHeader) { .program = KEEPALIVE_PROGRAM, .version = 1, .procedure = 2, .type = FRAME_EVENT },
                        NULL, NULL);
        bench_wait(1000 * USEC_PER_MSEC);
        expect(peer_take(&asked, &header, &payload, &len));
        expect(!asked.at_end);
        bench_wait(1400 * USEC_PER_MSEC);
        expect_end(&asked);
        expect_nothing(&silent);        /* never asked for it, is never pinged */
        expect(!silent.at_end);
        peer_close(&asked);
        peer_close(&silent);
        bench_stop();
}

static void test_open_timeout(void) {
        Peer opened, idle;

        start(0);
        bench_stop();
        config.open_timeout_sec = 1;
        bench_start(&config, 1);
        opened = peer_open(false, 0);
        idle = peer_connect(false);
        bench_wait(1400 * USEC_PER_MSEC);
        expect_end(&idle);
        expect_nothing(&opened);
        expect(!opened.at_end);
        peer_close(&idle);
        peer_close(&opened);
        bench_stop();
}

/* ---- other programs, other layouts ---- */

static void test_private_program(void) {
        WardAnswer answer = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_EXPLAIN, (xdrproc_t) xdr_WardRequest,
                         &(WardRequest) { (char *) "{\"a\":1}" });
        expect_value(&peer, WardAnswer, &answer);
        expect_str(answer.json, "{\"a\":1}");
        free(answer.json);
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_HOST_FACTS, (xdrproc_t) xdr_WardRequest, &(WardRequest) { (char *) "{}" });
        expect_error(&peer, 3, 10, "this function is not supported by the connection driver: host facts");
        peer_ask_program(&peer, WARD_PROGRAM, 99, NULL, NULL);
        expect_error(&peer, 39, 7, "unknown procedure: 99");
        peer_close(&peer);
        bench_stop();
}

/* Nobody makes the daemon run a program of his choice over the socket that everybody may open. */
static void test_private_program_read_only(void) {
        WardAnswer answer = {};
        Peer peer;

        start(1);
        peer = peer_open(true, 0);
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_EXPLAIN, (xdrproc_t) xdr_WardRequest,
                         &(WardRequest) { (char *) "{\"domain\":\"a\"}" });
        expect_value(&peer, WardAnswer, &answer);
        free(answer.json);
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_EXPLAIN, (xdrproc_t) xdr_WardRequest,
                         &(WardRequest) { (char *) "{\"xml\":\"<domain/>\"}" });
        expect_error(&peer, 29, 10,
                     "operation forbidden: read only access prevents explain of a definition or an emulator of one's own");
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_WHY, (xdrproc_t) xdr_WardRequest,
                         &(WardRequest) { (char *) "{\"emulator\":\"/tmp/x\"}" });
        expect_error(&peer, 29, 10,
                     "operation forbidden: read only access prevents why of a definition or an emulator of one's own");
        peer_ask_program(&peer, WARD_PROGRAM, WARD_PROC_START, (xdrproc_t) xdr_WardRequest, &(WardRequest) { (char *) "{}" });
        expect_error(&peer, 29, 10, "operation forbidden: read only access prevents start");
        peer_close(&peer);
        bench_stop();
}

static void test_migration(void) {
        WireParam params[] = {
                { (char *) "destination_name", { 7, .WireValue_u.s = (char *) "fake1" } },
                { (char *) "bandwidth", { 4, .WireValue_u.ul = 9 } },
        };
        WireMigrateFinish finish = {};
        Peer peer;

        start(1);
        peer = peer_open(false, 0);
        ask_with(&peer, 306, WireMigrateFinishArgs, { 2, params }, { 3, (char *) "abc" }, 0x101, 0);
        expect_value(&peer, WireMigrateFinish, &finish);
        expect_str(finish.dom.name, "fake1");
        expect_int(finish.cookie.cookie_len, ==, 3);
        xdr_free((xdrproc_t) xdr_WireMigrateFinish, (char *) &finish);
        expect_str(fake_driver_last_migration(bench.fake),
                   "finish flags=0x101 dname=fake1 bandwidth=9 cookie=abc cancelled=0 n=2");
        ask_with(&peer, 306, WireMigrateFinishArgs, { 1, params }, {}, 0x101, 1);
        expect_error(&peer, 93, 10, "migration successfully aborted: domain 'fake1' is not running");
        params[1].field = (char *) "nonsense";
        ask_with(&peer, 306, WireMigrateFinishArgs, { 2, params }, {}, 0, 0);
        expect_error(&peer, 8, 0, "invalid argument: parameter 'nonsense' not supported");
        params[1] = params[0];
        ask_with(&peer, 306, WireMigrateFinishArgs, { 2, params }, {}, 0, 0);
        expect_error(&peer, 8, 0, "invalid argument: parameter 'destination_name' occurs multiple times");
        params[0].value.type = 1;
        ask_with(&peer, 306, WireMigrateFinishArgs, { 1, params }, {}, 0, 0);
        expect_error(&peer, 8, 0, "invalid argument: invalid type 'int' for parameter 'destination_name', expected 'string'");
        ask_with(&peer, 303, WireMigratePrepareArgs, {}, {}, 1);
        expect_error(&peer, 1, 10, "internal error: no domain XML passed");
        peer_close(&peer);
        bench_stop();
}

static void test_job_info(void) {
        WireJobInfo info = {};
        Peer peer;

        start(1);
        peer = peer_open(true, 0);
        ask_with(&peer, 163, WireDomainArg, fake1());
        expect_value(&peer, WireJobInfo, &info);
        expect_int(info.type, ==, 2);
        expect_int(info.time_elapsed, ==, 1234);
        expect_int(info.mem_total, ==, 4096);
        peer_close(&peer);
        bench_stop();
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "AUTH_LIST, byte for byte", test_golden_bytes },
                { "an error, byte for byte", test_golden_error },
                { "before the open", test_before_the_open },
                { "names that open, names that do not", test_names },
                { "a second open is refused and harms nothing", test_second_open },
                { "what does not exist is named", test_unknown },
                { "read-only connections are denied every row that is not for them", test_read_only_is_denied_all_else },
                { "a domain is found by its UUID, whatever else the reference says", test_domains_are_found_by_uuid },
                { "flags of a vCPU count", test_vcpu_flags },
                { "addresses of interfaces", test_addresses },
                { "arguments that are too short, or longer", test_payload_too_short_or_long },
                { "frames that are no calls are dropped", test_stray_frames_are_dropped },
                { "broken frames end the connection, and no other", test_broken_frames_end_the_connection },
                { "half a frame holds up nobody", test_half_a_frame },
                { "descriptors are not taken, the stream stays in step", test_descriptors_are_not_taken },
                { "quick answers overtake slow ones", test_answers_overtake },
                { "a client may go before its answer comes", test_client_gone_before_the_answer },
                { "five calls at once, keepalive always", test_five_calls_at_once },
                { "what is read ahead is bounded", test_backlog_is_bounded },
                { "turns are shared", test_turns_are_shared },
                { "a large answer", test_large_answer },
                { "the calls of a client that does not read wait", test_slow_reader_waits },
                { "an answer over the limit ends the connection", test_answer_over_the_limit },
                { "memory held for all clients is bounded", test_memory_for_all_is_bounded },
                { "one user leaves room for others", test_one_user_leaves_room_for_others },
                { "hanging up half is hanging up", test_hang_up },
                { "CONNECT_CLOSE is answered, then the server closes", test_close_is_answered },
                { "a graceful end waits for running calls", test_graceful_end },
                { "a graceful end with nobody there", test_graceful_end_with_nobody },
                { "over the limit of clients, the next one waits", test_client_limit },
                { "keepalive", test_keepalive },
                { "a connection that is never opened is closed", test_open_timeout },
                { "the private program", test_private_program },
                { "the private program, read-only", test_private_program_read_only },
                { "migration parameters", test_migration },
                { "job info", test_job_info },
                {}
        });
}
