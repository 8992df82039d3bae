/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tap.h"

#include "conf/element.h"
#include "util/xml.h"

/* A table that has one of everything. */

typedef enum Colour { COLOUR_UNSET, COLOUR_RED, COLOUR_GREEN, COLOUR_BLUE, COLOUR_TYPE_MAX } Colour;
DEFINE_ENUM_TABLE(colour_table, "colour", "", "red", "green", "blue");
static const char *const speed_words_names[] = { "slow", "fast" };
static const EnumTable speed_words = { "speed", speed_words_names, 2 };

typedef struct Leg {
        unsigned number;
        char *shoe;
} Leg;

typedef struct Inner {
        Tristate open;
        char *text;
} Inner;

typedef struct Thing {
        Colour colour;
        char *red_only, *any, *speed, *alias, *live, *secret;
        unsigned count, hex;
        OptUint zero;
        OptInt offset;
        uint64_t size_kib, bytes;
        bool flag;
        Tristate on;
        sd_id128_t uuid;
        MacAddress mac;
        CpuSet *cpus;
        LIST_OF(Leg) legs;
        LIST_OF(char) notes;
        Inner inner;
        Inner *pointer;
        Inner mixin;
} Thing;

static const Row leg_rows[] = {
        UINT("@number", Leg, number, .flags = ROW_REQUIRED),
        STRING("shoe@name", Leg, shoe),
        {}
};
static const Element leg_element = { sizeof(Leg), leg_rows };

static const Row inner_rows[] = {
        YESNO("@open", Inner, open),
        STRING("text", Inner, text),
        {}
};
static const Element inner_element = { sizeof(Inner), inner_rows };

static const Row mixed_rows[] = { YESNO("@mixed", Inner, open), {} };
static const Element mixed_element = { sizeof(Inner), mixed_rows };

static const Row mixture_rows[] = { STRING("mixture", Inner, text), {} };
static const Element mixture_element = { sizeof(Inner), mixture_rows };

static const Row thing_rows[] = {
        ENUM("@colour", Thing, colour, colour_table, .fallback = COLOUR_GREEN),
        STRING("@redOnly", Thing, red_only, WHEN(Thing, colour, BIT(COLOUR_RED))),
        STRING("@any", Thing, any),
        STRING("@secret", Thing, secret, .flags = ROW_SECRET),
        INCLUDE("", Thing, mixin, mixed_element),
        WORD("driver@speed", Thing, speed, speed_words),
        UINT("driver@count", Thing, count),
        OPTUINT("driver@zero", Thing, zero),
        OPTINT("driver/deep/deeper@offset", Thing, offset),
        KIB("size", Thing, size_kib),
        BYTES("bytes", Thing, bytes),
        HEX("number@hex", Thing, hex, 4, WHEN(Thing, colour, BIT(COLOUR_BLUE))),
        FLAG("flag", Thing, flag),
        ONOFF("flag@on", Thing, on),
        UUID("uuid", Thing, uuid),
        MAC("mac@address", Thing, mac),
        CPUSET("cpus", Thing, cpus),
        LIST("legs/leg", Thing, legs, leg_element),
        STRINGS("note", Thing, notes),
        STRUCT("inner", Thing, inner, inner_element),
        POINTER("pointer", Thing, pointer, inner_element),
        INCLUDE("", Thing, mixin, mixture_element),
        STRING("alias@name", Thing, alias, .flags = ROW_ALIAS),
        STRING("live", Thing, live, .flags = ROW_LIVE),
        UNSUPPORTED("someday"),
        {}
};
static const Element thing_element = { sizeof(Thing), thing_rows };

static Error *failure;          /* of the last parse; freed by the next */

static int parse_as(const char *xml, bool inactive, Thing *thing) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        const Parser parser = { xml, strlen(xml), inactive };
        int r;

        failure = error_free(failure);
        *thing = (Thing) {};
        expect_int(xml_parse(xml, strlen(xml), "(test)", &doc, &failure), ==, 0);
        r = element_parse(&parser, &thing_element, xmlDocGetRootElement(doc), thing, &failure);
        if (r < 0)
                element_clear(&thing_element, thing);
        return r;
}

static char *print_as(const Thing *thing, unsigned flags) {
        Printer printer = { .flags = flags };

        element_print(&printer, "thing", &thing_element, thing);
        strbuf_done(&printer.scratch);
        return strbuf_steal(&printer.buf);
}

/* What is read is printed again, letter for letter. */
static void expect_same(const char *xml) {
        CLEANUP(free) char *text = NULL;
        Thing thing;

        if (parse_as(xml, false, &thing) < 0)
                tap_fail(__FILE__, __LINE__, "refused: %s", failure->message);
        text = print_as(&thing, PRINT_SECRETS);
        element_clear(&thing_element, &thing);
        expect_str(text, xml);
}

static void expect_refused(const char *xml, const char *message) {
        Thing thing;

        if (parse_as(xml, false, &thing) == 0)
                tap_fail(__FILE__, __LINE__, "accepted: %s", xml);
        expect_str(failure->detail, message);
}

static void test_table(void) {
        CLEANUP(free) char *wrong = element_check_table(&thing_element);

        expect_str(wrong, NULL);
}

static void test_table_wrong(void) {
        static const Row apart[] = { UINT("driver@count", Thing, count),
                                     KIB("size", Thing, size_kib),
                                     WORD("driver@speed", Thing, speed, speed_words),
                                     {} };
        CLEANUP(free) char *wrong = element_check_table(&(Element) { sizeof(Thing), apart });

        static const Row late[] = { UINT("driver@count", Thing, count), INCLUDE("", Thing, mixin, mixed_element), {} };
        CLEANUP(free) char *late_wrong = element_check_table(&(Element) { sizeof(Thing), late });

        expect_str(wrong, "row 'driver@speed' stands apart from 'driver@count'");
        expect_str(late_wrong, "row '@mixed' comes after children of its element");
}

static void test_round_trip(void) {
        expect_same("<thing colour='green'/>\n");
        expect_same("<thing colour='red' redOnly='x' any='' secret='s' mixed='yes'>\n"
                    "  <driver speed='fast' count='3' zero='0'>\n"
                    "    <deep>\n"
                    "      <deeper offset='-5'/>\n"
                    "    </deep>\n"
                    "  </driver>\n"
                    "  <size unit='KiB'>4096</size>\n"
                    "  <bytes unit='bytes'>17</bytes>\n"
                    "  <flag on='off'/>\n"
                    "  <uuid>12345678-1234-1234-1234-1234567890ab</uuid>\n"
                    "  <mac address='52:54:00:00:00:0f'/>\n"
                    "  <cpus>0-3,8</cpus>\n"
                    "  <legs>\n"
                    "    <leg number='1'/>\n"
                    "    <leg number='2'>\n"
                    "      <shoe name='left'/>\n"
                    "    </leg>\n"
                    "  </legs>\n"
                    "  <note>one</note>\n"
                    "  <note>two</note>\n"
                    "  <inner open='yes'>\n"
                    "    <text>t</text>\n"
                    "  </inner>\n"
                    "  <pointer/>\n"
                    "  <mixture>m</mixture>\n"
                    "  <alias name='a'/>\n"
                    "  <live>l</live>\n"
                    "</thing>\n");
}

static void test_markup(void) {
        expect_same("<thing colour='green' any='&lt;&amp;&gt;&apos;&quot;&#xA;&#x9;&#xD;'>\n"
                    "  <live>&lt;&amp;&gt;&apos;&quot;\n\t&#xD; \303\251</live>\n"
                    "</thing>\n");
}

static void test_unknown(void) {
        expect_refused("<thing>\n  <drive/>\n</thing>",
                       "unknown element <drive> in <thing> at line 2, column 3: did you mean 'driver'?");
        expect_refused("<thing>\n  <driver\n    sped='1'/>\n</thing>",
                       "unknown attribute 'sped' of <driver> at line 3, column 5: did you mean 'speed'?");
        expect_refused("<thing><xyzzyx/></thing>", "unknown element <xyzzyx> in <thing> at line 1, column 8");
        expect_refused("<thing><driver><deep><deepr/></deep></driver></thing>",
                       "unknown element <deepr> in <deep> at line 1, column 22: did you mean 'deeper'?");
        expect_refused("<thing><flag>x</flag></thing>", "text in <flag> at line 1, column 8: this element has no text");
        expect_refused("<thing><e:driver xmlns:e='urn:e'/></thing>",
                       "unknown element <driver> in <thing> at line 1, column 8: of namespace 'urn:e'");
        expect_refused("<thing e:any='1' xmlns:e='urn:e'/>",
                       "unknown attribute 'any' of <thing> at line 1, column 1: of namespace 'urn:e'");
}

/* Neither comments nor CDATA nor values that look like tags lead astray; characters are counted, not bytes. */
static void test_columns(void) {
        expect_refused("<?xml version='1.0'?>\n<!-- <x> --><thing any='>'>\n<live><![CDATA[<y>]]></live><!--<z>-->\n"
                       "<note>\303\251</note><nope/></thing>",
                       "unknown element <nope> in <thing> at line 4, column 15: did you mean 'note'?");
        expect_refused("<thing any=' colour=' colour='x'/>", "colour 'x' at line 1, column 23: allowed are red, green, blue");
        expect_refused("<thing>\n\n<driver speed='slow'\n\tcount = 'x'/></thing>",
                       "attribute 'count' of <driver> 'x' at line 4, column 2: it must be a number from 0 to 4294967295");
}

static void test_values(void) {
        expect_refused("<thing colour='gren'/>",
                       "colour 'gren' at line 1, column 8: allowed are red, green, blue; did you mean 'green'?");
        expect_refused("<thing><driver speed='warp'/></thing>", "speed 'warp' at line 1, column 16: allowed are slow, fast");
        expect_refused("<thing><driver count='-1'/></thing>",
                       "attribute 'count' of <driver> '-1' at line 1, column 16: it must be a number from 0 to 4294967295");
        expect_refused(
                "<thing><driver count='4294967296'/></thing>",
                "attribute 'count' of <driver> '4294967296' at line 1, column 16: it must be a number from 0 to 4294967295");
        expect_refused("<thing><driver count='1x'/></thing>",
                       "attribute 'count' of <driver> '1x' at line 1, column 16: it must be a number from 0 to 4294967295");
        expect_refused("<thing><driver count=''/></thing>",
                       "attribute 'count' of <driver> '' at line 1, column 16: it must be a number from 0 to 4294967295");
        expect_refused("<thing><mac address='52:54:00:00:00'/></thing>",
                       "attribute 'address' of <mac> '52:54:00:00:00' at line 1, column 13: it must be a MAC address as "
                       "52:54:00:12:34:56");
        expect_refused("<thing><cpus>3-1</cpus></thing>",
                       "text of <cpus> '3-1' at line 1, column 8: it must be a list of numbers as 0-3,^2,8");
        expect_refused("<thing><uuid>123</uuid></thing>",
                       "text of <uuid> '123' at line 1, column 8: it must be a UUID of 32 hexadecimal digits");
        expect_refused("<thing mixed='maybe'/>", "attribute 'mixed' of <thing> 'maybe' at line 1, column 8: it must be yes, no");
}

static void test_sizes(void) {
        static const struct {
                const char *xml;
                uint64_t kib;
        } cases[] = {
                { "<thing><size>5</size></thing>", 5 },
                { "<thing><size unit='b'>1025</size></thing>", 2 },
                { "<thing><size unit='KB'>1024</size></thing>", 1000 },
                { "<thing><size unit='MiB'> 2\n</size></thing>", 2048 },
                { "<thing><size unit='g'>1</size></thing>", 1024 * 1024 },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                Thing thing;

                expect_int(parse_as(cases[i].xml, false, &thing), ==, 0);
                expect_int(thing.size_kib, ==, cases[i].kib);
                element_clear(&thing_element, &thing);
        }
        expect_int(parse_as("<thing><size unit='XiB'>1</size></thing>", false, &(Thing) {}), <, 0);
        expect_contains(failure->detail, "unit 'XiB' of <size> at line 1, column 14: allowed are bytes, KB");
        expect_int(parse_as("<thing><size unit='EiB'>17</size></thing>", false, &(Thing) {}), <, 0);
        expect_int(parse_as("<thing><size>18446744073709551615</size></thing>", false, &(Thing) {}), <, 0);
        expect_int(parse_as("<thing><driver unit='KiB'/></thing>", false, &(Thing) {}), <, 0);
}

static void test_conditions(void) {
        expect_refused("<thing redOnly='1' colour='blue'/>",
                       "attribute 'redOnly' of <thing> at line 1, column 8: not allowed with colour 'blue'");
        expect_refused("<thing colour='red'><number hex='1'/></thing>",
                       "element <number> in <thing> at line 1, column 21: not allowed with colour 'red'");
        expect_int(parse_as("<thing colour='red'><number/></thing>", false, &(Thing) {}), ==, 0);
        expect_same("<thing colour='blue'>\n  <number hex='0x0000'/>\n</thing>\n");
}

static void test_structure(void) {
        expect_refused("<thing><size>1</size><size>2</size></thing>",
                       "second <size> in <thing> at line 1, column 22: there may be only one");
        expect_refused("<thing><legs><leg/></legs></thing>", "<leg> at line 1, column 14: attribute 'number' is missing");
        expect_refused("<thing><legs><leg number='0'/></legs></thing>",
                       "attribute 'number' of <leg> '0' at line 1, column 19: it must be 1 or more");
        expect_refused("<thing><note a='1'>x</note></thing>", "<note> at line 1, column 14: unknown attribute 'a'");
        expect_refused("<thing><someday/></thing>",
                       "element <someday> in <thing> at line 1, column 8: virtward does not implement it yet; remove it");
        expect_int(failure->code, ==, ERROR_CONFIG_UNSUPPORTED);
}

static void test_bounds(void) {
        CLEANUP(strbuf_done) StrBuf xml = {};
        Thing thing;

        strbuf_add(&xml, "<thing>");
        for (int i = 0; i < ELEMENT_LIST_MAX; i++)
                strbuf_add(&xml, "<note>x</note>");
        strbuf_add(&xml, "</thing>");
        expect_int(parse_as(xml.text, false, &thing), ==, 0);
        element_clear(&thing_element, &thing);
        xml.len -= strlen("</thing>");
        strbuf_add(&xml, "<note>x</note></thing>");
        expect_int(parse_as(xml.text, false, &thing), <, 0);
        expect_str(failure->detail, "<note> at line 1, column 57352: there are more than 4096 of them");
}

static void test_inactive(void) {
        CLEANUP(free) char *text = NULL;
        Thing thing;

        expect_int(parse_as("<thing><alias name='disk0'/><live>x</live></thing>", true, &thing), ==, 0);
        expect_str(thing.alias, NULL);
        expect_str(thing.live, NULL);
        element_clear(&thing_element, &thing);
        expect_int(parse_as("<thing secret='s'><alias name='ua-1'/></thing>", true, &thing), ==, 0);
        text = print_as(&thing, PRINT_INACTIVE);
        element_clear(&thing_element, &thing);
        expect_str(text, "<thing colour='green'>\n  <alias name='ua-1'/>\n</thing>\n");
}

static void test_copy_and_difference(void) {
        CLEANUP(strbuf_done) StrBuf path = {}, what = {};
        Thing thing, copy = {};

        expect_int(parse_as("<thing any='a'><cpus>1</cpus><legs><leg number='1'/><leg "
                            "number='2'/></legs><note>n</note><pointer><text>t</text></pointer></thing>",
                            false, &thing),
                   ==, 0);
        element_copy(&thing_element, &copy, &thing);
        expect(element_equal(&thing_element, &thing, &copy, false, NULL, NULL));
        expect(copy.any != thing.any && copy.pointer != thing.pointer && copy.legs.items != thing.legs.items);
        copy.legs.items[1]->number = 7;
        expect(!element_equal(&thing_element, &thing, &copy, false, &path, &what));
        expect_str(path.text, "/legs/leg[2]/@number");
        expect_str(what.text, "'2' and '7'");
        LIST_APPEND(&copy.legs, xnew(Leg));     /* a copied list can grow */
        element_clear(&thing_element, &copy);
        element_clear(&thing_element, &thing);
        expect(!thing.any);
        element_clear(&thing_element, &thing);  /* twice is fine */
}

static void test_cpu_sets(void) {
        CpuSet *set = NULL;

        expect_int(cpu_set_parse("0-3,^2, 8", &set), ==, 0);
        expect(cpu_set_has(set, 3) && !cpu_set_has(set, 2) && cpu_set_has(set, 8) && !cpu_set_has(set, 100000));
        expect_int(cpu_set_count(set), ==, 4);
        free(set);
        expect_int(cpu_set_parse("63-64,127-192,^128", &set), ==, 0);
        expect_int(cpu_set_count(set), ==, 2 + 66 - 1);
        expect(cpu_set_has(set, 63) && cpu_set_has(set, 64) && !cpu_set_has(set, 65) && !cpu_set_has(set, 128) &&
               cpu_set_has(set, 192));
        free(set);
        expect_int(cpu_set_parse("", &set), <, 0);
        expect_int(cpu_set_parse("1,", &set), <, 0);
        expect_int(cpu_set_parse("^1", &set), <, 0);
        expect_int(cpu_set_parse("16384", &set), <, 0);
        expect_int(cpu_set_parse("99999999999999999999", &set), <, 0);
        expect_int(cpu_set_parse("1-2x", &set), <, 0);
        expect_int(cpu_set_count(NULL), ==, 0);
}

int main(void) {
        int r = tap_run((const TapTest[]) {
                { "the table is well made", test_table },
                { "a table with rows apart is found out", test_table_wrong },
                { "everything is printed as it was read", test_round_trip },
                { "markup in values", test_markup },
                { "unknown elements and attributes", test_unknown },
                { "lines and columns", test_columns },
                { "wrong values", test_values },
                { "sizes with units", test_sizes },
                { "rows with conditions", test_conditions },
                { "missing, doubled and future elements", test_structure },
                { "lists are bounded", test_bounds },
                { "what only a running domain has", test_inactive },
                { "copies and differences", test_copy_and_difference },
                { "sets of CPUs", test_cpu_sets },
                {},
        });

        error_free(failure);
        return r;
}
