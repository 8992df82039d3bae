/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_domain.c - rows that ask about domains; most are answered from the driver's published views at once. */
#include <string.h>
#include "rpc/dispatch.h"
#include "rpc/wire_param.h"
#include "util/process.h"

#define XML_SECURE 1u
#define XML_MIGRATABLE 8u
#define AFFECT_LIVE 1u
#define AFFECT_CONFIG 2u
#define VCPUS_MAXIMUM 4u
#define VCPUS_GUEST 8u
#define MESSAGES_TAINTING 2u

/* ---- look-ups ---- */

static int found(const DomainView *view, void *ret) {
        rpc_wire_domain(view, &((WireDomainArg *) ret)->dom);
        return 0;
}

static int run_lookup_by_id(RpcCall *call, const void *args, void *ret, Error **err) {
        int id = ((const WireInt *) args)->value;
        const DomainView *view = id < 0 ? NULL : rpc_call_driver(call)->verbs->find_id(rpc_call_driver(call), id);

        return view ? found(view, ret) : error_set(err, ERROR_NO_DOMAIN, "no domain with matching id %d", id);
}

static int run_lookup_by_name(RpcCall *call, const void *args, void *ret, Error **err) {
        const char *name = ((const WireString *) args)->text;
        const DomainView *view = rpc_call_driver(call)->verbs->find_name(rpc_call_driver(call), name);

        return view ? found(view, ret) : error_set(err, ERROR_NO_DOMAIN, "no domain with matching name '%s'", name);
}

static int run_lookup_by_uuid(RpcCall *call, const void *args, void *ret, Error **err) {
        sd_id128_t uuid = ((const WireUuidArg *) args)->uuid;
        const DomainView *view = rpc_call_driver(call)->verbs->find_uuid(rpc_call_driver(call), uuid);

        return view ? found(view, ret)
                    : error_set(err, ERROR_NO_DOMAIN, "no domain with matching uuid '" SD_ID128_UUID_FORMAT_STR "'",
                                SD_ID128_FORMAT_VAL(uuid));
}

/* ---- lists ---- */

typedef struct ListWalk {
        unsigned flags;
        const DomainView **views;
        size_t n, n_room, n_max;        /* counted beyond n_max, not kept */
        bool count_only;
} ListWalk;

static bool list_each(const DomainView *view, void *userdata) {
        ListWalk *walk = userdata;

        if (!domain_view_listed(view, walk->flags))
                return true;
        if (!walk->count_only && walk->n < walk->n_max) {
                if (walk->n == walk->n_room) {
                        walk->n_room = walk->n_room ? walk->n_room * 2 : 64;
                        walk->views = xrealloc(walk->views, walk->n_room, sizeof(*walk->views));
                }
                walk->views[walk->n] = view;
        }
        walk->n++;
        return true;
}

static void list_walk(RpcCall *call, ListWalk *walk) {
        Driver *driver = rpc_call_driver(call);

        driver->verbs->each_domain(driver, list_each, walk);
}

static int run_list_all(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireListArgs *arg = args;
        WireDomainList *list = ret;
        ListWalk walk = { .flags = arg->flags, .n_max = REMOTE_DOMAIN_LIST_MAX, .count_only = !arg->need_results };
        int r = rpc_check_flags(call, arg->flags, LIST_ALL_FLAGS, err);

        if (r < 0)
                return r;
        list_walk(call, &walk);
        list->ret = (u_int) walk.n;
        if (walk.n > walk.n_max && !walk.count_only)
                r = error_set(err, ERROR_RPC, "too many domains for one message: %zu, the limit is %d", walk.n,
                              REMOTE_DOMAIN_LIST_MAX);
        if (r >= 0 && !walk.count_only) {
                list->domains.domains_len = (u_int) walk.n;
                list->domains.domains_val = rpc_call_alloc(call, walk.n, sizeof(WireDomain));
                for (size_t i = 0; i < walk.n; i++)
                        rpc_wire_domain(walk.views[i], &list->domains.domains_val[i]);
        }
        free(walk.views);
        return r;
}

static int run_count(RpcCall *call, unsigned flags, void *ret) {
        ListWalk walk = { .flags = flags, .count_only = true };

        list_walk(call, &walk);
        ((WireInt *) ret)->value = (int) walk.n;
        return 0;
}

static int run_num_active(RpcCall *call, const void *args, void *ret, Error **err) {
        return run_count(call, LIST_ACTIVE, ret);
}

static int run_num_defined(RpcCall *call, const void *args, void *ret, Error **err) {
        return run_count(call, LIST_INACTIVE, ret);
}

/* The old lists: at most as many as the caller has room for, and no more than a message takes. */
static int list_some(RpcCall *call, int max, unsigned flags, ListWalk *walk, Error **err) {
        if (max < 0)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "a list of at most %d items was asked for", max);
        *walk = (ListWalk) { .flags = flags, .n_max = max < REMOTE_DOMAIN_LIST_MAX ? (size_t) max : REMOTE_DOMAIN_LIST_MAX };
        list_walk(call, walk);
        if (walk->n > walk->n_max)
                walk->n = walk->n_max;
        return 0;
}

static int run_list_active(RpcCall *call, const void *args, void *ret, Error **err) {
        WireInts *ids = ret;
        ListWalk walk;

        if (list_some(call, ((const WireInt *) args)->value, LIST_ACTIVE, &walk, err) < 0)
                return -1;
        ids->values.values_len = (u_int) walk.n;
        ids->values.values_val = rpc_call_alloc(call, walk.n, sizeof(int));
        for (size_t i = 0; i < walk.n; i++)
                ids->values.values_val[i] = walk.views[i]->id;
        free(walk.views);
        return 0;
}

static int run_list_defined(RpcCall *call, const void *args, void *ret, Error **err) {
        WireTexts *names = ret;
        ListWalk walk;

        if (list_some(call, ((const WireInt *) args)->value, LIST_INACTIVE, &walk, err) < 0)
                return -1;
        names->texts.texts_len = (u_int) walk.n;
        names->texts.texts_val = rpc_call_alloc(call, walk.n, sizeof(WireText));
        for (size_t i = 0; i < walk.n; i++)
                names->texts.texts_val[i] = (char *) walk.views[i]->name;
        free(walk.views);
        return 0;
}

/* ---- one published value ---- */

/* The domain of the arguments, which all begin with it. */
static const DomainView *view_of(RpcCall *call, const void *args, Error **err) {
        return rpc_find_domain(call, &((const WireDomainArg *) args)->dom, err);
}

static int not_running(Error **err) {
        return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is not running");
}

static int run_get_info(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        *(WireDomainInfo *) ret = (WireDomainInfo) {
                .state = (u_char) view->state,
                .max_memory = view->max_memory_kib,
                .memory = view->memory_kib,
                .n_vcpus = (u_short) view->n_vcpus,
                .cpu_time = view->pid > 0 ? process_cpu_nsec((pid_t) view->pid) : 0,
        };
        return 0;
}

static int run_get_state(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;
        const DomainView *view = NULL;

        if (rpc_check_flags(call, arg->flags, 0, err) >= 0)
                view = view_of(call, args, err);
        if (!view)
                return -1;
        *(WireDomainState *) ret = (WireDomainState) { .state = view->state, .reason = view->reason };
        return 0;
}

static int run_get_max_memory(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireHyper *) ret)->value = view->max_memory_kib;
        return 0;
}

static int run_get_max_vcpus(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        if (!view->active)
                return not_running(err);
        ((WireInt *) ret)->value = (int) view->max_vcpus;
        return 0;
}

static int check_vcpus_flags(const DomainView *view, unsigned flags, Error **err) {
        if ((flags & AFFECT_LIVE) && (flags & AFFECT_CONFIG))
                return error_set_plain(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG,
                                       "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive");
        if (!view->active && flags & VCPUS_GUEST)
                return error_set(err, ERROR_INVALID_ARG,
                                 "vCPU count provided by the guest agent can only be requested for live domains");
        if (!view->active && flags & AFFECT_LIVE)
                return not_running(err);
        if (!view->persistent && flags & AFFECT_CONFIG)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID,
                                      "transient domains do not have any persistent config");
        if (flags & VCPUS_GUEST)
                return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
        return 0;
}

static int run_get_vcpus_flags(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;
        const DomainView *view = NULL;

        if (rpc_check_flags(call, arg->flags, AFFECT_LIVE | AFFECT_CONFIG | VCPUS_MAXIMUM | VCPUS_GUEST, err) >= 0)
                view = view_of(call, args, err);
        if (!view || check_vcpus_flags(view, arg->flags, err) < 0)
                return -1;
        ((WireInt *) ret)->value = (int) (arg->flags & VCPUS_MAXIMUM ? view->max_vcpus : view->n_vcpus);
        return 0;
}

static int run_get_os_type(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireString *) ret)->text = (char *) view->os_type;
        return 0;
}

static int run_get_autostart(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireInt *) ret)->value = view->autostart;
        return 0;
}

static int run_is_active(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireInt *) ret)->value = view->active;
        return 0;
}

static int run_is_persistent(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireInt *) ret)->value = view->persistent;
        return 0;
}

static int run_is_updated(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = view_of(call, args, err);

        if (!view)
                return -1;
        ((WireInt *) ret)->value = view->updated;
        return 0;
}

static int run_has_managed_save(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = NULL;

        if (rpc_check_flags(call, ((const WireDomainFlags *) args)->flags, 0, err) >= 0)
                view = view_of(call, args, err);
        if (!view)
                return -1;
        ((WireInt *) ret)->value = view->has_managed_save;
        return 0;
}

/* The monitor is never waited for, so it is never in a state that a caller must know of. */
static int run_get_control_info(RpcCall *call, const void *args, void *ret, Error **err) {
        const DomainView *view = NULL;

        if (rpc_check_flags(call, ((const WireDomainFlags *) args)->flags, 0, err) >= 0)
                view = view_of(call, args, err);
        if (!view)
                return -1;
        return view->active ? 0 : not_running(err);
}

/* No scheduler parameters are offered. */
static int run_get_scheduler_type(RpcCall *call, const void *args, void *ret, Error **err) {
        if (!view_of(call, args, err))
                return -1;
        ((WireSchedulerType *) ret)->type = (char *) "posix";
        return 0;
}

static int run_get_security_label(RpcCall *call, const void *args, void *ret, Error **err) {
        if (!view_of(call, args, err))
                return -1;
        ((WireSecurityLabel *) ret)->label = (char *) "";
        return 0;
}

static int run_get_security_labels(RpcCall *call, const void *args, void *ret, Error **err) {
        return view_of(call, args, err) ? 0 : -1;
}

static int run_get_messages(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;
        const DomainView *view = NULL;
        WireTexts *messages = ret;

        if (rpc_check_flags(call, arg->flags, 3, err) >= 0)
                view = view_of(call, args, err);
        if (!view)
                return -1;
        if (arg->flags == 0 || arg->flags & MESSAGES_TAINTING) {
                messages->texts.texts_len =
                        (u_int) (view->n_messages < REMOTE_MESSAGES_MAX ? view->n_messages : REMOTE_MESSAGES_MAX);
                messages->texts.texts_val = (char **) view->messages;
        }
        return 0;
}

/* ---- asked of the driver ---- */

/* What is secret, or shown as a migration source shows it, is not for read-only connections. */
static int run_xml_desc(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;

        if (rpc_call_caller(call)->read_only && arg->flags & (XML_SECURE | XML_MIGRATABLE))
                return error_set(err, ERROR_OPERATION_DENIED, "virDomainGetXMLDesc with secure flag");
        return run_domain_verb_flags(call, args, ret, err);
}

static int run_get_metadata(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireGetMetadataArgs *arg = args;
        Driver *driver = rpc_call_driver(call);

        if (!view_of(call, args, err))
                return -1;
        driver->verbs->get_metadata(driver, arg->dom.uuid, arg->type, arg->uri, arg->flags, rpc_call_later(call));
        return RPC_LATER;
}

static int run_stats(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireStatsArgs *arg = args;
        Driver *driver = rpc_call_driver(call);
        size_t n = arg->doms.doms_len;
        CLEANUP(free) sd_id128_t *uuids = xnew_n(sd_id128_t, n + 1);

        for (size_t i = 0; i < n; i++)
                uuids[i] = arg->doms.doms_val[i].uuid;
        driver->verbs->stats(driver, uuids, n, arg->stats, arg->flags, rpc_call_later(call));
        return RPC_LATER;
}

static int answer_stats(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireStats *stats = ret;
        size_t n = result->stats.n;

        if (result->kind != RESULT_STATS)
                return answer_wrong(call, err);
        if (n > REMOTE_DOMAIN_LIST_MAX)
                return error_set(err, ERROR_RPC, "too many domains for one message: %zu, the limit is %d", n,
                                 REMOTE_DOMAIN_LIST_MAX);
        stats->records.records_len = (u_int) n;
        stats->records.records_val = rpc_call_alloc(call, n, sizeof(WireStatsRecord));
        for (size_t i = 0; i < n; i++) {
                const DomainStats *from = &result->stats.items[i];
                WireStatsRecord *to = &stats->records.records_val[i];

                rpc_wire_domain(from->domain, &to->dom);
                to->params.params_len = (u_int) from->n_params;
                to->params.params_val = rpc_call_alloc(call, from->n_params, sizeof(WireParam));
                wire_params_fill(from->params, from->n_params, to->params.params_val);
        }
        return 0;
}

static const Procedure rows[] = {
        { 14, "DOMAIN_GET_XML_DESC", "virDomainGetXMLDesc", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireString), run_xml_desc, answer_text, VERB(xml_desc), COST_LIST },
        { 15, "DOMAIN_GET_AUTOSTART", "virDomainGetAutostart", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireInt), run_get_autostart },
        { 16, "DOMAIN_GET_INFO", "virDomainGetInfo", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireDomainInfo), run_get_info },
        { 17, "DOMAIN_GET_MAX_MEMORY", "virDomainGetMaxMemory", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireHyper), run_get_max_memory },
        { 18, "DOMAIN_GET_MAX_VCPUS", "virDomainGetMaxVcpus", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireInt), run_get_max_vcpus },
        { 19, "DOMAIN_GET_OS_TYPE", "virDomainGetOSType", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireString), run_get_os_type },
        { 21, "CONNECT_LIST_DEFINED_DOMAINS", "virConnectListDefinedDomains", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), WIRE(WireTexts), run_list_defined, .cost = COST_LIST },
        { 22, "DOMAIN_LOOKUP_BY_ID", "virDomainLookupByID", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), WIRE(WireDomainArg), run_lookup_by_id },
        { 23, "DOMAIN_LOOKUP_BY_NAME", "virDomainLookupByName", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireString), WIRE(WireDomainArg), run_lookup_by_name },
        { 24, "DOMAIN_LOOKUP_BY_UUID", "virDomainLookupByUUID", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireUuidArg), WIRE(WireDomainArg), run_lookup_by_uuid },
        { 25, "CONNECT_NUM_OF_DEFINED_DOMAINS", "virConnectNumOfDefinedDomains", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireInt), run_num_defined, .cost = COST_LIST },
        { 37, "CONNECT_LIST_DOMAINS", "virConnectListDomains", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), WIRE(WireInts), run_list_active, .cost = COST_LIST },
        { 51, "CONNECT_NUM_OF_DOMAINS", "virConnectNumOfDomains", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireInt), run_num_active, .cost = COST_LIST },
        { 56, "DOMAIN_GET_SCHEDULER_TYPE", "virDomainGetSchedulerType", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireSchedulerType), run_get_scheduler_type },
        { 121, "DOMAIN_GET_SECURITY_LABEL", "virDomainGetSecurityLabel", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireSecurityLabel), run_get_security_label },
        { 150, "DOMAIN_IS_ACTIVE", "virDomainIsActive", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireInt), run_is_active },
        { 151, "DOMAIN_IS_PERSISTENT", "virDomainIsPersistent", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireInt), run_is_persistent },
        { 183, "DOMAIN_HAS_MANAGED_SAVE_IMAGE", "virDomainHasManagedSaveImage", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireInt), run_has_managed_save },
        { 200, "DOMAIN_GET_VCPUS_FLAGS", "virDomainGetVcpusFlags", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireInt), run_get_vcpus_flags },
        { 202, "DOMAIN_IS_UPDATED", "virDomainIsUpdated", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireInt), run_is_updated },
        { 212, "DOMAIN_GET_STATE", "virDomainGetState", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireDomainState), run_get_state },
        { 229, "DOMAIN_GET_CONTROL_INFO", "virDomainGetControlInfo", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireControlInfo), run_get_control_info },
        { 265, "DOMAIN_GET_METADATA", "virDomainGetMetadata", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireGetMetadataArgs), WIRE(WireString), run_get_metadata, answer_text, VERB(get_metadata), COST_LIST },
        { 273, "CONNECT_LIST_ALL_DOMAINS", "virConnectListAllDomains", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireListArgs), WIRE(WireDomainList), run_list_all, .cost = COST_LIST },
        { 278, "DOMAIN_GET_SECURITY_LABEL_LIST", "virDomainGetSecurityLabelList", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireEmptyList), run_get_security_labels },
        { 344, "CONNECT_GET_ALL_DOMAIN_STATS", "virConnectGetAllDomainStats", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireStatsArgs), WIRE(WireStats), run_stats, answer_stats, VERB(stats), COST_WORK },
        { 426, "DOMAIN_GET_MESSAGES", "virDomainGetMessages", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireTexts), run_get_messages },
};

const ProcedureTable domain_procedures = { rows, N_ELEMENTS(rows) };
