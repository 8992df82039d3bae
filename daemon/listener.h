/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/listener.h - the two listening UNIX sockets: made in the runtime directory, or handed over by systemd. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "util/error.h"

#define SOCKET_NAME "virtward-sock"
#define SOCKET_NAME_READ_ONLY "virtward-sock-ro"
#define LISTENERS_MAX 2

typedef struct Listener {
        int fd;                         /* taken over by who serves it: then -1 */
        bool read_only;
        char *path;                     /* removed at the end; NULL: systemd made the socket and keeps it */
} Listener;

typedef struct Listeners {
        Listener items[LISTENERS_MAX];
        size_t n;
} Listeners;

/* Who may connect. group: (gid_t) -1 for nobody but the owner. */
typedef struct ListenerRights {
        gid_t group;                    /* may use the read-write socket too */
        bool read_only_socket;          /* make the second one at all */
        bool read_only_for_all;         /* everybody may use it, else only the owner */
} ListenerRights;

/* Sockets that systemd handed over (by name, see the units); n 0: none. When there is one, no other is made. */
int listeners_inherit(Listeners *ret, Error **err);

/* Makes them, with their rights from the first moment. A stale socket is replaced: the caller holds the directory's lock. */
int listeners_make(const char *runtime_dir, const ListenerRights *rights, Listeners *ret, Error **err);

/* Closes what was not taken over and removes the paths. */
void listeners_close(Listeners *listeners);
