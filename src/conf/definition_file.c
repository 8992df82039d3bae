/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/definition_file.h"

#include <inttypes.h>
#include <stdio.h>

#include "util/strbuf.h"

#define MAGIC "<!-- virtward 1 sum="
#define SUM_DIGITS 16

/* Finds what a disk or an editor does, not what an enemy could do; eight bytes at a time, since start-up reads them all. */
static uint64_t sum_of(const char *bytes, size_t len) {
        uint64_t sum = len * UINT64_C(0x9e3779b97f4a7c15), word;

        for (; len > 0; bytes += sizeof(word)) {
                size_t n = len < sizeof(word) ? len : sizeof(word);

                word = 0;
                memcpy(&word, bytes, n);
                sum = (sum ^ word) * UINT64_C(0xff51afd7ed558ccd);
                sum ^= sum >> 32;
                len -= n;
        }
        return sum;
}

StoredDomain *definition_new(const DomainFacts *facts, const char *xml, size_t xml_len) {
        size_t name_size = strlen(facts->name) + 1, title_size = facts->title ? strlen(facts->title) + 1 : 0;
        StoredDomain *domain = xmalloc(sizeof(*domain) + name_size + title_size + xml_len + 1);
        char *at = (char *) (domain + 1);

        *domain = (StoredDomain) { .facts = *facts, .xml_len = xml_len };
        domain->facts.name = memcpy(at, facts->name, name_size);
        at += name_size;
        domain->facts.title = title_size > 0 ? memcpy(at, facts->title, title_size) : NULL;
        at += title_size;
        domain->xml = memcpy(at, xml, xml_len);
        at[xml_len] = 0;
        return domain;
}

/* A comment must not hold "--" and a line no line end; a quote would end the value. */
static void add_quoted(StrBuf *buf, const char *key, const char *value) {
        if (!value)
                return;
        strbuf_addf(buf, " %s='", key);
        for (const char *c = value; *c; c++)
                if ((unsigned char) *c < 0x20 || *c == '\'' || *c == '%' || *c == '-' || *c == 0x7f)
                        strbuf_addf(buf, "%%%02x", (unsigned char) *c);
                else
                        strbuf_add_n(buf, c, 1);
        strbuf_add(buf, "'");
}

char *definition_write(const StoredDomain *domain, size_t *ret_len) {
        const DomainFacts *facts = &domain->facts;
        char uuid[SD_ID128_UUID_STRING_MAX], sum[SUM_DIGITS + 1];
        size_t summed = strlen(MAGIC) + SUM_DIGITS;
        StrBuf buf = {};

        strbuf_reserve(&buf, domain->xml_len + 512);
        strbuf_addf(&buf,
                    MAGIC "%016x uuid=%s autostart=%d memory=%" PRIu64 " current=%" PRIu64 " vcpus=%u max_vcpus=%u required=%d",
                    0, sd_id128_to_uuid_string(facts->uuid, uuid), facts->autostart, facts->max_memory_kib, facts->memory_kib,
                    facts->n_vcpus, facts->max_vcpus, facts->policy_required);
        add_quoted(&buf, "name", facts->name);
        add_quoted(&buf, "title", facts->title);
        strbuf_add(&buf, " -->\n");
        strbuf_add_n(&buf, domain->xml, domain->xml_len);
        snprintf(sum, sizeof(sum), "%016" PRIx64, sum_of(buf.text + summed, buf.len - summed));
        memcpy(buf.text + strlen(MAGIC), sum, SUM_DIGITS);
        *ret_len = buf.len;
        return strbuf_steal(&buf);
}

/* Takes a literal text at *at. */
static bool take(const char **at, const char *text) {
        size_t len = strlen(text);

        if (strncmp(*at, text, len) != 0)
                return false;
        *at += len;
        return true;
}

static bool take_number(const char **at, const char *key, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;
        const char *c;

        if (!take(at, key))
                return false;
        for (c = *at; *c >= '0' && *c <= '9'; c++)
                if (value > (UINT64_MAX - 9) / 10)
                        return false;
                else
                        value = 10 * value + (*c - '0');
        if (c == *at || value > max)
                return false;
        *at = c;
        *ret = value;
        return true;
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes add_quoted(). NULL when the value is absent or wrong. */
static char *take_quoted(const char **at, const char *key) {
        const char *end;
        char *value, *to;

        if (!take(at, key) || !(end = strchr(*at, '\'')))
                return NULL;
        value = to = xmalloc(end - *at + 1);
        for (const char *c = *at; c < end; c++) {
                if (*c == '%' && end - c > 2 && hex_digit(c[1]) >= 0 && hex_digit(c[2]) >= 0) {
                        *to++ = (char) (hex_digit(c[1]) * 16 + hex_digit(c[2]));
                        c += 2;
                } else {
                        *to++ = *c;
                }
        }
        *to = 0;
        *at = end + 1;
        return value;
}

static bool take_uuid(const char **at, sd_id128_t *ret) {
        char uuid[SD_ID128_UUID_STRING_MAX] = "";

        if (!take(at, " uuid=") || strnlen(*at, sizeof(uuid) - 1) < sizeof(uuid) - 1)
                return false;
        memcpy(uuid, *at, sizeof(uuid) - 1);
        *at += sizeof(uuid) - 1;
        return sd_id128_from_string(uuid, ret) >= 0;
}

static bool take_facts(const char **at, DomainFacts *facts) {
        uint64_t autostart, required, n_vcpus, max_vcpus;

        if (!take_uuid(at, &facts->uuid) || !take_number(at, " autostart=", 1, &autostart) ||
            !take_number(at, " memory=", UINT64_MAX, &facts->max_memory_kib) ||
            !take_number(at, " current=", UINT64_MAX, &facts->memory_kib) || !take_number(at, " vcpus=", UINT32_MAX, &n_vcpus) ||
            !take_number(at, " max_vcpus=", UINT32_MAX, &max_vcpus) || !take_number(at, " required=", 1, &required))
                return false;
        facts->autostart = autostart;
        facts->policy_required = required;
        facts->n_vcpus = n_vcpus;
        facts->max_vcpus = max_vcpus;
        return true;
}

int definition_read(const char *text, size_t len, StoredDomain **ret, const char **ret_why) {
        CLEANUP(free) char *name = NULL;
        CLEANUP(free) char *title = NULL;
        DomainFacts facts = {};
        const char *at = text;
        uint64_t sum = 0;

        *ret_why = "it does not begin with the line that virtward writes";
        if (len < strlen(MAGIC) + SUM_DIGITS || !take(&at, MAGIC))
                return -1;
        for (int i = 0; i < SUM_DIGITS; i++, at++)
                if (hex_digit(*at) < 0)
                        return -1;
                else
                        sum = sum << 4 | (uint64_t) hex_digit(*at);
        *ret_why = "its content does not fit its check sum: it was damaged, or edited by hand";
        if (sum != sum_of(at, len - (at - text)) || strlen(text) != len)
                return -1;
        *ret_why = "its first line is not one of this version of virtward";
        if (!take_facts(&at, &facts) || !(name = take_quoted(&at, " name='")))
                return -1;
        title = take_quoted(&at, " title='");
        if (!*name || !take(&at, " -->\n"))
                return -1;
        facts.name = name;
        facts.title = title;
        *ret = definition_new(&facts, at, len - (at - text));
        return 0;
}
