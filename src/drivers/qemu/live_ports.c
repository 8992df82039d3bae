/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/live_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/qemu/command_line.h"
#include "drivers/qemu/qemu_driver.h"

/* ---- VNC ---- */

static bool port_known(const QemuDriver *driver, unsigned index) {
        return driver->vnc_ports[index / 64] & (UINT64_C(1) << (index % 64));
}

static void port_mark(QemuDriver *driver, int64_t port, bool used) {
        uint64_t index = (uint64_t) (port - VNC_PORT_MIN), bit = UINT64_C(1) << (index % 64);

        if (port < VNC_PORT_MIN || index >= 64 * N_ELEMENTS(driver->vnc_ports))
                return;
        if (used)
                driver->vnc_ports[index / 64] |= bit;
        else
                driver->vnc_ports[index / 64] &= ~bit;
}

/* Programs that are not ours have ports too: only bind() knows. */
static bool port_is_free(uint16_t port) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY) };
        CLEANUP(close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int yes = 1;

        return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
               bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0;
}

static bool has_tcp_port(const GraphicsDef *graphics) {
        return (graphics->type == GRAPHICS_VNC || graphics->type == GRAPHICS_SPICE) && !graphics->socket && !(graphics->listens.n > 0 && graphics->listens.items[0]->type == LISTEN_SOCKET) &&
               !(graphics->listens.n > 0 && graphics->listens.items[0]->type == LISTEN_NONE);
}

/* As QEMU is told; clients look here where to connect. */
static void choose_address(GraphicsDef *graphics) {
        GraphicsListen *listen = graphics->listens.n > 0 ? graphics->listens.items[0] : NULL;

        if (!listen || listen->type != LISTEN_ADDRESS || listen->address || graphics->listen)
                return;
        listen->address = xstrdup("127.0.0.1");
        listen->auto_address = true;
        graphics->listen = xstrdup("127.0.0.1");
}

static int choose_port(QemuDriver *driver, GraphicsDef *graphics, Error **err) {
        for (unsigned i = 0; i < 64 * N_ELEMENTS(driver->vnc_ports); i++) {
                if (port_known(driver, i) || !port_is_free((uint16_t) (VNC_PORT_MIN + i)))
                        continue;
                graphics->port = OPT_INT(VNC_PORT_MIN + i);
                port_mark(driver, VNC_PORT_MIN + i, true);
                return 0;
        }
        return error_set(err, ERROR_INTERNAL, "no port from %d on is free for VNC", VNC_PORT_MIN);
}

int live_ports_choose(QemuDriver *driver, DomainDef *def, Error **err) {
        LIST_FOR(graphics, &def->graphics) {
                if (!has_tcp_port(graphics))
                        continue;
                choose_address(graphics);
                if (graphics->autoport == TRISTATE_YES || !graphics->port.set || graphics->port.value <= 0) {
                        if (choose_port(driver, graphics, err) < 0)
                                return -1;
                } else {
                        port_mark(driver, graphics->port.value, true);
                }
        }
        return 0;
}

static void mark_all(QemuDriver *driver, const DomainDef *def, bool used) {
        LIST_FOR(graphics, &def->graphics)
                if (has_tcp_port(graphics) && graphics->port.set)
                        port_mark(driver, graphics->port.value, used);
}

void live_ports_claim(QemuDriver *driver, const DomainDef *def) {
        mark_all(driver, def, true);
}

void live_ports_release(QemuDriver *driver, const DomainDef *def) {
        mark_all(driver, def, false);
}

/* ---- The rest ---- */

static bool has_balloon(const DomainDef *def) {
        return def->memballoon && def->memballoon->model != MEMBALLOON_NONE;
}

void live_ports_begin(DomainDef *def, bool incoming) {
        for (size_t i = 0; i < def->disks.n; i++)
                if (!disk_source_is_empty(&def->disks.items[i]->source))
                        def->disks.items[i]->source.index = OPT_UINT(command_line_disk_number(def, i));
        LIST_FOR(channel, &def->channels)
                if (channel->target == CHANNEL_TARGET_VIRTIO && !channel->state)
                        channel->state = CHANNEL_STATE_DISCONNECTED;
        if (has_balloon(def) && !incoming)
                def->current_memory_kib = OPT_U64(def->memory_kib);
}

static void forget_text(char **text) {
        free(*text);
        *text = NULL;
}

static void forget_graphics(GraphicsDef *graphics) {
        if (graphics->autoport == TRISTATE_YES)
                graphics->port = OPT_INT(-1);
        LIST_FOR(listen, &graphics->listens) {
                if (!listen->auto_address)
                        continue;
                listen->auto_address = false;
                forget_text(&listen->address);
                forget_text(&graphics->listen);
        }
}

void live_ports_forget(const QemuDriver *driver, DomainDef *def) {
        CLEANUP(free) char *ours = xasprintf("%s/domains/", driver->runtime_dir);

        LIST_FOR(graphics, &def->graphics)
                forget_graphics(graphics);
        LIST_FOR(channel, &def->channels) {
                CharSource *source = &channel->source;

                if (source->type != CHAR_UNIX || !source->path || strncmp(source->path, ours, strlen(ours)) != 0)
                        continue;
                source->mode = CHAR_MODE_UNSET;
                forget_text(&source->path);
        }
}

/* ---- ptys ---- */

/* QEMU's name of a device's host side is "char" and its alias. */
static const char *pty_of(json_object *chardevs, const char *alias) {
        for (size_t i = 0; alias && i < json_object_array_length(chardevs); i++) {
                json_object *item = json_object_array_get_idx(chardevs, i);
                const char *label = json_get_string(item, "label"), *file = json_get_string(item, "filename");

                if (label && file && strncmp(label, "char", 4) == 0 && streq(label + 4, alias) && strncmp(file, "pty:", 4) == 0)
                        return file + 4;
        }
        return NULL;
}

static int take_pty(json_object *chardevs, const DeviceInfo *info, CharSource *source, Error **err) {
        const char *path;

        if (source->type != CHAR_PTY)
                return 0;
        path = pty_of(chardevs, info->alias);
        if (!path)
                return error_set(err, ERROR_INTERNAL, "QEMU does not name the pty of device '%s'", info->alias ? info->alias : "");
        free(source->path);
        source->path = xstrdup(path);
        return 0;
}

bool live_ports_has_pty(const DomainDef *def) {
        LIST_FOR(serial, &def->serials)
                if (serial->source.type == CHAR_PTY)
                        return true;
        LIST_FOR(parallel, &def->parallels)
                if (parallel->source.type == CHAR_PTY)
                        return true;
        LIST_FOR(channel, &def->channels)
                if (channel->source.type == CHAR_PTY)
                        return true;
        LIST_FOR(console, &def->consoles)
                if (console->source.type == CHAR_PTY)
                        return true;
        return false;
}

/* The first console may be another name of the first serial port; then it shows the same pty and alias. */
static int take_consoles(DomainDef *def, json_object *chardevs, Error **err) {
        LIST_FOR(console, &def->consoles) {
                if (take_pty(chardevs, &console->info, &console->source, err) < 0)
                        return -1;
                if (console->source.path) {
                        free(console->tty);
                        console->tty = xstrdup(console->source.path);
                }
        }
        return 0;
}

int live_ports_take_chardevs(DomainDef *def, json_object *chardevs, Error **err) {
        if (!json_object_is_type(chardevs, json_type_array))
                return error_set(err, ERROR_INTERNAL, "QEMU's answer to query-chardev is no list");
        LIST_FOR(serial, &def->serials)
                if (take_pty(chardevs, &serial->info, &serial->source, err) < 0)
                        return -1;
        LIST_FOR(parallel, &def->parallels)
                if (take_pty(chardevs, &parallel->info, &parallel->source, err) < 0)
                        return -1;
        LIST_FOR(channel, &def->channels)
                if (take_pty(chardevs, &channel->info, &channel->source, err) < 0)
                        return -1;
        return take_consoles(def, chardevs, err);
}
