/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element_print.c - prints structs by their tables, in libvirt's layout: two spaces, single quotes, <empty/>. */
#include "conf/element.h"

#include <assert.h>

/* ---- markup ---- */

static const char *escape_of(char c, bool attribute) {
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '\'':
                return "&apos;";
        case '"':
                return "&quot;";
        case '\r':
                return "&#xD;";
        case '\n':              /* a reader folds line ends in attributes to blanks */
                return attribute ? "&#xA;" : NULL;
        case '\t':
                return attribute ? "&#x9;" : NULL;
        default:
                return NULL;
        }
}

static void add_escaped(StrBuf *buf, const char *text, bool attribute) {
        const char *plain = text, *special = text;

        while (*(special = special + strcspn(special, "&<>'\"\r\n\t"))) {
                const char *escape = escape_of(*special, attribute);

                if (escape) {
                        strbuf_add_n(buf, plain, (size_t) (special - plain));
                        strbuf_add(buf, escape);
                        plain = special + 1;
                }
                special++;
        }
        strbuf_add_n(buf, plain, (size_t) (special - plain));
}

static void end_tag(Printer *printer, const char *end, size_t n) {
        if (printer->in_tag)
                strbuf_add_n(&printer->buf, end, n);
        printer->in_tag = false;
}

static void indent(Printer *printer) {
        static const char blanks[] = "                                ";

        for (int n = 2 * printer->depth; n > 0; n -= (int) sizeof(blanks) - 1)
                strbuf_add_n(&printer->buf, blanks, n < (int) sizeof(blanks) - 1 ? (size_t) n : sizeof(blanks) - 1);
}

void printer_open(Printer *printer, const char *name, size_t len) {
        end_tag(printer, ">\n", 2);
        indent(printer);
        strbuf_add_n(&printer->buf, "<", 1);
        strbuf_add_n(&printer->buf, name, len);
        printer->in_tag = true;
        printer->depth++;
}

void printer_close(Printer *printer, const char *name, size_t len) {
        printer->depth--;
        if (printer->in_tag) {
                end_tag(printer, "/>\n", 3);
                return;
        }
        if (!printer->after_text)
                indent(printer);
        printer->after_text = false;
        strbuf_add_n(&printer->buf, "</", 2);
        strbuf_add_n(&printer->buf, name, len);
        strbuf_add_n(&printer->buf, ">\n", 2);
}

static void add_attribute(Printer *printer, const char *name, size_t len, const char *value, bool escape) {
        assert(printer->in_tag);
        strbuf_add_n(&printer->buf, " ", 1);
        strbuf_add_n(&printer->buf, name, len);
        strbuf_add_n(&printer->buf, "='", 2);
        if (escape)
                add_escaped(&printer->buf, value, true);
        else
                strbuf_add(&printer->buf, value);
        strbuf_add_n(&printer->buf, "'", 1);
}

void printer_attribute(Printer *printer, const char *name, const char *value) {
        add_attribute(printer, name, strlen(name), value, true);
}

void printer_text(Printer *printer, const char *text) {
        end_tag(printer, ">", 1);
        add_escaped(&printer->buf, text, false);
        printer->after_text = true;
}

void printer_raw(Printer *printer, const char *xml) {
        end_tag(printer, ">\n", 2);
        indent(printer);
        strbuf_add(&printer->buf, xml);
        strbuf_add_n(&printer->buf, "\n", 1);
}

/* ---- rows ---- */

/* Where in the element the printer stands: the children that are open, "source/address". */
typedef struct Cursor {
        const char *path;
        size_t len;
} Cursor;

static size_t common_prefix(const Cursor *cursor, const char *path, size_t len) {
        size_t i = 0, whole = 0;

        while (i < cursor->len && i < len && cursor->path[i] == path[i]) {
                i++;
                if ((i == cursor->len || cursor->path[i] == '/') && (i == len || path[i] == '/'))
                        whole = i;
        }
        return whole;
}

/* Closes and opens children until path stands open. */
static void move_to(Printer *printer, Cursor *cursor, const char *path, size_t len) {
        size_t keep = common_prefix(cursor, path, len);

        while (cursor->len > keep) {
                size_t start = cursor->len;

                while (start > 0 && cursor->path[start - 1] != '/')
                        start--;
                printer_close(printer, cursor->path + start, cursor->len - start);
                cursor->len = start ? start - 1 : 0;
        }
        while (keep < len) {
                size_t start = keep + (keep > 0), n = 0;

                while (start + n < len && path[start + n] != '/')
                        n++;
                printer_open(printer, path + start, n);
                keep = start + n;
        }
        cursor->path = path;
        cursor->len = len;
}

static bool is_hidden(const Printer *printer, const Row *row, const void *field) {
        if (row->flags & ROW_SECRET && !(printer->flags & PRINT_SECRETS))
                return true;
        if (!(printer->flags & PRINT_INACTIVE))
                return false;
        if (row->flags & ROW_ALIAS) {
                const char *alias = *(const char *const *) field;

                return alias && strncmp(alias, "ua-", 3) != 0;
        }
        return row->flags & ROW_LIVE;
}

/* The value as text, in the field itself or in the scratch buffer; NULL: absent. An empty text element is absent. */
static const char *value_text(Printer *printer, const Row *row, const void *field, bool is_attribute) {
        if (row->type->storage == STORE_TEXT) {
                const char *text = *(const char *const *) field;

                return text && (*text || is_attribute) ? text : NULL;
        }
        printer->scratch.len = 0;
        if (!row->type->print(row, field, &printer->scratch))
                return NULL;
        return printer->scratch.text ? printer->scratch.text : "";
}

static void print_value(Printer *printer, Cursor *cursor, const Row *row, const void *field) {
        const char *at = strchr(row->path, '@');
        size_t len = at ? (size_t) (at - row->path) : streq(row->path, ".") ? 0 : strlen(row->path);
        const char *value = value_text(printer, row, field, at);

        if (!value)
                return;
        printer->n_printed++;
        move_to(printer, cursor, row->path, len);
        if (row->type->has_presence)
                return;
        if (at)
                add_attribute(printer, at + 1, strlen(at + 1), value, row->type->storage == STORE_TEXT);
        if (row->type->unit)
                add_attribute(printer, "unit", 4, row->type->unit_of ? row->type->unit_of(field) : row->type->unit, false);
        if (at)
                return;
        printer_text(printer, value);
}

static bool is_absent(const Row *row, const void *field) {
        if (row->type->storage == STORE_POINTER)
                return !*(void *const *) field;
        return row->type->storage != STORE_STRUCT && ((const LIST_OF(void) *) field)->n == 0;
}

/* A struct in place is printed when something in it is: what was written of an empty one is taken back. */
static void print_whole(Printer *printer, Cursor *cursor, const Row *row, const void *field) {
        const char *slash = strrchr(row->path, '/'), *name = slash ? slash + 1 : row->path;
        size_t n_printed = printer->n_printed, len;
        bool in_tag;

        if (!row->type->format || is_absent(row, field))
                return;
        move_to(printer, cursor, row->path, slash ? (size_t) (slash - row->path) : 0);
        len = printer->buf.len;
        in_tag = printer->in_tag;
        row->type->format(printer, row, name, field);
        if (row->type->storage == STORE_STRUCT && printer->n_printed == n_printed) {
                printer->buf.len = len;
                printer->in_tag = in_tag;
                printer->after_text = false;
        } else
                printer->n_printed++;
}

static void print_rows(Printer *printer, Cursor *cursor, const Element *element, const void *object);

/* A table that is printed into a child has a cursor of its own, which begins there. */
static void print_included(Printer *printer, Cursor *cursor, const Row *row, const void *field) {
        Cursor inner = { "", 0 };

        if (!*row->path) {
                print_rows(printer, cursor, row->arg, field);
                return;
        }
        move_to(printer, cursor, row->path, strlen(row->path));
        print_rows(printer, &inner, row->arg, field);
        move_to(printer, &inner, "", 0);
}

static void print_rows(Printer *printer, Cursor *cursor, const Element *element, const void *object) {
        for (const Row *row = element->rows; row->path; row++) {
                const void *field = row_field(row, object);

                if (!row_applies(row, object) || is_hidden(printer, row, field))
                        continue;
                if (row->type->shape == SHAPE_INCLUDE)
                        print_included(printer, cursor, row, field);
                else if (row->type->shape == SHAPE_WHOLE)
                        print_whole(printer, cursor, row, field);
                else
                        print_value(printer, cursor, row, field);
        }
}

void element_print(Printer *printer, const char *name, const Element *element, const void *object) {
        Cursor cursor = { "", 0 };

        printer_open(printer, name, strlen(name));
        print_rows(printer, &cursor, element, object);
        move_to(printer, &cursor, "", 0);
        printer_close(printer, name, strlen(name));
}
