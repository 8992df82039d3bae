/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/elements.h"

NAMES(char_type_table, CHAR_TYPE_MAX, "character device type", "", "null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp",
      "tcp", "unix", "spicevmc", "spiceport", "nmdm", "qemu-vdagent", "dbus");
NAMES(char_mode_table, CHAR_MODE_TYPE_MAX, "source mode", "", "connect", "bind");
NAMES(char_protocol_table, CHAR_PROTOCOL_TYPE_MAX, "protocol type", "", "raw", "telnet", "telnets", "tls");
NAMES(serial_target_table, SERIAL_TARGET_TYPE_MAX, "serial target type", "", "isa-serial", "usb-serial", "pci-serial",
      "spapr-vio-serial", "system-serial", "sclp-serial", "isa-debug");
NAMES(serial_model_table, SERIAL_MODEL_TYPE_MAX, "serial model", "", "isa-serial", "usb-serial", "pci-serial", "spapr-vty",
      "pl011", "sclpconsole", "sclplmconsole", "16550a", "isa-debugcon");
NAMES(console_target_table, CONSOLE_TARGET_TYPE_MAX, "console target type", "", "serial", "xen", "uml", "virtio", "lxc", "openvz",
      "sclp", "sclplm");
NAMES(channel_target_table, CHANNEL_TARGET_TYPE_MAX, "channel target type", "", "guestfwd", "virtio", "xen");
NAMES(channel_state_table, CHANNEL_STATE_TYPE_MAX, "channel state", "", "connected", "disconnected");
NAMES(smartcard_mode_table, SMARTCARD_TYPE_MAX, "smartcard mode", "", "host", "host-certificates", "passthrough");
WORDS_OF(mouse_words, "mouse mode", "server", "client");
WORDS_OF(usb_words, "redirdev bus", "usb");

/* ---- the host side ---- */

#define C(name) BIT(CHAR_##name)
#define OF_TYPES(mask) WHEN_OF(CharSource, type, (mask), char_type_table), .flags = ROW_HOST

/* The type stands apart, because other attributes may follow it before the children do. */
static const Row type_rows[] = {
        ENUM("@type", CharSource, type, char_type_table, .flags = ROW_REQUIRED | ROW_HOST),
        {}
};
const Element char_type_element = { sizeof(CharSource), type_rows };

/* A serial, parallel, console or channel without a type is a pty. */
static const Row type_or_pty_rows[] = {
        ENUM("@type", CharSource, type, char_type_table, .fallback = CHAR_PTY, .flags = ROW_HOST),
        {}
};
static const Element char_type_or_pty_element = { sizeof(CharSource), type_or_pty_rows };

static const Row endpoint_rows[] = {
        ENUM("@mode", CharEndpoint, mode, char_mode_table, .fallback = CHAR_MODE_CONNECT),
        STRING("@host", CharEndpoint, host),
        STRING("@service", CharEndpoint, service),
        {}
};
static const Element endpoint_element = { sizeof(CharEndpoint), endpoint_rows };

static const Row source_rows[] = {
        ENUM("source@mode", CharSource, mode, char_mode_table, OF_TYPES(C(UNIX) | C(TCP))),
        STRING("source@path", CharSource, path, OF_TYPES(C(DEV) | C(FILE) | C(PIPE) | C(UNIX))),
        STRING("source@path", CharSource, path, WHEN(CharSource, type, C(PTY)), .flags = ROW_LIVE),
        ONOFF("source@append", CharSource, append, OF_TYPES(C(FILE))),
        STRING("source@host", CharSource, host, OF_TYPES(C(TCP))),
        STRING("source@service", CharSource, service, OF_TYPES(C(TCP))),
        YESNO("source@tls", CharSource, tls, OF_TYPES(C(TCP))),
        STRING("source@channel", CharSource, channel, OF_TYPES(C(SPICEPORT) | C(DBUS))),
        STRING("source@master", CharSource, nmdm_master, OF_TYPES(C(NMDM))),
        STRING("source@slave", CharSource, nmdm_slave, OF_TYPES(C(NMDM))),
        LIST("source", CharSource, udp, endpoint_element, OF_TYPES(C(UDP))),
        YESNO("source/clipboard@copypaste", CharSource, clipboard, OF_TYPES(C(QEMU_VDAGENT))),
        WORD("source/mouse@mode", CharSource, mouse_mode, mouse_words, OF_TYPES(C(QEMU_VDAGENT))),
        YESNO("source/reconnect@enabled", CharSource, reconnect, OF_TYPES(C(UNIX) | C(TCP))),
        UINT("source/reconnect@timeout", CharSource, reconnect_timeout, OF_TYPES(C(UNIX) | C(TCP))),
        UNSUPPORTED("source/seclabel"),
        ENUM("protocol@type", CharSource, protocol, char_protocol_table, .fallback = CHAR_PROTOCOL_RAW, OF_TYPES(C(TCP))),
        STRING("log@file", CharSource, log_file, .flags = ROW_HOST | ROW_REQUIRED),
        ONOFF("log@append", CharSource, log_append, .flags = ROW_HOST),
        {}
};

/* What QEMU cannot do without; paths that the daemon can pick (a channel's socket) are left to completion. */
static int check_source(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const CharSource *source = object;
        bool needs_path = source->type == CHAR_DEV || source->type == CHAR_FILE || source->type == CHAR_PIPE;
        const char *missing = needs_path && !source->path ? "path" : source->type == CHAR_TCP && !source->host ? "host" :
                              source->type == CHAR_TCP && !source->service ? "service" :
                              source->type == CHAR_SPICEPORT && !source->channel ? "channel" :
                              source->type == CHAR_NMDM && !source->nmdm_master ? "master" :
                              source->type == CHAR_NMDM && !source->nmdm_slave ? "slave" : NULL;
        CLEANUP(free) char *subject = xasprintf("<%s type='%s'>", node->name, table_name(&char_type_table, source->type));

        if (missing)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "attribute '%s' of <source> is missing",
                                      missing);
        if (source->type == CHAR_UDP && (source->udp.n == 0 || source->udp.n > 2))
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err,
                                      "it needs one <source mode='connect'> and at most one mode='bind'");
        return 0;
}

const Element char_source_element = { sizeof(CharSource), source_rows, check_source };

/* ---- serial, parallel ---- */

static const Row serial_rows[] = {
        INCLUDE("", SerialDef, source, char_type_or_pty_element),
        STRING("@tty", SerialDef, tty, .flags = ROW_LIVE),
        INCLUDE("", SerialDef, source, char_source_element),
        ENUM("target@type", SerialDef, target, serial_target_table),
        OPTUINT("target@port", SerialDef, port),
        ENUM("target/model@name", SerialDef, model, serial_model_table),
        INCLUDE("", SerialDef, info, device_info_element),
        {}
};
const Element serial_element = { sizeof(SerialDef), serial_rows };

static const Row parallel_rows[] = {
        INCLUDE("", SerialDef, source, char_type_or_pty_element),
        STRING("@tty", SerialDef, tty, .flags = ROW_LIVE),
        INCLUDE("", SerialDef, source, char_source_element),
        OPTUINT("target@port", SerialDef, port),
        INCLUDE("", SerialDef, info, device_info_element),
        {}
};
const Element parallel_element = { sizeof(SerialDef), parallel_rows };

/* ---- console ---- */

static const Row console_rows[] = {
        INCLUDE("", ConsoleDef, source, char_type_or_pty_element),
        STRING("@tty", ConsoleDef, tty, .flags = ROW_LIVE),
        INCLUDE("", ConsoleDef, source, char_source_element),
        ENUM("target@type", ConsoleDef, target, console_target_table),
        OPTUINT("target@port", ConsoleDef, port),
        INCLUDE("", ConsoleDef, info, device_info_element),
        {}
};
const Element console_element = { sizeof(ConsoleDef), console_rows };

/* ---- channel ---- */

#define OF_TARGET(name) WHEN(ChannelDef, target, BIT(CHANNEL_TARGET_##name))

static const Row channel_rows[] = {
        INCLUDE("", ChannelDef, source, char_type_or_pty_element),
        INCLUDE("", ChannelDef, source, char_source_element),
        ENUM("target@type", ChannelDef, target, channel_target_table, .flags = ROW_REQUIRED),
        STRING("target@name", ChannelDef, name, WHEN(ChannelDef, target, BIT(CHANNEL_TARGET_VIRTIO) | BIT(CHANNEL_TARGET_XEN))),
        ENUM("target@state", ChannelDef, state, channel_state_table, .flags = ROW_LIVE),
        STRING("target@address", ChannelDef, address, OF_TARGET(GUESTFWD), .flags = ROW_REQUIRED),
        STRING("target@port", ChannelDef, port, OF_TARGET(GUESTFWD), .flags = ROW_REQUIRED),
        INCLUDE("", ChannelDef, info, device_info_element),
        {}
};

static int check_channel(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const ChannelDef *channel = object;

        if (!element_child(node, "target"))
                return element_refuse(parser, node, NULL, ERROR_XML, "<channel>", err, "element <target> is missing");
        if (channel->source.type == CHAR_SPICEVMC && channel->target != CHANNEL_TARGET_VIRTIO)
                return element_refuse(parser, node, "type", ERROR_XML, "channel type 'spicevmc'", err,
                                      "its target type must be 'virtio'");
        return 0;
}
const Element channel_element = { sizeof(ChannelDef), channel_rows, check_channel };

/* ---- smartcard, redirdev ---- */

#define OF_MODE(name) WHEN(SmartcardDef, mode, BIT(SMARTCARD_##name))

static const Row smartcard_rows[] = {
        ENUM("@mode", SmartcardDef, mode, smartcard_mode_table, .flags = ROW_REQUIRED),
        INCLUDE("", SmartcardDef, source, char_type_element, OF_MODE(PASSTHROUGH)),
        STRINGS("certificate", SmartcardDef, certificates, OF_MODE(HOST_CERTIFICATES)),
        STRING("database", SmartcardDef, database, OF_MODE(HOST_CERTIFICATES)),
        INCLUDE("", SmartcardDef, source, char_source_element, OF_MODE(PASSTHROUGH)),
        INCLUDE("", SmartcardDef, info, device_info_element),
        {}
};

static int check_smartcard(const Parser *parser, const xmlNode *node, void *object, Error **err) {
        const SmartcardDef *card = object;

        if (card->mode == SMARTCARD_HOST_CERTIFICATES && card->certificates.n != 3)
                return element_refuse(parser, node, NULL, ERROR_XML, "<smartcard mode='host-certificates'>", err,
                                      "it needs exactly 3 <certificate>, not %zu", card->certificates.n);
        return 0;
}
const Element smartcard_element = { sizeof(SmartcardDef), smartcard_rows, check_smartcard };

static const Row redirdev_rows[] = {
        WORD("@bus", RedirdevDef, bus, usb_words),
        INCLUDE("", RedirdevDef, source, char_type_element),
        INCLUDE("", RedirdevDef, source, char_source_element),
        INCLUDE("", RedirdevDef, info, device_info_element),
        {}
};
const Element redirdev_element = { sizeof(RedirdevDef), redirdev_rows };
