/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_memory.c - -m, where the guest's memory comes from, NUMA, memory devices. */
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

/* Guests whose memory cannot be moved have it pinned: SEV pins all of it and a little more than RAM (confidential.md: 256 MiB). */
#define SEV_EXTRA_BYTES (UINT64_C(256) << 20)

/* As libvirt: whole MiB, cells of 2 MiB; on POWER whole blocks of 256 MiB. */
static uint64_t align_memory(const Cl *cl, uint64_t kib, uint64_t block) {
        if (cl->ppc)
                block = 256 * 1024;
        return (kib + block - 1) / block * block;
}

/* Which of the host's nodes it is taken from. */
static void add_host_nodes(json_object *object, const char *mode, const CpuSet *nodes) {
        json_object *list;

        if (!mode || !nodes)
                return;
        list = json_object_new_array();
        for (unsigned i = 0; i < nodes->n_words * 64; i++)
                if (cpu_set_has(nodes, i))
                        json_object_array_add(list, json_object_new_int64(i));
        json_add(object, "host-nodes", list);
        json_add_string(object, "policy", streq(mode, "strict") ? "bind" : mode);
}

static json_object *new_backend(const Cl *cl, const char *id, uint64_t kib, const char *access, bool is_system, const NumaMemNode *node) {
        const MemoryBackingDef *backing = &cl->def->memory_backing;
        const NumaTuneDef *tune = &cl->def->numa_tune;
        const char *wanted = access ? access : backing->access;
        bool file = streq(backing->source, "file"), memfd = streq(backing->source, "memfd") || backing->hugepages;
        json_object *object = json_object_new_object();

        json_add_string(object, "qom-type", memfd ? "memory-backend-memfd" : file ? "memory-backend-file" : "memory-backend-ram");
        json_add_string(object, "id", id);
        if (backing->hugepages) {
                json_add_bool(object, "hugetlb", true);
                if (backing->pages.n == 1)
                        json_add_uint(object, "hugetlbsize", backing->pages.items[0]->size_kib * 1024);
        } else if (file) {
                json_add_string(object, "mem-path", "/dev/shm");
                json_add_bool(object, "discard-data", backing->discard);
        }
        if (wanted)
                json_add_bool(object, "share", streq(wanted, "shared"));
        if (streq(backing->allocation, "immediate") || backing->hugepages)
                json_add_bool(object, "prealloc", true);
        if (backing->allocation_threads)
                json_add_uint(object, "prealloc-threads", backing->allocation_threads);
        /* The name under which the memory migrates: of old, not the path. */
        if (is_system && (memfd || file))
                json_add_bool(object, "x-use-canonical-path-for-ramblock-id", false);
        json_add_uint(object, "size", kib * 1024);
        if (node)
                add_host_nodes(object, node->mode, node->nodeset);
        else
                add_host_nodes(object, tune->mode, tune->nodeset);
        return object;
}

static const NumaMemNode *find_node(const Cl *cl, unsigned cell) {
        LIST_FOR(node, &cl->def->numa_tune.nodes)
                if (node->cell == cell)
                        return node;
        return NULL;
}

static void add_node(Cl *cl, const NumaCell *cell, unsigned id) {
        CLEANUP(free) char *backend = xasprintf("ram-node%u", id), *cpus = cell->cpus ? cpu_set_text(cell->cpus) : NULL;
        CLEANUP(strbuf_done) StrBuf text = {};

        cl_add_json(cl, "-object", new_backend(cl, backend, align_memory(cl, cell->memory_kib, 2048), cell->mem_access, false,
                                               find_node(cl, id)));
        strbuf_addf(&text, "node,nodeid=%u", id);
        for (char *part = cpus, *comma; part; part = comma) {
                comma = strchr(part, ',');
                if (comma)
                        *comma++ = 0;
                strbuf_addf(&text, ",cpus=%s", part);
        }
        strbuf_addf(&text, ",memdev=%s", backend);
        cl_add(cl, "-numa", text.text);
}

static unsigned cell_id(const CpuDef *cpu, size_t index) {
        return cpu->cells.items[index]->id.set ? cpu->cells.items[index]->id.value : (unsigned) index;
}

#define DISTANCE_SELF 10
#define DISTANCE_OTHER 20

/* Said for one direction, it holds for the other. */
static unsigned distance(const CpuDef *cpu, size_t from, size_t to) {
        const NumaCell *a = cpu->cells.items[from], *b = cpu->cells.items[to];

        LIST_FOR(item, &a->distances)
                if (item->id == cell_id(cpu, to) && item->value)
                        return item->value;
        LIST_FOR(item, &b->distances)
                if (item->id == cell_id(cpu, from) && item->value)
                        return item->value;
        return from == to ? DISTANCE_SELF : DISTANCE_OTHER;
}

static void add_distances(Cl *cl, const CpuDef *cpu) {
        bool any = false;

        for (size_t i = 0; i < cpu->cells.n; i++)
                any = any || cpu->cells.items[i]->distances.n;
        for (size_t i = 0; any && i < cpu->cells.n; i++)
                for (size_t j = 0; j < cpu->cells.n; j++)
                        cl_addf(cl, "-numa", "dist,src=%u,dst=%u,val=%u", cell_id(cpu, i), cell_id(cpu, j), distance(cpu, i, j));
}

static void add_numa(Cl *cl) {
        const CpuDef *cpu = cl->def->cpu;

        for (size_t i = 0; i < cpu->cells.n; i++)
                add_node(cl, cpu->cells.items[i], cell_id(cpu, i));
        add_distances(cl, cpu);
}

static int add_device(Cl *cl, const MemoryDeviceDef *memory, size_t index, Error **err) {
        CLEANUP(free) char *backend = NULL;
        json_object *device;

        if (memory->model != MEMORY_DIMM || memory->path)
                return cl_unsupported(err, "<memory model='%s'>", table_name(&memory_model_table, memory->model));
        backend = xasprintf("mem%s", memory->info.alias ? memory->info.alias : "dimm");
        cl_add_json(cl, "-object", new_backend(cl, backend, memory->size_kib, memory->access, false, memory->node.set ? find_node(cl, memory->node.value) : NULL));
        device = json_object_new_object();
        json_add_string(device, "driver", "pc-dimm");
        if (memory->node.set)
                json_add_uint(device, "node", memory->node.value);
        json_add_string(device, "memdev", backend);
        json_add_string(device, "id", memory->info.alias);
        if (memory->info.address.type == ADDRESS_DIMM && memory->info.address.dimm.slot.set)
                json_add_uint(device, "slot", memory->info.address.dimm.slot.value);
        if (memory->info.address.type == ADDRESS_DIMM && memory->info.address.dimm.base.set)
                json_add_uint(device, "addr", memory->info.address.dimm.base.value);
        cl_add_json(cl, "-device", device);
        return 0;
}

static void set_lock_limit(Cl *cl) {
        const DomainDef *def = cl->def;
        const LaunchSecurityDef *security = def->launch_security;
        uint64_t limit = def->mem_tune.hard_limit * 1024;

        if (limit)
                cl->line->memory_lock_bytes = limit;
        else if (def->memory_backing.locked)
                cl->line->memory_lock_bytes = UINT64_MAX;
        else if (security && (security->type == LAUNCH_SECURITY_SEV || security->type == LAUNCH_SECURITY_SEV_SNP))
                cl->line->memory_lock_bytes = def->memory_kib * 1024 + SEV_EXTRA_BYTES;
        cl->line->no_core_dump = cl_has_confidential(cl);
}

/* All memory but that of devices. */
static uint64_t boot_memory(const Cl *cl) {
        const DomainDef *def = cl->def;
        uint64_t kib = def->memory_kib;

        if (def->cpu && def->cpu->cells.n) {
                kib = 0;
                LIST_FOR(cell, &def->cpu->cells)
                        kib += align_memory(cl, cell->memory_kib, 2048);
                return kib;
        }
        LIST_FOR(device, &def->memories)
                kib -= device->size_kib < kib ? device->size_kib : 0;
        return align_memory(cl, kib, 1024);
}

int cl_chapter_memory(Cl *cl, Error **err) {
        const DomainDef *def = cl->def;
        uint64_t boot_kib = boot_memory(cl);

        if (def->max_memory_kib)
                cl_addf(cl, "-m", "size=%lluk,slots=%u,maxmem=%lluk", (unsigned long long) boot_kib, def->memory_slots,
                        (unsigned long long) def->max_memory_kib);
        else
                cl_addf(cl, "-m", "%llu", (unsigned long long) boot_kib / 1024);
        if (def->cpu && def->cpu->cells.n)
                add_numa(cl);
        else if (cl->machine->default_ram_id)
                cl_add_json(cl, "-object", new_backend(cl, cl->machine->default_ram_id, boot_kib, NULL, true, NULL));
        cl_addf(cl, "-overcommit", "mem-lock=%s", def->memory_backing.locked ? "on" : "off");
        for (size_t i = 0; i < def->memories.n; i++)
                if (add_device(cl, def->memories.items[i], i, err) < 0)
                        return -1;
        set_lock_limit(cl);
        return 0;
}
