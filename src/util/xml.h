/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* util/xml.h - the only place that hands a stranger's bytes to libxml2's parser.
 *
 * Refused: documents over 4 MiB (libvirt's limit for a string on the wire), a DTD of any kind (so no entities but the five
 * predefined ones), nesting over 64, more than 100,000 elements. No network, no external file is ever read. */
#pragma once
#include <libxml/tree.h>
#include "util/error.h"

#define XML_MAX_BYTES (4 * 1024 * 1024)
#define XML_MAX_DEPTH 64
#define XML_MAX_ELEMENTS 100000

DEFINE_CLEANUP(xmlDoc, xmlFreeDoc)

/* Error: ERROR_XML_DETAIL with line and column; what names the document in it ("(domain_definition)"). */
int xml_parse(const char *text, size_t len, const char *what, xmlDoc **ret, Error **err);

/* The root element when it has that name, else ERROR_XML. */
int xml_root(xmlDoc *doc, const char *name, xmlNode **ret, Error **err);
