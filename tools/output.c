/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/output.c - text for people: aligned tables (UTF-8, by display width), wrapped paragraphs, colours where wanted. */
#include "output.h"
#include <wchar.h>

static const char *const color_codes[COLOR_MAX] = {
        [COLOR_PLAIN] = "", [COLOR_BOLD] = "\033[1m", [COLOR_GOOD] = "\033[32m",
        [COLOR_BAD] = "\033[1;31m", [COLOR_WARN] = "\033[33m", [COLOR_DIM] = "\033[2m",
};

/* The next character: its bytes (1 for a broken one) and its columns. */
static size_t next_char(const char *text, size_t *ret_columns) {
        mbstate_t state = { 0 };
        wchar_t wide;
        size_t n = mbrtowc(&wide, text, strlen(text), &state);
        int columns;

        if (n == 0 || n > 8) {
                *ret_columns = 1;
                return 1;
        }
        columns = wcwidth(wide);
        *ret_columns = columns < 0 ? 1 : (size_t) columns;
        return n;
}

size_t text_width(const char *text) {
        size_t width = 0, columns;

        while (*text) {
                text += next_char(text, &columns);
                width += columns;
        }
        return width;
}

char *text_safe(const char *text) {
        char *copy = xstrdup(text);

        for (unsigned char *at = (unsigned char *) copy; *at; at++)
                if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f)
                        *at = '?';
                else if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
                        at[0] = at[1] = '?';    /* U+0080..U+009F: a second set of control characters */
        return copy;
}

void text_add_colored(StrBuf *out, bool color, Color which, const char *text) {
        if (!color || which == COLOR_PLAIN) {
                strbuf_add(out, text);
                return;
        }
        strbuf_add(out, color_codes[which]);
        strbuf_add(out, text);
        strbuf_add(out, "\033[0m");
}

static void add_spaces(StrBuf *out, size_t n) {
        while (n-- > 0)
                strbuf_add_n(out, " ", 1);
}

void text_table_init(TextTable *table, const char *const *columns) {
        *table = (TextTable) { 0 };
        while (columns[table->n_columns])
                table->n_columns++;
        text_table_add(table, columns);
}

void text_table_add(TextTable *table, const char *const *cells) {
        for (size_t i = 0; i < table->n_columns; i++) {
                char *cell = text_safe(cells[i] ? cells[i] : "-");

                for (char *at = cell; *at; at++)
                        if (*at == '\n' || *at == '\t')
                                *at = ' ';
                *ARRAY_APPEND(table->cells, table->n_cells) = cell;
        }
}

void text_table_done(TextTable *table) {
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        *table = (TextTable) { 0 };
}

void text_table_format(const TextTable *table, bool color, StrBuf *out) {
        size_t widths[TABLE_MAX_COLUMNS] = { 0 };

        for (size_t i = 0; i < table->n_cells; i++) {
                size_t width = text_width(table->cells[i]);

                if (width > widths[i % table->n_columns])
                        widths[i % table->n_columns] = width;
        }
        for (size_t i = 0; i < table->n_cells; i++) {
                bool last = i % table->n_columns == table->n_columns - 1;

                text_add_colored(out, color, i < table->n_columns ? COLOR_BOLD : COLOR_PLAIN, table->cells[i]);
                if (last)
                        strbuf_add(out, "\n");
                else
                        add_spaces(out, widths[i % table->n_columns] - text_width(table->cells[i]) + 2);
        }
}

void text_add_wrapped(StrBuf *out, const char *text, size_t indent, size_t width) {
        size_t column = indent;
        CLEANUP(free) char *safe = text_safe(text);
        char *rest = NULL;

        for (char *word = strtok_r(safe, " \n\t", &rest); word; word = strtok_r(NULL, " \n\t", &rest)) {
                size_t columns = text_width(word);

                if (column > indent && column + 1 + columns > width) {
                        strbuf_add(out, "\n");
                        add_spaces(out, indent);
                        column = indent;
                }
                if (column > indent) {
                        strbuf_add(out, " ");
                        column++;
                }
                strbuf_add(out, word);
                column += columns;
        }
        strbuf_add(out, "\n");
}
