/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Golden pairs: DIR/NAME.xml, completed for the QEMU described in DIR/../caps, must give DIR/NAME.argv, or DIR/NAME.error. Names that
 * begin with "sim-" see a simulated host: KVM works and every confidential object exists. With --write the files are written anew;
 * with --show FILE ... only printed. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "conf/complete.h"
#include "drivers/qemu/cl.h"
#include "drivers/qemu/definition.h"
#include "util/fs.h"
#include "tap.h"

static const char *data_dir;
static int data_fd = -1;
static bool write_files;
static unsigned n_tests, n_failed;

static json_object *read_json(const char *path) {
        CLEANUP(free) char *text = NULL;
        CLEANUP(error_free) Error *err = NULL;
        json_object *json = NULL;
        size_t len = 0;

        if (fs_read_at(AT_FDCWD, path, 64 << 20, &text, &len) < 0 || json_parse(text, len, path, &json, &err) < 0) {
                printf("Bail out! %s: %s\n", path, err ? err->message : "cannot be read");
                exit(1);
        }
        return json;
}

static void simulate_host(json_object *json) {
        static const char *const objects[] = { "sev-guest", "sev-snp-guest", "tdx-guest", "s390-pv-guest", "pef-guest" };
        json_object *list = json_object_new_array(), *kvm = json_object_new_object(), *sev = json_object_new_object();

        for (size_t i = 0; i < N_ELEMENTS(objects); i++)
                json_append_string(list, objects[i]);
        json_add(json, "confidential_objects", list);
        json_add_bool(kvm, "usable", true);
        json_add(json_get_object(json, "accels"), "kvm", kvm);
        json_add_uint(sev, "cbitpos", 51);
        json_add_uint(sev, "reduced-phys-bits", 1);
        json_add(json, "sev", sev);
}

static int fake_tap(void *userdata, char **ifname, const char *bridge, const char *mac, bool vnet_hdr, Error **err) {
        if (streq(bridge, "absent"))
                return error_set(err, ERROR_SYSTEM, "no bridge '%s'", bridge);
        return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int fake_vsock(void *userdata, unsigned cid, Error **err) {
        return open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* What the start fills in. */
static int fill_live(DomainDef *def, Error **err) {
        domain_def_assign_aliases(def);
        LIST_FOR(graphics, &def->graphics)
                if (!graphics->port.set || graphics->port.value < 0)
                        graphics->port = OPT_INT(5900);
        if (def->vsock && !def->vsock->cid)
                def->vsock->cid = 3;
        return command_line_choose_paths(def, "/run/virtward/domains", err);
}

static char *build(const char *name, const char *xml, Error **err) {
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(qemu_caps_unref) QemuCaps *caps = NULL;
        CLEANUP(command_line_free) CommandLine *line = NULL;
        CLEANUP(json_put) json_object *json = NULL;
        CLEANUP(free) char *path = NULL;
        CommandLineParams params = { .monitor_fd = 0, .open_tap = fake_tap, .open_vsock = fake_vsock };
        CompletionFacts facts;

        if (domain_def_parse(xml, strlen(xml), DOMAIN_PARSE_INACTIVE, &def, err) < 0)
                return NULL;
        path = xasprintf("%s/../caps/%s.json", data_dir, def->os.arch ? def->os.arch : "x86_64");
        if (access(path, R_OK) < 0) {
                error_set(err, ERROR_CONFIG_UNSUPPORTED, "there is no %s", path);
                return NULL;
        }
        json = read_json(path);
        if (strncmp(name, "sim-", 4) == 0)
                simulate_host(json);
        if (qemu_caps_from_json(STEAL(json), path, &caps, err) < 0)
                return NULL;
        facts = definition_facts(caps, "/var/lib/virtward/nvram");
        if (domain_def_complete(def, &facts, err) < 0)
                return NULL;
        if (fill_live(def, err) < 0)
                return NULL;
        params.only_migratable = def->intent == INTENT_REQUIRED;
        if (command_line_build(def, caps, &params, &line, err) < 0)
                return NULL;
        return command_line_text(line);
}

static void report(const char *name, const char *expected, const char *got) {
        bool same = streq(expected, got);

        n_tests++;
        n_failed += !same;
        printf("%sok %u - %s\n", same ? "" : "not ", n_tests, name);
        for (const char *a = expected ? expected : "", *b = got; !same && (*a || *b);) {
                size_t na = strcspn(a, "\n"), nb = strcspn(b, "\n");

                if (na != nb || strncmp(a, b, na) != 0)
                        printf("# want: %.*s\n# have: %.*s\n", (int) na, a, (int) nb, b);
                a += na + (a[na] != 0);
                b += nb + (b[nb] != 0);
        }
}

static void run_pair(const char *name) {
        CLEANUP(free) char *xml_name = xasprintf("%s.xml", name), *xml = NULL, *expected = NULL, *got = NULL, *pair = NULL;
        CLEANUP(error_free) Error *err = NULL;
        size_t len;

        if (fs_read_at(data_fd, xml_name, 1 << 20, &xml, &len) < 0)
                exit(1);
        got = build(name, xml, &err);
        pair = xasprintf("%s.%s", name, got ? "argv" : "error");
        if (!got)
                got = xasprintf("%d: %s\n", err->code, err->message);
        if (write_files)
                fs_replace_at(data_fd, pair, got, strlen(got), 0644, false);
        fs_read_at(data_fd, pair, 1 << 20, &expected, &len);
        report(name, expected, got);
}

static int only_xml(const struct dirent *entry) {
        const char *dot = strrchr(entry->d_name, '.');

        return dot && streq(dot, ".xml");
}

/* For comparisons: {"file":, "argv": text} or {"file":, "code":, "message":} for each file, one per line. */
static int show_files(char **files) {
        for (; *files; files++) {
                CLEANUP(free) char *xml = NULL, *text = NULL;
                CLEANUP(json_put) json_object *json = json_object_new_object();
                CLEANUP(error_free) Error *err = NULL;
                size_t len;

                if (fs_read_at(AT_FDCWD, *files, 4 << 20, &xml, &len) < 0)
                        return 1;
                json_add_string(json, "file", *files);
                text = build("", xml, &err);
                json_add_string(json, "argv", text);
                if (!text) {
                        json_add_int(json, "code", err->code);
                        json_add_string(json, "message", err->message);
                }
                printf("%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
        }
        return 0;
}

int main(int argc, char **argv) {
        struct dirent **entries = NULL;
        int n;

        if (argc < 2)
                return 2;
        data_dir = argv[1];
        if (argc > 2 && streq(argv[2], "--show"))
                return show_files(argv + 3);
        data_fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        write_files = argc > 2 && streq(argv[2], "--write");
        n = scandir(data_dir, &entries, only_xml, alphasort);
        printf("1..%d\n", n);
        for (int i = 0; i < n; i++) {
                *strrchr(entries[i]->d_name, '.') = 0;
                run_pair(entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return n_failed || n <= 0 ? 1 : 0;
}
