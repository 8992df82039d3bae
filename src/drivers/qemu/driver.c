/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/driver.c - the QEMU driver's object: its tables of domains, its listeners, its row of verbs. */
#include "drivers/qemu/driver_qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "drivers/qemu/blockers.h"
#include "drivers/qemu/capabilities.h"
#include "drivers/qemu/definition.h"
#include "drivers/qemu/domain_adopt.h"
#include "drivers/qemu/domain_control.h"
#include "drivers/qemu/domain_define.h"
#include "drivers/qemu/domain_start.h"
#include "drivers/qemu/domain_stats.h"
#include "drivers/qemu/domain_stop.h"
#include "drivers/qemu/explain.h"
#include "drivers/qemu/diff.h"
#include "drivers/qemu/lint.h"
#include "drivers/qemu/migration.h"
#include "drivers/qemu/native.h"
#include "drivers/qemu/qemu_driver.h"
#include "drivers/qemu/why.h"
#include "util/fs.h"
#include "util/log.h"
#include "util/strbuf.h"

#define FLUSH_USEC (10 * USEC_PER_SEC)

/* ---- Tables ---- */

static unsigned long uuid_hash(const void *key) {
        const sd_id128_t *uuid = key;

        return (unsigned long) (uuid->qwords[0] ^ uuid->qwords[1]);
}

static int uuid_equal(const void *a, const void *b) {
        return sd_id128_equal(*(const sd_id128_t *) a, *(const sd_id128_t *) b);
}

static unsigned long id_hash(const void *key) {
        return (unsigned long) (uintptr_t) key * 2654435761u;
}

static int id_equal(const void *a, const void *b) {
        return a == b;
}

static void *id_key(int id) {
        return (void *) (intptr_t) id;
}

static Domain *table_find(struct lh_table *table, const void *key) {
        struct lh_entry *entry = lh_table_lookup_entry(table, key);

        return entry ? (Domain *) lh_entry_v(entry) : NULL;
}

Domain *driver_find_uuid(QemuDriver *driver, sd_id128_t uuid) {
        return table_find(driver->by_uuid, &uuid);
}

Domain *driver_find_name(QemuDriver *driver, const char *name) {
        return table_find(driver->by_name, name);
}

Domain *driver_find_id(QemuDriver *driver, int id) {
        return id >= 0 ? table_find(driver->by_id, id_key(id)) : NULL;
}

Domain *driver_find_text(QemuDriver *driver, const char *text) {
        Domain *domain = driver_find_name(driver, text);
        sd_id128_t uuid;

        if (!domain && sd_id128_from_string(text, &uuid) >= 0)
                domain = driver_find_uuid(driver, uuid);
        return domain;
}

Domain *driver_need_uuid(QemuDriver *driver, sd_id128_t uuid, Error **err) {
        Domain *domain = driver_find_uuid(driver, uuid);
        char text[SD_ID128_UUID_STRING_MAX];

        if (!domain)
                error_set(err, ERROR_NO_DOMAIN, "no domain with matching uuid '%s'", sd_id128_to_uuid_string(uuid, text));
        return domain;
}

int driver_check_name(QemuDriver *driver, const char *name, sd_id128_t uuid, Error **err) {
        const Domain *by_name = driver_find_name(driver, name), *by_uuid = driver_find_uuid(driver, uuid);
        char text[SD_ID128_UUID_STRING_MAX];

        if (by_uuid && !streq(by_uuid->name, name))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_FAILED, "domain '%s' is already defined with uuid %s", by_uuid->name,
                                      sd_id128_to_uuid_string(uuid, text));
        if (by_name && !sd_id128_equal(by_name->uuid, uuid))
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_FAILED, "domain '%s' already exists with uuid %s", name,
                                      sd_id128_to_uuid_string(by_name->uuid, text));
        return 0;
}

void driver_add(QemuDriver *driver, Domain *domain) {
        lh_table_insert(driver->by_uuid, &domain->uuid, domain);
        lh_table_insert(driver->by_name, domain->name, domain);
}

void driver_remove(QemuDriver *driver, Domain *domain) {
        lh_table_delete(driver->by_name, domain->name);
        lh_table_delete(driver->by_uuid, &domain->uuid);
}

void driver_add_id(QemuDriver *driver, Domain *domain) {
        lh_table_insert(driver->by_id, id_key(domain->id), domain);
}

void driver_remove_id(QemuDriver *driver, Domain *domain) {
        lh_table_delete(driver->by_id, id_key(domain->id));
}

static void table_each(struct lh_table *table, bool (*each)(Domain *domain, void *userdata), void *userdata) {
        struct lh_entry *entry;

        lh_foreach(table, entry)
                if (!each((Domain *) lh_entry_v(entry), userdata))
                        return;
}

void driver_each(QemuDriver *driver, bool (*each)(Domain *domain, void *userdata), void *userdata) {
        table_each(driver->by_uuid, each, userdata);
}

void driver_each_active(QemuDriver *driver, bool (*each)(Domain *domain, void *userdata), void *userdata) {
        table_each(driver->by_id, each, userdata);
}

int flags_check(unsigned flags, unsigned allowed, const char *function, Error **err) {
        if (flags & ~allowed)
                return error_set_plain(err, ERROR_FROM_QEMU, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function %s", flags & ~allowed, function);
        return 0;
}

/* ---- Read at once ---- */

static const DomainView *view_of(const Domain *domain) {
        return domain ? &domain->view : NULL;
}

static const DomainView *qemu_find_uuid(Driver *driver, sd_id128_t uuid) {
        return view_of(driver_find_uuid(qemu_driver(driver), uuid));
}

static const DomainView *qemu_find_name(Driver *driver, const char *name) {
        return view_of(driver_find_name(qemu_driver(driver), name));
}

static const DomainView *qemu_find_id(Driver *driver, int id) {
        return view_of(driver_find_id(qemu_driver(driver), id));
}

typedef struct EachView {
        bool (*each)(const DomainView *domain, void *userdata);
        void *userdata;
} EachView;

static bool each_view(Domain *domain, void *userdata) {
        EachView *each = userdata;

        return each->each(&domain->view, each->userdata);
}

static void qemu_each_domain(Driver *driver, bool (*each)(const DomainView *domain, void *userdata), void *userdata) {
        driver_each(qemu_driver(driver), each_view, &(EachView) { each, userdata });
}

static uint64_t qemu_hypervisor_version(Driver *base) {
        QemuDriver *driver = qemu_driver(base);
        const char *binary = qemu_caps_cache_default_binary(driver->caps, NULL);
        const QemuCaps *caps = binary ? qemu_caps_cache_peek(driver->caps, binary) : NULL;

        return caps ? qemu_caps_version(caps) : 0;
}

static void on_version_known(QemuCaps *caps, const Error *err, void *userdata) {
        Reply *reply = userdata;

        if (err)
                reply_fail(reply, err);
        else
                reply_number(reply, qemu_caps_version(caps));
}

static void qemu_hypervisor_version_ask(Driver *base, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        QemuDriver *driver = qemu_driver(base);
        const char *binary = qemu_caps_cache_default_binary(driver->caps, NULL);

        if (binary) {
                qemu_caps_cache_get(driver->caps, binary, on_version_known, reply);
                return;
        }
        error_set(&err, ERROR_INTERNAL, "Cannot find suitable emulator for the host's architecture; install a qemu-system package");
        reply_fail(reply, err);
}

static void qemu_capabilities(Driver *base, Reply *reply) {
        qemu_capabilities_ask(qemu_driver(base)->caps, qemu_driver(base)->host_uuid, reply);
}

static void qemu_domain_capabilities(Driver *base, const char *emulator, const char *arch, const char *machine, const char *virttype,
                                     unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;

        if (flags_check(flags, 0, "qemuConnectGetDomainCapabilities", &err) < 0)
                reply_fail(reply, err);
        else
                qemu_domain_capabilities_ask(qemu_driver(base)->caps, emulator, arch, machine, virttype, reply);
}

/* ---- Listeners ---- */

static void qemu_subscribe(Driver *base, const DriverEvents *events, void *userdata) {
        QemuDriver *driver = qemu_driver(base);

        *ARRAY_APPEND(driver->listeners, driver->n_listeners) = (Listener) { .events = events, .userdata = userdata };
}

static void qemu_unsubscribe(Driver *base, const DriverEvents *events, void *userdata) {
        QemuDriver *driver = qemu_driver(base);

        for (size_t i = 0; i < driver->n_listeners; i++) {
                if (driver->listeners[i].events != events || driver->listeners[i].userdata != userdata)
                        continue;
                driver->n_listeners--;
                memmove(&driver->listeners[i], &driver->listeners[i + 1], (driver->n_listeners - i) * sizeof(Listener));
                return;
        }
}

/* ---- Verbs ---- */

static const DriverVerbs qemu_verbs = {
        .type = "QEMU",
        .find_uuid = qemu_find_uuid,
        .find_name = qemu_find_name,
        .find_id = qemu_find_id,
        .each_domain = qemu_each_domain,
        .hypervisor_version = qemu_hypervisor_version,
        .hypervisor_version_ask = qemu_hypervisor_version_ask,
        .capabilities = qemu_capabilities,
        .domain_capabilities = qemu_domain_capabilities,
        .to_native = qemu_to_native,
        .define = qemu_define,
        .undefine = qemu_undefine,
        .create_xml = qemu_create_xml,
        .create = qemu_create,
        .destroy = qemu_destroy,
        .shutdown = qemu_shutdown,
        .reboot = qemu_reboot,
        .reset = qemu_reset,
        .suspend = qemu_suspend,
        .resume = qemu_resume,
        .xml_desc = qemu_xml_desc,
        .set_autostart = qemu_set_autostart,
        .get_metadata = qemu_get_metadata,
        .set_metadata = qemu_set_metadata,
        .stats = qemu_stats,
        .job_stats = qemu_job_stats,
        .abort_job = qemu_abort_job,
        .monitor_command = qemu_monitor_command,
        .migrate_begin = qemu_migrate_begin,
        .migrate_prepare = qemu_migrate_prepare,
        .migrate_perform = qemu_migrate_perform,
        .migrate_finish = qemu_migrate_finish,
        .migrate_confirm = qemu_migrate_confirm,
        .explain = qemu_explain,
        .why = qemu_why,
        .policy_show = qemu_policy_show,
        .host_facts = qemu_host_facts,
        .lint = qemu_lint,
        .diff = qemu_diff,
        .start = qemu_start,
        .client_gone = qemu_client_gone,
        .subscribe = qemu_subscribe,
        .unsubscribe = qemu_unsubscribe,
};

/* ---- Life ---- */

static char *join_dirs(const char *const *dirs) {
        StrBuf text = {};

        for (; dirs && *dirs; dirs++)
                strbuf_addf(&text, "%s%s", text.len > 0 ? ":" : "", *dirs);
        return text.len > 0 ? strbuf_steal(&text) : NULL;
}

static void copy_config(QemuDriver *driver, const QemuDriverConfig *config) {
        driver->state_dir = xstrdup(config->state_dir);
        driver->runtime_dir = xstrdup(config->runtime_dir);
        driver->nvram_dir = xasprintf("%s/nvram", config->state_dir);
        driver->host_name = xstrdup(config->host_name);
        driver->migration_address = xstrdup(config->migration_address);
        driver->migration_host = xstrdup(config->migration_host);
        driver->host_uuid = config->host_uuid;
        driver->migration_port_min = config->migration_port_min ? config->migration_port_min : 49152;
        driver->migration_port_max = config->migration_port_max ? config->migration_port_max : 49215;
        driver->system = config->system;
        driver->change_user = config->change_user;
        driver->uid = config->uid;
        driver->gid = config->gid;
        if (config->policy)
                driver->policy = *config->policy;
}

static int open_dirs(QemuDriver *driver, const QemuDriverConfig *config, Error **err) {
        CLEANUP(close) int cache_fd = -1;
        CLEANUP(free) char *search = join_dirs(config->emulator_dirs);
        struct { int dir_fd; const char *name; int *fd; } dirs[] = {
                { config->state_fd, "why", &driver->why_fd },
                { config->state_fd, "pins", &driver->pins_fd },
                { config->state_fd, "cache", &cache_fd },
                { config->runtime_fd, "domains", &driver->domains_fd },
        };

        driver->state_fd = fcntl(config->state_fd, F_DUPFD_CLOEXEC, 3);
        driver->runtime_fd = fcntl(config->runtime_fd, F_DUPFD_CLOEXEC, 3);
        for (size_t i = 0; i < N_ELEMENTS(dirs); i++) {
                int r = fs_open_dir_at(dirs[i].dir_fd, dirs[i].name, 0700, dirs[i].fd);

                if (r < 0)
                        return error_set_errno(err, -r, "cannot open the directory '%s'", dirs[i].name);
        }
        driver->caps = qemu_caps_cache_new(driver->runner->loop, cache_fd, search);
        if (driver->change_user)
                qemu_caps_cache_set_user(driver->caps, driver->uid, driver->gid);
        return 0;
}

int qemu_driver_new(const QemuDriverConfig *config, OpRunner *runner, Driver **ret, Error **err) {
        QemuDriver *driver = xnew(QemuDriver);

        driver->driver.verbs = &qemu_verbs;
        driver->runner = runner;
        driver->state_fd = driver->runtime_fd = driver->domains_fd = driver->why_fd = driver->pins_fd = -1;
        driver->by_uuid = lh_table_new(64, NULL, uuid_hash, uuid_equal);
        driver->by_name = lh_kchar_table_new(64, NULL);
        driver->by_id = lh_table_new(16, NULL, id_hash, id_equal);
        copy_config(driver, config);
        if (open_dirs(driver, config, err) < 0) {
                qemu_driver_free(&driver->driver);
                return -1;
        }
        driver->facts = facts_store_new(NULL);
        *ret = &driver->driver;
        return 0;
}

void qemu_driver_set_policy(Driver *driver, const PolicySettings *policy) {
        qemu_driver(driver)->policy = *policy;
}

static bool load_stored(const StoredDomain *stored, void *userdata) {
        domain_take_facts(domain_new(userdata, stored->facts.uuid, stored->facts.name), &stored->facts);
        return true;
}

static int open_store(QemuDriver *driver, Error **err) {
        CLEANUP(close) int fd = -1;
        int r = fs_open_dir_at(driver->state_fd, "definitions", 0700, &fd);

        if (r < 0)
                return error_set_errno(err, -r, "cannot open the directory '%s/definitions'", driver->state_dir);
        return domain_store_open(driver->runner->loop, fd, NULL, &driver->store, err);
}

typedef struct Autostart {
        sd_id128_t *uuids;
        size_t n;
} Autostart;

static bool note_autostart(Domain *domain, void *userdata) {
        Autostart *list = userdata;

        if (domain->autostart && !domain->live)
                *ARRAY_APPEND(list->uuids, list->n) = domain->uuid;
        return true;
}

/* Nobody waits for these: how they came out is in the log and in `why`. */
static void autostart_answered(Reply *reply, const Result *result, const Error *err) {
        free(reply);
}

static void autostart_all(QemuDriver *driver) {
        Autostart list = {};
        Caller nobody = {};

        driver_each(driver, note_autostart, &list);
        for (size_t i = 0; i < list.n; i++) {
                Reply *reply = xnew(Reply);

                reply->done = autostart_answered;
                qemu_create(&driver->driver, &nobody, list.uuids[i], 0, reply);
        }
        free(list.uuids);
}

int qemu_driver_load(Driver *base, bool autostart, Error **err) {
        QemuDriver *driver = qemu_driver(base);

        if (open_store(driver, err) < 0)
                return -1;
        domain_store_each(driver->store, load_stored, driver);
        domains_adopt(driver);
        why_load(driver);
        if (blockers_watch(driver, err) < 0)
                return -1;
        if (autostart)
                autostart_all(driver);
        return 0;
}

static bool pick_first(Domain *domain, void *userdata) {
        *(Domain **) userdata = domain;
        return false;
}

static void free_domains(QemuDriver *driver) {
        for (;;) {
                Domain *domain = NULL;

                driver_each(driver, pick_first, &domain);
                if (!domain)
                        return;
                if (domain->live)
                        domain_set_inactive(domain);    /* QEMU goes on: only what we know of it is let go */
                domain_free(domain);
        }
}

Driver *qemu_driver_free(Driver *base) {
        CLEANUP(error_free) Error *err = NULL;
        QemuDriver *driver = qemu_driver(base);

        if (!driver)
                return NULL;
        error_set(&err, ERROR_OPERATION_ABORTED, "virtwardd is ending");
        sd_event_source_disable_unref(driver->blockers_timer);
        definitions_abandon(driver, err);
        facts_abandon(driver, err);
        if (driver->store)
                domain_store_flush(driver->store, FLUSH_USEC);
        domain_store_free(driver->store);
        if (driver->pin_writer)
                sync_writer_flush(driver->pin_writer, FLUSH_USEC);
        sync_writer_free(driver->pin_writer);
        free_domains(driver);
        why_done(driver);
        lh_table_free(driver->by_id);
        lh_table_free(driver->by_name);
        lh_table_free(driver->by_uuid);
        facts_store_free(driver->facts);
        qemu_caps_cache_free(driver->caps);
        close_fd(driver->state_fd);
        close_fd(driver->runtime_fd);
        close_fd(driver->domains_fd);
        close_fd(driver->why_fd);
        close_fd(driver->pins_fd);
        free(driver->listeners);
        free(driver->state_dir);
        free(driver->runtime_dir);
        free(driver->nvram_dir);
        free(driver->host_name);
        free(driver->migration_address);
        free(driver->migration_host);
        free(driver);
        return NULL;
}
