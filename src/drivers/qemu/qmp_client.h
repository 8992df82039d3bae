/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/qmp_client.h - QMP over a connected socket, on the loop: pipelined calls, events, everything bounded.
 *
 * What QEMU sends is a stranger's bytes: a message over 16 MiB, nesting over 64, broken UTF-8 or JSON, or an answer to
 * nothing closes the connection. However it ends, each outstanding call is answered exactly once, with an error. */
#pragma once
#include <stdint.h>
#include <systemd/sd-event.h>
#include "util/error.h"
#include "util/json.h"

#define QMP_MAX_MESSAGE (16 * 1024 * 1024)
#define QMP_MAX_DEPTH 64
#define QMP_MAX_CALLS 1024              /* outstanding on one monitor */

typedef struct QmpClient QmpClient;
typedef struct QmpCall QmpCall;

typedef struct QmpHandlers {
        /* An event with QEMU's time stamp; data may be NULL. May be NULL itself. */
        void (*event)(void *userdata, const char *name, json_object *data, int64_t sec, unsigned usec);
        /* The connection is gone; told once, after every outstanding call was answered. May free the client. */
        void (*closed)(void *userdata, const Error *reason);
} QmpHandlers;

/* result (borrowed, may be any JSON) or err (borrowed): ERROR_NO_SUPPORT when QEMU knows no such command, ERROR_DEVICE_MISSING for
 * its class DeviceNotFound, else ERROR_INTERNAL; the detail is "unable to execute QEMU command 'X': DESC", as libvirt words it.
 * ERROR_OPERATION_FAILED: the monitor was lost. Told from the loop, never from within qmp_client_call(). */
typedef void (*QmpDone)(json_object *result, const Error *err, void *userdata);

/* Takes the connected stream socket over, also on failure. what names the guest in messages ("domain 'db1'"), copied. Waits for
 * the greeting by itself; calls made before it are sent in order after "qmp_capabilities", which it sends first. */
int qmp_client_new(sd_event *loop, int fd, const char *what, const QmpHandlers *handlers, void *userdata, QmpClient **ret, Error **err);

/* Connects to a listening socket at dir_fd/name (path length does not matter). */
int qmp_client_connect(sd_event *loop, int dir_fd, const char *name, const char *what, const QmpHandlers *handlers, void *userdata,
                       QmpClient **ret, Error **err);

/* Closes; outstanding calls are answered with an error first, the closed handler is not told. Returns NULL. */
QmpClient *qmp_client_free(QmpClient *client);
DEFINE_CLEANUP(QmpClient, qmp_client_free)

/* Takes arguments over (NULL: none), also on failure. NULL with *err: the connection is gone or too many calls are out. */
QmpCall *qmp_client_call(QmpClient *client, const char *command, json_object *arguments, QmpDone done, void *userdata, Error **err);

/* QEMU has ended: takes what it still wrote before it did (events say why), up to the end of the stream, which closes. */
void qmp_client_drain(QmpClient *client);

/* The caller no longer wants to know: done will not be called. The command is not taken back. Not after done was called. */
void qmp_call_cancel(QmpCall *call);

/* QEMU's description of the error, without the words around it; the message when it has none. Borrowed from err. */
const char *qmp_error_text(const Error *err);

json_object *qmp_client_greeting(const QmpClient *client);     /* the "QMP" member; NULL before it has come */

/* The last command sent and the last answer that came, as short JSON text; "" when none. Kept for `why`. */
const char *qmp_client_last_sent(const QmpClient *client);
const char *qmp_client_last_received(const QmpClient *client);
