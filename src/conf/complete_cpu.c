/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_cpu.c - the CPU that a definition without one has, and what the others leave open. */
#include "conf/completion.h"

/* The machine's default may lack features on this host, which QEMU then leaves out: nothing is checked before the start, and
 * the live definition says what came of it. */
static int default_cpu(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        const char *model = completion->machine.default_cpu;

        if (!model || (def->cpu && (def->cpu->model || (def->cpu->mode && def->cpu->mode != CPU_MODE_CUSTOM))))
                return 0;
        if (streq(model, "host") && def->virt_type != VIRT_KVM)
                return error_set(err, ERROR_INTERNAL,
                                 "QEMU reports invalid default CPU model 'host' for non-kvm domain virt type");
        if (!def->cpu)
                def->cpu = xnew(CpuDef);
        if (streq(model, "host")) {
                def->cpu->mode = completion->kind == MACHINE_S390 ? CPU_MODE_HOST_MODEL : CPU_MODE_HOST_PASSTHROUGH;
        } else {
                def->cpu->mode = CPU_MODE_CUSTOM;
                def->cpu->match = CPU_MATCH_EXACT;
                def->cpu->check = CPU_CHECK_NONE;
                def->cpu->fallback = CPU_FALLBACK_FORBID;
                def->cpu->model = xstrdup(model);
        }
        completion_note(completion, "the machine's default", "/domain/cpu: %s", model);
        return 0;
}

static void default_check(Completion *completion, CpuDef *cpu) {
        if (cpu->mode == CPU_MODE_HOST_PASSTHROUGH && completion_is_x86(completion) && !cpu->migratable)
                cpu->migratable = TRISTATE_YES;
        if (cpu->check)
                return;
        switch (cpu->mode) {
        case CPU_MODE_HOST_MODEL:
                cpu->check = CPU_CHECK_PARTIAL;
                break;
        case CPU_MODE_CUSTOM:           /* TCG does not run on the host's CPU */
                cpu->check = completion->def->virt_type == VIRT_QEMU ? CPU_CHECK_NONE : CPU_CHECK_PARTIAL;
                break;
        default:
                cpu->check = CPU_CHECK_NONE;
        }
}

static int compare_cells(const void *a, const void *b) {
        const NumaCell *const *x = a, *const *y = b;

        return (*x)->id.value < (*y)->id.value ? -1 : (*x)->id.value > (*y)->id.value;
}

/* Processors that no cell has go to the first one. */
static void rectify_cells(DomainDef *def) {
        NumaCell *first;
        CpuSet *all;

        if (!def->cpu || def->cpu->cells.n == 0)
                return;
        for (size_t i = 0; i < def->cpu->cells.n; i++)
                if (!def->cpu->cells.items[i]->id.set)
                        def->cpu->cells.items[i]->id = OPT_UINT(i);
        qsort(def->cpu->cells.items, def->cpu->cells.n, sizeof(def->cpu->cells.items[0]), compare_cells);
        first = def->cpu->cells.items[0];
        all = cpu_set_new(def->vcpus);
        for (unsigned i = 0; i < def->vcpus; i++) {
                bool taken = false;

                LIST_FOR(cell, &def->cpu->cells)
                        taken |= cell != first && cpu_set_has(cell->cpus, i);
                if (!taken)
                        cpu_set_add(all, i);
        }
        free(first->cpus);
        first->cpus = all;
}

static NumaCell *find_cell(const CpuDef *cpu, unsigned id) {
        LIST_FOR(cell, &cpu->cells)
                if (cell->id.set && cell->id.value == id)
                        return cell;
        return NULL;
}

static void set_distance(NumaCell *cell, unsigned id, unsigned value) {
        NumaDistance *distance;
        size_t at = 0;

        for (; at < cell->distances.n && cell->distances.items[at]->id <= id; at++)
                if (cell->distances.items[at]->id == id)
                        return;
        distance = xnew(NumaDistance);
        *distance = (NumaDistance) { id, value };
        LIST_INSERT(&cell->distances, at, distance);
}

/* A distance that is said in one direction holds in the other. */
static void complete_distances(CpuDef *cpu) {
        for (size_t i = 0; i < cpu->cells.n; i++)
                for (size_t j = 0; j < cpu->cells.items[i]->distances.n; j++) {
                        const NumaDistance *distance = cpu->cells.items[i]->distances.items[j];
                        NumaCell *other = find_cell(cpu, distance->id);

                        if (other)
                                set_distance(other, cpu->cells.items[i]->id.value, distance->value);
                }
        LIST_FOR(cell, &cpu->cells)
                if (cell->distances.n > 0)
                        set_distance(cell, cell->id.value, 10);         /* itself */
}

int complete_cpu(Completion *completion, Error **err) {
        CpuDef *cpu;

        if (default_cpu(completion, err) < 0)
                return -1;
        cpu = completion->def->cpu;
        if (!cpu)
                return 0;
        if (!cpu->mode && cpu->model)
                cpu->mode = CPU_MODE_CUSTOM;
        if (cpu->sockets && !cpu->dies)
                cpu->dies = 1;
        if (cpu->mode == CPU_MODE_CUSTOM && cpu->model) {
                if (!cpu->match)
                        cpu->match = CPU_MATCH_EXACT;
        }
        if (!cpu->model)
                cpu->fallback = CPU_FALLBACK_UNSET;
        else if (!cpu->fallback)
                cpu->fallback = CPU_FALLBACK_ALLOW;
        LIST_FOR(feature, &cpu->features)
                if (!feature->policy)
                        feature->policy = CPU_POLICY_REQUIRE;
        if (cpu->mode && (cpu->mode != CPU_MODE_CUSTOM || cpu->model))
                default_check(completion, cpu);
        rectify_cells(completion->def);
        complete_distances(cpu);
        return 0;
}
