/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/controller.c - <controller>: which models go with which type. */
#include "conf/elements.h"

NAMES(controller_type_table, CONTROLLER_TYPE_MAX, "controller type", "", "ide", "fdc", "scsi", "sata", "virtio-serial", "ccid",
      "usb", "pci", "xenbus", "isa");
NAMES(controller_model_table, CONTROLLER_MODEL_TYPE_MAX, "controller model", "", "pci-root", "pcie-root", "pci-bridge",
      "dmi-to-pci-bridge", "pcie-to-pci-bridge", "pcie-root-port", "pcie-switch-upstream-port", "pcie-switch-downstream-port",
      "pci-expander-bus", "pcie-expander-bus", "auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi",
      "virtio-scsi", "lsisas1078", "ncr53c90", "dc390", "am53c974", "none", "piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1",
      "ich9-uhci1", "ich9-uhci2", "ich9-uhci3", "vt82c686b-uhci", "pci-ohci", "nec-xhci", "qusb1", "qusb2", "qemu-xhci", "piix3",
      "piix4", "ich6", "virtio", "virtio-transitional", "virtio-non-transitional");
NAMES(pci_model_name_table, PCI_MODEL_NAME_TYPE_MAX, "PCI controller model name", "", "pci-bridge", "i82801b11-bridge", "ioh3420",
      "x3130-upstream", "xio3130-downstream", "pxb", "pxb-pcie", "pcie-root-port", "spapr-pci-host-bridge", "pcie-pci-bridge");

#define T(name) BIT(CONTROLLER_##name)
#define OF_TYPES(mask) WHEN(ControllerDef, type, (mask))

static const Row controller_rows[] = {
        ENUM("@type", ControllerDef, type, controller_type_table, .flags = ROW_REQUIRED),
        OPTUINT("@index", ControllerDef, index),
        ENUM("@model", ControllerDef, model, controller_model_table),
        OPTUINT("@ports", ControllerDef, ports, OF_TYPES(T(USB) | T(VIRTIO_SERIAL))),
        OPTUINT("@vectors", ControllerDef, vectors, OF_TYPES(T(VIRTIO_SERIAL))),
        OPTINT("@maxGrantFrames", ControllerDef, max_grant_frames, OF_TYPES(T(XENBUS))),
        OPTINT("@maxEventChannels", ControllerDef, max_event_channels, OF_TYPES(T(XENBUS))),
        ENUM("model@name", ControllerDef, pci_model_name, pci_model_name_table, OF_TYPES(T(PCI)), .flags = ROW_REQUIRED),
        OPTUINT("target@chassisNr", ControllerDef, chassis_nr, OF_TYPES(T(PCI))),
        OPTUINT("target@chassis", ControllerDef, chassis, OF_TYPES(T(PCI))),
        OPTHEX("target@port", ControllerDef, port, 1, OF_TYPES(T(PCI))),
        OPTUINT("target@busNr", ControllerDef, bus_nr, OF_TYPES(T(PCI))),
        OPTUINT("target@index", ControllerDef, target_index, OF_TYPES(T(PCI))),
        ONOFF("target@hotplug", ControllerDef, hotplug, OF_TYPES(T(PCI))),
        OPTUINT("target/node", ControllerDef, numa_node, OF_TYPES(T(PCI))),
        UINT("driver@queues", ControllerDef, queues),
        UINT("driver@cmd_per_lun", ControllerDef, cmd_per_lun),
        UINT("driver@max_sectors", ControllerDef, max_sectors),
        ONOFF("driver@ioeventfd", ControllerDef, ioeventfd),
        UINT("driver@iothread", ControllerDef, iothread, .flags = ROW_HOST),
        VIRTIO_ROWS(ControllerDef),
        INCLUDE("", ControllerDef, info, device_info_element),
        OPTKIB("pcihole64", ControllerDef, pcihole64_kib, OF_TYPES(T(PCI))),
        {}
};

typedef struct ModelRange {
        ControllerType type;
        ControllerModel first, last, extra_first, extra_last;
} ModelRange;

static const ModelRange model_ranges[] = {
        { CONTROLLER_PCI, CONTROLLER_PCI_ROOT, CONTROLLER_PCIE_EXPANDER_BUS },
        { CONTROLLER_SCSI, CONTROLLER_SCSI_AUTO, CONTROLLER_AM53C974, CONTROLLER_VIRTIO_TRANSITIONAL,
          CONTROLLER_VIRTIO_NON_TRANSITIONAL },
        { CONTROLLER_USB, CONTROLLER_USB_NONE, CONTROLLER_QEMU_XHCI },
        { CONTROLLER_IDE, CONTROLLER_PIIX3, CONTROLLER_ICH6 },
        { CONTROLLER_VIRTIO_SERIAL, CONTROLLER_VIRTIO, CONTROLLER_VIRTIO_NON_TRANSITIONAL },
};

static bool is_model_of(const ModelRange *range, int model) {
        return (model >= (int) range->first && model <= (int) range->last) ||
               (range->extra_first && model >= (int) range->extra_first && model <= (int) range->extra_last);
}

static int refuse_model(const Parser *parser, const xmlNode *node, const ControllerDef *controller, const ModelRange *range,
                        Error **err) {
        const char *model_name = table_name(&controller_model_table, controller->model);
        CLEANUP(free) char *subject =
                xasprintf("model '%s' of a %s controller", model_name, table_name(&controller_type_table, controller->type));
        CLEANUP(strbuf_done) StrBuf allowed = {};

        for (int model = 1; range && model < CONTROLLER_MODEL_TYPE_MAX; model++)
                if (is_model_of(range, model))
                        strbuf_addf(&allowed, "%s%s", allowed.len ? ", " : "", table_name(&controller_model_table, model));
        return element_refuse(parser, node, "model", ERROR_XML, subject, err,
                              allowed.len ? "allowed are %s" : "this type has no models", allowed.text);
}

static int check_controller(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const ControllerDef *controller = object;
        const ModelRange *range = NULL;

        for (size_t i = 0; i < N_ELEMENTS(model_ranges); i++)
                if (model_ranges[i].type == controller->type)
                        range = &model_ranges[i];
        if (controller->model && (!range || !is_model_of(range, (int) controller->model)))
                return refuse_model(parser, node, controller, range, err);
        if (controller->type == CONTROLLER_PCI && !controller->model)
                return element_refuse(parser, node, NULL, ERROR_XML, "<controller type='pci'>", err,
                                      "attribute 'model' is missing");
        if (controller->chassis_nr.set && (controller->chassis_nr.value < 1 || controller->chassis_nr.value > 255))
                return element_refuse(parser, element_child(node, "target"), "chassisNr", ERROR_XML, "PCI controller chassisNr",
                                      err, "it must be from 1 to 255");
        if (controller->chassis.value > 255 || controller->port.value > 255)
                return element_refuse(parser, element_child(node, "target"), NULL, ERROR_XML, "PCI controller target", err,
                                      "chassis and port must be from 0 to 255");
        if (controller->bus_nr.set && (controller->bus_nr.value < 1 || controller->bus_nr.value > 254))
                return element_refuse(parser, element_child(node, "target"), "busNr", ERROR_XML, "PCI controller busNr", err,
                                      "it must be from 1 to 254");
        return 0;
}

const Element controller_element = { sizeof(ControllerDef), controller_rows, check_controller };
