/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/complete.h"

#include <stdarg.h>
#include <stdio.h>

#include "conf/completion.h"

/* The order is libvirt's where it can be seen in the result: devices that a machine always has come before those that
 * others need, and addresses are given when all devices are known. */
static const struct Pass {
        const char *name;
        int (*run)(Completion *completion, Error **err);
} passes[] = {
        { "machine", complete_machine },
        { "identity", complete_identity },
        { "order", complete_order },
        { "resources", complete_resources },
        { "boot", complete_boot },
        { "default-devices", complete_default_devices },
        { "cpu", complete_cpu },
        { "disks", complete_disks },
        { "controllers", complete_controllers },
        { "devices", complete_devices },
        { "chardevs", complete_chardevs },
        { "consoles", complete_consoles },
        { "implicit-controllers", complete_implicit_controllers },
        { "display", complete_display },
        { "virtio-serial-ports", complete_virtio_serial },
        { "spapr-vio-addresses", complete_spapr },
        { "ccw-addresses", complete_ccw },
        { "pci-addresses", complete_pci },
        { "usb-ports", complete_usb },
        { "memory-slots", complete_memory_slots },
        { "console-mirror", complete_console_mirror },
        { "checks", complete_checks },
};

int domain_def_complete(DomainDef *def, const CompletionFacts *facts, Error **err) {
        Completion completion = { .def = def, .facts = facts };

        for (size_t i = 0; i < N_ELEMENTS(passes); i++) {
                completion.pass = passes[i].name;
                if (passes[i].run(&completion, err) < 0)
                        return -1;
                if (facts->passed)
                        facts->passed(facts->userdata, passes[i].name);
        }
        return 0;
}

void completion_note(const Completion *completion, const char *why, const char *what, ...) {
        CLEANUP(free) char *text = NULL;
        va_list ap;

        if (!completion->facts->note)
                return;
        va_start(ap, what);
        if (vasprintf(&text, what, ap) < 0)
                abort();
        va_end(ap);
        completion->facts->note(completion->facts->userdata, completion->pass, text, why);
}

bool completion_has_device(const Completion *completion, const char *type) {
        return !completion->facts->has_device || completion->facts->has_device(completion->facts->userdata, type);
}

bool completion_is_x86(const Completion *completion) {
        return streq(completion->def->os.arch, "x86_64") || streq(completion->def->os.arch, "i686");
}

void completion_default_text(char **text, const char *value) {
        if (!*text)
                *text = xstrdup(value);
}

bool address_wanted(const DeviceAddress *address, AddressType type) {
        return address->type == ADDRESS_UNSET || (type == ADDRESS_PCI && pci_address_wanted(address));
}

/* ---- machine ---- */

static bool has_prefix(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const struct {
        const char *prefix;
        MachineKind kind;
} machine_kinds[] = {
        { "pc-q35-", MACHINE_Q35 },
        { "q35", MACHINE_Q35 },
        { "pc-i440fx-", MACHINE_I440FX },
        { "pc-0.", MACHINE_I440FX },
        { "pc-1.", MACHINE_I440FX },
        { "isapc", MACHINE_ISAPC },
        { "microvm", MACHINE_MICROVM },
        { "s390-ccw", MACHINE_S390 },
        { "pseries", MACHINE_PSERIES },
};

static MachineKind machine_kind(const char *name) {
        if (streq(name, "pc"))
                return MACHINE_I440FX;
        for (size_t i = 0; i < N_ELEMENTS(machine_kinds); i++)
                if (has_prefix(name, machine_kinds[i].prefix))
                        return machine_kinds[i].kind;
        return MACHINE_OTHER;
}

int complete_machine(Completion *completion, Error **err) {
        const CompletionFacts *facts = completion->facts;
        DomainDef *def = completion->def;
        const char *asked = def->os.machine ? def->os.machine : facts->default_machine;

        completion_default_text(&def->os.type, "hvm");
        completion_default_text(&def->os.arch, facts->arch);
        if (!def->emulator && facts->emulator) {
                def->emulator = xstrdup(facts->emulator);
                completion_note(completion, "the emulator of this architecture", "/domain/devices/emulator: %s", def->emulator);
        }
        if (!asked)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "Emulator '%s' has no default machine type: name one in <os><type machine=...>", def->emulator);
        if (!facts->find_machine(facts->userdata, asked, &completion->machine))
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Emulator '%s' does not support machine type '%s'", def->emulator,
                                 asked);
        if (!streq(def->os.machine, completion->machine.name)) {
                completion_note(completion, def->os.machine ? "that alias stands for it today" : "the emulator's default",
                                "/domain/os/type/@machine: %s", completion->machine.name);
                free(def->os.machine);
                def->os.machine = xstrdup(completion->machine.name);
        }
        completion->kind = machine_kind(def->os.machine);
        return 0;
}

/* ---- identity ---- */

int complete_identity(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        if (sd_id128_is_null(def->uuid)) {
                sd_id128_randomize(&def->uuid);
                completion_note(completion, "chosen at random", "/domain/uuid");
        }
        if (def->has_genid && sd_id128_is_null(def->genid))
                sd_id128_randomize(&def->genid);
        return 0;
}

/* ---- resources: memory, processors, clock, life cycle ---- */

static int complete_memory(DomainDef *def, Error **err) {
        uint64_t cells = 0, devices = 0;

        if (def->cpu)
                LIST_FOR(cell, &def->cpu->cells)
                        cells += cell->memory_kib;
        LIST_FOR(memory, &def->memories)
                devices += memory->size_kib;
        if (cells)
                def->memory_kib = cells + devices;
        else if (devices > def->memory_kib)
                return error_set(err, ERROR_XML, "Total size of memory devices exceeds the total memory size");
        if (def->memory_kib == devices)
                return error_set(err, ERROR_XML, "Memory size must be specified via <memory> or in the <numa> configuration");
        if (!def->current_memory_kib.set || def->current_memory_kib.value == 0 || def->current_memory_kib.value > def->memory_kib)
                def->current_memory_kib = OPT_U64(def->memory_kib);
        if (!def->max_memory_kib != !def->memory_slots)
                return error_set(err, ERROR_XML, "both maximum memory size and memory slot count must be specified");
        if (def->max_memory_kib && def->max_memory_kib < def->memory_kib)
                return error_set(err, ERROR_XML, "maximum memory size must be equal or greater than the actual memory size");
        return 0;
}

/* Without NUMA cells the guest is one node, and naming it says nothing. */
static void complete_hugepages(DomainDef *def) {
        if (def->cpu && def->cpu->cells.n > 0)
                return;
        LIST_FOR(page, &def->memory_backing.pages)
                if (page->nodeset && cpu_set_count(page->nodeset) == 1 && cpu_set_has(page->nodeset, 0)) {
                        free(page->nodeset);
                        page->nodeset = NULL;
                }
}

/* This much is no limit. */
static void complete_limits(MemTuneDef *tune) {
        uint64_t *const limits[] = { &tune->hard_limit, &tune->soft_limit, &tune->swap_hard_limit };

        for (size_t i = 0; i < N_ELEMENTS(limits); i++)
                if (*limits[i] >= UINT64_C(9007199254740991))
                        *limits[i] = 0;
}

/* A dynamic label is what a start has found. */
static void complete_seclabel(Seclabel *seclabel) {
        if (streq(seclabel->type, "none"))
                completion_default_text(&seclabel->model, "none");
        if (!streq(seclabel->type, "dynamic"))
                return;
        free(seclabel->label);
        free(seclabel->imagelabel);
        seclabel->label = seclabel->imagelabel = NULL;
}

static void count_enabled_vcpus(DomainDef *def) {
        unsigned n = 0;

        LIST_FOR(vcpu, &def->vcpu_list)
                n += vcpu->enabled != TRISTATE_NO;
        if (def->vcpu_list.n > 0)
                def->current_vcpus = n;
}

static int complete_vcpus(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        const CpuDef *cpu = def->cpu;

        if (def->vcpus == 0)
                def->vcpus = 1;
        count_enabled_vcpus(def);
        if (def->current_vcpus > def->vcpus)
                return error_set(err, ERROR_XML, "maxvcpus must not be less than current vcpus (%u < %u)", def->vcpus,
                                 def->current_vcpus);
        if (def->current_vcpus == def->vcpus)
                def->current_vcpus = 0;
        completion_default_text(&def->vcpu_placement, streq(def->numa_tune.placement, "auto") ? "auto" : "static");
        if (cpu && cpu->sockets) {
                unsigned total = cpu->sockets * (cpu->dies ? cpu->dies : 1) * cpu->cores * cpu->threads;

                if (total != def->vcpus)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "CPU topology doesn't match maximum vcpu count");
        }
        if (completion->machine.max_cpus && def->vcpus > completion->machine.max_cpus)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Maximum CPUs greater than specified machine type limit %u",
                                 completion->machine.max_cpus);
        return 0;
}

int complete_resources(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        if (!def->clock.offset)
                def->clock.offset = CLOCK_UTC;
        if (!def->on_poweroff)
                def->on_poweroff = ACTION_DESTROY;
        if (!def->on_reboot)
                def->on_reboot = ACTION_RESTART;
        if (!def->on_crash)
                def->on_crash = ACTION_DESTROY;
        if (complete_memory(def, err) < 0)
                return -1;
        complete_hugepages(def);
        complete_limits(&def->mem_tune);
        LIST_FOR(seclabel, &def->seclabels)
                complete_seclabel(seclabel);
        return complete_vcpus(completion, err);
}

/* ---- boot ---- */

static int has_boot_order(const DeviceRef *device, void *userdata) {
        return device->info && device->info->boot_order > 0;
}

/* The copy of the variables that belongs to this guest is made at its first start. */
static void complete_nvram(Completion *completion) {
        DomainDef *def = completion->def;

        if (def->os.loader_type != LOADER_PFLASH || def->os.loader_readonly != TRISTATE_YES ||
            def->os.loader_stateless == TRISTATE_YES || def->os.nvram || !completion->facts->nvram_dir)
                return;
        def->os.has_nvram = true;
        def->os.nvram = xasprintf("%s/%s_VARS.fd", completion->facts->nvram_dir, def->name);
        completion_note(completion, "firmware that cannot be written keeps its variables beside it", "/domain/os/nvram: %s",
                        def->os.nvram);
}

/* A definition says what it boots from in <os> or device by device; one that says nothing boots from its disk. */
int complete_boot(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        OsBoot *boot;

        complete_nvram(completion);
        if (def->os.boot.n > 0 || domain_def_each_device(def, has_boot_order, NULL))
                return 0;
        boot = xnew(OsBoot);
        boot->dev = BOOT_HD;
        LIST_APPEND(&def->os.boot, boot);
        completion_note(completion, "no boot device is named", "/domain/os/boot[1]: hd");
        return 0;
}

/* ---- memory slots ---- */

static bool slot_taken(const DomainDef *def, unsigned slot) {
        LIST_FOR(memory, &def->memories)
                if (memory->info.address.type == ADDRESS_DIMM && memory->info.address.dimm.slot.set &&
                    memory->info.address.dimm.slot.value == slot)
                        return true;
        return false;
}

int complete_memory_slots(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        unsigned slot = 0;

        LIST_FOR(memory, &def->memories) {
                DeviceAddress *address = &memory->info.address;

                if (memory->model != MEMORY_DIMM && memory->model != MEMORY_NVDIMM)
                        continue;
                if (address->type == ADDRESS_DIMM && address->dimm.slot.set)
                        continue;
                while (slot_taken(def, slot))
                        slot++;
                if (slot >= def->memory_slots)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "memory device slot '%u' exceeds slots count '%u'", slot,
                                         def->memory_slots);
                address->type = ADDRESS_DIMM;
                address->dimm.slot = OPT_UINT(slot);
        }
        return 0;
}
