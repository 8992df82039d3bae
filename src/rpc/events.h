/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/events.h - who wants to hear of what, and telling them: an event is encoded once and sent to all.
 *
 * Subscriptions have numbers (callback IDs) that are unique in the server; each belongs to one client and ends with it. */
#pragma once
#include <stdbool.h>
#include <systemd/sd-id128.h>
#include "drivers/driver.h"

typedef struct Events Events;
typedef struct RpcClient RpcClient;
typedef struct RpcServer RpcServer;

typedef enum EventFamily {
        EVENT_FAMILY_DOMAIN,            /* with callback IDs */
        EVENT_FAMILY_DOMAIN_LEGACY,     /* without: at most one per client and event */
        EVENT_FAMILY_NETWORK,
        EVENT_FAMILY_STORAGE_POOL,
        EVENT_FAMILY_NODE_DEVICE,
        EVENT_FAMILY_SECRET,
        EVENT_FAMILY_MONITOR,           /* program qemu */
        EVENT_FAMILY_MAX,
} EventFamily;

typedef struct EventFilter {            /* of which object; a zeroed one: of all */
        bool has_uuid;
        sd_id128_t uuid;
        const char *name;               /* objects that have no UUID; monitor events: the event's name or pattern */
        unsigned flags;                 /* monitor events: 1 name is a regular expression, 2 in upper or lower case */
} EventFilter;

Events *events_new(RpcServer *server);  /* subscribes to the driver */
Events *events_free(Events *events);

/* Refused: an event the family does not have, one more of the same (8/0), too many, a bad pattern. */
int events_subscribe(RpcClient *client, EventFamily family, int event, const EventFilter *filter, int *ret_id, Error **err);
int events_unsubscribe(RpcClient *client, EventFamily family, int id, Error **err);             /* by callback ID */
int events_unsubscribe_legacy(RpcClient *client, int event, Error **err);
void events_forget_client(RpcClient *client);
