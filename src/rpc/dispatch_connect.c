/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_connect.c - rows of the connection itself: authentication, opening, features, what it is connected to. */
#include <string.h>
#include "rpc/rpc_client.h"
#include "rpc/server.h"

#define OPEN_READ_ONLY 1u

/* ---- authentication: who may connect is decided by the socket's permissions ---- */

static int run_auth_list(RpcCall *call, const void *args, void *ret, Error **err) {
        WireAuthTypes *types = ret;

        types->types.types_len = 1;
        types->types.types_val = rpc_call_alloc(call, 1, sizeof(int));          /* 0: none */
        return 0;
}

static int run_auth_refused(RpcCall *call, const void *args, void *ret, Error **err) {
        return error_set(err, ERROR_AUTH_FAILED, "authentication failed");
}

/* ---- opening ---- */

static const char *mode_path(const RpcCall *call) {
        return call->server->config.mode == RPC_MODE_SYSTEM ? "/system" : "/session";
}

/* The part of a URI behind its scheme: "///path?query" or "/path". Its path, and whether a host is named. */
static const char *uri_path(const char *rest, bool *ret_has_host, size_t *ret_len) {
        *ret_has_host = false;
        if (strncmp(rest, "//", 2) == 0) {
                size_t host = strcspn(rest + 2, "/?#");

                *ret_has_host = host > 0;
                rest += 2 + host;
        }
        *ret_len = strcspn(rest, "?#");
        return rest;
}

/* libvirt's words, compared with 9.0 for each. ret_uri: what CONNECT_GET_URI answers. */
static int open_check_name(const RpcCall *call, const char *name, char **ret_uri, Error **err) {
        const char *colon, *path;
        bool has_host;
        size_t len;

        if (!name || !*name) {
                *ret_uri = xasprintf("qemu://%s", mode_path(call));
                return 0;
        }
        colon = strchr(name, ':');
        if (!colon)
                return error_set(err, ERROR_NO_CONNECT, "URI '%s' does not include a driver name", name);
        if (strncmp(name, "qemu:", 5) != 0 && strncmp(name, "virtward:", 9) != 0)
                return error_set(err, ERROR_NO_CONNECT, "%s", name);
        path = uri_path(colon + 1, &has_host, &len);
        if (has_host)
                return error_set(err, ERROR_NO_CONNECT,
                                 "%s: this daemon serves its own host only, connect to the other one directly", name);
        if (len != strlen(mode_path(call)) || strncmp(path, mode_path(call), len) != 0)
                return error_set_from(err, ERROR_FROM_NONE, ERROR_INTERNAL, "unexpected qemu URI path '%.*s', try qemu://%s",
                                      (int) len, path, mode_path(call));
        *ret_uri = xasprintf("qemu://%s", path);
        return 0;
}

static int run_open(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireOptTextFlags *arg = args;
        RpcClient *client = call->client;

        if (client->opened)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "connection already open");
        if (open_check_name(call, arg->text, &client->uri, err) < 0)
                return -1;
        client->caller.read_only |= (arg->flags & OPEN_READ_ONLY) != 0;
        rpc_client_opened(client);
        return 0;
}

/* The answer leaves first, then the server closes. */
static int run_close(RpcCall *call, const void *args, void *ret, Error **err) {
        rpc_client_close(call->client);
        return 0;
}

/* Feature numbers that are answered with 1; all others get 0. */
static const bool features[] = {
        [4] = true,             /* migration, peer to peer: as its far end */
        [6] = true,             /* migration v3 */
        [7] = true,             /* change protection from Begin on */
        [9] = true,             /* string values in typed parameters */
        [10] = true,            /* keepalive */
        [11] = true,            /* XML flag "migratable" */
        [12] = true,            /* offline migration */
        [13] = true,            /* migration with parameters */
        [14] = true,            /* callback IDs */
        [15] = true,            /* close callback */
        [16] = true,            /* argument order of network updates */
};
#define FEATURE_KEEPALIVE 10

static int run_supports_feature(RpcCall *call, const void *args, void *ret, Error **err) {
        int feature = ((const WireInt *) args)->value;

        if (feature == FEATURE_KEEPALIVE)       /* the one that may be asked before the open */
                rpc_client_use_keepalive(call->client);
        else if (!call->client->opened)
                return error_set_from(err, ERROR_FROM_RPC, ERROR_INTERNAL, "hypervisor connection not open");
        ((WireInt *) ret)->value = feature >= 0 && feature < (int) N_ELEMENTS(features) && features[feature];
        return 0;
}

/* A proxy tells for whom it asks. Only root may, and root is who it is. */
static int run_set_identity(RpcCall *call, const void *args, void *ret, Error **err) {
        if (rpc_call_caller(call)->uid == 0)
                return 0;
        return error_set(err, ERROR_ACCESS_DENIED, "only root may set the identity of a connection");
}

/* ---- what it is connected to ---- */

static int run_get_uri(RpcCall *call, const void *args, void *ret, Error **err) {
        ((WireString *) ret)->text = call->client->uri;
        return 0;
}

static int run_get_type(RpcCall *call, const void *args, void *ret, Error **err) {
        ((WireString *) ret)->text = (char *) rpc_call_driver(call)->verbs->type;
        return 0;
}

static int run_get_version(RpcCall *call, const void *args, void *ret, Error **err) {
        Driver *driver = rpc_call_driver(call);
        uint64_t version = driver->verbs->hypervisor_version(driver);

        if (version == 0) {
                driver->verbs->hypervisor_version_ask(driver, rpc_call_later(call));
                return RPC_LATER;
        }
        ((WireHyper *) ret)->value = version;
        return 0;
}

static int run_get_lib_version(RpcCall *call, const void *args, void *ret, Error **err) {
        ((WireHyper *) ret)->value = DRIVER_LIBVIRT_VERSION;
        return 0;
}

static int run_get_hostname(RpcCall *call, const void *args, void *ret, Error **err) {
        ((WireString *) ret)->text = (char *) call->server->config.hostname;
        return 0;
}

static int run_is_secure(RpcCall *call, const void *args, void *ret, Error **err) {
        ((WireInt *) ret)->value = 1;           /* a UNIX socket does not leave the host */
        return 0;
}

static int run_capabilities(RpcCall *call, const void *args, void *ret, Error **err) {
        Driver *driver = rpc_call_driver(call);

        driver->verbs->capabilities(driver, rpc_call_later(call));
        return RPC_LATER;
}

static int run_domain_capabilities(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireDomainCapsArgs *arg = args;
        Driver *driver = rpc_call_driver(call);

        driver->verbs->domain_capabilities(driver, arg->emulator, arg->arch, arg->machine, arg->virttype, arg->flags,
                                           rpc_call_later(call));
        return RPC_LATER;
}

static int run_to_native(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireNativeArgs *arg = args;
        Driver *driver = rpc_call_driver(call);

        driver->verbs->to_native(driver, arg->format, arg->xml, arg->flags, rpc_call_later(call));
        return RPC_LATER;
}

/* No host SMBIOS table is read: it needs root, and says nothing that a guest's owner must know. */
static int run_sysinfo(RpcCall *call, const void *args, void *ret, Error **err) {
        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Host SMBIOS information is not available");
}

static const Procedure rows[] = {
        { 1, "CONNECT_OPEN", "virConnectOpen", RIGHT_NONE, ERROR_FROM_DOMAIN,
          WIRE(WireOptTextFlags), NO_WIRE, run_open },
        { 2, "CONNECT_CLOSE", "virConnectClose", RIGHT_NONE, ERROR_FROM_DOMAIN,
          NO_WIRE, NO_WIRE, run_close },
        { 3, "CONNECT_GET_TYPE", "virConnectGetType", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireString), run_get_type },
        { 4, "CONNECT_GET_VERSION", "virConnectGetVersion", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireHyper), run_get_version, answer_number, VERB(hypervisor_version_ask) },
        { 7, "CONNECT_GET_CAPABILITIES", "virConnectGetCapabilities", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireString), run_capabilities, answer_text, VERB(capabilities), COST_WORK },
        { 59, "CONNECT_GET_HOSTNAME", "virConnectGetHostname", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireString), run_get_hostname },
        { 60, "CONNECT_SUPPORTS_FEATURE", "virConnectSupportsFeature", RIGHT_NONE, ERROR_FROM_DOMAIN,
          WIRE(WireInt), WIRE(WireInt), run_supports_feature },
        { 66, "AUTH_LIST", "virConnectAuthList", RIGHT_NONE, ERROR_FROM_RPC,
          NO_WIRE, WIRE(WireAuthTypes), run_auth_list },
        { 67, "AUTH_SASL_INIT", "virConnectAuthSaslInit", RIGHT_NONE, ERROR_FROM_RPC,
          NO_WIRE, NO_WIRE, run_auth_refused },
        { 68, "AUTH_SASL_START", "virConnectAuthSaslStart", RIGHT_NONE, ERROR_FROM_RPC,
          NO_WIRE, NO_WIRE, run_auth_refused },
        { 69, "AUTH_SASL_STEP", "virConnectAuthSaslStep", RIGHT_NONE, ERROR_FROM_RPC,
          NO_WIRE, NO_WIRE, run_auth_refused },
        { 70, "AUTH_POLKIT", "virConnectAuthPolkit", RIGHT_NONE, ERROR_FROM_RPC,
          NO_WIRE, NO_WIRE, run_auth_refused },
        { 110, "CONNECT_GET_URI", "virConnectGetURI", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireString), run_get_uri },
        { 136, "CONNECT_DOMAIN_XML_TO_NATIVE", "virConnectDomainXMLToNative", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireNativeArgs), WIRE(WireString), run_to_native, answer_text, VERB(to_native), COST_WORK },
        { 149, "CONNECT_IS_SECURE", "virConnectIsSecure", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireInt), run_is_secure },
        { 157, "CONNECT_GET_LIB_VERSION", "virConnectGetLibVersion", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireHyper), run_get_lib_version },
        { 203, "CONNECT_GET_SYSINFO", "virConnectGetSysinfo", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireInt), WIRE(WireString), run_sysinfo },
        { 342, "CONNECT_GET_DOMAIN_CAPABILITIES", "virConnectGetDomainCapabilities", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireDomainCapsArgs), WIRE(WireString), run_domain_capabilities, answer_text, VERB(domain_capabilities),
          COST_WORK },
        { 360, "CONNECT_REGISTER_CLOSE_CALLBACK", "virConnectRegisterCloseCallback", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, NO_WIRE, run_nothing },
        { 361, "CONNECT_UNREGISTER_CLOSE_CALLBACK", "virConnectUnregisterCloseCallback", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, NO_WIRE, run_nothing },
        { 419, "CONNECT_SET_IDENTITY", "virConnectSetIdentity", RIGHT_WRITE, ERROR_FROM_DOMAIN,
          WIRE(WireIdentityArgs), NO_WIRE, run_set_identity },
};

const ProcedureTable connect_procedures = { rows, N_ELEMENTS(rows) };
