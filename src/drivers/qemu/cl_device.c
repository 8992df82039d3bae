/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_device.c - what every -device has: its place on a bus, its virtio transport, its turn in booting. */
#include <stdio.h>

#include "drivers/qemu/cl.h"

json_object *cl_device(const char *driver, const DeviceInfo *info) {
        json_object *device = json_object_new_object();

        json_add_string(device, "driver", driver);
        if (info)
                json_add_string(device, "id", info->alias);
        return device;
}

const ControllerDef *cl_controller(const Cl *cl, ControllerType type, unsigned index) {
        LIST_FOR(controller, &cl->def->controllers)
                if (controller->type == type && controller->index.value == index)
                        return controller;
        return NULL;
}

const char *cl_controller_alias(const Cl *cl, ControllerType type, unsigned index) {
        const ControllerDef *controller = cl_controller(cl, type, index);

        return controller ? controller->info.alias : NULL;
}

/* ---- Address ---- */

static int no_controller(Error **err, const char *type, unsigned index) {
        return error_set(err, ERROR_XML, "Could not find %s controller with index %u required for device", type, index);
}

static int add_pci(const Cl *cl, json_object *device, const DeviceInfo *info, Error **err) {
        const PciAddress *pci = &info->address.pci;
        const ControllerDef *bus = cl_controller(cl, CONTROLLER_PCI, pci->bus);
        CLEANUP(free) char *addr = pci->function ? xasprintf("0x%x.0x%x", pci->slot, pci->function) : xasprintf("0x%x", pci->slot);
        CLEANUP(free) char *host_bridge = NULL;

        if (!bus || !bus->info.alias)
                return no_controller(err, "pci", pci->bus);
        /* Each further host bridge of pseries has a bus of its own below it. */
        if (cl->ppc && bus->model == CONTROLLER_PCI_ROOT && bus->target_index.value > 0)
                host_bridge = xasprintf("%s.0", bus->info.alias);
        json_add_string(device, "bus", host_bridge ? host_bridge : bus->info.alias);
        cl_json_bool(device, "multifunction", pci->multifunction);
        json_add_string(device, "addr", addr);
        return 0;
}

static int add_usb(const Cl *cl, json_object *device, const DeviceInfo *info, Error **err) {
        const char *alias = cl_controller_alias(cl, CONTROLLER_USB, info->address.usb.bus);
        CLEANUP(free) char *bus = alias ? xasprintf("%s.0", alias) : NULL;

        if (!bus)
                return no_controller(err, "usb", info->address.usb.bus);
        json_add_string(device, "bus", bus);
        json_add_string(device, "port", info->address.usb.port);
        return 0;
}

static void add_ccw(json_object *device, const DeviceInfo *info) {
        CLEANUP(free) char *devno = xasprintf("%x.%x.%04x", info->address.ccw.cssid.value, info->address.ccw.ssid.value,
                                              info->address.ccw.devno.value);

        json_add_string(device, "devno", devno);
}

static int add_virtio_serial(const Cl *cl, json_object *device, const DeviceInfo *info, Error **err) {
        const char *alias = cl_controller_alias(cl, CONTROLLER_VIRTIO_SERIAL, info->address.virtio_serial.controller);
        CLEANUP(free) char *bus = alias ? xasprintf("%s.%u", alias, info->address.virtio_serial.bus) : NULL;

        if (!bus)
                return no_controller(err, "virtio-serial", info->address.virtio_serial.controller);
        json_add_string(device, "bus", bus);
        json_add_uint(device, "nr", info->address.virtio_serial.port);
        return 0;
}

static void add_isa(json_object *device, const DeviceInfo *info) {
        if (info->address.isa.iobase.set)
                json_add_uint(device, "iobase", info->address.isa.iobase.value);
        if (info->address.isa.irq.set)
                json_add_uint(device, "irq", info->address.isa.irq.value);
}

int cl_add_address(const Cl *cl, json_object *device, const DeviceInfo *info, Error **err) {
        switch (info->address.type) {
        case ADDRESS_PCI:
                return add_pci(cl, device, info, err);
        case ADDRESS_USB:
                return add_usb(cl, device, info, err);
        case ADDRESS_VIRTIO_SERIAL:
                return add_virtio_serial(cl, device, info, err);
        case ADDRESS_CCW:
                add_ccw(device, info);
                return 0;
        case ADDRESS_SPAPR_VIO:
                if (info->address.spapr_reg.set)
                        json_add_uint(device, "reg", info->address.spapr_reg.value);
                return 0;
        case ADDRESS_ISA:
                add_isa(device, info);
                return 0;
        case ADDRESS_UNSET: case ADDRESS_UNASSIGNED: case ADDRESS_VIRTIO_MMIO: case ADDRESS_DRIVE: case ADDRESS_DIMM:
                return 0;
        default:
                return cl_unsupported(err, "<address type='%s'>", table_name(&address_type_table, info->address.type));
        }
}

void cl_add_info(json_object *device, const DeviceInfo *info) {
        if (info->rom_enabled == TRISTATE_NO)
                json_add_string(device, "romfile", "");
        else
                json_add_string(device, "romfile", info->rom_file);
        if (info->rom_bar)
                json_add_uint(device, "rombar", info->rom_bar == TRISTATE_YES);
        if (info->acpi_index)
                json_add_uint(device, "acpi-index", info->acpi_index);
}

/* ---- virtio ---- */

char *cl_virtio_type(const char *base, const DeviceInfo *info, const char *model) {
        const char *bus = info->address.type == ADDRESS_CCW ? "ccw" : info->address.type == ADDRESS_VIRTIO_MMIO ? "device" : "pci";
        const char *dash = model ? strchr(model, '-') : NULL;

        /* "virtio-transitional", "virtio-non-transitional" */
        return xasprintf("%s-%s%s", base, bus, dash ? dash : "");
}

/* A confidential guest's devices must be told that they see only the memory that the guest shares (R22, R55). */
void cl_add_virtio(const Cl *cl, json_object *device, const VirtioOptions *options) {
        Tristate iommu = options->iommu ? options->iommu : cl_has_confidential(cl) ? TRISTATE_YES : TRISTATE_UNSET;

        cl_json_bool(device, "iommu_platform", iommu);
        cl_json_bool(device, "ats", options->ats);
        cl_json_bool(device, "packed", options->packed);
        cl_json_bool(device, "page-per-vq", options->page_per_vq);
}

/* ---- Boot order ---- */

static bool boots_as(BootDev dev, DeviceKind kind, const void *device) {
        const DiskDef *disk = device;

        switch (dev) {
        case BOOT_NETWORK:
                return kind == DEVICE_INTERFACE;
        case BOOT_HD:
                return kind == DEVICE_DISK && (disk->device <= DISK_DEVICE_DISK || disk->device == DISK_DEVICE_LUN);
        case BOOT_CDROM:
                return kind == DEVICE_DISK && disk->device == DISK_DEVICE_CDROM;
        case BOOT_FD:
                return kind == DEVICE_DISK && disk->device == DISK_DEVICE_FLOPPY;
        default:
                return false;
        }
}

/* The first device of its class is the one that <boot dev=> means, as in libvirt. */
static const void *first_that_boots_as(const Cl *cl, BootDev dev) {
        LIST_FOR(disk, &cl->def->disks)
                if (boots_as(dev, DEVICE_DISK, disk))
                        return disk;
        LIST_FOR(interface, &cl->def->interfaces)
                if (boots_as(dev, DEVICE_INTERFACE, interface))
                        return interface;
        return NULL;
}

unsigned cl_boot_index(const Cl *cl, DeviceKind kind, const void *device) {
        for (size_t i = 0; i < cl->def->os.boot.n; i++) {
                BootDev dev = cl->def->os.boot.items[i]->dev;

                if (boots_as(dev, kind, device) && first_that_boots_as(cl, dev) == device)
                        return (unsigned) i + 1;
        }
        return kind == DEVICE_DISK ? ((const DiskDef *) device)->info.boot_order :
               kind == DEVICE_INTERFACE ? ((const InterfaceDef *) device)->info.boot_order : 0;
}
