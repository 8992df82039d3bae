/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/driver_qemu.h - the QEMU driver as the daemon makes it: one object behind the verbs of drivers/driver.h. */
#pragma once
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-id128.h>
#include "drivers/driver.h"
#include "util/error.h"
#include "util/op.h"

typedef struct PolicySettings PolicySettings;   /* policy/policy.h */

/* All borrowed for qemu_driver_new(), which copies what it keeps (the descriptors too). */
typedef struct QemuDriverConfig {
        const char *state_dir, *runtime_dir;    /* absolute; for messages and for paths handed to QEMU */
        int state_fd, runtime_fd;               /* the same, open; definitions/, why/, cache/ and domains/ are made below them */
        sd_id128_t host_uuid;                   /* refuses migration from a daemon that has the same */
        const char *host_name;                  /* what peers are told to connect to */
        const char *const *emulator_dirs;       /* where qemu-system-ARCH is looked for, NULL-terminated; NULL: /usr/bin, /usr/local/bin */
        const char *migration_address;          /* where incoming migrations listen; NULL: every address */
        const char *migration_host;             /* told to peers instead of host_name; NULL: host_name */
        uint16_t migration_port_min, migration_port_max;        /* 0, 0: 49152..49215 */
        bool system;                            /* qemu:///system: autostarted guests and the like; else a session */
        bool change_user;                       /* QEMU runs as uid, gid (the daemon is root) */
        uid_t uid;
        gid_t gid;
        const PolicySettings *policy;           /* NULL: the built-in defaults */
} QemuDriverConfig;

/* runner outlives the driver. Opens nothing but directories: definitions and running guests come with qemu_driver_load(). */
int qemu_driver_new(const QemuDriverConfig *config, OpRunner *runner, Driver **ret, Error **err);

/* Opens the store and finds running guests again. Definitions are there when it returns; guests of an earlier daemon are listed
 * with the state they were last seen in while their monitors are being opened again. Guests marked autostart that are not
 * running are started when `autostart` says so (the first start of the host, not of the daemon). */
int qemu_driver_load(Driver *driver, bool autostart, Error **err);

/* policy.conf was read again: holds for verdicts from now on. */
void qemu_driver_set_policy(Driver *driver, const PolicySettings *policy);

/* Running guests go on. Outstanding replies are answered with an error first. NULL is fine; returns NULL. */
Driver *qemu_driver_free(Driver *driver);
DEFINE_CLEANUP(Driver, qemu_driver_free)
