/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/identity.h - who this host is to its peers, and as whom its guests run. */
#pragma once
#include <sys/types.h>
#include <systemd/sd-id128.h>
#include "util/error.h"

typedef struct QemuUser {
        uid_t uid;
        gid_t gid;
} QemuUser;

/* configured, else the one kept in the state directory, else a new one that is kept there from now on. */
int identity_host_uuid(const char *configured, int state_fd, sd_id128_t *ret, Error **err);

/* configured, else the machine's own; the caller frees. */
char *identity_host_name(const char *configured);

/* NULL for what is not configured: then the first user that exists of virtward-qemu, libvirt-qemu, qemu, nobody, with group kvm
 * if there is one; the group of a user that is configured is its own. */
int identity_qemu_user(const char *user, const char *group, QemuUser *ret, Error **err);

/* (gid_t) -1 when name is NULL. */
int identity_group(const char *name, gid_t *ret, Error **err);
