/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/config.h - virtwardd.conf: a field per setting; the rows are in config.c, the words for people in virtwardd.conf(5). */
#pragma once
#include <stdbool.h>
#include "util/conf_file.h"
#include "util/error.h"

extern const EnumTable log_level_table;         /* values are LogLevel */

typedef struct Config {
        int log_level;                  /* LogLevel */
        char *socket_group;             /* this group may use the read-write socket too; NULL: none */
        bool read_only_socket;
        char *host_uuid;                /* NULL: made once, kept in the state directory */
        char *host_name;                /* what clients and peers are told; NULL: the machine's */
        char *emulator_dirs;            /* "DIR:DIR"; NULL: the driver's own list */
        char *qemu_user, *qemu_group;   /* system mode; NULL: the first that exists of a list */
        char *migration_address, *migration_host;
        unsigned migration_port_min, migration_port_max;
        unsigned max_clients, max_client_requests;
        unsigned keepalive_interval, keepalive_count;
        bool autostart;                 /* start guests marked so */
        bool dbus;                      /* serve D-Bus too, when there is a bus */
} Config;

/* Defaults, then the file over them. ret is filled for config_done() on failure too. */
int config_read(const char *path, bool must_exist, Config *ret, Error **err);
void config_done(Config *config);
static inline void config_done_p(Config *config) {
        config_done(config);
}
