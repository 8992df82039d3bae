/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-frame.c - cutting frames out of what comes, in any pieces, and queueing what cannot leave. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include "rpc/frame.h"
#include "tap.h"
#include "util/cleanup.h"

static int ends[2];
static uint8_t scratch[65536];

static void open_pair(void) {
        if (ends[0] > 0) {
                close(ends[0]);
                close(ends[1]);
        }
        expect_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), ==, 0);
}

static size_t make_frame(uint8_t *bytes, uint32_t length, uint32_t serial) {
        const FrameHeader header = { .length = length, .program = 0x20008086, .version = 1, .procedure = 7, .serial = serial };

        frame_header_put(bytes, &header);
        memset(bytes + FRAME_HEADER_BYTES, 'x', length - FRAME_HEADER_BYTES);
        return length;
}

/* Reads once, settles, and says what is in front. */
static FrameNext read_one(FrameInput *input, FrameHeader *header, const uint8_t **bytes) {
        frame_input_read(input, ends[0], scratch, sizeof(scratch));
        frame_input_settle(input);
        memset(scratch, 0xee, sizeof(scratch));
        return frame_input_peek(input, 0, bytes, header);
}

static void test_header(void) {
        static const uint8_t golden[FRAME_HEADER_BYTES] = {
                0, 0, 0, 0x1c, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        };
        FrameHeader header;
        uint8_t bytes[FRAME_HEADER_BYTES];

        frame_header_get(golden, &header);
        expect_int(header.length, ==, 28);
        expect_int(header.program, ==, 0x20008086);
        expect_int(header.procedure, ==, 66);
        frame_header_put(bytes, &header);
        expect(memcmp(bytes, golden, sizeof(golden)) == 0);
}

static void test_byte_by_byte(void) {
        FrameInput input = {};
        uint8_t bytes[80];
        const uint8_t *found;
        FrameHeader header;
        size_t len = make_frame(bytes, 40, 1);

        open_pair();
        len += make_frame(bytes + len, 40, 2);
        for (size_t i = 0; i < len; i++) {
                expect_int(send(ends[1], bytes + i, 1, 0), ==, 1);
                if (read_one(&input, &header, &found) != FRAME_READY)
                        continue;
                expect_int(header.serial, ==, i == 39 ? 1 : 2);
                expect(memcmp(found, bytes + (i == 39 ? 0 : 40), 40) == 0);
                frame_input_consume(&input, &header, 0);
        }
        expect_int(input.len, ==, 0);
        expect_int(header.serial, ==, 2);
        frame_input_done(&input);
}

static void test_idle_takes_no_memory(void) {
        FrameInput input = {};
        uint8_t bytes[64];
        const uint8_t *found;
        FrameHeader header;

        open_pair();
        expect_int(send(ends[1], bytes, make_frame(bytes, 64, 1), 0), ==, 64);
        expect_int(frame_input_read(&input, ends[0], scratch, sizeof(scratch)), ==, 64);
        expect_int(frame_input_peek(&input, 0, &found, &header), ==, FRAME_READY);
        frame_input_consume(&input, &header, 0);
        frame_input_settle(&input);
        expect(!input.own);
        frame_input_done(&input);
}

static void test_announced_length_reserves_nothing(void) {
        FrameInput input = {};
        const uint32_t announced = htonl(FRAME_MAX);
        const uint8_t *found;
        FrameHeader header;

        open_pair();
        expect_int(send(ends[1], &announced, 4, 0), ==, 4);
        expect_int(read_one(&input, &header, &found), ==, FRAME_NONE);
        expect_int(input.own_size, <=, 4096);
        frame_input_done(&input);
}

static void test_bad_lengths(void) {
        static const uint32_t bad[] = { 0, 3, 4, 27, FRAME_MAX + 1, 0x7fffffff, 0xffffffff };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                FrameInput input = {};
                const uint32_t word = htonl(bad[i]);
                const uint8_t *found;
                FrameHeader header;

                open_pair();
                expect_int(send(ends[1], &word, 4, 0), ==, 4);
                expect_int(read_one(&input, &header, &found), ==, FRAME_BROKEN);
                frame_input_done(&input);
        }
}

static void test_largest_frame(void) {
        CLEANUP(free) uint8_t *bytes = xmalloc(FRAME_MAX);
        FrameInput input = {};
        const uint8_t *found;
        FrameHeader header;
        size_t sent = 0;
        FrameNext next = FRAME_NONE;

        open_pair();
        make_frame(bytes, FRAME_MAX, 9);
        while (next == FRAME_NONE) {
                ssize_t n = send(ends[1], bytes + sent, FRAME_MAX - sent, MSG_NOSIGNAL);

                sent += n > 0 ? (size_t) n : 0;
                next = read_one(&input, &header, &found);
                expect_int(input.own_size, <=, input.len < 4096 ? 8192 : 2 * input.len + 262144);
        }
        expect_int(next, ==, FRAME_READY);
        expect(memcmp(found, bytes, FRAME_MAX) == 0);
        frame_input_consume(&input, &header, 0);
        frame_input_settle(&input);
        expect(!input.own);
        frame_input_done(&input);
}

static void test_descriptors_are_skipped(void) {
        FrameInput input = {};
        uint8_t bytes[256], control[CMSG_SPACE(sizeof(int))] = {};
        struct iovec iov = { bytes, 1 };
        struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
        struct cmsghdr *item = CMSG_FIRSTHDR(&message);
        const uint8_t *found;
        FrameHeader header;

        open_pair();
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(item), &ends[0], sizeof(int));
        expect_int(send(ends[1], bytes, make_frame(bytes, 32, 1), 0), ==, 32);
        expect_int(read_one(&input, &header, &found), ==, FRAME_READY);
        frame_input_consume(&input, &header, 2);                /* as its payload said */
        expect_int(sendmsg(ends[1], &message, 0), ==, 1);
        expect_int(sendmsg(ends[1], &message, 0), ==, 1);
        expect_int(send(ends[1], bytes, make_frame(bytes, 28, 2), 0), ==, 28);
        for (int i = 0; i < 4 && read_one(&input, &header, &found) == FRAME_NONE; i++)
                ;
        expect_int(header.serial, ==, 2);
        expect_int(frame_input_peek(&input, 0, &found, &header), ==, FRAME_READY);
        frame_input_done(&input);
}

static void test_output_is_queued_and_bounded(void) {
        CLEANUP(free) uint8_t *block = xcalloc(1, 100000), *got = xmalloc(100000);
        FrameOutput output = {};
        size_t queued = 0, received = 0;
        int r = 0;

        open_pair();
        while (r == 0 && queued < 100) {
                block[0] = (uint8_t) queued;
                r = frame_output_send(&output, ends[0], block, 100000, 1000000);
                queued += r == 0;
        }
        expect_int(r, ==, -ENOBUFS);
        expect_int(output.len, <=, 1000000);
        while (received < queued * 100000) {
                ssize_t n = recv(ends[1], got, 100000 - received % 100000, MSG_DONTWAIT);

                if (n > 0 && received % 100000 == 0)
                        expect_int(got[0], ==, received / 100000);
                received += n > 0 ? (size_t) n : 0;
                expect_int(frame_output_flush(&output, ends[0]), ==, 0);
        }
        expect_int(output.len, ==, 0);
        expect(!output.bytes);
        frame_output_done(&output);
}

static void test_peer_is_gone(void) {
        FrameOutput output = {};
        FrameInput input = {};

        open_pair();
        close(ends[1]);
        ends[1] = dup(ends[0]);
        expect_int(frame_output_send(&output, ends[0], "x", 1, 100), ==, -EPIPE);
        expect_int(frame_input_read(&input, ends[0], scratch, sizeof(scratch)), ==, 0);
        frame_output_done(&output);
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "a header is read and written as libvirt's golden bytes", test_header },
                { "frames are found whatever the pieces they come in", test_byte_by_byte },
                { "an idle connection holds no input memory", test_idle_takes_no_memory },
                { "an announced length reserves nothing", test_announced_length_reserves_nothing },
                { "impossible lengths break the stream", test_bad_lengths },
                { "the largest frame comes through, its memory goes back", test_largest_frame },
                { "bytes that carry descriptors are skipped", test_descriptors_are_skipped },
                { "output is queued in order, up to its limit", test_output_is_queued_and_bounded },
                { "a peer that is gone is noticed", test_peer_is_gone },
                {}
        });
}
