/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_controller.c - <controller>: the buses that other devices sit on. */
#include <stdio.h>

#include "drivers/qemu/cl.h"

/* ---- PCI ---- */

typedef struct PciModel {
        ControllerModel model;
        PciModelName name;              /* UNSET: the default for the model */
        const char *driver;
        bool port, chassis, chassis_nr, bus_nr, numa_node;
} PciModel;

static const PciModel pci_models[] = {
        { CONTROLLER_PCI_BRIDGE, PCI_MODEL_NAME_UNSET, "pci-bridge", .chassis_nr = true },
        { CONTROLLER_DMI_TO_PCI_BRIDGE, PCI_MODEL_NAME_UNSET, "i82801b11-bridge" },
        { CONTROLLER_PCIE_TO_PCI_BRIDGE, PCI_MODEL_NAME_UNSET, "pcie-pci-bridge" },
        { CONTROLLER_PCIE_ROOT_PORT, PCI_MODEL_IOH3420, "ioh3420", .port = true, .chassis = true },
        { CONTROLLER_PCIE_ROOT_PORT, PCI_MODEL_NAME_UNSET, "pcie-root-port", .port = true, .chassis = true },
        { CONTROLLER_PCIE_SWITCH_UPSTREAM_PORT, PCI_MODEL_NAME_UNSET, "x3130-upstream" },
        { CONTROLLER_PCIE_SWITCH_DOWNSTREAM_PORT, PCI_MODEL_NAME_UNSET, "xio3130-downstream", .port = true, .chassis = true },
        { CONTROLLER_PCI_EXPANDER_BUS, PCI_MODEL_NAME_UNSET, "pxb", .bus_nr = true, .numa_node = true },
        { CONTROLLER_PCIE_EXPANDER_BUS, PCI_MODEL_NAME_UNSET, "pxb-pcie", .bus_nr = true, .numa_node = true },
};

static const PciModel *find_pci_model(const ControllerDef *controller) {
        for (size_t i = 0; i < N_ELEMENTS(pci_models); i++)
                if (pci_models[i].model == controller->model &&
                    (pci_models[i].name == PCI_MODEL_NAME_UNSET || pci_models[i].name == controller->pci_model_name))
                        return &pci_models[i];
        return NULL;
}

static int add_host_bridge(Cl *cl, const ControllerDef *controller, Error **err) {
        json_object *device;

        if (!cl->ppc || !controller->target_index.value)
                return 0;               /* part of the machine */
        device = json_object_new_object();
        json_add_string(device, "driver", "spapr-pci-host-bridge");
        json_add_uint(device, "index", controller->target_index.value);
        json_add_string(device, "id", controller->info.alias);
        if (controller->numa_node.set)
                json_add_uint(device, "numa_node", controller->numa_node.value);
        cl_add_json(cl, "-device", device);
        return 0;
}

static void add_pci_hole(Cl *cl, const ControllerDef *controller) {
        if (controller->pcihole64_kib.set && (cl->q35 || cl->pc))
                cl_addf(cl, "-global", "%s.pci-hole64-size=%lluK", cl->q35 ? "q35-pcihost" : "i440FX-pcihost",
                        (unsigned long long) controller->pcihole64_kib.value);
}

static int add_pci_controller(Cl *cl, const ControllerDef *controller, Error **err) {
        CLEANUP(json_put) json_object *device = NULL;
        const PciModel *model;

        add_pci_hole(cl, controller);
        if (controller->model == CONTROLLER_PCI_ROOT)
                return add_host_bridge(cl, controller, err);
        if (controller->model == CONTROLLER_PCIE_ROOT)
                return 0;
        model = find_pci_model(controller);
        if (!model)
                return cl_unsupported(err, "<controller type='pci' model='%s'>", table_name(&controller_model_table, controller->model));
        if (cl_need_device(cl, model->driver, "<controller type='pci'>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", model->driver);
        if (model->bus_nr)
                json_add_uint(device, "bus_nr", controller->bus_nr.value);
        if (model->numa_node && controller->numa_node.set)
                json_add_uint(device, "numa_node", controller->numa_node.value);
        if (model->chassis_nr)
                json_add_uint(device, "chassis_nr", controller->chassis_nr.value);
        if (model->port)
                json_add_uint(device, "port", controller->port.value);
        if (model->chassis)
                json_add_uint(device, "chassis", controller->chassis.value);
        cl_json_bool(device, "hotplug", controller->hotplug);
        json_add_string(device, "id", controller->info.alias);
        if (cl_add_address(cl, device, &controller->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

/* ---- USB ---- */

static const struct {
        ControllerModel model;
        const char *driver;
} usb_models[] = {
        { CONTROLLER_PIIX3_UHCI, "piix3-usb-uhci" }, { CONTROLLER_PIIX4_UHCI, "piix4-usb-uhci" }, { CONTROLLER_EHCI, "usb-ehci" },
        { CONTROLLER_ICH9_EHCI1, "ich9-usb-ehci1" }, { CONTROLLER_ICH9_UHCI1, "ich9-usb-uhci1" }, { CONTROLLER_ICH9_UHCI2, "ich9-usb-uhci2" },
        { CONTROLLER_ICH9_UHCI3, "ich9-usb-uhci3" }, { CONTROLLER_VT82C686B_UHCI, "vt82c686b-usb-uhci" }, { CONTROLLER_PCI_OHCI, "pci-ohci" },
        { CONTROLLER_NEC_XHCI, "nec-usb-xhci" }, { CONTROLLER_QEMU_XHCI, "qemu-xhci" },
};

static const char *usb_driver(const ControllerDef *controller) {
        for (size_t i = 0; i < N_ELEMENTS(usb_models); i++)
                if (usb_models[i].model == controller->model)
                        return usb_models[i].driver;
        return controller->model == CONTROLLER_MODEL_UNSET ? "piix3-usb-uhci" : NULL;
}

static int add_usb_controller(Cl *cl, const ControllerDef *controller, Error **err) {
        CLEANUP(json_put) json_object *device = NULL;
        const char *driver = usb_driver(controller);

        if (controller->model == CONTROLLER_USB_NONE)
                return 0;
        if (!driver)
                return cl_unsupported(err, "<controller type='usb' model='%s'>", table_name(&controller_model_table, controller->model));
        if (cl_need_device(cl, driver, "<controller type='usb'>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        if (controller->ports.set) {
                json_add_uint(device, "p2", controller->ports.value);
                json_add_uint(device, "p3", controller->ports.value);
        }
        /* A companion shares the bus, and so the id, of its EHCI. */
        if (controller->info.usb_master_port.set) {
                CLEANUP(free) char *bus = xasprintf("%s.0", controller->info.alias);

                json_add_string(device, "masterbus", bus);
                json_add_uint(device, "firstport", controller->info.usb_master_port.value);
        } else {
                json_add_string(device, "id", controller->info.alias);
        }
        if (cl_add_address(cl, device, &controller->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

/* ---- SCSI ---- */

static const struct {
        ControllerModel model;
        const char *driver;
} scsi_models[] = {
        { CONTROLLER_LSILOGIC, "lsi" }, { CONTROLLER_LSISAS1068, "mptsas1068" }, { CONTROLLER_LSISAS1078, "megasas" },
        { CONTROLLER_VMPVSCSI, "pvscsi" }, { CONTROLLER_IBMVSCSI, "spapr-vscsi" }, { CONTROLLER_AM53C974, "am53c974" },
        { CONTROLLER_DC390, "dc390" },
};

static bool is_virtio_model(ControllerModel model) {
        return model == CONTROLLER_VIRTIO_SCSI || model == CONTROLLER_VIRTIO || model == CONTROLLER_VIRTIO_TRANSITIONAL ||
               model == CONTROLLER_VIRTIO_NON_TRANSITIONAL;
}

static char *scsi_driver(const ControllerDef *controller) {
        if (is_virtio_model(controller->model))
                return cl_virtio_type("virtio-scsi", &controller->info, controller->model == CONTROLLER_VIRTIO_SCSI ? NULL :
                                      table_name(&controller_model_table, controller->model));
        for (size_t i = 0; i < N_ELEMENTS(scsi_models); i++)
                if (scsi_models[i].model == controller->model)
                        return xstrdup(scsi_models[i].driver);
        return NULL;
}

static void add_queues(json_object *device, const ControllerDef *controller) {
        if (controller->iothread) {
                CLEANUP(free) char *iothread = xasprintf("iothread%u", controller->iothread);

                json_add_string(device, "iothread", iothread);
        }
        if (controller->queues)
                json_add_uint(device, "num_queues", controller->queues);
        if (controller->cmd_per_lun)
                json_add_uint(device, "cmd_per_lun", controller->cmd_per_lun);
        if (controller->max_sectors)
                json_add_uint(device, "max_sectors", controller->max_sectors);
        cl_json_bool(device, "ioeventfd", controller->ioeventfd);
}

static int add_scsi_controller(Cl *cl, const ControllerDef *controller, Error **err) {
        CLEANUP(json_put) json_object *device = NULL;
        CLEANUP(free) char *driver = scsi_driver(controller);

        if (!driver)
                return cl_unsupported(err, "<controller type='scsi' model='%s'>", table_name(&controller_model_table, controller->model));
        if (cl_need_device(cl, driver, "<controller type='scsi'>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        if (is_virtio_model(controller->model))
                cl_add_virtio(cl, device, &controller->virtio);
        json_add_string(device, "id", controller->info.alias);
        add_queues(device, controller);
        if (cl_add_address(cl, device, &controller->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

/* ---- The others ---- */

static int add_virtio_serial(Cl *cl, const ControllerDef *controller, Error **err) {
        const char *model = is_virtio_model(controller->model) ? table_name(&controller_model_table, controller->model) : NULL;
        CLEANUP(free) char *driver = cl_virtio_type("virtio-serial", &controller->info, model);
        CLEANUP(json_put) json_object *device = NULL;

        if (cl_need_device(cl, driver, "<controller type='virtio-serial'>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        cl_add_virtio(cl, device, &controller->virtio);
        json_add_string(device, "id", controller->info.alias);
        if (controller->ports.set)
                json_add_uint(device, "max_ports", controller->ports.value);
        if (controller->vectors.set)
                json_add_uint(device, "vectors", controller->vectors.value);
        if (cl_add_address(cl, device, &controller->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

static int add_simple(Cl *cl, const ControllerDef *controller, const char *driver, Error **err) {
        CLEANUP(json_put) json_object *device = cl_device(driver, &controller->info);

        if (cl_need_device(cl, driver, "<controller>", err) < 0 || cl_add_address(cl, device, &controller->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

/* What the machine has by itself gets no -device. */
static int add_other(Cl *cl, const ControllerDef *controller, Error **err) {
        bool first = controller->index.value == 0;

        switch (controller->type) {
        case CONTROLLER_VIRTIO_SERIAL:
                return add_virtio_serial(cl, controller, err);
        case CONTROLLER_SATA:
                return cl->q35 && first ? 0 : add_simple(cl, controller, "ahci", err);
        case CONTROLLER_FDC:
                if (!(cl->pc && first))
                        cl_add(cl, "-device", "{\"driver\":\"isa-fdc\"}");
                return 0;
        case CONTROLLER_CCID:
                return add_simple(cl, controller, "usb-ccid", err);
        case CONTROLLER_IDE:
                if (cl->pc && first)
                        return 0;
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, cl->pc ? "Only a single IDE controller is supported for this machine type" :
                                 "IDE controllers are unsupported for this QEMU binary or machine type");
        case CONTROLLER_ISA:
                return 0;
        default:
                return cl_unsupported(err, "<controller type='%s'>", table_name(&controller_type_table, controller->type));
        }
}

static int add_type(Cl *cl, ControllerType type, int (*add)(Cl *cl, const ControllerDef *controller, Error **err), Error **err) {
        LIST_FOR(controller, &cl->def->controllers)
                if (controller->type == type && add(cl, controller, err) < 0)
                        return -1;
        return 0;
}

static int add_iommu(Cl *cl, Error **err) {
        const IommuDef *iommu = cl->def->iommu;
        CLEANUP(json_put) json_object *device = NULL;

        if (!iommu)
                return 0;
        if (iommu->model != IOMMU_INTEL || !cl->q35)
                return cl_unsupported(err, "<iommu model='%s'>", table_name(&iommu_model_table, iommu->model));
        device = cl_device("intel-iommu", &iommu->info);
        cl_json_onoff(device, "intremap", iommu->intremap);
        cl_json_bool(device, "caching-mode", iommu->caching_mode);
        cl_json_onoff(device, "eim", iommu->eim);
        cl_json_bool(device, "device-iotlb", iommu->iotlb);
        if (iommu->aw_bits)
                json_add_uint(device, "aw-bits", iommu->aw_bits);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

int cl_chapter_controllers(Cl *cl, Error **err) {
        static const ControllerType others[] = { CONTROLLER_IDE, CONTROLLER_FDC, CONTROLLER_SATA, CONTROLLER_VIRTIO_SERIAL, CONTROLLER_CCID,
                                                 CONTROLLER_XENBUS, CONTROLLER_ISA };

        if (add_iommu(cl, err) < 0 || add_type(cl, CONTROLLER_PCI, add_pci_controller, err) < 0 ||
            add_type(cl, CONTROLLER_USB, add_usb_controller, err) < 0 || add_type(cl, CONTROLLER_SCSI, add_scsi_controller, err) < 0)
                return -1;
        for (size_t i = 0; i < N_ELEMENTS(others); i++)
                if (add_type(cl, others[i], add_other, err) < 0)
                        return -1;
        return 0;
}
