/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_properties.c - org.freedesktop.DBus.Properties as libvirt-dbus speaks it: GetAll wraps every value twice. */
#include <errno.h>
#include "dbus/bus_private.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

static const BusInterface *find_interface(const BusInterface *interfaces, const char *name) {
        for (; interfaces->name; interfaces++)
                if (streq(interfaces->name, name))
                        return interfaces;
        return NULL;
}

static bool is_property(const sd_bus_vtable *row) {
        return row->type == _SD_BUS_VTABLE_PROPERTY || row->type == _SD_BUS_VTABLE_WRITABLE_PROPERTY;
}

static const sd_bus_vtable *find_property(const BusInterface *interface, const char *name) {
        for (const sd_bus_vtable *row = interface->vtable; row->type != _SD_BUS_VTABLE_END; row++)
                if (is_property(row) && streq(row->x.property.member, name))
                        return row;
        return NULL;
}

static int fail_args(sd_bus_message *message, const char *what, const char *name) {
        return sd_bus_reply_method_errorf(message, SD_BUS_ERROR_INVALID_ARGS, "%s '%s'", what, name);
}

static bool is_known(Bus *bus, const BusInterface *interface, const sd_bus_vtable *row) {
        return !interface->is_known || interface->is_known(bus, row->x.property.member);
}

/* The value in a variant. */
static int append_value(Bus *bus, sd_bus_message *message, sd_bus_message *reply, const BusInterface *interface,
                        const sd_bus_vtable *row, sd_bus_error *error) {
        int r = sd_bus_message_open_container(reply, 'v', row->x.property.signature);

        if (r >= 0)
                r = row->x.property.get(bus->bus, sd_bus_message_get_path(message), interface->name, row->x.property.member,
                                        reply, bus, error);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_entry(Bus *bus, sd_bus_message *message, sd_bus_message *reply, const BusInterface *interface,
                        const sd_bus_vtable *row, sd_bus_error *error) {
        int r = sd_bus_message_open_container(reply, 'e', "sv");

        if (r >= 0)
                r = sd_bus_message_append(reply, "s", row->x.property.member);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "v");
        if (r >= 0)
                r = append_value(bus, message, reply, interface, row, error);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_all(Bus *bus, sd_bus_message *message, sd_bus_message *reply, const BusInterface *interface, bool exists,
                      sd_bus_error *error) {
        int r = sd_bus_message_open_container(reply, 'a', "{sv}");

        for (const sd_bus_vtable *row = interface->vtable; r >= 0 && exists && row->type != _SD_BUS_VTABLE_END; row++)
                if (is_property(row) && is_known(bus, interface, row))
                        r = append_entry(bus, message, reply, interface, row, error);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* row NULL: all. */
static int reply_with(Bus *bus, sd_bus_message *message, const BusInterface *interface, const sd_bus_vtable *row, bool exists) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = NULL;
        int r = sd_bus_message_new_method_return(message, &reply);

        if (r >= 0)
                r = row ? append_value(bus, message, reply, interface, row, &error)
                        : append_all(bus, message, reply, interface, exists, &error);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        else
                r = sd_bus_reply_method_errno(message, r, &error);
        sd_bus_message_unref(reply);
        sd_bus_error_free(&error);
        return r < 0 ? r : 1;
}

static int handle_get_all(Bus *bus, sd_bus_message *message, const BusInterface *interfaces, bool exists) {
        const char *name;
        const BusInterface *interface;
        int r = sd_bus_message_read(message, "s", &name);

        if (r < 0)
                return r;
        interface = find_interface(interfaces, name);
        return interface ? reply_with(bus, message, interface, NULL, exists) : fail_args(message, "no such interface:", name);
}

static int handle_get(Bus *bus, sd_bus_message *message, const BusInterface *interfaces) {
        const char *name, *property;
        const BusInterface *interface;
        const sd_bus_vtable *row;
        int r = sd_bus_message_read(message, "ss", &name, &property);

        if (r < 0)
                return r;
        interface = find_interface(interfaces, name);
        if (!interface)
                return fail_args(message, "no such interface:", name);
        row = find_property(interface, property);
        if (!row)
                return fail_args(message, "no such property:", property);
        return is_known(bus, interface, row) ? reply_with(bus, message, interface, row, true)
                                             : interface->await(bus, message, property);
}

static int handle_set(Bus *bus, sd_bus_message *message, const BusInterface *interfaces) {
        const char *name, *property, *contents;
        const BusInterface *interface;
        const sd_bus_vtable *row;
        char type;
        int r = sd_bus_message_read(message, "ss", &name, &property);

        if (r < 0)
                return r;
        interface = find_interface(interfaces, name);
        if (!interface)
                return fail_args(message, "no such interface:", name);
        row = find_property(interface, property);
        if (!row)
                return fail_args(message, "no such property:", property);
        if (row->type != _SD_BUS_VTABLE_WRITABLE_PROPERTY)
                return fail_args(message, "the property is read-only:", property);
        r = sd_bus_message_peek_type(message, &type, &contents);
        if (r < 0)
                return r;
        if (!streq(contents, row->x.property.signature))
                return fail_args(message, "a value of another type is needed for", property);
        r = sd_bus_message_enter_container(message, 'v', contents);
        return r < 0 ? r : interface->set(bus, message, property);
}

int bus_properties_handle(Bus *bus, sd_bus_message *message, const BusInterface *interfaces, bool exists) {
        const char *signature = sd_bus_message_get_signature(message, true);

        if (sd_bus_message_is_method_call(message, PROPERTIES, "GetAll") && streq(signature, "s"))
                return handle_get_all(bus, message, interfaces, exists);
        if (sd_bus_message_is_method_call(message, PROPERTIES, "Get") && streq(signature, "ss"))
                return handle_get(bus, message, interfaces);
        if (sd_bus_message_is_method_call(message, PROPERTIES, "Set") && streq(signature, "ssv"))
                return handle_set(bus, message, interfaces);
        return 0;
}
