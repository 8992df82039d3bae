/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tools/output.h - text for people: aligned tables (UTF-8, by display width), wrapped paragraphs, colours where wanted. */
#pragma once
#include <stdbool.h>
#include "util/strbuf.h"

typedef enum Color { COLOR_PLAIN, COLOR_BOLD, COLOR_GOOD, COLOR_BAD, COLOR_WARN, COLOR_DIM, COLOR_MAX } Color;

#define TABLE_MAX_COLUMNS 8

typedef struct TextTable {
        size_t n_columns;
        char **cells;                   /* row after row, owned; the first row is the heading */
        size_t n_cells;
} TextTable;

/* columns end with NULL. Zero or more rows follow, each with a cell per column; NULL is shown as "-". Cells are copied. */
void text_table_init(TextTable *table, const char *const *columns);
void text_table_add(TextTable *table, const char *const *cells);
void text_table_done(TextTable *table);
static inline void text_table_done_p(TextTable *table) {
        text_table_done(table);
}
void text_table_format(const TextTable *table, bool color, StrBuf *out);

/* Columns on a terminal; bytes that are no UTF-8 count one each. */
size_t text_width(const char *text);
/* What a stranger wrote, without its control characters: none of it moves the cursor or starts a line. The caller frees. */
char *text_safe(const char *text);
/* text between the escape sequences of color, or text alone. */
void text_add_colored(StrBuf *out, bool color, Color which, const char *text);
/* Words of text from column indent to width; the first line is begun already. Ends with a line feed. */
void text_add_wrapped(StrBuf *out, const char *text, size_t indent, size_t width);
