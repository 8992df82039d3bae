/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_pci.c - the pass that gives PCI addresses: first a dry run that finds out which buses are missing, then the real
 * one. */
#include "conf/pci_connect.h"

typedef struct PciPass {
        const Completion *completion;
        DomainDef *def;
        PciTopology topology;
        DeviceRef *devices;             /* all that may have a PCI address */
        size_t n_devices;
        size_t n_asked;                 /* controllers before this pass added any */
} PciPass;

/* The order in which libvirt gives addresses. PCI controllers come before all. */
static const DeviceKind assign_order[] = {
        DEVICE_FILESYSTEM, DEVICE_INTERFACE, DEVICE_SOUND, DEVICE_CONTROLLER, DEVICE_DISK, DEVICE_HOSTDEV, DEVICE_MEMBALLOON,
        DEVICE_RNG, DEVICE_WATCHDOG, DEVICE_VIDEO, DEVICE_SHMEM, DEVICE_INPUT, DEVICE_SERIAL, DEVICE_PANIC, DEVICE_MEMORY,
        DEVICE_VSOCK, DEVICE_IOMMU,
};

static bool wanted(const DeviceInfo *info) {
        return address_wanted(&info->address, ADDRESS_PCI);
}

static bool present(const DeviceInfo *info) {
        return info->address.type == ADDRESS_PCI && !pci_address_wanted(&info->address);
}

static void set_address(const PciPass *pass, const DeviceRef *device, const PciAddress *address, const char *why) {
        PciAddress *to = &device->info->address.pci;

        device->info->address.type = ADDRESS_PCI;
        to->domain = address->domain;
        to->bus = address->bus;
        to->slot = address->slot;
        to->function = address->function;
        if (pass->completion->facts->note) {
                CLEANUP(free) char *path = device_ref_path(device);

                completion_note(pass->completion, why, "%s: pci %04x:%02x:%02x.%x", path, to->domain, to->bus, to->slot,
                                to->function);
        }
}

static int collect_device(const DeviceRef *device, void *userdata) {
        PciPass *pass = userdata;

        if (device->info)
                *ARRAY_APPEND(pass->devices, pass->n_devices) = *device;
        return 0;
}

static void collect_devices(PciPass *pass) {
        free(pass->devices);
        pass->devices = NULL;
        pass->n_devices = 0;
        domain_def_each_device(pass->def, collect_device, pass);
}

/* ---- What is fixed ---- */

static bool at(const DeviceInfo *info, unsigned slot, unsigned function) {
        return pci_address_equal(&info->address.pci, &(PciAddress) { .slot = slot, .function = function });
}

static int take_fixed(PciPass *pass, unsigned slot, unsigned function, Error **err) {
        return pci_topology_take(&pass->topology, &(PciAddress){ .slot = slot, .function = function }, PCI_CONNECT_ENDPOINT, err);
}

/* A device of the chipset itself: it is there or nowhere. */
static int fix_builtin(PciPass *pass, const DeviceRef *device, unsigned slot, unsigned function, const char *what, Error **err) {
        if (!wanted(device->info)) {
                if (at(device->info, slot, function))
                        return 0;
                return error_set(err, ERROR_INTERNAL, "%s must have PCI address 0:0:%x.%x", what, slot, function);
        }
        set_address(pass, device, &(PciAddress) { .slot = slot, .function = function }, "where the chipset has it");
        return 0;
}

/* Where a device usually is, when nothing else is there. */
static int prefer_slot(PciPass *pass, const DeviceRef *device, unsigned slot, const char *why, Error **err) {
        if (!wanted(device->info) || pci_topology_slot_in_use(&pass->topology, 0, slot))
                return 0;
        if (take_fixed(pass, slot, 0, err) < 0)
                return -1;
        set_address(pass, device, &(PciAddress) { .slot = slot }, why);
        return 0;
}

/* The first video device goes where QEMU would put it; taken, it has the first choice among the free slots. */
static int fix_video(PciPass *pass, unsigned slot, Error **err) {
        for (size_t i = 0; i < pass->n_devices; i++) {
                const DeviceRef *device = &pass->devices[i];
                unsigned connect = device_pci_connect(pass->completion, device);
                PciAddress address;

                if (device->kind != DEVICE_VIDEO)
                        continue;
                if (!connect || !wanted(device->info))
                        return 0;
                if (!pci_topology_slot_in_use(&pass->topology, 0, slot))
                        return prefer_slot(pass, device, slot, "the primary video device's place", err);
                if (pci_topology_next(&pass->topology, connect, PCI_ANY_FUNCTION, &address, err) < 0)
                        return -1;
                if (!pass->topology.may_grow)
                        set_address(pass, device, &address, "the primary video device's place is taken");
                return 0;
        }
        return 0;
}

static bool is_piix3_usb(const ControllerDef *controller) {
        return controller->type == CONTROLLER_USB && controller->index.value == 0 && controller->model == CONTROLLER_PIIX3_UHCI;
}

static bool is_piix3_ide(const ControllerDef *controller) {
        return controller->type == CONTROLLER_IDE && controller->index.value == 0;
}

static int fix_i440fx(PciPass *pass, Error **err) {
        for (size_t i = 0; i < pass->n_devices; i++) {
                const DeviceRef *device = &pass->devices[i];

                if (device->kind != DEVICE_CONTROLLER)
                        continue;
                if (is_piix3_ide(device->def) && fix_builtin(pass, device, 1, 1, "Primary IDE controller", err) < 0)
                        return -1;
                if (is_piix3_usb(device->def) && fix_builtin(pass, device, 1, 2, "PIIX3 USB controller at index 0", err) < 0)
                        return -1;
        }
        if (take_fixed(pass, 1, 0, err) < 0)            /* the ISA bridge */
                return -1;
        return fix_video(pass, 2, err);
}

static int fix_q35_controller(PciPass *pass, const DeviceRef *device, Error **err) {
        const ControllerDef *controller = device->def;

        if (controller->type == CONTROLLER_SATA && controller->index.value == 0) {
                if (wanted(device->info) && take_fixed(pass, 0x1f, 2, err) < 0)
                        return -1;
                return fix_builtin(pass, device, 0x1f, 2, "Primary SATA controller", err);
        }
        if (controller->type == CONTROLLER_PCI && controller->model == CONTROLLER_DMI_TO_PCI_BRIDGE)
                return prefer_slot(pass, device, 0x1e, "where real machines have it", err);
        if (controller->type == CONTROLLER_USB && controller->model == CONTROLLER_ICH9_UHCI1) {
                unsigned slot = pci_topology_slot_in_use(&pass->topology, 0, 0x1d) ? 0x1a : 0x1d;

                if (!wanted(device->info) || pci_topology_slot_in_use(&pass->topology, 0, slot))
                        return 0;
                device->info->address.pci.multifunction = TRISTATE_YES;
                return prefer_slot(pass, device, slot, "where real machines have it", err);
        }
        return 0;
}

static int fix_q35(PciPass *pass, Error **err) {
        for (size_t i = 0; i < pass->n_devices; i++)
                if (pass->devices[i].kind == DEVICE_CONTROLLER && fix_q35_controller(pass, &pass->devices[i], err) < 0)
                        return -1;
        if (take_fixed(pass, 0x1f, 0, err) < 0 || take_fixed(pass, 0x1f, 3, err) < 0)   /* ISA bridge, SMBus */
                return -1;
        if (fix_video(pass, 1, err) < 0)
                return -1;
        for (size_t i = 0; i < pass->n_devices; i++)
                if (pass->devices[i].kind == DEVICE_SOUND && ((const SoundDef *) pass->devices[i].def)->model == SOUND_ICH9 &&
                    prefer_slot(pass, &pass->devices[i], 0x1b, "where real machines have it", err) < 0)
                        return -1;
        return 0;
}

static int fix_addresses(PciPass *pass, Error **err) {
        switch (pass->completion->kind) {
        case MACHINE_I440FX:
                return fix_i440fx(pass, err);
        case MACHINE_Q35:
                return fix_q35(pass, err);
        default:
                return 0;
        }
}

/* ---- What was asked for ---- */

static int take_present(PciPass *pass, const DeviceRef *device, Error **err) {
        unsigned connect = device_pci_connect(pass->completion, device);

        if (!present(device->info))
                return 0;
        if (device->kind == DEVICE_CONTROLLER && ((at(device->info, 1, 1) && is_piix3_ide(device->def)) ||
                                                  (at(device->info, 1, 2) && is_piix3_usb(device->def))))
                return 0;               /* in the chipset, whose slot is taken as a whole */
        return pci_topology_take(&pass->topology, &device->info->address.pci, connect ? connect : PCI_CONNECT_ENDPOINT, err);
}

static int start_topology(PciPass *pass, bool may_grow, Error **err) {
        pci_topology_done(&pass->topology);
        LIST_FOR(controller, &pass->def->controllers)
                if (controller->type == CONTROLLER_PCI && controller->index.value < PCI_MAX_BUSES)
                        pci_topology_set_bus(&pass->topology, controller->index.value, controller->model);
        pass->topology.may_grow = may_grow;
        pass->topology.many_roots = pass->completion->kind == MACHINE_PSERIES;
        pass->topology.express = pass->completion->kind == MACHINE_Q35;
        for (unsigned i = 0; i < pass->topology.n_buses; i++)
                if (!pass->topology.buses[i].model)
                        pci_topology_set_bus(&pass->topology, i, pass->topology.express ? CONTROLLER_PCIE_ROOT_PORT :
                                             pass->topology.many_roots ? CONTROLLER_PCI_ROOT : CONTROLLER_PCI_BRIDGE);
        for (size_t i = 0; i < pass->n_devices; i++)
                if (take_present(pass, &pass->devices[i], err) < 0)
                        return -1;
        return 0;
}

/* ---- The rest ---- */

static bool is_usb2(const DeviceRef *device, const ControllerDef *like) {
        const ControllerDef *controller = device->def;

        return device->kind == DEVICE_CONTROLLER && controller->type == CONTROLLER_USB &&
               controller->model >= CONTROLLER_ICH9_EHCI1 && controller->model <= CONTROLLER_ICH9_UHCI3 &&
               (!like || controller->index.value == like->index.value);
}

static unsigned usb2_function(const ControllerDef *controller) {
        switch (controller->model) {
        case CONTROLLER_ICH9_EHCI1:
                return 7;
        case CONTROLLER_ICH9_UHCI2:
                return 1;
        case CONTROLLER_ICH9_UHCI3:
                return 2;
        default:
                return 0;
        }
}

/* A USB 2 controller and its companions are functions of one slot. */
static int assign_usb2(PciPass *pass, const DeviceRef *device, Error **err) {
        unsigned connect = device_pci_connect(pass->completion, device), function = usb2_function(device->def);
        PciAddress address = {};

        for (size_t i = 0; i < pass->n_devices; i++)
                if (is_usb2(&pass->devices[i], device->def) && present(pass->devices[i].info)) {
                        address = pass->devices[i].info->address.pci;
                        address.function = function;
                        if (pci_topology_take(&pass->topology, &address, connect, err) < 0)
                                return -1;
                        set_address(pass, device, &address, "beside its companions");
                        return 0;
                }
        if (pci_topology_next(&pass->topology, connect | PCI_CONNECT_SHARE_SLOT, function, &address, err) < 0)
                return -1;
        if (!pass->topology.may_grow) {
                set_address(pass, device, &address, "the next free slot");
                if (function == 0)
                        device->info->address.pci.multifunction = TRISTATE_YES;
        }
        return 0;
}

static int assign_device(PciPass *pass, const DeviceRef *device, Error **err) {
        unsigned connect = device_pci_connect(pass->completion, device);
        PciAddress address;

        if (!connect || !wanted(device->info))
                return 0;
        if (is_usb2(device, NULL))
                return assign_usb2(pass, device, err);
        if (pci_topology_next(&pass->topology, connect, PCI_ANY_FUNCTION, &address, err) < 0)
                return -1;
        if (!pass->topology.may_grow)
                set_address(pass, device, &address, "the next free slot that takes it");
        return 0;
}

static bool is_pci_controller(const DeviceRef *device) {
        return device->kind == DEVICE_CONTROLLER && ((const ControllerDef *) device->def)->type == CONTROLLER_PCI;
}

/* A network card of the host's comes with the host's other devices. */
static DeviceKind assign_kind(const DeviceRef *device) {
        if (device->kind == DEVICE_INTERFACE && ((const InterfaceDef *) device->def)->type == INTERFACE_HOSTDEV)
                return DEVICE_HOSTDEV;
        return device->kind;
}

static int assign_all(PciPass *pass, Error **err) {
        for (size_t i = 0; i < pass->n_devices; i++)
                if (is_pci_controller(&pass->devices[i]) && assign_device(pass, &pass->devices[i], err) < 0)
                        return -1;
        for (size_t kind = 0; kind < N_ELEMENTS(assign_order); kind++)
                for (size_t i = 0; i < pass->n_devices; i++)
                        if (assign_kind(&pass->devices[i]) == assign_order[kind] && !is_pci_controller(&pass->devices[i]) &&
                            assign_device(pass, &pass->devices[i], err) < 0)
                                return -1;
        return 0;
}

/* One slot stays free for a bridge, as long as there is one: a machine that is full to the brim could never grow. */
static void keep_slot_for_bridge(PciPass *pass) {
        PciAddress address;

        if (pass->topology.express)
                return;
        pass->topology.may_grow = false;
        pci_topology_next(&pass->topology, PCI_CONNECT_DEVICE | PCI_CONNECT_HOTPLUG, PCI_ANY_FUNCTION, &address, NULL);
        pass->topology.may_grow = true;
}

/* Controllers for the buses that the dry run found missing; each needs a slot itself, for which more may be needed. */
static int add_controllers(PciPass *pass, Error **err) {
        for (unsigned i = 1; i < pass->topology.n_buses; i++) {
                ControllerModel model = pass->topology.buses[i].model;
                PciAddress address;

                if (completion_find_controller(pass->def, CONTROLLER_PCI, i))
                        continue;
                completion_add_controller(pass->completion, CONTROLLER_PCI, i, model, "the devices need more PCI slots");
                if (!pci_model_is_root(model) &&
                    pci_topology_next(&pass->topology, pci_model_connect(model), PCI_ANY_FUNCTION, &address, err) < 0)
                        return -1;
        }
        return 0;
}

static int dry_run(PciPass *pass, Error **err) {
        unsigned n_given;
        PciAddress spare;

        if (start_topology(pass, true, err) < 0)
                return -1;
        n_given = 0;
        LIST_FOR(controller, &pass->def->controllers)
                if (controller->type == CONTROLLER_PCI && controller->index.value >= n_given)
                        n_given = controller->index.value + 1;
        if (fix_addresses(pass, err) < 0)
                return -1;
        keep_slot_for_bridge(pass);
        if (assign_all(pass, err) < 0)
                return -1;
        /* Whoever leaves all of it to us gets one port more than needed, so that something can be plugged in later. */
        if (pass->topology.express && n_given <= 1 && pass->topology.n_buses > n_given &&
            pci_topology_next(&pass->topology, PCI_CONNECT_EXPRESS | PCI_CONNECT_HOTPLUG, PCI_ANY_FUNCTION, &spare, err) < 0)
                return -1;
        return add_controllers(pass, err);
}

/* ---- What follows from the addresses ---- */

static void set_multifunction(PciPass *pass) {
        for (size_t i = 0; i < pass->n_devices; i++) {
                PciAddress *address = &pass->devices[i].info->address.pci;

                if (!present(pass->devices[i].info) || address->function != 0 || address->multifunction ||
                    address->bus >= pass->topology.n_buses)
                        continue;
                if (pass->topology.buses[address->bus].slots[address->slot].functions & ~1)
                        address->multifunction = TRISTATE_YES;
        }
}

/* The bus number that an expander's own tree begins with: below all others, with room for the bridge inside it. */
static int choose_bus_number(PciPass *pass, ControllerDef *controller, Error **err) {
        unsigned lowest = PCI_MAX_BUSES;

        LIST_FOR(other, &pass->def->controllers)
                if (other->type == CONTROLLER_PCI && other->bus_nr.set && other->bus_nr.value < lowest)
                        lowest = other->bus_nr.value;
        if (lowest <= 2)
                return error_set(err, ERROR_INTERNAL,
                                 "No free busNr lower than current lowest busNr is available to auto-assign to bus %u. "
                                 "Must be manually assigned",
                                 controller->index.value);
        controller->bus_nr = OPT_UINT(lowest - 2);
        return 0;
}

static int choose_target_index(PciPass *pass, ControllerDef *controller, Error **err) {
        for (unsigned index = controller->index.value == 0 ? 0 : 1; index <= 30; index++) {
                bool taken = false;

                LIST_FOR(other, &pass->def->controllers)
                        taken |= other->type == CONTROLLER_PCI && other->target_index.set && other->target_index.value == index;
                if (!taken) {
                        controller->target_index = OPT_UINT(index);
                        return 0;
                }
        }
        return error_set(err, ERROR_INTERNAL, "No usable target index found for %u", controller->index.value);
}

static void default_uint(OptUint *to, unsigned value) {
        if (!to->set)
                *to = OPT_UINT(value);
}

static const struct {
        ControllerModel model;
        PciModelName name;
} model_names[] = {
        { CONTROLLER_PCI_BRIDGE, PCI_MODEL_PCI_BRIDGE },
        { CONTROLLER_DMI_TO_PCI_BRIDGE, PCI_MODEL_I82801B11_BRIDGE },
        { CONTROLLER_PCIE_TO_PCI_BRIDGE, PCI_MODEL_PCIE_PCI_BRIDGE },
        { CONTROLLER_PCIE_ROOT_PORT, PCI_MODEL_PCIE_ROOT_PORT },
        { CONTROLLER_PCIE_SWITCH_UPSTREAM_PORT, PCI_MODEL_X3130_UPSTREAM },
        { CONTROLLER_PCIE_SWITCH_DOWNSTREAM_PORT, PCI_MODEL_XIO3130_DOWNSTREAM },
        { CONTROLLER_PCI_EXPANDER_BUS, PCI_MODEL_PXB },
        { CONTROLLER_PCIE_EXPANDER_BUS, PCI_MODEL_PXB_PCIE },
};

static int set_options(PciPass *pass, ControllerDef *controller, Error **err) {
        const PciAddress *address = &controller->info.address.pci;

        for (size_t i = 0; i < N_ELEMENTS(model_names); i++)
                if (model_names[i].model == controller->model && !controller->pci_model_name)
                        controller->pci_model_name = model_names[i].name;
        switch (controller->model) {
        case CONTROLLER_PCI_BRIDGE:
                default_uint(&controller->chassis_nr, controller->index.value);
                return 0;
        case CONTROLLER_PCIE_ROOT_PORT:
                default_uint(&controller->chassis, controller->index.value);
                default_uint(&controller->port, address->slot << 3 | address->function);
                return 0;
        case CONTROLLER_PCIE_SWITCH_DOWNSTREAM_PORT:
                default_uint(&controller->chassis, controller->index.value);
                default_uint(&controller->port, address->slot);
                return 0;
        case CONTROLLER_PCI_EXPANDER_BUS:
        case CONTROLLER_PCIE_EXPANDER_BUS:
                return controller->bus_nr.set ? 0 : choose_bus_number(pass, controller, err);
        case CONTROLLER_PCI_ROOT:
                if (pass->completion->kind != MACHINE_PSERIES)
                        return 0;
                if (!controller->pci_model_name)
                        controller->pci_model_name = PCI_MODEL_SPAPR_PCI_HOST_BRIDGE;
                return controller->target_index.set ? 0 : choose_target_index(pass, controller, err);
        default:
                return 0;
        }
}

/* A bridge that hangs below itself, or below one that QEMU does not know yet. */
static int check_order(const ControllerDef *controller, Error **err) {
        if (controller->info.address.type == ADDRESS_PCI && controller->info.address.pci.bus >= controller->index.value &&
            !pci_model_is_root(controller->model))
                return error_set(err, ERROR_INTERNAL, "The PCI controller with index='%u' is on bus %u, which is not below it",
                                 controller->index.value, controller->info.address.pci.bus);
        return 0;
}

/* s390x: the PCI functions' own numbers, which must differ. */
static bool zpci_taken(const PciPass *pass, bool uid, unsigned value) {
        for (size_t i = 0; i < pass->n_devices; i++) {
                const PciAddress *address = &pass->devices[i].info->address.pci;
                const OptUint *number = uid ? &address->zpci_uid : &address->zpci_fid;

                if (pass->devices[i].info->address.type == ADDRESS_PCI && number->set && number->value == value)
                        return true;
        }
        return false;
}

static void default_zpci(const PciPass *pass, PciAddress *address) {
        unsigned uid = 1, fid = 0;

        while (!address->zpci_uid.set && zpci_taken(pass, true, uid))
                uid++;
        default_uint(&address->zpci_uid, uid);
        while (!address->zpci_fid.set && zpci_taken(pass, false, fid))
                fid++;
        default_uint(&address->zpci_fid, fid);
}

/* Also the bridges that were asked for, though not those that were added. */
static void set_zpci(PciPass *pass) {
        for (size_t i = 0; i < pass->n_devices; i++)
                if (is_pci_controller(&pass->devices[i]) && pass->devices[i].index < pass->n_asked &&
                    present(pass->devices[i].info))
                        default_zpci(pass, &pass->devices[i].info->address.pci);
        for (size_t kind = 0; kind < N_ELEMENTS(assign_order); kind++)
                for (size_t i = 0; i < pass->n_devices; i++)
                        if (assign_kind(&pass->devices[i]) == assign_order[kind] && !is_pci_controller(&pass->devices[i]) &&
                            present(pass->devices[i].info))
                                default_zpci(pass, &pass->devices[i].info->address.pci);
}

static int run(PciPass *pass, Error **err) {
        collect_devices(pass);
        LIST_FOR(controller, &pass->def->controllers)
                if (controller->type == CONTROLLER_PCI) {
                        if (dry_run(pass, err) < 0)
                                return -1;
                        break;
                }
        collect_devices(pass);
        if (start_topology(pass, false, err) < 0)
                return -1;
        if (pass->topology.n_buses > 0 && fix_addresses(pass, err) < 0)
                return -1;
        if (assign_all(pass, err) < 0)
                return -1;
        set_multifunction(pass);
        if (pass->completion->kind == MACHINE_S390)
                set_zpci(pass);
        LIST_FOR(controller, &pass->def->controllers)
                if (controller->type == CONTROLLER_PCI &&
                    (set_options(pass, controller, err) < 0 || check_order(controller, err) < 0))
                        return -1;
        return 0;
}

int complete_pci(Completion *completion, Error **err) {
        PciPass pass = { .completion = completion, .def = completion->def, .n_asked = completion->def->controllers.n };
        int r = run(&pass, err);

        pci_topology_done(&pass.topology);
        free(pass.devices);
        return r;
}
