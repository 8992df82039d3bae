/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/tuning.h - memory backing, CPU pinning and shares, NUMA placement, block and memory limits. */
#pragma once
#include "conf/types.h"

typedef struct HugePage {
        uint64_t size_kib;
        CpuSet *nodeset;
} HugePage;

typedef struct MemoryBackingDef {
        bool hugepages;
        LIST_OF(HugePage) pages;
        bool nosharepages, locked, discard;
        char *source;                   /* "file", "anonymous", "memfd" */
        char *access;                   /* "shared", "private" */
        char *allocation;               /* "immediate", "ondemand" */
        unsigned allocation_threads;
} MemoryBackingDef;

typedef struct MemTuneDef {             /* KiB; 0: not given */
        uint64_t hard_limit, soft_limit, min_guarantee, swap_hard_limit;
} MemTuneDef;

typedef struct VcpuPin {
        unsigned vcpu;
        CpuSet *cpus;
} VcpuPin;

typedef struct IothreadPin {
        unsigned iothread;
        CpuSet *cpus;
} IothreadPin;

typedef struct SchedDef {               /* vcpusched, iothreadsched, emulatorsched */
        CpuSet *ids;                    /* NULL for emulatorsched */
        char *scheduler;                /* "batch", "idle", "fifo", "rr" */
        OptInt priority;
} SchedDef;

typedef struct CpuTuneDef {
        OptU64 shares;
        uint64_t period, global_period, emulator_period, iothread_period;
        OptInt quota, global_quota, emulator_quota, iothread_quota;
        LIST_OF(VcpuPin) vcpu_pins;
        CpuSet *emulator_pin;
        LIST_OF(IothreadPin) iothread_pins;
        LIST_OF(SchedDef) vcpu_scheds, iothread_scheds;
        SchedDef *emulator_sched;
} CpuTuneDef;

typedef struct NumaMemNode {
        unsigned cell;
        char *mode;
        CpuSet *nodeset;
} NumaMemNode;

typedef struct NumaTuneDef {
        char *mode;                     /* "strict", "preferred", "interleave", "restrictive" */
        CpuSet *nodeset;
        char *placement;                /* "static", "auto" */
        LIST_OF(NumaMemNode) nodes;
} NumaTuneDef;

typedef struct BlkioDevice {
        char *path;
        unsigned weight;
        unsigned read_iops, write_iops;
        uint64_t read_bytes, write_bytes;
} BlkioDevice;

typedef struct BlkioTuneDef {
        unsigned weight;
        LIST_OF(BlkioDevice) devices;
} BlkioTuneDef;

typedef struct VcpuDef {                /* <vcpus><vcpu id=> */
        unsigned id;
        Tristate enabled, hotpluggable;
        unsigned order;
} VcpuDef;

typedef struct IothreadDef {            /* <iothreadids><iothread id=> */
        unsigned id;
        OptInt pool_min, pool_max;
} IothreadDef;
