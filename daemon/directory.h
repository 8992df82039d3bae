/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/directory.h - a directory that belongs to one running virtwardd: made, checked, locked. */
#pragma once
#include <sys/types.h>
#include "util/error.h"

typedef struct Directory {
        char *path;
        int fd, lock_fd;                /* -1: none */
} Directory;

#define DIRECTORY_EMPTY { .fd = -1, .lock_fd = -1 }

/* Makes it with mode when it is absent. what is the option's word for it ("state directory"). Refused, each with its remedy:
 * one of another user, one that others may write to, one that another virtwardd holds. A dead daemon's helper that still
 * finishes its writes is waited for. ret is filled for directory_close() on failure too. */
int directory_open(const char *path, const char *what, mode_t mode, Directory *ret, Error **err);
void directory_close(Directory *directory);
