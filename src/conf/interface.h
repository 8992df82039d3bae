/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/interface.h - <interface>: network cards. */
#pragma once
#include "conf/device_info.h"

typedef enum InterfaceType {
        INTERFACE_TYPE_UNSET, INTERFACE_USER, INTERFACE_ETHERNET, INTERFACE_VHOSTUSER, INTERFACE_SERVER,
        INTERFACE_CLIENT, INTERFACE_MCAST, INTERFACE_NETWORK, INTERFACE_BRIDGE, INTERFACE_INTERNAL, INTERFACE_DIRECT,
        INTERFACE_HOSTDEV, INTERFACE_UDP, INTERFACE_VDPA, INTERFACE_NULL, INTERFACE_VDS, INTERFACE_TYPE_MAX,
} InterfaceType;
typedef enum InterfaceLink {
        INTERFACE_LINK_UNSET, INTERFACE_LINK_UP, INTERFACE_LINK_DOWN, INTERFACE_LINK_TYPE_MAX,
} InterfaceLink;
typedef enum InterfaceDriver {
        INTERFACE_DRIVER_UNSET, INTERFACE_DRIVER_QEMU, INTERFACE_DRIVER_VHOST, INTERFACE_DRIVER_VFIO,
        INTERFACE_DRIVER_KVM, INTERFACE_DRIVER_XEN, INTERFACE_DRIVER_TYPE_MAX,
} InterfaceDriver;
typedef enum MacvtapMode {
        MACVTAP_UNSET, MACVTAP_VEPA, MACVTAP_PRIVATE, MACVTAP_BRIDGE, MACVTAP_PASSTHROUGH, MACVTAP_TYPE_MAX,
} MacvtapMode;
typedef enum MacType { MAC_TYPE_UNSET, MAC_TYPE_GENERATED, MAC_TYPE_STATIC, MAC_TYPE_TYPE_MAX } MacType;

typedef struct InterfaceIp {
        char *family, *address, *peer;
        OptUint prefix;
} InterfaceIp;

typedef struct PortForwardRange {
        unsigned start, end, to;
        Tristate exclude;
} PortForwardRange;

typedef struct PortForward {
        char *proto, *address, *dev;
        LIST_OF(PortForwardRange) ranges;
} PortForward;

typedef struct BandwidthLimit {         /* KiB/s and KiB; 0: not given */
        uint64_t average, peak, burst, floor;
} BandwidthLimit;

typedef struct InterfaceOffload {       /* <driver><host .../> and <guest .../> */
        Tristate csum, gso, tso4, tso6, ecn, ufo, mrg_rxbuf;
} InterfaceOffload;

typedef struct InterfaceDef {
        InterfaceType type;
        Tristate managed;                       /* hostdev */
        Tristate trust_guest_rx_filters;
        MacAddress mac;
        MacType mac_type;
        Tristate mac_check;
        char *network, *portgroup, *portid;     /* network */
        char *bridge, *mac_table_manager;       /* bridge; network: live only */
        char *source_dev;                       /* direct, vdpa, user (passt) */
        MacvtapMode source_mode;                /* direct */
        char *source_name;                      /* internal */
        char *source_type, *source_path, *source_mode_name;     /* vhostuser: "unix", path, "server"/"client" */
        Tristate reconnect;                     /* vhostuser */
        unsigned reconnect_timeout;
        char *source_address;                   /* server, client, mcast, udp */
        unsigned source_port;
        char *local_address;                    /* udp */
        unsigned local_port;
        AddressType host_address_type;          /* hostdev: pci or usb */
        PciAddress host_pci;
        unsigned host_usb_bus, host_usb_device;
        LIST_OF(InterfaceIp) ips;
        LIST_OF(PortForward) port_forwards;
        char *script, *downscript;
        char *target;                           /* "vnet0"; target_managed: an existing tap of the user's */
        Tristate target_managed;
        char *guest_dev, *guest_actual;
        char *model;                            /* "virtio", "e1000" ...; NULL: to be completed */
        InterfaceDriver driver;
        char *tx_mode;                          /* "iothread", "timer" */
        Tristate ioeventfd, event_idx;
        unsigned queues, rx_queue_size, tx_queue_size;
        Tristate rss, rss_hash_report;
        VirtioOptions virtio;
        InterfaceOffload host_offload, guest_offload;
        char *backend_type, *backend_log_file, *backend_tap, *backend_vhost;
        char *filter;                           /* <filterref filter=> */
        InterfaceLink link;
        unsigned mtu;
        OptU64 sndbuf;
        bool bandwidth_inbound, bandwidth_outbound;
        BandwidthLimit inbound, outbound;
        Tristate isolated;                      /* <port isolated=> */
        char *teaming, *teaming_persistent;
        OptUint coalesce_rx_max_frames;
        DeviceInfo info;
} InterfaceDef;

extern const EnumTable interface_type_table, interface_link_table, interface_driver_table, macvtap_mode_table;
