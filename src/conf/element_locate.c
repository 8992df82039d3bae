/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element_locate.c - line and column of an element or attribute, and the source text of an element.
 *
 * libxml2 keeps only a line, and that of a start tag's end. But it has accepted the text, which has no DTD, so start tags can
 * be told apart from comments, CDATA and processing instructions without another parser: the n-th start tag in the text
 * is the n-th element of the tree. Only done when there is something to say. */
#include <stdarg.h>
#include <stdio.h>
#include "conf/element.h"
#include "util/json.h"

#define FINDINGS_MAX 256

/* How many elements stand before node, in document order. */
static bool count_before(const xmlNode *tree, const xmlNode *node, size_t *n) {
        for (; tree; tree = tree->next) {
                if (tree->type != XML_ELEMENT_NODE)
                        continue;
                if (tree == node)
                        return true;
                ++*n;
                if (count_before(tree->children, node, n))
                        return true;
        }
        return false;
}

static const char *find(const char *at, const char *end, const char *what) {
        const char *found = memmem(at, (size_t) (end - at), what, strlen(what));

        return found ? found + strlen(what) : end;
}

/* Past the tag that begins at "<": quoted values may hold ">". */
static const char *skip_tag(const char *at, const char *end) {
        char quote = 0;

        for (; at < end; at++) {
                if (quote)
                        quote = *at == quote ? 0 : quote;
                else if (*at == '\'' || *at == '"')
                        quote = *at;
                else if (*at == '>')
                        return at + 1;
        }
        return end;
}

/* The next start or end tag at or after at; NULL: none. */
static const char *next_tag(const char *at, const char *end) {
        while (at < end && (at = memchr(at, '<', (size_t) (end - at)))) {
                if (end - at >= 4 && memcmp(at, "<!--", 4) == 0)
                        at = find(at + 4, end, "-->");
                else if (end - at >= 9 && memcmp(at, "<![CDATA[", 9) == 0)
                        at = find(at, end, "]]>");
                else if (end - at >= 2 && at[1] == '?')
                        at = find(at, end, "?>");
                else
                        return at;
        }
        return NULL;
}

static const char *find_start_tag(const Parser *parser, const xmlNode *node) {
        const char *end = parser->text + parser->len, *at = parser->text;
        size_t n = 0;

        if (!parser->text || !count_before(node->doc->children, node, &n))
                return NULL;
        while ((at = next_tag(at, end))) {
                if (at[1] != '/' && n-- == 0)
                        return at;
                at = skip_tag(at, end);
        }
        return NULL;
}

/* From a start tag to behind its end tag. */
static const char *skip_element(const char *at, const char *end) {
        int depth = 0;

        while ((at = next_tag(at, end))) {
                const char *after = skip_tag(at, end);

                depth += at[1] == '/' ? -1 : after[-2] == '/' ? 0 : 1;
                at = after;
                if (depth <= 0)
                        return at;
        }
        return NULL;
}

void element_content_source(const Parser *parser, const xmlNode *node, size_t span[2]) {
        const char *at = find_start_tag(parser, node), *end = parser->text + parser->len;

        span[0] = span[1] = at ? (size_t) (skip_tag(at, end) - parser->text) : parser->len;
}

bool element_next_source(const Parser *parser, size_t span[2]) {
        const char *end = parser->text + parser->len, *start, *after;

        if (!parser->text || !(start = next_tag(parser->text + span[1], end)) || start[1] == '/' ||
            !(after = skip_element(start, end)))
                return false;
        span[0] = (size_t) (start - parser->text);
        span[1] = (size_t) (after - parser->text);
        return true;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Where the attribute's name stands in the tag at "<"; the tag itself when it cannot be told. */
static const char *find_attribute_in_tag(const char *tag, const char *end, const char *attribute) {
        size_t len = strlen(attribute);
        char quote = 0;

        for (const char *at = tag + 1; at + len < end && (quote || *at != '>'); at++) {
                if (quote)
                        quote = *at == quote ? 0 : quote;
                else if (*at == '\'' || *at == '"')
                        quote = *at;
                else if (is_blank(at[-1]) && memcmp(at, attribute, len) == 0 && (at[len] == '=' || is_blank(at[len])))
                        return at;
        }
        return tag;
}

static void locate(const Parser *parser, const xmlNode *node, const char *attribute, unsigned *line, unsigned *column) {
        const char *at = find_start_tag(parser, node);

        *line = (unsigned) xmlGetLineNo(node);
        *column = 0;
        if (!at)
                return;
        if (attribute)
                at = find_attribute_in_tag(at, parser->text + parser->len, attribute);
        *line = *column = 1;
        for (const char *p = parser->text; p < at; p++) {
                if (*p == '\n') {
                        ++*line;
                        *column = 1;
                } else if ((*p & 0xc0) != 0x80)         /* characters, not bytes */
                        ++*column;
        }
}

static char *path_of(const xmlNode *node, const char *attribute) {
        xmlChar *path = xmlGetNodePath(node);
        char *whole = xasprintf(attribute ? "%s/@%s" : "%s", path, attribute);

        xmlFree(path);
        return whole;
}

static int add_finding(const Parser *parser, const xmlNode *node, const char *attribute, ErrorCode code, const char *what) {
        CLEANUP(free) char *path = path_of(node, attribute);
        json_object *finding;
        unsigned line, column;

        if (json_object_array_length(parser->findings) >= FINDINGS_MAX)
                return 0;
        locate(parser, node, attribute, &line, &column);
        finding = json_object_new_object();
        json_add_uint(finding, "line", line);
        json_add_uint(finding, "column", column);
        json_add_string(finding, "path", path);
        json_add_uint(finding, "code", code);
        json_add_string(finding, "what", what);
        json_object_array_add(parser->findings, finding);
        return 0;
}

void element_suggest(const Parser *parser, const char *meant) {
        size_t n = parser->findings && meant ? json_object_array_length(parser->findings) : 0;

        if (n > 0)
                json_add_string(json_object_array_get_idx(parser->findings, n - 1), "meant", meant);
}

int element_refuse(const Parser *parser, const xmlNode *node, const char *attribute, ErrorCode code, const char *subject,
                   Error **err, const char *rest, ...) {
        CLEANUP(strbuf_done) StrBuf text = {};
        unsigned line, column;
        va_list ap;

        strbuf_add(&text, subject);
        if (!parser->findings) {
                locate(parser, node, attribute, &line, &column);
                strbuf_addf(&text, " at line %u", line);
                if (column)
                        strbuf_addf(&text, ", column %u", column);
        }
        if (rest) {
                strbuf_add(&text, ": ");
                va_start(ap, rest);
                strbuf_addv(&text, rest, ap);
                va_end(ap);
        }
        return parser->findings ? add_finding(parser, node, attribute, code, text.text) : error_set(err, code, "%s", text.text);
}
