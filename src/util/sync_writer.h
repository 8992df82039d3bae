/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/sync_writer.h - durable changes of one directory that the loop never waits for: a child process writes and syncs.
 *
 * The child takes everything that is queued, writes temporary files (FS_TEMP_PREFIX) and syncs them, renames them in the
 * order of the requests, syncs the directory once, then answers each request: many changes share the syncs, and whoever is
 * told 0 has it on the disk. Requests for one name keep their order. When the child dies, all that is outstanding
 * fails with -EIO (the old or the new file is there, whole) and the next request starts another child. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>
#include "util/cleanup.h"

typedef struct SyncWriter SyncWriter;

#define SYNC_WRITER_MAX_REQUESTS 4096
#define SYNC_WRITER_MAX_BYTES (64 * 1024 * 1024)

/* For tests. Asked in the child before each system call that changes the disk; what it returns below zero (-ENOSPC) is the
 * call's result instead, and it may end the process to play a crash there. */
typedef struct SyncWriterHook {
        int (*before)(const char *call, void *userdata);
        void *userdata;
} SyncWriterHook;

/* 0 when the change is durable, else -errno. Called from the loop, once per accepted request, in their order. It may queue
 * more but not free the writer. */
typedef void (*SyncWriterDone)(void *userdata, int r);

/* Starts the child at once, so it shares little memory with a daemon that grows. dir_fd is duplicated. hook may be NULL and
 * outlives the writer. -errno. */
int sync_writer_new(sd_event *loop, int dir_fd, const SyncWriterHook *hook, SyncWriter **ret);

/* What is outstanding is not waited for: its callbacks get -ECANCELED. NULL is fine; returns NULL. */
SyncWriter *sync_writer_free(SyncWriter *writer);
DEFINE_CLEANUP(SyncWriter, sync_writer_free)

/* Queues a request; name is one path component (fs_name_ok()), data is copied. -errno (done is then never called):
 * -EINVAL for such a name, -ENOBUFS when too much is queued, or why no child could be started. */
int sync_writer_replace(SyncWriter *writer, const char *name, const void *data, size_t len, mode_t mode, SyncWriterDone done,
                        void *userdata);
int sync_writer_remove(SyncWriter *writer, const char *name, SyncWriterDone done, void *userdata);      /* -ENOENT when absent */

size_t sync_writer_outstanding(const SyncWriter *writer);
pid_t sync_writer_pid(const SyncWriter *writer);        /* 0: no child now */

/* For the end of the daemon: waits, without the loop, until nothing is outstanding. -ETIMEDOUT when it takes longer. */
int sync_writer_flush(SyncWriter *writer, uint64_t timeout_usec);
