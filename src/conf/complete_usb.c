/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_usb.c - USB ports, and hubs when the controllers have too few of them. */
#include <stdio.h>

#include "conf/completion.h"

#define HUB_PORTS 8
#define MAX_PORTS 32
#define MAX_DEPTH 5             /* of the port numbers in "1.2.3.4" behind the first */

/* A root hub or a hub: its ports, some with a hub behind them. */
typedef struct UsbHub UsbHub;
struct UsbHub {
        unsigned n_ports;
        uint32_t taken;
        UsbHub *behind[MAX_PORTS];
};

typedef struct UsbBus {
        unsigned index;
        UsbHub root;
} UsbBus;

typedef struct UsbPass {
        Completion *completion;
        UsbBus **buses;
        size_t n_buses;
        DeviceRef *devices;             /* that have or want a port: hubs first */
        size_t n_devices;
} UsbPass;

static void hub_free_behind(UsbHub *hub) {
        for (unsigned i = 0; i < MAX_PORTS; i++)
                if (hub->behind[i]) {
                        hub_free_behind(hub->behind[i]);
                        free(hub->behind[i]);
                }
}

static void pass_done(UsbPass *pass) {
        for (size_t i = 0; i < pass->n_buses; i++) {
                hub_free_behind(&pass->buses[i]->root);
                free(pass->buses[i]);
        }
        free(pass->buses);
        free(pass->devices);
}

/* Companions have no bus of their own: 0 ports. */
static unsigned controller_ports(const ControllerDef *controller) {
        switch (controller->model) {
        case CONTROLLER_PIIX3_UHCI:
        case CONTROLLER_PIIX4_UHCI:
        case CONTROLLER_VT82C686B_UHCI:
                return 2;
        case CONTROLLER_EHCI:
        case CONTROLLER_ICH9_EHCI1:
                return 6;
        case CONTROLLER_PCI_OHCI:
                return 3;
        case CONTROLLER_NEC_XHCI:
        case CONTROLLER_QEMU_XHCI:
                return controller->ports.set ? controller->ports.value : 4;
        default:
                return 0;
        }
}

static bool device_is_usb(const DeviceRef *device) {
        switch (device->kind) {
        case DEVICE_HUB:
                return true;
        case DEVICE_DISK:
                return ((const DiskDef *) device->def)->bus == DISK_BUS_USB;
        case DEVICE_INPUT:
                return ((const InputDef *) device->def)->bus == INPUT_BUS_USB;
        case DEVICE_CONTROLLER:
                return ((const ControllerDef *) device->def)->type == CONTROLLER_CCID;
        case DEVICE_SERIAL:
                return ((const SerialDef *) device->def)->target == SERIAL_TARGET_USB;
        case DEVICE_SOUND:
                return ((const SoundDef *) device->def)->model == SOUND_USB;
        case DEVICE_REDIRDEV:
                return streq(((const RedirdevDef *) device->def)->bus, "usb");
        case DEVICE_HOSTDEV:
                return ((const HostdevDef *) device->def)->type == HOSTDEV_USB;
        case DEVICE_INTERFACE:
                return streq(((const InterfaceDef *) device->def)->model, "usb-net");
        default:
                return false;
        }
}

/* The order in which libvirt gives ports. */
static unsigned rank(DeviceKind kind) {
        static const DeviceKind order[] = {
                DEVICE_HUB,    DEVICE_HOSTDEV, DEVICE_DISK,     DEVICE_CONTROLLER, DEVICE_INPUT,
                DEVICE_SERIAL, DEVICE_SOUND,   DEVICE_REDIRDEV, DEVICE_INTERFACE,
        };

        for (unsigned i = 0; i < N_ELEMENTS(order); i++)
                if (order[i] == kind)
                        return i;
        return N_ELEMENTS(order);
}

static int compare_refs(const void *a, const void *b) {
        const DeviceRef *x = a, *y = b;

        if (rank(x->kind) != rank(y->kind))
                return rank(x->kind) < rank(y->kind) ? -1 : 1;
        return x->index < y->index ? -1 : x->index > y->index;
}

static int collect(const DeviceRef *device, void *userdata) {
        UsbPass *pass = userdata;

        if (device->info && device_is_usb(device))
                *ARRAY_APPEND(pass->devices, pass->n_devices) = *device;
        return 0;
}

static void collect_devices(UsbPass *pass) {
        free(pass->devices);
        pass->devices = NULL;
        pass->n_devices = 0;
        domain_def_each_device(pass->completion->def, collect, pass);
        if (pass->n_devices > 0)
                qsort(pass->devices, pass->n_devices, sizeof(DeviceRef), compare_refs);
}

static int compare_buses(const void *a, const void *b) {
        const UsbBus *const *x = a, *const *y = b;

        return (*x)->index < (*y)->index ? -1 : (*x)->index > (*y)->index;
}

static void collect_buses(UsbPass *pass) {
        LIST_FOR(controller, &pass->completion->def->controllers) {
                unsigned n = controller->type == CONTROLLER_USB ? controller_ports(controller) : 0;
                UsbBus *bus;

                if (n == 0)
                        continue;
                bus = xnew(UsbBus);
                bus->index = controller->index.value;
                bus->root.n_ports = n < MAX_PORTS ? n : MAX_PORTS;
                *ARRAY_APPEND(pass->buses, pass->n_buses) = bus;
        }
        if (pass->n_buses > 0)
                qsort(pass->buses, pass->n_buses, sizeof(pass->buses[0]), compare_buses);
}

static UsbBus *find_bus(const UsbPass *pass, unsigned index) {
        for (size_t i = 0; i < pass->n_buses; i++)
                if (pass->buses[i]->index == index)
                        return pass->buses[i];
        return NULL;
}

/* "2.1" to 2 and 1; the number of parts, 0: not a port. */
static unsigned parse_port(const char *text, unsigned parts[MAX_DEPTH]) {
        unsigned n = 0;

        for (const char *c = text;; c++) {
                char *end;
                unsigned long value = strtoul(c, &end, 10);

                if (n == MAX_DEPTH || end == c || value == 0 || value > MAX_PORTS)
                        return 0;
                parts[n++] = (unsigned) value;
                if (!*end)
                        return n;
                if (*end != '.')
                        return 0;
                c = end;
        }
}

/* Takes a port that is written down; a hub's opens the ports behind it. */
static int take_port(UsbPass *pass, const DeviceRef *device, Error **err) {
        const UsbAddress *address = &device->info->address.usb;
        unsigned parts[MAX_DEPTH], n = parse_port(address->port, parts);
        UsbBus *bus = find_bus(pass, address->bus);
        UsbHub *hub = bus ? &bus->root : NULL;

        if (!hub)
                return error_set(err, ERROR_XML, "Missing USB bus %u", address->bus);
        for (unsigned i = 0; i + 1 < n && hub; i++)
                hub = hub->behind[parts[i] - 1];
        if (!hub || n == 0)
                return error_set(err, ERROR_XML, "there is no hub at port %s in USB address bus: %u", address->port,
                                 address->bus);
        if (parts[n - 1] > hub->n_ports)
                return error_set(err, ERROR_XML, "requested USB port %s not present on USB bus %u", address->port, address->bus);
        if (hub->taken & 1u << (parts[n - 1] - 1))
                return error_set(err, ERROR_XML, "Duplicate USB address bus %u port %s", address->bus, address->port);
        hub->taken |= 1u << (parts[n - 1] - 1);
        if (device->kind == DEVICE_HUB) {
                hub->behind[parts[n - 1] - 1] = xnew(UsbHub);
                hub->behind[parts[n - 1] - 1]->n_ports = HUB_PORTS;
        }
        return 0;
}

/* The first free port below a hub, nearest first; text is the way there. */
static bool find_port(const UsbHub *hub, const char *way, unsigned depth, char **ret) {
        for (unsigned i = 0; i < hub->n_ports; i++)
                if (!(hub->taken & 1u << i)) {
                        *ret = xasprintf("%s%u", way, i + 1);
                        return true;
                }
        for (unsigned i = 0; i < hub->n_ports && depth < MAX_DEPTH; i++) {
                CLEANUP(free) char *next = NULL;

                if (!hub->behind[i])
                        continue;
                next = xasprintf("%s%u.", way, i + 1);
                if (find_port(hub->behind[i], next, depth + 1, ret))
                        return true;
        }
        return false;
}

static int assign_port(UsbPass *pass, const DeviceRef *device, Error **err) {
        DeviceAddress *address = &device->info->address;
        CLEANUP(free) char *path = NULL;

        for (size_t i = 0; i < pass->n_buses; i++) {
                if (address->type == ADDRESS_USB && address->usb.bus != pass->buses[i]->index)
                        continue;
                if (!find_port(&pass->buses[i]->root, "", 1, &address->usb.port))
                        continue;
                address->type = ADDRESS_USB;
                address->usb.bus = pass->buses[i]->index;
                path = device_ref_path(device);
                completion_note(pass->completion, "the next free port", "%s: usb %u:%s", path, address->usb.bus,
                                address->usb.port);
                return take_port(pass, device, err);
        }
        return error_set(err, ERROR_INTERNAL, "No free USB ports");
}

/* Enough hubs that each device finds a port; a hub takes one and gives the others. */
static void add_hubs(UsbPass *pass) {
        unsigned n_ports = 0, n_devices = 0;

        for (size_t i = 0; i < pass->n_buses; i++)
                n_ports += pass->buses[i]->root.n_ports;
        for (size_t i = 0; i < pass->n_devices; i++) {
                n_devices += pass->devices[i].kind != DEVICE_HUB;
                n_ports += pass->devices[i].kind == DEVICE_HUB ? HUB_PORTS - 1 : 0;
        }
        if (n_devices <= n_ports)
                return;
        for (unsigned n = (n_devices - n_ports + HUB_PORTS - 2) / (HUB_PORTS - 1); n > 0; n--) {
                HubDef *hub = xnew(HubDef);

                hub->type = xstrdup("usb");
                LIST_APPEND(&pass->completion->def->hubs, hub);
                completion_note(pass->completion, "the controllers have too few ports", "<hub type='usb'>");
        }
        collect_devices(pass);
}

static bool has_port(const DeviceRef *device) {
        return device->info->address.type == ADDRESS_USB && device->info->address.usb.port;
}

static int run(UsbPass *pass, Error **err) {
        if (pass->n_buses == 0)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED,
                                 "USB is disabled for this domain, but USB devices are present in the domain XML");
        add_hubs(pass);
        for (size_t i = 0; i < pass->n_devices; i++)
                if (has_port(&pass->devices[i]) && take_port(pass, &pass->devices[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < pass->n_devices; i++) {
                AddressType type = pass->devices[i].info->address.type;

                if (!has_port(&pass->devices[i]) && (!type || type == ADDRESS_USB) &&
                    assign_port(pass, &pass->devices[i], err) < 0)
                        return -1;
        }
        return 0;
}

int complete_usb(Completion *completion, Error **err) {
        UsbPass pass = { .completion = completion };
        int r = 0;

        collect_devices(&pass);
        if (pass.n_devices > 0) {
                collect_buses(&pass);
                r = run(&pass, err);
        }
        pass_done(&pass);
        return r;
}
