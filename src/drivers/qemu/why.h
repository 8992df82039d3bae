/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/why.h - what is kept of a guest's last start and end: stderr, exit status, last QMP exchange, operation and step.
 *
 * QEMU's stderr is a FIFO in the runtime directory, open for reading and writing on both sides and never blocking: QEMU neither
 * waits for the daemon nor dies of its absence, and up to 64 KiB wait for the next daemon. After an end the story is a JSON
 * file, why/UUID.json in the state directory; while the guest lives it is put together when asked. */
#pragma once
#include <systemd/sd-event.h>
#include "drivers/qemu/domain.h"

#define STDERR_TAIL_BYTES (64 * 1024)

typedef struct StderrTail StderrTail;

/* Makes the FIFO dir_fd/name if it is absent and reads it from now on. */
int stderr_tail_open(sd_event *loop, int dir_fd, const char *name, StderrTail **ret, Error **err);
StderrTail *stderr_tail_free(StderrTail *tail);         /* NULL is fine; returns NULL; the FIFO stays */
/* A descriptor for QEMU; the caller closes it. -1 with *err set. */
int stderr_tail_open_writer(int dir_fd, const char *name, Error **err);
void stderr_tail_drain(StderrTail *tail);               /* takes what is there now */
/* All that is kept, oldest first; the caller frees. NULL tail: "". */
char *stderr_tail_text(const StderrTail *tail);
/* The last lines, at most 1000 bytes, for messages; the caller frees; NULL when there is nothing. */
char *stderr_tail_excerpt(const StderrTail *tail);

/* The story of an end (or a failed start), written to the file. operation, step and err may be NULL. */
void why_record(Domain *domain, const char *operation, const char *step, const Error *err, json_object *report);
void why_forget(QemuDriver *driver, sd_id128_t uuid);   /* the domain is undefined */
/* After the definitions are there: the stories of transient domains of earlier daemons, a few of which stay. */
void why_load(QemuDriver *driver);
/* At the driver's end; the files stay. */
void why_done(QemuDriver *driver);

/* The verb. */
void qemu_why(Driver *driver, const char *request, Reply *reply);
