/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/rpc_server.h - libvirt's wire protocol over a Driver: listening sockets, and the clients that came in by them.
 *
 * The server lives on one sd_event loop and never blocks it. It speaks three programs on every socket: libvirt's `remote`,
 * libvirt's `qemu`, and virtward's own (util/ward_program.h). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>
#include "util/error.h"

typedef struct Driver Driver;
typedef struct RpcServer RpcServer;

typedef enum RpcMode { RPC_MODE_SYSTEM, RPC_MODE_SESSION } RpcMode;     /* qemu:///system or qemu:///session */

typedef struct RpcConfig {
        RpcMode mode;
        const char *hostname;           /* what CONNECT_GET_HOSTNAME answers; NULL: gethostname() */
        sd_id128_t host_uuid;
        unsigned max_clients;           /* over it, no connection is accepted until one ends */
        unsigned max_client_requests;   /* calls of one client that are worked on at once; over it, it is not read */
        size_t max_output_bytes;        /* queued for one client; over it, it is closed. Long before, its calls wait */
        size_t max_held_bytes;          /* of all clients' input and output together; over it, whoever holds much is closed */
        unsigned max_clients_per_user;  /* of one user who is neither root nor the daemon's own; more are hung up on */
        int keepalive_interval_sec;     /* 0 or less: no pings; for clients that asked for feature 10 only */
        unsigned keepalive_count;       /* unanswered pings after which a client is closed */
        int open_timeout_sec;           /* a connection that has not opened by then is closed; 0: never */
} RpcConfig;

/* libvirtd's where it has such a setting: system, 5000 clients, 5 calls, keepalive 5 s x 5. 64 MiB of output for one client,
 * 256 MiB held for all, 1000 clients of one user, 60 s to open. */
extern const RpcConfig rpc_config_default;

/* driver and loop outlive the server; config is copied. */
int rpc_server_new(sd_event *loop, Driver *driver, const RpcConfig *config, RpcServer **ret, Error **err);

/* Ends every connection at once, and stops listening. Calls that the driver still works on are answered into the void. */
RpcServer *rpc_server_free(RpcServer *server);
DEFINE_CLEANUP(RpcServer, rpc_server_free)

/* Accepts on a listening UNIX stream socket, blocking or not; takes fd over, also on failure. read_only: its clients may not
 * change anything. */
int rpc_server_listen(RpcServer *server, int fd, bool read_only, Error **err);

/* Closes the listening sockets; clients stay. */
void rpc_server_stop_accepting(RpcServer *server);

/* The graceful end: stops accepting and reading, lets running calls finish and their answers leave, closes each client as
 * it becomes idle. drained is called once, from the loop, when none is left (in a later turn if there is none now). */
void rpc_server_close_all(RpcServer *server, void (*drained)(void *userdata), void *userdata);

size_t rpc_server_n_clients(const RpcServer *server);
