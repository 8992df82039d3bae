/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(interface_type_table, INTERFACE_TYPE_MAX, "interface type", "", "user", "ethernet", "vhostuser", "server", "client",
      "mcast", "network", "bridge", "internal", "direct", "hostdev", "udp", "vdpa", "null", "vds");
NAMES(interface_link_table, INTERFACE_LINK_TYPE_MAX, "link state", "", "up", "down");
NAMES(interface_driver_table, INTERFACE_DRIVER_TYPE_MAX, "interface driver", "", "qemu", "vhost", "vfio", "kvm", "xen");
NAMES(macvtap_mode_table, MACVTAP_TYPE_MAX, "macvtap mode", "", "vepa", "private", "bridge", "passthrough");
NAMES(mac_type_table, MAC_TYPE_TYPE_MAX, "mac type", "", "generated", "static");
WORDS_OF(table_manager_words, "macTableManager", "kernel", "libvirt");
WORDS_OF(vhostuser_type_words, "vhostuser source type", "unix");
WORDS_OF(vhostuser_mode_words, "vhostuser source mode", "server", "client");
WORDS_OF(tx_mode_words, "txmode", "iothread", "timer");
WORDS_OF(backend_words, "backend type", "default", "passt");
WORDS_OF(family_words, "address family", "ipv4", "ipv6");
WORDS_OF(proto_words, "forwarded protocol", "tcp", "udp");
WORDS_OF(teaming_words, "teaming type", "persistent", "transient");

static const Row ip_rows[] = {
        STRING("@address", InterfaceIp, address, .flags = ROW_REQUIRED),
        WORD("@family", InterfaceIp, family, family_words),
        OPTUINT("@prefix", InterfaceIp, prefix),
        STRING("@peer", InterfaceIp, peer),
        {}
};
static const Element ip_element = { sizeof(InterfaceIp), ip_rows };

static const Row range_rows[] = {
        UINT("@start", PortForwardRange, start, .flags = ROW_REQUIRED),
        UINT("@end", PortForwardRange, end),
        UINT("@to", PortForwardRange, to),
        YESNO("@exclude", PortForwardRange, exclude),
        {}
};
static const Element range_element = { sizeof(PortForwardRange), range_rows };

static const Row port_forward_rows[] = {
        WORD("@proto", PortForward, proto, proto_words, .flags = ROW_REQUIRED),
        STRING("@address", PortForward, address),
        STRING("@dev", PortForward, dev),
        LIST("range", PortForward, ranges, range_element),
        {}
};
static const Element port_forward_element = { sizeof(PortForward), port_forward_rows };

#define I(name) BIT(INTERFACE_##name)
#define OF_TYPES(mask) WHEN(InterfaceDef, type, (mask))
#define SOCKET_TYPES (I(SERVER) | I(CLIENT) | I(MCAST) | I(UDP))
#define HOST_PCI WHEN(InterfaceDef, host_address_type, BIT(ADDRESS_PCI))
#define HOST_USB WHEN(InterfaceDef, host_address_type, BIT(ADDRESS_USB))
#define OFFLOAD(side, name) ONOFF("driver/" #side "@" #name, InterfaceDef, side##_offload.name)
#define LIMIT(side, name) U64("bandwidth/" #side "@" #name, InterfaceDef, side.name, .flags = ROW_HOST)

static const Row interface_rows[] = {
        ENUM("@type", InterfaceDef, type, interface_type_table, .fallback = INTERFACE_USER, .flags = ROW_HOST),
        YESNO("@managed", InterfaceDef, managed, OF_TYPES(I(HOSTDEV))),
        YESNO("@trustGuestRxFilters", InterfaceDef, trust_guest_rx_filters),
        MAC("mac@address", InterfaceDef, mac, .flags = ROW_REQUIRED),
        ENUM("mac@type", InterfaceDef, mac_type, mac_type_table),
        YESNO("mac@check", InterfaceDef, mac_check),
        STRING("source@network", InterfaceDef, network, OF_TYPES(I(NETWORK)), .flags = ROW_HOST | ROW_REQUIRED),
        STRING("source@portgroup", InterfaceDef, portgroup, OF_TYPES(I(NETWORK)), .flags = ROW_HOST),
        STRING("source@portid", InterfaceDef, portid, OF_TYPES(I(NETWORK)), .flags = ROW_LIVE),
        STRING("source@bridge", InterfaceDef, bridge, OF_TYPES(I(BRIDGE)), .flags = ROW_HOST | ROW_REQUIRED),
        STRING("source@bridge", InterfaceDef, bridge, OF_TYPES(I(NETWORK)), .flags = ROW_LIVE),
        WORD("source@macTableManager", InterfaceDef, mac_table_manager, table_manager_words, OF_TYPES(I(BRIDGE)),
             .flags = ROW_HOST),
        STRING("source@dev", InterfaceDef, source_dev, OF_TYPES(I(DIRECT) | I(VDPA) | I(USER)), .flags = ROW_HOST),
        ENUM("source@mode", InterfaceDef, source_mode, macvtap_mode_table, OF_TYPES(I(DIRECT)), .flags = ROW_HOST),
        STRING("source@name", InterfaceDef, source_name, OF_TYPES(I(INTERNAL)), .flags = ROW_HOST),
        WORD("source@type", InterfaceDef, source_type, vhostuser_type_words, OF_TYPES(I(VHOSTUSER)), .flags = ROW_HOST),
        STRING("source@path", InterfaceDef, source_path, OF_TYPES(I(VHOSTUSER)), .flags = ROW_HOST | ROW_REQUIRED),
        WORD("source@mode", InterfaceDef, source_mode_name, vhostuser_mode_words, OF_TYPES(I(VHOSTUSER)),
             .flags = ROW_HOST | ROW_REQUIRED),
        STRING("source@address", InterfaceDef, source_address, OF_TYPES(SOCKET_TYPES), .flags = ROW_HOST),
        UINT("source@port", InterfaceDef, source_port, OF_TYPES(SOCKET_TYPES), .flags = ROW_HOST | ROW_REQUIRED),
        ENUM("source/address@type", InterfaceDef, host_address_type, address_type_table, OF_TYPES(I(HOSTDEV)), .flags = ROW_HOST),
        HEX("source/address@domain", InterfaceDef, host_pci.domain, 4, HOST_PCI, .flags = ROW_HOST),
        HEX("source/address@bus", InterfaceDef, host_pci.bus, 2, HOST_PCI, .flags = ROW_HOST),
        HEX("source/address@slot", InterfaceDef, host_pci.slot, 2, HOST_PCI, .flags = ROW_HOST),
        HEX("source/address@function", InterfaceDef, host_pci.function, 1, HOST_PCI, .flags = ROW_HOST),
        DEC("source/address@bus", InterfaceDef, host_usb_bus, HOST_USB, .flags = ROW_HOST),
        DEC("source/address@device", InterfaceDef, host_usb_device, HOST_USB, .flags = ROW_HOST),
        STRING("source/local@address", InterfaceDef, local_address, OF_TYPES(I(UDP)), .flags = ROW_HOST),
        UINT("source/local@port", InterfaceDef, local_port, OF_TYPES(I(UDP)), .flags = ROW_HOST),
        YESNO("source/reconnect@enabled", InterfaceDef, reconnect, OF_TYPES(I(VHOSTUSER)), .flags = ROW_HOST),
        UINT("source/reconnect@timeout", InterfaceDef, reconnect_timeout, OF_TYPES(I(VHOSTUSER)), .flags = ROW_HOST),
        UNSUPPORTED("virtualport"),
        UNSUPPORTED("vlan"),
        FLAG("bandwidth/inbound", InterfaceDef, bandwidth_inbound, .flags = ROW_HOST),
        LIMIT(inbound, average), LIMIT(inbound, peak), LIMIT(inbound, burst), LIMIT(inbound, floor),
        FLAG("bandwidth/outbound", InterfaceDef, bandwidth_outbound, .flags = ROW_HOST),
        LIMIT(outbound, average), LIMIT(outbound, peak), LIMIT(outbound, burst),
        YESNO("port@isolated", InterfaceDef, isolated, .flags = ROW_HOST),
        LIST("ip", InterfaceDef, ips, ip_element),
        UNSUPPORTED("route"),
        LIST("portForward", InterfaceDef, port_forwards, port_forward_element, OF_TYPES(I(USER)), .flags = ROW_HOST),
        STRING("script@path", InterfaceDef, script, .flags = ROW_HOST),
        STRING("downscript@path", InterfaceDef, downscript, .flags = ROW_HOST),
        UNSUPPORTED("backenddomain"),
        STRING("target@dev", InterfaceDef, target, .flags = ROW_HOST),
        YESNO("target@managed", InterfaceDef, target_managed, .flags = ROW_HOST),
        STRING("guest@dev", InterfaceDef, guest_dev),
        STRING("guest@actual", InterfaceDef, guest_actual, .flags = ROW_LIVE),
        STRING("model@type", InterfaceDef, model, .flags = ROW_REQUIRED),
        ENUM("driver@name", InterfaceDef, driver, interface_driver_table, .flags = ROW_HOST),
        WORD("driver@txmode", InterfaceDef, tx_mode, tx_mode_words, .flags = ROW_HOST),
        ONOFF("driver@ioeventfd", InterfaceDef, ioeventfd),
        ONOFF("driver@event_idx", InterfaceDef, event_idx),
        UINT("driver@queues", InterfaceDef, queues),
        UINT("driver@rx_queue_size", InterfaceDef, rx_queue_size),
        UINT("driver@tx_queue_size", InterfaceDef, tx_queue_size),
        ONOFF("driver@rss", InterfaceDef, rss),
        ONOFF("driver@rss_hash_report", InterfaceDef, rss_hash_report),
        VIRTIO_ROWS(InterfaceDef),
        OFFLOAD(host, csum), OFFLOAD(host, gso), OFFLOAD(host, tso4), OFFLOAD(host, tso6), OFFLOAD(host, ecn), OFFLOAD(host, ufo),
        OFFLOAD(host, mrg_rxbuf),
        OFFLOAD(guest, csum), OFFLOAD(guest, tso4), OFFLOAD(guest, tso6), OFFLOAD(guest, ecn), OFFLOAD(guest, ufo),
        WORD("backend@type", InterfaceDef, backend_type, backend_words, .flags = ROW_HOST),
        STRING("backend@tap", InterfaceDef, backend_tap, .flags = ROW_HOST),
        STRING("backend@vhost", InterfaceDef, backend_vhost, .flags = ROW_HOST),
        STRING("backend@logFile", InterfaceDef, backend_log_file, .flags = ROW_HOST),
        UNSUPPORTED("filterref"),
        ENUM("link@state", InterfaceDef, link, interface_link_table, .flags = ROW_REQUIRED),
        UINT("mtu@size", InterfaceDef, mtu, .flags = ROW_REQUIRED),
        OPTU64("tune/sndbuf", InterfaceDef, sndbuf, .flags = ROW_HOST),
        WORD("teaming@type", InterfaceDef, teaming, teaming_words, .flags = ROW_REQUIRED),
        STRING("teaming@persistent", InterfaceDef, teaming_persistent),
        OPTUINT("coalesce/rx/frames@max", InterfaceDef, coalesce_rx_max_frames, .flags = ROW_HOST),
        INCLUDE("", InterfaceDef, info, device_info_element),
        {}
};

/* The model becomes part of a command line: letters, digits, '-' and '_', as in libvirt. */
static bool is_model(const char *model) {
        return *model && strspn(model, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(model);
}

static int check_interface(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        static const uint64_t needs_source =
                I(NETWORK) | I(BRIDGE) | I(VHOSTUSER) | I(DIRECT) | I(VDPA) | SOCKET_TYPES | I(HOSTDEV);
        InterfaceDef *interface = object;
        CLEANUP(free) char *subject = xasprintf("<interface type='%s'>", table_name(&interface_type_table, interface->type));

        if (needs_source & BIT(interface->type) && !element_child(node, "source"))
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "element <source> is missing");
        if (BIT(interface->type) & (I(DIRECT) | I(VDPA)) && !interface->source_dev)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "attribute 'dev' of <source> is missing");
        if (interface->mac.set && interface->mac.bytes[0] & 1)
                return element_refuse(parser, element_child(node, "mac"), "address", ERROR_XML, "MAC address of an interface",
                                      err, "expected a unicast address, found a multicast one");
        if (interface->model && !is_model(interface->model))
                return element_refuse(parser, element_child(node, "model"), "type", ERROR_XML, "interface model", err,
                                      "model name contains invalid characters");
        return 0;
}

const Element interface_element = { sizeof(InterfaceDef), interface_rows, check_interface };
