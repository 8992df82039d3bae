/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>

#include "util/error.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/strbuf.h"
#include "util/table.h"
#include "util/xml.h"

static void test_error_words(void) {
        CLEANUP(error_free) Error *err = NULL;

        expect_int(error_set(&err, ERROR_NO_DOMAIN, "no domain with matching name '%s'", "x"), ==, -1);
        expect_str(err->message, "Domain not found: no domain with matching name 'x'");
        expect_int(err->domain, ==, ERROR_FROM_QEMU);
        error_prefix(&err, "start");
        expect_str(err->message, "Domain not found: start: no domain with matching name 'x'");
}

static void test_error_system(void) {
        CLEANUP(error_free) Error *err = NULL;

        error_set_errno(&err, -ENOSPC, "cannot write '%s'", "f");
        expect_str(err->message, "cannot write 'f': No space left on device");
        expect_int(err->errnum, ==, ENOSPC);
        expect_int(error_set(NULL, ERROR_INTERNAL, "nobody asks"), ==, -1);
        expect_int(error_set_plain(NULL, ERROR_FROM_QEMU, ERROR_INVALID_ARG, "nobody asks"), ==, -1);
}

static void test_error_plain(void) {
        CLEANUP(error_free) Error *err = NULL;

        expect_int(error_set_plain(&err, ERROR_FROM_QEMU, ERROR_INVALID_ARG, "unsupported flags (0x%x)", 64), ==, -1);
        expect_str(err->message, "unsupported flags (0x40)");
        expect_int(err->code, ==, ERROR_INVALID_ARG);
}

static void test_error_presentable(void) {
        CLEANUP(error_free) Error *err = NULL, *cut = NULL;

        error_set(&err, ERROR_INTERNAL, "a\377b %.1s \303\251 \355\240\200", "\303\251");
        expect_str(err->detail, "a?b ? \303\251 ???");
        error_set(&cut, ERROR_INTERNAL, "%0100000d", 0);
        expect_int(strlen(cut->detail), ==, ERROR_TEXT_MAX + 3);
        expect_str(cut->detail + ERROR_TEXT_MAX, "...");
        cut = error_free(cut);
        error_set(&cut, ERROR_INTERNAL, "%08195d", 0);
        expect_int(strlen(cut->detail), ==, 8195);
}

DEFINE_ENUM_TABLE(bus_table, "disk bus", "", "virtio", "ide", "scsi");

static void test_table(void) {
        CLEANUP(free) char *list = table_list(&bus_table);

        expect_str(list, "virtio, ide, scsi");
        expect_int(table_value(&bus_table, "ide"), ==, 2);
        expect_int(table_value(&bus_table, ""), ==, -1);
        expect_int(table_value(&bus_table, NULL), ==, -1);
        expect_str(table_name(&bus_table, 3), "scsi");
        expect(table_name(&bus_table, 4) == NULL);
        expect(table_name(&bus_table, -1) == NULL);
}

static void test_nearest(void) {
        const char *const names[] = { "virtio", "ide", "scsi", "launchSecurity" };

        expect_str(nearest_name("virito", names, 4), "virtio");
        expect_str(nearest_name("launchsecurity", names, 4), "launchSecurity");
        expect(nearest_name("zebra", names, 4) == NULL);
}

static void test_strbuf_xml(void) {
        CLEANUP(strbuf_done) StrBuf buf = {};

        strbuf_add_xml(&buf, "a<b & 'c' > \"d\"\n");
        expect_str(buf.text, "a&lt;b &amp; &apos;c&apos; &gt; &quot;d&quot;&#xA;");
}

static void expect_xml_refused(const char *text, size_t len, const char *part) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(error_free) Error *err = NULL;

        expect_int(xml_parse(text, len, "(test)", &doc, &err), ==, -1);
        expect_contains(err->message, part);
        expect(doc == NULL);
}

static void test_xml_refuses(void) {
        static const char bomb[] = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'bbbbbbbb'><!ENTITY c '&b;&b;&b;'>]><a>&c;</a>";
        static const char external[] = "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>";
        CLEANUP(strbuf_done) StrBuf deep = {}, wide = {};

        expect_xml_refused(bomb, sizeof(bomb) - 1, "document type");
        expect_xml_refused(external, sizeof(external) - 1, "document type");
        expect_xml_refused("<a>\0</a>", 8, "NUL byte");
        expect_xml_refused("<a>\n<b></a>", 11, "(test):2:");
        expect_xml_refused("<a>\xff\xfe</a>", 9, "(test):1:");
        expect_xml_refused("", 0, "(test)");
        for (int i = 0; i < XML_MAX_DEPTH + 1; i++)
                strbuf_add(&deep, "<a>");
        for (int i = 0; i < XML_MAX_DEPTH + 1; i++)
                strbuf_add(&deep, "</a>");
        expect_xml_refused(deep.text, deep.len, "deeper than 64");
        strbuf_add(&wide, "<a>");
        for (int i = 0; i < XML_MAX_ELEMENTS; i++)
                strbuf_add(&wide, "<b/>");
        strbuf_add(&wide, "</a>");
        expect_xml_refused(wide.text, wide.len, "more than 100000");
}

static void test_xml_root(void) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        CLEANUP(error_free) Error *err = NULL;
        xmlNode *root;

        expect_int(xml_parse("<domain/>", 9, "(test)", &doc, &err), ==, 0);
        expect_int(xml_root(doc, "domain", &root, &err), ==, 0);
        expect_int(xml_root(doc, "network", &root, &err), ==, -1);
        expect_contains(err->message, "<domain>, not <network>");
}

static void test_json_types(void) {
        static const char text[] = "{\"n\":12,\"s\":\"12abc\",\"b\":true,\"neg\":-1,\"big\":18446744073709551615,\"null\":null}";
        CLEANUP(json_put) json_object *object = NULL;

        expect_int(json_parse(text, sizeof(text) - 1, "t", &object, NULL), ==, 0);
        expect_int(json_get_int(object, "n", 0), ==, 12);
        expect_int(json_get_int(object, "s", -7), ==, -7);
        expect_int(json_get_uint(object, "neg", 3), ==, 3);
        expect(json_get_uint(object, "big", 0) == UINT64_MAX);
        expect(json_get_string(object, "n") == NULL);
        expect(json_get_string(object, "null") == NULL);
        expect(json_get_bool(object, "b", false));
}

static void test_json_refuses(void) {
        static const char *const bad[] = { "", "{", "{\"a\":1} x", "{\"a\":\"\xff\"}", "null", "[1,]" };

        for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
                CLEANUP(json_put) json_object *object = NULL;
                CLEANUP(error_free) Error *err = NULL;

                if (json_parse(bad[i], strlen(bad[i]), "t", &object, &err) == 0)
                        tap_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
                expect_contains(err->message, "t: not valid JSON");
        }
}

static void test_fs_replace(void) {
        char directory[] = "/tmp/virtward-test-XXXXXX";
        CLEANUP(close) int dir = -1;
        CLEANUP(free) char *text = NULL, *again = NULL;

        expect(mkdtemp(directory));
        expect_int(fs_open_dir(directory, 0700, &dir), ==, 0);
        expect_int(fs_replace_at(dir, "a", "one", 3, 0600, true), ==, 0);
        expect_int(fs_replace_at(dir, "a", "two!", 4, 0600, true), ==, 0);
        expect_int(fs_read_at(dir, "a", 4, &text, NULL), ==, 0);
        expect_str(text, "two!");
        expect_int(fs_read_at(dir, "a", 3, &again, NULL), ==, -EFBIG);
        expect_int(fs_read_at(dir, "absent", 3, &again, NULL), ==, -ENOENT);
        expect_int(unlinkat(dir, "a", 0), ==, 0);
        expect_int(rmdir(directory), ==, 0);
}

/* A disk that is full in the middle of the write, played by a file size limit. */
static void test_fs_full(void) {
        char directory[] = "/tmp/virtward-test-XXXXXX";
        struct rlimit limit, small;
        CLEANUP(close) int dir = -1;
        CLEANUP(free) char *text = NULL;
        int r;

        expect(mkdtemp(directory));
        expect_int(fs_open_dir(directory, 0700, &dir), ==, 0);
        expect_int(fs_replace_at(dir, "a", "old", 3, 0600, true), ==, 0);
        getrlimit(RLIMIT_FSIZE, &limit);
        signal(SIGXFSZ, SIG_IGN);
        small = (struct rlimit) { .rlim_cur = 5, .rlim_max = limit.rlim_max };
        setrlimit(RLIMIT_FSIZE, &small);
        r = fs_replace_at(dir, "a", "longer than five", 16, 0600, true);
        setrlimit(RLIMIT_FSIZE, &limit);
        expect_int(r, ==, -EFBIG);
        expect_int(fs_read_at(dir, "a", 100, &text, NULL), ==, 0);
        expect_str(text, "old");
        expect_int(unlinkat(dir, "a", 0), ==, 0);
        expect_int(rmdir(directory), ==, 0);    /* nothing was left behind */
}

/* A list that was copied has room for what it holds, no more. */
static void test_array_append(void) {
        int *list = xnew_n(int, 5);
        size_t n = 5;

        for (int i = 0; i < 100; i++)
                *ARRAY_APPEND(list, n) = i;
        expect_int(n, ==, 105);
        expect_int(list[104], ==, 99);
        expect_int(list[4], ==, 0);
        free(list);
}

static void test_fs_names(void) {
        expect(fs_name_ok("a b.c"));
        expect(!fs_name_ok(""));
        expect(!fs_name_ok(".."));
        expect(!fs_name_ok("a/b"));
        expect(!fs_name_ok("a\nb"));
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "error carries libvirt's words and domain", test_error_words },
                { "error from errno", test_error_system },
                { "error texts are UTF-8 and bounded", test_error_presentable },
                { "an error without the words of its code", test_error_plain },
                { "enum table", test_table },
                { "nearest name", test_nearest },
                { "text escaped for XML", test_strbuf_xml },
                { "XML: bombs, DTDs, NULs, depth and width are refused", test_xml_refuses },
                { "XML root", test_xml_root },
                { "JSON types are not coerced", test_json_types },
                { "JSON: broken text is refused", test_json_refuses },
                { "file replaced", test_fs_replace },
                { "disk full keeps the old file", test_fs_full },
                { "a list of any size grows", test_array_append },
                { "names", test_fs_names },
                {},
        });
}
