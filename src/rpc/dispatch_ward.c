/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_ward.c - rows of virtward's own program: JSON in, JSON out (docs/private-api.md). */
#include <string.h>
#include "rpc/dispatch.h"
#include "rpc/ward.h"
#include "util/json.h"
#include "util/ward_program.h"

/* A definition, or a path, of the caller's own makes the daemon run a program that the caller named, to probe it: not for
 * read-only connections (libvirt learned that for its domain capabilities with CVE-2019-10167). */
static int check_read_only(const RpcCall *call, const char *request, Error **err) {
        CLEANUP(json_put) json_object *object = NULL;

        if (!rpc_call_caller(call)->read_only)
                return 0;
        if (json_parse(request, strlen(request), "the request", &object, err) < 0)
                return -1;
        if (json_object_object_get_ex(object, "xml", NULL) || json_object_object_get_ex(object, "emulator", NULL))
                return error_set_from(err, call->procedure->domain, ERROR_OPERATION_DENIED,
                                      "read only access prevents %s of a definition or an emulator of one's own",
                                      call->procedure->api);
        return 0;
}

/* verb(driver, request, reply) */
static int run_question(RpcCall *call, const void *args, void *ret, Error **err) {
        const char *request = ((const WardRequest *) args)->json;
        Driver *driver = rpc_call_driver(call);
        void (*const *verb)(Driver *, const char *, Reply *) =
                (const void *) ((const char *) driver->verbs + call->procedure->verb);

        if (check_read_only(call, request, err) < 0)
                return -1;
        (*verb)(driver, request, rpc_call_later(call));
        return RPC_LATER;
}

static int run_start(RpcCall *call, const void *args, void *ret, Error **err) {
        Driver *driver = rpc_call_driver(call);

        driver->verbs->start(driver, rpc_call_caller(call), ((const WardRequest *) args)->json, rpc_call_later(call));
        return RPC_LATER;
}

static const Procedure rows[] = {
        { WARD_PROC_EXPLAIN, "EXPLAIN", "explain", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(explain), COST_WORK },
        { WARD_PROC_WHY, "WHY", "why", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(why), COST_LIST },
        { WARD_PROC_POLICY_SHOW, "POLICY_SHOW", "policy show", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(policy_show), COST_LIST },
        { WARD_PROC_HOST_FACTS, "HOST_FACTS", "host facts", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(host_facts), COST_WORK },
        { WARD_PROC_START, "START", "start", RIGHT_WRITE, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_start, answer_text, VERB(start), COST_WORK },
        { WARD_PROC_LINT, "LINT", "lint", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(lint), COST_WORK },
        { WARD_PROC_DIFF, "DIFF", "diff", RIGHT_READ, ERROR_FROM_QEMU,
          WIRE(WardRequest), WIRE(WardAnswer), run_question, answer_text, VERB(diff), COST_WORK },
};

const ProcedureTable ward_procedures = { rows, N_ELEMENTS(rows) };
