/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/xml.h"

#include <libxml/parser.h>
#include <stdbool.h>

/* libxml2 calls this for every complaint; only the first is kept, and nothing is printed. */
static void keep_quiet(void *userdata, xmlErrorPtr error) {
}

static int check_tree(const xmlNode *node, int depth, size_t *n_elements, const char *what, Error **err) {
        for (; node; node = node->next) {
                if (node->type == XML_ENTITY_REF_NODE || node->type == XML_DTD_NODE)
                        return error_set(err, ERROR_XML_DETAIL, "%s:%ld: entities and document types are not allowed", what,
                                         xmlGetLineNo((xmlNode *) node));
                if (node->type != XML_ELEMENT_NODE)
                        continue;
                if (depth > XML_MAX_DEPTH)
                        return error_set(err, ERROR_XML_DETAIL, "%s:%ld: elements are nested deeper than %d", what,
                                         xmlGetLineNo((xmlNode *) node), XML_MAX_DEPTH);
                if (++*n_elements > XML_MAX_ELEMENTS)
                        return error_set(err, ERROR_XML_DETAIL, "%s:%ld: more than %d elements", what, xmlGetLineNo((xmlNode *) node),
                                         XML_MAX_ELEMENTS);
                if (check_tree(node->children, depth + 1, n_elements, what, err) < 0)
                        return -1;
        }
        return 0;
}

static void report(xmlParserCtxt *ctxt, const char *what, Error **err) {
        const xmlError *last = xmlCtxtGetLastError(ctxt);
        CLEANUP(free) char *text = xstrdup(last && last->message ? last->message : "not a well-formed document");

        text[strcspn(text, "\n")] = 0;
        error_set(err, ERROR_XML_DETAIL, "%s:%d:%d: %s", what, last ? last->line : 0, last ? last->int2 : 0, text);
}

/* Stops at "<!DOCTYPE", before anything in it is read. */
static void refuse_doctype(void *userdata, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
        xmlParserCtxt *ctxt = userdata;

        *(bool *) ctxt->_private = true;
        xmlStopParser(ctxt);
}

int xml_parse(const char *text, size_t len, const char *what, xmlDoc **ret, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        bool has_doctype = false;
        xmlParserCtxt *ctxt;
        size_t n_elements = 0;
        int r = -1;

        if (len > XML_MAX_BYTES)
                return error_set(err, ERROR_XML_DETAIL, "%s: document of %zu bytes is longer than %d", what, len, XML_MAX_BYTES);
        if (memchr(text, 0, len))
                return error_set(err, ERROR_XML_DETAIL, "%s: document has a NUL byte", what);
        ctxt = xmlNewParserCtxt();
        if (!ctxt)
                abort();
        ctxt->_private = &has_doctype;
        ctxt->sax->serror = keep_quiet;
        ctxt->sax->internalSubset = refuse_doctype;
        /* Blanks are kept (no XML_PARSE_NOBLANKS): white space inside <metadata> is the client's. COMPACT keeps short texts
         * inside of their nodes: a fifth of the cost. */
        doc = xmlCtxtReadMemory(ctxt, text, (int) len, NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_BIG_LINES |
                                XML_PARSE_COMPACT);
        if (has_doctype)
                error_set(err, ERROR_XML_DETAIL, "%s: a document type declaration (<!DOCTYPE) is not allowed", what);
        else if (!doc || !ctxt->wellFormed)
                report(ctxt, what, err);
        else if (check_tree(doc->children, 1, &n_elements, what, err) == 0)
                r = 0;
        if (r == 0)
                *ret = STEAL(doc);
        xmlFreeParserCtxt(ctxt);
        return r;
}

int xml_root(xmlDoc *doc, const char *name, xmlNode **ret, Error **err) {
        xmlNode *root = xmlDocGetRootElement(doc);

        if (!root || !streq((const char *) root->name, name))
                return error_set(err, ERROR_XML, "root element is <%s>, not <%s>", root ? (const char *) root->name : "", name);
        *ret = root;
        return 0;
}
