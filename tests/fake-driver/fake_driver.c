/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-driver/fake_driver.h"

#include <assert.h>
#include <string.h>
#include "util/strbuf.h"
#include "util/xml.h"

typedef struct FakeDomain {
        DomainView view;
        char *name, *xml, *title;
} FakeDomain;

typedef struct Listener {
        const DriverEvents *events;
        void *userdata;
} Listener;

struct FakeDriver {
        Driver driver;
        FakeDomain **domains;
        size_t n_domains;
        int last_id;
        bool hold;
        Reply **held;
        size_t n_held;
        Listener *listeners;
        size_t n_listeners;
        size_t n_gone;
        char *last_migration;
};

static FakeDriver *fake_of(Driver *driver) {
        return (FakeDriver *) driver;
}

/* ---- domains ---- */

static FakeDomain *find(FakeDriver *fake, sd_id128_t uuid) {
        for (size_t i = 0; i < fake->n_domains; i++)
                if (sd_id128_equal(fake->domains[i]->view.uuid, uuid))
                        return fake->domains[i];
        return NULL;
}

static const DomainView *find_uuid(Driver *driver, sd_id128_t uuid) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        return domain ? &domain->view : NULL;
}

static const DomainView *find_name(Driver *driver, const char *name) {
        FakeDriver *fake = fake_of(driver);

        for (size_t i = 0; i < fake->n_domains; i++)
                if (strcmp(fake->domains[i]->name, name) == 0)
                        return &fake->domains[i]->view;
        return NULL;
}

static const DomainView *find_id(Driver *driver, int id) {
        FakeDriver *fake = fake_of(driver);

        for (size_t i = 0; i < fake->n_domains; i++)
                if (fake->domains[i]->view.id == id)
                        return &fake->domains[i]->view;
        return NULL;
}

static void each_domain(Driver *driver, bool (*each)(const DomainView *domain, void *userdata), void *userdata) {
        FakeDriver *fake = fake_of(driver);

        for (size_t i = 0; i < fake->n_domains; i++)
                if (!each(&fake->domains[i]->view, userdata))
                        return;
}

static FakeDomain *add(FakeDriver *fake, const char *name, sd_id128_t uuid, const char *xml) {
        static const char *const messages[] = { "tainted: made up" };
        FakeDomain *domain = xnew(FakeDomain);

        domain->name = xstrdup(name);
        domain->xml = xstrdup(xml);
        domain->view = (DomainView) {
                .name = domain->name, .uuid = uuid, .id = -1, .state = DOMAIN_SHUTOFF, .persistent = true, .os_type = "hvm",
                .max_memory_kib = 65536, .memory_kib = 65536, .n_vcpus = 1, .max_vcpus = 2, .messages = messages, .n_messages = 1,
        };
        *ARRAY_APPEND(fake->domains, fake->n_domains) = domain;
        return domain;
}

static FakeDomain *domain_free(FakeDomain *domain) {
        free(domain->name);
        free(domain->xml);
        free(domain->title);
        free(domain);
        return NULL;
}

static void drop(FakeDriver *fake, FakeDomain *domain) {
        for (size_t i = 0; i < fake->n_domains; i++)
                if (fake->domains[i] == domain) {
                        fake->domains[i] = fake->domains[--fake->n_domains];
                        domain_free(domain);
                        return;
                }
}

/* ---- events ---- */

void fake_driver_emit(FakeDriver *fake, const DomainEvent *event) {
        for (size_t i = 0; i < fake->n_listeners; i++)
                fake->listeners[i].events->domain_event(fake->listeners[i].userdata, event);
}

void fake_driver_emit_monitor(FakeDriver *fake, const DomainView *domain, const char *name, const char *details) {
        for (size_t i = 0; i < fake->n_listeners; i++)
                fake->listeners[i].events->monitor_event(fake->listeners[i].userdata, domain, name, 1700000000, 5, details);
}

static void emit(FakeDriver *fake, const FakeDomain *domain, LifecycleEvent event, int detail) {
        fake_driver_emit(fake, &(DomainEvent) { .id = DOMAIN_EVENT_LIFECYCLE, .domain = &domain->view,
                                                .lifecycle = { (int) event, detail } });
}

static void subscribe(Driver *driver, const DriverEvents *events, void *userdata) {
        FakeDriver *fake = fake_of(driver);

        *ARRAY_APPEND(fake->listeners, fake->n_listeners) = (Listener) { events, userdata };
}

static void unsubscribe(Driver *driver, const DriverEvents *events, void *userdata) {
        FakeDriver *fake = fake_of(driver);

        for (size_t i = 0; i < fake->n_listeners; i++)
                if (fake->listeners[i].events == events && fake->listeners[i].userdata == userdata)
                        fake->listeners[i--] = fake->listeners[--fake->n_listeners];
}

/* ---- answers ---- */

__attribute__((format(printf, 4, 5)))
static void fail(Reply *reply, ErrorDomain from, ErrorCode code, const char *format, ...) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                abort();
        va_end(ap);
        error_set_from(&err, from, code, "%s", text);
        reply_fail(reply, err);
}

static void not_running(Reply *reply) {
        fail(reply, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is not running");
}

static void give_or_hold(FakeDriver *fake, Reply *reply, const Result *result) {
        if (fake->hold)
                *ARRAY_APPEND(fake->held, fake->n_held) = reply;
        else
                reply_give(reply, result);
}

/* ---- verbs ---- */

static uint64_t hypervisor_version(Driver *driver) {
        return 0;
}

static void hypervisor_version_ask(Driver *driver, Reply *reply) {
        reply_number(reply, 7002022);
}

static void capabilities(Driver *driver, Reply *reply) {
        give_or_hold(fake_of(driver), reply, &(Result) { .kind = RESULT_TEXT, .text = "<capabilities/>" });
}

static void domain_capabilities(Driver *driver, const char *emulator, const char *arch, const char *machine, const char *virttype,
                                unsigned flags, Reply *reply) {
        CLEANUP(free)
        char *text = xasprintf("<domainCapabilities><arch>%s</arch><vcpu max='255'/></domainCapabilities>", arch ? arch : "any");

        reply_text(reply, text);
}

static char *child_text(xmlNode *root, const char *name) {
        for (xmlNode *node = root->children; node; node = node->next)
                if (node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0) {
                        xmlChar *content = xmlNodeGetContent(node);
                        char *text = xstrdup((const char *) content);

                        xmlFree(content);
                        return text;
                }
        return NULL;
}

static FakeDomain *define_text(FakeDriver *fake, const char *xml, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(free) char *name = NULL, *uuid_text = NULL;
        sd_id128_t uuid;
        xmlNode *root;
        FakeDomain *domain;

        if (xml_parse(xml, strlen(xml), "(domain_definition)", &doc, err) < 0 || xml_root(doc, "domain", &root, err) < 0)
                return NULL;
        name = child_text(root, "name");
        uuid_text = child_text(root, "uuid");
        if (!name || (uuid_text && sd_id128_from_string(uuid_text, &uuid) < 0)) {
                error_set(err, ERROR_XML, "missing domain name or bad UUID");
                return NULL;
        }
        if (!uuid_text)
                sd_id128_randomize(&uuid);
        domain = find(fake, uuid);
        if (!domain)
                return add(fake, name, uuid, xml);
        free(domain->xml);
        domain->xml = xstrdup(xml);
        domain->view.persistent = true;
        return domain;
}

static void define(Driver *driver, const char *xml, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        FakeDomain *domain = define_text(fake_of(driver), xml, &err);

        if (!domain) {
                reply_fail(reply, err);
                return;
        }
        emit(fake_of(driver), domain, LIFECYCLE_DEFINED, 0);
        reply_domain(reply, &domain->view);
}

static void undefine(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        FakeDriver *fake = fake_of(driver);
        FakeDomain *domain = find(fake, uuid);

        domain->view.persistent = false;
        emit(fake, domain, LIFECYCLE_UNDEFINED, 0);
        if (!domain->view.active)
                drop(fake, domain);
        reply_none(reply);
}

static void set_running(FakeDriver *fake, FakeDomain *domain, bool paused) {
        domain->view.active = true;
        domain->view.id = ++fake->last_id;
        domain->view.pid = getpid();
        domain->view.state = paused ? DOMAIN_PAUSED : DOMAIN_RUNNING;
        domain->view.reason = 1;
        emit(fake, domain, LIFECYCLE_RESUMED, 0);
        emit(fake, domain, LIFECYCLE_STARTED, 0);
}

static void create(Driver *driver, const Caller *caller, sd_id128_t uuid, unsigned flags, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        if (domain->view.active) {
                fail(reply, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is already running");
                return;
        }
        set_running(fake_of(driver), domain, flags & 1);
        reply_domain(reply, &domain->view);
}

static void create_xml(Driver *driver, const Caller *caller, const char *xml, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;
        FakeDomain *domain = define_text(fake_of(driver), xml, &err);

        if (!domain) {
                reply_fail(reply, err);
                return;
        }
        domain->view.persistent = false;
        set_running(fake_of(driver), domain, flags & 1);
        reply_domain(reply, &domain->view);
}

static void stop(FakeDriver *fake, FakeDomain *domain, int detail) {
        domain->view.active = false;
        domain->view.id = -1;
        domain->view.pid = 0;
        domain->view.state = DOMAIN_SHUTOFF;
        domain->view.reason = detail;
        emit(fake, domain, LIFECYCLE_STOPPED, detail);
        if (!domain->view.persistent)
                drop(fake, domain);
}

static void destroy(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        if (!domain->view.active) {
                not_running(reply);
                return;
        }
        stop(fake_of(driver), domain, 1);
        reply_none(reply);
}

static void shutdown_guest(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        if (!domain->view.active) {
                not_running(reply);
                return;
        }
        stop(fake_of(driver), domain, 0);
        reply_none(reply);
}

static void reboot(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        fake_driver_emit(fake_of(driver), &(DomainEvent) { .id = DOMAIN_EVENT_REBOOT, .domain = &domain->view });
        reply_none(reply);
}

static void reset(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        give_or_hold(fake_of(driver), reply, &(Result) { .kind = RESULT_NONE });
}

static void set_state(Driver *driver, sd_id128_t uuid, DomainState state, LifecycleEvent event, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        if (!domain->view.active) {
                not_running(reply);
                return;
        }
        domain->view.state = state;
        emit(fake_of(driver), domain, event, 0);
        reply_none(reply);
}

static void suspend(Driver *driver, sd_id128_t uuid, Reply *reply) {
        set_state(driver, uuid, DOMAIN_PAUSED, LIFECYCLE_SUSPENDED, reply);
}

static void resume(Driver *driver, sd_id128_t uuid, Reply *reply) {
        set_state(driver, uuid, DOMAIN_RUNNING, LIFECYCLE_RESUMED, reply);
}

static void xml_desc(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        reply_text(reply, find(fake_of(driver), uuid)->xml);
}

static void set_autostart(Driver *driver, sd_id128_t uuid, bool autostart, Reply *reply) {
        find(fake_of(driver), uuid)->view.autostart = autostart;
        reply_none(reply);
}

static void get_metadata(Driver *driver, sd_id128_t uuid, int type, const char *uri, unsigned flags, Reply *reply) {
        const char *title = find(fake_of(driver), uuid)->title;

        if (title && type == 1)
                reply_text(reply, title);
        else
                fail(reply, ERROR_FROM_DOMAIN, ERROR_NO_DOMAIN_METADATA, "Requested metadata element is not present");
}

static void set_metadata(Driver *driver, sd_id128_t uuid, int type, const char *metadata, const char *key, const char *uri,
                         unsigned flags, Reply *reply) {
        FakeDomain *domain = find(fake_of(driver), uuid);

        free(domain->title);
        domain->title = xstrdup(metadata);
        fake_driver_emit(fake_of(driver), &(DomainEvent) { .id = DOMAIN_EVENT_METADATA_CHANGE, .domain = &domain->view,
                                                           .metadata = { type, uri } });
        reply_none(reply);
}

static void stats(Driver *driver, const sd_id128_t *uuids, size_t n_uuids, unsigned what, unsigned flags, Reply *reply) {
        FakeDriver *fake = fake_of(driver);
        CLEANUP(free) DomainStats *items = xnew_n(DomainStats, fake->n_domains + 1);
        static const Param params[] = {
                { "state.state", PARAM_INT, .i = 1 },
                { "balloon.current", PARAM_ULLONG, .u = 65536 },
                { "block.0.name", PARAM_STRING, .s = "vda" },
        };
        size_t n = 0;

        for (size_t i = 0; i < fake->n_domains; i++)
                for (size_t j = 0; j < (n_uuids ? n_uuids : 1); j++)
                        if (n_uuids == 0 || sd_id128_equal(uuids[j], fake->domains[i]->view.uuid))
                                items[n++] = (DomainStats) { &fake->domains[i]->view, params, N_ELEMENTS(params) };
        reply_give(reply, &(Result) { .kind = RESULT_STATS, .stats = { items, n } });
}

static void job_stats(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        static const Param params[] = {
                { "operation", PARAM_INT, .i = 5 },
                { "time_elapsed", PARAM_ULLONG, .u = 1234 },
                { "memory_total", PARAM_ULLONG, .u = 4096 },
        };

        if (find(fake_of(driver), uuid)->view.active)
                reply_give(reply, &(Result) { .kind = RESULT_PARAMS, .params = { params, N_ELEMENTS(params), 2 } });
        else
                not_running(reply);
}

static void abort_job(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply) {
        fail(reply, ERROR_FROM_QEMU, ERROR_OPERATION_INVALID, "no job is active on the domain");
}

static void monitor_command(Driver *driver, sd_id128_t uuid, const char *command, unsigned flags, Reply *reply) {
        FakeDriver *fake = fake_of(driver);

        fake_driver_emit_monitor(fake, &find(fake, uuid)->view, "BALLOON_CHANGE", "{\"actual\":1}");
        reply_text(reply, "{\"return\":{},\"id\":\"libvirt-1\"}");
}

/* ---- migration: says back what it was told ---- */

static void note_migration(FakeDriver *fake, const char *phase, const MigrateArgs *args) {
        StrBuf text = {};

        strbuf_addf(&text, "%s flags=0x%llx", phase, (unsigned long long) args->flags);
        if (args->xml)
                strbuf_addf(&text, " xml=%s", args->xml);
        if (args->uri)
                strbuf_addf(&text, " uri=%s", args->uri);
        if (args->dname)
                strbuf_addf(&text, " dname=%s", args->dname);
        if (args->bandwidth_mib)
                strbuf_addf(&text, " bandwidth=%llu", (unsigned long long) args->bandwidth_mib);
        strbuf_addf(&text, " cookie=%.*s cancelled=%d n=%zu", (int) args->cookie_len, (const char *) args->cookie,
                    args->cancelled, args->n_params);
        free(fake->last_migration);
        fake->last_migration = strbuf_steal(&text);
}

static void give_migration(Reply *reply, const char *cookie, const char *xml, const char *uri, const DomainView *domain) {
        reply_give(reply, &(Result) { .kind = RESULT_MIGRATE, .migrate = { cookie, strlen(cookie) + 1, xml, uri, domain } });
}

static void migrate_begin(Driver *driver, const Caller *caller, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        note_migration(fake_of(driver), "begin", args);
        give_migration(reply, "c1", "<domain/>", NULL, NULL);
}

static void migrate_prepare(Driver *driver, const Caller *caller, const MigrateArgs *args, Reply *reply) {
        note_migration(fake_of(driver), "prepare", args);
        give_migration(reply, "c2", NULL, "tcp:127.0.0.1:49152", NULL);
}

static void migrate_perform(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        note_migration(fake_of(driver), "perform", args);
        give_migration(reply, "c3", NULL, NULL, NULL);
}

static void migrate_finish(Driver *driver, const MigrateArgs *args, Reply *reply) {
        FakeDriver *fake = fake_of(driver);

        note_migration(fake, "finish", args);
        if (args->cancelled)
                fail(reply, ERROR_FROM_QEMU, ERROR_MIGRATE_FINISH_OK, "domain '%s' is not running", args->dname);
        else
                give_migration(reply, "c4", NULL, NULL, find_name(driver, args->dname));
}

static void migrate_confirm(Driver *driver, sd_id128_t uuid, const MigrateArgs *args, Reply *reply) {
        note_migration(fake_of(driver), "confirm", args);
        reply_none(reply);
}

/* ---- what libvirt lacks: says the request back ---- */

static void echo(Driver *driver, const char *request, Reply *reply) {
        reply_text(reply, request);
}

static void start(Driver *driver, const Caller *caller, const char *request, Reply *reply) {
        echo(driver, request, reply);
}

static void client_gone(Driver *driver, void *client) {
        fake_of(driver)->n_gone++;
}

static const DriverVerbs verbs = {
        .type = "QEMU",
        .find_uuid = find_uuid,
        .find_name = find_name,
        .find_id = find_id,
        .each_domain = each_domain,
        .hypervisor_version = hypervisor_version,
        .hypervisor_version_ask = hypervisor_version_ask,
        .capabilities = capabilities,
        .domain_capabilities = domain_capabilities,
        .define = define,
        .undefine = undefine,
        .create_xml = create_xml,
        .create = create,
        .destroy = destroy,
        .shutdown = shutdown_guest,
        .reboot = reboot,
        .reset = reset,
        .suspend = suspend,
        .resume = resume,
        .xml_desc = xml_desc,
        .set_autostart = set_autostart,
        .get_metadata = get_metadata,
        .set_metadata = set_metadata,
        .stats = stats,
        .job_stats = job_stats,
        .abort_job = abort_job,
        .monitor_command = monitor_command,
        .migrate_begin = migrate_begin,
        .migrate_prepare = migrate_prepare,
        .migrate_perform = migrate_perform,
        .migrate_finish = migrate_finish,
        .migrate_confirm = migrate_confirm,
        .explain = echo,
        .why = echo,
        .policy_show = echo,
        .lint = echo,
        .diff = echo,
        .host_facts = NULL,             /* a verb that this driver has not */
        .start = start,
        .client_gone = client_gone,
        .subscribe = subscribe,
        .unsubscribe = unsubscribe,
};

/* ---- for tests ---- */

FakeDriver *fake_driver_new(void) {
        FakeDriver *fake = xnew(FakeDriver);

        fake->driver.verbs = &verbs;
        return fake;
}

FakeDriver *fake_driver_free(FakeDriver *fake) {
        if (!fake)
                return NULL;
        fake_driver_release(fake);
        assert(fake->n_listeners == 0);
        for (size_t i = 0; i < fake->n_domains; i++)
                domain_free(fake->domains[i]);
        free(fake->domains);
        free(fake->held);
        free(fake->listeners);
        free(fake->last_migration);
        free(fake);
        return NULL;
}

Driver *fake_driver(FakeDriver *fake) {
        return &fake->driver;
}

const DomainView *fake_driver_add(FakeDriver *fake, const char *name, bool running) {
        CLEANUP(free) char *xml = xasprintf("<domain type='qemu'>\n  <name>%s</name>\n</domain>\n", name);
        sd_id128_t uuid = SD_ID128_MAKE(aa, aa, aa, aa, 00, 00, 40, 00, 80, 00, 00, 00, 00, 00, 00, 00);
        FakeDomain *domain;

        uuid.bytes[14] = (uint8_t) ((fake->n_domains + 1) >> 8);
        uuid.bytes[15] = (uint8_t) (fake->n_domains + 1);
        domain = add(fake, name, uuid, xml);
        if (running)
                set_running(fake, domain, false);
        return &domain->view;
}

void fake_driver_hold(FakeDriver *fake) {
        fake->hold = true;
}

size_t fake_driver_n_held(const FakeDriver *fake) {
        return fake->n_held;
}

void fake_driver_release(FakeDriver *fake) {
        fake->hold = false;
        while (fake->n_held > 0)
                reply_text(fake->held[--fake->n_held], "<late/>");
}

size_t fake_driver_n_gone(const FakeDriver *fake) {
        return fake->n_gone;
}

const char *fake_driver_last_migration(const FakeDriver *fake) {
        return fake->last_migration;
}
