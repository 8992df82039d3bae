/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/table.h"

#include "util/strbuf.h"

int table_value(const EnumTable *table, const char *name) {
        if (!name || !*name)
                return -1;
        for (int i = 0; i < table->n; i++)
                if (streq(table->names[i], name))
                        return i;
        return -1;
}

const char *table_name(const EnumTable *table, int value) {
        return value >= 0 && value < table->n ? table->names[value] : NULL;
}

char *table_list(const EnumTable *table) {
        CLEANUP(strbuf_done) StrBuf text = {};

        for (int i = 0; i < table->n; i++)
                if (table->names[i] && *table->names[i])
                        strbuf_addf(&text, "%s%s", text.len ? ", " : "", table->names[i]);
        return strbuf_steal(&text);
}

#define MAX_WORD 64

static size_t min3(size_t a, size_t b, size_t c) {
        size_t ab = a < b ? a : b;

        return ab < c ? ab : c;
}

/* Edit distance with swaps of neighbours; words longer than MAX_WORD are compared by their beginning. */
static size_t distance(const char *a, const char *b) {
        size_t rows[3][MAX_WORD + 1], *before = rows[0], *above = rows[1], *row = rows[2], *spare;
        size_t len_a = strnlen(a, MAX_WORD), len_b = strnlen(b, MAX_WORD);

        for (size_t j = 0; j <= len_b; j++)
                above[j] = before[j] = j;
        for (size_t i = 1; i <= len_a; i++) {
                row[0] = i;
                for (size_t j = 1; j <= len_b; j++) {
                        row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                                row[j] = before[j - 2] + 1;
                }
                spare = before;
                before = above;
                above = row;
                row = spare;
        }
        return above[len_b];
}

const char *nearest_name(const char *word, const char *const *names, size_t n) {
        size_t limit = strlen(word) / 3 + 1, best = limit + 1;
        const char *found = NULL;

        for (size_t i = 0; i < n; i++) {
                size_t d = names[i] && *names[i] ? distance(word, names[i]) : best;

                if (d < best) {
                        best = d;
                        found = names[i];
                }
        }
        return found;
}
