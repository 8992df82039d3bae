/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_domain.c - the objects of domains: org.libvirt.Domain and org.virtward.Domain1, a row per member. */
#include <errno.h>
#include "dbus/bus_private.h"
#include "util/json.h"
#include "util/log.h"

#define INTERFACE "org.libvirt.Domain"
#define WARD_INTERFACE "org.virtward.Domain1"

/* Which domain a message is for; 0 and *ret, or what a method returns after it has replied. */
static int read_uuid(sd_bus_message *message, sd_id128_t *ret) {
        if (bus_path_parse(sd_bus_message_get_path(message), ret) < 0)          /* in libvirt-dbus's own words */
                return sd_bus_reply_method_errorf(message, BUS_ERROR, "Invalid UUID in %s", sd_bus_message_get_path(message));
        return 0;
}

static int fail_unknown(sd_bus_message *message, sd_id128_t uuid) {
        return bus_fail_with(message, ERROR_NO_DOMAIN, "no domain with matching uuid '%s'", SD_ID128_TO_UUID_STRING(uuid));
}

static const DomainView *find_path(Bus *bus, const char *path) {
        sd_id128_t uuid;

        return bus_path_parse(path, &uuid) < 0 ? NULL : bus->driver->verbs->find_uuid(bus->driver, uuid);
}

/* ---- verbs of one domain ---- */

/* Those that take flags and answer nothing. */
static const struct {
        const char *member;
        size_t verb;                    /* offset in DriverVerbs */
} plain_verbs[] = {
        { "Destroy", offsetof(DriverVerbs, destroy) },
        { "Reboot", offsetof(DriverVerbs, reboot) },
        { "Reset", offsetof(DriverVerbs, reset) },
        { "Shutdown", offsetof(DriverVerbs, shutdown) },
        { "Undefine", offsetof(DriverVerbs, undefine) },
};

typedef void (*PlainVerb)(Driver *driver, sd_id128_t uuid, unsigned flags, Reply *reply);

static int method_plain(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        size_t i = 0;
        sd_id128_t uuid;
        uint32_t flags;
        PlainVerb verb;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        while (!streq(plain_verbs[i].member, sd_bus_message_get_member(message)))
                i++;
        verb = *(const PlainVerb *) ((const char *) bus->driver->verbs + plain_verbs[i].verb);
        verb(bus->driver, uuid, flags, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

static int method_create(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        Caller caller = bus_caller(bus);
        sd_id128_t uuid;
        uint32_t flags;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->create(bus->driver, &caller, uuid, flags, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

static int method_suspend(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        int r = read_uuid(message, &uuid);

        if (r != 0)
                return r;
        bus->driver->verbs->suspend(bus->driver, uuid, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

static int method_resume(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        int r = read_uuid(message, &uuid);

        if (r != 0)
                return r;
        bus->driver->verbs->resume(bus->driver, uuid, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

static int method_abort_job(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        int r = read_uuid(message, &uuid);

        if (r != 0)
                return r;
        bus->driver->verbs->abort_job(bus->driver, uuid, 0, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

/* ---- questions ---- */

static int method_xml_desc(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        uint32_t flags;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->xml_desc(bus->driver, uuid, flags, bus_call_new(bus, message, bus_answer_text));
        return 1;
}

/* A question that the view answers: no flags are known. 0 and *ret, or what a method returns after it has replied. */
static int read_view(Bus *bus, sd_bus_message *message, const DomainView **ret) {
        sd_id128_t uuid;
        uint32_t flags;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        if (flags != 0)
                return bus_fail_with(message, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function %s", flags,
                                     sd_bus_message_get_member(message));
        *ret = bus->driver->verbs->find_uuid(bus->driver, uuid);
        return *ret ? 0 : fail_unknown(message, uuid);
}

static int method_state(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const DomainView *domain;
        int r = read_view(userdata, message, &domain);

        return r != 0 ? r : sd_bus_reply_method_return(message, "(ii)", (int32_t) domain->state, (int32_t) domain->reason);
}

static int method_has_managed_save(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const DomainView *domain;
        int r = read_view(userdata, message, &domain);

        return r != 0 ? r : sd_bus_reply_method_return(message, "b", domain->has_managed_save);
}

static int answer_stats(sd_bus_message *reply, const Result *result) {
        bool any = result->stats.n > 0;

        return bus_append_params(reply, any ? result->stats.items[0].params : NULL, any ? result->stats.items[0].n_params : 0);
}

static int method_stats(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        uint32_t stats, flags;
        int r = sd_bus_message_read(message, "uu", &stats, &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->stats(bus->driver, &uuid, 1, stats, flags, bus_call_new(bus, message, answer_stats));
        return 1;
}

static int answer_job_stats(sd_bus_message *reply, const Result *result) {
        int r = sd_bus_message_open_container(reply, 'r', "ia{sv}");

        if (r >= 0)
                r = sd_bus_message_append(reply, "i", (int32_t) result->params.type);
        if (r >= 0)
                r = bus_append_params(reply, result->params.items, result->params.n);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_job_stats(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        uint32_t flags;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->job_stats(bus->driver, uuid, flags, bus_call_new(bus, message, answer_job_stats));
        return 1;
}

static int method_get_metadata(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        int32_t type;
        const char *uri;
        uint32_t flags;
        int r = sd_bus_message_read(message, "isu", &type, &uri, &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->get_metadata(bus->driver, uuid, type, bus_optional(uri), flags,
                                         bus_call_new(bus, message, bus_answer_text));
        return 1;
}

static int method_set_metadata(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        sd_id128_t uuid;
        int32_t type;
        const char *metadata, *key, *uri;
        uint32_t flags;
        int r = sd_bus_message_read(message, "isssu", &type, &metadata, &key, &uri, &flags);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->set_metadata(bus->driver, uuid, type, metadata, bus_optional(key), bus_optional(uri), flags,
                                         bus_call_new(bus, message, bus_answer_none));
        return 1;
}

/* An intent ("required", "preferred", "no", or "" for none) in, the report in JSON out. */
static int method_explain_start(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        CLEANUP(json_put) json_object *request = json_object_new_object();
        CLEANUP(free) char *text = NULL;
        Bus *bus = userdata;
        sd_id128_t uuid;
        const char *intent;
        int r = sd_bus_message_read(message, "s", &intent);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        json_add_string(request, "operation", "start");
        json_add_string(request, "domain", SD_ID128_TO_UUID_STRING(uuid));
        json_add_string(request, "migratable", bus_optional(intent));
        text = json_text(request);
        bus->driver->verbs->explain(bus->driver, text, bus_call_new(bus, message, bus_answer_text));
        return 1;
}

/* ---- properties ---- */

static int get_property(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *error);

/* Never reached: on_message() takes every Set, because a setter of sd-bus could not answer later. */
static int set_property(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *value,
                        void *userdata, sd_bus_error *error) {
        return -EOPNOTSUPP;
}

#define METHOD(member, in, out, handler)                                                                                         \
        SD_BUS_METHOD_WITH_ARGS(member, SD_BUS_ARGS in, SD_BUS_RESULT out, handler, SD_BUS_VTABLE_UNPRIVILEGED)
#define PROPERTY(member, signature, flags) SD_BUS_PROPERTY(member, signature, get_property, 0, flags)
#define SIGNAL(member, ...) SD_BUS_SIGNAL_WITH_ARGS(member, SD_BUS_ARGS(__VA_ARGS__), 0)

static const sd_bus_vtable domain_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("AbortJob", (NULL), (NULL), method_abort_job),
        METHOD("Create", ("u", flags), (NULL), method_create),
        METHOD("Destroy", ("u", flags), (NULL), method_plain),
        METHOD("GetJobStats", ("u", flags), ("(ia{sv})", stats), method_job_stats),
        METHOD("GetMetadata", ("i", type, "s", uri, "u", flags), ("s", metadata), method_get_metadata),
        METHOD("GetState", ("u", flags), ("(ii)", state), method_state),
        METHOD("GetStats", ("u", stats, "u", flags), ("a{sv}", records), method_stats),
        METHOD("GetXMLDesc", ("u", flags), ("s", xml), method_xml_desc),
        METHOD("HasManagedSaveImage", ("u", flags), ("b", managedSaveImage), method_has_managed_save),
        METHOD("Reboot", ("u", flags), (NULL), method_plain),
        METHOD("Reset", ("u", flags), (NULL), method_plain),
        METHOD("Resume", (NULL), (NULL), method_resume),
        METHOD("SetMetadata", ("i", type, "s", metadata, "s", key, "s", uri, "u", flags), (NULL), method_set_metadata),
        METHOD("Shutdown", ("u", flags), (NULL), method_plain),
        METHOD("Suspend", (NULL), (NULL), method_suspend),
        METHOD("Undefine", ("u", flags), (NULL), method_plain),
        PROPERTY("Active", "b", 0),
        SD_BUS_WRITABLE_PROPERTY("Autostart", "b", get_property, set_property, 0, SD_BUS_VTABLE_UNPRIVILEGED),
        PROPERTY("Id", "u", 0),
        PROPERTY("Name", "s", 0),
        PROPERTY("OSType", "s", 0),
        PROPERTY("Persistent", "b", 0),
        PROPERTY("Updated", "b", 0),
        PROPERTY("UUID", "s", SD_BUS_VTABLE_PROPERTY_CONST),
        SIGNAL("BalloonChange", "t", actual),
        SIGNAL("IOError", "s", srcPath, "s", device, "i", action, "s", reason),
        SIGNAL("JobCompleted", "a{sv}", params),
        SIGNAL("MetadataChange", "i", type, "s", nsuri),
        SIGNAL("MigrationIteration", "i", iteration),
        SIGNAL("Reboot", NULL),
        SIGNAL("RTCChange", "x", utcoffset),
        SIGNAL("Watchdog", "i", action),
        SD_BUS_VTABLE_END
};

static const sd_bus_vtable ward_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("ExplainStart", ("s", migratable), ("s", report), method_explain_start),
        SD_BUS_VTABLE_END
};

static int append_active(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "b", domain->active);
}
static int append_autostart(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "b", domain->autostart);
}
static int append_id(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "u", domain->active ? (uint32_t) domain->id : 0);
}
static int append_name(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "s", domain->name);
}
static int append_os_type(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "s", domain->os_type);
}
static int append_persistent(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "b", domain->persistent);
}
static int append_updated(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "b", domain->updated);
}
static int append_uuid(sd_bus_message *reply, const DomainView *domain) {
        return sd_bus_message_append(reply, "s", SD_ID128_TO_UUID_STRING(domain->uuid));
}

static const struct {
        const char *name;
        int (*append)(sd_bus_message *reply, const DomainView *domain);
} property_rows[] = {
        { "Active", append_active }, { "Autostart", append_autostart }, { "Id", append_id }, { "Name", append_name },
        { "OSType", append_os_type }, { "Persistent", append_persistent }, { "Updated", append_updated }, { "UUID", append_uuid },
};

static int get_property(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *error) {
        const DomainView *domain = find_path(userdata, path);
        size_t i = 0;

        if (!domain)
                return sd_bus_error_setf(error, BUS_ERROR, "Domain not found: no domain at %s", path);
        while (!streq(property_rows[i].name, property))
                i++;
        return property_rows[i].append(reply, domain);
}

/* Autostart is the only one that can be set. */
static int set_autostart(Bus *bus, sd_bus_message *message, const char *property) {
        sd_id128_t uuid;
        int autostart, r = sd_bus_message_read(message, "b", &autostart);

        if (r < 0 || (r = read_uuid(message, &uuid)) != 0)
                return r;
        bus->driver->verbs->set_autostart(bus->driver, uuid, autostart, bus_call_new(bus, message, bus_answer_none));
        return 1;
}

/* ---- signals ---- */

static int emit_params(Bus *bus, const char *path, const char *member, const Param *params, size_t n) {
        sd_bus_message *signal = NULL;
        int r = sd_bus_message_new_signal(bus->bus, &signal, path, INTERFACE, member);

        if (r >= 0)
                r = bus_append_params(signal, params, n);
        if (r >= 0)
                r = sd_bus_send(bus->bus, signal, NULL);
        sd_bus_message_unref(signal);
        return r;
}

static int emit(Bus *bus, const char *path, const DomainEvent *event) {
        switch (event->id) {
        case DOMAIN_EVENT_LIFECYCLE:
                return sd_bus_emit_signal(bus->bus, BUS_CONNECT_PATH, "org.libvirt.Connect", "DomainEvent", "oii", path,
                                          (int32_t) event->lifecycle.event, (int32_t) event->lifecycle.detail);
        case DOMAIN_EVENT_REBOOT:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "Reboot", NULL);
        case DOMAIN_EVENT_RTC_CHANGE:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "RTCChange", "x", event->number);
        case DOMAIN_EVENT_WATCHDOG:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "Watchdog", "i", (int32_t) event->number);
        case DOMAIN_EVENT_IO_ERROR_REASON:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "IOError", "ssis", event->io_error.path,
                                          event->io_error.alias, (int32_t) event->io_error.action, event->io_error.reason);
        case DOMAIN_EVENT_BALLOON_CHANGE:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "BalloonChange", "t", (uint64_t) event->number);
        case DOMAIN_EVENT_MIGRATION_ITERATION:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "MigrationIteration", "i", (int32_t) event->number);
        case DOMAIN_EVENT_JOB_COMPLETED:
                return emit_params(bus, path, "JobCompleted", event->job.params, event->job.n);
        case DOMAIN_EVENT_METADATA_CHANGE:
                return sd_bus_emit_signal(bus->bus, path, INTERFACE, "MetadataChange", "is", (int32_t) event->metadata.type,
                                          event->metadata.uri ? event->metadata.uri : "");
        default:
                return 0;               /* IO_ERROR: its signal is the one with a reason */
        }
}

void bus_domain_emit(Bus *bus, const DomainEvent *event) {
        char path[BUS_PATH_MAX];
        int r = emit(bus, bus_path_format(event->domain->uuid, path), event);

        if (r < 0 && r != -ENOTCONN)
                log_warning("domain '%s': its event %d is not told on the bus: %s", event->domain->name, event->id, strerror(-r));
}

/* ---- the subtree ---- */

static const BusInterface domain_interfaces[] = {
        { .name = INTERFACE, .vtable = domain_vtable, .set = set_autostart },
        { .name = WARD_INTERFACE, .vtable = ward_vtable },
        {}
};

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return bus_properties_handle(userdata, message, domain_interfaces, find_path(userdata, sd_bus_message_get_path(message)));
}

typedef struct Children {
        char **paths;
        size_t n;
} Children;

static bool add_child(const DomainView *domain, void *userdata) {
        Children *children = userdata;
        char path[BUS_PATH_MAX];

        *ARRAY_APPEND(children->paths, children->n) = xstrdup(bus_path_format(domain->uuid, path));
        return true;
}

/* sd-bus frees the list. */
static int list_children(sd_bus *b, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error) {
        Bus *bus = userdata;
        Children children = {};

        bus->driver->verbs->each_domain(bus->driver, add_child, &children);
        *ARRAY_APPEND(children.paths, children.n) = NULL;
        *ret_nodes = children.paths;
        return 0;
}

int bus_domain_add(Bus *bus) {
        int r = sd_bus_add_fallback(bus->bus, NULL, BUS_DOMAIN_PREFIX, on_message, bus);

        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus->bus, NULL, BUS_DOMAIN_PREFIX, INTERFACE, domain_vtable, NULL, bus);
        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus->bus, NULL, BUS_DOMAIN_PREFIX, WARD_INTERFACE, ward_vtable, NULL, bus);
        return r < 0 ? r : sd_bus_add_node_enumerator(bus->bus, NULL, BUS_DOMAIN_PREFIX, list_children, bus);
}
