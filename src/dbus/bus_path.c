/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_path.c - the path of a domain: the prefix, an underscore, the UUID with underscores for its dashes. */
#include <errno.h>
#include <stdio.h>
#include "dbus/bus_private.h"

#define PREFIX BUS_DOMAIN_PREFIX "/_"
#define UUID_LEN 36

const char *bus_path_format(sd_id128_t uuid, char path[BUS_PATH_MAX]) {
        size_t n = sizeof(PREFIX) - 1;

        memcpy(path, PREFIX, n);
        sd_id128_to_uuid_string(uuid, path + n);
        for (char *at = path + n; *at; at++)
                if (*at == '-')
                        *at = '_';
        return path;
}

int bus_path_parse(const char *path, sd_id128_t *ret) {
        char uuid[UUID_LEN + 1];

        if (strncmp(path, PREFIX, sizeof(PREFIX) - 1) != 0 || strlen(path) != sizeof(PREFIX) - 1 + UUID_LEN)
                return -EINVAL;
        memcpy(uuid, path + sizeof(PREFIX) - 1, sizeof(uuid));
        for (char *at = uuid; *at; at++)
                if (*at == '_')
                        *at = '-';
        return sd_id128_from_string(uuid, ret) < 0 ? -EINVAL : 0;
}
