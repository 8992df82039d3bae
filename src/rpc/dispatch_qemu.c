/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_qemu.c - rows of libvirt's program `qemu`: QEMU's own commands and events, handed through. */
#include "rpc/events.h"
#include "rpc/server.h"

static int run_monitor_command(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainTextFlags *arg = args;
        Driver *driver = rpc_call_driver(call);

        if (!rpc_find_domain(call, &arg->dom, err))
                return -1;
        driver->verbs->monitor_command(driver, arg->dom.uuid, arg->text, arg->flags, rpc_call_later(call));
        return RPC_LATER;
}

static int run_agent_command(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireAgentCommandArgs *arg = args;
        const DomainView *view = rpc_find_domain(call, &arg->dom, err);

        if (!view)
                return -1;
        if (!view->active)
                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_OPERATION_INVALID, "domain is not running");
        return error_set(err, ERROR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
}

static int run_monitor_register(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireMonitorEventArgs *arg = args;
        EventFilter filter = { .name = arg->event, .flags = arg->flags };

        if (rpc_check_flags(call, arg->flags, 3, err) < 0)
                return -1;
        if (arg->dom) {
                filter.has_uuid = true;
                filter.uuid = arg->dom->uuid;
        }
        return events_subscribe(call->client, EVENT_FAMILY_MONITOR, 0, &filter, &((WireInt *) ret)->value, err);
}

static int run_monitor_deregister(RpcCall *call, const void *args, void *ret, Error **err) {
        return events_unsubscribe(call->client, EVENT_FAMILY_MONITOR, ((const WireInt *) args)->value, err);
}

static const Procedure rows[] = {
        { 1, "DOMAIN_MONITOR_COMMAND", "virDomainQemuMonitorCommand", RIGHT_WRITE, ERROR_FROM_NONE,
          WIRE(WireDomainTextFlags), WIRE(WireString), run_monitor_command, answer_text, VERB(monitor_command) },
        { 2, "DOMAIN_ATTACH", "virDomainQemuAttach", RIGHT_WRITE, ERROR_FROM_NONE },
        { 3, "DOMAIN_AGENT_COMMAND", "virDomainQemuAgentCommand", RIGHT_WRITE, ERROR_FROM_NONE,
          WIRE(WireAgentCommandArgs), WIRE(WireOptString), run_agent_command },
        { 4, "CONNECT_DOMAIN_MONITOR_EVENT_REGISTER", "virConnectDomainQemuMonitorEventRegister", RIGHT_WRITE, ERROR_FROM_NONE,
          WIRE(WireMonitorEventArgs), WIRE(WireInt), run_monitor_register },
        { 5, "CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER", "virConnectDomainQemuMonitorEventDeregister",
          RIGHT_WRITE, ERROR_FROM_NONE,
          WIRE(WireInt), NO_WIRE, run_monitor_deregister },
        { 7, "DOMAIN_MONITOR_COMMAND_WITH_FILES", "virDomainQemuMonitorCommandWithFiles", RIGHT_WRITE, ERROR_FROM_NONE },
};

const ProcedureTable qemu_procedures = { rows, N_ELEMENTS(rows) };
