/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(address_type_table, ADDRESS_TYPE_MAX, "address type", "", "pci", "drive", "virtio-serial", "ccid", "usb", "spapr-vio",
      "ccw", "virtio-mmio", "isa", "dimm", "unassigned");

/* The numbers of a PCI address are printed together, or not at all while it waits to be assigned. */
static bool print_pci_number(const Row *row, const void *field, StrBuf *text) {
        const DeviceAddress *address = (const void *) ((const char *) field - row->offset);

        return !pci_address_wanted(address) && row_hex.print(row, field, text);
}

static int read_pci_number(const Row *row, const char *text, const char *unit, void *field) {
        return row_hex.read(row, text, unit, field);
}

static const RowType row_pci_number = {
        .storage = STORE_PLAIN, .size = sizeof(unsigned), .want = "a number", .read = read_pci_number, .print = print_pci_number,
};

#define PCI_NUMBER(path, field, n) { path, &row_pci_number, offsetof(DeviceAddress, field), .digits = n, OF_TYPE(PCI) }
#define OF_TYPE(name) WHEN(DeviceAddress, type, BIT(ADDRESS_##name))

static const Row address_rows[] = {
        ENUM("@type", DeviceAddress, type, address_type_table, .flags = ROW_REQUIRED),
        PCI_NUMBER("@domain", pci.domain, 4),
        PCI_NUMBER("@bus", pci.bus, 2),
        PCI_NUMBER("@slot", pci.slot, 2),
        PCI_NUMBER("@function", pci.function, 1),
        ONOFF("@multifunction", DeviceAddress, pci.multifunction, OF_TYPE(PCI)),
        OPTHEX("zpci@uid", DeviceAddress, pci.zpci_uid, 4, OF_TYPE(PCI)),
        OPTHEX("zpci@fid", DeviceAddress, pci.zpci_fid, 8, OF_TYPE(PCI)),
        DEC("@controller", DeviceAddress, drive.controller, OF_TYPE(DRIVE)),
        DEC("@bus", DeviceAddress, drive.bus, OF_TYPE(DRIVE)),
        DEC("@target", DeviceAddress, drive.target, OF_TYPE(DRIVE)),
        DEC("@unit", DeviceAddress, drive.unit, OF_TYPE(DRIVE)),
        DEC("@controller", DeviceAddress, virtio_serial.controller, OF_TYPE(VIRTIO_SERIAL)),
        DEC("@bus", DeviceAddress, virtio_serial.bus, OF_TYPE(VIRTIO_SERIAL)),
        DEC("@port", DeviceAddress, virtio_serial.port, OF_TYPE(VIRTIO_SERIAL)),
        DEC("@controller", DeviceAddress, ccid.controller, OF_TYPE(CCID)),
        DEC("@slot", DeviceAddress, ccid.slot, OF_TYPE(CCID)),
        DEC("@bus", DeviceAddress, usb.bus, OF_TYPE(USB)),
        STRING("@port", DeviceAddress, usb.port, OF_TYPE(USB)),
        OPTHEX64("@reg", DeviceAddress, spapr_reg, 8, OF_TYPE(SPAPR_VIO)),
        OPTHEX("@cssid", DeviceAddress, ccw.cssid, 1, OF_TYPE(CCW)),
        OPTHEX("@ssid", DeviceAddress, ccw.ssid, 1, OF_TYPE(CCW)),
        OPTHEX("@devno", DeviceAddress, ccw.devno, 4, OF_TYPE(CCW)),
        OPTHEX("@iobase", DeviceAddress, isa.iobase, 1, OF_TYPE(ISA)),
        OPTHEX("@irq", DeviceAddress, isa.irq, 1, OF_TYPE(ISA)),
        OPTUINT("@slot", DeviceAddress, dimm.slot, OF_TYPE(DIMM)),
        OPTHEX64("@base", DeviceAddress, dimm.base, 1, OF_TYPE(DIMM)),
        {}
};

int check_pci_address(const Parser *parser, const xmlNode *node, const PciAddress *pci, Error **err) {
        const char *attribute = pci->domain > 0xffff ? "domain"
                                : pci->bus > 0xff    ? "bus"
                                : pci->slot > 0x1f   ? "slot"
                                : pci->function > 7  ? "function"
                                                     : NULL;
        CLEANUP(free) char *subject = NULL;

        if (!attribute)
                return 0;
        subject = xasprintf("PCI %s '%s'", attribute, element_attribute(node, attribute));
        return element_refuse(parser, node, attribute, ERROR_XML, subject, err, "must be <= %s",
                              *attribute == 'd' ? "0xFFFF" : *attribute == 'b' ? "0xFF" : *attribute == 's' ? "0x1F" : "7");
}

static bool is_usb_port(const char *port) {
        for (int n = 0; n < 4; n++) {
                size_t digits = strspn(port, "0123456789");

                if (digits == 0 || digits > 3)
                        return false;
                port += digits;
                if (!*port)
                        return true;
                if (*port++ != '.')
                        return false;
        }
        return false;
}

static int check_ccw(const Parser *parser, const xmlNode *node, const DeviceAddress *address, Error **err) {
        const OptUint *cssid = &address->ccw.cssid, *ssid = &address->ccw.ssid, *devno = &address->ccw.devno;

        if (cssid->set != ssid->set || ssid->set != devno->set)
                return element_refuse(parser, node, NULL, ERROR_XML, "CCW address", err,
                                      "cssid, ssid and devno are given together or not at all");
        if (cssid->value > 0xfe || ssid->value > 3 || devno->value > 0xffff)
                return element_refuse(parser, node, NULL, ERROR_XML, "CCW address", err,
                                      "cssid must be at most 0xfe, ssid at most 0x3, devno at most 0xffff");
        return 0;
}

static int check_address(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const DeviceAddress *address = object;

        if (address->type == ADDRESS_PCI)
                return check_pci_address(parser, node, &address->pci, err);
        if (address->type == ADDRESS_CCW)
                return check_ccw(parser, node, address, err);
        if (address->type == ADDRESS_USB && address->usb.port && !is_usb_port(address->usb.port))
                return element_refuse(parser, node, "port", ERROR_XML, "USB port", err,
                                      "it must be up to 4 numbers with dots between, as 1.2");
        return 0;
}

static const Element address_element = { sizeof(DeviceAddress), address_rows, check_address };

static const Row device_info_rows[] = {
        UINT("boot@order", DeviceInfo, boot_order, .flags = ROW_REQUIRED),
        STRING("boot@loadparm", DeviceInfo, loadparm),
        STRING("alias@name", DeviceInfo, alias, .flags = ROW_ALIAS | ROW_HOST | ROW_REQUIRED),
        OPTUINT("master@startport", DeviceInfo, usb_master_port),
        YESNO("rom@enabled", DeviceInfo, rom_enabled),
        ONOFF("rom@bar", DeviceInfo, rom_bar),
        STRING("rom@file", DeviceInfo, rom_file),
        UINT("acpi@index", DeviceInfo, acpi_index),
        STRUCT("address", DeviceInfo, address, address_element),
        {}
};

static int check_device_info(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const DeviceInfo *info = object;

        if (info->rom_enabled == TRISTATE_NO && (info->rom_bar || info->rom_file))
                return element_refuse(parser, element_child(node, "rom"), NULL, ERROR_XML, "<rom enabled='no'>", err,
                                      "bar and file need an enabled ROM");
        return 0;
}

const Element device_info_element = { sizeof(DeviceInfo), device_info_rows, check_device_info };

static const Row pci_address_rows[] = {
        HEX("@domain", PciAddress, domain, 4),
        HEX("@bus", PciAddress, bus, 2),
        HEX("@slot", PciAddress, slot, 2),
        HEX("@function", PciAddress, function, 1),
        {}
};

static int check_bare_pci_address(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        return check_pci_address(parser, node, object, err);
}

/* <address domain= bus= slot= function=/> of a host's device. */
const Element pci_address_element = { sizeof(PciAddress), pci_address_rows, check_bare_pci_address };
