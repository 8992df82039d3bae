/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/native.h"

#include <fcntl.h>

#include "conf/complete.h"
#include "drivers/qemu/command_line.h"
#include "drivers/qemu/cpu_pin.h"
#include "drivers/qemu/definition.h"
#include "drivers/qemu/explain.h"
#include "drivers/qemu/live_ports.h"
#include "drivers/qemu/qemu_caps_cache.h"

/* What stands where a start would have a socket or a tap device. */
static int open_nothing(void *userdata, char **ifname, const char *bridge, const char *mac, bool vnet_hdr, Error **err) {
        return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* As name-devices and build-command of a start; def becomes what would be live. */
static int write_command(QemuDriver *driver, DomainDef *def, QemuCaps *caps, const StartVerdict *verdict, char **ret,
                         Error **err) {
        CLEANUP(free) char *directory = xasprintf("%s/domains", driver->runtime_dir);
        CLEANUP(command_line_free) CommandLine *line = NULL;
        CLEANUP(free) char *monitor = xasprintf("%s/%s.native", directory, SD_ID128_TO_UUID_STRING(def->uuid));
        CommandLineParams params = { .monitor_path = monitor, .only_migratable = verdict->policy->only_migratable,
                                     .cpu = verdict->cpu ? verdict->cpu->cpu : NULL, .open_tap = open_nothing };
        int r;

        domain_def_assign_aliases(def);
        if (command_line_choose_paths(def, directory, err) < 0 || live_ports_choose(driver, def, err) < 0)
                return -1;
        r = command_line_build(def, caps, &params, &line, err);
        live_ports_release(driver, def);
        if (r == 0)
                *ret = command_line_text(line);
        return r;
}

static int native_of(QemuDriver *driver, DomainDef *def, char **ret, Error **err) {
        CLEANUP(start_verdict_free) StartVerdict *verdict = NULL;
        QemuCaps *caps = qemu_caps_cache_peek(driver->caps, def->emulator);
        StartQuestion question = { .operation = POLICY_START, .def = def, .settings = &driver->policy, .pin = cpu_pin_read(driver, def->uuid) };

        if (!caps)
                return error_set(err, ERROR_INTERNAL, "the emulator '%s' changed while it was asked", def->emulator);
        question.host = facts_for(driver->facts, caps, policy_technology(def));
        verdict = verdict_for_start(&question);
        if (!verdict->policy->allowed)
                return policy_verdict_error(verdict->policy, def->name, err);
        if (verdict->cpu && verdict->cpu->cpu) {
                cpu_def_free(def->cpu);
                def->cpu = cpu_def_copy(verdict->cpu->cpu);
        }
        return write_command(driver, def, caps, verdict, ret, err);
}

static void on_prepared(QemuDriver *driver, DomainDef *def, const Error *failure, void *userdata) {
        CLEANUP(domain_def_free) DomainDef *owned = def;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *text = NULL;
        Reply *reply = userdata;

        if (failure)
                reply_fail(reply, failure);
        else if (native_of(driver, owned, &text, &err) < 0)
                reply_fail(reply, err);
        else
                reply_text(reply, text);
}

void qemu_to_native(Driver *base, const char *format, const char *xml, unsigned flags, Reply *reply) {
        CLEANUP(error_free) Error *err = NULL;

        if (flags_check(flags, 0, "qemuConnectDomainXMLToNative", &err) == 0 && !streq(format, "qemu-argv"))
                error_set(&err, ERROR_INVALID_ARG, "unsupported config type %s", format);
        if (err)
                reply_fail(reply, err);
        else
                definition_prepare(qemu_driver(base), xml, on_prepared, reply);
}
