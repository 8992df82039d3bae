/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/ward_client.h - a small blocking client of virtward's private program, on the daemon's UNIX socket.
 *
 * One call at a time; every answer is bounded in size and in time. docs/private-api.md has what the calls carry. */
#pragma once
#include "util/error.h"
#include "util/ward_program.h"

typedef struct WardClient WardClient;

/* Connects and opens the hypervisor connection. open_name: "qemu:///session", "qemu:///system" or "" for the one there is. */
int ward_client_open(const char *socket_path, const char *open_name, WardClient **ret, Error **err);
WardClient *ward_client_free(WardClient *client);       /* NULL is fine; returns NULL */
DEFINE_CLEANUP(WardClient, ward_client_free)

/* JSON in, JSON out (the caller frees). An error of the daemon has its code, domain and message; ERROR_NO_SUPPORT says that
 * whoever listens there is not virtwardd. */
int ward_client_call(WardClient *client, WardProcedure procedure, const char *request, char **ret, Error **err);
