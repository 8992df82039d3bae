/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/chardev.h - character devices: serial, parallel, console, channel, and the host side (CharSource) that others use too. */
#pragma once
#include "conf/device_info.h"

typedef enum CharType {
        CHAR_TYPE_UNSET, CHAR_NULL, CHAR_VC, CHAR_PTY, CHAR_DEV, CHAR_FILE, CHAR_PIPE, CHAR_STDIO, CHAR_UDP, CHAR_TCP,
        CHAR_UNIX, CHAR_SPICEVMC, CHAR_SPICEPORT, CHAR_NMDM, CHAR_QEMU_VDAGENT, CHAR_DBUS, CHAR_TYPE_MAX,
} CharType;
typedef enum CharMode { CHAR_MODE_UNSET, CHAR_MODE_CONNECT, CHAR_MODE_BIND, CHAR_MODE_TYPE_MAX } CharMode;
typedef enum CharProtocol {
        CHAR_PROTOCOL_UNSET, CHAR_PROTOCOL_RAW, CHAR_PROTOCOL_TELNET, CHAR_PROTOCOL_TELNETS, CHAR_PROTOCOL_TLS,
        CHAR_PROTOCOL_TYPE_MAX,
} CharProtocol;

/* One <source mode='bind|connect' host= service=> of a udp device (which may have one of each). */
typedef struct CharEndpoint {
        CharMode mode;
        char *host, *service;
} CharEndpoint;

typedef struct CharSource {
        CharType type;
        char *path;                     /* dev, file, pipe, unix; pty: live only */
        CharMode mode;                  /* unix, tcp */
        char *host, *service;           /* tcp */
        Tristate tls;
        CharProtocol protocol;
        LIST_OF(CharEndpoint) udp;
        Tristate append;                /* file */
        char *channel;                  /* spiceport, dbus */
        char *nmdm_master, *nmdm_slave;
        Tristate reconnect;
        unsigned reconnect_timeout;
        Tristate clipboard;             /* qemu-vdagent */
        char *mouse_mode;               /* qemu-vdagent: "server", "client" */
        char *log_file;
        Tristate log_append;
} CharSource;

typedef enum SerialTarget {
        SERIAL_TARGET_UNSET, SERIAL_TARGET_ISA, SERIAL_TARGET_USB, SERIAL_TARGET_PCI, SERIAL_TARGET_SPAPR_VIO,
        SERIAL_TARGET_SYSTEM, SERIAL_TARGET_SCLP, SERIAL_TARGET_ISA_DEBUG, SERIAL_TARGET_TYPE_MAX,
} SerialTarget;
typedef enum SerialModel {
        SERIAL_MODEL_UNSET, SERIAL_MODEL_ISA_SERIAL, SERIAL_MODEL_USB_SERIAL, SERIAL_MODEL_PCI_SERIAL,
        SERIAL_MODEL_SPAPR_VTY, SERIAL_MODEL_PL011, SERIAL_MODEL_SCLPCONSOLE, SERIAL_MODEL_SCLPLMCONSOLE,
        SERIAL_MODEL_16550A, SERIAL_MODEL_ISA_DEBUGCON, SERIAL_MODEL_TYPE_MAX,
} SerialModel;
typedef enum ConsoleTarget {
        CONSOLE_TARGET_UNSET, CONSOLE_TARGET_SERIAL, CONSOLE_TARGET_XEN, CONSOLE_TARGET_UML, CONSOLE_TARGET_VIRTIO,
        CONSOLE_TARGET_LXC, CONSOLE_TARGET_OPENVZ, CONSOLE_TARGET_SCLP, CONSOLE_TARGET_SCLPLM, CONSOLE_TARGET_TYPE_MAX,
} ConsoleTarget;
typedef enum ChannelTarget {
        CHANNEL_TARGET_UNSET, CHANNEL_TARGET_GUESTFWD, CHANNEL_TARGET_VIRTIO, CHANNEL_TARGET_XEN,
        CHANNEL_TARGET_TYPE_MAX,
} ChannelTarget;
typedef enum ChannelState {
        CHANNEL_STATE_UNSET, CHANNEL_STATE_CONNECTED, CHANNEL_STATE_DISCONNECTED, CHANNEL_STATE_TYPE_MAX,
} ChannelState;

typedef struct SerialDef {              /* <serial>, and <parallel> (which has only a port) */
        CharSource source;
        char *tty;                      /* live only: attribute of older clients */
        SerialTarget target;
        SerialModel model;
        OptUint port;
        DeviceInfo info;
} SerialDef;

typedef struct ConsoleDef {
        CharSource source;
        char *tty;                      /* live only: attribute of older clients */
        ConsoleTarget target;
        OptUint port;
        DeviceInfo info;
} ConsoleDef;

typedef struct ChannelDef {
        CharSource source;
        ChannelTarget target;
        char *name;                     /* virtio: "org.qemu.guest_agent.0" */
        ChannelState state;             /* live only */
        char *address, *port;           /* guestfwd */
        DeviceInfo info;
} ChannelDef;

typedef enum SmartcardMode {
        SMARTCARD_UNSET, SMARTCARD_HOST, SMARTCARD_HOST_CERTIFICATES, SMARTCARD_PASSTHROUGH, SMARTCARD_TYPE_MAX,
} SmartcardMode;
typedef struct SmartcardDef {
        SmartcardMode mode;
        LIST_OF(char) certificates;     /* host-certificates: exactly 3 */
        char *database;
        CharSource source;              /* passthrough */
        DeviceInfo info;
} SmartcardDef;

typedef struct RedirdevDef {
        char *bus;                      /* "usb" */
        CharSource source;
        DeviceInfo info;
} RedirdevDef;

extern const EnumTable char_type_table, char_mode_table, char_protocol_table, serial_target_table, serial_model_table,
        console_target_table, channel_target_table, channel_state_table;
