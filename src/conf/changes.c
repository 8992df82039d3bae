/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/changes.c - all leaves in which two definitions differ, as printed: for `wardsh diff`. */
#include "conf/elements.h"
#include "util/json.h"
#include "util/xml.h"

#define PARTNER_WINDOW 64       /* siblings that are looked at for the one that an element has become */

static void add_change(json_object *changes, const xmlNode *node, const char *attribute, const char *from, const char *to) {
        xmlChar *path = xmlGetNodePath(node);
        CLEANUP(free) char *whole = xasprintf(attribute ? "%s/@%s" : "%s", path, attribute);
        json_object *change = json_object_new_object();

        json_add_string(change, "path", whole);
        json_add_string(change, "from", from);
        json_add_string(change, "to", to);
        json_object_array_add(changes, change);
        xmlFree(path);
}

static bool is_leaf(const xmlNode *node) {
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        return false;
        return true;
}

static const char *own_text(const xmlNode *node) {
        const char *text = is_leaf(node) ? element_text(node) : NULL;

        return text ? text : "";
}

/* Every leaf of an element that stands on one side only. */
static void add_whole(json_object *changes, const xmlNode *node, bool added) {
        const char *text = own_text(node);

        for (const xmlAttr *attribute = node->properties; attribute; attribute = attribute->next) {
                const char *name = (const char *) attribute->name, *value = element_attribute(node, name);

                add_change(changes, node, name, added ? NULL : value, added ? value : NULL);
        }
        if (*text || (is_leaf(node) && !node->properties))
                add_change(changes, node, NULL, added ? NULL : text, added ? text : NULL);
        for (const xmlNode *child = node->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE)
                        add_whole(changes, child, added);
}

static bool is_alike(const xmlNode *a, const xmlNode *b) {
        return a->type == XML_ELEMENT_NODE && b->type == XML_ELEMENT_NODE && streq((const char *) a->name, (const char *) b->name);
}

/* Does b say all that a says? Then it is what a has become. */
static bool says_all_of(const xmlNode *b, const xmlNode *a) {
        for (const xmlAttr *attribute = a->properties; attribute; attribute = attribute->next)
                if (!streq(element_attribute(a, (const char *) attribute->name), element_attribute(b, (const char *) attribute->name)))
                        return false;
        for (const xmlNode *child = a->children; child; child = child->next) {
                const xmlNode *other = b->children;

                if (child->type != XML_ELEMENT_NODE)
                        continue;
                while (other && !(is_alike(child, other) && says_all_of(other, child)))
                        other = other->next;
                if (!other)
                        return false;
        }
        return streq(own_text(a), own_text(b));
}

/* _private of a node of b: its partner in a. */
static xmlNode *find_partner(const xmlNode *node, const xmlNode *parent, bool exact) {
        int n = 0;

        for (xmlNode *other = parent->children; other && n < PARTNER_WINDOW; other = other->next)
                if (is_alike(node, other) && !other->_private && (n++, !exact || says_all_of(other, node)))
                        return other;
        return NULL;
}

static void pair_children(xmlNode *a, xmlNode *b) {
        for (int exact = 1; exact >= 0; exact--)
                for (xmlNode *child = a->children; child; child = child->next) {
                        xmlNode *partner = child->type == XML_ELEMENT_NODE && !child->_private ? find_partner(child, b, exact) : NULL;

                        if (partner) {
                                child->_private = partner;
                                partner->_private = child;
                        }
                }
}

static void compare(json_object *changes, xmlNode *a, xmlNode *b) {
        for (const xmlAttr *attribute = a->properties; attribute; attribute = attribute->next) {
                const char *name = (const char *) attribute->name, *to = element_attribute(b, name);

                if (!streq(element_attribute(a, name), to))
                        add_change(changes, b, name, element_attribute(a, name), to);
        }
        for (const xmlAttr *attribute = b->properties; attribute; attribute = attribute->next)
                if (!element_attribute(a, (const char *) attribute->name))
                        add_change(changes, b, (const char *) attribute->name, NULL, element_attribute(b, (const char *) attribute->name));
        if (!streq(own_text(a), own_text(b)))
                add_change(changes, b, NULL, own_text(a), own_text(b));
        pair_children(a, b);
        for (xmlNode *child = a->children; child; child = child->next)
                if (child->type == XML_ELEMENT_NODE && !child->_private)
                        add_whole(changes, child, false);
        for (xmlNode *child = b->children; child; child = child->next) {
                if (child->type != XML_ELEMENT_NODE)
                        continue;
                if (child->_private)
                        compare(changes, child->_private, child);
                else
                        add_whole(changes, child, true);
        }
}

struct json_object *domain_def_changes(const char *from, const char *to) {
        CLEANUP(xmlFreeDoc) xmlDoc *a = NULL, *b = NULL;
        json_object *changes = json_object_new_array();

        if (xml_parse(from, strlen(from), "(from)", &a, NULL) == 0 && xml_parse(to, strlen(to), "(to)", &b, NULL) == 0)
                compare(changes, xmlDocGetRootElement(a), xmlDocGetRootElement(b));
        return changes;
}
