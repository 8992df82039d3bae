/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/rpc_client.h - one connection: what it sent, what it is owed, what it may do, and how it ends.
 *
 * A client is ended once, for whatever reason, and freed in a later turn of the loop: nothing that runs on its behalf is
 * pulled away underfoot. Calls that the driver still works on outlive it and are answered into the void. */
#pragma once
#include <stdbool.h>
#include <systemd/sd-event.h>
#include "drivers/driver.h"
#include "rpc/frame.h"

typedef struct RpcClient RpcClient;
typedef struct RpcServer RpcServer;
typedef struct PendingCall PendingCall;
typedef struct Subscription Subscription;

struct RpcClient {
        RpcServer *server;
        RpcClient *prev, *next;         /* the server's list of live ones, or of ended ones */
        int fd;
        Caller caller;                  /* read_only: by its socket, or since it opened so */
        bool opened;
        bool closing;                   /* nothing more is read; ended when all is answered and sent */
        bool ended;
        char *uri;                      /* what it opened */

        FrameInput in;
        size_t scanned;                 /* bytes of `in` whose keepalive messages are answered already */
        FrameOutput out;
        size_t held_bytes;              /* of both, as counted in the server */
        uint32_t io_events;
        bool has_more;                  /* whole frames are waiting for this client's next turn */
        sd_event_source *more, *timer;

        PendingCall *calls;
        unsigned n_calls;

        Subscription *subscriptions;
        unsigned n_subscriptions;

        bool keepalive;                 /* it asked for feature 10 */
        uint64_t last_input_usec;
        unsigned n_pings;               /* unanswered */
};

/* Takes fd over. */
RpcClient *rpc_client_new(RpcServer *server, int fd, bool read_only);
RpcClient *rpc_client_free(RpcClient *client);          /* after rpc_client_end() only */

/* Whole messages. Never fails: a client that cannot take them is ended. */
void rpc_client_send(RpcClient *client, const void *bytes, size_t len);

/* The same for what it did not ask for just now: a listener that does not listen is ended earlier. */
void rpc_client_send_event(RpcClient *client, const void *bytes, size_t len);

/* Reads no more, ends once everything owed is answered and sent. */
void rpc_client_close(RpcClient *client);
void rpc_client_end(RpcClient *client, const char *why);

void rpc_client_opened(RpcClient *client);
void rpc_client_use_keepalive(RpcClient *client);

/* Its socket is ready. */
void rpc_client_on_io(RpcClient *client, uint32_t revents);

/* A call of it was answered: it may have more to do. */
void rpc_client_call_done(RpcClient *client);
