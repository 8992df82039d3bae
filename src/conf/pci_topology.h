/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/pci_topology.h - the PCI buses of a machine while addresses are given out: what plugs into what, what is taken. */
#pragma once
#include "conf/devices.h"
#include "util/error.h"

/* What a device asks of a slot, and what the slots of a bus offer. */
typedef enum PciConnect {
        PCI_CONNECT_HOTPLUG = 1 << 0,
        PCI_CONNECT_SHARE_SLOT = 1 << 1,        /* its functions may lie beside those of others that say so */
        PCI_CONNECT_DEVICE = 1 << 2,            /* conventional PCI */
        PCI_CONNECT_EXPRESS = 1 << 3,
        PCI_CONNECT_BRIDGE = 1 << 4,
        PCI_CONNECT_DMI_BRIDGE = 1 << 5,
        PCI_CONNECT_EXPRESS_BRIDGE = 1 << 6,    /* pcie-to-pci-bridge */
        PCI_CONNECT_ROOT_PORT = 1 << 7,
        PCI_CONNECT_UPSTREAM = 1 << 8,
        PCI_CONNECT_DOWNSTREAM = 1 << 9,
        PCI_CONNECT_EXPANDER = 1 << 10,
        PCI_CONNECT_EXPRESS_EXPANDER = 1 << 11,
} PciConnect;
#define PCI_CONNECT_ENDPOINT (PCI_CONNECT_DEVICE | PCI_CONNECT_EXPRESS)
#define PCI_CONNECT_KINDS (~0U << 2)

#define PCI_SLOTS 32
#define PCI_FUNCTIONS 8
#define PCI_MAX_BUSES 256
#define PCI_ANY_FUNCTION (-1)

typedef struct PciSlot {
        uint8_t functions;              /* a bit per function that is taken */
        bool shared;
} PciSlot;

typedef struct PciBus {
        ControllerModel model;          /* UNSET: a hole in the controllers' numbers */
        PciSlot slots[PCI_SLOTS];
} PciBus;

typedef struct PciTopology {
        PciBus *buses;
        unsigned n_buses;
        bool express;                   /* the root is pcie-root */
        bool many_roots;                /* pseries: more room is another host bridge */
        bool may_grow;                  /* the dry run that finds out how many buses are needed */
} PciTopology;

void pci_topology_done(PciTopology *topology);
static inline void pci_topology_done_p(PciTopology *topology) {
        pci_topology_done(topology);
}

/* How a controller of this model itself plugs in; 0 for roots. */
unsigned pci_model_connect(ControllerModel model);
bool pci_model_is_root(ControllerModel model);

/* Bus number index gets that model; the ones below that are still missing become holes. */
void pci_topology_set_bus(PciTopology *topology, unsigned index, ControllerModel model);

/* Takes an address that was asked for, or that the machine itself uses; more is allowed than would be chosen (PCI devices in
 * Express slots and the reverse). */
int pci_topology_take(PciTopology *topology, const PciAddress *address, unsigned connect, Error **err);

bool pci_topology_slot_in_use(const PciTopology *topology, unsigned bus, unsigned slot);

/* Finds a place and takes it; grows when it may. function: one that is needed, or PCI_ANY_FUNCTION. */
int pci_topology_next(PciTopology *topology, unsigned connect, int function, PciAddress *ret, Error **err);
