/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/domain_status.h"

#include <stdio.h>
#include <unistd.h>

#include "drivers/qemu/qemu_caps.h"
#include "drivers/qemu/qemu_driver.h"
#include "util/fs.h"
#include "util/log.h"

#define STATUS_VERSION 1
#define STATUS_MAX (16 * 1024 * 1024)

void domain_file_name(sd_id128_t uuid, const char *suffix, char name[64]) {
        snprintf(name, 64, SD_ID128_UUID_FORMAT_STR "%s", SD_ID128_FORMAT_VAL(uuid), suffix);
}

static json_object *status_to_json(const Domain *domain) {
        const DomainLive *live = domain->live;
        json_object *status = json_object_new_object();
        CLEANUP(free) char *xml = domain_def_format(live->def, DOMAIN_FORMAT_SECURE);
        char uuid[SD_ID128_UUID_STRING_MAX];

        json_add_int(status, "version", STATUS_VERSION);
        json_add_string(status, "name", domain->name);
        json_add_string(status, "uuid", sd_id128_to_uuid_string(domain->uuid, uuid));
        json_add_int(status, "id", domain->id);
        json_add_int(status, "state", domain->state);
        json_add_int(status, "reason", domain->reason);
        json_add_int(status, "pid", live->process ? process_pid(live->process) : 0);
        json_add_uint(status, "start_time", live->process ? process_start_time(live->process) : 0);
        json_add_string(status, "emulator", live->caps ? qemu_caps_binary(live->caps) : live->def->emulator);
        json_add_uint(status, "balloon_kib", live->balloon_kib);
        json_add_int(status, "start_flag", live->start_flag);
        json_add_bool(status, "guaranteed", live->guaranteed);
        json_add_bool(status, "incoming", live->incoming);
        json_add_bool(status, "autodestroy", live->autodestroy_client != NULL);
        json_add_bool(status, "fake_reboot", live->fake_reboot);
        json_add_int(status, "migration_side", live->migration.side);
        json_add_string(status, "migration_phase", live->migration.phase);
        if (domain->job && domain->job->op) {
                json_add_string(status, "operation", op_name(domain->job->op));
                json_add_string(status, "step", op_step(domain->job->op));
        }
        json_add_string(status, "xml", xml);
        return status;
}

void domain_status_write(Domain *domain) {
        CLEANUP(json_put) json_object *status = status_to_json(domain);
        CLEANUP(free) char *text = json_text(status);
        char name[64];
        int r;

        domain_file_name(domain->uuid, ".json", name);
        r = fs_replace_at(domain->driver->domains_fd, name, text, strlen(text), 0600, false);
        if (r < 0)
                log_error("domain '%s': cannot write its status file; a restarted virtwardd would not find it again: %s", domain->name, strerror(-r));
}

void domain_status_remove(Domain *domain) {
        char name[64];

        domain_file_name(domain->uuid, ".json", name);
        unlinkat(domain->driver->domains_fd, name, 0);
}

static void remove_channels(QemuDriver *driver, const DomainDef *def) {
        LIST_FOR(channel, &def->channels) {
                CLEANUP(free) char *name = NULL;

                if (channel->source.type != CHAR_UNIX || !channel->info.alias)
                        continue;
                name = xasprintf(SD_ID128_UUID_FORMAT_STR ".%s", SD_ID128_FORMAT_VAL(def->uuid), channel->info.alias);
                if (fs_name_ok(name))
                        unlinkat(driver->domains_fd, name, 0);
        }
}

void domain_files_remove(QemuDriver *driver, sd_id128_t uuid, const DomainDef *def) {
        static const char *const suffixes[] = { ".json", ".monitor", ".stderr" };
        char name[64];

        for (size_t i = 0; i < N_ELEMENTS(suffixes); i++) {
                domain_file_name(uuid, suffixes[i], name);
                unlinkat(driver->domains_fd, name, 0);
        }
        if (def)
                remove_channels(driver, def);
}

static char *dup_string(json_object *object, const char *key) {
        return xstrdup(json_get_string(object, key));
}

static void status_from_json(json_object *json, DomainStatus *status) {
        *status = (DomainStatus) {
                .name = dup_string(json, "name"), .xml = dup_string(json, "xml"), .emulator = dup_string(json, "emulator"),
                .operation = dup_string(json, "operation"), .step = dup_string(json, "step"),
                .migration_phase = dup_string(json, "migration_phase"), .id = (int) json_get_int(json, "id", -1),
                .state = (int) json_get_int(json, "state", 0), .reason = (int) json_get_int(json, "reason", 0),
                .migration_side = (int) json_get_int(json, "migration_side", 0), .pid = json_get_int(json, "pid", 0),
                .start_time = json_get_uint(json, "start_time", 0), .balloon_kib = json_get_uint(json, "balloon_kib", 0),
                .start_flag = (DomainIntent) json_get_int(json, "start_flag", 0),
                .guaranteed = json_get_bool(json, "guaranteed", false), .incoming = json_get_bool(json, "incoming", false),
                .autodestroy = json_get_bool(json, "autodestroy", false), .fake_reboot = json_get_bool(json, "fake_reboot", false),
        };
}

static bool status_complete(const DomainStatus *status) {
        return status->name && status->xml && status->id >= 0 && status->pid >= 0 && status->state > DOMAIN_NOSTATE &&
               status->state < DOMAIN_STATE_MAX && status->start_flag < INTENT_TYPE_MAX;
}

int domain_status_read(QemuDriver *driver, const char *file_name, DomainStatus *ret, Error **err) {
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(free) char *text = NULL;
        size_t len;
        int r = fs_read_at(driver->domains_fd, file_name, STATUS_MAX, &text, &len);

        if (r < 0)
                return error_set_errno(err, -r, "cannot read the status file '%s'", file_name);
        if (json_parse(text, len, file_name, &json, err) < 0)
                return -1;
        if (json_get_int(json, "version", 0) != STATUS_VERSION)
                return error_set(err, ERROR_INTERNAL, "the status file '%s' is of another version of virtward", file_name);
        status_from_json(json, ret);
        if (!status_complete(ret) || sd_id128_from_string(json_get_string(json, "uuid") ? json_get_string(json, "uuid") : "", &ret->uuid) < 0) {
                domain_status_done(ret);
                return error_set(err, ERROR_INTERNAL, "the status file '%s' is incomplete", file_name);
        }
        return 0;
}

void domain_status_done(DomainStatus *status) {
        free(status->name);
        free(status->xml);
        free(status->emulator);
        free(status->operation);
        free(status->step);
        free(status->migration_phase);
        *status = (DomainStatus) {};
}
