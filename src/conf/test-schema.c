/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/test-schema.c - the grammar of xml-schemas/ against the parser, over definitions and over what becomes of them by
 * small damage; and what virtward prints against libvirt's own grammar. */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <libxml/relaxng.h>
#include <unistd.h>
#include "conf/element_schema.h"
#include "conf/elements.h"
#include "util/fs.h"
#include "util/json.h"
#include "util/xml.h"

#define LIBVIRT_SCHEMA "/usr/share/libvirt/schemas/domain.rng"
#define MUTATIONS_PER_FILE 3

/* libxml2 follows every optional attribute as there and as not there, so its time doubles with each (libvirt's grammar: 16 s for a
 * <driver> of 16). Definitions with elements of more than this are left out, and counted. */
#define ATTRIBUTES_MAX 7

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

DEFINE_CLEANUP(xmlRelaxNG, xmlRelaxNGFree)

static const char *schema_path, *const *data_dirs;
static xmlRelaxNG *our_schema;

static void keep_quiet(void *userdata, xmlErrorPtr error) {
}

/* With the first complaint, when somebody wants to know. */
static void keep_first(void *userdata, xmlErrorPtr error) {
        char **first = userdata;

        if (!*first)
                *first = xasprintf("line %d: %s", error->line, error->message);
}

static xmlRelaxNG *load_schema(const char *path) {
        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);
        xmlRelaxNG *schema;

        xmlRelaxNGSetParserStructuredErrors(parser, keep_quiet, NULL);
        __lsan_disable();               /* libxml2 2.9.14 forgets some of its own tables in here */
        schema = xmlRelaxNGParse(parser);
        __lsan_enable();
        xmlRelaxNGFreeParserCtxt(parser);
        return schema;
}

/* NULL: valid; else the first complaint, for the caller to free. */
static char *complaint(xmlRelaxNG *schema, xmlDoc *doc) {
        xmlRelaxNGValidCtxt *valid = xmlRelaxNGNewValidCtxt(schema);
        char *first = NULL;
        int r;

        xmlRelaxNGSetValidStructuredErrors(valid, keep_first, &first);
        r = xmlRelaxNGValidateDoc(valid, doc);
        xmlRelaxNGFreeValidCtxt(valid);
        if (r == 0) {
                free(first);
                return NULL;
        }
        return first ? first : xstrdup("invalid");
}

static DomainDef *parse(const char *text, size_t len) {
        CLEANUP(error_free) Error *err = NULL;
        DomainDef *def = NULL;

        domain_def_parse(text, len, 0, &def, &err);
        return def;
}

static bool is_too_wide(const xmlNode *node) {
        for (; node; node = node->next) {
                int n = 0;

                if (node->type != XML_ELEMENT_NODE)
                        continue;
                for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                        n++;
                if (n > ATTRIBUTES_MAX || is_too_wide(node->children))
                        return true;
        }
        return false;
}

static bool is_wide_text(const char *path, const char *text, size_t len) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;

        return xml_parse(text, len, path, &doc, NULL) == 0 && is_too_wide(doc->children);
}

static size_t n_wide;

static void each_file(void (*check)(const char *path, const char *text, size_t len)) {
        for (const char *const *name = data_dirs; *name; name++) {
                DIR *dir = opendir(*name);

                expect(dir);
                for (const struct dirent *entry; (entry = readdir(dir));) {
                        CLEANUP(free) char *path = xasprintf("%s/%s", *name, entry->d_name), *text = NULL;
                        const char *dot = strrchr(entry->d_name, '.');
                        size_t len;

                        if (!dot || !streq(dot, ".xml"))
                                continue;
                        expect_int(fs_read_at(AT_FDCWD, path, XML_MAX_BYTES, &text, &len), ==, 0);
                        if (is_wide_text(path, text, len))
                                n_wide++;
                        else
                                check(path, text, len);
                }
                closedir(dir);
        }
}

/* ---- the file in the tree is what the tables say today ---- */

static void test_current(void) {
        CLEANUP(free) char *text = NULL, *made = element_schema("domain", &domain_element);
        size_t len;

        expect_int(fs_read_at(AT_FDCWD, schema_path, XML_MAX_BYTES, &text, &len), ==, 0);
        if (!streq(text, made))
                tap_fail(__FILE__, __LINE__, "%s is older than the tables: run `ninja write-schema'", schema_path);
        our_schema = load_schema(schema_path);
        expect(our_schema);
}

/* ---- what the parser takes is valid ---- */

static size_t n_files, n_accepted;

static void check_valid(const char *path, const char *text, size_t len) {
        CLEANUP(domain_def_free) DomainDef *def = parse(text, len);
        CLEANUP(free) char *printed = def ? domain_def_format(def, DOMAIN_FORMAT_SECURE) : NULL, *wrong = NULL, *wrong_printed = NULL;
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL, *printed_doc = NULL;

        n_files++;
        if (!def)
                return;
        n_accepted++;
        expect_int(xml_parse(text, len, path, &doc, NULL), ==, 0);
        if ((wrong = complaint(our_schema, doc)))
                tap_fail(__FILE__, __LINE__, "%s is accepted, but not valid: %s", path, wrong);
        expect_int(xml_parse(printed, strlen(printed), path, &printed_doc, NULL), ==, 0);
        if ((wrong_printed = complaint(our_schema, printed_doc)))
                tap_fail(__FILE__, __LINE__, "what is printed of %s is not valid: %s", path, wrong_printed);
}

static void test_valid(void) {
        expect(our_schema);
        n_files = n_accepted = n_wide = 0;
        each_file(check_valid);
        printf("# %zu files, %zu accepted: all valid, as written and as printed; %zu left out\n", n_files, n_accepted, n_wide);
        expect_int(n_accepted, >, 500);
}

/* ---- damage ---- */

typedef enum Damage {
        ADD_ATTRIBUTE, ADD_ELEMENT, RENAME_ELEMENT, RENAME_ATTRIBUTE, SPOIL_VALUE, DROP_ATTRIBUTE, DROP_ELEMENT, DAMAGE_MAX
} Damage;
static const char *const damage_names[] = {
        "unknown attribute added", "unknown element added", "element renamed", "attribute renamed", "value spoilt",
        "attribute removed", "element removed",
};
typedef struct Outcome {
        size_t both_accept, both_refuse, only_parser, only_schema;
} Outcome;
static Outcome outcomes[DAMAGE_MAX];
static uint32_t seed = 2463534242;

static uint32_t pick(uint32_t n) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed % n;
}

/* Elements outside of <metadata>, whose content is nobody's business. */
static size_t collect(xmlNode *node, xmlNode **nodes, size_t n, size_t max) {
        for (; node; node = node->next)
                if (node->type == XML_ELEMENT_NODE && n < max && !streq((const char *) node->name, "metadata")) {
                        nodes[n++] = node;
                        n = collect(node->children, nodes, n, max);
                }
        return n;
}

static xmlAttr *pick_attribute(xmlNode *node) {
        uint32_t n = 0;
        xmlAttr *attribute = node->properties;

        for (xmlAttr *other = node->properties; other; other = other->next)
                n++;
        for (uint32_t skip = n ? pick(n) : 0; skip > 0; skip--)
                attribute = attribute->next;
        return attribute;
}

/* False: there was nothing to damage in that way. */
static bool inflict(xmlNode *node, Damage damage) {
        xmlAttr *attribute = damage >= RENAME_ATTRIBUTE && damage <= DROP_ATTRIBUTE ? pick_attribute(node) : NULL;

        if (damage >= RENAME_ATTRIBUTE && damage <= DROP_ATTRIBUTE && !attribute)
                return false;
        if (damage == ADD_ATTRIBUTE)
                xmlNewProp(node, BAD_CAST "wrongAttribute", BAD_CAST "1");
        else if (damage == ADD_ELEMENT)
                xmlNewChild(node, NULL, BAD_CAST "wrongElement", NULL);
        else if (damage == RENAME_ELEMENT)
                xmlNodeSetName(node, BAD_CAST "wrongElement");
        else if (damage == RENAME_ATTRIBUTE)
                xmlNodeSetName((xmlNode *) attribute, BAD_CAST "wrongAttribute");
        else if (damage == SPOIL_VALUE)
                xmlSetProp(node, attribute->name, BAD_CAST "wrong value");
        else if (damage == DROP_ATTRIBUTE)
                xmlRemoveProp(attribute);
        else if (node->parent->type == XML_ELEMENT_NODE) {
                xmlUnlinkNode(node);
                xmlFreeNode(node);
        } else
                return false;
        return true;
}

static void note_outcome(const char *path, Damage damage, bool accepted, const char *wrong, const char *text) {
        Outcome *outcome = &outcomes[damage];

        if (accepted && wrong)
                printf("# %s, %s: accepted, but not valid: %s# %s\n", path, damage_names[damage], wrong, text);
        ++*(accepted ? wrong ? &outcome->only_parser : &outcome->both_accept
                     : wrong ? &outcome->both_refuse : &outcome->only_schema);
        if (!accepted && !wrong && damage <= RENAME_ATTRIBUTE)
                printf("# %s, %s: refused, but valid: %s\n", path, damage_names[damage], text);
}

/* Reading on behind a refusal changes no verdict. */
static void check_lint(const char *path, const char *text, size_t len) {
        CLEANUP(json_put) json_object *findings = domain_def_lint(text, len);
        CLEANUP(domain_def_free) DomainDef *def = NULL;
        bool accepted = domain_def_parse(text, len, DOMAIN_PARSE_INACTIVE, &def, NULL) == 0;

        if (accepted != (json_object_array_length(findings) == 0))
                tap_fail(__FILE__, __LINE__, "%s: %s, but lint says %s", path, accepted ? "accepted" : "refused",
                         json_object_to_json_string(findings));
}

static void check_damaged(const char *path, const char *text, size_t len) {
        CLEANUP(domain_def_free) DomainDef *def = parse(text, len);

        for (int i = 0; def && i < MUTATIONS_PER_FILE; i++) {
                CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
                CLEANUP(domain_def_free) DomainDef *damaged = NULL;
                CLEANUP(free) char *wrong = NULL;
                xmlNode *nodes[512];
                xmlChar *dumped;
                int dumped_len;
                Damage damage = pick(DAMAGE_MAX);

                expect_int(xml_parse(text, len, path, &doc, NULL), ==, 0);
                if (!inflict(nodes[pick((uint32_t) collect(doc->children, nodes, 0, N_ELEMENTS(nodes)))], damage))
                        continue;
                xmlDocDumpMemory(doc, &dumped, &dumped_len);
                damaged = parse((const char *) dumped, (size_t) dumped_len);
                wrong = complaint(our_schema, doc);
                note_outcome(path, damage, damaged, wrong, (const char *) dumped);
                check_lint(path, (const char *) dumped, (size_t) dumped_len);
                xmlFree(dumped);
        }
}

static void test_damaged(void) {
        Outcome all = {};

        expect(our_schema);
        each_file(check_damaged);
        for (int i = 0; i < DAMAGE_MAX; i++) {
                const Outcome *one = &outcomes[i];

                printf("# %-24s both accept %4zu, both refuse %4zu, only the parser refuses %3zu, only the grammar %zu\n",
                       damage_names[i], one->both_accept, one->both_refuse, one->only_schema, one->only_parser);
                all.both_accept += one->both_accept;
                all.both_refuse += one->both_refuse;
                all.only_schema += one->only_schema;
                all.only_parser += one->only_parser;
                if (i <= RENAME_ATTRIBUTE)
                        expect_int(one->only_schema, ==, 0);
        }
        printf("# same verdict on %zu of %zu\n", all.both_accept + all.both_refuse,
               all.both_accept + all.both_refuse + all.only_schema + all.only_parser);
        expect_int(all.only_parser, ==, 0);
        expect_int(100 * all.only_schema, <, 10 * (all.both_accept + all.both_refuse));
}

/* ---- libvirt's own grammar ---- */

static xmlRelaxNG *libvirt_schema;
static size_t n_newer;

/* What libvirt learned after 9.0, what it never will, and a video type that completion always replaces. */
static bool is_newer(const char *text) {
        static const char *const words[] = {
                "'sev-snp'", "'tdx'", "'pef'", "deprecated_features", "https://virtward.org/xmlns/domain", "<model type='default'",
        };

        for (size_t i = 0; i < N_ELEMENTS(words); i++)
                if (strstr(text, words[i]))
                        return true;
        return false;
}

static size_t n_wrong;

static void check_libvirt(const char *path, const char *text, size_t len) {
        CLEANUP(domain_def_free) DomainDef *def = parse(text, len);
        CLEANUP(free) char *printed = def ? domain_def_format(def, DOMAIN_FORMAT_SECURE) : NULL, *wrong = NULL, *as_written = NULL;
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL, *source = NULL;

        if (!def || is_newer(printed)) {
                n_newer += def != NULL;
                return;
        }
        n_accepted++;
        expect_int(xml_parse(printed, strlen(printed), path, &doc, NULL), ==, 0);
        if (!(wrong = complaint(libvirt_schema, doc)))
                return;
        expect_int(xml_parse(text, len, path, &source, NULL), ==, 0);
        as_written = complaint(libvirt_schema, source);
        n_wrong += !as_written;
        printf("# %s as printed%s: %s", path, as_written ? " and as written" : "", wrong);
}

static void test_libvirt(void) {
        CLEANUP(xmlRelaxNGFree) xmlRelaxNG *schema = NULL;

        if (access(LIBVIRT_SCHEMA, R_OK) < 0)
                skip("no " LIBVIRT_SCHEMA " (package libvirt-daemon)");
        libvirt_schema = schema = load_schema(LIBVIRT_SCHEMA);
        expect(schema);
        n_accepted = n_newer = 0;
        each_file(check_libvirt);
        printf("# %zu printed definitions in libvirt's grammar, %zu of newer or uncompleted parts, %zu made invalid by printing\n", n_accepted, n_newer,
               n_wrong);
        expect_int(n_wrong, ==, 0);
}

int main(int argc, char **argv) {
        int r;

        if (argc < 3)
                return 2;
        schema_path = argv[1];
        data_dirs = (const char *const *) argv + 2;
        r = tap_run((const TapTest[]) {
                { "the schema in the tree is current", test_current },
                { "what is accepted is valid", test_valid },
                { "damaged definitions get the same verdict", test_damaged },
                { "what is printed is valid for libvirt", test_libvirt },
                {}
        });
        xmlRelaxNGFree(our_schema);
        return r;
}
