/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_controllers.c - controllers: their order and numbers, models by machine, and those that other devices need. */
#include "conf/completion.h"

ControllerDef *completion_find_controller(const DomainDef *def, ControllerType type, unsigned index) {
        LIST_FOR(controller, &def->controllers)
                if (controller->type == type && controller->index.set && controller->index.value == index)
                        return controller;
        return NULL;
}

ControllerDef *completion_add_controller(const Completion *completion, ControllerType type, unsigned index, ControllerModel model,
                                         const char *why) {
        ControllerDef *controller = xnew(ControllerDef);

        controller->type = type;
        controller->index = OPT_UINT(index);
        controller->model = model;
        LIST_APPEND(&completion->def->controllers, controller);
        completion_note(completion, why, "<controller type='%s' index='%u'>", table_name(&controller_type_table, type), index);
        return controller;
}

ControllerDef *completion_need_controller(const Completion *completion, ControllerType type, unsigned index, const char *why) {
        ControllerDef *controller = completion_find_controller(completion->def, type, index);

        return controller ? controller : completion_add_controller(completion, type, index, CONTROLLER_MODEL_UNSET, why);
}

/* ---- order: libvirt keeps disks of a bus by name and controllers of a type by number ---- */

static size_t disk_place(const DomainDef *def, const DiskDef *disk) {
        size_t place = def->disks.n;
        bool found = false;

        for (size_t i = def->disks.n; i > 0; i--) {
                const DiskDef *current = def->disks.items[i - 1];

                if (current->bus != disk->bus)
                        continue;
                if (disk_target_index(current->target) > disk_target_index(disk->target))
                        place = i - 1;
                else if (!found)
                        place = i;
                found = true;
        }
        return place;
}

static size_t controller_place(const DomainDef *def, const ControllerDef *controller) {
        size_t place = def->controllers.n;
        bool found = false;

        for (size_t i = def->controllers.n; i > 0; i--) {
                const ControllerDef *current = def->controllers.items[i - 1];

                if (current->type != controller->type)
                        continue;
                if (!controller->index.set)
                        return i;
                if (current->index.set && (current->index.value > controller->index.value ||
                                           (current->index.value == controller->index.value &&
                                            current->info.usb_master_port.set && !controller->info.usb_master_port.set)))
                        place = i - 1;
                else if (!found)
                        place = i;
                found = true;
        }
        return place;
}

static bool is_usb2(const ControllerDef *controller) {
        return controller->type == CONTROLLER_USB && controller->model >= CONTROLLER_ICH9_EHCI1 &&
               controller->model <= CONTROLLER_ICH9_UHCI3;
}

/* The lowest free number; companions of a USB 2 controller have that of the one before them. */
static void number_controllers(DomainDef *def) {
        for (size_t i = 0; i < def->controllers.n; i++) {
                ControllerDef *controller = def->controllers.items[i], *before = i > 0 ? def->controllers.items[i - 1] : NULL;
                unsigned index = 0;

                if (controller->index.set)
                        continue;
                if (before && is_usb2(controller) && is_usb2(before) && before->model != controller->model) {
                        controller->index = before->index;
                        continue;
                }
                while (completion_find_controller(def, controller->type, index))
                        index++;
                controller->index = OPT_UINT(index);
        }
}

static int check_unique(const DomainDef *def, Error **err) {
        for (size_t i = 0; i < def->controllers.n; i++)
                for (size_t j = 0; j < i; j++) {
                        const ControllerDef *a = def->controllers.items[i], *b = def->controllers.items[j];

                        if (a->type == b->type && a->index.value == b->index.value &&
                            !(is_usb2(a) && is_usb2(b) && a->model != b->model))
                                return error_set(err, ERROR_XML, "Multiple '%s' controllers with index '%u'",
                                                 table_name(&controller_type_table, a->type), a->index.value);
                }
        return 0;
}

static bool unit_taken(const DomainDef *def, const DeviceAddress *address, const HostdevDef *except) {
        LIST_FOR(disk, &def->disks)
                if (disk->bus == DISK_BUS_SCSI && disk->info.address.type == ADDRESS_DRIVE &&
                    disk->info.address.drive.controller == address->drive.controller &&
                    disk->info.address.drive.unit == address->drive.unit && disk->info.address.drive.bus == 0 &&
                    disk->info.address.drive.target == 0)
                        return true;
        LIST_FOR(hostdev, &def->hostdevs)
                if (hostdev != except && hostdev->type == HOSTDEV_SCSI && hostdev->info.address.type == ADDRESS_DRIVE &&
                    hostdev->info.address.drive.controller == address->drive.controller &&
                    hostdev->info.address.drive.unit == address->drive.unit)
                        return true;
        return false;
}

static void place_scsi_hostdev(DomainDef *def, HostdevDef *hostdev) {
        DeviceAddress *address = &hostdev->info.address;

        if (hostdev->type != HOSTDEV_SCSI || address->type)
                return;
        *address = (DeviceAddress) { .type = ADDRESS_DRIVE };
        while (unit_taken(def, address, hostdev))
                if (++address->drive.unit == 7) {
                        address->drive.unit = 0;
                        address->drive.controller++;
                }
}

static void need_scsi_for_hostdevs(Completion *completion) {
        LIST_FOR(hostdev, &completion->def->hostdevs) {
                const DeviceAddress *address = &hostdev->info.address;
                unsigned last = address->type == ADDRESS_DRIVE ? address->drive.controller : 0;

                for (unsigned i = 0; hostdev->type == HOSTDEV_SCSI && i <= last && i < 256; i++)
                        completion_need_controller(completion, CONTROLLER_SCSI, i, "for the SCSI host devices");
        }
}

/* A companion's ports are those of its number. */
static void default_master(ControllerDef *controller) {
        if (controller->type == CONTROLLER_USB && controller->model >= CONTROLLER_ICH9_UHCI1 &&
            controller->model <= CONTROLLER_ICH9_UHCI3 && !controller->info.usb_master_port.set)
                controller->info.usb_master_port = OPT_UINT(2 * (controller->model - CONTROLLER_ICH9_UHCI1));
}

/* Companions alone are no controller. */
static int check_masters(const DomainDef *def, Error **err) {
        bool any = false, master = false;

        LIST_FOR(controller, &def->controllers)
                if (controller->type == CONTROLLER_USB) {
                        any = true;
                        master |= !controller->info.usb_master_port.set;
                }
        return any && !master ? error_set(err, ERROR_XML_DETAIL, "No master USB controller specified") : 0;
}

int complete_order(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        __typeof__(def->disks) disks = def->disks;
        __typeof__(def->controllers) controllers = def->controllers;

        LIST_FOR(controller, &def->controllers)
                default_master(controller);
        if (check_masters(def, err) < 0)
                return -1;
        memset(&def->disks, 0, sizeof(def->disks));
        for (size_t i = 0; i < disks.n; i++)
                LIST_INSERT(&def->disks, disk_place(def, disks.items[i]), disks.items[i]);
        free(disks.items);
        memset(&def->controllers, 0, sizeof(def->controllers));
        for (size_t i = 0; i < controllers.n; i++)
                LIST_INSERT(&def->controllers, controller_place(def, controllers.items[i]), controllers.items[i]);
        free(controllers.items);
        number_controllers(def);
        if (check_unique(def, err) < 0)
                return -1;
        need_scsi_for_hostdevs(completion);
        return 0;
}

/* ---- models ---- */

static ControllerModel default_usb_model(const Completion *completion, const ControllerDef *controller) {
        if (completion->kind == MACHINE_S390)
                return controller->info.address.type ? CONTROLLER_QEMU_XHCI : CONTROLLER_USB_NONE;
        if (completion->kind == MACHINE_PSERIES)
                return completion_has_device(completion, "qemu-xhci") ? CONTROLLER_QEMU_XHCI :
                       completion_has_device(completion, "nec-usb-xhci") ? CONTROLLER_NEC_XHCI : CONTROLLER_PCI_OHCI;
        return completion_has_device(completion, "piix3-usb-uhci") ? CONTROLLER_PIIX3_UHCI : CONTROLLER_QEMU_XHCI;
}

static ControllerModel default_scsi_model(const Completion *completion) {
        if (completion->kind == MACHINE_PSERIES)
                return CONTROLLER_IBMVSCSI;
        if (completion->kind != MACHINE_S390 && completion_has_device(completion, "lsi53c895a"))
                return CONTROLLER_LSILOGIC;
        return CONTROLLER_VIRTIO_SCSI;
}

static void default_model(const Completion *completion, ControllerDef *controller) {
        if (controller->model && controller->model != CONTROLLER_SCSI_AUTO)
                return;
        if (controller->type == CONTROLLER_USB)
                controller->model = default_usb_model(completion, controller);
        else if (controller->type == CONTROLLER_SCSI)
                controller->model = default_scsi_model(completion);
}

static int check_pci_controller(const Completion *completion, const ControllerDef *controller, Error **err) {
        ControllerModel model = controller->model;

        if (!model)
                return error_set(err, ERROR_XML, "PCI controller with index='%u' needs a model", controller->index.value);
        if ((model == CONTROLLER_PCI_ROOT || model == CONTROLLER_PCIE_ROOT) && controller->index.value != 0 &&
            completion->kind != MACHINE_PSERIES)
                return error_set(err, ERROR_XML, "pci-root and pcie-root controllers should have index 0");
        if (model == CONTROLLER_PCI_EXPANDER_BUS && completion->kind != MACHINE_I440FX)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "pci-expander-bus controllers are only supported on 440fx-based machinetypes");
        if (model == CONTROLLER_PCIE_EXPANDER_BUS && completion->kind != MACHINE_Q35)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "pcie-expander-bus controllers are not supported with this machine type");
        return 0;
}

int complete_controllers(Completion *completion, Error **err) {
        LIST_FOR(controller, &completion->def->controllers) {
                default_model(completion, controller);
                if (controller->type == CONTROLLER_PCI && check_pci_controller(completion, controller, err) < 0)
                        return -1;
        }
        return 0;
}

/* ---- What the devices need ---- */

static const struct DriveController {
        ControllerType type;
        DiskBus bus;
        const char *why;
} drive_controllers[] = {
        { CONTROLLER_SCSI, DISK_BUS_SCSI, "for the SCSI disks" },
        { CONTROLLER_FDC, DISK_BUS_FDC, "for the floppy disks" },
        { CONTROLLER_IDE, DISK_BUS_IDE, "for the IDE disks" },
        { CONTROLLER_SATA, DISK_BUS_SATA, "for the SATA disks" },
};

static int need_up_to(Completion *completion, const struct DriveController *row, Error **err) {
        int last = -1;

        LIST_FOR(disk, &completion->def->disks)
                if (disk->bus == row->bus && disk->info.address.type == ADDRESS_DRIVE &&
                    (int) disk->info.address.drive.controller > last)
                        last = (int) disk->info.address.drive.controller;
        if (row->type == CONTROLLER_FDC && last > 0)
                return error_set(err, ERROR_INTERNAL, "Only a single fdc controller is supported for this machine");
        for (int i = 0; i <= last; i++)
                completion_need_controller(completion, row->type, i, row->why);
        return 0;
}

static unsigned serial_controller(const DeviceInfo *info) {
        return info->address.type == ADDRESS_VIRTIO_SERIAL ? info->address.virtio_serial.controller : 0;
}

static void need_virtio_serial(Completion *completion) {
        const DomainDef *def = completion->def;

        LIST_FOR(channel, &def->channels)
                if (channel->target == CHANNEL_TARGET_VIRTIO)
                        completion_need_controller(completion, CONTROLLER_VIRTIO_SERIAL, serial_controller(&channel->info),
                                                   "for the channels");
        LIST_FOR(console, &def->consoles)
                if (console->target == CONSOLE_TARGET_VIRTIO)
                        completion_need_controller(completion, CONTROLLER_VIRTIO_SERIAL, serial_controller(&console->info),
                                                   "for the consoles");
}

static void need_ccid(Completion *completion) {
        unsigned slot = 0;

        LIST_FOR(smartcard, &completion->def->smartcards) {
                DeviceAddress *address = &smartcard->info.address;

                if (!address->type) {
                        address->type = ADDRESS_CCID;
                        address->ccid.slot = slot;
                }
                slot++;
                if (address->type == ADDRESS_CCID)
                        completion_need_controller(completion, CONTROLLER_CCID, address->ccid.controller, "for the smart cards");
        }
}

int complete_implicit_controllers(Completion *completion, Error **err) {
        for (size_t i = 0; i < N_ELEMENTS(drive_controllers); i++)
                if (need_up_to(completion, &drive_controllers[i], err) < 0)
                        return -1;
        need_virtio_serial(completion);
        need_ccid(completion);
        LIST_FOR(hostdev, &completion->def->hostdevs)
                place_scsi_hostdev(completion->def, hostdev);
        need_scsi_for_hostdevs(completion);
        LIST_FOR(controller, &completion->def->controllers)
                default_model(completion, controller);
        return 0;
}
