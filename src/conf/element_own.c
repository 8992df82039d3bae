/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element_own.c - nested structs and lists, and what follows from the tables for all: freeing, copying, comparing. */
#include <ctype.h>
#include "conf/element.h"

typedef LIST_OF(void) AnyList;

/* ---- nested ---- */

static int parse_struct(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        return element_parse(parser, row->arg, node, field, err);
}
static void format_struct(Printer *printer, const Row *row, const char *name, const void *field) {
        element_print(printer, name, row->arg, field);
}
const RowType row_struct = { .shape = SHAPE_WHOLE, .storage = STORE_STRUCT, .parse = parse_struct, .format = format_struct };

/* The object is in place before it is read, so that a failure leaves it to its owner. */
static int parse_pointer(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        const Element *element = row->arg;
        void *object = *(void **) field = xcalloc(1, element->size);

        return element_parse(parser, element, node, object, err);
}
static void format_pointer(Printer *printer, const Row *row, const char *name, const void *field) {
        element_print(printer, name, row->arg, *(void *const *) field);
}
const RowType row_pointer = { .shape = SHAPE_WHOLE, .storage = STORE_POINTER, .parse = parse_pointer, .format = format_pointer };

/* More of one thing than any machine has would only be there to cost memory. */
static int check_room(const Parser *parser, const xmlNode *node, size_t n, Error **err) {
        CLEANUP(free) char *subject = NULL;

        if (n < ELEMENT_LIST_MAX)
                return 0;
        subject = xasprintf("<%s>", node->name);
        return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "there are more than %d of them", ELEMENT_LIST_MAX);
}

static int parse_item(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        const Element *element = row->arg;
        AnyList *list = field;
        void *object;

        if (check_room(parser, node, list->n, err) < 0)
                return -1;
        object = *ARRAY_APPEND(list->items, list->n) = xcalloc(1, element->size);
        return element_parse(parser, element, node, object, err);
}
static void format_list(Printer *printer, const Row *row, const char *name, const void *field) {
        const AnyList *list = field;

        for (size_t i = 0; i < list->n; i++)
                element_print(printer, name, row->arg, list->items[i]);
}
const RowType row_list = { .shape = SHAPE_WHOLE, .storage = STORE_LIST, .parse = parse_item, .format = format_list };

/* ---- lists of texts: <certificate>...</certificate>; with a table of words <codec type='duplex'/> ---- */

static int parse_string(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        const char *text = row->arg ? element_attribute(node, "type") : element_text(node);
        CLEANUP(free) char *subject = xasprintf("<%s>", node->name);
        AnyList *list = field;

        if (check_room(parser, node, list->n, err) < 0)
                return -1;
        if (!text)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err,
                                      row->arg ? "attribute 'type' is missing" : "its text is missing");
        if (node->children && row->arg)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "it must be empty");
        if (row->arg && table_value(row->arg, text) < 0) {
                CLEANUP(free) char *allowed = table_list(row->arg),
                     *value = xasprintf("%s '%s'", ((const EnumTable *) row->arg)->what, text);

                return element_refuse(parser, node, "type", ERROR_XML, value, err, "allowed are %s", allowed);
        }
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                if (!row->arg || !streq((const char *) attribute->name, "type"))
                        return element_refuse(parser, node, (const char *) attribute->name, ERROR_XML, subject, err,
                                              "unknown attribute '%s'", attribute->name);
        *ARRAY_APPEND(list->items, list->n) = xstrdup(text);
        return 0;
}

static void format_strings(Printer *printer, const Row *row, const char *name, const void *field) {
        const AnyList *list = field;

        for (size_t i = 0; i < list->n; i++) {
                printer_open(printer, name, strlen(name));
                if (row->arg)
                        printer_attribute(printer, "type", list->items[i]);
                else
                        printer_text(printer, list->items[i]);
                printer_close(printer, name, strlen(name));
        }
}
const RowType row_strings = { .shape = SHAPE_WHOLE, .storage = STORE_STRINGS, .parse = parse_string, .format = format_strings };

const RowType row_include = { .shape = SHAPE_INCLUDE, .storage = STORE_STRUCT };

static int parse_unsupported(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        CLEANUP(free) char *subject = xasprintf("element <%s> in <%s>", node->name, node->parent->name);

        return element_refuse(parser, node, NULL, ERROR_CONFIG_UNSUPPORTED, subject, err,
                              "virtward does not implement it yet; remove it");
}
const RowType row_unsupported = { .shape = SHAPE_WHOLE, .storage = STORE_NONE, .parse = parse_unsupported };

/* ---- owning ---- */

static void free_list(const Row *row, AnyList *list) {
        for (size_t i = 0; i < list->n; i++)
                if (row->type->storage == STORE_STRINGS)
                        free(list->items[i]);
                else
                        element_free(row->arg, list->items[i]);
        free(list->items);
        *list = (AnyList) {};
}

static void free_fields(const Element *element, void *object);

static void free_field(const Row *row, void *field) {
        switch (row->type->storage) {
        case STORE_TEXT:
        case STORE_CPU_SET:
                free(*(void **) field);         /* two rows may name one field: the second finds NULL */
                *(void **) field = NULL;
                break;
        case STORE_STRUCT:                      /* not zeroed: another row may have the rest of the same struct */
                free_fields(row->arg, field);
                break;
        case STORE_POINTER:
                *(void **) field = element_free(row->arg, *(void **) field);
                break;
        case STORE_LIST:
        case STORE_STRINGS:
                free_list(row, field);
                break;
        default:
                break;
        }
}

static void free_fields(const Element *element, void *object) {
        for (const Row *row = element->rows; row->path; row++)
                free_field(row, (char *) object + row->offset);
}

void element_clear(const Element *element, void *object) {
        free_fields(element, object);
        memset(object, 0, element->size);
}

void *element_free(const Element *element, void *object) {
        if (object)
                element_clear(element, object);
        free(object);
        return NULL;
}

static void *copy_object(const Element *element, const void *from) {
        void *to = xcalloc(1, element->size);

        element_copy(element, to, from);
        return to;
}

static void copy_list(const Row *row, AnyList *to, const AnyList *from) {
        AnyList list = {};

        for (size_t i = 0; i < from->n; i++)
                LIST_APPEND(&list, row->type->storage == STORE_STRINGS ? xstrdup(from->items[i])
                                                                       : copy_object(row->arg, from->items[i]));
        *to = list;
}

/* to holds from's bytes; what a pointer owns is made its own, once. */
static void copy_field(const Row *row, void *to, const void *from) {
        switch (row->type->storage) {
        case STORE_TEXT:
                if (*(char **) to == *(char *const *) from)
                        *(char **) to = xstrdup(*(char *const *) from);
                break;
        case STORE_CPU_SET:
                if (*(CpuSet **) to == *(CpuSet *const *) from)
                        *(CpuSet **) to = cpu_set_copy(*(CpuSet *const *) from);
                break;
        case STORE_STRUCT:
                element_copy(row->arg, to, from);
                break;
        case STORE_POINTER:
                if (*(void *const *) from)
                        *(void **) to = copy_object(row->arg, *(void *const *) from);
                break;
        case STORE_LIST:
        case STORE_STRINGS:
                copy_list(row, to, from);
                break;
        default:
                break;
        }
}

void element_copy(const Element *element, void *to, const void *from) {
        memcpy(to, from, element->size);
        for (const Row *row = element->rows; row->path; row++)
                copy_field(row, (char *) to + row->offset, row_field(row, from));
}

/* ---- comparing ---- */

typedef struct Comparison {
        bool abi_only;
        StrBuf *path, *what;            /* may be NULL */
} Comparison;

static bool equal_objects(const Comparison *how, const Element *element, const void *a, const void *b);

static void add_path(const Comparison *how, const Row *row, size_t index) {
        if (!how->path)
                return;
        if (streq(row->path, "."))
                strbuf_add(how->path, "/text()");
        for (const char *p = row->path; p == row->path ? *p && *p != '.' : *p; p++)
                strbuf_addf(how->path, *p == '@' ? "/@" : p == row->path ? "/%c" : "%c", *p);
        if (index)
                strbuf_addf(how->path, "[%zu]", index);
}

static bool differ(const Comparison *how, const Row *row, const char *a, const char *b) {
        add_path(how, row, 0);
        if (how->what)
                strbuf_addf(how->what, "%s%s%s and %s%s%s", a ? "'" : "", a ? a : "absent", a ? "'" : "", b ? "'" : "",
                            b ? b : "absent", b ? "'" : "");
        return false;
}

static bool equal_values(const Comparison *how, const Row *row, const void *a, const void *b) {
        CLEANUP(strbuf_done) StrBuf text_a = {}, text_b = {};
        bool has_a, has_b;

        if (row->type->storage == STORE_PLAIN && memcmp(a, b, row->type->size) == 0)
                return true;
        strbuf_reserve(&text_a, 32);
        strbuf_reserve(&text_b, 32);
        text_a.text[0] = text_b.text[0] = 0;
        has_a = row->type->print(row, a, &text_a);
        has_b = row->type->print(row, b, &text_b);
        if (has_a == has_b && (!has_a || streq(text_a.text, text_b.text)))
                return true;
        return differ(how, row, has_a ? text_a.text : NULL, has_b ? text_b.text : NULL);
}

static bool equal_nested(const Comparison *how, const Row *row, size_t index, const void *a, const void *b) {
        size_t len = how->path ? how->path->len : 0;

        add_path(how, row, index);
        if (!equal_objects(how, row->arg, a, b))
                return false;
        if (how->path && how->path->len > len)
                how->path->text[how->path->len = len] = 0;
        return true;
}

static bool equal_lists(const Comparison *how, const Row *row, const AnyList *a, const AnyList *b) {
        for (size_t i = 0; i < a->n && i < b->n; i++) {
                if (row->type->storage == STORE_STRINGS) {
                        if (!streq(a->items[i], b->items[i]))
                                return differ(how, row, a->items[i], b->items[i]);
                } else if (!equal_nested(how, row, i + 1, a->items[i], b->items[i]))
                        return false;
        }
        if (a->n != b->n) {
                CLEANUP(free) char *n_a = xasprintf("%zu", a->n), *n_b = xasprintf("%zu", b->n);

                return differ(how, row, n_a, n_b);
        }
        return true;
}

static bool equal_fields(const Comparison *how, const Row *row, const void *a, const void *b) {
        switch (row->type->storage) {
        case STORE_NONE:
                return true;
        case STORE_STRUCT:
                return equal_nested(how, row, 0, a, b);
        case STORE_POINTER:
                if (!*(void *const *) a || !*(void *const *) b)
                        return *(void *const *) a == *(void *const *) b ||
                               differ(how, row, *(void *const *) a ? "present" : NULL, *(void *const *) b ? "present" : NULL);
                return equal_nested(how, row, 0, *(void *const *) a, *(void *const *) b);
        case STORE_LIST:
        case STORE_STRINGS:
                return equal_lists(how, row, a, b);
        default:
                return equal_values(how, row, a, b);
        }
}

static bool equal_objects(const Comparison *how, const Element *element, const void *a, const void *b) {
        for (const Row *row = element->rows; row->path; row++) {
                bool in_a = row_applies(row, a), in_b = row_applies(row, b);

                if ((how->abi_only && row->flags & (ROW_HOST | ROW_LIVE)) || (!in_a && !in_b))
                        continue;
                if (!equal_fields(how, row, row_field(row, a), row_field(row, b)))
                        return false;
        }
        return true;
}

bool element_equal(const Element *element, const void *a, const void *b, bool abi_only, StrBuf *path, StrBuf *what) {
        const Comparison how = { abi_only, path, what };

        return equal_objects(&how, element, a, b);
}

/* ---- tables themselves ---- */

/* The child that a path goes to first: "driver" of "driver@cache". */
static size_t child_len(const char *path) {
        return streq(path, ".") ? 0 : strcspn(path, "@/");
}

/* An attribute cannot be printed any more when a child stands open. */
static char *check_attributes_first(const Element *element, bool *after_children) {
        char *wrong = NULL;

        for (const Row *row = element->rows; row->path && !wrong; row++) {
                if (row->type->shape == SHAPE_INCLUDE && !*row->path)
                        wrong = check_attributes_first(row->arg, after_children);
                else if (*row->path != '@')
                        *after_children = true;
                else if (*after_children)
                        wrong = xasprintf("row '%s' comes after children of its element", row->path);
        }
        return wrong;
}

char *element_check_table(const Element *element) {
        bool after_children = false;
        char *wrong = check_attributes_first(element, &after_children);

        if (wrong)
                return wrong;
        for (const Row *row = element->rows; row->path; row++) {
                size_t len = child_len(row->path);

                if (row->offset >= element->size && row->type->storage != STORE_NONE)
                        return xasprintf("row '%s' lies outside of its struct", row->path);
                if ((row->type == &row_enum || row->type == &row_word) && !row->arg)
                        return xasprintf("row '%s' has no table of names", row->path);
                if (row == element->rows || !len)
                        continue;
                /* All rows of one child stand together, or it would be printed twice. */
                if (strncmp(row[-1].path, row->path, len) == 0 && strchr("@/", row[-1].path[len]))
                        continue;
                for (const Row *other = element->rows; other < row - 1; other++)
                        if (child_len(other->path) == len && strncmp(other->path, row->path, len) == 0)
                                return xasprintf("row '%s' stands apart from '%s'", row->path, other->path);
        }
        return NULL;
}
