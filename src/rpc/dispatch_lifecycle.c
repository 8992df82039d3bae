/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_lifecycle.c - rows that change domains: define, start, stop and what lies between. */
#include "rpc/dispatch.h"

/* ---- from XML ---- */

static int ask_define(RpcCall *call, const char *xml, unsigned flags) {
        Driver *driver = rpc_call_driver(call);

        driver->verbs->define(driver, xml, flags, rpc_call_later(call));
        return RPC_LATER;
}

static int run_define(RpcCall *call, const void *args, void *ret, Error **err) {
        return ask_define(call, ((const WireString *) args)->text, 0);
}

static int run_define_flags(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireTextFlags *arg = args;

        return ask_define(call, arg->text, arg->flags);
}

static int run_create_xml(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireTextFlags *arg = args;
        Driver *driver = rpc_call_driver(call);

        driver->verbs->create_xml(driver, rpc_call_caller(call), arg->text, arg->flags, rpc_call_later(call));
        return RPC_LATER;
}

/* ---- starting a defined one ---- */

static int ask_create(RpcCall *call, const WireDomain *dom, unsigned flags, Error **err) {
        Driver *driver = rpc_call_driver(call);

        if (!rpc_find_domain(call, dom, err))
                return -1;
        driver->verbs->create(driver, rpc_call_caller(call), dom->uuid, flags, rpc_call_later(call));
        return RPC_LATER;
}

/* Its reply has no payload: the client looks the domain up again. */
static int run_create(RpcCall *call, const void *args, void *ret, Error **err) {
        return ask_create(call, &((const WireDomainArg *) args)->dom, 0, err);
}

static int run_create_flags(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainFlags *arg = args;

        return ask_create(call, &arg->dom, arg->flags, err);
}

/* ---- settings ---- */

static int run_set_autostart(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainInt *arg = args;
        Driver *driver = rpc_call_driver(call);

        if (!rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->set_autostart(driver, arg->dom.uuid, arg->value != 0, rpc_call_later(call));
        return RPC_LATER;
}

static int run_set_metadata(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireSetMetadataArgs *arg = args;
        Driver *driver = rpc_call_driver(call);

        if (!rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->set_metadata(driver, arg->dom.uuid, arg->type, arg->metadata, arg->key, arg->uri, arg->flags,
                                    rpc_call_later(call));
        return RPC_LATER;
}

static const Procedure rows[] = {
        { 9, "DOMAIN_CREATE", "virDomainCreate", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_create, NULL, VERB(create), COST_WORK },
        { 10, "DOMAIN_CREATE_XML", "virDomainCreateXML", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireTextFlags), WIRE(WireDomainArg), run_create_xml, answer_domain, VERB(create_xml), COST_WORK },
        { 11, "DOMAIN_DEFINE_XML", "virDomainDefineXML", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireString), WIRE(WireDomainArg), run_define, answer_domain, VERB(define), COST_WORK },
        { 12, "DOMAIN_DESTROY", "virDomainDestroy", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb_0, NULL, VERB(destroy) },
        { 27, "DOMAIN_REBOOT", "virDomainReboot", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(reboot) },
        { 28, "DOMAIN_RESUME", "virDomainResume", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb, NULL, VERB(resume) },
        { 29, "DOMAIN_SET_AUTOSTART", "virDomainSetAutostart", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainInt), NO_WIRE, run_set_autostart, NULL, VERB(set_autostart) },
        { 33, "DOMAIN_SHUTDOWN", "virDomainShutdown", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb_0, NULL, VERB(shutdown) },
        { 34, "DOMAIN_SUSPEND", "virDomainSuspend", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb, NULL, VERB(suspend) },
        { 35, "DOMAIN_UNDEFINE", "virDomainUndefine", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainArg), NO_WIRE, run_domain_verb_0, NULL, VERB(undefine) },
        { 196, "DOMAIN_CREATE_WITH_FLAGS", "virDomainCreateWithFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), WIRE(WireDomainArg), run_create_flags, answer_domain, VERB(create), COST_WORK },
        { 231, "DOMAIN_UNDEFINE_FLAGS", "virDomainUndefineFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(undefine) },
        { 234, "DOMAIN_DESTROY_FLAGS", "virDomainDestroyFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(destroy) },
        { 245, "DOMAIN_RESET", "virDomainReset", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(reset) },
        { 258, "DOMAIN_SHUTDOWN_FLAGS", "virDomainShutdownFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainFlags), NO_WIRE, run_domain_verb_flags, NULL, VERB(shutdown) },
        { 264, "DOMAIN_SET_METADATA", "virDomainSetMetadata", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireSetMetadataArgs), NO_WIRE, run_set_metadata, NULL, VERB(set_metadata), COST_WORK },
        { 350, "DOMAIN_DEFINE_XML_FLAGS", "virDomainDefineXMLFlags", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireTextFlags), WIRE(WireDomainArg), run_define_flags, answer_domain, VERB(define), COST_WORK },
};

const ProcedureTable lifecycle_procedures = { rows, N_ELEMENTS(rows) };
