/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/frame.h - libvirt's frames on a stream socket: a length word, a header, a payload; cut out of what was read, and
 * queued for what cannot be written yet. No payload is understood here.
 *
 * Input takes memory for bytes that have come, not for bytes that were announced, and none while a connection is idle. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAME_HEADER_BYTES 28u          /* with the length word */
#define FRAME_MAX 33554436u             /* libvirt's limit, the length word counted */
#define FRAME_FDS_MAX 32u

typedef enum FrameType {
        FRAME_CALL = 0,
        FRAME_REPLY = 1,
        FRAME_EVENT = 2,
        FRAME_STREAM = 3,
        FRAME_CALL_FDS = 4,             /* payload begins with a count; as many bytes with SCM_RIGHTS follow the frame */
        FRAME_REPLY_FDS = 5,
        FRAME_HOLE = 6,
} FrameType;

typedef enum FrameStatus { FRAME_OK = 0, FRAME_ERROR = 1, FRAME_CONTINUE = 2 } FrameStatus;

typedef struct FrameHeader {
        uint32_t length, program, version;
        int32_t procedure, type;
        uint32_t serial;
        int32_t status;
} FrameHeader;

void frame_header_get(const uint8_t *bytes, FrameHeader *ret);
void frame_header_put(uint8_t *bytes, const FrameHeader *header);

/* ---- input ---- */

typedef struct FrameInput {             /* zeroed: empty */
        const uint8_t *bytes;           /* what is not consumed yet: in own, or in the reader's scratch space */
        size_t len;
        uint8_t *own;
        size_t own_size;
        size_t skip;                    /* bytes of descriptors that are dropped as they come */
} FrameInput;

typedef enum FrameNext { FRAME_NONE, FRAME_READY, FRAME_BROKEN } FrameNext;

void frame_input_done(FrameInput *input);

/* Reads once. Bytes read, 0 at the end of the stream, -errno (-EAGAIN: nothing there). Descriptors that come along are
 * closed by the kernel. What lands in scratch is lost after the next read by anybody: frame_input_settle() first. */
ssize_t frame_input_read(FrameInput *input, int fd, uint8_t *scratch, size_t scratch_size);

/* Takes the not yet consumed bytes home from scratch; gives memory back when there are none. */
void frame_input_settle(FrameInput *input);

/* The frame at offset bytes past the first one not consumed, if it is all there. FRAME_BROKEN: no frame can be found any more. */
FrameNext frame_input_peek(const FrameInput *input, size_t offset, const uint8_t **ret_bytes, FrameHeader *ret);

/* Consumes the first frame, and the bytes of its descriptors. */
void frame_input_consume(FrameInput *input, const FrameHeader *header, unsigned n_fds);

/* ---- output ---- */

typedef struct FrameOutput {            /* zeroed: empty */
        uint8_t *bytes;
        size_t start, len, size;        /* len bytes from start are to be sent */
} FrameOutput;

void frame_output_done(FrameOutput *output);

/* Sends at once what the socket takes, queues the rest. -EPIPE and the like when the peer is gone, -ENOBUFS when more than max
 * bytes would be queued. */
int frame_output_send(FrameOutput *output, int fd, const void *bytes, size_t len, size_t max);

/* Sends more of the queue: 0, or -errno. Empty when output->len is 0. */
int frame_output_flush(FrameOutput *output, int fd);
