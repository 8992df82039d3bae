/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element.h - the engine: an element of the domain XML is a table with a row per attribute or child.
 *
 * The same rows parse, print, free, copy and compare, so these cannot disagree. A row's path is relative to its element:
 *
 *      "@type"                 attribute of the element itself
 *      "driver@cache"          attribute of a child
 *      "source/address@bus"    attribute of a grandchild
 *      "serial"                text of a child
 *      "."                     text of the element itself (FLAG: that it stands there)
 *      "source/host"           with LIST, STRUCT, POINTER: a child that has a table of its own
 *      "" or "backend"         with INCLUDE: another table's rows, read from and printed into this same element or child
 *      "qemu:arg"              a child in a foreign namespace, named by the prefix in element_namespaces[]
 *
 * Rows stand in the order of printing (libvirt's), attributes of an element before its children, its text last, and all rows
 * of one child together; element_check_table() holds tables to that in a test. */
#pragma once
#include <libxml/tree.h>
#include "conf/types.h"
#include "util/error.h"
#include "util/strbuf.h"

typedef struct Row Row;
typedef struct Element Element;
typedef struct Parser Parser;
typedef struct Printer Printer;

typedef enum RowShape {
        SHAPE_VALUE,            /* an attribute's value or an element's text */
        SHAPE_WHOLE,            /* takes a child element with all that is in it */
        SHAPE_INCLUDE,
} RowShape;

/* What a field holds, hence how it is freed, copied and compared. */
typedef enum RowStorage {
        STORE_NONE,
        STORE_PLAIN,            /* bytes, as many as size */
        STORE_TEXT,             /* char * */
        STORE_CPU_SET,          /* CpuSet * */
        STORE_STRUCT,           /* a struct in place, with the table in row->arg */
        STORE_POINTER,          /* the same, allocated; NULL: absent */
        STORE_LIST,             /* LIST_OF them */
        STORE_STRINGS,          /* LIST_OF(char) */
} RowStorage;

/* How a kind of field is read and printed. An absent value is all zero bytes. */
typedef struct RowType {
        RowShape shape;
        RowStorage storage;
        size_t size;            /* STORE_PLAIN */
        const char *unit;       /* a "unit" attribute beside it is part of the value; this one is printed */
        const char *(*unit_of)(const void *field);      /* or the one that this says */
        bool has_presence;      /* true as soon as the element stands there: it has no text */
        const char *want;       /* "a number from 0 to 4294967295", for messages */
        /* SHAPE_VALUE: -EINVAL, -ERANGE or 0; unit is NULL without one. */
        int (*read)(const Row *row, const char *text, const char *unit, void *field);
        /* SHAPE_VALUE: adds text, without markup, and says true; or says false when the field is absent. */
        bool (*print)(const Row *row, const void *field, StrBuf *text);
        /* SHAPE_WHOLE. format gets the last word of the path; the printer stands in its parent. */
        int (*parse)(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err);
        void (*format)(Printer *printer, const Row *row, const char *name, const void *field);
} RowType;

typedef enum RowFlags {
        ROW_REQUIRED = 1 << 0,          /* refused without it, where its parent element stands */
        ROW_SECRET = 1 << 1,            /* printed only with PRINT_SECRETS */
        ROW_LIVE = 1 << 2,              /* of a running domain: neither read nor printed for an inactive definition */
        ROW_HOST = 1 << 3,              /* the guest cannot see it: no part of the guest's ABI */
        ROW_ALIAS = 1 << 4,             /* ROW_LIVE unless the value begins with "ua-": the user's own */
} RowFlags;

struct Row {
        const char *path;
        const RowType *type;
        size_t offset;                  /* of the field in the element's struct */
        const void *arg;                /* EnumTable of an enum or word; Element of a struct or list */
        unsigned flags;
        unsigned digits;                /* of hexadecimal numbers */
        int fallback;                   /* enums and tristates: this when it was absent; 0: none */
        struct {
                size_t offset;          /* of an enum in the same struct */
                uint64_t values;        /* bit mask of values with which the row is valid; 0: always */
                const EnumTable *names; /* of its values, for messages; NULL: the enum has a row in the same table */
        } when;
        unsigned since;                 /* libvirt version it came with, as 10005000; 0: older than 9.0 */
};

struct Element {
        size_t size;                    /* sizeof its struct */
        const Row *rows;                /* to a zeroed row */
        /* What rows cannot say. Called when all rows have been read; node is the element. May be NULL. */
        int (*check)(const Parser *parser, const xmlNode *node, void *object, Error **err);
};

/* ---- Writing tables. F is the struct, field its member; further designators may follow: .flags = ROW_HOST ---- */

#define FIELD_SIZE(F, field) sizeof(((F *) 0)->field)
#define FIELD_IS(F, field, ctype) (offsetof(F, field) + 0 * sizeof(&((F *) 0)->field == (ctype *) 0))
#define FIELD_IS_ENUM(F, field) (offsetof(F, field) + 0 * sizeof(char[FIELD_SIZE(F, field) == sizeof(int) ? 1 : -1]))

#define STRING(path, F, field, ...) { path, &row_string, FIELD_IS(F, field, char *), __VA_ARGS__ }
#define WORD(path, F, field, table, ...) { path, &row_word, FIELD_IS(F, field, char *), &table, __VA_ARGS__ }
#define ENUM(path, F, field, table, ...) { path, &row_enum, FIELD_IS_ENUM(F, field), &table, __VA_ARGS__ }
#define YESNO(path, F, field, ...) { path, &row_yesno, FIELD_IS(F, field, Tristate), __VA_ARGS__ }
#define ONOFF(path, F, field, ...) { path, &row_onoff, FIELD_IS(F, field, Tristate), __VA_ARGS__ }
#define FLAG(path, F, field, ...) { path, &row_flag, FIELD_IS(F, field, bool), __VA_ARGS__ }
#define UINT(path, F, field, ...) { path, &row_uint, FIELD_IS(F, field, unsigned), __VA_ARGS__ }
#define OPTUINT(path, F, field, ...) { path, &row_opt_uint, FIELD_IS(F, field, OptUint), __VA_ARGS__ }
#define U64(path, F, field, ...) { path, &row_u64, FIELD_IS(F, field, uint64_t), __VA_ARGS__ }
#define OPTU64(path, F, field, ...) { path, &row_opt_u64, FIELD_IS(F, field, OptU64), __VA_ARGS__ }
#define OPTINT(path, F, field, ...) { path, &row_opt_int, FIELD_IS(F, field, OptInt), __VA_ARGS__ }
/* Hexadecimal with n digits; DEC and HEX are printed also when 0 (they belong to an element that stands there). */
#define HEX(path, F, field, n, ...) { path, &row_hex, FIELD_IS(F, field, unsigned), .digits = n, __VA_ARGS__ }
#define DEC(path, F, field, ...) { path, &row_dec, FIELD_IS(F, field, unsigned), __VA_ARGS__ }
#define OPTHEX(path, F, field, n, ...) { path, &row_opt_hex, FIELD_IS(F, field, OptUint), .digits = n, __VA_ARGS__ }
#define OPTHEX64(path, F, field, n, ...) { path, &row_opt_hex64, FIELD_IS(F, field, OptU64), .digits = n, __VA_ARGS__ }
#define OCTAL(path, F, field, ...) { path, &row_octal, FIELD_IS(F, field, unsigned), __VA_ARGS__ }
/* Sizes have a unit attribute; stored and printed in KiB or bytes. */
#define KIB(path, F, field, ...) { path, &row_kib, FIELD_IS(F, field, uint64_t), __VA_ARGS__ }
#define OPTKIB(path, F, field, ...) { path, &row_opt_kib, FIELD_IS(F, field, OptU64), __VA_ARGS__ }
#define BYTES(path, F, field, ...) { path, &row_bytes, FIELD_IS(F, field, uint64_t), __VA_ARGS__ }
#define UUID(path, F, field, ...) { path, &row_uuid, FIELD_IS(F, field, sd_id128_t), __VA_ARGS__ }
#define MAC(path, F, field, ...) { path, &row_mac, FIELD_IS(F, field, MacAddress), __VA_ARGS__ }
#define CPUSET(path, F, field, ...) { path, &row_cpuset, FIELD_IS(F, field, CpuSet *), __VA_ARGS__ }

#define STRUCT(path, F, field, element, ...) { path, &row_struct, offsetof(F, field), &element, __VA_ARGS__ }
#define POINTER(path, F, field, element, ...) { path, &row_pointer, offsetof(F, field), &element, __VA_ARGS__ }
#define LIST(path, F, field, element, ...) { path, &row_list, offsetof(F, field), &element, __VA_ARGS__ }
#define STRINGS(path, F, field, ...) { path, &row_strings, offsetof(F, field), __VA_ARGS__ }
#define WORDS(path, F, field, table, ...) { path, &row_strings, offsetof(F, field), &table, __VA_ARGS__ }
#define INCLUDE(path, F, field, element, ...) { path, &row_include, offsetof(F, field), &element, __VA_ARGS__ }
/* Known to libvirt, not yet to virtward: refused by that name. */
#define UNSUPPORTED(path) { path, &row_unsupported }

#define BIT(value) (UINT64_C(1) << (value))
#define WHEN(F, field, mask) .when = { FIELD_IS_ENUM(F, field), (mask) }
#define WHEN_OF(F, field, mask, table) .when = { FIELD_IS_ENUM(F, field), (mask), &table }

extern const RowType row_string, row_word, row_enum, row_yesno, row_onoff, row_flag, row_uint, row_opt_uint, row_u64, row_opt_u64,
        row_opt_int, row_hex, row_dec, row_opt_hex, row_opt_hex64, row_octal, row_kib, row_opt_kib, row_bytes, row_uuid, row_mac,
        row_cpuset, row_struct, row_pointer, row_list, row_strings, row_include, row_unsupported;

/* ---- Reading ---- */

#define ELEMENT_LIST_MAX 4096   /* items of one list */

struct Parser {
        const char *text;               /* the source, for columns */
        size_t len;
        bool inactive;
        struct json_object *findings;   /* an array: refusals are added to it and reading goes on. NULL: the first one ends it */
};

/* Reads node into object (zeroed, of element's size). On failure what was read is left for element_clear(). */
int element_parse(const Parser *parser, const Element *element, xmlNode *node, void *object, Error **err);

/* Text of an element or value of an attribute; NULL when it has none. Borrowed from the tree. */
const char *element_text(const xmlNode *node);
const char *element_attribute(const xmlNode *node, const char *name);
/* The first child element of that name, or NULL. */
xmlNode *element_child(const xmlNode *node, const char *name);

/* "SUBJECT at line 12, column 30: REST". attribute NULL: the place is the element. Returns -1, or 0 when refusals are collected:
 * the reader then goes on as if the thing were not there. */
int element_refuse(const Parser *parser, const xmlNode *node, const char *attribute, ErrorCode code, const char *subject,
                   Error **err, const char *rest, ...) __attribute__((format(printf, 7, 8)));

/* What was probably meant, to the refusal just made (meant NULL: nothing is near). */
void element_suggest(const Parser *parser, const char *meant);

/* The parts of the source that are node's children, as they were written: span is where the last one began and ended. */
void element_content_source(const Parser *parser, const xmlNode *node, size_t span[2]);
bool element_next_source(const Parser *parser, size_t span[2]);

/* ---- Printing ---- */

typedef enum PrintFlags { PRINT_SECRETS = 1 << 0, PRINT_INACTIVE = 1 << 1 } PrintFlags;

struct Printer {
        StrBuf buf, scratch;
        unsigned flags;                 /* PrintFlags */
        int depth;                      /* of open elements */
        bool in_tag;                    /* "<name a='b'" stands there without its ">" */
        bool after_text;                /* the end tag follows at once, on the same line */
        size_t n_printed;               /* rows so far: tells whether an element has come out empty */
};

void printer_open(Printer *printer, const char *name, size_t len);
void printer_close(Printer *printer, const char *name, size_t len);
void printer_attribute(Printer *printer, const char *name, const char *value);
void printer_text(Printer *printer, const char *text);
/* Markup as it is, on a line of its own. */
void printer_raw(Printer *printer, const char *xml);
/* The element with all its rows. */
void element_print(Printer *printer, const char *name, const Element *element, const void *object);

/* ---- Owning and comparing ---- */

void element_clear(const Element *element, void *object);       /* frees what it owns; the struct is zeroed */
void element_copy(const Element *element, void *to, const void *from);  /* to is overwritten */
void *element_free(const Element *element, void *object);       /* clear and free; NULL is fine; returns NULL */

/* False, with the place added to path ("/target/@bus") and both values to what, when they differ. */
bool element_equal(const Element *element, const void *a, const void *b, bool abi_only, StrBuf *path, StrBuf *what);

bool row_applies(const Row *row, const void *object);           /* its condition holds */
static inline const void *row_field(const Row *row, const void *object) {
        return (const char *) object + row->offset;
}

/* For tests: NULL, or what is wrong with the table. The caller frees. */
char *element_check_table(const Element *element);
