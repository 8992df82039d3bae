/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* drivers/qemu/cl_chardev.c - serial, parallel, console and channel devices, and what is at the host's end of each. */
#include <stdio.h>

#include "drivers/qemu/cl.h"
#include "util/strbuf.h"

/* ---- The host's end ---- */

static void add_value(StrBuf *text, const char *key, const char *value) {
        CLEANUP(free) char *escaped = value ? cl_escape(value) : NULL;

        if (escaped)
                strbuf_addf(text, ",%s=%s", key, escaped);
}

static void add_server(StrBuf *text, const CharSource *source) {
        if (source->mode == CHAR_MODE_BIND)
                strbuf_add(text, ",server=on,wait=off");
        else if (cl_yes(source->reconnect))
                strbuf_addf(text, ",reconnect=%u", source->reconnect_timeout);
}

static void add_udp(StrBuf *text, const CharSource *source) {
        LIST_FOR(end, &source->udp) {
                bool bind = end->mode == CHAR_MODE_BIND;

                add_value(text, bind ? "localaddr" : "host", end->host ? end->host : "");
                add_value(text, bind ? "localport" : "port", end->service ? end->service : "0");
        }
}

static int add_backend(Cl *cl, StrBuf *text, const CharSource *source, const char *id, const char *element, Error **err) {
        static const char *const simple[CHAR_TYPE_MAX] = {
                [CHAR_NULL] = "null", [CHAR_VC] = "vc", [CHAR_PTY] = "pty", [CHAR_STDIO] = "stdio", [CHAR_FILE] = "file", [CHAR_PIPE] = "pipe",
                [CHAR_DEV] = "serial", [CHAR_UNIX] = "socket", [CHAR_TCP] = "socket", [CHAR_UDP] = "udp",
                [CHAR_SPICEVMC] = "spicevmc", [CHAR_SPICEPORT] = "spiceport", [CHAR_QEMU_VDAGENT] = "qemu-vdagent", [CHAR_DBUS] = "dbus",
        };
        const char *type = simple[source->type];

        if (!type || cl_yes(source->tls) || source->protocol > CHAR_PROTOCOL_TELNET)
                return cl_unsupported(err, "%s: <source> of type '%s'%s", element, table_name(&char_type_table, source->type),
                                      type ? " with TLS" : "");
        strbuf_addf(text, "%s,id=%s", source->type == CHAR_DEV && strncmp(element, "<parallel", 9) == 0 ? "parallel" : type, id);
        switch (source->type) {
        case CHAR_UNIX:
                if (!source->path)
                        return error_set(err, ERROR_XML, "%s: a UNIX socket has no path", element);
                add_value(text, "path", source->path);
                add_server(text, source);
                return 0;
        case CHAR_TCP:
                add_value(text, "host", source->host);
                add_value(text, "port", source->service);
                if (source->protocol == CHAR_PROTOCOL_TELNET)
                        strbuf_add(text, ",telnet=on");
                add_server(text, source);
                return 0;
        case CHAR_UDP:
                add_udp(text, source);
                return 0;
        case CHAR_SPICEVMC:
                strbuf_addf(text, ",name=%s", streq(element, "<redirdev>") ? "usbredir" : "vdagent");
                return 0;
        case CHAR_SPICEPORT: case CHAR_DBUS:
                add_value(text, "name", source->channel);
                return 0;
        case CHAR_QEMU_VDAGENT:
                strbuf_addf(text, ",name=vdagent,clipboard=%s", cl_yes(source->clipboard) ? "on" : "off");
                add_value(text, "mouse", source->mouse_mode ? streq(source->mouse_mode, "client") ? "on" : "off" : NULL);
                return 0;
        case CHAR_FILE:
                add_value(text, "path", source->path);
                if (source->append)
                        strbuf_addf(text, ",append=%s", cl_yes(source->append) ? "on" : "off");
                return 0;
        case CHAR_DEV: case CHAR_PIPE:
                add_value(text, "path", source->path);
                return 0;
        default:                        /* pty: the path in a definition is an old guest's */
                return 0;
        }
}

int cl_add_chardev(Cl *cl, const CharSource *source, const char *id, const char *element, Error **err) {
        CLEANUP(free) char *escaped = cl_escape(id);
        CLEANUP(strbuf_done) StrBuf text = {};

        if (add_backend(cl, &text, source, escaped, element, err) < 0)
                return -1;
        add_value(&text, "logfile", source->log_file);
        if (source->log_file)
                strbuf_addf(&text, ",logappend=%s", source->log_append == TRISTATE_NO ? "off" : "on");
        cl_add(cl, "-chardev", text.text);
        return 0;
}

/* ---- The guest's end ---- */

static const char *serial_driver(const SerialDef *serial) {
        static const char *const by_model[SERIAL_MODEL_TYPE_MAX] = {
                [SERIAL_MODEL_ISA_SERIAL] = "isa-serial", [SERIAL_MODEL_USB_SERIAL] = "usb-serial", [SERIAL_MODEL_PCI_SERIAL] = "pci-serial",
                [SERIAL_MODEL_SPAPR_VTY] = "spapr-vty", [SERIAL_MODEL_SCLPCONSOLE] = "sclpconsole",
                [SERIAL_MODEL_SCLPLMCONSOLE] = "sclplmconsole", [SERIAL_MODEL_ISA_DEBUGCON] = "isa-debugcon",
        };
        static const char *const by_target[SERIAL_TARGET_TYPE_MAX] = {
                [SERIAL_TARGET_ISA] = "isa-serial", [SERIAL_TARGET_USB] = "usb-serial", [SERIAL_TARGET_PCI] = "pci-serial",
                [SERIAL_TARGET_SPAPR_VIO] = "spapr-vty", [SERIAL_TARGET_SCLP] = "sclpconsole", [SERIAL_TARGET_ISA_DEBUG] = "isa-debugcon",
        };

        return serial->model ? by_model[serial->model] : by_target[serial->target];
}

static int add_serial(Cl *cl, const SerialDef *serial, Error **err) {
        CLEANUP(free) char *id = xasprintf("char%s", serial->info.alias);
        const char *driver = serial_driver(serial);
        CLEANUP(json_put) json_object *device = NULL;

        if (!driver)
                return cl_unsupported(err, "<serial> with <target type='%s'>", table_name(&serial_target_table, serial->target));
        if (cl_need_device(cl, driver, "<serial>", err) < 0 || cl_add_chardev(cl, &serial->source, id, "<serial>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        json_add_string(device, "chardev", id);
        json_add_string(device, "id", serial->info.alias);
        if (streq(driver, "isa-serial"))
                json_add_uint(device, "index", serial->port.value);
        if (cl_add_address(cl, device, &serial->info, err) < 0)
                return -1;
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

static int add_parallel(Cl *cl, const SerialDef *parallel, Error **err) {
        CLEANUP(free) char *id = xasprintf("char%s", parallel->info.alias);
        json_object *device;

        if (cl_need_device(cl, "isa-parallel", "<parallel>", err) < 0 || cl_add_chardev(cl, &parallel->source, id, "<parallel>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", "isa-parallel");
        json_add_string(device, "chardev", id);
        json_add_string(device, "id", parallel->info.alias);
        cl_add_json(cl, "-device", device);
        return 0;
}

/* A console that is the same thing as the first serial device is not added twice. */
static const char *console_driver(const ConsoleDef *console) {
        switch (console->target) {
        case CONSOLE_TARGET_VIRTIO:
                return "virtconsole";
        case CONSOLE_TARGET_SCLP:
                return "sclpconsole";
        case CONSOLE_TARGET_SCLPLM:
                return "sclplmconsole";
        default:
                return NULL;
        }
}

static int add_console(Cl *cl, const ConsoleDef *console, Error **err) {
        CLEANUP(free) char *id = xasprintf("char%s", console->info.alias);
        const char *driver = console_driver(console);
        CLEANUP(json_put) json_object *device = NULL;

        if (console->target == CONSOLE_TARGET_SERIAL || console->target == CONSOLE_TARGET_UNSET)
                return 0;
        if (!driver)
                return cl_unsupported(err, "<console> with <target type='%s'>", table_name(&console_target_table, console->target));
        if (cl_need_device(cl, driver, "<console>", err) < 0 || cl_add_chardev(cl, &console->source, id, "<console>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", driver);
        if (cl_add_address(cl, device, &console->info, err) < 0)
                return -1;
        json_add_string(device, "chardev", id);
        json_add_string(device, "id", console->info.alias);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

static int add_channel(Cl *cl, const ChannelDef *channel, Error **err) {
        CLEANUP(free) char *id = xasprintf("char%s", channel->info.alias);
        CLEANUP(json_put) json_object *device = NULL;

        if (channel->target != CHANNEL_TARGET_VIRTIO)
                return cl_unsupported(err, "<channel> with <target type='%s'>", table_name(&channel_target_table, channel->target));
        if (cl_add_chardev(cl, &channel->source, id, "<channel>", err) < 0)
                return -1;
        device = json_object_new_object();
        json_add_string(device, "driver", "virtserialport");
        if (cl_add_address(cl, device, &channel->info, err) < 0)
                return -1;
        json_add_string(device, "chardev", id);
        json_add_string(device, "id", channel->info.alias);
        json_add_string(device, "name", channel->name ? channel->name : channel->source.type == CHAR_SPICEVMC ? "com.redhat.spice.0" : NULL);
        cl_add_json(cl, "-device", STEAL(device));
        return 0;
}

int cl_chapter_chardevs(Cl *cl, Error **err) {
        LIST_FOR(serial, &cl->def->serials)
                if (add_serial(cl, serial, err) < 0)
                        return -1;
        LIST_FOR(parallel, &cl->def->parallels)
                if (add_parallel(cl, parallel, err) < 0)
                        return -1;
        LIST_FOR(channel, &cl->def->channels)
                if (add_channel(cl, channel, err) < 0)
                        return -1;
        LIST_FOR(console, &cl->def->consoles)
                if (add_console(cl, console, err) < 0)
                        return -1;
        return 0;
}
