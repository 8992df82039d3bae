/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_alias.c - the names that devices have in a running domain: QEMU's ids, and what clients see as <alias>. */
#include "conf/completion.h"

static bool is_users(const char *alias) {
        return alias && strncmp(alias, "ua-", 3) == 0;
}

static const char *controller_prefix(const ControllerDef *controller) {
        if (controller->type == CONTROLLER_PCI)
                return controller->model == CONTROLLER_PCIE_ROOT ? "pcie" : "pci";
        return table_name(&controller_type_table, controller->type);
}

/* Names that QEMU itself gives to what is in the chipset are kept: "pci.0", "pcie.0", "ide", "usb". */
static char *controller_alias(const DomainDef *def, const ControllerDef *controller) {
        unsigned index = controller->index.value;

        switch (controller->type) {
        case CONTROLLER_PCI:
                return xasprintf("%s.%u", controller_prefix(controller), index);
        case CONTROLLER_IDE:
        case CONTROLLER_SATA:
                if (index == 0 && controller->type == CONTROLLER_IDE)
                        return xstrdup("ide");
                if (index == 0 && def->os.machine && strstr(def->os.machine, "q35"))
                        return xstrdup("ide");          /* the SATA controller of q35 is called that */
                return xasprintf("%s%u", controller_prefix(controller), index);
        case CONTROLLER_USB:
                return index == 0 ? xstrdup("usb") : xasprintf("usb%u", index);
        default:
                return xasprintf("%s%u", controller_prefix(controller), index);
        }
}

static const char *disk_prefix(const DiskDef *disk) {
        switch (disk->bus) {
        case DISK_BUS_FDC:
                return "fdc";
        default:
                return table_name(&disk_bus_table, disk->bus);
        }
}

static ControllerModel scsi_model(const DomainDef *def, unsigned index) {
        const ControllerDef *controller = completion_find_controller(def, CONTROLLER_SCSI, index);

        return controller ? controller->model : CONTROLLER_MODEL_UNSET;
}

/* By address where the bus has units, else by the target's name. */
static char *disk_alias(const DomainDef *def, const DiskDef *disk) {
        const DeviceAddress *address = &disk->info.address;
        const char *prefix = disk_prefix(disk);

        if (address->type != ADDRESS_DRIVE)
                return xasprintf("%s-disk%d", prefix, disk_target_index(disk->target));
        if (disk->bus == DISK_BUS_SCSI && scsi_model(def, address->drive.controller) == CONTROLLER_LSILOGIC)
                return xasprintf("%s%u-%u-%u", prefix, address->drive.controller, address->drive.bus, address->drive.unit);
        if (disk->bus == DISK_BUS_SCSI)
                return xasprintf("%s%u-%u-%u-%u", prefix, address->drive.controller, address->drive.bus, address->drive.target,
                                 address->drive.unit);
        return xasprintf("%s%u-%u-%u", prefix, address->drive.controller, address->drive.bus, address->drive.unit);
}

static const struct {
        DeviceKind kind;
        const char *prefix;
        bool numbered;
} alias_rows[] = {
        { DEVICE_FILESYSTEM, "fs", true },        { DEVICE_INTERFACE, "net", true },     { DEVICE_SMARTCARD, "smartcard", true },
        { DEVICE_SERIAL, "serial", true },        { DEVICE_PARALLEL, "parallel", true }, { DEVICE_CONSOLE, "console", true },
        { DEVICE_CHANNEL, "channel", true },      { DEVICE_INPUT, "input", true },       { DEVICE_TPM, "tpm", true },
        { DEVICE_SOUND, "sound", true },          { DEVICE_VIDEO, "video", true },       { DEVICE_HOSTDEV, "hostdev", true },
        { DEVICE_REDIRDEV, "redir", true },       { DEVICE_HUB, "hub", true },           { DEVICE_WATCHDOG, "watchdog", true },
        { DEVICE_MEMBALLOON, "balloon0", false }, { DEVICE_RNG, "rng", true },           { DEVICE_NVRAM, "nvram", false },
        { DEVICE_PANIC, "panic", true },          { DEVICE_SHMEM, "shmem", true },       { DEVICE_IOMMU, "iommu0", false },
        { DEVICE_VSOCK, "vsock0", false },
};

static char *memory_alias(const MemoryDeviceDef *memory, size_t index) {
        static const char *const prefixes[MEMORY_MODEL_TYPE_MAX] = {
                [MEMORY_DIMM] = "dimm",
                [MEMORY_NVDIMM] = "nvdimm",
                [MEMORY_VIRTIO_PMEM] = "virtiopmem",
                [MEMORY_VIRTIO_MEM] = "virtiomem",
                [MEMORY_SGX_EPC] = "epc",
        };
        const DeviceAddress *address = &memory->info.address;

        return xasprintf("%s%zu", prefixes[memory->model],
                         address->type == ADDRESS_DIMM ? (size_t) address->dimm.slot.value : index);
}

static char *make_alias(const DomainDef *def, const DeviceRef *device) {
        if (device->kind == DEVICE_CONTROLLER)
                return controller_alias(def, device->def);
        if (device->kind == DEVICE_DISK)
                return disk_alias(def, device->def);
        if (device->kind == DEVICE_MEMORY)
                return memory_alias(device->def, device->index);
        for (size_t i = 0; i < N_ELEMENTS(alias_rows); i++)
                if (alias_rows[i].kind == device->kind)
                        return alias_rows[i].numbered ? xasprintf("%s%zu", alias_rows[i].prefix, device->index) :
                                                        xstrdup(alias_rows[i].prefix);
        return NULL;
}

static int assign(const DeviceRef *device, void *userdata) {
        const DomainDef *def = userdata;

        if (!device->info || is_users(device->info->alias))
                return 0;
        if (device->kind == DEVICE_MEMBALLOON && ((const MemballoonDef *) device->def)->model == MEMBALLOON_NONE)
                return 0;                       /* there is none to be named */
        free(device->info->alias);
        device->info->alias = make_alias(def, device);
        return 0;
}

void domain_def_assign_aliases(DomainDef *def) {
        ConsoleDef *console = def->consoles.n > 0 ? def->consoles.items[0] : NULL;

        domain_def_each_device(def, assign, def);
        if (console && console->target == CONSOLE_TARGET_SERIAL && def->serials.n > 0) {        /* one device under two names */
                free(console->info.alias);
                console->info.alias = xstrdup(def->serials.items[0]->info.alias);
        }
}
