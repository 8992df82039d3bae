/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/pci_topology.h"

/* What libvirt 9.0 puts where: a conventional bridge is not put on pcie-root by itself, and only the root and a DMI bridge have
 * no hotplug. */
static const struct PciModelRow {
        ControllerModel model;
        unsigned connect;               /* how it plugs in */
        unsigned accepts;               /* what goes into its slots */
        unsigned min_slot, max_slot;
} model_rows[] = {
        { CONTROLLER_PCI_ROOT, 0, PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE | PCI_CONNECT_EXPANDER | PCI_CONNECT_HOTPLUG, 1, 31 },
        { CONTROLLER_PCIE_ROOT, 0,
          PCI_CONNECT_EXPRESS | PCI_CONNECT_ROOT_PORT | PCI_CONNECT_DMI_BRIDGE | PCI_CONNECT_EXPRESS_EXPANDER, 1, 31 },
        { CONTROLLER_PCI_BRIDGE, PCI_CONNECT_BRIDGE, PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE | PCI_CONNECT_HOTPLUG, 1, 31 },
        { CONTROLLER_PCI_EXPANDER_BUS, PCI_CONNECT_EXPANDER, PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE | PCI_CONNECT_HOTPLUG, 0,
          31 },
        { CONTROLLER_DMI_TO_PCI_BRIDGE, PCI_CONNECT_DMI_BRIDGE, PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE, 0, 31 },
        { CONTROLLER_PCIE_TO_PCI_BRIDGE, PCI_CONNECT_EXPRESS_BRIDGE | PCI_CONNECT_HOTPLUG,
          PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE | PCI_CONNECT_HOTPLUG, 1, 31 },
        { CONTROLLER_PCIE_ROOT_PORT, PCI_CONNECT_ROOT_PORT | PCI_CONNECT_SHARE_SLOT,
          PCI_CONNECT_EXPRESS | PCI_CONNECT_UPSTREAM | PCI_CONNECT_EXPRESS_BRIDGE | PCI_CONNECT_HOTPLUG, 0, 0 },
        { CONTROLLER_PCIE_SWITCH_UPSTREAM_PORT, PCI_CONNECT_UPSTREAM, PCI_CONNECT_DOWNSTREAM, 0, 31 },
        { CONTROLLER_PCIE_SWITCH_DOWNSTREAM_PORT, PCI_CONNECT_DOWNSTREAM,
          PCI_CONNECT_EXPRESS | PCI_CONNECT_UPSTREAM | PCI_CONNECT_EXPRESS_BRIDGE | PCI_CONNECT_HOTPLUG, 0, 0 },
        { CONTROLLER_PCIE_EXPANDER_BUS, PCI_CONNECT_EXPRESS_EXPANDER, PCI_CONNECT_ROOT_PORT | PCI_CONNECT_DMI_BRIDGE, 0, 31 },
};

static const struct PciModelRow *model_row(ControllerModel model) {
        static const struct PciModelRow none = {};

        for (size_t i = 0; i < N_ELEMENTS(model_rows); i++)
                if (model_rows[i].model == model)
                        return &model_rows[i];
        return &none;
}

unsigned pci_model_connect(ControllerModel model) {
        return model_row(model)->connect;
}

bool pci_model_is_root(ControllerModel model) {
        return model == CONTROLLER_PCI_ROOT || model == CONTROLLER_PCIE_ROOT;
}

void pci_topology_done(PciTopology *topology) {
        free(topology->buses);
        *topology = (PciTopology) {};
}

void pci_topology_set_bus(PciTopology *topology, unsigned index, ControllerModel model) {
        while (topology->n_buses <= index)
                topology->buses = array_grow(topology->buses, topology->n_buses++, sizeof(PciBus));
        topology->buses[index].model = model;
}

bool pci_topology_slot_in_use(const PciTopology *topology, unsigned bus, unsigned slot) {
        return bus < topology->n_buses && topology->buses[bus].slots[slot].functions;
}

static bool takes_bridges(const PciTopology *topology) {
        for (unsigned i = 0; i < topology->n_buses; i++)
                if (model_row(topology->buses[i].model)->accepts & PCI_CONNECT_BRIDGE)
                        return true;
        return false;
}

/* One more bus that takes such a device; its number is that of the first bus whose slots do. */
static int grow(PciTopology *topology, unsigned connect, unsigned *ret_bus, Error **err) {
        unsigned n = topology->n_buses;

        if (n + 2 > PCI_MAX_BUSES)
                return error_set(err, ERROR_XML, "No more available PCI slots");
        if (connect & (PCI_CONNECT_DEVICE | PCI_CONNECT_BRIDGE)) {
                if (topology->many_roots) {
                        pci_topology_set_bus(topology, n, CONTROLLER_PCI_ROOT);
                } else if (topology->express &&
                           !takes_bridges(
                                   topology)) { /* the bridge needs a port; which one is found out when it gets its address */
                        pci_topology_set_bus(topology, n++, CONTROLLER_PCIE_ROOT_PORT);
                        pci_topology_set_bus(topology, n, CONTROLLER_PCIE_TO_PCI_BRIDGE);
                } else {
                        pci_topology_set_bus(topology, n, CONTROLLER_PCI_BRIDGE);
                }
        } else if (connect & (PCI_CONNECT_EXPRESS | PCI_CONNECT_UPSTREAM | PCI_CONNECT_EXPRESS_BRIDGE)) {
                pci_topology_set_bus(topology, n, CONTROLLER_PCIE_ROOT_PORT);
        } else {
                return error_set(err, ERROR_INTERNAL,
                                 "Cannot automatically add a new PCI bus for a device that no bus here takes");
        }
        *ret_bus = n;
        return 0;
}

/* What a person may do by hand: endpoints of either kind in slots of the other, and without hotplug. */
static unsigned accepts_by_hand(ControllerModel model) {
        unsigned accepts = model_row(model)->accepts | PCI_CONNECT_HOTPLUG;

        if (accepts & PCI_CONNECT_ENDPOINT)
                accepts |= PCI_CONNECT_ENDPOINT;
        return accepts;
}

static char *address_text(const PciAddress *address) {
        return xasprintf("%04x:%02x:%02x.%x", address->domain, address->bus, address->slot, address->function);
}

static const char *kind_name(unsigned connect) {
        static const struct {
                unsigned kind;
                const char *name;
        } rows[] = {
                { PCI_CONNECT_DEVICE, "standard PCI device" },
                { PCI_CONNECT_EXPRESS, "PCI Express device" },
                { PCI_CONNECT_ROOT_PORT, "pcie-root-port" },
                { PCI_CONNECT_UPSTREAM, "pci-switch-upstream-port" },
                { PCI_CONNECT_DOWNSTREAM, "pci-switch-downstream-port" },
                { PCI_CONNECT_DMI_BRIDGE, "dmi-to-pci-bridge" },
                { PCI_CONNECT_EXPRESS_BRIDGE, "pcie-to-pci-bridge" },
                { PCI_CONNECT_EXPANDER, "pci-expander-bus" },
                { PCI_CONNECT_EXPRESS_EXPANDER, "pcie-expander-bus" },
                { PCI_CONNECT_BRIDGE, "pci-bridge" },
        };

        for (size_t i = 0; i < N_ELEMENTS(rows); i++)
                if (connect & rows[i].kind)
                        return rows[i].name;
        return "device of this kind";
}

static int check_address(const PciTopology *topology, const PciAddress *address, unsigned connect, Error **err) {
        CLEANUP(free) char *text = address_text(address);
        const struct PciModelRow *row;

        if (topology->n_buses == 0)
                return error_set(err, ERROR_XML, "No PCI buses available");
        if (address->domain != 0)
                return error_set(err, ERROR_XML, "Invalid PCI address %s. Only PCI domain 0 is available", text);
        if (address->bus >= topology->n_buses)
                return error_set(err, ERROR_XML, "Invalid PCI address %s. Only PCI buses up to %u are available", text,
                                 topology->n_buses - 1);
        row = model_row(topology->buses[address->bus].model);
        if (!(accepts_by_hand(row->model) & connect & PCI_CONNECT_KINDS))
                return error_set(err, ERROR_XML,
                                 "The device at PCI address %s cannot be plugged into the PCI controller with index='%u'. "
                                 "It requires a controller that accepts a %s.",
                                 text, address->bus, kind_name(connect));
        if (address->slot < row->min_slot)
                return error_set(err, ERROR_XML, "Invalid PCI address %s. slot must be >= %u", text, row->min_slot);
        if (address->slot > row->max_slot)
                return error_set(err, ERROR_XML, "Invalid PCI address %s. slot must be <= %u", text, row->max_slot);
        if (address->function >= PCI_FUNCTIONS)
                return error_set(err, ERROR_XML, "Invalid PCI address %s. function must be <= 7", text);
        return 0;
}

int pci_topology_take(PciTopology *topology, const PciAddress *address, unsigned connect, Error **err) {
        PciSlot *slot;
        unsigned grown;

        while (topology->may_grow && address->domain == 0 && address->bus >= topology->n_buses && topology->n_buses > 0)
                if (grow(topology, connect, &grown, err) < 0)
                        return -1;
        if (check_address(topology, address, connect, err) < 0)
                return -1;
        slot = &topology->buses[address->bus].slots[address->slot];
        if (slot->functions & 1 << address->function) {
                CLEANUP(free) char *text = address_text(address);

                return error_set(err, ERROR_XML, "Attempted double use of PCI Address %s", text);
        }
        if (!slot->functions)
                slot->shared = connect & PCI_CONNECT_SHARE_SLOT;
        slot->functions |= 1 << address->function;
        return 0;
}

/* A free function in a slot: the whole slot unless both sides share. */
static bool find_function(const PciSlot *slot, unsigned connect, int function, unsigned *ret) {
        if (!slot->functions) {
                *ret = function == PCI_ANY_FUNCTION ? 0 : function;
                return true;
        }
        if (!slot->shared || !(connect & PCI_CONNECT_SHARE_SLOT))
                return false;
        for (unsigned f = 0; f < PCI_FUNCTIONS; f++)
                if (!(slot->functions & 1 << f) && (function == PCI_ANY_FUNCTION || function == (int) f)) {
                        *ret = f;
                        return true;
                }
        return false;
}

static bool find_on_bus(const PciBus *bus, unsigned connect, int function, PciAddress *address) {
        const struct PciModelRow *row = model_row(bus->model);

        if (!(row->accepts & connect & PCI_CONNECT_KINDS) || (connect & PCI_CONNECT_HOTPLUG & ~row->accepts))
                return false;
        for (unsigned slot = row->min_slot; slot <= row->max_slot; slot++)
                if (find_function(&bus->slots[slot], connect, function, &address->function)) {
                        address->slot = slot;
                        return true;
                }
        return false;
}

int pci_topology_next(PciTopology *topology, unsigned connect, int function, PciAddress *ret, Error **err) {
        PciAddress address = {};
        PciSlot *slot;

        if (topology->n_buses == 0)
                return error_set(err, ERROR_XML, "No PCI buses available");
        for (; address.bus < topology->n_buses; address.bus++)
                if (find_on_bus(&topology->buses[address.bus], connect, function, &address))
                        break;
        if (address.bus == topology->n_buses) {
                if (!topology->may_grow)
                        return error_set(err, ERROR_INTERNAL, "No more available PCI slots");
                if (grow(topology, connect, &address.bus, err) < 0)
                        return -1;
                find_on_bus(&topology->buses[address.bus], connect, function, &address);
        }
        slot = &topology->buses[address.bus].slots[address.slot];
        if (!slot->functions)
                slot->shared = connect & PCI_CONNECT_SHARE_SLOT;
        slot->functions |= 1 << address.function;
        *ret = address;
        return 0;
}
