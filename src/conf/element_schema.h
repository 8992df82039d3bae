/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf/element_schema.h - the tables written down as a RelaxNG grammar: what the parser takes, for other programs.
 *
 * The grammar never refuses what the parser takes. It is looser where a table has a hook, where a number has a range, and where
 * what is allowed depends on anything but one attribute of the element itself. */
#pragma once
#include "conf/element.h"

/* The grammar of documents whose root is <name>, described by element. The caller frees. */
char *element_schema(const char *name, const Element *element);
