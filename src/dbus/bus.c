/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus.c - on the bus and off it: connection, name, the driver's events as signals. */
#include "dbus/bus.h"
#include <errno.h>
#include "dbus/bus_private.h"
#include "util/log.h"

static void on_domain_event(void *userdata, const DomainEvent *event) {
        bus_domain_emit(userdata, event);
}

static const DriverEvents driver_events = { .domain_event = on_domain_event };

/* 1, 2 and 3, 4 of the bus's RequestName: we own it, it is queued, another owns it, we owned it already. */
static int on_name(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const sd_bus_error *refused = sd_bus_message_get_error(message);
        Bus *bus = userdata;
        uint32_t code = 0;

        if (!refused)
                sd_bus_message_read(message, "u", &code);
        if (code == 1 || code == 4)
                log_info("dbus: serving as %s", bus->name);
        else
                log_warning("dbus: the name %s is not ours (%s); the bus is not served, all else is", bus->name,
                            refused ? refused->message : "another process has it");
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        log_warning("dbus: the bus has gone; it is not served until the daemon is started again, all else is");
        return 0;
}

/* Sees every message first. */
static int on_any_message(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        if (!sd_bus_message_is_method_call(message, NULL, NULL) ||
            !bus_call_too_many(userdata, sd_bus_message_get_sender(message)))
                return 0;
        return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED, "%d calls are not answered yet: wait for them",
                                 BUS_CALLS_PER_CLIENT);
}

static int serve(Bus *bus, sd_event *loop) {
        int r = sd_bus_add_filter(bus->bus, NULL, on_any_message, bus);

        if (r >= 0)
                r = bus_connect_add(bus);
        if (r >= 0)
                r = bus_domain_add(bus);
        if (r >= 0)
                r = sd_bus_match_signal_async(bus->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, bus);
        if (r >= 0)
                r = sd_bus_request_name_async(bus->bus, NULL, bus->name, 0, on_name, bus);
        return r < 0 ? r : sd_bus_attach_event(bus->bus, loop, SD_EVENT_PRIORITY_NORMAL);
}

Bus *bus_new(sd_event *loop, Driver *driver, BusKind kind, const char *name) {
        CLEANUP(bus_free) Bus *bus = xnew(Bus);
        int r;

        bus->name = xstrdup(name);
        r = kind == BUS_SYSTEM ? sd_bus_open_system_with_description(&bus->bus, "virtward")
                               : sd_bus_open_user_with_description(&bus->bus, "virtward");
        if (r >= 0)
                r = serve(bus, loop);
        if (r < 0) {
                log_info("dbus: there is no %s bus (%s); all else is served", kind == BUS_SYSTEM ? "system" : "session",
                         strerror(-r));
                return NULL;
        }
        bus->driver = driver;
        driver->verbs->subscribe(driver, &driver_events, bus);
        return STEAL(bus);
}

Bus *bus_free(Bus *bus) {
        if (!bus)
                return NULL;
        if (bus->driver) {
                bus->driver->verbs->unsubscribe(bus->driver, &driver_events, bus);
                bus->driver->verbs->client_gone(bus->driver, bus);
        }
        bus_call_orphan_all(bus);
        if (bus->bus)
                sd_bus_detach_event(bus->bus);
        sd_bus_flush_close_unref(bus->bus);
        free(bus->name);
        free(bus);
        return NULL;
}
