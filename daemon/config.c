/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/config.c - a row per setting of virtwardd.conf, and what settings must be to one another. */
#include "config.h"

#include <systemd/sd-id128.h>

#include "options.h"
#include "util/log.h"

DEFINE_ENUM_TABLE(log_level_table, "log level",
        [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug");

static int check_uuid(const char *value, Error **err) {
        sd_id128_t uuid;

        if (sd_id128_from_string(value, &uuid) < 0 || sd_id128_is_null(uuid))
                return error_set(err, ERROR_INVALID_ARG, "'%s' is not a UUID", value);
        return 0;
}

static int check_dirs(const char *value, Error **err) {
        CLEANUP(free) char *copy = xstrdup(value);
        char *next = copy;

        while (next) {
                const char *dir = strsep(&next, ":");

                if (dir[0] != '/')
                        return error_set(err, ERROR_INVALID_ARG, "'%s' is not an absolute path", dir);
        }
        return 0;
}

#define FIELD(name) offsetof(Config, name)

const ConfRow config_rows[] = {
        { "log_level",           CONF_ENUM, FIELD(log_level), .table = &log_level_table },
        { "socket_group",        CONF_TEXT, FIELD(socket_group) },
        { "read_only_socket",    CONF_BOOL, FIELD(read_only_socket) },
        { "host_uuid",           CONF_TEXT, FIELD(host_uuid), .check = check_uuid },
        { "host_name",           CONF_TEXT, FIELD(host_name) },
        { "emulator_dirs",       CONF_TEXT, FIELD(emulator_dirs), .check = check_dirs },
        { "qemu_user",           CONF_TEXT, FIELD(qemu_user) },
        { "qemu_group",          CONF_TEXT, FIELD(qemu_group) },
        { "migration_address",   CONF_TEXT, FIELD(migration_address) },
        { "migration_host",      CONF_TEXT, FIELD(migration_host) },
        { "migration_port_min",  CONF_UINT, FIELD(migration_port_min), .min = 1, .max = 65535 },
        { "migration_port_max",  CONF_UINT, FIELD(migration_port_max), .min = 1, .max = 65535 },
        { "max_clients",         CONF_UINT, FIELD(max_clients), .min = 1, .max = 100000 },
        { "max_client_requests", CONF_UINT, FIELD(max_client_requests), .min = 1, .max = 1000 },
        { "keepalive_interval",  CONF_UINT, FIELD(keepalive_interval), .min = 0, .max = 86400 },
        { "keepalive_count",     CONF_UINT, FIELD(keepalive_count), .min = 1, .max = 1000 },
        { "autostart",           CONF_BOOL, FIELD(autostart) },
        { "dbus",                CONF_BOOL, FIELD(dbus) },
        {}
};

static const Config config_default = {
        .log_level = LOG_LEVEL_INFO,
        .read_only_socket = true,
        .migration_port_min = 49152,    /* libvirt's range, which firewalls know */
        .migration_port_max = 49215,
        .max_clients = 5000,
        .max_client_requests = 5,
        .keepalive_interval = 5,
        .keepalive_count = 5,
        .autostart = true,
        .dbus = true,
};

static int config_check(const Config *config, const char *path, Error **err) {
        if (config->migration_port_min > config->migration_port_max)
                return error_set(err, ERROR_CONF_SYNTAX, "%s: migration_port_min is %u, which is more than migration_port_max, %u", path,
                                 config->migration_port_min, config->migration_port_max);
        return 0;
}

int config_read(const Options *options, Config *ret, Error **err) {
        *ret = config_default;
        if (conf_read(options->config_file, options->config_given, config_rows, ret, err) < 0 ||
            config_check(ret, options->config_file, err) < 0)
                return -1;
        if (options->log_level_given)
                ret->log_level = options->log_level;
        return conf_read(options->policy_file, false, policy_conf_rows, &ret->policy, err);
}

void config_done(Config *config) {
        conf_done(config_rows, config);
        conf_done(policy_conf_rows, &config->policy);
}
