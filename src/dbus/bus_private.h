/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dbus/bus_private.h - what the files of this room share: the Bus, a call that is answered later, paths, properties. */
#pragma once
#include <systemd/sd-bus.h>
#include "dbus/bus.h"

#define BUS_ERROR "org.libvirt.Error"
#define BUS_DOMAIN_PREFIX BUS_CONNECT_PATH "/domain"
#define BUS_PATH_MAX 96

typedef struct BusCall BusCall;

struct Bus {
        sd_bus *bus;
        Driver *driver;
        char *name;
        BusCall *calls;                 /* that verbs have yet to answer */
        size_t n_calls;
};

#define BUS_CALLS_PER_CLIENT 100        /* unanswered ones; the bus itself stops a client at 128 unless configured otherwise */
#define BUS_CALLS_MAX 4096

/* ---- bus_call.c: a method that a verb answers, now or later ---- */

/* Adds to reply what result says; < 0: an errno of sd-bus. */
typedef int (*BusAnswer)(sd_bus_message *reply, const Result *result);

struct BusCall {
        Reply reply;
        Bus *bus;                       /* NULL: the bus has gone, the answer is for nobody */
        sd_bus_message *message;
        BusAnswer answer;
        BusCall *next, **prev;
};

/* What a verb answers ends up as the reply to message. The method returns 1. Never fails. */
Reply *bus_call_new(Bus *bus, sd_bus_message *message, BusAnswer answer);
/* Has the sender (or have all) as many unanswered calls as anyone may have? */
bool bus_call_too_many(const Bus *bus, const char *sender);
/* For all calls of a bus that ends. */
void bus_call_orphan_all(Bus *bus);

/* Ready-made answers. */
int bus_answer_none(sd_bus_message *reply, const Result *result);
int bus_answer_text(sd_bus_message *reply, const Result *result);
int bus_answer_domain(sd_bus_message *reply, const Result *result);     /* its path */

/* Replies org.libvirt.Error with libvirt's message (code and domain have no place there). Return what a method returns. */
int bus_fail(sd_bus_message *message, const Error *err);
int bus_fail_with(sd_bus_message *message, ErrorCode code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* a{sv}: every value is a variant inside a variant, as libvirt-dbus has always sent them and clients expect. */
int bus_append_params(sd_bus_message *reply, const Param *params, size_t n);

/* Who a verb is told that it works for: the bus decides who gets through to us. */
Caller bus_caller(Bus *bus);

/* An empty string stands for NULL. */
static inline const char *bus_optional(const char *text) {
        return text && text[0] ? text : NULL;
}

/* ---- bus_path.c ---- */

const char *bus_path_format(sd_id128_t uuid, char path[BUS_PATH_MAX]);          /* returns path */
int bus_path_parse(const char *path, sd_id128_t *ret);                          /* -EINVAL */

/* ---- bus_properties.c ---- */

/* One of an object's interfaces. set and await answer message themselves, now or later, and return what a method returns. */
typedef struct BusInterface {
        const char *name;
        const sd_bus_vtable *vtable;
        int (*set)(Bus *bus, sd_bus_message *message,
                   const char *property); /* message is at the value; NULL: nothing can be set */
        /* Both or none: a property that is not known yet is left out by GetAll and waited for by Get. */
        bool (*is_known)(Bus *bus, const char *property);
        int (*await)(Bus *bus, sd_bus_message *message, const char *property);
} BusInterface;

/* Answers org.freedesktop.DBus.Properties for an object with these interfaces (ending with a zeroed row); 0: the message is
 * another. libvirt-dbus differs from sd-bus: GetAll has double variants, and what is wrong is InvalidArgs. exists false: GetAll
 * is empty. */
int bus_properties_handle(Bus *bus, sd_bus_message *message, const BusInterface *interfaces, bool exists);

/* ---- bus_connect.c, bus_domain.c ---- */

int bus_connect_add(Bus *bus);
int bus_domain_add(Bus *bus);
void bus_domain_emit(Bus *bus, const DomainEvent *event);
