/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "drivers/qemu/definition.h"

#include "drivers/qemu/qemu_caps_cache.h"

struct Definition {
        Definition *next;                       /* in the driver's list while the probe runs */
        QemuDriver *driver;
        DomainDef *def;
        QemuCapsRequest *probe;
        DefinitionReady ready;
        void *userdata;
};

/* ---- What the passes ask of the emulator ---- */

static bool find_machine(void *userdata, const char *name, CompletionMachine *ret) {
        const QemuCaps *caps = userdata;
        const QemuMachine *machine = qemu_caps_find_machine(caps, name);

        if (!machine)
                return false;
        *ret = (CompletionMachine) { .name = machine->name, .default_cpu = machine->default_cpu, .max_cpus = machine->max_cpus };
        return true;
}

static bool has_device(void *userdata, const char *type) {
        return qemu_caps_has_device(userdata, type);
}

CompletionFacts definition_facts(const QemuCaps *caps, const char *nvram_dir) {
        const QemuMachine *machine = qemu_caps_default_machine(caps);

        return (CompletionFacts) { .arch = qemu_caps_arch(caps), .emulator = qemu_caps_binary(caps),
                                   .default_machine = machine ? machine->name : NULL, .find_machine = find_machine, .has_device = has_device,
                                   .nvram_dir = nvram_dir, .userdata = (void *) caps };
}

/* ---- One after the other ---- */

static void definition_unlink(Definition *definition) {
        Definition **link = &definition->driver->definitions;

        while (*link && *link != definition)
                link = &(*link)->next;
        if (*link)
                *link = definition->next;
}

static void definition_finish(Definition *definition, const Error *err) {
        definition_unlink(definition);
        definition->ready(definition->driver, err ? NULL : STEAL(definition->def), err, definition->userdata);
        domain_def_free(definition->def);
        free(definition);
}

static void definition_complete(Definition *definition, const QemuCaps *caps) {
        CompletionFacts facts = definition_facts(caps, definition->driver->nvram_dir);
        CLEANUP(error_free) Error *err = NULL;

        domain_def_complete(definition->def, &facts, &err);
        definition_finish(definition, err);
}

static void on_probed(QemuCaps *caps, const Error *err, void *userdata) {
        Definition *definition = userdata;

        definition->probe = NULL;
        if (err)
                definition_finish(definition, err);
        else
                definition_complete(definition, caps);
}

static const char *emulator_of(QemuDriver *driver, const DomainDef *def, Error **err) {
        const char *arch = streq(def->os.arch, "ppc64le") ? "ppc64" : def->os.arch;     /* one program for both byte orders */
        const char *binary = def->emulator ? def->emulator : qemu_caps_cache_default_binary(driver->caps, arch);

        if (!binary)
                error_set(err, ERROR_CONFIG_UNSUPPORTED, "could not find an emulator for architecture '%s'; install its qemu-system package or name an <emulator>",
                          def->os.arch ? def->os.arch : "of the host");
        return binary;
}

void definition_prepare(QemuDriver *driver, const char *xml, DefinitionReady ready, void *userdata) {
        Definition *definition = xnew(Definition);
        CLEANUP(error_free) Error *err = NULL;
        const char *emulator;
        QemuCaps *known;

        *definition = (Definition) { .driver = driver, .ready = ready, .userdata = userdata };
        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &definition->def, &err) < 0 ||
            !(emulator = emulator_of(driver, definition->def, &err))) {
                definition_finish(definition, err);
                return;
        }
        known = qemu_caps_cache_peek(driver->caps, emulator);
        if (known) {
                definition_complete(definition, known);
                return;
        }
        definition->next = driver->definitions;
        driver->definitions = definition;
        definition->probe = qemu_caps_cache_get(driver->caps, emulator, on_probed, definition);
}

void definitions_abandon(QemuDriver *driver, const Error *err) {
        while (driver->definitions) {
                if (driver->definitions->probe)
                        qemu_caps_request_cancel(driver->definitions->probe);
                definition_finish(driver->definitions, err);
        }
}
