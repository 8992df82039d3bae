/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/dispatch_host.c - rows about the host: its CPUs and memory, as the kernel counts them at the moment. */
#include <string.h>
#include "rpc/dispatch.h"
#include "util/host_info.h"

#define TCG_MAX_VCPUS 16                /* what libvirt answers for QEMU without KVM */

static int run_max_vcpus(RpcCall *call, const void *args, void *ret, Error **err) {
        const char *type = ((const WireOptString *) args)->text;

        if (!type || strcmp(type, "qemu") == 0)
                ((WireInt *) ret)->value = TCG_MAX_VCPUS;
        else if (strcmp(type, "kvm") == 0)
                return host_kvm_max_vcpus(&((WireInt *) ret)->value, err);
        else
                return error_set(err, ERROR_INVALID_ARG, "unknown type '%s'", type);
        return 0;
}

static int run_node_info(RpcCall *call, const void *args, void *ret, Error **err) {
        WireNodeInfo *node = ret;
        HostInfo info = {};

        if (host_info_read(&info, err) < 0)
                return -1;
        *node = (WireNodeInfo) {
                .memory = info.memory_kib,
                .cpus = (int) info.cpus,
                .mhz = (int) info.mhz,
                .nodes = (int) info.nodes,
                .sockets = (int) info.sockets,
                .cores = (int) info.cores,
                .threads = (int) info.threads,
        };
        memcpy(node->model, info.model, sizeof(node->model) - 1);
        return 0;
}

/* Two questions: with room for none, how many there are; with room for all, the values. Any other room is an error. */
static int counters_answer(RpcCall *call, int room, const WireCounter *counters, size_t n, WireCounters *ret, Error **err) {
        ret->nparams = (int) n;
        if (room == 0)
                return 0;
        if (room != (int) n)
                return error_set_plain(err, ERROR_FROM_NONE, ERROR_INVALID_ARG, "nparams in %s must be %zu", call->procedure->api,
                                      n);
        ret->params.params_len = (u_int) n;
        ret->params.params_val = rpc_call_alloc(call, n, sizeof(*counters));
        memcpy(ret->params.params_val, counters, n * sizeof(*counters));
        return 0;
}

static int run_cpu_stats(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireNodeCpuStatsArgs *arg = args;
        HostCpuTimes times = {};

        if (rpc_check_flags(call, arg->flags, 0, err) < 0 || host_cpu_times(arg->cpu, &times, err) < 0)
                return -1;
        const WireCounter counters[] = {
                { (char *) "kernel", times.kernel },
                { (char *) "user", times.user },
                { (char *) "idle", times.idle },
                { (char *) "iowait", times.iowait },
        };
        return counters_answer(call, arg->nparams, counters, N_ELEMENTS(counters), ret, err);
}

static int run_memory_stats(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireNodeMemoryStatsArgs *arg = args;
        HostMemory memory = {};

        if (rpc_check_flags(call, arg->flags, 0, err) < 0 || host_memory(arg->cell, &memory, err) < 0)
                return -1;
        const WireCounter counters[] = {        /* a node counts the first two only */
                { (char *) "total", memory.total },
                { (char *) "free", memory.free },
                { (char *) "buffers", memory.buffers },
                { (char *) "cached", memory.cached },
        };
        return counters_answer(call, arg->nparams, counters, arg->cell == HOST_ALL ? 4 : 2, ret, err);
}

static int run_free_memory(RpcCall *call, const void *args, void *ret, Error **err) {
        HostMemory memory = {};

        if (host_memory(HOST_ALL, &memory, err) < 0)
                return -1;
        ((WireHyper *) ret)->value = memory.free * 1024;
        return 0;
}

static int run_cells_free_memory(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireCellsArgs *arg = args;
        int n_nodes = (int) host_n_nodes(), n;
        WireHypers *cells = ret;

        if (arg->max <= 0)
                return error_set_plain(err, ERROR_FROM_DOMAIN, ERROR_INVALID_ARG, "maxCells in %s must be greater than zero",
                                      call->procedure->api);
        if (arg->start < 0 || arg->start >= n_nodes)
                return error_set_from(err, ERROR_FROM_NONE, ERROR_INTERNAL, "start cell %d out of range (0-%d)", arg->start,
                                      n_nodes - 1);
        n = n_nodes - arg->start < arg->max ? n_nodes - arg->start : arg->max;
        n = n < REMOTE_NODE_MAX_CELLS ? n : REMOTE_NODE_MAX_CELLS;
        cells->values.values_val = rpc_call_alloc(call, (size_t) n, sizeof(u_quad_t));
        for (int i = 0; i < n; i++) {
                HostMemory memory = {};

                if (host_memory(arg->start + i, &memory, err) < 0)
                        return -1;
                cells->values.values_val[i] = memory.free * 1024;
        }
        cells->values.values_len = (u_int) n;
        return 0;
}

static int run_cpu_map(RpcCall *call, const void *args, void *ret, Error **err) {
        const WireCpuMapArgs *arg = args;
        WireCpuMap *wire = ret;
        HostCpuMap map = {};

        if (rpc_check_flags(call, arg->flags, 0, err) < 0 || host_cpu_map(&map, err) < 0)
                return -1;
        if (arg->need_map) {
                wire->cpumap.cpumap_len = (u_int) (map.n_bytes < REMOTE_CPUMAP_MAX ? map.n_bytes : REMOTE_CPUMAP_MAX);
                wire->cpumap.cpumap_val = rpc_call_alloc(call, map.n_bytes, 1);
                memcpy(wire->cpumap.cpumap_val, map.bits, map.n_bytes);
        }
        free(map.bits);
        wire->online = arg->need_online ? map.n_online : 0;
        wire->ret = (int) map.n_cpus;
        return 0;
}

static int run_security_model(RpcCall *call, const void *args, void *ret, Error **err) {
        *(WireSecurityModel *) ret = (WireSecurityModel) { .model = (char *) "none", .doi = (char *) "0" };
        return 0;
}

static const Procedure rows[] = {
        { 5, "CONNECT_GET_MAX_VCPUS", "virConnectGetMaxVcpus", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireOptString), WIRE(WireInt), run_max_vcpus },
        { 6, "NODE_GET_INFO", "virNodeGetInfo", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireNodeInfo), run_node_info },
        { 101, "NODE_GET_CELLS_FREE_MEMORY", "virNodeGetCellsFreeMemory", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireCellsArgs), WIRE(WireHypers), run_cells_free_memory },
        { 102, "NODE_GET_FREE_MEMORY", "virNodeGetFreeMemory", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireHyper), run_free_memory },
        { 122, "NODE_GET_SECURITY_MODEL", "virNodeGetSecurityModel", RIGHT_READ, ERROR_FROM_DOMAIN,
          NO_WIRE, WIRE(WireSecurityModel), run_security_model },
        { 227, "NODE_GET_CPU_STATS", "virNodeGetCPUStats", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireNodeCpuStatsArgs), WIRE(WireCounters), run_cpu_stats },
        { 228, "NODE_GET_MEMORY_STATS", "virNodeGetMemoryStats", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireNodeMemoryStatsArgs), WIRE(WireCounters), run_memory_stats },
        { 293, "NODE_GET_CPU_MAP", "virNodeGetCPUMap", RIGHT_READ, ERROR_FROM_DOMAIN,
          WIRE(WireCpuMapArgs), WIRE(WireCpuMap), run_cpu_map },
};

const ProcedureTable host_procedures = { rows, N_ELEMENTS(rows) };
