/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

WORDS_OF(source_words, "memory source", "file", "anonymous", "memfd");
WORDS_OF(access_words, "memory access mode", "shared", "private");
WORDS_OF(allocation_words, "memory allocation mode", "immediate", "ondemand");
WORDS_OF(scheduler_words, "scheduler", "batch", "idle", "fifo", "rr");
WORDS_OF(numa_words, "NUMA memory mode", "strict", "preferred", "interleave", "restrictive");
WORDS_OF(placement_words, "placement", "static", "auto");

/* ---- memory ---- */

static const Row page_rows[] = {
        KIB("@size", HugePage, size_kib, .flags = ROW_REQUIRED | ROW_HOST),
        CPUSET("@nodeset", HugePage, nodeset, .flags = ROW_HOST),
        {}
};
static const Element page_element = { sizeof(HugePage), page_rows };

static const Row memory_backing_rows[] = {
        FLAG("hugepages", MemoryBackingDef, hugepages, .flags = ROW_HOST),
        LIST("hugepages/page", MemoryBackingDef, pages, page_element, .flags = ROW_HOST),
        FLAG("nosharepages", MemoryBackingDef, nosharepages, .flags = ROW_HOST),
        FLAG("locked", MemoryBackingDef, locked, .flags = ROW_HOST),
        WORD("source@type", MemoryBackingDef, source, source_words, .flags = ROW_HOST),
        WORD("access@mode", MemoryBackingDef, access, access_words, .flags = ROW_HOST),
        WORD("allocation@mode", MemoryBackingDef, allocation, allocation_words, .flags = ROW_HOST),
        UINT("allocation@threads", MemoryBackingDef, allocation_threads, .flags = ROW_HOST),
        FLAG("discard", MemoryBackingDef, discard, .flags = ROW_HOST),
        {}
};
const Element memory_backing_element = { sizeof(MemoryBackingDef), memory_backing_rows };

static const Row mem_tune_rows[] = {
        KIB("hard_limit", MemTuneDef, hard_limit, .flags = ROW_HOST),
        KIB("soft_limit", MemTuneDef, soft_limit, .flags = ROW_HOST),
        KIB("min_guarantee", MemTuneDef, min_guarantee, .flags = ROW_HOST),
        KIB("swap_hard_limit", MemTuneDef, swap_hard_limit, .flags = ROW_HOST),
        {}
};
const Element mem_tune_element = { sizeof(MemTuneDef), mem_tune_rows };

/* ---- block devices ---- */

static const Row blkio_device_rows[] = {
        STRING("path", BlkioDevice, path, .flags = ROW_REQUIRED | ROW_HOST),
        UINT("weight", BlkioDevice, weight, .flags = ROW_HOST),
        UINT("read_iops_sec", BlkioDevice, read_iops, .flags = ROW_HOST),
        UINT("write_iops_sec", BlkioDevice, write_iops, .flags = ROW_HOST),
        U64("read_bytes_sec", BlkioDevice, read_bytes, .flags = ROW_HOST),
        U64("write_bytes_sec", BlkioDevice, write_bytes, .flags = ROW_HOST),
        {}
};
static const Element blkio_device_element = { sizeof(BlkioDevice), blkio_device_rows };

static const Row blkio_tune_rows[] = {
        UINT("weight", BlkioTuneDef, weight, .flags = ROW_HOST),
        LIST("device", BlkioTuneDef, devices, blkio_device_element, .flags = ROW_HOST),
        {}
};
const Element blkio_tune_element = { sizeof(BlkioTuneDef), blkio_tune_rows };

/* ---- CPUs ---- */

static const Row vcpu_rows[] = {
        DEC("@id", VcpuDef, id, .flags = ROW_REQUIRED),
        YESNO("@enabled", VcpuDef, enabled, .flags = ROW_REQUIRED),
        YESNO("@hotpluggable", VcpuDef, hotpluggable),
        UINT("@order", VcpuDef, order),
        {}
};
const Element vcpu_element = { sizeof(VcpuDef), vcpu_rows };

static const Row iothread_rows[] = {
        UINT("@id", IothreadDef, id, .flags = ROW_REQUIRED | ROW_HOST),
        OPTINT("@thread_pool_min", IothreadDef, pool_min, .flags = ROW_HOST),
        OPTINT("@thread_pool_max", IothreadDef, pool_max, .flags = ROW_HOST),
        {}
};

const Element iothread_element = { sizeof(IothreadDef), iothread_rows };

static const Row vcpu_pin_rows[] = {
        DEC("@vcpu", VcpuPin, vcpu, .flags = ROW_REQUIRED | ROW_HOST),
        CPUSET("@cpuset", VcpuPin, cpus, .flags = ROW_REQUIRED | ROW_HOST),
        {}
};
static const Element vcpu_pin_element = { sizeof(VcpuPin), vcpu_pin_rows };

static const Row iothread_pin_rows[] = {
        UINT("@iothread", IothreadPin, iothread, .flags = ROW_REQUIRED | ROW_HOST),
        CPUSET("@cpuset", IothreadPin, cpus, .flags = ROW_REQUIRED | ROW_HOST),
        {}
};
static const Element iothread_pin_element = { sizeof(IothreadPin), iothread_pin_rows };

static const Row vcpu_sched_rows[] = {
        CPUSET("@vcpus", SchedDef, ids, .flags = ROW_REQUIRED | ROW_HOST),
        WORD("@scheduler", SchedDef, scheduler, scheduler_words, .flags = ROW_REQUIRED | ROW_HOST),
        OPTINT("@priority", SchedDef, priority, .flags = ROW_HOST),
        {}
};
static const Element vcpu_sched_element = { sizeof(SchedDef), vcpu_sched_rows };

static const Row iothread_sched_rows[] = {
        CPUSET("@iothreads", SchedDef, ids, .flags = ROW_REQUIRED | ROW_HOST),
        WORD("@scheduler", SchedDef, scheduler, scheduler_words, .flags = ROW_REQUIRED | ROW_HOST),
        OPTINT("@priority", SchedDef, priority, .flags = ROW_HOST),
        {}
};
static const Element iothread_sched_element = { sizeof(SchedDef), iothread_sched_rows };

static const Row emulator_sched_rows[] = {
        WORD("@scheduler", SchedDef, scheduler, scheduler_words, .flags = ROW_REQUIRED | ROW_HOST),
        OPTINT("@priority", SchedDef, priority, .flags = ROW_HOST),
        {}
};
static const Element emulator_sched_element = { sizeof(SchedDef), emulator_sched_rows };

static const Row cpu_tune_rows[] = {
        OPTU64("shares", CpuTuneDef, shares, .flags = ROW_HOST),
        U64("period", CpuTuneDef, period, .flags = ROW_HOST),
        OPTINT("quota", CpuTuneDef, quota, .flags = ROW_HOST),
        U64("global_period", CpuTuneDef, global_period, .flags = ROW_HOST),
        OPTINT("global_quota", CpuTuneDef, global_quota, .flags = ROW_HOST),
        U64("emulator_period", CpuTuneDef, emulator_period, .flags = ROW_HOST),
        OPTINT("emulator_quota", CpuTuneDef, emulator_quota, .flags = ROW_HOST),
        U64("iothread_period", CpuTuneDef, iothread_period, .flags = ROW_HOST),
        OPTINT("iothread_quota", CpuTuneDef, iothread_quota, .flags = ROW_HOST),
        LIST("vcpupin", CpuTuneDef, vcpu_pins, vcpu_pin_element, .flags = ROW_HOST),
        CPUSET("emulatorpin@cpuset", CpuTuneDef, emulator_pin, .flags = ROW_REQUIRED | ROW_HOST),
        LIST("iothreadpin", CpuTuneDef, iothread_pins, iothread_pin_element, .flags = ROW_HOST),
        POINTER("emulatorsched", CpuTuneDef, emulator_sched, emulator_sched_element, .flags = ROW_HOST),
        LIST("vcpusched", CpuTuneDef, vcpu_scheds, vcpu_sched_element, .flags = ROW_HOST),
        LIST("iothreadsched", CpuTuneDef, iothread_scheds, iothread_sched_element, .flags = ROW_HOST),
        UNSUPPORTED("cachetune"),
        UNSUPPORTED("memorytune"),
        {}
};

typedef struct TuneRange {
        const char *element;
        size_t offset;
        bool is_quota;
} TuneRange;

#define RANGE(field, is_quota) { #field, offsetof(CpuTuneDef, field), is_quota }
static const TuneRange tune_ranges[] = {
        RANGE(period, false), RANGE(global_period, false), RANGE(emulator_period, false), RANGE(iothread_period, false),
        RANGE(quota, true), RANGE(global_quota, true), RANGE(emulator_quota, true), RANGE(iothread_quota, true),
};

/* The kernel's limits, as libvirt checks them: periods of 1 ms to 1 s, quotas from 1 ms or negative for none. */
static int check_cpu_tune(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        for (size_t i = 0; i < N_ELEMENTS(tune_ranges); i++) {
                const TuneRange *range = &tune_ranges[i];
                const void *field = (const char *) object + range->offset;
                const xmlNode *child = element_child(node, range->element);

                if (!child)
                        continue;
                if (!range->is_quota && (*(const uint64_t *) field < 1000 || *(const uint64_t *) field > 1000000))
                        return element_refuse(parser, child, NULL, ERROR_XML, range->element, err,
                                              "it must be from 1000 to 1000000 microseconds");
                if (range->is_quota && ((const OptInt *) field)->value > 0 && ((const OptInt *) field)->value < 1000)
                        return element_refuse(parser, child, NULL, ERROR_XML, range->element, err,
                                              "it must be negative, or 1000 or more");
        }
        return 0;
}

const Element cpu_tune_element = { sizeof(CpuTuneDef), cpu_tune_rows, check_cpu_tune };

/* ---- NUMA ---- */

static const Row memnode_rows[] = {
        DEC("@cellid", NumaMemNode, cell, .flags = ROW_REQUIRED | ROW_HOST),
        WORD("@mode", NumaMemNode, mode, numa_words, .flags = ROW_REQUIRED | ROW_HOST),
        CPUSET("@nodeset", NumaMemNode, nodeset, .flags = ROW_REQUIRED | ROW_HOST),
        {}
};
static const Element memnode_element = { sizeof(NumaMemNode), memnode_rows };

static const Row numa_tune_rows[] = {
        WORD("memory@mode", NumaTuneDef, mode, numa_words, .flags = ROW_HOST),
        CPUSET("memory@nodeset", NumaTuneDef, nodeset, .flags = ROW_HOST),
        WORD("memory@placement", NumaTuneDef, placement, placement_words, .flags = ROW_HOST),
        LIST("memnode", NumaTuneDef, nodes, memnode_element, .flags = ROW_HOST),
        {}
};
const Element numa_tune_element = { sizeof(NumaTuneDef), numa_tune_rows };
