/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_event.c - rows that register for events. All families are accepted, also those of objects that virtward has
 * none of: clients register for all at once and do not look at the result. */
#include "rpc/events.h"
#include "rpc/server.h"

static int subscribe(RpcCall *call, EventFamily family, int event, const EventFilter *filter, void *ret, Error **err) {
        return events_subscribe(call->client, family, event, filter, &((WireInt *) ret)->value, err);
}

static int run_domain_register(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainEventArgs *arg = args;
        EventFilter filter = {};

        if (arg->dom)
                filter = (EventFilter) { .has_uuid = true, .uuid = arg->dom->uuid };
        return subscribe(call, EVENT_FAMILY_DOMAIN, arg->event, &filter, ret, err);
}

static int run_domain_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_DOMAIN, ((const WireInt *) args)->value, err);
}

/* ---- without callback IDs, for clients older than 2013 ---- */

static int legacy_register(RpcCall *call, int event, Error **err) {
        int id;

        return events_subscribe(call->client, EVENT_FAMILY_DOMAIN_LEGACY, event, &(EventFilter) {}, &id, err);
}

static int run_legacy_register(RpcCall *call, const void *args, void *ret, Error **err) {
        return legacy_register(call, DOMAIN_EVENT_LIFECYCLE, err);
}

static int run_legacy_register_any(RpcCall *call, const void *args, void *ret, Error **err) {
        return legacy_register(call, ((const WireInt *) args)->value, err);
}

static int run_legacy_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe_legacy(call->client, DOMAIN_EVENT_LIFECYCLE, err);
}

static int run_legacy_deregister_any(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe_legacy(call->client, ((const WireInt *) args)->value, err);
}

/* ---- families of other objects ---- */

static int register_named(RpcCall *call, EventFamily family, const void *args, void *ret, Error **err) {
        const WireNamedEventArgs *arg = args;
        EventFilter filter = {};

        if (arg->object)
                filter = (EventFilter) { .has_uuid = true, .uuid = arg->object->uuid };
        return subscribe(call, family, arg->event, &filter, ret, err);
}

static int run_network_register(RpcCall *call, const void *args, void *ret, Error **err) {
        return register_named(call, EVENT_FAMILY_NETWORK, args, ret, err);
}

static int run_pool_register(RpcCall *call, const void *args, void *ret, Error **err) {
        return register_named(call, EVENT_FAMILY_STORAGE_POOL, args, ret, err);
}

static int run_device_register(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDeviceEventArgs *arg = args;

        return subscribe(call, EVENT_FAMILY_NODE_DEVICE, arg->event, &(EventFilter) { .name = arg->name }, ret, err);
}

static int run_secret_register(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireSecretEventArgs *arg = args;
        EventFilter filter = {};

        if (arg->secret)
                filter = (EventFilter) { .has_uuid = true, .uuid = arg->secret->uuid };
        return subscribe(call, EVENT_FAMILY_SECRET, arg->event, &filter, ret, err);
}

static int run_network_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_NETWORK, ((const WireInt *) args)->value, err);
}

static int run_pool_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_STORAGE_POOL, ((const WireInt *) args)->value, err);
}

static int run_device_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_NODE_DEVICE, ((const WireInt *) args)->value, err);
}

static int run_secret_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_SECRET, ((const WireInt *) args)->value, err);
}

static const Procedure rows[] = {
        { 105, "CONNECT_DOMAIN_EVENT_REGISTER", "virConnectDomainEventRegister", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireInt), run_legacy_register },
        { 106, "CONNECT_DOMAIN_EVENT_DEREGISTER", "virConnectDomainEventDeregister", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireInt), run_legacy_deregister },
        { 167, "CONNECT_DOMAIN_EVENT_REGISTER_ANY", "virConnectDomainEventRegisterAny", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), NO_WIRE, run_legacy_register_any },
        { 168, "CONNECT_DOMAIN_EVENT_DEREGISTER_ANY", "virConnectDomainEventDeregisterAny", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), NO_WIRE, run_legacy_deregister_any },
        { 313, "CONNECT_NETWORK_EVENT_REGISTER_ANY", "virConnectNetworkEventRegisterAny", RIGHT_READ, ERROR_FROM_NETWORK,
          WIRE(WireNamedEventArgs), WIRE(WireInt), run_network_register },
        { 314, "CONNECT_NETWORK_EVENT_DEREGISTER_ANY", "virConnectNetworkEventDeregisterAny", RIGHT_READ, ERROR_FROM_NETWORK,
          WIRE(WireInt), NO_WIRE, run_network_deregister },
        { 316, "CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY", "virConnectDomainEventRegisterAny", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainEventArgs), WIRE(WireInt), run_domain_register },
        { 317, "CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY", "virConnectDomainEventDeregisterAny",
          RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), NO_WIRE, run_domain_deregister },
        { 368, "CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY", "virConnectStoragePoolEventRegisterAny", RIGHT_READ, ERROR_FROM_STORAGE,
          WIRE(WireNamedEventArgs), WIRE(WireInt), run_pool_register },
        { 369, "CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY", "virConnectStoragePoolEventDeregisterAny",
          RIGHT_READ, ERROR_FROM_STORAGE,
          WIRE(WireInt), NO_WIRE, run_pool_deregister },
        { 374, "CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY", "virConnectNodeDeviceEventRegisterAny", RIGHT_READ, ERROR_FROM_NODEDEV,
          WIRE(WireDeviceEventArgs), WIRE(WireInt), run_device_register },
        { 375, "CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY", "virConnectNodeDeviceEventDeregisterAny",
          RIGHT_READ, ERROR_FROM_NODEDEV,
          WIRE(WireInt), NO_WIRE, run_device_deregister },
        { 380, "CONNECT_SECRET_EVENT_REGISTER_ANY", "virConnectSecretEventRegisterAny", RIGHT_READ, ERROR_FROM_SECRET,
          WIRE(WireSecretEventArgs), WIRE(WireInt), run_secret_register },
        { 381, "CONNECT_SECRET_EVENT_DEREGISTER_ANY", "virConnectSecretEventDeregisterAny", RIGHT_READ, ERROR_FROM_SECRET,
          WIRE(WireInt), NO_WIRE, run_secret_deregister },
};

const ProcedureTable event_procedures = { rows, N_ELEMENTS(rows) };
