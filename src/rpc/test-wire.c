/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rpc/test-wire.c - what decodes and what does not, byte for byte. */
#include "rpc/remote.h"
#include "rpc/wire_param.h"
#include "tap.h"
#include "util/cleanup.h"

/* Decodes bytes of a literal; result is to be freed with xdr_free() in any case. */
#define DECODE(type, literal, ret) decode((xdrproc_t) xdr_##type, (literal), sizeof(literal) - 1, (ret))

static bool decode(xdrproc_t proc, const char *bytes, size_t len, void *ret) {
        CLEANUP(free) char *copy = xmalloc(len + 1);            /* so that reading past the end is seen */
        XDR xdr;

        memcpy(copy, bytes, len);
        xdrmem_create(&xdr, copy, (u_int) len, XDR_DECODE);
        return proc(&xdr, ret);
}

static bool text_decodes(const char *bytes, size_t len) {
        WireString string = {};
        bool ok = decode((xdrproc_t) xdr_WireString, bytes, len, &string);

        xdr_free((xdrproc_t) xdr_WireString, (char *) &string);
        return ok;
}
#define TEXT_OK(literal) text_decodes((literal), sizeof(literal) - 1)

static void test_text(void) {
        WireString string = {};

        expect(DECODE(WireString, "\0\0\0\4nope", &string));
        expect_str(string.text, "nope");
        xdr_free((xdrproc_t) xdr_WireString, (char *) &string);
        expect(TEXT_OK("\0\0\0\0"));
        expect(TEXT_OK("\0\0\0\2\303\244\0\0"));
        expect(TEXT_OK("\0\0\0\4\360\237\220\247"));
}

static void test_text_refused(void) {
        expect(!TEXT_OK("\0\0\0\4nop"));                        /* short */
        expect(!TEXT_OK("\0\0\0\5hello"));                      /* padding is missing */
        expect(!TEXT_OK("\0\0\0\4no\0e"));                      /* a NUL */
        expect(!TEXT_OK("\0\0\0\1\377\0\0\0"));                 /* not UTF-8 */
        expect(!TEXT_OK("\0\0\0\2\300\257\0\0"));               /* overlong '/' */
        expect(!TEXT_OK("\0\0\0\3\355\240\200\0"));             /* a surrogate */
        expect(!TEXT_OK("\0\0\0\4\364\220\200\200"));           /* over U+10FFFF */
        expect(!TEXT_OK("\0\0\0\1\303\0\0\0"));                 /* a sequence that the length cuts */
        expect(!TEXT_OK("\0\100\0\1" "aaaa"));                  /* over 4 MiB */
        expect(!TEXT_OK("\377\377\377\377" "aaaa"));
}

static void test_optional(void) {
        WireOptString string = {};

        expect(DECODE(WireOptString, "\0\0\0\0", &string));
        expect(!string.text);
        expect(DECODE(WireOptString, "\1\0\0\0\0\0\0\1x\0\0\0", &string));      /* as go-libvirt sends it */
        expect_str(string.text, "x");
        xdr_free((xdrproc_t) xdr_WireOptString, (char *) &string);
}

/* libtirpc's own pointer takes any non-zero for true as well. */
static void test_optional_struct(void) {
        WireDomainEventArgs args = {};

        expect(DECODE(WireDomainEventArgs, "\0\0\0\5" "\1\0\0\0" "\0\0\0\2vm\0\0" "0123456789abcdef" "\377\377\377\377", &args));
        expect_int(args.event, ==, 5);
        expect_str(args.dom->name, "vm");
        expect_int(args.dom->id, ==, -1);
        xdr_free((xdrproc_t) xdr_WireDomainEventArgs, (char *) &args);
}

/* What was decoded before the failure is freed; a sanitizer would tell. */
static void test_half_decoded(void) {
        WireDomainTextFlags args = {};

        expect(!DECODE(WireDomainTextFlags, "\0\0\0\2vm\0\0" "0123456789abcdef" "\0\0\0\1" "\0\0\0\2ab\0\0" "\0\0", &args));
        xdr_free((xdrproc_t) xdr_WireDomainTextFlags, (char *) &args);
}

static void test_counts(void) {
        WireStatsArgs stats = {};
        WireMigrateBeginArgs begin = {};

        expect(!DECODE(WireStatsArgs, "\0\0\100\1" "\0\0\0\0\0\0\0\0", &stats));        /* 16385 */
        xdr_free((xdrproc_t) xdr_WireStatsArgs, (char *) &stats);
        expect(!DECODE(WireMigrateBeginArgs, "\0\0\0\2vm\0\0" "0123456789abcdef" "\0\0\0\1" "\0\0\0\101", &begin));     /* 65 */
        xdr_free((xdrproc_t) xdr_WireMigrateBeginArgs, (char *) &begin);
}

static void test_params(void) {
        static const Param params[] = {
                { "i", PARAM_INT, .i = -5 }, { "u", PARAM_UINT, .u = 4000000000 }, { "l", PARAM_LLONG, .i = INT64_MIN },
                { "q", PARAM_ULLONG, .u = UINT64_MAX }, { "d", PARAM_DOUBLE, .d = 0.25 }, { "b", PARAM_BOOLEAN, .b = true },
                { "s", PARAM_STRING, .s = "text" },
        };
        WireParam wire[N_ELEMENTS(params)] = {};
        WireJobStats out = { .type = 1, .params = { N_ELEMENTS(params), wire } }, in = {};
        Param back[N_ELEMENTS(params)];
        char bytes[1024];
        XDR xdr;

        wire_params_fill(params, N_ELEMENTS(params), wire);
        xdrmem_create(&xdr, bytes, sizeof(bytes), XDR_ENCODE);
        expect(xdr_WireJobStats(&xdr, &out));
        expect(decode((xdrproc_t) xdr_WireJobStats, bytes, xdr_getpos(&xdr), &in));
        wire_params_read(in.params.params_val, in.params.params_len, back);
        expect_int(back[0].i, ==, -5);
        expect_int(back[1].u, ==, 4000000000);
        expect_int(back[2].i, ==, INT64_MIN);
        expect(back[3].u == UINT64_MAX);
        expect(back[4].d == 0.25);
        expect(back[5].b);
        expect_str(back[6].s, "text");
        xdr_free((xdrproc_t) xdr_WireJobStats, (char *) &in);
}

static void test_unknown_param_type(void) {
        WireJobStats stats = {};

        expect(!DECODE(WireJobStats, "\0\0\0\1" "\0\0\0\1" "\0\0\0\1a\0\0\0" "\0\0\0\10" "\0\0\0\0", &stats));
        xdr_free((xdrproc_t) xdr_WireJobStats, (char *) &stats);
}

/* libvirt's char x<>: its NUL counted, each byte as 4. */
static void test_chars(void) {
        WireSecurityModel model = { (char *) "ab", (char *) "" };
        char bytes[64];
        XDR xdr;

        xdrmem_create(&xdr, bytes, sizeof(bytes), XDR_ENCODE);
        expect(xdr_WireSecurityModel(&xdr, &model));
        expect_int(xdr_getpos(&xdr), ==, 4 + 3 * 4 + 4 + 4);
        expect(memcmp(bytes, "\0\0\0\3\0\0\0a\0\0\0b\0\0\0\0\0\0\0\1\0\0\0\0", 24) == 0);
}

static void test_node_info_is_160_bytes(void) {
        WireNodeInfo info = { .model = "x86_64", .cpus = 2 };
        char bytes[256];
        XDR xdr;

        xdrmem_create(&xdr, bytes, sizeof(bytes), XDR_ENCODE);
        expect(xdr_WireNodeInfo(&xdr, &info));
        expect_int(xdr_getpos(&xdr), ==, 160);
}

int main(void) {
        return tap_run((const TapTest[]) {
                { "text decodes", test_text },
                { "text with a NUL, that is not UTF-8, too long or too short does not", test_text_refused },
                { "an optional text is there when its flag is not zero", test_optional },
                { "so is an optional struct", test_optional_struct },
                { "what a failed decode has made is freed", test_half_decoded },
                { "counts over their limit do not decode", test_counts },
                { "typed parameters of every type come back", test_params },
                { "a typed parameter of an unknown type does not decode", test_unknown_param_type },
                { "chars take four bytes each", test_chars },
                { "node info has libvirt's size", test_node_info_is_160_bytes },
                {}
        });
}
