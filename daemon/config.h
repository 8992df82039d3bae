/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/config.h - virtwardd.conf and policy.conf, read together; the rows of the first are in config.c, of the second in policy/. */
#pragma once
#include <stdbool.h>
#include "policy/policy_settings.h"
#include "util/conf_file.h"
#include "util/error.h"

extern const EnumTable log_level_table;         /* values are LogLevel */
extern const ConfRow config_rows[];             /* of virtwardd.conf */

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
        PolicySettings policy;
} Config;

typedef struct Options Options;

/* Defaults, the files over them, the command line over these. ret is filled for config_done() on failure too. */
int config_read(const Options *options, Config *ret, Error **err);
void config_done(Config *config);
static inline void config_done_p(Config *config) {
        config_done(config);
}
