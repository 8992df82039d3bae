/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/types.h"

#include <ctype.h>
#include <errno.h>
#include "util/strbuf.h"

char *mac_address_text(const MacAddress *mac) {
        const uint8_t *b = mac->bytes;

        return xasprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* As libvirt: each part has one or two digits, separated by colons. */
int mac_address_parse(const char *text, MacAddress *ret) {
        MacAddress mac = { .set = true };

        for (int i = 0; i < 6; i++) {
                int high = hex_digit(*text), low;

                if (high < 0)
                        return -EINVAL;
                low = hex_digit(*++text);
                mac.bytes[i] = (uint8_t) (low < 0 ? high : high << 4 | low);
                text += low >= 0;
                if (*text != (i < 5 ? ':' : 0))
                        return -EINVAL;
                text++;
        }
        *ret = mac;
        return 0;
}

CpuSet *cpu_set_new(unsigned n_bits) {
        unsigned n_words = (n_bits + 63) / 64;
        CpuSet *set = xcalloc(1, sizeof(CpuSet) + n_words * sizeof(uint64_t));

        set->n_words = n_words;
        return set;
}

void cpu_set_add(CpuSet *set, unsigned bit) {
        set->words[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool cpu_set_has(const CpuSet *set, unsigned bit) {
        return set && bit / 64 < set->n_words && set->words[bit / 64] >> bit % 64 & 1;
}

unsigned cpu_set_count(const CpuSet *set) {
        unsigned n = 0;

        for (unsigned i = 0; set && i < set->n_words; i++)
                n += (unsigned) __builtin_popcountll(set->words[i]);
        return n;
}

CpuSet *cpu_set_copy(const CpuSet *set) {
        CpuSet *copy;

        if (!set)
                return NULL;
        copy = cpu_set_new(set->n_words * 64);
        memcpy(copy->words, set->words, set->n_words * sizeof(uint64_t));
        return copy;
}

bool cpu_set_equal(const CpuSet *a, const CpuSet *b) {
        if (!a || !b)
                return a == b;
        return a->n_words == b->n_words && memcmp(a->words, b->words, a->n_words * sizeof(uint64_t)) == 0;
}

static int parse_bit(const char **text, unsigned *ret) {
        unsigned n = 0;

        if (!isdigit((unsigned char) **text))
                return -EINVAL;
        for (; isdigit((unsigned char) **text); (*text)++) {
                n = n * 10 + (unsigned) (**text - '0');
                if (n >= CPU_SET_MAX)
                        return -ERANGE;
        }
        *ret = n;
        return 0;
}

/* One of "3", "0-3", "^2". The bits are CPU_SET_MAX wide. */
static int parse_range(const char **text, uint64_t *bits) {
        bool negate = **text == '^';
        unsigned first, last;
        int r;

        *text += negate;
        if ((r = parse_bit(text, &first)) < 0)
                return r;
        last = first;
        if (**text == '-' && !negate) {
                (*text)++;
                if ((r = parse_bit(text, &last)) < 0)
                        return r;
        }
        if (last < first || (negate && !(bits[first / 64] >> first % 64 & 1)))
                return -EINVAL;
        for (unsigned word = first / 64; word <= last / 64; word++) {
                unsigned low = word == first / 64 ? first % 64 : 0, high = word == last / 64 ? last % 64 : 63;
                uint64_t mask = (UINT64_MAX >> (63 - high)) & (UINT64_MAX << low);

                bits[word] = negate ? bits[word] & ~mask : bits[word] | mask;
        }
        return 0;
}

static const char *skip_blanks(const char *text) {
        return text + strspn(text, " \t\r\n");
}

int cpu_set_parse(const char *text, CpuSet **ret) {
        uint64_t bits[CPU_SET_MAX / 64] = {};
        unsigned n_words = CPU_SET_MAX / 64;
        int r;

        for (text = skip_blanks(text);;) {
                if ((r = parse_range(&text, bits)) < 0)
                        return r;
                text = skip_blanks(text);
                if (!*text)
                        break;
                if (*text++ != ',')
                        return -EINVAL;
                text = skip_blanks(text);
        }
        while (n_words > 0 && !bits[n_words - 1])
                n_words--;
        if (n_words == 0)
                return -EINVAL;
        *ret = cpu_set_new(n_words * 64);
        memcpy((*ret)->words, bits, n_words * sizeof(uint64_t));
        return 0;
}

char *cpu_set_text(const CpuSet *set) {
        CLEANUP(strbuf_done) StrBuf text = {};

        for (unsigned i = 0; i < set->n_words * 64; i++) {
                unsigned last = i;

                if (!cpu_set_has(set, i))
                        continue;
                while (cpu_set_has(set, last + 1))
                        last++;
                strbuf_addf(&text, last > i ? "%s%u-%u" : "%s%u", text.len ? "," : "", i, last);
                i = last;
        }
        return strbuf_steal(&text);
}
