/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch.h - from a frame to a procedure's row, its right, its arguments, and back to a reply.
 *
 * Everything known about a procedure is in its row (dispatch_*.c). A row without a mark is for read-write connections that
 * are open, so forgetting one denies. A row without `run` is a procedure of libvirt's that virtward does not have. */
#pragma once
#include <stdint.h>
#include "drivers/driver.h"
#include "rpc/frame.h"
#include "rpc/remote.h"

typedef struct RpcClient RpcClient;
typedef struct RpcServer RpcServer;
typedef struct RpcCall RpcCall;
typedef struct PendingCall PendingCall;

typedef enum Right {
        RIGHT_WRITE = 0,
        RIGHT_READ,                     /* read-only connections may */
        RIGHT_NONE,                     /* so may those that are not open yet */
} Right;

typedef enum Cost {                     /* share of a client's turn of the loop */
        COST_LIGHT = 0,                 /* answered from what is in memory, in constant time */
        COST_LIST,                      /* walks over domains */
        COST_WORK,                      /* parses, expands, starts something */
} Cost;

#define RPC_LATER 1                     /* returned by run: the driver has the Reply, see rpc_call_later() */

typedef struct Procedure {
        int number;
        const char *name;               /* libvirt's, without its prefix: "DOMAIN_CREATE" */
        const char *api;                /* the public function, for messages: "virDomainCreate" */
        Right right;
        ErrorDomain domain;             /* of the errors that are about the procedure itself */
        xdrproc_t args;                 /* NULL: none */
        size_t args_size;
        xdrproc_t ret;
        size_t ret_size;
        /* args and ret are decoded and zeroed structs of the row's types. 0: ret is the answer; < 0: *err is; or RPC_LATER. */
        int (*run)(RpcCall *call, const void *args, void *ret, Error **err);
        /* After RPC_LATER: from the driver's result to ret. NULL: there is nothing to carry over. */
        int (*answer)(RpcCall *call, const Result *result, void *ret, Error **err);
        size_t verb;                    /* VERB(name) of the driver's table that run asks; a driver without it: no support */
        Cost cost;
} Procedure;

#define WIRE(type) (xdrproc_t) xdr_##type, sizeof(type)
#define NO_WIRE NULL, 0
#define VERB(name) offsetof(DriverVerbs, name)
#define WIRE_STRUCT_MAX 512             /* no args or ret struct is larger */

typedef struct ProcedureTable {
        const Procedure *rows;
        size_t n;
} ProcedureTable;

extern const ProcedureTable connect_procedures, domain_procedures, lifecycle_procedures, migrate_procedures, host_procedures,
        absent_procedures, event_procedures, rest_procedures, qemu_procedures, ward_procedures;

/* ---- the programs ---- */

typedef struct Dispatch Dispatch;

Dispatch *dispatch_new(void);
Dispatch *dispatch_free(Dispatch *dispatch);
/* NULL: no such procedure; *ret_known says whether the program is known. */
const Procedure *dispatch_find(const Dispatch *dispatch, uint32_t program, uint32_t version, int number, bool *ret_known);

/* One call of a client, from its frame (header and payload). What it costs. */
unsigned dispatch_call(RpcClient *client, const FrameHeader *header, const uint8_t *payload, size_t len);

/* ---- for rows ---- */

/* A call that is being worked on. On the stack for what is answered at once, in a PendingCall for what is not. */
struct RpcCall {
        RpcServer *server;
        RpcClient *client;              /* NULL: gone, nobody waits for the answer */
        const Procedure *procedure;
        FrameHeader header;
        struct CallMemory *memory;      /* what rpc_call_alloc() gave */
};

/* Zeroed memory that lasts until the answer is on its way. */
void *rpc_call_alloc(RpcCall *call, size_t n, size_t size);

/* The Reply for one verb; run then returns RPC_LATER, whether the verb has answered already or not. */
Reply *rpc_call_later(RpcCall *call);

Driver *rpc_call_driver(const RpcCall *call);
const Caller *rpc_call_caller(const RpcCall *call);

/* The domain a reference means, by its UUID; NULL with *err set as libvirt words it. */
const DomainView *rpc_find_domain(const RpcCall *call, const WireDomain *dom, Error **err);
void rpc_wire_domain(const DomainView *view, WireDomain *ret);  /* borrows the view's name */

/* Flags outside of allowed: ERROR_INVALID_ARG. */
int rpc_check_flags(const RpcCall *call, unsigned flags, unsigned allowed, Error **err);

/* Runs and answers that many rows share. */
int run_nothing(RpcCall *call, const void *args, void *ret, Error **err);               /* ok, with ret all zero */
int run_domain_verb(RpcCall *call, const void *args, void *ret, Error **err); /* WireDomainArg; verb(driver, uuid, reply) */
int run_domain_verb_0(RpcCall *call, const void *args, void *ret, Error **err);         /* WireDomainArg; flags are 0 */
int run_domain_verb_flags(RpcCall *call, const void *args, void *ret, Error **err);     /* WireDomainFlags */
int answer_text(RpcCall *call, const Result *result, void *ret, Error **err);           /* WireString */
int answer_domain(RpcCall *call, const Result *result, void *ret, Error **err);         /* WireDomainArg */
int answer_number(RpcCall *call, const Result *result, void *ret, Error **err);         /* WireHyper */
int answer_wrong(RpcCall *call, Error **err);                   /* the driver gave a result of another kind */

/* The client is gone: what the driver still works on for it is answered into the void. */
void dispatch_forget_client(RpcClient *client);

/* A message in the server's output space, good until the next one: header with its length set, and body. */
int rpc_server_encode(RpcServer *server, FrameHeader *header, xdrproc_t body, const void *value, const uint8_t **ret,
                      size_t *ret_len);
