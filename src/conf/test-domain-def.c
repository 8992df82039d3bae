/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include "conf/elements.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/xml.h"

#define START "<domain type='qemu'><name>n</name><memory>1024</memory><os><type>hvm</type></os>"
#define END "</domain>"

static const char *data_dir;    /* the golden files; NULL: none given */
static const char *more_dir;    /* more definitions for the round trip */

static char *parse_error(const char *xml, ErrorCode *ret_code) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(domain_def_free) DomainDef *def = NULL;

        if (domain_def_parse(xml, strlen(xml), 0, &def, &err) == 0)
                tap_fail(__FILE__, __LINE__, "accepted: %s", xml);
        if (ret_code)
                *ret_code = err->code;
        return xstrdup(err->detail);
}

static DomainDef *parse(const char *xml, unsigned flags) {
        CLEANUP(error_free) Error *err = NULL;
        DomainDef *def = NULL;

        if (domain_def_parse(xml, strlen(xml), flags, &def, &err) < 0)
                tap_fail(__FILE__, __LINE__, "refused: %s", err->message);
        return def;
}

static void expect_refused(const char *xml, const char *message) {
        CLEANUP(free) char *error = parse_error(xml, NULL);

        expect_str(error, message);
}

/* ---- tables ---- */

static const Element *const all_elements[] = {
        &domain_element, &device_info_element, &pci_address_element, &char_source_element, &disk_element,
        &controller_element, &lease_element, &filesystem_element, &interface_element, &smartcard_element,
        &serial_element, &parallel_element, &console_element, &channel_element, &input_element, &tpm_element,
        &graphics_element, &sound_element, &audio_element, &video_element, &hostdev_element, &redirdev_element,
        &hub_element, &watchdog_element, &memballoon_element, &rng_element, &nvram_element, &panic_element,
        &shmem_element, &memory_device_element, &iommu_element, &vsock_element, &os_element, &features_element,
        &clock_element, &cpu_element, &launch_security_element, &memory_backing_element, &mem_tune_element,
        &blkio_tune_element, &cpu_tune_element, &numa_tune_element, &vcpu_element, &iothread_element,
        &seclabel_element,
};

static void test_tables(void) {
        for (size_t i = 0; i < N_ELEMENTS(all_elements); i++) {
                CLEANUP(free) char *wrong = element_check_table(all_elements[i]);

                expect_str(wrong, NULL);
        }
}

/* ---- random definitions, made from the tables themselves ---- */

static uint32_t seed;

static uint32_t pick(uint32_t n) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed % n;
}

static const char *random_text(void) {
        static const char *const texts[] = {
                "a",   "x y",   "<&>'\"", "\303\251\342\202\254", "tab\there", "line\nbreak", "/dev/null", " blank ", "cr\rhere",
                "]]>", "a=b,c", "-",
        };

        return texts[pick(N_ELEMENTS(texts))];
}

/* A text that the row's own reader takes. */
static void read_random(const Row *row, void *field) {
        static const char *const candidates[] = {
                "yes",   "on", "7",   "0",       "4096", "12345678-1234-4321-8765-1234567890ab", "52:54:00:ab:cd:ef",
                "0-3,8", "no", "off", "1048576",
        };
        const EnumTable *table = row->arg;
        const char *text = random_text();

        if (row->type == &row_word || row->type == &row_enum)
                do
                        text = table->names[pick((uint32_t) table->n)];
                while (!text || !*text);
        while ((row->flags & ROW_REQUIRED && streq(text, "0")) || row->type->read(row, text, NULL, field) < 0)
                text = candidates[pick(N_ELEMENTS(candidates))];
}

static void make_random(const Element *element, void *object, int depth);

static void *new_random(const Element *element, int depth) {
        void *object = xcalloc(1, element->size);

        make_random(element, object, depth);
        return object;
}

static void make_list(const Row *row, void *field, int depth) {
        LIST_OF(void) *list = field;
        const EnumTable *words = row->type->storage == STORE_STRINGS ? row->arg : NULL;

        for (uint32_t n = pick(3); n > 0; n--)
                *ARRAY_APPEND(list->items, list->n) = row->type->storage != STORE_STRINGS ? new_random(row->arg, depth + 1)
                                                      : xstrdup(words ? words->names[pick((uint32_t) words->n)] : "text");
}

static void make_field(const Row *row, void *field, int depth) {
        switch (row->type->storage) {
        case STORE_STRUCT:
                make_random(row->arg, field, depth);
                break;
        case STORE_POINTER:
                if (depth < 5 && !*(void **) field)
                        *(void **) field = new_random(row->arg, depth + 1);
                break;
        case STORE_LIST:
        case STORE_STRINGS:
                if (row->type != &row_metadata && ((LIST_OF(void) *) field)->n == 0)
                        make_list(row, field, depth);
                break;
        case STORE_NONE:
                break;
        default:
                if (row->type->has_presence)
                        *(bool *) field = true;
                else
                        read_random(row, field);
        }
}

/* An element that stands because of an attribute stands: its flag is set. */
static bool has_company(const Row *row) {
        size_t len = strlen(row->path);

        if (!row->type->has_presence)
                return false;
        return streq(row->path, ".") || (row[1].path && strncmp(row[1].path, row->path, len) == 0 && row[1].path[len] != '-');
}

/* What must be there is; a condition is met or the row left alone, as in the definitions that a parse makes. */
static void make_random(const Element *element, void *object, int depth) {
        for (const Row *row = element->rows; row->path; row++) {
                bool must = row->flags & ROW_REQUIRED || row->fallback || row->type->shape == SHAPE_INCLUDE || has_company(row);

                if (row_applies(row, object) && (must || pick(4) == 0))
                        make_field(row, (char *) object + row->offset, depth);
        }
}

static char *print_element(const Element *element, const void *object) {
        Printer printer = { .flags = PRINT_SECRETS };

        element_print(&printer, "thing", element, object);
        strbuf_done(&printer.scratch);
        return strbuf_steal(&printer.buf);
}

/* 1: read back as it was, 0: refused by a check (a wwn of wrong length, say), which is fine. */
static int check_round_trip(const Element *element, const void *object) {
        CLEANUP(free) char *text = print_element(element, object), *again = NULL;
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(strbuf_done) StrBuf path = {}, what = {};
        const Parser parser = { text, strlen(text), false };
        const Element unchecked = { element->size, element->rows };
        void *back = xcalloc(1, element->size);
        bool same;
        int r;

        if (xml_parse(text, strlen(text), "(random)", &doc, &err) < 0)
                tap_fail(__FILE__, __LINE__, "not XML: %s: %s", err->message, text);
        r = element_parse(&parser, &unchecked, xmlDocGetRootElement(doc), back, &err);
        if (r < 0 && (strstr(err->message, "unknown") || strstr(err->message, "not allowed with")))
                tap_fail(__FILE__, __LINE__, "what was printed is refused: %s\n# %s", err->message, text);
        if (r == 0) {
                again = print_element(element, back);
                same = element_equal(element, object, back, false, &path, &what);
                if (!same || !streq(text, again))
                        tap_fail(__FILE__, __LINE__, "%s%s: %s\n# %s\n# became %s", "/thing", path.text ? path.text : "",
                                 what.text ? what.text : "", text, again);
        }
        element_free(element, back);
        return r == 0;
}

static void test_random(void) {
        int accepted = 0, n = 0;

        for (size_t i = 0; i < N_ELEMENTS(all_elements); i++)
                for (uint32_t round = 1; round <= 200; round++, n++) {
                        void *object, *copy = xcalloc(1, all_elements[i]->size);

                        seed = round * 2654435761u + (uint32_t) i;
                        object = new_random(all_elements[i], 0);
                        accepted += check_round_trip(all_elements[i], object);
                        element_copy(all_elements[i], copy, object);
                        expect(element_equal(all_elements[i], object, copy, false, NULL, NULL));
                        element_free(all_elements[i], object);
                        element_free(all_elements[i], copy);
                }
        printf("# %d of %d random elements accepted\n", accepted, n);
        expect_int(accepted, >, n / 2);
}

/* ---- files ---- */

static char *read_data(const char *dir, const char *name, size_t *ret_len) {
        CLEANUP(free) char *path = xasprintf("%s/%s", dir, name);
        char *text = NULL;

        return fs_read_at(AT_FDCWD, path, XML_MAX_BYTES, &text, ret_len) < 0 ? NULL : text;
}

static bool ends_with(const char *name, const char *end) {
        size_t a = strlen(name), b = strlen(end);

        return a > b && streq(name + a - b, end);
}

static void write_golden(const char *path, const char *text) {
        FILE *file = fopen(path, "w");

        if (!file || fputs(text, file) < 0 || fclose(file) != 0)
                tap_fail(__FILE__, __LINE__, "cannot write %s", path);
}

/* NAME.xml becomes NAME.out, or is refused with the words of NAME.error. With VIRTWARD_WRITE_GOLDEN set they are written. */
static void check_golden(const char *name) {
        CLEANUP(error_free) Error *err = NULL;
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        CLEANUP(free) char *text = NULL, *got = NULL, *want = NULL, *want_name = NULL, *path = NULL;
        size_t len, want_len;

        text = read_data(data_dir, name, &len);
        expect(text);
        if (domain_def_parse(text, len, 0, &def, &err) < 0)
                got = xasprintf("%d: %s\n", err->code, err->message);
        else
                got = domain_def_format(def, DOMAIN_FORMAT_SECURE);
        want_name = xasprintf("%.*s%s", (int) strlen(name) - 4, name, def ? ".out" : ".error");
        path = xasprintf("%s/%s", data_dir, want_name);
        if (getenv("VIRTWARD_WRITE_GOLDEN"))
                write_golden(path, got);
        want = read_data(data_dir, want_name, &want_len);
        if (!want)
                tap_fail(__FILE__, __LINE__, "no %s for:\n# %s", want_name, got);
        if (!streq(got, want))
                tap_fail(__FILE__, __LINE__, "%s: got\n# %s\n# wanted\n# %s", name, got, want);
}

static void each_file(const char *dir, void (*check)(const char *name)) {
        DIR *stream = dir ? opendir(dir) : NULL;
        size_t n = 0;

        if (!stream)
                skip("no directory of definitions given");
        for (struct dirent *entry; (entry = readdir(stream));)
                if (ends_with(entry->d_name, ".xml")) {
                        check(entry->d_name);
                        n++;
                }
        closedir(stream);
        printf("# %zu files\n", n);
        expect_int(n, >, 20);
}

static void test_golden(void) {
        each_file(data_dir, check_golden);
}

static void check_fixed_point(const char *name) {
        CLEANUP(domain_def_free) DomainDef *def = NULL, *again = NULL, *copy = NULL;
        CLEANUP(free) char *text = NULL, *once = NULL, *twice = NULL, *difference = NULL;
        size_t len;

        text = read_data(more_dir, name, &len);
        expect(text);
        if (domain_def_parse(text, len, DOMAIN_PARSE_INACTIVE, &def, NULL) < 0)
                return;
        once = domain_def_format(def, DOMAIN_FORMAT_SECURE);
        again = parse(once, DOMAIN_PARSE_INACTIVE);
        difference = domain_def_difference(def, again, false);
        expect_str(difference, NULL);
        twice = domain_def_format(again, DOMAIN_FORMAT_SECURE);
        expect_str(twice, once);
        copy = domain_def_copy(def);
        expect(domain_def_equal(def, copy));
}

static void test_fixed_point(void) {
        each_file(more_dir, check_fixed_point);
}

/* ---- single things ---- */

static void test_names(void) {
        expect_refused("<domain type='qemu'><name>a/b</name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "name a/b cannot contain '/'");
        expect_refused("<domain type='qemu'><name>a\nb</name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "name cannot contain '\\n'");
        expect_refused("<domain type='qemu'><name>a&#9;b</name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "name cannot contain the control character 0x09");
        expect_refused("<domain type='qemu'><name>..</name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "name '..' is not allowed: it is a directory's");
        expect_refused("<domain type='qemu'><name> </name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "name must contain at least one non-blank character");
        CLEANUP(free)
        char *long_name =
                xasprintf("<domain type='qemu'><name>%0201d</name><memory>1</memory><os><type>hvm</type></os></domain>", 0);

        expect_refused(long_name, "name '0000000000000000000000000000000000000000...' is longer than 200 bytes");
        expect_refused("<domain type='qemu'><name/><memory>1</memory><os><type>hvm</type></os></domain>",
                       "<name> at line 1, column 21: its text is missing");
        expect_refused("<domain type='qemu'><memory>1</memory><os><type>hvm</type></os></domain>",
                       "<domain> at line 1, column 1: element <name> is missing");
}

static void test_domain_checks(void) {
        ErrorCode code;

        expect_refused("<domain type='qemu'><name>n</name><os><type>hvm</type></os></domain>",
                       "Memory size must be specified via <memory> or in the <numa> configuration");
        expect_refused(START "<vcpu>0</vcpu>" END, "<vcpu> at line 1, column 81: it must be from 1 to 4096");
        expect_refused(START "<vcpu current='3'>2</vcpu>" END,
                       "vcpu current at line 1, column 87: maxvcpus must not be less than current vcpus (2 < 3)");
        expect_refused("<domain type='xen'><name>n</name><memory>1</memory><os><type>hvm</type></os></domain>",
                       "domain type 'xen' at line 1, column 9: virtward runs types 'qemu' and 'kvm'");
        free(parse_error("<domain type='xen'><name>n</name><memory>1</memory><os><type>hvm</type></os></domain>", &code));
        expect_int(code, ==, ERROR_CONFIG_UNSUPPORTED);
        free(parse_error("<domain type='qemu'>", &code));
        expect_int(code, ==, ERROR_XML_DETAIL);
        expect_refused("<network/>", "root element is <network>, not <domain>");
}

static void test_brief_example(void) {
        expect_refused(
                START
                "\n<devices>\n  <disk type='file' device='disk'>\n    <source file='/a'/>\n    <target dev='vda' bus='virito'/>\n"
                "  </disk></devices>" END,
                "disk bus 'virito' at line 5, column 23: allowed are ide, fdc, scsi, virtio, xen, usb, uml, sata, sd; did you "
                "mean 'virtio'?");
}

static void test_comments(void) {
        CLEANUP(domain_def_free) DomainDef *def = parse("<domain type='qemu'><name>a<!-- x -->b<?pi x?>c</name><memory>10<!-- y "
                               "--></memory><os><type>hvm</type></os></domain>",
                               0);

        expect_str(def->name, "abc");
        expect_int(def->memory_kib, ==, 10);
}

static void test_many_comments(void) {
        CLEANUP(strbuf_done) StrBuf xml = {};
        CLEANUP(domain_def_free)
        DomainDef *def = parse(
                "<domain type='qemu'><name>n</name><!-- a --> <!-- b -->\n<memory> <!-- c --> <!-- d --> 7 <!-- e --></memory>"
                "<os><type>hvm</type></os></domain>",
                0);

        expect_int(def->memory_kib, ==, 7);
        strbuf_add(&xml, "<domain type='qemu'><name>");
        for (int i = 0; i < 2000; i++)
                strbuf_add(&xml, "a<!---->");
        strbuf_add(&xml, "</name></domain>");
        expect_refused(xml.text, "more than 1000 comments inside of texts");
}

static void expect_lint(const char *xml, const char *const *lines) {
        CLEANUP(json_put) json_object *findings = domain_def_lint(xml, strlen(xml));
        size_t n = 0;

        for (; lines[n]; n++) {
                json_object *finding = json_object_array_get_idx(findings, n);
                CLEANUP(free) char *text = NULL;

                if (!finding)
                        tap_fail(__FILE__, __LINE__, "not found: %s", lines[n]);
                text = xasprintf("%d:%d %s %s", json_object_get_int(json_object_object_get(finding, "line")),
                                 json_object_get_int(json_object_object_get(finding, "column")),
                                 json_get_string(finding, "path") ? json_get_string(finding, "path") : "-",
                                 json_get_string(finding, "meant") ? json_get_string(finding, "meant") : "-");
                expect_str(text, lines[n]);
        }
        expect_int(json_object_array_length(findings), ==, n);
}

static void test_lint(void) {
        expect_lint(START END, (const char *const[]) { NULL });
        expect_lint("<domain type='qemu'>\n<name>n</name>", (const char *const[]) { "2:15 - -", NULL });
        expect_lint("<volume/>", (const char *const[]) { "0:0 - -", NULL });
        expect_lint("<domain type='qemu' colour='red'>\n"
                    "<name>n</name><memory>a lot</memory><os><type>hvm</type></os>\n"
                    "<devices>\n"
                    "<dsik/>\n"
                    "<disk type='file' device='disc'><source file='/a'/><target bus='virtoi'/></disk>\n"
                    "<disk type='fille'><source file='/a'/><target dev='vda'/></disk>\n"
                    "<lease/>\n"
                    "</devices>" END,
                    (const char *const[]) {
                            "1:21 /domain/@colour -",
                            "2:15 /domain/memory -",
                            "4:1 /domain/devices/dsik disk",
                            "5:19 /domain/devices/disk[1]/@device disk",
                            "5:60 /domain/devices/disk[1]/target/@bus virtio",
                            "5:52 /domain/devices/disk[1]/target -",
                            "6:7 /domain/devices/disk[2]/@type file",
                            "7:1 /domain/devices/lease -",
                            NULL
                    });
}

static void test_changes(void) {
        CLEANUP(json_put) json_object *changes = domain_def_changes(
                "<domain><name>n</name><devices><disk type='file'><target dev='vda'/></disk><disk><target dev='vdb'/></disk>"
                "<hub/></devices></domain>",
                "<domain id='1'><name>m</name><devices><disk><target dev='vdb' bus='scsi'/></disk>"
                "<disk type='file'><target dev='vda'/></disk></devices></domain>");

        expect_str(json_object_to_json_string_ext(changes, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
                   "[{\"path\":\"/domain/@id\",\"to\":\"1\"},{\"path\":\"/domain/name\",\"from\":\"n\",\"to\":\"m\"},"
                   "{\"path\":\"/domain/devices/hub\",\"from\":\"\"},"
                   "{\"path\":\"/domain/devices/disk[1]/target/@bus\",\"to\":\"scsi\"}]");
}

static void test_secrets(void) {
        CLEANUP(domain_def_free) DomainDef *def = parse(START "<devices><graphics type='vnc' passwd='hush'/></devices>" END, 0);
        CLEANUP(free) char *open = domain_def_format(def, 0), *secure = domain_def_format(def, DOMAIN_FORMAT_SECURE);

        expect(!strstr(open, "hush"));
        expect_contains(secure, "passwd='hush'");
}

static void test_live_parts(void) {
        static const char live[] =
                "<domain type='qemu' id='7'><name>n</name><memory>1024</memory><os><type>hvm</type></os><devices>"
                "<serial type='pty'><source path='/dev/pts/3'/><alias name='serial0'/></serial></devices></domain>";
        CLEANUP(domain_def_free) DomainDef *def = parse(live, 0), *inactive = parse(live, DOMAIN_PARSE_INACTIVE);
        CLEANUP(free) char *text = domain_def_format(def, DOMAIN_FORMAT_INACTIVE);

        expect_int(def->id.value, ==, 7);
        expect_str(def->serials.items[0]->source.path, "/dev/pts/3");
        expect(!inactive->id.set && !inactive->serials.items[0]->info.alias && !inactive->serials.items[0]->source.path);
        expect(!strstr(text, "id='7'") && !strstr(text, "serial0") && !strstr(text, "/dev/pts"));
}

static void test_difference(void) {
        CLEANUP(domain_def_free) DomainDef *a = parse(START "<devices><disk>"
                      "<source file='/a'/><target dev='vda' bus='virtio'/></disk></devices>" END, 0);
        CLEANUP(domain_def_free) DomainDef *b = parse(START "<devices><disk>"
                      "<source file='/b'/><target dev='vda' bus='scsi'/></disk></devices>" END, 0);
        CLEANUP(free) char *all = domain_def_difference(a, b, false), *abi = domain_def_difference(a, b, true);

        expect_str(all, "/domain/devices/disk[1]/source/@file: '/a' and '/b'");
        expect_str(abi, "/domain/devices/disk[1]/target/@bus: 'virtio' and 'scsi'");
}

/* ---- metadata ---- */

static void test_metadata_is_kept(void) {
        static const char item[] = "<a:x   xmlns:a=\"urn:a\"\n  z='1'  y='&lt;'><!-- c --><![CDATA[<raw>]]> t\n</a:x>";
        CLEANUP(free) char *xml = xasprintf(START "<metadata>\n %s <y xmlns='urn:y'/></metadata>" END, item), *text = NULL;
        CLEANUP(domain_def_free) DomainDef *def = parse(xml, 0);

        expect_int(def->metadata.n, ==, 2);
        expect_str(domain_def_metadata(def, "urn:a"), item);
        expect_str(domain_def_metadata(def, "urn:y"), "<y xmlns='urn:y'/>");
        text = domain_def_format(def, 0);
        expect_contains(text, item);
}

/* A prefix that was declared further out comes along. */
static void test_metadata_inherits(void) {
        CLEANUP(domain_def_free) DomainDef *def =
                parse("<domain type='qemu' xmlns:o='urn:o'><name>n</name><metadata><o:x><o:y/></o:x></metadata><memory>1</memory>"
                      "<os><type>hvm</type></os></domain>", 0);

        expect_str(domain_def_metadata(def, "urn:o"), "<o:x xmlns:o=\"urn:o\"><o:y/></o:x>");
}

static void test_metadata_in_latin1(void) {
        CLEANUP(domain_def_free) DomainDef *def =
                parse("<?xml version='1.0' encoding='ISO-8859-1'?>" START "<metadata><x xmlns='u' a='\351'/></metadata>" END, 0);

        expect_str(domain_def_metadata(def, "u"), "<x xmlns=\"u\" a=\"\303\251\"/>");
}

static void test_metadata_refused(void) {
        expect_refused(START "<metadata><x/></metadata>" END,
                       "<x> in <metadata> at line 1, column 91: it needs a namespace of its own (xmlns:NAME='URI')");
        expect_refused(START "<metadata><x xmlns='u'/><y xmlns='u'/></metadata>" END,
                       "<y> in <metadata> at line 1, column 105: a second element of namespace 'u'");
}

static void test_metadata_set(void) {
        CLEANUP(domain_def_free) DomainDef *def = parse(START END, 0);
        CLEANUP(free) char *bare = NULL;
        CLEANUP(error_free) Error *err = NULL;

        expect_int(domain_def_set_metadata(def, "<a b='1'><c/></a>", "m", "urn:m", NULL), ==, 0);
        expect_str(domain_def_metadata(def, "urn:m"), "<m:a xmlns:m=\"urn:m\" b=\"1\"><m:c/></m:a>");
        bare = domain_def_metadata_bare(def, "urn:m");
        expect_str(bare, "<a b=\"1\"><c/></a>");
        expect_int(domain_def_set_metadata(def, "<z/>", "m", "urn:m", NULL), ==, 0);
        expect_str(domain_def_metadata(def, "urn:m"), "<m:z xmlns:m=\"urn:m\"/>");
        expect_int(domain_def_set_metadata(def, NULL, NULL, "urn:m", NULL), ==, 0);
        expect_str(domain_def_metadata(def, "urn:m"), NULL);
        expect_int(domain_def_set_metadata(def, "<a", "m", "urn:m", &err), <, 0);
        expect_int(domain_def_set_metadata(def, "<a/>", "1 2", "urn:m", NULL), <, 0);
        expect_int(domain_def_set_metadata(def, "<a/>", "m", "", NULL), <, 0);
        expect_int(def->metadata.n, ==, 0);
}

#define POLICY(attributes) START "<metadata><ward:policy xmlns:ward='" WARD_POLICY_URI "' " attributes "/></metadata>" END

static void test_intent(void) {
        CLEANUP(domain_def_free) DomainDef *required = parse(POLICY("migratable='required'"), 0), *none = parse(START END, 0);

        expect_int(required->intent, ==, INTENT_REQUIRED);
        expect_int(none->intent, ==, INTENT_UNSET);
        expect_refused(POLICY("migratable='maybe'"),
                       "migratable 'maybe' of <ward:policy> in <metadata>: allowed are required, preferred, no");
        expect_refused(POLICY(""), "attribute 'migratable' of <ward:policy> is missing");
        expect_refused(POLICY("migratable='no' x='1'"), "unknown attribute 'x' of <ward:policy>: it has only 'migratable'");
        expect_int(domain_def_set_metadata(none, "<policy migratable='no'/>", "ward", WARD_POLICY_URI, NULL), ==, 0);
        expect_int(none->intent, ==, INTENT_NO);
        expect_int(domain_def_set_metadata(none, "<policy migratable='x'/>", "ward", WARD_POLICY_URI, NULL), <, 0);
        expect_int(none->intent, ==, INTENT_NO);
        expect_int(domain_def_set_metadata(none, NULL, NULL, WARD_POLICY_URI, NULL), ==, 0);
        expect_int(none->intent, ==, INTENT_UNSET);
}

/* ---- devices ---- */

static int note_device(const DeviceRef *device, void *userdata) {
        CLEANUP(free) char *path = device_ref_path(device);

        strbuf_addf(userdata, "%s%s", path + strlen("/domain/devices/"), device->info ? " " : "! ");
        return device->kind == DEVICE_MEMBALLOON;
}

static void test_each_device(void) {
        CLEANUP(strbuf_done) StrBuf seen = {};
        CLEANUP(domain_def_free) DomainDef *def = parse(
                START
                "<devices><rng model='virtio'><backend model='builtin'/></rng><graphics type='vnc'/><memballoon model='none'/>"
                "<disk><source file='/a'/><target dev='vda'/></disk><disk><source file='/b'/><target "
                "dev='vdb'/></disk></devices>" END,
                0);

        expect_int(domain_def_each_device(def, note_device, &seen), ==, 1);
        expect_str(seen.text, "disk[1] disk[2] graphics[1]! memballoon ");
}

static void test_cpu_alone(void) {
        static const char xml[] = "<cpu mode='custom' match='exact'>\n  <model fallback='forbid'>qemu64</model>\n"
                                  "  <feature policy='disable' name='svm'/>\n</cpu>\n";
        CpuDef *cpu = NULL, *copy;
        CLEANUP(free) char *text = NULL;

        expect_int(cpu_def_parse(xml, strlen(xml), &cpu, NULL), ==, 0);
        copy = cpu_def_copy(cpu);
        cpu_def_free(cpu);
        text = cpu_def_format(copy);
        expect_str(text, xml);
        expect_int(cpu_def_find_feature(copy, "svm")->policy, ==, CPU_POLICY_DISABLE);
        expect(!cpu_def_find_feature(copy, "vmx"));
        cpu_def_free(copy);
        expect_int(cpu_def_parse("<cpu mode='x'/>", 15, &cpu, NULL), <, 0);
}

int main(int argc, char **argv) {
        data_dir = argc > 1 ? argv[1] : NULL;
        more_dir = argc > 2 ? argv[2] : NULL;
        return tap_run((const TapTest[]) {
                { "all tables are well made", test_tables },
                { "random elements come back as they were", test_random },
                { "files print as they should", test_golden },
                { "printing is a fixed point", test_fixed_point },
                { "names", test_names },
                { "type, memory and vcpus", test_domain_checks },
                { "a misspelt bus", test_brief_example },
                { "comments inside of values", test_comments },
                { "comments without end", test_many_comments },
                { "all that is wrong is found", test_lint },
                { "all changes are found, wherever a device stands", test_changes },
                { "passwords are printed only when asked for", test_secrets },
                { "what only a running domain has", test_live_parts },
                { "differences, all and of the ABI", test_difference },
                { "metadata is kept as written", test_metadata_is_kept },
                { "metadata with an inherited prefix", test_metadata_inherits },
                { "metadata in another encoding", test_metadata_in_latin1 },
                { "metadata that is refused", test_metadata_refused },
                { "metadata set, replaced and removed", test_metadata_set },
                { "the policy's intent", test_intent },
                { "each device", test_each_device },
                { "a cpu by itself", test_cpu_alone },
                {},
        });
}
