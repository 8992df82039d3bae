/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/server.h - RpcServer from the inside: what its clients, its rows and its events share. */
#pragma once
#include "rpc/dispatch.h"
#include "rpc/events.h"
#include "rpc/rpc_client.h"
#include "rpc/rpc_server.h"

#define SCRATCH_BYTES (64u * 1024)

typedef struct Listener Listener;

struct RpcServer {
        sd_event *loop;
        Driver *driver;
        RpcConfig config;
        char *hostname;                 /* config.hostname is this */
        Dispatch *dispatch;
        Events *events;

        Listener *listeners;
        size_t n_listeners;
        sd_event_source *accept_again;  /* after the process ran out of descriptors */

        /* All clients' sockets, as one source of the loop: sd_event looks at everything that is ready before each single
         * dispatch, which for n busy clients is n^2. */
        int epoll_fd;
        sd_event_source *epoll;

        RpcClient *clients, *ended;
        size_t n_clients;
        size_t held_bytes;              /* for clients: what came half, what could not leave yet */
        sd_event_source *reap;          /* frees the ended */

        void (*drained)(void *userdata);
        void *drained_userdata;

        uint8_t input[SCRATCH_BYTES];   /* what was read last, by whomever */
        uint8_t *output;                /* the message that is being encoded */
        size_t output_size;
};

/* The client has ended: out of the list of live ones, to be freed in a later turn. */
void rpc_server_client_ended(RpcServer *server, RpcClient *client);
