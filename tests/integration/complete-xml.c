/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* integration/complete-xml.c - reads domain XML files, completes them and prints the outcome of each as a line of JSON:
 * {"file":F,"xml":T} or {"file":F,"code":N,"domain":N,"message":T}. --notes: what the passes added, on stderr; --devices DIR: has
 * devices-ARCH.txt, what an emulator has. What QEMU 7.2 would
 * tell about itself is a table here, so the result does not depend on the machine that the test runs on. */
#include <fcntl.h>
#include <stdio.h>

#include "conf/complete.h"
#include "conf/domain_def.h"
#include "util/fs.h"
#include "util/json.h"

static const struct {
        const char *arch, *alias, *default_cpu, *prefix;
        unsigned max_cpus;
        bool is_default;
} machine_rows[] = {
        { "x86_64", "pc", "qemu64", "pc-i440fx-", 255, true },
        { "x86_64", "q35", "qemu64", "pc-q35-", 288, false },
        { "x86_64", "isapc", "486", NULL, 1, false },
        { "x86_64", "microvm", "qemu64", NULL, 288, false },
        { "i686", "pc", "qemu32", "pc-i440fx-", 255, true },
        { "i686", "q35", "qemu32", "pc-q35-", 288, false },
        { "s390x", "s390-ccw-virtio", "qemu", "s390-ccw-virtio-", 248, true },
        { "ppc64", "pseries", "POWER9", "pseries-", 16384, true },
};

typedef struct Tool {
        const char *arch;
        char name[64];
        bool notes;
        const char *devices_dir, *devices_arch;
        char *devices;
} Tool;

static bool find_machine(void *userdata, const char *asked, CompletionMachine *ret) {
        static const char *const versions[] = { "7.2",  "7.1", "7.0", "6.2", "6.1", "6.0", "5.2",  "5.1",
                                                "5.0",  "4.2", "4.1", "4.0", "3.1", "3.0", "2.12", "2.11",
                                                "2.10", "2.9", "2.8", "2.7", "2.6", "2.5", "2.4" };
        Tool *tool = userdata;

        for (size_t i = 0; i < N_ELEMENTS(machine_rows); i++) {
                if (!streq(machine_rows[i].arch, tool->arch))
                        continue;
                *ret = (CompletionMachine) { .default_cpu = machine_rows[i].default_cpu, .max_cpus = machine_rows[i].max_cpus };
                for (size_t v = 0; v < (machine_rows[i].prefix ? N_ELEMENTS(versions) : 1); v++) {
                        snprintf(tool->name, sizeof(tool->name), "%s%s",
                                 machine_rows[i].prefix ? machine_rows[i].prefix : machine_rows[i].alias,
                                 machine_rows[i].prefix ? versions[v] : "");
                        ret->name = tool->name;
                        if (streq(asked, tool->name) || (v == 0 && streq(asked, machine_rows[i].alias)))
                                return true;
                }
        }
        return false;
}

/* The names of -device help, a line each. */
static bool has_device(void *userdata, const char *type) {
        Tool *tool = userdata;
        CLEANUP(free) char *line = xasprintf("\n%s\n", type);

        if (!tool->devices || !streq(tool->devices_arch, tool->arch)) {
                CLEANUP(free)
                char *path = xasprintf("%s/devices-%s.txt", tool->devices_dir, streq(tool->arch, "i686") ? "x86_64" : tool->arch);

                free(tool->devices);
                tool->devices = NULL;
                if (fs_read_at(AT_FDCWD, path, 1 << 20, &tool->devices, NULL) < 0)
                        return true;
                tool->devices_arch = tool->arch;
        }
        return strstr(tool->devices, line) != NULL;
}

static void note(void *userdata, const char *pass, const char *what, const char *why) {
        fprintf(stderr, "%s: %s (%s)\n", pass, what, why);
}

static const char *default_machine(const char *arch) {
        for (size_t i = 0; i < N_ELEMENTS(machine_rows); i++)
                if (streq(machine_rows[i].arch, arch) && machine_rows[i].is_default)
                        return machine_rows[i].alias;
        return NULL;
}

static const char *arch_of(const DomainDef *def) {
        static const char *const known[] = { "x86_64", "i686", "s390x", "ppc64" };

        for (size_t i = 0; i < N_ELEMENTS(known); i++)
                if (streq(def->os.arch, known[i]))
                        return known[i];
        return !def->os.arch ? "x86_64" : streq(def->os.arch, "ppc64le") ? "ppc64" : "unknown";
}

static int complete(Tool *tool, const char *xml, size_t len, char **ret, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(free) char *emulator = NULL;
        CompletionFacts facts = { .nvram_dir = "/nvram",
                                  .find_machine = find_machine,
                                  .has_device = has_device,
                                  .note = tool->notes ? note : NULL,
                                  .userdata = tool };

        if (domain_def_parse(xml, len, DOMAIN_PARSE_INACTIVE, &def, err) < 0)
                return -1;
        tool->arch = facts.arch = arch_of(def);
        facts.emulator = emulator = xasprintf("/usr/bin/qemu-system-%s", streq(facts.arch, "i686") ? "i386" : facts.arch);
        facts.default_machine = default_machine(facts.arch);
        if (domain_def_complete(def, &facts, err) < 0)
                return -1;
        *ret = domain_def_format(def, DOMAIN_FORMAT_INACTIVE | DOMAIN_FORMAT_SECURE);
        return 0;
}

static void one_file(Tool *tool, const char *file) {
        CLEANUP(json_put) json_object *answer = json_object_new_object();
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(free) char *xml = NULL;
        CLEANUP(free) char *text = NULL;
        CLEANUP(free) char *line = NULL;
        size_t len;
        int r = fs_read_at(AT_FDCWD, file, 4 * 1024 * 1024, &xml, &len);

        json_add_string(answer, "file", file);
        if (r < 0) {
                error_set_errno(&err, r, "cannot read '%s'", file);
        } else if (complete(tool, xml, len, &text, &err) == 0) {
                json_add_string(answer, "xml", text);
        }
        if (err) {
                json_add_int(answer, "code", err->code);
                json_add_int(answer, "domain", err->domain);
                json_add_string(answer, "message", err->message);
        }
        line = json_text(answer);
        puts(line);
}

int main(int argc, char **argv) {
        Tool tool = {};

        for (int i = 1; i < argc; i++)
                if (streq(argv[i], "--notes"))
                        tool.notes = true;
                else if (streq(argv[i], "--devices") && argv[i + 1])
                        tool.devices_dir = argv[++i];
                else
                        one_file(&tool, argv[i]);
        free(tool.devices);
        return 0;
}
