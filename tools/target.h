/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/target.h - which daemon is meant: from -c, --socket and the user to a libvirt URI and, where there is one, its socket. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "util/error.h"

typedef struct Target {
        char *uri;              /* for libvirt */
        char *socket;           /* NULL: the URI names no UNIX socket, so virtward's private program cannot be reached */
        char *name;             /* "qemu:///session": what the private client opens; "": what the daemon serves */
        char *runtime_dir;      /* set only when this is the user's own session daemon, which may be started on demand */
} Target;

/* What the environment has to say, so that tests can say it too. NULL: not set. */
typedef struct TargetEnv {
        const char *xdg_runtime_dir, *xdg_cache_home, *home;
        uid_t uid;
} TargetEnv;

/* connect: "session", "system", a libvirt URI, or NULL (system for root, else session). socket: NULL or a path. */
int target_resolve(const char *connect, const char *socket, const TargetEnv *env, Target **ret, Error **err);
Target *target_free(Target *target);    /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Target, target_free)

/* Where to migrate to: a URI as it is; the path of a socket becomes the URI of the daemon behind it. The caller frees. */
char *target_uri_of(const char *uri_or_path);
