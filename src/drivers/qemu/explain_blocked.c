/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/explain_blocked.h"

#define PATIENCE_USEC (2 * USEC_PER_SEC)

typedef struct BlockedAsk {
        QmpCall *call;                  /* NULL once answered */
        sd_event_source *timer;
        char *name;
        BlockedDone done;
        void *userdata;
} BlockedAsk;

static void ask_finish(BlockedAsk *ask, const BlockedReasons *blocked, const Error *err) {
        sd_event_source_disable_unref(ask->timer);
        ask->done(blocked, err, ask->userdata);
        free(ask->name);
        free(ask);
}

static void on_migrate_info(json_object *result, const Error *err, void *userdata) {
        json_object *array = json_get_array(result, "blocked-reasons");
        BlockedReasons blocked = {};

        for (size_t i = 0; !err && array && i < json_object_array_length(array); i++) {
                json_object *reason = json_object_array_get_idx(array, i);

                if (json_object_is_type(reason, json_type_string))
                        *ARRAY_APPEND(blocked.reasons, blocked.n) = xstrdup(json_object_get_string(reason));
        }
        ask_finish(userdata, &blocked, err);
        for (size_t i = 0; i < blocked.n; i++)
                free(blocked.reasons[i]);
        free(blocked.reasons);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        BlockedAsk *ask = userdata;
        CLEANUP(error_free) Error *err = NULL;

        qmp_call_cancel(ask->call);
        error_set(&err, ERROR_OPERATION_TIMEOUT, "domain '%s': its VMM did not say within 2 s what blocks migration", ask->name);
        ask_finish(ask, NULL, err);
        return 0;
}

int blocked_reasons_ask(sd_event *loop, Domain *domain, BlockedDone done, void *userdata, Error **err) {
        BlockedAsk *ask;
        int r;

        if (!domain->live->qmp)
                return error_set(err, ERROR_OPERATION_INVALID, "domain '%s': its monitor is not connected", domain->name);
        ask = xnew(BlockedAsk);
        *ask = (BlockedAsk) { .name = xstrdup(domain->name), .done = done, .userdata = userdata };
        r = sd_event_add_time_relative(loop, &ask->timer, CLOCK_MONOTONIC, PATIENCE_USEC, 0, on_timeout, ask);
        ask->call = r < 0 ? NULL : qmp_client_call(domain->live->qmp, "query-migrate", NULL, on_migrate_info, ask, err);
        if (ask->call)
                return 0;
        if (r < 0)
                error_set_errno(err, r, "domain '%s': cannot set a timer", domain->name);
        sd_event_source_disable_unref(ask->timer);
        free(ask->name);
        free(ask);
        return -1;
}
