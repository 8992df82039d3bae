/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/complete_chardev.c - serial ports and consoles: target, model, port; and the console that is the first serial port. */
#include "conf/completion.h"
#include "conf/elements.h"

static void copy_source(CharSource *to, const CharSource *from) {
        element_clear(&char_source_element, to);
        element_copy(&char_source_element, to, from);
}

static bool console_is_serial(const ConsoleDef *console) {
        return !console->target || console->target == CONSOLE_TARGET_SERIAL;
}

static SerialTarget default_target(const Completion *completion, const SerialDef *serial) {
        switch (serial->info.address.type) {
        case ADDRESS_SPAPR_VIO:
                return SERIAL_TARGET_SPAPR_VIO;
        case ADDRESS_USB:
                return SERIAL_TARGET_USB;
        case ADDRESS_PCI:
                return SERIAL_TARGET_PCI;
        case ADDRESS_ISA:
                return SERIAL_TARGET_ISA;
        default:
                break;
        }
        if (completion->kind == MACHINE_PSERIES)
                return SERIAL_TARGET_SPAPR_VIO;
        if (completion->kind == MACHINE_S390)
                return SERIAL_TARGET_SCLP;
        return completion_is_x86(completion) ? SERIAL_TARGET_ISA : SERIAL_TARGET_SYSTEM;
}

static const struct {
        SerialTarget target;
        SerialModel model;
} target_models[] = {
        { SERIAL_TARGET_ISA, SERIAL_MODEL_ISA_SERIAL },
        { SERIAL_TARGET_USB, SERIAL_MODEL_USB_SERIAL },
        { SERIAL_TARGET_PCI, SERIAL_MODEL_PCI_SERIAL },
        { SERIAL_TARGET_SPAPR_VIO, SERIAL_MODEL_SPAPR_VTY },
        { SERIAL_TARGET_SCLP, SERIAL_MODEL_SCLPCONSOLE },
        { SERIAL_TARGET_ISA_DEBUG, SERIAL_MODEL_ISA_DEBUGCON },
};

static void complete_serial(Completion *completion, SerialDef *serial) {
        if (serial->target == SERIAL_TARGET_ISA && completion->kind == MACHINE_PSERIES) /* what older libvirts wrote there */
                serial->target = SERIAL_TARGET_SPAPR_VIO;
        if (!serial->target)
                serial->target = default_target(completion, serial);
        for (size_t i = 0; i < N_ELEMENTS(target_models); i++)
                if (target_models[i].target == serial->target && !serial->model)
                        serial->model = target_models[i].model;
}

/* Ports that are not said follow the highest one. */
#define NUMBER_PORTS(list)                                                                                             \
        do {                                                                                                           \
                for (size_t _i = 0; _i < (list)->n; _i++) {                                                            \
                        unsigned _next = 0;                                                                            \
                        if ((list)->items[_i]->port.set)                                                               \
                                continue;                                                                              \
                        LIST_FOR(_other, list)                                                                         \
                                if (_other->port.set && _other->port.value >= _next)                                   \
                                        _next = _other->port.value + 1;                                                \
                        (list)->items[_i]->port = OPT_UINT(_next);                                                     \
                }                                                                                                      \
        } while (0)

/* <console> is how people ask for a serial port: the first console is the first serial port, which is made of it when there is
 * none. */
static void pair_console(Completion *completion) {
        DomainDef *def = completion->def;
        ConsoleDef *first = def->consoles.n > 0 ? def->consoles.items[0] : NULL;

        if (first && console_is_serial(first) && def->serials.n == 0) {
                SerialDef *serial = xnew(SerialDef);

                copy_source(&serial->source, &first->source);
                serial->info.address = first->info.address;
                first->info.address = (DeviceAddress) {};
                if (first->port.set)
                        serial->port = first->port;
                LIST_APPEND(&def->serials, serial);
                completion_note(completion, "the first console is the first serial port", "<serial>");
        }
        if (first && console_is_serial(first))
                first->target = CONSOLE_TARGET_SERIAL;
}

/* Targets whose first port a guest takes as its console. */
static bool is_console_port(const SerialDef *serial) {
        return serial->target == SERIAL_TARGET_UNSET || serial->target == SERIAL_TARGET_ISA ||
               serial->target == SERIAL_TARGET_SPAPR_VIO || serial->target == SERIAL_TARGET_SYSTEM ||
               serial->target == SERIAL_TARGET_SCLP;
}

/* A path that libvirt or virtward has picked at a start: ".../domain-3-NAME/CHANNEL", ".../domains/UUID.channel0". */
static bool picked_path(const ChannelDef *channel) {
        const char *path = channel->source.path, *name = strrchr(path, '/');

        if (channel->source.mode == CHAR_MODE_CONNECT || !name)
                return false;
        if (streq(name + 1, channel->name) && strstr(path, "/qemu/channel/") && strstr(path, "/domain-"))
                return true;
        return strstr(path, "/domains/") && strlen(name + 1) > 36 && strncmp(name + 1 + 36, ".channel", 8) == 0;
}

/* A socket without a path is picked at start, where only bind makes sense. */
static void complete_channel(ChannelDef *channel) {
        if (channel->source.type != CHAR_UNIX || channel->target != CHANNEL_TARGET_VIRTIO)
                return;
        if (channel->source.path && picked_path(channel)) {
                free(channel->source.path);
                channel->source.path = NULL;
        }
        if (!channel->source.path)
                channel->source.mode = CHAR_MODE_UNSET;
}

static int check_isa_ports(const DomainDef *def, Error **err) {
        for (size_t i = 0; i < def->serials.n; i++)
                for (size_t j = 0; j < i; j++) {
                        const SerialDef *a = def->serials.items[i], *b = def->serials.items[j];

                        if (a->target == SERIAL_TARGET_ISA && b->target == SERIAL_TARGET_ISA && a->port.set && b->port.set &&
                            a->port.value == b->port.value)
                                return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_INTERNAL,
                                                      "target port '%u' already allocated", a->port.value);
                }
        return 0;
}

int complete_chardevs(Completion *completion, Error **err) {
        DomainDef *def = completion->def;

        for (size_t i = 1; i < def->consoles.n; i++)
                if (console_is_serial(def->consoles.items[i]))
                        return error_set_from(err, ERROR_FROM_DOMAIN, ERROR_CONFIG_UNSUPPORTED,
                                              "Only the first console can be a serial port");
        if (check_isa_ports(def, err) < 0)
                return -1;
        pair_console(completion);
        LIST_FOR(serial, &def->serials)
                complete_serial(completion, serial);
        NUMBER_PORTS(&def->serials);
        NUMBER_PORTS(&def->parallels);
        for (size_t i = 0; i < def->consoles.n; i++)            /* as libvirt: what is said of a console's port is not heard */
                def->consoles.items[i]->port = OPT_UINT(i);
        LIST_FOR(channel, &def->channels)
                complete_channel(channel);
        return 0;
}

/* A serial port without a console gets one. */
static void add_console(Completion *completion) {
        DomainDef *def = completion->def;
        ConsoleDef *console;

        if (def->serials.n == 0 || (def->consoles.n > 0 && console_is_serial(def->consoles.items[0])) ||
            !is_console_port(def->serials.items[0]))
                return;
        console = xnew(ConsoleDef);
        console->target = CONSOLE_TARGET_SERIAL;
        LIST_INSERT(&def->consoles, 0, console);
        completion_note(completion, "the first serial port is the console", "<console>");
}

int complete_consoles(Completion *completion, Error **err) {
        add_console(completion);
        return 0;
}

/* When all is known of the port. */
int complete_console_mirror(Completion *completion, Error **err) {
        DomainDef *def = completion->def;
        ConsoleDef *console = def->consoles.n > 0 ? def->consoles.items[0] : NULL;

        if (!console || console->target != CONSOLE_TARGET_SERIAL || def->serials.n == 0)
                return 0;
        copy_source(&console->source, &def->serials.items[0]->source);
        console->port = def->serials.items[0]->port;
        free(console->info.address.usb.port);
        console->info.address = def->serials.items[0]->info.address;
        console->info.address.usb.port = xstrdup(console->info.address.usb.port);
        return 0;
}
