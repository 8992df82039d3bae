/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_absent.c - rows of objects that virtward has none of: networks, pools, node devices, snapshots ... Lists are
 * empty, look-ups find nothing, in libvirt's words: clients count on both. */
#include "rpc/dispatch.h"

/* ---- look-ups ---- */

/* What is said, by procedure: %s is what was looked for. */
static const struct {
        int number;
        ErrorCode code;
        const char *before, *after;
} absences[] = {
        { 46, ERROR_NO_NETWORK, "no network with matching name '", "'" },
        { 47, ERROR_NO_NETWORK, "no network with matching uuid '", "'" },
        { 84, ERROR_NO_STORAGE_POOL, "no storage pool with matching name '", "'" },
        { 85, ERROR_NO_STORAGE_POOL, "no storage pool with matching uuid '", "'" },
        { 86, ERROR_NO_STORAGE_POOL, "no storage pool with matching name '", "'" },
        { 95, ERROR_NO_STORAGE_POOL, "no storage pool with matching uuid ", "" },
        { 96, ERROR_NO_STORAGE_VOL, "no storage vol with matching key ", "" },
        { 97, ERROR_NO_STORAGE_VOL, "no storage vol with matching path '", "'" },
        { 113, ERROR_NO_NODE_DEVICE, "no node device with matching name '", "'" },
        { 128, ERROR_NO_INTERFACE, "couldn't find interface named '", "'" },
        { 129, ERROR_NO_INTERFACE, "couldn't find interface with MAC address '", "'" },
        { 141, ERROR_NO_SECRET, "no secret with matching uuid '", "'" },
        { 147, ERROR_NO_SECRET, "no secret with matching usage '", "'" },
        { 175, ERROR_NO_NWFILTER, "no nwfilter with matching name '", "'" },
        { 176, ERROR_NO_NWFILTER, "no nwfilter with matching uuid '", "'" },
        { 189, ERROR_NO_DOMAIN_SNAPSHOT, "no domain snapshot with matching name '", "'" },
        { 191, ERROR_NO_DOMAIN_SNAPSHOT, "the domain does not have a current snapshot", "" },
        { 391, ERROR_NO_STORAGE_POOL, "no storage pool with matching target path '", "'" },
        { 397, ERROR_NO_NWFILTER_BINDING, "no nwfilter binding for port dev '", "'" },
        { 415, ERROR_NO_DOMAIN_CHECKPOINT, "no domain checkpoint with matching name '", "'" },
};

static int absent(const RpcCall *call, const char *what, Error **err) {
        for (size_t i = 0; i < N_ELEMENTS(absences); i++)
                if (absences[i].number == call->procedure->number)
                        return error_set(err, absences[i].code, "%s%s%s", absences[i].before, what, absences[i].after);
        return error_set(err, ERROR_INTERNAL, "%s finds nothing", call->procedure->api);
}

static int run_no_text(RpcCall *call, const void *args, void *ret, Error **err) {
        return absent(call, ((const WireString *) args)->text, err);
}

static int run_no_uuid(RpcCall *call, const void *args, void *ret, Error **err) {
        char text[SD_ID128_UUID_STRING_MAX];

        return absent(call, sd_id128_to_uuid_string(((const WireUuidArg *) args)->uuid, text), err);
}

static int run_no_pool_of_volume(RpcCall *call, const void *args, void *ret, Error **err) {
        return absent(call, ((const WireVolumeArg *) args)->volume.pool, err);
}

static int run_no_volume_in_pool(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireNamed *pool = &((const WirePoolText *) args)->pool;
        CLEANUP(free) char *what = xasprintf("'" SD_ID128_UUID_FORMAT_STR "' (%s)", SD_ID128_FORMAT_VAL(pool->uuid), pool->name);

        return absent(call, what, err);
}

static int run_no_secret_usage(RpcCall *call, const void *args, void *ret, Error **err) {
        return absent(call, ((const WireSecretUsage *) args)->usage_id, err);
}

static int run_no_part_of_domain(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireNameLookup *arg = args;

        return rpc_find_domain(call, &arg->dom, err) ? absent(call, arg->name, err) : -1;
}

static int run_no_current_snapshot(RpcCall *call, const void *args, void *ret, Error **err) {
        return rpc_find_domain(call, &((const WireDomainFlags *) args)->dom, err) ? absent(call, "", err) : -1;
}

/* ---- of a domain: none ---- */

static int run_none_of_domain(RpcCall *call, const void *args, void *ret, Error **err) {
        return rpc_find_domain(call, &((const WireDomainArg *) args)->dom, err) ? 0 : -1;
}

/* Nothing here hands out leases, and no guest agent is spoken to. */
enum { ADDRESSES_FROM_LEASE, ADDRESSES_FROM_AGENT, ADDRESSES_FROM_ARP };

static int run_no_addresses(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;      /* where flags is the source, and flags follow */
        const DomainView *view = rpc_find_domain(call, &arg->dom, err);

        if (!view)
                return -1;
        if (!view->active)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is not running");
        if (arg->flags > ADDRESSES_FROM_ARP)
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "Unknown IP address data source %u", arg->flags);
        if (arg->flags == ADDRESSES_FROM_AGENT)
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
        return 0;
}

/* An empty list of any kind is a zero, and so is a count; lists with a count are two. */
#define NAMES(number, name, api, domain) { number, name, api, RIGHT_READ, domain, NO_WIRE, WIRE(WireInt), run_nothing }
#define COUNT(number, name, api, domain) NAMES(number, name, api, domain)
#define LIST(number, name, api, domain) { number, name, api, RIGHT_READ, domain, NO_WIRE, WIRE(WireEmptyList), run_nothing }
#define OF_DOMAIN(number, name, api, ret, domain)                                                                      \
        { number, name, api, RIGHT_READ, domain, WIRE(WireDomainArg), WIRE(ret), run_none_of_domain }
#define LOOK_UP(number, name, api, args, run, domain) { number, name, api, RIGHT_READ, domain, WIRE(args), NO_WIRE, run }

static const Procedure rows[] = {
        NAMES(36, "CONNECT_LIST_DEFINED_NETWORKS", "virConnectListDefinedNetworks", ERROR_FROM_NETWORK),
        NAMES(38, "CONNECT_LIST_NETWORKS", "virConnectListNetworks", ERROR_FROM_NETWORK),
        LOOK_UP(46, "NETWORK_LOOKUP_BY_NAME", "virNetworkLookupByName", WireString, run_no_text, ERROR_FROM_NETWORK),
        LOOK_UP(47, "NETWORK_LOOKUP_BY_UUID", "virNetworkLookupByUUID", WireUuidArg, run_no_uuid, ERROR_FROM_NETWORK),
        COUNT(50, "CONNECT_NUM_OF_DEFINED_NETWORKS", "virConnectNumOfDefinedNetworks", ERROR_FROM_NETWORK),
        COUNT(52, "CONNECT_NUM_OF_NETWORKS", "virConnectNumOfNetworks", ERROR_FROM_NETWORK),
        COUNT(71, "CONNECT_NUM_OF_STORAGE_POOLS", "virConnectNumOfStoragePools", ERROR_FROM_STORAGE),
        NAMES(72, "CONNECT_LIST_STORAGE_POOLS", "virConnectListStoragePools", ERROR_FROM_STORAGE),
        COUNT(73, "CONNECT_NUM_OF_DEFINED_STORAGE_POOLS", "virConnectNumOfDefinedStoragePools", ERROR_FROM_STORAGE),
        NAMES(74, "CONNECT_LIST_DEFINED_STORAGE_POOLS", "virConnectListDefinedStoragePools", ERROR_FROM_STORAGE),
        LOOK_UP(84, "STORAGE_POOL_LOOKUP_BY_NAME", "virStoragePoolLookupByName", WireString, run_no_text, ERROR_FROM_STORAGE),
        LOOK_UP(85, "STORAGE_POOL_LOOKUP_BY_UUID", "virStoragePoolLookupByUUID", WireUuidArg, run_no_uuid, ERROR_FROM_STORAGE),
        LOOK_UP(86, "STORAGE_POOL_LOOKUP_BY_VOLUME", "virStoragePoolLookupByVolume", WireVolumeArg, run_no_pool_of_volume,
                ERROR_FROM_STORAGE),
        LOOK_UP(95, "STORAGE_VOL_LOOKUP_BY_NAME", "virStorageVolLookupByName", WirePoolText, run_no_volume_in_pool,
                ERROR_FROM_STORAGE),
        LOOK_UP(96, "STORAGE_VOL_LOOKUP_BY_KEY", "virStorageVolLookupByKey", WireString, run_no_text, ERROR_FROM_STORAGE),
        LOOK_UP(97, "STORAGE_VOL_LOOKUP_BY_PATH", "virStorageVolLookupByPath", WireString, run_no_text, ERROR_FROM_STORAGE),
        COUNT(111, "NODE_NUM_OF_DEVICES", "virNodeNumOfDevices", ERROR_FROM_NODEDEV),
        NAMES(112, "NODE_LIST_DEVICES", "virNodeListDevices", ERROR_FROM_NODEDEV),
        LOOK_UP(113, "NODE_DEVICE_LOOKUP_BY_NAME", "virNodeDeviceLookupByName", WireString, run_no_text, ERROR_FROM_NODEDEV),
        COUNT(126, "CONNECT_NUM_OF_INTERFACES", "virConnectNumOfInterfaces", ERROR_FROM_INTERFACE),
        NAMES(127, "CONNECT_LIST_INTERFACES", "virConnectListInterfaces", ERROR_FROM_INTERFACE),
        LOOK_UP(128, "INTERFACE_LOOKUP_BY_NAME", "virInterfaceLookupByName", WireString, run_no_text, ERROR_FROM_INTERFACE),
        LOOK_UP(129, "INTERFACE_LOOKUP_BY_MAC_STRING", "virInterfaceLookupByMACString", WireString, run_no_text,
                ERROR_FROM_INTERFACE),
        COUNT(137, "CONNECT_NUM_OF_DEFINED_INTERFACES", "virConnectNumOfDefinedInterfaces", ERROR_FROM_INTERFACE),
        NAMES(138, "CONNECT_LIST_DEFINED_INTERFACES", "virConnectListDefinedInterfaces", ERROR_FROM_INTERFACE),
        COUNT(139, "CONNECT_NUM_OF_SECRETS", "virConnectNumOfSecrets", ERROR_FROM_SECRET),
        NAMES(140, "CONNECT_LIST_SECRETS", "virConnectListSecrets", ERROR_FROM_SECRET),
        LOOK_UP(141, "SECRET_LOOKUP_BY_UUID", "virSecretLookupByUUID", WireUuidArg, run_no_uuid, ERROR_FROM_SECRET),
        LOOK_UP(147, "SECRET_LOOKUP_BY_USAGE", "virSecretLookupByUsage", WireSecretUsage, run_no_secret_usage, ERROR_FROM_SECRET),
        LOOK_UP(175, "NWFILTER_LOOKUP_BY_NAME", "virNWFilterLookupByName", WireString, run_no_text, ERROR_FROM_NWFILTER),
        LOOK_UP(176, "NWFILTER_LOOKUP_BY_UUID", "virNWFilterLookupByUUID", WireUuidArg, run_no_uuid, ERROR_FROM_NWFILTER),
        COUNT(178, "CONNECT_NUM_OF_NWFILTERS", "virConnectNumOfNWFilters", ERROR_FROM_NWFILTER),
        NAMES(179, "CONNECT_LIST_NWFILTERS", "virConnectListNWFilters", ERROR_FROM_NWFILTER),
        OF_DOMAIN(187, "DOMAIN_SNAPSHOT_NUM", "virDomainSnapshotNum", WireInt, ERROR_FROM_SNAPSHOT),
        OF_DOMAIN(188, "DOMAIN_SNAPSHOT_LIST_NAMES", "virDomainSnapshotListNames", WireInt, ERROR_FROM_SNAPSHOT),
        LOOK_UP(189, "DOMAIN_SNAPSHOT_LOOKUP_BY_NAME", "virDomainSnapshotLookupByName", WireNameLookup, run_no_part_of_domain,
                ERROR_FROM_SNAPSHOT),
        OF_DOMAIN(190, "DOMAIN_HAS_CURRENT_SNAPSHOT", "virDomainHasCurrentSnapshot", WireInt, ERROR_FROM_SNAPSHOT),
        LOOK_UP(191, "DOMAIN_SNAPSHOT_CURRENT", "virDomainSnapshotCurrent", WireDomainFlags, run_no_current_snapshot,
                ERROR_FROM_SNAPSHOT),
        OF_DOMAIN(274, "DOMAIN_LIST_ALL_SNAPSHOTS", "virDomainListAllSnapshots", WireEmptyList, ERROR_FROM_SNAPSHOT),
        LIST(281, "CONNECT_LIST_ALL_STORAGE_POOLS", "virConnectListAllStoragePools", ERROR_FROM_STORAGE),
        LIST(283, "CONNECT_LIST_ALL_NETWORKS", "virConnectListAllNetworks", ERROR_FROM_NETWORK),
        LIST(284, "CONNECT_LIST_ALL_INTERFACES", "virConnectListAllInterfaces", ERROR_FROM_INTERFACE),
        LIST(285, "CONNECT_LIST_ALL_NODE_DEVICES", "virConnectListAllNodeDevices", ERROR_FROM_NODEDEV),
        LIST(286, "CONNECT_LIST_ALL_NWFILTERS", "virConnectListAllNWFilters", ERROR_FROM_NWFILTER),
        LIST(287, "CONNECT_LIST_ALL_SECRETS", "virConnectListAllSecrets", ERROR_FROM_SECRET),
        { 353, "DOMAIN_INTERFACE_ADDRESSES", "virDomainInterfaceAddresses", RIGHT_READ, ERROR_FROM_DOMAIN, WIRE(WireDomainFlags),
          WIRE(WireInt), run_no_addresses },
        LOOK_UP(391, "STORAGE_POOL_LOOKUP_BY_TARGET_PATH", "virStoragePoolLookupByTargetPath", WireString, run_no_text,
                ERROR_FROM_STORAGE),
        LOOK_UP(397, "NWFILTER_BINDING_LOOKUP_BY_PORT_DEV", "virNWFilterBindingLookupByPortDev", WireString, run_no_text,
                ERROR_FROM_NWFILTER),
        LIST(401, "CONNECT_LIST_ALL_NWFILTER_BINDINGS", "virConnectListAllNWFilterBindings", ERROR_FROM_NWFILTER),
        OF_DOMAIN(413, "DOMAIN_LIST_ALL_CHECKPOINTS", "virDomainListAllCheckpoints", WireEmptyList, ERROR_FROM_CHECKPOINT),
        LOOK_UP(415, "DOMAIN_CHECKPOINT_LOOKUP_BY_NAME", "virDomainCheckpointLookupByName", WireNameLookup, run_no_part_of_domain,
                ERROR_FROM_CHECKPOINT),
};

const ProcedureTable absent_procedures = { rows, N_ELEMENTS(rows) };
