/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_migrate.c - rows of jobs, and of migration protocol v3 with parameters. */
#include <string.h>
#include "rpc/dispatch.h"
#include "rpc/wire_param.h"

/* ---- migration parameters ---- */

#define FIELD(name) (offsetof(MigrateArgs, name) + 1)

/* Every parameter of libvirt 9.0; those with a field of their own in MigrateArgs say where. Others reach the driver in params. */
static const struct ParamRow {
        const char *name;
        ParamType type;
        size_t field;                   /* FIELD(); 0: none. A const char * or an uint64_t, by type */
        bool repeats;
} param_rows[] = {
        { "migrate_uri", PARAM_STRING, FIELD(uri) },
        { "destination_name", PARAM_STRING, FIELD(dname) },
        { "destination_xml", PARAM_STRING, FIELD(xml) },
        { "persistent_xml", PARAM_STRING, FIELD(persistent_xml) },
        { "bandwidth", PARAM_ULLONG, FIELD(bandwidth_mib) },
        { "graphics_uri", PARAM_STRING, FIELD(graphics_uri) },
        { "listen_address", PARAM_STRING, FIELD(listen_address) },
        { "migrate_disks", PARAM_STRING, 0, true },
        { "disks_port", PARAM_INT },
        { "disks_uri", PARAM_STRING },
        { "compression", PARAM_STRING, 0, true },
        { "compression.mt.level", PARAM_INT },
        { "compression.mt.threads", PARAM_INT },
        { "compression.mt.dthreads", PARAM_INT },
        { "compression.xbzrle.cache", PARAM_ULLONG },
        { "compression.zlib.level", PARAM_INT },
        { "compression.zstd.level", PARAM_INT },
        { "auto_converge.initial", PARAM_INT },
        { "auto_converge.increment", PARAM_INT },
        { "bandwidth.postcopy", PARAM_ULLONG },
        { "parallel.connections", PARAM_INT },
        { "tls.destination", PARAM_STRING },
};

static const char *const type_names[] = { "none", "int", "uint", "llong", "ullong", "double", "boolean", "string" };

static const struct ParamRow *param_row(const Param *param, Error **err) {
        for (size_t i = 0; i < N_ELEMENTS(param_rows); i++) {
                const struct ParamRow *row = &param_rows[i];

                if (strcmp(row->name, param->name) != 0)
                        continue;
                if (row->type == param->type)
                        return row;
                error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "invalid type '%s' for parameter '%s', expected '%s'",
                               type_names[param->type], param->name, type_names[row->type]);
                return NULL;
        }
        error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "parameter '%s' not supported", param->name);
        return NULL;
}

static void param_store(const struct ParamRow *row, const Param *param, MigrateArgs *args) {
        char *field = (char *) args + row->field - 1;

        if (row->field && row->type == PARAM_STRING)
                *(const char **) field = param->s;
        else if (row->field)
                *(uint64_t *) field = param->u;
}

/* Nothing asked for is ignored: an unknown parameter, a wrong type and a second value are refused. */
static int params_read(RpcCall *call, const WireParam *wire, size_t n, MigrateArgs *args, Error **err) {
        Param *params = rpc_call_alloc(call, n, sizeof(Param));
        bool seen[N_ELEMENTS(param_rows)] = {};

        wire_params_read(wire, n, params);
        for (size_t i = 0; i < n; i++) {
                const struct ParamRow *row = param_row(&params[i], err);

                if (!row)
                        return -1;
                if (seen[row - param_rows] && !row->repeats)
                        return error_set_from(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "parameter '%s' occurs multiple times",
                                              row->name);
                seen[row - param_rows] = true;
                param_store(row, &params[i], args);
        }
        args->params = params;
        args->n_params = n;
        return 0;
}

#define READ_ARGS(call, arg, args, err) params_read((call), (arg)->params.params_val, (arg)->params.params_len, (args), (err))
#define COOKIE(arg) .cookie = (arg)->cookie.cookie_val, .cookie_len = (arg)->cookie.cookie_len

/* ---- the five phases ---- */

static int run_begin(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMigrateBeginArgs *arg = args;
        MigrateArgs migrate = { .flags = arg->flags };
        Driver *driver = rpc_call_driver(call);

        if (READ_ARGS(call, arg, &migrate, err) < 0 || !rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->migrate_begin(driver, rpc_call_caller(call), arg->dom.uuid, &migrate, rpc_call_later(call));
        return RPC_LATER;
}

static int run_prepare(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMigratePrepareArgs *arg = args;
        MigrateArgs migrate = { .flags = arg->flags, COOKIE(arg) };
        Driver *driver = rpc_call_driver(call);

        if (READ_ARGS(call, arg, &migrate, err) < 0)
                return -1;
        if (!migrate.xml)
                return error_set(err, ERROR_INTERNAL, "no domain XML passed");
        driver->verbs->migrate_prepare(driver, rpc_call_caller(call), &migrate, rpc_call_later(call));
        return RPC_LATER;
}

static int run_perform(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMigratePerformArgs *arg = args;
        MigrateArgs migrate = { .flags = arg->flags, .dconn_uri = arg->dconn_uri, COOKIE(arg) };
        Driver *driver = rpc_call_driver(call);

        if (READ_ARGS(call, arg, &migrate, err) < 0 || !rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->migrate_perform(driver, arg->dom.uuid, &migrate, rpc_call_later(call));
        return RPC_LATER;
}

static int run_finish(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMigrateFinishArgs *arg = args;
        MigrateArgs migrate = { .flags = arg->flags, .cancelled = arg->cancelled != 0, COOKIE(arg) };
        Driver *driver = rpc_call_driver(call);

        if (READ_ARGS(call, arg, &migrate, err) < 0)
                return -1;
        if (!migrate.dname)
                return error_set(err, ERROR_NO_DOMAIN, "missing domain name");
        driver->verbs->migrate_finish(driver, &migrate, rpc_call_later(call));
        return RPC_LATER;
}

static int run_confirm(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMigrateConfirmArgs *arg = args;
        MigrateArgs migrate = { .flags = arg->flags, .cancelled = arg->cancelled != 0, COOKIE(arg) };
        Driver *driver = rpc_call_driver(call);

        if (READ_ARGS(call, arg, &migrate, err) < 0 || !rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->migrate_confirm(driver, arg->dom.uuid, &migrate, rpc_call_later(call));
        return RPC_LATER;
}

static int run_no_tunnel(RpcCall *call, const void *args, void *ret, Error **err) {
        return error_set(err, ERROR_OPERATION_UNSUPPORTED, "tunnelled migration is not supported: migrate without --tunnelled");
}

static int check_migrate(RpcCall *call, const Result *result, Error **err) {
        return result->kind == RESULT_MIGRATE ? 0 : answer_wrong(call, err);
}

#define FILL_COOKIE(to, result)                                                                                        \
        do {                                                                                                           \
                (to)->cookie.cookie_len = (u_int) (result)->migrate.cookie_len;                                        \
                (to)->cookie.cookie_val = (char *) (result)->migrate.cookie;                                           \
        } while (0)

static int answer_begin(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireMigrateBegin *begin = ret;

        if (check_migrate(call, result, err) < 0)
                return -1;
        FILL_COOKIE(begin, result);
        begin->xml = (char *) result->migrate.xml;
        return 0;
}

static int answer_prepare(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireMigratePrepare *prepare = ret;

        if (check_migrate(call, result, err) < 0)
                return -1;
        FILL_COOKIE(prepare, result);
        prepare->uri = (char *) result->migrate.uri;
        return 0;
}

static int answer_perform(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireMigratePerform *perform = ret;

        if (check_migrate(call, result, err) < 0)
                return -1;
        FILL_COOKIE(perform, result);
        return 0;
}

static int answer_finish(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireMigrateFinish *finish = ret;

        if (check_migrate(call, result, err) < 0)
                return -1;
        if (!result->migrate.domain)
                return answer_wrong(call, err);
        FILL_COOKIE(finish, result);
        rpc_wire_domain(result->migrate.domain, &finish->dom);
        return 0;
}

/* ---- jobs ---- */

static int answer_job_stats(RpcCall *call, const Result *result, void *ret, Error **err) {
        WireJobStats *stats = ret;
        size_t n = result->params.n < REMOTE_JOB_STATS_MAX ? result->params.n : REMOTE_JOB_STATS_MAX;

        if (result->kind != RESULT_PARAMS)
                return answer_wrong(call, err);
        stats->type = (int) result->params.type;
        stats->params.params_len = (u_int) n;
        stats->params.params_val = rpc_call_alloc(call, n, sizeof(WireParam));
        wire_params_fill(result->params.items, n, stats->params.params_val);
        return 0;
}

/* The old form of the same: a struct of some of the numbers. */
static const struct {
        const char *param;
        size_t offset;
} job_info_fields[] = {
        { "time_elapsed", offsetof(WireJobInfo, time_elapsed) },
        { "time_remaining", offsetof(WireJobInfo, time_remaining) },
        { "data_total", offsetof(WireJobInfo, data_total) },
        { "data_processed", offsetof(WireJobInfo, data_processed) },
        { "data_remaining", offsetof(WireJobInfo, data_remaining) },
        { "memory_total", offsetof(WireJobInfo, mem_total) },
        { "memory_processed", offsetof(WireJobInfo, mem_processed) },
        { "memory_remaining", offsetof(WireJobInfo, mem_remaining) },
        { "disk_total", offsetof(WireJobInfo, file_total) },
        { "disk_processed", offsetof(WireJobInfo, file_processed) },
        { "disk_remaining", offsetof(WireJobInfo, file_remaining) },
};

static void job_info_set(WireJobInfo *info, const Param *param) {
        if (param->type != PARAM_ULLONG)
                return;
        for (size_t i = 0; i < N_ELEMENTS(job_info_fields); i++)
                if (strcmp(job_info_fields[i].param, param->name) == 0)
                        *(u_quad_t *) ((char *) info + job_info_fields[i].offset) = param->u;
}

static int answer_job_info(RpcCall *call, const Result *result, void *ret, Error **err) {
        if (result->kind != RESULT_PARAMS)
                return answer_wrong(call, err);
        ((WireJobInfo *) ret)->type = (int) result->params.type;
        for (size_t i = 0; i < result->params.n; i++)
                job_info_set(ret, &result->params.items[i]);
        return 0;
}

static const Procedure rows[] = {
        { 163, "DOMAIN_GET_JOB_INFO", "virDomainGetJobInfo", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), WIRE(WireJobInfo), run_domain_verb_0, answer_job_info, VERB(job_stats) },
        { 164, "DOMAIN_ABORT_JOB", "virDomainAbortJob", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb_0, NULL, VERB(abort_job) },
        { 298, "DOMAIN_GET_JOB_STATS", "virDomainGetJobStats", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireJobStats), run_domain_verb_flags, answer_job_stats, VERB(job_stats) },
        { 302, "DOMAIN_MIGRATE_BEGIN3_PARAMS", "virDomainMigrateBegin3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigrateBeginArgs), WIRE(WireMigrateBegin), run_begin, answer_begin, VERB(migrate_begin), COST_WORK },
        { 303, "DOMAIN_MIGRATE_PREPARE3_PARAMS", "virDomainMigratePrepare3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigratePrepareArgs), WIRE(WireMigratePrepare), run_prepare, answer_prepare, VERB(migrate_prepare), COST_WORK },
        { 304, "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS", "virDomainMigratePrepareTunnel3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigratePrepareArgs), NO_WIRE, run_no_tunnel },
        { 305, "DOMAIN_MIGRATE_PERFORM3_PARAMS", "virDomainMigratePerform3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigratePerformArgs), WIRE(WireMigratePerform), run_perform, answer_perform, VERB(migrate_perform), COST_WORK },
        { 306, "DOMAIN_MIGRATE_FINISH3_PARAMS", "virDomainMigrateFinish3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigrateFinishArgs), WIRE(WireMigrateFinish), run_finish, answer_finish, VERB(migrate_finish), COST_WORK },
        { 307, "DOMAIN_MIGRATE_CONFIRM3_PARAMS", "virDomainMigrateConfirm3Params", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireMigrateConfirmArgs), NO_WIRE, run_confirm, NULL, VERB(migrate_confirm), COST_WORK },
        { 442, "DOMAIN_ABORT_JOB_FLAGS", "virDomainAbortJobFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(abort_job) },
};

const ProcedureTable migrate_procedures = { rows, N_ELEMENTS(rows) };
