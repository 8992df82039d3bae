/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus.h - the driver's verbs on D-Bus: org.libvirt objects as libvirt-dbus clients know them, and org.virtward.Domain1.
 *
 * A convenience beside the wire: a daemon without a bus, or beside another owner of the name, runs on without it. */
#pragma once
#include <systemd/sd-event.h>
#include "drivers/driver.h"

typedef struct Bus Bus;

typedef enum BusKind { BUS_SESSION, BUS_SYSTEM } BusKind;

/* The name and the object that libvirt-dbus clients look for. */
#define BUS_NAME "org.libvirt"
#define BUS_CONNECT_PATH "/org/libvirt/QEMU"

/* Connects to the session's or the system's bus and asks for name (usually BUS_NAME) without waiting for either. NULL when
 * there is no bus, which is logged once and is no failure. A name that another process owns, or a bus that goes away later, is
 * logged too. The driver is borrowed and outlives the Bus. */
Bus *bus_new(sd_event *loop, Driver *driver, BusKind kind, const char *name);

/* Leaves the bus. Verbs that are still running answer into the void: the driver ends before its loop, or answers first. */
Bus *bus_free(Bus *bus);        /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Bus, bus_free)
