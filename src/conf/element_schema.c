/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/element_schema.h"

#include "conf/elements.h"

/* A row with the path that leads to it through included tables, and all conditions on the way. */
typedef struct FlatRow {
        const Row *row;
        char *path;
        struct {
                size_t offset;
                uint64_t values;
        } when[4];
        size_t n_when;
        size_t offset;
} FlatRow;

typedef struct Flat {
        FlatRow **items;
        size_t n;
        const FlatRow *decider;         /* the attribute on whose value most other rows depend; NULL: none */
} Flat;

typedef struct Definition {             /* a table under one element name is written once, and has a name of its own */
        const Element *element;
        char *name, *tag;
} Definition;

typedef struct Schema {
        StrBuf out;
        int depth;
        LIST_OF(Definition) definitions;
} Schema;

/* One element, or a child of it: the rows that lead there, when the deciding attribute has this value. */
typedef struct Place {
        const Flat *flat;
        char *prefix;
        int value;                      /* -1: whatever it is */
        const char *name;               /* of the element, to name definitions after */
} Place;

static void line(Schema *schema, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(Schema *schema, const char *format, ...) {
        va_list ap;

        strbuf_addf(&schema->out, "%*s", schema->depth * 2, "");
        va_start(ap, format);
        strbuf_addv(&schema->out, format, ap);
        va_end(ap);
        strbuf_add(&schema->out, "\n");
}

static void open_tag(Schema *schema, const char *tag) {
        line(schema, "<%s>", tag);
        schema->depth++;
}

static void close_tag(Schema *schema, const char *tag) {
        schema->depth--;
        line(schema, "</%s>", tag);
}

static void open_named(Schema *schema, const char *tag, const char *name) {
        line(schema, "<%s name='%s'>", tag, name);
        schema->depth++;
}

/* ---- values ---- */

#define BLANKS "[ \\t\\r\\n]*"
#define UNITS "[bB]([yY][tT][eE][sS]?)?|[kKmMgGtTpPeE]([iI]?[bB])?"

static const struct Pattern {
        const RowType *type;
        const char *name, *pattern;
} patterns[] = {
        { &row_yesno, NULL, "yes no" },
        { &row_onoff, NULL, "on off" },
        { &row_uint, "uint", BLANKS "(0*[0-9]{1,10}|0[xX]0*[0-9a-fA-F]{1,8})" BLANKS },
        { &row_dec, "uint", NULL },
        { &row_hex, "uint", NULL },
        { &row_opt_uint, "uint", NULL },
        { &row_opt_hex, "uint", NULL },
        { &row_u64, "u64", BLANKS "(0*[0-9]{1,20}|0[xX]0*[0-9a-fA-F]{1,16})" BLANKS },
        { &row_opt_u64, "u64", NULL },
        { &row_opt_hex64, "u64", NULL },
        { &row_opt_int, "int", BLANKS "-?0*[0-9]{1,19}" BLANKS },
        { &row_octal, "octal", BLANKS "[0-7]{1,5}" BLANKS },
        { &row_kib, "size", BLANKS "0*[0-9]{1,20}" BLANKS },
        { &row_opt_kib, "size", NULL },
        { &row_bytes, "size", NULL },
        { &row_uuid, "uuid", BLANKS "-*([0-9a-fA-F]-*){32}" BLANKS },
        { &row_mac, "mac", BLANKS "[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}" BLANKS },
        { &row_cpuset, "cpuset", "[ \\t\\r\\n0-9,^\\-]+" },
        { NULL, "unit", UNITS },
};

static void put_choice(Schema *schema, const EnumTable *table) {
        open_tag(schema, "choice");
        for (int i = 0; i < table->n; i++)
                if (table->names[i] && *table->names[i])
                        line(schema, "<value>%s</value>", table->names[i]);
        close_tag(schema, "choice");
}

static void put_words(Schema *schema, const char *first, const char *second) {
        const char *const names[] = { first, second };

        put_choice(schema, &(EnumTable) { NULL, names, 2 });
}

static void put_value(Schema *schema, const Row *row, bool is_text) {
        if (row->type == &row_enum || row->type == &row_word)
                put_choice(schema, row->arg);
        else if (row->type == &row_yesno)
                put_words(schema, "yes", "no");
        else if (row->type == &row_onoff)
                put_words(schema, "on", "off");
        else if (is_text && row->type == &row_string && row->flags & ROW_REQUIRED)
                line(schema, "<ref name='some-text'/>");
        else {
                const char *name = NULL;

                for (size_t i = 0; i < N_ELEMENTS(patterns) && !name; i++)
                        if (patterns[i].type == row->type)
                                name = patterns[i].name;
                if (name)
                        line(schema, "<ref name='value-%s'/>", name);
                else
                        line(schema, "<text/>");
        }
}

static void put_value_definitions(Schema *schema) {
        for (size_t i = 0; i < N_ELEMENTS(patterns); i++) {
                if (!patterns[i].name || !patterns[i].pattern)
                        continue;
                line(schema, "<define name='value-%s'>", patterns[i].name);
                line(schema, "  <data type='string'><param name='pattern'>%s</param></data>", patterns[i].pattern);
                line(schema, "</define>");
        }
        line(schema, "<define name='some-text'>");
        line(schema, "  <data type='string'><param name='minLength'>1</param></data>");
        line(schema, "</define>");
        line(schema, "<define name='anything'>");
        line(schema, "  <zeroOrMore><choice><text/><attribute><anyName/></attribute>"
                     "<element><anyName/><ref name='anything'/></element></choice></zeroOrMore>");
        line(schema, "</define>");
}

/* ---- flattening ---- */

static void add_condition(FlatRow *flat, const Row *row, size_t base) {
        if (row->when.values && flat->n_when < N_ELEMENTS(flat->when)) {
                flat->when[flat->n_when].offset = base + row->when.offset;
                flat->when[flat->n_when++].values = row->when.values;
        }
}

static void flatten(Flat *flat, const Element *element, const FlatRow *outer, size_t base) {
        for (const Row *row = element->rows; row->path; row++) {
                FlatRow made = *outer, *kept;

                if (row->type == &row_qemu_xmlns)
                        continue;
                made.row = row;
                made.offset = base + row->offset;
                made.path = xasprintf("%s%s%s", outer->path, *outer->path && !strchr("@", *row->path) ? "/" : "",
                                      streq(row->path, ".") ? "" : row->path);
                add_condition(&made, row, base);
                if (row->type->shape == SHAPE_INCLUDE) {
                        flatten(flat, row->arg, &made, base + row->offset);
                        free(made.path);
                        continue;
                }
                kept = *ARRAY_APPEND(flat->items, flat->n) = xnew(FlatRow);
                *kept = made;
        }
}

static size_t count_decided(const Flat *flat, size_t offset) {
        size_t n = 0;

        for (size_t i = 0; i < flat->n; i++)
                for (size_t k = 0; k < flat->items[i]->n_when; k++)
                        n += flat->items[i]->when[k].offset == offset;
        return n;
}

static void find_decider(Flat *flat) {
        size_t best = 0;

        for (size_t i = 0; i < flat->n; i++) {
                const FlatRow *row = flat->items[i];
                size_t n = row->row->type == &row_enum && *row->path == '@' ? count_decided(flat, row->offset) : 0;

                if (n > best) {
                        best = n;
                        flat->decider = row;
                }
        }
}

static void flat_done(Flat *flat) {
        for (size_t i = 0; i < flat->n; i++) {
                free(flat->items[i]->path);
                free(flat->items[i]);
        }
        free(flat->items);
}

/* With which values of the deciding attribute the row is valid. */
static uint64_t mask_of(const Flat *flat, const FlatRow *row) {
        uint64_t mask = UINT64_MAX;

        for (size_t i = 0; flat->decider && i < row->n_when; i++)
                if (row->when[i].offset == flat->decider->offset)
                        mask &= row->when[i].values;
        return mask;
}

static bool applies(const Place *place, const FlatRow *row) {
        return place->value < 0 || mask_of(place->flat, row) & BIT(place->value);
}

/* Nothing else decides: what the row requires is required. */
static bool is_certain(const Place *place, const FlatRow *row) {
        for (size_t i = 0; i < row->n_when; i++)
                if (!place->flat->decider || row->when[i].offset != place->flat->decider->offset || place->value < 0)
                        return false;
        return applies(place, row);
}

/* What is left of the path at this place: "@type", "child@x", ""; NULL: it leads elsewhere. */
static const char *rest_at(const Place *place, const FlatRow *row) {
        size_t len = strlen(place->prefix);
        const char *rest = row->path + len;

        if (strncmp(row->path, place->prefix, len) != 0 || (len && *rest && *rest != '@' && *rest != '/'))
                return NULL;
        return rest + (len && *rest == '/');
}

/* "@type" or "child" of "child/grandchild@x". */
static size_t part_len(const char *rest) {
        return *rest == '@' ? strlen(rest) : strcspn(rest, "@/");
}

static bool is_part(const char *rest, const char *part, size_t len) {
        return rest && part_len(rest) == len && strncmp(rest, part, len) == 0;
}

static bool is_first_of_part(const Place *place, size_t index, const char *part, size_t len) {
        for (size_t i = 0; i < index; i++)
                if (is_part(rest_at(place, place->flat->items[i]), part, len))
                        return false;
        return true;
}

/* ---- attributes ---- */

static void put_attribute(Schema *schema, const Place *place, const char *part, size_t len) {
        bool required = false, several = false;
        const FlatRow *first = NULL;

        for (size_t i = 0; i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];

                if (!is_part(rest_at(place, row), part, len) || !applies(place, row))
                        continue;
                several |= first && (first->row->type != row->row->type || first->row->arg != row->row->arg);
                required |= row->row->flags & ROW_REQUIRED && is_certain(place, row);
                first = first ? first : row;
        }
        if (!first)
                return;
        if (!required)
                open_tag(schema, "optional");
        open_named(schema, "attribute", part + 1);
        if (several)
                open_tag(schema, "choice");
        for (size_t i = 0; i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];

                if (is_part(rest_at(place, row), part, len) && applies(place, row) && (several || row == first))
                        put_value(schema, row->row, false);
        }
        if (several)
                close_tag(schema, "choice");
        close_tag(schema, "attribute");
        if (!required)
                close_tag(schema, "optional");
}

/* The unit of the element's own text, or of an attribute of it. */
static bool has_unit(const Place *place) {
        for (size_t i = 0; i < place->flat->n; i++) {
                const char *rest = rest_at(place, place->flat->items[i]);

                if (rest && (!*rest || *rest == '@') && place->flat->items[i]->row->type->unit)
                        return true;
        }
        return false;
}

/* ---- children ---- */

static void put_level(Schema *schema, const Place *place);

static const char *definition_of(Schema *schema, const char *parent, const char *tag, const Element *element) {
        const char *colon = strchr(tag, ':'), *name = colon ? colon + 1 : tag;
        CLEANUP(free) char *wanted = xstrdup(name);
        bool taken = false;
        Definition *definition;

        LIST_FOR(other, &schema->definitions) {
                if (other->element == element && streq(other->tag, tag))
                        return other->name;
                taken |= streq(other->name, name);
        }
        if (taken) {
                free(wanted);
                wanted = xasprintf("%s-%s-%zu", parent, name, schema->definitions.n);
        }
        definition = xnew(Definition);
        *definition = (Definition) { element, STEAL(wanted), xstrdup(tag) };
        LIST_APPEND(&schema->definitions, definition);
        return definition->name;
}

static void put_metadata(Schema *schema) {
        line(schema, "<zeroOrMore><choice><text/><attribute><anyName/></attribute>"
                     "<element><anyName><except><nsName ns=''/></except></anyName><ref name='anything'/></element>"
                     "</choice></zeroOrMore>");
}

static void put_whole(Schema *schema, const Place *parent, const char *name, const Row *row) {
        if (row->type->storage != STORE_STRINGS && row->type != &row_metadata) {
                line(schema, "<ref name='%s'/>", definition_of(schema, parent->name, name, row->arg));
                return;
        }
        open_named(schema, "element", name);
        if (row->type == &row_metadata)
                put_metadata(schema);
        else if (row->arg) {
                open_named(schema, "attribute", "type");
                put_choice(schema, row->arg);
                close_tag(schema, "attribute");
        } else
                line(schema, "<ref name='some-text'/>");
        close_tag(schema, "element");
}

typedef struct Child {
        const FlatRow *whole;           /* takes it with all that is in it */
        bool whole_certain;
        bool has_level;                 /* rows of this table reach into it */
        bool required, named;           /* named: a row says that it stands there */
        bool known_elsewhere;           /* with another value of the deciding attribute */
        bool unsupported;
} Child;

static Child look_at_child(const Place *place, const char *part, size_t len) {
        Child child = {};

        for (size_t i = 0; i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];
                const char *rest = rest_at(place, row);
                bool exact;

                if (!is_part(rest, part, len))
                        continue;
                exact = !rest[len];
                child.named |= exact;
                child.known_elsewhere |= !applies(place, row);
                if (row->row->type == &row_unsupported)
                        child.unsupported |= exact;
                else if (!applies(place, row))
                        continue;
                else if (exact && row->row->type->shape == SHAPE_WHOLE) {
                        child.whole = row;
                        child.whole_certain = is_certain(place, row);
                } else
                        child.has_level = true;
                child.required |= exact && row->row->flags & ROW_REQUIRED && is_certain(place, row);
        }
        return child;
}

static void put_child(Schema *schema, const Place *place, const char *part, size_t len) {
        CLEANUP(free) char *name = xstrndup(part, len);
        CLEANUP(free) char *prefix = xasprintf("%s%s%s", place->prefix, *place->prefix ? "/" : "", name);
        const Place inner = { place->flat, prefix, place->value, name };
        const Child child = look_at_child(place, part, len);
        bool is_list = child.whole &&
                       (child.whole->row->type->storage == STORE_LIST || child.whole->row->type->storage == STORE_STRINGS) &&
                       child.whole->row->type != &row_metadata;
        bool both = child.whole && child.has_level && !child.whole_certain;
        const char *how = is_list ? "zeroOrMore" : child.required ? "group" : "optional";

        if (!child.whole && !child.has_level) {
                if (child.known_elsewhere && !child.named)
                        line(schema, "<optional><element name='%s'><empty/></element></optional>", name);
                return;
        }
        open_tag(schema, how);
        if (both)
                open_tag(schema, "choice");
        if (child.whole)
                put_whole(schema, place, name, child.whole->row);
        if (both || !child.whole) {
                open_named(schema, "element", name);
                put_level(schema, &inner);
                close_tag(schema, "element");
        }
        if (both)
                close_tag(schema, "choice");
        close_tag(schema, how);
}

/* ---- levels ---- */

typedef enum Which { ALL_PARTS, COMMON_PARTS, DECIDED_PARTS } Which;

static bool is_decided(const Place *place, const char *part, size_t len) {
        for (size_t i = 0; place->flat->decider && i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];

                if (is_part(rest_at(place, row), part, len) && (row == place->flat->decider || mask_of(place->flat, row) != UINT64_MAX))
                        return true;
        }
        return false;
}

static size_t put_parts(Schema *schema, const Place *place, bool attributes, Which which) {
        size_t before = schema->out.len;

        for (size_t i = 0; i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];
                const char *rest = rest_at(place, row);
                size_t len = rest ? part_len(rest) : 0;

                if (len == 0 || (*rest == '@') != attributes || !is_first_of_part(place, i, rest, len) ||
                    (which == COMMON_PARTS && is_decided(place, rest, len)) ||
                    (which == DECIDED_PARTS && (row == place->flat->decider || !is_decided(place, rest, len))))
                        continue;
                if (attributes)
                        put_attribute(schema, place, rest, len);
                else
                        put_child(schema, place, rest, len);
        }
        return schema->out.len - before;
}

/* The element's own text; true: there is a pattern that stands for all of its content. */
static bool put_own_text(Schema *schema, const Place *place, bool has_children) {
        const FlatRow *text = NULL;
        bool optional = false;

        for (size_t i = 0; i < place->flat->n; i++) {
                const FlatRow *row = place->flat->items[i];
                const char *rest = rest_at(place, row);

                if (!rest || *rest || row->row->type->shape != SHAPE_VALUE || row->row->type->has_presence || !applies(place, row))
                        continue;
                text = row;
                optional |= !is_certain(place, row) || row->row->type == &row_uuid || row->row->type == &row_string;
        }
        if (!text)
                return false;
        if (has_children) {
                line(schema, "<text/>");
                return true;
        }
        optional &= !(text->row->flags & ROW_REQUIRED);
        if (optional)
                open_tag(schema, "choice");
        put_value(schema, text->row, true);
        if (optional) {
                line(schema, "<empty/>");
                close_tag(schema, "choice");
        }
        return true;
}

static bool has_children(const Place *place) {
        for (size_t i = 0; i < place->flat->n; i++) {
                const char *rest = rest_at(place, place->flat->items[i]);

                if (rest && *rest && *rest != '@' && place->flat->items[i]->row->type != &row_unsupported)
                        return true;
        }
        return false;
}

static void put_unit(Schema *schema, const Place *place) {
        if (has_unit(place))
                line(schema, "<optional><attribute name='unit'><ref name='value-unit'/></attribute></optional>");
}

static void put_level(Schema *schema, const Place *place) {
        bool children = has_children(place);
        size_t n = put_parts(schema, place, true, ALL_PARTS);

        put_unit(schema, place);
        if (children) {
                open_tag(schema, "interleave");
                put_parts(schema, place, false, ALL_PARTS);
                put_own_text(schema, place, true);
                close_tag(schema, "interleave");
        } else if (!put_own_text(schema, place, false) && n == 0)
                line(schema, "<empty/>");
}

/* ---- whole tables ---- */

static bool is_same_case(const Flat *flat, int a, int b) {
        for (size_t i = 0; i < flat->n; i++) {
                uint64_t mask = mask_of(flat, flat->items[i]);

                if (!(mask & BIT(a)) != !(mask & BIT(b)))
                        return false;
        }
        return true;
}

static void put_decider(Schema *schema, const Flat *flat, int value, int absent) {
        const EnumTable *table = flat->decider->row->arg;
        const char *how = absent >= 0 && is_same_case(flat, value, absent) ? "optional" : "group";
        bool any = false;

        for (int i = 1; i < table->n; i++)
                any |= *table->names[i] && is_same_case(flat, i, value);
        if (!any)
                return;
        open_tag(schema, how);
        open_named(schema, "attribute", flat->decider->path + 1);
        open_tag(schema, "choice");
        for (int i = 1; i < table->n; i++)
                if (*table->names[i] && is_same_case(flat, i, value))
                        line(schema, "<value>%s</value>", table->names[i]);
        close_tag(schema, "choice");
        close_tag(schema, "attribute");
        close_tag(schema, how);
}

/* A case for the values of the deciding attribute that allow the same. */
static void put_cases(Schema *schema, const Flat *flat, const char *name) {
        const EnumTable *table = flat->decider->row->arg;
        Place all = { flat, (char *) "", -1, name };
        bool required = flat->decider->row->flags & ROW_REQUIRED && is_certain(&all, flat->decider);
        int absent = required ? -1 : flat->decider->row->fallback;

        open_tag(schema, "choice");
        for (int value = 0; value < table->n; value++) {
                const Place place = { flat, (char *) "", value, name };
                bool seen = value == 0 ? absent != 0 : !*table->names[value];

                for (int other = absent == 0 ? 0 : 1; other < value && !seen; other++)
                        seen = is_same_case(flat, other, value);
                if (seen)
                        continue;
                open_tag(schema, "group");
                put_decider(schema, flat, value, absent);
                put_parts(schema, &place, true, DECIDED_PARTS);
                open_tag(schema, "interleave");
                put_parts(schema, &place, false, DECIDED_PARTS);
                line(schema, "<ref name='%s-any'/>", name);
                close_tag(schema, "interleave");
                close_tag(schema, "group");
        }
        close_tag(schema, "choice");
}

/* The children that are the same in every case. (libxml2 takes no interleave with cases that are interleaves themselves.) */
static void put_common(Schema *schema, const Place *place, const char *name) {
        line(schema, "<define name='%s-any'>", name);
        schema->depth++;
        open_tag(schema, "interleave");
        put_parts(schema, place, false, COMMON_PARTS);
        put_own_text(schema, place, true);
        line(schema, "<empty/>");
        close_tag(schema, "interleave");
        close_tag(schema, "define");
}

static void put_definition(Schema *schema, const Definition *definition) {
        Flat flat = {};
        Place place = { &flat, (char *) "", -1, definition->name };

        flatten(&flat, definition->element, &(FlatRow) { .path = (char *) "" }, 0);
        find_decider(&flat);
        open_named(schema, "define", definition->name);
        open_named(schema, "element", definition->tag);
        if (flat.decider) {
                put_parts(schema, &place, true, COMMON_PARTS);
                put_unit(schema, &place);
                put_cases(schema, &flat, definition->name);
        } else
                put_level(schema, &place);
        close_tag(schema, "element");
        close_tag(schema, "define");
        if (flat.decider)
                put_common(schema, &place, definition->name);
        flat_done(&flat);
}

char *element_schema(const char *name, const Element *element) {
        Schema schema = {};

        line(&schema, "<?xml version='1.0' encoding='UTF-8'?>");
        line(&schema, "<!-- SPDX-License-Identifier: LGPL-2.1-or-later. Written by write-schema from the tables of src/conf. -->");
        line(&schema, "<grammar xmlns='http://relaxng.org/ns/structure/1.0' xmlns:qemu='%s'", QEMU_NAMESPACE_URI);
        line(&schema, "         datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'>");
        schema.depth++;
        line(&schema, "<start><ref name='%s'/></start>", name);
        definition_of(&schema, "", name, element);
        for (size_t i = 0; i < schema.definitions.n; i++)
                put_definition(&schema, schema.definitions.items[i]);
        put_value_definitions(&schema);
        schema.depth--;
        line(&schema, "</grammar>");
        LIST_FOR(definition, &schema.definitions) {
                free(definition->name);
                free(definition->tag);
                free(definition);
        }
        free(schema.definitions.items);
        return strbuf_steal(&schema.out);
}
