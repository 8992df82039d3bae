/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element_values.c - the kinds of values that attributes and texts have. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>
#include "conf/element.h"

static void print_u64(StrBuf *text, uint64_t value) {
        char digits[24], *p = digits + sizeof(digits);

        do
                *--p = (char) ('0' + value % 10);
        while (value /= 10);
        strbuf_add_n(text, p, (size_t) (digits + sizeof(digits) - p));
}

/* Decimal digits only: no sign, no blanks, nothing after them. */
static int read_decimal(const char *text, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (!*text)
                return -EINVAL;
        for (; *text; text++) {
                if (!isdigit((unsigned char) *text))
                        return -EINVAL;
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t) (*text - '0'), &value))
                        return -ERANGE;
        }
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

static int read_hexadecimal(const char *text, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (!*text)
                return -EINVAL;
        for (; *text; text++) {
                int c = tolower((unsigned char) *text), digit = isdigit(c) ? c - '0' : c - 'a' + 10;

                if (!isxdigit(c))
                        return -EINVAL;
                if (value >> 60)
                        return -ERANGE;
                value = value << 4 | (uint64_t) digit;
        }
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

/* Where libvirt takes any base: 0x1f, 31. */
static int read_any_base(const char *text, uint64_t max, uint64_t *ret) {
        if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
                return read_hexadecimal(text + 2, max, ret);
        return read_decimal(text, max, ret);
}

/* ---- strings and words ---- */

static int read_string(const Row *row, const char *text, const char *unit, void *field) {
        free(*(char **) field);
        *(char **) field = xstrdup(text);
        return 0;
}

static bool print_string(const Row *row, const void *field, StrBuf *text) {
        const char *value = *(char *const *) field;

        if (value)
                strbuf_add(text, value);
        return value;
}

const RowType row_string = { .storage = STORE_TEXT, .want = "a text", .read = read_string, .print = print_string };

static int read_word(const Row *row, const char *text, const char *unit, void *field) {
        if (table_value(row->arg, text) < 0)
                return -EINVAL;
        return read_string(row, text, unit, field);
}

const RowType row_word = { .storage = STORE_TEXT, .read = read_word, .print = print_string };

static int read_enum(const Row *row, const char *text, const char *unit, void *field) {
        int value = table_value(row->arg, text);

        if (value < 0)
                return -EINVAL;
        *(int *) field = value;
        return 0;
}

static bool print_enum(const Row *row, const void *field, StrBuf *text) {
        const char *name = table_name(row->arg, *(const int *) field);

        if (!name || !*name)
                return false;
        strbuf_add(text, name);
        return true;
}

const RowType row_enum = { .storage = STORE_PLAIN, .size = sizeof(int), .read = read_enum, .print = print_enum };

static int read_pair(const char *yes, const char *no, const char *text, void *field) {
        if (streq(text, yes))
                *(Tristate *) field = TRISTATE_YES;
        else if (streq(text, no))
                *(Tristate *) field = TRISTATE_NO;
        else
                return -EINVAL;
        return 0;
}

static bool print_pair(const char *yes, const char *no, const void *field, StrBuf *text) {
        Tristate value = *(const Tristate *) field;

        if (value != TRISTATE_UNSET)
                strbuf_add(text, value == TRISTATE_YES ? yes : no);
        return value != TRISTATE_UNSET;
}

static int read_yesno(const Row *row, const char *text, const char *unit, void *field) {
        return read_pair("yes", "no", text, field);
}
static bool print_yesno(const Row *row, const void *field, StrBuf *text) {
        return print_pair("yes", "no", field, text);
}
const RowType row_yesno = {
        .storage = STORE_PLAIN, .size = sizeof(Tristate), .want = "yes, no", .read = read_yesno, .print = print_yesno
};

static int read_onoff(const Row *row, const char *text, const char *unit, void *field) {
        return read_pair("on", "off", text, field);
}
static bool print_onoff(const Row *row, const void *field, StrBuf *text) {
        return print_pair("on", "off", field, text);
}
const RowType row_onoff = {
        .storage = STORE_PLAIN, .size = sizeof(Tristate), .want = "on, off", .read = read_onoff, .print = print_onoff
};

static int read_flag(const Row *row, const char *text, const char *unit, void *field) {
        *(bool *) field = true;
        return 0;
}
static bool print_flag(const Row *row, const void *field, StrBuf *text) {
        return *(const bool *) field;
}
const RowType row_flag = {
        .storage = STORE_PLAIN,
        .size = sizeof(bool),
        .has_presence = true,
        .want = "nothing",
        .read = read_flag,
        .print = print_flag,
};

/* ---- numbers ---- */

#define WANT_UINT "a number from 0 to 4294967295"
#define WANT_U64 "a number from 0 to 18446744073709551615"

static int read_uint(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t value;
        int r = read_any_base(text, UINT32_MAX, &value);

        if (r == 0)
                *(unsigned *) field = (unsigned) value;
        return r;
}

static bool print_dec(const Row *row, const void *field, StrBuf *text) {
        print_u64(text, *(const unsigned *) field);
        return true;
}

static bool print_uint(const Row *row, const void *field, StrBuf *text) {
        return *(const unsigned *) field && print_dec(row, field, text);
}

static bool print_hex(const Row *row, const void *field, StrBuf *text) {
        strbuf_addf(text, "0x%0*x", (int) row->digits, *(const unsigned *) field);
        return true;
}

const RowType row_uint = {
        .storage = STORE_PLAIN, .size = sizeof(unsigned), .want = WANT_UINT, .read = read_uint, .print = print_uint
};
const RowType row_dec = {
        .storage = STORE_PLAIN, .size = sizeof(unsigned), .want = WANT_UINT, .read = read_uint, .print = print_dec
};
const RowType row_hex = {
        .storage = STORE_PLAIN, .size = sizeof(unsigned), .want = WANT_UINT, .read = read_uint, .print = print_hex
};

static int read_octal(const Row *row, const char *text, const char *unit, void *field) {
        unsigned value = 0;

        if (!*text || strspn(text, "01234567") != strlen(text) || strlen(text) > 5)
                return -EINVAL;
        for (; *text; text++)
                value = value * 8 + (unsigned) (*text - '0');
        if (value > 0777)
                return -ERANGE;
        *(unsigned *) field = value;
        return 0;
}

static bool print_octal(const Row *row, const void *field, StrBuf *text) {
        unsigned value = *(const unsigned *) field;

        if (value)
                strbuf_addf(text, "%04o", value);
        return value;
}

const RowType row_octal = {
        .storage = STORE_PLAIN,
        .size = sizeof(unsigned),
        .want = "an octal number from 0000 to 0777",
        .read = read_octal,
        .print = print_octal,
};

static int read_opt_uint(const Row *row, const char *text, const char *unit, void *field) {
        unsigned value;
        int r = read_uint(row, text, unit, &value);

        if (r == 0)
                *(OptUint *) field = OPT_UINT(value);
        return r;
}

static bool print_opt_uint(const Row *row, const void *field, StrBuf *text) {
        const OptUint *opt = field;

        return opt->set && print_dec(row, &opt->value, text);
}

static bool print_opt_hex(const Row *row, const void *field, StrBuf *text) {
        const OptUint *opt = field;

        return opt->set && print_hex(row, &opt->value, text);
}

const RowType row_opt_uint = {
        .storage = STORE_PLAIN, .size = sizeof(OptUint), .want = WANT_UINT, .read = read_opt_uint, .print = print_opt_uint,
};
const RowType row_opt_hex = {
        .storage = STORE_PLAIN, .size = sizeof(OptUint), .want = WANT_UINT, .read = read_opt_uint, .print = print_opt_hex,
};

static int read_u64(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t value;
        int r = read_any_base(text, UINT64_MAX, &value);

        if (r == 0)
                *(uint64_t *) field = value;
        return r;
}

static bool print_u64_set(const Row *row, const void *field, StrBuf *text) {
        uint64_t value = *(const uint64_t *) field;

        if (value)
                print_u64(text, value);
        return value;
}

const RowType row_u64 = {
        .storage = STORE_PLAIN, .size = sizeof(uint64_t), .want = WANT_U64, .read = read_u64, .print = print_u64_set
};

static int read_opt_u64(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t value;
        int r = read_u64(row, text, unit, &value);

        if (r == 0)
                *(OptU64 *) field = OPT_U64(value);
        return r;
}

static bool print_opt_u64(const Row *row, const void *field, StrBuf *text) {
        const OptU64 *opt = field;

        if (opt->set)
                print_u64(text, opt->value);
        return opt->set;
}

static bool print_opt_hex64(const Row *row, const void *field, StrBuf *text) {
        const OptU64 *opt = field;

        if (opt->set)
                strbuf_addf(text, "0x%0*" PRIx64, (int) row->digits, opt->value);
        return opt->set;
}

const RowType row_opt_u64 = {
        .storage = STORE_PLAIN, .size = sizeof(OptU64), .want = WANT_U64, .read = read_opt_u64, .print = print_opt_u64,
};
const RowType row_opt_hex64 = {
        .storage = STORE_PLAIN, .size = sizeof(OptU64), .want = WANT_U64, .read = read_opt_u64, .print = print_opt_hex64,
};

static int read_opt_int(const Row *row, const char *text, const char *unit, void *field) {
        bool negative = *text == '-';
        uint64_t value;
        int r = read_decimal(text + negative, INT64_MAX, &value);

        if (r == 0)
                *(OptInt *) field = OPT_INT(negative ? -(int64_t) value : (int64_t) value);
        return r;
}

static bool print_opt_int(const Row *row, const void *field, StrBuf *text) {
        const OptInt *opt = field;

        if (!opt->set)
                return false;
        if (opt->value < 0)
                strbuf_add_n(text, "-", 1);
        print_u64(text, opt->value < 0 ? -(uint64_t) opt->value : (uint64_t) opt->value);
        return true;
}

const RowType row_opt_int = {
        .storage = STORE_PLAIN, .size = sizeof(OptInt), .want = "a number from -9223372036854775807 to 9223372036854775807",
        .read = read_opt_int, .print = print_opt_int,
};

/* ---- sizes with a unit ---- */

/* "KiB" and "k" are 1024, "KB" is 1000, as in libvirt; 0: no such unit. */
static uint64_t unit_scale(const char *unit) {
        static const char letters[] = "kmgtpe";
        const char *letter;
        uint64_t base, scale = 1;

        if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 || strcasecmp(unit, "bytes") == 0)
                return 1;
        letter = *unit ? strchr(letters, tolower((unsigned char) *unit)) : NULL;
        if (!letter)
                return 0;
        base = !unit[1] || strcasecmp(unit + 1, "iB") == 0 ? 1024 : strcasecmp(unit + 1, "B") == 0 ? 1000 : 0;
        for (const char *p = letters; base && p <= letter; p++)
                scale *= base;
        return base ? scale : 0;
}

#define WANT_SIZE "a number, with unit being one of bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB"

/* In bytes; without unit the number counts fallback bytes. */
static int read_size(const char *text, const char *unit, uint64_t fallback, uint64_t *ret) {
        uint64_t value, scale = unit ? unit_scale(unit) : fallback;
        int r = read_decimal(text, UINT64_MAX, &value);

        if (r < 0)
                return r;
        if (!scale)
                return -EINVAL;
        return __builtin_mul_overflow(value, scale, ret) ? -ERANGE : 0;
}

static int read_kib(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t bytes;
        int r = read_size(text, unit, 1024, &bytes);

        if (r == 0)
                *(uint64_t *) field = bytes / 1024 + (bytes % 1024 != 0);
        return r;
}

static int read_opt_kib(const Row *row, const char *text, const char *unit, void *field) {
        uint64_t value;
        int r = read_kib(row, text, unit, &value);

        if (r == 0)
                *(OptU64 *) field = OPT_U64(value);
        return r;
}

static int read_bytes(const Row *row, const char *text, const char *unit, void *field) {
        return read_size(text, unit, 1, field);
}

const RowType row_kib = {
        .storage = STORE_PLAIN,
        .size = sizeof(uint64_t),
        .unit = "KiB",
        .want = WANT_SIZE,
        .read = read_kib,
        .print = print_u64_set,
};
const RowType row_opt_kib = {
        .storage = STORE_PLAIN,
        .size = sizeof(OptU64),
        .unit = "KiB",
        .want = WANT_SIZE,
        .read = read_opt_kib,
        .print = print_opt_u64,
};
const RowType row_bytes = {
        .storage = STORE_PLAIN,
        .size = sizeof(uint64_t),
        .unit = "bytes",
        .want = WANT_SIZE,
        .read = read_bytes,
        .print = print_u64_set,
};

/* ---- identities ---- */

static int read_uuid(const Row *row, const char *text, const char *unit, void *field) {
        char digits[33];
        size_t n = 0;

        /* Blanks around it and hyphens anywhere between digits, as libvirt reads it. */
        for (text += strspn(text, " \t\r\n"); *text && !isspace((unsigned char) *text); text++) {
                if (*text == '-')
                        continue;
                if (n == 32 || !isxdigit((unsigned char) *text))
                        return -EINVAL;
                digits[n++] = *text;
        }
        digits[n] = 0;
        if (n != 32 || text[strspn(text, " \t\r\n")] || sd_id128_from_string(digits, field) < 0)
                return -EINVAL;
        return 0;
}

static bool print_uuid(const Row *row, const void *field, StrBuf *text) {
        const sd_id128_t *uuid = field;

        if (sd_id128_is_null(*uuid))
                return false;
        strbuf_addf(text, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(*uuid));
        return true;
}

const RowType row_uuid = {
        .storage = STORE_PLAIN,
        .size = sizeof(sd_id128_t),
        .want = "a UUID of 32 hexadecimal digits",
        .read = read_uuid,
        .print = print_uuid,
};

static int read_mac(const Row *row, const char *text, const char *unit, void *field) {
        return mac_address_parse(text, field);
}

static bool print_mac(const Row *row, const void *field, StrBuf *text) {
        const MacAddress *mac = field;

        if (mac->set) {
                CLEANUP(free) char *value = mac_address_text(mac);

                strbuf_add(text, value);
        }
        return mac->set;
}

const RowType row_mac = {
        .storage = STORE_PLAIN,
        .size = sizeof(MacAddress),
        .want = "a MAC address as 52:54:00:12:34:56",
        .read = read_mac,
        .print = print_mac,
};

static int read_cpuset(const Row *row, const char *text, const char *unit, void *field) {
        CpuSet *set = NULL;
        int r = cpu_set_parse(text, &set);

        if (r < 0)
                return r;
        free(*(CpuSet **) field);
        *(CpuSet **) field = set;
        return 0;
}

static bool print_cpuset(const Row *row, const void *field, StrBuf *text) {
        const CpuSet *set = *(CpuSet *const *) field;

        if (set) {
                CLEANUP(free) char *value = cpu_set_text(set);

                strbuf_add(text, value);
        }
        return set;
}

const RowType row_cpuset = {
        .storage = STORE_CPU_SET, .want = "a list of numbers as 0-3,^2,8", .read = read_cpuset, .print = print_cpuset
};
