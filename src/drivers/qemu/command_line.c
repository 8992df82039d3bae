/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/command_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/un.h>

#include "drivers/qemu/cl.h"
#include "drivers/qemu/net_vsock.h"
#include "util/strbuf.h"

#define FIRST_FD 3

/* ---- Adding ---- */

void cl_add(Cl *cl, const char *option, const char *value) {
        *ARRAY_APPEND(cl->line->argv, cl->line->n_argv) = xstrdup(option);
        if (value)
                *ARRAY_APPEND(cl->line->argv, cl->line->n_argv) = xstrdup(value);
}

void cl_addf(Cl *cl, const char *option, const char *format, ...) {
        CLEANUP(strbuf_done) StrBuf text = {};
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&text, format, ap);
        va_end(ap);
        cl_add(cl, option, text.text);
}

void cl_add_json(Cl *cl, const char *option, json_object *json) {
        CLEANUP(free) char *text = json_text(json);

        cl_add(cl, option, text);
        json_put(json);
}

int cl_add_fd(Cl *cl, int fd) {
        *ARRAY_APPEND(cl->line->fds, cl->line->n_fds) = fd;
        return FIRST_FD + (int) cl->line->n_fds - 1;
}

char *cl_escape(const char *text) {
        CLEANUP(strbuf_done) StrBuf escaped = {};

        for (const char *c = text; *c; c++) {
                strbuf_add_n(&escaped, c, 1);
                if (*c == ',')
                        strbuf_add_n(&escaped, c, 1);
        }
        return strbuf_steal(&escaped);
}

void cl_json_bool(json_object *json, const char *key, Tristate value) {
        if (value)
                json_add_bool(json, key, value == TRISTATE_YES);
}

void cl_json_onoff(json_object *json, const char *key, Tristate value) {
        if (value)
                json_add_string(json, key, value == TRISTATE_YES ? "on" : "off");
}

int cl_unsupported(Error **err, const char *format, ...) {
        CLEANUP(strbuf_done) StrBuf text = {};
        va_list ap;

        va_start(ap, format);
        strbuf_addv(&text, format, ap);
        va_end(ap);
        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s is not supported by this version of virtward: remove it from the definition",
                         text.text);
}

/* -device takes these for types that are listed under another name. */
static const char *device_alias(const char *type) {
        return streq(type, "lsi") ? "lsi53c895a" : streq(type, "ahci") ? "ich9-ahci" : type;
}

int cl_need_device(const Cl *cl, const char *type, const char *element, Error **err) {
        if (qemu_caps_has_device(cl->caps, device_alias(type)))
                return 0;
        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "%s needs the device '%s', which QEMU binary '%s' does not have", element, type,
                         qemu_caps_binary(cl->caps));
}

bool cl_has_confidential(const Cl *cl) {
        return cl->def->launch_security != NULL;
}

/* DIR/UUID.SUFFIX when *path is not given. */
static int choose_path(const DomainDef *live, const char *dir, const char *suffix, char **path, Error **err) {
        char uuid[SD_ID128_UUID_STRING_MAX];

        if (*path)
                return 0;
        *path = xasprintf("%s/%s.%s", dir, sd_id128_to_uuid_string(live->uuid, uuid), suffix);
        if (strlen(*path) < sizeof(((struct sockaddr_un *) NULL)->sun_path))
                return 0;
        return error_set(err, ERROR_CONFIG_UNSUPPORTED, "the path '%s' is too long for a socket: use a shorter runtime directory, or name "
                         "a path in the definition", *path);
}

int command_line_choose_paths(DomainDef *live, const char *dir, Error **err) {
        LIST_FOR(channel, &live->channels) {
                if (channel->source.type != CHAR_UNIX || channel->source.path)
                        continue;
                channel->source.mode = CHAR_MODE_BIND;
                if (choose_path(live, dir, channel->info.alias, &channel->source.path, err) < 0)
                        return -1;
        }
        LIST_FOR(graphics, &live->graphics)
                LIST_FOR(listen, &graphics->listens)
                        if (listen->type == LISTEN_SOCKET && !graphics->socket &&
                            choose_path(live, dir, table_name(&graphics_type_table, graphics->type), &listen->socket, err) < 0)
                                return -1;
        if (live->vsock && !live->vsock->cid)
                return net_vsock_choose(&live->vsock->cid, err);
        return 0;
}

/* ---- The whole ---- */

static int chapter_name(Cl *cl, Error **err) {
        CLEANUP(free) char *name = cl_escape(cl->def->name);

        cl_addf(cl, "-name", "guest=%s,debug-threads=on", name);
        cl_add(cl, "-S", NULL);
        return 0;
}

static int chapter_identity(Cl *cl, Error **err) {
        char uuid[SD_ID128_UUID_STRING_MAX];

        cl_add(cl, "-uuid", sd_id128_to_uuid_string(cl->def->uuid, uuid));
        if (cl->def->has_genid) {
                json_object *genid = json_object_new_object();

                json_add_string(genid, "driver", "vmgenid");
                json_add_string(genid, "guid", sd_id128_to_uuid_string(cl->def->genid, uuid));
                json_add_string(genid, "id", "vmgenid0");
                cl_add_json(cl, "-device", genid);
        }
        return 0;
}

static int chapter_monitor(Cl *cl, Error **err) {
        CLEANUP(free) char *path = cl->params->monitor_path ? cl_escape(cl->params->monitor_path) : NULL;

        if (cl->def->graphics.n == 0)
                cl_add(cl, "-display", "none");
        cl_add(cl, "-no-user-config", NULL);
        cl_add(cl, "-nodefaults", NULL);
        if (path)
                cl_addf(cl, "-chardev", "socket,id=charmonitor,path=%s,server=on,wait=off", path);
        else
                cl_addf(cl, "-chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off", FIRST_FD);
        cl_add(cl, "-mon", "chardev=charmonitor,id=monitor,mode=control");
        return 0;
}

/* Whatever a guest does at its end, QEMU stays until the daemon has seen it; a guest that must not restart becomes one that has shut
 * down. */
static int chapter_lifecycle(Cl *cl, Error **err) {
        if (cl->def->on_crash == ACTION_COREDUMP_DESTROY || cl->def->on_crash == ACTION_COREDUMP_RESTART)
                return cl_unsupported(err, "<on_crash>%s</on_crash>", table_name(&lifecycle_action_table, cl->def->on_crash));
        cl_add(cl, "-no-shutdown", NULL);
        if (cl->def->on_reboot != ACTION_UNSET && cl->def->on_reboot != ACTION_RESTART)
                cl_add(cl, "-no-reboot", NULL);
        if (cl->params->only_migratable)
                cl_add(cl, "-only-migratable", NULL);
        if (cl->params->incoming)
                cl_add(cl, "-incoming", "defer");
        return 0;
}

static int chapter_qemu_namespace(Cl *cl, Error **err) {
        LIST_FOR(arg, &cl->def->qemu.args)
                *ARRAY_APPEND(cl->line->argv, cl->line->n_argv) = xstrdup(arg->value ? arg->value : "");
        return 0;
}

static int chapter_end(Cl *cl, Error **err) {
        cl_add(cl, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
        cl_add(cl, "-msg", "timestamp=on");
        return 0;
}

/* Devices come after the buses and back ends they refer to. */
static int (*const chapters[])(Cl *cl, Error **err) = {
        chapter_name, cl_chapter_firmware, cl_chapter_machine, cl_chapter_cpu, cl_chapter_memory, chapter_identity, chapter_monitor,
        cl_chapter_clock, chapter_lifecycle, cl_chapter_boot, cl_chapter_security, cl_chapter_controllers, cl_chapter_hubs,
        cl_chapter_disks, cl_chapter_filesystems, cl_chapter_interfaces, cl_chapter_chardevs, cl_chapter_inputs, cl_chapter_graphics,
        cl_chapter_sounds, cl_chapter_misc, cl_chapter_hostdevs, chapter_qemu_namespace, chapter_end,
};

static void add_environment(Cl *cl) {
        const char *path = getenv("PATH");

        *ARRAY_APPEND(cl->line->env, cl->line->n_env) = xstrdup("LC_ALL=C");
        *ARRAY_APPEND(cl->line->env, cl->line->n_env) = xasprintf("PATH=%s", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin");
        LIST_FOR(item, &cl->def->qemu.env)
                *ARRAY_APPEND(cl->line->env, cl->line->n_env) = xasprintf("%s=%s", item->name, item->value ? item->value : "");
        *ARRAY_APPEND(cl->line->env, cl->line->n_env) = NULL;
        cl->line->n_env--;
}

static bool machine_is(const char *machine, const char *name, const char *prefix) {
        return streq(machine, name) || strncmp(machine, prefix, strlen(prefix)) == 0;
}

static int cl_prepare(Cl *cl, Error **err) {
        const char *arch = qemu_caps_arch(cl->caps), *machine = cl->def->os.machine;
        QemuAccel accel;

        cl->x86 = streq(arch, "x86_64") || streq(arch, "i686");
        cl->s390 = streq(arch, "s390x");
        cl->ppc = strncmp(arch, "ppc64", 5) == 0;
        cl->kvm = cl->def->virt_type == VIRT_KVM;
        accel = cl->kvm ? QEMU_ACCEL_KVM : QEMU_ACCEL_TCG;
        if (cl->def->virt_type != VIRT_KVM && cl->def->virt_type != VIRT_QEMU)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "domain type '%s' is not one of 'qemu', 'kvm'",
                                 table_name(&virt_type_table, cl->def->virt_type));
        if (!qemu_caps_accel(cl->caps, accel)->usable)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Emulator '%s' does not support virt type '%s' here: %s",
                                 qemu_caps_binary(cl->caps), cl->kvm ? "kvm" : "qemu", qemu_caps_accel(cl->caps, accel)->reason);
        cl->machine = machine ? qemu_caps_find_machine(cl->caps, machine) : qemu_caps_default_machine(cl->caps);
        if (!cl->machine)
                return error_set(err, ERROR_CONFIG_UNSUPPORTED, "Emulator '%s' does not support machine type '%s'",
                                 qemu_caps_binary(cl->caps), machine ? machine : "");
        cl->q35 = cl->x86 && machine_is(cl->machine->name, "q35", "pc-q35-");
        cl->pc = cl->x86 && !cl->q35 && machine_is(cl->machine->name, "pc", "pc-");
        return 0;
}

int command_line_build(const DomainDef *def, const QemuCaps *caps, const CommandLineParams *params, CommandLine **ret, Error **err) {
        CLEANUP(command_line_free) CommandLine *line = xnew(CommandLine);
        Cl cl = { .def = def, .caps = caps, .params = params, .line = line };

        if (!params->monitor_path)
                cl_add_fd(&cl, params->monitor_fd);
        if (cl_prepare(&cl, err) < 0)
                return -1;
        *ARRAY_APPEND(line->argv, line->n_argv) = xstrdup(qemu_caps_binary(caps));
        for (size_t i = 0; i < N_ELEMENTS(chapters); i++)
                if (chapters[i](&cl, err) < 0)
                        return -1;
        *ARRAY_APPEND(line->argv, line->n_argv) = NULL;
        line->n_argv--;
        add_environment(&cl);
        *ret = STEAL(line);
        return 0;
}

static void free_texts(char **texts, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(texts[i]);
        free(texts);
}

CommandLine *command_line_free(CommandLine *line) {
        if (!line)
                return NULL;
        free_texts(line->argv, line->n_argv);
        free_texts(line->env, line->n_env);
        for (size_t i = 1; i < line->n_fds; i++)
                close_fd(line->fds[i]);
        free(line->fds);
        free(line);
        return NULL;
}

/* ---- As text ---- */

static void add_quoted(StrBuf *text, const char *word) {
        bool plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=,.:/+@%") == strlen(word);

        if (!plain)
                strbuf_add(text, "'");
        for (const char *c = word; *c; c++)
                if (*c == '\'')
                        strbuf_add(text, "'\\''");
                else
                        strbuf_add_n(text, c, 1);
        if (!plain)
                strbuf_add(text, "'");
}

char *command_line_text(const CommandLine *line) {
        CLEANUP(strbuf_done) StrBuf text = {};

        for (size_t i = 0; i < line->n_argv; i++) {
                bool value = i > 1 && line->argv[i - 1][0] == '-' && line->argv[i][0] != '-';

                strbuf_add(&text, i == 0 ? "" : value ? " " : " \\\n");
                add_quoted(&text, line->argv[i]);
        }
        strbuf_add(&text, "\n");
        return strbuf_steal(&text);
}
