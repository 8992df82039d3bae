/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include "rpc/server.h"
#include "util/log.h"
#include "util/ward_program.h"

/* ---- the programs ---- */

typedef struct Program {
        uint32_t number;
        const Procedure **by_number;    /* NULL where there is none */
        int n;
} Program;

struct Dispatch {
        Program programs[3];
};

static void program_add(Program *program, const ProcedureTable *table) {
        for (size_t i = 0; i < table->n; i++) {
                const Procedure *row = &table->rows[i];

                assert(row->args_size <= WIRE_STRUCT_MAX && row->ret_size <= WIRE_STRUCT_MAX);
                while (program->n <= row->number)
                        *ARRAY_APPEND(program->by_number, program->n) = NULL;
                assert(!program->by_number[row->number]);
                program->by_number[row->number] = row;
        }
}

Dispatch *dispatch_new(void) {
        static const ProcedureTable *const remote_tables[] = {
                &connect_procedures, &domain_procedures, &lifecycle_procedures, &migrate_procedures,
                &host_procedures, &absent_procedures, &event_procedures, &rest_procedures,
        };
        Dispatch *dispatch = xnew(Dispatch);

        dispatch->programs[0].number = REMOTE_PROGRAM;
        for (size_t i = 0; i < N_ELEMENTS(remote_tables); i++)
                program_add(&dispatch->programs[0], remote_tables[i]);
        dispatch->programs[1].number = QEMU_PROGRAM;
        program_add(&dispatch->programs[1], &qemu_procedures);
        dispatch->programs[2].number = WARD_PROGRAM;
        program_add(&dispatch->programs[2], &ward_procedures);
        return dispatch;
}

Dispatch *dispatch_free(Dispatch *dispatch) {
        if (!dispatch)
                return NULL;
        for (size_t i = 0; i < N_ELEMENTS(dispatch->programs); i++)
                free(dispatch->programs[i].by_number);
        free(dispatch);
        return NULL;
}

const Procedure *dispatch_find(const Dispatch *dispatch, uint32_t program, uint32_t version, int number, bool *ret_known) {
        for (size_t i = 0; i < N_ELEMENTS(dispatch->programs); i++) {
                const Program *known = &dispatch->programs[i];

                if (known->number != program || version != REMOTE_PROTOCOL_VERSION)
                        continue;
                *ret_known = true;
                return number >= 0 && number < known->n ? known->by_number[number] : NULL;
        }
        *ret_known = false;
        return NULL;
}

/* ---- memory and driver for rows ---- */

struct CallMemory {
        struct CallMemory *next;
        max_align_t bytes[];
};

void *rpc_call_alloc(RpcCall *call, size_t n, size_t size) {
        struct CallMemory *memory;

        assert(n <= (SIZE_MAX - sizeof(*memory)) / (size ? size : 1));
        memory = xcalloc(1, sizeof(*memory) + n * size);
        memory->next = call->memory;
        call->memory = memory;
        return memory->bytes;
}

static void call_done(RpcCall *call) {
        while (call->memory) {
                struct CallMemory *memory = call->memory;

                call->memory = memory->next;
                free(memory);
        }
}

Driver *rpc_call_driver(const RpcCall *call) {
        return call->server->driver;
}

const Caller *rpc_call_caller(const RpcCall *call) {
        return &call->client->caller;
}

/* ---- replies ---- */

int rpc_server_encode(RpcServer *server, FrameHeader *header, xdrproc_t body, const void *value, const uint8_t **ret,
                      size_t *ret_len) {
        XDR xdr;

        for (;;) {
                xdrmem_create(&xdr, (char *) server->output + FRAME_HEADER_BYTES,
                              (u_int) (server->output_size - FRAME_HEADER_BYTES), XDR_ENCODE);
                if (!body || body(&xdr, (void *) value))
                        break;
                if (server->output_size >= FRAME_MAX)
                        return -EMSGSIZE;
                free(server->output);
                server->output_size = server->output_size * 4 > FRAME_MAX ? FRAME_MAX : server->output_size * 4;
                server->output = xmalloc(server->output_size);
        }
        header->length = FRAME_HEADER_BYTES + (body ? xdr_getpos(&xdr) : 0);
        frame_header_put(server->output, header);
        *ret = server->output;
        *ret_len = header->length;
        return 0;
}

/* A reply that needed much space is rare; its space is not kept. */
static void output_shrink(RpcServer *server) {
        if (server->output_size <= 16 * SCRATCH_BYTES)
                return;
        free(server->output);
        server->output_size = SCRATCH_BYTES;
        server->output = xmalloc(server->output_size);
}

static int call_send(RpcCall *call, int status, xdrproc_t body, const void *value) {
        FrameHeader header = call->header;
        const uint8_t *bytes;
        size_t len;
        int r;

        header.type = FRAME_REPLY;
        header.status = status;
        r = rpc_server_encode(call->server, &header, body, value, &bytes, &len);
        if (r >= 0)
                rpc_client_send(call->client, bytes, len);
        output_shrink(call->server);
        return r;
}

/* As libvirt fills it in: the message is complete, str1 is its form and str2 what was put into it. */
static void call_send_error(RpcCall *call, const Error *err) {
        size_t message = strlen(err->message), detail = strlen(err->detail);
        CLEANUP(free) char *form = xasprintf("%.*s%%s", (int) (message > detail ? message - detail : 0), err->message);
        const WireError wire = {
                .code = (int) err->code,
                .domain = (int) err->domain,
                .message = err->message,
                .level = 2,
                .str1 = form,
                .str2 = err->detail,
                .int1 = err->errnum ? err->errnum : -1,
                .int2 = -1,
        };

        log_debug("client %p: %s: error %d/%d: %s", (void *) call->client, call->procedure ? call->procedure->name : "call",
                  (int) err->code, (int) err->domain, err->message);
        call_send(call, FRAME_ERROR, (xdrproc_t) xdr_WireError, &wire);
}

static void call_send_result(RpcCall *call, const void *ret) {
        CLEANUP(error_free) Error *err = NULL;

        if (call_send(call, FRAME_OK, call->procedure->ret, ret) >= 0)
                return;
        error_set(&err, ERROR_RPC, "Unable to encode message payload: the answer of %s is too large", call->procedure->api);
        call_send_error(call, err);
}

/* ---- calls that are answered later ---- */

struct PendingCall {
        Reply reply;                    /* first: the driver hands this back */
        RpcCall call;
        PendingCall *prev, *next;       /* the client's list */
};

static void pending_unlink(PendingCall *pending) {
        RpcClient *client = pending->call.client;

        if (pending->prev)
                pending->prev->next = pending->next;
        else
                client->calls = pending->next;
        if (pending->next)
                pending->next->prev = pending->prev;
        client->n_calls--;
}

static void pending_answer(RpcCall *call, const Result *result, const Error *failure) {
        max_align_t ret[WIRE_STRUCT_MAX / sizeof(max_align_t)];
        CLEANUP(error_free) Error *err = NULL;

        if (failure) {
                call_send_error(call, failure);
                return;
        }
        memset(ret, 0, call->procedure->ret_size);
        if (call->procedure->answer && call->procedure->answer(call, result, ret, &err) < 0)
                call_send_error(call, err);
        else
                call_send_result(call, ret);
}

static void on_reply(Reply *reply, const Result *result, const Error *failure) {
        PendingCall *pending = (PendingCall *) reply;
        RpcClient *client = pending->call.client;

        if (client) {
                pending_answer(&pending->call, result, failure);
                pending_unlink(pending);
                rpc_client_call_done(client);
        }
        call_done(&pending->call);
        free(pending);
}

Reply *rpc_call_later(RpcCall *call) {
        PendingCall *pending = xnew(PendingCall);
        RpcClient *client = call->client;

        pending->reply.done = on_reply;
        pending->call = *call;
        call->memory = NULL;
        pending->next = client->calls;
        if (pending->next)
                pending->next->prev = pending;
        client->calls = pending;
        client->n_calls++;
        return &pending->reply;
}

void dispatch_forget_client(RpcClient *client) {
        while (client->calls) {
                PendingCall *pending = client->calls;

                pending_unlink(pending);
                pending->call.client = NULL;
                pending->prev = pending->next = NULL;
        }
}

/* ---- one call ---- */

static int refuse_unsupported(const RpcCall *call, Error **err) {
        return error_set_from(err, call->procedure->domain, ERROR_NO_SUPPORT, "%s", call->procedure->api);
}

/* Rights come before the payload is looked at. */
static int call_admit(const RpcCall *call, Error **err) {
        const Procedure *row = call->procedure;
        const DriverVerbs *verbs = call->server->driver->verbs;

        if (!call->client->opened && row->right != RIGHT_NONE)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "hypervisor connection not open");
        if (call->client->caller.read_only && row->right == RIGHT_WRITE)
                return error_set_from(err, row->domain, ERROR_OPERATION_DENIED, "read only access prevents %s", row->api);
        if (!row->run || (row->verb && !*(void *const *) ((const char *) verbs + row->verb)))
                return refuse_unsupported(call, err);
        return 0;
}

/* Bytes behind the arguments are ignored, as libvirtd does. */
static int call_decode(const Procedure *row, const uint8_t *payload, size_t len, void *args, Error **err) {
        XDR xdr;

        memset(args, 0, row->args_size);
        if (!row->args)
                return 0;
        xdrmem_create(&xdr, (char *) payload, (u_int) len, XDR_DECODE);
        if (!row->args(&xdr, args))
                return error_set(err, ERROR_RPC, "Unable to decode message payload");
        return 0;
}

static int call_run(RpcCall *call, const uint8_t *payload, size_t len, void *ret, Error **err) {
        max_align_t args[WIRE_STRUCT_MAX / sizeof(max_align_t)];
        const Procedure *row = call->procedure;
        int r = call_admit(call, err);

        if (r < 0)
                return r;
        r = call_decode(row, payload, len, args, err);
        if (r >= 0)
                r = row->run(call, args, ret, err);
        if (row->args)
                xdr_free(row->args, args);
        return r;
}

static int call_find(RpcCall *call, Error **err) {
        const FrameHeader *header = &call->header;
        bool known;

        call->procedure = dispatch_find(call->server->dispatch, header->program, header->version, header->procedure, &known);
        if (!known)
                return error_set(err, ERROR_RPC, "Cannot find program %u version %u", header->program, header->version);
        if (header->status != FRAME_OK)
                return error_set(err, ERROR_RPC, "Unexpected message status %d", header->status);
        if (!call->procedure)
                return error_set(err, ERROR_RPC, "unknown procedure: %d", header->procedure);
        return 0;
}

unsigned dispatch_call(RpcClient *client, const FrameHeader *header, const uint8_t *payload, size_t len) {
        static const unsigned units[] = { [COST_LIGHT] = 1, [COST_LIST] = 4, [COST_WORK] = 8 };
        RpcCall call = { .server = client->server, .client = client, .header = *header };
        max_align_t ret[WIRE_STRUCT_MAX / sizeof(max_align_t)];
        CLEANUP(error_free) Error *err = NULL;
        int r = call_find(&call, &err);

        if (r >= 0) {
                memset(ret, 0, call.procedure->ret_size);
                r = call_run(&call, payload, len, ret, &err);
        }
        if (r < 0)
                call_send_error(&call, err);
        else if (r != RPC_LATER)
                call_send_result(&call, ret);
        call_done(&call);
        return call.procedure ? units[call.procedure->cost] : 1;
}

/* ---- what many rows share ---- */

const DomainView *rpc_find_domain(const RpcCall *call, const WireDomain *dom, Error **err) {
        const DomainView *view = rpc_call_driver(call)->verbs->find_uuid(rpc_call_driver(call), dom->uuid);

        if (!view)
                error_set(err, ERROR_NO_DOMAIN, "no domain with matching uuid '" SD_ID128_UUID_FORMAT_STR "' (%s)",
                          SD_ID128_FORMAT_VAL(dom->uuid), dom->name);
        return view;
}

void rpc_wire_domain(const DomainView *view, WireDomain *ret) {
        *ret = (WireDomain) { .name = (char *) view->name, .uuid = view->uuid, .id = view->id };
}

int rpc_check_flags(const RpcCall *call, unsigned flags, unsigned allowed, Error **err) {
        if (!(flags & ~allowed))
                return 0;
        /* libvirt names its driver's function: the public one's name with another beginning. */
        return error_set_plain(err, ERROR_FROM_QEMU, ERROR_INVALID_ARG, "unsupported flags (0x%x) in function qemu%s",
                               flags & ~allowed, call->procedure->api + strlen("vir"));
}

int run_nothing(RpcCall *call, const void *args, void *ret, Error **err) {
        return 0;
}

static const void *call_verb(const RpcCall *call) {
        return (const char *) rpc_call_driver(call)->verbs + call->procedure->verb;
}

int run_domain_verb(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainArg *arg = args;
        void (*const *verb)(Driver *, sd_id128_t, Reply *) = call_verb(call);

        if (!rpc_find_domain(call, &arg->dom, err))
                return -1;
        (*verb)(rpc_call_driver(call), arg->dom.uuid, rpc_call_later(call));
        return RPC_LATER;
}

static int ask_with_flags(RpcCall *call, const WireDomain *dom, unsigned flags, Error **err) {
        void (*const *verb)(Driver *, sd_id128_t, unsigned, Reply *) = call_verb(call);

        if (!rpc_find_domain(call, dom, err))
                return -1;
        (*verb)(rpc_call_driver(call), dom->uuid, flags, rpc_call_later(call));
        return RPC_LATER;
}

int run_domain_verb_0(RpcCall *call, const void *args, void *ret, Error **err) {
        return ask_with_flags(call, &((const WireDomainArg *) args)->dom, 0, err);
}

int run_domain_verb_flags(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;

        return ask_with_flags(call, &arg->dom, arg->flags, err);
}

int answer_wrong(RpcCall *call, Error **err) {
        return error_set(err, ERROR_INTERNAL, "the driver's answer to %s is of another kind", call->procedure->api);
}

int answer_text(RpcCall *call, const Result *result, void *ret, Error **err) {
        if (result->kind != RESULT_TEXT || !result->text)
                return answer_wrong(call, err);
        ((WireString *) ret)->text = (char *) result->text;
        return 0;
}

int answer_domain(RpcCall *call, const Result *result, void *ret, Error **err) {
        if (result->kind != RESULT_DOMAIN || !result->domain)
                return answer_wrong(call, err);
        rpc_wire_domain(result->domain, &((WireDomainArg *) ret)->dom);
        return 0;
}

int answer_number(RpcCall *call, const Result *result, void *ret, Error **err) {
        if (result->kind != RESULT_NUMBER)
                return answer_wrong(call, err);
        ((WireHyper *) ret)->value = (uint64_t) result->number;
        return 0;
}
