/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element.c - reads a tree into structs by their tables, and refuses what no row knows.
 *
 * A level is one XML element seen through the rows that can describe it: those in [from, to), of whose paths `prefix` bytes
 * lead to this element. Rows of one child stand together, so a child's level is a sub-range and no index is needed. */
#include "conf/element.h"

#include <ctype.h>

#include "util/json.h"

typedef struct Level {
        const Element *element;
        const Row *from, *to;
        size_t prefix;
        void *object;
} Level;

static const struct {
        const char *uri, *prefix;
} element_namespaces[] = {
        { "http://libvirt.org/schemas/domain/qemu/1.0", "qemu:" },
        { "https://virtward.org/xmlns/domain/1", "ward:" },
};

static int level_parse(const Parser *parser, const Level *level, xmlNode *node, Error **err);

static const Row *rows_end(const Row *row) {
        while (row->path)
                row++;
        return row;
}

/* What is left of a row's path at this level: "@type", "child@x", "" for the element's own text. */
static inline const char *rest_of(const Level *level, const Row *row) {
        const char *rest = row->path + level->prefix;

        rest += *rest == '/';
        return rest[0] == '.' && !rest[1] ? rest + 1 : rest;
}

/* Does rest begin with this child's name? name may carry a namespace's prefix before it. */
static inline const char *skip_name(const char *rest, const char *prefix, const char *name) {
        while (*prefix)
                if (*rest++ != *prefix++)
                        return NULL;
        while (*name && *rest == *name)
                rest++, name++;
        return !*name && (*rest == 0 || *rest == '@' || *rest == '/') ? rest : NULL;
}

/* A table that is read at this very level, not in a child. */
static inline bool is_included_here(const Level *level, const Row *row) {
        return row->type->shape == SHAPE_INCLUDE && !*rest_of(level, row);
}

static inline Level included_level(const Level *level, const Row *row) {
        const Element *included = row->arg;

        return (Level) { included, included->rows, rows_end(included->rows), 0, (char *) level->object + row->offset };
}

bool row_applies(const Row *row, const void *object) {
        return !row->when.values || row->when.values & BIT(*(const int *) ((const char *) object + row->when.offset));
}

static bool is_blank(const char *text) {
        while (isspace((unsigned char) *text))
                text++;
        return !*text;
}

static bool is_text(const xmlNode *node) {
        return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content && *node->content;
}

/* Blanks before a comment may stand apart from the text after it. */
const char *element_text(const xmlNode *node) {
        const xmlNode *text = NULL;

        for (const xmlNode *child = node->children; child; child = child->next)
                if (is_text(child) && (!text || is_blank((const char *) text->content)))
                        text = child;
        return text ? (const char *) text->content : NULL;
}

static const char *attribute_text(const xmlAttr *attribute) {
        return attribute->children && attribute->children->content ? (const char *) attribute->children->content : "";
}

const char *element_attribute(const xmlNode *node, const char *name) {
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                if (!attribute->ns && streq((const char *) attribute->name, name))
                        return attribute_text(attribute);
        return NULL;
}

xmlNode *element_child(const xmlNode *node, const char *name) {
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && streq((const char *) child->name, name))
                        return child;
        return NULL;
}

/* ---- refusals ---- */

/* "<driver>'s attribute 'cache'", "<vcpu>", or the words of an enum: "disk bus". */
static char *describe(const Row *row, const xmlNode *node, const char *attribute) {
        const EnumTable *table = row && (row->type == &row_enum || row->type == &row_word) ? row->arg : NULL;

        if (table && table->what)
                return xstrdup(table->what);
        if (attribute)
                return xasprintf("attribute '%s' of <%s>", attribute, node->name);
        return xasprintf("text of <%s>", node->name);
}

static int refuse_value(const Parser *parser, const Row *row, const xmlNode *node, const char *attribute, const char *value,
                        Error **err) {
        CLEANUP(free) char *what = describe(row, node, attribute);
        CLEANUP(free) char *subject = xasprintf("%s '%.120s'", what, value);
        const EnumTable *table = row->type->want ? NULL : row->arg;

        if (table) {
                CLEANUP(free) char *allowed = table_list(table);
                const char *meant = nearest_name(value, table->names, (size_t) table->n);
                int r = element_refuse(parser, node, attribute, ERROR_XML, subject, err,
                                       meant ? "allowed are %s; did you mean '%s'?" : "allowed are %s", allowed, meant);

                element_suggest(parser, meant);
                return r;
        }
        return element_refuse(parser, node, attribute, ERROR_XML, subject, err, "it must be %s", row->type->want);
}

/* Collects the names that may stand at this level: attributes, or children. */
static void collect_names(const Level *level, bool attributes, const char **names, size_t max, size_t *n) {
        for (const Row *row = level->from; row < level->to; row++) {
                const char *rest = rest_of(level, row);
                size_t len = strcspn(rest, "@/");

                if (is_included_here(level, row)) {
                        Level included = included_level(level, row);

                        collect_names(&included, attributes, names, max, n);
                } else if (*n < max && attributes == (*rest == '@') && (attributes || len))
                        names[(*n)++] = attributes ? xstrdup(rest + 1) : xstrndup(rest, len);
        }
}

/* ns: that of the name when it is in a foreign namespace, where nothing is near. */
static int refuse_unknown(const Parser *parser, const Level *level, const xmlNode *node, const xmlNode *child,
                          const char *attribute, const xmlNs *ns, Error **err) {
        const char *names[256], *meant, *name = attribute ? attribute : (const char *) child->name;
        CLEANUP(free) char *subject = attribute ? xasprintf("unknown attribute '%s' of <%s>", name, node->name)
                                                : xasprintf("unknown element <%s> in <%s>", name, node->name);
        size_t n = 0;
        int r;

        if (ns)
                return element_refuse(parser, child ? child : node, attribute, ERROR_XML, subject, err, "of namespace '%.200s'",
                                      ns->href);
        collect_names(level, attribute, names, N_ELEMENTS(names), &n);
        meant = nearest_name(name, names, n);
        r = element_refuse(parser, child ? child : node, attribute, ERROR_XML, subject, err, meant ? "did you mean '%s'?" : NULL,
                           meant);
        element_suggest(parser, meant);
        for (size_t i = 0; i < n; i++)
                free((char *) names[i]);
        return r;
}

/* The names of what the condition of a row looks at. */
static const EnumTable *deciding_table(const Element *element, const Row *row) {
        if (row->when.names)
                return row->when.names;
        for (const Row *other = element->rows; other->path; other++)
                if (other->offset == row->when.offset && other->type == &row_enum)
                        return other->arg;
        return NULL;
}

static size_t n_findings(const Parser *parser) {
        return parser->findings ? json_object_array_length(parser->findings) : 0;
}

static int refuse_misplaced(const Parser *parser, const Level *level, const Row *row, const xmlNode *node, const xmlNode *child,
                            const char *attribute, Error **err) {
        CLEANUP(free) char *subject = attribute ? xasprintf("attribute '%s' of <%s>", attribute, node->name)
                                                : xasprintf("element <%s> in <%s>", child->name, node->name);
        const EnumTable *table = deciding_table(level->element, row);
        const char *name = table ? table_name(table, *(const int *) ((const char *) level->object + row->when.offset)) : NULL;

        if (n_findings(parser) > 0 && name && !*name)
                return 0;               /* what decides was refused itself */
        if (!name || !*name)
                return element_refuse(parser, child ? child : node, attribute, ERROR_XML, subject, err, "not allowed here");
        return element_refuse(parser, child ? child : node, attribute, ERROR_XML, subject, err, "not allowed with %s '%s'",
                              table->what, name);
}

/* ---- values ---- */

static bool is_passed_over(const Parser *parser, const Row *row, const char *value) {
        if (!parser->inactive)
                return false;
        return row->flags & ROW_LIVE || (row->flags & ROW_ALIAS && strncmp(value, "ua-", 3) != 0);
}

/* A number of 0 is an absent one: where it is required, what is printed could not be read again. */
static bool is_lost(const Row *row, const void *field) {
        static const uint64_t zero[4] = {};

        return row->flags & ROW_REQUIRED && (row->type == &row_uint || row->type == &row_u64 || row->type == &row_kib) &&
               memcmp(field, zero, row->type->size) == 0;
}

static int refuse_zero(const Parser *parser, const xmlNode *node, const char *attribute, Error **err) {
        CLEANUP(free) char *what = describe(NULL, node, attribute), *subject = xasprintf("%s '0'", what);

        return element_refuse(parser, node, attribute, ERROR_XML, subject, err, "it must be 1 or more");
}

static int read_value(const Parser *parser, const Level *level, const Row *row, const xmlNode *node, const char *attribute,
                      const char *value, Error **err) {
        const char *unit = row->type->unit ? element_attribute(node, "unit") : NULL;
        void *field = (char *) level->object + row->offset;

        if (is_passed_over(parser, row, value))
                return 0;
        if (row->type->read(row, value, unit, field) == 0)
                return is_lost(row, field) ? refuse_zero(parser, node, attribute, err) : 0;
        if (unit && row->type->read(row, "1", unit, field) < 0) {
                CLEANUP(free) char *subject = xasprintf("unit '%.40s' of <%s>", unit, node->name);

                return element_refuse(parser, node, "unit", ERROR_XML, subject, err,
                                      "allowed are bytes, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB");
        }
        return refuse_value(parser, row, node, attribute, value, err);
}

/* The row of the element's own text, if it has one. */
static const Row *find_text_row(const Level *level) {
        for (const Row *row = level->from; row < level->to; row++)
                if (row->type->shape == SHAPE_VALUE && !row->type->has_presence && !*rest_of(level, row) &&
                    row_applies(row, level->object))
                        return row;
        return NULL;
}

/* The flags that say that the element stands there. */
static void set_presence(const Parser *parser, const Level *level) {
        for (const Row *row = level->from; row < level->to; row++)
                if (row->type->has_presence && !*rest_of(level, row) && row_applies(row, level->object) &&
                    !(row->flags & ROW_LIVE && parser->inactive))
                        *(bool *) ((char *) level->object + row->offset) = true;
}

/* Numbers and words in an element's text may have blanks around them, as libvirt allows; strings keep theirs. */
static int read_text(const Parser *parser, const Level *level, const Row *row, const xmlNode *node, Error **err) {
        const char *text = element_text(node);
        char trimmed[160];
        size_t len;

        if (row->type == &row_string)
                return text ? read_value(parser, level, row, node, NULL, text, err) : 0;
        if (!text)
                return row->flags & ROW_REQUIRED || row->type == &row_uuid ? 0 : refuse_value(parser, row, node, NULL, "", err);
        text += strspn(text, " \t\r\n");
        len = strlen(text);
        while (len > 0 && isspace((unsigned char) text[len - 1]))
                len--;
        if (len >= sizeof(trimmed))
                return row->type->storage == STORE_PLAIN ? refuse_value(parser, row, node, NULL, text, err)
                                                         : read_value(parser, level, row, node, NULL, text, err);
        memcpy(trimmed, text, len);
        trimmed[len] = 0;
        return read_value(parser, level, row, node, NULL, trimmed, err);
}

static int level_parse_text(const Parser *parser, const Level *level, const xmlNode *node, Error **err) {
        const Row *row = find_text_row(level);

        set_presence(parser, level);
        if (row)
                return read_text(parser, level, row, node, err);
        for (const xmlNode *child = node->children; child; child = child->next)
                if (is_text(child) && !is_blank((const char *) child->content)) {
                        CLEANUP(free) char *subject = xasprintf("text in <%s>", node->name);

                        return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "this element has no text");
                }
        return 0;
}

/* ---- attributes ---- */

typedef struct FoundAttribute {
        const Row *row;         /* NULL: no such attribute */
        Level level;            /* that the row belongs to */
        bool depends;           /* on another value */
        bool applies;
        const Row *blocker;     /* the row whose condition does not hold: this one, or that of an included table */
        Level blocked;          /* where it belongs to */
} FoundAttribute;

/* The row for an attribute; of several with different conditions the one that holds, else any of them. */
static FoundAttribute find_attribute(const Level *level, const char *name) {
        FoundAttribute found = {};

        for (const Row *row = level->from; row < level->to && !found.applies; row++) {
                const char *rest = rest_of(level, row);
                bool applies = row_applies(row, level->object);

                if (is_included_here(level, row)) {
                        Level included = included_level(level, row);
                        FoundAttribute inner = find_attribute(&included, name);

                        if (!inner.row)
                                continue;
                        found = inner;
                        found.depends |= row->when.values != 0;
                        if (!applies)
                                found.applies = false, found.blocker = row, found.blocked = *level;
                } else if (*rest == '@' && strcmp(rest + 1, name) == 0)
                        found = (FoundAttribute) { row, *level, found.depends || row->when.values, applies, row, *level };
        }
        return found;
}

static bool level_has_unit(const Level *level) {
        for (const Row *row = level->from; row < level->to; row++) {
                const char *rest = rest_of(level, row);

                if (row->type->unit && (!*rest || *rest == '@'))
                        return true;
        }
        return false;
}

static int parse_attribute(const Parser *parser, const Level *level, const xmlNode *node, const xmlAttr *attribute,
                           bool last_round, bool *again, Error **err) {
        const char *name = (const char *) attribute->name;
        FoundAttribute found = attribute->ns ? (FoundAttribute) {} : find_attribute(level, name);

        if (!found.row && last_round)
                return 0;               /* has been refused, and refusals are collected */
        if (!found.row)
                return !attribute->ns && streq(name, "unit") && level_has_unit(level)
                               ? 0
                               : refuse_unknown(parser, level, node, NULL, name, attribute->ns, err);
        *again |= found.depends;
        if (found.depends != last_round)
                return 0;
        if (!found.applies)
                return refuse_misplaced(parser, &found.blocked, found.blocker, node, NULL, name, err);
        return read_value(parser, &found.level, found.row, node, name, attribute_text(attribute), err);
}

/* Two rounds: the attributes on whose values others depend have no condition themselves and come first. */
static int level_parse_attributes(const Parser *parser, const Level *level, const xmlNode *node, Error **err) {
        bool again = false;

        for (int round = 0; round < 1 + again; round++)
                for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                        if (parse_attribute(parser, level, node, attribute, round == 1, &again, err) < 0)
                                return -1;
        return 0;
}

/* ---- children ---- */

static const char *namespace_prefix(const xmlNode *node) {
        if (!node->ns)
                return "";
        for (size_t i = 0; i < N_ELEMENTS(element_namespaces); i++)
                if (streq((const char *) node->ns->href, element_namespaces[i].uri))
                        return element_namespaces[i].prefix;
        return NULL;
}

/* The rows for a child, in this table or one that it includes. */
static bool find_child(const Level *level, const char *prefix, const char *name, Level *ret) {
        for (const Row *row = level->from; row < level->to; row++) {
                const char *rest, *end;

                if (is_included_here(level, row)) {
                        Level included = included_level(level, row);

                        if (row_applies(row, level->object) && find_child(&included, prefix, name, ret))
                                return true;
                        continue;
                }
                rest = rest_of(level, row);
                if (!(end = skip_name(rest, prefix, name)))
                        continue;
                *ret = (Level) { level->element, row, row + 1, (size_t) (end - row->path), level->object };
                while (ret->to < level->to && skip_name(rest_of(level, ret->to), prefix, name))
                        ret->to++;
                return true;
        }
        return false;
}

/* The row that takes this child whole. */
static const Row *find_whole(const Level *child) {
        for (const Row *row = child->from; row < child->to; row++)
                if (row->type->shape == SHAPE_WHOLE && !row->path[child->prefix] && row_applies(row, child->object))
                        return row;
        return NULL;
}

/* Nothing is said by it, not even that it stands there: libvirt reads over such an element, and programs write them. */
static bool says_nothing(const Level *child, const xmlNode *node) {
        for (const Row *row = child->from; row < child->to; row++)
                if (!row->path[child->prefix])
                        return false;
        return !node->properties && !node->children;
}

static bool any_applies(const Level *child) {
        for (const Row *row = child->from; row < child->to; row++)
                if (row_applies(row, child->object))
                        return true;
        return false;
}

static int parse_child(const Parser *parser, const Level *level, const Level *child, xmlNode *node, xmlNode *child_node,
                       Error **err) {
        const Row *row = find_whole(child);

        if (row) {
                if (row->flags & ROW_LIVE && parser->inactive)
                        return 0;
                return row->type->parse(parser, row, child_node, (char *) child->object + row->offset, err);
        }
        if (!any_applies(child) && says_nothing(child, child_node))
                return 0;
        if (!any_applies(child))
                return refuse_misplaced(parser, child, child->from, node, child_node, NULL, err);
        return level_parse(parser, child, child_node, err);
}

static bool is_list(const Level *child) {
        const Row *row = find_whole(child);

        return row && (row->type->storage == STORE_LIST || row->type->storage == STORE_STRINGS);
}

/* Was there an element of that name before this one? Siblings are few, or in lists, which are not asked. */
static bool stands_before(const xmlNode *node) {
        for (const xmlNode *other = node->prev; other; other = other->prev)
                if (other->type == XML_ELEMENT_NODE && streq((const char *) other->name, (const char *) node->name) &&
                    other->ns == node->ns)
                        return true;
        return false;
}

static int level_parse_children(const Parser *parser, const Level *level, xmlNode *node, Error **err) {
        for (xmlNode *child = node->children; child; child = child->next) {
                const char *prefix;
                Level at;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                prefix = namespace_prefix(child);
                if (!prefix || !find_child(level, prefix, (const char *) child->name, &at)) {
                        if (refuse_unknown(parser, level, node, child, NULL, child->ns, err) < 0)
                                return -1;
                        continue;
                }
                if (!is_list(&at) && stands_before(child)) {
                        CLEANUP(free) char *subject = xasprintf("second <%s> in <%s>", child->name, node->name);

                        if (element_refuse(parser, child, NULL, ERROR_XML, subject, err, "there may be only one") < 0)
                                return -1;
                        continue;
                }
                if (parse_child(parser, level, &at, node, child, err) < 0)
                        return -1;
        }
        return 0;
}

/* ---- what is missing ---- */

static bool has_attribute_or_text(const xmlNode *node, const char *rest) {
        return *rest == '@' ? element_attribute(node, rest + 1) != NULL : element_text(node) != NULL;
}

static int refuse_missing(const Parser *parser, const xmlNode *node, const char *rest, Error **err) {
        CLEANUP(free) char *subject = xasprintf("<%s>", node->name);

        if (!*rest)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "its text is missing");
        return element_refuse(parser, node, NULL, ERROR_XML, subject, err,
                              *rest == '@' ? "attribute '%s' is missing" : "element <%s> is missing", rest + (*rest == '@'));
}

static int level_check_required(const Parser *parser, const Level *level, const xmlNode *node, Error **err) {
        for (const Row *row = level->from; row < level->to; row++) {
                const char *rest;
                bool is_child;

                if (!row_applies(row, level->object))
                        continue;
                if (is_included_here(level, row)) {
                        Level included = included_level(level, row);

                        if (level_check_required(parser, &included, node, err) < 0)
                                return -1;
                }
                if (!(row->flags & ROW_REQUIRED))
                        continue;
                rest = rest_of(level, row);
                is_child = *rest && *rest != '@';
                if (is_child ? strpbrk(rest, "@/") || element_child(node, rest) : has_attribute_or_text(node, rest))
                        continue;
                if (refuse_missing(parser, node, rest, err) < 0)
                        return -1;
        }
        return 0;
}

static void fill_fallbacks(const Element *element, void *object) {
        for (const Row *row = element->rows; row->path; row++) {
                if (row->type->shape == SHAPE_INCLUDE)
                        fill_fallbacks(row->arg, (char *) object + row->offset);
                else if (row->fallback && *(const int *) row_field(row, object) == 0 && row_applies(row, object))
                        *(int *) ((char *) object + row->offset) = row->fallback;
        }
}

static int run_checks(const Parser *parser, const Element *element, const xmlNode *node, void *object, Error **err) {
        for (const Row *row = element->rows; row->path; row++)
                if (row->type->shape == SHAPE_INCLUDE && row_applies(row, object) &&
                    run_checks(parser, row->arg, node, (char *) object + row->offset, err) < 0)
                        return -1;
        return element->check ? element->check(parser, node, object, err) : 0;
}

/* Defaults are there before the children, whose conditions they may decide, and after them for what children decide. */
static int level_parse(const Parser *parser, const Level *level, xmlNode *node, Error **err) {
        if (level_parse_attributes(parser, level, node, err) < 0)
                return -1;
        if (!level->prefix)
                fill_fallbacks(level->element, level->object);
        if (level_parse_text(parser, level, node, err) < 0 || level_parse_children(parser, level, node, err) < 0)
                return -1;
        return level_check_required(parser, level, node, err);
}

int element_parse(const Parser *parser, const Element *element, xmlNode *node, void *object, Error **err) {
        const Level level = { element, element->rows, rows_end(element->rows), 0, object };
        size_t n_before = n_findings(parser);

        if (level_parse(parser, &level, node, err) < 0)
                return -1;
        fill_fallbacks(element, object);
        /* A check looks at values that it may take for sound. */
        return n_findings(parser) > n_before ? 0 : run_checks(parser, element, node, object, err);
}
