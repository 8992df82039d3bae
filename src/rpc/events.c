/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/events.h"

#include <arpa/inet.h>
#include <json-c/linkhash.h>
#include <regex.h>
#include <string.h>
#include <strings.h>
#include "rpc/server.h"
#include "rpc/wire_param.h"

#define SUBSCRIPTIONS_MAX 8192          /* per client: every event of some hundred domains */
#define PATTERN_MAX 256
#define FILTER_REGEX 1u
#define FILTER_NO_CASE 2u

struct Subscription {
        RpcClient *client;
        EventFamily family;
        int event, id;
        EventFilter filter;             /* its name is our copy */
        bool has_regex;
        regex_t regex;
        Subscription *prev, *next;                      /* the client's list */
        Subscription *listener_prev, *listener_next;    /* those who hear the same event */
};

struct Events {
        RpcServer *server;
        lh_table *by_id, *by_identity;
        int next_id[EVENT_FAMILY_MAX];
        Subscription *listeners[EVENT_FAMILY_MAX][DOMAIN_EVENT_ID_MAX];
};

static const struct {
        const char *what;               /* in messages */
        int n_events;
} families[EVENT_FAMILY_MAX] = {
        [EVENT_FAMILY_DOMAIN] = { "", DOMAIN_EVENT_ID_MAX },
        [EVENT_FAMILY_DOMAIN_LEGACY] = { "", 16 },
        [EVENT_FAMILY_NETWORK] = { "network ", 2 },
        [EVENT_FAMILY_STORAGE_POOL] = { "storage pool ", 2 },
        [EVENT_FAMILY_NODE_DEVICE] = { "node device ", 2 },
        [EVENT_FAMILY_SECRET] = { "secret ", 2 },
        [EVENT_FAMILY_MONITOR] = { "qemu monitor ", 1 },
};

/* ---- tables of subscriptions ---- */

static unsigned long mix(unsigned long hash, unsigned long value) {
        return (hash ^ value) * 0x9e3779b97f4a7c15UL;
}

static unsigned long id_hash(const void *key) {
        const Subscription *s = key;

        return mix(mix(1, s->family), (unsigned long) s->id);
}

static int id_equal(const void *a, const void *b) {
        const Subscription *x = a, *y = b;

        return x->family == y->family && x->id == y->id;
}

static unsigned long identity_hash(const void *key) {
        const Subscription *s = key;
        unsigned long hash = mix(mix(mix(1, (unsigned long) s->client), s->family), (unsigned long) s->event);

        hash = mix(mix(hash, s->filter.uuid.qwords[0]), s->filter.uuid.qwords[1]);
        for (const char *c = s->filter.name; c && *c; c++)
                hash = mix(hash, (unsigned char) *c);
        return hash ^ hash >> 29;
}

static int identity_equal(const void *a, const void *b) {
        const Subscription *x = a, *y = b;

        return x->client == y->client && x->family == y->family && x->event == y->event &&
               x->filter.has_uuid == y->filter.has_uuid && sd_id128_equal(x->filter.uuid, y->filter.uuid) &&
               x->filter.flags == y->filter.flags && streq(x->filter.name, y->filter.name);
}

static Subscription *table_find(lh_table *table, const Subscription *key) {
        void *found = NULL;

        lh_table_lookup_ex(table, key, &found);
        return found;
}

/* ---- subscribing ---- */

/* Whoever registers a pattern makes us run it at each event: no repetition counts, no back-references, short. */
static int pattern_check(const char *pattern, Error **err) {
        bool has_backreference = false;

        for (const char *c = strchr(pattern, '\\'); c && c[1]; c = strchr(c + 2, '\\'))
                has_backreference |= c[1] >= '1' && c[1] <= '9';
        if (strlen(pattern) > PATTERN_MAX || strchr(pattern, '{') || has_backreference)
                return error_set(err, ERROR_INVALID_ARG,
                                 "event pattern '%.64s' is longer than %d bytes or has repetition counts or "
                                 "back-references, which are not supported",
                                 pattern, PATTERN_MAX);
        return 0;
}

static int subscription_compile(Subscription *s, Error **err) {
        int flags = REG_EXTENDED | REG_NOSUB | (s->filter.flags & FILTER_NO_CASE ? REG_ICASE : 0);

        if (!(s->filter.flags & FILTER_REGEX) || !s->filter.name)
                return 0;
        if (pattern_check(s->filter.name, err) < 0)
                return -1;
        if (regcomp(&s->regex, s->filter.name, flags) != 0)
                return error_set(err, ERROR_INVALID_ARG, "event pattern '%s' is not a regular expression", s->filter.name);
        s->has_regex = true;
        return 0;
}

static Subscription **listener_list(Events *events, const Subscription *s) {
        return &events->listeners[s->family][s->event];
}

static void subscription_link(Events *events, Subscription *s) {
        Subscription **list = listener_list(events, s);

        s->next = s->client->subscriptions;
        if (s->next)
                s->next->prev = s;
        s->client->subscriptions = s;
        s->client->n_subscriptions++;
        s->listener_next = *list;
        if (s->listener_next)
                s->listener_next->listener_prev = s;
        *list = s;
        lh_table_insert(events->by_id, s, s);
        lh_table_insert(events->by_identity, s, s);
}

static void subscription_unlink(Events *events, Subscription *s) {
        lh_table_delete(events->by_id, s);
        lh_table_delete(events->by_identity, s);
        *(s->prev ? &s->prev->next : &s->client->subscriptions) = s->next;
        if (s->next)
                s->next->prev = s->prev;
        s->client->n_subscriptions--;
        *(s->listener_prev ? &s->listener_prev->listener_next : listener_list(events, s)) = s->listener_next;
        if (s->listener_next)
                s->listener_next->listener_prev = s->listener_prev;
}

static void subscription_free(Subscription *s) {
        if (s->has_regex)
                regfree(&s->regex);
        free((char *) s->filter.name);
        free(s);
}

/* The next number that nobody has; they only repeat after 2^31 registrations. */
static int events_take_id(Events *events, Subscription *s) {
        do {
                s->id = events->next_id[s->family];
                events->next_id[s->family] = s->id == INT32_MAX ? 0 : s->id + 1;
        } while (table_find(events->by_id, s));
        return s->id;
}

static int check_event(EventFamily family, int event, Error **err) {
        if (event >= 0 && event < families[family].n_events)
                return 0;
        return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "unsupported %sevent ID %d", families[family].what, event);
}

int events_subscribe(RpcClient *client, EventFamily family, int event, const EventFilter *filter, int *ret_id, Error **err) {
        Events *events = client->server->events;
        Subscription *s, key = { .client = client, .family = family, .event = event, .filter = *filter };

        if (check_event(family, event, err) < 0)
                return -1;
        if (table_find(events->by_identity, &key))
                return error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "event callback already tracked");
        if (client->n_subscriptions >= SUBSCRIPTIONS_MAX)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL,
                                      "this connection has %d event registrations, which is the limit", SUBSCRIPTIONS_MAX);
        if (subscription_compile(&key, err) < 0)
                return -1;
        s = xnew(Subscription);
        *s = key;
        s->filter.name = xstrdup(filter->name);
        *ret_id = events_take_id(events, s);
        subscription_link(events, s);
        return 0;
}

/* One connection cannot end the registrations of another. */
int events_unsubscribe(RpcClient *client, EventFamily family, int id, Error **err) {
        Events *events = client->server->events;
        const Subscription key = { .family = family, .id = id };
        Subscription *s = table_find(events->by_id, &key);
        const char *what = family == EVENT_FAMILY_DOMAIN ? "domain " : families[family].what;

        if (!s || s->client != client)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "%sevent callback %d not registered", what, id);
        subscription_unlink(events, s);
        subscription_free(s);
        return 0;
}

int events_unsubscribe_legacy(RpcClient *client, int event, Error **err) {
        Events *events = client->server->events;
        const Subscription key = { .client = client, .family = EVENT_FAMILY_DOMAIN_LEGACY, .event = event };
        Subscription *s;

        if (check_event(EVENT_FAMILY_DOMAIN_LEGACY, event, err) < 0)
                return -1;
        s = table_find(events->by_identity, &key);
        if (!s)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "domain event %d not registered", event);
        subscription_unlink(events, s);
        subscription_free(s);
        return 0;
}

void events_forget_client(RpcClient *client) {
        while (client->subscriptions) {
                Subscription *s = client->subscriptions;

                subscription_unlink(client->server->events, s);
                subscription_free(s);
        }
}

/* ---- telling of domain events ---- */

typedef union EventBody {
        WireDomainEvent plain;
        WireDomainEventNumbers numbers;
        WireDomainEventNumber number;
        WireDomainEventHyper hyper;
        WireDomainEventIoError io_error;
        WireDomainEventIoErrorReason io_error_reason;
        WireDomainEventParams params;
        WireDomainEventMetadata metadata;
} EventBody;

static void fill_plain(const DomainEvent *event, EventBody *body) {
}

static void fill_lifecycle(const DomainEvent *event, EventBody *body) {
        body->numbers.event = event->lifecycle.event;
        body->numbers.detail = event->lifecycle.detail;
}

static void fill_number(const DomainEvent *event, EventBody *body) {
        body->number.number = (int) event->number;
}

static void fill_hyper(const DomainEvent *event, EventBody *body) {
        body->hyper.number = event->number;
}

/* The layout without a reason is the beginning of the one with it. */
static void fill_io_error(const DomainEvent *event, EventBody *body) {
        body->io_error_reason.path = (char *) event->io_error.path;
        body->io_error_reason.alias = (char *) event->io_error.alias;
        body->io_error_reason.action = event->io_error.action;
        body->io_error_reason.reason = (char *) event->io_error.reason;
}

static void fill_metadata(const DomainEvent *event, EventBody *body) {
        body->metadata.type = event->metadata.type;
        body->metadata.uri = (char *) event->metadata.uri;
}

static void fill_params(const DomainEvent *event, EventBody *body) {
        size_t n = event->job.n < REMOTE_JOB_STATS_MAX ? event->job.n : REMOTE_JOB_STATS_MAX;

        body->params.params.params_len = (u_int) n;
        body->params.params.params_val = xnew_n(WireParam, n + 1);
        wire_params_fill(event->job.params, n, body->params.params.params_val);
}

/* legacy 0: clients without callback IDs are not told. */
static const struct EventRow {
        int legacy, procedure;
        xdrproc_t xdr;
        void (*fill)(const DomainEvent *event, EventBody *body);
} event_rows[DOMAIN_EVENT_ID_MAX] = {
        [DOMAIN_EVENT_LIFECYCLE] = { 107, 318, (xdrproc_t) xdr_WireDomainEventNumbers, fill_lifecycle },
        [DOMAIN_EVENT_REBOOT] = { 169, 319, (xdrproc_t) xdr_WireDomainEvent, fill_plain },
        [DOMAIN_EVENT_RTC_CHANGE] = { 170, 320, (xdrproc_t) xdr_WireDomainEventHyper, fill_hyper },
        [DOMAIN_EVENT_WATCHDOG] = { 171, 321, (xdrproc_t) xdr_WireDomainEventNumber, fill_number },
        [DOMAIN_EVENT_IO_ERROR] = { 172, 322, (xdrproc_t) xdr_WireDomainEventIoError, fill_io_error },
        [DOMAIN_EVENT_IO_ERROR_REASON] = { 195, 324, (xdrproc_t) xdr_WireDomainEventIoErrorReason, fill_io_error },
        [DOMAIN_EVENT_BALLOON_CHANGE] = { 276, 331, (xdrproc_t) xdr_WireDomainEventHyper, fill_hyper },
        [DOMAIN_EVENT_MIGRATION_ITERATION] = { 0, 359, (xdrproc_t) xdr_WireDomainEventNumber, fill_number },
        [DOMAIN_EVENT_JOB_COMPLETED] = { 0, 363, (xdrproc_t) xdr_WireDomainEventParams, fill_params },
        [DOMAIN_EVENT_METADATA_CHANGE] = { 0, 379, (xdrproc_t) xdr_WireDomainEventMetadata, fill_metadata },
};

typedef struct CallbackBody {           /* a place for the callback ID, then the body */
        xdrproc_t xdr;
        void *value;
} CallbackBody;

static bool_t xdr_callback_body(XDR *xdr, CallbackBody *body) {
        int id = 0;

        return xdr_int(xdr, &id) && body->xdr(xdr, body->value);
}

static bool wants(const Subscription *s, const DomainView *domain) {
        return !s->filter.has_uuid || sd_id128_equal(s->filter.uuid, domain->uuid);
}

/* server->output holds header, callback ID and body; only the ID differs from one listener to the next. */
static void tell_callbacks(RpcServer *server, Subscription *list, const DomainView *domain, size_t len) {
        for (Subscription *s = list; s; s = s->listener_next) {
                uint32_t id = htonl((uint32_t) s->id);

                if (!wants(s, domain))
                        continue;
                memcpy(server->output + FRAME_HEADER_BYTES, &id, sizeof(id));
                rpc_client_send_event(s->client, server->output, len);
        }
}

/* The same bytes without the ID: the header moves up to the body. */
static void tell_legacy(RpcServer *server, Subscription *list, FrameHeader header, int procedure) {
        header.procedure = procedure;
        header.length -= sizeof(uint32_t);
        frame_header_put(server->output + sizeof(uint32_t), &header);
        for (Subscription *s = list; s; s = s->listener_next)
                rpc_client_send_event(s->client, server->output + sizeof(uint32_t), header.length);
}

static void on_domain_event(void *userdata, const DomainEvent *event) {
        Events *events = userdata;
        const struct EventRow *row = event->id < DOMAIN_EVENT_ID_MAX ? &event_rows[event->id] : NULL;
        Subscription *callbacks, *legacy;
        FrameHeader header;
        EventBody body = {};
        const uint8_t *bytes;
        size_t len;

        if (!row || !row->xdr)
                return;
        callbacks = events->listeners[EVENT_FAMILY_DOMAIN][event->id];
        legacy = row->legacy ? events->listeners[EVENT_FAMILY_DOMAIN_LEGACY][event->id] : NULL;
        if (!callbacks && !legacy)
                return;
        header = (FrameHeader) { .program = REMOTE_PROGRAM, .version = REMOTE_PROTOCOL_VERSION, .procedure = row->procedure,
                                 .type = FRAME_EVENT, .serial = 1 };
        row->fill(event, &body);
        rpc_wire_domain(event->domain, &body.plain.dom);        /* every body begins with its domain */
        if (rpc_server_encode(events->server, &header, (xdrproc_t) xdr_callback_body,
                              &(CallbackBody) { row->xdr, &body }, &bytes, &len) >= 0) {
                tell_callbacks(events->server, callbacks, event->domain, len);
                if (legacy)
                        tell_legacy(events->server, legacy, header, row->legacy);
        }
        if (row->fill == fill_params)
                free(body.params.params.params_val);
}

/* ---- telling of QEMU's own events ---- */

static bool wants_named(const Subscription *s, const DomainView *domain, const char *name) {
        if (!wants(s, domain))
                return false;
        if (!s->filter.name)
                return true;
        if (s->has_regex)
                return regexec(&s->regex, name, 0, NULL, 0) == 0;
        return s->filter.flags & FILTER_NO_CASE ? strcasecmp(s->filter.name, name) == 0 : strcmp(s->filter.name, name) == 0;
}

static void on_monitor_event(void *userdata, const DomainView *domain, const char *name, int64_t sec, unsigned usec,
                             const char *details) {
        Events *events = userdata;
        FrameHeader header = { .program = QEMU_PROGRAM, .version = REMOTE_PROTOCOL_VERSION, .procedure = 6, .type = FRAME_EVENT,
                               .serial = 1 };
        WireMonitorEvent body = { .event = (char *) name, .seconds = sec, .micros = usec, .details = (char *) details };
        Subscription *list = events->listeners[EVENT_FAMILY_MONITOR][0];
        const uint8_t *bytes;
        size_t len;

        rpc_wire_domain(domain, &body.dom);
        if (!list || rpc_server_encode(events->server, &header, (xdrproc_t) xdr_callback_body,
                                       &(CallbackBody) { (xdrproc_t) xdr_WireMonitorEvent, &body }, &bytes, &len) < 0)
                return;
        for (Subscription *s = list; s; s = s->listener_next) {
                uint32_t id = htonl((uint32_t) s->id);

                if (!wants_named(s, domain, name))
                        continue;
                memcpy(events->server->output + FRAME_HEADER_BYTES, &id, sizeof(id));
                rpc_client_send_event(s->client, bytes, len);
        }
}

static const DriverEvents driver_events = { .domain_event = on_domain_event, .monitor_event = on_monitor_event };

Events *events_new(RpcServer *server) {
        Events *events = xnew(Events);

        events->server = server;
        events->by_id = lh_table_new(64, NULL, id_hash, id_equal);
        events->by_identity = lh_table_new(64, NULL, identity_hash, identity_equal);
        server->driver->verbs->subscribe(server->driver, &driver_events, events);
        return events;
}

Events *events_free(Events *events) {
        if (!events)
                return NULL;
        events->server->driver->verbs->unsubscribe(events->server->driver, &driver_events, events);
        lh_table_free(events->by_id);
        lh_table_free(events->by_identity);
        free(events);
        return NULL;
}
