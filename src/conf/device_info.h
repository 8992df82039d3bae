/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/device_info.h - what all devices share: address, alias, boot order, option ROM; and the virtio transport's options. */
#pragma once
#include "conf/types.h"

typedef enum AddressType {
        ADDRESS_UNSET, ADDRESS_PCI, ADDRESS_DRIVE, ADDRESS_VIRTIO_SERIAL, ADDRESS_CCID, ADDRESS_USB,
        ADDRESS_SPAPR_VIO, ADDRESS_CCW, ADDRESS_VIRTIO_MMIO, ADDRESS_ISA, ADDRESS_DIMM, ADDRESS_UNASSIGNED,
        ADDRESS_TYPE_MAX,
} AddressType;

typedef struct PciAddress {
        unsigned domain, bus, slot, function;           /* all zero: to be assigned (see pci_address_wanted()) */
        Tristate multifunction;
        OptUint zpci_uid, zpci_fid;
} PciAddress;

typedef struct UsbAddress {
        unsigned bus;
        char *port;             /* "1.2"; NULL: to be assigned */
} UsbAddress;

/* Only the member that type names has a meaning. */
typedef struct DeviceAddress {
        AddressType type;
        PciAddress pci;
        UsbAddress usb;
        struct { unsigned controller, bus, target, unit; } drive;
        struct { unsigned controller, bus, port; } virtio_serial;
        struct { unsigned controller, slot; } ccid;
        OptU64 spapr_reg;
        struct { OptUint cssid, ssid, devno; } ccw;
        struct { OptUint iobase, irq; } isa;
        struct { OptUint slot; OptU64 base; } dimm;
} DeviceAddress;

typedef struct DeviceInfo {
        unsigned boot_order;            /* 0: none */
        char *loadparm;                 /* s390x */
        char *alias;                    /* in a stored definition only the user's own ("ua-...") */
        OptUint usb_master_port;        /* <master startport> of EHCI companions */
        Tristate rom_bar, rom_enabled;
        char *rom_file;
        unsigned acpi_index;
        DeviceAddress address;
} DeviceInfo;

/* <driver iommu= ats= packed= page_per_vq=> of any virtio device. */
typedef struct VirtioOptions {
        Tristate iommu, ats, packed, page_per_vq;
} VirtioOptions;

extern const EnumTable address_type_table;

static inline bool pci_address_equal(const PciAddress *a, const PciAddress *b) {
        return a->domain == b->domain && a->bus == b->bus && a->slot == b->slot && a->function == b->function;
}
/* <address type='pci'/> without numbers: a PCI address, to be assigned. */
static inline bool pci_address_wanted(const DeviceAddress *address) {
        const PciAddress *pci = &address->pci;

        return address->type == ADDRESS_PCI && !pci->domain && !pci->bus && !pci->slot && !pci->function;
}
