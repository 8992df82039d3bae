/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/host_info.h - what /sys and /proc say about this host's CPUs and memory. Nothing is cached, nothing here waits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "util/error.h"

typedef struct HostInfo {
        char model[32];                 /* CPU model as libvirt's virNodeInfo has it: the architecture, "x86_64" */
        uint64_t memory_kib;
        unsigned cpus;                  /* online */
        unsigned mhz;                   /* 0: not told */
        /* Sockets of each node, cores of each socket, threads of each core. */
        unsigned nodes, sockets, cores, threads;
} HostInfo;

typedef struct HostCpuMap {
        unsigned n_cpus, n_online;      /* present, online */
        uint8_t *bits;                  /* bit per present cpu, set: online; the caller frees */
        size_t n_bytes;
} HostCpuMap;

typedef struct HostCpuTimes {           /* nanoseconds since boot */
        uint64_t kernel, user, idle, iowait;
} HostCpuTimes;

typedef struct HostMemory {             /* KiB */
        uint64_t total, free, buffers, cached;
} HostMemory;

#define HOST_ALL (-1)                   /* all CPUs, all nodes */

int host_info_read(HostInfo *ret, Error **err);
int host_cpu_map(HostCpuMap *ret, Error **err);
int host_cpu_times(int cpu, HostCpuTimes *ret, Error **err);            /* ERROR_INVALID_ARG: no such cpu */
int host_memory(int node, HostMemory *ret, Error **err);                /* ERROR_INVALID_ARG: no such node */
unsigned host_n_nodes(void);            /* highest NUMA node + 1, at least 1 */

/* How many vCPUs KVM gives a guest; an error when there is no KVM. */
int host_kvm_max_vcpus(int *ret, Error **err);
