/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/live_setup.h"

#include <stdio.h>
#include <time.h>

typedef struct Setting {
        const char *command;
        json_object *arguments;
} Setting;

typedef struct Settings {
        Setting *items;
        size_t n;
} Settings;

static json_object *setting(Settings *settings, const char *command) {
        Setting *item = ARRAY_APPEND(settings->items, settings->n);

        *item = (Setting) { .command = command, .arguments = json_object_new_object() };
        return item->arguments;
}

static void add_links(Settings *settings, const DomainDef *def) {
        LIST_FOR(interface, &def->interfaces) {
                json_object *arguments;

                if (interface->link != INTERFACE_LINK_DOWN)
                        continue;
                arguments = setting(settings, "set_link");
                json_add_string(arguments, "name", interface->info.alias);
                json_add_bool(arguments, "up", false);
        }
}

/* "2030-01-31T23:00:00", in UTC, as seconds. */
static int expiry_seconds(const char *text, char ret[32], Error **err) {
        struct tm time = {};

        if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &time))
                return error_set(err, ERROR_XML, "passwdValidTo '%s' is no time like 2030-01-31T23:00:00", text);
        snprintf(ret, 32, "%lld", (long long) timegm(&time));
        return 0;
}

static int add_passwords(Settings *settings, const DomainDef *def, Error **err) {
        LIST_FOR(graphics, &def->graphics) {
                const char *protocol = graphics->type == GRAPHICS_VNC ? "vnc" : "spice";
                json_object *arguments;
                char seconds[32];

                if (!graphics->passwd || (graphics->type != GRAPHICS_VNC && graphics->type != GRAPHICS_SPICE))
                        continue;
                arguments = setting(settings, "set_password");
                json_add_string(arguments, "protocol", protocol);
                json_add_string(arguments, "password", graphics->passwd);
                if (!graphics->passwd_valid_to)
                        continue;
                if (expiry_seconds(graphics->passwd_valid_to, seconds, err) < 0)
                        return -1;
                arguments = setting(settings, "expire_password");
                json_add_string(arguments, "protocol", protocol);
                json_add_string(arguments, "time", seconds);
        }
        return 0;
}

static void add_balloon(Settings *settings, const DomainDef *def, bool incoming) {
        const MemballoonDef *balloon = def->memballoon;
        json_object *arguments;

        if (!balloon || balloon->model == MEMBALLOON_NONE || !balloon->info.alias)
                return;
        if (balloon->stats_period > 0) {
                CLEANUP(free) char *path = xasprintf("/machine/peripheral/%s", balloon->info.alias);

                arguments = setting(settings, "qom-set");
                json_add_string(arguments, "path", path);
                json_add_string(arguments, "property", "guest-stats-polling-interval");
                json_add_int(arguments, "value", balloon->stats_period);
        }
        if (!incoming && def->current_memory_kib.set && def->current_memory_kib.value < def->memory_kib) {
                arguments = setting(settings, "balloon");
                json_add_uint(arguments, "value", def->current_memory_kib.value * 1024);
        }
}

static void add_limit(json_object *arguments, const char *name, uint64_t value, bool required) {
        if (value || required)
                json_add_uint(arguments, name, value);
}

/* <iotune>: the totals must be said, 0 is no limit. */
static void add_disk_limits(Settings *settings, const DiskDef *disk) {
        json_object *arguments = setting(settings, "block_set_io_throttle");
        const DiskTune *t = &disk->tune;
        const struct {
                const char *name;
                uint64_t value;
                bool required;
        } rows[] = {
                { "bps", t->total_bytes_sec, true }, { "bps_rd", t->read_bytes_sec, true }, { "bps_wr", t->write_bytes_sec, true },
                { "iops", t->total_iops_sec, true }, { "iops_rd", t->read_iops_sec, true }, { "iops_wr", t->write_iops_sec, true },
                { "bps_max", t->total_bytes_sec_max }, { "bps_rd_max", t->read_bytes_sec_max }, { "bps_wr_max", t->write_bytes_sec_max },
                { "iops_max", t->total_iops_sec_max }, { "iops_rd_max", t->read_iops_sec_max }, { "iops_wr_max", t->write_iops_sec_max },
                { "bps_max_length", t->total_bytes_sec_max_length }, { "bps_rd_max_length", t->read_bytes_sec_max_length },
                { "bps_wr_max_length", t->write_bytes_sec_max_length }, { "iops_max_length", t->total_iops_sec_max_length },
                { "iops_rd_max_length", t->read_iops_sec_max_length }, { "iops_wr_max_length", t->write_iops_sec_max_length },
                { "iops_size", t->size_iops_sec },
        };

        /* The back end of a virtio device is a child of the device on its bus. */
        CLEANUP(free) char *id = xasprintf(disk->bus == DISK_BUS_VIRTIO ? "/machine/peripheral/%s/virtio-backend" : "%s", disk->info.alias);

        json_add_string(arguments, "id", id);
        json_add_string(arguments, "group", t->group_name ? t->group_name : disk->info.alias);
        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                add_limit(arguments, rows[i].name, rows[i].value, rows[i].required);
}

static void add_limits(Settings *settings, const DomainDef *def) {
        static const DiskTune none = {};

        LIST_FOR(disk, &def->disks)
                if (memcmp(&disk->tune, &none, sizeof(none)) != 0 && !disk_source_is_empty(&disk->source))
                        add_disk_limits(settings, disk);
}

static void settings_done(Settings *settings) {
        for (size_t i = 0; i < settings->n; i++)
                json_object_put(settings->items[i].arguments);
        free(settings->items);
}

OpResult live_setup(Op *op, Domain *domain, bool incoming, Error **err) {
        const DomainDef *def = domain->live->def;
        OpResult result = OP_DONE;
        Settings settings = {};

        add_links(&settings, def);
        add_limits(&settings, def);
        add_balloon(&settings, def, incoming);
        if (add_passwords(&settings, def, err) < 0)
                result = OP_FAILED;
        for (size_t i = 0; result != OP_FAILED && i < settings.n; i++)
                result = domain_qmp_ask(op, domain, settings.items[i].command, STEAL(settings.items[i].arguments), NULL, NULL,
                                        i + 1 < settings.n, err);
        settings_done(&settings);
        return result;
}
