/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_net.c - <interface>: the host's end (-netdev) and the guest's card. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "drivers/qemu/net_tap.h"

static char *interface_name(const InterfaceDef *interface) {
        CLEANUP(free) char *mac = mac_address_text(&interface->mac);

        return xasprintf("interface '%s'", mac);
}

/* ---- The host's end ---- */

static int add_user(json_object *netdev, const InterfaceDef *interface, Error **err) {
        if (interface->port_forwards.n || interface->source_dev || interface->backend_type)
                return cl_unsupported(err, "<interface type='user'> with <portForward>, <source> or <backend>");
        LIST_FOR(ip, &interface->ips) {
                bool v6 = streq(ip->family, "ipv6") || (ip->address && strchr(ip->address, ':'));
                CLEANUP(free) char *net = xasprintf("%s/%u", ip->address ? ip->address : "", ip->prefix.set ? ip->prefix.value : 24);

                if (!ip->address)
                        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "<ip> of <interface type='user'> has no address");
                if (v6) {
                        json_add_string(netdev, "ipv6-prefix", ip->address);
                        if (ip->prefix.set)
                                json_add_uint(netdev, "ipv6-prefixlen", ip->prefix.value);
                } else {
                        json_add_string(netdev, "net", net);
                }
        }
        return 0;
}

static bool wants_vhost(const Cl *cl, const InterfaceDef *interface) {
        if (strncmp(interface->model ? interface->model : "", "virtio", 6) != 0 || interface->driver == INTERFACE_DRIVER_QEMU)
                return false;
        return interface->driver == INTERFACE_DRIVER_VHOST || cl->kvm;
}

/* As libvirt: asked for, it must be there; else it is used when it is there. */
static int add_vhost(Cl *cl, json_object *netdev, const InterfaceDef *interface, Error **err) {
        CLEANUP(free) char *number = NULL;
        int fd;

        if (!wants_vhost(cl, interface))
                return 0;
        fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
        if (fd < 0 && interface->driver == INTERFACE_DRIVER_VHOST)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "vhost-net was requested for an interface, but is unavailable: %s", strerror(errno));
        if (fd < 0)
                return 0;
        number = xasprintf("%d", cl_add_fd(cl, fd));
        json_add_bool(netdev, "vhost", true);
        json_add_string(netdev, "vhostfd", number);
        return 0;
}

static int add_tap(Cl *cl, json_object *netdev, const InterfaceDef *interface, Error **err) {
        CLEANUP(free) char *mac = mac_address_text(&interface->mac), *number = NULL, *name = xstrdup(interface->target);
        bool vnet_hdr = strncmp(interface->model ? interface->model : "", "virtio", 6) == 0 || streq(interface->model, "e1000e");
        int fd;

        if (interface->script || interface->downscript)
                return cl_unsupported(err, "<interface> with <script>");
        if (interface->queues > 1)
                return cl_unsupported(err, "<interface> with more than one queue");
        fd = cl->params->open_tap ? cl->params->open_tap(cl->params->userdata, &name, interface->bridge, mac, vnet_hdr, err) :
                                    net_tap_open(&name, interface->bridge, mac, vnet_hdr, err);
        if (fd < 0)
                return -1;
        number = xasprintf("%d", cl_add_fd(cl, fd));
        json_add_string(netdev, "fd", number);
        if (interface->sndbuf.set)
                json_add_uint(netdev, "sndbuf", interface->sndbuf.value);
        return add_vhost(cl, netdev, interface, err);
}

static void add_socket(json_object *netdev, const InterfaceDef *interface) {
        const char *key = interface->type == INTERFACE_SERVER ? "listen" : interface->type == INTERFACE_CLIENT ? "connect" :
                          interface->type == INTERFACE_MCAST ? "mcast" : "udp";
        CLEANUP(free) char *address = xasprintf("%s:%u", interface->source_address ? interface->source_address : "", interface->source_port);

        json_add_string(netdev, key, address);
        if (interface->type == INTERFACE_UDP) {
                CLEANUP(free) char *local = xasprintf("%s:%u", interface->local_address ? interface->local_address : "", interface->local_port);

                json_add_string(netdev, "localaddr", local);
        }
}

/* The QMP type of a kind of interface; NULL: not yet to be had. */
static const char *netdev_type(InterfaceType type) {
        switch (type) {
        case INTERFACE_USER:
                return "user";
        case INTERFACE_BRIDGE: case INTERFACE_ETHERNET:
                return "tap";
        case INTERFACE_SERVER: case INTERFACE_CLIENT: case INTERFACE_MCAST: case INTERFACE_UDP:
                return "socket";
        default:
                return NULL;
        }
}

static int add_netdev(Cl *cl, const InterfaceDef *interface, const char *id, Error **err) {
        CLEANUP(json_put) json_object *netdev = json_object_new_object();
        const char *type = netdev_type(interface->type);
        int r = 0;

        if (interface->type == INTERFACE_NETWORK)
                return error_set(err, ERROR_NO_NETWORK, "no network with matching name '%s': virtward has no virtual networks, use "
                                 "<interface type='bridge'> or type='user'", interface->network ? interface->network : "");
        if (!type)
                return cl_unsupported(err, "<interface type='%s'>", table_name(&interface_type_table, interface->type));
        json_add_string(netdev, "type", type);
        if (streq(type, "user"))
                r = add_user(netdev, interface, err);
        else if (streq(type, "tap"))
                r = add_tap(cl, netdev, interface, err);
        else
                add_socket(netdev, interface);
        if (r < 0)
                return -1;
        json_add_string(netdev, "id", id);
        cl_add_json(cl, "-netdev", STEAL(netdev));
        return 0;
}

/* ---- The guest's card ---- */

static char *card_type(const InterfaceDef *interface) {
        if (!interface->model || strncmp(interface->model, "virtio", 6) != 0)
                return xstrdup(interface->model ? interface->model : "rtl8139");
        return cl_virtio_type("virtio-net", &interface->info, streq(interface->model, "virtio") ? NULL : interface->model);
}

static void add_offload(json_object *device, const InterfaceOffload *offload, bool guest) {
        cl_json_bool(device, guest ? "guest_csum" : "csum", offload->csum);
        cl_json_bool(device, "gso", guest ? TRISTATE_UNSET : offload->gso);
        cl_json_bool(device, guest ? "guest_tso4" : "host_tso4", offload->tso4);
        cl_json_bool(device, guest ? "guest_tso6" : "host_tso6", offload->tso6);
        cl_json_bool(device, guest ? "guest_ecn" : "host_ecn", offload->ecn);
        cl_json_bool(device, guest ? "guest_ufo" : "host_ufo", offload->ufo);
        cl_json_bool(device, "mrg_rxbuf", guest ? TRISTATE_UNSET : offload->mrg_rxbuf);
}

static void add_virtio(Cl *cl, json_object *device, const InterfaceDef *interface) {
        if (interface->tx_mode)
                json_add_string(device, "tx", streq(interface->tx_mode, "iothread") ? "bh" : interface->tx_mode);
        cl_json_bool(device, "ioeventfd", interface->ioeventfd);
        cl_json_bool(device, "event_idx", interface->event_idx);
        add_offload(device, &interface->host_offload, false);
        add_offload(device, &interface->guest_offload, true);
        if (interface->rx_queue_size)
                json_add_uint(device, "rx_queue_size", interface->rx_queue_size);
        if (interface->tx_queue_size)
                json_add_uint(device, "tx_queue_size", interface->tx_queue_size);
        cl_json_bool(device, "rss", interface->rss);
        cl_json_bool(device, "hash", interface->rss_hash_report);
        if (interface->mtu)
                json_add_uint(device, "host_mtu", interface->mtu);
        cl_add_virtio(cl, device, &interface->virtio);
}

/* The option ROM of virtio-net reads memory that an SEV guest's firmware has not shared. */
static void add_rom(const Cl *cl, json_object *device, const InterfaceDef *interface) {
        const LaunchSecurityDef *security = cl->def->launch_security;
        bool sev = security && (security->type == LAUNCH_SECURITY_SEV || security->type == LAUNCH_SECURITY_SEV_SNP);

        if (sev && !interface->info.rom_enabled && !interface->info.rom_file && interface->info.address.type == ADDRESS_PCI)
                json_add_string(device, "romfile", "");
        cl_add_info(device, &interface->info);
}

static int add_card(Cl *cl, const InterfaceDef *interface, const char *netdev, Error **err) {
        CLEANUP(free) char *type = card_type(interface), *name = interface_name(interface), *mac = mac_address_text(&interface->mac);
        CLEANUP(json_put) json_object *device = NULL;
        unsigned boot = cl_boot_index(cl, DEVICE_INTERFACE, interface);

        if (cl_need_device(cl, type, name, err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", type);
        if (strncmp(type, "virtio", 6) == 0)
                add_virtio(cl, device, interface);
        json_add_string(device, "netdev", netdev);
        json_add_string(device, "id", interface->info.alias);
        json_add_string(device, "mac", mac);
        if (boot)
                json_add_uint(device, "bootindex", boot);
        if (cl_add_address(cl, device, &interface->info, err) < 0)
                return -1;
        add_rom(cl, device, interface);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

static int check_interface(const InterfaceDef *interface, Error **err) {
        const char *element = interface->bandwidth_inbound || interface->bandwidth_outbound ? "bandwidth" : interface->filter ? "filterref" :
                              interface->teaming ? "teaming" : interface->isolated ? "port isolated" : interface->guest_dev ? "guest" :
                              interface->coalesce_rx_max_frames.set ? "coalesce" : NULL;
        CLEANUP(free) char *name = interface_name(interface);

        return element ? cl_unsupported(err, "%s: <%s>", name, element) : 0;
}

int cl_chapter_interfaces(Cl *cl, Error **err) {
        LIST_FOR(interface, &cl->def->interfaces) {
                CLEANUP(free) char *id = xasprintf("host%s", interface->info.alias);

                if (check_interface(interface, err) < 0 || add_netdev(cl, interface, id, err) < 0 || add_card(cl, interface, id, err) < 0)
                        return -1;
        }
        return 0;
}
