/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_connect.c - the object of the connection: org.libvirt.Connect, a row per member over the driver's verbs. */
#include <errno.h>
#include <unistd.h>
#include "dbus/bus_private.h"
#include "util/host_info.h"

#define INTERFACE "org.libvirt.Connect"
#define HOST_NAME_SIZE 256

/* ---- domains ---- */

static int reply_path(sd_bus_message *message, const DomainView *domain) {
        char path[BUS_PATH_MAX];

        return sd_bus_reply_method_return(message, "o", bus_path_format(domain->uuid, path));
}

static int method_lookup_by_name(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        const DomainView *domain;
        const char *name;
        int r = sd_bus_message_read(message, "s", &name);

        if (r < 0)
                return r;
        domain = bus->driver->verbs->find_name(bus->driver, name);
        return domain ? reply_path(message, domain)
                      : bus_fail_with(message, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
}

static int method_lookup_by_uuid(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        const DomainView *domain;
        const char *text;
        sd_id128_t uuid;
        int r = sd_bus_message_read(message, "s", &text);

        if (r < 0)
                return r;
        if (sd_id128_from_string(text, &uuid) < 0)
                return bus_fail_with(message, ERROR_INVALID_ARG, "uuidstr in %s must be a valid UUID",
                                     "virDomainLookupByUUIDString");
        domain = bus->driver->verbs->find_uuid(bus->driver, uuid);
        return domain ? reply_path(message, domain)
                      : bus_fail_with(message, ERROR_NO_DOMAIN, "no domain with matching uuid '%s'", text);
}

static int method_lookup_by_id(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        const DomainView *domain;
        int32_t id;
        int r = sd_bus_message_read(message, "i", &id);

        if (r < 0)
                return r;
        domain = id >= 0 ? bus->driver->verbs->find_id(bus->driver, id) : NULL;
        return domain ? reply_path(message, domain)
                      : bus_fail_with(message, ERROR_NO_DOMAIN, "no domain with matching id %d", id);
}

typedef struct Listing {
        sd_bus_message *reply;
        uint32_t flags;
        int r;
} Listing;

static bool list_domain(const DomainView *domain, void *userdata) {
        Listing *listing = userdata;
        char path[BUS_PATH_MAX];

        if (domain_view_listed(domain, listing->flags))
                listing->r = sd_bus_message_append(listing->reply, "o", bus_path_format(domain->uuid, path));
        return listing->r >= 0;
}

static int reply_list(Bus *bus, sd_bus_message *message, uint32_t flags) {
        Listing listing = { .flags = flags };

        listing.r = sd_bus_message_new_method_return(message, &listing.reply);
        if (listing.r >= 0)
                listing.r = sd_bus_message_open_container(listing.reply, 'a', "o");
        if (listing.r >= 0)
                bus->driver->verbs->each_domain(bus->driver, list_domain, &listing);
        if (listing.r >= 0)
                listing.r = sd_bus_message_close_container(listing.reply);
        if (listing.r >= 0)
                listing.r = sd_bus_send(NULL, listing.reply, NULL);
        sd_bus_message_unref(listing.reply);
        return listing.r < 0 ? listing.r : 1;
}

static int method_list_domains(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        uint32_t flags;
        int r = sd_bus_message_read(message, "u", &flags);

        if (r < 0)
                return r;
        if (flags & ~(uint32_t) LIST_ALL_FLAGS)
                return bus_fail_with(message, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function ListDomains",
                                     flags & ~(uint32_t) LIST_ALL_FLAGS);
        return reply_list(userdata, message, flags);
}

static int method_define_xml(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        const char *xml;
        int r = sd_bus_message_read(message, "s", &xml);

        if (r < 0)
                return r;
        bus->driver->verbs->define(bus->driver, xml, 0, bus_call_new(bus, message, bus_answer_domain));
        return 1;
}

static int method_create_xml(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        Caller caller = bus_caller(bus);
        const char *xml;
        uint32_t flags;
        int r = sd_bus_message_read(message, "su", &xml, &flags);

        if (r < 0)
                return r;
        bus->driver->verbs->create_xml(bus->driver, &caller, xml, flags, bus_call_new(bus, message, bus_answer_domain));
        return 1;
}

static int append_record(sd_bus_message *reply, const DomainStats *record) {
        int r = sd_bus_message_open_container(reply, 'r', "sa{sv}");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", record->domain->name);
        if (r >= 0)
                r = bus_append_params(reply, record->params, record->n_params);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int answer_records(sd_bus_message *reply, const Result *result) {
        int r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");

        for (size_t i = 0; r >= 0 && i < result->stats.n; i++)
                r = append_record(reply, &result->stats.items[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_all_domain_stats(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        uint32_t stats, flags;
        int r = sd_bus_message_read(message, "uu", &stats, &flags);

        if (r < 0)
                return r;
        bus->driver->verbs->stats(bus->driver, NULL, 0, stats, flags, bus_call_new(bus, message, answer_records));
        return 1;
}

/* ---- the host ---- */

static int method_capabilities(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;

        bus->driver->verbs->capabilities(bus->driver, bus_call_new(bus, message, bus_answer_text));
        return 1;
}

static int method_domain_capabilities(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;
        const char *emulator, *arch, *machine, *type;
        uint32_t flags;
        int r = sd_bus_message_read(message, "ssssu", &emulator, &arch, &machine, &type, &flags);

        if (r < 0)
                return r;
        bus->driver->verbs->domain_capabilities(bus->driver, bus_optional(emulator), bus_optional(arch), bus_optional(machine),
                                                bus_optional(type), flags, bus_call_new(bus, message, bus_answer_text));
        return 1;
}

static int method_free_memory(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        CLEANUP(error_free) Error *err = NULL;
        HostMemory memory;

        if (host_memory(HOST_ALL, &memory, &err) < 0)
                return bus_fail(message, err);
        return sd_bus_reply_method_return(message, "t", memory.free * 1024);
}

static int method_memory_stats(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        CLEANUP(error_free) Error *err = NULL;
        HostMemory memory;
        int32_t node;
        uint32_t flags;
        int r = sd_bus_message_read(message, "iu", &node, &flags);

        if (r < 0)
                return r;
        if (host_memory(node, &memory, &err) < 0)
                return bus_fail(message, err);
        return sd_bus_reply_method_return(message, "a{st}", 4, "total", memory.total, "free", memory.free, "buffers",
                                          memory.buffers, "cached", memory.cached);
}

static int method_cpu_stats(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        CLEANUP(error_free) Error *err = NULL;
        HostCpuTimes times;
        int32_t cpu;
        uint32_t flags;
        int r = sd_bus_message_read(message, "iu", &cpu, &flags);

        if (r < 0)
                return r;
        if (host_cpu_times(cpu, &times, &err) < 0)
                return bus_fail(message, err);
        return sd_bus_reply_method_return(message, "a{st}", 4, "kernel", times.kernel, "user", times.user, "idle", times.idle,
                                          "iowait", times.iowait);
}

/* ---- properties ---- */

static int get_encrypted(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                         void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", false);
}

static int get_secure(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                      void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "b", true);         /* nothing leaves this machine */
}

static int get_hostname(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *error) {
        char name[HOST_NAME_SIZE] = "";

        if (gethostname(name, sizeof(name) - 1) < 0)
                return -errno;
        return sd_bus_message_append(reply, "s", name);
}

static int get_lib_version(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                           void *userdata, sd_bus_error *error) {
        return sd_bus_message_append(reply, "t", (uint64_t) DRIVER_LIBVIRT_VERSION);
}

static int get_version(sd_bus *b, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                       void *userdata, sd_bus_error *error) {
        Bus *bus = userdata;

        return sd_bus_message_append(reply, "t", bus->driver->verbs->hypervisor_version(bus->driver));
}

#define METHOD(member, in, out, handler)                                                                                         \
        SD_BUS_METHOD_WITH_ARGS(member, SD_BUS_ARGS in, SD_BUS_RESULT out, handler, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable connect_vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("DomainCreateXML", ("s", xml, "u", flags), ("o", domain), method_create_xml),
        METHOD("DomainDefineXML", ("s", xml), ("o", domain), method_define_xml),
        METHOD("DomainLookupByID", ("i", id), ("o", domain), method_lookup_by_id),
        METHOD("DomainLookupByName", ("s", name), ("o", domain), method_lookup_by_name),
        METHOD("DomainLookupByUUID", ("s", uuid), ("o", domain), method_lookup_by_uuid),
        METHOD("GetAllDomainStats", ("u", stats, "u", flags), ("a(sa{sv})", records), method_all_domain_stats),
        METHOD("GetCapabilities", (NULL), ("s", capabilities), method_capabilities),
        METHOD("GetDomainCapabilities", ("s", emulatorbin, "s", arch, "s", machine, "s", virttype, "u", flags),
               ("s", domCapabilities), method_domain_capabilities),
        METHOD("ListDomains", ("u", flags), ("ao", domains), method_list_domains),
        METHOD("NodeGetCPUStats", ("i", cpuNum, "u", flags), ("a{st}", cpuStats), method_cpu_stats),
        METHOD("NodeGetFreeMemory", (NULL), ("t", freemem), method_free_memory),
        METHOD("NodeGetMemoryStats", ("i", cellNum, "u", flags), ("a{st}", stats), method_memory_stats),
        SD_BUS_PROPERTY("Encrypted", "b", get_encrypted, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Hostname", "s", get_hostname, 0, 0),
        SD_BUS_PROPERTY("LibVersion", "t", get_lib_version, 0, 0),
        SD_BUS_PROPERTY("Secure", "b", get_secure, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Version", "t", get_version, 0, 0),
        SD_BUS_SIGNAL_WITH_ARGS("DomainEvent", SD_BUS_ARGS("o", domain, "i", event, "i", detail), 0),
        SD_BUS_VTABLE_END
};

/* QEMU's version is known after its first probe: until then GetAll leaves it out, and Get waits for it. */
static bool version_is_known(Bus *bus, const char *property) {
        return !streq(property, "Version") || bus->driver->verbs->hypervisor_version(bus->driver) > 0;
}

static int answer_version(sd_bus_message *reply, const Result *result) {
        return sd_bus_message_append(reply, "v", "t", (uint64_t) result->number);
}

static int await_version(Bus *bus, sd_bus_message *message, const char *property) {
        bus->driver->verbs->hypervisor_version_ask(bus->driver, bus_call_new(bus, message, answer_version));
        return 1;
}

static const BusInterface connect_interfaces[] = {
        { .name = INTERFACE, .vtable = connect_vtable, .is_known = version_is_known, .await = await_version },
        {}
};

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return bus_properties_handle(userdata, message, connect_interfaces, true);
}

int bus_connect_add(Bus *bus) {
        int r = sd_bus_add_object(bus->bus, NULL, BUS_CONNECT_PATH, on_message, bus);

        return r < 0 ? r : sd_bus_add_object_vtable(bus->bus, NULL, BUS_CONNECT_PATH, INTERFACE, connect_vtable, bus);
}
