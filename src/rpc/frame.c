/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/frame.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include "util/cleanup.h"

#define READ_AT_ONCE (256u * 1024)      /* one client's share of one turn of the loop */
#define OWN_LEAST 4096u

static uint32_t word_get(const uint8_t *bytes) {
        uint32_t word;

        memcpy(&word, bytes, sizeof(word));
        return ntohl(word);
}

void frame_header_get(const uint8_t *bytes, FrameHeader *ret) {
        *ret = (FrameHeader) {
                .length = word_get(bytes),
                .program = word_get(bytes + 4),
                .version = word_get(bytes + 8),
                .procedure = (int32_t) word_get(bytes + 12),
                .type = (int32_t) word_get(bytes + 16),
                .serial = word_get(bytes + 20),
                .status = (int32_t) word_get(bytes + 24),
        };
}

void frame_header_put(uint8_t *bytes, const FrameHeader *header) {
        const uint32_t words[] = {
                htonl(header->length), htonl(header->program), htonl(header->version), htonl((uint32_t) header->procedure),
                htonl((uint32_t) header->type), htonl(header->serial), htonl((uint32_t) header->status),
        };

        memcpy(bytes, words, sizeof(words));
}

void frame_input_done(FrameInput *input) {
        free(input->own);
        *input = (FrameInput) {};
}

static bool input_is_own(const FrameInput *input) {
        return input->own && input->bytes >= input->own && input->bytes <= input->own + input->own_size;
}

/* Room for at least more bytes behind the kept ones: they move to the front, or the space doubles. */
static void input_make_room(FrameInput *input, size_t more) {
        size_t size = input->own_size;

        if (input->len > 0 && input->bytes != input->own)
                memmove(input->own, input->bytes, input->len);
        while (size < input->len + more)
                size = size ? size * 2 : OWN_LEAST;
        if (size != input->own_size)
                input->own = xrealloc(input->own, size, 1);
        input->own_size = size;
        input->bytes = input->own;
}

/* How much is read at once into the own space: at least as much as is there, so that a long frame takes few turns and
 * never twice the memory of what has come. */
static size_t input_share(const FrameInput *input) {
        size_t share = input->len < OWN_LEAST ? OWN_LEAST : input->len;

        return share > READ_AT_ONCE ? READ_AT_ONCE : share;
}

static void input_drop_skipped(FrameInput *input) {
        size_t n = input->skip < input->len ? input->skip : input->len;

        input->bytes += n;
        input->len -= n;
        input->skip -= n;
}

ssize_t frame_input_read(FrameInput *input, int fd, uint8_t *scratch, size_t scratch_size) {
        ssize_t n;

        if (input->len == 0) {
                n = recv(fd, scratch, scratch_size, MSG_DONTWAIT);
                if (n > 0)
                        input->bytes = scratch;
        } else {
                assert(input_is_own(input));
                input_make_room(input, input_share(input));
                n = recv(fd, input->own + input->len, input->own_size - input->len, MSG_DONTWAIT);
        }
        if (n < 0)
                return -errno;
        input->len += (size_t) n;
        input_drop_skipped(input);
        return n;
}

void frame_input_settle(FrameInput *input) {
        const uint8_t *bytes = input->bytes;

        if (input->len == 0) {
                free(input->own);
                input->own = NULL;
                input->own_size = 0;
                input->bytes = NULL;
        } else if (!input_is_own(input)) {
                size_t len = input->len;

                input->len = 0;
                input_make_room(input, len);
                memcpy(input->own, bytes, len);
                input->len = len;
        }
}

FrameNext frame_input_peek(const FrameInput *input, size_t offset, const uint8_t **ret_bytes, FrameHeader *ret) {
        const uint8_t *bytes = input->bytes + offset;
        size_t left = input->len - offset;
        uint32_t length;

        if (left < sizeof(length))
                return FRAME_NONE;
        length = word_get(bytes);
        if (length < FRAME_HEADER_BYTES || length > FRAME_MAX)
                return FRAME_BROKEN;
        if (left < length)
                return FRAME_NONE;
        frame_header_get(bytes, ret);
        *ret_bytes = bytes;
        return FRAME_READY;
}

void frame_input_consume(FrameInput *input, const FrameHeader *header, unsigned n_fds) {
        input->bytes += header->length;
        input->len -= header->length;
        input->skip += n_fds;
        input_drop_skipped(input);
}

void frame_output_done(FrameOutput *output) {
        free(output->bytes);
        *output = (FrameOutput) {};
}

static void output_queue(FrameOutput *output, const uint8_t *bytes, size_t len) {
        size_t size = output->size;

        if (output->start > 0 && output->start + output->len + len > output->size) {
                memmove(output->bytes, output->bytes + output->start, output->len);
                output->start = 0;
        }
        while (size < output->start + output->len + len)
                size = size ? size * 2 : OWN_LEAST;
        if (size != output->size)
                output->bytes = xrealloc(output->bytes, size, 1);
        output->size = size;
        memcpy(output->bytes + output->start + output->len, bytes, len);
        output->len += len;
}

static ssize_t send_some(int fd, const void *bytes, size_t len) {
        ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        return n < 0 ? -errno : n;
}

int frame_output_send(FrameOutput *output, int fd, const void *bytes, size_t len, size_t max) {
        ssize_t n = 0;

        if (output->len == 0) {
                n = send_some(fd, bytes, len);
                if (n < 0)
                        return (int) n;
                if ((size_t) n == len)
                        return 0;
        }
        if (output->len + (len - (size_t) n) > max)
                return -ENOBUFS;
        output_queue(output, (const uint8_t *) bytes + n, len - (size_t) n);
        return 0;
}

int frame_output_flush(FrameOutput *output, int fd) {
        ssize_t n = output->len > 0 ? send_some(fd, output->bytes + output->start, output->len) : 0;

        if (n < 0)
                return (int) n;
        output->start += (size_t) n;
        output->len -= (size_t) n;
        if (output->len == 0)
                frame_output_done(output);
        return 0;
}
