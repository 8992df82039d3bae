/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/metadata.c - <metadata>: other programs' elements, kept as they were written, and the one that is ours. */
#include <strings.h>
#include "conf/elements.h"
#include "util/xml.h"

#define METADATA_MAX_ITEMS 256

NAMES(intent_table, INTENT_TYPE_MAX, "migratable", "", "required", "preferred", "no");

static const Row metadata_item_rows[] = {
        STRING("@uri", MetadataItem, uri),
        STRING(".", MetadataItem, xml),
        {}
};
const Element metadata_item_element = { sizeof(MetadataItem), metadata_item_rows };

/* ---- reading ---- */

static bool declares(const xmlNode *node, const xmlNode *top, const xmlNs *ns) {
        for (; node; node = node->parent) {
                for (const xmlNs *def = node->nsDef; def; def = def->next)
                        if (def == ns)
                                return true;
                if (node == top)
                        break;
        }
        return false;
}

/* Does every prefix that is used in it have its declaration in it? */
static bool is_self_contained(const xmlNode *node, const xmlNode *top) {
        if (node->ns && !declares(node, top, node->ns))
                return false;
        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                if (attribute->ns && !streq((const char *) attribute->ns->prefix, "xml") && !declares(node, top, attribute->ns))
                        return false;
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && !is_self_contained(child, top))
                        return false;
        return true;
}

/* The source is what we print only when it is UTF-8, as the output is. */
static bool is_utf8(const xmlDoc *doc) {
        return !doc->encoding || strcasecmp((const char *) doc->encoding, "UTF-8") == 0;
}

static char *dump(xmlDoc *doc, xmlNode *node) {
        xmlBuffer *buffer = xmlBufferCreate();
        char *text;

        xmlNodeDump(buffer, doc, node, 0, 0);
        text = xstrdup((const char *) xmlBufferContent(buffer));
        xmlBufferFree(buffer);
        return text;
}

/* A copy declares what its ancestors declared for it. */
static char *dump_standalone(xmlNode *node) {
        xmlNode *copy = xmlDocCopyNode(node, node->doc, 1);
        char *text = dump(node->doc, copy);

        xmlFreeNode(copy);
        return text;
}

static int append_item(const Parser *parser, xmlNode *node, size_t *at, void *field, Error **err) {
        LIST_OF(MetadataItem) *items = field;
        CLEANUP(free) char *subject = xasprintf("<%s> in <metadata>", node->name);
        bool has_source = element_next_source(parser, at);
        size_t start = at[0], end = at[1];
        MetadataItem *item;

        if (!node->ns || !node->ns->href)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err,
                                      "it needs a namespace of its own (xmlns:NAME='URI')");
        LIST_FOR(other, items)
                if (streq(other->uri, (const char *) node->ns->href))
                        return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "a second element of namespace '%s'",
                                              other->uri);
        if (items->n == METADATA_MAX_ITEMS)
                return element_refuse(parser, node, NULL, ERROR_XML, subject, err, "more than %d elements", METADATA_MAX_ITEMS);
        item = xnew(MetadataItem);
        item->uri = xstrdup((const char *) node->ns->href);
        item->xml = has_source && is_utf8(node->doc) && is_self_contained(node, node)
                            ? xstrndup(parser->text + start, end - start)
                            : dump_standalone(node);
        *ARRAY_APPEND(items->items, items->n) = item;
        return 0;
}

static int parse_metadata(const Parser *parser, const Row *row, xmlNode *node, void *field, Error **err) {
        size_t at[2] = {};

        element_content_source(parser, node, at);
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && append_item(parser, child, at, field, err) < 0)
                        return -1;
        return 0;
}

static void format_metadata(Printer *printer, const Row *row, const char *name, const void *field) {
        const LIST_OF(MetadataItem) *items = field;

        printer_open(printer, name, strlen(name));
        LIST_FOR(item, items)
                printer_raw(printer, item->xml);
        printer_close(printer, name, strlen(name));
}

const RowType row_metadata = { .shape = SHAPE_WHOLE, .storage = STORE_LIST, .parse = parse_metadata, .format = format_metadata };

/* ---- our own: <ward:policy migratable=> ---- */

static int read_intent(const char *xml, DomainIntent *ret, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        const char *word;
        xmlNode *root;
        int value;

        if (xml_parse(xml, strlen(xml), "(ward:policy)", &doc, err) < 0)
                return -1;
        root = xmlDocGetRootElement(doc);
        if (!streq((const char *) root->name, "policy"))
                return error_set(err, ERROR_XML, "unknown element <%s> of namespace " WARD_POLICY_URI ": it must be <policy>",
                                 root->name);
        for (const xmlAttr *attribute = root->properties; attribute; attribute = attribute->next)
                if (!streq((const char *) attribute->name, "migratable"))
                        return error_set(err, ERROR_XML, "unknown attribute '%s' of <ward:policy>: it has only 'migratable'",
                                         attribute->name);
        for (const xmlNode *child = root->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        return error_set(err, ERROR_XML, "unknown element <%s> in <ward:policy>", child->name);
        word = element_attribute(root, "migratable");
        if (!word)
                return error_set(err, ERROR_XML, "attribute 'migratable' of <ward:policy> is missing");
        value = table_value(&intent_table, word);
        if (value < 0)
                return error_set(err, ERROR_XML,
                                 "migratable '%.40s' of <ward:policy> in <metadata>: allowed are required, preferred, no", word);
        *ret = (DomainIntent) value;
        return 0;
}

int domain_def_read_intent(DomainDef *def, Error **err) {
        const char *xml = domain_def_metadata(def, WARD_POLICY_URI);
        DomainIntent intent = INTENT_UNSET;

        if (xml && read_intent(xml, &intent, err) < 0)
                return -1;
        def->intent = intent;
        return 0;
}

/* ---- one element at a time, for virDomainGetMetadata() and virDomainSetMetadata() ---- */

const char *domain_def_metadata(const DomainDef *def, const char *uri) {
        LIST_FOR(item, &def->metadata)
                if (streq(item->uri, uri))
                        return item->xml;
        return NULL;
}

static void strip_namespace(xmlNode *node, const char *uri) {
        if (node->ns && streq((const char *) node->ns->href, uri))
                node->ns = NULL;
        for (xmlAttr *attribute = node->properties; attribute; attribute = attribute->next)
                if (attribute->ns && streq((const char *) attribute->ns->href, uri))
                        attribute->ns = NULL;
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        strip_namespace(child, uri);
        for (xmlNs **ns = &node->nsDef; *ns;) {
                xmlNs *found = *ns;

                if (!streq((const char *) found->href, uri)) {
                        ns = &found->next;
                        continue;
                }
                *ns = found->next;
                xmlFreeNs(found);
        }
}

char *domain_def_metadata_bare(const DomainDef *def, const char *uri) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        const char *xml = domain_def_metadata(def, uri);
        xmlNode *root;

        if (!xml || xml_parse(xml, strlen(xml), "(metadata)", &doc, NULL) < 0)
                return NULL;
        root = xmlDocGetRootElement(doc);
        strip_namespace(root, uri);
        return dump(doc, root);
}

/* All that has no namespace yet gets this one, as in libvirt. */
static void inject_namespace(xmlNode *node, xmlNs *ns) {
        if (!node->ns)
                xmlSetNs(node, ns);
        for (xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        inject_namespace(child, ns);
}

static int make_item(const char *xml, const char *key, const char *uri, MetadataItem *ret, Error **err) {
        CLEANUP(xmlFreeDoc) xmlDoc *doc = NULL;
        xmlNode *root;
        xmlNs *ns;

        if (xml_parse(xml, strlen(xml), "(metadata_xml)", &doc, err) < 0)
                return -1;
        root = xmlDocGetRootElement(doc);
        if (!key || xmlValidateNCName((const xmlChar *) key, 0) != 0)
                return error_set(err, ERROR_INTERNAL, "failed to validate prefix for a new XML namespace");
        ns = root->ns && streq((const char *) root->ns->href, uri) ? root->ns
                                                                   : xmlNewNs(root, (const xmlChar *) uri, (const xmlChar *) key);
        if (!ns)
                return error_set(err, ERROR_INTERNAL, "failed to create a new XML namespace: prefix '%s' is taken", key);
        inject_namespace(root, ns);
        if (!streq((const char *) root->ns->href, uri))
                return error_set(err, ERROR_INVALID_ARG, "the metadata element is of namespace '%s', not '%s'", root->ns->href,
                                 uri);
        *ret = (MetadataItem) { xstrdup(uri), dump(doc, root) };
        return 0;
}

static void remove_item(DomainDef *def, const char *uri) {
        for (size_t i = 0; i < def->metadata.n; i++)
                if (streq(def->metadata.items[i]->uri, uri)) {
                        element_free(&metadata_item_element, LIST_TAKE(&def->metadata, i));
                        return;
                }
}

int domain_def_set_metadata(DomainDef *def, const char *xml, const char *key, const char *uri, Error **err) {
        MetadataItem made = {}, *item;
        DomainIntent intent = INTENT_UNSET;

        if (!uri || !*uri)
                return error_set(err, ERROR_INVALID_ARG, "uri must be set to modify metadata");
        if (!xml) {
                remove_item(def, uri);
                return domain_def_read_intent(def, err);
        }
        if (make_item(xml, key, uri, &made, err) < 0)
                return -1;
        if (streq(uri, WARD_POLICY_URI) && read_intent(made.xml, &intent, err) < 0) {
                element_clear(&metadata_item_element, &made);
                return -1;
        }
        remove_item(def, uri);
        item = xnew(MetadataItem);
        *item = made;
        LIST_APPEND(&def->metadata, item);
        return domain_def_read_intent(def, err);
}
