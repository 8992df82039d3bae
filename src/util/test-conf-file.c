/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/test-conf-file.c - settings reach their fields; what is wrong is told with its line. */
#include "tap.h"
#include "util/conf_file.h"

typedef struct Sample {
        bool flag;
        unsigned number;
        char *text;
        int level;
} Sample;

DEFINE_ENUM_TABLE(level_table, "level", "low", "high");

static int check_no_slash(const char *value, Error **err) {
        return strchr(value, '/') ? error_set(err, ERROR_INVALID_ARG, "'%s' holds a slash", value) : 0;
}

static const ConfRow rows[] = {
        { "flag",   CONF_BOOL, offsetof(Sample, flag) },
        { "number", CONF_UINT, offsetof(Sample, number), .min = 1, .max = 10 },
        { "text",   CONF_TEXT, offsetof(Sample, text), .check = check_no_slash },
        { "level",  CONF_ENUM, offsetof(Sample, level), .table = &level_table },
        {}
};

static int parse(const char *text, Sample *ret, Error **err) {
        return conf_parse(text, strlen(text), "a.conf", rows, ret, err);
}

static void expect_refused(const char *text, const char *message) {
        CLEANUP(error_free) Error *err = NULL;
        Sample sample = { .number = 5 };
        int r = parse(text, &sample, &err);

        conf_done(rows, &sample);
        expect_int(r, <, 0);
        expect_int(err->code, ==, ERROR_CONF_SYNTAX);
        expect_str(err->detail, message);
}

static void test_every_type(void) {
        Sample sample = {};

        expect_int(parse("# one\nflag = yes\nnumber=7 # seven\n  text =  \"a # \\\"b\\\\ \"  # c\nlevel = high\r\n", &sample, NULL), ==, 0);
        expect(sample.flag);
        expect_int(sample.number, ==, 7);
        expect_str(sample.text, "a # \"b\\ ");
        expect_int(sample.level, ==, 1);
        conf_done(rows, &sample);
        expect(!sample.text);
}

static void test_absent_keys_keep_their_values(void) {
        Sample sample = { .number = 9, .text = xstrdup("kept") };

        expect_int(parse("\n\n", &sample, NULL), ==, 0);
        expect_int(sample.number, ==, 9);
        expect_str(sample.text, "kept");
        expect_int(parse("text = \"\"", &sample, NULL), ==, 0);
        expect(!sample.text);
}

static void test_plain_text_ends_at_a_comment(void) {
        Sample sample = {};

        expect_int(parse("text = a b#c  # d", &sample, NULL), ==, 0);
        expect_str(sample.text, "a b#c");
        conf_done(rows, &sample);
}

static void test_refusals_name_file_and_line(void) {
        expect_refused("flag = maybe", "a.conf:1: flag is yes or no, not 'maybe'");
        expect_refused("\nnumber = 11", "a.conf:2: number is a number from 1 to 10, not '11'");
        expect_refused("number = -1", "a.conf:1: number is a number from 1 to 10, not '-1'");
        expect_refused("number = 3x", "a.conf:1: number is a number from 1 to 10, not '3x'");
        expect_refused("number = 99999999999999999999", "a.conf:1: number is a number from 1 to 10, not '99999999999999999999'");
        expect_refused("level = middle", "a.conf:1: level is one of low, high, not 'middle'");
        expect_refused("text = a/b", "a.conf:1: text: 'a/b' holds a slash");
        expect_refused("flag = yes\nflag = no", "a.conf:2: flag is set a second time");
        expect_refused("numbr = 3", "a.conf:1: unknown setting 'numbr'; did you mean 'number'?");
        expect_refused("entirelydifferent = 3", "a.conf:1: unknown setting 'entirelydifferent'");
        expect_refused("flag yes", "a.conf:1: '=' is missing: a line is KEY = VALUE");
        expect_refused("text = \"open", "a.conf:1: the closing \" is missing");
        expect_refused("text = \"open\\", "a.conf:1: the closing \" is missing");
        expect_refused("text = \"a\" b", "a.conf:1: only a comment may follow the closing \"");
}

static void test_nul_is_refused(void) {
        CLEANUP(error_free) Error *err = NULL;
        Sample sample = {};

        expect_int(conf_parse("flag = yes\0", 11, "a.conf", rows, &sample, &err), <, 0);
        expect_contains(err->detail, "NUL");
}

static void test_absent_file(void) {
        CLEANUP(error_free) Error *err = NULL;
        Sample sample = {};

        expect_int(conf_read("/nonexistent/a.conf", false, rows, &sample, NULL), ==, 0);
        expect_int(conf_read("/nonexistent/a.conf", true, rows, &sample, &err), <, 0);
        expect_int(err->code, ==, ERROR_SYSTEM);
        expect_contains(err->message, "/nonexistent/a.conf");
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "every type", test_every_type },
                { "absent keys keep their values", test_absent_keys_keep_their_values },
                { "plain text ends at a comment", test_plain_text_ends_at_a_comment },
                { "refusals name file and line", test_refusals_name_file_and_line },
                { "a NUL is refused", test_nul_is_refused },
                { "an absent file", test_absent_file },
                {}
        });
}
