/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/sync_writer_child.h - the other side of sync_writer.h: what the child process does with the requests it reads. */
#pragma once
#include <stdint.h>
#include <sys/types.h>
#include "util/sync_writer.h"

/* A request on the socket: this, then the name, then the data. The answer is an int32_t: 0 or -errno. */
typedef struct SyncWriterHead {
        uint32_t remove, mode, name_len, data_len;
} SyncWriterHead;

/* Runs in a fork of the daemon until the socket ends or the parent dies. */
void sync_writer_child(pid_t parent, int socket, int dir_fd, const SyncWriterHook *hook) __attribute__((noreturn));
